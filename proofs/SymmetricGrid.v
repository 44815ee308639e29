(** * SymmetricGrid: when a strided layer commutes with the flip of an axis

    Glossary
    - [n] length of the axis, [p] padding at each end, [k] taps, [d] dilation, [s] stride
    - [extent]           d(k−1) + 1, what a window spans
    - [excess]           n + 2p − extent, how far a window can travel
    - [out_length]       ⌊excess / s⌋ + 1, the number of windows
    - [position j i]     s j + d i − p, what tap i of window j reads
    - [padded v x]       x on [0, n), and the value v outside (0 for sums, −∞ for maxima)
    - [flip x]           a ↦ x(n − 1 − a)
    - [window_layer f x] j ↦ f (x(position j i))_i, for any function f of the window
    - [mirrored f]       f after reversing the window
    - [correlate w x]    j ↦ Σ_i w(i) x(position j i);  [reversed w] the kernel flipped
    - [turned_layer]     the same layers in two dimensions, on square images, with quarter turns

    Main results
    - the output size counts the windows that fit
    - if s divides n + 2p − d(k−1) − 1, any layer of windows commutes with the flip, kernel flipped alike, and on
      squares with the quarter turn
    - conversely, if correlation with every kernel commutes with the flip then s divides it

    The converse needs that some window reads the signal at all. With n = 1, p = 3, k = 1, s = 5 both windows read
    padding only, the output is always 0, and the flip commutes though 5 does not divide 6. Stride and dilation of at
    most n exclude this. For one fixed kernel (pooling) the converse needs that some window begins on the signal:
    with n = 1, p = 1, k = 2, s = 2 the only window sees the only pixel, flipped or not, and 2 does not divide 1. *)

From mathcomp Require Import all_ssreflect all_algebra zify.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Grid.
Variables n p k d s : nat.

Definition extent : nat := (d * k.-1).+1.
Definition excess : nat := (n + p + p - extent)%N.
Definition out_length : nat := (excess %/ s).+1.

Hypothesis stride_positive : (0 < s)%N.
Hypothesis fits : (extent <= n + p + p)%N.

Theorem output_size j : (j < out_length)%N = (s * j + extent <= n + p + p)%N.
Proof. by rewrite /out_length ltnS leq_divRL // mulnC /excess; lia. Qed.

Theorem output_size_counts_windows (bound : nat) : (n + p + p <= bound)%N ->
  #|[set j : 'I_bound | (s * j + extent <= n + p + p)%N]| = out_length.
Proof.
move=> large; have short : (out_length <= bound)%N.
  have := output_size out_length.-1; rewrite ltnSn => /esym last_fits.
  apply: leq_trans (leq_trans last_fits large).
  by rewrite /extent addnS /out_length ltnS; apply: leq_trans (leq_pmull _ stride_positive) (leq_addr _ _).
have injective_widen : injective (widen_ord short) by move=> a b /(congr1 val) /= e; apply/val_inj.
rewrite -[RHS]card_ord -(card_imset _ injective_widen).
apply: eq_card => j; rewrite !inE -output_size.
apply/idP/imsetP => [lt_j|[i _ ->]]; last exact: ltn_ord i.
by exists (Ordinal lt_j) => //; apply/val_inj.
Qed.

Definition position (j i : nat) : int := (s * j)%:Z + (d * i)%:Z - p%:Z.

Definition inside (a : int) : bool := (0 <= a) && (a < n%:Z).
Definition padded X (v : X) (x : int -> X) (a : int) : X := if inside a then x a else v.
Definition flip X (x : int -> X) (a : int) : X := x (n%:Z - 1 - a).

Lemma padded_flip X (v : X) x a : padded v (flip x) a = padded v x (n%:Z - 1 - a).
Proof. by rewrite /padded /flip (_ : inside (_ - _) = inside a) // /inside; lia. Qed.

Lemma mirrored_position j i : (j < out_length)%N -> (i < k)%N ->
  n%:Z - 1 - position j (k - i.+1) = position (out_length.-1 - j) i + (excess %% s)%:Z.
Proof.
move=> lt_j lt_i; rewrite /position (_ : (k - i.+1 = k.-1 - i)%N) /=; last by lia.
have := divn_eq excess s; have := fits; rewrite [X in _ = (X + _)%N]mulnC {1}/excess /extent !mulnBr.
have : (d * i <= d * k.-1)%N by rewrite leq_mul2l -ltnS prednK ?lt_i ?orbT // (leq_trans _ lt_i).
have : (s * j <= s * (excess %/ s))%N by rewrite leq_mul2l -ltnS lt_j orbT.
lia.
Qed.

Definition window_layer X Y (v : X) (f : {ffun 'I_k -> X} -> Y) (x : int -> X) (j : nat) : Y :=
  f [ffun i : 'I_k => padded v x (position j i)].
Definition mirrored X Y (f : {ffun 'I_k -> X} -> Y) : {ffun 'I_k -> X} -> Y := fun q => f [ffun i => q (rev_ord i)].

Theorem symmetric_grid_windows X Y (v : X) (f : {ffun 'I_k -> X} -> Y) x j : (s %| excess)%N -> (j < out_length)%N ->
  window_layer v (mirrored f) (flip x) j = window_layer v f x (out_length.-1 - j).
Proof.
move=> /eqP divides lt_j; congr f; apply/ffunP=> i; rewrite !ffunE padded_flip.
by rewrite mirrored_position // divides addr0.
Qed.

Section Ring.
Variable R : ringType.
Implicit Type w : 'I_k -> R.

Definition correlate w : (int -> R) -> nat -> R := window_layer 0 (fun q => \sum_i w i * q i).
Definition reversed w : 'I_k -> R := fun i => w (rev_ord i).

Lemma correlateE w x j : correlate w x j = \sum_(i < k) w i * padded 0 x (position j i).
Proof. by apply: eq_bigr => i _; rewrite ffunE. Qed.

Lemma correlate_mirrored w : correlate (reversed w) =2 window_layer 0 (mirrored (fun q => \sum_i w i * q i)).
Proof.
move=> x j; rewrite correlateE /window_layer /mirrored [RHS](reindex_inj rev_ord_inj).
by apply: eq_bigr => i _; rewrite !ffunE rev_ordK.
Qed.

(** The general form: some tap of some window reads the signal. *)
Theorem symmetric_grid_reading :
  (exists j (i : 'I_k), (j < out_length)%N /\ inside (position j i)) ->
  (forall w x j, (j < out_length)%N -> correlate (reversed w) (flip x) j = correlate w x (out_length.-1 - j)) <->
  (s %| excess)%N.
Proof.
move=> [j0 [i0 [lt_j0 read]]]; split=> [commutes | divides w x j lt_j]; last first.
  by rewrite correlate_mirrored symmetric_grid_windows.
have lt_j : (out_length.-1 - j0 < out_length)%N by rewrite /out_length ltnS leq_subr.
have back : (out_length.-1 - (out_length.-1 - j0))%N = j0 by rewrite subKn // -ltnS.
have := commutes (fun i => (i == i0)%:R) (fun a => (a == position j0 i0)%:R) _ lt_j.
rewrite back !correlateE (bigD1 (rev_ord i0)) //= big1 ?addr0; last first.
  by move=> i ne; rewrite /reversed (inv_eq rev_ordK) (negPf ne) mul0r.
rewrite (bigD1 i0) //= big1 ?addr0; last by move=> i ne; rewrite (negPf ne) mul0r.
rewrite /reversed rev_ordK eqxx !mul1r padded_flip mirrored_position // back /padded read eqxx.
rewrite -[X in if _ then (X == _)%:R else _]/(_ + _) -subr_eq0 addrAC subrr add0r.
by case: ifP => _ /eqP; rewrite ?[0 == 1]eq_sym ?oner_eq0 // /dvdn; case: (excess %% s)%N => // r; rewrite eq_sym oner_eq0.
Qed.

Theorem symmetric_grid : (0 < k)%N -> (0 < d <= n)%N -> (s <= n)%N ->
  (forall w x j, (j < out_length)%N -> correlate (reversed w) (flip x) j = correlate w x (out_length.-1 - j)) <->
  (s %| excess)%N.
Proof.
move=> k0 /andP[d0 dn] sn; apply: symmetric_grid_reading.
pose ceiling q := ((p + q.-1) %/ q)%N.
have reached q : (0 < q)%N -> (p <= q * ceiling q < p + q)%N.
  move=> q0; rewrite mulnC; have := divn_eq (p + q.-1) q; have := ltn_pmod (p + q.-1) q0; rewrite /ceiling; lia.
have [le|lt] := leqP p (d * k.-1).
  have lt_i : (ceiling d < k)%N by have := reached d d0; nia.
  exists 0%N, (Ordinal lt_i); split=> //; rewrite /inside /position /= muln0; have := reached d d0; lia.
exists (ceiling s), (Ordinal k0); split; last first.
  by rewrite /inside /position /= muln0; have := reached s stride_positive; lia.
by rewrite output_size /extent; have := reached s stride_positive; lia.
Qed.

End Ring.

(** Pooling: one fixed, symmetric window, over any commutative monoid with a second value. *)
Section Pooling.
Variables (R : eqType) (idx : R) (op : Monoid.com_law idx).

Definition pooled : (int -> R) -> nat -> R := window_layer idx (fun q => \big[op/idx]_i q i).

Lemma pooled_mirrored : pooled =2 window_layer idx (mirrored (fun q => \big[op/idx]_i q i)).
Proof.
move=> x j; rewrite /pooled /window_layer /mirrored [RHS](reindex_inj rev_ord_inj).
by apply: eq_bigr => i _; rewrite !ffunE rev_ordK.
Qed.

Theorem symmetric_grid_pool (value : R) : value != idx -> (0 < k)%N -> (0 < d)%N ->
  (exists j, (j < out_length)%N /\ inside (position j 0)) ->
  (forall x j, (j < out_length)%N -> pooled (flip x) j = pooled x (out_length.-1 - j)) <-> (s %| excess)%N.
Proof.
move=> other k0 d0 [j0 [lt_j0 read]]; split=> [commutes | divides x j lt_j]; last first.
  by rewrite pooled_mirrored symmetric_grid_windows.
apply/negPn/negP; rewrite /dvdn -lt0n => r0.
have lt_j : (out_length.-1 - j0 < out_length)%N by rewrite /out_length ltnS leq_subr.
have back : (out_length.-1 - (out_length.-1 - j0))%N = j0 by rewrite subKn // -ltnS.
have := commutes (fun a => if a == position j0 0 then value else idx) _ lt_j.
rewrite back pooled_mirrored /pooled /window_layer /mirrored big1 => [|i _]; last first.
  rewrite !ffunE padded_flip mirrored_position // back /padded; case: ifP => // _.
  by case: eqP => //; rewrite /position; lia.
rewrite (bigD1 (Ordinal k0)) //= big1 => [|i ne].
  by rewrite ffunE Monoid.mulm1 /padded read eqxx => /esym/eqP; rewrite (negPf other).
rewrite ffunE /padded; case: ifP => // _; case: eqP => // e.
by case/eqP: ne; apply/val_inj; move: e; rewrite /position /=; nia.
Qed.

End Pooling.

(** ** Quarter turns of square images, rows downward: Rot90 x (a, b) = x(b, n − 1 − a) *)

Definition quarter_turn (length : nat) X (x : int -> int -> X) (a b : int) : X := x b (length%:Z - 1 - a).

Definition square_padded X (v : X) (x : int -> int -> X) (a b : int) : X := if inside a && inside b then x a b else v.

Definition square_layer X Y (v : X) (f : {ffun 'I_k * 'I_k -> X} -> Y) (x : int -> int -> X) (j l : nat) : Y :=
  f [ffun i : 'I_k * 'I_k => square_padded v x (position j i.1) (position l i.2)].

(** The window that the turned kernel sees: tap (a, b) of the kernel looks at (k − 1 − b, a). *)
Definition turned X Y (f : {ffun 'I_k * 'I_k -> X} -> Y) : {ffun 'I_k * 'I_k -> X} -> Y :=
  fun q => f [ffun i => q (rev_ord i.2, i.1)].

Theorem symmetric_grid_quarter_turn X Y (v : X) (f : {ffun 'I_k * 'I_k -> X} -> Y) x j l :
  (s %| excess)%N -> (j < out_length)%N ->
  square_layer v (turned f) (quarter_turn n x) j l = square_layer v f x l (out_length.-1 - j).
Proof.
move=> /eqP divides lt_j; congr f; apply/ffunP=> -[a b]; rewrite !ffunE /=.
have := mirrored_position lt_j (ltn_ord b); rewrite divides addr0 => <-.
rewrite /square_padded /quarter_turn andbC; congr (if _ && _ then _ else _).
by rewrite /inside; lia.
Qed.

End Grid.

(** The published layer sizes: (n, p, k, s) of each layer. *)

Definition symmetric_size (layer : nat * nat * nat * nat) : bool :=
  let: (n, p, k, s) := layer in (s %| excess n p k 1)%N.

Definition p4cnn : seq (nat * nat * nat * nat) :=
  [:: (28, 0, 3, 1); (26, 0, 3, 1); (24, 0, 2, 2); (12, 0, 3, 1); (10, 0, 3, 1); (8, 0, 3, 1); (6, 0, 3, 1); (4, 0, 4, 1)]%N.

Definition lenet : seq (nat * nat * nat * nat) :=
  [:: (28, 2, 5, 1); (28, 0, 2, 2); (14, 0, 5, 1); (10, 0, 2, 2); (5, 0, 5, 1)]%N.

Definition next_size (layer : nat * nat * nat * nat) : nat := let: (n, p, k, s) := layer in out_length n p k 1 s.

Theorem network_sizes_symmetric :
  [/\ all symmetric_size p4cnn, all symmetric_size lenet,
      map next_size p4cnn = [:: 26; 24; 12; 10; 8; 6; 4; 1]%N & map next_size lenet = [:: 28; 14; 10; 5; 1]%N].
Proof. by []. Qed.
