#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs clang-tidy over the sources of the house that are built (.clang-tidy says what for).

Minutes of work, so no test: `meson compile -C build tidy`.

usage: tidy.py ROOT BUILD [PATH...]    (paths from ROOT; none: all)
"""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

import tree


def sources(root, build, wanted):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        commands = json.load(f)
    found = set()
    for command in commands:
        path = os.path.realpath(os.path.join(command["directory"], command["file"]))
        inside = os.path.relpath(path, os.path.realpath(root))
        if inside.split("/")[0] in tree.FLOORS and (not wanted or inside in wanted):
            found.add(path)
    return sorted(found)


def run(tidy, root, build, path):
    # The commands are the build's own compiler's: clang need not know all of its warnings.
    done = subprocess.run([tidy, "--quiet", "-p", build, "--extra-arg=-Wno-unknown-warning-option",
                           path], cwd=root, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    said = done.stdout.strip() or (done.stderr.strip() if done.returncode else "")
    return path, done.returncode, said


def main():
    if len(sys.argv) < 3:
        print(f"usage: {sys.argv[0]} ROOT BUILD [PATH...]", file=sys.stderr)
        return 2
    root, build, wanted = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
    tidy = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not tidy:
        print("clang-tidy not found (Debian: apt install clang-tidy)", file=sys.stderr)
        return 1
    failed = 0
    paths = sources(root, build, wanted)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, status, said in pool.map(lambda p: run(tidy, root, build, p), paths):
            if said:
                print(said, flush=True)
            failed += status != 0
    print(f"{len(paths)} files, {failed} with findings")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
