(** * Oracle: equal random values of random functions prove equal terms

    A program computes from inputs and from the answers of functions of which nothing is known. Its i-th question is a
    symbol and k arguments, which are circuits in the inputs and in the answers to the questions before it.

    Glossary
    - [argument i x u]   the i-th question at the point x, where u lists the answers
    - [answers x phi]    the answers of the function phi at the point x: the real experiment has x and phi at random
    - the ideal experiment has x and all answers u at random, whatever was asked
    - [apart x u]        no two questions are the same
    - [asks ...]         questions whose arguments are circuits; [formally_apart]: no two of them are the same as
                         polynomials, with their symbols

    Main results
    - as long as questions are apart, real and ideal experiment have each outcome equally often
    - so an outcome is at most as frequent as in the ideal experiment with all outcomes added where two questions meet
    - over a finite field, with m questions of degree at most d: a circuit of degree D that is not zero as a polynomial
      in inputs and answers is zero in at most a share (m (m − 1) / 2 · d + D) / |F| of the real experiments
    - circuits that are equal as polynomials are equal in every ring, whatever the functions are *)

From mathcomp Require Import all_ssreflect all_algebra zify.
From Equivariant Require Import Testing.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.

Section Experiments.
Variables (X A F : finType) (m : nat) (start : F).
Variable argument : 'I_m -> X -> {ffun 'I_m -> F} -> A.
Implicit Types (x : X) (phi : {ffun A -> F}) (u v : {ffun 'I_m -> F}).

(** A question depends on the answers before it only. *)
Hypothesis in_order : forall (i : 'I_m) x u v, (forall j : 'I_m, j < i -> u j = v j) -> argument i x u = argument i x v.

Definition answer x phi u : {ffun 'I_m -> F} := [ffun i => phi (argument i x u)].
Definition answers x phi : {ffun 'I_m -> F} := iter m (answer x phi) [ffun=> start].

Lemma answers_fixed x phi : answer x phi (answers x phi) = answers x phi.
Proof.
have step k : forall i : 'I_m, i < k ->
    iter k.+1 (answer x phi) [ffun=> start] i = iter k (answer x phi) [ffun=> start] i.
  elim: k => // k ih i ik; rewrite !iterS !ffunE.
  by congr (phi _); apply: in_order => j ji; apply: ih; apply: leq_trans ji _; rewrite -ltnS.
by apply/ffunP=> i; apply: step.
Qed.

Lemma answers_unique x phi u : (answers x phi == u) = [forall i, phi (argument i x u) == u i].
Proof.
apply/eqP/forallP => [<- i | fixed]; first by rewrite -[in X in _ == X]answers_fixed ffunE.
suff same k : forall i : 'I_m, i < k -> answers x phi i = u i by apply/ffunP=> i; apply: (same m).
elim: k => // k ih i; rewrite ltnS => ik; rewrite -answers_fixed ffunE -(eqP (fixed i)).
by congr (phi _); apply: in_order => j ji; apply: ih; apply: leq_trans ji ik.
Qed.

Definition apart x u : bool := injectiveb (fun i => argument i x u).

Lemma functions_with_these_answers x u : apart x u ->
  #|[set phi | answers x phi == u]| * #|F| ^ m = #|F| ^ #|A|.
Proof.
move/injectiveP=> inj; pose allowed a : pred F := if [pick i | argument i x u == a] is Some i then pred1 (u i) else predT.
have -> : #|[set phi | answers x phi == u]| = #|family allowed|.
  apply: eq_card => phi; rewrite inE answers_unique; apply/forallP/familyP => [all a | all i].
    by rewrite /allowed; case: pickP => [i /eqP <- | //]; rewrite inE.
  have := all (argument i x u); rewrite /allowed; case: pickP => [j /eqP/inj -> | /(_ i)]; first by rewrite inE.
  by rewrite eqxx.
rewrite card_family foldrE big_map big_enum /=.
have -> : #|F| ^ m = \prod_(a : A) (if a \in [set argument i x u | i : 'I_m] then #|F| else 1).
  by rewrite -big_mkcond prod_nat_const card_imset // card_ord.
rewrite -big_split -[RHS]prod_nat_const; apply: eq_bigr => a _; rewrite /allowed.
case: pickP => [i /eqP <- | none]; first by rewrite imset_f // card1 /= mul1n.
case: imsetP => [[i _ ai] | _] /=; last by rewrite muln1.
by have := none i; rewrite ai eqxx.
Qed.

Theorem real_is_ideal_while_apart (E : X -> {ffun 'I_m -> F} -> bool) :
  #|[set e : X * {ffun A -> F} | E e.1 (answers e.1 e.2) && apart e.1 (answers e.1 e.2)]| * #|F| ^ m =
  #|[set e : X * {ffun 'I_m -> F} | E e.1 e.2 && apart e.1 e.2]| * #|F| ^ #|A|.
Proof.
rewrite -!sum1dep_card.
rewrite (partition_big (fun e : X * {ffun A -> F} => (e.1, answers e.1 e.2)) (fun e => E e.1 e.2 && apart e.1 e.2)) //=.
rewrite big_distrl [RHS]big_distrl; apply: eq_bigr => -[x u] /= /andP[Eu far].
rewrite -(functions_with_these_answers far).
rewrite mul1n; congr (_ * _); rewrite sum1dep_card.
rewrite -(card_imset [set phi | answers x phi == u] (f := pair x)); last by move=> f h [].
apply: eq_card => -[y phi]; rewrite !inE /=; apply/andP/imsetP => [[_ /eqP[-> au]] | [f]].
  by exists phi => //; rewrite inE au.
by rewrite inE => /eqP au [-> ->]; rewrite au eqxx Eu far.
Qed.

Theorem real_is_bounded_by_ideal (E : X -> {ffun 'I_m -> F} -> bool) :
  #|[set e : X * {ffun A -> F} | E e.1 (answers e.1 e.2)]| * #|F| ^ m <=
  (#|[set e : X * {ffun 'I_m -> F} | E e.1 e.2]| + #|[set e : X * {ffun 'I_m -> F} | ~~ apart e.1 e.2]|) * #|F| ^ #|A|.
Proof.
pose real (P : X -> {ffun 'I_m -> F} -> bool) := #|[set e : X * {ffun A -> F} | P e.1 (answers e.1 e.2)]|.
pose ideal (P : X -> {ffun 'I_m -> F} -> bool) := #|[set e : X * {ffun 'I_m -> F} | P e.1 e.2]|.
have split_real P : real P = real (fun x u => P x u && apart x u) + real (fun x u => P x u && ~~ apart x u).
  rewrite /real -(cardsID [set e | apart e.1 (answers e.1 e.2)]); congr (_ + _); apply: eq_card => e; rewrite !inE //.
  exact: andbC.
have split_ideal P : ideal P = ideal (fun x u => P x u && apart x u) + ideal (fun x u => P x u && ~~ apart x u).
  rewrite /ideal -(cardsID [set e | apart e.1 e.2]); congr (_ + _); apply: eq_card => e; rewrite !inE //.
  exact: andbC.
have all_real : real (fun _ _ => true) = #|X| * #|F| ^ #|A|.
  by rewrite -card_ffun -card_prod; apply: eq_card => e; rewrite !inE.
have all_ideal : ideal (fun _ _ => true) = #|X| * #|F| ^ m.
  transitivity #|[finType of X * {ffun 'I_m -> F}]|; first by apply: eq_card => e; rewrite !inE.
  by rewrite card_prod card_ffun card_ord.
have meet : real (fun x u => ~~ apart x u) * #|F| ^ m = ideal (fun x u => ~~ apart x u) * #|F| ^ #|A|.
  have := real_is_ideal_while_apart (fun _ _ => true); rewrite -/(real _) -/(ideal _) /= => same.
  have := split_real (fun _ _ => true); have := split_ideal (fun _ _ => true).
  rewrite all_real all_ideal /= => ideals reals; apply/eqP; rewrite -(eqn_add2l (real (fun x u => apart x u) * #|F| ^ m)).
  by rewrite -mulnDl -reals [X in _ == X + _]same -mulnDl -ideals -!mulnA [_ ^ _ * _ ^ _]mulnC.
rewrite -/(real E) -/(ideal E) -/(ideal (fun x u => ~~ apart x u)) split_real !mulnDl.
rewrite [X in X + _ <= _]real_is_ideal_while_apart -meet leq_add //.
  by rewrite leq_mul2r split_ideal leq_addr orbT.
rewrite leq_mul2r; apply/orP; right; apply: subset_leq_card; apply/subsetP => e; rewrite !inE => /andP[] //.
Qed.

End Experiments.

(** ** Questions whose arguments are circuits *)

Fixpoint reads_below (bound : nat) (e : circuit) : bool :=
  match e with
  | Constant _ => true
  | Input i => i < bound
  | Sum a b | Product a b => reads_below bound a && reads_below bound b
  | Negative a => reads_below bound a
  end.

Lemma run_reads (R : comRingType) bound (v w : seq R) e : reads_below bound e ->
  (forall i, i < bound -> nth 0%R v i = nth 0%R w i) -> run v e = run w e.
Proof.
move=> reads same; elim: e reads => [z | i | a iha b ihb | a iha | a iha b ihb] //=; first exact: same.
- by case/andP=> /iha -> /ihb ->.
- by move=> /iha ->.
- by case/andP=> /iha -> /ihb ->.
Qed.

Section Programs.
Variables (F : finFieldType) (T : finType) (n m k d : nat).
Variables (symbol : 'I_m -> T) (asks : 'I_m -> 'I_k -> circuit).
Implicit Types (x : n.-tuple F) (u v : {ffun 'I_m -> F}).

(** Inputs come first, then answers. The i-th question reads the answers before it. *)
Hypothesis asks_in_order : forall (i : 'I_m) l, reads_below (n + i) (asks i l).
Hypothesis asks_degree : forall i l, degree (asks i l) <= d.

Let symbols := symbols F (n + m).

Definition formally_apart : Prop := forall i j : 'I_m, i != j -> symbol i = symbol j ->
  exists l, run symbols (asks i l) <> run symbols (asks j l).

Definition values x u : (n + m).-tuple F := [tuple of x ++ mktuple u].

Definition asked (i : 'I_m) x u : T * {ffun 'I_k -> F} := (symbol i, [ffun l => run (values x u) (asks i l)]).

Lemma asked_in_order (i : 'I_m) x u v : (forall j : 'I_m, j < i -> u j = v j) -> asked i x u = asked i x v.
Proof.
move=> same; congr (_, _); apply/ffunP=> l; rewrite !ffunE; apply: (run_reads (asks_in_order i l)) => q qi.
rewrite !nth_cat size_tuple; case: ltnP => // nq.
have qm : q - n < m by rewrite ltn_subLR //; apply: leq_trans qi _; rewrite leq_add2l ltnW.
have lt : q - n < i by rewrite ltn_subLR.
by have := same (Ordinal qm) lt; rewrite -!(nth_mktuple _ 0%R).
Qed.

Lemma values_injective x y u v : values x u = values y v -> x = y /\ u = v.
Proof.
move/(congr1 val)/eqP; rewrite /= eqseq_cat ?size_tuple // => /andP[/eqP xy /eqP uv]; split; first exact: val_inj.
by apply/ffunP=> i; rewrite -!(nth_mktuple _ 0%R) [X in nth _ X _]uv.
Qed.

Lemma ideal_zeros c e : degree e <= c -> run symbols e <> 0%R ->
  #|[set t : n.-tuple F * {ffun 'I_m -> F} | run (values t.1 t.2) e == 0%R]| * #|F| <= c * #|F| ^ (n + m).
Proof.
move=> ed /eqP e0; have few := schwartz_zippel (@inj_id F) e0.
apply: leq_trans (leq_mul ed (leqnn _)); apply: leq_trans few; rewrite leq_mul2r; apply/orP; right.
have injective_values : injective (fun t : n.-tuple F * {ffun 'I_m -> F} => values t.1 t.2).
  by move=> [x u] [y v] /values_injective[/= -> ->].
rewrite -(card_imset _ injective_values).
by apply/subset_leq_card/subsetP => _ /imsetP[t zero ->]; move: zero; rewrite !inE map_id.
Qed.

Lemma ideal_meetings : formally_apart ->
  #|[set t : n.-tuple F * {ffun 'I_m -> F} | ~~ apart asked t.1 t.2]| * #|F| <= 'C(m, 2) * d * #|F| ^ (n + m).
Proof.
move=> formally; pose meet (i j : 'I_m) := [set t : n.-tuple F * {ffun 'I_m -> F} | asked i t.1 t.2 == asked j t.1 t.2].
have one_pair (i j : 'I_m) : i != j -> #|meet i j| * #|F| <= d * #|F| ^ (n + m).
  move=> ij; case: (eqVneq (symbol i) (symbol j)) => [/(formally _ _ ij)[l differ] | differ]; last first.
    rewrite (_ : meet i j = set0) ?cards0 //; apply/setP=> t; rewrite !inE.
    by apply: contra_neqF differ => /eqP[->].
  pose e := Sum (asks i l) (Negative (asks j l)).
  have ed : degree e <= d by rewrite geq_max !asks_degree.
  apply: leq_trans (ideal_zeros ed _); last first.
    by move=> zero; apply: differ; apply/eqP; rewrite -subr_eq0; apply/eqP.
  rewrite leq_mul2r; apply/orP; right; apply/subset_leq_card/subsetP => t; rewrite !inE.
  by case/eqP=> _ /ffunP/(_ l); rewrite !ffunE => same; rewrite /= same subrr.
have pairs : #|[set t : n.-tuple F * {ffun 'I_m -> F} | ~~ apart asked t.1 t.2]|
    <= \sum_(i < m) \sum_(j < m | j < i) #|meet i j|.
  have count (i j : 'I_m) : #|meet i j| = \sum_t (t \in meet i j).
    by rewrite -sum1_card big_mkcond; apply: eq_bigr => t _; case: ifP.
  under eq_bigr => i _ do under eq_bigr => j _ do rewrite count.
  under eq_bigr => i _ do rewrite exchange_big /=.
  rewrite exchange_big -sum1_card [X in X <= _]big_mkcond; apply: leq_sum => t _.
  rewrite inE; case: ifP => // /injectivePn[i [j ij same]].
  wlog ji : i j ij same / j < i.
    move=> ordered; case: (ltngtP i j) => [lt | lt | eq]; first by apply: (ordered j i); rewrite // eq_sym.
      exact: (ordered i j).
    by case/eqP: ij; apply: val_inj.
  by rewrite (bigD1 i) //= (bigD1 j) //= inE same eqxx.
apply: leq_trans (leq_mul pairs (leqnn _)) _; rewrite big_distrl /=.
apply: (@leq_trans (\sum_(i < m) i * (d * #|F| ^ (n + m)))).
  apply: leq_sum => i _; rewrite big_distrl; apply: (@leq_trans (\sum_(j < m | j < i) d * #|F| ^ (n + m))).
    by apply: leq_sum => j ji; apply: one_pair; rewrite -val_eqE gtn_eqF.
  by rewrite (big_ord_narrow (ltnW (ltn_ord i))) sum_nat_const card_ord.
by rewrite -big_distrl /= mulnA -triangular_sum big_mkord.
Qed.

Definition oracle x (phi : {ffun T * {ffun 'I_k -> F} -> F}) : {ffun 'I_m -> F} := answers 0%R asked x phi.

Theorem oracle_soundness (D : nat) (g : circuit) : formally_apart -> degree g <= D -> run symbols g <> 0%R ->
  #|[set e : n.-tuple F * {ffun T * {ffun 'I_k -> F} -> F} | run (values e.1 (oracle e.1 e.2)) g == 0%R]| * #|F|
    <= ('C(m, 2) * d + D) * (#|F| ^ n * #|F| ^ #|[finType of T * {ffun 'I_k -> F}]|).
Proof.
move=> formally gD g0; set functions := #|[finType of T * {ffun 'I_k -> F}]|.
have F0 : 0 < #|F| ^ m by rewrite expn_gt0; apply/orP; left; apply/card_gt0P; exists 0%R.
rewrite -(leq_pmul2r F0).
have := real_is_bounded_by_ideal 0%R asked_in_order (fun x u => run (values x u) g == 0%R); rewrite -/functions => bound.
have zeros := ideal_zeros gD g0.
rewrite mulnAC; apply: leq_trans (leq_mul bound (leqnn _)) _.
rewrite mulnAC mulnDl; apply: (@leq_trans (('C(m, 2) * d + D) * #|F| ^ (n + m) * #|F| ^ functions)); last first.
  by rewrite expnD; apply: eq_leq; rewrite -!mulnA; congr (_ * (_ * _)); rewrite mulnC.
by rewrite leq_mul2r mulnDl addnC leq_add ?orbT // ideal_meetings.
Qed.

End Programs.
