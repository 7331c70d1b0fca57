# SPDX-License-Identifier: GPL-2.0-or-later
"""Running connections survive everything that may become of a node: cut, hang, handover, restarts, fail back, and all that again."""
import os
import time

from lablib.config import FRONT, INNER, VIP, port, router, server
from lablib.connections import (DUAL, DUAL_WEB, Held, choke, hamper, hold, known, make_room, of_router, pair, start_again, start_crossed,
                                wait_amid_sync, wait_in_step, wait_known, write_key)
from lablib.lab import expect, pause
from lablib.process import wait_until
from lablib.report import figure, scenario
from lablib.servers import direct_servers, tunnel_servers

UDP = server(ports=[port(80, "UDP"), port(80)])
HANDOVERS = 12
ATTEMPTS = 3


def expect_none_lost(lab, title, some_moves):
    """Of a flow that is known, nor of those that begin in the very instant: their request goes through the leaver, the answer comes to the successor,
    which has not heard of the flow and sends it on to the leaver. It does so for 40 ms; a machine that stood still for longer may try again."""
    for _ in range(ATTEMPTS):
        with lab.client.watching("udp", VIP, 80, interval=5) as steady, lab.client.watching("udp", VIP, 80, interval=5, fresh=True) as fresh:
            some_moves()
        figure(f"{title}, one flow", steady.report)
        figure(f"{title}, new flows", fresh.report)
        expect(len(steady.report.servers) == 1, steady.report)
        expect(steady.report.lost == 0, f"one flow: {steady.report}")
        expect(fresh.report.lost <= HANDOVERS, f"new flows: {fresh.report}")  # more than one each is no stall
        if fresh.report.lost == 0:
            return
    expect(False, f"new flows, {ATTEMPTS} times: {fresh.report}")


def move(lab, leaver):
    """A planned handover to the other node, and both in order after it."""
    successor = lab.other(leaver)
    leaver.lintel("failover", "front")
    successor.wait_active()
    leaver.wait_backup()
    wait_in_step(leaver)
    return successor


@scenario("cables cut: all live on, also when they are back")
def cut(lab):
    pair(lab, UDP)
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)
    lab.lb1.host.cut()
    lab.lb2.wait_active()
    pause(2)
    lab.lb1.host.heal()
    wait_in_step(lab.lb1)
    expect(lab.lb2.is_active(), "the node that came back took over")
    held.expect_alive("cut")


@scenario("hang: all live on, also when the process wakes up")
def hang(lab):
    pair(lab, UDP)
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)
    lab.lb1.hang()
    lab.lb2.wait_active()
    pause(4)  # the hanging node's kernel has dropped its addresses by then
    lab.lb1.resume()
    wait_in_step(lab.lb1)
    pause(1)
    held.expect_alive("hang")


@scenario("planned handovers, many to and fro: sessions live on, and no flow loses a datagram, known or new")
def handovers(lab):
    make_room(60000)
    pair(lab, UDP)
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)

    def to_and_fro_by_hand():  # an even number: it begins and ends with lb1
        node = lab.lb1
        for _ in range(HANDOVERS):
            node = move(lab, node)

    expect_none_lost(lab, "handovers", to_and_fro_by_hand)
    held.expect_alive("handovers")


@scenario("polite stops of either side: sessions live on, and no flow loses a datagram, known or new")
def polite_stops(lab):
    make_room(60000)
    pair(lab, UDP)
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)

    def stop_both():
        for leaver in (lab.lb1, lab.lb2) * 2:
            lab.other(leaver).wait_backup()
            leaver.stop()
            expect(leaver.kernel_is_clean(), leaver.diagnosis())
            lab.other(leaver).wait_active()
            start_again(leaver)
            wait_in_step(leaver)

    expect_none_lost(lab, "polite stops", stop_both)
    held.expect_alive("polite stops")


def to_and_fro(lab, held):
    """Power losses of A, B and A, each started empty in between."""
    for leaver in (lab.lb1, lab.lb2, lab.lb1):
        wait_known(lab.other(leaver), held.count)
        leaver.lose_power()
        lab.other(leaver).wait_active()
        pause(1.5)
        leaver.scrap()
        start_again(leaver)
        wait_in_step(leaver)


@scenario("A to B to A to B, each machine new in between: all live on")
def fail_back(lab):
    pair(lab, DUAL_WEB, router=DUAL)
    held = hold(lab, VIP, "fd77::100", udp=True)
    to_and_fro(lab, held)
    held.expect_alive("three power losses")


@scenario("A to B to A to B in direct mode, each machine new in between: all live on")
def fail_back_direct(lab):
    with direct_servers(lab.webs):
        pair(lab, server(forwarding="direct", webs=[f"{FRONT}.21", f"{FRONT}.22"], ports=[port(8080), port(8080, "UDP")]))
        held = hold(lab, number=8080, udp=True)
        to_and_fro(lab, held)
        held.expect_alive("three power losses, direct")


@scenario("A comes back empty, and B dies while it still tells A: what A was told by then lives, and A takes over at once")
def dies_while_syncing(lab):
    pair(lab)
    held = hold(lab)
    crowd = lab.client.sessions(VIP, 80, "idle", count=2000, timeout=5000)
    crowd.wait_ready(60)
    wait_known(lab.lb2, held.count + 2000)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    lab.lb1.scrap()
    choke(lab.lb1, 32)  # more than one record of TLS, less than the 50 kB of all
    start_again(lab.lb1)
    wait_amid_sync(lab.lb1, held.count + 2000)
    known_by_then = known(lab.lb1)
    lab.lb2.lose_power()
    lab.lb1.wait_active()
    pause(2)
    crowd.finish()
    figure("died while syncing", f"{known_by_then} were known, {crowd.alive} live")
    expect(crowd.alive >= known_by_then - held.count, f"{known_by_then} were known, {crowd.alive} live")


@scenario("the Active alone is killed and started again, then a second one joins, then the first one dies: all live on, direct and tunnel too")
def adopted(lab):
    with tunnel_servers(lab.webs):
        servers = [UDP, server("direct", forwarding="direct", webs=[f"{FRONT}.21", f"{FRONT}.22"], ports=[port(8080)]),
                   server("tunnel", forwarding="tunnel", ports=[port(8081, to=8081)])]
        documents = lab.documents(router(priority=150), servers, 150, "100ms")
        lab.lb1.start(documents, *write_key(lab.lb1)).wait_active()
        held = Held(lab).standard(udp=True)
        held.standard(number=8080)
        held.standard(number=8081)
        lab.lb1.kill()
        start_again(lab.lb1)
        lab.lb1.wait_active()
        lab.lb2.start(lab.documents(router(), servers, 100, "100ms"), *write_key(lab.lb2))
        wait_in_step(lab.lb2)
        wait_known(lab.lb2, held.count)
        lab.lb1.lose_power()
        lab.lb2.wait_active()
        pause(3)
        held.expect_alive("killed, started, joined, died")


@scenario("kill -9 of the Active's and then of the other's process, each started again: all live on")
def kills(lab):
    pair(lab, UDP)
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)
    for node in lab.nodes:
        node.kill()
        lab.other(node).wait_active()
        pause(1)
        start_again(node)
        wait_in_step(node)
        wait_known(node, held.count)
    held.expect_alive("two kills")


@scenario("the Backup is killed and started again, and takes over later: all live on")
def backup_restarts(lab):
    pair(lab, UDP)
    held = hold(lab, udp=True)
    lab.lb2.kill()
    held.open("echo").wait_ready()
    start_again(lab.lb2)
    wait_in_step(lab.lb2)
    wait_known(lab.lb2, held.count)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(2)
    held.expect_alive("the Backup was restarted")


@scenario("stopped with --on-exit keep and started again: nothing moves, and all live on, then and after a takeover")
def kept(lab):
    pair(lab, UDP, options=["--on-exit", "keep"])
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)
    lab.lb1.stop()
    start_again(lab.lb1, "--on-exit", "keep")
    owner = lab.wait_settled()
    other = lab.other(owner)
    wait_in_step(other)
    wait_known(other, held.count)
    owner.lose_power()
    other.wait_active()
    pause(2)
    held.expect_alive("kept, then a power loss")


@scenario("the channel loses one packet in ten and is late by 50 to 100 ms: the other stays in step, and all that it was told of live on")
def lossy(lab):
    pair(lab, UDP)
    for node in lab.nodes:
        hamper(node, loss=10, delay=["75ms", "25ms"])
    held = hold(lab, udp=True)
    for _ in range(10):
        lab.client.ask("tcp", VIP, 80, count=20, interval=5)
    wait_known(lab.lb2, held.count)
    pause(1.5)
    figure("a lossy channel", f"{of_router(lab.lb2)['gaps']} gaps, {of_router(lab.lb1)['dropped']} times too slow")
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(3)
    held.expect_alive("a lossy channel")


@scenario("split and heal: two Actives for a while; what began before lives on, and the two agree again")
def split(lab):
    pair(lab, UDP)
    held = hold(lab, udp=True)
    wait_known(lab.lb2, held.count)
    lab.split("f", "b")
    lab.lb2.wait_active()
    pause(2)
    lab.join("f", "b")
    lab.lb2.wait_backup()
    wait_in_step(lab.lb2)
    wait_known(lab.lb2, held.count)
    pause(1)
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(3)
    held.expect_alive("a split, then a power loss")


def starve(thread, seconds):
    """It gets next to nothing of the one processor that it may use."""
    os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass
    os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def hangs_while_compared(lab, active, documents):
    """The Active hangs while the other, whose configuration changed, compares what it was told with its kernel. Of that one only the thread of VRRP gets
    on until it has taken over. False: it was through too soon."""
    other = lab.other(active)
    main_thread, before, processors = other.program.process.pid, len(other.program.log()), os.sched_getaffinity(0)

    def said(words):
        return other.program.log().find(words, before) + 1

    for thread in main_thread, 0:
        os.sched_setaffinity(thread, {min(processors)})
    try:
        other.configure(documents)
        wait_until("it compares", lambda: said("comparing with connection tracking"), every=0.001)
        active.hang()
        starve(main_thread, 1)
    finally:
        os.sched_setaffinity(0, processors)
    wait_until("it is Active and has compared", lambda: said("to=Active") and said("compared with connection tracking"))
    return said("to=Active") < said("compared with connection tracking")


@scenario("a node that becomes Active while it compares what it was told with its kernel takes nothing for ended that it has not come to")
def compares_meanwhile(lab):
    count, active, caught = 10000, lab.lb1, False
    make_room(8 * count)
    pair(lab, UDP)
    held = hold(lab)
    crowd = lab.client.flows(VIP, 80, count=count)
    crowd.wait_ready(60)
    for attempt in range(ATTEMPTS):
        other = lab.other(active)
        wait_in_step(other)
        wait_known(other, held.count + count)
        more = server("more", ports=[port(8000 + attempt)])
        caught = hangs_while_compared(lab, active, lab.documents(router(), [UDP, more], 100, "100ms"))
        pause(1)  # less than until it compares anew
        told = of_router(other)["recordsSent"]
        figure("took over while it compared", f"{known(other)} of {held.count + count} known, {told} records told")
        expect(known(other) >= held.count + count and told < count / 10, "what it had not come to was taken for ended")
        if caught:
            break
        active.scrap()
        start_again(active)
        active = other
    expect(caught, f"it was through before it was Active, {ATTEMPTS} times")
    held.expect_alive("took over while it compared")


@scenario("two virtual routers, each Active on another node, change sides at once: all live on")
def crossed(lab):
    other = f"{FRONT}.101"
    start_crossed(lab, [router("a", vrid=51, addresses=[f"{VIP}/24", *INNER]),
                        router("b", vrid=52, addresses=[f"{other}/24", {"address": "10.78.0.253/24", "interface": "eth1"}])],
                  [server("a", router="a"), server("b", router="b", addresses=[other])])
    held = hold(lab, VIP, other)
    for a, b in (lab.nodes, reversed(lab.nodes)):
        a.lintel("failover", "a")
        b.lintel("failover", "b")
        b.wait_active("a")
        a.wait_active("b")
        wait_in_step(a, "a")
        wait_in_step(b, "b")
        wait_known(a, 5, "a")
        wait_known(b, 5, "b")
    lab.lb1.lose_power()
    lab.lb2.wait_active("a").wait_active("b")
    pause(3)
    held.expect_alive("changed sides twice, then a power loss")
