# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers scenarios, runs them one after the other in one lab, and reports in TAP."""
import importlib.util
import pathlib
import signal
import sys
import time
import traceback

SCENARIOS = []


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


def run(scenarios, make_lab):
    """Runs them in a lab that make_lab() builds; gives the process's exit code."""
    counts = {"ok": 0, "skip": 0, "fail": 0}
    _say("TAP version 13")
    _say(f"1..{len(scenarios)}")
    begun = time.monotonic()
    lab = make_lab()
    _say(f"# the lab is up after {time.monotonic() - begun:.1f} s")
    for number, function in enumerate(scenarios, 1):
        started = time.monotonic()
        verdict, reason = _attempt(function, lab)
        counts[verdict] += 1
        title = f"{function.file}: {function.title}"
        took = f" ({time.monotonic() - started:.1f} s)"
        if verdict == "ok":
            _say(f"ok {number} - {title}{took}")
        elif verdict == "skip":
            _say(f"ok {number} - {title} # SKIP {reason}")
        else:
            _say(f"not ok {number} - {title}{took}")
            _comment(reason)
            try:
                _comment(lab.diagnosis())
            except Exception as problem:  # the report must not stop at a broken node
                _comment(f"no diagnosis: {problem}")
        try:
            lab.reset()
        except Exception as problem:
            _say(f"# the lab could not be reset ({problem}); building a new one is not possible in the same kernel run")
            _comment(traceback.format_exc())
            for rest in range(number + 1, len(scenarios) + 1):
                counts["fail"] += 1
                _say(f"not ok {rest} - not run")
            break
    lab.close()
    _say(f"# {counts['ok']} passed, {counts['fail']} failed, {counts['skip']} skipped in {time.monotonic() - begun:.0f} s")
    return 1 if counts["fail"] else 0


def figure(name, text):
    """A measured value worth seeing in the report."""
    _say(f"# {name}: {text}")


def die(text):
    print(f"lab: {text}", file=sys.stderr)
    sys.exit(1)
