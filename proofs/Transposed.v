(** * Transposed: transposed convolution and gradients, for every stride, dilation, padding and output padding

    Glossary
    - P, Q             the positions of the input and of the output; K the taps; C, D the channels of input and output
    - [read q k]       the position that tap k of output q reads, or none where it reads a padding zero. Strides,
                       dilations, paddings, boundaries and any number of axes are choices of [read]
    - [fetch x o c]    x at that position, or 0
    - [forward w x]    (q, d) ↦ Σ_k Σ_c w(d, c, k) x̃(read q k)(c): the layer
    - [backward w y]   (p, c) ↦ Σ_q Σ_{k : read q k = p} Σ_d w(d, c, k) y(q)(d): the transposed convolution
    - [weight_gradient x y]  (d, c, k) ↦ Σ_q x̃(read q k)(c) y(q)(d): a correlation of y with x
    - on one axis, with the sizes of SymmetricGrid.v: [axis_read] is [read], [stuffed s m y] is y with s − 1 zeros between
      its m entries

    Main results
    - ⟨forward w x, y⟩ = ⟨x, backward w y⟩ = ⟨w, weight_gradient x y⟩
    - the layer's derivative in direction (dw, dx) is forward dw x + forward w dx: so these two are its gradients
    - the gradient of a chain is the chain of the transposes, backwards
    - on an axis the transposed convolution is the full convolution of the zero-stuffed signal with the zero-stuffed
      kernel, cropped by the padding
    - the lengths that give m + 1 outputs are m s + d(k−1) + 1 − 2p + (output padding), output padding < s *)

From mathcomp Require Import all_ssreflect all_algebra zify ring.
From Equivariant Require Import SymmetricGrid.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section AnyReading.
Variables (R : comRingType) (P Q K C D : finType) (read : Q -> K -> option P).
Implicit Types (w : D -> C -> K -> R) (x : P -> C -> R) (y : Q -> D -> R).

Definition fetch x (o : option P) (c : C) : R := if o is Some p then x p c else 0.

Definition forward w x (q : Q) (d : D) : R := \sum_k \sum_c w d c k * fetch x (read q k) c.
Definition backward w y (p : P) (c : C) : R := \sum_q \sum_(k | read q k == Some p) \sum_d w d c k * y q d.
Definition weight_gradient x y (d : D) (c : C) (k : K) : R := \sum_q fetch x (read q k) c * y q d.

Lemma fetch_sum x o c : fetch x o c = \sum_p (o == Some p)%:R * x p c.
Proof.
case: o => [p|] /=; last by rewrite big1 // => p _; rewrite mul0r.
rewrite (bigD1 p) //= eqxx mul1r big1 ?addr0 // => p' /negPf pp.
by rewrite (_ : (Some p == Some p') = (p == p')) // eq_sym pp mul0r.
Qed.

Lemma forward_inner w x y q :
  \sum_d forward w x q d * y q d = \sum_k \sum_c fetch x (read q k) c * \sum_d w d c k * y q d.
Proof.
under eq_bigr do rewrite mulr_suml; rewrite exchange_big; apply: eq_bigr => k _ /=.
under eq_bigr do rewrite mulr_suml; rewrite exchange_big; apply: eq_bigr => c _ /=.
by rewrite mulr_sumr; apply: eq_bigr => d _; rewrite mulrAC mulrC.
Qed.

Theorem transposed_every_option w x y :
  \sum_q \sum_d forward w x q d * y q d = \sum_p \sum_c x p c * backward w y p c.
Proof.
under eq_bigr do rewrite forward_inner; pose S q k c := \sum_d w d c k * y q d.
transitivity (\sum_q \sum_k \sum_p \sum_c (read q k == Some p)%:R * x p c * S q k c).
  apply: eq_bigr => q _; apply: eq_bigr => k _; rewrite exchange_big; apply: eq_bigr => c _ /=.
  by rewrite -mulr_suml -fetch_sum.
under eq_bigr do rewrite exchange_big; rewrite exchange_big; apply: eq_bigr => p _ /=.
transitivity (\sum_q \sum_c \sum_k (read q k == Some p)%:R * x p c * S q k c).
  by apply: eq_bigr => q _; rewrite exchange_big.
rewrite exchange_big; apply: eq_bigr => c _ /=; rewrite mulr_sumr; apply: eq_bigr => q _.
rewrite mulr_sumr [RHS]big_mkcond; apply: eq_bigr => k _.
by case: ifP => _; rewrite ?mul1r // !mul0r.
Qed.

Theorem weight_gradient_is_adjoint w x y :
  \sum_q \sum_d forward w x q d * y q d = \sum_d \sum_c \sum_k w d c k * weight_gradient x y d c k.
Proof.
rewrite exchange_big; apply: eq_bigr => d _ /=; rewrite [RHS]exchange_big /=.
under eq_bigr do rewrite mulr_suml; rewrite exchange_big; apply: eq_bigr => k _ /=.
under eq_bigr do rewrite mulr_suml; rewrite exchange_big; apply: eq_bigr => c _ /=.
by rewrite mulr_sumr; apply: eq_bigr => q _; rewrite mulrA.
Qed.

(** The derivative, as dual numbers compute it: what stands at e where e² = 0. *)
Theorem layer_derivative w dw x dx (e : R) q d : e ^+ 2 = 0 ->
  forward (fun d c k => w d c k + e * dw d c k) (fun p c => x p c + e * dx p c) q d =
  forward w x q d + e * (forward dw x q d + forward w dx q d).
Proof.
move=> square; rewrite mulrDr !mulr_sumr -!big_split; apply: eq_bigr => k _.
rewrite /= !mulr_sumr -!big_split; apply: eq_bigr => c _ /=.
have -> : fetch (fun p c => x p c + e * dx p c) (read q k) c = fetch x (read q k) c + e * fetch dx (read q k) c.
  by case: (read q k) => [p|] //=; rewrite mulr0 addr0.
by rewrite -[RHS]addr0 -(mul0r (dw d c k * fetch dx (read q k) c)) -square; ring.
Qed.

End AnyReading.

(** Layers one after the other: what goes back goes through the transposes in the opposite order. *)
Theorem backward_chain (R : comRingType) (P Q S : finType) (K : Q -> P -> R) (L : S -> Q -> R) (s : S) (p : P) :
  let after (X Y Z : finType) (B : Z -> Y -> R) (A : Y -> X -> R) z x := \sum_y B z y * A y x in
  let transpose (X Y : finType) (A : Y -> X -> R) x y := A y x in
  transpose _ _ (after _ _ _ L K) p s = after _ _ _ (transpose _ _ K) (transpose _ _ L) p s.
Proof. by apply: eq_bigr => q _; rewrite mulrC. Qed.

(** ** One axis *)

Section Axis.
Variables (R : comRingType) (n p k d s : nat).

Definition axis_read (j : nat) (i : 'I_k) : option 'I_n :=
  if position p d s j i is Posz a then insub a else None.

Lemma axis_readP j i (a : 'I_n) : (axis_read j i == Some a) = (s * j + d * i == a + p)%N.
Proof.
rewrite /axis_read; case e : (position p d s j i) => [b|b]; rewrite /position in e; last first.
  by have -> : (s * j + d * i == a + p)%N = false by apply/eqP; lia.
case: insubP => [b' _ e'|outside].
  by apply/eqP/eqP => [[<-]|?]; [rewrite e'; lia | congr Some; apply/val_inj; rewrite /= e'; lia].
by have -> : (s * j + d * i == a + p)%N = false by apply/eqP; have := ltn_ord a; move: outside; lia.
Qed.

(** It reads what the padded signal shows, so this is the layer of SymmetricGrid.v. *)
Theorem axis_read_is_padded (x : int -> R) j i :
  fetch (fun (a : 'I_n) (_ : unit) => x a%:Z) (axis_read j i) tt = padded n 0 x (position p d s j i).
Proof.
rewrite /axis_read /padded /inside; case: (position p d s j i) => [b|b] //=.
by rewrite ltz_nat; case: insubP => [b' -> <- | /negPf ->].
Qed.

(** The m entries of y, with s − 1 zeros between them. *)
Definition stuffed (step length : nat) (y : nat -> R) (a : nat) : R := \sum_(j < length | (step * j == a)%N) y j.

Theorem transposed_by_zero_stuffing m (w : nat -> R) (y : nat -> R) (a : 'I_n) :
  backward (fun (j : 'I_m) (i : 'I_k) => axis_read j i) (fun _ _ i => w i) (fun (j : 'I_m) (_ : unit) => y j) a tt =
  \sum_(b < (a + p).+1) stuffed s m y b * stuffed d k w (a + p - b).
Proof.
transitivity (\sum_(j < m) \sum_(i < k) (s * j + d * i == a + p)%N%:R * (y j * w i)).
  apply: eq_bigr => j _; rewrite big_mkcond; apply: eq_bigr => i _; rewrite axis_readP.
  by case: ifP => _; rewrite ?mul0r // (big_pred1 tt) => [|[]//]; rewrite mul1r mulrC.
transitivity (\sum_(b < (a + p).+1) \sum_(j < m) \sum_(i < k)
    ((s * j == b) && (d * i == a + p - b))%N%:R * (y j * w i)); last first.
  apply: eq_bigr => b _; rewrite /stuffed mulr_suml [RHS]big_mkcond; apply: eq_bigr => j _.
  case: ifP => _; last by rewrite big1 // => i _; rewrite mul0r.
  rewrite mulr_sumr [RHS]big_mkcond; apply: eq_bigr => i _.
  by case: ifP => _; rewrite ?mul1r ?mul0r.
rewrite [RHS]exchange_big; apply: eq_bigr => j _; rewrite [RHS]exchange_big; apply: eq_bigr => i _ /=.
rewrite -mulr_suml; congr (_ * _); have [le|lt] := leqP (s * j) (a + p).
  have short : (s * j < (a + p).+1)%N by rewrite ltnS.
  rewrite (bigD1 (Ordinal short)) //= eqxx big1 ?addr0 => [|b ne].
    by congr (nat_of_bool _)%:R; apply/eqP/eqP; lia.
  by rewrite [(_ == _)%N]eq_sym -val_eqE /= in ne *; rewrite (negPf ne).
rewrite big1 => [|b _]; first by case: eqP => //; lia.
by case: eqP => //; have := ltn_ord b; lia.
Qed.

(** The lengths of the input that give m + 1 outputs: one for each output padding. *)
Theorem output_padding_sizes m : (0 < s)%N -> (extent k d <= n + p + p)%N ->
  out_length n p k d s = m.+1 <-> exists padding, (padding < s)%N /\ (n + p + p = s * m + extent k d + padding)%N.
Proof.
move=> s0 fits; rewrite /out_length /excess; split=> [[<-] | [q [lt e]]].
  exists ((n + p + p - extent k d) %% s)%N; rewrite ltn_pmod //; split=> //.
  by have := divn_eq (n + p + p - extent k d) s; rewrite mulnC; lia.
by congr S; rewrite e addnAC addnK mulnC divnMDl // divn_small // addn0.
Qed.

End Axis.
