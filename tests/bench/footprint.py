# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory and CPU at rest: 1, 100 and 250 virtual routers at 1 s, and 10,000 x 10 real servers, beside keepalived."""
import contextlib
import os
import time

import keepalived
import programming
from lablib import config
from lablib.lintel import BINARY
from lablib.process import wait_until
from table import Table

SECONDS = 12
TICKS = os.sysconf("SC_CLK_TCK")


def family(pid):
    """The process and its children."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                parents[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
    found = [pid]
    for current in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == current]
    return found


def memory_kb(pids):
    """(resident, of it anonymous) of all, in kB."""
    resident = anonymous = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status if ":" in line)
        resident += int(fields["VmRSS"].split()[0])
        anonymous += int(fields["RssAnon"].split()[0])
    return resident, anonymous


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as stat:
            main_ns = int(stat.read().split()[0])
        threads_ns = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                threads_ns += int(stat.read().split()[0])
        total += max(main_ns, threads_ns) / 1e9
    return total


def observe(pid):
    pids = family(pid)
    begun, used = time.monotonic(), cpu_seconds(pids)
    time.sleep(SECONDS)
    share = (cpu_seconds(pids) - used) / (time.monotonic() - begun)
    resident, anonymous = memory_kb(pids)
    return resident / 1024, anonymous / 1024, share * 1000


def _address(number):
    return f"10.77.{1 + number // 250}.{number % 250 + 1}"


def _routers(count):
    return [config.router(f"r{i}", vrid=i + 1, addresses=[f"{_address(i)}/32"], interval="1s") for i in range(count)]


def _lintel(lab, count, binary):
    lab.lb1.binary = lab.lb2.binary = binary
    lab.lb1.start(_routers(count))
    wait_until("all are Active", lambda: _all(lab.lb1, "Active"), seconds=60)
    lab.lb2.start(_routers(count))
    wait_until("all are Backup", lambda: _all(lab.lb2, "Backup"), seconds=60)
    time.sleep(7)
    return observe(lab.lb1.program.process.pid), observe(lab.lb2.program.process.pid)


def _all(node, state):
    return all(router["state"] == state for router in node.status()["routers"])


def _keepalived(lab, count, _binary):
    pair = []
    for name, priority in (("lb1", 150), ("lb2", 100)):
        text = "".join(keepalived.instance(i + 1, priority, 1, f"{_address(i)}/32") for i in range(count))
        pair.append(keepalived.Balancer(lab.hosts[name], text).start())
        if len(pair) == 1:
            wait_until("all are Active", lambda: all(pair[0].has_address(_address(i)) for i in range(0, count, 50)), seconds=60)
    time.sleep(10)
    return observe(pair[0].program.process.pid), observe(pair[1].program.process.pid)


STATIC = "Lintel, static binary"  # as it runs on bare machines and in containers
SHARED = "Lintel, shared libraries"  # as Debian's package has it


def measure(lab, options):
    table = Table("At rest", ["system", "state", "resident MB (of it anonymous)", "CPU, ms a second"],
                  f"Interval 1 s, multicast, over {SECONDS} s; all processes together. Lintel renews the limited lifetime of its addresses "
                  "meanwhile (dead-man's switch). What is resident is locked in memory, whole libraries with it; the static binary has inside "
                  "what it needs of them.")
    systems = {"keepalived": (_keepalived, None), SHARED: (_lintel, BINARY)}
    if "LINTEL_STATIC" in os.environ:
        systems[STATIC] = _lintel, os.environ["LINTEL_STATIC"]
    found = {}
    for count in (1, 100, 250):
        for system, (start, binary) in systems.items():
            lab.reset()
            for state, figures in zip(("Active", "Backup"), start(lab, count, binary)):
                found[system, count, state] = figures
                table.add(f"{system}, {count} virtual routers", state, f"{figures[0]:.1f} ({figures[1]:.1f})", f"{figures[2]:.2f}")
    lab.lb1.binary = lab.lb2.binary = BINARY
    system = STATIC if STATIC in systems else SHARED
    for count in (1, 100, 250):
        ours, theirs = found[system, count, "Active"], found["keepalived", count, "Active"]
        table.goal(f"{system}, {count} virtual routers: {ours[0]:.1f} MB beside keepalived's {theirs[0]:.1f}", ours[0] <= theirs[0])
        table.goal(f"{system}, {count} virtual routers, Active: {ours[2]:.2f} ms a second beside keepalived's {theirs[2]:.2f}",
                   ours[2] <= theirs[2] * 1.1 + 0.2)
    yield table

    servers = Table("10,000 x 10 real servers at rest", ["system", "resident MB (of it anonymous)", "CPU, ms a second"],
                    "No traffic. Lintel compares all of it with the kernel, then waits for a hundred times what that took (at most 5 minutes); "
                    "keepalived never does; keepalived with 4,000 x 10.")
    node = programming.fresh(lab)
    for name, documents in programming.lintel_files(10000).items():
        node.configure(documents, name)
    node.start(None, wait=False)
    wait_until("lintel has programmed all", lambda: programming.complete(node.host, 10000), seconds=300, every=0.5)
    time.sleep(5)
    figures = observe(node.program.process.pid)
    servers.add("Lintel, 10,000 x 10", f"{figures[0]:.1f} ({figures[1]:.1f})", f"{figures[2]:.2f}")
    node = programming.fresh(lab)
    peer = keepalived.Balancer(node.host, "".join(keepalived.virtual_server(programming.vip(i), programming.vport(i), programming.servers()) for i in range(4000))).start()
    wait_until("keepalived has programmed all", lambda: programming.complete(node.host, 4000), seconds=300, every=0.5)
    time.sleep(5)
    figures = observe(peer.program.process.pid)
    servers.add("keepalived, 4,000 x 10", f"{figures[0]:.1f} ({figures[1]:.1f})", f"{figures[2]:.2f}")
    yield servers
