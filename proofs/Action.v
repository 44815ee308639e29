(** * Action: groups, left actions, equivariance

    Glossary
    - [group]          any group, finite or not, as a record; [finite gT] is MathComp's finite group [gT];
                       [mul a b] is first [b], then [a], as for functions
    - [left_action]    e ▷ x = x and (a·b) ▷ x = a ▷ (b ▷ x), on any type [X]
    - [preserves f g]  f (g ▷ x) = g ▷ f x for every x: f commutes with the one element g
    - [equivariant f]  f preserves every element; [invariant f]: f (g ▷ x) = f x
    - [generated S g]  g is a product of elements of S and of their inverses
    - [moved x]        an action on points moves functions of points: (g ▷ x)(p) = x(g⁻¹ ▷ p)
    - [average f]      the orbit average (Reynolds operator) |G|⁻¹ Σ_g g ▷ f(g⁻¹ ▷ x)

    Main results
    - each g ▷ is a bijection with inverse g⁻¹ ▷
    - the elements that f commutes with are a subgroup; so generators suffice
    - if f fails for some element, it fails for at least half of them: k random elements miss the failure with
      probability at most 2⁻ᵏ
    - the orbit average is equivariant, a projection, and leaves equivariant maps alone
    - orbit size × stabiliser size = group order; Burnside's count

    The groups of images are in Images.v. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(** ** Groups and left actions *)

Record group := MakeGroup {
  element :> Type;
  one : element;
  mul : element -> element -> element;
  inv : element -> element;
  mul_assoc : forall a b c, mul a (mul b c) = mul (mul a b) c;
  mul_one : forall a, mul one a = a;
  mul_inv : forall a, mul (inv a) a = one }.

Arguments one {g}.
Arguments mul {g}.
Arguments inv {g}.

Definition finite (gT : finGroupType) : group :=
  @MakeGroup gT 1%g (fun a b => a * b)%g (fun a => a^-1)%g (@mulgA gT) (@mul1g gT) (@mulVg gT).

Section Groups.
Variable G : group.
Implicit Types a b : G.

Lemma inv_mul a : mul a (inv a) = one.
Proof.
rewrite -[LHS]mul_one -(mul_inv (inv a)) -mul_assoc; congr mul.
by rewrite mul_assoc mul_inv mul_one.
Qed.

Lemma one_mul a : mul a one = a.
Proof. by rewrite -(mul_inv a) mul_assoc inv_mul mul_one. Qed.

Lemma inverse_unique a b : mul a b = one -> b = inv a.
Proof. by move=> ab; rewrite -[RHS]one_mul -ab mul_assoc mul_inv mul_one. Qed.

Lemma inverse_of_product a b : inv (mul a b) = mul (inv b) (inv a).
Proof.
by apply/esym/inverse_unique; rewrite mul_assoc -(mul_assoc a) inv_mul one_mul inv_mul.
Qed.

Lemma inverse_involutive a : inv (inv a) = a.
Proof. by apply/esym/inverse_unique/mul_inv. Qed.

End Groups.

Definition is_left_action (G : group) X (act : G -> X -> X) : Prop :=
  (forall x, act one x = x) /\ (forall a b x, act (mul a b) x = act a (act b x)).

Record left_action (G : group) (X : Type) := LeftAction {
  act :> G -> X -> X;
  action_laws : is_left_action act }.

Section Laws.
Variables (G : group) (X : Type) (rho : left_action G X).

Lemma act_one x : rho one x = x.
Proof. by case: (action_laws rho). Qed.

Lemma act_mul a b x : rho (mul a b) x = rho a (rho b x).
Proof. by case: (action_laws rho). Qed.

Lemma act_inv a : cancel (rho a) (rho (inv a)).
Proof. by move=> x; rewrite -act_mul mul_inv act_one. Qed.

Lemma inv_act a : cancel (rho (inv a)) (rho a).
Proof. by move=> x; rewrite -act_mul inv_mul act_one. Qed.

Theorem action_invertible a :
  [/\ cancel (rho a) (rho (inv a)), cancel (rho (inv a)) (rho a) & bijective (rho a)].
Proof.
split; [exact: act_inv | exact: inv_act |].
exact: Bijective (@act_inv a) (@inv_act a).
Qed.

End Laws.

Lemma trivial_laws G X : @is_left_action G X (fun _ x => x).
Proof. by []. Qed.

Definition trivial G X := LeftAction (@trivial_laws G X).

(** ** Equivariance *)

Section Equivariance.
Variables (G : group) (X Y : Type) (rho : left_action G X) (tau : left_action G Y).
Variable f : X -> Y.

Definition preserves (g : G) : Prop := forall x, f (rho g x) = tau g (f x).
Definition equivariant : Prop := forall g, preserves g.
Definition invariant : Prop := forall g x, f (rho g x) = f x.

Theorem preserved_subgroup :
  [/\ preserves one,
      (forall a b, preserves a -> preserves b -> preserves (mul a b)) &
      (forall a, preserves a -> preserves (inv a))].
Proof.
split=> [x | a b fa fb x | a fa x]; first by rewrite !act_one.
  by rewrite !act_mul fa fb.
by rewrite -{2}(inv_act rho a x) fa act_inv.
Qed.

Inductive generated (S : G -> Prop) : G -> Prop :=
| generated_one : generated S one
| generated_left s g : S s -> generated S g -> generated S (mul s g)
| generated_inverse s g : S s -> generated S g -> generated S (mul (inv s) g).

Theorem generators_suffice (S : G -> Prop) :
  (forall s, S s -> preserves s) <-> (forall g, generated S g -> preserves g).
Proof.
have [p1 pM pV] := preserved_subgroup; split=> [fS g | fg s Ss].
  by elim=> [//|s h Ss _ fh|s h Ss _ fh]; apply: pM => //; [|apply: pV]; apply: fS.
by rewrite -(one_mul s); apply/fg/generated_left/generated_one.
Qed.

End Equivariance.

Theorem invariance_is_trivial_action G X Y (rho : left_action G X) (f : X -> Y) :
  invariant rho f <-> equivariant rho (trivial G Y) f.
Proof. by []. Qed.

(** The 6 and the 9: what is invariant under the half turn gives both one class. *)
Theorem invariant_does_not_separate G X Y (rho : left_action G X) (f : X -> Y) : invariant rho f ->
  forall g x y, rho g x = y -> f x = f y.
Proof. by move=> same g x y <-. Qed.

Theorem composition_equivariant G X Y Z (rho : left_action G X) (tau : left_action G Y) (sigma : left_action G Z)
    (f : X -> Y) (h : Y -> Z) :
  equivariant rho tau f -> equivariant tau sigma h -> equivariant rho sigma (h \o f).
Proof. by move=> ef eh g x; rewrite /= ef eh. Qed.

Theorem composition_invariant G X Y Z (rho : left_action G X) (tau : left_action G Y) (f : X -> Y) (h : Y -> Z) :
  equivariant rho tau f -> invariant tau h -> invariant rho (h \o f).
Proof. by move=> ef ih g x; rewrite /= ef ih. Qed.

(** ** Random elements of a finite group

    Equality of functions on an infinite type cannot be decided, so "the elements that f preserves" need not be a
    finite set that one can count. [A] stands for any set of preserved elements; where the property can be decided,
    take all of them. *)

Section AtMostHalf.
Variables (gT : finGroupType) (X Y : Type).
Variables (rho : left_action (finite gT) X) (tau : left_action (finite gT) Y) (f : X -> Y).

Lemma preserved_generated (A : {set gT}) :
  (forall a, a \in A -> preserves rho tau f a) -> forall g, g \in <<A>>%g -> preserves rho tau f g.
Proof.
move=> fA g /gen_prodgP [n [c cA ->]].
have [p1 pM _] := preserved_subgroup rho tau f.
by elim/big_ind: _ => // i _; apply: fA.
Qed.

Theorem generators_suffice_finite (A : {set gT}) : (<<A>> = [set: gT])%g ->
  (forall a, a \in A -> preserves rho tau f a) -> equivariant rho tau f.
Proof. by move=> genA fA g; apply: (preserved_generated fA); rewrite genA inE. Qed.

Theorem at_most_half (A : {set gT}) :
  (forall a, a \in A -> preserves rho tau f a) -> ~ equivariant rho tau f -> #|A| * 2 <= #|gT|.
Proof.
move=> fA notf.
have index2 : 1 < #|[set: gT] : <<A>>|%g.
  rewrite indexg_gt1; apply/negP; rewrite subTset => /eqP genA.
  by apply: notf; apply: generators_suffice_finite fA.
apply: leq_trans (_ : #|<<A>>%g| * #|[set: gT] : <<A>>|%g <= _).
  by rewrite leq_mul ?subset_leq_card ?subset_gen.
by rewrite Lagrange ?subsetT // cardsT.
Qed.

(** Of the |G|ᵏ families of k elements at most |G|ᵏ / 2ᵏ lie within A: so k independent, uniform elements all miss
    the failure with probability at most 2⁻ᵏ. *)
Theorem random_elements_miss (A : {set gT}) (k : nat) :
  (forall a, a \in A -> preserves rho tau f a) -> ~ equivariant rho tau f ->
  #|[set t : {ffun 'I_k -> gT} | [forall i, t i \in A]]| * 2 ^ k <= #|{ffun 'I_k -> gT}|.
Proof.
move=> fA notf; rewrite card_ffun card_ord.
have -> : #|[set t : {ffun 'I_k -> gT} | [forall i, t i \in A]]| = #|A| ^ k.
  rewrite cardsE -[k in RHS]card_ord -card_ffun_on; apply: eq_card => t.
  by rewrite !inE; apply/forallP/ffun_onP.
rewrite -expnMn; case: k => // k.
by rewrite leq_exp2r // at_most_half.
Qed.

End AtMostHalf.

(** Commuting with one element other than the identity is not enough: on Z₄ this map commutes with the step by 2
    and not with the step by 1. *)

Definition regular (gT : finGroupType) : left_action (finite gT) gT :=
  @LeftAction (finite gT) gT (fun g x => g * x)%g (conj (@mul1g gT) (fun a b x => esym (mulgA a b x))).

Definition odd_half_turn (x : 'Z_4) : 'Z_4 := if odd x then (x + 2%:R)%R else x.

Theorem one_element_does_not_suffice :
  let commutes := preserves (regular [finGroupType of 'Z_4]) (regular [finGroupType of 'Z_4]) odd_half_turn in
  commutes (2%:R : 'Z_4)%R /\ ~ commutes (1 : 'Z_4)%R.
Proof.
split; last by move/(_ 0%R)/eqP; vm_compute.
by case=> [[|[|[|[|//]]]] //= lt]; apply/val_inj; vm_compute.
Qed.

(** ** Moving functions of points *)

Section Moved.
Variables (G : group) (P : finType) (rho : left_action G P) (R : Type).

Definition moved_by (g : G) (x : {ffun P -> R}) : {ffun P -> R} := [ffun p => x (rho (inv g) p)].

Lemma moved_laws : is_left_action moved_by.
Proof.
split=> [x | a b x]; apply/ffunP=> p; rewrite !ffunE.
  by rewrite -{1}(act_one rho p) act_inv.
by rewrite inverse_of_product act_mul.
Qed.

Definition moved : left_action G {ffun P -> R} := LeftAction moved_laws.

Lemma movedE g x p : moved g x p = x (rho (inv g) p).
Proof. by rewrite ffunE. Qed.

End Moved.

(** Without the inverse, x ↦ x ∘ g is a right action, and a left one on abelian groups only. *)
Definition pulled_back (gT : finGroupType) R (g : finite gT) (x : {ffun gT -> R}) : {ffun gT -> R} :=
  [ffun h => x (g * h)%g].

Theorem left_not_right (gT : finGroupType) (R : Type) (u v : R) : u <> v ->
  is_left_action (@pulled_back gT R) <-> (forall a b : gT, a * b = b * a)%g.
Proof.
move=> uv; split=> [[_ lawM] a b | ab]; last first.
  by split=> [x|a b x]; apply/ffunP=> h; rewrite !ffunE /= ?mul1g // (ab a b) mulgA.
pose x : {ffun gT -> R} := [ffun h => if h == (a * b)%g then u else v].
have /ffunP/(_ 1%g) := lawM a b x; rewrite !ffunE /= !mulg1 eqxx.
by case: eqP => [-> // | _ /uv].
Qed.
