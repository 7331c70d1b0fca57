# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP as somebody may speak it who is no node: he hears what the nodes say, and says what he likes."""
import socket
import struct

from .peers import VRRP_GROUP

IPPROTO_VRRP = 112


class Wire:
    """On the front network, from one host of it."""

    def __init__(self, host):
        with host.inside():
            self.ear = socket.socket(socket.AF_INET, socket.SOCK_RAW, IPPROTO_VRRP)
            self.ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                struct.pack("=4s4si", socket.inet_aton(VRRP_GROUP), socket.inet_aton(host.front), 0))
            self.mouth = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self.mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(host.front))

    def record(self, source):
        """A whole packet of that node."""
        self.ear.settimeout(5)
        while True:
            packet = self.ear.recv(2048)
            if packet[12:16] == socket.inet_aton(source):
                return packet

    def say(self, packet):
        self.mouth.sendto(packet, (VRRP_GROUP, 0))

    def claim(self, source, address, priority, vrid=51, interval_cs=10):
        """A well-formed advertisement that nobody has signed, in whoever's name."""
        message = struct.pack(">BBBBHH4s", 0x31, vrid, priority, 1, interval_cs, 0, socket.inet_aton(address))
        total = sum(struct.unpack(">6H", message))
        total = (total & 0xffff) + (total >> 16)
        message = message[:6] + struct.pack(">H", ~total & 0xffff) + message[8:]
        self.say(struct.pack(">BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(message), 0, 0, 255, IPPROTO_VRRP, 0, socket.inet_aton(source),
                             socket.inet_aton(VRRP_GROUP)) + message)
