# SPDX-License-Identifier: GPL-2.0-or-later
"""Running connections survive a power loss: every way of forwarding, both families, sessions that check every byte."""
import contextlib
import re
import socket
import struct
import time

from lablib.config import FRONT, INNER, VIP, VIP6, WEBS, WEBS6, WEBS_FRONT, WEBS_FRONT6, port, router, server
from lablib.connections import DUAL, DUAL_WEB, Held, hold, known, make_room, open_flows, pair, replication, start_crossed, wait_known
from lablib.lab import expect, pause
from lablib.process import wait_until
from lablib.report import Skipped, scenario
from lablib.servers import direct_servers, tunnel_servers
from lablib.tracked import flows

IPV6_FREEBIND = 78  # include/uapi/linux/in6.h


def power_loss(lab, held, title, *addresses, number=80):
    """lb1 is switched off 150 ms after one more session was opened to each address; all live on."""
    wait_known(lab.lb2, held.count)
    for address in addresses or (VIP,):
        held.open("echo", address, number).wait_ready()
    pause(0.15)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(3)
    held.expect_alive(title)


@scenario("NAT with source NAT, both families: all live on, the one opened 150 ms before as well, and UDP stays on its server")
def nat(lab):
    pair(lab, DUAL_WEB, router=DUAL)
    power_loss(lab, hold(lab, VIP, VIP6, udp=True), "NAT with source NAT", VIP, VIP6)


@scenario("NAT without source NAT, both families: all live on")
def nat_plain(lab):
    pair(lab, server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80), port(80, "UDP")], sourceNat={"mode": "none"}), router=DUAL)
    power_loss(lab, hold(lab, VIP, VIP6, udp=True), "NAT without source NAT", VIP, VIP6)


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
    rushed = "many connections begin" in lab.lb1.program.log()
    if lab.emulated and not rushed:
        raise Skipped("an emulated machine opens too few in a second for IPVS to be heard alone; use --via uml or native")
    expect(rushed, "they were too few for IPVS to be heard alone")
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


def is_alone(node):
    """Does IPVS alone tell of flows with source NAT there?"""
    said = re.findall(r"of connections with source NAT (IPVS tells alone|connection tracking tells)", node.program.log())
    return bool(said) and said[-1].startswith("IPVS")


def expect_alone(lab):
    if lab.emulated and not is_alone(lab.lb1):
        raise Skipped("an emulated machine opens too few in a second for IPVS to be heard alone; use --via uml or native")
    expect(is_alone(lab.lb1), "they were too few for IPVS to be heard alone")


@scenario("a rush with source NAT: TCP and UDP, both families, hundreds of flows with ports that were changed: IPVS tells of the others, and all "
          "are known with their true ports")
def rush_translated(lab):
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
        wrong = {flow: (reply, told.get(flow)) for flow, reply in true.items() if told.get(flow) != reply}
        expect(not wrong, f"{len(wrong)} of {len(true)} flows are not as they were, such as {list(wrong.items())[:5]}")
        pause(3)
        held.expect_alive("in a rush of others, with source NAT")


@scenario("a rush with source NAT that ends, and one whose Active is killed: its table goes with its process, and after the rush as well")
def rush_ends(lab):
    make_room(60000)
    pair(lab, server(webs=WEBS, ports=[port(80), port(80, "UDP")]))
    number, until = 10000, time.monotonic() + 20
    for ending in ("over", "killed"):
        while not is_alone(lab.lb1) and time.monotonic() < until:
            with lab.client.host.inside():
                number = open_flows(number, 100)
        expect_alone(lab)
        if ending == "over":
            wait_until("the rush is over", lambda: "lintel-rush" not in lab.lb1.host.run("nft", "list", "tables"), 15)
            until = time.monotonic() + 20
    lab.lb1.kill()
    wait_until("its table is gone", lambda: "lintel-rush" not in lab.lb1.host.run("nft", "list", "tables"), 2)


@scenario("direct, both families: all live on")
def direct(lab):
    with direct_servers(lab.webs):
        pair(lab, server(addresses=[VIP, VIP6], forwarding="direct", webs=WEBS_FRONT + WEBS_FRONT6,
                         ports=[port(8080), port(8080, "UDP")]), router=DUAL)
        power_loss(lab, hold(lab, VIP, VIP6, number=8080, udp=True), "direct", VIP, VIP6, number=8080)


@scenario("tunnel, both families: all live on")
def tunnel(lab):
    with tunnel_servers(lab.webs):
        pair(lab, server(addresses=[VIP, VIP6], forwarding="tunnel", webs=WEBS + WEBS6,
                         ports=[port(8080), port(8080, "UDP")]), router=DUAL)
        power_loss(lab, hold(lab, VIP, VIP6, number=8080, udp=True), "tunnel", VIP, VIP6, number=8080)


@scenario("port ranges, one of them shifted: all live on")
def ranges(lab):
    pair(lab, server("same", ports=[port((16384, 16483), to=None), port((16384, 16483), "UDP", to=None)]),
         server("shifted", ports=[port((6384, 6483), to=26384), port((6384, 6483), "UDP", to=26384)]))
    held = Held(lab)
    for number in (16384, 16400, 6384, 6400):
        held.open("echo", number=number)
        held.open("download", number=number)
        held.flow(number=number)
    power_loss(lab, held.wait_ready(), "port ranges", number=6483)


@scenario("two clients with one source port to one server: both live on, though one of the ports was changed")
def same_source_port(lab):
    lab.client.host.ip(f"addr replace {FRONT}.51/24 dev eth0")
    try:
        pair(lab, server(webs=WEBS[:1]))
        held = Held(lab)
        for kind, number in (("echo", 40000), ("download", 40001), ("idle", 40002)):
            for source in (lab.client.host.front, f"{FRONT}.51"):
                held.open(kind, options=["--source", source, "--source-port", number])
        power_loss(lab, held.wait_ready(), "same source ports")
    finally:
        lab.client.host.ip(f"addr del {FRONT}.51/24 dev eth0")


@scenario("a download as fast as it goes lives on, and goes on as fast")
def flood(lab):
    pair(lab)
    held = Held(lab)
    held.open("flood")
    held.open("echo")
    power_loss(lab, held.wait_ready(), "a download at line rate")


@scenario("persistent clients come back to their servers after a power loss: NAT, direct, IPv6, and a port range")
def persistence(lab):
    sticky = {"persistence": {"timeout": "300s"}}
    with direct_servers(lab.webs):
        pair(lab, server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, **sticky),
             server("direct", forwarding="direct", webs=WEBS_FRONT, ports=[port(8080)], **sticky),
             server("range", ports=[port((16384, 16483), to=None)], **sticky), router=DUAL)
        clients = [lab.client.host.front, *(f"{FRONT}.{number}" for number in (61, 62, 63, 64))]
        lab.client.host.ip(*(f"addr replace {client}/24 dev eth0" for client in clients[1:]))
        try:
            def servers():
                def ask(address, number, source):
                    (web,) = lab.client.ask("tcp", address, number, count=1, options=["--source", source] if source else []).servers
                    return web
                asked = {(number, client): ask(VIP, number, client) for number in (80, 8080, 16400) for client in clients}
                return asked | {("IPv6", ""): ask(VIP6, 80, None)}
            before = servers()
            expect(len(set(before.values())) > 1, before)
            wait_known(lab.lb2, 2 * len(before))  # connections, and what remembers their servers
            lab.lb1.lose_power()
            lab.lb2.wait_active()
            after = servers()
            expect(after == before, f"{before} became {after}")
        finally:
            lab.client.host.ip(*(f"addr del {client}/24 dev eth0" for client in clients[1:]))


@scenario("two virtual routers, each Active on another node: both are saved, whichever node dies")
def both_directions(lab):
    other = f"{FRONT}.101"
    routers = [router("a", vrid=51, addresses=[f"{VIP}/24", *INNER], preempt=True),
               router("b", vrid=52, addresses=[f"{other}/24", {"address": "10.78.0.253/24", "interface": "eth1"}], preempt=True)]
    start_crossed(lab, routers, [server("a", router="a"), server("b", router="b", addresses=[other])])
    held = hold(lab, VIP, other)
    wait_known(lab.lb2, 5, "a")
    wait_known(lab.lb1, 5, "b")
    expect(known(lab.lb1, "a") == 5 and known(lab.lb2, "b") == 5, "more connections than there are")
    lab.lb2.lose_power()
    lab.lb1.wait_active("b")
    pause(3)
    held.expect_alive("both directions")
