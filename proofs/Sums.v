(** * Sums: sums that compute

    MathComp's big operators are locked and do not compute; [summed n F] = F 0 + … + F (n − 1) does, and is the same. *)

From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope ring_scope.

Definition summed (n : nat) (F : nat -> int) : int := foldr (fun k sum => F k + sum) 0 (iota 0 n).

Lemma summedE n F : summed n F = \sum_(k < n) F k.
Proof.
rewrite -(big_mkord xpredT F) /index_iota subn0 /summed.
by elim: iota => [|k l IH]; rewrite ?big_nil ?big_cons //= IH.
Qed.
