# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's VRRP routers as neighbours: Debian's keepalived and FRR's vrrpd."""
import os
import shutil

from .process import Failed, Program, fresh_directory, wait_until
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
                 preempt=True, interface="eth0", extra="", program=None):
        self.host = host
        directory = fresh_directory(f"keepalived-{host.name}")
        self.address = addresses[0].split("/")[0]
        # over IPv6 keepalived sends unicast with a hop limit of 64 unless told otherwise, which RFC 9568 wants dropped
        unicast = (f"unicast_ttl 255\n unicast_src_ip {own or host.front}\n unicast_peer {{\n  " + "\n  ".join(peers) + "\n }") if peers else ""
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
                               [program or find("keepalived", "keepalived"), "-n", "-l", "-D", "-P", "-f", directory / "keepalived.conf",
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


class Frr:
    """FRR's zebra and vrrpd on a host. It wants the macvlan with the virtual MAC made for it."""

    def __init__(self, host, *, vrid=51, address=f"{FRONT}.100", prefix=24, priority=100, interval_ms=100, preempt=True):
        self.host, self.address = host, address
        six = ":" in address
        mac = f"00:00:5e:00:0{2 if six else 1}:{vrid:02x}"
        device = "vrrp6-1" if six else "vrrp4-1"
        zebra, vrrpd = find("zebra", "frr"), find("vrrpd", "frr")
        directory = fresh_directory(f"frr-{host.name}")
        shutil.chown(directory, "frr", "frr")  # its daemons refuse to run as anybody else
        host.ip(f"link add {device} link eth0 type macvlan mode bridge", f"link set {device} address {mac}",
                f"link set {device} addrgenmode eui64", f"addr add {address}/{prefix} dev {device}" + (" nodad" if six else ""),
                f"link set {device} up")
        family = "ipv6" if six else "ip"
        link_local = [f" vrrp {vrid} ipv6 fe80::200:5eff:fe00:2{vrid:02x}"] if six else []
        (directory / "zebra.conf").write_text("hostname lab\n")
        (directory / "vrrpd.conf").write_text("\n".join([
            "interface eth0", f" vrrp {vrid} version 3", f" vrrp {vrid} priority {priority}",
            f" vrrp {vrid} advertisement-interval {interval_ms}", *([] if preempt else [f" no vrrp {vrid} preempt"]), *link_local,
            f" vrrp {vrid} {family} {address}", ""]))
        common = ["--vty_socket", directory, "-z", directory / "zserv.sock", "--log", "stdout", "-P", "0"]
        self.zebra = Program(host, f"zebra-{host.name}", [zebra, "-f", directory / "zebra.conf", "-i", directory / "zebra.pid", *common])
        wait_until("zebra is up", lambda: self._up(directory), 30)
        self.vrrpd = Program(host, f"vrrpd-{host.name}", [vrrpd, "-f", directory / "vrrpd.conf", "-i", directory / "vrrpd.pid", *common])
        self.device = device

    def _up(self, directory):
        if not self.zebra.running:
            raise Failed(f"zebra ended: {self.zebra.log()}")
        return (directory / "zserv.sock").exists()

    def is_active(self):
        """vrrpd keeps the macvlan's carrier down (protodown) while it is Backup."""
        return "state UP" in self.host.run("ip", "link", "show", self.device)

    def wait_active(self, seconds=20):
        wait_until(f"vrrpd on {self.host.name} is Active for {self.address}", self.is_active, seconds)
        return self

    def wait_backup(self, seconds=20):
        wait_until(f"vrrpd on {self.host.name} is Backup for {self.address}", lambda: not self.is_active(), seconds)
        return self

    def lose_power(self):
        self.host.cut()
        self.vrrpd.kill()
        self.zebra.kill()
