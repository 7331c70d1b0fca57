# SPDX-License-Identifier: GPL-2.0-or-later
"""Who asks at the moment of a handover where an address is: two nodes have it, and only one of them is right."""
from lablib.config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, port, router, server
from lablib.lab import expect, pause
from lablib.neighbours import Forgetful
from lablib.process import wait_until
from lablib.report import figure, scenario

ADDRESSES = [f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6]
INNER_ADDRESSES = [INNER[0]["address"].split("/")[0], INNER6[0]["address"].split("/")[0]]
UDP = server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80, "UDP")])
HANDOVERS = 12
ATTEMPTS = 3


def start_pair(lab, **spec):
    lab.pair(router(addresses=ADDRESSES, interval="100ms", **spec), UDP)
    for address in (VIP, VIP6):
        lab.client.wait_answer("udp", address, 80)
    wait_until("lb2 is ready to serve", lab.lb2.ipvs)


def expect_none_lost(lab, title, some_moves):
    """All that speak with the nodes forget where the addresses are, again and again. Who leaves hands on for 40 ms what isn't its own: a machine that
    stood still for longer may try again."""
    for _ in range(ATTEMPTS):
        known = [(lab.client.host, "eth0", (VIP, VIP6)), *((web, "eth1", INNER_ADDRESSES) for web in lab.webs)]
        with lab.client.watching("udp", VIP, 80) as four, lab.client.watching("udp", VIP6, 80) as six, Forgetful(*known) as forgetful:
            some_moves()
            pause(0.3)
        figure(title, f"{forgetful.count} times somebody forgot where an address is")
        figure(f"{title}, IPv4", four.report)
        figure(f"{title}, IPv6", six.report)
        if lab.emulated:
            figure(title, "what was lost is not judged: a machine that is emulated stands still for longer than 40 ms")
            return
        if four.report.lost + six.report.lost == 0:
            return
    expect(False, f"{ATTEMPTS} times: IPv4: {four.report}; IPv6: {six.report}")


def expect_as_before(lab):
    """Nothing is left of being silent."""
    for node in lab.nodes:
        wait_until(f"{node.name} answers as before", lambda n=node: n.host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "0" and
                   n.host.sysctl("net.ipv4.conf.eth1.arp_announce") == "0", seconds=5)
        lo = node.host.run("ip", "-br", "address", "show", "lo").split()
        expect(lo[2:] == ["127.0.0.1/8", "::1/128"], lo)


def hand_over(lab, leaver):
    leaver.lintel("failover", "front")
    lab.other(leaver).wait_active()
    leaver.wait_backup()


@scenario("planned handovers while neighbours ask where the addresses are: not one datagram is lost")
def handovers(lab):
    start_pair(lab)

    def to_and_fro():
        node = next(node for node in lab.nodes if node.is_active())
        for _ in range(4 if lab.emulated else HANDOVERS):
            hand_over(lab, node)
            node = lab.other(node)
            pause(0.2)

    expect_none_lost(lab, "handovers", to_and_fro)
    expect_as_before(lab)


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
    expect(probe.report.lost == 0 or lab.emulated, probe.report)
    lo = node.host.run("ip", "-br", "address", "show", "lo").split()
    expect(lo[2:] == ["127.0.0.1/8", "::1/128"], lo)
