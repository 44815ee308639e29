(** * Convolution: convolution and cross-correlation on a finite group

    Everything holds on any finite group: Z_n for signals, Z_n × Z_m for images, Z_n × Z_m × Z_k for volumes, p4, p4m.
    Groups are written multiplicatively; on Z_n read a·b as a + b and a⁻¹ as −a.

    Glossary
    - [signal]          a function from the group to the ring R
    - [x ∗ y]           convolution, (x ∗ y)(n) = Σ_k x(k) y(k⁻¹n)
    - [x ⋆ y]           cross-correlation of kernel x with signal y, (x ⋆ y)(n) = Σ_k x(k) y(nk)
    - [delta]           1 at the identity, 0 elsewhere; [delta_at t]: 1 at t
    - [translate t x]   (T_t x)(n) = x(t⁻¹n); [translate_right t x]: n ↦ x(nt)
    - [reflect x]       n ↦ x(n⁻¹)
    - [moved_along x]   f ▷ x: n ↦ x(f⁻¹(n)), for an automorphism f (a rotation or reflection of the grid)

    Main results
    - convolution is associative, bilinear, has the unit δ; it is commutative iff the group is
    - it commutes with translation of the first signal from the left, of the second from the right
    - correlation is convolution with the reflected kernel, and equivariant in the signal
    - x ⋆ y is the reflection of y ⋆ x; correlation is commutative iff every element is its own inverse (so on Z_1 and
      Z_2 only), and the same for associativity
    - translating the kernel translates the result by t from the right, on abelian groups by −t, and not by t on cycles
      of three or more
    - automorphisms move inside: (f ▷ x) ∗ (f ▷ y) = f ▷ (x ∗ y), among them the turns and mirrors of the torus
    - a kernel of rank one acts as two passes along the axes *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variables (gT : finGroupType) (R : ringType).

Definition signal : predArgType := {ffun gT -> R}.

Implicit Types x y : signal.

Definition convolution x y : signal := [ffun n => \sum_k x k * y (k^-1 * n)%g].
Definition correlation x y : signal := [ffun n => \sum_k x k * y (n * k)%g].
Definition delta_at (t : gT) : signal := [ffun n => (n == t)%:R].
Definition delta : signal := delta_at 1%g.
Definition translate (t : gT) x : signal := [ffun n => x (t^-1 * n)%g].
Definition translate_right (t : gT) x : signal := [ffun n => x (n * t)%g].
Definition reflect x : signal := [ffun n => x n^-1%g].
Definition scale (c : R) x : signal := [ffun n => c * x n].

End Definitions.

Arguments delta {gT R}.
Arguments delta_at {gT R} t.

Declare Scope signal_scope.
Delimit Scope signal_scope with signal.
Notation "x ∗ y" := (convolution x y) (at level 40, left associativity) : signal_scope.
Notation "x ⋆ y" := (correlation x y) (at level 40, left associativity) : signal_scope.
Local Open Scope signal_scope.

(** Sums over the group do not change when its elements are renamed. *)
Section Sums.
Variables (gT : finGroupType) (V : zmodType).
Implicit Type F : gT -> V.

Lemma sum_left t F : \sum_k F k = \sum_k F (t * k)%g.
Proof. by rewrite (reindex_inj (mulgI t)). Qed.

Lemma sum_right t F : \sum_k F k = \sum_k F (k * t)%g.
Proof. by rewrite (reindex_inj (mulIg t)). Qed.

Lemma sum_inverse F : \sum_k F k = \sum_k F k^-1%g.
Proof. by rewrite (reindex_inj invg_inj). Qed.

End Sums.

Section Ring.
Variables (gT : finGroupType) (R : ringType).
Implicit Types (x y z : signal gT R) (t : gT).

Lemma sum_delta t (F : gT -> R) : \sum_k delta_at t k * F k = F t.
Proof.
by rewrite (bigD1 t) //= !ffunE eqxx mul1r big1 ?addr0 // => k kt; rewrite !ffunE (negPf kt) mul0r.
Qed.

Lemma delta_convolution t y : delta_at t ∗ y = translate t y.
Proof. by apply/ffunP=> n; rewrite !ffunE sum_delta. Qed.

Lemma delta_correlation t y : delta_at t ⋆ y = translate_right t y.
Proof. by apply/ffunP=> n; rewrite !ffunE sum_delta. Qed.

Lemma translate_delta t u : translate t (delta_at u : signal gT R) = delta_at (t * u)%g.
Proof. by apply/ffunP=> n; rewrite !ffunE -(inj_eq (mulgI t)) mulKVg. Qed.

Theorem convolution_associative x y z : x ∗ (y ∗ z) = x ∗ y ∗ z.
Proof.
apply/ffunP=> n; rewrite !ffunE.
under eq_bigr do rewrite ffunE mulr_sumr.
under [RHS]eq_bigr do rewrite ffunE mulr_suml.
rewrite [RHS]exchange_big; apply: eq_bigr => k _.
rewrite [RHS](sum_left k); apply: eq_bigr => j _.
by rewrite mulrA mulKg invMg mulgA.
Qed.

Theorem convolution_distributive_right x y z : x ∗ (y + z) = x ∗ y + x ∗ z.
Proof.
by apply/ffunP=> n; rewrite !ffunE -big_split; apply: eq_bigr => k _; rewrite ffunE mulrDr.
Qed.

Theorem convolution_distributive_left x y z : (x + y) ∗ z = x ∗ z + y ∗ z.
Proof.
by apply/ffunP=> n; rewrite !ffunE -big_split; apply: eq_bigr => k _; rewrite ffunE mulrDl.
Qed.

Theorem convolution_homogeneous (c : R) x y : scale c x ∗ y = scale c (x ∗ y).
Proof.
by apply/ffunP=> n; rewrite !ffunE mulr_sumr; apply: eq_bigr => k _; rewrite ffunE mulrA.
Qed.

Theorem convolution_identity x : delta ∗ x = x /\ x ∗ delta = x.
Proof.
split; first by rewrite delta_convolution; apply/ffunP=> n; rewrite ffunE invg1 mul1g.
apply/ffunP=> n; rewrite ffunE (bigD1 n) //= !ffunE mulVg eqxx mulr1 big1 ?addr0 // => k kn.
by rewrite !ffunE -eq_mulVg1 (negPf kn) mulr0.
Qed.

Theorem convolution_translation t x y : translate t x ∗ y = translate t (x ∗ y).
Proof. by rewrite -!delta_convolution convolution_associative. Qed.

Theorem convolution_translation_right t x y : x ∗ translate_right t y = translate_right t (x ∗ y).
Proof.
by apply/ffunP=> n; rewrite !ffunE; apply: eq_bigr => k _; rewrite ffunE mulgA.
Qed.

Theorem correlation_distributive x y z : x ⋆ (y + z) = x ⋆ y + x ⋆ z.
Proof.
by apply/ffunP=> n; rewrite !ffunE -big_split; apply: eq_bigr => k _; rewrite ffunE mulrDr.
Qed.

Theorem correlation_translation_signal t x y : x ⋆ translate t y = translate t (x ⋆ y).
Proof.
by apply/ffunP=> n; rewrite !ffunE; apply: eq_bigr => k _; rewrite ffunE mulgA.
Qed.

(** Translation of the kernel comes out on the other side: on Z_n, as T_{−t}. *)
Theorem correlation_translation_kernel t x y : translate t x ⋆ y = translate_right t (x ⋆ y).
Proof.
apply/ffunP=> n; rewrite !ffunE (sum_left t); apply: eq_bigr => k _.
by rewrite ffunE mulKg mulgA.
Qed.

Theorem correlation_after_correlation x y z : x ⋆ (y ⋆ z) = (x ∗ y) ⋆ z.
Proof.
apply/ffunP=> n; rewrite !ffunE; under [RHS]eq_bigr do rewrite ffunE mulr_suml.
rewrite [RHS]exchange_big; apply: eq_bigr => k _; rewrite ffunE mulr_sumr [RHS](sum_left k); apply: eq_bigr => l _.
by rewrite mulKg mulgA mulrA.
Qed.

Section Automorphism.
Variables f f' : gT -> gT.
Hypotheses (fK : cancel f f') (f'K : cancel f' f) (fM : {morph f : a b / (a * b)%g}).

Definition moved_along x : signal gT R := [ffun n => x (f' n)].

Lemma automorphism_inverse a : f a^-1%g = (f a)^-1%g.
Proof.
have f1 : f 1%g = 1%g by apply: (mulgI (f 1%g)); rewrite -fM !mulg1.
by apply/eqP; rewrite eq_sym eq_invg_mul -fM mulgV f1.
Qed.

Theorem convolution_automorphism x y : moved_along x ∗ moved_along y = moved_along (x ∗ y).
Proof.
apply/ffunP=> n; rewrite !ffunE (reindex f) /=; last by exists f' => k _.
apply: eq_bigr => k _; rewrite !ffunE fK; congr (_ * y _).
by apply: (can_inj fK); rewrite f'K fM f'K automorphism_inverse.
Qed.

Theorem symmetric_kernel x y : moved_along x = x -> x ∗ moved_along y = moved_along (x ∗ y).
Proof. by move=> fixed; rewrite -convolution_automorphism fixed. Qed.

Theorem symmetric_kernel_iff x : (forall y, x ∗ moved_along y = moved_along (x ∗ y)) <-> moved_along x = x.
Proof.
split=> [commutes | fixed y]; last exact: symmetric_kernel.
have delta_fixed : moved_along delta = delta.
  have f1 : f 1%g = 1%g by apply: (mulgI (f 1%g)); rewrite -fM !mulg1.
  by apply/ffunP=> n; rewrite !ffunE (can2_eq f'K fK) f1.
by have := commutes delta; rewrite delta_fixed; have [_ ->] := convolution_identity x.
Qed.

End Automorphism.

End Ring.

(** ** Values in a commutative ring *)

Section CommutativeRing.
Variables (gT : finGroupType) (R : comRingType).
Implicit Types (x y z : signal gT R) (t : gT).

Definition abelian_type := forall a b : gT, (a * b = b * a)%g.

Theorem convolution_homogeneous_right (c : R) x y : x ∗ scale c y = scale c (x ∗ y).
Proof.
by apply/ffunP=> n; rewrite !ffunE mulr_sumr; apply: eq_bigr => k _; rewrite ffunE mulrCA.
Qed.

Lemma delta_injective t u : delta_at t = delta_at u :> signal gT R -> t = u.
Proof.
by move/ffunP/(_ t); rewrite !ffunE eqxx; have [|_ /eqP] := t =P u; rewrite ?oner_eq0.
Qed.

Theorem convolution_commutative : (forall x y, x ∗ y = y ∗ x) <-> abelian_type.
Proof.
split=> [comm a b | ab x y]; last first.
  apply/ffunP=> n; rewrite !ffunE sum_inverse (sum_right n^-1); apply: eq_bigr => k _.
  by rewrite invgK mulgKV invMg invgK mulrC (ab n).
have := comm (delta_at a) (delta_at b); rewrite !delta_convolution !translate_delta.
exact: delta_injective.
Qed.

Lemma translate_right_abelian t x : abelian_type -> translate_right t x = translate t^-1%g x.
Proof. by move=> ab; apply/ffunP=> n; rewrite !ffunE invgK ab. Qed.

Theorem convolution_translation_abelian t x y : abelian_type -> x ∗ translate t y = translate t (x ∗ y).
Proof.
move=> ab; have inverse (u : signal gT R) : translate t u = translate_right t^-1%g u.
  by rewrite translate_right_abelian ?invgK.
by rewrite !inverse convolution_translation_right.
Qed.

Theorem correlation_is_reflected_convolution x y :
  x ⋆ y = y ∗ reflect x /\ (abelian_type -> x ⋆ y = reflect x ∗ y).
Proof.
have corr : x ⋆ y = y ∗ reflect x.
  apply/ffunP=> n; rewrite !ffunE (sum_left n^-1%g); apply: eq_bigr => k _.
  by rewrite !ffunE invMg invgK mulKVg mulrC.
by split=> // ab; rewrite corr; case: convolution_commutative => _ ->.
Qed.

Theorem correlation_translation_kernel_abelian t x y : abelian_type ->
  translate t x ⋆ y = translate t^-1%g (x ⋆ y).
Proof. by move=> ab; rewrite correlation_translation_kernel translate_right_abelian. Qed.

Theorem correlation_reflection x y : x ⋆ y = reflect (y ⋆ x).
Proof.
apply/ffunP=> n; rewrite !ffunE (sum_left n^-1%g); apply: eq_bigr => k _.
by rewrite mulKVg mulrC.
Qed.

(** ** Where correlation is commutative, where it is associative: almost nowhere *)

Lemma delta_correlation_delta t u : (delta_at t : signal gT R) ⋆ delta_at u = delta_at (u * t^-1)%g.
Proof. by rewrite delta_correlation; apply/ffunP=> n; rewrite !ffunE -(inj_eq (mulIg t^-1%g)) mulgK. Qed.

Lemma involutions_abelian : (forall t, t^-1 = t)%g -> abelian_type.
Proof. by move=> tt a b; rewrite -(tt (a * b)%g) invMg !tt. Qed.

Lemma involutions_correlation : (forall t, t^-1 = t)%g -> forall x y, x ⋆ y = x ∗ y.
Proof.
by move=> tt x y; apply/ffunP=> n; rewrite !ffunE; apply: eq_bigr => k _; rewrite tt (involutions_abelian tt).
Qed.

Theorem correlation_commutative : (forall x y, x ⋆ y = y ⋆ x) <-> (forall t, t^-1 = t)%g.
Proof.
split=> [comm t | tt x y].
  have := comm (delta_at t) (delta_at 1%g); rewrite !delta_correlation_delta => /delta_injective.
  by rewrite mul1g invg1 mulg1.
by rewrite !involutions_correlation //; have [_ ->] := convolution_commutative; last exact: involutions_abelian.
Qed.

Theorem correlation_associative : (forall x y z, x ⋆ (y ⋆ z) = x ⋆ y ⋆ z) <-> (forall t, t^-1 = t)%g.
Proof.
split=> [assoc t | tt x y z]; last by rewrite !involutions_correlation // convolution_associative.
have := assoc (delta_at t) (delta_at 1%g) (delta_at 1%g); rewrite !delta_correlation_delta => /delta_injective.
by rewrite invg1 !mul1g invgK.
Qed.

End CommutativeRing.

(** ** Images: separable kernels, turns and mirrors *)

Section Plane.
Variables (aT bT : finGroupType) (R : ringType).

(** A kernel of rank one acts as two passes: v along the second axis, then u along the first. *)
Theorem separable_kernel (u : signal aT R) (v : signal bT R) (x : signal [finGroupType of aT * bT] R) n m :
  ([ffun k => u k.1 * v k.2] ⋆ x) (n, m) = (u ⋆ [ffun i => (v ⋆ [ffun j => x (i, j)]) m]) n.
Proof.
rewrite ffunE; transitivity (\sum_k \sum_l u k * v l * x ((n, m) * (k, l))%g).
  by rewrite pair_bigA; apply: eq_bigr => -[k l] _; rewrite ffunE.
rewrite ffunE; apply: eq_bigr => k _; rewrite !ffunE mulr_sumr; apply: eq_bigr => l _.
by rewrite ffunE mulrA.
Qed.

End Plane.

(** On the square torus, (a, b) ↦ (b⁻¹, a) and (a, b) ↦ (a, b⁻¹) are automorphisms; they generate D4. *)
Theorem convolution_quarter_turn (aT : finGroupType) (R : ringType) (x y : signal [finGroupType of aT * aT] R) :
  abelian_type aT -> let turned := @moved_along _ R (fun p => (p.2, p.1^-1)%g) in turned x ∗ turned y = turned (x ∗ y).
Proof.
move=> ab; apply: (@convolution_automorphism _ _ (fun p : aT * aT => (p.2^-1, p.1)%g)) => /=.
- by case=> a b; rewrite invgK.
- by case=> a b; rewrite invgK.
- by move=> [a b] [c d]; congr (_, _); rewrite invMg ab.
Qed.

Theorem convolution_mirror (aT bT : finGroupType) (R : ringType) (x y : signal [finGroupType of aT * bT] R) :
  abelian_type bT -> let mirrored := @moved_along _ R (fun p => (p.1, p.2^-1)%g) in
  mirrored x ∗ mirrored y = mirrored (x ∗ y).
Proof.
move=> ab; apply: (@convolution_automorphism _ _ (fun p : aT * bT => (p.1, p.2^-1)%g)) => /=.
- by case=> a b; rewrite invgK.
- by case=> a b; rewrite invgK.
- by move=> [a b] [c d]; congr (_, _); rewrite invMg ab.
Qed.

(** So on Z_n, n ≥ 3, correlation is neither commutative nor associative. *)
Theorem correlation_fails_on_cycles (n : nat) (R : comRingType) :
  ~ (forall x y : signal [finGroupType of 'I_n.+3] R, x ⋆ y = y ⋆ x) /\
  ~ (forall x y z : signal [finGroupType of 'I_n.+3] R, x ⋆ (y ⋆ z) = x ⋆ y ⋆ z).
Proof.
have fails : ~ (forall t : 'I_n.+3, t^-1 = t)%g.
  by move/(_ (inord 1))/(congr1 val) => /=; rewrite inordK // subn1 modn_small.
by split=> [/correlation_commutative | /correlation_associative].
Qed.

(** Nor does a translation of the kernel come out as it is. *)
Theorem correlation_translation_kernel_fails (n : nat) (R : comRingType) :
  ~ (forall (t : 'I_n.+3) (x y : signal [finGroupType of 'I_n.+3] R), translate t x ⋆ y = translate t (x ⋆ y)).
Proof.
move=> kept; pose one : 'I_n.+3 := inord 1.
have unit y : (delta : signal [finGroupType of 'I_n.+3] R) ⋆ y = y.
  apply/ffunP=> m; rewrite ffunE (bigD1 1%g) //= ffunE eqxx mul1r mulg1 big1 ?addr0 // => k /negPf ne.
  by rewrite ffunE ne mul0r.
have := kept one delta (delta_at one); rewrite correlation_translation_kernel unit.
move/ffunP/(_ 1%g); rewrite !ffunE mul1g mulg1 eqxx.
case: eqP => [/(congr1 val) /= | _ /eqP]; last by rewrite oner_eq0.
by rewrite inordK // subn1 modn_small.
Qed.
