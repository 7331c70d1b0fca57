# SPDX-License-Identifier: GPL-2.0-or-later
"""Sync groups, and what else than the own interface decides who is active: files, addresses, damping."""
from lablib.config import INNER, VIP, VIP6, WEBS, port, router, server
from lablib.lab import expect, pause
from lablib.process import WORK, wait_until
from lablib.report import figure, scenario

BOUND_MS = 1500
UDP = server(ports=[port(80, "UDP")])
GATEWAY = INNER[0]["address"]
CALM = "1s"  # where nothing is to move: a busy machine that stalls the emulation for 0.3 s is not what is tried


def both_routers(priority, **spec):
    """The virtual router of each side, in one sync group: source NAT of the front one takes the address of the back one."""
    return [router("front", vrid=51, addresses=[f"{VIP}/24"], priority=priority, syncGroup="edge", **spec),
            router("back", vrid=52, interface="eth1", addresses=[GATEWAY], priority=priority, syncGroup="edge", **spec), UDP]


def start_group(lab, **spec):
    for node, priority, wait in ((lab.lb1, 150, lab.lb1.wait_active), (lab.lb2, 100, lab.lb2.wait_following)):
        node.start(both_routers(priority, **spec), wait=False)
        for name in ("front", "back"):
            wait(name, seconds=40)
    lab.client.wait_answer("udp", VIP, 80)


def owns_all(node):
    return node.is_active("front") and node.is_active("back")


def owns_none(node):
    return not node.is_active("front") and not node.is_active("back")


def expect_one_for_all(lab, node):
    wait_until("one node is Active for both", lambda: owns_all(node) and owns_none(lab.other(node)))
    expect({VIP, GATEWAY.split("/")[0]} <= node.addresses(), node.addresses())
    left = {VIP, GATEWAY.split("/")[0]} & lab.other(node).addresses()
    expect(not left, f"{lab.other(node).name} still has {left}")


@scenario("sync group: the cable of one member is cut, and both virtual routers move")
def cable_of_one(lab):
    start_group(lab)
    for leg in ("b", "f"):
        active = lab.lb1 if leg == "b" else lab.lb2
        with lab.client.watching("udp", VIP, 80) as probe:
            active.host.cut(leg)
            wait_until("the other node is Active for both", lambda a=active: owns_all(lab.other(a)))
            pause(0.5)
        figure(f"sync group, cable {leg} cut", probe.report)
        expect(probe.report.gap_ms < BOUND_MS, probe.report)
        healthy = active.router("front" if leg == "b" else "back")
        expect(healthy["state"] == "Initialize" and "sync group edge" in healthy["problem"], healthy)
        active.host.heal(leg)
        for name in ("front", "back"):
            active.wait_backup(name)
        expect_one_for_all(lab, lab.other(active))


@scenario("sync group: nodes that don't hear each other on one side go on; after a split of both, one is Active for all")
def splits(lab):
    start_group(lab, interval=CALM)
    lab.split("b")
    wait_until("lb2 hears nobody there", lambda: "sync group" in lab.lb2.router("back")["problem"])
    pause(2)
    expect(owns_all(lab.lb1) and owns_none(lab.lb2), "a split of one side moved something")
    lab.split("f", "b")
    wait_until("both nodes are Active for all", lambda: owns_all(lab.lb1) and owns_all(lab.lb2))
    lab.join("b")
    wait_until("one is left, by what is heard on one side", lambda: owns_all(lab.lb1) and owns_none(lab.lb2))
    lab.join("f", "b")
    pause(3)
    expect_one_for_all(lab, lab.lb1)
    lab.client.wait_answer("udp", VIP, 80)


@scenario("sync group: a planned failover of one member moves all, and not one datagram is lost")
def planned(lab):
    start_group(lab)
    told = " ".join(lab.lb1.lintel("explain", f"{VIP}:80/udp").split())
    expect(f"{GATEWAY.split('/')[0]} on eth1 (of back); elsewhere the virtual address" in told, told)
    with lab.client.watching("udp", VIP, 80, interval=2) as probe:
        lab.lb1.lintel("failover", "back")
        wait_until("lb2 is Active for both", lambda: owns_all(lab.lb2))
        wait_until("lb1 let go of both", lambda: owns_none(lab.lb1))
        pause(0.5)
    figure("sync group, planned failover", probe.report)
    expect(probe.report.lost == 0, probe.report)
    expect_one_for_all(lab, lab.lb2)


@scenario("sync group: members that join, leave and change at run time stay where they are")
def regroup(lab):
    start_group(lab, interval=CALM)
    together = both_routers(150, interval=CALM)
    apart = [{**d, "spec": {k: v for k, v in d["spec"].items() if k != "syncGroup"}} for d in together]
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.configure(apart)
        wait_until("no group is left on lb1", lambda: lab.lb1.router()["syncGroup"] is None)
        expect(owns_all(lab.lb1), lab.lb1.status()["routers"])
        lab.lb1.configure(together)
        wait_until("the group is there again", lambda: lab.lb1.router()["syncGroup"] == "edge")
        pause(1)
    expect(owns_all(lab.lb1) and owns_none(lab.lb2), "regrouping moved something")
    expect(probe.report.lost == 0, probe.report)
    lab.lb1.configure([{**together[0], "spec": {**together[0]["spec"], "priority": 140}}, *together[1:]])
    wait_until("the lower priority of one is that of both", lambda: [lab.lb1.router(name)["priority"] for name in ("front", "back")] == [140, 140])
    expect((lab.lb1.router("back")["configuredPriority"], lab.lb1.router("back")["priorityFrom"]) == (150, "front"), lab.lb1.router("back"))
    expect(lab.lb1.router("front")["priorityFrom"] is None and "with front; has the priority of front" in lab.lb1.lintel("status"), lab.lb1.lintel("status"))
    third = router("third", vrid=53, addresses=["10.77.0.103/24"], priority=150, interval=CALM, syncGroup="edge")
    lab.lb1.configure([*together, third])
    lab.lb1.wait_active("third")
    expect(owns_all(lab.lb1) and "10.77.0.103" in lab.lb1.addresses(), lab.lb1.addresses())


@scenario("an Active that changes its family as it joins a group that can't be active stops, and the daemon goes on")
def family_changed_on_joining(lab):
    waiting = router("back", vrid=52, interface="eth7", addresses=[GATEWAY], syncGroup="edge")
    for before, after in ((VIP + "/24", VIP6 + "/64"), (VIP6 + "/64", VIP + "/24")):
        node = lab.lb1.start([router(addresses=[before]), waiting])
        node.wait_active()
        node.configure([router(addresses=[after], syncGroup="edge"), waiting])
        wait_until("front waits for back", lambda n=node: n.router()["state"] == "Initialize" and "waits with" in (n.router()["problem"] or ""))
        expect(not {VIP, VIP6} & node.addresses(), node.addresses())
        node.stop()


@scenario("a tracked file: its number moves the virtual router, and what flaps moves it once")
def file_weight(lab):
    load = WORK / "lb1-load"
    load.write_text("0\n", encoding="utf-8")
    tracking = {"track": [{"file": str(load), "weight": -10}], "damping": {"hold": "2s", "maximum": "30s"}, "preempt": True}
    lab.lb1.start([router(priority=150, interval=CALM, **tracking), UDP]).wait_active(seconds=40)
    tracking["track"] = [{"file": str(WORK / "lb2-load"), "weight": -10}]
    (WORK / "lb2-load").write_text("0\n", encoding="utf-8")
    lab.lb2.start([router(priority=100, interval=CALM, **tracking), UDP]).wait_backup(seconds=40)
    load.write_text("8\n", encoding="utf-8")
    lab.lb2.wait_active()
    lab.lb1.wait_backup()
    seen = lab.lb1.router()
    expect(seen["priority"] == 70 and seen["tracks"][0]["priorityChange"] == -80, seen)
    before = len(lab.lb2.router()["transitions"])
    for _ in range(12):
        load.write_text("0\n", encoding="utf-8")
        pause(0.3)
        load.write_text("8\n", encoding="utf-8")
        pause(0.3)
    load.write_text("0\n", encoding="utf-8")
    wait_until("it is held", lambda: lab.lb1.router()["tracks"][0]["heldSeconds"] > 5)
    expect("which counts in" in lab.lb1.lintel("status"), lab.lb1.lintel("status"))
    expect("since it became bad" in lab.lb1.lintel("explain", f"{VIP}:80/udp", check=False), "explain says nothing of it")
    expect(len(lab.lb2.router()["transitions"]) == before and lab.lb2.is_active(), lab.lb2.router()["transitions"])
    lab.lb1.wait_active(seconds=60)  # it lasted; and lb1 may preempt
    load.write_text("no number\n", encoding="utf-8")
    wait_until("that is told", lambda: "no integer" in lab.lb1.router()["tracks"][0]["why"])
    load.unlink()
    pause(1)
    expect(lab.lb1.is_active(), "a file that is gone counts as 0")


@scenario("a file that is there, or not, keeps the node out as it says")
def file_presence(lab):
    flag = WORK / "maintenance"
    flag.unlink(missing_ok=True)
    lab.pair(router(track=[{"file": str(flag), "expect": "absent"}], damping={"hold": "500ms"}), UDP)
    lab.client.wait_answer("udp", VIP, 80)
    with lab.client.watching("udp", VIP, 80, interval=2) as probe:
        lab.lb1.host.run("touch", str(flag))  # both nodes see it, as they share the file system: the Active one leaves as planned
        wait_until("both are out", lambda: not lab.lb1.is_active() and not lab.lb2.is_active())
    expect(str(flag) in lab.lb1.router()["problem"], lab.lb1.router()["problem"])
    expect(probe.report.gap_ms >= 0, probe.report)
    flag.unlink()
    lab.wait_settled(seconds=30)
    lab.client.wait_answer("udp", VIP, 80)


@scenario("a tracked address that does not answer moves the virtual router away, without a loss, and back when it lasts")
def address(lab):
    watched = WEBS[0]
    tracked = {"track": [{"address": watched, "interval": "200ms", "timeout": "150ms", "weight": -100}], "damping": {"hold": "1s"}}
    lab.pair(router(interval=CALM, **tracked), UDP)
    lab.client.wait_answer("udp", VIP, 80)
    wait_until("it is known to answer", lambda: all(n.router()["tracks"][0]["state"] == "good" for n in lab.nodes))
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.host.run("nft", "add table ip deaf; add chain ip deaf in { type filter hook input priority 0; }; "
                         f"add rule ip deaf in ip saddr {watched} icmp type echo-reply drop")
        lab.lb2.wait_active()
        lab.lb1.wait_backup()
        pause(0.5)
    figure("tracked address lost", probe.report)
    expect(probe.report.gap_ms < BOUND_MS, probe.report)
    expect(lab.lb1.router()["priority"] == 50, lab.lb1.router())
    lab.lb1.host.run("nft", "delete table ip deaf")
    wait_until("it counts again", lambda: lab.lb1.router()["priority"] == 150, seconds=30)
    expect(lab.lb2.is_active(), "without preempt nothing moves back")


@scenario("a tracked interface with a weight moves the virtual router, and leaves the node in")
def interface_weight(lab):
    lab.pair(router(addresses=[f"{VIP}/24"], track=[{"interface": "eth1", "weight": -100}], damping={"hold": "1s"}), UDP)
    lab.lb1.host.cut("b")
    lab.lb2.wait_active()
    lab.lb1.wait_backup()
    expect(lab.lb1.router()["priority"] == 50 and "eth1 is down" in lab.lb1.lintel("status"), lab.lb1.router())
    for shown in (lab.lb1.lintel("status"), lab.lb1.lintel("top", "--once"), lab.lb1.lintel("top", "--once", "--routers")):
        expect("50 instead of 150" in shown and "priority -100: eth1 is down" in shown, shown)
    lab.lb2.lose_power()
    lab.lb1.wait_active()  # better than nobody
    lab.lb1.host.heal("b")
    wait_until("it counts again", lambda: lab.lb1.router()["priority"] == 150, seconds=30)
