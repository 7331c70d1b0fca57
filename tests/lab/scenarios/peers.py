# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP with other people's routers: Debian's keepalived and FRR, both families, unicast and multicast, both directions of takeover."""
from lablib.config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, port, router, server
from lablib.lab import expect, pause
from lablib.peers import Frr, Keepalived
from lablib.process import wait_until
from lablib.report import figure, scenario

LINK_LOCAL = "fe80::200:5eff:fe00:233"  # what lintel puts first into an IPv6 advertisement for VRID 51
FAMILIES = {
    "IPv4": {"router": [f"{VIP}/24", *INNER], "keepalived": [f"{VIP}/24"], "vip": VIP, "webs": WEBS, "own": "front"},
    "IPv6": {"router": [f"{VIP6}/64", *INNER6], "keepalived": [f"{VIP6}/64"], "vip": VIP6, "webs": WEBS6, "own": "front6"},
}


def own_addresses(lab, family):
    """What the two nodes use as unicast sources. Not link-local ones: keepalived 2.2.7, once it owns a link-local virtual
    address, may confuse it with its own."""
    if family == "IPv4":
        return lab.lb1.host.front, lab.lb2.host.front
    return lab.lb1.host.front6, lab.lb2.host.front6


def documents(family, priority, peers, preempt):
    facts = FAMILIES[family]
    return [router(addresses=facts["router"], priority=priority, preempt=preempt, **({"peers": [*peers]} if peers else {})),
            server(addresses=[facts["vip"]], webs=facts["webs"], ports=[port(80, "UDP")])]


def start_keepalived(lab, family, unicast, priority, preempt=True):
    """On lb2, with lintel's link-local address first in the list over IPv6."""
    facts = FAMILIES[family]
    mine, theirs = own_addresses(lab, family)
    addresses = facts["keepalived"] if family == "IPv4" else [f"{LINK_LOCAL}/64", *facts["keepalived"]]
    peer = Keepalived(lab.lb2.host, addresses=addresses, priority=priority, preempt=preempt,
                      **({"peers": [mine], "own": theirs} if unicast else {}))
    peer.address = facts["vip"]
    return peer


def keepalived_both_ways(lab, family, unicast):
    """keepalived is Active first and dies; comes back and preempts; leaves politely."""
    peers = own_addresses(lab, family)[1:] if unicast else ()
    peer = start_keepalived(lab, family, unicast, priority=150).wait_active(seconds=40)
    lab.lb1.start(documents(family, 100, peers, preempt=True)).wait_backup()
    pause(1)
    entry = lab.lb1.router()
    expect(entry["state"] == "Backup" and entry["peers"][0]["priority"] == 150, entry)
    expect(sum(entry["counters"]["drops"].values()) == 0, entry["counters"])
    peer.kill()
    lab.lb1.wait_active()
    lab.lb2.scrap()
    peer = start_keepalived(lab, family, unicast, priority=150).wait_active(seconds=40)
    lab.lb1.wait_backup()
    wait_until("lb1 has let the address go", lambda: not lab.lb1.has_address(FAMILIES[family]["vip"]), seconds=3)
    peer.stop()
    lab.lb1.wait_active()


def lintel_first(lab, family, unicast):
    """lintel is Active first; keepalived follows it, and takes over when lintel leaves and when it dies."""
    peers = own_addresses(lab, family)[1:] if unicast else ()
    vip = FAMILIES[family]["vip"]
    lab.lb1.start(documents(family, 150, peers, preempt=True)).wait_active(seconds=40)
    lab.client.wait_answer("udp", vip, 80)
    peer = start_keepalived(lab, family, unicast, priority=100)
    pause(2)
    expect(lab.lb1.is_active() and not peer.has_address(), "keepalived does not believe lintel's advertisements")
    lab.lb1.stop()
    peer.wait_active()
    lab.lb1.start().wait_active(seconds=40)
    peer.wait_backup()
    lab.lb1.lose_power()
    peer.wait_active()


for _family in FAMILIES:
    for _way, _unicast in (("multicast", False), ("unicast", True)):
        scenario(f"keepalived, {_family}, {_way}: it is Active first, dies, returns, leaves", timeout=180)(
            lambda lab, f=_family, u=_unicast: keepalived_both_ways(lab, f, u))
        scenario(f"keepalived, {_family}, {_way}: lintel is Active first, leaves, returns, dies", timeout=180)(
            lambda lab, f=_family, u=_unicast: lintel_first(lab, f, u))


@scenario("keepalived takes over from lintel in time: what the client sees")
def handover_to_keepalived(lab):
    lab.lb1.start(documents("IPv4", 150, (), preempt=False)).wait_active(seconds=40)
    start_keepalived(lab, "IPv4", False, priority=100)
    lab.lb2.host.run("ipvsadm", "-R", given="".join([f"-A -u {VIP}:80 -s rr\n"] + [f"-a -u {VIP}:80 -r {web}:8080 -m\n" for web in WEBS]))
    lab.lb2.host.sysctl("net.ipv4.vs.conntrack", 1)
    lab.lb2.host.sysctl("net.ipv4.ip_forward", 1)
    lab.lb2.host.run("nft", "-f", "-", given="table ip byhand {\n\tchain post {\n\t\ttype nat hook postrouting priority 100;\n"
                     f"\t\tct original ip daddr {VIP} oifname \"eth1\" masquerade\n\t}}\n}}\n")
    lab.client.wait_answer("udp", VIP, 80)
    pause(1)
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.lose_power()
        pause(2)
    figure("keepalived takes over from lintel after a power loss", probe.report)
    expect(0 < probe.report.gap_ms < 1500, probe.report)


def frr_both_ways(lab, family):
    facts = FAMILIES[family]
    peer = Frr(lab.lb2.host, address=facts["vip"], prefix=24 if family == "IPv4" else 64, priority=150)
    peer.wait_active(seconds=40)
    lab.lb1.start(documents(family, 100, (), preempt=True)).wait_backup()
    pause(1)
    entry = lab.lb1.router()
    expect(entry["state"] == "Backup" and entry["peers"][0]["priority"] == 150, entry)
    expect(sum(entry["counters"]["drops"].values()) == 0, entry["counters"])
    peer.lose_power()
    lab.lb1.wait_active()
    lab.lb2.scrap()
    peer = Frr(lab.lb2.host, address=facts["vip"], prefix=24 if family == "IPv4" else 64, priority=50)
    pause(2)
    expect(lab.lb1.is_active() and not peer.is_active(), "FRR does not believe lintel's advertisements")
    lab.lb1.stop()
    peer.wait_active()
    lab.lb1.start().wait_active(seconds=40)
    wait_until("FRR gives way", lambda: not peer.is_active())


for _family in FAMILIES:
    scenario(f"FRR's vrrpd, {_family}: both directions of takeover", timeout=180)(lambda lab, f=_family: frr_both_ways(lab, f))
