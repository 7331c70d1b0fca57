# SPDX-License-Identifier: GPL-2.0-or-later
"""Running connections survive a takeover: sessions that check every byte, through every way a node can leave."""
import os

from lablib.config import VIP
from lablib.lab import expect, pause
from lablib.process import wait_until
from lablib.report import scenario
from lablib.traffic import Sessions

KEY = "bGFiLWtleS1sYWIta2V5LWxhYi1rZXktbGFiLWtleS0="


def key_file(node, *keys):
    """A file of keys for this node; options that name it."""
    path = node.directory / "peer.key"
    path.write_text("".join(f"{key}\n" for key in keys or (KEY,)), encoding="utf-8")
    os.chmod(path, 0o600)
    return ("--peer-key", path)


def replication(node):
    return node.status()["replication"]


def step(node, name="front"):
    return next(r["step"] for r in replication(node)["routers"] if r["router"] == name)


def in_step(node):
    return step(node) == "in-step"


def pair(lab, *servers, **options):
    """Two nodes that replicate, the second one in step."""
    for node in lab.nodes:
        node.key = key_file(node)
    for node, priority, wait in zip(lab.nodes, (150, 100), (lab.lb1.wait_active, lab.lb2.wait_backup)):
        node.start(lab.documents(options.get("router"), servers, priority, "100ms"), *node.key, wait=False)
        wait(seconds=40)
    wait_until("the second node is in step", lambda: in_step(lab.lb2), 30)


def connections(node):
    return next(r["connections"] for r in replication(node)["routers"] if r["router"] == "front")


def sessions(lab, address=VIP, number=80):
    """Three that echo, three downloads, one that says nothing until the end."""
    started = [Sessions(lab.client.host, address, number, kind, count=count)
               for kind, count in (("echo", 3), ("download", 3), ("idle", 1))]
    for one in started:
        one.wait_ready()
    return started


def expect_alive(started):
    for one in started:
        for session in one.finish():
            expect(session["alive"] and not session["corrupt"], f"{one.kind}: {session}")


@scenario("sessions of NAT with source NAT survive a power loss: echoes, downloads, an idle one, and one opened 150 ms before")
def power_loss(lab):
    pair(lab)
    started = sessions(lab)
    wait_until("the other node knows them", lambda: connections(lab.lb2) >= 7)
    late = Sessions(lab.client.host, VIP, 80, "echo", count=1)
    late.wait_ready()
    pause(0.15)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(3)
    expect_alive([*started, late])
