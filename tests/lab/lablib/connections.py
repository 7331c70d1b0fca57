# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of nodes that tell each other of connections, and the connections that are held through them."""
import os
import pathlib
import signal
import socket

from .config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, port, router, server
from .lab import expect
from .process import Failed, wait_until
from .report import figure
from .traffic import Probe, Sessions

KEY = "bGFiLWtleS1sYWIta2V5LWxhYi1rZXktbGFiLWtleS0="
OTHER_KEY = "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktb3Q="
DUAL = router(addresses=[f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6])
DUAL_WEB = server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80), port(80, "UDP")])


# --- nodes ---

def write_key(node, *keys):
    """The node's file of keys; options that name it."""
    path = node.directory / "peer.key"
    fresh = node.directory / "peer.key.new"
    fresh.write_text("".join(f"{key}\n" for key in keys or (KEY,)), encoding="utf-8")
    os.chmod(fresh, 0o600)
    fresh.rename(path)
    return ("--peer-key", path)


def make_room(count):
    """Connection tracking for so many flows in all namespaces together, as docs/operations.md has it: small machines have less, drop packets of new ones
    when it is full, and search long chains before."""
    for name in "nf_conntrack_max", "nf_conntrack_buckets":
        limit = pathlib.Path("/proc/sys/net/netfilter") / name
        if int(limit.read_text(encoding="ascii")) < count:
            limit.write_text(f"{count}\n", encoding="ascii")


def pair(lab, *servers, router=None, options=(), interval="100ms", keys=True):  # pylint: disable=redefined-outer-name
    """Two nodes that replicate, lb1 Active and lb2 in step."""
    for node, priority, wait in zip(lab.nodes, (150, 100), (lab.lb1.wait_active, lab.lb2.wait_following)):
        key = write_key(node) if keys else ()
        node.start(lab.documents(router, servers, priority, interval), *key, *options, wait=False)
        wait(seconds=40)
    if keys:
        wait_in_step(lab.lb2)


def start_again(node, *options, wait=True):
    """The same configuration and key, after it ended or was rebuilt."""
    node.start(None, *write_key(node), *options, wait=wait)


def replication(node):
    return node.status()["replication"]


def of_router(node, name="front"):
    for entry in replication(node)["routers"]:
        if entry["router"] == name:
            return entry
    raise Failed(f"{node.name} replicates no virtual router {name}")


def step(node, name="front"):
    return of_router(node, name)["step"]


def known(node, name="front"):
    """How many connections it knows."""
    return of_router(node, name)["connections"]


def wait_in_step(node, name="front", seconds=30):
    wait_until(f"{node.name} is in step for {name}", lambda: step(node, name) == "in-step", seconds)


def wait_known(node, count, name="front", seconds=20):
    wait_until(f"{node.name} knows {count} connections", lambda: known(node, name) >= count, seconds)


def hamper(node, *, loss=0, delay=None):
    """The channel to the peer loses so many percent of what comes in; all that leaves by the front leg is late."""
    if loss:
        node.host.run("nft", "-f", "-", given="table inet hamper { chain in { type filter hook input priority -300; "
                      f"tcp sport 9311 numgen random mod 100 < {loss} drop; tcp dport 9311 numgen random mod 100 < {loss} drop; }}\n}}\n")
    if delay:
        node.host.run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", "limit", "10000", "delay", *delay)


def choke(node, kilobytes):
    """So much comes in by the channel, and nothing more: a full sync that is larger stays where it is, however late somebody looks. Acknowledgements do
    come in. (A record of TLS is 16 kB, and nothing of it is known before all of it is there.)"""
    node.host.run("nft", "-f", "-", given="table inet choke { quota room { over "
                  f"{kilobytes} kbytes }}\nchain in {{ type filter hook input priority -300; "
                  "tcp sport 9311 meta length > 200 quota name room drop; tcp dport 9311 meta length > 200 quota name room drop; }\n}\n")


def wait_amid_sync(node, everything, name="front"):
    """It was told of some connections by its first full sync, and is not told of all. The step that it is in may be over when it is asked; what it knows
    is not."""
    wait_until(f"{node.name} was told of some connections", lambda: known(node, name) > 0)
    router = of_router(node, name)
    expect(router["fullSyncs"] == 0 and router["connections"] < everything, router)


# --- connections ---

def open_flows(first, count):
    """UDP flows that say one word each, from where the caller is and these source ports on; the port behind the last one."""
    for number in range(first, first + count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("", number))
            one.sendto(b"x", (VIP, 80))
    return first + count


class Held:
    """Connections of the client that are to live to the end."""

    def __init__(self, lab):
        self.lab = lab
        self.sessions, self.flows = [], []

    @property
    def count(self):
        return sum(sessions.count for sessions in self.sessions) + len(self.flows)

    def open(self, kind, address=VIP, number=80, *, count=1, options=(), interval=100, timeout=5000):
        held = Sessions(self.lab.client.host, address, number, kind, count=count, options=options, interval=interval, timeout=timeout)
        held.count = count
        self.sessions.append(held)
        return held

    def flow(self, address=VIP, number=80):
        """A UDP flow that says something again and again, and may not change its server."""
        self.flows.append(Probe(self.lab.client.host, "udp", address, number, interval=50))

    def standard(self, *addresses, number=80, udp=False):
        """Two that echo, two downloads and one that says nothing until the end, to each address."""
        for address in addresses or (VIP,):
            for kind, count in (("echo", 2), ("download", 2), ("idle", 1)):
                self.open(kind, address, number, count=count)
            if udp:
                self.flow(address, number)
        return self.wait_ready()

    def wait_ready(self):
        for one in self.sessions:
            wait_until(f"{one.kind} sessions are answered: {one.program.log()}", lambda s=one: "ready" in s.program.log() or not s.program.running, 20)
            expect(one.program.running, one.program.log())
        return self

    def expect_alive(self, title=None):
        """Each is asked once more, and all that came was right. A figure of the longest stall, if it has a title."""
        for one in self.sessions:
            one.program.signal(signal.SIGINT)  # all at once: none waits for another's time-out
        for one in self.flows:
            one.program.signal(signal.SIGINT)
        stall, dead = 0, []
        for one in self.sessions:
            verdicts = one.finish()
            stall = max([stall, *(verdict["longestStallMs"] for verdict in verdicts)])
            dead += [f"{one.kind} to {one.program.process.args[2]}: {verdict}" for verdict in verdicts if not verdict["alive"] or verdict["corrupt"]]
            expect(one.alive == one.count or dead, f"{one.kind}: {one.alive} of {one.count} are alive")
        for one in self.flows:
            report = one.stop()
            if len(report.servers) != 1 or report["lastAnsweredMs"] < report["lastSentMs"] - 500:
                dead.append(f"UDP: {report}")
        expect(not dead, f"{len(dead)} of {self.count} did not survive: " + "; ".join(dead[:10]))
        if title:
            figure(title, f"{self.count} alive, longest stall {stall:.0f} ms")


def hold(lab, *addresses, **how):
    return Held(lab).standard(*addresses, **how)


def start_crossed(lab, routers, servers):
    """Two virtual routers: lb1 is Active for the first, lb2 for the second, and each is in step for the other's.

    lb1 has both first, and hands one over if lb2 does not preempt: which of two that start at once is sooner is the machine's whim.
    """
    mine, other = names = [one["metadata"]["name"] for one in routers]
    for node, priorities in ((lab.lb1, (150, 100)), (lab.lb2, (100, 150))):
        documents = [one | {"spec": one["spec"] | {"priority": priority}} for one, priority in zip(routers, priorities)]
        node.start([*documents, *servers], *write_key(node), wait=False)
        if node is lab.lb1:
            for name in names:
                node.wait_active(name, seconds=40)
    lab.lb2.wait_following(mine, seconds=40)
    if not routers[1]["spec"].get("preempt"):
        wait_in_step(lab.lb2, other)
        lab.lb1.lintel("failover", other)
    lab.lb2.wait_active(other, seconds=40)
    wait_in_step(lab.lb1, other)
    wait_in_step(lab.lb2, mine)
