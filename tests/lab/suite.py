#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the scenarios, all or those whose "FILE: TITLE" contains one of the given words. To be run by tests/lab/run, e.g.

    tests/lab/run -e LINTEL=BUILD/lintel -e LABTOOL=BUILD/tests/lab/tool/labtool tests/lab/suite.py [--list] [WORD...]
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from lablib import report  # noqa: E402
from lablib.lab import Lab  # noqa: E402


def main(words):
    report.load(os.path.join(os.path.dirname(os.path.realpath(__file__)), "scenarios"))
    chosen = report.chosen([word for word in words if word != "--list"])
    if "--list" in words:
        for function in chosen:
            print(f"{function.file}: {function.title}")
        return 0
    if not chosen:
        report.die(f"no scenario matches {words}")
    return report.run(chosen, Lab)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
