# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs have in common that follow packets through a few hosts (lab_paths.py): TAP, commands, sockets."""
import ctypes
import os
import subprocess
import sys

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
results = []


def check(ok, what, detail=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {what}", flush=True)
    if not ok:
        print(f"#   {detail}", flush=True)


def run(command, stdin=None, may_fail=False):
    done = subprocess.run(command, shell=True, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode != 0 and not may_fail:
        sys.exit(f"Bail out! {command}: {done.stdout}{done.stderr}")
    return done.stdout + (done.stderr if may_fail else "")


def at(host, command, **more):
    return run(f"ip netns exec {host} sh -c '{command}'", **more)


class inside:
    """Sockets made in the block belong to the host; for this thread only."""

    def __init__(self, host):
        self.host = host

    def __enter__(self):
        self.back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.host}", os.O_RDONLY)
        if libc.setns(there, CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(there)

    def __exit__(self, *_):
        libc.setns(self.back, CLONE_NEWNET)
        os.close(self.back)
