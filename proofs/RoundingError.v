(** * RoundingError: how far a computed layer may be from the exact one

    Everything holds in any ordered field, with [fl] any function that rounds: no floating-point format is fixed.

    Glossary
    - [u]                the unit roundoff: 2⁻²⁴ for f32, 2⁻⁵³ for f64
    - [computation]      an inner product as a program evaluates it: rounded products, fused multiply-adds and rounded
                         sums in any tree, so in any order, blocked, or in several accumulators
    - [computed c]       the value with [fl] after each operation; [exact c] the value without
    - [magnitude c]      Σ|x||y| over the products; [terms c] their number
    - [depth c]          the largest number of roundings that a product goes through
    - [running_bound]    the bound carried through layers beside the values

    Main results
    - for any rounding with |fl(x) − x| ≤ u|x|: the error is at most ((1+u)^depth − 1) Σ|x||y|, and (1+u)^k − 1 is at
      most γ_k = ku/(1 − ku) (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.1 and §4.2)
    - for rounding to nearest it is at most n u Σ|x||y|, with no restriction on n (Jeannerod, Rump, SIAM J. Matrix
      Anal. Appl. 34, 2013, for products and sums; here fused multiply-adds may be mixed in)
    - a layer turns errors E of its input into at most Σ|w|E + n u Σ|w||x̂|; maximum and ReLU do not enlarge errors
    - so a difference |f̂(gx) − g f̂(x)| above E(gx) + g E(x) refutes equivariance

    Rounding to nearest has |fl(x) − x| ≤ u/(1+u) |x|, and is at least as near as any other number of the format; both
    are used, and with |fl(x) − x| ≤ u|x| alone n u is false: for n = 2 that model allows 2u + u².

    Overflow and underflow are not covered: these bounds are for results in the normal range. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section RoundingError.
Variables (R : realFieldType) (u : R).
Hypothesis u_nonnegative : 0 <= u.
Variable fl : R -> R.

Inductive computation :=
| Product (x y : R)
| Fused (x y : R) (c : computation)
| Sum (c d : computation).

Fixpoint computed c : R :=
  match c with
  | Product x y => fl (x * y)
  | Fused x y c => fl (x * y + computed c)
  | Sum c d => fl (computed c + computed d)
  end.

Fixpoint exact c : R :=
  match c with
  | Product x y => x * y
  | Fused x y c => x * y + exact c
  | Sum c d => exact c + exact d
  end.

Fixpoint magnitude c : R :=
  match c with
  | Product x y => `|x| * `|y|
  | Fused x y c => `|x| * `|y| + magnitude c
  | Sum c d => magnitude c + magnitude d
  end.

Fixpoint terms c : nat :=
  match c with
  | Product _ _ => 1
  | Fused _ _ c => (terms c).+1
  | Sum c d => terms c + terms d
  end.

Fixpoint depth c : nat :=
  match c with
  | Product _ _ => 1
  | Fused _ _ c => (depth c).+1
  | Sum c d => (maxn (depth c) (depth d)).+1
  end.

Lemma magnitude_nonnegative c : 0 <= magnitude c.
Proof. by elim: c => [x y|x y c IH|c IHc d IHd] /=; rewrite ?addr_ge0 ?mulr_ge0. Qed.

Lemma exact_magnitude c : `|exact c| <= magnitude c.
Proof.
elim: c => [x y|x y c IH|c IHc d IHd] /=; rewrite ?normrM //.
  by apply: le_trans (ler_norm_add _ _) _; rewrite normrM ler_add.
by apply: le_trans (ler_norm_add _ _) _; rewrite ler_add.
Qed.

Lemma terms_positive c : (0 < terms c)%N.
Proof. by elim: c => //= c IHc d IHd; rewrite addn_gt0 IHc. Qed.

Lemma depth_terms c : (depth c <= terms c)%N.
Proof.
elim: c => [x y|x y c IH|c IHc d IHd] //=.
have [pc pd] := (terms_positive c, terms_positive d).
rewrite gtn_max (leq_ltn_trans IHc) ?(leq_ltn_trans IHd) //.
  by rewrite -[X in (X < _)%N]add0n ltn_add2r.
by rewrite -[X in (X < _)%N]addn0 ltn_add2l.
Qed.

(** ** Any rounding *)

Section AnyRounding.
Hypothesis relative : forall x, `|fl x - x| <= u * `|x|.

Lemma rounding_step z s a P : `|s| <= a -> `|z - s| <= (P - 1) * a -> `|fl z - s| <= ((1 + u) * P - 1) * a.
Proof.
move=> sa zs; have -> : fl z - s = (fl z - z) + (z - s) by ring.
apply: le_trans (ler_norm_add _ _) _.
have z_bound : `|z| <= P * a.
  have -> : z = (z - s) + s by ring.
  apply: le_trans (ler_norm_add _ _) _.
  have -> : P * a = (P - 1) * a + a by ring.
  exact: ler_add.
have -> : ((1 + u) * P - 1) * a = u * (P * a) + (P - 1) * a by ring.
by rewrite ler_add // (le_trans (relative z)) // ler_wpmul2l.
Qed.

Lemma power_monotone h k : (h <= k)%N -> (1 + u) ^+ h <= (1 + u) ^+ k.
Proof. by move=> hk; rewrite ler_weexpn2l // ler_addl. Qed.

Theorem inner_product_error_any_rounding c :
  `|computed c - exact c| <= ((1 + u) ^+ depth c - 1) * magnitude c.
Proof.
elim: c => [x y|x y c IH|c IHc d IHd] /=; rewrite exprS.
- apply: rounding_step; first by rewrite normrM.
  by rewrite expr0 !subrr mul0r normr0.
- apply: rounding_step; first exact: (exact_magnitude (Fused x y c)).
  have -> : x * y + computed c - (x * y + exact c) = computed c - exact c by ring.
  apply: le_trans IH _; rewrite ler_wpmul2l ?ler_addr ?mulr_ge0 // subr_ge0.
  by rewrite exprn_ege1 // ler_addl.
apply: rounding_step; first exact: (exact_magnitude (Sum c d)).
have -> : computed c + computed d - (exact c + exact d) = (computed c - exact c) + (computed d - exact d) by ring.
apply: le_trans (ler_norm_add _ _) _; rewrite mulrDr ler_add //.
  apply: le_trans IHc _; rewrite ler_wpmul2r ?magnitude_nonnegative // ler_add2r.
  by apply: power_monotone; rewrite leq_maxl.
apply: le_trans IHd _; rewrite ler_wpmul2r ?magnitude_nonnegative // ler_add2r.
by apply: power_monotone; rewrite leq_maxr.
Qed.

End AnyRounding.

Theorem gamma_bound k : k%:R * u < 1 -> (1 + u) ^+ k - 1 <= k%:R * u / (1 - k%:R * u).
Proof.
move=> small; have positive : 0 < 1 - k%:R * u by rewrite subr_gt0.
rewrite ler_pdivl_mulr //.
suff claim h : (1 + u) ^+ h * (1 - h%:R * u) <= 1 by have := claim k; rewrite mulrBl mul1r ler_subl_addr; congr (_ <= _); ring.
elim: h => [|h IH]; first by rewrite expr0 mul0r subr0 mul1r.
apply: le_trans IH; rewrite exprSr -mulrA ler_wpmul2l ?exprn_ge0 ?addr_ge0 ?ler01 // -subr_ge0.
have -> : 1 - h%:R * u - (1 + u) * (1 - h.+1%:R * u) = h.+1%:R * (u * u) by rewrite mulrSr; ring.
by rewrite !mulr_ge0 ?ler0n.
Qed.

(** ** Rounding to nearest *)

Section Nearest.
Variable format : R -> Prop.
Hypothesis rounded : forall x, format (fl x).
Hypothesis nearest : forall x y, format y -> `|fl x - x| <= `|y - x|.

Let v := u / (1 + u).
Hypothesis relative : forall x, `|fl x - x| <= v * `|x|.

Lemma u_plus_one : 0 < 1 + u.
Proof. exact: ltr_spaddl ltr01 u_nonnegative. Qed.

Lemma v_scaled : v * (1 + u) = u.
Proof. by rewrite /v divfK // gt_eqF // u_plus_one. Qed.

Lemma v_nonnegative : 0 <= v.
Proof. by rewrite divr_ge0 // ltW // u_plus_one. Qed.

Lemma v_below_u : 0 <= u - v.
Proof.
have -> : u - v = v * u by rewrite -[X in X - _]v_scaled; ring.
exact: mulr_ge0 v_nonnegative u_nonnegative.
Qed.

Lemma v_below_one : 0 <= 1 - v.
Proof. by rewrite subr_ge0 /v ler_pdivr_mulr ?u_plus_one // mul1r ler_addr ler01. Qed.

(** Sums and products of what the context knows to be nonnegative. *)
Ltac nonnegative := repeat first
  [assumption | exact: ler01 | exact: v_nonnegative | exact: v_below_u | exact: v_below_one | exact: ltW |
   exact: ltW u_plus_one | apply: addr_ge0 | apply: mulr_ge0].

Lemma sum_step (a b P Q e : R) : 0 <= a -> 0 <= b -> 0 <= P -> 0 <= Q ->
  e <= a + (1 + P) * u * a -> e <= b + (1 + Q) * u * b ->
  e <= v * (a + (1 + P) * u * a + (b + (1 + Q) * u * b)) -> e <= u * ((1 + Q) * a + (1 + P) * b).
Proof.
move=> a0 b0 P0 Q0 ea eb ez.
have one_sided (c d p q : R) : 0 <= c -> 0 <= d -> 0 <= p -> 0 <= q -> d <= v * c ->
    d + (1 + q) * u * d <= u * ((1 + q) * c + (1 + p) * d).
  move=> c0 d0 p0 q0 le; rewrite -subr_ge0; have {}le : 0 <= v * c - d by rewrite subr_ge0.
  have -> : u * ((1 + q) * c + (1 + p) * d) - (d + (1 + q) * u * d) =
      (v * c - d) * (1 + u) + q * u * ((v * c - d) + (1 - v) * c) + u * (1 + p) * d + (u - v * (1 + u)) * c by ring.
  by rewrite v_scaled subrr mul0r addr0; nonnegative.
have [le_b|] := leP b (v * a); first by apply: le_trans eb (one_sided a b P Q _ _ _ _ _).
rewrite -subr_gt0 => lt_b.
have [le_a|] := leP a (v * b).
  by rewrite [X in u * X]addrC; apply: le_trans ea (one_sided b a Q P _ _ _ _ _).
rewrite -subr_gt0 => lt_a.
apply: le_trans ez _; rewrite -subr_ge0.
have -> : u * ((1 + Q) * a + (1 + P) * b) - v * (a + (1 + P) * u * a + (b + (1 + Q) * u * b)) =
    v * (P * ((1 + u) * b - u * a) + Q * ((1 + u) * a - u * b)) + (u - v * (1 + u)) * ((1 + Q) * a + (1 + P) * b)
  by ring.
rewrite v_scaled subrr mul0r addr0 -[X in _ - X * a]v_scaled -[X in _ - X * b]v_scaled.
have -> : (1 + u) * b - v * (1 + u) * a = (1 + u) * (b - v * a) by ring.
have -> : (1 + u) * a - v * (1 + u) * b = (1 + u) * (a - v * b) by ring.
by nonnegative.
Qed.

Lemma fused_step (a w p e : R) : 0 <= a -> 0 <= w -> 0 <= p -> e <= w -> e <= v * (w + (a + p * u * a)) ->
  e <= u * (a + (1 + p) * w).
Proof.
move=> a0 w0 p0 ew ez; have [|] := leP w (v * a).
  rewrite -subr_ge0 => small; apply: le_trans ew _; rewrite -subr_ge0.
  have -> : u * (a + (1 + p) * w) - w = (v * a - w) + (u - v) * a + u * (1 + p) * w by ring.
  by nonnegative.
rewrite -subr_gt0 => large.
apply: le_trans ez _; rewrite -subr_ge0.
have -> : u * (a + (1 + p) * w) - v * (w + (a + p * u * a)) =
    v * (p * ((1 + u) * w - u * a) + u * a + u * w) + (u - v * (1 + u)) * (a + (1 + p) * w) by ring.
rewrite v_scaled subrr mul0r addr0 -[X in _ - X * a]v_scaled.
have -> : (1 + u) * w - v * (1 + u) * a = (1 + u) * (w - v * a) by ring.
by nonnegative.
Qed.

Lemma close_to (x y E a : R) : `|x - y| <= E -> `|y| <= a -> `|x| <= a + E.
Proof. by move=> xy ya; rewrite -[x](subrK y) addrC; apply: le_trans (ler_norm_add _ _) (ler_add _ _). Qed.

Lemma formatted c : format (computed c).
Proof. by case: c => *; apply: rounded. Qed.

Theorem inner_product_error c : `|computed c - exact c| <= (terms c)%:R * u * magnitude c.
Proof.
elim: c => [x y|x y c IH|c IHc d IHd] /=.
- rewrite mul1r -normrM; apply: le_trans (relative _) _.
  by rewrite ler_wpmul2r // -subr_ge0 v_below_u.
- set z := x * y + computed c; have c0 := magnitude_nonnegative c.
  have -> : fl z - (x * y + exact c) = (fl z - z) + (computed c - exact c) by rewrite /z; ring.
  apply: le_trans (ler_norm_add _ _) _; have c_close := close_to IH (exact_magnitude c).
  have -> : (terms c).+1%:R * u * (`|x| * `|y| + magnitude c) =
      u * (magnitude c + (1 + (terms c)%:R) * (`|x| * `|y|)) + (terms c)%:R * u * magnitude c by rewrite mulrS; ring.
  apply: ler_add IH; apply: fused_step => //; rewrite -?normrM //.
    have -> : `|x * y| = `|computed c - z| by rewrite /z opprD addrCA subrr addr0 normrN.
    exact/nearest/formatted.
  apply: le_trans (relative z) _; rewrite ler_wpmul2l ?v_nonnegative //.
  exact: le_trans (ler_norm_add _ _) (ler_add _ c_close).
set z := computed c + computed d; have [c0 d0] := (magnitude_nonnegative c, magnitude_nonnegative d).
have -> : fl z - (exact c + exact d) = (fl z - z) + ((computed c - exact c) + (computed d - exact d)) by rewrite /z; ring.
have [c_close d_close] := (close_to IHc (exact_magnitude c), close_to IHd (exact_magnitude d)).
apply: le_trans (ler_norm_add _ _) _.
have split_terms e : (terms e)%:R = 1 + (terms e).-1%:R :> R by rewrite -mulrS prednK ?terms_positive.
have -> : (terms c + terms d)%:R * u * (magnitude c + magnitude d) =
    u * ((terms d)%:R * magnitude c + (terms c)%:R * magnitude d) +
    ((terms c)%:R * u * magnitude c + (terms d)%:R * u * magnitude d) by rewrite natrD; ring.
apply: ler_add; last by apply: le_trans (ler_norm_add _ _) (ler_add _ _).
have far : `|fl z - z| <= v * (magnitude c + (terms c)%:R * u * magnitude c + (magnitude d + (terms d)%:R * u * magnitude d)).
  by apply: le_trans (relative z) _; rewrite ler_wpmul2l ?v_nonnegative //; apply: le_trans (ler_norm_add _ _) (ler_add _ _).
have near_c : `|fl z - z| <= magnitude c + (terms c)%:R * u * magnitude c.
  apply: le_trans (nearest z (formatted d)) _.
  by rewrite /z opprD addrCA subrr addr0 normrN.
have near_d : `|fl z - z| <= magnitude d + (terms d)%:R * u * magnitude d.
  apply: le_trans (nearest z (formatted c)) _.
  by rewrite /z opprD addrA subrr sub0r normrN.
by move: far near_c near_d; rewrite (split_terms c) (split_terms d) => far near_c near_d; apply: sum_step; rewrite ?ler0n.
Qed.

End Nearest.

(** ** Through a layer *)

(** One output, computed from inputs [y] that are within [E] of the exact [x]; a bias is a term with input 1. *)
Theorem layer_error (I : finType) (w x y E : I -> R) (output rounding : R) :
  (forall i, `|y i - x i| <= E i) -> `|output - \sum_i w i * y i| <= rounding ->
  `|output - \sum_i w i * x i| <= \sum_i `|w i| * E i + rounding.
Proof.
move=> close rounded; rewrite [X in _ <= X]addrC.
have -> : output - \sum_i w i * x i = (output - \sum_i w i * y i) + (\sum_i w i * y i - \sum_i w i * x i) by ring.
apply: le_trans (ler_norm_add _ _) (ler_add rounded _).
rewrite -sumrB; apply: le_trans (ler_norm_sum _ _ _) (ler_sum _ _) => i _.
by rewrite -mulrBr normrM ler_wpmul2l.
Qed.

Theorem maximum_error (a b a' b' e : R) : `|a' - a| <= e -> `|b' - b| <= e ->
  `|Num.max a' b' - Num.max a b| <= e.
Proof.
rewrite !ler_distl => /andP[la ua] /andP[lb ub].
apply/andP; split.
  by rewrite ler_subl_addr le_maxl -!ler_subl_addr !le_maxr la lb orbT.
rewrite le_maxl; apply/andP; split; [apply: le_trans ua _ | apply: le_trans ub _].
  by rewrite ler_add2r le_maxr lexx.
by rewrite ler_add2r le_maxr lexx orbT.
Qed.

Theorem relu_error (a a' e : R) : 0 <= e -> `|a' - a| <= e -> `|Num.max a' 0 - Num.max a 0| <= e.
Proof. by move=> e0 close; apply: maximum_error; rewrite // subrr normr0. Qed.

(** ** Through a network: bounds run along beside the values *)

Section Network.
Variable I : Type.
Implicit Types x y E : I -> R.

Definition within E y x : Prop := forall i, `|y i - x i| <= E i.

(** The exact layer, the computed layer, and how the computed one turns values and bounds into bounds. *)
Record layer := Layer {
  exact_layer : (I -> R) -> I -> R;
  computed_layer : (I -> R) -> I -> R;
  layer_bound : (I -> R) -> (I -> R) -> I -> R;
  layer_sound : forall E y x, within E y x -> within (layer_bound y E) (computed_layer y) (exact_layer x) }.

Fixpoint exact_network (layers : seq layer) x := if layers is l :: rest then exact_network rest (exact_layer l x) else x.
Fixpoint computed_network (layers : seq layer) y :=
  if layers is l :: rest then computed_network rest (computed_layer l y) else y.
Fixpoint network_bound (layers : seq layer) y E :=
  if layers is l :: rest then network_bound rest (computed_layer l y) (layer_bound l y E) else E.

Theorem running_bound layers E y x : within E y x ->
  within (network_bound layers y E) (computed_network layers y) (exact_network layers x).
Proof. by elim: layers E y x => //= l rest IH E y x close; apply/IH/layer_sound. Qed.

End Network.

(** The test of equivariance: [g] moves inputs by any map and outputs by a map [p] of their positions. *)
Theorem equivariance_test (X I : Type) (f f' E : X -> I -> R) (g : X -> X) (p : I -> I) x i :
  (forall x i, `|f' x i - f x i| <= E x i) -> f (g x) i = f x (p i) ->
  `|f' (g x) i - f' x (p i)| <= E (g x) i + E x (p i).
Proof.
move=> sound equivariant.
have -> : f' (g x) i - f' x (p i) = (f' (g x) i - f (g x) i) + (f x (p i) - f' x (p i)) by rewrite equivariant; ring.
by apply: le_trans (ler_norm_add _ _) (ler_add (sound _ _) _); rewrite distrC.
Qed.

End RoundingError.
