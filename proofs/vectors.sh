#!/bin/sh
# Evaluate the definitions of Executable.v inside Coq, and write what Vectors.v shows of them to vectors/.
set -eu
cd "$(dirname "$0")"
mkdir -p build vectors

for operation in convolve correlate correlate_images pool bank; do
    cat > build/evaluate.v <<END
From Coq Require Import String.
From Equivariant Require Import Vectors.
Local Open Scope string_scope.
Eval vm_compute in ${operation}_vectors.
END
    # Coq prints `= "…" : string`, every quotation mark inside doubled.
    coqc -q -w none -Q . Equivariant build/evaluate.v |
        sed -e '/^ *: string$/d' -e '1s/^ *= "//' -e 's/""/"/g' |
        sed -e '$s/"$//' > "build/$operation.txt"
    mv "build/$operation.txt" "vectors/$operation.txt"
    echo "proofs: $(wc -l < "vectors/$operation.txt") cases of $operation"
done
