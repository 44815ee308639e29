(** * WeightSharing: equivariant linear maps are those that share their weights

    Glossary
    - P, Q             the finite sets of input and of output positions, on which the group acts
    - [kernel]         the matrix of a linear map, K(q, p) for output position q and input position p
    - [apply K x]      q ↦ Σ_p K(q, p) x(p)
    - [response f]     the kernel read off a linear map: K(q, p) = f(δ_p)(q)
    - [shares g K]     K(g q, g p) = K(q, p) for all q, p
    - [layer w]        a layer of correlations: output channel d is Σ_c w_dc ⋆ x_c

    Main results
    - weight sharing: the map commutes with g iff its kernel shares weights along g
    - a linear map has exactly one kernel, its responses to the deltas
    - linear maps that commute with translations are convolutions, with any number of channels, and their kernels are
      unique
    - S_n-equivariant linear maps are λ·id + γ·sum (DeepSets), with any number of channels *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Action Convolution.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Local Open Scope signal_scope.

(** ** Kernels *)

Section Kernels.
Variables (R : comRingType) (P Q : finType).
Implicit Types (K : Q -> P -> R) (x : {ffun P -> R}).

Definition apply K x : {ffun Q -> R} := [ffun q => \sum_p K q p * x p].

Definition point (p : P) : {ffun P -> R} := [ffun p' => (p' == p)%:R].

Definition is_linear (f : {ffun P -> R} -> {ffun Q -> R}) : Prop :=
  (forall x y, f (x + y) = f x + f y) /\ (forall c x, f [ffun p => c * x p] = [ffun q => c * f x q]).

Definition response (f : {ffun P -> R} -> {ffun Q -> R}) (q : Q) (p : P) : R := f (point p) q.

Lemma sum_point (F : P -> R) p : \sum_p' F p' * point p p' = F p.
Proof.
by rewrite (bigD1 p) //= ffunE eqxx mulr1 big1 ?addr0 // => p' /negPf pp; rewrite ffunE pp mulr0.
Qed.

Lemma apply_point K q p : apply K (point p) q = K q p.
Proof. by rewrite ffunE sum_point. Qed.

Lemma apply_linear K : is_linear (apply K).
Proof.
split=> [x y | c x]; apply/ffunP=> q; rewrite !ffunE.
  by rewrite -big_split; apply: eq_bigr => p _; rewrite ffunE mulrDr.
by rewrite mulr_sumr; apply: eq_bigr => p _; rewrite ffunE mulrCA.
Qed.

Theorem linear_map_has_a_kernel (f : {ffun P -> R} -> {ffun Q -> R}) : is_linear f ->
  forall K, f =1 apply K <-> forall q p, K q p = response f q p.
Proof.
move=> [fD fZ] K; have own : f =1 apply (response f).
  move=> x; have f0 : f 0 = 0 by apply: (@addrI _ (f 0)); rewrite -fD !addr0.
  have -> : x = \sum_p [ffun p' => x p * point p p'].
    apply/ffunP=> q; rewrite sum_ffunE -[LHS](sum_point x q) ; apply: eq_bigr => p _.
    by rewrite !ffunE eq_sym.
  rewrite (big_morph f fD f0); apply/ffunP=> q; rewrite sum_ffunE [RHS]ffunE; apply: eq_bigr => p _.
  rewrite fZ ffunE mulrC; congr (_ * _); rewrite sum_ffunE -[LHS](sum_point x p).
  by apply: eq_bigr => p' _; rewrite !ffunE eq_sym.
split=> [fK q p | same x]; first by rewrite /response fK apply_point.
by rewrite own; apply/ffunP=> q; rewrite !ffunE; apply: eq_bigr => p _; rewrite same.
Qed.

End Kernels.

Arguments point {R P}.

Section WeightSharing.
Variables (G : group) (R : comRingType) (P Q : finType).
Variables (rho : left_action G P) (tau : left_action G Q).
Implicit Types (K : Q -> P -> R).

Definition shares (g : G) K : Prop := forall q p, K (tau g q) (rho g p) = K q p.

Lemma moved_point g p : moved rho R g (point p) = point (rho g p).
Proof.
apply/ffunP=> p'; rewrite !ffunE; congr (nat_of_bool _)%:R.
by rewrite -(inj_eq (can_inj (act_inv rho g))) inv_act.
Qed.

Theorem weight_sharing g K : preserves (moved rho R) (moved tau R) (apply K) g <-> shares g K.
Proof.
split=> [eqv q p | sh x].
  by rewrite -apply_point -moved_point eqv movedE act_inv apply_point.
apply/ffunP=> q; rewrite !ffunE (reindex_inj (can_inj (act_inv rho g))) /=.
by apply: eq_bigr => p _; rewrite movedE act_inv -(sh (tau (inv g) q)) inv_act.
Qed.

Theorem weight_sharing_group K :
  equivariant (moved rho R) (moved tau R) (apply K) <-> forall g, shares g K.
Proof. by split=> all g; apply/weight_sharing. Qed.

(** What the symbolic reading checks: that the weights are shared along generators. *)
Theorem weight_sharing_generators (S : G -> Prop) K : (forall g, generated S g) ->
  (forall s, S s -> shares s K) -> equivariant (moved rho R) (moved tau R) (apply K).
Proof.
move=> gen sh g; have [suffice _] := generators_suffice (moved rho R) (moved tau R) (apply K) S.
by apply: suffice => // s Ss; apply/weight_sharing/sh.
Qed.

End WeightSharing.

(** ** Translations: convolution is all there is *)

Section Converse.
Variables (gT : finGroupType) (R : comRingType).

Theorem equivariant_is_convolution (f : signal gT R -> signal gT R) : is_linear f ->
  (forall t x, f (translate t x) = translate t (f x)) <-> (forall x, f x = x ∗ f delta).
Proof.
move=> linear; split=> [eqv x | fE t x]; last by rewrite (fE (translate t x)) (fE x) convolution_translation.
have [_ /(_ (fun _ _ => erefl)) ->] := linear_map_has_a_kernel linear (response f).
apply/ffunP=> n; rewrite !ffunE; apply: eq_bigr => k _.
have -> : response f n k = f (translate k delta) n by rewrite translate_delta mulg1.
by rewrite eqv ffunE mulrC.
Qed.

(** Channels: signals on C copies of the group in, on D copies out. *)
Variables C D : finType.

Definition channel (T : finType) (x : {ffun T * gT -> R}) (c : T) : signal gT R := [ffun n => x (c, n)].

Definition shift (T : finType) (t : finite gT) (p : T * gT) : T * gT := (p.1, (t * p.2)%g).

Lemma shift_laws T : is_left_action (@shift T).
Proof. by split=> [[c n] | a b [c n]]; rewrite /shift /= ?mul1g ?mulgA. Qed.

Definition shifts T := LeftAction (@shift_laws T).

Definition layer (w : D -> C -> signal gT R) (x : {ffun C * gT -> R}) : {ffun D * gT -> R} :=
  [ffun q => \sum_c (w q.1 c ⋆ channel x c) q.2].

Definition expanded (w : D -> C -> signal gT R) (q : D * gT) (p : C * gT) : R := w q.1 p.1 (q.2^-1 * p.2)%g.

Lemma layer_kernel w : layer w =1 apply (expanded w).
Proof.
move=> x; apply/ffunP=> -[d n]; rewrite !ffunE /=.
transitivity (\sum_c \sum_k expanded w (d, n) (c, k) * x (c, k)); last by rewrite pair_bigA; apply: eq_bigr => -[].
apply: eq_bigr => c _.
rewrite ffunE [RHS](sum_left n); apply: eq_bigr => k _.
by rewrite /expanded /= mulKg ffunE.
Qed.

Theorem equivariant_is_layer (f : {ffun C * gT -> R} -> {ffun D * gT -> R}) : is_linear f ->
  equivariant (moved (shifts C) R) (moved (shifts D) R) f <-> exists w, f =1 layer w.
Proof.
move=> linear; have kernelE := linear_map_has_a_kernel linear.
have fK : f =1 apply (response f) by apply/kernelE.
split=> [eqv | [w fw] g x]; last first.
  rewrite !fw !layer_kernel; move: x; apply/weight_sharing => -[d n] [c k].
  by rewrite /expanded /= invMg mulgA mulgKV.
exists (fun d c => [ffun k => response f (d, 1%g) (c, k)]) => x.
rewrite layer_kernel; move: x; apply/kernelE => -[d n] [c k]; rewrite /expanded /= ffunE.
have shared : shares (shifts C) (shifts D) (n : finite gT) (response f).
  by apply/weight_sharing => y; rewrite -!fK; apply: eqv.
by rewrite -shared /= /shift /= mulg1 mulKVg.
Qed.

Theorem layer_weights_unique (v w : D -> C -> signal gT R) : layer v =1 layer w -> forall d c, v d c = w d c.
Proof.
move=> vw d c; apply/ffunP=> k; have /ffunP/(_ (d, 1%g)) := vw (point (c, k)).
by rewrite !layer_kernel !apply_point /expanded /= invg1 mul1g.
Qed.

End Converse.

(** ** Permutations: DeepSets *)

Section DeepSets.
Variables (n : nat) (R : comRingType) (C D : finType).

(** The product of MathComp's permutations is first-left-then-right: the inverse makes the action a left one. *)
Definition permute (T : finType) (s : finite [finGroupType of {perm 'I_n}]) (p : T * 'I_n) : T * 'I_n :=
  (p.1, (s : {perm 'I_n})^-1%g p.2).

Lemma permute_laws T : is_left_action (@permute T).
Proof. by split=> [[c i] | a b [c i]]; rewrite /permute /= ?invg1 ?perm1 // invMg permM. Qed.

Definition permutations T := LeftAction (@permute_laws T).

Lemma off_diagonal (i j k l : 'I_n) : i != j -> k != l -> exists s : {perm 'I_n}, s i = k /\ s j = l.
Proof.
move=> ij kl; exists (tperm i k * tperm (tperm i k j) l)%g; rewrite !permM tpermL tpermL; split=> //.
by rewrite tpermD // ?[l == k]eq_sym // -{2}(tpermL i k) (inj_eq perm_inj) eq_sym.
Qed.

Theorem deepsets (K : D * 'I_n -> C * 'I_n -> R) :
  equivariant (moved (permutations C) R) (moved (permutations D) R) (apply K) <->
  exists A B : D -> C -> R, forall d i c j, K (d, i) (c, j) = A d c * (i == j)%:R + B d c.
Proof.
rewrite weight_sharing_group; split=> [sh | [A [B KE]] s [d i] [c j]]; last first.
  by rewrite /= /permute /= !KE (inj_eq perm_inj).
have perms (s : {perm 'I_n}) d i c j : K (d, s i) (c, s j) = K (d, i) (c, j).
  by have := sh s^-1%g (d, i) (c, j); rewrite /= /permute /= invgK.
case: (pickP (fun p : 'I_n * 'I_n => p.1 != p.2)) => [[k l] /= kl | diagonal].
  exists (fun d c => K (d, k) (c, k) - K (d, k) (c, l)), (fun d c => K (d, k) (c, l)) => d i c j.
  case: eqP => [<- | /eqP ij]; rewrite ?mulr1 ?subrK ?mulr0 ?add0r.
    by rewrite -(perms (tperm i k) d i c i) tpermL.
  by have [s [<- <-]] := off_diagonal ij kl; rewrite perms.
case: (pickP 'I_n) => [k _ | empty]; last by exists (fun _ _ => 0), (fun _ _ => 0) => d i; have := empty i.
exists (fun d c => K (d, k) (c, k)), (fun _ _ => 0) => d i c j.
have same u v : u = v :> 'I_n by have /negbFE/eqP := diagonal (u, v).
by rewrite (same i k) (same j k) eqxx mulr1 addr0.
Qed.

(** From two points on, A and B are determined: the maps of one channel to one are a plane. *)
Theorem deepsets_weights_unique (A B A' B' : D -> C -> R) (i j : 'I_n) : i != j ->
  (forall d c k l, A d c * (k == l)%:R + B d c = A' d c * (k == l :> 'I_n)%:R + B' d c) ->
  forall d c, A d c = A' d c /\ B d c = B' d c.
Proof.
move=> /negPf ij same d c; have := same d c i j; rewrite ij !mulr0 !add0r => eqB; split=> //.
by have := same d c i i; rewrite eqxx !mulr1 eqB => /addIr.
Qed.

End DeepSets.
