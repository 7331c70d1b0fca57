# SPDX-License-Identifier: GPL-2.0-or-later
"""What the test programs in Python have in common: they are lists of functions, and print TAP.

    from tap import Skip, main, test

    @test
    def a_line_that_was_written_is_read_again(directory):
        if not shutil.which("cat"):
            raise Skip("there is no cat here")
        (directory / "line").write_text("one\\n", encoding="utf-8")
        assert subprocess.check_output(["cat", directory / "line"]) == b"one\\n"

    if __name__ == "__main__":
        sys.exit(main(sys.argv[1:]))
"""
import concurrent.futures
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

_tests = []


class Skip(Exception):
    """What a test needs is not here; the reason says what, and how to get it."""


def test(function):
    """The function is a test of the program; one of a module that the program imports is not."""
    if function.__module__ == "__main__":
        _tests.append(function)
    return function


def main(only=(), *, workers=1, given=(), more=None):
    """Runs the tests, or those with names in 'only', in order or 'workers' at a time; gives the exit code.

    Each is called with what is 'given', and with a fresh directory (pathlib.Path) if it takes one argument more. Of one that failed
    more(directory) tells what else there is to know.
    """
    unknown = set(only) - {function.__name__ for function in _tests}
    if unknown:
        print(f"there is no test {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    chosen = [function for function in _tests if not only or function.__name__ in only]
    print(f"1..{len(chosen)}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        each = map if workers == 1 else pool.map
        failed = False
        for number, (good, title, comments) in enumerate(each(lambda function: _run(function, given, more), chosen), 1):
            failed = failed or not good
            lines = "".join(f"# {line}\n" for line in comments.splitlines())
            print(f"{'ok' if good else 'not ok'} {number} - {title}\n{lines}", end="", flush=True)
    return 1 if failed else 0


def _run(function, given, more):
    """Whether it holds, the title, and what went wrong."""
    title, begun = function.__name__.replace("_", " "), time.monotonic()
    wants_directory = function.__code__.co_argcount > len(given)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="lintel-tap-")) if wants_directory else None
    try:
        function(*given, *([directory] if wants_directory else []))
        return True, f"{title} ({time.monotonic() - begun:.1f} s)", ""
    except Skip as why:
        return True, f"{title} # SKIP {' '.join(str(why).split())}", ""
    except Exception as error:  # pylint: disable=broad-except
        # The error stands first as well: run-all shows some lines only. The traceback is without this function.
        text = f"{type(error).__name__}: {error}".split("\n", 1)[0] + "\n"
        text += "".join(traceback.format_exception(type(error), error, error.__traceback__.tb_next))
        if more and wants_directory:
            text += more(directory)
        return False, f"{title} ({time.monotonic() - begun:.1f} s)", text
    finally:
        if wants_directory:
            shutil.rmtree(directory, ignore_errors=True)
