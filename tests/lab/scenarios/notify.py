# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens is told to programs of the user (--notify): over a FIFO, a unix socket and a webhook, by a confined daemon."""
import json
import pathlib
import sys
import time

from lablib.config import INNER, VIP, port, router, server
from lablib.connections import write_key
from lablib.lab import expect, pause
from lablib.lintel import SANITIZED
from lablib.process import Program, wait_until
from lablib.report import figure, scenario
from lablib.traffic import TOOL

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs"))
import conform  # noqa: E402  pylint: disable=wrong-import-position

PORT = 9000
TCP = {"type": "tcp", "interval": "500ms", "timeout": "300ms", "fall": 2, "rise": 2}
EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "packaging" / "examples" / "keepalived-notify"
FROM_FIFO = "import sys, time\nfor line in open(sys.argv[1]): print(time.time(), line, end='', flush=True)"
FROM_SOCKET = """
import os, socket, sys, time
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1]); listener.listen()
    while True:
        for line in listener.accept()[0].makefile(): print(time.time(), line, end="", flush=True)
"""
FROM_WEB = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        print(time.time(), self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204); self.end_headers()
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
"""


class Told:
    """A program that reads events, and what it was told."""

    def __init__(self, host, name, script, *words):
        self.program = Program(host, f"told-{name}-{host.name}", ["python3", "-u", "-c", script, *words])

    def events(self, kind=None):
        """[(when it came, event)]"""
        found = []
        for line in self.program.log().splitlines():
            when, _, text = line.partition(" ")
            event = json.loads(text)
            wrong = conform.problems(event, conform.load("event"))
            expect(not wrong, f"{text}: {wrong}")
            if kind in (None, event["event"]):
                found.append((float(when), event))
        return found

    def wait(self, kind, seconds=15, **members):
        """The first event of a kind with these members."""
        def look():
            return next(((when, event) for when, event in self.events(kind)
                         if all(event.get(name) == value for name, value in members.items())), None)
        return wait_until(f"{self.program.title} hears of {kind} {members}", look, seconds)


def targets(node, *more):
    return [word for target in (f"fifo:{node.directory}/events.fifo", *more) for word in ("--notify", target)]


def states(events):
    return [(event["from"], event["to"]) for _, event in events if event["event"] == "router" and not event["current"]]


@scenario("a takeover is told to a FIFO, a unix socket and a webhook, and who hangs holds nobody up")
def takeover(lab):
    node, web = lab.lb2, lab.webs[0]
    sock = node.directory / "events.sock"
    hook = Told(web, "webhook", FROM_WEB, 8099)
    deaf = Program(web, "deaf", ["python3", "-c", "import socket, time; s = socket.create_server(('', 8098)); time.sleep(600)"])
    readers = {"unix": Told(node.host, "unix", FROM_SOCKET, sock), "webhook": hook}
    lab.lb1.start(lab.documents(None, [server(ports=[port(80, "UDP"), port(80)])], 150, "100ms")).wait_active(seconds=40)
    node.start(lab.documents(None, [server(ports=[port(80, "UDP"), port(80)])], 100, "100ms"),
               *targets(node, f"unix:{sock}", f"http://{web.back}:8099/hook?token=s3cr3t", f"http://{web.back}:8098/"))
    node.wait_backup(seconds=40)
    readers["fifo"] = Told(node.host, "fifo", FROM_FIFO, node.directory / "events.fifo")
    readers["fifo"].wait("router", to="Backup")
    status = node.status()
    expect(status["confined"] is not SANITIZED, "it is not confined")
    with lab.client.watching("udp", VIP, 80) as probe:
        lab.lb1.lose_power()
        node.wait_active()
        pause(1)
    for name, reader in readers.items():
        when, event = reader.wait("router", **{"from": "Backup", "to": "Active"})
        expect(event["router"] == "front" and event["node"] == "lb2" and event["priority"] == 100 and f"{VIP}/24" in event["addresses"], event)
        began = time.mktime(time.strptime(event["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(event["time"][19:-1])
        figure(f"takeover to {name}", f"{(when - began) * 1000:.0f} ms after it happened")
        expect(-0.1 < when - began < 5, (when, event))
        numbers = [event["sequence"] for _, event in reader.events() if not event["current"]]
        expect(numbers == sorted(set(numbers)), numbers)
    figure("gap for clients, one webhook hanging", probe.report)
    expect(0 < probe.report.gap_ms < 1500, probe.report)
    rows = {row["kind"] + row["target"][-4:]: row for row in node.status()["notifications"]["targets"]}
    expect(rows["webhook8099"]["delivered"] >= 3 and rows["webhook8099"]["up"] and rows["webhook8098"]["queued"] > 0, rows)
    expect("s3cr3t" not in node.program.log() and "s3cr3t" not in json.dumps(node.status()), "a secret is shown")
    node.stop()
    for reader in readers.values():
        reader.wait("daemon", to="stopping")
        reader.wait("router", **{"from": "Active", "to": "Initialize"})
    deaf.kill()


@scenario("servers, quorum, configuration, a router that goes: each is told once, in order, and who comes late hears what is so")
def everything(lab):
    node = lab.lb1
    programs = [Program(web, f"checked-{web.name}", [TOOL, "serve", web.name, PORT]) for web in lab.webs]
    wait_until("the checked servers are ready", lambda: all("ready" in program.log() for program in programs))
    checked = server(ports=[port(80, to=PORT)], healthCheck=TCP, quorum={"minimum": 2})
    other = router("spare", vrid=52, addresses=["10.77.0.200/24"])
    flag = node.directory / "maintenance"
    front = router(track=[{"file": str(flag), "expect": "absent", "weight": -20}], damping={"hold": "0s"})
    node.start([front, checked, other], *targets(node))
    reader = Told(node.host, "fifo", FROM_FIFO, node.directory / "events.fifo")
    node.wait_active(seconds=40)
    reader.wait("router", router="front", to="Active")
    wait_until("all are up", lambda: node.status()["health"]["up"] == 3)
    programs[0].kill()
    _, event = reader.wait("server", **{"from": "up", "to": "down"})
    expect(event["server"] == f"{lab.webs[0].back}:{PORT}" and event["virtualServers"] == ["default/web"] and event["result"] == "refused", event)
    programs[1].kill()
    _, event = reader.wait("quorum", **{"from": "met", "to": "lost"})
    expect((event["virtualServer"], event["upWeight"], event["minimum"]) == ("default/web", 1, 2), event)
    programs[2].kill()
    reader.wait("answering", **{"from": "servers", "to": "nobody"})

    reader.program.kill()
    wait_until("nobody reads", lambda: not node.status()["notifications"]["targets"][0]["up"])
    late = Told(node.host, "late", FROM_FIFO, node.directory / "events.fifo")
    late.wait("router", router="front", to="Active", current=True)
    late.wait("quorum", to="lost", current=True)
    late.wait("answering", to="nobody", current=True)
    wait_until("each server that is down is told", lambda: len([1 for _, event in late.events("server") if event["current"]]) == 3)
    flag.touch()
    _, event = late.wait("track", router="front", **{"from": "good", "to": "bad"})
    expect(str(flag) in event["what"] and event["weight"] == event["priorityChange"] == -20, event)
    flag.unlink()
    late.wait("track", router="front", **{"from": "bad", "to": "good"}, priorityChange=0)
    (node.configuration / "broken.yaml").write_text("nonsense: 1\n")
    _, event = late.wait("configuration", **{"from": "accepted", "to": "refused"})
    expect(event["errors"] >= 1 and "broken.yaml" in event["problems"][0], event)
    (node.configuration / "broken.yaml").unlink()
    late.wait("configuration", **{"from": "refused", "to": "accepted"})
    node.configure([front, checked])
    late.wait("router", router="spare", **{"from": "Active", "to": "Initialize"})
    node.host.cut()
    late.wait("router", router="front", **{"from": "Active", "to": "Initialize"})
    _, event = late.wait("router-problem", router="front")
    expect("eth0 is down" in event["problem"], event)
    node.host.heal()
    late.wait("router-problem", router="front", problem="")


@scenario("replication in step and not is told; scripts written for keepalived are run by the example, and not by lintel")
def replication(lab):
    for node, peer, priority in ((lab.lb1, "10.77.0.12", 150), (lab.lb2, "10.77.0.11", 100)):
        node.start([router(peers=[peer], priority=priority, addresses=[f"{VIP}/24", *INNER]), server()],
                   *write_key(node), *targets(node))
    reader = Told(lab.lb2.host, "fifo", FROM_FIFO, lab.lb2.directory / "events.fifo")
    script = lab.lb1.directory / "notify.sh"
    script.write_text(f"#!/bin/sh\necho \"$@\" >> {lab.lb1.directory}/ran\n")
    script.chmod(0o755)
    Program(lab.lb1.host, "keepalived-notify", ["sh", EXAMPLE, lab.lb1.directory / "events.fifo", script])
    lab.lb1.wait_active(seconds=40)
    reader.wait("replication", to="in-step", inStep=True, seconds=30)
    lab.lb1.lintel("failover", "front")
    reader.wait("replication", to="active")
    ran = lab.lb1.directory / "ran"
    # What it was at the start is told, too.
    wait_until("the script has run", lambda: ran.read_text().endswith("INSTANCE front MASTER 150\nINSTANCE front BACKUP 150\n"))
