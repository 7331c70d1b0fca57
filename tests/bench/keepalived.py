# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived as a balancer: VRRP and IPVS by its own configuration, source NAT and sysctls by hand, as its users do."""
import signal
import time

from lablib.config import VIP, WEBS
from lablib.peers import find
from lablib.process import WORK, Program, wait_until

SYSCTLS = {"net.ipv4.ip_forward": 1, "net.ipv4.vs.conntrack": 1, "net.ipv4.vs.expire_nodest_conn": 1,
           "net.ipv4.conf.all.send_redirects": 0, "net.ipv4.conf.eth0.send_redirects": 0}
NAT = f"""table ip byhand {{
 chain post {{
  type nat hook postrouting priority 100; policy accept;
  ct original ip daddr {VIP} oifname "eth1" masquerade
 }}
}}
"""


def instance(vrid, priority, interval, address, interface="eth0"):
    return (f"vrrp_instance r{vrid} {{\n state BACKUP\n interface {interface}\n virtual_router_id {vrid}\n priority {priority}\n"
            f" advert_int {interval}\n nopreempt\n virtual_ipaddress {{\n  {address} dev {interface}\n }}\n}}\n")


def virtual_server(address, port, servers, protocol="TCP", server_port=8080):
    lines = [f"virtual_server {address} {port} {{", " lvs_sched rr", " lvs_method NAT", f" protocol {protocol}"]
    for server in servers:
        lines.append(f" real_server {server} {server_port} {{\n  weight 1\n }}")
    return "\n".join(lines) + "\n}\n"


class Balancer:
    """keepalived on a host, with everything that a balancer needs beside it."""

    def __init__(self, host, configuration):
        self.host = host
        self.directory = WORK / f"ka-{host.name}-{time.monotonic_ns()}"
        self.directory.mkdir()
        self.file = self.directory / "keepalived.conf"
        self.write(configuration)
        host.run("ipvsadm", "-Ln")  # loads the module, so that its sysctls are there
        for name, value in SYSCTLS.items():
            host.sysctl(name, value)
        host.run("nft", "-f", "-", given=NAT)
        self.program = None

    def write(self, configuration):
        self.file.write_text(f"global_defs {{\n router_id {self.host.name}\n vrrp_version 3\n}}\n{configuration}", encoding="utf-8")

    def start(self):
        self.program = Program(self.host, f"ka-{self.host.name}",
                               [find("keepalived", "keepalived"), "-n", "-l", "-D", "-f", self.file, "-p", self.directory / "pid",
                                "-r", self.directory / "vrrp.pid", "-c", self.directory / "check.pid"])
        return self

    def has_address(self, address=VIP):
        return f" {address}/" in self.host.run("ip", "address", "show")

    def wait_active(self, seconds=30):
        wait_until(f"keepalived on {self.host.name} owns the address", self.has_address, seconds)
        return self

    def lose_power(self):
        self.host.cut()
        self.program.kill()

    def stop(self):
        self.program.stop()

    def ask_to_stop(self):
        """SIGTERM to the parent, which tells its children, as its systemd unit does."""
        self.program.signal(signal.SIGTERM)


def pair(lab, interval):
    """The usual pair; the first is Active."""
    balancers = []
    for name, priority in (("lb1", 150), ("lb2", 100)):
        configuration = instance(51, priority, interval, f"{VIP}/24") + virtual_server(VIP, 80, WEBS, "UDP")
        balancers.append(Balancer(lab.hosts[name], configuration))
    balancers[0].start().wait_active()
    balancers[1].start()
    return balancers
