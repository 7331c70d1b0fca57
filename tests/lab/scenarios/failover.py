# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients see when a node dies, hangs, is cut off, or leaves politely; always with the defaults of a 100 ms interval."""
from lablib.config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, port, router, server
from lablib.lab import expect, pause
from lablib.peers import Keepalived
from lablib.process import Program, wait_until
from lablib.report import Skipped, figure, scenario

BOUND_MS = 1500  # an unplanned takeover at 100 ms takes 0.3 s; a machine may stand still
DUAL = router(addresses=[f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6])
UDP = server(ports=[port(80, "UDP"), port(80)])
DUAL_UDP = server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80, "UDP"), port(80)])


def start_pair(lab, *servers, **how):
    lab.pair(how.pop("router", None), *(servers or [UDP]), **how)
    lab.client.wait_answer("udp", VIP, 80)
    wait_until("lb2 is ready to serve", lambda: lab.lb2.ipvs(), seconds=20)


def expect_lossless(report):
    """Not one datagram lost."""
    expect(report.lost == 0, report)


def vip_gone(node):
    """The kernel, not the dead daemon, has taken the address away."""
    return not node.has_address(VIP)


@scenario("power loss: the other node takes over within its down-interval")
def power_loss(lab):
    start_pair(lab)
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        pause(1)
    figure("power loss", probe.report)
    expect(0 < probe.report.gap_ms < BOUND_MS, probe.report)


@scenario("power loss with IPv6: both families move together")
def power_loss_dual(lab):
    start_pair(lab, DUAL_UDP, router=DUAL)
    lab.client.wait_answer("udp", VIP6, 80)
    with lab.client.watching("udp", VIP, 80) as four, lab.client.watching("udp", VIP6, 80) as six:
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        pause(1)
    figure("power loss, IPv4", four.report)
    figure("power loss, IPv6", six.report)
    for probe in (four, six):
        expect(0 < probe.report.gap_ms < BOUND_MS, probe.report)
    expect({VIP, VIP6} <= lab.lb2.addresses(), lab.lb2.addresses())


@scenario("kill -9: the other node takes over, and the dead one's kernel drops the address by itself")
def kill_nine(lab):
    start_pair(lab)
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.kill()
        lab.lb2.wait_active()
        wait_until("the address expires on lb1", lambda: vip_gone(lab.lb1), seconds=15)
        pause(0.5)
    figure("kill -9", probe.report)
    expect(probe.report.gap_ms < BOUND_MS, probe.report)
    lab.client.expect_all("udp", VIP, 80)


@scenario("kill -9 and a new start: what the kernel still has is adopted, and sessions live on")
def kill_and_restart(lab):
    node = lab.alone(UDP, options=["--resync", "1s"])
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=3)
    held.wait_ready()
    before = node.ipvs()
    node.kill()
    node.start().wait_active()
    expect(node.ipvs() == before, f"{before} became {node.ipvs()}")
    verdicts = held.finish()
    expect(all(v["alive"] for v in verdicts), verdicts)
    lab.client.expect_balanced("tcp", VIP, 80)


@scenario("hang: a stopped process loses its addresses, and is Backup when it wakes up")
def hang(lab):
    start_pair(lab)
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.hang()
        lab.lb2.wait_active()
        wait_until("the address expires on lb1", lambda: vip_gone(lab.lb1), seconds=15)
        lab.lb1.resume()
        lab.lb1.wait_backup()
        pause(1)
    figure("hang", probe.report)
    expect(probe.report.gap_ms < BOUND_MS, probe.report)
    expect(lab.lb2.is_active() and vip_gone(lab.lb1), "lb1 took the address back")


@scenario("cable cut: the node behind it lets go, and stays Backup when the cable is back")
def cable_cut(lab):
    start_pair(lab)
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.host.cut()
        lab.lb2.wait_active()
        wait_until("lb1 is not Active", lambda: not lab.lb1.is_active())
        pause(0.5)
        lab.lb1.host.heal()
        lab.lb1.wait_backup()
        pause(0.5)
    figure("cable cut", probe.report)
    expect(0 < probe.report.gap_ms < BOUND_MS, probe.report)
    expect(lab.exactly_one_active() and lab.lb2.is_active(), "the returning node disturbed the Active one")


@scenario("a tracked interface that goes down moves the router away, and its return changes nothing")
def tracked_interface(lab):
    start_pair(lab, router=router(trackInterfaces=["eth1"]))
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.host.cut("b")
        lab.lb2.wait_active()
        lab.lb1.host.heal("b")
        lab.lb1.wait_backup()
        pause(0.5)
    figure("tracked interface down", probe.report)
    expect(probe.report.gap_ms < BOUND_MS, probe.report)
    expect(lab.lb2.is_active(), "lb2 lost it again")


@scenario("polite stop: the successor takes over first, and not one datagram is lost")
def polite_stop(lab):
    start_pair(lab)
    with lab.client.watching("udp", VIP, 80, interval=2) as probe:
        lab.lb1.stop()
        lab.lb2.wait_active()
        pause(1)
    figure("polite stop", probe.report)
    expect_lossless(probe.report)
    expect(lab.lb1.kernel_is_clean(), lab.lb1.diagnosis())


@scenario("planned failover and back: not one datagram is lost")
def planned_failover(lab):
    start_pair(lab)
    with lab.client.watching("udp", VIP, 80, interval=2) as probe:
        lab.lb1.lintel("failover", "front")
        lab.lb2.wait_active()
        lab.lb1.wait_backup()
        pause(1)
        lab.lb2.lintel("failover", "front")
        lab.lb1.wait_active()
        lab.lb2.wait_backup()
        pause(0.5)
    figure("planned failover and back", probe.report)
    expect_lossless(probe.report)


def servers_think(lab, seconds):
    """Datagrams take that long on their way to the servers from now on; what neighbours tell each other does not."""
    lab.switch.ip("link add slow type ifb", "link set slow up")
    lab.switch.run("tc", "qdisc", "add", "dev", "slow", "root", "netem", "delay", f"{seconds * 1000:.0f}ms", "limit", "10000")
    for web in lab.webs:
        lab.switch.run("tc", "qdisc", "add", "dev", f"{web.name}-b", "clsact")
        for family, header in (("ip", "ip"), ("ipv6", "ip6")):
            lab.switch.run("tc", "filter", "add", "dev", f"{web.name}-b", "egress", "protocol", family, "prio", "1" if family == "ip" else "2", "u32",
                           "match", header, "protocol", "17", "0xff", "action", "mirred", "egress", "redirect", "dev", "slow")


def servers_answer(lab):
    for web in lab.webs:
        lab.switch.run("tc", "qdisc", "del", "dev", f"{web.name}-b", "clsact", check=False)
    lab.switch.run("ip", "link", "del", "slow", check=False)


@scenario("whoever asks for a failover is answered, also when the virtual router is renamed or removed meanwhile")
def failover_cut_short(lab):
    node = lab.lb1
    for name, rest in (("renamed", [router("other", interval="1s")]), ("removed", [router("aside", vrid=77, addresses=["10.77.0.177/24"])])):
        node.start([router(interval="1s")]).wait_active()
        asking = Program(node.host, f"failover-{name}", [node.binary, "failover", "--socket", node.socket, "front"])
        wait_until("it leaves", lambda: node.router()["leaving"])
        node.configure(rest)
        code = asking.process.wait(15)
        expect(code == 1 and "stopped, removed or renamed" in asking.log(), f"{name}: exit {code}: {asking.log()}")
        node.stop()


@scenario("planned failover while servers think: answers to what the leaver sent on come to the successor, and get to the client")
def failover_while_servers_think(lab):
    start_pair(lab, DUAL_UDP, router=DUAL)
    lab.client.wait_answer("udp", VIP6, 80)
    servers_think(lab, 0.015)
    try:
        with lab.client.watching("udp", VIP, 80, interval=2) as four, lab.client.watching("udp", VIP6, 80, interval=2) as six:
            pause(0.5)
            lab.lb1.lintel("failover", "front")
            lab.lb2.wait_active()
            lab.lb1.wait_backup()
            pause(0.5)
            lab.lb2.stop()
            lab.lb1.wait_active()
            pause(0.5)
    finally:
        servers_answer(lab)
    expect({INNER[0]["address"].split("/")[0], VIP, VIP6} <= lab.lb1.addresses(), lab.lb1.addresses())
    for name, probe in (("IPv4", four), ("IPv6", six)):
        figure(f"planned failover and a stop while servers think, {name}", probe.report)
        expect_lossless(probe.report)


@scenario("a returning node of higher priority does not preempt unless told to")
def no_preemption(lab):
    start_pair(lab)
    lab.lb1.stop()
    lab.lb2.wait_active()
    lab.lb1.start().wait_backup()
    pause(1)
    expect(lab.lb2.is_active() and lab.lb1.is_backup(), "lb1 preempted")


@scenario("with preempt and a delay, the node of higher priority takes over after the delay")
def preemption(lab):
    start_pair(lab, router=router(preempt=True, preemptDelay="2s"))
    lab.lb1.stop()
    lab.lb2.wait_active()
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.start().wait_backup()
        lab.lb1.wait_active(seconds=30)
        lab.lb2.wait_backup()
        pause(0.5)
    figure("preemption", probe.report)
    waited = [t for t in lab.lb1.router()["transitions"] if t["to"] == "Active"]
    expect(waited, lab.lb1.router())
    expect(probe.report.gap_ms < BOUND_MS, probe.report)


@scenario("split and heal: two Actives while they cannot hear each other, one afterwards")
def split_and_heal(lab):
    start_pair(lab, DUAL_UDP, router=DUAL)
    lab.split("f", "b")
    lab.lb2.wait_active()
    expect(lab.lb1.is_active(), "lb1 gave up although nobody contradicted it")
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.join("f", "b")
        lab.lb2.wait_backup()
        pause(1)
    figure("heal after a split", probe.report)
    expect(lab.lb1.is_active() and vip_gone(lab.lb2), "the higher priority should have won")
    lab.client.expect_all("udp", VIP, 80)
    lab.client.expect_all("udp", VIP6, 80)


@scenario("split and heal with unicast peers over IPv6: each still finds the other's link-local address")
def split_and_heal_unicast6(lab):
    six = [f"{VIP6}/64", *INNER6]
    for node, priority in ((lab.lb1, 150), (lab.lb2, 100)):
        peer = "fe80::ff:fe77:12" if node is lab.lb1 else "fe80::ff:fe77:11"  # by the lab's MAC addresses
        node.start([router(addresses=six, priority=priority, peers=[peer]),
                    server(addresses=[VIP6], webs=WEBS6, ports=[port(80, "UDP")])], wait=False)
        wait_until(f"{node.name} has found its place", lambda n=node: n.is_active() if n is lab.lb1 else n.is_backup(), seconds=40)
    lab.split()
    lab.lb2.wait_active()
    pause(8)  # neighbours become stale meanwhile
    lab.join()
    lab.lb2.wait_backup()
    pause(6)  # and are asked again
    expect(lab.exactly_one_active() and lab.lb1.is_active(), "two Actives again")
    lab.client.expect_all("udp", VIP6, 80)


@scenario("unicast peers: the same as multicast, with nothing sent to a group")
def unicast(lab):
    for node, peer, priority in ((lab.lb1, lab.lb2, 150), (lab.lb2, lab.lb1, 100)):
        node.start([router(priority=priority, peers=[peer.host.front]), UDP], wait=False)
        wait_until(f"{node.name} has found its place", lambda n=node: n.is_active() if n is lab.lb1 else n.is_backup(), seconds=40)
    lab.client.wait_answer("udp", VIP, 80)
    wait_until("lb2 has heard lb1", lambda: lab.lb2.router()["peers"][0]["heardSecondsAgo"] is not None)
    peers = lab.lb2.router()["peers"]
    expect([p["address"] for p in peers] == [lab.lb1.host.front] and peers[0]["priority"] == 150, peers)
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        pause(1)
    expect(0 < probe.report.gap_ms < BOUND_MS, probe.report)


@scenario("virtual MAC: the VIP answers with 00-00-5E-00-01-VRID on both nodes in turn")
def virtual_mac(lab):
    start_pair(lab, router=router(virtualMac=True))

    def neighbour():
        lab.client.ask("udp", VIP, 80, count=1)
        return lab.client.host.run("ip", "neigh", "show", VIP)
    expect("00:00:5e:00:01:33" in neighbour(), neighbour())
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        pause(3)
    figure("virtual MAC, power loss", probe.report)
    expect(0 < probe.report.gap_ms < BOUND_MS, probe.report)
    expect("00:00:5e:00:01:33" in neighbour(), neighbour())
    expect("5e:00:01" not in lab.lb1.host.run("ip", "link", "show", "eth0"), "eth0 itself changed its MAC")


@scenario("two virtual routers, each node Active for one; the survivor serves both")
def active_active(lab):
    other = "10.77.0.101"
    servers = [server("a", router="a", addresses=[VIP]), server("b", router="b", addresses=[other])]
    for node, first, second in ((lab.lb1, 150, 100), (lab.lb2, 100, 150)):
        node.start([router("a", vrid=51, addresses=[f"{VIP}/24", *INNER], priority=first, preempt=True),
                    router("b", vrid=52, addresses=[f"{other}/24", {"address": "10.78.0.253/24", "interface": "eth1"}],
                           priority=second, preempt=True),
                    *servers], wait=False)
    lab.lb1.wait_active("a", seconds=40).wait_backup("b", seconds=40)
    lab.lb2.wait_active("b").wait_backup("a")
    for address in (VIP, other):
        lab.client.wait_answer("tcp", address, 80)
    lab.lb2.lose_power()
    lab.lb1.wait_active("b")
    for address in (VIP, other):
        lab.client.wait_answer("tcp", address, 80)
        lab.client.expect_balanced("tcp", address, 80)


@scenario("the address owner (priority 255) is Active at once, and again when it returns")
def owner(lab):
    lab.lb2.start([router(priority=100), UDP]).wait_active()
    lab.lb1.start([router(priority=255), UDP])
    lab.lb1.wait_active()
    lab.lb2.wait_backup()
    expect(lab.lb1.router()["reason"], lab.lb1.router())


@scenario("somebody else who has the VIP is noticed and named")
def address_conflict(lab):
    node = lab.alone(UDP)
    rival = lab.webs[0]
    rival.front_leg(True)
    rival.ip(f"addr add {VIP}/32 dev eth0")

    def noticed():
        rival.run("ip", "neigh", "flush", "dev", "eth0", check=False)
        rival.run("ping", "-c", "1", "-W", "1", "-I", VIP, lab.client.host.front, check=False)  # asks for its way in the VIP's name
        return node.router()["counters"]["addressConflicts"] > 0
    try:
        wait_until("the conflict is counted", noticed, seconds=15)
        expect(node.is_active(), node.router())
    finally:
        rival.ip(f"addr del {VIP}/32 dev eth0")
        rival.front_leg(False)


@scenario("strangers who use our VRID for other addresses are noticed")
def collision(lab):
    node = lab.alone(UDP)
    lab.webs[0].front_leg(True)
    Keepalived(lab.webs[0], vrid=51, addresses=["10.77.0.177/24"], priority=50, interval=0.1, preempt=False)
    wait_until("the collision is counted", lambda: node.router()["counters"]["collisions"]
               + node.router()["counters"]["addressMismatches"] > 0, seconds=20)
    lab.webs[0].front_leg(False)


@scenario("an interval of 10 ms holds for ten seconds without a false failover", timeout=180)
def fast_interval(lab):
    start_pair(lab, interval="10ms")
    before = lab.lb2.router()["counters"]["becameActive"]
    with lab.client.watching("udp", VIP, 80, interval=2) as probe:
        pause(10)
    figure("10 ms, steady", probe.report)
    counters = lab.lb1.router()["counters"]
    in_time = sum(bucket["count"] for bucket in counters["lateness"] if bucket["le"] == 0.001)
    figure("10 ms, lateness", f"max {counters['latenessMaxSeconds'] * 1000:.1f} ms, {counters['advertsSent'] - in_time} of "
                              f"{counters['advertsSent']} later than 1 ms; the probe itself was late by up to {probe.report['latestMs']:.0f} ms")
    if probe.report["latestMs"] > 15:
        raise Skipped(f"this machine stood still for {probe.report['latestMs']:.0f} ms: no ground to judge a 10 ms interval")
    expect(lab.lb2.router()["counters"]["becameActive"] == before and lab.lb1.is_active(), "a false failover")
