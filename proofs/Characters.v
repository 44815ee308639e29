(** * Characters: how many equivariant linear maps there are between any two representations

    Glossary
    - [representation rho]  matrices with rho(1) = 1 and rho(g h) = rho(g) rho(h); they act on rows, x ↦ x rho(g)
    - [character rho g]     the trace of rho(g)
    - [mean rho]            |G|⁻¹ Σ_g rho(g), over a field where the order of the group is not 0
    - [conjugation]         X ↦ rho(g) X sigma(g⁻¹), on the linear maps X from the space of rho to that of sigma, written
                            as a matrix of their entries

    Main results
    - the trace of a projection is its rank
    - the vectors that a representation leaves alone are the row space of its mean: their dimension is the mean of the
      character
    - the equivariant linear maps have as dimension |G|⁻¹ Σ_g χ_rho(g) χ_sigma(g⁻¹)

    For permutation representations the dimension counts orbits: Orbits.v. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Lemma factors_of_projection (F : fieldType) n r (A D : 'M[F]_(n, r)) (B E : 'M[F]_(r, n)) :
  E *m A = 1%:M -> B *m D = 1%:M -> A *m B *m (A *m B) = A *m B -> B *m A = 1%:M.
Proof.
move=> left_inverse right_inverse idempotent.
have : E *m (A *m B *m (A *m B)) *m D = E *m (A *m B) *m D by rewrite idempotent.
by rewrite !mulmxA left_inverse !mul1mx -!mulmxA right_inverse mulmx1.
Qed.

Theorem projection_trace (F : fieldType) n (e : 'M[F]_n) : e *m e = e -> \tr e = (\rank e)%:R.
Proof.
move=> idempotent; have factors := mulmx_base e.
have /row_fullP[D left_inverse] := col_base_full e; have /row_freeP[E right_inverse] := row_base_free e.
have inner : row_base e *m col_base e = 1%:M.
  by apply: (factors_of_projection left_inverse right_inverse); rewrite factors.
by rewrite -[X in \tr X]factors mxtrace_mulC inner mxtrace1.
Qed.

Section FixedVectors.
Variables (F : fieldType) (gT : finGroupType) (n : nat) (rho : gT -> 'M[F]_n).
Hypothesis order_nonzero : #|gT|%:R != 0 :> F.

Definition representation : Prop := rho 1%g = 1%:M /\ forall g h, rho (g * h)%g = rho g *m rho h.
Definition mean : 'M[F]_n := #|gT|%:R^-1 *: \sum_g rho g.

Hypothesis represents : representation.

Lemma mean_absorbs g : mean *m rho g = mean.
Proof.
rewrite /mean -scalemxAl mulmx_suml; congr (_ *: _); rewrite [RHS](reindex_inj (mulIg g)).
by apply: eq_bigr => h _; rewrite (proj2 represents).
Qed.

Lemma mean_fixes (m : nat) (v : 'M[F]_(m, n)) : (forall g, v *m rho g = v) -> v *m mean = v.
Proof.
move=> fixed; rewrite /mean -scalemxAr mulmx_sumr; under eq_bigr do rewrite fixed.
by rewrite sumr_const cardT -cardE -scaler_nat scalerA mulVf ?scale1r.
Qed.

Lemma mean_idempotent : mean *m mean = mean.
Proof. exact/mean_fixes/mean_absorbs. Qed.

(** The fixed vectors are a space, the row space of the mean; its dimension is the mean of the character. *)
Theorem fixed_vectors (v : 'rV[F]_n) : (forall g, v *m rho g = v) <-> (v <= mean)%MS.
Proof.
split=> [fixed | /submxP[u ->] g]; last by rewrite -mulmxA mean_absorbs.
by apply/submxP; exists v; rewrite mean_fixes.
Qed.

Theorem fixed_dimension : (\rank mean)%:R = #|gT|%:R^-1 * \sum_g \tr (rho g) :> F.
Proof. by rewrite -projection_trace ?mean_idempotent // /mean mxtraceZ raddf_sum. Qed.

End FixedVectors.

Section EquivariantMaps.
Variables (F : fieldType) (gT : finGroupType) (n m : nat) (rho : gT -> 'M[F]_n) (sigma : gT -> 'M[F]_m).
Hypothesis order_nonzero : #|gT|%:R != 0 :> F.
Hypotheses (rho_represents : representation rho) (sigma_represents : representation sigma).

Definition conjugate (g : gT) (X : 'M[F]_(n, m)) : 'M[F]_(n, m) := rho g *m X *m sigma g^-1%g.

Lemma conjugate_linear g : linear (conjugate g).
Proof. by move=> a X Y; rewrite /conjugate mulmxDr mulmxDl -scalemxAr -scalemxAl. Qed.
Canonical conjugate_map g := Linear (conjugate_linear g).

(** On the entries of X, as a row. The order of the factors makes it a representation by g⁻¹. *)
Definition conjugation (g : gT) : 'M[F]_(n * m) := lin_mx (conjugate g^-1%g).

Lemma conjugation_represents : representation conjugation.
Proof.
have [rho1 rhoM] := rho_represents; have [sigma1 sigmaM] := sigma_represents.
split=> [|g h]; apply/row_matrixP=> i; rewrite !rowE /conjugation.
  by rewrite mulmx1 mul_rV_lin /= /conjugate !invg1 rho1 sigma1 mul1mx mulmx1 vec_mxK.
rewrite mulmxA !mul_rV_lin /= /conjugate mxvecK !invMg !invgK rhoM sigmaM !mulmxA.
by [].
Qed.

Lemma conjugation_trace g : \tr (conjugation g) = \tr (rho g^-1%g) * \tr (sigma g).
Proof.
rewrite /mxtrace (reindex _ (curry_mxvec_bij n m)) /= mulr_suml.
transitivity (\sum_i \sum_j conjugation g (mxvec_index i j) (mxvec_index i j)).
  by rewrite pair_bigA; apply: eq_bigr => -[].
apply: eq_bigr => i _; rewrite mulr_sumr; apply: eq_bigr => j _.
have -> : conjugation g (mxvec_index i j) (mxvec_index i j) = row (mxvec_index i j) (conjugation g) 0 (mxvec_index i j).
  by rewrite [RHS]mxE.
rewrite rowE mul_rV_lin /= vec_mx_delta mxvecE /conjugate invgK mxE (bigD1 j) //= big1 ?addr0 => [|k kj].
  rewrite mxE (bigD1 i) //= big1 ?addr0 => [|l li]; first by rewrite mxE !eqxx mulr1.
  by rewrite mxE (negPf li) mulr0.
by rewrite mxE big1 ?mul0r // => l _; rewrite mxE (negPf kj) andbF mulr0.
Qed.

(** The equivariant maps, as rows of entries, are a space, and its dimension is the inner product of the characters. *)
Theorem equivariant_maps_by_characters :
  (forall X : 'M[F]_(n, m), (forall g, rho g *m X = X *m sigma g) <-> (mxvec X <= mean conjugation)%MS) /\
  (\rank (mean conjugation))%:R = #|gT|%:R^-1 * \sum_g \tr (rho g) * \tr (sigma g^-1%g) :> F.
Proof.
have [sigma1 sigmaM] := sigma_represents; split=> [X|].
  rewrite -fixed_vectors; [|exact: order_nonzero|exact: conjugation_represents].
  have fixed g : (mxvec X *m conjugation g = mxvec X) <-> (rho g^-1%g *m X = X *m sigma g^-1%g).
    rewrite mul_rV_lin /= mxvecK /conjugate invgK; split=> [/(can_inj mxvecK) e | ->].
      by rewrite -{2}e -mulmxA -sigmaM mulgV sigma1 mulmx1.
    by rewrite -mulmxA -sigmaM mulVg sigma1 mulmx1.
  by split=> [eqv g | fix_all g]; [apply/fixed/eqv | rewrite -(invgK g); apply/fixed/fix_all].
rewrite fixed_dimension //; last exact: conjugation_represents.
congr (_ * _); rewrite [RHS](reindex_inj invg_inj); apply: eq_bigr => g _.
by rewrite conjugation_trace invgK.
Qed.

End EquivariantMaps.
