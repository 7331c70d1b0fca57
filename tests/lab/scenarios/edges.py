# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator does on an odd day: half a configuration, a missing interface, two daemons, a crash in the middle."""
import json
import subprocess

from lablib.config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, port, router, server
from lablib.lab import expect, pause
from lablib.lintel import BINARY
from lablib.process import Program, wait_until
from lablib.report import scenario
from lablib.topology import INNER_GATEWAY

RANGE = port((16384, 16483), "UDP", to=None, scheduler="sh")
EVERYTHING = [
    router(addresses=[f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6], accept=False),
    server("dual", addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80), port(80, "UDP")], persistence={"timeout": "300s"}),
    server("range", ports=[RANGE]),
    server("shifted", addresses=["10.77.0.101"], webs=["10.78.0.31"], ports=[RANGE | {"portRange": {"start": 26384, "end": 26483}, "targetPort": 16384}]),
    server("guarded", ports=[port(81)], sourceRanges=["10.77.0.0/24"]),
    server("direct", ports=[port(8080, to=None, scheduler="mh", hashPort=True)], forwarding="direct"),
    server("masqueraded", ports=[port(82)], sourceNat={"mode": "masquerade"}),
    server("untouched", ports=[port(83)], sourceNat={"mode": "none"}),
    server("named", ports=[port(84)], sourceNat={"mode": "address", "address": "10.78.0.254"}),
]


def planned(node):
    return node.offline_code("plan", "--state-dir", node.state, node.configuration)


def transitions(node):
    return [(t["to"], t["reason"]) for t in node.router()["transitions"]]


@scenario("with one of everything running, nothing is left to plan, and a restart writes nothing")
def nothing_left(lab):
    node = lab.lb1
    node.start(EVERYTHING, "--on-exit", "keep").wait_active()
    lab.client.wait_answer("udp", VIP, 80)
    code, text = planned(node)
    expect(code == 0, f"exit {code}: {text}")
    expect("  ! " not in node.lintel("status"), node.lintel("status"))
    node.stop()
    code, text = planned(node)
    expect(code == 0, f"after --on-exit keep, exit {code}: {text}")
    node.start(None, "--resync", "1s", "--on-exit", "keep").wait_active()
    wait_until("some turns are done", lambda: node.status()["reconcile"]["turns"] >= 3)
    reconcile = node.status()["reconcile"]
    expect(reconcile["writes"] == 0 and reconcile["driftRepaired"] == 0, reconcile)


@scenario("settings are put back by a clean exit even when a crash lies in between")
def settings_after_a_crash(lab):
    node = lab.lb1
    node.host.run("ipvsadm", "-Ln")
    names = ("net.ipv4.vs.conntrack", "net.ipv4.ip_forward", "net.ipv4.vs.expire_nodest_conn")
    before = {name: node.host.sysctl(name) for name in names}
    lab.alone()
    node.kill()
    expect({name: node.host.sysctl(name) for name in names} != before, "nothing was set")
    node.start().wait_active()
    node.stop()
    after = {name: node.host.sysctl(name) for name in names}
    expect(after == before, f"{before} became {after}")
    expect(node.kernel_is_clean(), node.diagnosis())


@scenario("virtual MAC: its parent's ARP settings are as before by a clean exit or without it, even when crashes lie in between; the operator's stay")
def muted_after_a_crash(lab):
    def arp():
        return tuple(lab.lb1.host.sysctl(f"net.ipv4.conf.eth0.{name}") for name in ("arp_ignore", "arp_announce"))
    lab.lb1.host.sysctl("net.ipv4.conf.eth0.arp_announce", 1)
    before = arp()
    node = lab.alone(router=router(virtualMac=True))
    expect(arp() == ("1", "2") != before, arp())
    for _ in range(2):
        node.kill()
        node.start().wait_active()
        expect(arp() == ("1", "2"), arp())
    node.stop()
    expect(arp() == before and not (node.state / "muted").exists(), f"{before} became {arp()}")
    node.start(None, "--on-exit", "keep").wait_active()
    node.stop()
    expect(arp() == ("1", "2"), arp())
    node.start([router(), server()])
    wait_until("the parent speaks again", lambda: arp() == before)
    node.stop()
    for name, value in (("arp_ignore", 1), ("arp_announce", 2)):
        node.host.sysctl(f"net.ipv4.conf.eth0.{name}", value)
    node.start([router(virtualMac=True), server()]).wait_active()
    node.kill()
    node.start().wait_active()
    node.stop()
    expect(arp() == ("1", "2") and not (node.state / "muted").exists(), arp())


@scenario("a drained server stays drained over a crash, a restart and a reload; a typing error is refused")
def drained_for_good(lab):
    node = lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    said = node.lintel("drain", "10.78.0.99", check=False)
    expect("no virtual server" in said, said)
    said = node.lintel("drain", f"{WEBS[0]}:9", check=False)
    expect("no virtual server" in said, said)
    node.lintel("drain", f"{WEBS[0]}:8080")
    node.kill()
    node.start().wait_active()
    expect(node.weights()[WEBS[0]] == 0, node.weights())
    node.configure([router(), server(), server("other", ports=[port(81)])])
    lab.client.wait_answer("tcp", VIP, 81)
    expect(node.weights()[WEBS[0]] == 0 and node.weights(number=81)[WEBS[0]] == 0, node.list())
    lab.client.expect_all("tcp", VIP, 80, ("web2", "web3"))
    wait_until("nothing is left to plan", lambda: planned(node)[0] == 0, seconds=5)
    node.lintel("undrain", f"{WEBS[0]}:8080")
    lab.client.expect_balanced("tcp", VIP, 80)


@scenario("drain outdoes persistence: the next connection of a client goes to another server, and stays there")
def drained_with_persistence(lab):
    node = lab.alone(server(persistence={"timeout": "300s"}))
    lab.client.wait_answer("tcp", VIP, 80)
    first = lab.client.ask("tcp", VIP, 80, count=6).servers
    expect(len(first) == 1, first)
    name = next(iter(first))
    node.lintel("drain", WEBS[int(name.removeprefix("web")) - 1])
    then = lab.client.ask("tcp", VIP, 80, count=6)
    expect(then.lost == 0 and len(then.servers) == 1 and name not in then.servers, then)


@scenario("six hundred addresses of one router come with a takeover, and neither node loses its step")
def many_addresses(lab):
    many = [f"10.77.{third}.{last}" for third in (1, 2) for last in range(1, 201)] + [f"fd77::1:{number:x}" for number in range(1, 201)]
    front = router(interval="1s", addresses=[f"{VIP}/16", f"{VIP6}/64", *INNER, *[f"{a}/{64 if ':' in a else 16}" for a in many]])
    lab.pair(front, server())
    lab.client.wait_answer("tcp", VIP, 80)
    wait_until("lb1 has all", lambda: set(many) <= lab.lb1.addresses(), seconds=30)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    wait_until("lb2 has all", lambda: set(many) <= lab.lb2.addresses(), seconds=30)
    pause(2)
    expect([to for to, _ in transitions(lab.lb2)] == ["Active", "Backup"], transitions(lab.lb2))
    lab.client.host.ip("addr add 10.77.0.200/16 dev eth0")
    for address in (many[0], many[399], many[400], many[599]):
        expect("1 received" in lab.client.host.run("ping", "-c", "1", "-W", "2", address, check=False), address)


@scenario("a removed virtual server keeps its address until its connections have ended; UDP goes at once")
def removed_virtual_server(lab):
    front = router(addresses=INNER)
    node = lab.alone(server(drainTimeout="30s"), server("staying", addresses=["10.77.0.101"]), router=front, options=["--resync", "1s"])
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=3)
    held.wait_ready()
    node.configure([front, server("staying", addresses=["10.77.0.101"])])
    wait_until("it drains", lambda: set(node.weights().values()) == {0})
    pause(1)
    expect(node.has_address(VIP), "its connections lost their address")
    verdicts = held.finish()
    expect(all(v["alive"] for v in verdicts), verdicts)
    wait_until("the service is gone", lambda: not any(VIP in line for line in node.ipvs()), seconds=60)
    wait_until("and the address with it", lambda: not node.has_address(VIP))
    expect(lab.client.ask("tcp", "10.77.0.101", 80, count=3).lost == 0, "the other one suffered")


@scenario("the last virtual server removed: its connections go on as long as they last, then settings are put back")
def last_virtual_server(lab):
    node = lab.alone(server(drainTimeout="8s"), router=router(addresses=INNER), options=["--resync", "1s"])
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=3)
    held.wait_ready()
    node.configure([router(addresses=INNER)])
    wait_until("it drains", lambda: set(node.weights().values()) == {0})
    pause(3)
    expect(node.host.sysctl("net.ipv4.ip_forward") == "1", "answers are not forwarded any more")
    code, text = planned(node)
    expect(code == 0, f"plan foresees what run does not do while connections go on: {text}")
    verdicts = held.finish()
    expect(all(v["alive"] for v in verdicts), verdicts)
    wait_until("settings are put back", lambda: node.host.sysctl("net.ipv4.ip_forward") == "0", seconds=60)
    expect(not node.ipvs() and not node.has_address(VIP), node.diagnosis())


@scenario("a removed server of UDP goes at once, and its flows go on with the others")
def udp_purge(lab):
    node = lab.alone(server(ports=[port(80, "UDP", scheduler="sh")]))
    lab.client.wait_answer("udp", VIP, 80)
    name = next(iter(lab.client.ask("udp", VIP, 80, count=1).servers))
    served_by = WEBS[int(name.removeprefix("web")) - 1]
    with lab.client.watching("udp", VIP, 80) as probe:
        node.configure([router(), server(ports=[port(80, "UDP", scheduler="sh")], webs=[web for web in WEBS if web != served_by])])
        wait_until("it is gone", lambda: served_by not in node.weights(protocol="UDP"))
        pause(1)
    expect(name in probe.report.servers and len(probe.report.servers) == 2 and probe.report.gap_ms < 500, probe.report)


@scenario("failover says no, and why: an unknown router, one that is not Active here, nobody to take over")
def failover_errors(lab):
    node = lab.alone()

    def refused(where, name):
        with where.host.inside():
            done = subprocess.run([BINARY, "failover", "--socket", str(where.socket), name], stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, check=False)
        expect(done.returncode == 1 and not done.stdout, f"exit {done.returncode}: {done.stdout}")
        return done.stderr
    said = refused(node, "bakc")
    expect("no such virtual router" in said, said)
    said = refused(node, "front")
    expect("nobody took over" in said and node.is_active() and node.has_address(VIP), said)
    lab.lb2.start([router(priority=50), server()]).wait_backup()
    said = refused(lab.lb2, "front")
    expect("not Active here" in said, said)


@scenario("a second failover while one is under way is refused; the first one gets its own answer")
def failover_twice(lab):
    node = lab.alone(router=router(interval="1s"))
    first = Program(node.host, "failover", [BINARY, "failover", "--socket", node.socket, "front"])
    wait_until("it is leaving", lambda: node.router()["leaving"])
    said = node.lintel("failover", "front", check=False)
    expect("under way" in said and first.running, said)
    expect(first.process.wait(timeout=30) == 1 and "nobody took over" in first.log(), first.log())


@scenario("a state directory that can't be written is told, keeps nobody from being served, and is written when it can be")
def journal_unwritable(lab):
    node = lab.alone(options=["--resync", "1s"])
    journal = node.state / "ipvs-journal"
    journal.unlink()
    journal.mkdir()
    (journal / "something").touch()
    node.configure([router(), server(ports=[port(80), port(81)])])
    lab.client.wait_answer("tcp", VIP, 81)
    wait_until("it is told", lambda: "journal" in node.lintel("status"))
    (journal / "something").unlink()
    journal.rmdir()
    wait_until("it is written", journal.is_file)
    wait_until("and told no more", lambda: "journal" not in node.lintel("status"))
    node.kill()
    node.start([router()], "--resync", "1s")
    wait_until("what is not wanted is known as ours", lambda: not any(VIP in line and "-w 0" not in line and line.startswith("-a") for line in node.ipvs()))


@scenario("a second daemon on the same socket does not start, and the first one does not notice")
def second_daemon(lab):
    node = lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    before = node.ipvs()
    code, text = node.offline_code("run", "-c", node.configuration, "--state-dir", node.state, "--socket", node.socket)
    expect(code == 1 and "another daemon" in text, f"exit {code}: {text}")
    expect(node.is_active() and node.has_address(VIP) and node.ipvs() == before, node.diagnosis())
    lab.client.expect_balanced("tcp", VIP, 80)


@scenario("a virtual router of IPv6 alone: elected over its link-local address, balances, moves")
def ipv6_only(lab):
    lab.pair(router(addresses=[f"{VIP6}/64", *INNER6]), server(addresses=[VIP6], webs=WEBS6, ports=[port(80, "UDP"), port(80)]))
    lab.client.wait_answer("tcp", VIP6, 80)
    lab.client.expect_balanced("tcp", VIP6, 80)
    wait_until("lb2 has heard lb1", lambda: lab.lb2.router()["peers"])
    expect(lab.lb2.router()["peers"][0]["address"].startswith("fe80:"), lab.lb2.router()["peers"])
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    lab.client.wait_answer("udp", VIP6, 80)


@scenario("a virtual router without addresses of its own has those of its virtual servers; without any it waits")
def router_without_addresses(lab):
    node = lab.lb1.start([router(addresses=[])])
    wait_until("it says why", lambda: node.router()["state"] == "Initialize" and node.router()["reason"])
    text = node.lintel("status")
    expect("address" in text, text)
    # the second one is the servers' way out
    node.configure([router(addresses=[]), server(addresses=[VIP, INNER_GATEWAY])])
    node.wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.expect_balanced("tcp", VIP, 80)


@scenario("an interface that comes after the start, goes, and comes again: the router takes part when it is there")
def late_interface(lab):
    node = lab.lb1
    node.start([router(interface="late0", addresses=["10.79.0.100/24"])])
    wait_until("it says what is missing", lambda: "late0" in node.lintel("status") and node.router()["state"] == "Initialize")
    for _ in range(2):
        node.host.ip("link add late0 type veth peer name late1", "link set late1 up", "link set late0 up", "addr add 10.79.0.1/24 dev late0")
        node.wait_active()
        wait_until("the address is there", lambda: node.has_address("10.79.0.100"))
        node.host.ip("link del late0")
        wait_until("it stops", lambda: node.router()["state"] == "Initialize")


@scenario("a reload that does not concern the Active router does not disturb it: no transition, no lost datagram")
def undisturbed(lab):
    lab.pair(None, server(ports=[port(80, "UDP")]))
    lab.client.wait_answer("udp", VIP, 80)
    before = [transitions(node) for node in lab.nodes]
    with lab.client.watching("udp", VIP, 80) as probe:
        for number in (81, 82, 83):
            lab.lb1.configure([router(priority=150), server(ports=[port(80, "UDP")]), server("more", ports=[port(number)])])
            wait_until("it is in", lambda n=number: any(f"{VIP}:{n} " in line for line in lab.lb1.ipvs()))
            lab.lb1.reload()
        lab.lb1.configure([router(priority=140, addresses=[f"{VIP}/24", "10.77.0.102/24", *INNER]), server(ports=[port(80, "UDP")])])
        wait_until("the new address is there", lambda: lab.lb1.has_address("10.77.0.102"))
    expect(probe.report.lost == 0, probe.report)
    expect([transitions(node) for node in lab.nodes] == before, [transitions(node) for node in lab.nodes])


@scenario("an empty directory is a configuration, but one whose files all went is refused; a file without objects lets go of all")
def empty_directory(lab):
    node = lab.lb1.start(None, "--resync", "1s")
    expect(node.in_step() and not node.status()["routers"], node.status())
    text = node.lintel("status")
    expect(max(map(len, text.splitlines())) <= 80, text)
    expect(not node.nft_tables() and not node.ipvs(), node.diagnosis())
    node.configure([router(), server()])
    node.wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    node.configure([router(), server("web", ports=[port(80), port(81)], drainTimeout="1s")])
    lab.client.wait_answer("tcp", VIP, 81)
    (node.configuration / "lab.yaml").unlink()
    wait_until("it says so", lambda: "any more" in node.lintel("status"))
    node.reload()
    expect(lab.client.ask("tcp", VIP, 81, count=30, interval=50).lost == 0, "it let go")
    node.configure([])
    wait_until("all is gone", lambda: not node.status()["routers"] and not node.has_address(VIP) and not node.ipvs(), seconds=30)
    wait_until("nothing is left to plan", lambda: planned(node)[0] == 0)


@scenario("accept: false keeps packets for the router's own addresses out, while virtual servers are served")
def not_accepted(lab):
    node = lab.alone(server(addresses=[VIP]), router=router(addresses=["10.77.0.101/24", *INNER], accept=False))
    lab.client.wait_answer("tcp", VIP, 80)

    def pings(address):
        return "1 received" in lab.client.host.run("ping", "-c", "1", "-W", "1", address, check=False)
    expect(node.has_address("10.77.0.101") and not pings("10.77.0.101"), "it answers all the same")
    expect("10.77.0.101" in lab.client.host.run("ip", "neigh"), "ARP must be answered")
    node.configure([router(addresses=["10.77.0.101/24", *INNER]), server(addresses=[VIP])])
    wait_until("it answers", lambda: pings("10.77.0.101"))


@scenario("what the log says is JSON when asked for")
def json_log(lab):
    node = lab.alone(options=["--log-format", "json"])
    node.stop()
    lines = [json.loads(line) for line in node.program.log().splitlines()]
    expect(len(lines) > 5 and all({"time", "level", "message"} <= set(line) for line in lines), lines[:3])
    expect(any(line["message"] == "state changed" and line["to"] == "Active" for line in lines), "no transition told")
    expect(not any("\n" in str(value) for line in lines for value in line.values()), "a fact that fills several lines")
