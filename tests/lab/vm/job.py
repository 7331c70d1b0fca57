# SPDX-License-Identifier: GPL-2.0-or-later
"""What every way of running has in common: the job description, streaming, the timeout and the exit code."""
import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

LAB = pathlib.Path(__file__).resolve().parent.parent
TIMED_OUT, DIED = 124, 125
PASSED_ON = ("LAB_", "LABTOOL", "LINTEL", "KUBEBUILDER_", "ASAN_", "UBSAN_", "LSAN_")  # prefixes of the caller's environment that the script sees


class Unavailable(Exception):
    """This way cannot be used here; the text says why and what to install."""


def note(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


def cache():
    """Where kernels are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    path = pathlib.Path(base) / "lintel-lab"
    path.mkdir(parents=True, exist_ok=True)
    return path


def need(*programs, package):
    """Raises Unavailable unless all programs are on the path; gives the first one's path."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for program in programs:
        if not shutil.which(program, path=search):
            raise Unavailable(f"{program} not found: apt-get install {package}")
    return shutil.which(programs[0], path=search)


class Job:
    """A script to run, its environment, and the two directories shared with the guest: output and control."""

    def __init__(self, options):
        self.script = pathlib.Path(options.script).resolve()
        if not self.script.is_file():
            raise Unavailable(f"no script {options.script}")
        self.args = options.args
        self.timeout, self.memory, self.verbose = options.timeout, options.memory, options.verbose
        self.kept = options.output is not None
        if self.kept:
            pathlib.Path(options.output).mkdir(parents=True, exist_ok=True)
        self.output = pathlib.Path(options.output or tempfile.mkdtemp(prefix="lintel-lab-out.")).resolve()
        self.environment = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}
        self.environment.update(pair.split("=", 1) for pair in options.env)
        self.environment["LAB_OUT"] = str(self.output)
        self.control = pathlib.Path(tempfile.mkdtemp(prefix="lintel-lab."))
        self.kernel_log = self.control / "kernel.log"
        self.started = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.kept and self.kernel_log.exists():
            shutil.copy(self.kernel_log, self.output)
        shutil.rmtree(self.control, ignore_errors=True)
        if not self.kept:
            shutil.rmtree(self.output, ignore_errors=True)

    def command(self):
        return [str(self.script), *self.args]

    def write_for_guest(self, via, console, modules="", module_directory=None):
        """Leaves in the control directory what the guest's init reads."""
        shutil.copy(LAB / "guest" / "init", self.control / "init")
        environment = self.environment | {"LAB_VIA": via}
        lines = [f"LAB_CONSOLE={console}", f"LAB_MODULES={shlex.quote(modules)}"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
        if module_directory:
            target = f"/lib/modules/{module_directory.name}"
            lines.append(f"[ -e {target} ] || {{ mkdir -p /lib/modules; ln -s {shlex.quote(str(module_directory))} {target}; }}")
        lines.append(f"cd {shlex.quote(os.getcwd())} || cd /")
        lines.append("CMD=(" + shlex.join(self.command()) + ")")
        (self.control / "job").write_text("\n".join(lines) + "\n")

    def guest_exit_code(self):
        """What the script in the guest returned, or None when the guest died before it was done."""
        try:
            return int((self.control / "rc").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def time_left(self):
        return self.timeout - (time.monotonic() - self.started)

    def explain_death(self, machine):
        note(f"the {machine} guest died without reporting; its last words:")
        text = self.kernel_log.read_bytes().decode(errors="replace") if self.kernel_log.exists() else "(none)"
        print("\n".join(text.splitlines()[-15:]), file=sys.stderr, flush=True)
        return DIED


def tied(command):
    """The command, made to die with the process that starts it."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)]


def copy_stream(source, sink, *, on_first=None):
    """Copies until the end of source, as it comes. Runs in a thread of its own; gives the thread."""
    def pump():
        first = on_first
        while chunk := os.read(source, 65536):
            if first:
                first()
                first = None
            with contextlib.suppress(BrokenPipeError):  # nobody reads any more; the guest shall not block on that
                sink.write(chunk)
                sink.flush()
        os.close(source)
    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    return thread


def wait(process, seconds):
    """Waits that long for a process that we started, then kills it; True if it ended by itself."""
    try:
        process.wait(timeout=max(seconds, 0))
        return True
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return False
