# SPDX-License-Identifier: GPL-2.0-or-later
"""A User Mode Linux kernel: an ordinary process whose root is the host's file system (hostfs) under a private overlay.

Its system calls cost three times less when it and the processes it traces share one CPU, so a guest is pinned to a free one.
"""
import fcntl
import os
import shutil
import subprocess
import sys

from .job import LAB, TIMED_OUT, Unavailable, cache, copy_stream, need, note, tied, wait


def kernel():
    return cache() / "linux-lab"


def require():
    if os.uname().machine != "x86_64":
        raise Unavailable("only on x86_64")
    if os.geteuid() != 0:
        raise Unavailable("needs root")
    need("taskset", "unshare", "setpriv", package="util-linux")
    if not os.access(kernel(), os.X_OK):
        raise Unavailable(f"no kernel {kernel()}: run {LAB}/build-uml-kernel once (about ten minutes; "
                          "apt-get install linux-source-6.1 flex bison bc gcc make)")


def free_cpu():
    """A CPU that no other guest of ours is pinned to (and the lock that says so, kept until exit), or None."""
    for cpu in sorted(os.sched_getaffinity(0), reverse=True):
        lock = open(f"/tmp/.lintel-lab-cpu.{cpu}", "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return cpu, lock
        except BlockingIOError:
            lock.close()
    return None, None


def run(job):
    job.write_for_guest("uml", console="/dev/tty1")
    shutil.copy(LAB / "guest" / "uml-init", job.control / "uml-init")
    os.chmod(job.control / "uml-init", 0o755)
    console_out, console_in = os.pipe()
    script_out, script_in = os.pipe()
    cpu, lock = free_cpu()
    pin = ["taskset", "-c", str(cpu)] if cpu is not None else []
    note(f"running {job.script.name} in User Mode Linux" + (f" on CPU {cpu}" if pin else ""))
    # consoles are pipes, because UML's epoll takes no regular files; a pid namespace of its own takes along all that it forks
    guest = ["unshare", "--net", "--pid", "--fork", "--kill-child=KILL", *pin, "sh", "-c", '"$@" & wait $!', "uml", str(kernel()),
             f"mem={job.memory}M", f"uml_dir={job.control}", "umid=lab", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
             f"init={job.control}/uml-init", f"lab.ctl={job.control}", f"lab.out={job.output}",
             "con=null", f"con0=null,fd:{console_in}", f"con1=null,fd:{script_in}", "console=tty0",
             "rcutree.rcu_cpu_stall_timeout=60", "panic=0",
             "ip_vs.conn_tab_bits=18"]  # all hosts share one table of IPVS connections
    process = subprocess.Popen(tied(guest), stdin=subprocess.DEVNULL, stdout=console_in, stderr=console_in,
                               pass_fds=(console_in, script_in))
    os.close(console_in)
    os.close(script_in)
    try:
        log = sys.stderr.buffer if job.verbose else open(job.kernel_log, "wb")
        pumps = [copy_stream(console_out, log), copy_stream(script_out, sys.stdout.buffer)]
        in_time = wait(process, job.time_left())
    finally:
        process.kill()
        if lock:
            lock.close()
    for pump in pumps:
        pump.join(timeout=5)
    if (code := job.guest_exit_code()) is not None:
        return code
    if in_time:
        return job.explain_death("User Mode Linux")
    note(f"timed out after {job.timeout:g} s")
    return TIMED_OUT
