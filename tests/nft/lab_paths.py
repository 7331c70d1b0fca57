#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lab_paths - what packets really meet: our nftables table together with IPVS on a real kernel.

Needs root, IPVS and nftables; the lab runs it (tests/lab/run). Argument: the lab_nft program, which makes tables of
objects. IPVS entries are made with ipvsadm, so nothing of Lintel but nft/ is tried here. Prints TAP.

    c1 ---- front 10.77.0/24 ---- lb1, lb2 ---- back 10.78.0/24 ---- web1, web2
"""
import errno
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lab"))
sys.dont_write_bytecode = True
from lablib.paths import at, check, inside, results, run  # noqa: E402

LAB_NFT = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else sys.exit("usage: lab_paths.py LAB_NFT")
SO_NO_CHECK = 11
IPPROTO_SCTP = 132
SECONDS = 1.5  # to wait for an answer that should not come


# --- the hosts ---

def make_hosts():
    for host in "sw", "c1", "lb1", "lb2", "web1", "web2":
        run(f"ip netns add {host}")
        at(host, "ip link set lo up; sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
    at("sw", "ip link add front type bridge; ip link add back type bridge; ip link set front up; ip link set back up")
    for number, (host, interface, bridge, last) in enumerate((
            ("c1", "eth0", "front", 1), ("lb1", "eth0", "front", 11), ("lb2", "eth0", "front", 12),
            ("lb1", "eth1", "back", 11), ("lb2", "eth1", "back", 12), ("web1", "eth0", "back", 21),
            ("web2", "eth0", "back", 22))):
        net = 77 if bridge == "front" else 78
        run(f"ip link add {interface} netns {host} type veth peer name p{number} netns sw")
        at("sw", f"ip link set p{number} master {bridge} up")
        at(host, f"ip link set {interface} up; ip addr add 10.{net}.0.{last}/24 dev {interface}; "
                 f"ip addr add 2001:db8:{net}::{last}/64 dev {interface} nodad")
    at("c1", "ip addr add 10.77.0.2/24 dev eth0; ip addr add 2001:db8:77::2/64 dev eth0 nodad")
    for host in "lb1", "lb2":
        at(host, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.vs.conntrack=1 "
                 "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0")
    at("lb1", "ip addr add 10.77.0.254/24 dev eth0; ip addr add 10.78.0.254/24 dev eth1; ip addr add 10.78.0.99/24 dev eth1; "
              "ip addr add 2001:db8:77::fe/64 dev eth0 nodad preferred_lft 0; "
              "ip addr add 2001:db8:78::fe/64 dev eth1 nodad preferred_lft 0; "
              "ip addr add 10.77.0.100/32 dev eth0; ip addr add 2001:db8:77::100/128 dev eth0 nodad; "
              "ip addr add 10.77.0.101/32 dev eth0")
    for web in "web1", "web2":
        at(web, "ip route add default via 10.78.0.254; ip -6 route add default via 2001:db8:78::fe")


PORTS = [80, 53, 8080, 2222, *range(1000, 1031), *range(2000, 2011)]


def answer(name, peer, port):
    return f"{name} {peer[0].replace('::ffff:', '')} {peer[1]} {port}".encode()


def serve(name):
    """Says on every port who asks, and from where; TCP then echoes."""
    with inside(name):
        listeners, datagrams, streams = {}, {}, []
        for port in PORTS:
            tcp = socket.socket(socket.AF_INET6)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(("::", port))
            tcp.listen(100)
            listeners[tcp] = port
            udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            udp.bind(("::", port))
            datagrams[udp] = port
            try:
                sctp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, IPPROTO_SCTP)
                sctp.bind(("::", port))
                sctp.listen(10)
                listeners[sctp] = port
            except OSError:
                pass

    def loop():
        while True:
            for ready in select.select([*listeners, *datagrams, *streams], [], [])[0]:
                try:
                    if ready in listeners:
                        stream, peer = ready.accept()
                        stream.send(answer(name, peer, listeners[ready]))
                        streams.append(stream)
                    elif ready in datagrams:
                        _, peer = ready.recvfrom(2000)
                        ready.sendto(answer(name, peer, datagrams[ready]), peer)
                    else:
                        data = ready.recv(65536)
                        if not data:
                            raise OSError("closed")
                        ready.setblocking(True)
                        ready.sendall(data)
                except OSError:
                    if ready in streams:
                        streams.remove(ready)
                        ready.close()
    threading.Thread(target=loop, daemon=True).start()


# --- clients ---

def open_client(proto, address, source, source_port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kinds = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "bare": (socket.SOCK_DGRAM, 0),
             "sctp": (socket.SOCK_STREAM, IPPROTO_SCTP)}
    client = socket.socket(family, *kinds[proto])
    client.settimeout(SECONDS)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if proto == "bare":
        client.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
    if source or source_port:
        client.bind((source or ("::" if family == socket.AF_INET6 else "0.0.0.0"), source_port))
    return client


def ask(proto, address, port, host="c1", source=None, source_port=0, keep=False):
    """{name, peer, peer_port, port} of who answered, or {error}. 'bare' is UDP without checksum."""
    client = None
    try:
        with inside(host):
            client = open_client(proto, address, source, source_port)
        client.connect((address, port))
        own = client.getsockname()[1]
        if proto in ("udp", "bare"):
            client.send(b"who")
        name, peer, peer_port, there = client.recv(200).decode().split()
        found = {"name": name, "peer": peer, "kept": int(peer_port) == own, "port": int(there), "error": None}
        if keep:
            found["socket"] = client
        return found
    except socket.timeout:
        return {"error": "timeout"}
    except OSError as problem:
        return {"error": errno.errorcode[problem.errno]}
    finally:
        if client and not keep:
            client.close()


def expect(what, found, **wanted):
    check(all(found.get(key) == value for key, value in wanted.items()), what, f"wanted {wanted}, got {found}")


def echo(client, size):
    """Sends 'size' bytes and reads them back, both at once; True when they are the same."""
    data = os.urandom(size)
    got = bytearray()
    client.settimeout(20)
    sender = threading.Thread(target=client.sendall, args=(data,))
    sender.start()
    while len(got) < size:
        part = client.recv(65536)
        if not part:
            break
        got += part
    sender.join()
    return bytes(got) == data


# --- objects ---

ROUTER = """
apiVersion: lintel.io/v1alpha1
kind: VirtualRouter
metadata: {name: front}
spec:
  virtualRouterId: 51
  interface: eth0
  accept: %s
  addresses: [%s]
---
"""
BOTH = ("10.77.0.254/24, '2001:db8:77::fe/64', {address: 10.78.0.254/24, interface: eth1}, "
        "{address: '2001:db8:78::fe/64', interface: eth1}")
FRONT_ONLY = "10.77.0.254/24, '2001:db8:77::fe/64'"
VIPS = {4: "10.77.0.100", 6: "2001:db8:77::100"}
WEBS = {4: ("10.78.0.21", "10.78.0.22"), 6: ("2001:db8:78::21", "2001:db8:78::22")}


def server(name, ports, addresses=None, more=""):
    addresses = addresses or list(VIPS.values())
    webs = [web for family in (4, 6) if any((":" in a) == (family == 6) for a in addresses) for web in WEBS[family]]
    quoted = ", ".join(f"'{a}'" for a in addresses)
    return (f"apiVersion: lintel.io/v1alpha1\nkind: VirtualServer\nmetadata: {{name: {name}}}\nspec:\n"
            f"  virtualRouter: front\n  addresses: [{quoted}]\n  ports: [{ports}]\n"
            f"  servers: [{', '.join(chr(123) + 'address: ' + chr(39) + w + chr(39) + chr(125) for w in webs)}]\n  {more}\n---\n")


def load(text, host="lb1", router=BOTH, accept="true"):
    """The table of these objects; returns the marks of port ranges, {(address, protocol, first): mark}."""
    path = f"/tmp/lab-paths-{host}.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(ROUTER % (accept, router) + text)
    at(host, f"{LAB_NFT} sync {path}")
    listed = at(host, f"{LAB_NFT} print {path}")
    return {(m[0], m[1], int(m[2])): int(m[3], 16)
            for m in re.findall(r"(\S+) \. (\w+) \. (\d+)-\d+ comment \S+ : (0x\w+)", listed)}


def balance(entries, host="lb1"):
    """entries: (service arguments, server port, family)."""
    lines = []
    for service, port, family in entries:
        lines.append(f"-A {service} -s rr")
        for web in WEBS[family]:
            there = f"[{web}]:{port}" if family == 6 else f"{web}:{port}"
            lines.append(f"-a {service} -r {there} -m")
    at(host, "ipvsadm -C")
    run(f"ip netns exec {host} ipvsadm -R", stdin="\n".join(lines) + "\n")


def endpoint(family, port, proto="t"):
    return f"-{proto} [{VIPS[6]}]:{port}" if family == 6 else f"-{proto} {VIPS[4]}:{port}"


def counts(host="lb1"):
    return dict(line.split() for line in at(host, f"{LAB_NFT} counts").splitlines())


PLAIN = "{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}"


def balance_plain(host="lb1"):
    balance([(endpoint(f, 80), 8080, f) for f in (4, 6)] + [(endpoint(f, 53, "u"), 53, f) for f in (4, 6)], host)


# --- cases ---

def try_source_nat():
    balance_plain()
    cases = (
        ("auto", BOTH, "", {4: "10.78.0.254", 6: "2001:db8:78::fe"}),
        ("auto, no address towards the servers", FRONT_ONLY, "", VIPS),
        ("masquerade", BOTH, "sourceNat: {mode: masquerade}", {4: "10.78.0.11", 6: "2001:db8:78::11"}),
        ("none", BOTH, "sourceNat: {mode: none}", {4: "10.77.0.1", 6: "2001:db8:77::1"}),
    )
    for name, router, more, peers in cases:
        load(server("web", PLAIN, more=more), router=router)
        for family in (4, 6):
            for proto, port, there in (("tcp", 80, 8080), ("udp", 53, 53)):
                source = {4: "10.77.0.1", 6: "2001:db8:77::1"}[family]
                found = [ask(proto, VIPS[family], port, source=source) for _ in range(4)]
                expect(f"{name}: IPv{family} {proto}: the server sees {peers[family]} and the client's port", found[0],
                       peer=peers[family], kept=True, port=there)
                check({f.get("name") for f in found} == {"web1", "web2"}, f"{name}: IPv{family} {proto}: both servers answer", found)
    load(server("web", PLAIN, addresses=[VIPS[4]], more="sourceNat: {mode: address, address: 10.78.0.99}"))
    expect("address: the server sees the one that is named", ask("tcp", VIPS[4], 80), peer="10.78.0.99", kept=True)
    expect("address: UDP", ask("udp", VIPS[4], 53), peer="10.78.0.99", kept=True)
    # two clients with one port to one server: one of them gets another port, both work
    load(server("web", PLAIN))
    balance([("-t 10.77.0.100:80", 8080, 4)])
    at("lb1", "ipvsadm -d -t 10.77.0.100:80 -r 10.78.0.22:8080")
    first = ask("tcp", VIPS[4], 80, source="10.77.0.1", source_port=40000, keep=True)
    second = ask("tcp", VIPS[4], 80, source="10.77.0.2", source_port=40000, keep=True)
    expect("two clients with the same port: the first keeps it", first, kept=True)
    expect("two clients with the same port: the second works", second, kept=False, error=None)
    check(echo(first["socket"], 1000) and echo(second["socket"], 1000), "both echo")


def try_source_ranges():
    ports = PLAIN + ", {name: r, portRange: {start: 1000, end: 1009}, protocol: UDP}"
    marks = load(server("web", ports, more="sourceRanges: [10.77.0.1/32, 192.168.0.0/16, '2001:db8:77::1/128']"))
    balance([(endpoint(f, 80), 8080, f) for f in (4, 6)] +
            [(f"-f {marks[VIPS[4], 'udp', 1000]}", 0, 4), (f"-f {marks[VIPS[6], 'udp', 1000]} -6", 0, 6)])
    for family, inner, outer in ((4, "10.77.0.1", "10.77.0.2"), (6, "2001:db8:77::1", "2001:db8:77::2")):
        for proto, port in (("tcp", 80), ("udp", 1005)):
            expect(f"source ranges: IPv{family} {proto} {port}: one of them may", ask(proto, VIPS[family], port, source=inner), error=None)
            expect(f"source ranges: IPv{family} {proto} {port}: another may not", ask(proto, VIPS[family], port, source=outer), error="timeout")
    check(int(counts()["source-dropped"]) > 0, "source ranges: the dropped are counted", counts())
    live = ask("tcp", VIPS[4], 80, source="10.77.0.1", keep=True)
    load(server("web", ports, more="sourceRanges: [192.168.0.0/16]"))
    live["socket"].settimeout(SECONDS)
    try:
        live["socket"].send(b"still there?")
        heard = live["socket"].recv(100)
    except socket.timeout:
        heard = None
    check(heard is None, "source ranges: a flow that is not allowed any more ends", heard)
    load(server("web", ports, addresses=[VIPS[6]], more="sourceRanges: [10.0.0.0/8]"))
    expect("source ranges: none of this family means nobody", ask("tcp", VIPS[6], 80), error="timeout")


def try_unserved():
    load(server("web", PLAIN))
    balance_plain()
    for family in (4, 6):
        begun = time.monotonic()
        for proto in "tcp", "udp":
            expect(f"unserved: IPv{family} {proto} is refused", ask(proto, VIPS[family], 2222), error="ECONNREFUSED")
        check(time.monotonic() - begun < 1, f"unserved: IPv{family}: at once")
        check("1 received" in at("c1", f"ping -c1 -W2 {VIPS[family]}", may_fail=True), f"unserved: IPv{family}: ping is answered")
    check(int(counts()["unserved-rejected"]) >= 4, "unserved: counted", counts())
    with inside("lb1"):
        shell = socket.create_server(("0.0.0.0", 2222))
    expect("unserved: a program of the machine is not reached on the VIP", ask("tcp", VIPS[4], 2222), error="ECONNREFUSED")
    with inside("c1"):
        client = socket.create_connection(("10.77.0.11", 2222), timeout=SECONDS)
    check(client, "unserved: ... but on the machine's own address")
    shell.close()
    with inside("lb1"):
        query = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        query.bind((VIPS[4], 0))
        query.settimeout(SECONDS)
    query.sendto(b"who", ("10.78.0.21", 53))
    check(query.recv(100), "unserved: answers to what the machine asks from the VIP arrive")


def try_ranges():
    ports = ", ".join((
        "{name: a, portRange: {start: 1000, end: 1009}, protocol: TCP}",
        "{name: b, portRange: {start: 1000, end: 1009}, protocol: UDP}",
        "{name: c, portRange: {start: 1020, end: 1029}, targetPort: 2000, protocol: TCP}",
        # shifted by less than its length: ports are both shifted and shifted to
        "{name: d, portRange: {start: 1010, end: 1019}, targetPort: 1015, protocol: UDP}",
        "{name: e, portRange: {start: 1000, end: 1009}, targetPort: 2000, protocol: SCTP}"))
    marks = load(server("web", ports))
    balance([(f"-f {mark}{' -6' if ':' in key[0] else ''}", 0, 6 if ":" in key[0] else 4) for key, mark in marks.items()])
    for family in (4, 6):
        vip, floating = VIPS[family], {4: "10.78.0.254", 6: "2001:db8:78::fe"}[family]
        for proto, port, there in (("tcp", 1000, 1000), ("tcp", 1009, 1009), ("udp", 1004, 1004), ("tcp", 1020, 2000),
                                   ("tcp", 1029, 2009), ("udp", 1010, 1015), ("udp", 1015, 1020), ("udp", 1019, 1024)):
            expect(f"ranges: IPv{family} {proto} {port} reaches {there}", ask(proto, vip, port), port=there, peer=floating, kept=True)
        expect(f"ranges: IPv{family}: the port after a range is refused", ask("tcp", vip, 1010), error="ECONNREFUSED")
        expect(f"ranges: IPv{family}: the servers' ports are none of the VIP's", ask("tcp", vip, 2005), error="ECONNREFUSED")
        expect(f"ranges: IPv{family}: ... for UDP neither", ask("udp", vip, 1020), error="ECONNREFUSED")
    expect("ranges: UDP without checksum, shifted", ask("bare", VIPS[4], 1012), port=1017)
    expect("ranges: UDP without checksum, not shifted", ask("bare", VIPS[4], 1002), port=1002)
    found = ask("sctp", VIPS[4], 1003)
    if found["error"] == "EPROTONOSUPPORT":
        print("# SCTP: this kernel has none, not tried")
    else:
        expect("ranges: SCTP, shifted", found, port=2003)
    flow = ask("tcp", VIPS[4], 1021, keep=True)
    check(echo(flow["socket"], 2000000), "ranges: 2 MB there and back over a shifted port")
    time.sleep(2.5)  # IPVS adds its counts up every 2 s
    listed = at("lb1", "ipvsadm -Lnc")
    check(re.search(r"ESTABLISHED .*10\.77\.0\.100:2001", listed), "ranges: IPVS sees the whole flow", listed)
    seen = re.search(r"FWM\s+%d\s+\d+\s+(\S+)" % marks[VIPS[4], "tcp", 1020], at("lb1", "ipvsadm -Ln --stats --exact"))
    check(seen and int(seen[1]) > 50, "ranges: IPVS counts its packets", seen and seen[0])
    # the table is replaced by another one under the flow
    load(server("web", ports + ", {name: z, port: 80}"))
    check(echo(flow["socket"], 100000), "ranges: the flow outlives a new table")
    for proto, port, there in (("tcp", 1001, 1001), ("tcp", 1022, 2002), ("udp", 1011, 1016)):
        expect(f"ranges: a client on the node itself: {proto} {port}", ask(proto, VIPS[4], port, host="lb1"), port=there)
    return ports


def try_other_node(ports):
    """lb2 has the same table and none of the addresses; the client's packets come through it."""
    load(server("web", ports + ", {name: z, port: 80}"), host="lb2")
    load(server("web", ports + ", {name: z, port: 80}"))
    at("c1", "ip route add 10.77.0.100/32 via 10.77.0.12; ip route add 10.99.0.1/32 via 10.77.0.12; sysctl -qw net.ipv4.ip_forward=1 "
             "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0; ip route flush cache")
    expect("other node: a shifted port passes through it", ask("tcp", VIPS[4], 1023), port=2003, peer="10.78.0.254")
    expect("other node: one that is not shifted, too", ask("udp", VIPS[4], 1003), port=1003, peer="10.78.0.254")
    at("c1", "ip route del 10.77.0.100/32 via 10.77.0.12")
    # an address that nobody has at the moment, sent round in a circle
    at("lb2", "ip route add 10.99.0.1/32 via 10.77.0.1")
    load(server("gone", "{port: 80}", addresses=["10.99.0.1"]), host="lb2")
    begun = time.monotonic()
    expect("other node: an unserved port does not go round", ask("tcp", "10.99.0.1", 81), error="ECONNREFUSED")
    expect("other node: for UDP neither", ask("udp", "10.99.0.1", 81), error="ECONNREFUSED")
    check(time.monotonic() - begun < 1, "other node: refused at once")
    at("lb2", "ip route del 10.99.0.1/32")


def try_accept():
    load(server("web", PLAIN), accept="false")
    balance_plain()
    at("c1", "ip neigh flush all; ip -6 neigh flush all")
    for family, address in ((4, "10.77.0.254"), (6, "2001:db8:77::fe")):
        check("0 received" in at("c1", f"ping -c1 -W1 {address}", may_fail=True), f"accept false: IPv{family}: the router's address is not answered")
        check(re.search(r"lladdr", at("c1", f"ip neigh show {address}")), f"accept false: IPv{family}: but it is resolved")
        check("1 received" in at("c1", f"ping -c1 -W2 {VIPS[family]}", may_fail=True), f"accept false: IPv{family}: the VIP is answered")
        expect(f"accept false: IPv{family}: its flows work", ask("tcp", VIPS[family], 80), error=None)
        check("1 received" in at("lb1", f"ping -c1 -W2 {address}", may_fail=True), f"accept false: IPv{family}: the machine may talk to itself")


def try_kernel():
    """The table alone: lab_nft's own cases, in a namespace of its own."""
    done = subprocess.run([LAB_NFT], text=True, capture_output=True, check=False)
    for line in done.stdout.splitlines():
        match = re.match(r"(not )?ok \d+ - (.*)", line)
        if match:
            check(not match[1], match[2])
        elif not line.startswith("1.."):
            print(line if line.startswith("#") else f"# {line}", flush=True)


def main():
    try_kernel()
    make_hosts()
    for web in "web1", "web2":
        serve(web)
    time.sleep(0.5)
    try_source_nat()
    try_source_ranges()
    try_unserved()
    ports = try_ranges()
    try_other_node(ports)
    try_accept()
    print(f"1..{len(results)}")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
