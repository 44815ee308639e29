(** * NormalForm: a polynomial type that computes, and why equal normal forms are equal functions

    Glossary
    - [monomial]         a sorted list of inputs: X_0 X_2² is [0; 2; 2]
    - [normal]           a sum: a list of monomials with coefficients in a commutative ring C (ℤ, or ℚ), sorted by
                         monomial, like terms gathered, zeros dropped
    - [insert m a p]     p + a·m, in order
    - [normal_form e]    the normal form that a circuit computes when it is run on normal forms
    - [value c v p]      what p is worth at the inputs v in a commutative ring R that C maps to by c

    Main results
    - the operations on normal forms are those of the ring, under every [value]
    - so circuits with equal normal forms are equal on all inputs from every commutative ring (C = ℤ), or every one in
      which the denominators are invertible (C = ℚ or a part of it) *)

From mathcomp Require Import all_ssreflect all_algebra.
From Equivariant Require Import Testing.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition monomial := seq nat.

Fixpoint before (m n : monomial) : bool :=
  match m, n with
  | [::], _ => true
  | _, [::] => false
  | i :: m, j :: n => (i < j)%N || (i == j) && before m n
  end.

Section Operations.
Variable C : comRingType.

Definition normal := seq (monomial * C).
Implicit Types p q : normal.

Definition cons_nonzero (m : monomial) (a : C) p : normal := if a == 0 then p else (m, a) :: p.

Fixpoint insert (m : monomial) (a : C) p : normal :=
  if p is (n, b) :: q then
    if m == n then cons_nonzero m (a + b) q
    else if before m n then cons_nonzero m a p else (n, b) :: insert m a q
  else cons_nonzero m a [::].

Definition add p q : normal := foldr (fun t => insert t.1 t.2) q p.
Definition negate p : normal := map (fun t => (t.1, - t.2)) p.
Definition times (m : monomial) (a : C) p : normal := foldr (fun t => insert (merge leq m t.1) (a * t.2)) [::] p.
Definition multiply p q : normal := foldr (fun t => add (times t.1 t.2 q)) [::] p.

Fixpoint normal_form (e : circuit) : normal :=
  match e with
  | Constant z => cons_nonzero [::] z%:~R [::]
  | Input i => [:: ([:: i], 1)]
  | Sum a b => add (normal_form a) (normal_form b)
  | Negative a => negate (normal_form a)
  | Product a b => multiply (normal_form a) (normal_form b)
  end.

Variables (R : comRingType) (c : {rmorphism C -> R}) (v : seq R).

Definition power_product (m : monomial) : R := \prod_(i <- m) nth 0 v i.
Definition value p : R := \sum_(t <- p) c t.2 * power_product t.1.

Lemma value_cons m a p : value ((m, a) :: p) = c a * power_product m + value p.
Proof. exact: big_cons. Qed.

Lemma value_cons_nonzero m a p : value (cons_nonzero m a p) = c a * power_product m + value p.
Proof.
by rewrite /cons_nonzero; case: eqP => [-> | _]; rewrite ?value_cons // rmorph0 mul0r add0r.
Qed.

Lemma value_insert m a p : value (insert m a p) = c a * power_product m + value p.
Proof.
elim: p => [|[n b] p ih] /=; first exact: value_cons_nonzero.
case: eqP => [-> | _]; first by rewrite value_cons_nonzero value_cons rmorphD mulrDl addrA.
by case: ifP => _; rewrite ?value_cons_nonzero // !value_cons ih addrCA.
Qed.

Theorem normal_form_add p q : value (add p q) = value p + value q.
Proof.
elim: p => [|[m a] p ih]; first by rewrite /value big_nil add0r.
by rewrite /= value_insert ih value_cons addrA.
Qed.

Theorem normal_form_negate p : value (negate p) = - value p.
Proof.
by rewrite /value big_map -sumrN; apply: eq_bigr => t _; rewrite rmorphN mulNr.
Qed.

Lemma power_product_merge m n : power_product (merge leq m n) = power_product m * power_product n.
Proof. by rewrite /power_product -big_cat; apply: perm_big; rewrite perm_merge. Qed.

Lemma value_times m a p : value (times m a p) = c a * power_product m * value p.
Proof.
elim: p => [|[n b] p ih]; first by rewrite /value big_nil mulr0.
by rewrite /= value_insert ih value_cons power_product_merge rmorphM mulrDr mulrACA.
Qed.

Theorem normal_form_multiply p q : value (multiply p q) = value p * value q.
Proof.
elim: p => [|[m a] p ih]; first by rewrite /value big_nil mul0r.
by rewrite /= normal_form_add value_times ih value_cons mulrDl.
Qed.

Lemma normal_form_value e : value (normal_form e) = run v e.
Proof.
elim: e => [z | i | a iha b ihb | a iha | a iha b ihb] /=.
- by rewrite value_cons_nonzero /value /power_product !big_nil mulr1 addr0 rmorph_int.
- by rewrite value_cons /value /power_product big_seq1 big_nil rmorph1 mul1r addr0.
- by rewrite normal_form_add iha ihb.
- by rewrite normal_form_negate iha.
- by rewrite normal_form_multiply iha ihb.
Qed.

End Operations.

Theorem normal_form_sound (C : comRingType) (a b : circuit) : normal_form C a = normal_form C b ->
  forall (R : comRingType) (c : {rmorphism C -> R}) (v : seq R), run v a = run v b.
Proof. by move=> same R c v; rewrite -!(normal_form_value c) same. Qed.
