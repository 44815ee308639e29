(** * Goldilocks: the prime field of the exact transforms

    Glossary
    - [goldilocks]       p = 2⁶⁴ − 2³² + 1, as a natural number that computation cannot unfold
    - [modulus]          the same number in binary, for computation
    - [power a e]        aᵉ mod p by repeated squaring, in binary
    - [embed x]          the binary number x in a ring where p = 0

    Main results
    - p is prime, and 7 generates the p − 1 = 2³²·3·5·17·257·65537 units of the field
    - so for every N that divides p − 1 there is a primitive N-th root of unity, 7^((p−1)/N), and Fourier.v applies

    The certificate is Pocklington's: 7^(p−1) = 1 and, for each prime q that divides p − 1, 7^((p−1)/q) − 1 is
    invertible mod p. Then modulo any prime factor r of p the order of 7 is p − 1, so r > p − 1, so r = p. *)

From Coq Require Import NArith PArith.
From mathcomp Require Import all_ssreflect all_fingroup all_algebra all_field.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition modulus : N := 18446744069414584321%num.
Definition goldilocks : nat := locked (N.to_nat modulus).

Lemma goldilocksE : goldilocks = N.to_nat modulus.
Proof. by rewrite /goldilocks -lock. Qed.

(** ** Powers in binary *)

Fixpoint power (a : N) (e : positive) : N :=
  match e with
  | xH => N.modulo a modulus
  | xO e => let b := power a e in N.modulo (N.mul b b) modulus
  | xI e => let b := power a e in N.modulo (N.mul (N.modulo (N.mul b b) modulus) a) modulus
  end.

Section Embedding.
Variables (R : comRingType).
Hypothesis modulus0 : goldilocks%:R = 0 :> R.

Definition embed (x : N) : R := (N.to_nat x)%:R.

Lemma embed_add x y : embed (N.add x y) = embed x + embed y.
Proof. by rewrite /embed Nnat.N2Nat.inj_add plusE natrD. Qed.

Lemma embed_mul x y : embed (N.mul x y) = embed x * embed y.
Proof. by rewrite /embed Nnat.N2Nat.inj_mul multE natrM. Qed.

Lemma embed_mod x : embed (N.modulo x modulus) = embed x.
Proof.
have -> : embed x = embed (N.mul modulus (N.div x modulus)) + embed (N.modulo x modulus).
  by rewrite -embed_add -N.div_mod.
by rewrite embed_mul {2}/embed -goldilocksE modulus0 mul0r add0r.
Qed.

Lemma embed_power a e : embed (power a e) = embed a ^+ Pos.to_nat e.
Proof.
elim: e => [e ih | e ih |] /=; rewrite ?embed_mod ?embed_mul ?embed_mod ?embed_mul ?ih //.
  by rewrite Pos2Nat.inj_xI multE -exprD -exprSr addnn -mul2n.
by rewrite Pos2Nat.inj_xO multE -exprD addnn -mul2n.
Qed.

(** The certificate of one prime factor q of p − 1: 7^((p−1)/q) − 1 has an inverse, its power p − 2. *)
Definition cofactor (q : positive) : positive := Pos.pred (N.succ_pos (N.div (N.pred modulus) (Npos q))).

Definition certified (q : positive) : bool :=
  let d := N.add (power 7 (cofactor q)) (N.pred modulus) in
  N.eqb (N.mul (Npos q) (Npos (cofactor q))) (N.pred modulus) &&
  N.eqb (N.modulo (N.mul d (power d 18446744069414584319)) modulus) 1.

Lemma certified_order q : certified q -> 7%:R ^+ (goldilocks.-1 %/ Pos.to_nat q) != 1 :> R.
Proof.
case/andP => /N.eqb_spec product /N.eqb_spec inverse.
have -> : (goldilocks.-1 %/ Pos.to_nat q)%N = Pos.to_nat (cofactor q).
  rewrite goldilocksE -[_.-1](Nnat.N2Nat.inj_pred modulus) -product Nnat.N2Nat.inj_mul.
  by rewrite mulKn //; apply/ltP/Pos2Nat.is_pos.
apply/eqP => one7; move/(congr1 embed): inverse; rewrite embed_mod embed_mul embed_add embed_power.
have -> : embed (N.pred modulus) = -1.
  by apply: (addIr 1); rewrite -[1 in LHS]/(embed 1) -embed_add addNr -[RHS]modulus0 goldilocksE.
by rewrite one7 subrr mul0r => /esym/eqP; rewrite oner_eq0.
Qed.

End Embedding.

(** ** From the certificate to primality *)

Lemma primitive_root_criterion (R : ringType) (z : R) (n : nat) : (0 < n)%N -> z ^+ n = 1 ->
  (forall q, prime q -> (q %| n)%N -> z ^+ (n %/ q) != 1) -> n.-primitive_root z.
Proof.
move=> n0 zn order; have [m primitive /dvdnP [k nE]] := prim_order_exists n0 zn.
have k0 : (0 < k)%N by move: n0; rewrite nE muln_gt0 => /andP [].
case: (ltnP 1 k) => [k1 | k1]; last first.
  by have k_is_1 : k = 1%N; [apply/eqP; rewrite eqn_leq k1 | rewrite nE k_is_1 mul1n].
have divides : (pdiv k %| n)%N by rewrite nE dvdn_mulr ?pdiv_dvd.
have quotient : (n %/ pdiv k)%N = (m * (k %/ pdiv k))%N.
  by rewrite nE -{1}(divnK (pdiv_dvd k)) mulnAC mulnK ?pdiv_gt0 // mulnC.
have := order _ (pdiv_prime k1) divides.
by rewrite quotient exprM (prim_expr_order primitive) expr1n eqxx.
Qed.

(** p − 1 = 2³²·3·5·17·257·65537; in binary, as unary numerals of this size are better not written down. *)
Definition factors : seq positive := ncons 32 2%positive [:: 3; 5; 17; 257; 65537]%positive.

Lemma factors_product : N.pred modulus = Npos (foldr Pos.mul 1%positive factors).
Proof. by vm_compute. Qed.

Lemma factors_prime : all (fun q => prime (Pos.to_nat q)) factors.
Proof. by vm_compute. Qed.

Lemma factors_certified : all certified factors.
Proof. by vm_compute. Qed.

Lemma prime_factor (property : pred positive) s q :
  all property s -> all (fun q => prime (Pos.to_nat q)) s ->
  prime q -> (q %| Pos.to_nat (foldr Pos.mul 1%positive s))%N ->
  exists2 r, property r & q = Pos.to_nat r.
Proof.
move=> + + q_prime; elim: s => [_ _ | r s ih /= /andP [pr ps] /andP [r_prime s_prime]].
  by rewrite dvdn1 => /eqP q1; rewrite q1 in q_prime.
rewrite Pos2Nat.inj_mul multE Euclid_dvdM // => /orP [| /ih]; last exact.
by rewrite dvdn_prime2 // => /eqP ->; exists r.
Qed.

Lemma predecessor : goldilocks.-1 = Pos.to_nat (foldr Pos.mul 1%positive factors).
Proof. by rewrite goldilocksE -[_.-1](Nnat.N2Nat.inj_pred modulus) factors_product. Qed.

Lemma predecessor_positive : (0 < goldilocks.-1)%N.
Proof. by rewrite predecessor; apply/ltP/Pos2Nat.is_pos. Qed.

Lemma fermat_witness : N.modulo (power 7 18446744069414584320) modulus = 1%num.
Proof. by vm_compute. Qed.

Lemma seven_is_primitive (R : comRingType) : goldilocks%:R = 0 :> R -> goldilocks.-1.-primitive_root (7%:R : R).
Proof.
move=> modulus0; apply: primitive_root_criterion; first exact: predecessor_positive.
  have -> : goldilocks.-1 = Pos.to_nat 18446744069414584320.
    by rewrite goldilocksE -[_.-1](Nnat.N2Nat.inj_pred modulus).
  have : embed R (N.modulo (power 7 18446744069414584320) modulus) = 1 by rewrite fermat_witness.
  by rewrite (embed_mod modulus0) (embed_power modulus0).
move=> q q_prime; rewrite {1}predecessor => /(prime_factor factors_certified factors_prime q_prime) [r certificate ->].
exact: certified_order.
Qed.

(** Modulo a prime factor r of p the number 7 has order p − 1, which divides r − 1. *)
Theorem goldilocks_prime : prime goldilocks.
Proof.
have p1 : (1 < goldilocks)%N by have := predecessor_positive; case: goldilocks => [|[]].
have r_prime := pdiv_prime p1; set r := pdiv goldilocks in r_prime.
have modulus0 : goldilocks%:R = 0 :> 'F_r.
  by apply/eqP; rewrite -(dvdn_charf (char_Fp r_prime)) pdiv_dvd.
have primitive := seven_is_primitive modulus0.
have seven0 : 7%:R != 0 :> 'F_r.
  apply/eqP=> seven0; have /eqP := prim_expr_order primitive.
  by rewrite seven0 expr0n gtn_eqF ?predecessor_positive // eq_sym oner_eq0.
have /eqP fermat : (7%:R : 'F_r) ^+ r.-1 = 1.
  apply: (mulfI seven0); rewrite -exprS mulr1 prednK ?prime_gt0 //.
  by have := expf_card (7%:R : 'F_r); rewrite card_Fp.
have le : (goldilocks.-1 <= r.-1)%N.
  by rewrite dvdn_leq ?(prim_order_dvd primitive) // -ltnS prednK ?prime_gt1 ?prime_gt0.
have <- // : r = goldilocks.
apply/eqP; rewrite eqn_leq pdiv_leq ?(ltnW p1) //.
by rewrite -(prednK (ltnW p1)) -(prednK (prime_gt0 r_prime)) ltnS.
Qed.

Theorem goldilocks_roots (N : nat) : (N %| goldilocks.-1)%N ->
  N.-primitive_root ((7%:R : 'F_goldilocks) ^+ (goldilocks.-1 %/ N)).
Proof.
move=> div; apply: dvdn_prim_root div; apply: seven_is_primitive.
exact: charf0 (char_Fp goldilocks_prime).
Qed.
