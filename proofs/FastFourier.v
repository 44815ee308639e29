(** * FastFourier: splitting a transform, the radix-2 algorithm, subsampling

    Glossary
    - x is a function of a natural number; [spectrum N w x j] is Σ_{n < N} x(n) w^{jn}, the DFT of its first N values
    - [residue s r x]  every s-th value from r on: m ↦ x(sm + r)
    - [fft t w x j]    entry j of the recursive radix-2 transform of 2ᵗ values

    Main results
    - a transform of sM values is s transforms of M values, put together with the twiddle factors w^{jr}, for every s
    - the radix-2 butterfly, and that the algorithm that it gives is the DFT
    - aliasing: keeping every s-th value averages the spectrum over the s frequencies that fall together *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Convolution Fourier.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition spectrum (R : comRingType) (N : nat) (w : R) (x : nat -> R) (j : nat) : R :=
  dft w (fun n : 'I_N => x n) j.

Definition residue (T : Type) (s r : nat) (x : nat -> T) (m : nat) : T := x (s * m + r)%N.

Lemma sum_by_residues (V : zmodType) s M (f : nat -> V) :
  \sum_(n < s * M) f n = \sum_(r < s) \sum_(m < M) f (s * m + r)%N.
Proof.
rewrite exchange_big; elim: M => [|M ih]; first by rewrite muln0 !big_ord0.
rewrite big_ord_recr -ih /= -!(big_mkord xpredT f) mulnS addnC.
rewrite (@big_cat_nat _ _ _ (s * M)) ?leq_addr //=; congr (_ + _).
rewrite -{1}(add0n (s * M)%N) big_addn addKn big_mkord.
by apply: eq_bigr => r _; rewrite addnC.
Qed.

Section Splitting.
Variable R : comRingType.
Implicit Types (w : R) (x : nat -> R).

(** The step of every mixed-radix fast transform. *)
Theorem decimation_in_time s M w x j :
  spectrum (s * M) w x j = \sum_(r < s) w ^+ (j * r) * spectrum M (w ^+ s) (residue s r x) j.
Proof.
rewrite /spectrum /dft (sum_by_residues _ _ (fun n => x n * w ^+ (j * n))); apply: eq_bigr => r _.
rewrite mulr_sumr; apply: eq_bigr => m _; rewrite mulrCA; congr (_ * _).
by rewrite -exprM -exprD mulnDr addnC mulnCA.
Qed.

Theorem radix2_step M w x j : w ^+ M = -1 ->
  let even := spectrum M (w ^+ 2) (residue 2 0 x) j in
  let odd := spectrum M (w ^+ 2) (residue 2 1 x) j in
  spectrum (2 * M) w x j = even + w ^+ j * odd /\ spectrum (2 * M) w x (j + M) = even - w ^+ j * odd.
Proof.
move=> wM /=; split; rewrite decimation_in_time 2!big_ord_recr big_ord0 /= add0r muln0 expr0 mul1r muln1 //.
have w2M : (w ^+ 2) ^+ M = 1 by rewrite -exprM mulnC exprM wM sqrrN expr1n.
have shift y : spectrum M (w ^+ 2) y (j + M) = spectrum M (w ^+ 2) y j.
  by rewrite /spectrum -[LHS]dft_periodic // modnDr dft_periodic.
by rewrite !shift exprD wM mulrN1 mulNr.
Qed.

Fixpoint fft (t : nat) (w : R) (x : nat -> R) (j : nat) : R :=
  if t is t'.+1 then
    let M := (2 ^ t')%N in
    let even := fft t' (w ^+ 2) (residue 2 0 x) in
    let odd := fft t' (w ^+ 2) (residue 2 1 x) in
    if (j < M)%N then even j + w ^+ j * odd j else even (j - M)%N - w ^+ (j - M) * odd (j - M)%N
  else x 0%N.

Lemma radix2_transform_ring t w x j : ((0 < t)%N -> w ^+ (2 ^ t.-1) = -1) ->
  (j < 2 ^ t)%N -> fft t w x j = spectrum (2 ^ t) w x j.
Proof.
elim: t w x j => [|t ih] w x j half jN.
  by rewrite /spectrum /dft big_ord_recr big_ord0 /= add0r muln0 expr0 mulr1.
have wM := half isT; rewrite /= in wM.
have half2 : (0 < t)%N -> (w ^+ 2) ^+ (2 ^ t.-1) = -1 by move=> t0; rewrite -exprM -expnS prednK.
rewrite expnS /=; case: ltnP => [jM | Mj]; first by rewrite !ih //; have [-> _] := radix2_step x j wM.
have jM : (j - 2 ^ t < 2 ^ t)%N by rewrite ltn_subLR // addnn -mul2n -expnS.
by rewrite !ih // -[j in RHS](subnK Mj); have [_ ->] := radix2_step x (j - 2 ^ t) wM.
Qed.

End Splitting.

Section Field.
Variables (F : fieldType) (w : F).

Lemma half_of_circle t : (2 ^ t.+1).-primitive_root w -> w ^+ (2 ^ t) = -1.
Proof.
move=> primitive; have /eqP : (w ^+ (2 ^ t)) ^+ 2 = 1 by rewrite -exprM -expnSr prim_expr_order.
rewrite sqrf_eq1 => /orP [|/eqP //]; rewrite -(prim_order_dvd primitive).
by rewrite dvdn_Pexp2l // ltnn.
Qed.

Theorem radix2_transform t (x : nat -> F) j : (2 ^ t).-primitive_root w -> (j < 2 ^ t)%N ->
  fft t w x j = dft w (fun n : 'I_(2 ^ t) => x n) j.
Proof.
by move=> primitive jN; apply: radix2_transform_ring => //; case: t primitive {jN} => // t /half_of_circle.
Qed.

(** Keep every s-th of sM values: entry j of the short spectrum is the mean of the entries j, j + M, j + 2M, … *)
Theorem aliasing s M (x : nat -> F) j : (s * M).-primitive_root w ->
  spectrum M (w ^+ s) (residue s 0 x) j = s%:R^-1 * \sum_(r < s) spectrum (s * M) w x (j + r * M).
Proof.
move=> primitive; have /andP [s0 M0] : ((0 < s) && (0 < M))%N by rewrite -muln_gt0 (prim_order_gt0 primitive).
have primitive_s : s.-primitive_root (w ^+ M).
  by have := dvdn_prim_root primitive (dvdn_mulr M (dvdnn s)); rewrite mulKn.
have s_unit := length_is_invertible primitive_s.
apply: (mulfI s_unit); rewrite mulVKf //.
transitivity (\sum_(n < s * M) x n * w ^+ (j * n) * (if (s %| n)%N then s%:R else 0)); last first.
  rewrite exchange_big; apply: eq_bigr => n _; rewrite -(sum_of_powers primitive_s) mulr_sumr; apply: eq_bigr => r _.
  by rewrite -mulrA -exprM -exprD mulnDl mulnCA mulnA.
rewrite (sum_by_residues s M (fun n => x n * w ^+ (j * n) * (if (s %| n)%N then s%:R else 0))).
rewrite (bigD1 (Ordinal s0)) //= [X in _ + X]big1 ?addr0 => [|r r0]; last first.
  apply: big1 => m _; rewrite dvdn_addr ?dvdn_mulr // /dvdn modn_small //.
  by rewrite -[(_ == 0)%N]/(r == Ordinal s0) (negPf r0) mulr0.
rewrite mulr_sumr; apply: eq_bigr => m _.
by rewrite /residue !addn0 dvdn_mulr // [LHS]mulrC -exprM mulnCA.
Qed.

End Field.
