(** * Angle: images under continuous rotations, and relaxations of functions over an interval

    Glossary
    - [source c s n (i, j)]  where a rotation with cosine c and sine s reads the pixel (i, j) of an n × n image:
                             about the centre r = (n − 1) / 2, at (r + d c + e s, r − d s + e c) with d = i − r, e = j − r
    - [rotated sample c s x] each pixel is sampled there, by whatever sampler; bilinear interpolation is one
    - [quarter_turn y]       (i, j) ↦ y (j, n − 1 − i)
    - a line c + s t with radius r encloses v at t if |v − (c + s t)| ≤ r

    Main results
    - a rotation by θ + 90° is the quarter turn of the rotation by θ, for every sampler: so what is invariant under
      quarter turns takes the same values on [0°, 90°] as on the whole circle
    - the triangle encloses max(z, 0), the chord is above the maximum of two lines, the product of two enclosures is one *)

From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Rotation.
Variables (R : realFieldType) (Image Value : Type) (sample : Image -> R * R -> Value).

Definition centre (n : int) : R := (n%:~R - 1) / 2%:R.

Definition source (c s : R) (n i j : int) : R * R :=
  let d := i%:~R - centre n in let e := j%:~R - centre n in
  (centre n + d * c + e * s, centre n - d * s + e * c).

Definition rotated (c s : R) (n : int) (x : Image) (i j : int) : Value := sample x (source c s n i j).

Definition quarter_turn (n : int) (y : int -> int -> Value) (i j : int) : Value := y j (n - 1 - i).

(** cos(θ + 90°) = −sin θ and sin(θ + 90°) = cos θ. *)
Theorem rotation_by_a_quarter_more (c s : R) n x i j :
  rotated (- s) c n x i j = quarter_turn n (rotated c s n x) i j.
Proof.
rewrite /rotated /quarter_turn /source /centre; congr (sample x _).
by congr pair; rewrite !rmorphB /= ?rmorph1; field.
Qed.

(** What a network gives for an image at all angles is what it gives on a quarter of the circle. *)
Theorem a_quarter_is_the_circle (Class : Type) (network : (int -> int -> Value) -> Class) (c s : R) n x :
  (forall y z, (forall i j, y i j = z i j) -> network y = network z) ->
  (forall y, network (quarter_turn n y) = network y) ->
  network (rotated (- s) c n x) = network (rotated c s n x).
Proof.
move=> extensional invariant; rewrite -[RHS]invariant; apply: extensional => i j.
exact: rotation_by_a_quarter_more.
Qed.

End Rotation.

Section Relaxations.
Variable R : realFieldType.
Implicit Types (a b c s t r u v z : R).

Theorem relu_triangle low high z : low < 0 -> 0 < high -> low <= z <= high ->
  [/\ 0 <= Num.max z 0, z <= Num.max z 0 & Num.max z 0 <= high * (z - low) / (high - low)].
Proof.
move=> l0 h0 /andP[lz zh].
have gap : 0 < high - low by rewrite subr_gt0 (lt_trans l0).
have low0 : 0 <= - low by rewrite oppr_ge0 ltW.
split; rewrite ?le_maxr ?lexx ?orbT //.
rewrite le_maxl !ler_pdivl_mulr // mul0r mulr_ge0 ?subr_ge0 // ?(ltW h0) // andbT -subr_ge0.
have -> : high * (z - low) - z * (high - low) = (high - z) * (- low) by ring.
by rewrite mulr_ge0 // subr_ge0.
Qed.

(** On [−1, 1] the maximum of two lines is not above the chord between its values at the ends. *)
Theorem maximum_below_chord a b c s t (f := fun t => Num.max (a + b * t) (c + s * t)) :
  -1 <= t <= 1 -> f t <= (f 1 + f (-1)) / 2%:R + (f 1 - f (-1)) / 2%:R * t.
Proof.
move=> /andP[low high]; rewrite {1}/f le_maxl.
have [a1 c1] : a + b * 1 <= f 1 /\ c + s * 1 <= f 1 by rewrite /f !le_maxr !lexx orbT.
have [a0 c0] : a + b * -1 <= f (-1) /\ c + s * -1 <= f (-1) by rewrite /f !le_maxr !lexx orbT.
move: (f 1) (f (-1)) a1 c1 a0 c0 => p q a1 c1 a0 c0.
have below d e : d + e * 1 <= p -> d + e * -1 <= q -> d + e * t <= (p + q) / 2%:R + (p - q) / 2%:R * t.
  move=> d1 d0; rewrite -subr_ge0.
  have -> : (p + q) / 2%:R + (p - q) / 2%:R * t - (d + e * t) =
      (p - (d + e * 1)) * ((1 + t) / 2%:R) + (q - (d + e * -1)) * ((1 - t) / 2%:R) by field.
  have half u : 0 <= u -> 0 <= u / 2%:R by move=> u0; rewrite divr_ge0 ?ler0n.
  by rewrite addr_ge0 // mulr_ge0 ?subr_ge0 // half // ?subr_ge0 // -ler_subl_addl sub0r.
by rewrite !below.
Qed.

Lemma line_bound c s t : `|t| <= 1 -> `|c + s * t| <= `|c| + `|s|.
Proof.
move=> t1; apply: le_trans (ler_norm_add _ _) _; rewrite ler_add2l normrM.
by rewrite -[leRHS]mulr1 ler_wpmul2l.
Qed.

Theorem product_enclosed c1 s1 r1 c2 s2 r2 t u v :
  `|t| <= 1 -> `|u - (c1 + s1 * t)| <= r1 -> `|v - (c2 + s2 * t)| <= r2 ->
  `|u * v - (c1 * c2 + s1 * s2 / 2%:R + (c1 * s2 + s1 * c2) * t)| <=
    `|s1 * s2| / 2%:R + r1 * (`|c2| + `|s2|) + r2 * (`|c1| + `|s1|) + r1 * r2.
Proof.
move=> t1 u1 v1; set p := c1 + s1 * t; set q := c2 + s2 * t.
have r10 : 0 <= r1 by apply: le_trans u1.
have -> : u * v - (c1 * c2 + s1 * s2 / 2%:R + (c1 * s2 + s1 * c2) * t) =
    s1 * s2 * (t * t - 2%:R^-1) + (u - p) * q + (v - q) * p + (u - p) * (v - q).
  by rewrite /p /q; field.
apply: le_trans (ler_norm_add _ _) _; apply: ler_add; last by rewrite normrM ler_pmul.
apply: le_trans (ler_norm_add _ _) _; apply: ler_add; last first.
  by rewrite normrM ler_pmul // line_bound.
apply: le_trans (ler_norm_add _ _) _; apply: ler_add; last first.
  by rewrite normrM ler_pmul // line_bound.
rewrite normrM ler_wpmul2l // ler_norml.
have square0 : 0 <= t * t by rewrite -expr2 sqr_ge0.
have square1 : t * t <= 1.
  by apply: le_trans (ler_norm _) _; rewrite normrM -[leRHS]mulr1 ler_pmul.
have halves : 1 = 2%:R^-1 + 2%:R^-1 :> R by field.
by rewrite ler_subl_addr -halves square1 ler_subr_addr addNr square0.
Qed.

End Relaxations.
