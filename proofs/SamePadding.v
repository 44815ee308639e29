(** * SamePadding: unequal padding at the two ends loses flips and quarter turns

    Glossary
    - an axis of length n with p zeros before and q after; k taps, dilation d, stride s, as in SymmetricGrid.v
    - [room]             n + p + q − d(k−1) − 1, how far a window can travel; ⌊room / s⌋ + 1 outputs
    - [square_correlate w x]  on square images, stride 1: (j, l) ↦ Σ_{a,b} w(a, b) x̃(j + a − p, l + b − p)
    - "same" padding     p + q = k − 1, so that stride 1 keeps the size; for even k the two cannot be equal

    Main results
    - if some tap reads the signal: correlation with every kernel commutes with the flip iff (room mod s) + p = q
    - so at stride 1 "same" padding with an even kernel loses the flip, and on images the quarter turn too *)

From mathcomp Require Import all_ssreflect all_algebra zify.
From Equivariant Require Import SymmetricGrid.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory.
Local Open Scope ring_scope.

Lemma padded_mirror n X (v : X) x (a : int) : padded n v (flip n x) a = padded n v x (n%:Z - 1 - a).
Proof. by rewrite /padded /flip (_ : inside n (_ - _) = inside n a) // /inside; lia. Qed.

Section Axis.
Variables (R : ringType) (n p q k d s : nat).

Definition room : nat := (n + p + q - extent k d)%N.
Definition outputs : nat := (room %/ s).+1.

Hypothesis stride_positive : (0 < s)%N.
Hypothesis fits : (extent k d <= n + p + q)%N.

Implicit Type w : 'I_k -> R.

Lemma mirrored_reading j i : (j < outputs)%N -> (i < k)%N ->
  n%:Z - 1 - position p d s j (k - i.+1) = position p d s (outputs.-1 - j) i + (room %% s + p)%N%:Z - q%:Z.
Proof.
move=> lt_j lt_i; rewrite /position (_ : (k - i.+1 = k.-1 - i)%N) /=; last by lia.
have := divn_eq room s; have := fits; rewrite [X in _ = (X + _)%N]mulnC {1}/room /extent !mulnBr.
have : (d * i <= d * k.-1)%N by rewrite leq_mul2l -ltnS prednK ?lt_i ?orbT // (leq_trans _ lt_i).
have : (s * j <= s * (room %/ s))%N by rewrite leq_mul2l -ltnS lt_j orbT.
lia.
Qed.

Theorem asymmetric_padding_flip :
  (exists j (i : 'I_k), (j < outputs)%N /\ inside n (position p d s j i)) ->
  (forall w x j, (j < outputs)%N ->
    correlate n p d s (reversed w) (flip n x) j = correlate n p d s w x (outputs.-1 - j)) <-> (room %% s + p = q)%N.
Proof.
move=> [j0 [i0 [lt_j0 read]]]; split=> [commutes | balanced w x j lt_j]; last first.
  rewrite !correlateE [LHS](reindex_inj rev_ord_inj) /=; apply: eq_bigr => i _.
  by rewrite /reversed rev_ordK padded_mirror mirrored_reading // balanced addrK.
have lt_j : (outputs.-1 - j0 < outputs)%N by rewrite /outputs ltnS leq_subr.
have back : (outputs.-1 - (outputs.-1 - j0))%N = j0 by rewrite subKn // -ltnS.
have := commutes (fun i => (i == i0)%:R) (fun a => (a == position p d s j0 i0)%:R) _ lt_j.
rewrite back !correlateE (bigD1 (rev_ord i0)) //= big1 ?addr0; last first.
  by move=> i ne; rewrite /reversed (inv_eq rev_ordK) (negPf ne) mul0r.
rewrite (bigD1 i0) //= big1 ?addr0; last by move=> i ne; rewrite (negPf ne) mul0r.
rewrite /reversed rev_ordK eqxx !mul1r padded_mirror mirrored_reading // back /padded read eqxx.
case: ifP => _; last by move/eqP; rewrite eq_sym oner_eq0.
by case: eqP => [e _ | _ /eqP]; [lia | rewrite eq_sym oner_eq0].
Qed.

End Axis.

(** "Same" padding at stride 1. *)
Theorem same_padding_even_kernel (R : ringType) (n p q k : nat) : (0 < n)%N -> (p + q = k.-1)%N -> (0 < k)%N ->
  (forall (w : 'I_k -> R) x j, (j < n)%N ->
    correlate n p 1 1 (reversed w) (flip n x) j = correlate n p 1 1 w x (n.-1 - j)) <-> p = q.
Proof.
move=> n0 same k0; have size : outputs n p q k 1 1 = n.
  by rewrite /outputs /room /extent divn1 mul1n -same; lia.
have lt_p : (p < k)%N by lia.
have := @asymmetric_padding_flip R n p q k 1 1 isT; rewrite size /room /extent modn1 add0n; apply; first by lia.
by exists 0%N, (Ordinal lt_p); split=> //; rewrite /inside /position /=; lia.
Qed.

(** ** Quarter turns of images *)

Section Square.
Variables (R : ringType) (n p k : nat).

Definition square_correlate (w : 'I_k -> 'I_k -> R) (x : int -> int -> R) (j l : nat) : R :=
  \sum_a \sum_b w a b * square_padded n 0 x (position p 1 1 j a) (position p 1 1 l b).

Theorem same_padding_quarter_turn : (0 < n)%N -> (0 < k)%N -> ~~ odd k -> (p < k)%N ->
  ~ forall w x j l, (j < n)%N -> (l < n)%N ->
    square_correlate (fun a b => w b (rev_ord a)) (quarter_turn n x) j l = square_correlate w x l (n.-1 - j).
Proof.
move=> n0 k0 even lt_p; pose centre := Ordinal lt_p.
move/(_ (fun a b => ((a == centre) && (b == centre))%:R) (fun a b => ((a == 0) && (b == n.-1%:Z))%:R) 0%N 0%N n0 n0).
have one_tap (F : 'I_k -> 'I_k -> R) (a0 b0 : 'I_k) :
    \sum_a \sum_b ((a == a0) && (b == b0))%:R * F a b = F a0 b0.
  rewrite (bigD1 a0) //= (bigD1 b0) //= !eqxx mul1r big1 ?addr0 => [|b /negPf ->]; last by rewrite mul0r.
  by rewrite big1 ?addr0 // => a /negPf ->; rewrite big1 // => b _; rewrite mul0r.
rewrite /square_correlate one_tap.
under eq_bigr => a _ do (under eq_bigr => b _ do rewrite andbC (inv_eq rev_ordK)).
rewrite one_tap /square_padded /quarter_turn /position /inside /= ?muln0 ?muln1 ?mul1n ?add0r ?subn0.
have -> : n.-1%:Z + p%:Z - p%:Z = n.-1%:Z by lia.
have read : (0 <= 0 :> int) && (0 < n%:Z) && ((0 <= n.-1%:Z) && (n.-1%:Z < n%:Z)) by lia.
rewrite subrr !eqxx read.
case: ifP => _; last by move/eqP; rewrite eq_sym oner_eq0.
case: eqP => [e _ | _ /eqP]; last by rewrite eq_sym oner_eq0.
by move: e even; lia.
Qed.

End Square.
