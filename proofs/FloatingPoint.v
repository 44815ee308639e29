(** * FloatingPoint: the rounding of f32 and f64 is a rounding in the sense of RoundingError.v

    RoundingError.v speaks of any [fl] with certain properties. Here [fl] is what IEEE 754 prescribes, as the library
    Flocq defines it: round to nearest, ties to even, with p binary digits (24 for f32, 53 for f64). Exponents have no
    bounds, so overflow and underflow stay excluded. Floating-point numbers are rational, so are their sums and
    products, and the field is that of the rational numbers; Flocq's is that of Coq's reals, hence the embedding.

    Glossary
    - [real_of q]        the real number of a rational one
    - [float_round p q]  q rounded to nearest with p binary digits
    - [is_float p q]     q is a number of that format
    - [roundoff p]       2⁻ᵖ

    Main results
    - [float_round] rounds into the format, nothing of the format is nearer, and the relative error is u/(1 + u) at most
    - so an inner product of n terms, in any order, fused or not, is off by at most n·2⁻ᵖ Σ|x||y|

    This is the one file that rests on axioms: those of Coq's classical real numbers. *)

From Coq Require Import ZArith Reals Lra.
From Flocq Require Import Core Relative.
From mathcomp Require Import all_ssreflect all_algebra ssrZ zify.
From Equivariant Require Import RoundingError.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** ** Rational numbers among the reals *)

Definition integer_of (n : int) : R := IZR (Z_of_int n).

Lemma integer_of_mul m n : integer_of (m * n) = Rmult (integer_of m) (integer_of n).
Proof. by rewrite /integer_of -mult_IZR; congr IZR; rewrite rmorphM. Qed.

Lemma integer_of_add m n : integer_of (m + n) = Rplus (integer_of m) (integer_of n).
Proof. by rewrite /integer_of -plus_IZR; congr IZR; rewrite rmorphD. Qed.

Lemma integer_of_opp n : integer_of (- n) = Ropp (integer_of n).
Proof. by rewrite /integer_of -opp_IZR; congr IZR; rewrite rmorphN. Qed.

Lemma integer_of_nonnegative n : 0 <= n -> Rle (IZR 0) (integer_of n).
Proof. by move=> n0; apply: (IZR_le 0); lia. Qed.

Lemma integer_of_positive n : 0 < n -> Rlt (IZR 0) (integer_of n).
Proof. by move=> n0; apply: (IZR_lt 0); lia. Qed.

Lemma integer_of_nonzero n : n != 0 -> integer_of n <> IZR 0.
Proof. by move=> n0 /eq_IZR; lia. Qed.

Definition real_of (q : rat) : R := Rdiv (integer_of (numq q)) (integer_of (denq q)).

Lemma denominator_positive q : Rlt (IZR 0) (integer_of (denq q)).
Proof. exact/integer_of_positive/denq_gt0. Qed.

Lemma real_of_fraction (n d : int) : d != 0 -> real_of (n%:~R / d%:~R) = Rdiv (integer_of n) (integer_of d).
Proof.
move=> d0; set q := n%:~R / d%:~R; rewrite /real_of.
have cross : numq q * d = n * denq q.
  apply/eqP; rewrite -(eqr_int [numDomainType of rat]) !rmorphM /= -eqr_div ?intr_eq0 ?denq_neq0 //.
  by rewrite divq_num_den.
have {}cross : Rmult (integer_of (numq q)) (integer_of d) = Rmult (integer_of n) (integer_of (denq q)).
  by rewrite -!integer_of_mul cross.
have d1 := integer_of_nonzero d0; have d2 := denominator_positive q.
apply: (Rmult_eq_reg_r (Rmult (integer_of d) (integer_of (denq q)))); last nra.
transitivity (Rmult (integer_of (numq q)) (integer_of d)); first by field; lra.
by rewrite cross; field.
Qed.

Lemma real_of_add q r : real_of (q + r) = Rplus (real_of q) (real_of r).
Proof.
have [d1 d2] := (denominator_positive q, denominator_positive r).
rewrite -{1}[q]divq_num_den -{1}[r]divq_num_den addf_div ?intr_eq0 ?denq_neq0 // -!rmorphM -rmorphD.
rewrite real_of_fraction ?mulf_neq0 ?denq_neq0 // integer_of_add !integer_of_mul /real_of.
by rewrite -/(denq q) -/(denq r); field; split; lra.
Qed.

Lemma real_of_mul q r : real_of (q * r) = Rmult (real_of q) (real_of r).
Proof.
have [d1 d2] := (denominator_positive q, denominator_positive r).
rewrite -{1}[q]divq_num_den -{1}[r]divq_num_den mulf_div -!rmorphM.
rewrite real_of_fraction ?mulf_neq0 ?denq_neq0 // !integer_of_mul /real_of.
by rewrite -/(denq q) -/(denq r) -/(numq q) -/(numq r); field; split; lra.
Qed.

Lemma real_of_int (n : int) : real_of n%:~R = integer_of n.
Proof.
have := real_of_fraction n (oner_neq0 _); rewrite divr1 => ->.
by rewrite (_ : integer_of 1 = IZR 1) //; field.
Qed.

Lemma real_of_one : real_of 1 = IZR 1.
Proof. exact: (real_of_int 1). Qed.

Lemma real_of_opp q : real_of (- q) = Ropp (real_of q).
Proof. by rewrite -mulN1r real_of_mul (real_of_int (-1)); rewrite (_ : integer_of (-1) = IZR (-1)) //; lra. Qed.

Lemma real_of_inverse q : q != 0 -> real_of q^-1 = Rinv (real_of q).
Proof.
move=> q0; have := real_of_mul q q^-1; rewrite mulfV // real_of_one => product.
apply: (Rmult_eq_reg_l (real_of q)); last by move=> zero; rewrite zero in product; lra.
by rewrite -product Rinv_r // => zero; rewrite zero in product; lra.
Qed.

Lemma real_of_nonnegative q : 0 <= q <-> Rle (IZR 0) (real_of q).
Proof.
have d0 := denominator_positive q; rewrite -numq_ge0; split=> [n0 | le].
  by apply: Rmult_le_pos; [apply: integer_of_nonnegative | apply/Rlt_le/Rinv_0_lt_compat].
rewrite leNgt; apply/negP=> negative.
have : Rlt (integer_of (numq q)) (IZR 0) by apply: (IZR_lt _ 0); lia.
move=> lt; have : Rlt (Rmult (integer_of (numq q)) (Rinv (integer_of (denq q)))) (IZR 0).
  by have := Rinv_0_lt_compat _ d0; nra.
by move: le; rewrite /real_of /Rdiv; lra.
Qed.

Lemma real_of_le q r : q <= r <-> Rle (real_of q) (real_of r).
Proof. by rewrite -subr_ge0 real_of_nonnegative real_of_add real_of_opp; split; lra. Qed.

Lemma real_of_abs q : real_of `|q| = Rabs (real_of q).
Proof.
have [q0|q0] := ger0P q; first by rewrite Rabs_pos_eq //; apply/real_of_nonnegative.
by rewrite real_of_opp Rabs_left1 //; have := (real_of_le q 0).1 (ltW q0); rewrite (real_of_int 0).
Qed.

(** ** Powers of two, and rounding *)

Lemma real_of_power (e : int) : real_of (2%:R ^ e) = bpow radix2 (Z_of_int e).
Proof.
have natural (n : nat) : real_of (2%:R ^+ n) = bpow radix2 (Z.of_nat n).
  elim: n => [|n IH]; first by rewrite expr0 real_of_one.
  rewrite exprS real_of_mul IH (real_of_int 2) Nat2Z.inj_succ -Z.add_1_r bpow_plus_1.
  by [].
case: e => n; first exact: natural.
rewrite [2%:R ^ _]/(2%:R ^- n.+1) real_of_inverse ?expf_neq0 // natural -bpow_opp /= addn1.
by [].
Qed.

Section Format.
Variable p : nat.
Hypothesis positive : (0 < p)%N.
Let exponent := FLX_exp (Z.of_nat p).

Lemma precision_positive : Prec_gt_0 (Z.of_nat p).
Proof. by rewrite /Prec_gt_0; lia. Qed.

Definition roundoff : rat := 2%:R ^- p.

Definition is_float (q : rat) : Prop := generic_format radix2 exponent (real_of q).

Definition float_round (q : rat) : rat :=
  (int_of_Z (ZnearestE (scaled_mantissa radix2 exponent (real_of q))))%:~R *
  2%:R ^ int_of_Z (cexp radix2 exponent (real_of q)).

Lemma real_of_float_round q : real_of (float_round q) = round radix2 exponent ZnearestE (real_of q).
Proof. by rewrite real_of_mul real_of_int real_of_power /integer_of !int_of_ZK. Qed.

Lemma real_of_roundoff : real_of roundoff = u_ro radix2 (Z.of_nat p).
Proof.
by rewrite /u_ro real_of_inverse ?expf_neq0 // (real_of_power p%:Z) -bpow_opp bpow_plus_1 /=; field.
Qed.

Theorem float_round_rounds q : is_float (float_round q).
Proof.
rewrite /is_float real_of_float_round; have valid := FLX_exp_valid (Z.of_nat p) (prec_gt_0_ := precision_positive).
exact: generic_format_round.
Qed.

Theorem float_round_is_nearest q r : is_float r -> `|float_round q - q| <= `|r - q|.
Proof.
move=> format_r; apply/real_of_le; rewrite !real_of_abs !real_of_add !real_of_opp real_of_float_round.
have valid := FLX_exp_valid (Z.of_nat p) (prec_gt_0_ := precision_positive).
by have [_ nearest] := round_N_pt radix2 exponent (fun x => negb (Z.even x)) (real_of q); apply: nearest.
Qed.

Theorem float_round_error q : `|float_round q - q| <= roundoff / (1 + roundoff) * `|q|.
Proof.
apply/real_of_le; rewrite real_of_mul !real_of_abs !real_of_add real_of_opp real_of_float_round real_of_mul.
have u0 := u_ro_pos radix2 (Z.of_nat p).
rewrite real_of_inverse; last first.
  apply/eqP => zero; have := congr1 real_of zero; rewrite real_of_add real_of_one real_of_roundoff (real_of_int 0).
  by rewrite (_ : integer_of 0 = IZR 0) //; lra.
rewrite real_of_add real_of_one real_of_roundoff.
exact: (relative_error_N_FLX' radix2 (Z.of_nat p) precision_positive).
Qed.

(** What RoundingError.v says of rounding to nearest, for numbers with p binary digits. *)
Theorem float_inner_product_error (c : computation [realFieldType of rat]) :
  `|computed float_round c - exact c| <= (terms c)%:R * roundoff * magnitude c.
Proof.
have roundoff0 : 0 <= roundoff by rewrite invr_ge0 exprn_ge0.
exact: (inner_product_error roundoff0 float_round_rounds float_round_is_nearest float_round_error).
Qed.

End Format.
