#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate: what the formatter can't see.

- The licence stands on top of every source file.
- A file of more than 500 lines or a function of more than 80 gives its reason in the file's head
  comment: a sentence that begins with "Reason:" (and names the function).
- The guard of a header of the house is its path.
- Nothing is left for later in comments; no blanks at ends of lines, a newline at the end.

usage: style.py ROOT | --self-test
"""

import os
import re
import sys

import tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 80

# Put together here, so that this file does not contain them.
LATER = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]))
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"

C_SUFFIXES = (".c", ".h")
TEXT_SUFFIXES = (".c", ".h", ".py", ".sh", ".build", ".yaml", ".yml", ".md", ".service")


def head_comment(text):
    """All comments before the first line that is none."""
    found = re.match(r"(?:\s*/\*.*?\*/|\s*//[^\n]*)*", text, re.DOTALL)
    return found[0]


def functions(text):
    """(name, first line, number of lines) of the functions; bodies stand at column 0."""
    code = tree.code_only(text).split("\n")
    start = None
    for number, line in enumerate(code, 1):
        if line == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            signature = " ".join(code[max(0, start - 6):start - 1])
            signature = re.split(r"[;}]", signature)[-1]
            name = re.search(r"(\w+)\s*\(", signature)
            name = name[1] if name else "?"
            if name in ("START_TEST", "END_TEST"):
                name = re.search(r"START_TEST\s*\(\s*(\w+)", signature)[1]
            yield name, start, number - start + 1
            start = None


def guard_of(path):
    return "LINTEL_" + re.sub(r"\W", "_", path).upper()


def check_c(path, text):
    head = head_comment(text)
    count = text.count("\n")
    if count > FILE_LINES_MAX and "Reason:" not in head:
        yield f"{path}: {count} lines, and no \"Reason:\" in its head comment"
    for name, line, length in functions(text):
        if length > FUNCTION_LINES_MAX and not ("Reason:" in head and name in head):
            yield (f"{path}:{line}: {name}() has {length} lines, and the head comment has no "
                   f"\"Reason:\" that names it")
    if path.endswith(".h") and path.split("/")[0] in tree.FLOORS:
        guard = guard_of(path)
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            yield f"{path}: its guard must be {guard}"


def is_script(root, path):
    with open(os.path.join(root, path), "rb") as f:
        return f.read(2) == b"#!"


def check(root):
    problems = []
    for path in tree.walk(root, ("",)):
        source = path.endswith((".c", ".h", ".py", ".sh")) or (
            "." not in os.path.basename(path) and is_script(root, path))
        if not source and not path.endswith(TEXT_SUFFIXES):
            continue
        text = tree.read(root, path)
        lines = text.split("\n")
        if source and text and not any(SPDX in line for line in lines[:2]):
            problems.append(f"{path}: no licence on top ({SPDX})")
        if path.endswith(C_SUFFIXES):
            problems.extend(check_c(path, text))
        if text and not text.endswith("\n"):
            problems.append(f"{path}:{len(lines)}: no newline at the end")
        for number, line in enumerate(lines, 1):
            later = LATER.search(line)
            if later:
                problems.append(f"{path}:{number}: {later[1]}: do it or drop it")
            if line != line.rstrip() and not path.endswith(".md"):
                problems.append(f"{path}:{number}: blanks at the end of the line")
    return problems


TOP = f"/* {SPDX} */\n"
SHORT = "int f(void)\n{\n" + "\tx();\n" * (FUNCTION_LINES_MAX - 2) + "}\n"
LONG = "int long_one(int a,\n             int b)\n{\n" + "\tx();\n" * FUNCTION_LINES_MAX + "}\n"
LONG_TEST = LONG.replace("int long_one(int a,\n             int b)", "START_TEST(long_one)")
CLEAN = {
    "lib/a.c": TOP + SHORT * 2,
    "lib/a.h": TOP + "#ifndef LINTEL_LIB_A_H\n#define LINTEL_LIB_A_H\n#endif\n",
    "lib/table.c": TOP + "/* Reason: one table. */\n" + "int x;\n" * FILE_LINES_MAX,
    "lib/long.c": TOP + "/* All.\n *\n * Reason: long_one is one switch. */\n" + LONG,
    "tests/x.py": f"#!/usr/bin/env python3\n# {SPDX}\n",
    "tests/run": f"#!/bin/sh\n# {SPDX}\n",
    "docs/a.md": "two blanks break a line  \n",
    "tests/empty.py": "",
    "build/lib/bad.c": "bad \n",
}
PLANTED = [
    ("no licence in C", {"lib/x.c": "int a;\n"}, "lib/x.c: no licence"),
    ("another licence", {"lib/x.c": "/* SPDX-License-Identifier: MIT */\n"}, "no licence"),
    ("the licence too far down", {"lib/x.c": "\n\n" + TOP}, "no licence"),
    ("no licence in Python", {"tests/y.py": "import os\n"}, "no licence"),
    ("no licence in a script", {"tests/tool": "#!/bin/sh\n"}, "no licence"),
    ("a long file", {"lib/x.c": TOP + "int x;\n" * FILE_LINES_MAX}, "501 lines"),
    ("a long file with its reason at the end",
     {"lib/x.c": TOP + "int x;\n" * FILE_LINES_MAX + "/* Reason: none */\n"}, "502 lines"),
    ("a long function", {"lib/x.c": TOP + SHORT + LONG}, "long_one() has 82 lines"),
    ("a long test", {"tests/lib/test_x.c": TOP + SHORT + LONG_TEST}, "long_one() has 82 lines"),
    ("a reason for another function",
     {"lib/x.c": TOP + "/* Reason: other_one is a table. */\n" + LONG}, "long_one() has"),
    ("no guard", {"lib/x.h": TOP}, "LINTEL_LIB_X_H"),
    ("another file's guard", {"lib/x.h": TOP + "#ifndef LINTEL_LIB_A_H\n#define LINTEL_LIB_A_H\n"},
     "LINTEL_LIB_X_H"),
    ("left for later", {"lib/x.c": TOP + "/* TO" + "DO: more */\n"}, "lib/x.c:2:"),
    ("left for later in a manual", {"docs/x.md": "FIX" + "ME\n"}, "docs/x.md:1:"),
    ("blanks at the end", {"lib/x.c": TOP + "int a; \n"}, "lib/x.c:2: blanks"),
    ("no newline at the end", {"lib/x.c": TOP + "int a;"}, "no newline"),
]

if __name__ == "__main__":
    sys.exit(tree.main(check, "see the top of this gate for the rules", CLEAN, PLANTED))
