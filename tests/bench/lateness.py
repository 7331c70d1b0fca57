# SPDX-License-Identifier: GPL-2.0-or-later
"""Are advertisements on time while the main thread is busiest? 10 ms interval, 10,000 x 10 real servers being programmed."""
import time

import programming
from lablib import config
from lablib.process import wait_until
from table import Table

COUNT = 10000


def measure(lab, options):
    table = Table("Advertisements while 10,000 x 10 are programmed", ["", "value"],
                  "Interval 10 ms, the other node listens; the Active reads, checks and programs 10,000 virtual servers meanwhile.")
    lab.reset()
    quiet = [config.router(interval="10ms", addresses=["10.77.0.100/24"])]
    lab.lb1.start([quiet[0] | {"spec": quiet[0]["spec"] | {"priority": 150}}])
    lab.lb2.start(quiet)
    lab.lb1.wait_active()
    lab.lb2.wait_backup()
    time.sleep(2)
    before, standby = lab.lb1.router()["counters"], lab.lb2.router()["counters"]
    for name, documents in programming.lintel_files(COUNT).items():
        if name != "router.yaml":
            lab.lb1.configure(documents, name)
    began = time.monotonic()
    lab.lb1.reload()
    wait_until("all is programmed", lambda: programming.complete(lab.lb1.host, COUNT), seconds=300, every=0.5)
    took = time.monotonic() - began
    time.sleep(2)
    after, heard = lab.lb1.router()["counters"], lab.lb2.router()["counters"]
    sent = after["advertsSent"] - before["advertsSent"]
    late = [(bucket["le"], bucket["count"] - earlier["count"]) for bucket, earlier in zip(after["lateness"], before["lateness"])]
    table.add("seconds until all was programmed", f"{took:.1f}")
    table.add("advertisements sent meanwhile", sent)
    for share in (0.5, 0.99, 0.999):
        table.add(f"{share * 100:g} % not later than", _bound(late, share, after["latenessMaxSeconds"]))
    table.add("latest of all", f"{after['latenessMaxSeconds'] * 1000:.2f} ms")
    table.add("advertisements heard by the other", heard["advertsReceived"] - standby["advertsReceived"])
    false = heard["becameActive"] - standby["becameActive"]
    table.add("false failovers", false)
    table.goal(f"no false failover: {false}", false == 0)
    table.goal(f"the latest is far from the 30 ms after which the other would take over: {after['latenessMaxSeconds'] * 1000:.1f} ms",
               after["latenessMaxSeconds"] < 0.03)
    yield table


def _bound(buckets, share, latest):
    """The least bound that so many are below, as text; none is later than `latest`, in seconds."""
    for bound, count in buckets:
        if count >= buckets[-1][1] * share:
            return f"{min(latest, bound or latest) * 1000:.3g} ms"
    return "-"
