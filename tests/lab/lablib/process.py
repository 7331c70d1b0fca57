# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs running on a host, with their output in a log that a failing test shows."""
import itertools
import os
import pathlib
import signal
import subprocess
import tempfile
import time

WORK = pathlib.Path(tempfile.mkdtemp(prefix="lab-"))
WORK.chmod(0o755)  # some peers drop their privileges
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
os.environ["PATH"] = PATH + ":" + os.environ.get("PATH", "")


_numbers = itertools.count(1)


def fresh_directory(title):
    """A directory of its own for every program that wants one."""
    path = WORK / f"{next(_numbers):03d}-{title}"
    path.mkdir()
    return path


class Failed(AssertionError):
    """Something the scenario expected did not happen."""


class Hopeless(Failed):
    """It cannot happen any more; waiting for it ends at once."""


def wait_until(what, condition, seconds=20, every=0.05):
    """Polls until condition() is true and gives its value; fails with `what` (and the last exception) when it never is."""
    deadline = time.monotonic() + seconds
    problem = None
    while True:
        try:
            if value := condition():
                return value
            problem = None
        except Hopeless:
            raise
        except (OSError, RuntimeError, KeyError, IndexError, ValueError, Failed) as error:
            problem = error
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds:g} s in vain: {what}" + (f" ({problem})" if problem else ""))
        time.sleep(every)


class Program:
    """One running process on a host."""

    started = []  # all of this run, for diagnostics and for cleaning up

    def __init__(self, host, title, command, *, env=None, cwd=None, pipe=False):
        self.host, self.title = host, title
        self.log_path = WORK / f"{next(_numbers):03d}-{title}.log"
        self._log = open(self.log_path, "wb")
        self.process = host.popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if pipe else self._log,
                                  stderr=self._log, env=env, cwd=cwd, start_new_session=True)
        Program.started.append(self)

    @property
    def running(self):
        return self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def signal(self, number):
        if self.running:
            self.process.send_signal(number)

    def kill(self):
        """SIGKILL, also to children it left in its session's process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self.process.wait()

    def stop(self, seconds=15):
        """SIGTERM; fails when it does not end in time. Gives the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.title} on {self.host.name} did not end within {seconds:g} s of SIGTERM") from None

    @classmethod
    def kill_all(cls, keep=()):
        for program in cls.started:
            if program not in keep:
                program.kill()
        cls.started[:] = [program for program in cls.started if program in keep]
