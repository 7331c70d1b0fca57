# SPDX-License-Identifier: GPL-2.0-or-later
r"""The network of the lab.

              front 10.77.0.0/24  fd77::/64                back 10.78.0.0/24  fd78::/64
    c1 .50 ------+                                             +------ web1 .21
                 +-- lb1 .11 (eth0) ------ (eth1) .11 lb1 -----+------ web2 .22
                 +-- lb2 .12 (eth0) ------ (eth1) .12 lb2 -----+------ web3 .23
                 +-- lb3 .13 the same, for scenarios that ask for a third one (Lab.third)
                 +-- (web1..3 .21-.23 on front as well, down until a scenario calls front_leg)

eth0 is the leg on front, eth1 the one on back. Both bridges live in the namespace sw, whose ports are named HOST-f and HOST-b: taking
such a port down is pulling a cable.
"""
import pathlib

from .netns import Namespace, finish, ip_batch

FRONT, BACK = "10.77.0", "10.78.0"
FRONT6, BACK6 = "fd77::", "fd78::"
HOSTS = {  # name: (last number of its addresses, on front, on back)
    "c1": (50, True, False),
    "lb1": (11, True, True),
    "lb2": (12, True, True),
    "lb3": (13, True, True),
    "web1": (21, True, True),
    "web2": (22, True, True),
    "web3": (23, True, True),
}
ALWAYS = tuple(name for name in HOSTS if name != "lb3")  # the others come when a scenario asks for them
TCP_TIME_WAIT, TCP_LISTEN = "06", "0A"  # include/net/tcp_states.h
INNER_GATEWAY, INNER_GATEWAY6 = f"{BACK}.254", f"{BACK6}fe"  # the floating inner address, the servers' default route


class Host(Namespace):
    """A namespace with its legs and addresses."""

    def __init__(self, name, switch):
        super().__init__(name)
        self.switch = switch
        self.number, self.on_front, self.on_back = HOSTS[name]
        self.front, self.front6 = f"{FRONT}.{self.number}", f"{FRONT6}{self.number}"
        self.back, self.back6 = f"{BACK}.{self.number}", f"{BACK6}{self.number}"

    @property
    def ports(self):
        return [f"{self.name}-{leg}" for leg, there in (("f", self.on_front), ("b", self.on_back)) if there]

    def front_leg(self, up):
        """A web server's second leg, by which it answers clients without passing a load balancer."""
        if up:
            self.ip("link set eth0 up", f"addr replace {self.front}/24 dev eth0", f"addr replace {self.front6}/64 dev eth0 nodad")
        else:
            self.ip("addr flush dev eth0", "link set eth0 down")

    def cut(self, *ports):
        """Pulls the cables (all of them unless some are named 'f' or 'b')."""
        for port in self._chosen(ports):
            self.switch.set_link(port, False)

    def heal(self, *ports):
        for port in self._chosen(ports):
            self.switch.set_link(port, True)

    def open_connections(self):
        """How many TCP connections its kernel holds that have not ended, whether or not a program still has them."""
        with self.inside():
            text = "".join(pathlib.Path(f"/proc/thread-self/net/{table}").read_text(encoding="ascii") for table in ("tcp", "tcp6"))
        states = [line.split()[3] for line in text.splitlines() if not line.lstrip().startswith("sl")]
        return sum(state not in (TCP_LISTEN, TCP_TIME_WAIT) for state in states)

    def _chosen(self, legs):
        return [f"{self.name}-{leg}" for leg in legs] or self.ports


def _wires(name):
    number, front, back = HOSTS[name]
    for leg, there, interface in (("f", front, "eth0"), ("b", back, "eth1")):
        if there:
            yield f"{name}-{leg}", leg, interface
    del number


def _inside(name):
    """The ip commands that a host runs on itself."""
    number, front, back = HOSTS[name]
    lines = ["link set lo up"]
    if front:
        lines += [f"link set eth0 address 02:00:00:77:00:{number:02d}"]  # so that link-local addresses survive a new machine
    if back:
        lines += [f"link set eth1 address 02:00:00:78:00:{number:02d}"]
    if front and not name.startswith("web"):
        lines += [f"addr add {FRONT}.{number}/24 dev eth0", f"addr add {FRONT6}{number}/64 dev eth0 nodad", "link set eth0 up"]
    if back:
        lines += [f"addr add {BACK}.{number}/24 dev eth1", f"addr add {BACK6}{number}/64 dev eth1 nodad", "link set eth1 up"]
    if name.startswith("web"):
        lines += [f"route add default via {INNER_GATEWAY}", f"route add ::/0 via {INNER_GATEWAY6}"]
    return lines


def _quiet(namespace):
    """No duplicate address detection, no router solicitations: addresses work at once. No others than these either: FRR advertises a prefix."""
    for scope in ("all", "default"):
        namespace.sysctl(f"net.ipv6.conf.{scope}.accept_dad", 0)
        namespace.sysctl(f"net.ipv6.conf.{scope}.router_solicitations", 0)
        namespace.sysctl(f"net.ipv6.conf.{scope}.accept_ra", 0)
        namespace.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 0)


def build(names=ALWAYS):
    """Makes switch and hosts; gives (switch, {name: Host})."""
    finish(ip_batch([f"netns add {name}" for name in ("sw", *names)]))
    switch = Namespace("sw")
    hosts = {name: Host(name, switch) for name in names}
    for namespace in hosts.values():
        _quiet(namespace)
    for scope in ("all", "default"):
        switch.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 1)
    bridge = "type bridge forward_delay 0 mcast_snooping 0"
    finish(ip_batch([f"link add front {bridge}", f"link add back {bridge}", "link set front up", "link set back up"], "sw"))
    attach(hosts.values())
    return switch, hosts


def attach(hosts):
    """Wires up hosts that have no legs yet."""
    wires, ports = [], []
    for host in hosts:
        for port, leg, interface in _wires(host.name):
            wires.append(f"link add {port} netns sw type veth peer name {interface} netns {host.name}")
            ports += [f"link set {port} master {'front' if leg == 'f' else 'back'}", f"link set {port} up"]
    finish(ip_batch(wires))
    finish(ip_batch(ports, "sw"), *(ip_batch(_inside(host.name), host.name) for host in hosts))


def add(names, switch):
    """More hosts, to a network that is there."""
    finish(ip_batch([f"netns add {name}" for name in names]))
    hosts = [Host(name, switch) for name in names]
    for host in hosts:
        _quiet(host)
    attach(hosts)
    return hosts


def remove(hosts):
    """The hosts and their cables, as if they had never been."""
    finish(ip_batch([f"link delete {port}" for host in hosts for port in host.ports], "sw"))
    for host in hosts:
        host.close()
    finish(ip_batch([f"netns delete {host.name}" for host in hosts]))


def rebuild(hosts):
    """The hosts (of one network) again as new: all that their kernels knew is gone. Gives the new ones."""
    if not hosts:
        return []
    remove(hosts)
    return add([host.name for host in hosts], hosts[0].switch)
