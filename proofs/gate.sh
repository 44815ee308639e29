#!/bin/sh
# The gate of the proofs. theorems.txt has one line a theorem: name <tab> file <tab> statement in words.
#   gate.sh check        fail on a hole, on a stale list of theorems, on assumptions other than the committed ones
#   gate.sh assumptions  print `name: what it assumes` for every listed theorem, as Coq tells it
#   gate.sh theorems     print words, formal statement and assumptions of every listed theorem
set -eu
cd "$(dirname "$0")"
mkdir -p build

files() { grep '\.v$' _CoqProject; }

fail() { echo "proofs: $*" >&2; exit 1; }

# The sources with their comments (which nest) blanked out, lines kept, each line opened by its file and number.
code() {
    for file in $(files); do
        perl -0pe 's/(\((?:\*(?:[^(*]|\((?!\*)|\*(?!\))|(?1))*)\*\))/ $1 =~ s|[^\n]||gr /ge' "$file" |
            awk -v file="$file" '{ print file ":" FNR ": " $0 }'
    done
}

# Ask Coq about every listed theorem; the argument is the command put before `Print Assumptions`.
ask() {
    {
        echo 'From mathcomp Require Import all_ssreflect all_fingroup all_algebra.'
        cut -f 2 theorems.txt | sort -u | sed 's/\(.*\)\.v/From Equivariant Require Import \1./'
        while IFS="$(printf '\t')" read -r name file words; do
            module="Equivariant.${file%.v}"
            echo "Goal True. idtac \"@ $name\". Abort."
            [ "$1" = none ] || echo "$1 @$module.$name."
            echo "Print Assumptions $module.$name."
        done < theorems.txt
    } > build/questions.v
    coqc -q -w none -Q . Equivariant build/questions.v > build/answers ||
        fail "Coq does not know a theorem that theorems.txt lists (see above)"
}

assumptions() {
    ask none
    awk '/^@ / { if (name) print name ":" text; name = $2; text = ""; next }
         { gsub(/^ +/, ""); text = text " " $0 }
         END { if (name) print name ":" text }' build/answers
}

check() {
    [ "$(files | LC_ALL=C sort)" = "$(ls *.v | LC_ALL=C sort)" ] || fail "_CoqProject does not list exactly the files *.v"

    code | grep -wE 'Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Unset Guard Checking|bypass_check' &&
        fail "the lines above leave something unproved"

    # `Theorem` marks what is listed, `Lemma` what is not.
    code | sed -nE 's/^([A-Za-z0-9]+\.v):[0-9]+: *Theorem +([A-Za-z0-9_]+).*/\2\t\1/p' | LC_ALL=C sort > build/stated
    cut -f 1,2 theorems.txt | LC_ALL=C sort > build/listed
    diff build/stated build/listed > build/difference || {
        cat build/difference
        fail "theorems stated (<) and theorems listed in theorems.txt (>) differ"
    }
    cut -f 1 theorems.txt | sort | uniq -d | grep . && fail "the names above are listed twice"

    assumptions > build/assumptions
    grep -v ': Closed under the global context$' build/assumptions | cut -d : -f 1 | while read -r name; do
        grep -q "^$name	FloatingPoint\.v	" theorems.txt || fail "$name rests on axioms: only FloatingPoint.v may"
    done
    diff assumptions.golden build/assumptions > build/difference || {
        cat build/difference
        fail "assumptions committed (<) and found (>) differ; after reading why: make golden"
    }
    echo "proofs: $(wc -l < theorems.txt) theorems in $(files | wc -l) files, nothing left unproved"
}

case "${1:-check}" in
    check) check ;;
    assumptions) assumptions ;;
    theorems)
        ask Check
        awk -F '\t' 'NR == FNR { words[$1] = $3 "  [" $2 "]"; next }
            /^@ / { name = substr($0, 3); print "\n── " name "\n   " words[name]; next }
            { print "   " $0 }' theorems.txt build/answers ;;
    *) fail "expected check, assumptions or theorems, found '$1'" ;;
esac
