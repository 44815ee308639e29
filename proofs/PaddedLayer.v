(** * PaddedLayer: same-size layers with padding, as matrices, in the interior, and clear of the border

    Glossary
    - [L]                length of the axis; the boundaries and [extended] are those of Padding.v
    - [w], [reach]       the taps, from −reach to reach
    - [padded_layer b x i]  Σ_{|a| ≤ reach} w(a) x̃(i + a), x̃ the signal extended by boundary b
    - [rotated t x]      the cyclic shift i ↦ x(i + t mod L)
    - [clear x]          x is 0 at every entry that is at most [reach] away from an end

    Main results
    - with zero padding the layer is the dense layer with the weights w(j − i): a banded Toeplitz matrix. So what
      Padding.v proves of those weights holds of the layer
    - at least [reach] away from the ends all boundaries give the same
    - the periodic layer commutes with every cyclic shift; every other boundary does as long as the signal stays clear of
      the border before and after *)

From mathcomp Require Import all_ssreflect all_algebra zify.
From Equivariant Require Import Padding.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section PaddedLayer.
Variables (R : ringType) (m : nat) (w : int -> R) (reach : nat).
Let L := m.+1.
Implicit Types (b : boundary) (x : nat -> R) (t : nat).

Definition padded_layer b x (i : int) : R :=
  \sum_(a < (2 * reach).+1) w (a%:Z - reach%:Z) * extended L b x (i + (a%:Z - reach%:Z)).

Lemma zero_extended_sum x (i : int) : extended L Zero x i = \sum_(j < L) (if j%:Z == i then x j else 0).
Proof.
have [/andP[low high] | outside] := boolP ((0 <= i) && (i < L%:Z)); last first.
  rewrite zero_extension // big1 // => j _; case: eqP => // e; case/negP: outside; have := ltn_ord j; lia.
have lt : (`|i| < L)%N by lia.
rewrite (bigD1 (Ordinal lt)) //= big1 ?addr0 => [|j ne].
  by rewrite gez0_abs // eqxx -{1}(gez0_abs low) boundaries_extend.
by case: eqP => // e; case/eqP: ne; apply/val_inj => /=; lia.
Qed.

Theorem zero_padded_is_dense : (forall a, (reach < `|a|)%N -> w a = 0) -> forall x (i : 'I_L),
  padded_layer Zero x i%:Z = dense (fun i j : 'I_L => w (j%:Z - i%:Z)) (fun j : 'I_L => x j) i.
Proof.
move=> support x i; rewrite /padded_layer /dense.
under [LHS]eq_bigr do rewrite zero_extended_sum mulr_sumr; rewrite exchange_big; apply: eq_bigr => j _ /=.
have [near|far] := leqP `|j%:Z - i%:Z| reach; last first.
  rewrite support // mul0r big1 // => a _; case: eqP => [e|]; rewrite ?mulr0 //.
  by have := ltn_ord a; lia.
have lt : (`|(j%:Z - i%:Z + reach%:Z)%R| < (2 * reach).+1)%N by lia.
rewrite (bigD1 (Ordinal lt)) //= big1 ?addr0 => [|a ne].
  have -> : `|(j%:Z - i%:Z + reach%:Z)%R|%N%:Z - reach%:Z = j%:Z - i%:Z by lia.
  by rewrite (_ : i%:Z + (j%:Z - i%:Z) = j%:Z) ?eqxx //; lia.
by case: eqP => e; rewrite ?mulr0 //; case/eqP: ne; apply/val_inj => /=; lia.
Qed.

Theorem layers_agree_inside b b' x (i : nat) : (reach <= i)%N -> (i + reach < L)%N ->
  padded_layer b x i%:Z = padded_layer b' x i%:Z.
Proof.
move=> low high; apply: eq_bigr => a _; congr (_ * _).
have -> : i%:Z + (a%:Z - reach%:Z) = (i + a - reach)%N%:Z by lia.
by apply: boundaries_agree_inside; have := ltn_ord a; lia.
Qed.

Definition rotated t x (i : nat) : R := x ((i + t) %% L)%N.

Lemma periodic_source_bound i : exists2 k, source Periodic L i = Some k & (k < L)%N.
Proof. by exists `|(i %% L%:Z)%Z|%N => //; have := modz_ge0 i (isT : L%:Z != 0); have := ltz_mod i (isT : L%:Z != 0); lia. Qed.

Lemma periodic_rotated t x i : extended L Periodic (rotated t x) i = extended L Periodic x (i + t%:Z).
Proof.
rewrite /extended /source /rotated; congr x; apply/eqP; rewrite -eqz_nat.
have nonzero : L%:Z != 0 by [].
by rewrite -modz_nat PoszD !gez0_abs ?modz_ge0 // modzDml.
Qed.

Lemma periodic_layer_period x (i : nat) : padded_layer Periodic x (i %% L)%N%:Z = padded_layer Periodic x i%:Z.
Proof.
apply: eq_bigr => a _; congr (_ * _); rewrite /extended /source; congr x; congr absz.
by rewrite -modz_nat modzDml.
Qed.

Theorem periodic_layer_shift t x (i : nat) :
  padded_layer Periodic (rotated t x) i%:Z = rotated t (fun j => padded_layer Periodic x j%:Z) i.
Proof.
rewrite /rotated periodic_layer_period; apply: eq_bigr => a _; congr (_ * _).
by rewrite (periodic_rotated t x) PoszD addrAC.
Qed.

Definition clear x : Prop := forall k, (k <= reach)%N || (m <= k + reach)%N -> x k = 0.

Lemma clear_extended b x (i : int) : clear x -> - reach%:Z <= i -> i <= m%:Z + reach%:Z ->
  extended L b x i = if (0 <= i) && (i < L%:Z) then x `|i|%N else 0.
Proof.
move=> cleared low high; have [/andP[i0 iL] | outside] := boolP ((0 <= i) && (i < L%:Z)).
  by rewrite -{1}(gez0_abs i0) boundaries_extend //; lia.
rewrite /extended; case e : (source b L i) => [k|] //; apply: cleared; move: e.
have L1 : L.-1 = m by [].
case: b.
- by rewrite /source (negPf outside).
- have [single|long] := posnP m; first by rewrite reflect_single // => -[<-].
  have [q [r [ie lt]]] := @euclid (2 * m) i ltac:(lia).
  rewrite ie reflect_source // => -[<-].
  have [q0|[q1|q1]] : q = 0 \/ 1 <= q \/ q <= -1 by lia.
  + by move: outside low high; rewrite ie q0 mul0r add0r /L /=; lia.
  + have : (2 * m)%N%:Z <= q * (2 * m)%N%:Z by nia.
    by move: low high; rewrite ie /L /=; lia.
  have : q * (2 * m)%N%:Z <= - (2 * m)%N%:Z by nia.
  by move: low high; rewrite ie /L /=; lia.
- by move=> [<-]; case: ifP => _; [rewrite leq0n | rewrite /L /=; lia].
have [q [r [ie lt]]] := @euclid L i ltac:(by []).
rewrite ie periodic_source // => -[<-].
have [q0|[q1|q1]] : q = 0 \/ 1 <= q \/ q <= -1 by lia.
- by move: outside; rewrite ie q0 mul0r add0r; lia.
- have : L%:Z <= q * L%:Z by nia.
  by move: low high lt; rewrite ie /L; lia.
have : q * L%:Z <= - L%:Z by nia.
by move: low high lt; rewrite ie /L; lia.
Qed.

Lemma clear_layer b x (i : nat) : clear x -> (i < L)%N -> padded_layer b x i%:Z = padded_layer Periodic x i%:Z.
Proof.
move=> cleared lt; apply: eq_bigr => a _; congr (_ * _); have := ltn_ord a.
by move=> la; rewrite !clear_extended //; rewrite /L in lt; lia.
Qed.

Theorem padding_clear_of_border b t x (i : nat) : clear x -> clear (rotated t x) -> (i < L)%N ->
  padded_layer b (rotated t x) i%:Z = rotated t (fun j => padded_layer b x j%:Z) i.
Proof.
move=> cleared still lt; rewrite clear_layer // periodic_layer_shift /rotated clear_layer //.
exact: ltn_pmod.
Qed.

End PaddedLayer.
