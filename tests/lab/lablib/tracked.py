# SPDX-License-Identifier: GPL-2.0-or-later
"""Connection tracking of a host, by ctnetlink: there is no file of it in every kernel."""
import socket
import struct

CT_GET, DUMP, DONE, ERROR = 1 << 8 | 1, 0x301, 3, 2
ORIGINAL, REPLY = 1, 2
ADDRESSES, PORTS = 1, 2  # of a tuple


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def endpoints(data):
    """(protocol, source, port, destination, port) of a tuple; None: it has no ports."""
    parts = attributes(data)
    addresses, ports = attributes(parts[ADDRESSES]), attributes(parts[PORTS])
    if 2 not in ports or 3 not in ports:
        return None
    family, source, destination = (socket.AF_INET, addresses[1], addresses[2]) if 1 in addresses else (socket.AF_INET6, addresses[3], addresses[4])
    return (ports[1][0], socket.inet_ntop(family, source), struct.unpack("!H", ports[2])[0],
            socket.inet_ntop(family, destination), struct.unpack("!H", ports[3])[0])


def flows(host, *addresses):
    """Those that went to one of the addresses: as they began, and as their answers come."""
    found = {}
    with host.inside(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as asked:
        asked.send(struct.pack("=IHHIIBBH", 20, CT_GET, DUMP, 1, 0, socket.AF_UNSPEC, 0, 0))
        while True:
            data = asked.recv(1 << 16)
            while len(data) >= 16:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (DONE, ERROR):
                    return found
                parts = attributes(data[20:length])
                original, reply = endpoints(parts[ORIGINAL]), endpoints(parts[REPLY])
                if original and original[3] in addresses:
                    found[original] = reply
                data = data[(length + 3) & ~3:]
