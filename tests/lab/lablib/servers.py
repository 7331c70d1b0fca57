# SPDX-License-Identifier: GPL-2.0-or-later
"""Web servers that answer clients themselves: what one in direct or tunnel mode has to be told."""
import contextlib

from .config import VIP, VIP6


def keep_to_itself(web, yes):
    """Whether the web server says nothing to the neighbours about addresses of its lo."""
    for scope in ("all", "eth0"):
        web.sysctl(f"net.ipv4.conf.{scope}.arp_ignore", 1 if yes else 0)
        web.sysctl(f"net.ipv4.conf.{scope}.arp_announce", 2 if yes else 0)


def own_the_vip(web):
    """What a server in direct or tunnel mode is told: the VIP is its own, but it does not say so."""
    web.front_leg(True)
    keep_to_itself(web, True)
    web.ip(f"addr replace {VIP}/32 dev lo", f"addr replace {VIP6}/128 dev lo nodad")


def disown_the_vip(web):
    web.ip("addr flush dev lo scope global")
    keep_to_itself(web, False)
    web.front_leg(False)


@contextlib.contextmanager
def direct_servers(webs):
    """Web servers on the front network as well, that have the VIPs."""
    try:
        for web in webs:
            own_the_vip(web)
        yield
    finally:
        for web in webs:
            disown_the_vip(web)


@contextlib.contextmanager
def tunnel_servers(webs):
    """The same behind ipip and ip6ip6."""
    with direct_servers(webs):
        try:
            for web in webs:
                web.ip(f"link add lab4 type ipip local {web.back} remote any", "link set lab4 up",
                       f"link add lab6 type ip6tnl mode ip6ip6 local {web.back6} remote any", "link set lab6 up")
                web.sysctl("net.ipv4.conf.lab4.rp_filter", 0)
            yield
        finally:
            for web in webs:
                web.run("ip", "-force", "-batch", "-", check=False, given="link del lab4\nlink del lab6\n")
