# SPDX-License-Identifier: GPL-2.0-or-later
"""Desired state against the kernel's: start, reload, restart, drift, draining, what is others', and what stays behind."""
import json
import os
import pty
import select
import time

from lablib.config import INNER, VIP, WEBS, port, router, server
from lablib.lab import expect, pause
from lablib.lintel import BINARY
from lablib.process import wait_until
from lablib.report import scenario
from lablib.topology import INNER_GATEWAY

FOREIGN_RULES = """
table inet others {
	chain input {
		type filter hook input priority 10;
		tcp dport 9999 drop
	}
}
"""
WATCHED_SYSCTLS = ("net.ipv4.vs.conntrack", "net.ipv4.ip_forward", "net.ipv4.vs.expire_nodest_conn")


@scenario("plan says what would change and changes nothing; after run has done it, nothing is left to plan")
def plan(lab):
    node = lab.lb1
    node.configure([router(), server()])

    def planned():
        return node.offline_code("plan", "--state-dir", node.state, node.configuration)
    code, text = planned()
    expect(code == 3 and VIP in text and "10.78.0.21" in text, f"exit {code}: {text}")
    expect(node.kernel_is_clean(), "plan changed the kernel")
    node.start().wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    time.sleep(1)
    code, text = planned()
    expect(code == 0, f"exit {code}: {text}")


@scenario("check names file, line, object, field and the allowed values, for all problems at once")
def check(lab):
    node = lab.lb1
    node.configure("""\
apiVersion: lintel.io/v1alpha1
kind: VirtualRouter
metadata: {name: front}
spec:
  virtualRouterId: 300
  interfaces: eth0
  addresses: [10.77.0.100/24]
""")
    said = node.offline("check", node.configuration, check=False)
    expect("lab.yaml:5:" in said and "virtualRouterId" in said and "255" in said, said)
    expect("lab.yaml:6:" in said and "interfaces" in said and "interface" in said, said)


@scenario("a reload adds, changes and removes without losing a request")
def reload(lab):
    node = lab.alone(server(webs=WEBS[:2], ports=[port(80, scheduler="wrr")]), server("leaving", ports=[port(81)]))
    lab.client.wait_answer("tcp", VIP, 80)
    with lab.client.watching("tcp", VIP, 80, interval=20, timeout=5000) as probe:
        node.configure([router(), server(webs=[WEBS[0], WEBS[1], {"address": WEBS[2], "weight": 3}], ports=[port(80, scheduler="wrr")]),
                        server("coming", ports=[port(82)])])
        wait_until("the third server is in", lambda: node.weights().get(WEBS[2]) == 3)
        wait_until("the removed service is out", lambda: not [line for line in node.ipvs() if f"{VIP}:81" in line])
        lab.client.wait_answer("tcp", VIP, 82)
    expect(probe.report.lost == 0, probe.report)
    report = lab.client.ask("tcp", VIP, 80, count=10)
    expect(report.servers == {"web1": 2, "web2": 2, "web3": 6}, report)


@scenario("SIGHUP reads the configuration again")
def sighup(lab):
    node = lab.alone()
    (node.configuration / "more.yaml").write_text("---\n" + json.dumps(server("more", ports=[port(81)])))
    node.reload()
    lab.client.wait_answer("tcp", VIP, 81)


@scenario("a configuration that becomes bad is refused whole, named in status, and taken when it is mended")
def refused(lab):
    node = lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    node.configure([router(), server(ports=[port(80, scheduler="fairest")]), server("other", ports=[port(81)])])
    wait_until("status says that it is not in step", lambda: not node.in_step())
    problems = " ".join(problem for source in node.sources() for problem in source["problems"])
    expect("scheduler" in problems and "fairest" in problems, problems)
    lab.client.expect_balanced("tcp", VIP, 80)
    lab.client.expect_refused("tcp", VIP, 81)
    node.configure([router(), server(), server("other", ports=[port(81)])])
    wait_until("it is in step again", node.in_step)
    lab.client.wait_answer("tcp", VIP, 81)


@scenario("a restart with everything in place writes nothing to the kernel")
def restart_without_writes(lab):
    node = lab.alone(options=["--on-exit", "keep"])
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=2)
    held.wait_ready()
    before, rules = node.ipvs(), node.host.run("nft", "-s", "list", "ruleset")
    node.stop()
    expect(node.ipvs() == before, "--on-exit keep did not keep IPVS")
    node.start(None, "--resync", "1s").wait_active()
    wait_until("some turns are done", lambda: node.status()["reconcile"]["turns"] >= 2)
    reconcile = node.status()["reconcile"]
    expect(reconcile["writes"] == 0, reconcile)
    expect(node.ipvs() == before and node.host.run("nft", "-s", "list", "ruleset") == rules, "the kernel's state changed")
    verdicts = held.finish()
    expect(all(v["alive"] for v in verdicts), verdicts)


@scenario("damaged files in the state directory don't keep it from starting: they are put aside, what makes sense counts, and status says so")
def damaged_state(lab):
    node = lab.alone(server(webs=WEBS), options=["--on-exit", "keep"])
    lab.client.wait_answer("tcp", VIP, 80)
    drained = f"{WEBS[0]}:8080"
    node.lintel("drain", drained)
    wait_until("it is drained", lambda: "drained" in node.lintel("list"))
    before = node.ipvs()
    node.stop()
    names = {"drained": f"{drained}\nnonsense\n", "ipvs-journal": "lintel ipvs journal 1\n6 10.77", "health": "\0" * 100, "sysctls": "epoch\n",
             "muted": "epoch\n"}
    for name, text in names.items():
        (node.state / name).write_text(text, encoding="utf-8")
    told = node.offline("plan", node.configuration, "--state-dir", node.state, check=False)
    expect("drained is unusable" in told and "ipvs-journal is damaged" in told, told)
    expect(not list(node.state.glob("*.aside")), "plan put something aside")
    node.start(None, "--resync", "1s").wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    expect({path.name for path in node.state.glob("*.aside")} == {f"{name}.aside" for name in names}, list(node.state.iterdir()))
    expect((node.state / "drained.aside").read_text(encoding="utf-8") == names["drained"], "drained.aside is not what it was")
    expect(node.ipvs() == before, "what was wanted was not taken over as it stood")
    problems = node.status()["stateDirectory"]["problems"]
    expect(len(problems) == len(names) and f"{node.state}/drained" in problems[0], problems)
    expect("had to go without" in " ".join(node.lintel("status").split()), node.lintel("status"))
    for name in names:
        (node.state / f"{name}.aside").unlink()
    wait_until("that is seen to", lambda: not node.status()["stateDirectory"]["problems"], seconds=30)
    node.stop()


@scenario("drift is repaired: ipvsadm -C, a changed weight, a flushed nft table, a deleted address")
def drift(lab):
    node = lab.alone(options=["--resync", "1s"])
    lab.client.wait_answer("tcp", VIP, 80)
    before = node.ipvs()
    node.host.run("ipvsadm", "-C")
    wait_until("IPVS is as before", lambda: node.ipvs() == before, seconds=15)
    node.host.run("ipvsadm", "-e", "-t", f"{VIP}:80", "-r", f"{WEBS[0]}:8080", "-m", "-w", "77")
    wait_until("the weight is as before", lambda: node.ipvs() == before, seconds=15)
    rules = node.host.run("nft", "-s", "list", "ruleset")
    node.host.run("nft", "flush", "ruleset")
    wait_until("the rules are as before", lambda: node.host.run("nft", "-s", "list", "ruleset") == rules, seconds=15)
    node.host.ip(f"addr del {VIP}/24 dev eth0")
    wait_until("the address is back", lambda: node.has_address(VIP), seconds=15)
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.expect_balanced("tcp", VIP, 80)
    expect(node.status()["reconcile"]["driftRepaired"] >= 3, node.status()["reconcile"])
    wait_until("the restored address is counted", lambda: node.router()["counters"]["addressesRestored"] >= 1, seconds=5)


@scenario("a table of many services whose filling was cut short is completed where it stands by the next start")
def cut_short(lab):
    node, count = lab.lb1, 700

    def served():
        return node.host.run("nft", "list", "set", "inet", "lintel", "served4").count(". tcp .")

    def handle():
        return node.host.run("nft", "-a", "list", "table", "inet", "lintel").splitlines()[0]
    node.configure([router(), *(server(f"s{i}", ports=[port(1000 + i)]) for i in range(count))])
    node.start().wait_active()
    lab.client.wait_answer("tcp", VIP, 1000)
    expect(served() == count, f"{served()} of {count} services")
    before = handle()
    node.kill()
    # as after the first pieces: services come first, the addresses that lead to them last
    node.host.run("nft", "flush set inet lintel vips4")
    node.host.run("nft", "delete element inet lintel served4 { " + ", ".join(f"{VIP} . tcp . {1000 + i}" for i in range(250, count)) + " }")
    expect(served() == 250, f"{served()} services")
    node.start().wait_active()
    wait_until("all services are there", lambda: served() == count)
    expect(handle() == before, "the table was made anew")
    lab.client.expect_all("tcp", VIP, 1000 + count - 1)


@scenario("what is others' is never touched: services, tables and addresses stay through start, reload and stop")
def foreign(lab):
    node = lab.lb1
    node.host.run("ipvsadm", "-R", given="-A -t 198.51.100.7:99 -s rr\n-a -t 198.51.100.7:99 -r 10.78.0.99:99 -m\n")
    node.host.run("nft", "-f", "-", given=FOREIGN_RULES)
    node.host.ip("addr add 10.77.0.200/24 dev eth0")

    def intact():
        services = [line for line in node.ipvs() if "198.51.100.7" in line]
        return len(services) == 2 and "inet others" in node.nft_tables() and node.has_address("10.77.0.200")
    node.start([router(), server()], "--resync", "1s").wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    expect(intact(), "gone after the start")
    node.configure([router(), server("other", ports=[port(81)])])
    lab.client.wait_answer("tcp", VIP, 81)
    pause(2)
    expect(intact(), "gone after a reload")
    expect(node.list()["foreignServices"] == 1, node.list())
    node.stop()
    expect(intact(), "gone after the stop")
    expect(len(node.ipvs()) == 2 and not node.has_address(VIP), f"left behind: {node.ipvs()}")


@scenario("a clean exit leaves the kernel as it was found, sysctls included")
def clean_exit(lab):
    node = lab.lb1
    node.host.run("ipvsadm", "-Ln")  # the module's sysctls exist from now on
    before = {name: node.host.sysctl(name) for name in WATCHED_SYSCTLS}
    lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    expect(node.host.sysctl("net.ipv4.vs.conntrack") == "1" and node.host.sysctl("net.ipv4.ip_forward") == "1",
           {name: node.host.sysctl(name) for name in WATCHED_SYSCTLS})
    expect({entry["name"] for entry in node.status()["sysctls"]} >= {"net.ipv4.vs.conntrack"}, node.status()["sysctls"])
    node.stop()
    after = {name: node.host.sysctl(name) for name in WATCHED_SYSCTLS}
    expect(after == before, f"{before} became {after}")
    expect(node.kernel_is_clean(), node.diagnosis())


@scenario("drain takes a server out of new connections and leaves those it has; undrain brings it back")
def drain(lab):
    node = lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=6)
    held.wait_ready()
    node.lintel("drain", WEBS[0])
    wait_until("its weight is 0", lambda: node.weights().get(WEBS[0]) == 0)
    expect(f"drained by hand: {WEBS[0]}:8080." in " ".join(node.lintel("explain", f"{VIP}:80").split()), node.lintel("explain", f"{VIP}:80"))
    lab.client.expect_all("tcp", VIP, 80, ("web2", "web3"))
    verdicts = held.finish()
    expect(all(v["alive"] for v in verdicts) and "web1" in {v["server"] for v in verdicts}, verdicts)
    code, said = node.offline_code("undrain", "--socket", node.socket, f"{WEBS[0]}:8080")
    expect(code == 1 and f"'lintel undrain {WEBS[0]}'" in said, f"exit {code}: {said}")
    node.lintel("drain", f"{WEBS[0]}:8080")
    said = node.lintel("undrain", WEBS[0])
    expect(f"'lintel undrain {WEBS[0]}:8080'" in said and node.weights().get(WEBS[0]) == 0, said)
    node.lintel("undrain", f"{WEBS[0]}:8080")
    wait_until("its weight is 1", lambda: node.weights().get(WEBS[0]) == 1)
    lab.client.expect_all("tcp", VIP, 80)


@scenario("a removed server keeps its connections until they end, then it goes")
def removal(lab):
    node = lab.alone(options=["--resync", "1s"])
    lab.client.wait_answer("tcp", VIP, 80)
    held = lab.client.sessions(VIP, 80, "echo", count=6)
    held.wait_ready()
    node.configure([router(), server(webs=WEBS[1:], drainTimeout="5s")])
    wait_until("its weight is 0", lambda: node.weights().get(WEBS[0], 1) == 0)
    lab.client.expect_all("tcp", VIP, 80, ("web2", "web3"))
    state = {s["address"]: s["state"] for s in node.list()["virtualServers"][0]["servers"]}
    expect(state[WEBS[0]] == "draining", state)
    verdicts = held.finish()
    expect(all(v["alive"] for v in verdicts) and "web1" in {v["server"] for v in verdicts}, verdicts)
    wait_until("the server is gone", lambda: WEBS[0] not in node.weights(), seconds=40)


@scenario("explain tells why an address answers, and why another does not")
def explain(lab):
    node = lab.alone()
    lab.client.wait_answer("tcp", VIP, 80)
    answer = node.lintel("explain", f"{VIP}:80", check=False)
    expect("front" in answer and "This node answers" in answer and "3 of its 3" in answer, answer)
    for what in (f"{VIP}:81", f"{VIP}:80/udp", "10.77.0.99:80"):
        answer = json.loads(node.lintel("explain", "-o", "json", what, check=False))
        expect(answer["answers"] is False and answer["summary"] and answer["steps"], answer)


@scenario("a node that is Backup has everything prepared, and status, list and failover say what they should")
def backup_is_prepared(lab):
    lab.pair()
    wait_until("lb2 has the services", lambda: lab.lb2.ipvs() == lab.lb1.ipvs() and lab.lb2.ipvs())
    expect(not lab.lb2.has_address(VIP), "the Backup owns the address")
    said = lab.lb2.lintel("failover", "front", check=False)
    expect(lab.lb1.is_active() and lab.lb2.is_backup(), said)
    text = lab.lb1.lintel("status")
    expect("Active" in text and VIP in text and max(map(len, text.splitlines())) <= 80, text)


@scenario("two addresses with one port each, one IPVS service a pair: adding a VIP adds an address on the Active node")
def added_address(lab):
    quick = {"drainTimeout": "3s"}
    node = lab.alone(server(**quick), router=router(addresses=[*INNER]))
    lab.client.wait_answer("tcp", VIP, 80)
    node.configure([router(addresses=[*INNER]), server(addresses=[VIP, "10.77.0.101"], **quick)])
    wait_until("the second address is there", lambda: node.has_address("10.77.0.101"))
    lab.client.wait_answer("tcp", "10.77.0.101", 80)
    node.configure([router(addresses=[*INNER]), server(addresses=["10.77.0.101"], **quick)])
    # and it alone: who was stalled and stepped down meanwhile has none for a moment
    wait_until("the first address is gone, the second one is there", lambda: node.addresses() & {VIP, "10.77.0.101"} == {"10.77.0.101"}, seconds=30)
    lab.client.expect_balanced("tcp", "10.77.0.101", 80)


@scenario("with a pause after each message to the kernel, services and addresses come and go beside one that notices nothing of it", timeout=300)
def slow_writes(lab):
    # what is between two writes lasts a hundred times as long: what is written in a wrong order is seen
    paused = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=sendto,sendmsg", "-e", "inject=sendto,sendmsg:delay_exit=30000"]
    quick, kept = {"drainTimeout": "200ms"}, "10.77.0.101"
    both = [port(80), port(80, "UDP")]
    others = (
        ("other ports of its address", ("tcp", kept, 81), server("other", addresses=[kept], ports=[port(81), port(82, "UDP")], **quick)),
        ("another address", ("tcp", VIP, 80), server("other", ports=both, **quick)),
        ("another kind of source NAT", ("tcp", VIP, 80), server("other", ports=both, sourceNat={"mode": "masquerade"}, **quick)),
        ("source ranges", ("tcp", VIP, 80), server("other", ports=both, sourceRanges=["10.0.0.0/8"], **quick)),
        ("a port range", ("udp", kept, 16400), server("other", addresses=[kept], ports=[port((16384, 16483), "UDP", to=None)], **quick)),
    )
    always = [router(addresses=[*INNER], interval="1s"), server("kept", addresses=[kept], ports=both, **quick)]
    node = lab.lb1
    try:
        for web in lab.webs:  # what comes without source NAT gets no answer
            web.ip("route delete default")
        node.start(always, through=paused).wait_active(seconds=40)
        lab.client.wait_answer("tcp", kept, 80)
        for what, question, other in others:
            theirs, count = set(other["spec"]["addresses"]) - {kept}, len(other["spec"]["ports"])

            def there(services, addresses):
                return len([line for line in node.ipvs() if line.startswith("-A")]) == services and node.addresses() & {kept, VIP} == {kept} | addresses
            with lab.client.watching("tcp", kept, 80, interval=10, timeout=900) as tcp, \
                    lab.client.watching("udp", kept, 80, interval=10, timeout=5000, fresh=True) as udp:
                node.configure([*always, other])
                wait_until(f"{what}: it is there", lambda: there(2 + count, theirs), seconds=40)
                lab.client.wait_answer(*question)
                node.configure(always)
                wait_until(f"{what}: it is gone", lambda: there(2, set()), seconds=40)
            shares = tcp.report.servers.values()
            expect(tcp.report.lost == 0 and len(shares) == 3 and max(shares) - min(shares) <= 1, f"{what}: {tcp.report}")
            expect(udp.report.lost == 0, f"{what}: {udp.report}")
    finally:
        for web in lab.webs:
            web.ip(f"route replace default via {INNER_GATEWAY}")


@scenario("top: one picture where there is no terminal; on one it draws, sorts as a key says, and gives the terminal back")
def top(lab):
    node = lab.alone()
    text = node.lintel("top")
    expect(f"TCP {VIP}:80" in text and "front Active" in text, text)
    with node.host.inside():
        child, terminal = pty.fork()
        if child == 0:
            os.execve(BINARY, [BINARY, "top", "--socket", str(node.socket)], os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8"})
    seen = b""

    def shows(words):
        nonlocal seen
        while select.select([terminal], [], [], 0)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # it has ended
                break
        return words in seen
    try:
        wait_until("it draws", lambda: shows(f"TCP {VIP}:80".encode()))
        os.write(terminal, b"n")
        wait_until("it sorts by name", lambda: shows(b" by name:"))
        os.write(terminal, b"q")
        wait_until("it leaves the terminal as it was", lambda: shows(b"\033[?1049l"))
        expect(os.waitpid(child, 0)[1] == 0, seen)
    finally:
        os.close(terminal)
