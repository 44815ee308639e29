(** * Fourier: the discrete Fourier transform turns convolution into multiplication

    Glossary
    - [character χ]     χ(ab) = χ(a) χ(b): a multiplicative function from a finite group to a commutative ring
    - [transform χ x]   Σ_n x(n) χ(n)
    - [dft w x j]       Σ_{n < N} x(n) w^{jn}, the entry j of the discrete Fourier transform of N numbers; w is a root
                        of unity, w^N = 1: exp(−2πi/N) in the complex numbers, or an element of a finite field
    - [N.-primitive_root w]  w^N = 1 and no smaller positive power of w is 1
    - −j is written N − j, as indices of a transform count mod N

    Main results
    - every character turns convolution into a product, on any finite group; and is an eigenvector of convolution
    - so does each entry of the DFT, in one, two and three dimensions
    - inversion, Parseval; F = c·DFT has F(x ∗ y) = c⁻¹ F(x) F(y) (c = 1/√N for the unitary transform)
    - the spectrum of a correlation is X(−j) Y(j)

    Subsampling and the fast transform are in FastFourier.v. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Convolution.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Local Open Scope signal_scope.

(** ** Characters *)

Section Characters.
Variables (gT : finGroupType) (R : comRingType).

Definition character (chi : gT -> R) : Prop := forall a b, chi (a * b)%g = chi a * chi b.
Definition transform (chi : gT -> R) (x : signal gT R) : R := \sum_n x n * chi n.

Variable chi : gT -> R.
Hypothesis multiplicative : character chi.
Implicit Types x y : signal gT R.

Theorem character_diagonalises x y : transform chi (x ∗ y) = transform chi x * transform chi y.
Proof.
rewrite /transform mulr_suml; under eq_bigr do rewrite ffunE mulr_suml.
rewrite exchange_big; apply: eq_bigr => k _.
rewrite mulr_sumr [LHS](sum_left k); apply: eq_bigr => n _.
by rewrite mulKg multiplicative mulrACA.
Qed.

Theorem character_is_eigenvector x :
  x ∗ [ffun n => chi n] = scale (\sum_k x k * chi k^-1%g) [ffun n => chi n].
Proof.
apply/ffunP=> n; rewrite !ffunE mulr_suml; apply: eq_bigr => k _.
by rewrite ffunE multiplicative mulrA.
Qed.

End Characters.

(** ** The transform of N numbers *)

Section Transform.
Variables (R : comRingType) (N : nat).

Definition dft (w : R) (x : 'I_N -> R) (j : nat) : R := \sum_(n < N) x n * w ^+ (j * n).

Lemma dft_periodic w x j : w ^+ N = 1 -> dft w x (j %% N) = dft w x j.
Proof.
by move=> wN; apply: eq_bigr => n _; rewrite ![(_ * n)%N]mulnC !exprM expr_mod // -exprM mulnC exprM wN expr1n.
Qed.

End Transform.

Section ConvolutionTheorem.
Variable R : comRingType.
Notation circle n := [finGroupType of 'I_n.+1].

Lemma power_is_character n (w : R) j : w ^+ n.+1 = 1 -> character (fun k : circle n => w ^+ (j * k)).
Proof.
by move=> wN a b; rewrite -exprD -mulnDr !(mulnC j) !exprM expr_mod.
Qed.

Theorem convolution_theorem n (w : R) (x y : signal (circle n) R) j : w ^+ n.+1 = 1 ->
  dft w (x ∗ y) j = dft w x j * dft w y j.
Proof. by move=> wN; apply: (character_diagonalises (power_is_character j wN)). Qed.

(** F = c·DFT: unitary for c = 1/√N; what (2π)^{n/2} is to the continuous transform. *)
Theorem convolution_theorem_scaled n (w c d : R) (x y : signal (circle n) R) j : w ^+ n.+1 = 1 -> c * d = 1 ->
  let F x j := c * dft w x j in F (x ∗ y) j = d * F x j * F y j.
Proof.
by move=> wN cd /=; rewrite convolution_theorem // -[LHS]mul1r -cd [c * d]mulrC -[RHS]mulrA mulrACA -!mulrA.
Qed.

Lemma product_of_characters (aT bT : finGroupType) (chi : aT -> R) (psi : bT -> R) :
  character chi -> character psi -> character (fun k : aT * bT => chi k.1 * psi k.2).
Proof. by move=> mchi mpsi a b; rewrite mchi mpsi mulrACA. Qed.

Definition dft2 n m (v w : R) (x : 'I_n * 'I_m -> R) (i j : nat) : R :=
  \sum_k x k * (v ^+ (i * k.1) * w ^+ (j * k.2)).

Definition dft3 n m l (u v w : R) (x : 'I_n * 'I_m * 'I_l -> R) (h i j : nat) : R :=
  \sum_k x k * (u ^+ (h * k.1.1) * v ^+ (i * k.1.2) * w ^+ (j * k.2)).

Theorem convolution_theorem_2d n m (v w : R) (x y : signal [finGroupType of circle n * circle m] R) i j :
  v ^+ n.+1 = 1 -> w ^+ m.+1 = 1 -> dft2 v w (x ∗ y) i j = dft2 v w x i j * dft2 v w y i j.
Proof.
move=> vN wM.
exact: character_diagonalises (product_of_characters (power_is_character i vN) (power_is_character j wM)) x y.
Qed.

Theorem convolution_theorem_3d n m l (u v w : R)
    (x y : signal [finGroupType of circle n * circle m * circle l] R) h i j :
  u ^+ n.+1 = 1 -> v ^+ m.+1 = 1 -> w ^+ l.+1 = 1 ->
  dft3 u v w (x ∗ y) h i j = dft3 u v w x h i j * dft3 u v w y h i j.
Proof.
move=> uN vM wL; have plane := product_of_characters (power_is_character h uN) (power_is_character i vM).
exact: character_diagonalises (product_of_characters plane (power_is_character j wL)) x y.
Qed.

Lemma reflected_power N (w : R) (j k : nat) : w ^+ N = 1 -> (j <= N)%N -> (k <= N)%N ->
  w ^+ (j * ((N - k) %% N)) = w ^+ ((N - j) * k).
Proof.
move=> wN jN kN; rewrite mulnC exprM expr_mod // -exprM mulnC.
have left : w ^+ (j * (N - k)) * w ^+ (j * k) = 1 by rewrite -exprD -mulnDr subnK // mulnC exprM wN expr1n.
have right : w ^+ (j * k) * w ^+ ((N - j) * k) = 1 by rewrite -exprD -mulnDl subnKC // exprM wN expr1n.
by rewrite -[LHS]mulr1 -right mulrA left mul1r.
Qed.

Theorem correlation_spectrum n (w : R) (x y : signal (circle n) R) j : w ^+ n.+1 = 1 -> (j <= n.+1)%N ->
  dft w (x ⋆ y) j = dft w x (n.+1 - j) * dft w y j.
Proof.
move=> wN jN; have [_ ->] := correlation_is_reflected_convolution x y; last by move=> a b; apply: Zp_mulgC.
rewrite convolution_theorem //; congr (_ * _).
rewrite /dft (sum_inverse (gT := circle n)); apply: eq_bigr => k _; rewrite ffunE invgK.
by rewrite (reflected_power wN jN) // ltnW.
Qed.

End ConvolutionTheorem.

(** ** Inversion, over a field with a primitive N-th root of unity *)

Section Inversion.
Variables (F : fieldType) (N : nat) (w : F).
Hypothesis primitive : N.-primitive_root w.

Let positive : (0 < N)%N := prim_order_gt0 primitive.
Let wN : w ^+ N = 1 := prim_expr_order primitive.

(** In a characteristic p that divides N there is no primitive N-th root: (w^{N/p} − 1)ᵖ = 0. *)
Lemma length_is_invertible : N%:R != 0 :> F.
Proof.
apply/negP=> N0; have [p charp] := natf0_char positive N0.
have pN : (p %| N)%N by rewrite (dvdn_charf charp).
have : Frobenius_aut charp (w ^+ (N %/ p)) = Frobenius_aut charp 1.
  by rewrite Frobenius_autE rmorph1 -exprM divnK.
move/fmorph_inj/eqP; rewrite -(expr0 w) (eq_prim_root_expr primitive) mod0n.
have p1 : (1 < p)%N by apply/prime_gt1/(charf_prime charp).
have quotient : (0 < N %/ p < N)%N by rewrite divn_gt0 ?(ltnW p1) // dvdn_leq // ltn_Pdiv.
by move: quotient => /andP [gt0 ltN]; rewrite modn_small // => /eqP q0; rewrite q0 in gt0.
Qed.

Lemma sum_of_powers d : \sum_(j < N) w ^+ (j * d) = if (N %| d)%N then N%:R else 0.
Proof.
under eq_bigr do rewrite mulnC exprM.
case: ifP => [dN | ndN].
  have -> : w ^+ d = 1 by apply/eqP; rewrite -(prim_order_dvd primitive).
  by under eq_bigr do rewrite expr1n; rewrite sumr_const card_ord.
have wd : w ^+ d - 1 != 0 by rewrite subr_eq0 -(prim_order_dvd primitive) ndN.
by apply: (mulfI wd); rewrite -subrX1 mulr0 -exprM mulnC exprM wN expr1n subrr.
Qed.

Lemma inverse_power j m : (m <= N)%N -> w^-1 ^+ (m * j) = w ^+ (j * (N - m)).
Proof.
have w0 : w != 0.
  by apply/eqP=> w0; have /eqP := wN; rewrite w0 expr0n gtn_eqF // eq_sym oner_eq0.
move=> mN; apply: (mulfI (expf_neq0 (m * j) w0)).
by rewrite exprVn divff ?expf_neq0 // [(m * j)%N]mulnC -exprD -mulnDr subnKC // mulnC exprM wN expr1n.
Qed.

Lemma orthogonality (n m : 'I_N) : \sum_(j < N) w ^+ (j * n) * w^-1 ^+ (m * j) = if n == m then N%:R else 0.
Proof.
under eq_bigr => j _ do rewrite inverse_power ?(ltnW (ltn_ord m)) // -exprD -mulnDr.
rewrite sum_of_powers addnBA ?(ltnW (ltn_ord m)) // -eqn_mod_dvd ?(leq_trans (ltnW (ltn_ord m))) ?leq_addl //.
by rewrite modnDr !modn_small.
Qed.

Theorem fourier_inversion (x : 'I_N -> F) (m : 'I_N) :
  N%:R^-1 * dft w^-1 (fun j : 'I_N => dft w x j) m = x m.
Proof.
apply: (mulfI length_is_invertible); rewrite mulVKf ?length_is_invertible //.
rewrite /dft; under eq_bigr do rewrite mulr_suml.
rewrite exchange_big; under eq_bigr => n _ do (under eq_bigr do rewrite -mulrA; rewrite -mulr_sumr orthogonality).
rewrite (bigD1 m) //= eqxx big1 ?addr0 1?mulrC // => n nm.
by rewrite (negPf nm) mulr0.
Qed.

(** Over ℂ, dft w⁻¹ of the conjugate signal is the conjugate of the transform: so this is Parseval's identity. *)
Theorem parseval (x y : 'I_N -> F) :
  \sum_(j < N) dft w x j * dft w^-1 y j = N%:R * \sum_n x n * y n.
Proof.
under [LHS]eq_bigr do rewrite {2}/dft mulr_sumr.
rewrite exchange_big mulr_sumr; apply: eq_bigr => m _.
rewrite mulrA -[in RHS](fourier_inversion x m) mulVKf ?length_is_invertible // {2}/dft mulr_suml.
by apply: eq_bigr => j _; rewrite mulrCA [(j * m)%N]mulnC mulrA [_ * y m]mulrC -mulrA.
Qed.

Lemma conjugate_transform (conj : {rmorphism F -> F}) (y : 'I_N -> F) j : conj w = w^-1 ->
  dft w^-1 (fun n => conj (y n)) j = conj (dft w y j).
Proof. by move=> cw; rewrite rmorph_sum; apply: eq_bigr => n _; rewrite rmorphM rmorphX cw. Qed.

(** With c² N = 1 the transform c·DFT preserves the inner product Σ x(n) conj(y(n)). *)
Theorem unitary_parseval (conj : {rmorphism F -> F}) (c : F) (x y : 'I_N -> F) :
  conj w = w^-1 -> conj c = c -> c ^+ 2 * N%:R = 1 ->
  \sum_(j < N) (c * dft w x j) * conj (c * dft w y j) = \sum_n x n * conj (y n).
Proof.
move=> cw cc cN; under [LHS]eq_bigr do rewrite rmorphM cc mulrACA -expr2 -(conjugate_transform _ _ cw).
by rewrite -mulr_sumr parseval mulrA cN mul1r.
Qed.

End Inversion.
