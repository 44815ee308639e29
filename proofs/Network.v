(** * Network: a whole group network commutes with the quarter turn, by composition

    Glossary
    - a feature map on an n × n grid has a value in X at every position; the quarter turn moves the positions, and on
      the values it does [rho]: nothing for the channels of an image, a step of the orientations for p4
    - [turned_map n rho x]  (a, b) ↦ rho (x(b, n − 1 − a))
    - [layer]            a layer of square windows (SymmetricGrid.v): any function [window_function] of the window that takes
                         a turned window to a turned value, a padding value that rho leaves alone, and a stride that
                         divides what a window can travel
    - [network]          layers one after the other; [run] what it computes
    - [lifted], [grouped], [pooled], [pointwise], [oriented]  the layers of p4: lifting correlation, group correlation,
                         pooling over space, one function a channel (bias, activation, batch norm at inference), pooling
                         over orientations
    - [forward]          how the taps of a window turn (Executable.v); orientation r sees the filter turned r times

    Main results
    - a layer takes the turned map to the turned result, and so does every network; if it ends in one position, of which
      rho leaves the value alone, its result is invariant
    - the five layers of p4 are such layers, for all weights
    - so P4CNN on 28 × 28 is invariant under quarter turns for all weights, channels and activations; with the layer
      sizes of LeNet-5, plain kernels are not *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra zify.
From Equivariant Require Import Action Padding SymmetricGrid Executable.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** ** Layers and networks *)

Definition turned_map (n : nat) X (rho : X -> X) (x : int -> int -> X) (a b : int) : X := rho (quarter_turn n x a b).

Definition same_map (n : nat) X (x y : int -> int -> X) : Prop := forall a b, inside n a -> inside n b -> x a b = y a b.

Record layer (n : nat) (X : Type) (rho : X -> X) (Y : Type) (sigma : Y -> Y) := Layer {
  before : nat; taps : nat; dilation : nat; stride : nat;
  padding_value : X;
  window_function : {ffun 'I_taps * 'I_taps -> X} -> Y;
  stride_positive : (0 < stride)%N;
  window_fits : (extent taps dilation <= n + before + before)%N;
  stride_divides : (stride %| excess n before taps dilation)%N;
  padding_fixed : rho padding_value = padding_value;
  window_turns_along : forall q : {ffun 'I_taps * 'I_taps -> X},
    window_function [ffun i => rho (q i)] = sigma (window_function [ffun i => q (rev_ord i.2, i.1)]) }.

Section Layer.
Variables (n : nat) (X Y : Type) (rho : X -> X) (sigma : Y -> Y) (l : layer n rho sigma).

Definition size_after : nat := out_length n (before l) (taps l) (dilation l) (stride l).

Definition run_layer (x : int -> int -> X) (a b : int) : Y :=
  square_layer n (before l) (dilation l) (stride l) (padding_value l) (@window_function _ _ _ _ _ l) x `|a|%N `|b|%N.

Lemma run_same x y : same_map n x y -> run_layer x =2 run_layer y.
Proof.
move=> same a b; congr (window_function _); apply/ffunP=> i; rewrite !ffunE /square_padded.
by case: ifP => // /andP[ia ib]; apply: same.
Qed.

Theorem layer_quarter_turn x : same_map size_after (run_layer (turned_map n rho x)) (turned_map size_after sigma (run_layer x)).
Proof.
move=> a b /andP[a0 lt_a] /andP[b0 _].
have lt : (`|a| < size_after)%N by lia.
have := symmetric_grid_quarter_turn (stride_positive l) (window_fits l) (padding_value l)
  (fun q => sigma (window_function q)) x `|b|%N (stride_divides l) lt.
rewrite /turned_map /quarter_turn /run_layer -/size_after.
have -> : `|(size_after%:Z - 1 - a)%R|%N = (size_after.-1 - `|a|)%N by lia.
rewrite {2}/square_layer => <-; rewrite /turned /square_layer.
transitivity (window_function [ffun i => rho ([ffun i : 'I_(taps l) * 'I_(taps l) =>
    square_padded n (padding_value l) (quarter_turn n x)
      (position (before l) (dilation l) (stride l) `|a| i.1) (position (before l) (dilation l) (stride l) `|b| i.2)] i)]).
  congr (window_function _); apply/ffunP=> i; rewrite !ffunE /square_padded.
  by case: ifP => // _; rewrite padding_fixed.
exact: window_turns_along.
Qed.

End Layer.

Inductive network : nat -> forall X : Type, (X -> X) -> nat -> forall Y : Type, (Y -> Y) -> Type :=
| Result n X (rho : X -> X) : network n rho n rho
| Then n X (rho : X -> X) Y (sigma : Y -> Y) m Z (tau : Z -> Z) (l : layer n rho sigma) :
    network (size_after l) sigma m tau -> network n rho m tau.

Arguments Then {n X rho Y sigma m Z tau} l rest.

Fixpoint run n X (rho : X -> X) m Y (sigma : Y -> Y) (net : network n rho m sigma) : (int -> int -> X) -> int -> int -> Y :=
  match net with
  | Result _ _ _ => id
  | Then _ _ _ _ _ _ _ _ l rest => fun x => run rest (run_layer l x)
  end.

Lemma run_network_same n X (rho : X -> X) m Y (sigma : Y -> Y) (net : network n rho m sigma) x y :
  same_map n x y -> same_map m (run net x) (run net y).
Proof.
elim: net x y => {n X rho m Y sigma} [// | n X rho Y sigma m Z tau l rest IH] x y same /=.
by apply: IH => a b _ _; apply: run_same.
Qed.

Theorem network_quarter_turn n X (rho : X -> X) m Y (sigma : Y -> Y) (net : network n rho m sigma) x :
  same_map m (run net (turned_map n rho x)) (turned_map m sigma (run net x)).
Proof.
elim: net x => {n X rho m Y sigma} [n X rho x a b _ _ // | n X rho Y sigma m Z tau l rest IH] x a b ia ib /=.
by rewrite -IH //; apply: (run_network_same rest) => //; apply: layer_quarter_turn.
Qed.

Theorem network_invariant n X (rho : X -> X) Y (net : network n rho 1 (@id Y)) x :
  run net (turned_map n rho x) 0 0 = run net x 0 0.
Proof. by rewrite network_quarter_turn. Qed.

(** ** The layers of p4

    The orientation that a value of orientation r has after a quarter turn is r + 1. *)

Section P4Layers.
Variables (R : comRingType) (C D : finType).
Notation plain_map := {ffun C -> R}.
Notation map_of T := {ffun T * 'Z_4 -> R}.

Definition next_orientation (T : finType) (z : map_of T) : map_of T := [ffun o => z (o.1, o.2 - 1)].

Variables (n k : nat).
Let K := ('I_k.+1 * 'I_k.+1)%type.
Notation tap_turns := (window_turns k).

Lemma tap_turn_sum (r t : 'Z_4) (i : K) : tap_turns (r + t) i = tap_turns r (tap_turns t i).
Proof. by have [_ laws] := action_laws (window_turns k); apply: laws. Qed.

Lemma tap_turn_one (i : K) : tap_turns (1 : 'Z_4) i = (rev_ord i.2, i.1).
Proof. by []. Qed.

Lemma tap_turn_injective (r : 'Z_4) : injective (tap_turns r).
Proof. exact: can_inj (act_inv (window_turns k) r). Qed.

(** What a sum over taps and what it weighs become when the window turns. *)
Lemma turned_taps (V : Type) (idx : V) (op : Monoid.com_law idx) (F : 'Z_4 -> K -> K -> V) (r : 'Z_4) :
  (forall t i j, F t i j = F 0 (tap_turns (- t) i) j) ->
  \big[op/idx]_i F (r - 1) i (rev_ord i.2, i.1) = \big[op/idx]_i F r i i.
Proof.
move=> own; rewrite [RHS](reindex_inj (@tap_turn_injective 1)); apply: eq_bigr => i _.
by rewrite own [RHS]own -tap_turn_sum opprB addrC.
Qed.

Variables (p d s : nat).
Hypothesis s0 : (0 < s)%N.
Hypothesis fits : (extent k.+1 d <= n + p + p)%N.
Hypothesis divides : (s %| excess n p k.+1 d)%N.

Definition lifted_window (w : D -> C -> K -> R) (q : {ffun K -> plain_map}) : map_of D :=
  [ffun o => \sum_i \sum_c w o.1 c (tap_turns (- o.2) i) * q i c].

Lemma lifted_turns w (q : {ffun K -> plain_map}) :
  lifted_window w [ffun i => id (q i)] = next_orientation (lifted_window w [ffun i => q (rev_ord i.2, i.1)]).
Proof.
rewrite (_ : [ffun i => id (q i)] = q); last by apply/ffunP=> i; rewrite ffunE.
apply/ffunP=> -[e r]; rewrite !ffunE /=.
pose F t i j := \sum_c w e c (tap_turns (- t) i) * q j c.
have own t i j : F t i j = F 0 (tap_turns (- t) i) j.
  by apply: eq_bigr => c _; rewrite -tap_turn_sum oppr0 add0r.
apply: etrans (esym (turned_taps (GRing.add_comoid R) r own)) _.
by apply: eq_bigr => i _; apply: eq_bigr => c _; rewrite ffunE.
Qed.

Definition lifted w : layer n (@id plain_map) (@next_orientation D) :=
  @Layer n plain_map id (map_of D) (@next_orientation D) p k.+1 d s 0 (lifted_window w) s0 fits divides erefl (lifted_turns w).

Definition grouped_window (w : D -> C -> K -> 'Z_4 -> R) (q : {ffun K -> map_of C}) : map_of D :=
  [ffun o => \sum_i \sum_c \sum_l w o.1 c (tap_turns (- o.2) i) (l - o.2) * q i (c, l)].

Lemma grouped_turns w (q : {ffun K -> map_of C}) :
  grouped_window w [ffun i => next_orientation (q i)] =
  next_orientation (grouped_window w [ffun i => q (rev_ord i.2, i.1)]).
Proof.
apply/ffunP=> -[e r]; rewrite !ffunE /=.
transitivity (\sum_i \sum_c \sum_l w e c (tap_turns (- r) i) (l + 1 - r) * q i (c, l)).
  apply: eq_bigr => i _; apply: eq_bigr => c _; rewrite [LHS](reindex_inj (addIr 1)).
  by apply: eq_bigr => l _; rewrite !ffunE /= addrK.
pose F t i j := \sum_c \sum_l w e c (tap_turns (- t) i) (l + 1 - r) * q j (c, l).
have own t i j : F t i j = F 0 (tap_turns (- t) i) j.
  by apply: eq_bigr => c _; rewrite -tap_turn_sum oppr0 add0r.
apply: etrans (esym (turned_taps (GRing.add_comoid R) r own)) _.
apply: eq_bigr => i _; apply: eq_bigr => c _; apply: eq_bigr => l _.
rewrite ffunE; congr (w e c _ _ * _); rewrite opprB; exact: (esym (addrA l 1 (- r))).
Qed.

Lemma zero_oriented (T : finType) : next_orientation (0 : map_of T) = 0.
Proof. by apply/ffunP=> o; rewrite !ffunE. Qed.

Definition grouped w : layer n (@next_orientation C) (@next_orientation D) :=
  @Layer n (map_of C) (@next_orientation C) (map_of D) (@next_orientation D) p k.+1 d s 0 (grouped_window w) s0 fits divides
    (zero_oriented C) (grouped_turns w).

(** Pooling over space, channel by channel and orientation by orientation, by any function that does not care about
    the order: maximum, sum, mean. *)
Variable value : {ffun K -> R} -> R.
Hypothesis symmetric : forall (v : {ffun K -> R}) (h : K -> K), injective h -> value [ffun i => v (h i)] = value v.

Definition pooled_window (q : {ffun K -> map_of C}) : map_of C := [ffun o => value [ffun i => q i o]].

Lemma pooled_turns (q : {ffun K -> map_of C}) :
  pooled_window [ffun i => next_orientation (q i)] = next_orientation (pooled_window [ffun i => q (rev_ord i.2, i.1)]).
Proof.
apply/ffunP=> o; rewrite !ffunE /= -[LHS](symmetric _ (@tap_turn_injective 1)); congr value.
by apply/ffunP=> i; rewrite !ffunE.
Qed.

Definition pooled : layer n (@next_orientation C) (@next_orientation C) :=
  @Layer n (map_of C) (@next_orientation C) (map_of C) (@next_orientation C) p k.+1 d s 0 pooled_window s0 fits divides
    (zero_oriented C) pooled_turns.

End P4Layers.

(** Layers of one position: a function of each value, and pooling over orientations. *)

Section OnePosition.
Variables (R : comRingType) (C : finType) (n : nat).
Hypothesis some : (0 < n)%N.

Lemma one_fits : (extent 1 1 <= n + 0 + 0)%N.
Proof. by rewrite /extent /= !addn0. Qed.

Lemma one_divides : (1 %| excess n 0 1 1)%N.
Proof. exact: dvd1n. Qed.

Definition pointwise_window (f : C -> R -> R) (q : {ffun 'I_1 * 'I_1 -> {ffun C * 'Z_4 -> R}}) : {ffun C * 'Z_4 -> R} :=
  [ffun o => f o.1 (q (ord0, ord0) o)].

Lemma pointwise_turns f q :
  pointwise_window f [ffun i => @next_orientation R C (q i)] =
  @next_orientation R C (pointwise_window f [ffun i : 'I_1 * 'I_1 => q (rev_ord i.2, i.1)]).
Proof.
by apply/ffunP=> o; rewrite !ffunE /= (_ : rev_ord ord0 = ord0) //; apply/val_inj.
Qed.

Definition pointwise f : layer n (@next_orientation R C) (@next_orientation R C) :=
  @Layer n _ (@next_orientation R C) _ (@next_orientation R C) 0 1 1 1 (0 : {ffun C * 'Z_4 -> R}) (pointwise_window f)
    isT one_fits one_divides (zero_oriented R C) (pointwise_turns f).

Variable value : {ffun 'Z_4 -> R} -> R.
Hypothesis symmetric : forall (v : {ffun 'Z_4 -> R}) (h : 'Z_4 -> 'Z_4), injective h ->
  value [ffun r => v (h r)] = value v.

Definition oriented_window (q : {ffun 'I_1 * 'I_1 -> {ffun C * 'Z_4 -> R}}) : {ffun C -> R} :=
  [ffun c => value [ffun r => q (ord0, ord0) (c, r)]].

Lemma oriented_turns q :
  oriented_window [ffun i => @next_orientation R C (q i)] =
  id (oriented_window [ffun i : 'I_1 * 'I_1 => q (rev_ord i.2, i.1)]).
Proof.
apply/ffunP=> c; rewrite !ffunE /= -[RHS](symmetric _ (addIr (-1))); congr value; apply/ffunP=> r.
by rewrite !ffunE /= (_ : rev_ord ord0 = ord0) //; apply/val_inj.
Qed.

Definition oriented : layer n (@next_orientation R C) (@id {ffun C -> R}) :=
  @Layer n _ (@next_orientation R C) _ id 0 1 1 1 (0 : {ffun C * 'Z_4 -> R}) oriented_window
    isT one_fits one_divides (zero_oriented R C) oriented_turns.

End OnePosition.

(** ** P4CNN on 28 × 28: any channels, any weights, any functions of one value *)

Section P4CNN.
Variables (R : comRingType) (C0 C1 C2 C3 C4 C5 C6 C7 : finType).
Notation filters k C D := (D -> C -> 'I_k * 'I_k -> 'Z_4 -> R).
Variables (w1 : C1 -> C0 -> 'I_3 * 'I_3 -> R) (w2 : filters 3 C1 C2) (w3 : filters 3 C2 C3)
  (w4 : filters 3 C3 C4) (w5 : filters 3 C4 C5) (w6 : filters 3 C5 C6) (w7 : filters 4 C6 C7).
Variables (f1 : C1 -> R -> R) (f2 : C2 -> R -> R) (f3 : C3 -> R -> R) (f4 : C4 -> R -> R) (f5 : C5 -> R -> R)
  (f6 : C6 -> R -> R).
Variables (pool2 : {ffun 'I_2 * 'I_2 -> R} -> R) (pool4 : {ffun 'Z_4 -> R} -> R).
Hypothesis pool2_symmetric : forall (v : {ffun 'I_2 * 'I_2 -> R}) h, injective h -> pool2 [ffun i => v (h i)] = pool2 v.
Hypothesis pool4_symmetric : forall (v : {ffun 'Z_4 -> R}) h, injective h -> pool4 [ffun i => v (h i)] = pool4 v.

Definition p4cnn_network : network 28 (@id {ffun C0 -> R}) 1 (@id {ffun C7 -> R}) :=
  Then (@lifted R _ _ 28 2 0 1 1 isT isT isT w1) (
  Then (@pointwise R _ 26 isT f1) (
  Then (@grouped R _ _ 26 2 0 1 1 isT isT isT w2) (
  Then (@pointwise R _ 24 isT f2) (
  Then (@pooled R _ 24 1 0 1 2 isT isT isT pool2 pool2_symmetric) (
  Then (@grouped R _ _ 12 2 0 1 1 isT isT isT w3) (
  Then (@pointwise R _ 10 isT f3) (
  Then (@grouped R _ _ 10 2 0 1 1 isT isT isT w4) (
  Then (@pointwise R _ 8 isT f4) (
  Then (@grouped R _ _ 8 2 0 1 1 isT isT isT w5) (
  Then (@pointwise R _ 6 isT f5) (
  Then (@grouped R _ _ 6 2 0 1 1 isT isT isT w6) (
  Then (@pointwise R _ 4 isT f6) (
  Then (@grouped R _ _ 4 3 0 1 1 isT isT isT w7) (
  Then (@oriented R _ 1 isT pool4 pool4_symmetric)
  (Result 1 (@id {ffun C7 -> R})))))))))))))))).

Theorem p4cnn_invariant (x : int -> int -> {ffun C0 -> R}) :
  run p4cnn_network (turned_map 28 id x) 0 0 = run p4cnn_network x 0 0.
Proof. exact: network_invariant. Qed.

End P4CNN.

(** ** LeNet-5: the same sizes of grid, plain kernels *)

Section LeNet.
Implicit Types kernel x : image.

Definition plain_layer (padding : nat) kernel x : image :=
  head [::] (correlate_images Zero (1, 1)%N (1, 1)%N (padding, padding) (padding, padding) [:: [:: kernel]] [:: x]).

Definition rectified x : image := [seq [seq Num.max 0 v | v <- row] | row <- x].

(** One channel a layer, as when all other weights are 0; the dense layers pass the only number on. *)
Definition lenet_response kernel1 kernel2 kernel3 x : int :=
  let first := maximum_pool (2, 2)%N (2, 2)%N (rectified (plain_layer 2 kernel1 x)) in
  let second := maximum_pool (2, 2)%N (2, 2)%N (rectified (plain_layer 0 kernel2 first)) in
  pixel (rectified (plain_layer 0 kernel3 second)) 0 0.

Definition dot (n i j : nat) : image := listed_image n n (fun a b => if (a == i) && (b == j) then 1 else 0).

(** The weights look at the first corner only, where the image has its dot before the turn and not after. *)
Theorem lenet_not_invariant : exists kernel1 kernel2 kernel3 x,
  height x = 28%N /\ width x = 28%N /\
  lenet_response kernel1 kernel2 kernel3 (turned_image x) != lenet_response kernel1 kernel2 kernel3 x.
Proof.
exists (dot 5 2 2), (dot 5 0 0), (dot 5 0 0), (dot 28 0 0); split; first by vm_compute.
by split; vm_compute.
Qed.

End LeNet.
