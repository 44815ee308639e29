#!/usr/bin/env python3
"""Checks the licence and the source of every crate that this one is built or tested with.

Reads `cargo metadata --locked --offline`, so that it needs no network once the crates are there. An
expression of SPDX licences holds if one side of each OR, and both sides of each AND, are allowed. Every crate
comes from crates.io or from this folder. Advisories are not looked up, as their database is not offline.
"""

import json
import re
import subprocess
import sys

# Licences that ask for no more than their own text.
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib",
}
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def allowed(expression):
    """Whether an expression can be met by allowed licences: OR binds weaker than AND, WITH strongest."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either():
        found = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found = both() or found
        return found

    def both():
        found = single()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            found = single() and found
        return found

    def single():
        name = tokens.pop(0)
        if name == "(":
            found = either()
            if tokens.pop(0) != ")":
                raise ValueError(expression)
            return found
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            name += " WITH " + tokens.pop(0)
        return name in ALLOWED

    try:
        return either() and not tokens
    except (IndexError, ValueError):
        return False


def main():
    # A check that cannot fail checks nothing.
    for expression, expected in [
        ("MIT", True), ("GPL-3.0", False), ("MIT OR GPL-3.0", True), ("MIT AND GPL-3.0", False),
        ("(MIT OR GPL-3.0) AND ISC", True), ("MIT/Apache-2.0", True), ("MIT OR (", False), ("", False),
        ("Apache-2.0 WITH LLVM-exception", True), ("GPL-2.0 WITH Classpath-exception-2.0", False),
    ]:
        assert allowed(expression) == expected, expression
    command = ["cargo", "metadata", "--locked", "--offline", "--all-features", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    faults = []
    for package in packages:
        name, licence, source = f"{package['name']} {package['version']}", package["license"], package["source"]
        if not allowed(licence or ""):
            faults.append(f"{name}: the licence {licence!r} is not in the list of .ci/dependencies.py")
        if source not in (None, CRATES_IO):
            faults.append(f"{name}: comes from {source}, not from crates.io")
    print("\n".join(faults) or f"{len(packages)} crates: licences and sources are as allowed")
    sys.exit(bool(faults))


main()
