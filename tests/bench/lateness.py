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
    quiet = [config.router(interval="10ms", addresses=["10.77.0.100/24", "10.100.255.254/14"])]
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
    over = after["latenessOver1ms"] - before["latenessOver1ms"]
    histogram = after.get("lateness", {})
    table.add("seconds until all was programmed", f"{took:.1f}")
    table.add("advertisements sent meanwhile", sent)
    table.add("of them more than 1 ms late", over)
    table.add("latest of all", f"{after['latenessMaxSeconds'] * 1000:.2f} ms")
    for name, value in histogram.items():
        table.add(f"late by {name}", value)
    table.add("advertisements heard by the other", heard["advertsReceived"] - standby["advertsReceived"])
    false = heard["becameActive"]
    table.add("false failovers", false)
    table.goal(f"no false failover: {false}", false == 0)
    table.goal(f"99.9 % not later than 1 ms: {over} of {sent} later", over <= sent / 1000)
    yield table
