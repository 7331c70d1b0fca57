#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lab_paths - what becomes of connections when the addresses of their node move to another one: replicas made by
conntrack/, and the takeover guard of nft/, on a real kernel with IPVS.

Needs root, IPVS and nftables; the lab runs it (tests/lab/run). Arguments: the lab_conntrack and lab_guard programs. The
IPVS entries are made with ipvsadm, the IPVS connections of the second node by hand-made sync messages, so nothing of
Lintel but conntrack/ and nft/ is tried here. Prints TAP.

    c1 ---- front 10.77.0/24 ---- lb1, lb2 ---- back 10.78.0/24 ---- web1
"""
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lab"))
sys.dont_write_bytecode = True
from lablib.paths import at, check, inside, results, run  # noqa: E402

CONNTRACK, GUARD = [os.path.abspath(path) for path in sys.argv[1:3]]
VIP, VIP6 = "10.77.0.100", "2001:db8:77::100"
PLAIN, PLAIN6 = "10.77.0.101", "2001:db8:77::101"  # NAT without source NAT
FLOATING, FLOATING6 = "10.78.0.254", "2001:db8:78::fe"
WEB, WEB6 = "10.78.0.21", "2001:db8:78::21"


# --- the hosts ---

NAT = f"""table inet nat {{
 chain post {{
  type nat hook postrouting priority 95
  ct original ip daddr {VIP} ip daddr {WEB} snat ip to {FLOATING}
  ct original ip6 daddr {VIP6} ip6 daddr {WEB6} snat ip6 to {FLOATING6}
 }}
}}
"""


def make_hosts():
    for host in "sw", "c1", "lb1", "lb2", "web1":
        run(f"ip netns add {host}")
        at(host, "ip link set lo up; sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
    at("sw", "ip link add front type bridge; ip link add back type bridge; ip link set front up; ip link set back up")
    for number, (host, interface, bridge, last) in enumerate((
            ("c1", "eth0", "front", 1), ("lb1", "eth0", "front", 11), ("lb2", "eth0", "front", 12),
            ("lb1", "eth1", "back", 11), ("lb2", "eth1", "back", 12), ("web1", "eth0", "back", 21))):
        net = 77 if bridge == "front" else 78
        run(f"ip link add {interface} netns {host} type veth peer name p{number} netns sw")
        at("sw", f"ip link set p{number} master {bridge} up")
        at(host, f"ip link set {interface} up; ip addr add 10.{net}.0.{last}/24 dev {interface}; "
                 f"ip addr add 2001:db8:{net}::{last}/64 dev {interface} nodad")
    at("c1", "ip addr add 10.77.0.2/24 dev eth0")
    at("web1", f"ip route add default via {FLOATING}; ip -6 route add default via {FLOATING6}")
    for host in "lb1", "lb2":
        at(host, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.vs.conntrack=1 "
                 "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0 "
                 "net.netfilter.nf_conntrack_tcp_be_liberal=1 net.netfilter.nf_conntrack_events=1; "
                 "ip link add sync type dummy; ip addr add 192.0.2.1/24 dev sync; ip link set sync up; "
                 "ipvsadm --start-daemon backup --mcast-interface sync")
        at(host, "nft -f -", stdin=NAT)
        for vip, web in (VIP, WEB), (PLAIN, WEB), (f"[{VIP6}]", f"[{WEB6}]"), (f"[{PLAIN6}]", f"[{WEB6}]"):
            at(host, f"ipvsadm -A -t {vip}:80 -s rr; ipvsadm -a -t {vip}:80 -r {web}:80 -m; "
                     f"ipvsadm -A -u {vip}:80 -s rr; ipvsadm -a -u {vip}:80 -r {web}:80 -m")


def own(host):
    """The node gets all addresses."""
    at(host, f"ip addr add {VIP}/32 dev eth0; ip addr add {PLAIN}/32 dev eth0; ip addr add {FLOATING}/24 dev eth1; "
             f"ip addr add {VIP6}/128 dev eth0 nodad; ip addr add {PLAIN6}/128 dev eth0 nodad; "
             f"ip addr add {FLOATING6}/64 dev eth1 nodad preferred_lft 0")
    for other in "c1", "web1":
        at(other, "ip neigh flush all; ip -6 neigh flush all")


def disown(host):
    at(host, f"ip addr del {VIP}/32 dev eth0; ip addr del {PLAIN}/32 dev eth0; ip addr del {FLOATING}/24 dev eth1; "
             f"ip addr del {VIP6}/128 dev eth0; ip addr del {PLAIN6}/128 dev eth0; ip addr del {FLOATING6}/64 dev eth1")


def move(one, other):
    disown(one)
    own(other)


# --- the server: echoes; after "wait" it speaks when it may ---

may_speak = threading.Event()


def serve():
    with inside("web1"):
        tcp = socket.socket(socket.AF_INET6)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("::", 80))
        tcp.listen(1000)
        udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        udp.bind(("::", 80))

    def talk(stream):
        try:
            while data := stream.recv(65536):
                if data == b"wait":
                    may_speak.wait()
                    stream.sendall(b"said")
                elif data.startswith(b"flood "):
                    stream.sendall(bytes(range(256)) * (int(data.split()[1]) * 4096))
                else:
                    stream.sendall(data)
        except OSError:
            pass
        stream.close()

    def accept():
        while True:
            stream, _ = tcp.accept()
            threading.Thread(target=talk, args=(stream,), daemon=True).start()

    def answer():
        while True:
            data, peer = udp.recvfrom(2000)
            udp.sendto(f"{peer[1]}".encode(), peer)
    threading.Thread(target=accept, daemon=True).start()
    threading.Thread(target=answer, daemon=True).start()


def connect(address, source="", port=0, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside("c1"):
        client = socket.socket(family, kind)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if source or port:
        client.bind((source, port))
    client.settimeout(20)
    client.connect((address, 80))
    return client


def ask(client, text=b"hello", seconds=20):
    """What comes back, or the name of the failure; and after how long."""
    began = time.monotonic()
    client.settimeout(seconds)
    try:
        client.sendall(text)
        found = client.recv(200)
    except OSError as problem:
        found = type(problem).__name__
    return found, time.monotonic() - began


# --- what conntrack/ tells, and replicas ---

class Follower:
    def __init__(self, host):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", host, CONNTRACK, "follow", VIP, VIP6, PLAIN, PLAIN6], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = []
        self.process.stdout.readline()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.split())

    def of(self, client_port, seconds=8, state=None):
        """The flow's lines so far, once there is one (in that state)."""
        until = time.monotonic() + seconds
        while True:
            found = [line for line in self.lines if len(line) == 10 and line[3] == str(client_port)]
            if any(state in (None, line[0]) for line in found) or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def conntrack(host, verb, flows=(), *addresses):
    text = "".join(" ".join(flow) + "\n" for flow in flows)
    return run(f"ip netns exec {host} {CONNTRACK} {verb} {' '.join(addresses)}", stdin=text)


def flows_on(host):
    return [line.split() for line in conntrack(host, "dump", (), VIP, VIP6, PLAIN, PLAIN6).splitlines()]


def sync_connection(host, flow, seconds=900):
    """An IPVS connection by one message of the kernel's own synchronisation (version 1)."""
    _, protocol, client, cport, virtual, vport, server, dport = flow[:8]
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    addresses = b"".join(socket.inet_pton(family, text) for text in (client, virtual, server))
    size = 24 + len(addresses)
    state = 1 if protocol == "6" else 0  # IP_VS_TCP_S_ESTABLISHED, IP_VS_UDP_S_NORMAL
    connection = struct.pack(">BBHIHHHHII", family == socket.AF_INET6, int(protocol), size, 0, state, int(cport),
                             int(vport), int(dport), 0, seconds) + addresses
    message = struct.pack(">BBHBBH", 0, 0, 8 + size, 1, 1, 0) + connection
    with inside(host):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.0.2.1"))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    sender.sendto(message, ("224.0.0.81", 8848))
    sender.close()


def replicate(host, flow, entry=True):
    sync_connection(host, flow)
    if entry:
        conntrack(host, "put", [flow])


OBJECTS = f"""
apiVersion: lintel.io/v1alpha1
kind: VirtualRouter
metadata: {{name: front}}
spec: {{virtualRouterId: 51, interface: eth0, addresses: [{{address: {FLOATING}/24, interface: eth1}},
       {{address: "{FLOATING6}/64", interface: eth1}}]}}
---
apiVersion: lintel.io/v1alpha1
kind: VirtualServer
metadata: {{name: web}}
spec:
  virtualRouter: front
  addresses: [{VIP}, "{VIP6}"]
  ports: [{{name: tcp, port: 80}}, {{name: udp, port: 80, protocol: UDP}}]
  servers: [{{address: {WEB}}}, {{address: "{WEB6}"}}]
---
apiVersion: lintel.io/v1alpha1
kind: VirtualServer
metadata: {{name: plain}}
spec:
  virtualRouter: front
  addresses: [{PLAIN}, "{PLAIN6}"]
  sourceNat: {{mode: none}}
  ports: [{{name: tcp, port: 80}}]
  servers: [{{address: {WEB}}}, {{address: "{WEB6}"}}]
"""


def guard(host, verb, until=""):
    path = "/tmp/lab-guard.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(OBJECTS)
    return run(f"ip netns exec {host} {GUARD} {verb} {until} {path if until else ''}").strip()


def own_port(client):
    return client.getsockname()[1]


# --- cases ---

def case_events(follower):
    for vip, source in (VIP, FLOATING), (VIP6, FLOATING6), (PLAIN, "none"), (PLAIN6, "none"):
        client = connect(vip)
        told = follower.of(own_port(client))
        web = WEB6 if ":" in vip else WEB
        check(len(told) == 1 and told[0][0] == "established" and told[0][4:8] == [vip, "80", web, "80"]
              and told[0][8] == source, f"an established TCP flow to {vip} is told once, with its server and source",
              told)
        port = own_port(client)
        client.close()
        states = [line[0] for line in follower.of(port, state="closing")]
        check("closing" in states, "... and that it closes", states)
    client = connect(VIP, kind=socket.SOCK_DGRAM)
    answer, _ = ask(client)
    time.sleep(0.2)
    states = [line[0] for line in follower.of(own_port(client))]
    check(answer and states == ["opening"], "a UDP flow is told when it begins, and not each time that it is answered",
          f"{states} {answer}")
    client.close()
    check(["overrun"] not in follower.lines, "no event was lost")


def case_collision(follower):
    """Two clients with one port: the second one's is changed, and stays what it is after the move."""
    one = connect(VIP, source="10.77.0.1", port=41000)
    two = connect(VIP, source="10.77.0.2", port=41000)
    flows = []
    until = time.monotonic() + 3
    while len(flows) < 2 and time.monotonic() < until:
        flows = follower.of(41000)
        time.sleep(0.02)
    ports = sorted(line[9] for line in flows)
    check(len(flows) == 2 and ports[0] != ports[1], "of two clients with one source port one is given another", flows)
    return [(one, "10.77.0.1"), (two, "10.77.0.2")], flows


def case_takeover(follower):
    clients = {f"TCP {vip}": connect(vip) for vip in (VIP, VIP6, PLAIN, PLAIN6)}
    server_first = connect(VIP)
    flood = connect(VIP)
    pair, pair_flows = case_collision(follower)
    udp = connect(VIP, kind=socket.SOCK_DGRAM)
    udp_source, _ = ask(udp)
    flows = [follower.of(own_port(client), state="established")[-1] for client in [*clients.values(), server_first, flood]]
    flows += pair_flows
    begun = follower.of(own_port(udp))[-1]
    dumped = flows_on("lb1")
    check(all(flow in dumped for flow in [*flows, ["established", *begun[1:]]]), "a dump tells the same flows, and that the one of UDP was answered",
          f"{flows} {begun} {dumped}")
    flows.append(begun)
    for vip in VIP, VIP6:
        alone = [line.split() for line in conntrack("lb1", "dump", (), vip).splitlines()]
        check(sorted(alone) == sorted(flow for flow in dumped if flow[4] == vip) and alone,
              f"a dump for {vip} alone tells its flows", alone)
    for flow in flows:
        replicate("lb2", flow)
    replicas = flows_on("lb2")
    check(all(flow in replicas for flow in flows), "replicas are the same flows", f"{flows} {replicas}")
    fresh = connect(VIP)
    time.sleep(0.15)
    fresh_flow = follower.of(own_port(fresh))[-1]
    replicate("lb2", fresh_flow)
    may_speak.clear()
    server_first.sendall(b"wait")
    flood.sendall(b"flood 20")
    took = [flood.recv(65536)]
    move("lb1", "lb2")
    may_speak.set()
    for name, client in clients.items():
        found, seconds = ask(client)
        check(found == b"hello", f"{name}: an echo goes on after the addresses moved ({seconds:.2f} s)", found)
    for client, name in pair:
        found, seconds = ask(client)
        check(found == b"hello", f"one of two with the same port, {name}, goes on ({seconds:.2f} s)", found)
    found, seconds = ask(fresh)
    check(found == b"hello", f"one opened 150 ms before goes on ({seconds:.2f} s)", found)
    try:
        found = server_first.recv(100)
    except OSError as problem:
        found = type(problem).__name__
    check(found == b"said", "one in which the server speaks first goes on", found)
    try:
        while (have := sum(map(len, took))) < 20 * 4096 * 256 and (part := flood.recv(1 << 20)):
            took.append(part)
    except OSError as problem:
        took.append(type(problem).__name__.encode())
    check(b"".join(took) == bytes(range(256)) * (20 * 4096), "a download at full speed goes on, every byte right",
          f"{have} bytes, {took[-1][:20]}")
    found, _ = ask(udp)
    check(found == udp_source, "a UDP flow keeps the source that its server sees", f"{udp_source} {found}")
    listed = at("lb2", "ipvsadm -Lnc")
    check(listed.count("ESTABLISHED") >= len(flows) - 1, "IPVS knows the flows", listed)
    move("lb2", "lb1")
    for name, client in clients.items():
        found, seconds = ask(client)
        check(found == b"hello", f"{name}: and goes on when they move back ({seconds:.2f} s)", found)
    for client in [*clients.values(), server_first, flood, udp, fresh, *(one for one, _ in pair)]:
        client.close()


def case_plain_without_entry(follower):
    """NAT without source NAT: the IPVS connection alone is enough, where nothing drops unknown packets."""
    client = connect(PLAIN)
    flow = follower.of(own_port(client))[-1]
    replicate("lb2", flow, entry=False)
    move("lb1", "lb2")
    found, seconds = ask(client)
    check(found == b"hello", f"without source NAT the IPVS connection alone lets a flow go on ({seconds:.2f} s)", found)
    move("lb2", "lb1")
    client.close()


def case_guard_stalls(follower):
    """Nothing is known on the other node: what would be reset waits, and goes on once it is known."""
    clients = {f"TCP {vip}": connect(vip) for vip in (VIP, VIP6, PLAIN, PLAIN6)}
    spoken, plain_spoken = connect(VIP), connect(PLAIN)
    udp = connect(VIP, kind=socket.SOCK_DGRAM)
    ask(udp)
    flows = {client: follower.of(own_port(client), state="established")[-1]
             for client in [*clients.values(), spoken, plain_spoken, udp]}
    check(guard("lb2", "sync", "stands") == "written", "the guard stands before the addresses come")
    may_speak.clear()
    spoken.sendall(b"wait")
    plain_spoken.sendall(b"wait")
    time.sleep(0.1)
    move("lb1", "lb2")
    may_speak.set()
    for client in clients.values():
        client.sendall(b"hello")
    began = time.monotonic()
    fresh = connect(VIP)
    found, _ = ask(fresh)
    check(found == b"hello" and time.monotonic() - began < 0.9, "a new connection is not held back",
          f"{found} {time.monotonic() - began:.2f} s")
    fresh.close()
    began = time.monotonic()
    try:
        with inside("c1"):
            refused = socket.create_connection((VIP, 81), timeout=3)
        refused.close()
        found = "connected"
    except OSError as problem:
        found = type(problem).__name__
    check(found == "ConnectionRefusedError" and time.monotonic() - began < 0.9, "nor is the refusal of one", found)
    time.sleep(1.5)
    readable = select.select([*clients.values(), spoken, plain_spoken], [], [], 0)[0]
    check(not readable, "flows that are not known wait, and are not reset", readable)
    counts = guard("lb2", "counts").split()
    check(int(counts[1]) > 0 and int(counts[3]) > 0, "the guard counts what it held back and what it silenced", counts)
    taken = at("lb2", f"conntrack -L --orig-src {WEB} 2>/dev/null", may_fail=True)
    check("sport=80" not in taken, "no answer of a server was taken for a new flow", taken)
    for flow in flows.values():
        replicate("lb2", flow)
    for name, client in clients.items():
        client.settimeout(20)
        try:
            found = client.recv(100)
        except OSError as problem:
            found = type(problem).__name__
        check(found == b"hello", f"{name}: goes on once it is known", found)
    for name, client in ("with", spoken), ("without", plain_spoken):
        client.settimeout(20)
        try:
            found = client.recv(100)
        except OSError as problem:
            found = type(problem).__name__
        check(found == b"said", f"one in which the server spoke, {name} source NAT, goes on once it is known", found)
    guard("lb2", "remove")
    move("lb2", "lb1")
    for client in flows:
        client.close()


def case_guard_expires():
    """With nobody there to take it away, the kernel ends it."""
    check(guard("lb2", "sync", "1500") == "written", "the guard is given an end")
    check(guard("lb2", "plan", "1000") == "", "... which is no difference to another end")
    clients = [connect(VIP), connect(PLAIN), connect(VIP6)]
    move("lb1", "lb2")
    for client in clients:
        found, seconds = ask(client, seconds=12)
        check(found == "ConnectionResetError", f"a flow that is never known is reset once it has ended ({seconds:.1f} s)",
              found)
    left = at("lb2", "nft list table inet lintel-guard")
    check("elements" not in left, "nothing is left in its sets", left)
    check(guard("lb2", "remove") == "" and "lintel-guard" not in at("lb2", "nft list tables"), "it can be removed")
    move("lb2", "lb1")


def case_replace():
    flow = ["established", "6", "10.77.0.1", "42000", VIP, "80", WEB, "80", FLOATING, "42000"]
    first = conntrack("lb2", "put", [flow])
    moved = flow[:9] + ["42001"]
    second = conntrack("lb2", "put", [moved])
    check("created 1 replaced 0" in first and "created 1 replaced 1" in second and moved in flows_on("lb2"),
          "an older replica gives way to a newer one with another source port", first + second)
    touched = conntrack("lb2", "touch", [["closing", *moved[1:]]])
    check("updated 1" in touched and ["closing", *moved[1:]] in flows_on("lb2"), "a state changes in place", touched)
    check("deleted 1" in conntrack("lb2", "remove", [moved]) and moved not in flows_on("lb2"), "a replica is removed")
    check("absent 1" in conntrack("lb2", "remove", [moved]), "what is not there is no fault")
    check("updated 1" in conntrack("lb2", "touch", [flow]) and flow in flows_on("lb2"),
          "what is to change but is not there is made")
    sync_connection("lb2", flow, 1)
    time.sleep(0.3)
    at("lb2", "ipvsadm -Lnc | grep -q 42000")
    until = time.monotonic() + 10
    while flow in flows_on("lb2") and time.monotonic() < until:
        time.sleep(0.2)
    check(flow not in flows_on("lb2"), "an IPVS connection that ends takes the replica along: both must be kept alive")
    # An answer of the server came first and was taken for the beginning of something.
    conntrack("lb2", "remove", [flow])
    clash = ["established", "6", WEB, "80", FLOATING, "42000", FLOATING, "42000", "none", "0"]
    conntrack("lb2", "put", [clash])
    made = conntrack("lb2", "put", [flow])
    check("created 1 replaced 1" in made and flow in flows_on("lb2"), "what answers would belong to gives way, too", made)
    conntrack("lb2", "remove", [flow])


def main():
    make_hosts()
    own("lb1")
    serve()
    follower = Follower("lb1")
    try:
        case_events(follower)
        case_takeover(follower)
        case_plain_without_entry(follower)
        case_replace()
        case_guard_stalls(follower)
        case_guard_expires()
    finally:
        follower.close()
    run("sysctl -qw net.netfilter.nf_conntrack_max=300000")
    for line in conntrack("lb2", "bench", (), VIP, "20000").splitlines():
        print(f"# {line}")
    print(f"1..{len(results)}")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
