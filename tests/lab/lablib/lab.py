# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab that scenarios are given: two load balancers, three web servers, one client, and what can be expected of them.

    def survives_power_loss(lab):
        lab.pair(config.router(), config.server())
        with lab.client.watching("udp", VIP, 80) as probe:
            lab.lb1.lose_power()
            lab.lb2.wait_active()
        expect(probe.report.gap_ms < 1500, probe.report)
"""
import time

from . import config
from .lintel import LoadBalancer
from .netns import finish, ip_batch
from .process import Failed, Program, wait_until
from .topology import add, build, rebuild, remove
from .traffic import TOOL, Flows, Probe, Sessions, ask

WEB_PORTS = (8080, 8081, 5300, 16384, 16400, 16483, 26384, 26400, 26483)


def expect(condition, otherwise):
    """An assertion whose message is what was seen."""
    if not condition:
        raise Failed(str(otherwise))


class Client:
    """The machine in front, as a user of the virtual addresses."""

    def __init__(self, host):
        self.host = host

    def ask(self, protocol, address, port, **how):
        return ask(self.host, protocol, address, port, **how)

    def watching(self, protocol, address, port, **how):
        return Probe(self.host, protocol, address, port, **how)

    def sessions(self, address, port, kind, **how):
        return Sessions(self.host, address, port, kind, **how)

    def flows(self, address, port, **how):
        return Flows(self.host, address, port, **how)

    def wait_answer(self, protocol, address, port, seconds=20):
        """Until one request is answered."""
        wait_until(f"{protocol} {address}:{port} answers", lambda: self.ask(protocol, address, port, count=1, timeout=500)["answered"], seconds)

    def expect_balanced(self, protocol, address, port, webs=("web1", "web2", "web3"), *, count=12, **how):
        """Round robin: all of `webs` answer equally often, and nothing is lost."""
        report = self.ask(protocol, address, port, count=count, **how)
        shares = {web: count // len(webs) for web in webs}
        expect(report.lost == 0 and report.servers == shares, f"{protocol} {address}:{port}: {report}; expected {shares}")
        return report

    def expect_all(self, protocol, address, port, webs=("web1", "web2", "web3"), *, count=12, **how):
        """Each of `webs` answers some requests and nobody else does; nothing is lost."""
        report = self.ask(protocol, address, port, count=count, **how)
        expect(report.lost == 0 and set(report.servers) == set(webs), f"{protocol} {address}:{port}: {report}; expected {webs}")
        return report

    def expect_refused(self, protocol, address, port):
        """A quick no, not silence. (The kernel limits the rate of ICMP errors: not every request need be told.)"""
        report = self.ask(protocol, address, port, count=3, interval=50, timeout=1500)
        expect(report["answered"] == 0 and report["refused"] >= 1, f"{protocol} {address}:{port}: {report}; expected refusals")


class Lab:
    """The whole network. reset() makes it as new; scenarios share one, because it takes a while to build under emulation."""

    def __init__(self):
        self.switch, self.hosts = build()
        self.lb1, self.lb2 = LoadBalancer(self.hosts["lb1"]), LoadBalancer(self.hosts["lb2"])
        self.lb3 = None
        self.client = Client(self.hosts["c1"])
        self.webs = [self.hosts[name] for name in ("web1", "web2", "web3")]
        self.web_programs = {}
        self.lasting = set()  # hosts of programs that outlive a reset, with their connections
        self._serve(self.webs)

    def _serve(self, webs):
        self.web_programs |= {web.name: Program(web, f"serve-{web.name}", [TOOL, "serve", web.name, *WEB_PORTS]) for web in webs}
        wait_until("the web servers are ready", lambda: all("ready" in p.log() for p in self.web_programs.values()))

    @property
    def nodes(self):
        return (self.lb1, self.lb2)

    def pair(self, router=None, *servers, interval="100ms", priorities=(150, 100), options=()):
        """Starts both nodes with the same configuration but for priority, lb1 first so that it is the Active one."""
        for node, priority, wait in zip(self.nodes, priorities, (self.lb1.wait_active, self.lb2.wait_following)):
            node.start(self.documents(router, servers, priority, interval), *options, wait=False)
            wait(seconds=40)
        return self

    def third(self):
        """A third load balancer, there until the end of the scenario."""
        self.lb3 = LoadBalancer(*add(["lb3"], self.switch))
        return self.lb3

    def alone(self, *servers, router=None, options=()):
        """Starts lb1 only; returns it when it is Active."""
        documents = [router or config.router(), *(servers or [config.server()])]
        return self.lb1.start(documents, *options).wait_active(seconds=40)

    @staticmethod
    def documents(router, servers, priority, interval):
        first = router or config.router(interval=interval)
        first = first | {"spec": first["spec"] | {"priority": priority}}
        return [first, *(servers or [config.server()])]

    def exactly_one_active(self, name="front"):
        states = [node.router(name)["state"] for node in self.nodes]
        return sorted(states) == ["Active", "Backup"]

    def wait_settled(self, name="front", seconds=20):
        wait_until("exactly one node is Active", lambda: self.exactly_one_active(name), seconds)
        return next(node for node in self.nodes if node.is_active(name))

    def other(self, node):
        return self.lb2 if node is self.lb1 else self.lb1

    def diagnosis(self):
        parts = [node.diagnosis() for node in (*self.nodes, *([self.lb3] if self.lb3 else []))]
        parts += [f"--- {program.title} on {program.host.name}:\n{program.log()[-1500:]}" for program in Program.started
                  if "lintel" not in program.title and program not in self.web_programs.values()]
        return "\n".join(parts)

    def reset(self):
        """Ends all that the last scenario started, and replaces the machines it used."""
        keep = list(self.web_programs.values())
        used = {program.host for program in Program.started if program not in keep}
        Program.kill_all(keep=keep)
        for host in self.hosts.values():
            host.heal()
        if self.lb3:
            self.lb3.forget()
            remove([self.lb3.host])
            self.lb3 = None
        # whatever ran there: neighbours, connections, settings that it leaves are felt by the next one, clean though it looks
        dirty = [node for node in self.nodes if node.host in used or not node.kernel_is_clean()]
        for node, host in zip(dirty, rebuild([node.host for node in dirty])):
            node.host = host
        for node in self.nodes:
            self.hosts[node.name] = node.host
            node.program = None
            node.forget()
            node.new_directories()
        self._renew([host for host in (self.client.host, *self.webs) if host not in self.lasting and host.open_connections()])
        finish(*(ip_batch(["neigh flush all"], host.name) for host in (self.client.host, *self.webs)))

    def _renew(self, hosts):
        """Replaces clients and servers that hold connections of machines that are gone: nobody will ever end those. Who is the first
        to come from the same port of the same address to such a server is answered "not your connection", resets that, and asks again
        two ticks later. Nothing is lost, but the request is scheduled twice, and round robin seems to pass over a server."""
        for host in hosts:
            if program := self.web_programs.get(host.name):
                program.kill()
                Program.started.remove(program)
        fresh = {host.name: host for host in rebuild(hosts)}
        self.hosts |= fresh
        self.client.host = self.hosts[self.client.host.name]
        self.webs = [self.hosts[web.name] for web in self.webs]
        self._serve([web for web in self.webs if web.name in fresh])

    def close(self):
        Program.kill_all()

    def split(self, *legs):
        """The two nodes no longer hear each other, but everybody else does. Cables stay in."""
        self._isolate("on", legs or "f")

    def join(self, *legs):
        self._isolate("off", legs or "f")

    def _isolate(self, value, legs):
        self.switch.ip(*(f"link set {node.name}-{leg} type bridge_slave isolated {value}" for node in self.nodes for leg in legs))


def pause(seconds):
    """For what has no condition to wait for: letting time pass while a probe runs."""
    time.sleep(seconds)
