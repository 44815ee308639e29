(** * Channels: many channels, groups of channels, and how sparse a layer is

    Glossary
    - [correlation]      the layer of Layer.v: channels C to channels D, taps K, any stride, dilation and padding
    - [grouped w x]      channels in groups G, each correlated within its group; [depthwise] one channel a group
    - [connected j m]    tap i of output j looks at input m, for some i: m = s j + d i

    Main results
    - n → m channels is a sum over the input channels of single-channel correlations
    - a grouped layer is the layer whose kernel is 0 between groups: block-diagonal
    - an axis with J outputs and k taps has J·k connections and k weights, where a dense layer has J·n of both *)

From mathcomp Require Import all_ssreflect all_algebra zify.
From Equivariant Require Import Layer.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Channels.
Variables (A B : zmodType) (stride : {additive B -> A}) (K : finType) (offset : K -> A) (R : ringType).

(** One channel to one channel. *)
Definition single (w : K -> R) (x : A -> R) (b : B) : R := \sum_k w k * x (stride b + offset k).

Lemma correlation_formula (C D : finType) (w : D -> C -> K -> R) x b d :
  correlation stride offset w x b d = \sum_k \sum_c w d c k * x (stride b + offset k) c.
Proof. by apply: eq_bigr => k _; apply: eq_bigr => c _; rewrite ffunE. Qed.

Theorem channels_are_sums (C D : finType) (w : D -> C -> K -> R) (x : A -> C -> R) b d :
  correlation stride offset w x b d = \sum_c single (w d c) (fun a => x a c) b.
Proof. by rewrite correlation_formula exchange_big. Qed.

Section Groups.
Variables (G C D : finType).

Definition grouped (w : G -> D -> C -> K -> R) (x : A -> G * C -> R) (b : B) (out : G * D) : R :=
  correlation stride offset (w out.1) (fun a c => x a (out.1, c)) b out.2.

Theorem grouped_is_block_diagonal w x b out :
  grouped w x b out =
  correlation stride offset (fun (out : G * D) (input : G * C) k => if out.1 == input.1 then w out.1 out.2 input.2 k else 0)
    x b out.
Proof.
case: out => g d; rewrite /grouped !correlation_formula /=; apply: eq_bigr => k _.
transitivity (\sum_g' \sum_c (if g == g' then w g d c k else 0) * x (stride b + offset k) (g', c)); last first.
  by rewrite pair_bigA; apply: eq_bigr => -[].
rewrite [RHS](bigD1 g) //= -[LHS]addr0; congr (_ + _).
  by apply: eq_bigr => c _; rewrite eqxx.
apply/esym/big1 => g' ne; apply: big1 => c _.
by rewrite [g == g']eq_sym (negPf ne) mul0r.
Qed.

End Groups.

(** One channel a group, [multiplier] outputs of each. *)
Theorem depthwise (G multiplier : finType) (w : G -> multiplier -> unit -> K -> R) x b g (m : multiplier) :
  grouped w x b (g, m) = single (w g m tt) (fun a => x a (g, tt)) b.
Proof. by rewrite /grouped channels_are_sums /= (big_pred1 tt); last by case. Qed.

End Channels.

(** ** Connections *)

Section Connections.
Variables (n k d s outputs : nat).
Hypothesis dilated : (0 < d)%N.
Hypothesis inside : forall j i, (j < outputs)%N -> (i < k)%N -> (s * j + d * i < n)%N.

Definition connected (j : 'I_outputs) (m : 'I_n) : bool := [exists i : 'I_k, m == (s * j + d * i)%N :> nat].

Theorem sparse_connections :
  #|[set c : 'I_outputs * 'I_n | connected c.1 c.2]| = (outputs * k)%N /\ #|{: 'I_outputs * 'I_n}| = (outputs * n)%N.
Proof.
split; last by rewrite card_prod !card_ord.
pose wire (c : 'I_outputs * 'I_k) : 'I_outputs * 'I_n := (c.1, Ordinal (inside (ltn_ord c.1) (ltn_ord c.2))).
have injective_wire : injective wire.
  move=> [j i] [j' i'] [ej /eqP]; rewrite -ej eqn_add2l eqn_pmul2l // => /eqP ei.
  by congr pair; apply/val_inj; rewrite /= -?ej.
rewrite (_ : [set c | _] = wire @: setT); last first.
  apply/setP=> -[j m]; rewrite inE; apply/existsP/imsetP => [[i /eqP e] | [[j' i] _ [-> ->]]]; last by exists i.
  by exists (j, i) => //; congr pair; apply/val_inj.
by rewrite card_imset // cardsT card_prod !card_ord.
Qed.

End Connections.

(** The example of five units: 3 taps on 7 inputs. *)
Theorem five_units :
  #|[set c : 'I_5 * 'I_7 | @connected 7 3 1 1 5 c.1 c.2]| = 15%N /\ #|{: 'I_5 * 'I_7}| = 35%N.
Proof. by apply: sparse_connections => // j i; lia. Qed.
