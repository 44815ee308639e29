(** * ReceptiveField: which inputs a stack of layers reads

    Glossary
    - [window]           a layer along one axis: taps, dilation, stride, padding before; windows of pooling alike
    - a stack is a list of layers from the input on
    - [reads stack j]    the positions of the input that output j reads, with repetitions
    - [start stack j]    the first of them; [jump stack] how far it moves from one output to the next
    - [reach stack]      the distance from the first to the last; the receptive field spans reach + 1
    - [patches stack]    any layers of windows, each entry computed by any function of its window
    - [ones stack x]     the stack with all weights 1

    Main results
    - reach = Σ_i d_i (k_i − 1) Π_{l<i} s_l, jump = Π_l s_l
    - an output depends on no input outside its receptive field, and the first and last are read
    - without dilation, and with strides at most the taps, all between them are read
    - with weights 1 the coefficient of an input is how often it is read: so exactly those inputs occur
    - a tile that begins at a multiple of the jump, and holds what its outputs read, is given what the whole is
    - a halo that is one less is not enough: two inputs that differ at one end of the field alone differ in the output *)

From mathcomp Require Import all_ssreflect all_algebra zify.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Record window := Window { taps : nat; dilation : nat; stride : nat; before : nat }.

Implicit Types (l : window) (stack : seq window).

Definition position l (j : int) (i : nat) : int := (stride l)%:Z * j + (dilation l)%:Z * i%:Z - (before l)%:Z.

Fixpoint reads stack (j : int) : seq int :=
  if stack is l :: rest then [seq position l p i | p <- reads rest j, i <- iota 0 (taps l)] else [:: j].

Fixpoint reach stack : nat :=
  if stack is l :: rest then (dilation l * (taps l).-1 + stride l * reach rest)%N else 0%N.

Fixpoint start stack (j : int) : int :=
  if stack is l :: rest then (stride l)%:Z * start rest j - (before l)%:Z else j.

Definition jump stack : nat := \prod_(l <- stack) stride l.

Theorem receptive_field_size stack : (reach stack).+1 =
  (1 + \sum_(i < size stack) dilation (nth (Window 1 1 1 0) stack i) * (taps (nth (Window 1 1 1 0) stack i)).-1 *
     jump (take i stack))%N.
Proof.
rewrite add1n; congr S; elim: stack => [|l rest IH]; first by rewrite big_ord0.
rewrite big_ord_recl /= /jump big_nil muln1; congr (_ + _)%N; rewrite IH big_distrr.
by apply: eq_bigr => i _; rewrite /= big_cons mulnCA.
Qed.

Theorem receptive_field_jump stack j : start stack j = start stack 0 + (jump stack)%:Z * j.
Proof.
elim: stack => [|l rest IH] /=; first by rewrite /jump big_nil mul1r add0r.
by rewrite IH /jump big_cons PoszM mulrDr mulrA addrAC.
Qed.

Lemma reads_step l rest j q :
  (q \in reads (l :: rest) j) = has (fun p => has (fun i => q == position l p i) (iota 0 (taps l))) (reads rest j).
Proof.
apply/allpairsP/hasP => [[[p i] /= [rp ri ->]] | [p rp /hasP[i ri /eqP ->]]]; last by exists (p, i).
by exists p => //; apply/hasP; exists i.
Qed.

Theorem receptive_field_bounds stack j p : p \in reads stack j -> start stack j <= p <= start stack j + (reach stack)%:Z.
Proof.
elim: stack p => [|l rest IH] p; first by rewrite inE => /eqP ->; rewrite lexx addr0 lexx.
rewrite reads_step => /hasP[q /IH /andP[low high] /hasP[i]]; rewrite mem_iota => /andP[_ lt_i] /eqP ->.
rewrite /position /=; have : (dilation l * i <= dilation l * (taps l).-1)%N.
  by rewrite leq_mul2l; case: (taps l) lt_i => // k; rewrite ltnS => ->; rewrite orbT.
have s0 : 0 <= (stride l)%:Z by [].
have := ler_wpmul2l s0 low; have := ler_wpmul2l s0 high.
by rewrite mulrDr; lia.
Qed.

Theorem receptive_field_ends stack j : all (fun l => 0 < taps l)%N stack ->
  start stack j \in reads stack j /\ start stack j + (reach stack)%:Z \in reads stack j.
Proof.
elim: stack => [|l rest IH] /=; first by rewrite addr0 inE.
case/andP=> k0 /IH[first last]; rewrite -/(reads (l :: rest) j) !reads_step; split; apply/hasP.
  exists (start rest j) => //; apply/hasP; exists 0%N; first by rewrite mem_iota.
  by rewrite /position mulr0 addr0.
exists (start rest j + (reach rest)%:Z) => //; apply/hasP; exists (taps l).-1; first by rewrite mem_iota /= add0n ltn_predL.
by rewrite /position; apply/eqP; rewrite mulrDr; lia.
Qed.

Theorem receptive_field_full stack (j p : int) :
  all (fun l => [&& 0 < taps l, dilation l == 1, 0 < stride l & stride l <= taps l])%N stack ->
  start stack j <= p <= start stack j + (reach stack)%:Z -> p \in reads stack j.
Proof.
elim: stack p => [|l rest IH] p /=; first by rewrite addr0 inE eq_le andbC.
case/andP=> /and4P[k0 /eqP d1 s0 sk] /IH {}IH range; rewrite -/(reads (l :: rest) j) reads_step.
pose offset := absz (p + (before l)%:Z - (stride l)%:Z * start rest j)%R.
pose q := minn (offset %/ stride l) (reach rest).
have offset_bound : (offset <= (taps l).-1 + stride l * reach rest)%N.
  by move: range; rewrite d1 mul1n /offset; lia.
have remainder : (offset - stride l * q < taps l)%N.
  rewrite /q /minn; case: (ltnP (offset %/ stride l) (reach rest)) => _; last first.
    by move: offset_bound k0; move: (offset : nat) (stride l * reach rest)%N (taps l) => a b c; lia.
  apply: leq_trans sk; have := divn_eq offset (stride l); have := ltn_pmod offset s0.
  by move: (offset) (offset %/ stride l)%N (offset %% stride l)%N => a b c; lia.
have fits : (stride l * q <= offset)%N.
  by rewrite mulnC (leq_trans _ (leq_trunc_div offset (stride l))) // leq_mul2r geq_minl orbT.
have inside : (q <= reach rest)%N by rewrite geq_minr.
clearbody q; apply/hasP; exists (start rest j + q%:Z); first by apply: IH; lia.
apply/hasP; exists (offset - stride l * q)%N; first by rewrite mem_iota /= add0n.
by apply/eqP; rewrite /position d1 mul1r mulrDr; move: fits range; rewrite /offset; lia.
Qed.

(** ** What an output depends on *)

Section Patches.
Variable X : Type.

(** Each layer has its window and a function of the list of values that it reads. *)
Fixpoint patches (layers : seq (window * (seq X -> X))) (x : int -> X) : int -> X :=
  if layers is (l, f) :: rest then patches rest (fun p => f [seq x (position l p i) | i <- iota 0 (taps l)]) else x.

Theorem receptive_field_sound layers x y j : (forall p, p \in reads (unzip1 layers) j -> x p = y p) ->
  patches layers x j = patches layers y j.
Proof.
elim: layers x y => [|[l f] rest IH] x y agree /=; first by apply: agree; rewrite inE.
apply: IH => p rp; congr f; apply/eq_in_map => i ri; apply: agree.
by apply/allpairsP; exists (p, i).
Qed.

(** What moves by a multiple of the jump on the way in moves on the way out. *)
Lemma patches_shift layers x t j :
  patches layers (fun p => x (p + (jump (unzip1 layers))%:Z * t)) j = patches layers x (j + t).
Proof.
elim: layers x => [|[l f] rest IH] x /=; first by rewrite /jump big_nil mul1r.
rewrite -IH; apply: receptive_field_sound => p _; congr f; apply/eq_in_map => i _; congr x.
by rewrite /position /jump big_cons PoszM mulrDr !mulrA; lia.
Qed.

(** A tile [y] that begins at [jump * t] in [x] gives at [j] what the whole gives at [j + t], if it has the entries
    from the first to the last that this output reads. *)
Theorem tile_is_the_whole layers x y t j :
  (forall p, start (unzip1 layers) j <= p <= start (unzip1 layers) j + (reach (unzip1 layers))%:Z ->
     y p = x (p + (jump (unzip1 layers))%:Z * t)) ->
  patches layers y j = patches layers x (j + t).
Proof.
move=> agree; rewrite -patches_shift; apply: receptive_field_sound => p read.
by apply: agree; apply: receptive_field_bounds read.
Qed.

End Patches.

Fixpoint ones stack (x : int -> int) : int -> int :=
  if stack is l :: rest then ones rest (fun p => \sum_(i <- iota 0 (taps l)) x (position l p i)) else x.

Theorem receptive_field_exact stack x j : ones stack x j = \sum_(p <- reads stack j) x p.
Proof.
elim: stack x => [|l rest IH] x /=; first by rewrite big_seq1.
by rewrite IH big_allpairs_dep.
Qed.

Theorem halo_less_one_is_not_enough stack j : all (fun l => 0 < taps l)%N stack ->
  forall end_, end_ \in [:: start stack j; start stack j + (reach stack)%:Z] ->
  exists x y : int -> int, (forall p, p != end_ -> x p = y p) /\ ones stack x j <> ones stack y j.
Proof.
move=> taps0 end_ end_in; have [first last] := receptive_field_ends j taps0.
have read : end_ \in reads stack j by move: end_in; rewrite !inE => /orP[]/eqP ->.
exists (fun=> 0), (fun p => (p == end_)%:Z); split=> [p /negbTE -> // |].
rewrite !receptive_field_exact big1 //.
have -> : \sum_(p <- reads stack j) (p == end_)%:Z = (count_mem end_ (reads stack j))%:Z :> int.
  by elim: (reads stack j) => [|p s IH]; rewrite ?big_nil // big_cons IH /= PoszD.
have occurs : (0 < count_mem end_ (reads stack j))%N by rewrite -has_count has_pred1.
by move=> zero; move: occurs; lia.
Qed.
