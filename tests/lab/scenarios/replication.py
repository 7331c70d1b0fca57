# SPDX-License-Identifier: GPL-2.0-or-later
"""Running connections survive a power loss: every way of forwarding, both families, sessions that check every byte."""

from lablib.config import FRONT, INNER, VIP, VIP6, WEBS, WEBS6, WEBS_FRONT, WEBS_FRONT6, port, router, server
from lablib.connections import DUAL, DUAL_WEB, Held, hold, known, pair, start_crossed, wait_known
from lablib.lab import expect, pause
from lablib.report import scenario
from lablib.servers import direct_servers, tunnel_servers


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
