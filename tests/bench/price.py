# SPDX-License-Identifier: GPL-2.0-or-later
"""What telling the other node costs the Active, of the rate at which connections begin. Made for a guest whose time is the number of its
instructions (LAB_COUNTED): elsewhere two runs of the same differ by more than what is to be told apart."""
import collections
import contextlib
import itertools
import socket
import statistics
import time

from lablib import config, connections
from lablib.config import VIP
from lablib.lab import pause
from replication import QUIET, busy, client_of, datagram, route_clients, settle, sync_threads
from table import Table, spread

RUN_UP, MEASURED = 0.6, 2  # seconds
AT_ONCE = 50  # opened between two looks at the clock, which is dear there
ROOM = 120_000  # connections, some times as many as begin
TIMES = 3
GOAL = 0.05
NETLINK_NETFILTER, NFNLGRP_CONNTRACK_DESTROY = 12, 3  # linux/netlink.h, linux/netfilter/nfnetlink_compat.h
NAT = {"without source NAT": {"sourceNat": {"mode": "none"}}, "with source NAT": {}}
Burst = collections.namedtuple("Burst", "rate active forwarding known")  # new ones a second three times, share that the other node knows
numbers = itertools.count()  # of clients, over all bursts: none meets what another has left


def open_udp():
    """Gives what opens the flow of the client of a number. Nobody waits for its answer."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    return lambda number: sender.sendto(datagram(number), (VIP, 0))


def open_tcp():
    """Gives what opens the connection of the client of a number, hears the server's line and closes. (The kernel would look for a free port long.)"""
    def one(number):
        address, port = client_of(number)
        with socket.socket() as connection:
            connection.bind((socket.inet_ntoa(address.to_bytes(4, "big")), port))
            connection.connect((VIP, 80))
            connection.recv(100)
    return one


PROTOCOLS = {"UDP": (open_udp, "blackhole"), "TCP": (open_tcp, "local")}


def open_for(seconds, one):
    """Opens one after the other for so long; how many."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for number in itertools.islice(numbers, AT_ONCE):
            one(number)
        count += AT_ONCE
    return count


@contextlib.contextmanager
def heard():
    """Somebody listens to connection tracking in this namespace, which tells of nothing. The kernel prepares each connection of all namespaces to be told
    of as soon as anybody listens in one (nf_ctnetlink_has_listener): as the other node does here, but does not on a machine of its own. So it is
    paid for whether the nodes replicate or not."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as listener:
        listener.bind((0, 1 << (NFNLGRP_CONNTRACK_DESTROY - 1)))
        yield


def burst(lab, protocol, nat, keys):
    opener, route = PROTOCOLS[protocol]
    lab.reset()
    connections.make_room(ROOM)
    connections.pair(lab, config.server(ports=[config.port(80, protocol)], **NAT[nat]), keys=keys)
    lab.client.wait_answer(protocol.lower(), VIP, 80)
    route_clients(lab, route)
    pause(QUIET)
    active, other = ([node.program.process.pid] for node in lab.nodes)
    other += sync_threads("ipvs-b")  # of the kernel's threads the Active's hears nothing
    with lab.client.host.inside(), heard():
        one = opener()
        before = open_for(RUN_UP, one)
        had, begun = (busy(*active), busy(*other)), time.monotonic()
        count = open_for(MEASURED, one)
        took = time.monotonic() - begun
        of_active, of_other = busy(*active) - had[0], busy(*other) - had[1]
    known = settle(lambda: connections.known(lab.lb2), before + count) if keys else 0
    return Burst(count / took, count / (took - of_other), count / (took - of_other - of_active), known)


def cost(plain, told, rate):
    """The share of a rate that telling takes away, by medians."""
    return 1 - statistics.median(getattr(one, rate) for one in told) / statistics.median(getattr(one, rate) for one in plain)


def price(lab):
    table = Table("What telling costs", ["", "begin in a second", "without the other node's part", "costs the Active", "and without its process's part", "costs the core that forwards",
                                         "known to the other node"],
                  f"One client opens connections one after the other as fast as it can, each from an address and port of its own: UDP flows of one datagram and its "
                  "answer, for which nobody waits, and TCP connections that are answered with a line and closed. "
                  f"Client, both nodes, servers and kernels share the one processor of a guest in QEMU, whose time is the number of instructions, two nanoseconds each: it "
                  "does not depend on what else the machine does, system calls are no dearer than they should be, and what memory costs it does not know. "
                  f"The kinds are measured in turn, {TIMES} times {MEASURED} s each, min / median / max; the very first burst, which "
                  f"makes the kernel's caches grow, does not count. Each begins {QUIET} s after the node became Active, when that one has compared what it knows with its kernel's "
                  "connections (which it does once a minute, and which depends on how many there are, not on how many begin), and with a run-up "
                  f"of {RUN_UP} s that is not measured: until a rush is noticed connection tracking tells, and what is measured "
                  "is a rate that goes on. The other node's part is the time, by the scheduler's clock, of its process and of its kernel's thread that makes IPVS connections; without it remains "
                  "what the Active does, and the channel's packets through both kernels. Somebody listens to connection tracking in the client's namespace, which tracks nothing, replicated or not: "
                  "the kernel prepares connections for it in all namespaces as soon as one is listened to, and on two machines the other node's listening costs the Active nothing. Without the Active's process, too, remains what the core that "
                  "forwards loses where that process has another one.")
    kinds = list(itertools.product(PROTOCOLS, NAT))
    runs = collections.defaultdict(list)
    burst(lab, *kinds[0], False)
    for _ in range(TIMES):
        for kind in kinds:
            for keys in (False, True):
                runs[kind, keys].append(burst(lab, *kind, keys))
    for kind in kinds:
        plain, told = runs[kind, False], runs[kind, True]
        name, known = ", ".join(kind), min(one.known for one in told)
        own, forwarding = cost(plain, told, "active"), cost(plain, told, "forwarding")
        for how, bursts, costs in (("not replicated", plain, ("", "", "")), ("replicated", told, (f"{own:.2%}", f"{forwarding:.2%}", f"{known:.1%}"))):
            rates = [spread([getattr(one, rate) for one in bursts]) for rate in ("rate", "active", "forwarding")]
            table.add(f"{name}: {how}", rates[0], rates[1], costs[0], rates[2], costs[1], costs[2])
        table.goal(f"{name}: it costs the Active {own:.2%} of its rate (goal: less than {GOAL:.0%}); {forwarding:.2%} where its process has a core of its own", own < GOAL)
        table.goal(f"{name}: the other node knows all of them: {known:.1%}", known == 1)
    return table


def measure(lab, _options):
    yield price(lab)
