# SPDX-License-Identifier: GPL-2.0-or-later
"""How connections are spread: forwarding, protocols, families, schedulers, persistence, ranges, who may come in."""
import pathlib

from lablib.config import (INNER, INNER6, VIP, VIP6, WEBS, WEBS6, WEBS_FRONT, WEBS_FRONT6, port, router, server)
from lablib.lab import expect
from lablib.servers import direct_servers, disown_the_vip, own_the_vip, tunnel_servers
from lablib.process import wait_until
from lablib.report import Skipped, figure, scenario
from lablib.traffic import TOOL
from lablib.process import Program

BOTH = [f"{VIP}/24", f"{VIP6}/64"]
DUAL = router(addresses=[*BOTH, *INNER, *INNER6])


@scenario("NAT: TCP and UDP over IPv4 and IPv6, from one dual-stack virtual server")
def nat_dual_stack(lab):
    lab.alone(server(addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80), port(80, "UDP")]), router=DUAL)
    for protocol in ("tcp", "udp"):
        for address in (VIP, VIP6):
            lab.client.wait_answer(protocol, address, 80)
            lab.client.expect_balanced(protocol, address, 80)


@scenario("source NAT: auto takes the floating inner address, masquerade the node's own, none the client's, address what it says")
def source_nat(lab):
    own, extra = lab.lb1.host, "10.78.0.253"
    modes = {"auto": "10.78.0.254", "masquerade": own.back, "none": lab.client.host.front, "address": extra}
    front = router(addresses=[f"{VIP}/24", *INNER, {"address": f"{extra}/24", "interface": "eth1"}])
    servers = [server(mode, ports=[port(number), port(number, "UDP")],
                      sourceNat={"mode": mode} | ({"address": extra} if mode == "address" else {}))
               for number, mode in enumerate(modes, 101)]
    lab.alone(*servers, router=front)
    for number, mode in enumerate(modes, 101):
        for protocol in ("tcp", "udp"):
            lab.client.wait_answer(protocol, VIP, number)
            report = lab.client.ask(protocol, VIP, number, count=3)
            expect(report.lost == 0 and report["seenAs"] == modes[mode], f"{mode}, {protocol}: seen as {report['seenAs']}; {report}")


@scenario("source NAT over IPv6: auto takes the floating inner address")
def source_nat6(lab):
    lab.alone(server(addresses=[VIP6], webs=WEBS6), router=DUAL)
    lab.client.wait_answer("tcp", VIP6, 80)
    report = lab.client.expect_balanced("tcp", VIP6, 80)
    expect(report["seenAs"] == "fd78::fe", report["seenAs"])


@scenario("direct: the servers answer the client themselves, over both families")
def direct(lab):
    with direct_servers(lab.webs):
        lab.alone(server(addresses=[VIP, VIP6], forwarding="direct", webs=WEBS_FRONT + WEBS_FRONT6,
                         ports=[port(8080), port(8080, "UDP")]), router=DUAL)
        for protocol in ("tcp", "udp"):
            for address in (VIP, VIP6):
                lab.client.wait_answer(protocol, address, 8080)
                report = lab.client.expect_balanced(protocol, address, 8080)
                expect(report["seenAs"] in (lab.client.host.front, lab.client.host.front6), report["seenAs"])


@scenario("tunnel: ipip and ip6ip6 to servers that answer the client themselves")
def tunnel(lab):
    with tunnel_servers(lab.webs):
        lab.alone(server(addresses=[VIP, VIP6], forwarding="tunnel", webs=WEBS + WEBS6,
                         ports=[port(8080), port(8080, "UDP")]), router=DUAL)
        for protocol in ("tcp", "udp"):
            for address in (VIP, VIP6):
                lab.client.wait_answer(protocol, address, 8080)
                lab.client.expect_balanced(protocol, address, 8080)


@scenario("tunnel: gre and gue encapsulation")
def tunnel_gre_gue(lab):
    lab.webs[0].run("modprobe", "-q", "fou", check=False)  # built in, or not loaded by itself
    try:
        for web in lab.webs:
            own_the_vip(web)
            web.ip(f"link add labgre type gre local {web.back} remote any", "link set labgre up",
                   f"link add labgue type ipip local {web.back} remote any", "link set labgue up", "fou add port 6080 gue")
            for device in ("labgre", "labgue"):
                web.sysctl(f"net.ipv4.conf.{device}.rp_filter", 0)

        def behind(kind, **tunnel_options):
            return [{"address": web, "tunnel": {"type": kind} | tunnel_options} for web in WEBS]
        lab.alone(server("gre", forwarding="tunnel", webs=behind("gre"), ports=[port(8080)]),
                  server("gue", forwarding="tunnel", webs=behind("gue", port=6080), ports=[port(8081, to=8081)]))
        for number in (8080, 8081):
            lab.client.wait_answer("tcp", VIP, number)
            lab.client.expect_balanced("tcp", VIP, number)
    finally:
        for web in lab.webs:
            web.run("ip", "-force", "-batch", "-", check=False,
                    given="link del labgre\nlink del labgue\nfou del port 6080\n")
            disown_the_vip(web)


@scenario("SCTP through NAT")
def sctp(lab):
    if not pathlib.Path("/proc/sys/net/sctp").exists():
        lab.webs[0].run("modprobe", "-q", "sctp", check=False)
    if not pathlib.Path("/proc/sys/net/sctp").exists():
        raise Skipped("this kernel has no SCTP (CONFIG_IP_SCTP)")
    for web in lab.webs:
        Program(web, f"sctp-{web.name}", [TOOL, "serve", "--protocol", "sctp", web.name, 8080])
    lab.alone(server(ports=[port(80, "SCTP")]))
    lab.client.wait_answer("sctp", VIP, 80)
    lab.client.expect_balanced("sctp", VIP, 80, timeout=8000)  # a lost packet of a handshake is sent again after 3 s (RFC 9260 15)


ONE, SOME, EVEN = "one", "some", "even"
SCHEDULERS = {  # what twelve short connections of one client look like when nothing else is going on
    "rr": EVEN, "wrr": {"web1": 2, "web2": 4, "web3": 6}, "lc": SOME, "wlc": SOME, "sed": SOME, "nq": SOME,
    "dh": ONE, "sh": ONE, "mh": ONE, "lblc": SOME, "lblcr": SOME, "fo": {"web3": 12}, "ovf": {"web3": 12}, "twos": SOME,
}


@scenario("every scheduler of IPVS spreads as it should; one that the kernel lacks is reported and the rest goes on")
def schedulers(lab):
    weighted = [{"address": web, "weight": weight} for weight, web in enumerate(WEBS, 1)]
    numbers = {name: 101 + index for index, name in enumerate(SCHEDULERS)}
    node = lab.alone(*(server(name, ports=[port(number, scheduler=name)], webs=weighted if name in ("wrr", "fo", "ovf") else WEBS)
                       for name, number in numbers.items()))
    lab.client.wait_answer("tcp", VIP, numbers["rr"])
    missing = " ".join(node.status()["ipvs"]["problems"])
    for name, wanted in SCHEDULERS.items():
        if f"CONFIG_IP_VS_{name.upper()}" in missing:
            figure("scheduler", f"{name} is missing in this kernel, and lintel says so")
            continue
        report = lab.client.ask("tcp", VIP, numbers[name], interval=10)
        shares = report.servers
        good = {ONE: len(shares) == 1, SOME: len(shares) >= 1, EVEN: sorted(shares.values()) == [4, 4, 4]}
        expect(report.lost == 0 and (shares == wanted if isinstance(wanted, dict) else good[wanted]), f"{name}: {report}; missing: {missing}")


@scenario("sh and mh with the client's port in the hash spread one client over the servers")
def hash_port(lab):
    lab.alone(server(ports=[port(101, scheduler="sh", hashPort=True), port(102, scheduler="mh", hashPort=True)]))
    for number in (101, 102):
        lab.client.wait_answer("tcp", VIP, number)
        report = lab.client.ask("tcp", VIP, number, count=24, interval=10)
        expect(report.lost == 0 and len(report.servers) >= 2, report)


@scenario("one-packet scheduling: every datagram of one socket goes to the next server")
def one_packet(lab):
    for web in lab.webs:  # with NAT nobody would remember whose answer it is
        own_the_vip(web)
    try:
        lab.alone(server(forwarding="direct", webs=WEBS_FRONT,
                         ports=[port(8080, "UDP", to=None, onePacket=True), port(8081, "UDP", to=None)]))
        lab.client.wait_answer("udp", VIP, 8080)
        with lab.client.watching("udp", VIP, 8081, interval=20) as sticky, lab.client.watching("udp", VIP, 8080, interval=20) as spread:
            pass
    finally:
        for web in lab.webs:
            disown_the_vip(web)
    expect(len(sticky.report.servers) == 1, f"without one-packet: {sticky.report}")
    expect(len(spread.report.servers) == 3, f"with one-packet: {spread.report}")


@scenario("persistence: a client stays with its server, and granularity widens who counts as one client")
def persistence(lab):
    lab.alone(server("each", ports=[port(101)], persistence={"timeout": "300s"}),
              server("subnet", ports=[port(102)], persistence={"timeout": "300s", "ipv4PrefixLength": 24}))
    for number in (101, 102):
        lab.client.wait_answer("tcp", VIP, number)
    others = [f"10.77.0.{number}" for number in range(51, 57)]
    lab.client.host.ip(*(f"addr add {other}/24 dev eth0" for other in others))
    try:
        report = lab.client.ask("tcp", VIP, 101)
        expect(report.lost == 0 and len(report.servers) == 1, report)
        seen = {number: {next(iter(lab.client.ask("tcp", VIP, number, count=1, options=["--source", other]).servers))
                         for other in others} for number in (101, 102)}
        expect(len(seen[101]) > 1, f"six clients went to {seen[101]}")
        expect(len(seen[102]) == 1, f"six clients of one /24 went to {seen[102]}")
    finally:
        lab.client.host.ip(*(f"addr del {other}/24 dev eth0" for other in others))


@scenario("a port range costs one entry, with or without an offset between VIP port and server port")
def port_ranges(lab):
    node = lab.alone(server("same", ports=[port((16384, 16483), "UDP", to=None, scheduler="rr")]),
                     server("offset", ports=[port((6384, 6483), "UDP", to=26384, scheduler="rr"), port((6384, 6483), "TCP", to=26384)]))
    for protocol, first in (("udp", 16384), ("udp", 6384), ("tcp", 6384)):
        for number in (first, first + 16, first + 99):
            lab.client.wait_answer(protocol, VIP, number)
            lab.client.expect_all(protocol, VIP, number)
        lab.client.expect_refused(protocol, VIP, first + 100)
    services = [line for line in node.ipvs() if line.startswith("-A")]
    expect(len(services) == 3, services)


@scenario("only clients from the source ranges get in")
def source_ranges(lab):
    lab.alone(server("open", ports=[port(101)]), server("closed", ports=[port(102)], sourceRanges=["10.77.0.51/32", "fd77:1::/64"]))
    lab.client.host.ip("addr add 10.77.0.51/24 dev eth0")
    try:
        lab.client.wait_answer("tcp", VIP, 101)
        allowed = lab.client.ask("tcp", VIP, 102, count=3, options=["--source", "10.77.0.51"])
        expect(allowed.lost == 0, f"allowed: {allowed}")
        denied = lab.client.ask("tcp", VIP, 102, count=3, timeout=500)
        expect(denied["answered"] == 0, f"denied: {denied}")
    finally:
        lab.client.host.ip("addr del 10.77.0.51/24 dev eth0")


@scenario("a VIP's port that nobody serves says no at once, over both families")
def unserved(lab):
    lab.alone(server(addresses=[VIP, VIP6], webs=WEBS + WEBS6), router=DUAL)
    lab.client.wait_answer("tcp", VIP, 80)
    for address in (VIP, VIP6):
        for protocol in ("tcp", "udp"):
            lab.client.expect_refused(protocol, address, 4711)


@scenario("weights: 0 gets nothing, and thresholds cap a server")
def weights(lab):
    webs = [{"address": WEBS[0], "weight": 0}, {"address": WEBS[1], "weight": 1, "upperThreshold": 2}, {"address": WEBS[2], "weight": 1}]
    node = lab.alone(server(webs=webs))
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=9)
    held.wait_ready()
    verdicts = held.finish()
    shares = {name: sum(v["server"] == name for v in verdicts) for name in ("web1", "web2", "web3")}
    expect(all(v["alive"] for v in verdicts) and shares["web1"] == 0 and shares["web2"] <= 3, f"{shares} {node.ipvs()}")


@scenario("list shows connections and statistics of what flows")
def listing(lab):
    node = lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.ask("tcp", VIP, 80, count=9)
    held = lab.client.sessions(VIP, 80, "echo", count=3)
    held.wait_ready()

    def totals():
        entry = node.list("--stats")["virtualServers"][0]
        return sum(s["activeConnections"] for s in entry["servers"]), entry["stats"]["connections"]
    wait_until("three active connections are listed", lambda: totals()[0] == 3, seconds=10)
    wait_until("twelve connections are counted", lambda: totals()[1] >= 12, seconds=10)  # the kernel adds up every two seconds
    text = node.lintel("list")
    expect(VIP in text and all(web in text for web in WEBS) and max(map(len, text.splitlines())) <= 80, text)
    held.finish()
