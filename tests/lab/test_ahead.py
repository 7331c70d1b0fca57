#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_ahead.py LABTOOL: what the lab's programs open is what an emulated machine has in its memory from the beginning. Prints TAP."""
import os
import re
import subprocess
import sys
import types

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from tap import main, test  # noqa: E402
from vm import ahead  # noqa: E402

STARTED = [["ip", "-V"], ["nft", "-v"], ["ipvsadm", "--version"], ["conntrack", "-V"], ["keepalived", "-v"], ["/usr/lib/frr/zebra", "-C", "-f", "/dev/null"], ["vtysh", "-h"],
           ["ping", "-V"], ["curl", "-V"], ["sysctl", "-V"], ["strace", "-V"], ["systemctl", "--version"], ["modprobe", "-n", "dummy"], ["unshare", "-V"],
           ["sh", "-c", "sleep 0"], ["python3", "-c", "import asyncio, http.server, ssl, subprocess"], [sys.argv[1], "help"]]
OTHERS = ("/proc/", "/sys/", "/dev/", "/run/", "/tmp/")  # no files of the host there
GUEST = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}  # as guest/init has it
OPENED = re.compile(r'^\d+ +(?:openat\(AT_FDCWD, |open\(|execve\()"(/[^"]+)".*= \d+$', re.MULTILINE)


def opened(command, trace):
    """The files that it opens, by the names that it opens them by."""
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=open,openat,execve", "-o", trace, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False, env=GUEST)
    names = OPENED.findall(trace.read_text(encoding="utf-8"))
    return sorted({name for name in names if os.path.isfile(name) and not name.startswith(OTHERS)})


@test
def what_programs_open_is_there_before_they_run(directory):
    there = set(ahead.files(types.SimpleNamespace(script=__file__, environment={"LABTOOL": sys.argv[1]}), directory))
    for command in STARTED:
        names = opened(command, directory / "trace")
        assert names, f"{command[0]} opened nothing that strace saw"
        missing = [name for name in names if ahead.path_of(name) not in there]
        assert not missing, f"{command[0]}: not in vm/ahead.py: {missing}"


if __name__ == "__main__":
    sys.exit(main())
