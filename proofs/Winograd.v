(** * Winograd: minimal filtering F(2,3) and F(4,3), in one and two dimensions

    Glossary
    - [g] a kernel, [x] a tile of signal, read at indices from 0 on
    - [bilinear A G B]   the algorithm Aᵀ((G g) ⊙ (Bᵀ x)): T products of a transformed kernel with a transformed tile
    - [minimal A G B]    it computes correlation: for i < m, Aᵀ((G g) ⊙ (Bᵀ x))(i) = Σ_{a<r} g(a) x(i + a)
    - [exact_matrices]   with integer matrices and the kernel's denominator cleared, the check of every coefficient

    Main results
    - the published matrices compute F(2,3) with 4 products where 2 is invertible, F(4,3) with 6 where 6 is: in the
      rational numbers, in odd prime fields but GF(3), and in every commutative ring with those inverses
    - any such algorithm nests: the same matrices on rows and on columns compute two dimensions
    - channels may be summed before the last transform; tiles cover a longer signal

    Source: A. Lavin, S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Equivariant Require Import Sums.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Bilinear.
Variables (R : comRingType) (m r n T : nat).

(** [A t i], [G t a], [B t j]: entries by product t. *)
Definition bilinear (A G B : nat -> nat -> R) (g x : nat -> R) (i : nat) : R :=
  \sum_(t < T) A t i * ((\sum_(a < r) G t a * g a) * (\sum_(j < n) B t j * x j)).

Definition minimal (A G B : nat -> nat -> R) : Prop :=
  forall g x i, (i < m)%N -> bilinear A G B g x i = \sum_(a < r) g a * x (i + a)%N.

Variables (A G B : nat -> nat -> R).
Hypothesis correct : minimal A G B.

(** Aᵀ[(G g Gᵀ) ⊙ (Bᵀ x B)]A *)
Definition bilinear_square (g x : nat -> nat -> R) (i j : nat) : R :=
  \sum_(t < T) \sum_(u < T) A t i * A u j *
    ((\sum_(a < r) \sum_(b < r) G t a * G u b * g a b) * (\sum_(a < n) \sum_(b < n) B t a * B u b * x a b)).

Theorem winograd_nesting g x i j : (i < m)%N -> (j < m)%N ->
  bilinear_square g x i j = \sum_(a < r) \sum_(b < r) g a b * x (i + a)%N (j + b)%N.
Proof.
move=> lt_i lt_j.
pose rows_g a u := \sum_(b < r) G u b * g a b; pose rows_x a u := \sum_(b < n) B u b * x a b.
transitivity (\sum_(u < T) A u j * bilinear A G B (fun a => rows_g a u) (fun a => rows_x a u) i).
  rewrite /bilinear_square exchange_big; apply: eq_bigr => u _.
  rewrite big_distrr; apply: eq_bigr => t _; rewrite /= [RHS]mulrA [A u j * _]mulrC; congr (_ * (_ * _)).
    by apply: eq_bigr => a _; rewrite big_distrr; apply: eq_bigr => b _; rewrite /= mulrA.
  by apply: eq_bigr => a _; rewrite big_distrr; apply: eq_bigr => b _; rewrite /= mulrA.
under eq_bigr do rewrite correct // big_distrr.
by rewrite exchange_big; apply: eq_bigr => a _; rewrite -(correct (g a) (x (i + a)%N)).
Qed.

Theorem winograd_channels (C : finType) (g x : C -> nat -> R) i : (i < m)%N ->
  \sum_(t < T) A t i * (\sum_c (\sum_(a < r) G t a * g c a) * (\sum_(j < n) B t j * x c j)) =
  \sum_c \sum_(a < r) g c a * x c (i + a)%N.
Proof.
move=> lt_i; transitivity (\sum_c bilinear A G B (g c) (x c) i); last by apply: eq_bigr => c _; apply: correct.
by rewrite exchange_big; apply: eq_bigr => t _; rewrite big_distrr.
Qed.

(** Tile q begins at m q; together the tiles give every output. *)
Theorem winograd_tiles g x l : (0 < m)%N ->
  bilinear A G B g (fun j => x (m * (l %/ m) + j)%N) (l %% m) = \sum_(a < r) g a * x (l + a)%N.
Proof.
move=> m0; rewrite correct ?ltn_pmod //; apply: eq_bigr => a _.
by rewrite addnA mulnC -divn_eq.
Qed.

End Bilinear.

(** ** Integer matrices, decided by computation

    With denominators cleared (the kernel's matrix times [denominator]) the coefficient of g(a) x(j) in output i is an
    integer, and minimality says that it is the denominator where j = i + a and 0 elsewhere. *)

Definition entry (rows : seq (seq int)) (t i : nat) : int := nth 0 (nth [::] rows t) i.

Definition exact_matrices (m r n : nat) (A G B : seq (seq int)) (denominator : int) : bool :=
  all (fun i => all (fun a => all (fun j =>
    summed (size A) (fun t => entry A t i * entry G t a * entry B t j) == if j == (i + a)%N then denominator else 0)
  (iota 0 n)) (iota 0 r)) (iota 0 m).

Section Exact.
Variables (R : comRingType) (m r n : nat) (A G B : seq (seq int)) (denominator : int) (inverse : R).
Hypothesis invertible : denominator%:~R * inverse = 1.

Definition in_ring (rows : seq (seq int)) (t i : nat) : R := (entry rows t i)%:~R.

Theorem exact_matrices_minimal : (m + r <= n.+1)%N -> exact_matrices m r n A G B denominator ->
  minimal m r n (size A) (in_ring A) (fun t a => inverse * in_ring G t a) (in_ring B).
Proof.
move=> large exact g x i lt_i.
have coefficient (a : 'I_r) (j : 'I_n) :
    \sum_(t < size A) in_ring A t i * (inverse * in_ring G t a) * in_ring B t j = (nat_of_ord j == i + a)%N%:R.
  have /allP/(_ i) := exact; rewrite mem_iota => /(_ lt_i) /allP/(_ a); rewrite mem_iota => /(_ (ltn_ord a)).
  move=> /allP/(_ j); rewrite mem_iota summedE => /(_ (ltn_ord j)) /eqP check.
  transitivity ((\sum_(t < size A) entry A t i * entry G t a * entry B t j)%:~R * inverse).
    rewrite rmorph_sum big_distrl; apply: eq_bigr => t _.
    by rewrite /in_ring /= !rmorphM mulrA -!mulrA [inverse * _]mulrC !mulrA.
  by rewrite check; case: (_ == _); rewrite ?invertible ?mul0r.
transitivity (\sum_(a < r) \sum_(j < n) (nat_of_ord j == i + a)%N%:R * (g a * x j)).
  transitivity (\sum_(t < size A) \sum_(a < r) \sum_(j < n)
      in_ring A t i * (inverse * in_ring G t a) * in_ring B t j * (g a * x j)).
    apply: eq_bigr => t _; rewrite big_distrl big_distrr; apply: eq_bigr => a _.
    by rewrite /= !big_distrr; apply: eq_bigr => j _ /=; ring.
  rewrite exchange_big; apply: eq_bigr => a _; rewrite exchange_big; apply: eq_bigr => j _ /=.
  by rewrite -coefficient big_distrl.
apply: eq_bigr => a _; have lt_j : (i + a < n)%N.
  by rewrite -ltnS (leq_trans _ large) // -addnS -addSn leq_add.
rewrite (bigD1 (Ordinal lt_j)) //= eqxx mul1r big1 ?addr0 // => j ne.
by rewrite (_ : (nat_of_ord j == i + a)%N = false) ?mul0r //; apply: contraNF ne => /eqP e; apply/eqP/val_inj.
Qed.

End Exact.

(** ** The published matrices, a row a product; the kernel's over 2 and over 24 *)

Definition F2_output : seq (seq int) := [:: [:: 1; 0]; [:: 1; 1]; [:: 1; -1]; [:: 0; -1]].
Definition F2_kernel : seq (seq int) := [:: [:: 2%:Z; 0; 0]; [:: 1; 1; 1]; [:: 1; -1; 1]; [:: 0; 0; 2%:Z]].
Definition F2_signal : seq (seq int) := [:: [:: 1; 0; -1; 0]; [:: 0; 1; 1; 0]; [:: 0; -1; 1; 0]; [:: 0; 1; 0; -1]].

Theorem winograd_f2_3 (R : comRingType) (half : R) : 2%:R * half = 1 ->
  minimal 2 3 4 4 (in_ring R F2_output) (fun t a => half * in_ring R F2_kernel t a) (in_ring R F2_signal).
Proof. by move=> two_halves; apply: (@exact_matrices_minimal R 2 3 4 F2_output F2_kernel F2_signal 2 half). Qed.

Definition F4_output : seq (seq int) :=
  [:: [:: 1; 0; 0; 0]; [:: 1; 1; 1; 1]; [:: 1; -1; 1; -1]; [:: 1; 2%:Z; 4%:Z; 8%:Z]; [:: 1; -2%:Z; 4%:Z; -8%:Z];
      [:: 0; 0; 0; 1]].
Definition F4_kernel : seq (seq int) :=
  [:: [:: 6%:Z; 0; 0]; [:: -4%:Z; -4%:Z; -4%:Z]; [:: -4%:Z; 4%:Z; -4%:Z]; [:: 1; 2%:Z; 4%:Z]; [:: 1; -2%:Z; 4%:Z];
      [:: 0; 0; 24%:Z]].
Definition F4_signal : seq (seq int) :=
  [:: [:: 4%:Z; 0; -5%:Z; 0; 1; 0]; [:: 0; -4%:Z; -4%:Z; 1; 1; 0]; [:: 0; 4%:Z; -4%:Z; -1; 1; 0];
      [:: 0; -2%:Z; -1; 2%:Z; 1; 0]; [:: 0; 2%:Z; -1; -2%:Z; 1; 0]; [:: 0; 4%:Z; 0; -5%:Z; 0; 1]].

(** 24 is invertible exactly where 6 is. *)
Theorem winograd_f4_3 (R : comRingType) (sixth : R) : 6%:R * sixth = 1 ->
  let twentyfourth := 9%:R * sixth * sixth * sixth in
  minimal 4 3 6 6 (in_ring R F4_output) (fun t a => twentyfourth * in_ring R F4_kernel t a) (in_ring R F4_signal).
Proof.
move=> six_sixths twentyfourth.
apply: (@exact_matrices_minimal R 4 3 6 F4_output F4_kernel F4_signal 24) => //.
transitivity ((6%:R * sixth) * (6%:R * sixth) * (6%:R * sixth)); first by rewrite /twentyfourth; ring.
by rewrite six_sixths !mulr1.
Qed.
