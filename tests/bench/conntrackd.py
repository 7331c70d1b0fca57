# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived and conntrackd as a pair that keeps connections, put together by hand as their users do."""
import os
import signal

import keepalived
import kubernetes
from lablib.config import VIP, WEBS
from lablib.peers import find
from lablib.process import Program
from lablib.topology import INNER_GATEWAY

NAT = f"""flush ruleset
table ip byhand {{
 chain post {{
  type nat hook postrouting priority 100; policy accept;
  ct original ip daddr {VIP} oifname "eth1" snat to {INNER_GATEWAY}
 }}
}}
"""


# What it tells goes into the other one's kernel at once; it keeps no copy, and asks for nothing again ...
QUICK = """ Mode NOTRACK {
  DisableInternalCache on
  DisableExternalCache on
  StartupResync on
 }"""
# ... or it keeps one, and says again what the other one has missed.
RELIABLE = """ Mode FTFW {
  ResendQueueSize 131072
  DisableExternalCache on
  StartupResync on
 }"""


def configuration(own, peer, directory, mode):
    return f"""Sync {{
{mode}
 UDP {{
  IPv4_address {own}
  IPv4_Destination_Address {peer}
  Port 3780
  Interface eth0
  SndSocketBuffer 4194304
  RcvSocketBuffer 4194304
  Checksum on
 }}
}}
General {{
 HashSize 32768
 HashLimit 2097152
 LogFile off
 Syslog off
 LockFile {directory}/lock
 UNIX {{
  Path {directory}/ctl
 }}
 NetlinkBufferSize 4194304
 NetlinkBufferSizeMaxGrowth 33554432
 Filter From Userspace {{
  Protocol Accept {{
   TCP
   UDP
  }}
  Address Ignore {{
   IPv4_address 127.0.0.1
   IPv4_address {own}
  }}
 }}
}}
"""


def instance(priority):
    """The inner address goes with the outer one."""
    text = keepalived.instance(51, priority, 0.1, f"{VIP}/24")
    return text.replace(" }\n}\n", f"  {INNER_GATEWAY}/24 dev eth1\n }}\n}}\n")


class Node:
    """With source NAT, unless told otherwise."""

    def __init__(self, host, peer, priority, protocol, nat=True, mode=QUICK):
        self.balancer = keepalived.Balancer(host, instance(priority) + keepalived.virtual_server(VIP, 80, WEBS, protocol))
        if nat:
            host.run("nft", "-f", "-", given=NAT)
        host.sysctl("net.netfilter.nf_conntrack_tcp_be_liberal", 1)
        directory = self.balancer.directory
        (directory / "conntrackd.conf").write_text(configuration(host.front, peer.front, directory, mode), encoding="ascii")
        self.daemon = Program(host, f"conntrackd-{host.name}", [find("conntrackd", "conntrackd"), "-C", directory / "conntrackd.conf"],
                              env=os.environ | kubernetes.clock())  # as Lintel has
        self.balancer.start()

    def ask_again(self):
        """For all that the other one has."""
        self.balancer.host.run(find("conntrackd", "conntrackd"), "-C", self.balancer.directory / "conntrackd.conf", "-n")

    def tracked(self):
        """Entries of connection tracking."""
        return int(self.balancer.host.sysctl("net.netfilter.nf_conntrack_count"))


class Pair:
    def __init__(self, lab, protocol="TCP"):
        hosts = lab.lb1.host, lab.lb2.host
        self.lab = lab
        self.first = Node(hosts[0], hosts[1], 150, protocol)
        self.first.balancer.wait_active()
        self.second = Node(hosts[1], hosts[0], 100, protocol)

    def lose_power(self):
        self.lab.lb1.host.cut()
        for program in (self.first.daemon, self.first.balancer.program):
            program.kill()

    def stop_first(self):
        self.first.balancer.program.signal(signal.SIGTERM)

    def second_is_active(self):
        return self.second.balancer.has_address()
