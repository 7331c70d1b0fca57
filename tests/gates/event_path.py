#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate: functions that the linker is to put side by side (daemon/event-path.ld) are there.

usage: event_path.py ROOT | --self-test
"""

import os
import re
import sys

import tree

SCRIPT = "daemon/event-path.ld"
FILE = re.compile(r"\*([a-z0-9_]+\.c)\.o\(([^)]*)\)")
NAME = re.compile(r"\.text\.([A-Za-z_0-9]+)\*")


def check(root):
    with open(os.path.join(root, SCRIPT), encoding="utf-8") as file:
        script = file.read()
    sources = {}
    for path in tree.walk(root, (".c",)):
        if path.split("/")[0] in tree.FLOORS:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                sources.setdefault(os.path.basename(path), []).append(file.read())
    problems = []
    for match in FILE.finditer(script):
        line = tree.line_of(script, match.start())
        if match[1] not in sources:
            problems.append(f"{SCRIPT}:{line}: there is no {match[1]}")
            continue
        for name in NAME.findall(match[2]):
            defined = re.compile(rf"^[a-z][^;=()]*\b{name}\(", re.MULTILINE)
            if not any(defined.search(text) for text in sources[match[1]]):
                problems.append(f"{SCRIPT}:{line}: {match[1]} has no function {name}")
    if not FILE.search(script):
        problems.append(f"{SCRIPT}: names nothing")
    return problems


CLEAN = {
    SCRIPT: "SECTIONS\n{\n\t.text.event :\n\t{\n\t\t*x.c.o(.text.one* .text.two*)\n\t}\n}\n",
    "lib/x.c": "static int one(void)\n{\n}\n\nstruct s *two(int a)\n{\n\treturn three(a);\n}\n",
}

PLANTED = [
    ("a function is gone", {"lib/x.c": "int two(void)\n{\n\treturn one(1);\n}\n"}, "ld:5: x.c has no function one"),
    ("a function is in another file", {"lib/x.c": "int one(void)\n", "lib/y.c": "int two(void)\n"}, "x.c has no function two"),
    ("a file is gone", {SCRIPT: "*z.c.o(.text.one*)\n"}, "ld:1: there is no z.c"),
    ("nothing is named", {SCRIPT: "SECTIONS\n{\n}\n"}, "names nothing"),
]

if __name__ == "__main__":
    sys.exit(tree.main(check, "daemon/event-path.ld names functions that are no more", CLEAN, PLANTED))
