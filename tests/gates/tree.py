# SPDX-License-Identifier: GPL-2.0-or-later
"""What the gates have in common: finding the sources, reading C without its comments, reporting,
and trees with planted violations that show that a gate goes red."""

import os
import re
import sys
import tempfile

# Folders of the program, by floor (see floors.py).
FLOORS = {
    "lib": 0,
    "model": 1,
    "vrrp": 2, "ipvs": 2, "nft": 2, "conntrack": 2, "health": 2, "news": 2, "peer": 2, "k8s": 2, "files": 2,
    "import": 2,
    "daemon": 3,
}
# These stand beside the house: their programs may look in at every window.
BESIDE = ("tests", "docs", "packaging", "manifests")


def walk(root, suffixes):
    """Paths, relative to root and with '/', of the files with one of these suffixes."""
    found = []
    for folder, folders, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        # Build directories, hidden ones, and what Python leaves about are not ours to judge.
        folders[:] = sorted(
            f for f in folders
            if not f.startswith(".") and f != "__pycache__"
            and not (inside == "." and f.startswith("build"))
            and not os.path.exists(os.path.join(folder, f, "build.ninja")))
        for name in sorted(names):
            if name.endswith(suffixes):
                found.append(os.path.normpath(os.path.join(inside, name)))
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


_TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return _TOKEN.sub(lambda m: _blank(m[0]) if m[0][0] == "/" else m[0], text)


def code_only(text):
    """Neither comments nor what is between quotes; lines and columns stay."""
    return _TOKEN.sub(
        lambda m: _blank(m[0]) if m[0][0] == "/" else m[0][0] + _blank(m[0][1:-1]) + m[0][-1],
        text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def report(problems, what):
    """Prints the problems; returns the exit status."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} violation(s): {what}")
    return 1 if problems else 0


def self_test(check, clean, planted):
    """Runs check(root) over a clean tree and over one tree for each planted violation.

    clean: {path: text}. planted: [(what it is, {path: text} laid over the clean tree, a part of
    the expected problem)]. Returns the exit status.
    """
    failures = 0

    def problems_of(files):
        with tempfile.TemporaryDirectory(prefix="lintel-gate-") as root:
            for path, text in files.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as f:
                    f.write(text)
            return check(root)

    problems = problems_of(clean)
    if problems:
        failures += 1
        print("not ok: a clean tree is red:", *problems, sep="\n  ")
    for what, files, expected in planted:
        problems = problems_of({**clean, **files})
        # One violation, one problem: a gate that reports everything would prove nothing.
        if len(problems) == 1 and expected in problems[0]:
            print(f"ok: {what}: {problems[0]}")
        else:
            failures += 1
            print(f"not ok: {what}: expected one problem with {expected!r}, got:", *problems,
                  sep="\n  ")
    print(f"{len(planted) + 1 - failures} of {len(planted) + 1} as expected")
    return 1 if failures or not planted else 0


def main(check, what, clean, planted):
    """The command line of a gate: ROOT, or --self-test."""
    if sys.argv[1:] == ["--self-test"]:
        return self_test(check, clean, planted)
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} ROOT | --self-test", file=sys.stderr)
        return 2
    return report(check(sys.argv[1]), what)
