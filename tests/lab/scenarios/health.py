# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that are checked: what clients see when one goes and comes back, and what lost quorums do to virtual routers."""
from lablib.config import VIP, WEBS, port, router, server
from lablib.lab import expect, pause
from lablib.process import Program, wait_until
from lablib.report import figure, scenario
from lablib.traffic import TOOL

PORT = 9000  # where the web servers of these scenarios listen
INTERVAL, FALL, RISE = 0.5, 2, 2
LONG = 4  # the interval with very many servers
TCP = {"type": "tcp", "interval": "500ms", "timeout": "300ms", "fall": FALL, "rise": RISE}
BOUND = 15  # seconds; many programs are started meanwhile

# Answers with the status and the body that stand in a file, "503 sorry".
HTTP = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = open(sys.argv[1]).read().split(" ", 1)
        self.send_response(int(status)); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
"""


def serve(lab, *numbers):
    """Web servers on a port of their own, which may be stopped."""
    programs = {}
    for web in lab.webs:
        if int(web.name[-1]) in (numbers or (1, 2, 3)):
            programs[web.name] = Program(web, f"checked-{web.name}", [TOOL, "serve", web.name, PORT])
    wait_until("the checked servers are ready", lambda: all("ready" in program.log() for program in programs.values()))
    return programs


def checked(**spec):
    return server(**({"ports": [port(80, to=PORT)], "healthCheck": TCP} | spec))


def servers(node):
    """{address: server} of the only virtual server, as listed."""
    return {entry["address"]: entry for entry in node.list()["virtualServers"][0]["servers"]}


def states(node):
    return {address: entry["state"] for address, entry in servers(node).items()}


def metric(node, name):
    """The samples of one metric."""
    page = node.host.run("python3", "-c", "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9310/metrics').read().decode())")
    return "\n".join(line for line in page.splitlines() if line.startswith(name))


def all_up(node, count=3):
    """Every check has said so, not only the start."""
    wait_until(f"{node.name} finds {count} servers up", lambda: node.status()["health"]["up"] == count, seconds=BOUND)


def deafen(lab, node, yes):
    """The web servers no longer answer what this node itself asks; what it balances goes on."""
    for web in lab.webs:
        web.ip(f"route {'add' if yes else 'del'} blackhole {node.host.back}/32")


@scenario("a server that stops gets no new connections, soon; one that is back is used again; a reload keeps what is known")
def stop_and_return(lab):
    programs = serve(lab)
    node = lab.alone(checked(), options=["--resync", "1h"])
    lab.client.wait_answer("tcp", VIP, 80)
    all_up(node)
    turns = node.status()["reconcile"]["turns"]
    with lab.client.watching("tcp", VIP, 80, interval=20, timeout=500) as probe:
        programs["web2"].kill()
        wait_until("web2 has the weight 0", lambda: node.weights()[WEBS[1]] == 0, seconds=BOUND)
        pause(1)
    figure("a server stops", probe.report)
    expect(probe.report["longestGapMs"] < (INTERVAL * (FALL + 1) + 2) * 1000, probe.report)
    lab.client.expect_all("tcp", VIP, 80, ("web1", "web3"))
    entry = servers(node)[WEBS[1]]
    expect(entry["state"] == "down" and "refused" in entry["reason"], entry)
    expect(entry["check"]["state"] == "down" and entry["check"]["target"] == f"{WEBS[1]}:{PORT}", entry)
    said = node.lintel("explain", f"{VIP}:80")
    expect(WEBS[1] in said and "refused" in said, said)
    expect("down" in node.lintel("list"), node.lintel("list"))
    expect(f'server="{WEBS[1]}:{PORT}"}} 0' in metric(node, "lintel_real_server_up"), metric(node, "lintel_real_server_up"))
    expect(metric(node, "lintel_health_check_duration_seconds_count"), "no histogram of durations")
    code, said = node.offline_code("plan", "-c", node.configuration, "--state-dir", node.state)
    expect("real server" not in said, said)
    expect(node.status()["reconcile"]["turns"] <= turns + 3, "more turns than changes")
    node.reload()
    node.configure([router(), checked(sourceRanges=["0.0.0.0/0"])])
    node.reload()
    wait_until("the new configuration is in force", lambda: node.lintel("explain", f"{VIP}:80").count("0.0.0.0/0"))
    expect(node.weights()[WEBS[1]] == 0 and states(node)[WEBS[1]] == "down", "a reload forgot the verdict")
    programs |= serve(lab, 2)
    wait_until("web2 is used again", lambda: node.weights()[WEBS[1]] == 1, seconds=BOUND)
    lab.client.expect_all("tcp", VIP, 80)
    expect(node.program.log().count(f"server={WEBS[1]}:{PORT} check=tcp state=down") == 1, "the change was not told once")


@scenario("a restart, clean or not, and another timing keep what is known: nobody is sent to a server that is down")
def restart(lab):
    programs = serve(lab)
    node = lab.alone(checked(), options=["--resync", "1h", "--on-exit", "keep"])
    all_up(node)
    programs["web2"].kill()
    wait_until("web2 has the weight 0", lambda: node.weights()[WEBS[1]] == 0, seconds=BOUND)
    kept = node.ipvs()
    node.stop()
    expect(node.ipvs() == kept, "the kernel's state changed")
    node.start(None, "--resync", "1h").wait_active()
    expect(node.status()["reconcile"]["writes"] == 0 and node.ipvs() == kept, node.status()["reconcile"])
    expect("taken over count=3" in node.program.log(), node.program.log())
    expect(states(node)[WEBS[1]] == "down" and "refused" in servers(node)[WEBS[1]]["reason"], servers(node))
    # Down before as after: nothing changed.
    wait_until("all were tried", lambda: all(entry["check"]["checks"] > FALL for entry in servers(node).values()), seconds=BOUND)
    expect(node.status()["reconcile"]["writes"] == 0 and "state=down" not in node.program.log(), node.program.log())
    node.configure([router(), checked(healthCheck=TCP | {"interval": "30s", "timeout": "1s"}, sourceRanges=["0.0.0.0/0"])])
    node.reload()
    wait_until("the new timing is in force", lambda: node.lintel("explain", f"{VIP}:80").count("0.0.0.0/0"))
    expect(node.weights()[WEBS[1]] == 0, "another timing gave the server its weight back")
    pause(1.5)
    node.kill()
    node.start(None, "--resync", "1h").wait_active()
    # With this interval it takes half a minute to find out anew.
    expect(node.weights()[WEBS[1]] == 0 and states(node)[WEBS[1]] == "down", servers(node))
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.expect_all("tcp", VIP, 80, ("web1", "web3"))
    node.stop()  # clean: nothing is left in the kernel, but the file is
    node.start(None).wait_active()
    expect(node.weights()[WEBS[1]] == 0 and states(node)[WEBS[1]] == "down", servers(node))


@scenario("HTTP servers are judged by status and body, and taken out altogether where it says remove")
def http(lab):
    answers = {}
    for web in lab.webs:
        answers[web.name] = lab.lb1.directory / f"{web.name}.txt"
        answers[web.name].write_text("200 fine")
        Program(web, f"http-{web.name}", ["python3", "-c", HTTP, answers[web.name], 9080])
    serve(lab)
    check = TCP | {"type": "http", "port": 9080, "timeout": "500ms", "onFailure": "remove",
                   "http": {"path": "/ready", "expectStatus": 200, "expectBody": "fine"}}
    node = lab.alone(checked(healthCheck=check))
    all_up(node)
    for web, (said, reason) in enumerate([("503 fine", "503"), ("200 broken", "")]):
        answers[lab.webs[web].name].write_text(said)
        wait_until(f"{said} is down", lambda: states(node)[WEBS[web]] == "down", seconds=BOUND)
        expect(reason in servers(node)[WEBS[web]]["reason"], servers(node))
    wait_until("they are gone from the kernel", lambda: not any(f"-r {web}:" in line for line in node.ipvs() for web in WEBS[:2]))
    lab.client.expect_all("tcp", VIP, 80, ("web3",))
    for web in lab.webs:
        answers[web.name].write_text("200 fine")
    all_up(node)
    wait_until("they are back", lambda: set(node.weights().values()) == {1} and len(node.weights()) == 3)
    lab.client.expect_all("tcp", VIP, 80)


@scenario("drained by hand and found down, each is told, and neither undoes the other")
def by_hand(lab):
    programs = serve(lab)
    node = lab.alone(checked())
    all_up(node)
    node.lintel("drain", f"{WEBS[0]}:{PORT}")
    programs["web1"].kill()
    wait_until("web1 is down", lambda: servers(node)[WEBS[0]]["check"]["state"] == "down", seconds=BOUND)
    entry = servers(node)[WEBS[0]]
    expect(entry["state"] == "drained" and "by hand" in entry["reason"] and "refused" in entry["reason"], entry)
    node.lintel("undrain", f"{WEBS[0]}:{PORT}")
    expect(states(node)[WEBS[0]] == "down" and node.weights()[WEBS[0]] == 0, servers(node))
    serve(lab, 1)
    wait_until("web1 is used again", lambda: node.weights()[WEBS[0]] == 1, seconds=BOUND)


@scenario("the sorry server answers when no server can, and no longer than that")
def sorry(lab):
    programs = serve(lab, 1, 2)
    node = lab.alone(checked(webs=WEBS[:2], sorryServers=[{"address": WEBS[2], "port": 8080}], drainTimeout="1s"))
    all_up(node, 2)
    lab.client.expect_all("tcp", VIP, 80, ("web1", "web2"))
    expect(len(node.weights()) == 2, node.weights())
    for program in programs.values():
        program.kill()
    wait_until("the sorry server is there", lambda: node.weights().get(WEBS[2]) == 1, seconds=BOUND)
    lab.client.expect_all("tcp", VIP, 80, ("web3",))
    expect(states(node)[WEBS[2]] == "sorry", states(node))
    expect("sorry server" in " ".join(node.status()["health"]["problems"]), node.status()["health"])
    serve(lab, 1)
    wait_until("the sorry server is gone", lambda: WEBS[2] not in node.weights(), seconds=BOUND)
    lab.client.expect_all("tcp", VIP, 80, ("web1",))


@scenario("with allServersDown serve, servers that all seem to be down are used all the same")
def all_down_serve(lab):
    programs = serve(lab)
    node = lab.alone(checked(ports=[port(80)], healthCheck=TCP | {"port": PORT}, allServersDown="serve"))
    all_up(node)
    programs["web1"].kill()
    wait_until("web1 is out", lambda: node.weights()[WEBS[0]] == 0, seconds=BOUND)
    for program in programs.values():
        program.kill()
    wait_until("all are down", lambda: node.status()["health"]["down"] == 3, seconds=BOUND)
    wait_until("all are used", lambda: set(node.weights().values()) == {1})
    lab.client.expect_all("tcp", VIP, 80)
    expect("all are down" in servers(node)[WEBS[0]]["reason"], servers(node))


def lose_quorum(lab, on_loss, front):
    """Both nodes run, lb1 is Active and no longer reaches the servers."""
    serve(lab)
    lab.pair(front, checked(quorum={"minimum": 2} | on_loss))
    for node in lab.nodes:
        all_up(node)
    lab.client.wait_answer("tcp", VIP, 80)
    deafen(lab, lab.lb1, True)


@scenario("with lowerPriority, a node that reaches more servers takes over, though it does not preempt")
def lower_priority(lab):
    try:
        lose_quorum(lab, {"onLoss": "lowerPriority", "priorityCut": 100}, router(preempt=False))
        lab.lb2.wait_active(seconds=30)
        lab.lb1.wait_backup()
        expect(lab.lb1.router()["priority"] == 50, lab.lb1.router())
        expect("quorum lost" in " ".join(lab.lb1.status()["health"]["problems"]), lab.lb1.status()["health"])
        quorum, shown = lab.lb1.router()["quorums"][0], lab.lb1.lintel("status")
        expect((quorum["virtualServer"], quorum["priorityChange"], quorum["met"]) == ("default/web", -100, False), quorum)
        expect("50 instead of 150" in shown and "priority -100: too few servers of default/web are up" in shown, shown)
        lab.client.wait_answer("tcp", VIP, 80)
        lab.client.expect_all("tcp", VIP, 80)
    finally:
        deafen(lab, lab.lb1, False)
    wait_until("lb1 has its priority again", lambda: lab.lb1.router()["priority"] == 150, seconds=BOUND)
    pause(1)
    expect(lab.lb2.is_active() and lab.lb1.is_backup(), "lb1 took it back, though nobody preempts")


@scenario("with withdraw, the node leaves its virtual router until the quorum is met again")
def withdraw(lab):
    try:
        lose_quorum(lab, {"onLoss": "withdraw"}, router(preempt=True))
        lab.lb2.wait_active(seconds=30)
        wait_until("lb1 takes no part", lambda: lab.lb1.router()["state"] == "Initialize")
        expect("too few servers" in lab.lb1.router()["problem"], lab.lb1.router())
        expect(not lab.lb1.has_address(VIP), lab.lb1.addresses())
        lab.client.wait_answer("tcp", VIP, 80)
        lab.client.expect_all("tcp", VIP, 80)
    finally:
        deafen(lab, lab.lb1, False)
    lab.lb1.wait_active(seconds=30)
    lab.lb2.wait_backup()


@scenario("1,000 checked servers come and go in a few turns, and no check is late by a whole interval", timeout=300)
def thousand(lab):
    web, count = lab.webs[0], 1000  # asked for its status once a second: to ask takes the one CPU there may be longer than to check
    many = [f"10.80.{number // 250}.{number % 250 + 1}" for number in range(count)]
    lab.lb1.host.ip(f"route add 10.80.0.0/16 via {web.back}")
    web.ip("route add local 10.80.0.0/16 dev lo")
    try:
        serve(lab, 1)
        check = TCP | {"interval": f"{LONG}s", "timeout": "2s"}
        node = lab.alone(checked(webs=many, healthCheck=check), options=["--resync", "1h"])
        wait_until("all are up", lambda: node.status()["health"]["up"] == count, seconds=90, every=1)
        before = node.status()
        web.ip("route del local 10.80.0.0/16 dev lo")
        wait_until("all are down", lambda: node.status()["health"]["down"] == count, seconds=90, every=1)
        after = node.status()
        figure("1,000 servers down", f"{after['reconcile']['turns'] - before['reconcile']['turns']} turns, "
               f"the latest check {after['health']['lateSecondsMax']:.2f} s late, at most {after['health']['runningMax']} at once")
        expect(after["reconcile"]["turns"] - before["reconcile"]["turns"] <= 100, after["reconcile"])
        wait_until("all have the weight 0", lambda: set(node.weights().values()) == {0})
        lines = [line for line in node.program.log().splitlines() if "state=down" in line]
        expect(0 < len(lines) < count, f"{len(lines)} lines about {count} servers")
        web.ip("route add local 10.80.0.0/16 dev lo")
        wait_until("all are up again", lambda: node.status()["health"]["up"] == count, seconds=90, every=1)
        lab.client.wait_answer("tcp", VIP, 80)
    finally:
        web.run("ip", "route", "del", "local", "10.80.0.0/16", "dev", "lo", check=False)
        lab.lb1.host.run("ip", "route", "del", "10.80.0.0/16", check=False)
