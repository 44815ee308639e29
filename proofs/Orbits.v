(** * Orbits: averaging over a group, counting orbits, and how many equivariant linear maps there are

    Glossary
    - [average f]        the orbit average (Reynolds operator) |G|⁻¹ Σ_g g ▷ f(g⁻¹ ▷ x) of a map into a module
    - [orbit_of x]       { g ▷ x };  [orbits]: the set of all of them
    - [stabiliser_of x]  { g : g ▷ x = x };  [fixed_by g] = { x : g ▷ x = x }
    - [kernels]          functions of pairs (q, p) of an output and an input position: a vector space over the field F
    - [on_pairs]         the action on pairs, g ▷ (q, p) = (g ▷ q, g ▷ p)

    Main results
    - the average of any map is equivariant; it is the map itself iff the map is equivariant; averaging is a projection
    - orbit size × stabiliser size = group order; Burnside: Σ_g |fixed by g| = number of orbits × group order
    - the kernels of the equivariant linear maps are a space of dimension: number of orbits on pairs; by Burnside and
      characters, |G| · dimension = Σ_g χ_Q(g) χ_P(g) *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Equivariant Require Import Action WeightSharing.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(** ** The orbit average *)

Section Average.
Variables (gT : finGroupType) (R : unitRingType) (X : Type) (W : lmodType R).
Variables (rho : left_action (finite gT) X) (tau : left_action (finite gT) W).
Hypothesis tau_linear : forall g : gT, linear (tau g).
Hypothesis order_invertible : #|gT|%:R \is a @GRing.unit R.

Definition average (f : X -> W) (x : X) : W := #|gT|%:R^-1 *: \sum_(g : gT) tau g (f (rho (g^-1)%g x)).

Theorem average_equivariant f : equivariant rho tau (average f).
Proof.
move=> h x; pose t := Linear (tau_linear h); rewrite /average -[tau h]/(t : W -> W) linearZ linear_sum /=.
congr (_ *: _); rewrite (reindex_inj (mulgI (h : gT))) /=; apply: eq_bigr => g _.
by rewrite -!act_mul /= invMg mulgKV.
Qed.

Theorem average_keeps_equivariant f : equivariant rho tau f <-> average f =1 f.
Proof.
split=> [eqv x | same h x]; last by rewrite -!same average_equivariant.
rewrite /average (eq_bigr (fun _ => f x)) => [|g _].
  by rewrite sumr_const -scaler_nat scalerA mulVr // scale1r.
by rewrite -eqv -act_mul /= mulgV act_one.
Qed.

Theorem average_projection f : average (average f) =1 average f.
Proof. exact/average_keeps_equivariant/average_equivariant. Qed.

End Average.

(** With the trivial action on the output: the average of any map is invariant. *)
Theorem average_invariant (gT : finGroupType) (R : unitRingType) (X : Type) (W : lmodType R)
    (rho : left_action (finite gT) X) (f : X -> W) :
  invariant rho (average rho (trivial (finite gT) W) f).
Proof. by apply/invariance_is_trivial_action/average_equivariant. Qed.

(** ** Counting *)

Section Orbits.
Variables (gT : finGroupType) (T : finType) (rho : left_action (finite gT) T).

Definition orbit_of (x : T) : {set T} := [set rho g x | g : gT].
Definition orbits : {set {set T}} := [set orbit_of x | x : T].
Definition stabiliser_of (x : T) : {set gT} := [set g : gT | rho g x == x].
Definition fixed_by (g : gT) : {set T} := [set x | rho g x == x].

(** MathComp's actions are right actions: this is ours as one of theirs. *)
Definition from_right (x : T) (g : gT) : T := rho (g^-1)%g x.

Lemma from_right_one : from_right^~ 1%g =1 id.
Proof. by move=> x; rewrite /from_right invg1; apply: (act_one rho). Qed.

Lemma from_right_mul x : act_morph from_right x.
Proof. by move=> a b; rewrite /from_right invMg; apply: (act_mul rho). Qed.

Canonical right_action := TotalAction from_right_one from_right_mul.

Lemma orbitE x : orbit_of x = orbit right_action [set: gT] x.
Proof.
apply/setP=> y; apply/imsetP/imsetP => -[g _ ->]; exists (g^-1)%g; rewrite ?inE //=.
by rewrite /= /from_right invgK.
Qed.

Theorem orbit_stabiliser x : (#|orbit_of x| * #|stabiliser_of x| = #|gT|)%N.
Proof.
rewrite orbitE -cardsT -(card_orbit_stab right_action [group of [set: gT]] x); congr (_ * _)%N.
rewrite -(card_imset _ (@invg_inj gT)); apply: eq_card => g.
rewrite in_setI in_setT /=; apply/imsetP/astab1P => [[h + ->] | gx].
  by rewrite inE /= /from_right invgK => /eqP.
by exists g^-1%g; rewrite ?invgK // inE; apply/eqP.
Qed.

Theorem burnside : (\sum_(g : gT) #|fixed_by g| = #|orbits| * #|gT|)%N.
Proof.
have acts : [acts [set: gT], on [set: T] | right_action] by apply/actsP=> g _ x; rewrite !inE.
rewrite -cardsT; have <- : orbit right_action [set: gT] @: [set: T] = orbits.
  by apply/setP=> O; apply/imsetP/imsetP => -[x _ ->]; exists x; rewrite ?inE ?orbitE.
rewrite -(Frobenius_Cauchy acts) (reindex_inj invg_inj) /=; apply: eq_big => [g | g _]; first by rewrite inE.
apply: eq_card => x; apply/idP/idP => [| /setIP [_ /afix1P gx]]; last by rewrite inE; apply/eqP.
by rewrite inE => /eqP gx; rewrite in_setI in_setT; apply/afix1P.
Qed.

Lemma orbit_of_self x : x \in orbit_of x.
Proof. by apply/imsetP; exists 1%g; rewrite ?inE //; rewrite (act_one rho). Qed.

Lemma orbit_of_eq x y : y \in orbit_of x -> orbit_of y = orbit_of x.
Proof. by rewrite !orbitE => /orbit_eqP. Qed.

(** ** Invariant functions are the combinations of orbits *)

Variable F : fieldType.
Notation functions := {ffun T -> F^o}.

Definition indicator (O : {set T}) : functions := [ffun x => (x \in O)%:R].
Definition indicators : #|orbits|.-tuple functions := [tuple indicator (enum_val i) | i < #|orbits|].

Lemma orbit_member (i : 'I_#|orbits|) : exists x, enum_val i = orbit_of x.
Proof. by have /imsetP [x _ ->] := enum_valP i; exists x. Qed.

Lemma indicators_value (i j : 'I_#|orbits|) x : enum_val i = orbit_of x -> indicators`_j x = (j == i)%:R.
Proof.
move=> ix; rewrite -tnth_nth tnth_mktuple ffunE; congr (nat_of_bool _)%:R.
apply/idP/eqP => [xj | ->]; last by rewrite ix orbit_of_self.
by apply: enum_val_inj; have [y jy] := orbit_member j; rewrite ix jy; apply/esym/orbit_of_eq; rewrite -jy.
Qed.

Lemma indicators_free : free indicators.
Proof.
apply/freeP => k zero i; have [x ix] := orbit_member i.
have /ffunP/(_ x) := zero; rewrite sum_ffunE ffunE (bigD1 i) //= big1 => [|j ji].
  by rewrite ffunE (indicators_value i ix) eqxx addr0 [_ *: _]mulr1.
by rewrite ffunE (indicators_value j ix) (negPf ji) [_ *: _]mulr0.
Qed.

Definition invariant_functions : {vspace functions} := <<indicators>>%VS.

Lemma orbit_of_moved g x : orbit_of (rho g x) = orbit_of x.
Proof. by apply: orbit_of_eq; apply/imsetP; exists g. Qed.

Lemma invariant_value (x : functions) : (forall g, moved rho F g x = x) ->
  forall p q, orbit_of p = orbit_of q -> x p = x q.
Proof.
move=> inv p q pq; have /imsetP [g _ ->] : q \in orbit_of p by rewrite pq orbit_of_self.
by rewrite -[in RHS](inv g) movedE act_inv.
Qed.

Theorem invariant_functionsP (x : functions) : x \in invariant_functions <-> (forall g, moved rho F g x = x).
Proof.
have orbit_index p : exists i : 'I_#|orbits|, enum_val i = orbit_of p.
  have po : orbit_of p \in orbits by apply: imset_f.
  by exists (enum_rank_in po (orbit_of p)); rewrite enum_rankK_in.
split=> [/coord_span -> g | inv].
  apply/ffunP=> p; rewrite movedE !sum_ffunE; apply: eq_bigr => j _; rewrite [LHS]ffunE [RHS]ffunE.
  by have [i ip] := orbit_index p; rewrite (indicators_value j ip) (@indicators_value i) ?orbit_of_moved.
have [r rP] : exists r : 'I_#|orbits| -> T, forall i, enum_val i = orbit_of (r i) := fin_all_exists orbit_member.
have -> : x = \sum_(i < #|orbits|) x (r i) *: indicators`_i.
  apply/ffunP=> p; have [i ip] := orbit_index p; rewrite sum_ffunE (bigD1 i) //= big1 => [|j ji].
    rewrite ffunE (indicators_value i ip) eqxx addr0 [_ *: _]mulr1.
    by apply: invariant_value => //; rewrite -rP ip.
  by rewrite ffunE (indicators_value j ip) (negPf ji) [_ *: _]mulr0.
by apply: memv_suml => i _; apply/memvZ/memv_span/mem_nth; rewrite size_tuple.
Qed.

Theorem invariant_dimension : \dim invariant_functions = #|orbits|.
Proof. by have := indicators_free; rewrite /free size_tuple => /eqP. Qed.

End Orbits.

(** ** The space of equivariant linear maps *)

Section Dimension.
Variables (gT : finGroupType) (F : fieldType) (P Q : finType).
Variables (rho : left_action (finite gT) P) (tau : left_action (finite gT) Q).

Definition pair_act (g : finite gT) (p : Q * P) : Q * P := (tau g p.1, rho g p.2).

Lemma pair_laws : is_left_action pair_act.
Proof. by split=> [[q p] | a b [q p]]; rewrite /pair_act /= ?act_one ?act_mul. Qed.

Definition on_pairs := LeftAction pair_laws.

(** The equivariant kernels are the vectors of a space whose dimension counts the orbits on pairs. *)
Theorem equivariant_maps_dimension :
  let space := invariant_functions on_pairs F in
  (forall K : {ffun Q * P -> F^o},
    K \in space <-> equivariant (moved rho F) (moved tau F) (apply (fun q p => K (q, p)))) /\
  \dim space = #|orbits on_pairs|.
Proof.
split; last exact: invariant_dimension.
move=> K; rewrite invariant_functionsP weight_sharing_group; split=> [inv g q p | sh g].
  by rewrite -[in RHS](inv (g^-1)%g) movedE /= /pair_act /= invgK.
by apply/ffunP=> -[q p]; rewrite movedE /= /pair_act /= sh.
Qed.

(** χ_P(g), the character of the permutation representation, is the number of positions that g fixes. *)
Theorem dimension_by_characters :
  (\dim (invariant_functions on_pairs F) * #|gT| = \sum_(g : gT) #|fixed_by tau g| * #|fixed_by rho g|)%N.
Proof.
rewrite invariant_dimension -burnside; apply: eq_bigr => g _; rewrite -cardsX; apply: eq_card => -[q p].
by rewrite !inE /= /pair_act /= xpair_eqE.
Qed.

End Dimension.
