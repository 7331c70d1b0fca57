# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's VRRP routers as neighbours: Debian's keepalived and FRR's vrrpd."""
import os
import shutil

from .process import WORK, Failed, Program, wait_until
from .topology import FRONT

VRRP_GROUP, VRRP_GROUP6 = "224.0.0.18", "ff02::12"


def find(program, package):
    """The program's path; a scenario without its peer fails and says what to install."""
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/lib/frr:/usr/sbin")
    if not path:
        raise Failed(f"{program} is not installed: apt-get install {package}")
    return path


class Keepalived:
    """keepalived on a host, for one virtual router (or one a family)."""

    def __init__(self, host, *, vrid=51, addresses=(f"{FRONT}.100/24",), priority=100, interval=0.1, peers=(), own=None,
                 preempt=True, interface="eth0", extra=""):
        self.host = host
        directory = WORK / f"keepalived-{host.name}-{len(Program.started)}"
        directory.mkdir()
        self.address = addresses[0].split("/")[0]
        unicast = (f"unicast_src_ip {own or host.front}\n unicast_peer {{\n  " + "\n  ".join(peers) + "\n }") if peers else ""
        listed = "\n  ".join(f"{address} dev {interface}" for address in addresses)
        (directory / "keepalived.conf").write_text(f"""
global_defs {{
 router_id {host.name}
 vrrp_version 3
 vrrp_garp_master_repeat 3
}}
vrrp_instance front {{
 state BACKUP
 interface {interface}
 virtual_router_id {vrid}
 priority {priority}
 advert_int {interval}
 {'' if preempt else 'nopreempt'}
 {unicast}
 virtual_ipaddress {{
  {listed}
 }}
 {extra}
}}
""")
        self.program = Program(host, f"keepalived-{host.name}",
                               [find("keepalived", "keepalived"), "-n", "-l", "-D", "-P", "-f", directory / "keepalived.conf",
                                "-p", directory / "pid", "-r", directory / "vrrp.pid"])

    def has_address(self):
        return f" {self.address}/" in self.host.run("ip", "address", "show")

    def wait_active(self, seconds=20):
        wait_until(f"keepalived on {self.host.name} owns {self.address}", self.has_address, seconds)
        return self

    def wait_backup(self, seconds=20):
        wait_until(f"keepalived on {self.host.name} gives up {self.address}", lambda: not self.has_address(), seconds)
        return self

    def stop(self):
        self.program.stop()

    def kill(self):
        self.program.kill()

    def lose_power(self):
        self.host.cut()
        self.program.kill()
