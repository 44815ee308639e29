(** * P4: layers on groups of translations and turns

    Glossary
    - [A]                positions, any abelian group: Z², or the torus Z_n²
    - [H], [rho]         a finite point group acting on positions by additive maps, as C4 and D4 do
    - [motions]          the semidirect product A ⋊ H: (a, h)·(b, k) = (a + h b, h k), and its action on positions
                         (a, h) ▷ u = a + h u
    - [move g x]         (g ▷ x)(u) = x(g⁻¹ ▷ u) for an image x;  [shift g F] (g ▷ F)(g') = F(g⁻¹ g') for a map F on
                         the group
    - [lifting w x]      (a, h), c' ↦ Σ_k Σ_c w(c', c, k) x(a + h·tap k)(c): an image becomes a map on the group
    - [group_correlation w F]  g, c' ↦ Σ_k Σ_l Σ_c w(c', c, k, l) F(g·(tap k, l))(c)
    - [group_window f F] g ↦ f (F(g·τ k))_k for any function f: correlation, pooling over cosets and over space
    - [projection F]     u ↦ the sum, or maximum, over h of F(u, h)
    - [lifting_bank], [group_bank]  the expanded filters: for output orientation h and input orientation l, the filter
                         w(h⁻¹ k)(h⁻¹ l): taps turned, orientations permuted
    - [quarter (y, x)]   (−x, y): the counter-clockwise quarter turn of a picture whose rows go down
    - [p4], [p4m]        the motions of B × B with the quarter turns, and with the mirror too

    Main results
    - lifting, group correlation, pooling and projection commute with every motion
    - scale and bias (or stored statistics) do iff all orientations of a channel share them
    - both layers are plain correlations with the expanded filters, number for number
    - on a torus, group correlation is the correlation of functions on the finite group A ⋊ H *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Action Layer.
From Equivariant Require Convolution.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

(** ** Motions *)

Section Motions.
Variables (A : zmodType) (H : finGroupType) (rho : left_action (finite H) A).
Hypothesis additive_rho : forall h, additive (rho h).

Lemma turn_add h a b : rho h (a + b) = rho h a + rho h b.
Proof. exact: (raddfD (Additive (additive_rho h))). Qed.

Lemma turn_opp h a : rho h (- a) = - rho h a.
Proof. exact: (raddfN (Additive (additive_rho h))). Qed.

Lemma turn_zero h : rho h 0 = 0.
Proof. exact: (raddf0 (Additive (additive_rho h))). Qed.

Lemma turn_mul h k a : rho (h * k)%g a = rho h (rho k a).
Proof. exact: (act_mul rho). Qed.

Lemma turn_one a : rho 1%g a = a.
Proof. exact: (act_one rho). Qed.

Definition motion_one : A * H := (0, 1%g).
Definition motion_mul (p q : A * H) : A * H := (p.1 + rho p.2 q.1, p.2 * q.2)%g.
Definition motion_inv (p : A * H) : A * H := (- rho p.2^-1%g p.1, p.2^-1%g).

Lemma motion_mul_assoc p q r : motion_mul p (motion_mul q r) = motion_mul (motion_mul p q) r.
Proof. by rewrite /motion_mul /= mulgA turn_mul turn_add addrA. Qed.

Lemma motion_mul_one p : motion_mul motion_one p = p.
Proof. by case: p => a h; rewrite /motion_mul /= turn_one add0r mul1g. Qed.

Lemma motion_mul_inv p : motion_mul (motion_inv p) p = motion_one.
Proof. by rewrite /motion_mul /= addNr mulVg. Qed.

Definition motions : group := MakeGroup motion_mul_assoc motion_mul_one motion_mul_inv.

Definition apply_motion (g : motions) (u : A) : A := g.1 + rho g.2 u.

Theorem motions_act : is_left_action apply_motion.
Proof.
split=> [u | g g' u]; first by rewrite /apply_motion /= turn_one add0r.
by rewrite /apply_motion /= turn_mul turn_add addrA.
Qed.

Definition on_positions : left_action motions A := LeftAction motions_act.

Lemma apply_motion_zero (g : motions) : on_positions g 0 = g.1.
Proof. by rewrite /= /apply_motion turn_zero addr0. Qed.

(** ** Layers *)

Definition move (C R : Type) (g : motions) (x : A -> C -> R) : A -> C -> R := fun u => x (on_positions (inv g) u).
Definition shift (Y : Type) (g : motions) (F : motions -> Y) : motions -> Y := fun g' => F (mul (inv g) g').

Section Windows.
Variables (K : finType) (X Y : Type).

Definition group_window (tau : K -> motions) (f : {ffun K -> X} -> Y) (F : motions -> X) : motions -> Y :=
  fun g => f [ffun k => F (mul g (tau k))].

Theorem group_window_equivariant tau f (F : motions -> X) g :
  group_window tau f (shift g F) =1 shift g (group_window tau f F).
Proof. by move=> g'; congr f; apply/ffunP=> k; rewrite !ffunE /shift mul_assoc. Qed.

End Windows.

Section Pooling.
Variables (R : Type) (idx : R) (op : Monoid.com_law idx).

(** Pooling over the coset g S of a set S of turns. *)
Definition coset_pool (S : {set H}) (F : motions -> R) : motions -> R :=
  fun g => \big[op/idx]_(h in S) F (mul g ((0, h) : motions)).

Theorem coset_pool_equivariant S F g : coset_pool S (shift g F) =1 shift g (coset_pool S F).
Proof. by move=> g'; apply: eq_bigr => h _; rewrite /shift mul_assoc. Qed.

(** Over a subgroup the result is a function of the coset. *)
Theorem coset_pool_invariant (S : {group H}) F g h : h \in S ->
  coset_pool S F (mul g ((0, h) : motions)) = coset_pool S F g.
Proof.
move=> Sh; rewrite /coset_pool [RHS](reindex_inj (mulgI h)); apply: eq_big => [k | k _].
  by rewrite groupMl.
by rewrite -mul_assoc; congr (F (mul g _)); rewrite /= /motion_mul /= turn_zero addr0.
Qed.

Definition projection (F : motions -> R) : A -> R := fun u => \big[op/idx]_(h : H) F ((u, h) : motions).

Theorem projection_equivariant F g u : projection (shift g F) u = projection F (on_positions (inv g) u).
Proof.
rewrite /projection [RHS](reindex_inj (mulgI (inv g).2)) /=.
by apply: eq_bigr => h _.
Qed.

End Pooling.

Section Correlations.
Variables (R : ringType) (C C' K : finType) (tap : K -> A).

Definition lifting (w : C' -> C -> K -> R) (x : A -> C -> R) : motions -> C' -> R :=
  fun g c' => \sum_k \sum_c w c' c k * x (on_positions g (tap k)) c.

Theorem lifting_equivariant w x g : lifting w (move g x) =2 shift g (lifting w x).
Proof.
move=> g' c'; apply: eq_bigr => k _; apply: eq_bigr => c _.
by rewrite /move -act_mul.
Qed.

Definition group_correlation (w : C' -> C -> K -> H -> R) (F : motions -> C -> R) : motions -> C' -> R :=
  fun g c' => \sum_k \sum_l \sum_c w c' c k l * F (mul g ((tap k, l) : motions)) c.

Theorem group_correlation_equivariant w F g : group_correlation w (shift g F) =2 shift g (group_correlation w F).
Proof.
move=> g' c'; apply: eq_bigr => k _; apply: eq_bigr => l _; apply: eq_bigr => c _.
by rewrite /shift mul_assoc.
Qed.

(** ** Bias and normalisation

    Scale and shift of a map on the group, as a bias, an affine map or stored statistics have them: one for each channel
    and orientation. *)

Definition scaled_shifted (scale bias : C -> H -> R) (F : motions -> C -> R) : motions -> C -> R :=
  fun g c => scale c g.2 * F g c + bias c g.2.

Theorem orientations_share (scale bias : C -> H -> R) :
  (forall g F, scaled_shifted scale bias (shift g F) =2 shift g (scaled_shifted scale bias F)) <->
  (forall c h k, scale c h = scale c k /\ bias c h = bias c k).
Proof.
split=> [commutes c h k | same g F g' c]; last first.
  by rewrite /scaled_shifted /shift; have [-> ->] := same c g'.2 (mul (inv g) g').2.
pose g : motions := (0, (h * k^-1)%g); pose g' : motions := (0, h).
have turned : (mul (inv g) g').2 = k by rewrite /= invMg invgK -mulgA mulVg mulg1.
have at_value v : scale c h * v + bias c h = scale c k * v + bias c k.
  by have := commutes g (fun _ _ => v) g' c; rewrite /scaled_shifted /shift turned.
have shift_same : bias c h = bias c k by have := at_value 0; rewrite !mulr0 !add0r.
by split=> //; have := at_value 1; rewrite !mulr1 shift_same => /addIr.
Qed.

(** ** Expanded filters

    The window is closed under turns: [kappa] turns its taps as [rho] turns the positions they look at. *)

Variable kappa : left_action (finite H) K.
Hypothesis closed : forall h k, tap (kappa h k) = rho h (tap k).

Definition plain (C1 C2 : finType) : (C2 -> C1 -> K -> R) -> (A -> C1 -> R) -> A -> C2 -> R :=
  @correlation A A [additive of idfun] K tap R C1 C2.

Definition lifting_bank (w : C' -> C -> K -> R) : C' * H -> C -> K -> R :=
  fun out c k => w out.1 c (kappa out.2^-1%g k).

Definition group_bank (w : C' -> C -> K -> H -> R) : C' * H -> C * H -> K -> R :=
  fun out input k => w out.1 input.1 (kappa out.2^-1%g k) (out.2^-1 * input.2)%g.

Lemma kappa_injective h : injective (kappa h).
Proof. exact: can_inj (act_inv kappa h). Qed.

Theorem lifting_is_plain_correlation w x a h c' :
  lifting w x ((a, h) : motions) c' = plain (lifting_bank w) x a (c', h).
Proof.
rewrite /plain /correlation /patch_layer [RHS](reindex_inj (@kappa_injective h)) /=.
apply: eq_bigr => k _; apply: eq_bigr => c _; rewrite ffunE closed.
by rewrite /lifting_bank /= (act_inv kappa h).
Qed.

Theorem filter_bank_is_group_correlation w F a h c' :
  group_correlation w F ((a, h) : motions) c' =
  plain (group_bank w) (fun u input => F ((u, input.2) : motions) input.1) a (c', h).
Proof.
rewrite /plain /correlation /patch_layer [RHS](reindex_inj (@kappa_injective h)) /=.
apply: eq_bigr => k _; rewrite ffunE closed /= exchange_big /=.
rewrite (pair_bigA _ (fun c l => w c' c k l * F ((a + rho h (tap k), h * l)%g : motions) c)) /=.
have turned : injective (fun input : C * H => (input.1, h * input.2)%g).
  by move=> [c l] [d m] [-> /mulgI ->].
rewrite [RHS](reindex_inj turned); apply: eq_bigr => -[c l] _.
by rewrite /group_bank /= (act_inv kappa h) mulKg.
Qed.

End Correlations.
End Motions.

(** ** The finite group of motions, and convolution on it *)

Section FiniteMotions.
Variables (A : finZmodType) (H : finGroupType) (rho : left_action (finite H) A).
Hypothesis additive_rho : forall h, additive (rho h).

Definition motion of (forall h, additive (rho h)) : predArgType := (A * H)%type.
Local Notation M := (motion additive_rho).

Canonical motion_eqType := [eqType of M].
Canonical motion_choiceType := [choiceType of M].
Canonical motion_countType := [countType of M].
Canonical motion_finType := [finType of M].

Definition motion_mixin := FinGroup.Mixin (T := M)
  (motion_mul_assoc additive_rho) (@motion_mul_one _ _ rho) (@motion_mul_inv _ _ rho).
Canonical motion_baseFinGroupType := BaseFinGroupType M motion_mixin.

Lemma motion_left_inverse : left_inverse (1%g : M) (@invg motion_baseFinGroupType) (@mulg motion_baseFinGroupType).
Proof. by move=> p; apply: motion_mul_inv. Qed.
Canonical motion_finGroupType := FinGroupType motion_left_inverse.

Theorem group_correlation_on_finite_group (R : ringType) (w F : Convolution.signal motion_finGroupType R) (g : M) :
  group_correlation id (fun (_ _ : unit) a h => w ((a, h) : M)) (fun (g' : motions additive_rho) _ => F g') g tt =
  Convolution.correlation w F g.
Proof.
rewrite ffunE /group_correlation pair_bigA; apply: eq_bigr => -[a h] _ /=.
by rewrite (big_pred1 tt); last by case.
Qed.

End FiniteMotions.

(** ** Turns and mirrors of the plane *)

Section Plane.
Variable B : zmodType.
Implicit Type u : B * B.

Definition quarter u : B * B := (- u.2, u.1).
Definition mirror u : B * B := (u.1, - u.2).

Definition turn (r : 'Z_4) : B * B -> B * B := iter r quarter.

Lemma quarter_fourth u : iter 4 quarter u = u.
Proof. by case: u => y x; rewrite /quarter /= !opprK. Qed.

Lemma iter_quarter_mod m u : iter (m %% 4) quarter u = iter m quarter u.
Proof.
rewrite [in RHS](divn_eq m 4) addnC iterD; congr (iter _ _ _).
by elim: (m %/ 4)%N => // q IH; rewrite mulSn iterD -IH quarter_fourth.
Qed.

Lemma quarter_additive : additive quarter.
Proof. by move=> [a b] [c d]; congr pair; rewrite /= opprB addrC opprK. Qed.

Lemma mirror_additive : additive mirror.
Proof. by move=> [a b] [c d]; congr pair; rewrite /= opprB addrC opprK. Qed.

Lemma turn_additive (r : 'Z_4) : additive (turn r).
Proof.
rewrite /turn => u v; elim: (nat_of_ord r) => //= m ->; exact: quarter_additive.
Qed.

Lemma turn_sum (r t : 'Z_4) u : turn (r + t) u = turn r (turn t u).
Proof. by rewrite /turn /= iter_quarter_mod iterD. Qed.

Lemma turn_laws : @is_left_action (finite [finGroupType of 'Z_4]) (B * B) turn.
Proof. by split=> // r t u; apply: turn_sum. Qed.

Definition quarter_turns : left_action (finite [finGroupType of 'Z_4]) (B * B) := LeftAction turn_laws.

Definition p4 : group := motions turn_additive (rho := quarter_turns).

End Plane.

(** D4 is itself a group of motions: its turns Z_4, and the inversion r ↦ −r that the mirror causes. *)

Definition inverted (f : 'Z_2) (r : 'Z_4) : 'Z_4 := if f == 0 then r else - r.

Lemma inverted_additive f : additive (inverted f).
Proof. by move=> r t; rewrite /inverted; case: ifP => // _; rewrite opprD. Qed.

Lemma inverted_laws : @is_left_action (finite [finGroupType of 'Z_2]) 'Z_4 inverted.
Proof.
by split=> // -[[|[|//]] a2] [[|[|//]] b2] r; rewrite /inverted /= ?opprK.
Qed.

Definition inversion : left_action (finite [finGroupType of 'Z_2]) 'Z_4 := LeftAction inverted_laws.

Definition dihedral : finGroupType := motion_finGroupType (inverted_additive : forall f, additive (inversion f)).

Section PlaneWithMirror.
Variable B : zmodType.
Implicit Type u : B * B.

Definition turn_mirror (d : dihedral) u : B * B := turn d.1 (if d.2 == 0 then u else mirror u).

Lemma mirror_mirror u : mirror (mirror u) = u.
Proof. by case: u => y x; rewrite /mirror /= opprK. Qed.

Lemma mirror_turn (r : 'Z_4) u : mirror (turn r u) = turn (- r) (mirror u).
Proof.
by case: r u => [[|[|[|[|//]]]] r4] [y x]; rewrite /turn /mirror /quarter /= ?opprK.
Qed.

Lemma turn_mirror_additive d : additive (turn_mirror d).
Proof.
move=> u v; rewrite /turn_mirror -turn_additive; congr (turn _ _).
by case: ifP => // _; apply: mirror_additive.
Qed.

Lemma turn_mirror_laws : @is_left_action (finite dihedral) (B * B) turn_mirror.
Proof.
split=> [u | [r f] [t e] u]; first by [].
rewrite /turn_mirror /= /inverted turn_sum; congr (turn r _).
by case: f e => [[|[|//]] f2] [[|[|//]] e2]; rewrite /= ?mirror_turn ?mirror_mirror.
Qed.

Definition turns_and_mirrors : left_action (finite dihedral) (B * B) := LeftAction turn_mirror_laws.

Definition p4m : group := motions turn_mirror_additive (rho := turns_and_mirrors).

End PlaneWithMirror.

(** On the torus these are finite groups. *)

Section Torus.
Variable n : nat.
Let axis := [finZmodType of 'I_n.+1].
Let torus := [finZmodType of (axis * axis)%type].

Definition p4_torus : finGroupType := @motion_finGroupType torus _ (quarter_turns axis) (@turn_additive axis).
Definition p4m_torus : finGroupType := @motion_finGroupType torus _ (turns_and_mirrors axis) (@turn_mirror_additive axis).

Theorem torus_orders : #|p4_torus| = (n.+1 ^ 2 * 4)%N /\ #|p4m_torus| = (n.+1 ^ 2 * 8)%N.
Proof.
have order4 : #|p4_torus| = #|{: 'I_n.+1 * 'I_n.+1 * 'I_4}| by [].
have order8 : #|p4m_torus| = #|{: 'I_n.+1 * 'I_n.+1 * ('I_4 * 'I_2)}| by [].
by rewrite order4 order8 !card_prod !card_ord mulnn.
Qed.

End Torus.
