(** * Padding: what lies beyond the border, and what it does to symmetry

    Glossary
    - [source b L i]     the entry of a signal of length L that boundary [b] puts at position [i], or none for a zero
    - [extended b L x]   the signal x of length L on all integers: x(source i), or 0 where there is none

    Main results
    - the four boundaries are what they are called: zeros, mirror images about the end entries, repeated end entries,
      and the periodic extension
    - every boundary commutes with the flip of the axis

    Of these only the periodic one commutes with shifts. *)

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
