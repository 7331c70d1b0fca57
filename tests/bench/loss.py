# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client loses when the active node dies, is cut off, or stops politely: balanced UDP requests every few milliseconds.

How long others take to notice depends on when, between two advertisements, the fault comes: by luck alone medians of ten runs would differ by
a fifth of an interval. So the fault of run i of n is made to come (i + 0.5) / n of an interval after an advertisement, for every system.
"""
import statistics
import time

import keepalived
from lablib import config
from lablib.config import VIP
from lablib.process import Failed, wait_until
from lablib.traffic import Advertisements
from table import Table, spread

PROBE_MS = 2
LATE_MS = 10  # a probe sent later than that: the machine stood still, and the run is made again
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


def _crash(first):
    first.lose_power()


def _cut(first):
    first.host.cut()


def _stop(first):
    first.ask_to_stop()


def _failover(first):
    first.lintel("failover", "front")


EVENTS = {"crash (power loss)": _crash, "cut off (cables)": _cut, "polite stop": _stop}
SYSTEMS = {  # name: (start, interval in seconds, events)
    "keepalived, its defaults (1 s)": (_keepalived(1), 1, EVENTS),
    "Lintel, its defaults (100 ms)": (_lintel("100ms"), 0.1, EVENTS | {"failover by hand": _failover}),
    "keepalived, 100 ms": (_keepalived(0.1), 0.1, EVENTS),
    "keepalived, 10 ms": (_keepalived(0.01), 0.01, EVENTS),
    "Lintel, 10 ms": (_lintel("10ms"), 0.01, EVENTS | {"failover by hand": _failover}),
}


class Row:
    """All runs of one system and one event."""

    def __init__(self):
        self.gaps, self.lost, self.late, self.off_phase, self.again, self.open_ended = [], [], [], [], 0, 0

    def take(self, report, off_phase):
        self.gaps.append(report.gap_ms if report.lost else 0)
        self.lost.append(report.lost)
        self.late.append(report["latestMs"])
        self.off_phase.append(off_phase)
        self.open_ended += report.lost > 0 and report["gapStartMs"] + report.gap_ms >= report["lastSentMs"]


class Disturbed(Exception):
    """The machine stood still for so long that the run says nothing."""


def _one(lab, start, interval, event, phase):
    """The probe's report, and by how many milliseconds the phase was missed."""
    first, second = start(lab)
    lab.client.wait_answer("udp", VIP, 80)
    with Advertisements(lab.switch, first.host) as heard, \
            lab.client.watching("udp", VIP, 80, interval=PROBE_MS, timeout=300) as probe:
        time.sleep(0.2)
        try:
            at = heard.wait(seconds=1 + 2 * interval) + phase * interval
        except Failed as silence:
            raise Disturbed(f"the first one is not Active any more, before the fault: {silence}") from None
        time.sleep(max(0, at - time.monotonic()))
        off_phase = (time.monotonic() - at) * 1000
        event(first)
        time.sleep(4 * interval + 0.3)  # nobody is asked how he is meanwhile: on one CPU that would be felt
    second.wait_active()
    if probe.report["latestMs"] > LATE_MS:
        raise Disturbed(f"a request left {probe.report['latestMs']:.0f} ms late", probe.report, off_phase)
    return probe.report, off_phase


def _measure_row(lab, start, interval, event, runs):
    """Every phase once; a run that the machine itself disturbed again, but no more often than there are runs."""
    row = Row()
    for run in range(runs):
        while True:
            try:
                row.take(*_one(lab, start, interval, event, (run + 0.5) / runs))
                break
            except Disturbed as why:
                if row.again < runs:
                    row.again += 1
                    print(f"# again: {why.args[0]}", flush=True)
                elif why.args[1:]:
                    row.take(*why.args[1:])
                    break
                else:
                    raise
            finally:
                lab.reset()
    return row


def measure(lab, options):
    table = Table("Client-visible loss",
                  ["system", "event", "runs (again)", "ms without an answer: min / median / max", "requests lost: median / max"],
                  f"One client, balanced UDP requests every {PROBE_MS} ms through source NAT; priorities 150 and 100, multicast, both machines as new "
                  "for each run. A gap is from the first request without an answer to the next one with; none when nothing was lost. How soon a "
                  "silence is noticed depends on when it begins between two advertisements, so the fault of run i of n comes (i + 0.5) / n of an "
                  "interval after one that was seen on the wire, the same for all. A run that the machine disturbed by standing still (a request left "
                  f"more than {LATE_MS} ms late, or the second had taken over before the fault) was made again: in brackets how many, at most as "
                  "many as there are runs.")
    found = {}
    for system, (start, interval, events) in SYSTEMS.items():
        if options.systems not in system:
            continue
        for name, event in events.items():
            row = found[system, name] = _measure_row(lab, start, interval, event, options.runs)
            table.add(system, name, f"{len(row.gaps)} ({row.again})", spread(row.gaps) + (f", {row.open_ended} never back" if row.open_ended else ""),
                      f"{statistics.median(row.lost):.0f} / {max(row.lost)}")
    _judge(table, found)
    if found:
        table.note += (" The phase was missed by " + spread([off for row in found.values() for off in row.off_phase], " ms", 1) +
                       " (min / median / max).")
    yield table


def _tolerance(*rows):
    """What two measurements cannot tell apart: the time between two requests, and how late requests left in the usual run."""
    return PROBE_MS + statistics.median(late for row in rows for late in row.late)


def _judge(table, found):
    measured = {system for system, _ in found}
    for event in EVENTS:
        for interval in ("100 ms", "10 ms"):
            names = ("Lintel, its defaults (100 ms)" if interval == "100 ms" else "Lintel, 10 ms"), f"keepalived, {interval}"
            if not measured.issuperset(names):
                continue
            ours, theirs = (found[name, event] for name in names)
            tolerance = _tolerance(ours, theirs)
            middle = statistics.median(ours.gaps), statistics.median(theirs.gaps)
            most = max(ours.gaps), max(theirs.gaps)
            table.goal(f"{event}, {interval}: median {middle[0]:.0f} ms, keepalived {middle[1]:.0f} ms; "
                       f"max {most[0]:.0f} ms, keepalived {most[1]:.0f} ms (they can be told apart by {tolerance:.0f} ms)",
                       middle[0] <= middle[1] + tolerance and most[0] <= most[1] + tolerance)
    for event in ("crash (power loss)", "cut off (cables)"):
        names = "Lintel, its defaults (100 ms)", "keepalived, its defaults (1 s)"
        if not measured.issuperset(names):
            continue
        rows = [found[name, event] for name in names]
        ours, theirs = (statistics.median(row.gaps) for row in rows)
        tolerance = _tolerance(*rows)
        table.goal(f"{event}, each with its defaults: {theirs / max(ours, 1):.1f} times shorter than keepalived's "
                   f"(medians {ours:.0f} and {theirs:.0f} ms, give or take {tolerance:.0f} ms)", theirs + tolerance >= 10 * (ours - tolerance))
    for system in sorted(system for system in measured if "Lintel" in system):
        for event in ("polite stop", "failover by hand"):
            row = found[system, event]
            table.goal(f"{system}, {event}: {max(row.lost)} requests lost at most in {len(row.lost)} runs", max(row.lost) == 0)
