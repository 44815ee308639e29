(** * Padding: what lies beyond the border, and what it does to symmetry

    Glossary
    - [source b L i]     the entry of a signal of length L that boundary [b] puts at position [i], or none for a zero
    - [extended L b x]   the signal x of length L on all integers: x(source i), or 0 where there is none
    - [dense weights x]  any linear layer from a line to itself; [cyclic_shift t x] i ↦ x(i − t mod L)

    Main results
    - the four boundaries are what they are called: zeros, mirror images about the end entries, repeated end entries,
      and the periodic extension
    - every boundary commutes with the flip of the axis, and all agree where a window lies inside
    - a linear layer commutes with the cyclic shifts iff its weights do not change along them
    - with zero padding, a layer narrower than the signal commutes with all of them iff its off-centre taps vanish;
      with reflecting padding and three taps they must vanish too

    A kernel wider than the signal may commute: with equal weights everywhere it adds up the whole signal. *)

From mathcomp Require Import all_ssreflect all_algebra zify.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Inductive boundary := Zero | Reflect | Replicate | Periodic.

Definition source (b : boundary) (L : nat) (i : int) : option nat :=
  match b with
  | Zero => if (0 <= i) && (i < L%:Z) then Some `|i|%N else None
  | Reflect => let folded := `|(i %% (2 * L.-1)%N%:Z)%Z|%N in Some (minn folded (2 * L.-1 - folded))
  | Replicate => Some (if i < 0 then 0%N else minn `|i|%N L.-1)
  | Periodic => Some `|(i %% L%:Z)%Z|%N
  end.

Arguments source : simpl never.

Section Extensions.
Variables (R : zmodType) (L : nat).
Hypothesis nonempty : (0 < L)%N.

Definition extended (b : boundary) (x : nat -> R) (i : int) : R := if source b L i is Some k then x k else 0.

Lemma euclid (d : nat) (i : int) : (0 < d)%N -> exists (q : int) (m : nat), i = q * d%:Z + m%:Z /\ (m < d)%N.
Proof.
move=> d0; have dz : d%:Z != 0 by rewrite eqz_nat -lt0n.
exists (i %/ d)%Z, `|(i %% d)%Z|%N; split; first by rewrite gez0_abs ?modz_ge0 // -divz_eq.
by rewrite -ltz_nat gez0_abs ?modz_ge0 // ltz_mod.
Qed.

Lemma periodic_source q (m : nat) : (m < L)%N -> source Periodic L (q * L%:Z + m%:Z) = Some m.
Proof. by move=> lt; rewrite /source modzMDl modz_small. Qed.

Lemma reflect_source q (m : nat) : (0 < L.-1)%N -> (m < 2 * L.-1)%N ->
  source Reflect L (q * (2 * L.-1)%N%:Z + m%:Z) = Some (minn m (2 * L.-1 - m)).
Proof. by move=> long lt; rewrite /source modzMDl modz_small. Qed.

Lemma reflect_single i : L.-1 = 0%N -> source Reflect L i = Some 0%N.
Proof. by move=> single; rewrite /source single muln0 sub0n minn0. Qed.

Theorem boundaries_extend b x i : (i < L)%N -> extended b x i%:Z = x i.
Proof.
move=> lt; rewrite /extended; case: b.
- by rewrite /source /= ltz_nat lt.
- have [single|long] := posnP L.-1; first by rewrite reflect_single //; congr x; lia.
  have := @reflect_source 0 i long; rewrite mul0r add0r => -> /=; [congr x; lia | lia].
- by rewrite /source /=; congr x; lia.
by have := periodic_source 0 lt; rewrite mul0r add0r => ->.
Qed.

Theorem zero_extension x i : ~~ ((0 <= i) && (i < L%:Z)) -> extended Zero x i = 0.
Proof. by rewrite /extended /source => /negPf ->. Qed.

Theorem replicate_extension x (i : int) :
  (i <= 0 -> extended Replicate x i = x 0%N) /\ (L.-1%:Z <= i -> extended Replicate x i = x L.-1).
Proof. by rewrite /extended /source; split=> far; congr x; case: ifP; lia. Qed.

Theorem periodic_extension x (i : int) : extended Periodic x (i + L%:Z) = extended Periodic x i.
Proof. by rewrite /extended /source modzDr. Qed.

Lemma source_flip b i : source b L (L.-1%:Z - i) = omap (fun k => L.-1 - k)%N (source b L i).
Proof.
case: b.
- rewrite /source (_ : _ && _ = (0 <= i) && (i < L%:Z)); last by lia.
  by case: ifP => //= ?; congr Some; lia.
- have [single|long] := posnP L.-1; first by rewrite !reflect_single //= single.
  have [q [m [-> lt]]] := @euclid (2 * L.-1) i ltac:(lia); rewrite reflect_source //=.
  have [le|gt] := leqP m L.-1.
    have -> : L.-1%:Z - (q * (2 * L.-1)%N%:Z + m%:Z) = - q * (2 * L.-1)%N%:Z + (L.-1 - m)%N%:Z by nia.
    by rewrite reflect_source //; [congr Some; lia | lia].
  have -> : L.-1%:Z - (q * (2 * L.-1)%N%:Z + m%:Z) = (- q - 1) * (2 * L.-1)%N%:Z + (3 * L.-1 - m)%N%:Z by nia.
  by rewrite reflect_source //; [congr Some; lia | lia].
- by rewrite /source /=; congr Some; case: ifP; case: ifP; lia.
have [q [m [-> lt]]] := @euclid L i nonempty; rewrite periodic_source //=.
have -> : L.-1%:Z - (q * L%:Z + m%:Z) = - q * L%:Z + (L.-1 - m)%N%:Z by nia.
by rewrite periodic_source //; lia.
Qed.

Theorem boundary_flip b x i : extended b (fun k => x (L.-1 - k)%N) i = extended b x (L.-1%:Z - i).
Proof. by rewrite /extended source_flip; case: (source b L i). Qed.

(** The mirror images: about entry 0, and about entry L − 1. *)
Theorem reflect_extension x i :
  extended Reflect x (- i) = extended Reflect x i /\ extended Reflect x ((2 * L.-1)%N%:Z - i) = extended Reflect x i.
Proof.
have about_zero j : source Reflect L (- j) = source Reflect L j.
  have [single|long] := posnP L.-1; first by rewrite !reflect_single.
  have [q [[|m] [-> lt]]] := @euclid (2 * L.-1) j ltac:(lia); rewrite reflect_source //.
    by rewrite addr0 -mulNr -[- q * _]addr0 (@reflect_source (- q) 0) //; congr Some; lia.
  have -> : - (q * (2 * L.-1)%N%:Z + m.+1%:Z) = (- q - 1) * (2 * L.-1)%N%:Z + (2 * L.-1 - m.+1)%N%:Z by nia.
  by rewrite reflect_source //; [congr Some; lia | lia].
have again j : source Reflect L (j + (2 * L.-1)%N%:Z) = source Reflect L j by rewrite /source modzDr.
by rewrite /extended [_ - i]addrC again about_zero.
Qed.

End Extensions.

(** Where a window lies inside the signal all boundaries agree. *)
Theorem boundaries_agree_inside (R : zmodType) (L : nat) (b b' : boundary) (x : nat -> R) (i : nat) :
  (i < L)%N -> extended L b x i%:Z = extended L b' x i%:Z.
Proof. by move=> lt; rewrite !boundaries_extend // (leq_ltn_trans _ lt). Qed.

(** ** Same-size layers and cyclic shifts *)

Section Shifts.
Variables (R : ringType) (m : nat).
Let L := m.+1.
Implicit Types (x : 'I_L -> R) (i j t : 'I_L).

(** Any linear layer from a line to itself, by its weights: output i reads entry j with weight [weights i j]. *)
Definition dense (weights : 'I_L -> 'I_L -> R) x i : R := \sum_j weights i j * x j.

Definition cyclic_shift t x : 'I_L -> R := fun i => x (i - t).

Theorem dense_shift (weights : 'I_L -> 'I_L -> R) :
  (forall t x i, dense weights (cyclic_shift t x) i = cyclic_shift t (dense weights x) i) <->
  (forall t i j, weights (i + t) (j + t) = weights i j).
Proof.
split=> [commutes t i j | shared t x i].
  have := commutes t (fun l => (l == j)%:R) (i + t).
  rewrite /dense /cyclic_shift addrK (bigD1 (j + t)) //= addrK eqxx mulr1 big1 ?addr0 => [-> | l ne].
    by rewrite (bigD1 j) //= eqxx mulr1 big1 ?addr0 // => l /negPf ->; rewrite mulr0.
  by rewrite subr_eq (negPf ne) mulr0.
rewrite /dense /cyclic_shift (reindex_inj (addIr t)); apply: eq_bigr => j _.
by rewrite addrK -{1}(subrK t i) shared.
Qed.

(** With zero padding, output i reads entry j with weight w(j − i); [w] has taps from −reach to reach. *)
Theorem zero_padding_shift (w : int -> R) (reach : nat) : (2 * reach < L)%N ->
  (forall a, (reach < `|a|)%N -> w a = 0) ->
  (forall t x i, dense (fun i j => w (j%:Z - i%:Z)) (cyclic_shift t x) i =
                 cyclic_shift t (dense (fun i j => w (j%:Z - i%:Z)) x) i) <->
  (forall a, a != 0 -> w a = 0).
Proof.
move=> short support; rewrite dense_shift; split=> [shared a a0 | centred t i j]; last first.
  have [-> | ne] := eqVneq i j; first by rewrite !subrr.
  rewrite !centred // subr_eq0 eqz_nat; apply: contra ne => /eqP e; first by apply/eqP/val_inj.
  by apply/eqP/(addIr t)/val_inj.
have [|near] := ltnP reach `|a|; first exact: support.
have lt_a : (`|a| < L)%N by lia.
pose far : 'I_L := Ordinal lt_a.
have wrap : nat_of_ord (- far) = (L - `|a|)%N by rewrite /= modn_small // /L; lia.
have [positive|negative] := leP 0 a.
  have := shared (- far) 0 far; rewrite add0r subrr wrap subr0 gez0_abs // => <-.
  by apply: support; move: (short) (lt_a); rewrite /= /L; lia.
have := shared (- far) far 0; rewrite add0r subrr wrap (_ : _ - (nat_of_ord far)%:Z = a); last by rewrite /=; lia.
by move=> <-; apply: support; move: (short) (lt_a); rewrite /= /L; lia.
Qed.

End Shifts.

(** Reflecting padding, three taps: commuting with the cyclic shift by 1 leaves the centre only. *)
Section ReflectShift.
Variables (R : ringType) (L : nat).
Hypothesis long : (2 < L)%N.

Definition three_taps (w : nat -> R) (x : nat -> R) (i : nat) : R :=
  w 0%N * extended L Reflect x (i%:Z - 1) + w 1%N * extended L Reflect x i%:Z + w 2%N * extended L Reflect x (i%:Z + 1).

Definition shifted_once (x : nat -> R) (i : nat) : R := if i is i'.+1 then x i' else x L.-1.

Theorem reflect_padding_shift (w : nat -> R) :
  (forall x i, (i < L)%N -> three_taps w (shifted_once x) i = shifted_once (three_taps w x) i) -> w 0%N = 0 /\ w 2%N = 0.
Proof.
move=> commutes; pose x (i : nat) : R := (i == L.-1)%:R.
have L0 : (0 < L)%N by apply: ltn_trans long.
have inner (y : nat -> R) i : (i < L)%N -> extended L Reflect y i%:Z = y i by move=> lt; apply: boundaries_extend.
have before_first (y : nat -> R) : extended L Reflect y (-1) = y 1%N.
  by rewrite (proj1 (reflect_extension L0 y 1)) inner // ltnW.
have after_last (y : nat -> R) : extended L Reflect y (L.-1%:Z + 1) = y L.-2.
  rewrite (_ : L.-1%:Z + 1 = (2 * L.-1)%N%:Z - L.-2%:Z); last by lia.
  by rewrite (proj2 (reflect_extension L0 y L.-2)) inner //; lia.
split.
  have := commutes x 1%N (ltnW long); rewrite /three_taps /shifted_once subrr.
  rewrite (inner _ 0%N) // (inner _ 1%N) ?(inner _ 2%N) ?(ltnW long) // sub0r before_first add0r (inner _ 0%N) //.
  have -> : extended L Reflect x 1 = x 1%N by exact: (inner x 1%N (ltnW long)).
  have first : (0%N == L.-1) = false by lia.
  have second : (1%N == L.-1) = false by lia.
  by rewrite /x eqxx first second mulr1 !mulr0 !addr0.
have := commutes x L.-1; rewrite prednK // leqnn => /(_ isT).
have shifted_last y : shifted_once y L.-1 = y L.-2 by rewrite (_ : L.-1 = L.-2.+1) //; lia.
have shifted_previous : shifted_once x L.-2 = x (L - 3)%N by rewrite (_ : L.-2 = (L - 3).+1) //; lia.
have left (y : nat -> R) : extended L Reflect y (L.-1%:Z - 1) = y L.-2.
  by rewrite (_ : L.-1%:Z - 1 = L.-2%:Z) ?inner //; lia.
have left' : extended L Reflect x (L.-2%:Z - 1) = x (L - 3)%N.
  by rewrite (_ : L.-2%:Z - 1 = (L - 3)%N%:Z) ?inner //; lia.
have right' : extended L Reflect x (L.-2%:Z + 1) = x L.-1.
  by rewrite (_ : L.-2%:Z + 1 = L.-1%:Z) ?inner //; lia.
have at_last (y : nat -> R) : extended L Reflect y L.-1%:Z = y L.-1 by apply: inner; lia.
have at_previous (y : nat -> R) : extended L Reflect y L.-2%:Z = y L.-2 by apply: inner; lia.
rewrite shifted_last /three_taps left left' right' after_last at_last at_previous shifted_last shifted_previous.
have third : ((L - 3)%N == L.-1) = false by lia.
have second : (L.-2 == L.-1) = false by lia.
by rewrite /x eqxx third second mulr1 !mulr0 !add0r.
Qed.

End ReflectShift.
