# SPDX-License-Identifier: GPL-2.0-or-later
"""Advertisements with a signature: what counts, what does not, keys that are changed meanwhile, and keepalived as the other node."""
import os
import pathlib

from lablib.config import INNER, VIP, WEBS, router, server
from lablib.lab import expect, pause
from lablib.peers import Keepalived
from lablib.process import wait_until
from lablib.report import scenario
from lablib.wire import Wire

KEYS = {1: bytes(range(32)).hex(), 2: bytes(range(32, 64)).hex()}


def write_keys(node, *ids, mode=0o600):
    """The file of keys; the first one signs. Renamed into place, as a tool would."""
    path = node.directory / "vrrp.key"
    fresh = node.directory / "vrrp.key.new"
    fresh.write_text("# keys\n" + "".join(f"{number} hex:{KEYS[number]}\n" for number in ids))
    fresh.chmod(mode)
    fresh.rename(path)
    return str(path)


def documents(node, priority, *, mode="enforce", **spec):
    return [router(addresses=[f"{VIP}/24", *INNER], priority=priority,
                   authentication={"keyFile": str(node.directory / "vrrp.key"), "mode": mode}, **spec), server()]


def drops(node):
    return {reason: count for reason, count in node.router()["counters"]["drops"].items() if count and reason not in ("vrid", "own")}


def start_pair(lab, **how):
    for node, priority in ((lab.lb1, 150), (lab.lb2, 100)):
        write_keys(node, 1)
        node.start(documents(node, priority, **how))
        if node is lab.lb1:
            node.wait_active()
    lab.lb2.wait_backup()
    pause(1)


@scenario("signed advertisements: a pair hears each other; a forged and a recorded one change nothing and are counted")
def nobody_else_is_believed(lab):
    start_pair(lab)
    entry = lab.lb2.router()
    expect(entry["authentication"] == {"mode": "enforce", "signsWith": 1, "keyIds": [1]}, entry)
    peer = entry["peers"][0]
    expect(peer["signed"] is True and peer["keyId"] == 1 and abs(peer["clockSkewSeconds"]) <= 1, peer)
    expect(not drops(lab.lb2) and entry["counters"]["advertsUnsigned"] == 0, entry["counters"])
    before = len(lab.lb1.router()["transitions"])
    wire = Wire(lab.client.host)
    for _ in range(20):
        wire.claim(lab.lb2.host.front, VIP, 254)
        wire.claim(lab.client.host.front, VIP, 254)
    recorded = wire.record(lab.lb1.host.front)
    pause(0.5)  # by then a later one has come from lb1 itself
    for _ in range(20):
        wire.say(recorded)
    forged = recorded[:22] + bytes([255]) + recorded[23:26] + b"\0\0" + recorded[28:]
    wait_until("lb1 has counted what nobody signed", lambda: drops(lab.lb1).get("auth-missing", 0) >= 40)
    wait_until("lb2 has counted what was recorded", lambda: drops(lab.lb2).get("auth-replay", 0) >= 20)
    wire.say(forged)
    expect(lab.lb1.is_active() and len(lab.lb1.router()["transitions"]) == before, lab.lb1.router())
    expect("auth-missing" in lab.lb1.program.log(), "nothing in the log")
    for node in (lab.lb1, lab.lb2):
        said = node.program.log() + node.lintel("status") + node.lintel("status", "-o", "json")
        expect(not any(key in said for key in KEYS.values()), "a key stands in the log or the status")


@scenario("signed advertisements: keys are changed on one node after the other, and nobody notices")
def keys_change(lab):
    start_pair(lab)
    before = [node.router()["transitions"] for node in (lab.lb1, lab.lb2)]
    for ids in ((1, 2), (2, 1), (2,)):
        for node in (lab.lb2, lab.lb1):
            write_keys(node, *ids)
            wait_until(f"{node.name} has the keys {ids}", lambda n=node, i=ids: n.router()["authentication"]["keyIds"] == list(i), seconds=5)
            pause(0.5)
    wait_until("lb2 hears the new key", lambda: lab.lb2.router()["peers"][0]["keyId"] == 2, seconds=5)
    for node, was in zip((lab.lb1, lab.lb2), before):
        expect(len(node.router()["transitions"]) == len(was) and not drops(node), node.router())


@scenario("signed advertisements: where nobody tells of changed files, a reload reads the keys, also one that finds other servers and nothing else")
def keys_on_reload(lab):
    limit = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
    before, node = limit.read_text(encoding="ascii"), lab.lb1
    try:
        limit.write_text("0", encoding="ascii")
        write_keys(node, 1)
        node.start(documents(node, 150)).wait_active()
    finally:
        limit.write_text(before, encoding="ascii")
    expect("files of keys can't be watched" in node.program.log(), "it could be told")
    write_keys(node, 2)
    node.configure([documents(node, 150)[0], server(webs=WEBS[:2])])
    pause(0.5)
    expect(node.router()["authentication"]["keyIds"] == [1], "somebody told")
    node.reload()
    wait_until("it has the other key", lambda: node.router()["authentication"]["keyIds"] == [2], seconds=5)
    expect("weight 1 -> 0" in node.program.log(), "it did not find the other servers")


@scenario("signed advertisements: a running pair comes to them without a break: receiveOnly, permissive, enforce")
def on_the_way(lab):
    lab.lb1.start([router(priority=150), server()]).wait_active()
    lab.lb2.start([router(priority=100), server()]).wait_backup()
    pause(1)
    before = len(lab.lb1.router()["transitions"])
    for node in (lab.lb1, lab.lb2):
        write_keys(node, 1)
    for mode in ("receiveOnly", "permissive", "enforce"):
        for node, priority in ((lab.lb1, 150), (lab.lb2, 100)):
            node.configure(documents(node, priority, mode=mode))
            wait_until(f"{node.name} is in mode {mode}",
                       lambda n=node, m=mode: (n.router()["authentication"] or {}).get("mode") == m, seconds=5)
            pause(0.5)
    expect(lab.lb2.router()["peers"][0]["signed"] is True, lab.lb2.router())
    expect(lab.lb1.is_active() and len(lab.lb1.router()["transitions"]) == before and not drops(lab.lb2), lab.lb2.router())


@scenario("signed advertisements: without a key that can be read a node stays out, says why, and joins when it is there")
def no_key(lab):
    node = lab.lb1
    write_keys(node, 1, mode=0o644)
    node.start(documents(node, 100))
    wait_until("the problem is told", lambda: "no key" in node.router()["problem"], seconds=5)
    expect("its mode is 0644" in node.program.log(), node.program.log())
    pause(1)
    expect(not node.is_active(), "it takes part without a key")
    write_keys(node, 1)
    node.wait_active()


HMAC_KEEPALIVED = os.environ.get("LAB_KEEPALIVED_HMAC")  # a keepalived of 2.4.2 or later; Debian has none yet

if HMAC_KEEPALIVED:
    def hmac_block(mode="enforce"):
        return f"auth_hmac {{\n  key 1 hex:{KEYS[1]}\n  key 2 hex:{KEYS[2]}\n  active_key 2\n  mode {mode}\n }}"

    def with_keepalived(lab, unicast):
        peers = [lab.lb2.host.front] if unicast else []
        how = {"peers": [lab.lb1.host.front], "own": lab.lb2.host.front} if unicast else {}
        write_keys(lab.lb1, 1, 2)
        start = lambda: Keepalived(lab.lb2.host, priority=150, extra=hmac_block(), program=HMAC_KEEPALIVED, **how)  # noqa: E731
        peer = start().wait_active(seconds=40)
        lab.lb1.start(documents(lab.lb1, 100, preempt=True, **({"peers": peers} if peers else {}))).wait_backup()
        pause(1)
        entry = lab.lb1.router()
        expect(entry["peers"][0]["signed"] is True and entry["peers"][0]["keyId"] == 2 and not drops(lab.lb1), entry)
        peer.kill()
        lab.lb1.wait_active()
        lab.lb2.scrap()
        peer = start().wait_active(seconds=40)  # it believes lintel's lower priority, and preempts
        lab.lb1.wait_backup()
        peer.stop()
        lab.lb1.wait_active()
        lower = Keepalived(lab.lb2.host, priority=50, extra=hmac_block(), program=HMAC_KEEPALIVED, **how)
        pause(5)
        expect(lab.lb1.is_active() and not lower.has_address(), "keepalived does not believe lintel's signatures")
        lower.kill()

    for _way in (False, True):
        scenario(f"signed advertisements: with keepalived, {'unicast' if _way else 'multicast'}", timeout=240)(
            lambda lab, u=_way: with_keepalived(lab, u))
