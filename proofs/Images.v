(** * Images: the groups that move signals and images, and how

    Glossary
    - [Z2] = {Id, Ref};  [C4] = {Rot0, Rot90, Rot180, Rot270};  [D4]: pairs (r, s), first mirror if s, then turn by r
    - [product G H]      the direct product: pairs, part by part
    - [turn n], [mirror] what Rot90 and Ref do to the pixel (row, column) of an n × n image, rows counted downwards:
                         Rot90 is the counter-clockwise quarter turn, (i, j) ↦ (n − 1 − j, i); Ref exchanges left
                         and right
    - an action on pixels moves images by [moved] of Action.v: (g ▷ x)(p) = x(g⁻¹ ▷ p)

    Main results
    - these are groups; Rot90, Rot180, Rot270 have the inverses Rot270, Rot180, Rot90; D4 has its presentation
    - D4 (so C4 and Z2) acts on square images; Z2 × Z2, the half turn and the two flips, on rectangular ones
    - on rectangles Rot90 is a bijection between two grids; four of them are the identity
    - every finite group acts on itself by translation, S_n acts on n points, products act on products
    - translation with zero fill is no action; ReLU does not commute with the quarter turn of a vector *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Action.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(** ** The groups *)

Definition Z2 : group.
Proof. by refine (@MakeGroup bool false addb id _ _ _) => [[] [] [] | [] | []]. Defined.

Inductive quarter := Rot0 | Rot90 | Rot180 | Rot270.

Definition next (a : quarter) : quarter :=
  match a with Rot0 => Rot90 | Rot90 => Rot180 | Rot180 => Rot270 | Rot270 => Rot0 end.

Definition add (a b : quarter) : quarter :=
  match a with Rot0 => b | Rot90 => next b | Rot180 => next (next b) | Rot270 => next (next (next b)) end.

Definition negative (a : quarter) : quarter :=
  match a with Rot0 => Rot0 | Rot90 => Rot270 | Rot180 => Rot180 | Rot270 => Rot90 end.

Definition C4 : group.
Proof. by refine (@MakeGroup quarter Rot0 add negative _ _ _) => [[] [] [] | [] | []]. Defined.

Definition mul_D4 (a b : quarter * bool) : quarter * bool :=
  (add a.1 (if a.2 then negative b.1 else b.1), addb a.2 b.2).

Definition inv_D4 (a : quarter * bool) : quarter * bool := (if a.2 then a.1 else negative a.1, a.2).

Definition D4 : group.
Proof.
refine (@MakeGroup (quarter * bool) (Rot0, false) mul_D4 inv_D4 _ _ _).
- by case=> [] [] [] [] [] [] [] [] [].
- by case=> [] [] [].
- by case=> [] [] [].
Defined.

Theorem inverse_rotations : [/\ inv (Rot90 : C4) = Rot270, inv (Rot180 : C4) = Rot180 & inv (Rot270 : C4) = Rot90].
Proof. by []. Qed.

(** r⁴ = s² = (rs)² = e, and r and s generate all. *)
Theorem dihedral_presentation :
  let r : D4 := (Rot90, false) in let s : D4 := (Rot0, true) in
  [/\ mul r (mul r (mul r r)) = one, mul s s = one, mul (mul r s) (mul r s) = one &
      forall g, generated (fun a => a = r \/ a = s) g].
Proof.
split=> // g; set S := (fun a => _).
have turn h : generated S h -> generated S (mul ((Rot90, false) : D4) h) by apply: generated_left; left.
have flip h : generated S h -> generated S (mul ((Rot0, true) : D4) h) by apply: generated_left; right.
have turns b : generated S (Rot0, b) -> forall a, generated S (a, b).
  move=> g0 []; [exact: g0 | exact (turn _ g0) | exact (turn _ (turn _ g0)) | exact (turn _ (turn _ (turn _ g0)))].
case: g => a []; apply: turns; first exact: flip _ (generated_one _).
exact: generated_one.
Qed.

(** ** Products *)

Section Product.
Variables G H : group.

Definition product : group.
Proof.
refine (@MakeGroup (G * H) (one, one) (fun a b => (mul a.1 b.1, mul a.2 b.2)) (fun a => (inv a.1, inv a.2)) _ _ _).
- by move=> a b c; rewrite !mul_assoc.
- by case=> a b; rewrite !mul_one.
- by move=> a; rewrite !mul_inv.
Defined.

Theorem product_acts (X Y : Type) (rho : left_action G X) (tau : left_action H Y) :
  @is_left_action product (X * Y) (fun g p => (rho g.1 p.1, tau g.2 p.2)).
Proof. by split=> [[x y] | a b [x y]]; rewrite /= ?act_one ?act_mul. Qed.

End Product.

(** ** Pixels *)

Section Square.
Variable n : nat.
Notation pixel := ('I_n * 'I_n)%type.

Definition turn (p : pixel) : pixel := (rev_ord p.2, p.1).
Definition mirror (p : pixel) : pixel := (p.1, rev_ord p.2).

Definition turn_by (a : quarter) : pixel -> pixel :=
  match a with Rot0 => id | Rot90 => turn | Rot180 => turn \o turn | Rot270 => turn \o turn \o turn end.

Definition move_pixel (g : D4) (p : pixel) : pixel := turn_by g.1 (if g.2 then mirror p else p).

Theorem dihedral_acts_on_squares : is_left_action move_pixel.
Proof.
by split=> [[i j] | [[] []] [[] []] [i j]]; rewrite /move_pixel /= /turn /mirror /= ?rev_ordK.
Qed.

Definition on_square : left_action D4 pixel := LeftAction dihedral_acts_on_squares.

(** In the image that Rot90 makes, row i, column j shows what was in row j, column n − 1 − i. *)
Theorem quarter_turn_of_image (R : Type) (x : {ffun pixel -> R}) i j :
  moved on_square R (Rot90, false) x (i, j) = x (j, rev_ord i).
Proof. by rewrite movedE /= /move_pixel /= /turn /= !rev_ordK. Qed.

End Square.

Section Subgroups.
Variables (G H : group) (f : H -> G) (X : Type) (rho : left_action G X).

(** What G moves, every group with a homomorphism into G moves. *)
Theorem subgroup_acts : f one = one -> (forall a b, f (mul a b) = mul (f a) (f b)) ->
  is_left_action (fun h => rho (f h)).
Proof. by move=> f1 fM; split=> [x | a b x]; rewrite ?f1 ?act_one ?fM ?act_mul. Qed.

End Subgroups.

Theorem rotations_act_on_squares n : is_left_action (fun (a : C4) => move_pixel (n := n) (a, false)).
Proof. exact (@subgroup_acts D4 C4 (fun a => (a, false)) _ (on_square n) erefl (fun _ _ => erefl)). Qed.

Theorem reflection_acts_on_squares n : is_left_action (fun (s : Z2) => move_pixel (n := n) (Rot0, s)).
Proof. by refine (@subgroup_acts D4 Z2 (fun s => (Rot0, s)) _ (on_square n) erefl _) => -[]. Qed.

(** ** Rectangles *)

Definition reflect_line n (s : Z2) (i : 'I_n) : 'I_n := if s then rev_ord i else i.

Theorem reflection_acts_on_lines n : is_left_action (@reflect_line n).
Proof. by split=> // -[] [] i; rewrite /reflect_line //= rev_ordK. Qed.

Definition on_line n := LeftAction (@reflection_acts_on_lines n).

Theorem flips_act_on_rectangles h w :
  @is_left_action (product Z2 Z2) ('I_h * 'I_w) (fun g p => (on_line h g.1 p.1, on_line w g.2 p.2)).
Proof. exact: product_acts. Qed.

Definition turn_rectangle h w (p : 'I_h * 'I_w) : 'I_w * 'I_h := (rev_ord p.2, p.1).

Theorem rectangle_turns h w :
  [/\ bijective (@turn_rectangle h w),
      (forall p : 'I_h * 'I_w, turn_rectangle (turn_rectangle p) = (rev_ord p.1, rev_ord p.2)) &
      (forall p : 'I_h * 'I_w, turn_rectangle (turn_rectangle (turn_rectangle (turn_rectangle p))) = p)].
Proof.
split=> [|p|[i j]] //; last by rewrite /turn_rectangle /= !rev_ordK.
by exists (fun q => (q.2, rev_ord q.1)) => -[i j]; rewrite /turn_rectangle /= rev_ordK.
Qed.

(** ** Translations and permutations *)

Theorem translations_act (gT : finGroupType) : @is_left_action (finite gT) gT (fun t p => t * p)%g.
Proof. exact: action_laws (regular gT). Qed.

(** MathComp multiplies permutations from left to right: with s⁻¹, the action is a left one. *)
Theorem permutations_act (T : finType) :
  @is_left_action (finite [finGroupType of {perm T}]) T (fun s i => (s : {perm T})^-1%g i).
Proof. by split=> [i | a b i]; rewrite /= ?invg1 ?perm1 // invMg permM. Qed.

(** ** What fails *)

Section Fails.
Local Open Scope ring_scope.
Import GRing.Theory Num.Theory.

Definition integers : group := @MakeGroup int 0 +%R -%R (@addrA _) (@add0r _) (@addNr _).

(** One step to the right; what leaves the frame is lost, a zero comes in. *)
Definition zero_fill (R : ringType) n (x : {ffun 'I_n.+1 -> R}) : {ffun 'I_n.+1 -> R} :=
  [ffun i : 'I_n.+1 => if i == 0%N :> nat then 0 else x (inord i.-1)].

Theorem zero_fill_is_no_action (R : ringType) n :
  ~ exists rho : left_action integers {ffun 'I_n.+1 -> R}, rho 1 =1 @zero_fill R n.
Proof.
case=> rho step; pose last := [ffun i : 'I_n.+1 => (i == ord_max)%:R] : {ffun 'I_n.+1 -> R}.
have lost : zero_fill last = zero_fill 0.
  apply/ffunP=> i; rewrite !ffunE; case: eqP => // /eqP i0; rewrite -val_eqE /= inordK.
    by rewrite ltn_eqF // -ltnS prednK ?ltn_ord // lt0n.
  by rewrite prednK ?lt0n // ltnW.
have /ffunP/(_ ord_max)/eqP : last = 0 by apply: (can_inj (act_inv rho (1 : integers))); rewrite !step.
by rewrite !ffunE eqxx oner_eq0.
Qed.

(** ReLU commutes with the permutation of entries, not with the quarter turn of a vector in the plane. *)
Definition relu2 (v : int * int) : int * int := (Num.max 0 v.1, Num.max 0 v.2).
Definition turn_vector (v : int * int) : int * int := (- v.2, v.1).

Theorem pointwise_fails_on_turned_vectors : relu2 (turn_vector (0, 1)) <> turn_vector (relu2 (0, 1)).
Proof. by vm_compute. Qed.

End Fails.
