(** * LinearConvolution: linear convolution, circular convolution and products of polynomials

    Glossary
    - a finite signal x_0, …, x_{p−1} is the polynomial Σ x_i Xⁱ, of [size] at most p
    - [linear x y]   (x ∗ y)_i = Σ_{k ≤ i} x_k y_{i−k}, what "full" convolution computes: p + q − 1 entries
    - N              the length of the circle, [n.+1]
    - [wrapped x]    the signal on Z_N that x makes when wound around the circle: i ↦ Σ x_j over j ≡ i mod N
    - [padded x]     the signal on Z_N with entries x_i, i < N: x after zero padding

    Main results
    - linear convolution is the product of polynomials
    - winding turns products into circular convolutions
    - circular convolution of the padded signals has as entry i the sum of the linear entries i, i + N, i + 2N, …;
      so both agree as soon as N ≥ p + q − 1
    - a long signal may be convolved in blocks: the parts overlap, and add up to the whole *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Convolution.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Local Open Scope signal_scope.

Section Linear.
Variables (R : comRingType) (n : nat).
Implicit Types x y : {poly R}.
Notation circle := [finGroupType of 'I_n.+1].

Definition linear x y (i : nat) : R := \sum_(k < i.+1) x`_k * y`_(i - k).

Theorem linear_is_product x y i : linear x y i = (x * y)`_i.
Proof. by rewrite coefM. Qed.

Definition wrapped x : signal circle R := [ffun i : 'I_n.+1 => \sum_(j < size x | inZp j == i) x`_j].
Definition padded x : signal circle R := [ffun i : 'I_n.+1 => x`_i].

Lemma wrapped_bound (b : nat) x : (size x <= b)%N ->
  wrapped x = [ffun i : 'I_n.+1 => \sum_(j < b | inZp j == i) x`_j].
Proof.
move=> sb; apply/ffunP=> i; rewrite !ffunE.
rewrite (big_ord_widen_cond b (fun j => inZp j == i) (fun j => x`_j) sb) big_mkcondr.
by apply: eq_bigr => j _; case: ltnP => // jx; rewrite nth_default.
Qed.

Lemma wrapped_add x y : wrapped (x + y) = wrapped x + wrapped y.
Proof.
set b := maxn (size x) (size y).
rewrite (@wrapped_bound b (x + y)) ?size_add // (@wrapped_bound b x) ?leq_maxl // (@wrapped_bound b y) ?leq_maxr //.
by apply/ffunP=> i; rewrite !ffunE -big_split; apply: eq_bigr => j _; rewrite coefD.
Qed.

Lemma wrapped_monomial c j : wrapped (c *: 'X^j) = scale c (delta_at (inZp j)).
Proof.
apply/ffunP=> i; rewrite (@wrapped_bound j.+1); last first.
  by rewrite (leq_trans (size_scale_leq _ _)) ?size_polyXn.
rewrite !ffunE big_mkcond big_ord_recr /= big1 ?add0r => [|k _].
  by rewrite coefZ coefXn eqxx mulr1 eq_sym; case: eqP; rewrite ?mulr1 ?mulr0.
by rewrite coefZ coefXn ltn_eqF ?mulr0 ?if_same.
Qed.

Lemma wrapped0 : wrapped 0 = 0.
Proof. by apply: (@addrI _ (wrapped 0)); rewrite -wrapped_add !addr0. Qed.

Lemma wrapped_sum I r (P : pred I) (F : I -> {poly R}) :
  wrapped (\sum_(j <- r | P j) F j) = \sum_(j <- r | P j) wrapped (F j).
Proof. exact: (big_morph wrapped wrapped_add wrapped0). Qed.

Lemma convolution_sum I r (F : I -> signal circle R) v :
  (\sum_(j <- r) F j) ∗ v = \sum_(j <- r) F j ∗ v.
Proof.
elim: r => [|j r ih]; last by rewrite !big_cons convolution_distributive_left ih.
by rewrite !big_nil; apply/ffunP=> i; rewrite !ffunE big1 // => k _; rewrite ffunE mul0r.
Qed.

Lemma convolution_sum_right I r (F : I -> signal circle R) u :
  u ∗ (\sum_(j <- r) F j) = \sum_(j <- r) u ∗ F j.
Proof.
elim: r => [|j r ih]; last by rewrite !big_cons convolution_distributive_right ih.
by rewrite !big_nil; apply/ffunP=> i; rewrite !ffunE big1 // => k _; rewrite ffunE mulr0.
Qed.

Lemma inZp_add j k : inZp (j + k) = (inZp j * inZp k)%g :> 'I_n.+1.
Proof. by apply/val_inj; rewrite /= modnDm. Qed.

Theorem circular_is_wrapped_product x y : wrapped x ∗ wrapped y = wrapped (x * y).
Proof.
rewrite -[x in LHS]coefK -[y in LHS]coefK -[x in RHS]coefK -[y in RHS]coefK !poly_def.
rewrite !wrapped_sum convolution_sum mulr_suml wrapped_sum; apply: eq_bigr => j _.
rewrite convolution_sum_right mulr_sumr wrapped_sum; apply: eq_bigr => k _.
rewrite -scalerAl -scalerAr -exprD scalerA !wrapped_monomial inZp_add.
rewrite convolution_homogeneous convolution_homogeneous_right delta_convolution translate_delta.
by apply/ffunP=> i; rewrite !ffunE mulrA.
Qed.

Lemma wrapped_short x : (size x <= n.+1)%N -> wrapped x = padded x.
Proof.
move=> sx; rewrite (wrapped_bound sx); apply/ffunP=> i; rewrite !ffunE (big_pred1 i) // => j.
by rewrite /= valZpK.
Qed.

(** What too little padding does: entry i of the circular convolution is the sum of the linear entries i + mN. *)
Theorem circular_wraps_linear x y (i : 'I_n.+1) : (size x <= n.+1)%N -> (size y <= n.+1)%N ->
  (padded x ∗ padded y) i = \sum_(j < size (x * y)%R | inZp j == i) linear x y j.
Proof.
move=> sx sy; rewrite -!wrapped_short // circular_is_wrapped_product ffunE.
by apply: eq_bigr => j _; rewrite linear_is_product.
Qed.

Theorem linear_is_circular (p q : nat) x y (i : 'I_n.+1) :
  (size x <= p)%N -> (size y <= q)%N -> (0 < p)%N -> (0 < q)%N -> (p + q - 1 <= n.+1)%N ->
  (padded x ∗ padded y) i = linear x y i.
Proof.
move=> sx sy p0 q0 pq.
have sx' : (size x <= n.+1)%N by apply: leq_trans sx (leq_trans _ pq); rewrite -addnBA // leq_addr.
have sy' : (size y <= n.+1)%N by apply: leq_trans sy (leq_trans _ pq); rewrite addnC -addnBA // leq_addr.
rewrite -!wrapped_short // circular_is_wrapped_product wrapped_short ?ffunE ?linear_is_product //.
by apply: leq_trans (size_mul_leq _ _) (leq_trans _ pq); rewrite -subn1 leq_sub2r // leq_add.
Qed.

End Linear.

(** ** Overlap-add: a long signal in blocks *)

Section OverlapAdd.
Variables (R : comRingType) (B : nat).
Implicit Types x y : {poly R}.

(** Entries b·B to b·B + B − 1, moved to the front. *)
Definition block x (b : nat) : {poly R} := \poly_(i < B) x`_(b * B + i).

Lemma block_coefficient x b i : (0 < B)%N -> ('X^(b * B) * block x b)`_i = if (i %/ B == b)%N then x`_i else 0.
Proof.
move=> B0; rewrite coefXnM coef_poly; have [lt|le] := ltnP i (b * B).
  by rewrite ltn_eqF // ltn_divLR.
have split_index : i = (b * B + (i - b * B))%N by rewrite subnKC.
have [small|large] := ltnP (i - b * B) B.
  by rewrite -split_index {2}split_index divnMDl // divn_small // addn0 eqxx.
rewrite gtn_eqF // leq_divRL // mulSn addnC.
by rewrite {1}split_index leq_add2l.
Qed.

Theorem overlap_add x y m : (0 < B)%N -> (size x <= m * B)%N -> x * y = \sum_(b < m) 'X^(b * B) * (block x b * y).
Proof.
move=> B0 covered; under eq_bigr do rewrite mulrA; rewrite -mulr_suml; congr (_ * _).
apply/polyP=> i; rewrite coef_sum; under eq_bigr do rewrite block_coefficient //.
have [lt|le] := ltnP i (m * B).
  have inside : (i %/ B < m)%N by rewrite ltn_divLR.
  rewrite (bigD1 (Ordinal inside)) //= eqxx big1 ?addr0 // => b ne.
  by case: eqP => // e; case/eqP: ne; apply/val_inj.
rewrite nth_default ?(leq_trans covered) // big1 // => b _.
by rewrite if_same.
Qed.

End OverlapAdd.
