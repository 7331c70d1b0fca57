# SPDX-License-Identifier: GPL-2.0-or-later
"""Associations of SCTP survive a power loss: NAT with source NAT and without, direct, tunnel, and back again."""
import contextlib
import json
import signal
import sys

from lablib.config import VIP, WEBS_FRONT, port, server
from lablib.connections import known, pair, start_again, wait_in_step, wait_known
from lablib.lab import expect, pause
from lablib.process import Program, wait_until
from lablib.report import figure, scenario
from lablib.servers import direct_servers, tunnel_servers

NUMBER = 3868
# A kernel that has SCTP refuses what it does not know of: the hosts' own ABORT chunks (type 6) stay at home.
SILENT = "table inet silent { chain out { type filter hook output priority 0; meta l4proto sctp @th,96,8 6 drop; }\n}\n"
# As much of RFC 9260 as two need who lose nothing but to a takeover, by hand: not every kernel has SCTP.
SPEAK = """
import json, os, signal, socket, struct, sys, time
INIT, INIT_ACK, ABORT, COOKIE_ECHO, COOKIE_ACK, DATA, SACK = 1, 2, 6, 10, 11, 0, 3
def remainder(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    return byte
TABLE = [remainder(byte) for byte in range(256)]
def crc32c(data):
    value = 0xffffffff
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 255]
    return value ^ 0xffffffff
def chunk(kind, body, flags=0):
    return struct.pack("!BBH", kind, flags, 4 + len(body)) + body + bytes(-len(body) % 4)
def packet(source, target, tag, *chunks):
    head, body = struct.pack("!HHI", source, target, tag), b"".join(chunks)
    return head + struct.pack("<I", crc32c(head + bytes(4) + body)) + body
def parse(data):
    data = data[4 * (data[0] & 15):]
    source, target, tag = struct.unpack_from("!HHI", data)
    chunks, data = {}, data[12:]
    while len(data) >= 4:
        kind, _, size = struct.unpack_from("!BBH", data)
        if size < 4:
            break
        chunks[kind] = data[4:size]
        data = data[size + 3 & ~3:]
    return source, target, tag, chunks
def begin(tag, cookie=b""):
    return struct.pack("!IIHHI", tag, 1 << 16, 1, 1, 1) + (struct.pack("!HH", 7, 4 + len(cookie)) + cookie if cookie else b"")
def say(tsn, text):
    return chunk(DATA, struct.pack("!IHHI", tsn & 0xffffffff, 0, tsn & 0xffff, 0) + text, 3)
def taken(tsn):
    return chunk(SACK, struct.pack("!IIHH", tsn & 0xffffffff, 1 << 16, 0, 0))
def raw(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132)
    sock.bind((address, 0))
    return sock
"""
SERVE = SPEAK + """
address, number, name = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
sock, known = raw(address), {}
while True:
    data, (client, _) = sock.recvfrom(2000)
    source, target, tag, chunks = parse(data)
    if target != number:
        continue
    def answer(tag, *parts):
        sock.sendto(packet(number, source, tag, *parts), (client, 0))
    if INIT in chunks:
        theirs, ours = struct.unpack_from("!I", chunks[INIT])[0], int.from_bytes(os.urandom(4), "big") | 1
        known[client, source] = theirs, ours
        answer(theirs, chunk(INIT_ACK, begin(ours, b"biscuits")))
        continue
    theirs, ours = known.get((client, source), (tag, 0))
    if tag != ours:
        answer(theirs, chunk(ABORT, b"", 1)) # of no association
    elif COOKIE_ECHO in chunks:
        answer(theirs, chunk(COOKIE_ACK, b""))
    elif DATA in chunks:
        tsn = struct.unpack_from("!I", chunks[DATA])[0]
        answer(theirs, taken(tsn), say(tsn, name + b" " + chunks[DATA][12:]))
"""
TALK = SPEAK + """
here, there, number, every = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
asked, stall, servers, error, stop = 0, 0, set(), "", []
signal.signal(signal.SIGINT, lambda *_: stop.append(1))
sock, port, ours = raw(here), 1024 + int.from_bytes(os.urandom(2), "big") % 60000, int.from_bytes(os.urandom(4), "big") | 1
sock.settimeout(0.2)
def ask(tag, wanted, *parts):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        sock.sendto(packet(port, number, tag, *parts), (there, 0))
        again = time.monotonic() + 0.2
        while time.monotonic() < again:
            try:
                data, (sender, _) = sock.recvfrom(2000)
            except TimeoutError:
                break
            source, target, tag_back, chunks = parse(data)
            if (sender, source, target, tag_back) != (there, number, port, ours) and not (target == port and ABORT in chunks):
                continue
            if ABORT in chunks:
                raise OSError("aborted")
            if wanted in chunks:
                return chunks[wanted]
    raise OSError("no answer")
try:
    theirs = struct.unpack_from("!I", ask(0, INIT_ACK, chunk(INIT, begin(ours))))[0]
    ask(theirs, COOKIE_ACK, chunk(COOKIE_ECHO, b"biscuits"))
    print("ready", flush=True)
    while not error and (not stop or asked == 0):
        begun = time.monotonic()
        said = ask(theirs, DATA, say(asked + 1, b"%d" % asked))
        sock.sendto(packet(port, number, theirs, taken(asked + 1)), (there, 0))
        name, back = said[12:].split()
        stall = max(stall, time.monotonic() - begun)
        servers.add(name.decode())
        if struct.unpack_from("!I", said)[0] == asked + 1 and int(back) != asked:
            error = f"{back} came for {asked}"
        asked += struct.unpack_from("!I", said)[0] == asked + 1
        time.sleep(every)
except OSError as problem:
    error = repr(problem)
print(json.dumps({"asked": asked, "stallMs": 1000 * stall, "servers": sorted(servers), "error": error}))
"""


@contextlib.contextmanager
def serving(lab, addresses):
    hosts = [lab.client.host, *lab.webs]
    for host in hosts:
        host.run("nft", "-f", "-", given=SILENT)
    programs = [Program(web, f"sctp-{web.name}", [sys.executable, "-c", SERVE, address, NUMBER, web.name])
                for web, address in zip(lab.webs, addresses)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
        for host in hosts:
            host.run("nft", "delete", "table", "inet", "silent")


def talk(lab, *, every=0.1):
    client = lab.client.host
    program = Program(client, "sctp-talk", [sys.executable, "-c", TALK, client.front, VIP, NUMBER, every])
    wait_until(f"an association is there: {program.log()}", lambda: "ready" in program.log(), 10)
    return program


def expect_alive(title, programs):
    for program in programs:
        program.signal(signal.SIGINT)
    reports = []
    for program in programs:
        wait_until("the client ends", lambda p=program: not p.running, 20)
        reports.append(json.loads(program.log().splitlines()[-1]))
    dead = [report for report in reports if report["error"] or len(report["servers"]) != 1]
    expect(not dead, f"{len(dead)} of {len(reports)} did not survive: {dead}")
    figure(title, f"{len(reports)} associations alive, longest stall {max(report['stallMs'] for report in reports):.0f} ms")


def there_and_back(lab, title):
    """Power losses of lb1, then of lb2 when lb1 is back, empty."""
    talks = [talk(lab) for _ in range(4)]
    talks.append(talk(lab, every=2))
    wait_known(lab.lb2, len(talks))
    expect(known(lab.lb2) == len(talks), "more than there are")
    lab.lb1.lose_power()
    lab.lb2.wait_active()
    pause(2)
    lab.lb1.scrap()
    start_again(lab.lb1)
    wait_in_step(lab.lb1)
    wait_known(lab.lb1, len(talks))
    lab.lb2.lose_power()
    lab.lb1.wait_active()
    pause(3)
    expect_alive(title, talks)


def served(**how):
    return server(ports=[port(NUMBER, "SCTP", to=NUMBER)], **how)


@scenario("SCTP through NAT with source NAT, there and back: all associations live on")
def nat(lab):
    pair(lab, served())
    with serving(lab, [web.back for web in lab.webs]):
        there_and_back(lab, "SCTP, NAT with source NAT")


@scenario("SCTP through NAT without source NAT, there and back: all associations live on")
def nat_plain(lab):
    pair(lab, served(sourceNat={"mode": "none"}))
    with serving(lab, [web.back for web in lab.webs]):
        there_and_back(lab, "SCTP, NAT without source NAT")


@scenario("SCTP in direct mode, there and back: all associations live on")
def direct(lab):
    pair(lab, served(forwarding="direct", webs=WEBS_FRONT))
    with direct_servers(lab.webs), serving(lab, [VIP] * len(WEBS_FRONT)):
        there_and_back(lab, "SCTP, direct")


@scenario("SCTP in tunnel mode, there and back: all associations live on")
def tunnel(lab):
    pair(lab, served(forwarding="tunnel"))
    with tunnel_servers(lab.webs), serving(lab, [VIP] * len(lab.webs)):
        there_and_back(lab, "SCTP, tunnel")
