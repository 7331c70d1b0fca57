# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients do, by labtool: probes that measure loss, and long sessions that check every byte."""
import json
import os
import pathlib
import signal
import socket
import time

from .process import Failed, Program, wait_until

TOOL = os.environ.get("LABTOOL", str(pathlib.Path(__file__).resolve().parent.parent / "labtool"))


def _last_json(text, what):
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        raise Failed(f"{what} reported nothing: {text!r}")
    return json.loads(lines[-1])


class Report(dict):
    """A probe's result, with names for what scenarios ask."""

    @property
    def lost(self):
        return self["lost"]

    @property
    def gap_ms(self):
        """The longest time without an answer, from the first unanswered probe to the next answered one."""
        return self["longestGapMs"]

    @property
    def servers(self):
        return self["servers"]

    def __str__(self):
        shares = " ".join(f"{name}:{count}" for name, count in sorted(self.servers.items()))
        return (f"{self['sent']} sent, {self['lost']} lost ({self['refused']} refused) in {self['gaps']} gaps, "
                f"longest {self.gap_ms:.0f} ms; {shares or 'nobody answered'}; slowest answer {self['slowestMs']:.1f} ms")


class Probe:
    """A probe in the background. Use as a context manager; `report` holds the result afterwards."""

    def __init__(self, host, protocol, address, port, *, interval=5, timeout=1000, fresh=False, options=()):
        words = [TOOL, "probe", protocol, address, port, "--interval", interval, "--timeout", timeout, *options]
        self.program = Program(host, f"probe-{protocol}", words + (["--fresh"] if fresh else []))
        self.report = None

    def __enter__(self):
        time.sleep(0.3)  # some answers before anything happens
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.program.kill()

    def stop(self):
        self.program.signal(signal.SIGINT)
        self.program.process.wait(timeout=30)
        self.report = Report(_last_json(self.program.log(), self.program.title))
        return self.report


class Advertisements:
    """The VRRP advertisements of one host, heard as a machine on the front network would hear them (multicast). A context manager."""

    ETH_P_IP, VRRP = 0x0800, 112

    def __init__(self, switch, host):
        self.source = socket.inet_aton(host.front)
        with switch.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
            self.socket.bind(("front", self.ETH_P_IP))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def wait(self, seconds):
        """The moment (time.monotonic()) at which the next one came by."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(256):  # what came before nobody listened
                pass
        except BlockingIOError:
            pass
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                packet = self.socket.recv(256)
            except TimeoutError:
                break
            if len(packet) > 20 and packet[9] == self.VRRP and packet[12:16] == self.source:
                return time.monotonic()
        raise Failed(f"no advertisement within {seconds:g} s")


def ask(host, protocol, address, port, *, count=12, interval=20, timeout=1000, options=()):
    """A few requests, each a new connection (UDP: a new source port), one after the other. Gives the report."""
    said = host.run(TOOL, "probe", protocol, address, port, "--count", count, "--interval", interval, "--timeout", timeout,
                    *(["--fresh"] if protocol == "udp" else []), *options)
    return Report(_last_json(said, f"probe {protocol} {address}:{port}"))


class Sessions:
    """Some long TCP sessions of one kind (echo, download, flood or idle)."""

    def __init__(self, host, address, port, kind, *, count=1, interval=100, timeout=5000, options=()):
        self.kind = kind
        self.program = Program(host, f"session-{kind}", [TOOL, "session", address, port, "--mode", kind, "--count", count,
                                                         "--interval", interval, "--timeout", timeout, *options])
        self.sessions, self.alive = [], 0

    def wait_ready(self, seconds=15):
        deadline = time.monotonic() + seconds
        while "ready" not in self.program.log() and time.monotonic() < deadline and self.program.running:
            time.sleep(0.05)
        if "ready" not in self.program.log() and self.kind != "idle":
            raise Failed(f"{self.kind} sessions were not answered: {self.program.log()}")

    def finish(self):
        """Asks a last time and gives each session's verdict."""
        self.program.signal(signal.SIGINT)
        self.program.process.wait(timeout=60)
        said = _last_json(self.program.log(), self.program.title)
        self.sessions, self.alive = said["sessions"], said["aliveCount"]
        return self.sessions


class Flows:
    """Many UDP flows, of which each asks at the beginning and at the end."""

    def __init__(self, host, address, port, *, count, timeout=20000):
        self.program = Program(host, "flows", [TOOL, "flows", address, port, "--count", count, "--timeout", timeout])

    def wait_ready(self, seconds=30):
        wait_until("all UDP flows are answered", lambda: "ready" in self.program.log(), seconds)

    def finish(self):
        """How many there are, were answered at the end, and by another server."""
        self.program.signal(signal.SIGINT)
        self.program.process.wait(timeout=60)
        return _last_json(self.program.log(), self.program.title)
