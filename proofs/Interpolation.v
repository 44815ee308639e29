(** * Interpolation: what moves between the grid points, and what leaves the frame

    Glossary
    - [divisible G]      every element of G has an m-th root for every m > 0: the rotations of the plane by any angle, the
                         real numbers
    - [step x]           one cyclic step on a signal of length n: (step x)(i) = x(i − 1)
    - [half_step x]      linear interpolation half way: i ↦ (x(i) + x(i − 1)) / 2
    - [zero_filled t x]  t steps to the right, zeros come in
    - [filtered m x]     F⁻¹ (m · F x): the transform, its entries multiplied by m, transformed back

    Main results
    - a divisible group acts on a finite set by doing nothing. Images with finitely many pixels and finitely many grey values
      are such a set: so SO(2) does not act on them, with any sampling; nor does it on the pixels alone
    - no half step on signals of even length does one step when done twice, as it has no factor for the Nyquist wave;
      linear interpolation does not on any length but 1
    - multipliers of the spectrum that multiply as the group does make an action: Fourier interpolation, where each
      frequency has a factor with the right product
    - translations with zero fill compose as long as they go in one direction *)

From mathcomp Require Import all_ssreflect all_fingroup cyclic all_algebra zify ring.
From Equivariant Require Import Action Fourier.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Divisible.
Variable G : group.

Fixpoint power (m : nat) (g : G) : G := if m is m'.+1 then mul g (power m' g) else one.

Definition divisible : Prop := forall (m : nat) (g : G), (0 < m)%N -> exists h, power m h = g.

Theorem divisible_group_moves_nothing (P : finType) (rho : left_action G P) : divisible -> forall g p, rho g p = p.
Proof.
move=> roots g p; have [h <-] := roots #|[set: {perm P}]| g (cardG_gt0 _).
pose s := perm (can_inj (act_inv rho h)).
have iterated m q : rho (power m h) q = (s ^+ m)%g q.
  elim: m q => [|m IH] q; first by rewrite act_one expg0 perm1.
  by rewrite act_mul IH expgSr permM permE.
by rewrite iterated expg_cardG ?inE // perm1.
Qed.

(** Images of finitely many pixels and grey values, whatever the sampling. *)
Theorem no_rotation_of_images (P V : finType) (rho : left_action G {ffun P -> V}) : divisible ->
  forall g x, rho g x = x.
Proof. exact: divisible_group_moves_nothing. Qed.

End Divisible.

Section Steps.
Variables (R : numFieldType) (m : nat).
Implicit Type x : 'I_m.+2 -> R.

Definition step (V : Type) (x : 'I_m.+2 -> V) : 'I_m.+2 -> V := fun i => x (i - 1).
Definition half_step x : 'I_m.+2 -> R := fun i => (x i + x (i - 1)) / 2%:R.

Theorem linear_interpolation_is_no_action : exists x, ~ half_step (half_step x) =1 step x.
Proof.
exists (fun i => (i == 0)%:R) => /(_ 0); rewrite /half_step /step eqxx !sub0r oppr_eq0 oner_eq0 addr0 add0r.
by rewrite -mulrDl => /eqP; rewrite !mulf_eq0 invr_eq0 pnatr_eq0 !orbF gt_eqF // ltr_paddr ?ler0n ?ltr01.
Qed.

End Steps.

(** Whatever interpolates: a homogeneous map that does one step when done twice needs c² = −1 on the Nyquist wave. *)
Theorem no_half_step_of_even_length (R : realDomainType) (m : nat) : ~~ odd m ->
  ~ exists H : {ffun 'I_m.+2 -> R} -> {ffun 'I_m.+2 -> R},
    (forall c (x : {ffun _ -> R}), H [ffun i => c * x i] = [ffun i => c * H x i]) /\ (forall x : {ffun _ -> R}, H (H x) = [ffun i => step x i]).
Proof.
move=> even [H [homogeneous twice]]; pose wave : {ffun 'I_m.+2 -> R} := [ffun i : 'I_m.+2 => (-1) ^+ i].
have previous (i : 'I_m.+2) : (-1) ^+ (i - 1)%R = - (-1) ^+ i :> R.
  have -> : - (-1) ^+ i = (-1) ^+ i.+1 :> R by rewrite exprS mulN1r.
  rewrite -signr_odd -[RHS]signr_odd; congr (_ ^+ nat_of_bool _).
  have wrapped k : odd (k %% m.+2) = odd k by rewrite odd_mod //= negbK (negbTE even).
  by rewrite /= wrapped oddD wrapped modn_small // subn1 /= even addbT.
have wave_step : [ffun i => step wave i] = [ffun i => -1 * wave i].
  by apply/ffunP=> i; rewrite !ffunE /step ffunE previous mulN1r.
have eigenvector : [ffun i => step (H wave) i] = [ffun i => -1 * H wave i].
  transitivity (H (H (H wave))); first by rewrite twice.
  by rewrite (twice wave) wave_step homogeneous.
have factor (i : 'I_m.+2) : H wave i = (H wave 0) * wave i.
  rewrite ffunE -(inord_val i); elim: (nat_of_ord i) (ltn_ord i) => [|k IH] lt.
    by rewrite (_ : inord 0 = 0 :> 'I_m.+2) ?expr0 ?mulr1 //; apply/val_inj; rewrite /= inordK.
  have /ffunP/(_ (inord k.+1)) := eigenvector; rewrite !ffunE /step.
  have -> : (inord k.+1 - 1 : 'I_m.+2) = inord k.
    apply/val_inj; rewrite /= !inordK //; last exact: ltnW.
    rewrite [(1 %% _)%N]modn_small // subn1 /= [(m.+1 %% _)%N]modn_small // addSnnS modnDr modn_small //.
    exact: ltnW.
  rewrite (IH (ltnW lt)) => /eqP; rewrite mulN1r -eqr_oppLR => /eqP <-.
  by rewrite !inordK ?(ltnW lt) // exprS mulN1r mulrN.
pose c := H wave 0; have scaled : H wave = [ffun i => c * wave i] by apply/ffunP=> i; rewrite [RHS]ffunE.
have := twice wave; rewrite {1}scaled homogeneous scaled wave_step => /ffunP/(_ 0).
rewrite !ffunE expr0 !mulr1 => square; have := sqr_ge0 c.
by rewrite expr2 square oppr_ge0 ler10.
Qed.

(** ** Multipliers of the spectrum *)

Section Multipliers.
Variables (F : fieldType) (N : nat) (w : F) (G : group) (m : G -> 'I_N -> F).
Hypothesis primitive : N.-primitive_root w.
Hypothesis m_one : forall j, m one j = 1.
Hypothesis m_mul : forall a b j, m (mul a b) j = m a j * m b j.

Definition filtered (g : G) (x : {ffun 'I_N -> F}) : {ffun 'I_N -> F} :=
  [ffun i : 'I_N => N%:R^-1 * dft w^-1 (fun j => m g j * dft w x j) i].

Lemma inverse_primitive : N.-primitive_root w^-1.
Proof.
have N0 := prim_order_gt0 primitive; have w0 : w != 0.
  by apply/eqP=> w0; have /eqP := prim_expr_order primitive; rewrite w0 expr0n gtn_eqF // eq_sym oner_eq0.
have -> : w^-1 = w ^+ N.-1.
  by apply: (mulfI w0); rewrite mulfV // -exprS prednK // (prim_expr_order primitive).
have := exp_prim_root primitive N.-1; rewrite (_ : gcdn N.-1 N = 1%N) ?divn1 //.
by rewrite -{2}(prednK N0) -addn1 gcdnDl gcdn1.
Qed.

Theorem multipliers_act : is_left_action filtered.
Proof.
split=> [x | a b x]; apply/ffunP=> i; rewrite ffunE.
  by rewrite -[RHS](fourier_inversion primitive); congr (_ * _); apply: eq_bigr => j _; rewrite m_one mul1r.
rewrite ffunE; congr (_ * _); apply: eq_bigr => j _; congr (_ * _); rewrite m_mul -mulrA; congr (_ * _).
have := fourier_inversion inverse_primitive (fun j => m b j * dft w x j) j; rewrite invrK => <-.
by rewrite /dft mulr_sumr; apply: eq_bigr => k _; rewrite ffunE /dft mulrA.
Qed.

End Multipliers.

(** ** Zero fill *)

Definition zero_filled (R : zmodType) (t : nat) (x : nat -> R) (i : nat) : R := if (i < t)%N then 0 else x (i - t)%N.

Theorem zero_fill_one_direction (R : zmodType) (s t : nat) (x : nat -> R) i :
  zero_filled s (zero_filled t x) i = zero_filled (s + t) x i.
Proof.
rewrite /zero_filled; have [lt|le] := ltnP i s; first by rewrite ltn_addr.
by rewrite ltn_subLR // subnDA.
Qed.
