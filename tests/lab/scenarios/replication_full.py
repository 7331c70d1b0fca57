# SPDX-License-Identifier: GPL-2.0-or-later
"""Connection tracking that is full: the kernel drops packets of new flows then, but none that nodes need of each other."""
import pathlib

from lablib.config import VIP, port, server
from lablib.connections import hold, pair, replication, wait_in_step, wait_known
from lablib.lab import expect, pause
from lablib.process import wait_until
from lablib.report import figure, scenario

LIMIT = pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_max")  # of each namespace, set for all
CROWD = 300


def dropped(node):
    """Packets for whose flow there was no room, since the machine was made."""
    rows = node.host.run("cat", "/proc/net/stat/nf_conntrack").splitlines()
    column = rows[0].split().index("drop")
    return sum(int(row.split()[column], 16) for row in rows[1:])


def problems(node):
    return node.status()["capacity"]["problems"]


def moves(node):
    return [entry["to"] for entry in node.router()["transitions"]]


def sessions(node):
    return [(peer["state"], peer["sessions"]) for peer in replication(node)["peers"]]


def knock(lab):
    """Longer than a silent Active is waited for, new flows of which none gets in; each may throw out what is not established."""
    for _ in range(8):
        for node in lab.nodes:
            node.host.run("ping", "-c", "1", "-W", "0.3", lab.other(node).host.front, check=False)
        lab.client.ask("udp", VIP, 80, count=20, interval=5, timeout=100)
        pause(0.5)


@scenario("connection tracking is full on both nodes: nobody takes over who was not asked to, the channel stays up, and what lives lives on")
def full(lab):
    pair(lab, server(ports=[port(80), port(80, "UDP")]), interval="1s")
    crowd = lab.client.sessions(VIP, 80, "idle", count=CROWD)  # what is established is not thrown out for others
    crowd.wait_ready(60)
    held = hold(lab)
    wait_known(lab.lb2, CROWD + held.count)
    before = LIMIT.read_text(encoding="ascii")
    counts = [int(node.host.sysctl("net.netfilter.nf_conntrack_count")) for node in lab.nodes]
    known = {node.name: (moves(node), sessions(node), dropped(node)) for node in lab.nodes}
    try:
        LIMIT.write_text(f"{min(CROWD, *counts) - 50}\n", encoding="ascii")
        knock(lab)
        for node in lab.nodes:
            wait_until("it is told", lambda node=node: any("nearly full" in problem for problem in problems(node)), 60)
            expect(node.status()["capacity"]["trackedConnectionsMax"] == int(LIMIT.read_text(encoding="ascii")), node.status()["capacity"])
            expect(dropped(node) > known[node.name][2], f"{node.name} dropped nothing: its table was not full")
            expect(moves(node) == known[node.name][0], f"{node.name}: {moves(node)}")
        # the advertisements of the other one are new to both
        lab.lb1.lintel("failover", "front")
        lab.lb2.wait_active()
        lab.lb1.wait_backup()
        moved = {node.name: moves(node) for node in lab.nodes}
        knock(lab)
        for node in lab.nodes:
            expect(moves(node) == moved[node.name], f"{node.name}: {moves(node)}")
            expect(sessions(node) == known[node.name][1], f"{node.name}: {sessions(node)}")
        figure("a full table", f"{sum(dropped(node) - known[node.name][2] for node in lab.nodes)} packets of new flows dropped, one handover that was asked for")
    finally:
        LIMIT.write_text(before, encoding="ascii")
    for node in lab.nodes:
        wait_until("it is told no more", lambda node=node: not problems(node), 60)
    wait_in_step(lab.lb1)
    wait_until("new clients are served", lambda: lab.client.ask("tcp", VIP, 80, count=3).lost == 0)
    lab.lb2.lose_power()
    lab.lb1.wait_active()
    pause(2)
    held.expect_alive("a full table, then a power loss")
    crowd.finish()
    expect(crowd.alive == CROWD, f"{crowd.alive} of {CROWD} are alive")
