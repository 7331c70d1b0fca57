#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate: C files look as clang-format leaves them. With --fix it makes them so.

Versions of clang-format differ in what they do with the same settings; the tree follows the one of
Debian 12. Where another or none is found the gate says so and is skipped, never passed.

usage: format.py --clang-format PROGRAM ROOT [--fix] | --clang-format PROGRAM --self-test
"""

import argparse
import os
import re
import subprocess
import sys

import tree

VERSION = "14"
SKIPPED = 77


def version_of(program):
    if not program:
        return None
    try:
        out = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"version (\d+)\.", out)
    return found[1] if found else None


def check(root, program, fix=False):
    problems = []
    paths = [os.path.join(root, path) for path in tree.walk(root, (".c", ".h"))]
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    for at in range(0, len(paths), 50):
        done = subprocess.run([program, "--style=file", *mode, *paths[at:at + 50]], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        wrong = re.findall(r"^(.*?):(\d+):\d+: error:", done.stdout, re.MULTILINE)
        first = {}
        for path, line in wrong:
            first.setdefault(os.path.relpath(path, root), line)
        problems += [f"{path}:{line}: not as clang-format leaves it"
                     for path, line in first.items()]
        if done.returncode and not wrong:
            problems.append(f"{program} failed: {done.stdout.strip()}")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clang-format", default="clang-format")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("root", nargs="?")
    args = parser.parse_args()
    version = version_of(args.clang_format)
    if version != VERSION:
        print(f"SKIPPED: needs clang-format {VERSION} (Debian 12: apt install clang-format); "
              f"found {'version ' + version if version else 'none'}")
        return SKIPPED
    if args.self_test:
        here = os.path.dirname(os.path.abspath(__file__))
        clean = {".clang-format": tree.read(os.path.join(here, "../.."), ".clang-format"),
                 "lib/a.c": "int f(void)\n{\n\treturn 1;\n}\n"}
        planted = [
            ("blanks for tabs", {"lib/x.c": "int f(void)\n{\n  return 1;\n}\n"}, "lib/x.c:2"),
            ("a brace out of place", {"lib/x.h": "int f(void) {\n\treturn 1;\n}\n"}, "lib/x.h:1"),
        ]
        return tree.self_test(lambda root: check(root, args.clang_format), clean, planted)
    if not args.root:
        parser.error("no ROOT")
    return tree.report(check(args.root, args.clang_format, args.fix),
                       "run `meson compile -C build format`")


if __name__ == "__main__":
    sys.exit(main())
