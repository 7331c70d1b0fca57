# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections through a takeover, and what it costs to keep a second node ready for one. What of it the Active's rate pays is in price.py."""
import collections
import contextlib
import os
import re
import socket
import statistics
import struct
import time

import conntrackd
import kubernetes
from lablib import config, connections
from lablib.config import VIP
from lablib.connections import make_room
from lablib.lab import pause
from lablib.process import wait_until
from table import Table, spread

SECOND = ["lost power", "cut off", "handed over"]
TIMES = 3  # of each fault
CLIENTS = "10.99.0.0/16"  # as many clients as wanted, all on one machine
JOIN_COUNTS = (100_000, 1_000_000)
STALLED = 2  # seconds without another record: no more will come unless conntrackd is told to ask again ...
ASKED_MAX = 5  # ... so often
JOIN_MEMORY = 5 << 30  # bytes of the machine for the largest
FLOWS = 20_000
RECORD_RUNS = 7
QUIET = 9  # seconds after which a new Active has compared what it knows with its kernel: that is part of a takeover, not of a new flow
Burst = collections.namedtuple("Burst", "teller told wire known")  # us a flow twice, bytes a flow, share of all


# --- sessions ---

def lintel(lab, fault):
    connections.pair(lab)
    return {"lost power": lab.lb1.lose_power, "cut off": lab.lb1.host.cut, "handed over": lambda: lab.lb1.lintel("failover", "front")}[fault], \
        lab.lb2.is_active


def by_hand(lab, fault):
    pair = conntrackd.Pair(lab)
    return {"lost power": pair.lose_power, "cut off": lab.lb1.host.cut, "handed over": pair.stop_first}[fault], pair.second_is_active


def one_fault(lab, system, fault):
    """How many sessions there were, how many lived, and the longest stall in ms."""
    lab.reset()
    strike, taken = system(lab, fault)
    lab.client.wait_answer("tcp", VIP, 80)
    held = connections.hold(lab)
    pause(3)  # a batch of whatever tells of them
    held.open("echo")
    held.wait_ready()
    pause(0.15)
    strike()
    wait_until("the other one has taken over", taken)
    pause(4)
    verdicts = []
    for sessions in held.sessions:
        verdicts += sessions.finish()
    alive = [verdict for verdict in verdicts if verdict["alive"] and not verdict["corrupt"]]
    return held.count, len(alive), max((verdict["longestStallMs"] for verdict in alive), default=0)


def sessions(lab, _options):
    table = Table("Connections through a takeover", ["system", "fault", "alive of all", "longest stall of those, ms: min / median / max"],
                  f"TCP through source NAT: echoes every 100 ms, downloads, an idle one, and one that was opened 150 ms before the fault; {TIMES} "
                  "faults each; advertisements every 100 ms, so a dead node is missed after 0.26 to 0.36 s, and TCP asks again after 0.2, 0.4, "
                  "0.8 s. keepalived has conntrackd beside it (unicast, entries into the kernel at once), be_liberal, and a floating address "
                  "of source NAT, put together by hand.")
    for name, system in (("Lintel", lintel), ("keepalived and conntrackd", by_hand)):
        for fault in SECOND:
            runs = [one_fault(lab, system, fault) for _ in range(TIMES)]
            total, alive = sum(run[0] for run in runs), sum(run[1] for run in runs)
            table.add(name, fault, f"{alive} of {total}", spread([run[2] for run in runs]))
            if name == "Lintel":
                table.goal(f"{fault}: {alive} of {total} alive", alive == total)
                table.goal(f"{fault}: the longest stall {max(run[2] for run in runs):.0f} ms is the takeover and a repetition of TCP",
                           max(run[2] for run in runs) < 1300)
    return table


# --- many flows ---

def client_of(number):
    """Address and port of the client of that number: of 60,000 in a row no two have the same port."""
    turn, place = divmod(number, 60000)
    return (10 << 24 | 99 << 16) + 256 + place, 1024 + (place + turn) % 60000


def datagram(number):
    """UDP to the virtual server, from that client."""
    source, port = client_of(number)
    address = struct.pack("!I4s", source, socket.inet_aton(VIP))
    return struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0) + address + struct.pack("!HHHH", port, 80, 9, 0) + b"x"


def route_clients(lab, kind):
    """To the client's machine, and there: "blackhole", nobody listens to their answers; "local", they are its own."""
    client = lab.client.host
    client.run("ip", "route", "replace", kind, CLIENTS, *(["dev", "lo"] if kind == "local" else []), "table", "local")  # in one table, or both would stay
    for node in lab.nodes:
        node.host.run("ip", "route", "replace", CLIENTS, "via", client.front)


def open_flows(lab, count):
    """So many UDP flows, each of another client. Nobody waits for their answers."""
    route_clients(lab, "blackhole")
    with lab.client.host.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        for number in range(count):
            sender.sendto(datagram(number), (VIP, 0))


def rested(count):
    """What is counted, when it has not changed for a second."""
    before, now = -1, count()
    while now != before:
        pause(1)
        before, now = now, count()
    return now


def resident_mb(program):
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


class LintelJoins:
    def __init__(self, lab):
        self.lab = lab
        self.documents = [config.router(), config.server(ports=[config.port(80, "UDP")], sourceNat={"mode": "none"})]
        lab.lb1.start(self.documents, *connections.write_key(lab.lb1)).wait_active()

    def known(self):
        return connections.known(self.lab.lb1)

    def join(self):
        self.lab.lb2.configure(self.documents)
        begun = time.monotonic()
        self.lab.lb2.start(None, *connections.write_key(self.lab.lb2))
        wait_until("in step", lambda: connections.step(self.lab.lb2) == "in-step", seconds=300, every=0.05)
        return time.monotonic() - begun, connections.known(self.lab.lb2)

    def bytes_a_flow(self):
        return f"{connections.of_router(self.lab.lb2)['memoryBytes'] / connections.known(self.lab.lb2):.0f}"

    def programs(self):
        return self.lab.lb1.program, self.lab.lb2.program


class ByHandJoins:
    """Does not say when it has all: the kernel's entries are counted. What its start has not brought it is asked for again, as an operator would."""

    def __init__(self, lab):
        self.hosts = [node.host for node in lab.nodes]
        self.first, self.second = self.begin(0, 150), None
        self.first.balancer.wait_active()

    def begin(self, number, priority):
        return conntrackd.Node(self.hosts[number], self.hosts[1 - number], priority, "UDP", nat=False, mode=conntrackd.RELIABLE)

    def known(self):
        return self.first.tracked()

    def join(self):
        begun, asked = time.monotonic(), 0
        self.second = self.begin(1, 100)
        count, since = self.second.tracked(), begun
        while count < 0.99 * self.known() and time.monotonic() - begun < 300:
            pause(0.05)
            if (now := self.second.tracked()) > count:
                count, since = now, time.monotonic()
            elif time.monotonic() - since > STALLED:
                if (asked := asked + 1) > ASKED_MAX:
                    return since - begun, count
                self.second.ask_again()
                since = time.monotonic()
        return time.monotonic() - begun, count

    def bytes_a_flow(self):
        return ""

    def programs(self):
        return self.first.daemon, self.second.daemon


def joiners(lab, _options):
    table = Table("A node that joins", ["system", "flows", "seconds until in step", "records a second", "of all", "bytes a flow in the table", "Active, MB", "joiner, MB"],
                  "UDP flows without source NAT on the Active; then a second node is started. Seconds are from then until the status says that it is in "
                  "step, one core for both nodes, their kernels and the channel. conntrackd (FTFW) asks for all at its start, and is told to ask again whenever "
                  f"no more has come for {STALLED} s, {ASKED_MAX} times at most, until 99 % are in the joiner's kernel; it makes no IPVS connections, "
                  "and beside it a million flows don't all get to the Active at this speed. Connection tracking has as many buckets as it may have connections. MB are resident, of the whole process.")
    for count, name, system in [(JOIN_COUNTS[0], "conntrackd", ByHandJoins), *[(count, "Lintel", LintelJoins) for count in JOIN_COUNTS]]:
        if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < JOIN_MEMORY and count > JOIN_COUNTS[0]:
            table.add(name, f"{count:,}", *["not measured: the machine has too little memory"] + 5 * [""])
            continue
        lab.reset()
        make_room(6 * count)
        joins = system(lab)
        for node in lab.nodes:  # none is to end before the last one has begun
            node.host.sysctl("net.netfilter.nf_conntrack_udp_timeout", 3600)
        lab.client.wait_answer("udp", VIP, 80)
        open_flows(lab, count)
        known = rested(joins.known)
        took, arrived = joins.join()
        table.add(name, f"{known:,}", f"{took:.2f}", f"{arrived / took:,.0f}", f"{min(1, arrived / known):.0%}", joins.bytes_a_flow(),
                  *[f"{resident_mb(program):.0f}" for program in joins.programs()])
    return table


# --- records ---

def busy(*pids):
    """Seconds that these processes and threads of the kernel have had a CPU; all threads of each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # a thread of the kernel that was of a machine before
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                    total += int(stat.read().split()[0]) / 1e9
    return total


def sync_threads(prefix):
    """The kernel's threads of IPVS's sync daemons, "ipvs-b" of those that are told."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                if name.read().startswith(prefix):
                    found.append(int(pid))
        except OSError:
            continue
    return found


def lintel_pair(lab):
    """Active and other: the processes and threads of each, the host that listens, and how many flows it knows."""
    documents = [config.router(), config.server(ports=[config.port(80, "UDP")])]
    for node in lab.nodes:
        node.start(documents, *connections.write_key(node), wait=False, env=kubernetes.clock())
    active = lab.wait_settled()
    other = lab.other(active)
    # of the kernel's threads the Active's hears nothing
    return active.host, [active.program.process.pid], [other.program.process.pid, *sync_threads("ipvs-b")], lambda: connections.known(other)


def by_hand_pair(lab):
    pair = conntrackd.Pair(lab, "UDP")
    return lab.lb1.host, [pair.first.daemon.process.pid], [pair.second.daemon.process.pid], \
        lambda: int(lab.lb2.host.sysctl("net.netfilter.nf_conntrack_count"))


WIRE = "table inet wire { chain out { type filter hook output priority 300; tcp sport 9311 counter; tcp dport 9311 counter; udp dport 3780 counter; }\n}\n"


def wire_bytes(host):
    return sum(int(found) for found in re.findall(r"bytes (\d+)", host.run("nft", "list", "table", "inet", "wire")))


def settle(known, flows=FLOWS):
    """What share of the flows the other node knows when it learns of no more."""
    count = known()
    while 0 <= count < flows:
        pause(2)
        if (now := known()) == count:
            break
        count = now
    return min(1, count / flows)


def burst(lab, begin):
    lab.reset()
    make_room(6 * FLOWS)
    host, teller, told, known = begin(lab)
    host.run("nft", "-f", "-", given=WIRE)
    lab.client.wait_answer("udp", VIP, 80)
    pause(QUIET)
    before, wire = (busy(*teller), busy(*told)), wire_bytes(host)
    open_flows(lab, FLOWS)
    share = settle(known)
    return Burst((busy(*teller) - before[0]) / FLOWS * 1e6, (busy(*told) - before[1]) / FLOWS * 1e6,
                 (wire_bytes(host) - wire) / FLOWS, share)


def records(lab, _options):
    table = Table("What a record costs", ["system", "teller: us a flow", "flows a second and core", "told: us a flow", "flows a second and core", "bytes a flow", "known there"],
                  f"A burst of {FLOWS:,} UDP flows through source NAT, {RECORD_RUNS} times each; min / median / max. The time of the process that tells, and of "
                  "the one that is told, with its kernel's thread that makes IPVS connections (conntrackd makes none), by the scheduler's clock, until all is "
                  "known there; bytes on the wire with their headers. Both have the preloaded clock of the tables above. A system call is ten times as dear in User Mode Linux as elsewhere.")
    for name, begin in (("Lintel", lintel_pair), ("conntrackd", by_hand_pair)):
        runs = [burst(lab, begin) for _ in range(RECORD_RUNS)]
        sides = [[getattr(one, side) for one in runs] for side in ("teller", "told")]
        cells = [cell for side in sides for cell in (spread(side, digits=1), f"{1e6 / statistics.median(side):,.0f}")]
        table.add(name, *cells, spread([one.wire for one in runs]), spread([100 * one.known for one in runs], " %"))
    return table


def measure(lab, options):
    yield sessions(lab, options)
    yield joiners(lab, options)
    yield records(lab, options)
