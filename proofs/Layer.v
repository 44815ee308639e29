(** * Layer: what a layer commutes with when it reads windows, single values, or statistics

    Glossary
    - [translate t x]     (T_t x)(n) = x(n − t), on any abelian group of positions: Z, Z_n, and their products
    - [patch_layer]       (L x)(n) = f (x(stride n + offset k))_k for an additive [stride] and any function [f] of
                          the window: correlation, dilation (in [offset]), many channels (values are vectors),
                          maximum and mean pooling are instances
    - [correlation]       f = Σ_k Σ_c w(c', c, k) x(k)(c): the layer with weights, from channels c to channels c'
    - [taps]              one channel on Z: (L x)(n) = Σ_{i<k} w(i) x(s n + i)
    - [moves g x]         (c, i) ↦ x(c, g i): an action on positions, with [g] the inverse of what moves them
    - [channelwise f x]   y(c, i) = f(c)(x(c, i)): bias, activation, batch norm at inference
    - [statistic h x c]   Σ_i h(x(c, i)) over all of channel c: with h = 1, x, x² it gives mean and variance
    - [normalise h F x]   y(c, i) = F(c)(statistic of c)(x(c, i)): batch norm in training
    - [block_statistic], [block_normalise]   the same over the block of an entry, where blocks partition all entries

    Main results
    - any function of windows takes a translation by stride t to a translation by t
    - with a kernel that is not zero and stride s, only the multiples of s are taken to translations at all
    - functions of one value, with parameters a channel, commute with every permutation of positions; batch statistics
      do not change, and normalisation by them commutes
    - pooling over all positions is invariant
    - on a group feature map, an affine map commutes with the rotation iff its parameters agree along the orbits;
      statistics of an orbit stay when every sample is rotated by itself, statistics of a channel do not *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra zify.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition translate (A : zmodType) (X : Type) (t : A) (x : A -> X) : A -> X := fun n => x (n - t).

(** ** Windows *)

Section Windows.
Variables (A B : zmodType) (stride : {additive B -> A}) (K : finType) (offset : K -> A).

Definition patch_layer X Y (f : {ffun K -> X} -> Y) (x : A -> X) : B -> Y :=
  fun n => f [ffun k => x (stride n + offset k)].

Lemma eq_patch_layer X Y (f : {ffun K -> X} -> Y) (x x' : A -> X) : x =1 x' -> patch_layer f x =1 patch_layer f x'.
Proof. by move=> e n; congr f; apply/ffunP=> k; rewrite !ffunE e. Qed.

Theorem stride_equivariance X Y (f : {ffun K -> X} -> Y) (t : B) (x : A -> X) :
  patch_layer f (translate (stride t) x) =1 translate t (patch_layer f x).
Proof.
move=> n; congr f; apply/ffunP=> k.
by rewrite !ffunE /translate raddfB addrAC.
Qed.

Definition correlation (R : ringType) (C C' : finType) (w : C' -> C -> K -> R) : (A -> C -> R) -> B -> C' -> R :=
  patch_layer (fun p c' => \sum_k \sum_c w c' c k * p k c).

Theorem correlation_stride_equivariance (R : ringType) (C C' : finType) (w : C' -> C -> K -> R) (t : B) x :
  correlation w (translate (stride t) x) =1 translate t (correlation w x).
Proof. exact: stride_equivariance. Qed.

Definition pool (R : Type) (idx : R) (op : Monoid.com_law idx) (x : A -> R) : B -> R :=
  patch_layer (fun p : {ffun K -> R} => \big[op/idx]_k p k) x.

Theorem pool_stride_equivariance (R : Type) (idx : R) (op : Monoid.com_law idx) (t : B) x :
  pool op (translate (stride t) x) =1 translate t (pool op x).
Proof. exact: stride_equivariance. Qed.

End Windows.

(** Stride 1: the same map commutes with every translation. *)
Theorem translation_equivariance (A : zmodType) (K : finType) (offset : K -> A) X Y (f : {ffun K -> X} -> Y) t x :
  patch_layer [additive of idfun] offset f (translate t x) =1
  translate t (patch_layer [additive of idfun] offset f x).
Proof. exact: (@stride_equivariance _ _ [additive of idfun]). Qed.

(** The strides of an axis: n ↦ s n on Z, and from Z_m to Z_{s m}. Several axes are products of these. *)

Definition integer_stride (s n : int) : int := s * n.

Lemma integer_stride_additive s : additive (integer_stride s).
Proof. by move=> a b; rewrite /integer_stride mulrBr. Qed.
Canonical integer_stride_map s := Additive (integer_stride_additive s).

Section CyclicStride.
Variables (s m n : nat).
Hypothesis length : n.+1 = (s * m.+1)%N.

Definition cyclic_stride (a : 'I_m.+1) : 'I_n.+1 := inZp (s * a).

Lemma cyclic_stride_add a b : cyclic_stride (a + b) = cyclic_stride a + cyclic_stride b.
Proof. by apply/val_inj; rewrite /= modnDm -mulnDr length -muln_modr modn_mod muln_modr. Qed.

Lemma cyclic_stride_additive : additive cyclic_stride.
Proof. by move=> a b; apply/(canRL (addrK _)); rewrite -cyclic_stride_add subrK. Qed.
Canonical cyclic_stride_map := Additive cyclic_stride_additive.

End CyclicStride.

(** ** Which translations a stride keeps *)

Section Taps.
Variables (R : ringType) (s : int) (k : nat) (w : int -> R).
Hypothesis support : forall i, w i != 0 -> 0 <= i < k%:Z.

Definition taps : (int -> R) -> int -> R :=
  patch_layer [additive of integer_stride s] (fun i : 'I_k => i%:Z)
    (fun p : {ffun 'I_k -> R} => \sum_(i < k) w i%:Z * p i).

Definition impulse (m : int) : int -> R := fun i => (i == m)%:R.

Lemma taps_impulse m b : taps (impulse m) b = w (m - s * b).
Proof.
rewrite /taps /patch_layer; under eq_bigr do rewrite ffunE /impulse /=.
have [zero|/support range] := eqVneq (w (m - s * b)) 0.
  rewrite zero big1 // => i _; case: eqP => [e|_]; last by rewrite mulr0.
  by rewrite (_ : i%:Z = m - s * b) ?zero ?mul0r // -e addrAC subrr add0r.
have [i e] : exists i : 'I_k, (i : nat)%:Z = m - s * b.
  by case: (m - s * b) range => // i ik; exists (Ordinal ik).
have hit (j : 'I_k) : (integer_stride s b + j%:Z == m) = (j == i).
  by rewrite -val_eqE /= -[RHS]eqz_nat e addrC eq_sym [RHS]eq_sym -subr_eq.
rewrite (bigD1 i) //= hit eqxx mulr1 e big1 ?addr0 // => j /negPf ji.
by rewrite hit ji mulr0.
Qed.

Lemma period_zero (c : int) : (exists i, w i != 0) -> (forall i, w (i + c) = w i) -> c = 0.
Proof.
move=> [i wi] period; apply/eqP/negPn/negP=> c0.
have far N : w (i + c *+ N) != 0 /\ w (i - c *+ N) != 0.
  elim: N => [|N [IH1 IH2]]; first by rewrite mulr0n oppr0 addr0.
  by split; rewrite mulrSr ?addrA ?opprD ?addrA ?period // -period subrK.
have /andP[i0 ik] := support wi.
have [/support/andP[_ +] /support/andP[_ +]] := far k.
rewrite -mulr_natr natz; have [c1|c1] : (1 <= c) \/ (1 <= - c) by lia.
  by have := @ler_pemull _ c k%:Z isT c1; lia.
by have := @ler_pemull _ (- c) k%:Z isT c1; lia.
Qed.

Theorem stride_only_multiples : (exists i, w i != 0) -> forall t,
  (exists u, forall x, taps (translate t x) =1 translate u (taps x)) <-> (exists u, t = s * u).
Proof.
move=> nonzero t; split=> [[u commutes] | [u ->]]; exists u; last first.
  by move=> x; apply: stride_equivariance.
apply/eqP; rewrite -subr_eq0; apply/eqP/period_zero => // m.
have := commutes (impulse (m - s * u)) 0.
have -> : taps (translate t (impulse (m - s * u))) 0 = taps (impulse (m - s * u + t)) 0.
  by apply: eq_patch_layer => i; rewrite /translate /impulse subr_eq.
rewrite /translate !taps_impulse => e.
rewrite (_ : m + (t - s * u) = m - s * u + t - s * 0) ?e; last by rewrite mulr0 subr0 addrA addrAC.
by rewrite sub0r mulrN opprK subrK.
Qed.

End Taps.

(** ** One value at a time; statistics *)

Section Channels.
Variables (C I : finType) (X Y : Type).
Implicit Types (x : C -> I -> X) (g : I -> I).

Definition moves Z g (x : C -> I -> Z) : C -> I -> Z := fun c i => x c (g i).

Definition channelwise (f : C -> X -> Y) x : C -> I -> Y := fun c i => f c (x c i).

Theorem pointwise_permutation f g x : channelwise f (moves g x) = moves g (channelwise f x).
Proof. by []. Qed.

Variable R : zmodType.
Implicit Type h : X -> R.

Definition statistic h x (c : C) : R := \sum_i h (x c i).

Theorem batch_statistics_invariant h g x : injective g -> statistic h (moves g x) =1 statistic h x.
Proof. by move=> injective_g c; rewrite /statistic [in RHS](reindex_inj injective_g). Qed.

Definition normalise h (F : C -> R -> X -> Y) x : C -> I -> Y := fun c i => F c (statistic h x c) (x c i).

Theorem batch_norm_permutation h F g x : injective g ->
  forall c, normalise h F (moves g x) c =1 moves g (normalise h F x) c.
Proof. by move=> injective_g c i; rewrite /normalise batch_statistics_invariant. Qed.

End Channels.

Theorem global_pooling_invariant (I : finType) (R : Type) (idx : R) (op : Monoid.com_law idx) (g : I -> I) (x : I -> R) :
  injective g -> \big[op/idx]_i x (g i) = \big[op/idx]_i x i.
Proof. by move=> injective_g; rewrite [RHS](reindex_inj injective_g). Qed.

(** ** Group feature maps: entries are (sample, channel, orientation, position), and a rotation moves the last two *)

Section Blocks.
Variables (J : finType) (B : eqType) (block : J -> B) (X Y : Type) (R : zmodType) (h : X -> R).
Implicit Types (x : J -> X) (g : J -> J).

Definition block_statistic x (j : J) : R := \sum_(i | block i == block j) h (x i).

Definition block_normalise (F : R -> X -> Y) x : J -> Y := fun j => F (block_statistic x j) (x j).

(** Statistics move with the entries as soon as [g] takes blocks to blocks: a whole batch turned alike. *)
Theorem block_norm_whole_batch F g x : injective g ->
  (forall i j, (block (g i) == block (g j)) = (block i == block j)) ->
  block_normalise F (x \o g) =1 block_normalise F x \o g.
Proof.
move=> injective_g blocks j; congr (F _ _).
by rewrite /block_statistic [RHS](reindex_inj injective_g); apply: eq_bigl => i; rewrite blocks.
Qed.

(** If [g] keeps every entry in its block, as a rotation does where an orbit of channels is one block, then every
    sample may be turned by itself, and the statistics do not change. *)
Theorem orbit_statistics_invariant g x : injective g -> (forall j, block (g j) = block j) ->
  block_statistic (x \o g) =1 block_statistic x.
Proof.
move=> injective_g blocks j; rewrite /block_statistic [RHS](reindex_inj injective_g).
by apply: eq_bigl => i; rewrite blocks.
Qed.

Theorem orbit_norm F g x : injective g -> (forall j, block (g j) = block j) ->
  block_normalise F (x \o g) =1 block_normalise F x \o g.
Proof. by move=> injective_g blocks; apply: block_norm_whole_batch => // i j; rewrite !blocks. Qed.

End Blocks.

(** Parameters, the stored statistics of inference among them: one for each orbit, or the rotation is lost. *)
Theorem orbit_affine (R : ringType) (J : eqType) (scale shift : J -> R) (g : J -> J) :
  (forall (x : J -> R) j, scale j * x (g j) + shift j = scale (g j) * x (g j) + shift (g j)) <->
  (scale \o g =1 scale) /\ (shift \o g =1 shift).
Proof.
split=> [commutes | [same_scale same_shift] x j]; last first.
  by have /= -> := same_scale j; have /= -> := same_shift j.
have same_shift j : shift (g j) = shift j by have := commutes (fun=> 0) j; rewrite !mulr0 !add0r.
split=> j //=; have := commutes (fun=> 1) j.
by rewrite !mulr1 same_shift => /addIr.
Qed.

(** Two samples, two orientations, statistics a channel: turning the first sample alone changes the second. *)
Definition turn_first_sample (j : bool * bool) : bool * bool := if j.1 then j else (j.1, ~~ j.2).

Theorem channel_statistics_break :
  exists (x : bool * bool -> rat) j, let centred := block_normalise snd id (fun sum value => value - sum / 2%:R) in
  centred (x \o turn_first_sample) j != centred x (turn_first_sample j).
Proof.
exists (fun j => (j == (false, false))%:R), (true, false).
have channel o (F : bool * bool -> rat) : \sum_(p | p.2 == o) F p = F (true, o) + F (false, o).
  transitivity (\sum_p if p.2 == o then F (p.1, p.2) else 0); first by rewrite big_mkcond; apply: eq_bigr; case.
  rewrite -(pair_bigA _ (fun a b => if b == o then F (a, b) else 0)) big_bool /= !big_bool.
  by case: o; rewrite /= ?add0r ?addr0.
by rewrite /block_normalise /block_statistic /= !channel.
Qed.
