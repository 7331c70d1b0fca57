#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate: each header compiles alone, and twice, without a warning.

usage: headers.py --cc CC ROOT | --cc CC --self-test
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys

import tree

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-DLINTEL_VERSION=\"0\"", "-Wall", "-Wextra", "-Werror",
         "-Wno-unused-parameter", "-Wstrict-prototypes",
         "-Wswitch-enum", "-fsyntax-only", "-x", "c", "-"]


def compile_alone(cc, root, header):
    """What the compiler says first, or None."""
    source = f'#include "{header}"\n#include "{header}"\ntypedef int not_empty;\n'
    done = subprocess.run([*cc, "-I", root, *FLAGS], input=source, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stdout.splitlines() if "error" in line]
    return f"{header}: does not compile alone: {(errors or ['?'])[0].strip()}"


def check(root, cc):
    headers = [path for path in tree.walk(root, (".h",))
               if path.split("/")[0] in tree.FLOORS or path.startswith("tests/")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda header: compile_alone(cc, root, header), headers)
        return [problem for problem in results if problem]


GUARDED = "#ifndef {0}\n#define {0}\n{1}\n#endif\n"
CLEAN = {
    "lib/a.h": GUARDED.format("A", "#include <stdint.h>\nstruct a { uint8_t b; };"),
    "model/b.h": GUARDED.format("B", '#include "lib/a.h"\nstruct b { struct a a; };'),
}
PLANTED = [
    ("a type from nowhere", {"lib/x.h": GUARDED.format("X", "struct x { uint8_t b; };")},
     "lib/x.h: does not"),
    ("an include that is missing", {"lib/x.h": GUARDED.format("X", '#include "lib/none.h"')},
     "lib/none.h"),
    ("no guard", {"lib/x.h": "struct x { int a; };\n"}, "redefinition"),
    ("an old-style prototype", {"lib/x.h": GUARDED.format("X", "int f();")}, "prototype"),
    ("a test's header", {"tests/x.h": GUARDED.format("X", "extern size_t x;")}, "tests/x.h"),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("root", nargs="?")
    args = parser.parse_args()
    cc = args.cc.split()
    if args.self_test:
        return tree.self_test(lambda root: check(root, cc), CLEAN, PLANTED)
    if not args.root:
        parser.error("no ROOT")
    return tree.report(check(args.root, cc), "every header includes what it needs")


if __name__ == "__main__":
    sys.exit(main())
