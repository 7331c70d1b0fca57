# SPDX-License-Identifier: GPL-2.0-or-later
"""What replication shows and asks for: keys, who may preempt, counts, the guard; many connections, three nodes; and nothing is left behind."""
import socket
import struct

from lablib.config import VIP, WEBS, port, router, server
from lablib.connections import (KEY, OTHER_KEY, Held, choke, hold, known, make_room, of_router, pair, replication, start_again, wait_amid_sync, wait_in_step,
                                wait_known, write_key)
from lablib.lab import expect, pause
from lablib.process import wait_until
from lablib.report import figure, scenario


UDP = server(ports=[port(80, "UDP"), port(80)])


def channel(node):
    (peer,) = replication(node)["peers"]
    return peer


# --- keys ---

@scenario("the key is changed under load, by the procedure and by files alone: the channel stays up, and all live on")
def key_change(lab):
    pair(lab, UDP)
    held = hold(lab, udp=True)
    first = channel(lab.lb1)["key"]
    for keys in ((KEY, OTHER_KEY), (OTHER_KEY, KEY), (OTHER_KEY,)):
        for node in lab.nodes:
            write_key(node, *keys)
            node.reload()
        lab.client.ask("tcp", VIP, 80, count=20, interval=10)
        pause(1.2)  # files are looked at each second, too
        wait_in_step(lab.lb2)
    wait_until("the other key is in use", lambda: channel(lab.lb1)["key"] not in ("", first) and channel(lab.lb2)["key"] == channel(lab.lb1)["key"])
    wait_in_step(lab.lb2)
    wait_known(lab.lb2, held.count)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(2)
    held.expect_alive("two keys later")


@scenario("a wrong key is refused, counted and shown; with the right one the node comes in step")
def wrong_key(lab):
    pair(lab)
    lab.lb2.stop()
    lab.lb2.start(None, *write_key(lab.lb2, OTHER_KEY), wait=True)
    lab.lb2.wait_backup()
    for node in lab.nodes:
        wait_until("the wrong key is counted", lambda n=node: channel(n)["failures"].get("wrong-key", 0) > 0, 15)
        expect(channel(node)["state"] != "established", channel(node))
        expect("key" in node.lintel("status"), node.lintel("status"))
    lines = [line for line in lab.lb1.program.log().splitlines() if "wrong key" in line or "wrong-key" in line]
    expect(len(lines) <= 2, lines)
    write_key(lab.lb2)
    wait_in_step(lab.lb2)


@scenario("a key file that comes later turns replication on, one that goes turns it off, and what it made in the kernel goes with it")
def on_and_off(lab):
    pair(lab, keys=False, options=["--peer-key", "/nonexistent/key"])
    expect(not replication(lab.lb1)["on"] and "off" in lab.lb1.lintel("status"), lab.lb1.lintel("status"))
    for node in lab.nodes:
        node.stop()
        start_again(node)
    active = lab.wait_settled()
    wait_in_step(lab.other(active))
    for node in lab.nodes:
        (node.directory / "peer.key").unlink()
    for node in lab.nodes:
        wait_until("replication is off", lambda n=node: not replication(n)["on"])
        wait_until("its table and interface are gone", lambda n=node: nothing_left(n), 10)
    for node in lab.nodes:
        write_key(node)
    wait_in_step(lab.other(active))


# --- the gate ---

GATED = router(preempt=True)


@scenario("a node that is not in step does not preempt and says so; when it is in step it does")
def gate(lab):
    pair(lab, router=GATED)
    held = hold(lab)
    crowd = lab.client.sessions(VIP, 80, "idle", count=2000, timeout=5000)
    crowd.wait_ready(60)
    wait_known(lab.lb2, held.count + 2000)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    lab.lb1.scrap()
    choke(lab.lb1, 32)  # more than one record of TLS, less than the 50 kB of all
    start_again(lab.lb1)
    wait_amid_sync(lab.lb1, held.count + 2000)
    pause(1)
    expect(lab.lb1.is_backup() and lab.lb2.is_active(), "it preempted before it was in step")
    said = " ".join(lab.lb1.lintel("status").split())
    expect(of_router(lab.lb1)["preemptionHeld"] and "does not preempt until it is in step" in said, said)
    lab.lb1.host.run("nft", "delete", "table", "inet", "choke")
    lab.lb1.wait_active(seconds=30)
    expect(not of_router(lab.lb1)["preemptionHeld"], of_router(lab.lb1))
    pause(1)
    held.expect_alive("preempted when in step")
    crowd.finish()
    expect(crowd.alive == 2000, f"{crowd.alive} of the crowd are alive")


@scenario("a node that is held back takes over at once when the Active dies meanwhile")
def gate_dies(lab):
    pair(lab, UDP, router=GATED)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    lab.lb1.scrap()
    lab.lb1.host.run("nft", "-f", "-", given="table inet cut { chain in { type filter hook input priority -300; tcp sport 9311 drop; "
                     "tcp dport 9311 drop; }\n}\n")
    start_again(lab.lb1)
    lab.lb1.wait_backup()
    pause(1)
    expect(of_router(lab.lb1)["preemptionHeld"] and lab.lb1.is_backup(), lab.lb1.lintel("status"))
    with lab.client.watching("udp", VIP, 80, fresh=True) as probe:
        lab.lb2.lose_power()
        lab.lb1.wait_active()
        pause(1)
    took = [entry for entry in lab.lb1.router()["transitions"] if entry["to"] == "Active"]
    expect(took, lab.lb1.router())
    figure("held back, then the Active died", probe.report)
    expect(0 < probe.report.gap_ms < 1500, probe.report)


# --- what people see ---

@scenario("after a takeover the servers' counts are right, new connections go where there are fewest, and what was taken over is listed")
def counts(lab):
    pair(lab, server(ports=[port(80, scheduler="lc")], webs=WEBS[:2]))
    lab.lb1.lintel("drain", WEBS[1])
    held = Held(lab)
    held.open("idle", count=6)
    held.wait_ready()
    lab.lb1.lintel("undrain", WEBS[1])
    wait_known(lab.lb2, 6)

    def active(node):
        (service,) = node.list()["virtualServers"]
        return {entry["address"]: entry["activeConnections"] for entry in service["servers"]}
    expect(active(lab.lb1) == {WEBS[0]: 6, WEBS[1]: 0}, active(lab.lb1))
    wait_until(f"the same counts on lb2: {active(lab.lb2)}", lambda: active(lab.lb2) == active(lab.lb1), 10)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    expect(active(lab.lb2) == {WEBS[0]: 6, WEBS[1]: 0}, active(lab.lb2))
    more = Held(lab)
    more.open("idle", count=6)
    more.wait_ready()
    expect(active(lab.lb2) == {WEBS[0]: 6, WEBS[1]: 6}, active(lab.lb2))
    listed = [entry for entry in lab.lb2.list("--connections")["connections"] if entry["state"] == "ESTABLISHED"]
    expect(len(listed) == 12, listed)
    # a drained server keeps what it has
    lab.lb2.lintel("drain", WEBS[0])
    pause(1)
    held.expect_alive()
    more.expect_alive()


@scenario("a server that is taken out of the configuration after a takeover drains: its connections live, and end with its deadline")
def drained(lab):
    short = {"drainTimeout": "4s"}
    pair(lab, server(webs=WEBS[:2], **short))
    held = Held(lab)
    held.open("echo", count=4)
    held.wait_ready()
    wait_known(lab.lb2, 4)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(1)
    lab.lb2.configure(lab.documents(router(), [server(webs=WEBS[:1], **short)], 100, "100ms"))
    lab.lb2.reload()
    wait_until("the server drains", lambda: lab.lb2.weights().get(WEBS[1]) == 0)
    pause(1)
    expect(lab.lb2.weights().get(WEBS[1]) == 0, "it did not wait for its connections")
    wait_until("the server is gone", lambda: WEBS[1] not in lab.lb2.weights(), 15)
    verdicts = held.sessions[0].finish()
    alive = {verdict["server"] for verdict in verdicts if verdict["alive"]}
    expect(alive == {"web1"} and len([v for v in verdicts if v["alive"]]) == 2, verdicts)


@scenario("the guard: a connection that is not known yet stalls and recovers rather than be reset, and the guard empties by itself")
def guard(lab):
    pair(lab)
    lab.lb1.host.run("nft", "-f", "-", given="table inet late { chain out { type filter hook output priority -300; tcp dport 9311 drop; "
                     "tcp sport 9311 drop; }\n}\n")
    held = Held(lab)
    held.open("echo", count=3)
    held.wait_ready()
    expect(known(lab.lb2) == 0, "it knows what it was not told")
    lab.lb1.host.cut("b")  # lb1 stays, but cannot be Active
    lab.lb1.lintel("failover", "front", check=False)
    lab.lb2.wait_active()
    pause(0.4)
    lab.lb1.host.run("nft", "delete", "table", "inet", "late")
    pause(4)
    verdicts = held.sessions[0].finish()
    figure("unknown when taken over", f"{sum(v['alive'] for v in verdicts)} of 3 live: {verdicts[0]['error']}")
    expect(all(verdict["error"] != "Connection reset by peer" for verdict in verdicts), verdicts)
    wait_until("the guard is empty", lambda: "guard-stalled" not in lab.lb2.host.run("nft", "list", "ruleset"), 10)


# --- many, and more nodes ---

@scenario("ten thousand connections, half of them UDP, survive a power loss, and the way back")
def many(lab):
    count = 5000
    pair(lab, UDP)
    make_room(8 * count)
    tcp = lab.client.sessions(VIP, 80, "idle", count=count, timeout=20000)
    udp = lab.client.flows(VIP, 80, count=count)
    tcp.wait_ready(60)
    udp.wait_ready(60)
    wait_known(lab.lb2, 2 * count, seconds=30)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    lab.lb1.scrap()
    start_again(lab.lb1)
    wait_in_step(lab.lb1)
    expect(known(lab.lb1) == 2 * count, f"{known(lab.lb1)} known of {2 * count}")
    figure("memory of the process", f"{of_router(lab.lb1)['memoryBytes'] / known(lab.lb1):.0f} bytes a connection in the table")
    lab.lb2.lose_power()
    lab.lb1.wait_active()
    report = udp.finish()
    tcp.finish()
    expect(report == {"count": count, "answered": count, "moved": 0}, report)
    expect(tcp.alive == count, f"{tcp.alive} of {count} TCP sessions live; {tcp.sessions[:3]}")
    figure("many", f"{count} TCP sessions and {count} UDP flows live after two power losses")


@scenario("a rolling upgrade of three nodes, each stopped, replaced and started again: all live on")
def three_nodes(lab):
    third = lab.third()
    nodes = (*lab.nodes, third)
    for node, priority in zip(nodes, (150, 120, 100)):
        node.start(lab.documents(router(), [UDP], priority, "100ms"), *write_key(node))
        node.wait_active() if node is lab.lb1 else node.wait_backup()
    for node in nodes[1:]:
        wait_in_step(node)
    held = hold(lab, udp=True)
    for node in nodes:
        node.stop()
        node.scrap()
        start_again(node)
        wait_in_step(node) if not node.is_active() else None
        for other in nodes:
            wait_known(other, held.count)
    active = next(node for node in nodes if node.is_active())
    survivors = [node for node in nodes if node is not active]
    active.lose_power()
    wait_until("another one is Active", lambda: any(node.is_active() for node in survivors))
    pause(2)
    held.expect_alive("three nodes, each replaced, then a power loss")
    for node in survivors:
        if not node.is_active():
            wait_in_step(node)


# --- strangers on the same machine ---

def say(node, number, mark=0):
    """What a program of the node may say to the kernel's sync daemon: that 198.51.100.9:number is connected to the virtual server."""
    entry = struct.pack("!BBHIHHHHII4s4s4s", 0, 6, 36, 0, 1, number, 80, 8080, 0, 60,
                        *(socket.inet_aton(address) for address in ("198.51.100.9", VIP, WEBS[0])))
    with node.host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                          struct.pack("=4s4si", bytes(4), bytes(4), socket.if_nametoindex("lintel-sync")))
        sender.sendto(struct.pack("!BBHBBH", 0, 76, 8 + len(entry), 1, 1, 0) + entry, ("224.0.0.81", 18848))


def believed(node, number):
    return f"C6336409 {number:04X}" in node.host.run("cat", "/proc/net/ip_vs_conn")


@scenario("what another program says on lintel-sync is not believed; without the guard it would be")
def strangers(lab):
    pair(lab, UDP)
    for number, node in enumerate(lab.nodes, 5001):
        say(node, number)
        pause(0.5)
        expect(not believed(node, number), f"{node.name} took the word of a stranger")
        ruleset = node.host.run("nft", "list", "table", "inet", "lintel-guard")
        expect(" counter packets 1 " in ruleset and "guard-private" in ruleset, f"it was not counted: {ruleset}")
        expect("hook ingress" in ruleset, f"every packet that leaves {node.name} is looked at: {ruleset}")
        say(node, number, 0x4c53594e)
        wait_until("what has the mark is believed", lambda node=node, number=number: believed(node, number), 5)
    lab.lb2.host.run("nft", "delete", "table", "inet", "lintel-guard")
    say(lab.lb2, 5003)
    wait_until("without the guard a stranger is believed", lambda: believed(lab.lb2, 5003), 5)
    wait_until("the guard stands again", lambda: "lintel-guard" in lab.lb2.host.run("nft", "list", "tables"), 20)


# --- nothing is left ---

def nothing_left(node):
    """Of replication: no interface, no table, no sync daemon."""
    return ("lintel-sync" not in node.host.run("ip", "link") and "lintel-guard" not in node.host.run("nft", "list", "tables")
            and "sync" not in node.host.run("ipvsadm", "-L", "--daemon"))


def settings(node):
    return {name: node.host.sysctl(name) for name in
            ("net.ipv4.vs.sync_threshold", "net.ipv4.vs.sync_refresh_period", "net.ipv4.vs.sync_sock_size", "net.netfilter.nf_conntrack_events",
             "net.netfilter.nf_conntrack_tcp_be_liberal", "net.ipv4.vs.conntrack")}


@scenario("after a clean stop nothing is left, of the Active one nor of the Backup: no interface, table, daemon or setting; and plan foresees all")
def leaves_nothing(lab):
    lab.lb1.host.run("ipvsadm", "-Ln")
    lab.lb2.host.run("ipvsadm", "-Ln")
    before = {node.name: settings(node) for node in lab.nodes}
    pair(lab, UDP)
    held = hold(lab)
    wait_known(lab.lb2, held.count)
    for node in lab.nodes:
        code, said = node.offline_code("plan", "--state-dir", node.state, "--peer-key", node.directory / "peer.key", node.configuration)
        expect(code == 0, f"{node.name}: {said}")
    lab.lb2.stop()
    lab.lb1.stop()
    for node in lab.nodes:
        expect(nothing_left(node) and node.kernel_is_clean(), node.diagnosis())
        expect(settings(node) == before[node.name], f"{before[node.name]} became {settings(node)}")
