#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The report of scenarios, tried without a lab: what is counted, what is tried again, and what two labs with one queue do. Prints TAP."""
import contextlib
import io
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import suite  # noqa: E402
from lablib import report  # noqa: E402
from tap import main, test  # noqa: E402


class NoLab:
    """What report.run() needs of a lab; `lives` resets succeed."""

    def __init__(self, lives=100):
        self.lives = lives

    def reset(self):
        self.lives -= 1
        if self.lives < 0:
            raise OSError("worn out")

    def diagnosis(self):
        return "a diagnosis"

    def close(self):
        pass


def scenario(title, outcomes, timeout=120):
    """One that ends with the next of `outcomes` at each attempt: None, or what it raises."""
    left = list(outcomes)

    def function(_lab):
        if (outcome := left.pop(0)) is not None:
            raise outcome
    function.title, function.file, function.timeout = title, "sample", timeout
    return function


def reported(scenarios, emulated, lives=100):
    """The exit code and the lines."""
    report.SECOND_ATTEMPT = emulated
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = report.run(scenarios, lambda: NoLab(lives))
    return code, out.getvalue().splitlines()


def results(lines):
    return [line for line in lines if line.startswith(("ok", "not ok"))]


@test
def one_that_fails_is_a_failure():
    code, lines = reported([scenario("bad", [OSError("no")]), scenario("good", [None])], emulated=False)
    assert code == 1 and results(lines)[0].startswith("not ok 1 - sample: bad"), lines
    assert results(lines)[1].startswith("ok 2 - sample: good") and "1..2" in lines, lines
    assert any("OSError: no" in line for line in lines) and any("a diagnosis" in line for line in lines), lines


@test
def in_emulation_it_is_tried_again_at_the_end_and_said_to_be_unsteady():
    code, lines = reported([scenario("moody", [OSError("late"), None]), scenario("good", [None])], emulated=True)
    assert code == 0 and len(results(lines)) == 2, lines
    assert results(lines)[0].startswith("ok 1 - sample: good"), lines
    assert report.UNSTEADY in results(lines)[1] and "late" in results(lines)[1], lines


@test
def failing_twice_is_a_failure_in_emulation_too():
    code, lines = reported([scenario("bad", [OSError("first"), OSError("second")])], emulated=True)
    assert code == 1 and len(results(lines)) == 1 and results(lines)[0].startswith("not ok 1"), lines


@test
def a_skip_is_no_pass():
    code, lines = reported([scenario("odd", [report.Skipped("no such kernel")])], emulated=True)
    assert code == 0 and results(lines) == ["ok 1 - sample: odd # SKIP no such kernel"], lines


@test
def after_a_lab_that_cannot_be_reset_the_rest_fails():
    code, lines = reported([scenario("good", [None]), scenario("next", [None])], emulated=False, lives=0)
    assert code == 1 and results(lines)[1] == "not ok 2 - sample: next: not run", lines


@test
def two_labs_share_a_queue_longest_first(directory):
    scenarios = [scenario(f"s{number}", [None], timeout) for number, timeout in enumerate((120, 600, 120, 300))]
    os.environ["LAB_OUT"] = str(directory)
    one, other = suite.queue(scenarios), suite.queue(scenarios)
    got = [next(one), next(other), next(other), next(one)]
    assert [function.title for function in got] == ["s1", "s3", "s0", "s2"], [function.title for function in got]
    assert next(one, None) is None and next(other, None) is None


if __name__ == "__main__":
    sys.exit(main())
