(** * FourierError: rounding error of complex arithmetic, of the radix-2 transform, and of convolution by it

    Everything holds for any arithmetic that satisfies the stated relative bounds: no floating-point format is fixed.

    Glossary
    - [energy f]         Σ_i |f(i)|², the square of the 2-norm
    - [u]                bound of the relative error of a complex sum or difference: |fl(a ± b) − (a ± b)| ≤ u |a ± b|
    - [ρ]                the same for a complex product; [mu] the absolute error of a twiddle factor
    - [times t w j b]    the product w^j b as the program computes it at level t, with error at most [g t] |b|
    - [computed_fft]     the radix-2 transform of FastFourier.v with computed sums and products
    - [growth t]         Π_{i ≤ t} (1 + u)(1 + g i)

    Main results
    - rounded parts give a complex sum the error u and a complex product the error √2 ((1+u)² − 1), about 2.83 u. (For
      floating-point numbers √5 u is known: Brent, Percival, Zimmermann, Math. Comp. 76, 2007. It needs more than relative
      errors, and is not proved here.)
    - a twiddle factor off by mu makes g = mu + ρ(1 + mu) (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
      Theorem 24.2; Brisebarre et al., ACM Trans. Math. Softw. 46, 2020)
    - the transform of 2ᵗ numbers is off by at most growth(t) − 1, relative, in the 2-norm; each entry by at most
      growth(t) − 1 times Σ|x|. Levels whose factors are 1 and −i have g = 0, so that two levels drop out
    - convolution by any transforms of relative error ε (norm-wise forward, entry-wise backward) is off by at most
      ((1+ε)² (1+ε′)(1+η) − 1) Σ_c ‖x_c‖‖y_c‖ in each entry, η the error of the sums of products. With the radix-2
      transform and one channel this is the bound of C. Percival (Math. Comp. 72, 2003) *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra ring.
From Equivariant Require Convolution.
From Equivariant Require Import Fourier FastFourier.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** ** Complex numbers as pairs of rounded parts *)

Section Parts.
Variables (R : realFieldType) (u : R) (fl : R -> R).
Hypothesis u_nonnegative : 0 <= u.
Hypothesis relative : forall x, `|fl x - x| <= u * `|x|.

Theorem complex_sum_error (a b c d : R) :
  (fl (a + c) - (a + c)) ^+ 2 + (fl (b + d) - (b + d)) ^+ 2 <= u ^+ 2 * ((a + c) ^+ 2 + (b + d) ^+ 2).
Proof.
have square x : (fl x - x) ^+ 2 <= u ^+ 2 * x ^+ 2.
  by rewrite -exprMn -[X in X <= _]real_normK ?num_real // -[X in _ <= X]real_normK ?num_real // normrM
     [`|u|]ger0_norm // ler_expn2r ?nnegrE ?mulr_ge0 ?relative.
by rewrite mulrDr ler_add.
Qed.

Let gamma := (1 + u) ^+ 2 - 1.

Lemma gamma_nonnegative : 0 <= gamma.
Proof. by rewrite subr_ge0 exprn_ege1 // ler_addl. Qed.

(** A part of a product: two rounded products, and their rounded sum. *)
Lemma part_error (x y : R) : `|fl (fl x + fl y) - (x + y)| <= gamma * (`|x| + `|y|).
Proof.
have -> : fl (fl x + fl y) - (x + y) = (fl (fl x + fl y) - (fl x + fl y)) + ((fl x - x) + (fl y - y)) by ring.
have close : `|(fl x - x) + (fl y - y)| <= u * (`|x| + `|y|).
  by apply: le_trans (ler_norm_add _ _) _; rewrite mulrDr ler_add.
apply: le_trans (ler_norm_add _ _) _.
have -> : gamma * (`|x| + `|y|) = u * ((1 + u) * (`|x| + `|y|)) + u * (`|x| + `|y|) by rewrite /gamma; ring.
apply: (ler_add _ close); apply: le_trans (relative _) _; rewrite ler_wpmul2l //.
have -> : fl x + fl y = (x + y) + ((fl x - x) + (fl y - y)) by ring.
rewrite [(1 + u) * _]mulrDl mul1r.
by apply: le_trans (ler_norm_add _ _) (ler_add (ler_norm_add _ _) close).
Qed.

Lemma square_bound (x e : R) : 0 <= e -> `|x| <= e -> x ^+ 2 <= e ^+ 2.
Proof. by move=> e0 le; rewrite -real_normK ?num_real // ler_expn2r ?nnegrE. Qed.

(** (a + bi)(c + di), real part and imaginary part; the square of the relative error is at most 2γ². [fl] commutes with
    the change of sign, so the difference is a sum. *)
Theorem complex_product_error (a b c d : R) :
  (fl (fl (a * c) + fl (- (b * d))) - (a * c - b * d)) ^+ 2 + (fl (fl (a * d) + fl (b * c)) - (a * d + b * c)) ^+ 2 <=
  2%:R * ((1 + u) ^+ 2 - 1) ^+ 2 * ((a ^+ 2 + b ^+ 2) * (c ^+ 2 + d ^+ 2)).
Proof.
have one_part (p q r s : R) : (`|p * r| + `|q * s|) ^+ 2 <= (p ^+ 2 + q ^+ 2) * (r ^+ 2 + s ^+ 2).
  rewrite !normrM -subr_ge0 -[p ^+ 2]real_normK ?num_real // -[q ^+ 2]real_normK ?num_real //.
  rewrite -[r ^+ 2]real_normK ?num_real // -[s ^+ 2]real_normK ?num_real //.
  have -> : (`|p| ^+ 2 + `|q| ^+ 2) * (`|r| ^+ 2 + `|s| ^+ 2) - (`|p| * `|r| + `|q| * `|s|) ^+ 2 =
      (`|p| * `|s| - `|q| * `|r|) ^+ 2 by ring.
  exact: sqr_ge0.
have bound x y p : (`|x| + `|y|) ^+ 2 <= p -> (fl (fl x + fl y) - (x + y)) ^+ 2 <= gamma ^+ 2 * p.
  move=> le; apply: le_trans (square_bound _ (part_error x y)) _; first by rewrite mulr_ge0 ?gamma_nonnegative ?addr_ge0.
  by rewrite exprMn ler_wpmul2l // sqr_ge0.
rewrite -mulrA mulr_natl mulr2n; apply: ler_add.
  by apply: bound; rewrite normrN; apply: one_part.
by apply: bound; rewrite [c ^+ 2 + _]addrC; apply: one_part.
Qed.

End Parts.

(** ** Energies *)

Lemma square_of_difference (C : numClosedFieldType) (p q r s : C) : 0 <= p -> 0 <= q -> 0 <= r -> 0 <= s ->
  0 <= (p * q - r * s) ^+ 2.
Proof.
by move=> p0 q0 r0 s0; apply: real_exprn_even_ge0 => //; apply: rpredB; apply: ger0_real; apply: mulr_ge0.
Qed.

Section Energy.
Variables (C : numClosedFieldType) (I : finType).
Implicit Types f h k : I -> C.

Definition energy f : C := \sum_i `|f i| ^+ 2.

Lemma energy_nonnegative f : 0 <= energy f.
Proof. by apply: sumr_ge0 => i _; rewrite exprn_ge0. Qed.

Lemma energy_zero f i : energy f <= 0 -> f i = 0.
Proof.
move=> small; have /eqP : energy f == 0 by rewrite eq_le small energy_nonnegative.
move/psumr_eq0P => /(_ (fun j _ => exprn_ge0 2 (normr_ge0 (f j)))) /(_ i isT) /eqP.
by rewrite expf_eq0 /= normr_eq0 => /eqP.
Qed.

Lemma energy_monotone f h : (forall i, `|f i| <= `|h i|) -> energy f <= energy h.
Proof. by move=> le; apply: ler_sum => i _; rewrite ler_expn2r ?nnegrE. Qed.

Lemma energy_scaled c f : energy (fun i => c * f i) = `|c| ^+ 2 * energy f.
Proof. by rewrite /energy mulr_sumr; apply: eq_bigr => i _; rewrite normrM exprMn. Qed.

(** The triangle inequality, without square roots. *)
Lemma energy_sum f h k (a b S : C) : 0 <= a -> 0 <= b -> 0 <= S ->
  energy f <= a ^+ 2 * S -> energy h <= b ^+ 2 * S -> (forall i, `|k i| <= `|f i| + `|h i|) ->
  energy k <= (a + b) ^+ 2 * S.
Proof.
rewrite [0 <= a]le0r [0 <= b]le0r => /orP[/eqP -> | a0] /orP[/eqP -> | b0] S0 ef eh le.
- have zero i : `|k i| <= `|h i|.
    by move: (le i); rewrite (@energy_zero f i) ?normr0 ?add0r // (le_trans ef) // expr0n mul0r.
  by rewrite addr0; apply: le_trans (energy_monotone zero) eh.
- have zero i : `|k i| <= `|h i|.
    by move: (le i); rewrite (@energy_zero f i) ?normr0 ?add0r // (le_trans ef) // expr0n mul0r.
  by rewrite add0r; apply: le_trans (energy_monotone zero) eh.
- have zero i : `|k i| <= `|f i|.
    by move: (le i); rewrite (@energy_zero h i) ?normr0 ?addr0 // (le_trans eh) // expr0n mul0r.
  by rewrite addr0; apply: le_trans (energy_monotone zero) ef.
have ab : 0 < a * b by rewrite mulr_gt0.
rewrite -(ler_pmul2l ab).
apply: le_trans (_ : (a + b) * (b * energy f + a * energy h) <= _).
  rewrite /energy !mulr_sumr -big_split mulr_sumr; apply: ler_sum => i _ /=.
  apply: le_trans (_ : a * b * (`|f i| + `|h i|) ^+ 2 <= _).
    by rewrite ler_pmul2l // ler_expn2r ?nnegrE ?addr_ge0.
  rewrite -subr_ge0.
  have -> : (a + b) * (b * `|f i| ^+ 2 + a * `|h i| ^+ 2) - a * b * (`|f i| + `|h i|) ^+ 2 =
      (b * `|f i| - a * `|h i|) ^+ 2 by ring.
  by apply: square_of_difference => //; apply: ltW.
have -> : a * b * ((a + b) ^+ 2 * S) = (a + b) * (b * (a ^+ 2 * S) + a * (b ^+ 2 * S)) by ring.
apply: ler_wpmul2l; first by rewrite addr_ge0 // ltW.
by apply: ler_add; rewrite ler_wpmul2l // ltW.
Qed.

(** The Cauchy–Schwarz inequality. *)
Lemma energy_product f h (a b : C) : 0 <= a -> 0 <= b -> energy f <= a ^+ 2 -> energy h <= b ^+ 2 ->
  \sum_i `|f i| * `|h i| <= a * b.
Proof.
rewrite [0 <= a]le0r [0 <= b]le0r => /orP[/eqP -> | a0] /orP[/eqP -> | b0] ef eh.
- by rewrite big1 ?mul0r // => i _; rewrite (@energy_zero f i) ?normr0 ?mul0r // (le_trans ef) // expr0n.
- by rewrite big1 ?mul0r // => i _; rewrite (@energy_zero f i) ?normr0 ?mul0r // (le_trans ef) // expr0n.
- by rewrite big1 ?mulr0 // => i _; rewrite (@energy_zero h i) ?normr0 ?mulr0 // (le_trans eh) // expr0n.
have ab : 0 < (1 + 1) * (a * b) by rewrite !mulr_gt0 // addr_gt0 ?ltr01.
rewrite -(ler_pmul2l ab); apply: le_trans (_ : b ^+ 2 * energy f + a ^+ 2 * energy h <= _).
  rewrite /energy !mulr_sumr -big_split; apply: ler_sum => i _ /=; rewrite -subr_ge0.
  have -> : b ^+ 2 * `|f i| ^+ 2 + a ^+ 2 * `|h i| ^+ 2 - (1 + 1) * (a * b) * (`|f i| * `|h i|) =
      (b * `|f i| - a * `|h i|) ^+ 2 by ring.
  by apply: square_of_difference => //; apply: ltW.
have -> : (1 + 1) * (a * b) * (a * b) = b ^+ 2 * a ^+ 2 + a ^+ 2 * b ^+ 2 by ring.
by rewrite ler_add // ler_wpmul2l // exprn_ge0 // ltW.
Qed.

(** A sum and a difference of two numbers. *)
Lemma butterfly_energy (a b : C) : `|a + b| ^+ 2 + `|a - b| ^+ 2 = (1 + 1) * (`|a| ^+ 2 + `|b| ^+ 2).
Proof. by rewrite !normCK !rmorphD !rmorphN /=; ring. Qed.

End Energy.

(** The energy of the first N values. *)
Definition energy_of (C : numClosedFieldType) (N : nat) (F : nat -> C) : C := energy (fun j : 'I_N => F j).

Lemma energy_of_nonnegative (C : numClosedFieldType) N (F : nat -> C) : 0 <= energy_of N F.
Proof. exact: energy_nonnegative. Qed.

Lemma butterfly_energies (C : numClosedFieldType) (M : nat) (A B : nat -> C) :
  energy_of (M + M) (fun j => if (j < M)%N then A j + B j else A (j - M)%N - B (j - M)%N) =
  (1 + 1) * (energy_of M A + energy_of M B).
Proof.
rewrite /energy_of /energy big_split_ord -!big_split mulr_sumr; apply: eq_bigr => j _ /=.
by rewrite ltn_ord ltnNge leq_addr /= addKn butterfly_energy.
Qed.

(** ** The radix-2 transform *)

Section Transform.
Variables (C : numClosedFieldType) (u : C) (g : nat -> C).
Hypothesis u_nonnegative : 0 <= u.
Hypothesis g_nonnegative : forall t, 0 <= g t.

Variables (plus minus : C -> C -> C) (times : nat -> C -> nat -> C -> C).
Hypothesis plus_error : forall a b, `|plus a b - (a + b)| <= u * `|a + b|.
Hypothesis minus_error : forall a b, `|minus a b - (a - b)| <= u * `|a - b|.
Hypothesis times_error : forall t w j b, `|w| = 1 -> `|times t w j b - w ^+ j * b| <= g t * `|b|.

Fixpoint computed_fft (t : nat) (w : C) (x : nat -> C) (j : nat) : C :=
  if t is t'.+1 then
    let M := (2 ^ t')%N in
    let even := computed_fft t' (w ^+ 2) (residue 2 0 x) in
    let odd := computed_fft t' (w ^+ 2) (residue 2 1 x) in
    if (j < M)%N then plus (even j) (times t w j (odd j)) else minus (even (j - M)%N) (times t w (j - M) (odd (j - M)%N))
  else x 0%N.

Fixpoint growth (t : nat) : C := if t is t'.+1 then (1 + u) * ((1 + g t) * growth t') else 1.

Lemma growth_at_least_one t : 1 <= growth t.
Proof.
elim: t => //= t IH; rewrite -[X in X <= _]mul1r ler_pmul ?ler01 ?ler_addl //.
by rewrite -[X in X <= _]mul1r ler_pmul ?ler01 ?ler_addl.
Qed.

Lemma growth_error t : 0 <= growth t - 1.
Proof. by rewrite subr_ge0 growth_at_least_one. Qed.

Section Step.
Variables (t : nat) (w : C) (x : nat -> C).
Hypothesis unit_modulus : `|w| = 1.
Let M := (2 ^ t)%N.
Let even := fft t (w ^+ 2) (residue 2 0 x).
Let odd := fft t (w ^+ 2) (residue 2 1 x).
Let even' := computed_fft t (w ^+ 2) (residue 2 0 x).
Let odd' := computed_fft t (w ^+ 2) (residue 2 1 x).
Let product j := w ^+ j * odd j.
Let product' j := times t.+1 w j (odd' j).
Let e := growth t - 1.
Let e' := (1 + g t.+1) * growth t - 1.

Definition butterfly (A B : nat -> C) (j : nat) : C := if (j < M)%N then A j + B j else A (j - M)%N - B (j - M)%N.

Let exact := butterfly even product.
Let unrounded := butterfly even' product'.
Let difference := butterfly (fun j => even' j - even j) (fun j => product' j - product j).

Lemma unrounded_difference j : unrounded j = exact j + difference j.
Proof. by rewrite /unrounded /exact /difference /butterfly; case: ifP => _; ring. Qed.

(** The product with the twiddle factor, from the error of the odd half. *)
Lemma twiddled_error j : `|product' j - product j| <= g t.+1 * `|odd' j| + `|odd' j - odd j|.
Proof.
have -> : product' j - product j = (product' j - w ^+ j * odd' j) + w ^+ j * (odd' j - odd j).
  by rewrite /product; ring.
apply: le_trans (ler_norm_add _ _) _; rewrite ler_add ?times_error //.
by rewrite normrM normrX unit_modulus expr1n mul1r.
Qed.

(** One more rounding, of the sum or difference. *)
Lemma rounded_error j :
  `|computed_fft t.+1 w x j - fft t.+1 w x j| <= u * `|unrounded j| + `|difference j|.
Proof.
have -> : fft t.+1 w x j = exact j by [].
have -> : difference j = unrounded j - exact j by rewrite unrounded_difference addrC addKr.
have -> : computed_fft t.+1 w x j - exact j =
  (computed_fft t.+1 w x j - unrounded j) + (unrounded j - exact j) by ring.
apply: le_trans (ler_norm_add _ _) (ler_add _ _) => //.
by rewrite /unrounded /butterfly /computed_fft -/computed_fft; case: ifP => _; [apply: plus_error | apply: minus_error].
Qed.

Lemma step_error : [/\ 0 <= e, 0 <= e', e <= e' & e' = g t.+1 * (1 + e) + e].
Proof.
have split_error : e' = g t.+1 * growth t + e by rewrite /e' /e; ring.
have extra : 0 <= g t.+1 * growth t by rewrite mulr_ge0 // (le_trans ler01) ?growth_at_least_one.
split; first exact: growth_error.
- by rewrite split_error addr_ge0 // growth_error.
- by rewrite split_error ler_addr.
by rewrite split_error (_ : 1 + e = growth t) // /e addrC subrK.
Qed.

Lemma last_rounding : u * (1 + e') + e' = growth t.+1 - 1.
Proof. by rewrite /e' /=; ring. Qed.

Lemma norm_step :
  energy_of M (fun j => even' j - even j) <= e ^+ 2 * energy_of M even ->
  energy_of M (fun j => odd' j - odd j) <= e ^+ 2 * energy_of M odd ->
  energy_of (M + M) (fun j => computed_fft t.+1 w x j - fft t.+1 w x j) <=
    (growth t.+1 - 1) ^+ 2 * energy_of (M + M) (fft t.+1 w x).
Proof.
move=> even_error odd_error; have [e0 e'0 ee' e'E] := step_error.
have same_product : energy_of M product = energy_of M odd.
  by apply: eq_bigr => j _; rewrite normrM normrX unit_modulus expr1n mul1r.
have odd_energy : energy_of M odd' <= (1 + e) ^+ 2 * energy_of M odd.
  apply: (@energy_sum _ _ (fun j : 'I_M => odd j) (fun j : 'I_M => odd' j - odd j)) => //.
  - exact: ler01.
  - exact: energy_of_nonnegative.
  - by rewrite expr1n mul1r.
  by move=> j; rewrite -{1}(subrK (odd j) (odd' j)) addrC; apply: ler_norm_add.
have product_error : energy_of M (fun j => product' j - product j) <= e' ^+ 2 * energy_of M odd.
  rewrite e'E; apply: (@energy_sum _ _ (fun j : 'I_M => g t.+1 * odd' j) (fun j : 'I_M => odd' j - odd j)) => //.
  - by rewrite mulr_ge0 // addr_ge0 ?ler01.
  - exact: energy_of_nonnegative.
  - by rewrite energy_scaled exprMn -[X in _ <= X]mulrA ger0_norm // ler_wpmul2l // exprn_ge0.
  by move=> j; rewrite normrM ger0_norm // twiddled_error.
pose S := energy_of (M + M) exact.
have exactE : S = (1 + 1) * (energy_of M even + energy_of M odd) by rewrite /S butterfly_energies same_product.
have S0 : 0 <= S by apply: energy_of_nonnegative.
have difference_energy : energy_of (M + M) difference <= e' ^+ 2 * S.
  rewrite exactE butterfly_energies mulrCA ler_wpmul2l ?addr_ge0 ?ler01 // mulrDr ler_add //.
  apply: le_trans even_error _; rewrite ler_wpmul2r ?energy_of_nonnegative //.
  by rewrite ler_expn2r ?nnegrE.
have unrounded_energy : energy_of (M + M) unrounded <= (1 + e') ^+ 2 * S.
  apply: (@energy_sum _ _ (fun j : 'I_(M + M) => exact j) (fun j : 'I_(M + M) => difference j)) => //.
  - exact: ler01.
  - by rewrite expr1n mul1r.
  by move=> j; rewrite unrounded_difference; apply: ler_norm_add.
rewrite -last_rounding.
apply: (@energy_sum _ _ (fun j : 'I_(M + M) => u * unrounded j) (fun j : 'I_(M + M) => difference j)) => //.
- by rewrite mulr_ge0 // addr_ge0 ?ler01.
- by rewrite energy_scaled exprMn -[X in _ <= X]mulrA ger0_norm // ler_wpmul2l // exprn_ge0.
by move=> j; rewrite normrM ger0_norm // rounded_error.
Qed.

Lemma entry_step (A B : C) : (forall j, `|even j| <= A) -> (forall j, `|odd j| <= B) ->
  (forall j, `|even' j - even j| <= e * A) -> (forall j, `|odd' j - odd j| <= e * B) ->
  forall j, `|fft t.+1 w x j| <= A + B /\ `|computed_fft t.+1 w x j - fft t.+1 w x j| <= (growth t.+1 - 1) * (A + B).
Proof.
move=> evenA oddB even_error odd_error j; have [e0 e'0 ee' e'E] := step_error.
have A0 : 0 <= A := le_trans (normr_ge0 _) (evenA 0%N).
have B0 : 0 <= B := le_trans (normr_ge0 _) (oddB 0%N).
have bounded (F G : nat -> C) a b : (forall i, `|F i| <= a) -> (forall i, `|G i| <= b) -> `|butterfly F G j| <= a + b.
  move=> Fa Gb; rewrite /butterfly; case: ifP => _; apply: le_trans (ler_norm_add _ _) _; rewrite ?normrN;
  exact: ler_add.
have product_bound i : `|product i| <= B by rewrite normrM normrX unit_modulus expr1n mul1r.
have exact_bound : `|exact j| <= A + B by apply: bounded.
split; first exact: exact_bound.
have product_error i : `|product' i - product i| <= e' * B.
  apply: le_trans (twiddled_error i) _; rewrite e'E mulrDl ler_add // -mulrA ler_wpmul2l //.
  rewrite -(subrK (odd i) (odd' i)) addrC mulrDl mul1r.
  by apply: le_trans (ler_norm_add _ _) (ler_add _ _).
have difference_bound : `|difference j| <= e' * (A + B).
  rewrite mulrDr; apply: bounded => // i; apply: le_trans (even_error i) _.
  by rewrite ler_wpmul2r.
apply: le_trans (rounded_error j) _; rewrite -last_rounding mulrDl ler_add // -mulrA ler_wpmul2l //.
rewrite unrounded_difference mulrDl mul1r.
by apply: le_trans (ler_norm_add _ _) (ler_add _ _).
Qed.

End Step.

Lemma double_length t : (2 ^ t.+1 = 2 ^ t + 2 ^ t)%N.
Proof. by rewrite expnS mul2n addnn. Qed.

(** In the 2-norm. *)
Theorem fft_error t (w : C) (x : nat -> C) : `|w| = 1 ->
  energy_of (2 ^ t) (fun j => computed_fft t w x j - fft t w x j) <=
    (growth t - 1) ^+ 2 * energy_of (2 ^ t) (fft t w x).
Proof.
elim: t w x => [|t IH] w x unit_modulus.
  rewrite {1}/energy_of {1}/energy big1 => [|j _]; last by rewrite subrr normr0 expr0n.
  by rewrite mulr_ge0 ?energy_of_nonnegative // exprn_ge0 // growth_error.
have unit_square : `|w ^+ 2| = 1 by rewrite normrX unit_modulus expr1n.
by rewrite double_length; apply: norm_step => //; apply: IH.
Qed.

(** Each entry. *)
Theorem fft_error_of_entry t (w : C) (x : nat -> C) j : `|w| = 1 ->
  `|computed_fft t w x j - fft t w x j| <= (growth t - 1) * \sum_(n < 2 ^ t) `|x n|.
Proof.
move=> unit_modulus; suff [] : `|fft t w x j| <= \sum_(n < 2 ^ t) `|x n| /\
  `|computed_fft t w x j - fft t w x j| <= (growth t - 1) * \sum_(n < 2 ^ t) `|x n| by [].
elim: t w x j unit_modulus => [|t IH] w x j unit_modulus.
  by rewrite /= !subrr mul0r normr0 big_ord_recl big_ord0 addr0.
have unit_square : `|w ^+ 2| = 1 by rewrite normrX unit_modulus expr1n.
have -> : \sum_(n < 2 ^ t.+1) `|x n| =
    \sum_(n < 2 ^ t) `|residue 2 0 x n| + \sum_(n < 2 ^ t) `|residue 2 1 x n|.
  by rewrite expnS (sum_by_residues 2 (2 ^ t) (fun n => `|x n|)) !big_ord_recl big_ord0 addr0.
have even_bounds i := IH (w ^+ 2) (residue 2 0 x) i unit_square.
have odd_bounds i := IH (w ^+ 2) (residue 2 1 x) i unit_square.
by apply: entry_step => // i; [case: (even_bounds i) | case: (odd_bounds i) | case: (even_bounds i) | case: (odd_bounds i)].
Qed.

(** Parseval's identity for the algorithm itself. *)
Lemma fft_energy t (w : C) (x : nat -> C) : `|w| = 1 -> energy_of (2 ^ t) (fft t w x) = (2 ^ t)%:R * energy_of (2 ^ t) x.
Proof.
elim: t w x => [|t IH] w x unit_modulus.
  by rewrite mul1r; apply: eq_bigr => j _; rewrite (ord1 j).
have unit_square : `|w ^+ 2| = 1 by rewrite normrX unit_modulus expr1n.
rewrite double_length (butterfly_energies (2 ^ t) (fft t (w ^+ 2) (residue 2 0 x))
  (fun j => w ^+ j * fft t (w ^+ 2) (residue 2 1 x) j)).
have -> : energy_of (2 ^ t) (fun j => w ^+ j * fft t (w ^+ 2) (residue 2 1 x) j) =
    energy_of (2 ^ t) (fft t (w ^+ 2) (residue 2 1 x)).
  by apply: eq_bigr => j _; rewrite normrM normrX unit_modulus expr1n mul1r.
rewrite !IH // -mulrDr -double_length expnS natrM mulrA; congr (_ * _).
by rewrite /energy_of /energy (sum_by_residues 2 (2 ^ t) (fun n => `|x n| ^+ 2)) !big_ord_recl big_ord0 addr0.
Qed.

End Transform.

(** A twiddle factor that is off by [mu], and a product of relative error [rho]. *)
Theorem twiddle_error (C : numClosedFieldType) (multiply : C -> C -> C) (rho mu w w' b : C) (j : nat) : 0 <= rho ->
  (forall a b, `|multiply a b - a * b| <= rho * (`|a| * `|b|)) -> `|w| = 1 -> `|w' - w ^+ j| <= mu ->
  `|multiply w' b - w ^+ j * b| <= (mu + rho * (1 + mu)) * `|b|.
Proof.
move=> rho0 close unit_modulus off.
have -> : multiply w' b - w ^+ j * b = (multiply w' b - w' * b) + (w' - w ^+ j) * b by ring.
apply: le_trans (ler_norm_add _ _) _; rewrite [(mu + _) * _]mulrDl [X in _ <= X]addrC; apply: ler_add; last first.
  by rewrite normrM ler_wpmul2r.
apply: le_trans (close _ _) _; rewrite mulrA ler_wpmul2r // ler_wpmul2l //.
have -> : w' = w ^+ j + (w' - w ^+ j) by ring.
by apply: le_trans (ler_norm_add _ _) (ler_add _ off); rewrite normrX unit_modulus expr1n.
Qed.

(** With exact factors 1 and −i the first two levels have no error of products. *)
Theorem growth_of_plain_levels (C : numClosedFieldType) (u g : C) t :
  growth u (fun t => if (t <= 2)%N then 0 else g) t.+2 = (1 + u) ^+ t.+2 * (1 + g) ^+ t.
Proof.
elim: t => [|t IH]; first by rewrite /=; ring.
by rewrite -[t.+3]/(t.+2.+1) [LHS]/= -/(growth _ _ t.+2) IH !exprS; ring.
Qed.

(** ** Convolution *)

Section ConvolutionError.
Variables (C : numClosedFieldType) (I K : finType) (eps eps' eta : C).
Hypothesis eps_nonnegative : 0 <= eps.
Hypothesis eps'_nonnegative : 0 <= eps'.
Hypothesis eta_nonnegative : 0 <= eta.

(** Spectra of the channels, exact and computed; [a] and [b] bound the exact ones. *)
Variables (X Y X' Y' : K -> I -> C) (a b : K -> C).
Hypothesis a_nonnegative : forall c, 0 <= a c.
Hypothesis b_nonnegative : forall c, 0 <= b c.
Hypothesis X_bound : forall c, energy (X c) <= a c ^+ 2.
Hypothesis Y_bound : forall c, energy (Y c) <= b c ^+ 2.
Hypothesis X_error : forall c, energy (fun j => X' c j - X c j) <= (eps * a c) ^+ 2.
Hypothesis Y_error : forall c, energy (fun j => Y' c j - Y c j) <= (eps * b c) ^+ 2.

Variable V' : I -> C.
Hypothesis V_error : forall j, `|V' j - \sum_c X' c j * Y' c j| <= eta * \sum_c `|X' c j| * `|Y' c j|.

Lemma computed_bound (Z Z' : K -> I -> C) (z : K -> C) c : 0 <= z c -> energy (Z c) <= z c ^+ 2 ->
  energy (fun j => Z' c j - Z c j) <= (eps * z c) ^+ 2 -> energy (Z' c) <= ((1 + eps) * z c) ^+ 2.
Proof.
move=> z0 small close; rewrite mulrDl mul1r -[X in _ <= X]mulr1.
apply: (@energy_sum _ _ (Z c) (fun j => Z' c j - Z c j)); rewrite ?mulr1 ?mulr_ge0 ?ler01 //.
by move=> j; rewrite -{1}(subrK (Z c j) (Z' c j)) addrC ler_norm_add.
Qed.

Lemma product_spectrum_error :
  \sum_j `|V' j - \sum_c X c j * Y c j| <= ((1 + eps) ^+ 2 * (1 + eta) - 1) * \sum_c a c * b c.
Proof.
have one0 : 0 <= 1 + eps by rewrite addr_ge0 ?ler01.
have X'_bound c := computed_bound (a_nonnegative c) (X_bound c) (X_error c).
have Y'_bound c := computed_bound (b_nonnegative c) (Y_bound c) (Y_error c).
apply: le_trans (_ : \sum_j \sum_c (eta * (`|X' c j| * `|Y' c j|) +
    (`|X' c j| * `|Y' c j - Y c j| + `|X' c j - X c j| * `|Y c j|)) <= _).
  apply: ler_sum => j _; rewrite big_split -mulr_sumr /=.
  have -> : V' j - \sum_c X c j * Y c j =
      (V' j - \sum_c X' c j * Y' c j) + \sum_c (X' c j * (Y' c j - Y c j) + (X' c j - X c j) * Y c j).
    rewrite -[LHS](subrKA (\sum_c X' c j * Y' c j)); congr (_ + _); rewrite -sumrB; apply: eq_bigr => c _; ring.
  apply: le_trans (ler_norm_add _ _) (ler_add (V_error j) _).
  apply: le_trans (ler_norm_sum _ _ _) (ler_sum _ _) => c _.
  by apply: le_trans (ler_norm_add _ _) _; rewrite !normrM.
rewrite exchange_big mulr_sumr; apply: ler_sum => c _ /=; rewrite !big_split -mulr_sumr /=.
have -> : ((1 + eps) ^+ 2 * (1 + eta) - 1) * (a c * b c) =
    eta * ((1 + eps) * a c * ((1 + eps) * b c)) + ((1 + eps) * a c * (eps * b c) + eps * a c * b c) by ring.
apply: ler_add; first by rewrite ler_wpmul2l // energy_product ?mulr_ge0.
by apply: ler_add; apply: energy_product; rewrite ?mulr_ge0.
Qed.

Theorem convolution_error (chi : I -> C) (result : C) : (forall j, `|chi j| = 1) ->
  `|result - \sum_j V' j * chi j| <= eps' * (\sum_j `|V' j|) ->
  `|result - \sum_j (\sum_c X c j * Y c j) * chi j| <= ((1 + eps) ^+ 2 * (1 + eta) * (1 + eps') - 1) * \sum_c a c * b c.
Proof.
move=> unit_modulus close; set S := \sum_c a c * b c; set E := (1 + eps) ^+ 2 * (1 + eta) - 1.
have product_sum : \sum_j `|\sum_c X c j * Y c j| <= S.
  apply: le_trans (_ : \sum_j \sum_c `|X c j| * `|Y c j| <= _).
    apply: ler_sum => j _; apply: le_trans (ler_norm_sum _ _ _) _.
    by apply: ler_sum => c _; rewrite normrM.
  by rewrite exchange_big; apply: ler_sum => c _; apply: energy_product.
have total : \sum_j `|V' j| <= E * S + S.
  apply: le_trans (_ : \sum_j (`|V' j - \sum_c X c j * Y c j| + `|\sum_c X c j * Y c j|) <= _).
    by apply: ler_sum => j _; rewrite -{1}(subrK (\sum_c X c j * Y c j) (V' j)) ler_norm_add.
  by rewrite big_split; apply: ler_add => //; apply: product_spectrum_error.
have -> : result - \sum_j (\sum_c X c j * Y c j) * chi j =
    (result - \sum_j V' j * chi j) + \sum_j (V' j - \sum_c X c j * Y c j) * chi j.
  by rewrite -[LHS](subrKA (\sum_j V' j * chi j)) -sumrB; congr (_ + _); apply: eq_bigr => j _; rewrite mulrBl.
have -> : ((1 + eps) ^+ 2 * (1 + eta) * (1 + eps') - 1) * S = eps' * (E * S + S) + E * S by rewrite /E; ring.
apply: le_trans (ler_norm_add _ _) (ler_add _ _).
  by apply: le_trans close _; rewrite ler_wpmul2l.
apply: le_trans (ler_norm_sum _ _ _) _; apply: le_trans product_spectrum_error.
by apply: ler_sum => j _; rewrite normrM unit_modulus mulr1.
Qed.

End ConvolutionError.

(** One channel, circular, by the radix-2 transform on N = 2ᵗ = m + 1 points; the division by N is exact. *)
Section Circle.
Notation circle_signal C m := (Convolution.signal [finGroupType of 'I_m.+1] C).
Variables (C : numClosedFieldType) (u rho : C) (g : nat -> C).
Hypothesis u_nonnegative : 0 <= u.
Hypothesis rho_nonnegative : 0 <= rho.
Hypothesis g_nonnegative : forall t, 0 <= g t.
Variables (plus minus multiply : C -> C -> C) (times : nat -> C -> nat -> C -> C).
Hypothesis plus_error : forall a b, `|plus a b - (a + b)| <= u * `|a + b|.
Hypothesis minus_error : forall a b, `|minus a b - (a - b)| <= u * `|a - b|.
Hypothesis multiply_error : forall a b, `|multiply a b - a * b| <= rho * (`|a| * `|b|).
Hypothesis times_error : forall t w j b, `|w| = 1 -> `|times t w j b - w ^+ j * b| <= g t * `|b|.

Variables (t m : nat) (w : C) (x y : circle_signal C m).
Hypothesis length : (2 ^ t = m.+1)%N.
Hypothesis primitive : (2 ^ t).-primitive_root w.

Let values (z : circle_signal C m) (k : nat) : C := z (inord k).
Let transform := computed_fft plus minus times t.
Let product (j : nat) : C := multiply (transform w (values x) j) (transform w (values y) j).

Lemma root_modulus : `|w| = 1.
Proof.
apply/eqP; rewrite -(@pexpr_eq1 _ _ (2 ^ t)) ?expn_gt0 //.
by rewrite -normrX prim_expr_order // normr1.
Qed.

Lemma exact_transform (v : C) z j : ((0 < t)%N -> v ^+ (2 ^ t.-1) = -1) -> (j < 2 ^ t)%N ->
  fft t v (values z) j = dft v z j.
Proof.
move=> half lt; rewrite radix2_transform_ring // /spectrum length; apply: eq_bigr => k _.
by rewrite /values inord_val.
Qed.

Lemma half_turn : (0 < t)%N -> w ^+ (2 ^ t.-1) = -1 /\ w^-1 ^+ (2 ^ t.-1) = -1.
Proof.
move=> t0; have half : w ^+ (2 ^ t.-1) = -1 by apply: half_of_circle; rewrite prednK.
by rewrite exprVn half invrN invr1.
Qed.

(** The exact result is the circular convolution. *)
Lemma exact_convolution (k : 'I_m.+1) :
  (Convolution.convolution x y) k =
  (2 ^ t)%:R^-1 * \sum_(j < 2 ^ t) (fft t w (values x) j * fft t w (values y) j) * w^-1 ^+ (k * j).
Proof.
have primitive' : m.+1.-primitive_root w by rewrite -length.
rewrite -(fourier_inversion primitive' (Convolution.convolution x y) k) length; congr (_ * _).
rewrite /dft; apply: eq_bigr => j _; have lt : (j < 2 ^ t)%N by rewrite length.
rewrite !exact_transform // => [|t0|t0]; try by have [] := half_turn t0.
by rewrite -/(dft w _ j) convolution_theorem // (prim_expr_order primitive').
Qed.

Theorem fft_convolution_error (a b : C) (k : 'I_m.+1) : 0 <= a -> 0 <= b ->
  \sum_j `|x j| ^+ 2 <= a ^+ 2 -> \sum_j `|y j| ^+ 2 <= b ^+ 2 ->
  `|(2 ^ t)%:R^-1 * transform w^-1 product k - (Convolution.convolution x y) k| <=
    (growth u g t ^+ 3 * (1 + rho) - 1) * (a * b).
Proof.
move=> a0 b0 xa yb; rewrite exact_convolution -mulrBr.
set N : C := (2 ^ t)%:R; have N0 : 0 < N by rewrite ltr0n expn_gt0.
have unit_inverse : `|w^-1| = 1 by rewrite normfV root_modulus invr1.
pose root := sqrtC N; have root0 : 0 <= root by rewrite sqrtC_ge0 ltW.
have energy_values (z : circle_signal C m) : energy_of (2 ^ t) (values z) = \sum_j `|z j| ^+ 2.
  by rewrite /energy_of /energy length; apply: eq_bigr => j _; rewrite /values inord_val.
have spectrum_bound (z : circle_signal C m) c : 0 <= c -> \sum_j `|z j| ^+ 2 <= c ^+ 2 ->
    energy (fun j : 'I_(2 ^ t) => fft t w (values z) j) <= (root * c) ^+ 2.
  move=> c0 le; rewrite -/(energy_of _ (fft t w (values z))) fft_energy ?root_modulus // energy_values.
  by rewrite exprMn sqrtCK ler_wpmul2l // ltW.
have spectrum_error (z : circle_signal C m) c : 0 <= c -> \sum_j `|z j| ^+ 2 <= c ^+ 2 ->
    energy (fun j : 'I_(2 ^ t) => transform w (values z) j - fft t w (values z) j) <=
      ((growth u g t - 1) * (root * c)) ^+ 2.
  move=> c0 le.
  have close := fft_error u_nonnegative g_nonnegative plus_error minus_error times_error t (values z) root_modulus.
  apply: le_trans close _.
  by rewrite exprMn ler_wpmul2l ?spectrum_bound // exprn_ge0 // growth_error.
pose eps := growth u g t - 1; have eps0 : 0 <= eps by apply: growth_error.
pose one_channel (F : nat -> C) (_ : unit) (j : 'I_(2 ^ t)) := F j.
have unit_sum (F : unit -> C) : \sum_c F c = F tt by rewrite (big_pred1 tt); last by case.
have root_scaled z : 0 <= z -> 0 <= root * z by apply: mulr_ge0.
have := @convolution_error C [finType of 'I_(2 ^ t)] [finType of unit] eps eps rho eps0 eps0 rho_nonnegative
  (one_channel (fft t w (values x))) (one_channel (fft t w (values y)))
  (one_channel (transform w (values x))) (one_channel (transform w (values y)))
  (fun _ => root * a) (fun _ => root * b) (fun=> root_scaled _ a0) (fun=> root_scaled _ b0)
  (fun=> spectrum_bound _ _ a0 xa) (fun=> spectrum_bound _ _ b0 yb)
  (fun=> spectrum_error _ _ a0 xa) (fun=> spectrum_error _ _ b0 yb) (fun j => product j).
move/(_ (fun j => ltac:(rewrite !unit_sum; apply: multiply_error))).
move/(_ (fun j => w^-1 ^+ (k * j)) (transform w^-1 product k)).
have back : fft t w^-1 product k = \sum_(j < 2 ^ t) product j * w^-1 ^+ (k * j).
  by rewrite radix2_transform_ring ?length // => t0; have [] := half_turn t0.
have entry := fft_error_of_entry u_nonnegative g_nonnegative plus_error minus_error times_error t product k unit_inverse.
rewrite back in entry.
move/(_ (fun j => ltac:(by rewrite normrX unit_inverse expr1n)) entry); rewrite unit_sum => bound.
rewrite normrM normfV (ger0_norm (ltW N0)) ler_pdivr_mull //.
have -> : N * ((growth u g t ^+ 3 * (1 + rho) - 1) * (a * b)) =
    ((1 + eps) ^+ 2 * (1 + rho) * (1 + eps) - 1) * (root * a * (root * b)).
  by rewrite -[N]sqrtCK -/root /eps; ring.
move: bound; rewrite (eq_bigr (fun j : 'I_(2 ^ t) => fft t w (values x) j * fft t w (values y) j * w^-1 ^+ (k * j))) //.
by move=> j _; rewrite unit_sum.
Qed.


End Circle.
