#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the scenarios, all or those whose "FILE: TITLE" contains one of the given words. To be run by tests/lab/run, e.g.

    tests/lab/run -e LINTEL=BUILD/lintel -e LABTOOL=BUILD/tests/lab/tool/labtool tests/lab/suite.py [--list] [--queue] [WORD...]

With --queue this is one of several labs side by side that were given the same -o directory (tests/lab/shards): each takes the
next scenario that nobody has taken, those that may take longest first, so that all labs are done at about the same time.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from lablib import report  # noqa: E402
from lablib.lab import Lab  # noqa: E402


def queue(scenarios):
    """Yields those that this lab got. A folder's creation says whose a scenario is: it succeeds once."""
    for number, function in enumerate(sorted(scenarios, key=lambda function: -function.timeout)):
        try:
            os.mkdir(os.path.join(os.environ["LAB_OUT"], f"taken.{number}"))
        except FileExistsError:
            continue
        yield function


def main(words):
    report.load(os.path.join(os.path.dirname(os.path.realpath(__file__)), "scenarios"))
    options = {word for word in words if word in ("--list", "--queue")}
    chosen = report.chosen([word for word in words if word not in options])
    if "--list" in options:
        for function in chosen:
            print(f"{function.file}: {function.title}")
        return 0
    if not chosen:
        report.die(f"no scenario matches {words}")
    return report.run(queue(chosen) if "--queue" in options else chosen, Lab)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
