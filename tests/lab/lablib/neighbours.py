# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that forget at what link-layer address others are reached, so that they have to ask at any moment."""
import socket
import struct
import threading
import time

RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30  # include/uapi/linux/rtnetlink.h
NLM_F_REQUEST, NDA_DST = 1, 1
NUD_INCOMPLETE, NUD_FAILED = 0x01, 0x20
HEADER, NEIGHBOUR = struct.Struct("=IHHII"), struct.Struct("=BxxxiHBB")


def _request(kind, index, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    raw = socket.inet_pton(family, address)
    body = NEIGHBOUR.pack(family, index, 0, 0, 0) + struct.pack("=HH", 4 + len(raw), NDA_DST) + raw
    return HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST, 0, 0) + body


class Entry:
    """What one host knows of one address."""

    def __init__(self, host, interface, address):
        with host.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            index = socket.if_nametoindex(interface)
        self.look, self.delete = _request(RTM_GETNEIGH, index, address), _request(RTM_DELNEIGH, index, address)

    def forget(self):
        """Unless it is asking: what waits for the answer would be thrown away. True when it knew."""
        self.socket.send(self.look)
        answer = self.socket.recv(4096)
        if HEADER.unpack_from(answer)[1] != RTM_NEWNEIGH or NEIGHBOUR.unpack_from(answer, HEADER.size)[2] & (NUD_INCOMPLETE | NUD_FAILED):
            return False
        self.socket.send(self.delete)
        return True


class Forgetful:
    """They forget some addresses every so often: `known` are (host, interface, addresses). A context manager."""

    def __init__(self, *known, every=0.017):
        self.entries = [Entry(host, interface, address) for host, interface, addresses in known for address in addresses]
        self.every = every
        self.count = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        due = time.monotonic()
        while not self._ended.is_set():
            self.count += sum(entry.forget() for entry in self.entries)
            due = max(due + self.every, time.monotonic())
            self._ended.wait(due - time.monotonic())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        for entry in self.entries:
            entry.socket.close()
