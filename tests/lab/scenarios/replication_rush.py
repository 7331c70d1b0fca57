# SPDX-License-Identifier: GPL-2.0-or-later
"""Running connections survive a power loss while many others begin, of which IPVS alone tells."""
import contextlib
import re
import socket
import struct
import time

from lablib.config import INNER, VIP, VIP6, WEBS, WEBS_FRONT, port, router, server
from lablib.connections import DUAL, DUAL_WEB, hold, known, make_room, open_flows, pair, replication
from lablib.lab import expect, pause
from lablib.process import wait_until
from lablib.report import scenario
from lablib.tracked import flows

IPV6_FREEBIND = 78  # include/uapi/linux/in6.h


def is_alone(node):
    """Does IPVS alone tell of flows with source NAT there?"""
    said = re.findall(r"of connections with source NAT (IPVS tells alone|connection tracking tells)", node.program.log())
    return bool(said) and said[-1].startswith("IPVS")


def expect_many(many):
    """So many began that IPVS is heard alone."""
    expect(many, "they were too few for IPVS to be heard alone")


def expect_alone(lab):
    expect_many(is_alone(lab.lb1))


@scenario("many flows at once without source NAT, of which IPVS alone tells: all are known, and what began meanwhile lives on")
def rush(lab):
    make_room(40000)
    pair(lab, server(webs=WEBS, ports=[port(80), port(80, "UDP")], sourceNat={"mode": "none"}))
    held = hold(lab, VIP, udp=True)
    first = number = 10000
    until = time.monotonic() + 5
    with lab.client.host.inside():
        while "many connections begin" not in lab.lb1.program.log() and time.monotonic() < until:
            number = open_flows(number, 300)
        number = open_flows(number, 1000)
    expect_many("many connections begin" in lab.lb1.program.log())
    seen = replication(lab.lb1)["rush"]
    expect(seen["on"] and seen["times"] >= 1 and seen["connections"] > 0, f"the status says of the rush: {seen}")
    held.open("echo").wait_ready()
    with lab.client.host.inside():
        number = open_flows(number, 300)
    pause(0.15)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    count, opened = known(lab.lb2), number - first
    expect(count >= opened + held.count, f"{count} are known of {opened} flows and {held.count} sessions")
    pause(3)
    held.expect_alive("in a rush of others")


@contextlib.contextmanager
def crowd(lab):
    """Many clients, all on one machine."""
    client = lab.client.host
    moves = [("10.99.0.0/16", client.front), ("fd99::/64", client.front6)]
    for network, gateway in moves:
        client.ip(f"route replace local {network} dev lo")
        for node in lab.nodes:
            node.host.ip(f"route replace {network} via {gateway}")
    try:
        yield
    finally:
        for network, _ in moves:
            client.ip(f"route del local {network} dev lo")


def speak(kind, client, number, address):
    """One flow, from that address and port; its socket."""
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in address:
        one.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    one.bind((client, number))
    one.connect((address, 80))
    if kind == socket.SOCK_DGRAM:
        one.send(b"x")
    return one


def crowd_speaks(lab, first, count):
    """Flows with ports of their own, and among them such that have few ports for many clients, whose ports source NAT has to change."""
    with contextlib.ExitStack() as stack, lab.client.host.inside():
        for number in range(first, first + count):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                for network, address in (("10.99.0.", VIP), ("fd99::", VIP6)):
                    stack.enter_context(speak(kind, f"{network}1", number, address))
                    if number % 3 == 0:
                        stack.enter_context(speak(kind, f"{network}{number // 3 % 200 + 2}", 9000 + number // 600, address))
        return stack.pop_all()


def strays(lab, first, count):
    """What IPVS takes for flows, from ports that others have, and connection tracking does not: the checksum is wrong."""
    for client in range(1, 4):
        with lab.client.host.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
            raw.bind((f"10.99.9.{client}", 0))
            for number in range(first, first + count):
                raw.sendto(struct.pack("!HHHH4s", number, 80, 12, 0xdead, b"none"), (VIP, 0))


def expect_true(true, told):
    wrong = {flow: (reply, told.get(flow)) for flow, reply in true.items() if told.get(flow) != reply}
    expect(not wrong, f"{len(wrong)} of {len(true)} flows are not as they were, such as {list(wrong.items())[:5]}")


@scenario("a rush with source NAT: TCP and UDP, both families, hundreds of flows with ports that were changed: IPVS tells of the others, and all "
          "are known with their true ports")
def rush_foreseen(lab):
    make_room(60000)
    pair(lab, DUAL_WEB, router=DUAL)
    held = hold(lab, VIP, VIP6, udp=True)
    with crowd(lab), contextlib.ExitStack() as stack:
        first, until, alone = 10000, time.monotonic() + 30, 0
        while not is_alone(lab.lb1) and time.monotonic() < until:
            stack.enter_context(crowd_speaks(lab, first, 50))
            first += 50
        expect_alone(lab)
        began = set(flows(lab.lb1.host, VIP, VIP6))
        while alone < 500 and time.monotonic() < until:  # a slow machine makes a rush with pauses
            stack.enter_context(crowd_speaks(lab, first, 300))
            strays(lab, first, 50)
            first += 300
            alone = replication(lab.lb1)["rush"]["connections"]
        held.open("echo").wait_ready()
        pause(0.2)
        true = flows(lab.lb1.host, VIP, VIP6)
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        told = flows(lab.lb2.host, VIP, VIP6)
        changed = sum(flow[2] != reply[4] for flow, reply in true.items() if flow not in began)
        expect(changed > 300, f"of {len(true)} flows the port of {changed} was changed")
        expect(alone >= 500, f"IPVS alone told of {alone}")
        expect_true(true, told)
        pause(3)
        held.expect_alive("in a rush of others, with source NAT")


def await_alone(lab, number, until):
    """Opens flows until IPVS alone tells of them; the next port."""
    while not is_alone(lab.lb1) and time.monotonic() < until and number < 60000:
        with lab.client.host.inside():
            number = open_flows(number, 100)
    expect_alone(lab)
    return number


@scenario("a rush with source NAT that ends: IPVS is asked no more, and connection tracking tells of each flow at once; the next rush is one again")
def rush_ends(lab):
    make_room(60000)
    pair(lab, server(webs=WEBS, ports=[port(80), port(80, "UDP")]))
    number = await_alone(lab, 10000, time.monotonic() + 20)
    wait_until("connection tracking tells again", lambda: not is_alone(lab.lb1), 15)
    wait_until("IPVS is asked no more", lambda: "master" not in lab.lb1.host.run("ipvsadm", "-L", "--daemon"), 5)
    before = known(lab.lb2)
    with lab.client.host.inside():
        number = open_flows(number, 10)
    wait_until("ten more are known", lambda: known(lab.lb2) == before + 10, 2)
    await_alone(lab, number, time.monotonic() + 20)


def word_sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def syn(client, number):
    """From a client that never answers, to the virtual server."""
    source, virtual = socket.inet_aton(client), socket.inet_aton(VIP)
    parts = number, 80, 1, 0, 5 << 4, 2, 1024
    tcp = struct.pack("!HHIIBBHHH", *parts, 0, 0)
    tcp = struct.pack("!HHIIBBHHH", *parts, word_sum(source + virtual + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp), 0)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0, source, virtual) + tcp


def half_open(lab, first, count):
    """Handshakes of spoofed clients that come to nothing: of each of these ports a handful, so that every server has one with it."""
    client = lab.client.host
    client.ip("route replace blackhole 10.98.0.0/16")
    for node in lab.nodes:
        node.host.ip(f"route replace 10.98.0.0/16 via {client.front}")
    with client.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for number in range(first, first + count):
            for spoofed in range(1, 7):
                raw.sendto(syn(f"10.98.0.{spoofed}", number), (VIP, 0))


@scenario("a rush with source NAT behind a flood of handshakes that come to nothing, which have the ports of others: what was not foreseen is found and mended")
def rush_flood(lab):
    make_room(60000)
    pair(lab, server(webs=WEBS, ports=[port(80), port(80, "UDP")]))
    half_open(lab, 20000, 300)
    with crowd(lab), contextlib.ExitStack() as stack:
        await_alone(lab, 10000, time.monotonic() + 20)
        with lab.client.host.inside():
            for number in range(20000, 20300):
                stack.enter_context(speak(socket.SOCK_STREAM, "10.99.0.1", number, VIP))
        wait_until("it is found", lambda: "source NAT did not do what was foreseen" in lab.lb1.program.log(), 5)
        expect(not is_alone(lab.lb1), "connection tracking tells of those that begin now")
        pause(3)  # all were compared
        true = {flow: reply for flow, reply in flows(lab.lb1.host, VIP).items() if flow[1] == "10.99.0.1"}
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        told = flows(lab.lb2.host, VIP)
        changed = sum(flow[2] != reply[4] for flow, reply in true.items())
        expect(changed > 200, f"of {len(true)} flows the port of {changed} was changed")
        expect_true(true, told)


@scenario("a rush with source NAT to servers in two networks, which see different addresses: it is found, and not tried again")
def rush_networks(lab):
    make_room(60000)
    pair(lab, server(webs=WEBS[:2] + WEBS_FRONT[:2], ports=[port(80), port(80, "UDP")]))
    number = await_alone(lab, 10000, time.monotonic() + 20)
    until = time.monotonic() + 10
    while "source NAT did not do what was foreseen" not in lab.lb1.program.log() and time.monotonic() < until:
        with lab.client.host.inside():
            number = open_flows(number, 20)
    expect(not is_alone(lab.lb1), "it is not found")
    pause(3)  # all were compared
    true = flows(lab.lb1.host, VIP)
    expect(len({reply[3] for reply in true.values()}) == 2, "the servers see one address")
    expect_true(true, flows(lab.lb2.host, VIP))


@scenario("a rush with source NAT through two virtual routers of a sync group, whose clients meet at one server with the same ports: all are known with their true ports")
def rush_group(lab):
    make_room(60000)
    second, group = "10.77.0.101", {"syncGroup": "edge"}
    pair(lab, router("back", vrid=52, interface="eth1", addresses=[INNER[0]["address"]], **group),
         router("second", vrid=53, addresses=[f"{second}/24"], **group),
         server(webs=WEBS[:1], ports=[port(80, "UDP")]),
         server("other", router="second", addresses=[second], webs=WEBS[:1], ports=[port(80, "UDP")]),
         router=router(addresses=[f"{VIP}/24"], **group))
    with crowd(lab), contextlib.ExitStack() as stack:
        await_alone(lab, 10000, time.monotonic() + 20)
        with lab.client.host.inside():
            for client, address, count in (("10.99.0.1", VIP, 200), ("10.99.0.2", second, 100)):
                for number in range(20000, 20000 + count):
                    stack.enter_context(speak(socket.SOCK_DGRAM, client, number, address))
        pause(0.3)
        expect_alone(lab)
        true = {flow: reply for flow, reply in flows(lab.lb1.host, VIP, second).items() if flow[1].startswith("10.99.0.")}
        changed = sum(flow[2] != reply[4] for flow, reply in true.items())
        expect(changed > 90, f"of {len(true)} flows the port of {changed} was changed")
        expect_true(true, flows(lab.lb2.host, VIP, second))
