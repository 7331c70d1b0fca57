# SPDX-License-Identifier: GPL-2.0-or-later
"""Who asks at the moment of a handover where an address is: two nodes have it, and only one of them is right."""
from lablib.config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, WEBS_FRONT, WEBS_FRONT6, port, router, server
from lablib.lab import expect, pause
from lablib.neighbours import Forgetful
from lablib.process import Program, wait_until
from lablib.report import figure, scenario
from lablib.servers import direct_servers, tunnel_servers
from lablib.wire import Wire

ADDRESSES = [f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6]
INNER_ADDRESSES = [INNER[0]["address"].split("/")[0], INNER6[0]["address"].split("/")[0]]
UDP = server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80, "UDP")])
HANDOVERS = 12
CLEAN = ["127.0.0.1/8", "::1/128"]  # the loopback interface with nothing of ours


def start_pair(lab, balanced=UDP, number=80, **spec):
    lab.pair(router(addresses=ADDRESSES, interval="100ms", **spec), balanced)
    for address in (VIP, VIP6):
        lab.client.wait_answer("udp", address, number)
    wait_until("lb2 is ready to serve", lab.lb2.ipvs)


def loopback(node):
    return node.host.run("ip", "-br", "address", "show", "lo").split()[2:]


def expect_none_lost(lab, title, some_moves, number=80):
    """All that speak with the nodes forget where the addresses are, again and again. Who leaves hands on for 40 ms what isn't its own."""
    known = [(lab.client.host, "eth0", (VIP, VIP6)), *((web, "eth1", INNER_ADDRESSES) for web in lab.webs)]
    with lab.client.watching("udp", VIP, number) as four, lab.client.watching("udp", VIP6, number) as six, Forgetful(*known) as forgetful:
        some_moves()
        pause(0.3)
    figure(title, f"{forgetful.count} times somebody forgot where an address is")
    figure(f"{title}, IPv4", four.report)
    figure(f"{title}, IPv6", six.report)
    expect(forgetful.count > 0, "nobody forgot anything")
    expect(four.report.lost + six.report.lost == 0, f"IPv4: {four.report}; IPv6: {six.report}")


def expect_as_before(lab):
    """Nothing is left of being silent."""
    for node in lab.nodes:
        wait_until(f"{node.name} answers as before", lambda n=node: n.host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "0" and
                   n.host.sysctl("net.ipv4.conf.eth1.arp_announce") == "0", seconds=5)
        expect(loopback(node) == CLEAN, loopback(node))


def arp(node, interface):
    return tuple(node.host.sysctl(f"net.ipv4.conf.{interface}.{name}") for name in ("arp_ignore", "arp_announce"))


def hand_over(lab, leaver):
    leaver.lintel("failover", "front")
    lab.other(leaver).wait_active()
    leaver.wait_backup()


def to_and_fro(lab):
    node = next(node for node in lab.nodes if node.is_active())
    for _ in range(HANDOVERS):
        hand_over(lab, node)
        node = lab.other(node)
        pause(0.2)


@scenario("planned handovers while neighbours ask where the addresses are: not one datagram is lost")
def handovers(lab):
    start_pair(lab)
    expect_none_lost(lab, "handovers", lambda: to_and_fro(lab))
    expect_as_before(lab)


def hand_over_to_servers_that_answer_themselves(lab, forwarding, webs):
    start_pair(lab, server(addresses=[VIP, VIP6], forwarding=forwarding, webs=webs, ports=[port(8080, "UDP", to=None)]), 8080)
    expect_none_lost(lab, f"handovers, {forwarding}", lambda: to_and_fro(lab), 8080)
    expect_as_before(lab)


@scenario("direct: planned handovers while neighbours ask where the addresses are: not one datagram is lost")
def handovers_direct(lab):
    with direct_servers(lab.webs):
        hand_over_to_servers_that_answer_themselves(lab, "direct", WEBS_FRONT + WEBS_FRONT6)


@scenario("tunnel: planned handovers while neighbours ask where the addresses are: not one datagram is lost")
def handovers_tunnel(lab):
    with tunnel_servers(lab.webs):
        hand_over_to_servers_that_answer_themselves(lab, "tunnel", WEBS + WEBS6)


@scenario("polite stops while neighbours ask where the addresses are: not one datagram is lost")
def polite_stops(lab):
    start_pair(lab)

    def stop_each():
        for _ in range(2):
            node = next(node for node in lab.nodes if node.is_active())
            node.stop()
            lab.other(node).wait_active()
            node.start(None).wait_following()
            wait_until(f"{node.name} is ready to serve", node.ipvs)
            pause(0.5)

    expect_none_lost(lab, "polite stops", stop_each)
    expect_as_before(lab)


@scenario("a higher priority takes over while neighbours ask where the addresses are: not one datagram is lost")
def preemption(lab):
    start_pair(lab, preempt=True, preemptDelay="1s")

    def leave_and_return():
        for _ in range(2):
            lab.lb1.stop()
            lab.lb2.wait_active()
            lab.lb1.start(None)
            wait_until("lb1 is ready to serve", lab.lb1.ipvs)
            lab.lb1.wait_active()
            lab.lb2.wait_backup()
            pause(0.5)

    expect_none_lost(lab, "preemption", leave_and_return)
    expect_as_before(lab)


@scenario("a failover that nobody takes leaves the node answering for its addresses")
def nobody_takes_over(lab):
    node = lab.alone(UDP, router=router(addresses=ADDRESSES))
    lab.client.wait_answer("udp", VIP, 80)
    with lab.client.watching("udp", VIP, 80) as probe, Forgetful((lab.client.host, "eth0", (VIP,))):
        said = node.lintel("failover", "front", check=False)
        pause(0.5)
    expect("nobody" in said, said)
    expect(probe.report.lost == 0, probe.report)
    expect(loopback(node) == CLEAN, loopback(node))


def on_front(node):
    return {word.split("/")[0] for word in node.host.run("ip", "-br", "address", "show", "eth0").split()[2:]}


def begin_to_leave(lab, node):
    """It is asked to fail over, and somebody speaks up once: until it gives up on him, for two intervals, it is silent."""
    failover = Program(node.host, "failover", [node.binary, "failover", "--socket", node.socket, "front"])
    wait_until("it leaves", lambda: node.router()["leaving"], every=0.01)
    Wire(lab.client.host).claim(lab.client.host.front, VIP, 50, interval_cs=100)
    wait_until("it is silent", lambda: VIP not in on_front(node) and VIP6 not in on_front(node), every=0.01)
    expect({f"{VIP}/32", f"{VIP6}/128"} <= set(loopback(node)), loopback(node))
    expect(node.host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "1", "ARP is answered for what is on the loopback interface")
    return failover


def start_alone(lab, **spec):
    node = lab.alone(UDP, router=router(addresses=ADDRESSES, interval="1s", **spec))
    for address in (VIP, VIP6):
        lab.client.wait_answer("udp", address, 80)
    return node


def expect_quiet_log(node):
    expect("somebody removed" not in node.program.log() and "cannot add" not in node.program.log(), "a false alarm")


def expect_back(lab, node):
    wait_until("the addresses are back", lambda: {VIP, VIP6} <= on_front(node))
    wait_until("nothing is left", lambda: loopback(node) == CLEAN and
               node.host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "0" and node.host.sysctl("net.ipv4.conf.eth1.arp_announce") == "0")
    lab.client.host.run("ip", "neigh", "flush", "all")
    for address in (VIP, VIP6):
        lab.client.expect_all("udp", address, 80)


@scenario("a successor that says one word and no more: what is sent to the leaver is served, a reload changes nothing, and it is back")
def one_word(lab):
    node = start_alone(lab)
    with lab.client.watching("udp", VIP, 80) as four, lab.client.watching("udp", VIP6, 80) as six:
        begin_to_leave(lab, node)
        node.configure([router(addresses=ADDRESSES, interval="1s", priority=101), UDP])
        node.reload()
        wait_until("the reload is in force", lambda: node.router()["priority"] == 101, every=0.01)
        expect(VIP not in on_front(node), "it came too late")
        pause(0.3)
        expect({f"{VIP}/32", f"{VIP6}/128"} <= set(loopback(node)), loopback(node))
        expect_back(lab, node)
    for probe in (four, six):
        expect(probe.report.gap_ms < 200, probe.report)
    expect_quiet_log(node)


@scenario("a successor that says one word and no more: who believed him is told better")
def believed(lab):
    node = start_alone(lab)
    begin_to_leave(lab, node)
    for address in (VIP, VIP6):
        lab.client.host.run("ip", "neigh", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "reachable")
    wait_until("the addresses are back", lambda: {VIP, VIP6} <= on_front(node))
    for address in (VIP, VIP6):
        lab.client.wait_answer("udp", address, 80, seconds=2)


@scenario("while a node is silent, addresses are taken from its configuration and its interface goes down: nothing is left on the loopback interface")
def changes_meanwhile(lab):
    node = start_alone(lab)
    begin_to_leave(lab, node)
    node.configure([router(addresses=[f"{VIP}/24", *INNER], interval="1s"), server(addresses=[VIP], ports=[port(80, "UDP")])])
    node.reload()
    wait_until("its copy goes", lambda: f"{VIP6}/128" not in loopback(node), every=0.01)
    expect(f"{VIP}/32" in loopback(node), loopback(node))
    node.host.cut()
    wait_until("nothing is left", lambda: loopback(node) == CLEAN and
               node.host.sysctl("net.ipv4.conf.eth1.arp_ignore") == "0", seconds=5)
    expect_quiet_log(node)


@scenario("while a node is silent, it is killed and started again: what it had on the loopback interface goes, ARP is answered as before, and it serves")
def killed_meanwhile(lab):
    node = start_alone(lab, addressLifetime="0s")
    begin_to_leave(lab, node)
    node.kill()
    expect(f"{VIP}/32" in loopback(node), loopback(node))
    node.start(None)
    wait_until("the leftovers go", lambda: loopback(node) == CLEAN)
    for interface in ("eth0", "eth1"):
        wait_until(f"{interface} speaks again", lambda i=interface: arp(node, i) == ("0", "0"), seconds=5)
    node.wait_active()
    for address in (VIP, VIP6):
        lab.client.wait_answer("udp", address, 80)


@scenario("while a node is silent, it is asked to stop: it ends, and leaves nothing")
def stopped_meanwhile(lab):
    node = start_alone(lab)
    begin_to_leave(lab, node)
    node.stop()
    expect(node.kernel_is_clean(), node.addresses())
    expect(node.host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "0", "ARP is not answered as before")


@scenario("a virtual address that the operator has on the loopback interface himself: it is used, and stays")
def operators_own(lab):
    lab.lb1.host.ip(f"address add {VIP}/32 dev lo", f"address add {VIP6}/128 dev lo")
    node = start_alone(lab)
    with lab.client.watching("udp", VIP, 80) as four, lab.client.watching("udp", VIP6, 80) as six:
        begin_to_leave(lab, node)
        wait_until("the addresses are back", lambda: {VIP, VIP6} <= on_front(node))
        pause(0.3)
    for probe in (four, six):
        expect(probe.report.gap_ms < 200, probe.report)
    expect({f"{VIP}/32", f"{VIP6}/128"} <= set(loopback(node)), loopback(node))
    expect_quiet_log(node)
    node.stop()
    expect({f"{VIP}/32", f"{VIP6}/128"} <= set(loopback(node)), loopback(node))
