# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab tried on itself, without lintel: its network, IPVS and nftables by hand, keepalived and FRR as pairs, loss measured."""
import time

from lablib.config import VIP, VIP6, WEBS, WEBS6
from lablib.lab import expect
from lablib.peers import Frr, Keepalived
from lablib.report import figure, scenario
from lablib.traffic import TOOL

SNAT = """
table ip byhand {
	chain post {
		type nat hook postrouting priority 100;
		ct original ip daddr 10.77.0.100 oifname "eth1" masquerade
	}
}
table ip6 byhand {
	chain post {
		type nat hook postrouting priority 100;
		ct original ip6 daddr fd77::100 oifname "eth1" masquerade
	}
}
"""


def balance_by_hand(node, port=80):
    """What lintel does, with ipvsadm and nft."""
    lines = []
    for flag in ("-t", "-u"):
        for vip, webs in ((VIP, WEBS), (f"[{VIP6}]", [f"[{web}]" for web in WEBS6])):
            lines.append(f"-A {flag} {vip}:{port} -s rr")
            lines += [f"-a {flag} {vip}:{port} -r {web}:8080 -m" for web in webs]
    node.run("ipvsadm", "-R", given="\n".join(lines) + "\n")
    node.sysctl("net.ipv4.vs.conntrack", 1)
    node.sysctl("net.ipv4.ip_forward", 1)
    node.sysctl("net.ipv6.conf.all.forwarding", 1)
    node.run("nft", "-f", "-", given=SNAT)


@scenario("everybody reaches everybody over both families")
def reaches(lab):
    for web, back, back6 in ((web, web.back, web.back6) for web in lab.webs):
        for node in lab.nodes:
            for address in (back, back6):
                answer = node.host.run(TOOL, "probe", "udp", address, 8080, "--count", 2, "--interval", 20)
                expect(f'"{web.name}":2' in answer, f"{node.name} to {address}: {answer}")


@scenario("NAT with source NAT balances TCP and UDP over both families")
def balances(lab):
    node = lab.lb1.host
    node.ip(f"addr add {VIP}/24 dev eth0", f"addr add {VIP6}/64 dev eth0 nodad")
    balance_by_hand(node)
    for protocol in ("tcp", "udp"):
        for address in (VIP, VIP6):
            lab.client.expect_balanced(protocol, address, 80)


@scenario("long sessions live through a pause, and are seen to die with their path")
def sessions(lab):
    node = lab.lb1.host
    node.ip(f"addr add {VIP}/24 dev eth0")
    balance_by_hand(node)
    held = [lab.client.sessions(VIP, 80, kind, count=3) for kind in ("echo", "download", "idle")]
    for some in held:
        some.wait_ready()
    node.cut("b")
    time.sleep(0.5)
    node.heal("b")
    for some in held:
        verdicts = some.finish()
        expect(all(v["alive"] for v in verdicts), f"{some.kind}: {verdicts}")
    doomed = lab.client.sessions(VIP, 80, "echo", timeout=1000)
    doomed.wait_ready()
    node.cut("f")
    expect(not doomed.finish()[0]["alive"], "a session without a path was reported as alive")


@scenario("a pair of keepalived fails over, and the loss is what the protocol allows")
def fails_over(lab):
    first = Keepalived(lab.lb1.host, priority=150)
    second = Keepalived(lab.lb2.host, priority=100)
    first.wait_active()
    for node in lab.nodes:
        balance_by_hand(node.host)
    lab.client.expect_balanced("udp", VIP, 80)
    with lab.client.watching("udp", VIP, 80, interval=5) as probe:
        first.lose_power()
        second.wait_active()
        time.sleep(0.5)
    figure("keepalived at 100 ms, power loss", probe.report)
    expect(200 <= probe.report.gap_ms <= 2000, probe.report)


@scenario("FRR's vrrpd is Active, and keepalived follows it and takes over")
def frr(lab):
    first = Frr(lab.lb1.host, priority=150).wait_active(40)
    second = Keepalived(lab.lb2.host, priority=100)
    time.sleep(2)
    expect(first.is_active() and not second.has_address(), "they do not hear each other")
    first.lose_power()
    second.wait_active()


@scenario("a machine replaced after a crash is as new")
def replaced(lab):
    lab.lb1.host.ip(f"addr add {VIP}/24 dev eth0")
    lab.reset()
    expect(lab.lb1.kernel_is_clean(), lab.lb1.diagnosis())
    lab.client.host.run("ping", "-c", "1", "-W", "2", lab.lb1.host.front)


@scenario("connections whose machine is gone are gone with the scenario: a request from the same port later is scheduled once")
def forgotten(lab):
    def asked(port, source_port):
        return lab.client.ask("tcp", VIP, port, count=1, options=("--source", lab.client.host.front, "--source-port", source_port))

    def begin(port):
        lab.lb1.host.ip(f"addr add {VIP}/24 dev eth0")
        balance_by_hand(lab.lb1.host, port)
    begin(80)
    order = [asked(80, 30000 + number)["lastServer"] for number in range(3)]
    expect(sorted(order) == ["web1", "web2", "web3"], order)
    held = [lab.client.sessions(VIP, 80, "echo", options=("--source", lab.client.host.front, "--source-port", 30010 + number)) for number in range(3)]
    for session in held:
        session.wait_ready()
    lab.lb1.scrap()
    lab.reset()
    begin(81)
    later = [asked(81, 30010 + number) for number in range(3)]
    expect([report["lastServer"] for report in later] == order, f"{order} before, {later} from the ports of connections that were cut")
