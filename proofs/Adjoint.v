(** * Adjoint: transposed maps and transposed convolution

    Glossary
    - [inner x y]      ⟨x, y⟩ = Σ_p x(p) y(p)
    - [transpose K]    the kernel K(p, q) of the adjoint map
    - [strided φ w x]  a correlation kept at the positions φ(m) only: m ↦ (w ⋆ x)(φ(m)); φ(m) = s·m is stride s
    - [stuffed φ y]    y placed at the positions φ(m), zeros elsewhere
    - [multiple s M]   φ(m) = s·m from Z_M into Z_{sM}

    Main results
    - the adjoint is the transposed kernel, and the adjoint of an equivariant map is equivariant
    - the adjoint of a strided correlation is convolution of the zero-stuffed signal with the kernel, for every φ
    - it takes translation by t to translation by φ(t): by s·t for stride s *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Action Convolution WeightSharing.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Local Open Scope signal_scope.

Definition inner (R : comRingType) (P : finType) (x y : {ffun P -> R}) : R := \sum_p x p * y p.

Definition transpose (R : comRingType) (P Q : finType) (K : Q -> P -> R) (p : P) (q : Q) : R := K q p.

Section Adjoint.
Variables (R : comRingType) (P Q : finType).
Implicit Types (K : Q -> P -> R) (x : {ffun P -> R}) (y : {ffun Q -> R}).

Lemma inner_point x p : inner x (point p) = x p.
Proof. exact: sum_point. Qed.

Lemma inner_symmetric (x x' : {ffun P -> R}) : inner x x' = inner x' x.
Proof. by apply: eq_bigr => p _; rewrite mulrC. Qed.

Theorem transpose_is_adjoint K x y : inner (apply K x) y = inner x (apply (transpose K) y).
Proof.
rewrite /inner; under eq_bigr do rewrite ffunE mulr_suml.
rewrite exchange_big; apply: eq_bigr => p _; rewrite ffunE mulr_sumr; apply: eq_bigr => q _.
by rewrite mulrAC mulrC.
Qed.

Theorem adjoint_unique (f f' : {ffun Q -> R} -> {ffun P -> R}) :
  (forall x y, inner x (f y) = inner x (f' y)) -> f =1 f'.
Proof.
move=> same y; apply/ffunP=> p; have := same (point p) y.
by rewrite !(inner_symmetric (point p)) !inner_point.
Qed.

Theorem adjoint_equivariant (G : group) (rho : left_action G P) (tau : left_action G Q) K :
  equivariant (moved rho R) (moved tau R) (apply K) ->
  equivariant (moved tau R) (moved rho R) (apply (transpose K)).
Proof. by rewrite !weight_sharing_group => sh g p q; apply: sh. Qed.

End Adjoint.

Section TransposedConvolution.
Variables (gT hT : finGroupType) (R : comRingType) (phi : hT -> gT).
Implicit Types (w x : signal gT R) (y : signal hT R).

Definition strided w x : signal hT R := [ffun m => (w ⋆ x) (phi m)].
Definition stuffed y : signal gT R := [ffun n => \sum_(m | phi m == n) y m].

Lemma inner_correlation w x (u : signal gT R) : inner (w ⋆ x) u = inner x (u ∗ w).
Proof.
rewrite /inner; under eq_bigr do rewrite ffunE mulr_suml.
under [RHS]eq_bigr do rewrite ffunE mulr_sumr.
rewrite [RHS]exchange_big; apply: eq_bigr => n _; rewrite [RHS](sum_left n); apply: eq_bigr => k _.
by rewrite mulKg -mulrA mulrCA [w k * _]mulrC.
Qed.

Theorem transposed_is_adjoint w x y : inner (strided w x) y = inner x (stuffed y ∗ w).
Proof.
rewrite -inner_correlation /inner (partition_big phi xpredT) //=; apply: eq_bigr => n _.
by rewrite [stuffed y n]ffunE mulr_sumr; apply: eq_bigr => m /eqP <-; rewrite ffunE.
Qed.

Hypothesis phiM : {morph phi : a b / (a * b)%g}.

Theorem transposed_translation t y w :
  stuffed (translate t y) ∗ w = translate (phi t) (stuffed y ∗ w).
Proof.
rewrite -convolution_translation; congr (_ ∗ _); apply/ffunP=> n; rewrite !ffunE.
rewrite (reindex_inj (mulgI t)) /=; apply: eq_big => [m | m _]; last by rewrite ffunE mulKg.
by rewrite phiM -(inj_eq (mulgI (phi t)) _ (_ * n)%g) mulKVg.
Qed.

Theorem strided_translation t x w : strided w (translate (phi t) x) = translate t (strided w x).
Proof.
have phiV a : phi a^-1%g = (phi a)^-1%g.
  have phi1 : phi 1%g = 1%g by apply: (mulgI (phi 1%g)); rewrite -phiM !mulg1.
  by apply/eqP; rewrite eq_sym eq_invg_mul -phiM mulgV phi1.
apply/ffunP=> m; rewrite [LHS]ffunE correlation_translation_signal [LHS]ffunE.
by rewrite [RHS]ffunE [RHS]ffunE phiM phiV.
Qed.

End TransposedConvolution.

(** ** Stride s on the circle *)

Section Circle.
Variables (s M : nat) (R : comRingType).
Notation short := [finGroupType of 'I_M.+1].
Notation long := [finGroupType of 'I_(M + s * M.+1).+1].

Lemma long_length : (M + s * M.+1).+1 = (s.+1 * M.+1)%N.
Proof. by []. Qed.

Definition multiple (m : short) : long := inZp (s.+1 * m).

Lemma multiple_value m : multiple m = (s.+1 * m)%N :> nat.
Proof. by apply: modn_small; rewrite long_length ltn_pmul2l. Qed.

Lemma multiple_morphism : {morph multiple : a b / (a * b)%g}.
Proof.
move=> a b; apply/val_inj; rewrite [LHS]multiple_value.
transitivity ((multiple a + multiple b) %% (M + s * M.+1).+1)%N => //.
by rewrite !multiple_value long_length -mulnDr -muln_modr.
Qed.

(** y between its entries, s zeros: the stride is s + 1. *)
Theorem stuffing_inserts_zeros (y : signal short R) (n : long) :
  stuffed multiple y n = if (s.+1 %| n)%N then y (inord (n %/ s.+1)) else 0.
Proof.
rewrite ffunE; case: ifP => [sn | ndiv]; last first.
  by rewrite big_pred0 // => m; apply/eqP=> mn; rewrite -mn multiple_value dvdn_mulr in ndiv.
have quotient : (n %/ s.+1 < M.+1)%N by rewrite ltn_divLR // [X in (_ < X)%N]mulnC; apply: ltn_ord.
apply: big_pred1 => m; apply/eqP/eqP => [mn | ->]; apply/val_inj.
  by rewrite /= inordK // -mn multiple_value mulKn.
by rewrite [LHS]multiple_value inordK // mulnC divnK.
Qed.

(** Equivariance of a layer of stride s + 1, and of its transpose: shifts by t and by (s + 1)·t belong together. *)
Theorem strided_on_circle t (w x : signal long R) :
  strided multiple w (translate (multiple t) x) = translate t (strided multiple w x).
Proof. exact/strided_translation/multiple_morphism. Qed.

Theorem transposed_on_circle t (y : signal short R) (w : signal long R) :
  stuffed multiple (translate t y) ∗ w = translate (multiple t) (stuffed multiple y ∗ w).
Proof. exact/transposed_translation/multiple_morphism. Qed.

End Circle.
