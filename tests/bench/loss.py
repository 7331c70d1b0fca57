# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client loses when the active node dies, is cut off, or stops politely: balanced UDP requests every few milliseconds."""
import statistics
import time

import keepalived
from lablib import config
from lablib.config import VIP
from lablib.process import wait_until
from table import Table, spread

PROBE_MS = 5
UDP = config.server(ports=[config.port(80, "UDP")])


def _lintel(interval):
    def start(lab):
        lab.pair(config.router(interval=interval), UDP)
        wait_until("both are programmed", lambda: lab.lb1.ipvs() and lab.lb2.ipvs())
        return lab.lb1, lab.lb2
    return start


def _keepalived(interval):
    def start(lab):
        first, second = keepalived.pair(lab, interval)
        wait_until("both are programmed", lambda: "UDP" in second.host.run("ipvsadm", "-Ln"))
        return first, second
    return start


def _settle(first, second, seconds):
    """Each event begins at a random point of the interval, and only once the second node is a quiet Backup."""
    time.sleep(seconds + (time.monotonic_ns() % 997) / 1000 * 0.1)
    del first, second


def _crash(first, second):
    first.lose_power()
    second.wait_active()


def _cut(first, second):
    first.host.cut()
    second.wait_active()


def _stop(first, second):
    first.stop()
    second.wait_active()


def _failover(first, second):
    first.lintel("failover", "front")
    second.wait_active()


EVENTS = {"crash (power loss)": _crash, "cut off (cables)": _cut, "polite stop": _stop}
SYSTEMS = {  # name: (start, interval in seconds, events)
    "keepalived, its defaults (1 s)": (_keepalived(1), 1, EVENTS),
    "Lintel, its defaults (100 ms)": (_lintel("100ms"), 0.1, EVENTS | {"failover by hand": _failover}),
    "keepalived, 100 ms": (_keepalived(0.1), 0.1, EVENTS),
    "keepalived, 10 ms": (_keepalived(0.01), 0.01, EVENTS),
    "Lintel, 10 ms": (_lintel("10ms"), 0.01, EVENTS | {"failover by hand": _failover}),
}


def _one(lab, start, interval, event):
    """Milliseconds without an answer, and how many requests were lost."""
    first, second = start(lab)
    lab.client.wait_answer("udp", VIP, 80)
    _settle(first, second, max(0.5, 4 * interval))
    with lab.client.watching("udp", VIP, 80, interval=PROBE_MS, timeout=5000) as probe:
        event(first, second)
        time.sleep(1 + interval)
    lab.reset()
    return probe.report.gap_ms if probe.report.lost else 0, probe.report.lost


def measure(lab, options):
    table = Table("Client-visible loss", ["system", "event", "runs", "ms without an answer: min / median / max", "requests lost: median / max"],
                  f"One client, balanced UDP requests every {PROBE_MS} ms through source NAT; priorities 150 and 100, multicast. "
                  "A gap shorter than two requests counts as none when nothing was lost.")
    found = {}
    for system, (start, interval, events) in SYSTEMS.items():
        if options.systems not in system:
            continue
        for name, event in events.items():
            results = [_one(lab, start, interval, event) for _ in range(options.runs)]
            gaps, lost = [gap for gap, _ in results], [count for _, count in results]
            found[system, name] = gaps, lost
            table.add(system, name, len(gaps), spread(gaps), f"{statistics.median(lost):.0f} / {max(lost)}")
    _judge(table, found)
    yield table


def _judge(table, found):
    def middle(system, event):
        return statistics.median(found[system, event][0])

    measured = {system for system, _ in found}
    for event in EVENTS:
        for interval in ("100 ms", "10 ms"):
            if f"keepalived, {interval}" not in measured:
                continue
            ours = "Lintel, its defaults (100 ms)" if interval == "100 ms" else "Lintel, 10 ms"
            theirs = f"keepalived, {interval}"
            slack = PROBE_MS + 1
            table.goal(f"{event}, {interval}: median {middle(ours, event):.0f} ms, keepalived {middle(theirs, event):.0f} ms; "
                       f"max {max(found[ours, event][0]):.0f} ms, keepalived {max(found[theirs, event][0]):.0f} ms",
                       middle(ours, event) <= middle(theirs, event) + slack
                       and max(found[ours, event][0]) <= max(found[theirs, event][0]) + 2 * slack)
    for event in ("crash (power loss)", "cut off (cables)") if len(measured) == len(SYSTEMS) else ():
        ours, theirs = middle("Lintel, its defaults (100 ms)", event), middle("keepalived, its defaults (1 s)", event)
        table.goal(f"{event}, each with its defaults: {theirs / max(ours, 1):.1f} times shorter than keepalived's", theirs >= 10 * ours * 0.95)
    for system in sorted(system for system in measured if "Lintel" in system):
        for event in ("polite stop", "failover by hand"):
            lost = max(found[system, event][1])
            table.goal(f"{system}, {event}: {lost} requests lost in {len(found[system, event][1])} runs", lost == 0)
