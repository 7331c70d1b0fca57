#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the scenarios, all or those whose "FILE: TITLE" contains one of the given words. To be run by tests/lab/run, e.g.

    tests/lab/run -e LINTEL=BUILD/lintel -e LABTOOL=BUILD/tests/lab/tool/labtool tests/lab/suite.py [--list] [--share K/N] [WORD...]

With --share every N-th of them, beginning with the K-th: for labs side by side (tests/lab/shards).
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from lablib import report  # noqa: E402
from lablib.lab import Lab  # noqa: E402


def main(words):
    report.load(os.path.join(os.path.dirname(os.path.realpath(__file__)), "scenarios"))
    share, shares = 1, 1
    if "--share" in words:
        at = words.index("--share")
        share, shares = map(int, words[at + 1].split("/"))
        del words[at:at + 2]
    chosen = report.chosen([word for word in words if word != "--list"])[share - 1::shares]
    if "--list" in words:
        for function in chosen:
            print(f"{function.file}: {function.title}")
        return 0
    if not chosen:
        report.die(f"no scenario matches {words}")
    return report.run(chosen, Lab)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
