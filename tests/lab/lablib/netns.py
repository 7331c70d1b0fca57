# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces as hosts.

A process started inside `with host.inside():` belongs to the host; nothing else is spawned for it (under emulation a fork is dear).
"""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


_home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def ip_batch(lines, namespace=None):
    """Runs many ip(8) commands in one process, started but not waited for (see finish)."""
    command = ["ip", *(["-n", namespace] if namespace else []), "-batch", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    process.stdin.write("\n".join(lines) + "\n")
    process.stdin.close()
    return process


def finish(*processes):
    """Waits for what ip_batch started; raises with what ip said when one failed."""
    for process in processes:
        said = process.stdout.read()
        if process.wait() != 0:
            raise RuntimeError(f"{' '.join(process.args)}: {said}")


class Namespace:
    """One named network namespace; it exists already (`ip netns add`)."""

    def __init__(self, name):
        self.name = name
        self._descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self):
        os.close(self._descriptor)

    @contextlib.contextmanager
    def inside(self):
        """This thread, and all processes it starts, are in the namespace."""
        _setns(self._descriptor)
        try:
            yield
        finally:
            _setns(_home)

    def run(self, *command, check=True, given=None):
        """Runs a program here; gives its standard output (and error)."""
        with self.inside():
            done = subprocess.run([str(word) for word in command], input=given, text=True, check=False, stdin=None if given else subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(map(str, command))}: exit {done.returncode}: {done.stdout}")
        return done.stdout

    def popen(self, command, **how):
        with self.inside():
            return subprocess.Popen([str(word) for word in command], **how)

    def ip(self, *lines):
        finish(ip_batch(lines, self.name))

    def sysctl(self, name, value=None):
        """Reads, or with a value sets, a sysctl such as net.ipv4.ip_forward."""
        path = pathlib.Path("/proc/sys") / name.replace(".", "/")
        with self.inside():
            if value is None:
                return path.read_text(encoding="ascii").strip()
            path.write_text(f"{value}\n", encoding="ascii")
        return str(value)

    def set_link(self, interface, up):
        """One ioctl, so that pulling a cable takes microseconds."""
        with self.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
            request = struct.pack("16sH14x", interface.encode(), 0)
            flags = struct.unpack("16sH14x", fcntl.ioctl(handle, SIOCGIFFLAGS, request))[1]
            flags = flags | IFF_UP if up else flags & ~IFF_UP
            fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sH14x", interface.encode(), flags))
