(** * Pooling: what windows of pooling commute with, tolerate, and cover

    Glossary
    - [pool]             the pooling of Layer.v, with any commutative monoid: maximum, or sum (mean = sum / taps)
    - [pooling op k s x] on an axis without end: j ↦ x(s j) op … op x(s j + k − 1)
    - [adaptive n m]     window i of m windows over n entries: from ⌊i n / m⌋ on, before ⌈(i + 1) n / m⌉

    Main results
    - pooling takes a translation by t to a translation iff the stride divides t; it is invariant under none but t = 0
    - a window may be permuted; a maximum stays if it moves inside its window, whatever the others are below it
    - the windows of adaptive pooling are never empty, leave nothing out, and are those of plain pooling where m divides
      n; with m = 1 it is pooling over everything *)

From mathcomp Require Import all_ssreflect all_algebra zify.
From Equivariant Require Import Layer.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Translation.
Variables (R : eqType) (idx : R) (op : Monoid.com_law idx) (s : int) (k : nat).

Definition pooling : (int -> R) -> int -> R := pool (integer_stride_map s) (fun i : 'I_k => i%:Z) op.

Variable value : R.
Hypothesis other : value != idx.
Hypothesis taps : (0 < k)%N.

Definition spike (m : int) : int -> R := fun i => if i == m then value else idx.

Lemma pooling_spike m b : (pooling (spike m) b == value) = (0 <= m - s * b < k%:Z).
Proof.
rewrite /pooling /pool /patch_layer; under eq_bigr do rewrite ffunE /spike /= /integer_stride.
have [/andP[low high] | outside] := boolP (0 <= m - s * b < k%:Z).
  have lt : (`|(m - s * b)%R| < k)%N by lia.
  rewrite (bigD1 (Ordinal lt)) //= big1 ?Monoid.mulm1 => [|i ne].
    by rewrite (_ : _ == m) ?eqxx //; apply/eqP; lia.
  by case: eqP => // e; case/eqP: ne; apply/val_inj => /=; lia.
rewrite big1 ?[_ == value]eq_sym ?(negPf other) // => i _.
by case: eqP => // e; case/negP: outside; have := ltn_ord i; lia.
Qed.

Lemma pooling_translation t : (exists u, forall x, pooling (translate t x) =1 translate u (pooling x)) ->
  exists u, t = s * u /\ forall x, pooling (translate t x) =1 translate u (pooling x).
Proof.
move=> [u commutes]; exists u; split=> //.
have shifted m b : translate t (spike m) b = spike (m + t) b by rewrite /translate /spike subr_eq.
have same m : (0 <= m + t < k%:Z) = (0 <= m + s * u < k%:Z).
  have -> : (0 <= m + t < k%:Z) = (pooling (translate t (spike m)) 0 == value).
    rewrite (_ : pooling _ 0 = pooling (spike (m + t)) 0) ?pooling_spike ?mulr0 ?subr0 //.
    exact/eq_patch_layer/shifted.
  by rewrite commutes /translate pooling_spike sub0r mulrN opprK.
have := same (- t); rewrite addNr; have := same (- (s * u)); rewrite addNr; lia.
Qed.

Theorem pool_only_multiples t :
  (exists u, forall x, pooling (translate t x) =1 translate u (pooling x)) <-> (exists u, t = s * u).
Proof.
split=> [/pooling_translation[u [e _]] | [u ->]]; exists u => // x.
exact: (@pool_stride_equivariance _ _ (integer_stride_map s)).
Qed.

Theorem pool_not_invariant t : (forall x, pooling (translate t x) =1 pooling x) -> t = 0.
Proof.
move=> invariant; have shifted m b : translate t (spike m) b = spike (m + t) b by rewrite /translate /spike subr_eq.
have same m : (0 <= m + t < k%:Z) = (0 <= m < k%:Z).
  have -> : (0 <= m + t < k%:Z) = (pooling (translate t (spike m)) 0 == value).
    rewrite (_ : pooling _ 0 = pooling (spike (m + t)) 0) ?pooling_spike ?mulr0 ?subr0 //.
    exact/eq_patch_layer/shifted.
  by rewrite invariant pooling_spike mulr0 subr0.
have := same (- t); rewrite addNr; have := same 0; rewrite add0r; lia.
Qed.

End Translation.

(** ** Inside a window *)

(** The values of a window may change places. *)
Theorem pool_window_permuted (R : Type) (idx : R) (op : Monoid.com_law idx) (K : finType) (p : K -> R) (g : K -> K) :
  injective g -> \big[op/idx]_k p (g k) = \big[op/idx]_k p k.
Proof. exact: global_pooling_invariant. Qed.

(** If M is in both windows and nothing in them is larger, both have maximum M. [bottom] stands for −∞, or for what a
    padded border shows. *)
Theorem pool_tolerance (R : realDomainType) (K : finType) (bottom M : R) (p q : K -> R) : bottom <= M ->
  (exists k, p k = M) -> (exists k, q k = M) -> (forall k, p k <= M) -> (forall k, q k <= M) ->
  \big[Num.max/bottom]_k p k = \big[Num.max/bottom]_k q k.
Proof.
move=> low; have maximum (r : K -> R) : (exists k, r k = M) -> (forall k, r k <= M) -> \big[Num.max/bottom]_k r k = M.
  move=> [k rk] bound; apply/eqP; rewrite eq_le; apply/andP; split.
    by elim/big_ind: _ => // a b aM bM; rewrite le_maxl aM.
  rewrite -rk; have : k \in index_enum K by rewrite mem_index_enum.
  elim: (index_enum K) => // l rest IH; rewrite inE big_cons le_maxr => /orP[/eqP <- | /IH ->]; rewrite ?lexx ?orbT //.
by move=> hp hq bp bq; rewrite !maximum.
Qed.

(** ** Adaptive windows *)

Section Adaptive.
Variables (n m : nat).
Hypothesis entries : (0 < n)%N.
Hypothesis windows : (0 < m)%N.

Definition adaptive_start (i : nat) : nat := (i * n %/ m)%N.
Definition adaptive_end (i : nat) : nat := ((i.+1 * n + m.-1) %/ m)%N.

Theorem adaptive_windows_inside i : (i < m)%N -> (adaptive_start i < adaptive_end i <= n)%N.
Proof.
move=> lt; rewrite /adaptive_start /adaptive_end; have := divn_eq (i * n) m; have := divn_eq (i.+1 * n + m.-1) m.
have := ltn_pmod (i * n) windows; have := ltn_pmod (i.+1 * n + m.-1) windows.
have : (i.+1 * n <= m * n)%N by rewrite leq_mul2r lt orbT.
move: (_ %/ _)%N (_ %% _)%N (_ %/ _)%N (_ %% _)%N => a b a' b'; rewrite mulSn; move: (i * n)%N => t; nia.
Qed.

Theorem adaptive_windows_cover : adaptive_start 0 = 0%N /\ adaptive_end m.-1 = n /\
  forall i, (adaptive_start i.+1 <= adaptive_end i)%N.
Proof.
split; first by rewrite /adaptive_start div0n.
split; first by rewrite /adaptive_end prednK // mulnC divnMDl // divn_small ?addn0 // prednK.
by move=> i; apply: leq_div2r; rewrite leq_addr.
Qed.

Theorem adaptive_is_plain_pooling i : (m %| n)%N ->
  adaptive_start i = (i * (n %/ m))%N /\ adaptive_end i = (i * (n %/ m) + n %/ m)%N.
Proof.
rewrite /adaptive_start /adaptive_end => /dvdnP[q ->]; rewrite !mulnA !mulnK // divnMDl // divn_small ?prednK //.
by rewrite addn0 mulSnr.
Qed.

End Adaptive.

(** One window for everything, whatever the size. *)
Theorem adaptive_global n : (0 < n)%N -> adaptive_start n 1 0 = 0%N /\ adaptive_end n 1 0 = n.
Proof. by move=> n0; rewrite /adaptive_start /adaptive_end !divn1 mul1n addn0. Qed.
