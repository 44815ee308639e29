(** * Executable: the definitions on lists of integers, to be run

    Vectors.v evaluates these definitions; the Rust definitions must reproduce the results. So each of them is proved
    equal to the mathematical formula.

    Glossary
    - [read b x i]       the list x, extended to all integers by boundary [b] (Padding.v)
    - [convolve x y]     full convolution, n ↦ Σ_k x(k) y(n−k), zeros outside
    - [correlate b s d before after w x]  n ↦ Σ_k w(k) x̃(n s + k d − before), for all windows that fit
    - [windows]          their number, ⌊(L + before + after − d(K−1) − 1) / s⌋ + 1, or 0 if none fits
    - [padded], [stuffed] the extended list itself; the kernel with d − 1 zeros between its taps
    - [image]            a list of rows; [read_image] extends both axes
    - [correlate_images] many channels, two axes: kernel (output channel, input channel, row, column); strides,
                         dilations, paddings are (rows, columns)
    - [maximum_pool], [sum_pool]  over windows inside an image
    - [turned_image]     a quarter turn counter-clockwise: (i, j) ↦ x(j, n−1−i)
    - [lifting_bank], [group_bank]  the filters of the p4 layers, from the kernels (output, input[, orientation]):
                         output orientation r sees the filter turned r times, of orientation l − r

    Main results
    - every entry of every result is the formula; lengths are the numbers of windows
    - correlation of lists is the layer of Layer.v, of which equivariance is proved
    - strides drop entries, dilation is zero stuffing, and padding can be done first
    - the expanded filters are those of P4.v *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra zify.
From Equivariant Require Import Action Sums Padding.
From Equivariant Require Layer P4 SymmetricGrid.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** A list from a formula. *)
Definition listed T (n : nat) (f : nat -> T) : seq T := [seq f i | i <- iota 0 n].

Lemma size_listed T n (f : nat -> T) : size (listed n f) = n.
Proof. by rewrite size_map size_iota. Qed.

Lemma nth_listed T (x0 : T) n f i : (i < n)%N -> nth x0 (listed n f) i = f i.
Proof. by move=> lt; rewrite (nth_map 0%N) ?size_iota // nth_iota. Qed.

(** ** One axis *)

Section OneAxis.
Implicit Types w x y : seq int.

Definition read (b : boundary) x (i : int) : int := extended (size x) b (nth 0 x) i.

Definition convolve x y : seq int :=
  listed (size x + size y).-1 (fun n => summed (size x) (fun k => nth 0 x k * read Zero y (n%:Z - k%:Z))).

Theorem convolve_is_definition x y n : (n < (size x + size y).-1)%N ->
  nth 0 (convolve x y) n = \sum_(k < size x) nth 0 x k * read Zero y (n%:Z - k%:Z).
Proof. by move=> lt; rewrite nth_listed // summedE. Qed.

Lemma read_zero y (n k : nat) : read Zero y (n%:Z - k%:Z) = if (k <= n)%N then nth 0 y (n - k) else 0.
Proof.
rewrite /read; have [le|lt] := leqP k n; last first.
  by apply: zero_extension; lia.
have [inside|outside] := ltnP (n - k) (size y).
  by rewrite (_ : n%:Z - k%:Z = (n - k)%N%:Z) ?boundaries_extend //; lia.
by rewrite zero_extension ?nth_default //; lia.
Qed.

Theorem convolve_is_product x y : Poly (convolve x y) = Poly x * Poly y.
Proof.
apply/polyP=> n; rewrite coef_Poly coefM.
have term k : nth 0 x k * read Zero y (n%:Z - k%:Z) = if (k < n.+1)%N then (Poly x)`_k * (Poly y)`_(n - k) else 0.
  by rewrite read_zero !coef_Poly ltnS; case: ifP; rewrite ?mulr0.
have sums : \sum_(k < n.+1) (Poly x)`_k * (Poly y)`_(n - k) = \sum_(k < size x) nth 0 x k * read Zero y (n%:Z - k%:Z).
  pose larger := maxn n.+1 (size x).
  rewrite (big_ord_widen larger (fun k => (Poly x)`_k * (Poly y)`_(n - k))) ?leq_maxl //.
  rewrite (big_ord_widen larger (fun k => nth 0 x k * read Zero y (n%:Z - k%:Z))) ?leq_maxr //.
  rewrite big_mkcond [RHS]big_mkcond; apply: eq_bigr => k _; rewrite term.
  have [lt|le] := ltnP k (size x); first by [].
  by case: ifP => // _; rewrite coef_Poly nth_default ?mul0r.
rewrite sums; have [lt|le] := ltnP n (size x + size y).-1; first exact: convolve_is_definition.
rewrite nth_default ?size_listed // big1 // => k _; rewrite read_zero; case: ifP => lek; last by rewrite mulr0.
rewrite [nth 0 y _]nth_default ?mulr0 //; move: le lek (ltn_ord k).
by set taps := size x; set length := size y; move: (nat_of_ord k) => i; lia.
Qed.

Definition windows (L taps dilation before after stride : nat) : nat :=
  let span := SymmetricGrid.extent taps dilation in
  if (span <= L + before + after)%N then ((L + before + after - span) %/ stride).+1 else 0%N.

Definition correlate (b : boundary) (stride dilation before after : nat) w x : seq int :=
  listed (windows (size x) (size w) dilation before after stride) (fun n =>
    summed (size w) (fun k => nth 0 w k * read b x ((n * stride)%N%:Z + (k * dilation)%N%:Z - before%:Z))).

Section Correlate.
Variables (b : boundary) (stride dilation before after : nat) (w x : seq int).
Let number := windows (size x) (size w) dilation before after stride.

Theorem correlate_is_definition :
  size (correlate b stride dilation before after w x) = number /\
  forall n, (n < number)%N -> nth 0 (correlate b stride dilation before after w x) n =
    \sum_(k < size w) nth 0 w k * read b x ((n * stride)%N%:Z + (k * dilation)%N%:Z - before%:Z).
Proof. by split=> [|n lt]; rewrite ?size_listed ?nth_listed ?summedE. Qed.

Theorem correlate_is_layer n : (n < number)%N ->
  nth 0 (correlate b stride dilation before after w x) n =
  Layer.correlation (C := [finType of unit]) (C' := [finType of unit]) (Layer.integer_stride_map stride)
    (fun k : 'I_(size w) => (k * dilation)%N%:Z - before%:Z) (fun _ _ k => nth 0 w k) (fun i _ => read b x i) n tt.
Proof.
move=> lt; rewrite (proj2 correlate_is_definition) //; apply: eq_bigr => k _.
rewrite (big_pred1 tt); last by case.
by rewrite ffunE /= /Layer.integer_stride -PoszM mulnC addrA.
Qed.

Theorem stride_is_subsampling n : (0 < stride)%N -> (n < number)%N ->
  nth 0 (correlate b stride dilation before after w x) n = nth 0 (correlate b 1 dilation before after w x) (n * stride).
Proof.
move=> s0 lt; rewrite !nth_listed ?muln1 //.
move: lt; rewrite /number /windows; case: ifP => // fits.
by rewrite !ltnS divn1 leq_divRL.
Qed.

Definition padded : seq int := listed (before + size x + after) (fun i => read b x (i%:Z - before%:Z)).

Theorem padding_first : (0 < stride)%N -> (0 < size w)%N ->
  correlate b stride dilation before after w x = correlate Zero stride dilation 0 0 w padded.
Proof.
move=> s0 w0; have same : windows (size padded) (size w) dilation 0 0 stride = number.
  by rewrite /number /windows size_listed !addn0 [(before + _)%N]addnC.
rewrite /correlate same; apply: (@eq_from_nth _ 0) => [|n]; rewrite size_listed ?size_listed // => lt.
rewrite !nth_listed // !summedE; apply: eq_bigr => k _; congr (_ * _).
have inside : (n * stride + k * dilation < before + size x + after)%N.
  move: lt; rewrite /number /windows /SymmetricGrid.extent; case: ifP => // fits.
  rewrite ltnS leq_divRL //; have : (k * dilation <= dilation * (size w).-1)%N.
    by rewrite mulnC leq_mul2l -ltnS prednK // ltn_ord orbT.
  lia.
transitivity (nth 0 padded (n * stride + k * dilation)); first by rewrite nth_listed // PoszD.
have covered : (n * stride + k * dilation < size padded)%N by rewrite size_listed.
by rewrite subr0 -PoszD /read boundaries_extend // (leq_ltn_trans _ covered).
Qed.

Definition stuffed : seq int :=
  listed (SymmetricGrid.extent (size w) dilation) (fun i => if (dilation %| i)%N then nth 0 w (i %/ dilation) else 0).

Theorem dilation_is_zero_stuffing : (0 < dilation)%N -> (0 < size w)%N ->
  correlate b stride dilation before after w x = correlate b stride 1 before after stuffed x.
Proof.
move=> d0 w0; have same : windows (size x) (size stuffed) 1 before after stride = number.
  by rewrite /number /windows size_listed /SymmetricGrid.extent /= mul1n.
rewrite /correlate same; apply: (@eq_from_nth _ 0) => [|n]; rewrite size_listed ?size_listed // => lt.
rewrite !nth_listed // !summedE ?size_listed.
pose term (i : nat) := (if (dilation %| i)%N then nth 0 w (i %/ dilation) else 0) *
  read b x ((n * stride)%N%:Z + i%:Z - before%:Z).
transitivity (\sum_(i < SymmetricGrid.extent (size w) dilation) term i); last first.
  by apply: eq_bigr => i _; rewrite nth_listed // muln1.
have bound (k : 'I_(size w)) : (k * dilation < SymmetricGrid.extent (size w) dilation)%N.
  by rewrite /SymmetricGrid.extent ltnS mulnC leq_mul2l -ltnS prednK // ltn_ord orbT.
rewrite (eq_bigr (fun k : 'I_(size w) => term (Ordinal (bound k)))); last first.
  by move=> k _; rewrite /term /= dvdn_mull // mulnK.
rewrite [RHS](bigID (fun i => i \in [set Ordinal (bound k) | k : 'I_(size w)])) /= [X in _ = _ + X]big1 ?addr0.
  rewrite big_imset //= => k l _ _ [] /eqP; rewrite eqn_pmul2r // => /eqP e; exact/val_inj.
move=> i /imsetP absent; rewrite /term; case: ifP => [/dvdnP[k e]|]; last by rewrite mul0r.
case: absent; have lt_k : (k < size w)%N.
  have := ltn_ord i; rewrite e /SymmetricGrid.extent ltnS mulnC leq_pmul2l // => le.
  by rewrite (leq_ltn_trans le) // ltn_predL.
by exists (Ordinal lt_k) => //; apply/val_inj.
Qed.

End Correlate.
End OneAxis.

(** ** Images and channels *)

Notation image := (seq (seq int)).

Section Images.
Implicit Types x : image.

Definition height x : nat := size x.
Definition width x : nat := size (head [::] x).
Definition pixel x (i j : nat) : int := nth 0 (nth [::] x i) j.

Definition listed_image (rows columns : nat) (f : nat -> nat -> int) : image :=
  listed rows (fun i => listed columns (f i)).

Lemma pixel_listed rows columns f i j : (i < rows)%N -> (j < columns)%N -> pixel (listed_image rows columns f) i j = f i j.
Proof. by move=> li lj; rewrite /pixel !nth_listed. Qed.

Definition read_image (b : boundary) x (i j : int) : int :=
  extended (height x) b (fun a => extended (width x) b (pixel x a) j) i.

(** Correlation with many channels; [w] and [x] are lists of channels. *)
Definition correlate_images (b : boundary) (stride dilation before after : nat * nat)
    (w : seq (seq image)) (x : seq image) : seq image :=
  let first := head [::] (head [::] w) in
  let picture := head [::] x in
  listed (size w) (fun m =>
    listed_image
      (windows (height picture) (height first) dilation.1 before.1 after.1 stride.1)
      (windows (width picture) (width first) dilation.2 before.2 after.2 stride.2)
      (fun i j => summed (size x) (fun c => summed (height first) (fun a => summed (width first) (fun e =>
        pixel (nth [::] (nth [::] w m) c) a e *
        read_image b (nth [::] x c) ((i * stride.1)%N%:Z + (a * dilation.1)%N%:Z - before.1%:Z)
                                    ((j * stride.2)%N%:Z + (e * dilation.2)%N%:Z - before.2%:Z)))))).

Definition plane_stride (s : nat * nat) (n : int * int) : int * int := (s.1%:Z * n.1, s.2%:Z * n.2).

Lemma plane_stride_additive s : additive (plane_stride s).
Proof. by move=> m n; rewrite /plane_stride !mulrBr. Qed.
Canonical plane_stride_map s := Additive (plane_stride_additive s).

Section CorrelateImages.
Variables (b : boundary) (stride dilation before after : nat * nat) (w : seq (seq image)) (x : seq image).
Let first := head [::] (head [::] w).
Let picture := head [::] x.
Let rows := windows (height picture) (height first) dilation.1 before.1 after.1 stride.1.
Let columns := windows (width picture) (width first) dilation.2 before.2 after.2 stride.2.

Theorem correlate_images_is_definition m i j : (m < size w)%N -> (i < rows)%N -> (j < columns)%N ->
  pixel (nth [::] (correlate_images b stride dilation before after w x) m) i j =
  \sum_(c < size x) \sum_(a < height first) \sum_(e < width first) pixel (nth [::] (nth [::] w m) c) a e *
    read_image b (nth [::] x c) ((i * stride.1)%N%:Z + (a * dilation.1)%N%:Z - before.1%:Z)
                                ((j * stride.2)%N%:Z + (e * dilation.2)%N%:Z - before.2%:Z).
Proof.
move=> lm li lj; rewrite nth_listed // pixel_listed // summedE.
by apply: eq_bigr => c _; rewrite summedE; apply: eq_bigr => a _; rewrite summedE.
Qed.

Theorem correlate_images_is_layer (m : 'I_(size w)) i j : (i < rows)%N -> (j < columns)%N ->
  pixel (nth [::] (correlate_images b stride dilation before after w x) m) i j =
  Layer.correlation (C := [finType of 'I_(size x)]) (C' := [finType of 'I_(size w)]) (plane_stride_map stride)
    (fun k : 'I_(height first) * 'I_(width first) =>
      ((k.1 * dilation.1)%N%:Z - before.1%:Z, (k.2 * dilation.2)%N%:Z - before.2%:Z))
    (fun m c k => pixel (nth [::] (nth [::] w m) c) k.1 k.2)
    (fun n c => read_image b (nth [::] x c) n.1 n.2) (i%:Z, j%:Z) m.
Proof.
move=> li lj; rewrite correlate_images_is_definition // /Layer.correlation /Layer.patch_layer [RHS]exchange_big.
apply: eq_bigr => c _; rewrite pair_bigA; apply: eq_bigr => -[a e] _.
by rewrite ffunE /= -!PoszM ![(_ * stride.1)%N]mulnC ![(_ * stride.2)%N]mulnC !addrA.
Qed.

End CorrelateImages.

(** ** Pooling *)

Definition window_values (k s : nat * nat) x (i j : nat) : seq int :=
  [seq pixel x (i * s.1 + a.1) (j * s.2 + a.2) | a <- [seq (a, e) | a <- iota 0 k.1, e <- iota 0 k.2]].

Definition largest (values : seq int) : int := foldr Num.max (head 0 values) values.

Definition pooled (value : seq int -> int) (k s : nat * nat) x : image :=
  listed_image (windows (height x) k.1 1 0 0 s.1) (windows (width x) k.2 1 0 0 s.2)
    (fun i j => value (window_values k s x i j)).

Definition maximum_pool := pooled largest.
Definition sum_pool := pooled (fun values => foldr +%R 0 values).

Section Pooling.
Variables (k s : nat * nat) (x : image) (i j : nat).
Hypothesis row : (i < windows (height x) k.1 1 0 0 s.1)%N.
Hypothesis column : (j < windows (width x) k.2 1 0 0 s.2)%N.

Theorem sum_pool_is_definition :
  pixel (sum_pool k s x) i j = \sum_(a < k.1) \sum_(e < k.2) pixel x (i * s.1 + a) (j * s.2 + e).
Proof.
have folded (values : seq int) : foldr +%R 0 values = \sum_(v <- values) v.
  by elim: values => [|v l IH]; rewrite ?big_nil ?big_cons //= IH.
rewrite pixel_listed // folded big_map big_allpairs_dep /=.
rewrite -(big_mkord xpredT (fun a => \sum_(e < k.2) pixel x (i * s.1 + a) (j * s.2 + e))) /index_iota subn0.
apply: eq_bigr => a _.
by rewrite -(big_mkord xpredT (fun e => pixel x (i * s.1 + a) (j * s.2 + e))) /index_iota subn0.
Qed.

Lemma largest_bound (v : int) values : v \in values -> v <= largest values.
Proof.
rewrite /largest; move: (head 0 values) => start; elim: values => //= u l IH.
by rewrite inE le_maxr => /orP[/eqP -> | /IH ->]; rewrite ?lexx ?orbT.
Qed.

Lemma largest_member values : values != [::] -> largest values \in values.
Proof.
case: values => // u l _; rewrite /largest /=.
have : foldr Num.max u l \in u :: l.
  elim: l => [|v l IH] /=; first by rewrite inE.
  rewrite maxElt; case: ifP => _; last by rewrite !inE eqxx orbT.
  by move: IH; rewrite !inE => /orP[-> // | ->]; rewrite !orbT.
by rewrite maxElt; case: ifP => // _ _; rewrite inE eqxx.
Qed.

Theorem maximum_pool_is_definition : (0 < k.1)%N -> (0 < k.2)%N ->
  (exists a e, [/\ (a < k.1)%N, (e < k.2)%N & pixel (maximum_pool k s x) i j = pixel x (i * s.1 + a) (j * s.2 + e)]) /\
  (forall a e, (a < k.1)%N -> (e < k.2)%N -> pixel x (i * s.1 + a) (j * s.2 + e) <= pixel (maximum_pool k s x) i j).
Proof.
move=> k1 k2; rewrite pixel_listed //.
have member a e : (a < k.1)%N -> (e < k.2)%N -> pixel x (i * s.1 + a) (j * s.2 + e) \in window_values k s x i j.
  move=> la le; apply/mapP; exists (a, e) => //.
  by apply/allpairsP; exists (a, e); rewrite !mem_iota.
split=> [|a e la le]; last exact/largest_bound/member.
have /largest_member /mapP[[a e] /allpairsP[[a' e'] /= [la le [-> ->]]] ->] : window_values k s x i j != [::].
  by apply/eqP=> empty; have := member 0%N 0%N k1 k2; rewrite empty.
by exists a', e'; move: la le; rewrite !mem_iota.
Qed.

End Pooling.

(** ** The filters of the p4 layers *)

Definition turned_image x : image := listed_image (width x) (height x) (fun i j => pixel x j ((width x).-1 - i)).

(** Kernels [w] are lists (output, input) of filters; the output channel of orientation r is 4·output + r. *)
Definition lifting_bank (w : seq (seq image)) : seq (seq image) :=
  listed (4 * size w) (fun out => [seq iter (out %% 4) turned_image filter | filter <- nth [::] w (out %/ 4)]).

(** Kernels (output, input, orientation): input channels are numbered 4·input + l too. *)
Definition group_bank (w : seq (seq (seq image))) : seq (seq image) :=
  listed (4 * size w) (fun out =>
    listed (4 * size (nth [::] w (out %/ 4))) (fun input =>
      iter (out %% 4) turned_image
        (nth [::] (nth [::] (nth [::] w (out %/ 4)) (input %/ 4)) ((input + (4 - out %% 4)) %% 4)))).

Section Bank.
Variable n : nat.

Definition square x : Prop := height x = n.+1 /\ width x = n.+1.

Definition forward (k : 'I_n.+1 * 'I_n.+1) : 'I_n.+1 * 'I_n.+1 := (rev_ord k.2, k.1).
Definition back (k : 'I_n.+1 * 'I_n.+1) : 'I_n.+1 * 'I_n.+1 := (k.2, rev_ord k.1).

Lemma forward_back k : forward (back k) = k.
Proof. by case: k => i j; rewrite /forward /back /= rev_ordK. Qed.

Lemma forward_fourth k : iter 4 forward k = k.
Proof. by case: k => i j; rewrite /forward /= !rev_ordK. Qed.

Lemma iter_forward_mod m k : iter (m %% 4) forward k = iter m forward k.
Proof.
rewrite [in RHS](divn_eq m 4) addnC iterD; congr (iter _ _ _).
by elim: (m %/ 4)%N => // q IH; rewrite mulSn iterD -IH forward_fourth.
Qed.

Lemma window_turn_laws : @is_left_action (finite [finGroupType of 'Z_4]) _ (fun r : 'Z_4 => iter r forward).
Proof. by split=> // r t k; rewrite /= iter_forward_mod iterD. Qed.

(** How the taps of a square window turn. *)
Definition window_turns := LeftAction window_turn_laws.

Lemma window_turns_inverse (r : 'Z_4) k : window_turns (r^-1)%g k = iter r back k.
Proof.
have forth m : iter m forward (iter m back k) = k.
  by elim: m => // m IH; rewrite iterSr iterS forward_back.
by rewrite -{1}(forth r); apply: (act_inv window_turns r).
Qed.

(** Of an odd window they turn as the positions do that they look at. *)
Theorem centred_window_closed (m : nat) : n = (2 * m)%N ->
  let tap (k : 'I_n.+1 * 'I_n.+1) := (k.1%:Z - m%:Z, k.2%:Z - m%:Z) in
  forall (r : 'Z_4) k, tap (window_turns r k) = P4.quarter_turns _ r (tap k).
Proof.
move=> even tap r k; rewrite /= /P4.turn; elim: (nat_of_ord r) => //= t <-.
rewrite /tap /P4.quarter /=; congr pair; have := ltn_ord (iter t forward k).2; lia.
Qed.

Lemma square_turned x : square x -> square (turned_image x).
Proof.
case=> hx wx; rewrite /square /turned_image hx wx; split; first by rewrite /height size_listed.
by rewrite /width /= size_map size_iota.
Qed.

Lemma pixel_turned x r (k : 'I_n.+1 * 'I_n.+1) : square x ->
  pixel (iter r turned_image x) k.1 k.2 = pixel x (iter r back k).1 (iter r back k).2.
Proof.
move=> sx; elim: r k => // r IH k.
transitivity (pixel (iter r turned_image x) (back k).1 (back k).2); last by rewrite IH -iterSr.
have [hx wx] : square (iter r turned_image x) by elim: r {IH} => //= r; apply: square_turned.
by rewrite iterS {1}/turned_image pixel_listed ?hx ?wx //= subSS.
Qed.

Section Lifting.
Variables (w : seq (seq image)) (inputs : nat).
Hypothesis shape : forall m c, (m < size w)%N -> (c < inputs)%N -> square (nth [::] (nth [::] w m) c).
Hypothesis sizes : forall m, (m < size w)%N -> size (nth [::] w m) = inputs.

Theorem lifting_bank_is_definition (m : 'I_(size w)) (c : 'I_inputs) (r : 'Z_4) (k : 'I_n.+1 * 'I_n.+1) :
  pixel (nth [::] (nth [::] (lifting_bank w) (4 * m + r)) c) k.1 k.2 =
  P4.lifting_bank window_turns (fun (m : 'I_(size w)) (c : 'I_inputs) k => pixel (nth [::] (nth [::] w m) c) k.1 k.2)
    (m, r) c k.
Proof.
have r4 : (r < 4)%N := ltn_ord r.
rewrite nth_listed; last by have := ltn_ord m; lia.
rewrite mulnC divnMDl // modnMDl modn_small // divn_small // addn0.
rewrite (nth_map [::]) ?sizes // pixel_turned; last exact: shape.
by rewrite /P4.lifting_bank window_turns_inverse.
Qed.

End Lifting.

Section GroupBank.
Variables (w : seq (seq (seq image))) (inputs : nat).
Hypothesis sizes : forall m, (m < size w)%N -> size (nth [::] w m) = inputs.
Hypothesis shape : forall m c l, (m < size w)%N -> (c < inputs)%N -> (l < 4)%N ->
  square (nth [::] (nth [::] (nth [::] w m) c) l).

Theorem group_bank_is_definition (m : 'I_(size w)) (c : 'I_inputs) (r l : 'Z_4) (k : 'I_n.+1 * 'I_n.+1) :
  pixel (nth [::] (nth [::] (group_bank w) (4 * m + r)) (4 * c + l)) k.1 k.2 =
  P4.group_bank window_turns
    (fun (m : 'I_(size w)) (c : 'I_inputs) k (l : 'Z_4) => pixel (nth [::] (nth [::] (nth [::] w m) c) l) k.1 k.2)
    (m, r) (c, l) k.
Proof.
have [r4 l4] : (r < 4)%N /\ (l < 4)%N by split; apply: ltn_ord.
rewrite nth_listed; last by have := ltn_ord m; lia.
rewrite ![(4 * m)%N]mulnC !divnMDl // modnMDl (modn_small r4) (divn_small r4) addn0 sizes //.
rewrite nth_listed; last by have := ltn_ord c; lia.
rewrite [(4 * c)%N]mulnC divnMDl // (divn_small l4) addn0 -addnA modnMDl.
rewrite pixel_turned; last by apply: shape => //; rewrite ltn_pmod.
rewrite /P4.group_bank window_turns_inverse /=.
by congr (pixel (nth _ _ _)); rewrite modnDml addnC.
Qed.

End GroupBank.
End Bank.
End Images.
