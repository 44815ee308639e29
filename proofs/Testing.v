(** * Testing: what a symbolic run and a random run prove

    Glossary
    - [circuit]          what straight-line code computes from its inputs: constants, inputs, +, −, ×
    - [run v e]          the circuit e run in a commutative ring on the list v of inputs (0 beyond its end)
    - [polynomials R n]  R[X_0, …, X_{n−1}], as polynomials in X_0 over the polynomials in the others
    - [symbols R n]      the list X_0, …, X_{n−1}; so [run (symbols R n) e] is the symbolic run: it gives a polynomial
    - [degree e]         the formal degree: 0 for constants, 1 for inputs, maximum for +, sum for ×
    - [at_point c v]     the value of a polynomial at the point v, coefficients taken along c

    Main results
    - two circuits equal as polynomials over the integers are equal on all inputs from every commutative ring
    - Schwartz–Zippel: a circuit of degree d that is not 0 as a polynomial over an integral domain vanishes on at most
      a share d / |S| of the points with coordinates in S; on all of k independent points: at most (d / |S|)ᵏ
    - a linear map that commutes with g on vectors that span commutes with g; one that is not linear need not *)

From mathcomp Require Import all_ssreflect all_algebra.
From Equivariant Require Import Action.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** ** Circuits and their polynomials *)

Inductive circuit :=
| Constant of int
| Input of nat
| Sum of circuit & circuit
| Negative of circuit
| Product of circuit & circuit.

Fixpoint run (R : comRingType) (v : seq R) (e : circuit) : R :=
  match e with
  | Constant z => z%:~R
  | Input i => nth 0 v i
  | Sum a b => run v a + run v b
  | Negative a => - run v a
  | Product a b => run v a * run v b
  end.

Fixpoint degree (e : circuit) : nat :=
  match e with
  | Constant _ => 0
  | Input _ => 1
  | Sum a b => maxn (degree a) (degree b)
  | Negative a => degree a
  | Product a b => degree a + degree b
  end.

Lemma run_morphism (R S : comRingType) (f : {rmorphism R -> S}) v e : f (run v e) = run (map f v) e.
Proof.
elim: e => [z | i | a iha b ihb | a iha | a iha b ihb] /=.
- exact: rmorph_int.
- by case: (ltnP i (size v)) => iv; [rewrite (nth_map 0) | rewrite !nth_default ?size_map // rmorph0].
- by rewrite rmorphD iha ihb.
- by rewrite rmorphN iha.
- by rewrite rmorphM iha ihb.
Qed.

Fixpoint polynomials (R : comRingType) (n : nat) : comRingType :=
  if n is m.+1 then poly_comRingType (polynomials R m) else R.

Fixpoint symbols (R : comRingType) (n : nat) : seq (polynomials R n) :=
  if n is m.+1 then ('X : {poly polynomials R m}) :: map (@polyC _) (symbols R m) else [::].

Lemma symbols_size (R : comRingType) n : size (symbols R n) = n.
Proof. by elim: n => //= n ih; rewrite size_map ih. Qed.

Section Values.
Variables (R S : comRingType) (c : {rmorphism R -> S}).

Lemma all_commute (A : comRingType) (f : {rmorphism A -> S}) u : commr_rmorph f u.
Proof. by move=> x; apply: mulrC. Qed.

Fixpoint at_point (n : nat) (v : seq S) : {rmorphism polynomials R n -> S} :=
  if n is m.+1 then horner_rmorphism (all_commute (at_point m (behead v)) (head 0 v)) else c.

Lemma at_point_symbols n v : size v = n -> map (at_point n v) (symbols R n) = v.
Proof.
elim: n v => [|n ih] [|t v] //= [sv]; rewrite horner_morphX; congr (_ :: _).
by rewrite -map_comp -[RHS](ih v sv); apply: eq_map => p /=; rewrite horner_morphC.
Qed.

Lemma symbolic_run n v e : size v = n -> at_point n v (run (symbols R n) e) = run v e.
Proof. by move=> sv; rewrite run_morphism at_point_symbols. Qed.

End Values.

(** The symbolic reading is sound and complete for code that does not look at values. *)
Theorem identity_holds_everywhere (n : nat) (a b : circuit) :
  run (symbols [comRingType of int] n) a = run (symbols [comRingType of int] n) b <->
  (forall (R : comRingType) (v : seq R), size v = n -> run v a = run v b).
Proof.
split=> [same R v sv | all]; last exact/all/symbols_size.
by rewrite -!(symbolic_run [rmorphism of intr] _ sv) same.
Qed.

(** ** Schwartz–Zippel *)

(** [bounded n d p]: the total degree of p is at most d. *)
Fixpoint bounded (R : comRingType) (n d : nat) : polynomials R n -> Prop :=
  if n is m.+1 then fun p : {poly polynomials R m} =>
    forall i, if (i <= d)%N then bounded (d - i) p`_i else p`_i = 0
  else fun _ => True.

Section Bounded.
Variable R : comRingType.

Lemma bounded0 n d : bounded d (0 : polynomials R n).
Proof. by elim: n d => //= n ih d i; rewrite coef0; case: ifP. Qed.

Lemma bounded_weaken n d d' (p : polynomials R n) : (d <= d')%N -> bounded d p -> bounded d' p.
Proof.
elim: n d d' p => //= n ih d d' p dd bp i; have := bp i.
case: (leqP i d) => [id | _ ->]; last by case: ifP => // _; apply: bounded0.
by rewrite (leq_trans id dd); apply: ih; rewrite leq_sub2r.
Qed.

Lemma bounded_add n d (p q : polynomials R n) : bounded d p -> bounded d q -> bounded d (p + q).
Proof.
elim: n d p q => //= n ih d p q bp bq i; have := bp i; have := bq i; rewrite coefD.
by case: ifP => _; [move=> ? ?; apply: ih | move=> -> ->; rewrite addr0].
Qed.

Lemma bounded_opp n d (p : polynomials R n) : bounded d p -> bounded d (- p).
Proof.
elim: n d p => //= n ih d p bp i; have := bp i; rewrite coefN.
by case: ifP => _; [apply: ih | move=> ->; rewrite oppr0].
Qed.

Lemma bounded_sum n d (I : Type) (r : seq I) (F : I -> polynomials R n) :
  (forall i, bounded d (F i)) -> bounded d (\sum_(i <- r) F i).
Proof.
by move=> bF; elim/big_ind: _ => [||//]; [apply: bounded0 | move=> p q; apply: bounded_add].
Qed.

Lemma bounded_mul n d d' (p q : polynomials R n) : bounded d p -> bounded d' q -> bounded (d + d') (p * q).
Proof.
elim: n d d' p q => //= n ih d d' p q bp bq k.
have term (i : 'I_k.+1) : if (k <= d + d')%N then bounded (d + d' - k) (p`_i * q`_(k - i)) else p`_i * q`_(k - i) = 0.
  have := bp i; have := bq (k - i)%N; have ik : (i <= k)%N by rewrite -ltnS.
  case: (leqP i d) => [id | _ _ ->]; last by rewrite mul0r; case: ifP => // _; apply: bounded0.
  case: (leqP (k - i) d') => [kid | _ -> _]; last by rewrite mulr0; case: ifP => // _; apply: bounded0.
  have kdd : (k <= d + d')%N by rewrite -(subnKC ik) leq_add.
  rewrite kdd => bqi bpi; have -> : (d + d' - k = d - i + (d' - (k - i)))%N; last exact: ih.
  by rewrite addnBA // addnBAC // -subnDA subnKC.
rewrite coefM; case: ifP term => _ term; first exact: bounded_sum.
by rewrite big1.
Qed.

Lemma bounded_polyC n d (p : polynomials R n) : bounded d p -> bounded (n := n.+1) d p%:P.
Proof.
move=> bp [|i] /=; rewrite coefC /= ?subn0 //.
by case: ifP => // _; apply: bounded0.
Qed.

Lemma bounded_natural n (k : nat) : bounded 0 (k%:R : polynomials R n).
Proof.
elim: k => [|k ih]; first exact: bounded0.
rewrite mulrS; apply: bounded_add => //.
elim: n {k ih} => //= n ih i; rewrite coef1.
by case: i => [|i].
Qed.

Lemma bounded_symbol n i : bounded 1 (nth 0 (symbols R n) i).
Proof.
elim: n i => //= n ih [|i] /=.
  by move=> [|[|i]]; rewrite coefX //=; [apply: bounded0 | apply: (bounded_natural n 1)].
case: (ltnP i (size (symbols R n))) => [iv | vi].
  by rewrite (nth_map 0) //; apply: (@bounded_polyC n 1).
by rewrite nth_default ?size_map //; apply: (@bounded0 n.+1 1).
Qed.

Theorem degree_bounds_polynomial n e : bounded (degree e) (run (symbols R n) e).
Proof.
elim: e => [z | i | a iha b ihb | a iha | a iha b ihb] /=.
- by case: z => k; [|apply: bounded_opp]; apply: bounded_natural.
- exact: bounded_symbol.
- by apply: bounded_add; [apply: bounded_weaken iha; apply: leq_maxl | apply: bounded_weaken ihb; apply: leq_maxr].
- exact: bounded_opp.
- exact: bounded_mul.
Qed.

End Bounded.

Section SchwartzZippel.
Variables (R : idomainType) (S : finType) (s : S -> R).
Hypothesis s_injective : injective s.

(** The values that a polynomial takes at points with coordinates in S. *)
Definition value n (p : polynomials R n) (v : seq S) : R := at_point [rmorphism of idfun] n (map s v) p.

Definition zeros n (p : polynomials R n) : {set n.-tuple S} := [set v | value p (tval v) == 0].

Lemma count_by_last n (property : pred (seq S)) :
  #|[set w : n.+1.-tuple S | property w]| = (\sum_(v : n.-tuple S) #|[set t | property (t :: v)]|)%N.
Proof.
rewrite cardsE -sum1_card big_mkcond /=.
rewrite (reindex (fun x : n.-tuple S * S => cons_tuple x.2 x.1)) /=; last first.
  exists (fun w : n.+1.-tuple S => ([tuple of behead w], thead w)) => [[v t] _ | w _] /=.
    by congr (_, _); apply/val_inj.
  by rewrite [RHS]tuple_eta.
transitivity (\sum_(v : n.-tuple S) \sum_(t : S) if property (t :: v) then 1 else 0)%N.
  by rewrite pair_bigA.
by apply: eq_bigr => v _; rewrite cardsE -sum1_card [RHS]big_mkcond.
Qed.

Lemma few_roots (f : {poly R}) k : (size f <= k.+1)%N -> f != 0 -> (#|[set t | f.[s t] == 0%R]| <= k)%N.
Proof.
move=> fk f0; rewrite cardE -(size_map s) -ltnS; apply: leq_trans fk; apply: max_poly_roots => //.
  by apply/allP => _ /mapP [t tf ->]; move: tf; rewrite mem_enum inE.
by rewrite map_inj_uniq ?enum_uniq.
Qed.

Lemma zeros_of_polynomial n d (p : polynomials R n) : p != 0 -> bounded d p ->
  (#|zeros p| * #|S| <= d * #|S| ^ n)%N.
Proof.
elim: n d p => [|n ih] d p p0 bp.
  by rewrite /zeros (_ : [set _ | _] = set0) ?cards0 //; apply/setP=> v; rewrite !inE /value /= (negPf p0).
set k := (size (p : {poly polynomials R n})).-1; set lead := (p : {poly polynomials R n})`_k.
have lead0 : lead != 0 by rewrite -[lead]/(lead_coef p) lead_coef_eq0.
have [kd bl] : (k <= d)%N /\ bounded (d - k) lead.
  by have := bp k; case: ifP => // _ zero; move: lead0; rewrite /lead zero eqxx.
have step (v : n.-tuple S) :
    (#|[set t | value (n := n.+1) p (t :: v) == 0%R]| <= (value lead v == 0%R) * #|S| + k)%N.
  set f := map_poly (at_point [rmorphism of idfun] n (map s v)) (p : {poly polynomials R n}).
  case: eqP => [_ | /eqP lv]; first by rewrite mul1n (leq_trans (max_card _)) ?leq_addr.
  apply: (@few_roots f); last first.
    by apply: contraNneq lv => f0; rewrite /value -coef_map -/f f0 coef0.
  by rewrite /k prednK ?size_poly_gt0 // /f /map_poly; apply: size_poly.
have total : (#|zeros (n := n.+1) p| <= #|zeros lead| * #|S| + k * #|S| ^ n)%N.
  rewrite /zeros (count_by_last n (fun w => value (n := n.+1) p w == 0)).
  apply: (@leq_trans (\sum_(v : n.-tuple S) ((value lead v == 0%R) * #|S| + k))%N).
    by apply: leq_sum => v _; apply: step.
  rewrite big_split sum_nat_const /= card_tuple -big_distrl /= -sum1dep_card [in X in (_ <= X)%N]big_mkcond /=.
  by rewrite [(k * _)%N]mulnC; apply: eq_leq; congr (_ * _ + _)%N; apply: eq_bigr => v _; case: ifP.
apply: leq_trans (leq_mul total (leqnn _)) _; rewrite mulnDl -[(k * _ * _)%N]mulnA -expnSr.
by rewrite -[d in X in (_ <= X)%N](subnK kd) mulnDl leq_add2r expnSr mulnA leq_mul2r ih ?orbT.
Qed.

Theorem schwartz_zippel (n : nat) (e : circuit) : run (symbols R n) e != 0 ->
  (#|[set v : n.-tuple S | run (map s v) e == 0%R]| * #|S| <= degree e * #|S| ^ n)%N.
Proof.
move=> e0; have := zeros_of_polynomial e0 (degree_bounds_polynomial R n e).
have -> // : zeros (run (symbols R n) e) = [set v : n.-tuple S | run (map s v) e == 0%R].
apply/setP=> v; rewrite !inE /value symbolic_run ?size_map ?size_tuple //.
Qed.

(** Of all families of k points at most a share (d / |S|)ᵏ is zero throughout. *)
Theorem schwartz_zippel_repeated (n k : nat) (e : circuit) : run (symbols R n) e != 0 ->
  (#|[set t : {ffun 'I_k -> n.-tuple S} | [forall i, run (map s (t i)) e == 0%R]]| * #|S| ^ k
    <= degree e ^ k * #|{ffun 'I_k -> n.-tuple S}|)%N.
Proof.
move=> /schwartz_zippel single; set Z := [set v : n.-tuple S | _] in single.
have -> : #|[set t : {ffun 'I_k -> n.-tuple S} | [forall i, run (map s (t i)) e == 0%R]]| = (#|Z| ^ k)%N.
  rewrite cardsE -[k in RHS]card_ord -card_ffun_on; apply: eq_card => t.
  by rewrite !inE; apply/forallP/ffun_onP => all i; have := all i; rewrite inE.
rewrite card_ffun card_ord card_tuple -!expnMn; case: k => // k.
by rewrite leq_exp2r.
Qed.

(** The form in which it is used: two programs that differ on some input agree on few random inputs. *)
Theorem random_inputs_agree (n : nat) (a b : circuit) (u : seq R) : size u = n -> run u a != run u b ->
  (#|[set v : n.-tuple S | run (map s v) a == run (map s v) b]| * #|S| <= maxn (degree a) (degree b) * #|S| ^ n)%N.
Proof.
move=> su differ; have := @schwartz_zippel n (Sum a (Negative b)).
have -> : [set v : n.-tuple S | run (map s v) (Sum a (Negative b)) == 0]
    = [set v : n.-tuple S | run (map s v) a == run (map s v) b].
  by apply/setP=> v; rewrite !inE /= subr_eq0.
apply; apply: contraNneq differ => zero; rewrite -subr_eq0 -[_ - _]/(run u (Sum a (Negative b))).
by rewrite -(symbolic_run [rmorphism of idfun] _ su) zero rmorph0.
Qed.

End SchwartzZippel.

(** ** Spanning vectors *)

Section Basis.
Variables (G : group) (R : ringType) (V W : lmodType R).
Variables (rho : left_action G V) (tau : left_action G W) (f : {linear V -> W}).
Variables (I : finType) (b : I -> V).

Theorem basis_suffices (g : G) : linear (rho g) -> linear (tau g) ->
  (forall x, exists c : I -> R, x = \sum_i c i *: b i) ->
  (forall i, f (rho g (b i)) = tau g (f (b i))) -> preserves rho tau f g.
Proof.
move=> rho_linear tau_linear spans on_basis x; have [c ->] := spans x.
pose r := Linear rho_linear; pose t := Linear tau_linear.
rewrite -[rho g]/(r : V -> V) -[tau g]/(t : W -> W) !linear_sum; apply: eq_bigr => i _.
by rewrite !linearZ /= on_basis.
Qed.

End Basis.

(** ReLU after a dense layer: it commutes with the exchange of coordinates on (1, 0) and (0, 1), not on (1, 1). *)
Definition relu_of_dense (x : int * int) : int * int :=
  (Order.max 0 (2%:Z * x.1 - x.2), Order.max 0 (2%:Z * x.2 - 2%:Z * x.1)).

Definition exchange (x : int * int) : int * int := (x.2, x.1).

Theorem basis_fails_for_nonlinear_maps :
  [/\ relu_of_dense (exchange (1, 0)) = exchange (relu_of_dense (1, 0)),
      relu_of_dense (exchange (0, 1)) = exchange (relu_of_dense (0, 1)) &
      relu_of_dense (exchange (1, 1)) <> exchange (relu_of_dense (1, 1))].
Proof. by split; vm_compute. Qed.
