#!/usr/bin/env python3
"""Draws a random sample of faults in one module, and runs the module's own tests against each.

A fault that no test notices is a survivor; the score is the share of faults that are noticed. There are two kinds of faults:

    operators   those of `cargo mutants`: bodies replaced by constants, operators and match arms exchanged or deleted
    words       those of the table WORDS below: maximum for minimum, first for last, one variant for another, numbers off by one

The module is copied, together with the modules that it imports and nothing else, to a folder outside the repository, so that a build
takes seconds. Python 3 without packages; `cargo install cargo-mutants --locked` for the first kind.

    studies/mutation/run.py verify --kind words --sample 40 --seed 1
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
META = set("\\.+*?()|[]{}^$#&-~")

# What is written, and what a tired author might have written instead.
WORDS = [
    (r"\.max\(", ".min("),
    (r"\.min\(", ".max("),
    (r"\bmax_by\b", "min_by"),
    (r"\bmin_by\b", "max_by"),
    (r"\.any\(", ".all("),
    (r"\.all\(", ".any("),
    (r"\.first\(\)", ".last()"),
    (r"\.last\(\)", ".first()"),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"\bcontinue\b", "break"),
    (r"\bbreak\b", "continue"),
    (r"\bleft\b", "right"),
    (r"\bright\b", "left"),
    (r"\binput\b", "output"),
    (r"\boutput\b", "input"),
    (r"\brows\b", "columns"),
    (r"\bcolumns\b", "rows"),
    (r"\bis_none\(\)", "is_some()"),
    (r"\bis_some\(\)", "is_none()"),
    (r"\bis_none_or\(", "is_some_and("),
    (r"\bis_some_and\(", "is_none_or("),
    (r"\.filter\(", ".skip_while("),
    (r"\.chain\(([^()]*)\)", ".chain(\\1).skip(1)"),
    (r"\.iter\(\)", ".iter().skip(1)"),
    (r"\.abs\(\)", ""),
    (r"\.rev\(\)", ""),
    (r"\?;", ".ok();"),
    (r"\.\.=", ".."),
    (r"(?<![\w.])(\d+)(?![\w.])", "(\\1 + 1)"),
    (r"(?<![\w.])(\d+\.\d+)(?![\w.])", "(\\1 + 1.0)"),
    (r"\bOutcome::Confirms\b", "Outcome::Silent"),
    (r"\bOutcome::Silent\b", "Outcome::Confirms"),
    (r"\bOutcome::Refutes\b", "Outcome::Silent"),
    (r"\bVerdict::Holds\b", "Verdict::Undecided"),
    (r"\bVerdict::Undecided\b", "Verdict::Holds"),
    (r"\bVerdict::Fails\b", "Verdict::Undecided"),
    (r"\bNone\b(?= *=> )", "_"),
    (r"\+ 1\b", ""),
    (r"- 1\b", ""),
]


def modules():
    """The modules of the crate, as its root names them."""
    return re.findall(r"^pub mod (\w+);", (ROOT / "src/lib.rs").read_text(), re.M)


def sources(folder, module):
    """The files of a module."""
    single = folder / "src" / f"{module}.rs"
    return sorted((folder / "src" / module).rglob("*.rs")) + ([single] if single.exists() else [])


def needed(module):
    """The module and all that it imports, directly or not."""
    known, found, left = set(modules()), set(), [module]
    while left:
        module = left.pop()
        if module in found:
            continue
        found.add(module)
        text = "".join(path.read_text() for path in sources(ROOT, module))
        left += [name for name in re.findall(r"\bcrate::(\w+)", text) if name in known]
        # `use crate::{conv, group::…}`
        for group in re.findall(r"\bcrate::\{([^;]*)\};", text):
            left += [name for name in re.findall(r"\b(\w+)\b", group) if name in known]
    return found


def copy(module, target):
    """A crate of the module and what it imports, in an empty or earlier folder."""
    kept = needed(module)
    shutil.rmtree(target / "src", ignore_errors=True)
    for name in kept:
        for path in sources(ROOT, name):
            to = target / path.relative_to(ROOT)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
    root = (ROOT / "src/lib.rs").read_text()
    # Modules that are left out, with the attributes and comments before them, and the README's examples.
    root = re.sub(
        r"^((?:#\[.*\]|///.*)\n)*pub mod (\w+);\n",
        lambda found: found.group(0) if found.group(2) in kept else "",
        root,
        flags=re.M,
    )
    root = re.sub(r"^///.*\n#\[cfg\(doctest\)\](?:.*\n)*?struct Readme;\n", "", root, flags=re.M)
    (target / "src/lib.rs").write_text(root)
    manifest = (ROOT / "Cargo.toml").read_text()
    manifest = re.sub(r"^\[\[(bin|bench|example|test)\]\]\n(?:(?!\[).*\n)*", "", manifest, flags=re.M)
    manifest = re.sub(r"^default-run.*\n", "", manifest, flags=re.M)
    (target / "Cargo.toml").write_text(manifest + "\n[workspace]\n")
    shutil.copyfile(ROOT / "Cargo.lock", target / "Cargo.lock")
    (target / ".cargo").mkdir(exist_ok=True)
    shutil.copyfile(ROOT / ".cargo/mutants.toml", target / ".cargo/mutants.toml")
    return kept


def is_excluded(path):
    """Whether tests judge here, as in `.cargo/mutants.toml`."""
    return path.name in ("tests.rs", "laws.rs", "misuse.rs") or "tests" in path.parts


def code(text):
    """The text with comments, strings, derives and tests blanked, place for place."""
    cut = text.find("#[cfg(test)]\nmod tests {")
    if cut >= 0:
        text = text[:cut] + re.sub(r"[^\n]", " ", text[cut:])
    blank = lambda found: re.sub(r"[^\n]", " ", found.group(0))
    return re.sub(r'//[^\n]*|"(?:\\.|[^"\\])*"|#\[[^\]]*\]|\'(?:\\.|[^\'\\])\'|^(?:pub )?use [^;]*;', blank, text, flags=re.M)


def word_faults(folder, module, pattern):
    """Every fault of the table: (file, place, what was, what will be)."""
    faults = []
    for path in sources(folder, module):
        if is_excluded(path.relative_to(folder)) or not pattern.search(str(path.relative_to(folder))):
            continue
        text = code(path.read_text())
        for was, will in WORDS:
            for found in re.finditer(was, text):
                faults.append((path, found.start(), found.group(0), found.expand(will)))
    faults.sort(key=lambda fault: (str(fault[0]), fault[1], fault[3]))
    return faults


def cargo(arguments, folder, seconds=None):
    """Runs cargo in a folder; its code, or None if it took too long, and what it said."""
    environment = dict(os.environ, RUST_BACKTRACE="0", CARGO_TERM_COLOR="never")
    process = subprocess.Popen(
        ["cargo", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(timeout=seconds)
        return process.returncode, told
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None, ""


def run_words(options, folder, pattern):
    """Runs the tests against a sample of word faults."""
    test = ["test", "--lib", *options.cargo, "--", f"{options.module}::"]
    begin = time.monotonic()
    result, told = cargo(test, folder)
    if result != 0:
        sys.exit(f"the tests fail without any fault:\n{told[-3000:]}")
    cargo(["test", "--lib", "--no-run", *options.cargo], folder)
    begin = time.monotonic()
    cargo(test, folder)
    limit = 20 + 5 * (time.monotonic() - begin)
    faults = word_faults(folder, options.module, pattern)
    drawn = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
    print(f"{len(faults)} word faults, {len(drawn)} drawn with seed {options.seed}; {limit:.0f} s for the tests of each")
    outcomes = []
    for path, place, was, will in drawn:
        text = path.read_text()
        line = text.count("\n", 0, place) + 1
        name = f"{path.relative_to(folder)}:{line}:{place - text.rfind(chr(10), 0, place)}: {was} -> {will or 'nothing'}"
        path.write_text(text[:place] + will + text[place + len(was) :])
        try:
            built, _ = cargo(["test", "--lib", "--no-run", *options.cargo], folder)
            if built != 0:
                outcome = "does not build"
            else:
                result, _ = cargo(test, folder, limit)
                outcome = "too slow" if result is None else "survived" if result == 0 else "caught"
        finally:
            path.write_text(text)
        outcomes.append((outcome, name))
        print(f"  {outcome:>14}  {name}", flush=True)
    return outcomes


def run_operators(options, folder, pattern):
    """Runs the tests against a sample of the faults that `cargo mutants` knows."""
    files = ["-f", f"src/{options.module}/**/*.rs", "-f", f"src/{options.module}.rs"]
    listed = subprocess.run(
        ["cargo", "mutants", "--list", "--json", *files], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    faults = sorted({fault["name"] for fault in json.loads(listed.stdout) if pattern.search(fault["file"])})
    drawn = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
    print(f"{len(faults)} operator faults, {len(drawn)} drawn with seed {options.seed}", flush=True)
    escaped = ["".join("\\" + letter if letter in META else letter for letter in name) for name in drawn]
    command = ["mutants", "--in-place", "--no-shuffle", "--colors=never", "--caught", "--unviable", "-C=--lib", *files]
    command += [f"-C={argument}" for argument in options.cargo]
    command += ["-F", f"^(?:{'|'.join(escaped)})$", "--", f"{options.module}::"]
    result = subprocess.run(["cargo", *command], cwd=folder)
    # 0: all were caught, 2: some survived, 3: some were too slow.
    if result.returncode not in (0, 2, 3):
        sys.exit(f"cargo mutants ended with {result.returncode}")
    told = json.loads((folder / "mutants.out/outcomes.json").read_text())["outcomes"]
    words = {"CaughtMutant": "caught", "MissedMutant": "survived", "Unviable": "does not build", "Timeout": "too slow"}
    return [
        (words[outcome["summary"]], outcome["scenario"]["Mutant"]["name"])
        for outcome in told
        if outcome["scenario"] != "Baseline"
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", choices=modules(), help="the module that is judged")
    parser.add_argument("--kind", choices=["operators", "words"], default="operators", help="which faults")
    parser.add_argument("--sample", type=int, default=30, help="how many faults to draw (30)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (0)")
    parser.add_argument("--files", default="", help="only files whose path has this regular expression")
    parser.add_argument("--folder", type=pathlib.Path, help="where to copy to; kept, so that the next run builds less")
    parser.add_argument("--json", type=pathlib.Path, help="write the outcomes here")
    parser.add_argument("--cargo", action="append", default=[], help="one more argument for cargo, such as --offline")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or pathlib.Path(temporary)).resolve()
        if ROOT == folder or ROOT in folder.parents:
            sys.exit("the copy must lie outside the repository")
        folder.mkdir(parents=True, exist_ok=True)
        kept = copy(options.module, folder)
        print(f"{options.module} with {', '.join(sorted(kept - {options.module})) or 'nothing else'}", flush=True)
        run = run_operators if options.kind == "operators" else run_words
        outcomes = run(options, folder, re.compile(options.files))
    count = lambda kind: sum(outcome == kind for outcome, _ in outcomes)
    noticed, survived = count("caught") + count("too slow"), count("survived")
    for outcome, name in sorted(outcomes):
        if outcome == "survived":
            print(f"survived: {name}")
    judged = noticed + survived
    share = f"{100 * noticed / judged:.1f} %" if judged else "nothing to judge"
    print(f"{noticed} of {judged} noticed: {share}; {count('does not build')} did not build")
    if options.json:
        record = {"module": options.module, "kind": options.kind, "seed": options.seed, "outcomes": outcomes}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


main()
