(** * Normalisation: batch statistics, running statistics, affine parameters, dropout

    Glossary
    - [I]                the entries that share their statistics: samples and positions of a channel, or of an orbit
    - [mean x], [variance x]  over all of I; the variance is the biased one, Σ (x(i) − mean)² / |I|
    - [rsqrt]            the reciprocal square root: positive, and rsqrt(v)² v = 1, for v > 0
    - [batch_norm δ x]   i ↦ rsqrt(variance x + δ) (x(i) − mean x): batch norm in training, before γ and β
    - [inference m r γ β]  γ r (x(i) − m) + β with stored m and r
    - [running ρ m b]    m, then m ← (1 − ρ) m + ρ b for each batch's statistic b
    - [mask]             which entries dropout keeps; [chance mask] its probability when each is kept with probability q
    - [dropout mask x]   x(i)/q where kept, 0 elsewhere

    Main results
    - in training every channel leaves with mean 0 and variance σ²/(σ² + δ), also where it is constant
    - γ and β give any mean and deviation; a bias before the norm changes nothing; a positive factor c before it has
      the effect of dividing δ by c², so none where δ = 0
    - inference looks at one entry only, training does not; running statistics stay between those of the batches
    - dropout keeps the mean; with one mask it commutes with a permutation iff the mask does not change under it, and
      all masks together are as probable after the permutation as before

    That normalisation commutes with permutations of the positions, and what orbits need, is in Layer.v. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** ** Training *)

Section Training.
Variables (R : realFieldType) (I : finType).
Hypothesis occupied : (0 < #|I|)%N.
Implicit Types (x : I -> R) (c delta : R).

Definition mean x : R := (\sum_i x i) / #|I|%:R.
Definition variance x : R := mean (fun i => (x i - mean x) ^+ 2).

Lemma count_nonzero : #|I|%:R != 0 :> R.
Proof. by rewrite pnatr_eq0 -lt0n. Qed.

Lemma eq_mean x y : x =1 y -> mean x = mean y.
Proof. by move=> e; congr (_ / _); apply: eq_bigr => i _; apply: e. Qed.

Lemma mean_affine c d x : mean (fun i => c * x i + d) = c * mean x + d.
Proof. by rewrite /mean big_split -mulr_sumr sumr_const mulrDl mulrA -[d *+ _]mulr_natr mulfK // count_nonzero. Qed.

Lemma mean_centred x : mean (fun i => x i - mean x) = 0.
Proof.
have := mean_affine 1 (- mean x) x; rewrite mul1r subrr => <-.
by apply: eq_mean => i; rewrite mul1r.
Qed.

Lemma variance_affine c d x : variance (fun i => c * x i + d) = c ^+ 2 * variance x.
Proof.
rewrite /variance mean_affine -[RHS]addr0 -(mean_affine (c ^+ 2) 0); apply: eq_mean => i.
by ring.
Qed.

Lemma variance_nonnegative x : 0 <= variance x.
Proof. by rewrite /variance /mean divr_ge0 ?ler0n ?sumr_ge0 // => i _; rewrite sqr_ge0. Qed.

Variable rsqrt : R -> R.
Hypothesis rsqrt_positive : forall v, 0 < v -> 0 < rsqrt v.
Hypothesis rsqrt_square : forall v, 0 < v -> rsqrt v ^+ 2 * v = 1.

Definition batch_norm delta x (i : I) : R := rsqrt (variance x + delta) * (x i - mean x).

Theorem norm_standardises delta x : 0 < delta ->
  mean (batch_norm delta x) = 0 /\ variance (batch_norm delta x) = variance x / (variance x + delta).
Proof.
move=> positive; set r := rsqrt (variance x + delta).
have shape : batch_norm delta x =1 fun i => r * x i + - (r * mean x) by move=> i; rewrite /batch_norm -/r; ring.
have total : 0 < variance x + delta by rewrite ltr_paddl // variance_nonnegative.
split; first by rewrite (eq_mean shape) mean_affine subrr.
have -> : variance (batch_norm delta x) = variance (fun i => r * x i + - (r * mean x)).
  by apply: eq_mean => i; rewrite !shape (eq_mean shape).
rewrite variance_affine; apply: (mulIf (_ : variance x + delta != 0)); first by rewrite gt_eqF.
by rewrite divfK ?gt_eqF // mulrAC rsqrt_square // mul1r.
Qed.

(** A constant channel: the reciprocal square root is that of δ, and every entry leaves as 0. *)
Theorem norm_constant delta c i : 0 < delta ->
  variance (fun=> c) + delta = delta /\ batch_norm delta (fun=> c) i = 0.
Proof.
have constant : mean (fun=> c) = c by rewrite /mean sumr_const -[c *+ _]mulr_natr mulfK ?count_nonzero.
move=> positive; rewrite /batch_norm /variance constant subrr mulr0; split=> //.
by rewrite /mean big1 ?mul0r ?add0r // => j _; rewrite expr0n.
Qed.

Theorem norm_affine_restores x (gamma beta : R) : mean x = 0 ->
  mean (fun i => gamma * x i + beta) = beta /\ variance (fun i => gamma * x i + beta) = gamma ^+ 2 * variance x.
Proof. by move=> centred; rewrite mean_affine variance_affine centred mulr0 add0r. Qed.

Theorem norm_ignores_bias delta x b : batch_norm delta (fun i => x i + b) =1 batch_norm delta x.
Proof.
have shifted : (fun i => x i + b) =1 fun i => 1 * x i + b by move=> i; rewrite mul1r.
have same : mean (fun i => x i + b) = mean x + b by rewrite (eq_mean shifted) mean_affine mul1r.
move=> i; rewrite /batch_norm same; congr (rsqrt (_ + _) * _); last by ring.
by rewrite /variance same; apply: eq_mean => j; ring.
Qed.

Lemma rsqrt_scaled v c : 0 < c -> 0 < v -> rsqrt (c ^+ 2 * v) = rsqrt v / c.
Proof.
move=> c0 v0; have cv : 0 < c ^+ 2 * v by rewrite mulr_gt0 // exprn_gt0.
have nonnegative w : 0 < w -> rsqrt w \is Num.nneg by move=> w0; rewrite nnegrE ltW // rsqrt_positive.
apply: (@pexpIrn _ 2) => //; first exact: nonnegative.
  by rewrite nnegrE divr_ge0 // ltW // rsqrt_positive.
have c2 : c ^+ 2 != 0 by rewrite expf_neq0 // gt_eqF.
apply: (mulIf (_ : c ^+ 2 * v != 0)); first by rewrite gt_eqF.
rewrite rsqrt_square // expr_div_n -mulrA [_^-1 * _]mulrA mulVf // mul1r rsqrt_square //.
Qed.

(** Scaling what enters by c > 0 is dividing δ by c². *)
Theorem norm_scale c delta x : 0 < c -> 0 < variance x + delta ->
  batch_norm (c ^+ 2 * delta) (fun i => c * x i) =1 batch_norm delta x.
Proof.
move=> c0 total i; have scaled : (fun i => c * x i) =1 fun i => c * x i + 0 by move=> j; rewrite addr0.
have same : mean (fun i => c * x i) = c * mean x by rewrite (eq_mean scaled) mean_affine addr0.
rewrite /batch_norm same; have -> : variance (fun i => c * x i) = c ^+ 2 * variance x.
  by rewrite -(variance_affine c 0); apply: eq_mean => j; rewrite addr0 (eq_mean scaled).
by rewrite -mulrDr rsqrt_scaled // -mulrBr mulrA divfK // gt_eqF.
Qed.

Theorem norm_scale_invariance c x : 0 < c -> 0 < variance x -> batch_norm 0 (fun i => c * x i) =1 batch_norm 0 x.
Proof. by move=> c0 spread i; have := @norm_scale c 0 x c0; rewrite mulr0 addr0 => /(_ spread i). Qed.

End Training.

(** ** Inference, and what training mixes *)

Section Inference.
Variables (R : realFieldType) (S I : finType).

Definition inference (m r gamma beta : R) (x : S -> I -> R) (s : S) (i : I) : R := gamma * (r * (x s i - m)) + beta.

(** A sample gives the same result in every batch: whatever the others are, and alone. *)
Theorem norm_inference_alone m r gamma beta (x y : S -> I -> R) s : x s =1 y s ->
  inference m r gamma beta x s =1 inference m r gamma beta y s.
Proof. by move=> same i; rewrite /inference same. Qed.

End Inference.

(** In training the entry 0 becomes 0 alone, and something else beside the entry 1. *)
Theorem norm_training_mixes (R : realFieldType) (rsqrt : R -> R) (delta : R) :
  (forall v, 0 < v -> 0 < rsqrt v) -> 0 < delta ->
  batch_norm rsqrt delta (fun _ : 'I_1 => 0) ord0 = 0 /\
  batch_norm rsqrt delta (fun s : 'I_2 => s%:R) ord0 != 0.
Proof.
move=> positive d0; split.
  by rewrite /batch_norm /mean big1 // mul0r subrr mulr0.
have half : mean (fun s : 'I_2 => s%:R) = 1 / 2%:R :> R.
  by rewrite /mean card_ord !big_ord_recr big_ord0 /= !add0r.
rewrite /batch_norm half sub0r mulf_neq0 //; last by rewrite mul1r oppr_eq0 invr_eq0 pnatr_eq0.
by rewrite gt_eqF // positive // ltr_spaddr ?variance_nonnegative.
Qed.

Section Running.
Variables (R : realFieldType) (rho : R).

Definition running (m : R) (batches : seq R) : R := foldl (fun m b => (1 - rho) * m + rho * b) m batches.

Theorem running_between (low high m : R) batches : 0 <= rho <= 1 ->
  low <= m <= high -> all (fun b => low <= b <= high) batches -> low <= running m batches <= high.
Proof.
move=> /andP[r0 r1]; elim: batches m => //= b rest IH m /andP[lm mh] /andP[/andP[lb bh] others].
apply: IH others; have r1' : 0 <= 1 - rho by rewrite subr_ge0.
have split_number c : c = (1 - rho) * c + rho * c by ring.
by rewrite [low]split_number [high]split_number !ler_add // ler_wpmul2l.
Qed.

(** If every batch has statistic c, the distance from it shrinks by 1 − ρ a batch. *)
Theorem running_converges (m c : R) (T : nat) : running m (nseq T c) - c = (1 - rho) ^+ T * (m - c).
Proof.
elim: T m => [|T IH] m /=; first by rewrite expr0 mul1r.
by rewrite IH exprSr -mulrA; congr (_ * _); ring.
Qed.

End Running.

(** ** Dropout *)

Section Dropout.
Variables (F : fieldType) (I : finType) (q : F).
Hypothesis kept : q != 0.
Implicit Types (mask : {ffun I -> bool}) (x : I -> F) (g : I -> I).

Definition chance mask : F := \prod_i (if mask i then q else 1 - q).
Definition dropout mask x (i : I) : F := (if mask i then q^-1 else 0) * x i.

Theorem dropout_chances : \sum_mask chance mask = 1.
Proof.
rewrite /chance -(bigA_distr_bigA (fun (_ : I) (b : bool) => if b then q else 1 - q)).
by apply: big1 => i _; rewrite big_bool /= addrC subrK.
Qed.

Theorem dropout_keeps_mean x i : \sum_mask chance mask * dropout mask x i = x i.
Proof.
pose factor k (b : bool) := if k == i then (if b then 1 else 0) else if b then q else 1 - q.
rewrite (eq_bigr (fun mask : {ffun I -> bool} => (\prod_k factor k (mask k)) * x i)) => [|mask _].
  rewrite -mulr_suml -(bigA_distr_bigA factor) [X in X * _]big1 ?mul1r // => k _.
  by rewrite big_bool /factor; case: ifP => _; rewrite /= ?addr0 // addrC subrK.
rewrite /dropout mulrA; congr (_ * _); rewrite /chance (bigD1 i) //= [in RHS](bigD1 i) //=.
rewrite {1}/factor eqxx mulrAC; congr (_ * _); last first.
  by apply: eq_bigr => k /negPf ki; rewrite /factor ki.
by case: (mask i); rewrite ?mulfV ?mulr0.
Qed.

(** One mask: only permutations that leave it alone. *)
Theorem dropout_permutation mask g :
  (forall x i, dropout mask (x \o g) i = dropout mask x (g i)) <-> (forall i, mask (g i) = mask i).
Proof.
split=> [commutes i | same x i]; last by rewrite /dropout /= same.
have := commutes (fun=> 1) i; rewrite /dropout /= !mulr1.
by case: (mask i); case: (mask (g i)) => // /eqP; rewrite ?[0 == _]eq_sym invr_eq0 (negPf kept).
Qed.

(** All masks: moving signal and mask together changes nothing, and a moved mask is as probable. *)
Theorem dropout_in_distribution mask g x i : bijective g ->
  dropout [ffun j => mask (g j)] (x \o g) i = dropout mask x (g i) /\ chance [ffun j => mask (g j)] = chance mask.
Proof.
move=> bijective_g; split; first by rewrite /dropout ffunE.
by rewrite /chance [RHS](reindex g) /=; [apply: eq_bigr => j _; rewrite ffunE | apply: onW_bij].
Qed.

End Dropout.
