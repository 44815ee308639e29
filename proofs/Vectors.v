(** * Vectors: the definitions of Executable.v, evaluated

    `make -C proofs vectors` evaluates the strings below inside Coq and writes them to vectors/*.txt, one case a line, in
    JSON. The Rust definitions must reproduce every result. Entries are integers from −9 to 9, drawn by a linear
    congruential generator, so the files are the same on every machine. *)

From Coq Require Import NArith Ascii String.
From mathcomp Require Import all_ssreflect all_algebra.
From Equivariant Require Import Padding Executable.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(** ** Random lists *)

Delimit Scope N_scope with binary.

(** The multiplier and the increment of Knuth's MMIX generator, modulo 2⁶⁴; the high bits are used. *)
Definition next (state : N) : N :=
  ((state * 6364136223846793005 + 1442695040888963407) mod 18446744073709551616)%binary.

Fixpoint draws (count : nat) (state : N) : seq int :=
  if count is count'.+1 then
    let state' := next state in ((N.to_nat (state' / 8589934592 mod 19)%binary)%:Z - 9)%R :: draws count' state'
  else [::].

Definition numbers (seed count : nat) : seq int := draws count (next (N.of_nat seed)).

(** The numbers cut into rows, images, banks. *)
Definition cut T (count size : nat) (l : seq T) : seq (seq T) :=
  [seq take size (drop (i * size) l) | i <- iota 0 count].

Definition random_image (seed rows columns : nat) : image := cut rows columns (numbers seed (rows * columns)).
Definition random_images (seed channels rows columns : nat) : seq image :=
  cut channels rows (cut (channels * rows) columns (numbers seed (channels * rows * columns))).
Definition random_bank (seed outputs inputs rows columns : nat) : seq (seq image) :=
  cut outputs inputs (random_images seed (outputs * inputs) rows columns).

(** ** JSON *)

Local Open Scope string_scope.

Fixpoint digits (fuel n : nat) (rest : string) : string :=
  if fuel is fuel'.+1 then
    let text := String (ascii_of_nat (48 + n %% 10)) rest in if n < 10 then text else digits fuel' (n %/ 10) text
  else rest.

Definition show_nat (n : nat) : string := digits n.+1 n "".
Definition show_int (z : int) : string := match z with Posz n => show_nat n | Negz n => "-" ++ show_nat n.+1 end.

Definition show_list T (show : T -> string) (l : seq T) : string := "[" ++ String.concat "," [seq show x | x <- l] ++ "]".
Definition show_row : seq int -> string := show_list show_int.
Definition show_image : image -> string := show_list show_row.
Definition show_images : seq image -> string := show_list show_image.
Definition show_bank : seq (seq image) -> string := show_list show_images.
Definition show_pair (p : nat * nat) : string := show_list show_nat [:: p.1; p.2].

Definition quote (text : string) : string := String (ascii_of_nat 34) (text ++ String (ascii_of_nat 34) "").

Definition show_boundary (b : boundary) : string :=
  quote match b with Zero => "zero" | Reflect => "reflect" | Replicate => "replicate" | Periodic => "periodic" end.

Definition show_object (fields : seq (string * string)) : string :=
  "{" ++ String.concat "," [seq quote field.1 ++ ":" ++ field.2 | field <- fields] ++ "}".

Definition line_end : string := String (ascii_of_nat 10) "".
Definition show_lines (lines : seq string) : string := String.concat line_end lines.

Definition boundaries : seq boundary := [:: Zero; Reflect; Replicate; Periodic].

(** ** The cases *)

(** Lengths of kernel and signal. *)
Definition convolve_vectors : string := show_lines
  [seq let x := numbers (100 * lengths.1 + lengths.2) lengths.1 in
       let y := numbers (100 * lengths.2 + lengths.1 + 7) lengths.2 in
       show_object [:: ("operation", quote "convolve"); ("kernel", show_row x); ("signal", show_row y);
                       ("result", show_row (convolve x y))]
  | lengths <- [seq (k, l) | k <- [:: 1; 2; 3; 4; 7], l <- [:: 1; 2; 5; 8; 13]]].

(** Every boundary, with stride, dilation, padding and lengths that take turns; reflecting padding stays shorter than
    the signal. *)
Definition correlate_case (b : boundary) (case : nat) : string :=
  let taps := (case %% 4).+1 in
  let length := 7 + case %% 5 in
  let stride := (case %% 3).+1 in
  let dilation := (case %/ 3 %% 2).+1 in
  let before := case %/ 2 %% 5 in
  let after := case %/ 5 %% 4 in
  let w := numbers (1000 + case) taps in
  let x := numbers (2000 + case) length in
  show_object [:: ("operation", quote "correlate"); ("kernel", show_row w); ("signal", show_row x);
                  ("stride", show_nat stride); ("dilation", show_nat dilation);
                  ("padding", show_pair (before, after)); ("boundary", show_boundary b);
                  ("result", show_row (correlate b stride dilation before after w x))].

Definition correlate_vectors : string := show_lines
  [seq correlate_case case.1 case.2 | case <- [seq (b, i) | b <- boundaries, i <- iota 0 30]].

Definition correlate_images_case (b : boundary) (case : nat) : string :=
  let kernel := ((case %% 3).+1, (case %/ 2 %% 3).+1) in
  let extent := (5 + case %% 3, 6 + case %/ 3 %% 3) in
  let stride := ((case %/ 2 %% 2).+1, (case %% 3).+1) in
  let dilation := ((case %/ 4 %% 2).+1, (case %/ 3 %% 2).+1) in
  let before := (case %% 3, case %/ 3 %% 4) in
  let after := (case %/ 2 %% 4, case %/ 5 %% 3) in
  let outputs := (case %% 2).+1 in
  let inputs := (case %/ 3 %% 3).+1 in
  let w := random_bank (3000 + case) outputs inputs kernel.1 kernel.2 in
  let x := random_images (4000 + case) inputs extent.1 extent.2 in
  show_object [:: ("operation", quote "correlate_images"); ("kernel", show_bank w); ("signal", show_images x);
                  ("stride", show_pair stride); ("dilation", show_pair dilation);
                  ("padding", show_list show_pair [:: (before.1, after.1); (before.2, after.2)]);
                  ("boundary", show_boundary b);
                  ("result", show_images (correlate_images b stride dilation before after w x))].

Definition correlate_images_vectors : string := show_lines
  [seq correlate_images_case case.1 case.2 | case <- [seq (b, i) | b <- boundaries, i <- iota 0 12]].

Definition pool_case (name : string) (pool : nat * nat -> nat * nat -> image -> image) (case : nat) : string :=
  let window := ((case %% 3).+1, (case %/ 2 %% 3).+1) in
  let stride := ((case %/ 3 %% 3).+1, (case %% 2).+1) in
  let x := random_image (4500 + case) (3 + case %% 5) (4 + case %/ 2 %% 4) in
  show_object [:: ("operation", quote name); ("window", show_pair window); ("stride", show_pair stride);
                  ("signal", show_image x); ("result", show_image (pool window stride x))].

Definition pool_vectors : string := show_lines
  ([seq pool_case "maximum_pool" maximum_pool i | i <- iota 0 16] ++
   [seq pool_case "sum_pool" sum_pool i | i <- iota 0 16])%SEQ.

(** Kernels are (output, input[, orientation], row, column); filters are (4·output + orientation,
    input or 4·input + orientation, row, column). *)
Definition lifting_bank_case (case : nat) : string :=
  let side := (case %% 4).+1 in
  let w := random_bank (4600 + case) (case %% 2).+1 (case %/ 2 %% 2).+1 side side in
  show_object [:: ("operation", quote "lifting_bank"); ("kernel", show_bank w); ("result", show_bank (lifting_bank w))].

Definition group_bank_case (case : nat) : string :=
  let side := (case %% 4).+1 in
  let outputs := (case %% 2).+1 in
  let inputs := (case %/ 2 %% 2).+1 in
  let w := cut outputs inputs (random_bank (4700 + case) (outputs * inputs) 4 side side) in
  show_object [:: ("operation", quote "group_bank"); ("kernel", show_list show_bank w);
                  ("result", show_bank (group_bank w))].

Definition bank_vectors : string := show_lines
  ([seq lifting_bank_case i | i <- iota 0 8] ++ [seq group_bank_case i | i <- iota 0 8])%SEQ.
