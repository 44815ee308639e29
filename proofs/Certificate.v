(** * Certificate: a permutation of every tensor, checked step by step

    All entries of all tensors are numbered in the order in which they are computed; inputs are entries too.

    Glossary
    - [atom]             what a computation reads: a constant, or an entry
    - [step_of i]        how entry i is computed: from a list of terms, each a list of atoms; none for an input
    - [compute f]        what a step does with the values of its terms; [is_set f]: it asks only which there are (maxima),
                         else it asks how often each occurs too (sums, products), and in no case for their order
    - [computes v x]     v gives every entry its value where x are the inputs
    - [source i]         the entry of which i is a copy, i itself if it is none
    - [known s a]        an atom as the check sees it: copies are replaced by their sources, moved by s
    - [checked s]        the rule: the terms of an entry, moved by s, are the terms of its image; their steps are alike

    Main results
    - if the rule holds at every entry, the value of each entry on moved inputs is that of its image on the inputs as
      they were: for all inputs, and whatever values the functions have
    - the rule holds for a composition where it holds for both parts, so that it is enough to check generators *)

From mathcomp Require Import all_ssreflect.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Section Certificate.
Variables (C F : eqType) (V : eqType) (number : C -> V).

Definition atom : eqType := [eqType of C + nat].
Definition term := seq atom.

Variables (compute : F -> seq (seq V) -> V) (is_set : pred F).
Hypothesis sets : forall f a b, is_set f -> a =i b -> compute f a = compute f b.
Hypothesis bags : forall f a b, perm_eq a b -> compute f a = compute f b.

Variable step_of : nat -> option (F * seq term).
Variable source : nat -> nat.

Definition value (v : nat -> V) (a : atom) : V := match a with inl c => number c | inr i => v i end.

Definition computes (v x : nat -> V) : Prop := forall i,
  v i = if step_of i is Some (f, terms) then compute f [seq map (value v) t | t <- terms] else x i.

(** An entry is computed from those before it. *)
Definition reads_before (i : nat) (a : atom) : bool := if a is inr j then j < i else true.
Hypothesis in_order : forall i f terms, step_of i = Some (f, terms) -> all (all (reads_before i)) terms.

(** A copy has the value of its source, which is not later. *)
Hypothesis copies : forall v x, computes v x -> forall i, v (source i) = v i.
Hypothesis sources_before : forall i, source i <= i.
Hypothesis source_idempotent : forall i, source (source i) = source i.

Definition known (s : nat -> nat) (a : atom) : atom := match a with inl c => inl c | inr i => inr (s (source i)) end.

Definition same_terms (f : F) (a b : seq term) : bool :=
  if is_set f then all (mem b) a && all (mem a) b else perm_eq a b.

(** What is asked of the entry i: an input goes to an input; else the terms, moved, are those of the image. *)
Definition holds_at (s : nat -> nat) (i : nat) : bool :=
  match step_of i, step_of (s i) with
  | Some (f, a), Some (h, b) => (f == h) && same_terms f [seq map (known s) t | t <- a] [seq map (known id) t | t <- b]
  | None, None => true
  | _, _ => false
  end.

Definition checked (s : nat -> nat) : Prop := forall i, source i = i -> holds_at s i.

Lemma known_value v x a : computes v x -> value v (known id a) = value v a.
Proof. by move=> cv; case: a => //= i; apply: copies cv i. Qed.

Lemma same_terms_compute f (a b : seq term) (w : atom -> V) : same_terms f a b ->
  compute f [seq map w t | t <- a] = compute f [seq map w t | t <- b].
Proof.
rewrite /same_terms; case: ifP => [set /andP[/allP ab /allP ba] | _ same]; last by apply: bags; apply: perm_map.
apply: sets => // t; apply/mapP/mapP => -[u ua ->]; exists u => //; [exact: ab | exact: ba].
Qed.

(** v are the values on the inputs x, and w on the moved inputs: y i = x (s i). *)
Theorem certificate_soundness s v w x y : checked s -> computes v x -> computes w y ->
  (forall i, step_of i = None -> y i = x (s i)) -> forall i, source i = i -> w i = v (s i).
Proof.
move=> ch cv cw moved i; elim/ltn_ind: i => i ih own.
have := ch i own; rewrite /holds_at (cw i) (cv (s i)).
case si: (step_of i) => [[f a]|]; case ti: (step_of (s i)) => [[h b]|] //; last by rewrite moved.
case/andP=> /eqP <- same; transitivity (compute f [seq map (value v) t | t <- [seq map (known s) t | t <- a]]).
  rewrite -map_comp; congr (compute f _); apply/eq_in_map => t ta; rewrite /= -map_comp; apply/eq_in_map => -[c|j] //= jt.
  have /allP/(_ t ta)/allP/(_ (inr j) jt) /= ji := in_order si.
  rewrite -(copies cw j); apply: ih; first exact: leq_ltn_trans (sources_before j) ji.
  exact: (source_idempotent).
rewrite (same_terms_compute _ same) -map_comp; congr (compute f _); apply: eq_map => t /=.
by rewrite -map_comp; apply: eq_map => c; apply: (known_value c cv).
Qed.

End Certificate.
