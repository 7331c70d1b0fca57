# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers scenarios, runs them one after the other in one lab, and reports in TAP."""
import importlib.util
import os
import pathlib
import signal
import sys
import time
import traceback

SCENARIOS = []
SECOND_ATTEMPT = os.environ.get("LAB_EMULATED") == "1"
UNSTEADY = "at its second attempt"  # tests/run-all looks for it


class Skipped(Exception):
    """The kernel of this run cannot do what the scenario is about; the text says what is missing."""


class TimedOut(BaseException):
    """Not an Exception: a scenario's own error handling shall not swallow it."""


def scenario(title, *, timeout=120):
    """Registers a function taking the lab. `title` is a sentence."""
    def register(function):
        function.title, function.timeout = title, timeout
        function.file = pathlib.Path(function.__code__.co_filename).stem
        SCENARIOS.append(function)
        return function
    return register


def load(directory, only=()):
    """Imports all scenario files (or those named)."""
    for path in sorted(pathlib.Path(directory).glob("*.py")):
        if only and path.stem not in only:
            continue
        spec = importlib.util.spec_from_file_location(f"scenarios.{path.stem}", path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def chosen(filters):
    return [s for s in SCENARIOS if not filters or any(f in f"{s.file}: {s.title}" for f in filters)]


def _say(text):
    print(text, flush=True)


def _comment(text):
    for line in text.splitlines():
        _say(f"#   {line}")


def _alarm(_number, _frame):
    raise TimedOut()


def _attempt(function, lab):
    """Runs one scenario; gives ("ok" | "skip" | "fail", reason)."""
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(function.timeout)
    try:
        function(lab)
        return "ok", ""
    except Skipped as reason:
        return "skip", str(reason)
    except TimedOut:
        return "fail", f"not done within {function.timeout} s\n" + traceback.format_exc()
    except Exception as problem:  # a scenario may fail in any way; the next one must still run
        where = "\n".join(f"at {frame.filename.rsplit('/', 2)[-2]}/{pathlib.Path(frame.filename).name}:{frame.lineno}: {frame.line}"
                          for frame in traceback.extract_tb(problem.__traceback__)[1:])
        return "fail", f"{type(problem).__name__}: {problem}\n{where}"
    finally:
        signal.alarm(0)


class Run:
    """Scenarios one after the other in one lab, and what came of them."""

    def __init__(self, lab):
        self.lab = lab
        self.counts = {"ok": 0, "skip": 0, "fail": 0}
        self.broken = False  # the lab could not be made ready for the next scenario

    def number(self):
        return sum(self.counts.values())

    def attempt(self, function, after=None):
        """Tries it; `after` is what the first attempt ended with. Gives the reason of a failure that is not the last word, else None."""
        started = time.monotonic()
        verdict, reason = _attempt(function, self.lab)
        took = f"{time.monotonic() - started:.1f} s"
        title = f"{function.file}: {function.title}"
        if verdict == "fail" and after is None and SECOND_ATTEMPT:
            _say(f"# failed at its first attempt ({took}), to be tried again: {title}")
            self._explain(reason)
            return reason
        self.counts[verdict] += 1
        if verdict == "ok":
            unsteady = "" if after is None else f", {UNSTEADY}: {after.splitlines()[0]}"
            _say(f"ok {self.number()} - {title} ({took}{unsteady})")
        elif verdict == "skip":
            _say(f"ok {self.number()} - {title} # SKIP {reason}")
        else:
            _say(f"not ok {self.number()} - {title} ({took})")
            self._explain(reason)
        return None

    def _explain(self, reason):
        _comment(reason)
        try:
            _comment(self.lab.diagnosis())
        except Exception as problem:  # the report must not stop at a broken node
            _comment(f"no diagnosis: {problem}")

    def reset(self):
        try:
            self.lab.reset()
        except Exception as problem:
            _say(f"# the lab could not be reset ({problem}); building a new one is not possible in the same kernel run")
            _comment(traceback.format_exc())
            self.broken = True

    def not_run(self, function):
        self.counts["fail"] += 1
        _say(f"not ok {self.number()} - {function.file}: {function.title}: not run")


def run(scenarios, make_lab):
    """Runs them (any iterable: the next one is asked for when the lab is ready) in a lab that make_lab() builds; gives the exit code.

    Under software emulation the guest's time jumps while a file of the host is waited for (vm/ahead.py), which no scenario about milliseconds
    can tell from a fault: what failed there is tried once more when all others are done. A second failure is a failure; a success then is
    reported as one that was unsteady, with the reason of the first failure.
    """
    _say("TAP version 13")
    begun = time.monotonic()
    run_ = Run(make_lab())
    _say(f"# the lab is up after {time.monotonic() - begun:.1f} s")
    again = []
    for function in scenarios:
        if run_.broken:
            run_.not_run(function)
            continue
        if (reason := run_.attempt(function)) is not None:
            again.append((function, reason))
        run_.reset()
    for function, reason in again:
        if run_.broken:
            run_.not_run(function)
            continue
        run_.attempt(function, after=reason)
        run_.reset()
    run_.lab.close()
    _say(f"1..{run_.number()}")
    _say(f"# {run_.counts['ok']} passed, {run_.counts['fail']} failed, {run_.counts['skip']} skipped in {time.monotonic() - begun:.0f} s")
    return 1 if run_.counts["fail"] else 0


def figure(name, text):
    """A measured value worth seeing in the report."""
    _say(f"# {name}: {text}")


def die(text):
    print(f"lab: {text}", file=sys.stderr)
    sys.exit(1)
