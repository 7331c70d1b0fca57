#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""probes.py DRIVER: each type of check against servers that are good, and bad in each way. Loopback only; TAP."""
import contextlib
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tap import Skip, main, test  # noqa: E402

SLOW_S = 1.5


class Outcome:
    def __init__(self, line):
        self.result, self.state, latency, self.why = line.split("\t")
        self.latency_s = int(latency) / 1e6

    def __repr__(self):
        return f"{self.result} {self.state} {self.latency_s:.3f} {self.why!r}"


def check(*targets, rounds=2, wrap=(), **common):
    """Checks all targets at once, each a dict; what came of each."""
    words = ["|".join(f"{key}={value}" for key, value in {**common, **target}.items()) for target in targets]
    with subprocess.Popen([*wrap, DRIVER, str(rounds), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, error = process.communicate(timeout=60)
        finally:
            process.kill()
    if process.returncode:
        raise AssertionError(f"the driver ended with {process.returncode}: {out}{error}")
    outcomes = [Outcome(line) for line in out.splitlines()]
    assert len(outcomes) == len(targets), outcomes
    return outcomes


def expect(rows, **common):
    """Rows: what it is, the target, the expected result, and a part of the reason: '' is any, as the words of others change."""
    outcomes = check(*(target for _, target, _, _ in rows), **common)
    for (what, _, result, why), outcome in zip(rows, outcomes):
        assert outcome.result == result and why in outcome.why, f"{what}: {outcome}"
        assert (outcome.why == "") == (result == "ok"), f"{what}: {outcome}"
        assert outcome.state == {"ok": "up", "local": "unknown"}.get(result, "down"), f"{what}: {outcome}"


# --- servers ---

@contextlib.contextmanager
def closed_port(kind=socket.SOCK_STREAM, host="127.0.0.1"):
    """Taken, so that nobody else gets it, and nobody listens."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as taken:
        taken.bind((host, 0))
        port = taken.getsockname()[1]
        if kind == socket.SOCK_DGRAM:
            taken.close()  # a bound one would take datagrams; the range is wide, and the test short
        yield port


@contextlib.contextmanager
def deaf_port():
    """A listener whose queue is full: SYNs are dropped."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port


@contextlib.contextmanager
def tcp_server(serve, host="127.0.0.1"):
    """serve(connection) is called for each, in a thread."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    def one(client):
        with client:
            with contextlib.suppress(OSError):
                serve(client)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server((host, 0), family=family, backlog=64) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def udp_server(answer, host="127.0.0.1"):
    """answer(datagram) gives a list of datagrams."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    data, client = server.recvfrom(65535)
                    if data == b"end of the test":
                        return
                    for one in answer(data):
                        server.sendto(one, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.sendto(b"end of the test", server.getsockname())
        thread.join(5)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = None  # of the server: a list of (method, path, host, agent)

    def answer(self):
        self.server.seen.append((self.command, self.path, self.headers["Host"], self.headers["User-Agent"]))
        status, body = 200, b"hello, world"
        if self.path.startswith("/status/"):
            status = int(self.path.split("/")[2])
        elif self.path == "/slow":
            time.sleep(SLOW_S)
        elif self.path == "/late-word":
            body = b"x" * 65530 + b"needle"  # it ends at byte 65536
        elif self.path == "/too-late-word":
            body = b"x" * 65531 + b"needle"
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(body) + (100 if self.path == "/cut" else 0)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.path == "/pieces":
            for n in range(0, len(body), 2):
                self.wfile.write(body[n:n + 2])
                self.wfile.flush()
                time.sleep(0.01)
        elif self.path == "/stuck":
            self.wfile.write(body[:3])
            self.wfile.flush()
            time.sleep(SLOW_S)
        else:
            self.wfile.write(body)
        if self.path == "/cut":
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_OPTIONS = answer

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family, host, tls):
        self.address_family, self.seen, self.tls = family, [], tls
        super().__init__((host, 0), Handler)

    def finish_request(self, request, client_address):
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that hang up are the subject


@contextlib.contextmanager
def http_server(host="127.0.0.1", tls=None):
    with HttpServer(socket.AF_INET6 if ":" in host else socket.AF_INET, host, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


class Certificates:
    """An authority, a server's certificate for web.example and 127.0.0.1, and a client's."""

    def __init__(self, directory):
        if not shutil.which("openssl"):
            raise Skip("there is no openssl program to make certificates with")
        self.directory = pathlib.Path(directory)
        self.ca = self.path("ca.pem")
        self.openssl("req", "-x509", *self.new_key("ca"), "-out", self.ca, "-subj", "/CN=authority", "-days", "2")
        self.sign("server", "subjectAltName=DNS:web.example,IP:127.0.0.1")
        self.sign("client", "extendedKeyUsage=clientAuth")
        self.openssl("req", "-x509", *self.new_key("other-ca"), "-out", self.path("other-ca.pem"), "-subj", "/CN=stranger", "-days", "2")

    def path(self, name):
        return str(self.directory / name)

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path(name + ".key")]

    def sign(self, name, extension):
        extensions = self.directory / (name + ".ext")
        extensions.write_text(extension + "\n", encoding="utf-8")
        self.openssl("req", *self.new_key(name), "-out", self.path(name + ".csr"), "-subj", "/CN=" + name)
        self.openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.ca, "-CAkey", self.path("ca.key"), "-CAcreateserial",
                     "-out", self.path(name + ".pem"), "-days", "2", "-extfile", str(extensions))

    def context(self, wants_client=False, names=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server.pem"), self.path("server.key"))
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        if names is not None:
            context.sni_callback = lambda _socket, name, _context: names.append(name)
        return context


# --- tests ---

@test
def tcp_says_who_answers_refuses_and_is_silent():
    with tcp_server(lambda client: client.recv(1)) as port, tcp_server(lambda client: None, "::1") as port6, closed_port() as closed, \
            closed_port(host="::1") as closed6, deaf_port() as deaf:
        expect([
            ("open", {"address": "127.0.0.1", "port": port}, "ok", ""),
            ("open, IPv6", {"address": "::1", "port": port6}, "ok", ""),
            ("closed", {"address": "127.0.0.1", "port": closed}, "refused", "Connection refused"),
            ("closed, IPv6", {"address": "::1", "port": closed6}, "refused", "Connection refused"),
            ("silent", {"address": "127.0.0.1", "port": deaf, "timeout_ms": 80}, "timeout", "no answer to the connection"),
            ("link-local", {"address": "fe80::1", "port": 80}, "local", "link-local"),
        ], type="tcp")


@test
def a_tcp_connection_is_reset_and_not_closed():
    ends = []

    def serve(client):
        try:
            ends.append(client.recv(1))
        except ConnectionResetError:
            ends.append("reset")

    with tcp_server(serve) as port:
        expect([("open", {"address": "127.0.0.1", "port": port}, "ok", "")], type="tcp", rounds=3)
        time.sleep(0.1)
    assert len(ends) >= 3 and set(ends) == {"reset"}, ends


@test
def nothing_is_reached_where_there_is_no_network():
    wrap = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*wrap, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("no network namespace can be made here")
    at = {"address": "192.0.2.1", "port": 80}
    expect([(kind, {"type": kind, **at}, "unreachable", "unreachable") for kind in ("tcp", "udp", "dns", "icmp")], wrap=wrap)
    outcomes = check({"type": "http", **at}, {"type": "https", **at}, {"type": "tls", **at}, wrap=wrap)
    assert [one.result for one in outcomes] == ["unreachable"] * 3, outcomes


@test
def http_looks_at_status_and_body():
    with http_server() as server, http_server("::1") as server6, closed_port() as closed, deaf_port() as deaf, \
            tcp_server(lambda client: client.sendall(b"220 smtp ready\r\n") or client.recv(9000)) as smtp, \
            tcp_server(lambda client: client.recv(9000) and None) as hanging_up:
        port = server.server_address[1]
        expect([
            ("good", {"port": port}, "ok", ""),
            ("good, IPv6", {"address": "::1", "port": server6.server_address[1]}, "ok", ""),
            ("redirect counts as up", {"port": port, "path": "/status/302"}, "ok", ""),
            ("404", {"port": port, "path": "/status/404"}, "status", "HTTP status 404"),
            ("503", {"port": port, "path": "/status/503"}, "status", "HTTP status 503"),
            ("503 expected", {"port": port, "path": "/status/503", "status": "500-504"}, "ok", ""),
            ("200 not expected", {"port": port, "status": "204"}, "status", "HTTP status 200"),
            ("body", {"port": port, "body": "lo, wor"}, "ok", ""),
            ("body in pieces", {"port": port, "path": "/pieces", "body": "lo, wor"}, "ok", ""),
            ("another body", {"port": port, "body": "goodbye"}, "content", "does not contain"),
            ("at the end of 64 kB", {"port": port, "path": "/late-word", "body": "needle"}, "ok", ""),
            ("beyond 64 kB", {"port": port, "path": "/too-late-word", "body": "needle"}, "content", "first 64 kB"),
            ("body that is cut", {"port": port, "path": "/cut", "body": "goodbye"}, "cut", ""),
            ("head enough", {"port": port, "path": "/stuck"}, "ok", ""),
            ("slow", {"port": port, "path": "/slow", "timeout_ms": 600}, "timeout", "no answer to the request"),
            ("stuck", {"port": port, "path": "/stuck", "timeout_ms": 600, "body": "world"}, "timeout", "no end of the answer"),
            ("HEAD", {"port": port, "method": "HEAD"}, "ok", ""),
            ("OPTIONS", {"port": port, "method": "OPTIONS"}, "ok", ""),
            ("POST", {"port": port, "method": "POST"}, "ok", ""),
            ("closed", {"port": closed}, "refused", "refused"),
            ("silent", {"port": deaf, "timeout_ms": 100}, "timeout", "no answer to the connection"),
            ("not HTTP", {"port": smtp}, "answer", ""),
            ("hangs up", {"port": hanging_up}, "cut", ""),
        ], type="http", address="127.0.0.1")


@test
def http_asks_for_what_it_is_told_to():
    with http_server() as server:
        port = server.server_address[1]
        check({"path": "/a?b=c"}, {"path": "/named", "host": "www.example.org"}, {"path": "/ported", "host": "www.example.org:81"},
              {"path": "/../a b#c"}, {"path": "/m", "method": "OPTIONS"}, type="http", address="127.0.0.1", port=port, rounds=1)
        seen = {(method, path, host) for method, path, host, _ in server.seen}
        assert {("GET", "/a?b=c", f"127.0.0.1:{port}"), ("GET", "/named", "www.example.org"), ("GET", "/ported", "www.example.org:81"),
                ("GET", "/../a%20b%23c", f"127.0.0.1:{port}"), ("OPTIONS", "/m", f"127.0.0.1:{port}")} == seen, seen
        assert all(agent.startswith("lintel-health/") for _, _, _, agent in server.seen), server.seen


@test
def proxies_of_the_environment_are_not_asked():
    with http_server() as server, closed_port() as closed:
        os.environ["http_proxy"] = os.environ["ALL_PROXY"] = f"http://127.0.0.1:{closed}"
        try:
            expect([("good", {"port": server.server_address[1]}, "ok", "")], type="http", address="127.0.0.1")
        finally:
            del os.environ["http_proxy"], os.environ["ALL_PROXY"]


@test
def https_checks_the_certificate_when_it_is_told_to(directory):
    certificates = Certificates(directory)
    pipe = certificates.path("pipe")
    os.mkfifo(pipe)
    with http_server(tls=certificates.context()) as server, http_server() as plain:
        port, ca = server.server_address[1], certificates.ca
        rows = [
            ("unverified", {}, "ok", ""),
            ("by address", {"verify": 1, "ca": ca}, "ok", ""),
            ("by name", {"verify": 1, "ca": ca, "name": "web.example"}, "ok", ""),
            ("by the host's name", {"verify": 1, "ca": ca, "host": "web.example"}, "ok", ""),
            ("another name", {"verify": 1, "ca": ca, "name": "other.example"}, "certificate", "other.example"),
            ("another authority", {"verify": 1, "ca": certificates.path("other-ca.pem")}, "certificate", ""),
            ("the system's authorities", {"verify": 1}, "certificate", ""),
            ("no such file", {"verify": 1, "ca": certificates.path("none.pem")}, "local", "none.pem"),
            ("authorities that never end", {"verify": 1, "ca": "/dev/zero"}, "local", "caFile is no regular file"),
            ("authorities from a pipe", {"verify": 1, "ca": pipe}, "local", "caFile is no regular file"),
            ("a directory of authorities", {"verify": 1, "ca": "/etc/ssl"}, "local", "caFile is no regular file"),
            ("a certificate from a pipe", {"certificate": pipe, "key": pipe}, "local", "certificateFile or keyFile"),
            ("wrong status", {"path": "/status/500"}, "status", "500"),
            ("slow", {"path": "/slow", "timeout_ms": 1000}, "timeout", "no answer to the request"),
            ("body", {"body": "hello"}, "ok", ""),
        ]
        for kind in ("https", "tls"):
            given = [row for row in rows if kind == "https" or row[0] not in ("by the host's name", "wrong status", "slow", "body")]
            expect(given, type=kind, address="127.0.0.1", port=port)
            expect([("no TLS there", {}, "tls", "")], type=kind, address="127.0.0.1", port=plain.server_address[1])


@test
def the_handshake_asks_for_the_name(directory):
    certificates, names = Certificates(directory), []
    with http_server(tls=certificates.context(names=names)) as server:
        at = {"address": "127.0.0.1", "port": server.server_address[1], "rounds": 1}
        for target, expected in [({"type": "https"}, None), ({"type": "https", "name": "a.example", "host": "b.example"}, "a.example"),
                                 ({"type": "https", "host": "b.example"}, "b.example"), ({"type": "https", "host": "192.0.2.7"}, None),
                                 ({"type": "tls", "name": "c.example"}, "c.example"), ({"type": "tls"}, None)]:
            del names[:]
            outcome, = check(target, **at)
            assert outcome.result == "ok" and set(names) == {expected}, (target, outcome, names)
        hosts = {host for _, _, host, _ in server.seen}
        assert hosts == {f"127.0.0.1:{at['port']}", "b.example", "192.0.2.7"}, hosts


@test
def a_server_that_wants_a_client_certificate_gets_it(directory):
    certificates = Certificates(directory)
    own = {"certificate": certificates.path("client.pem"), "key": certificates.path("client.key")}
    with http_server(tls=certificates.context(wants_client=True)) as server:
        good, bare, missing, foreign = check(
            own, {}, {"certificate": certificates.path("none.pem"), "key": certificates.path("none.key")},
            {"certificate": certificates.path("other-ca.pem"), "key": certificates.path("other-ca.key")},
            type="https", address="127.0.0.1", port=server.server_address[1])
        assert good.result == "ok", good
        assert bare.result in ("cut", "tls") and bare.state == "down", bare
        assert missing.result == "local" and "none.pem" in missing.why, missing
        assert foreign.result in ("cut", "tls") and foreign.state == "down", foreign


@contextlib.contextmanager
def h2_server(*certificate):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import h2"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("there is no HTTP/2 for /usr/bin/python3 (package python3-h2)")
    program = pathlib.Path(__file__).with_name("h2server.py")
    process = subprocess.Popen([python, program, *certificate], stdout=subprocess.PIPE, text=True)
    process.lines = []
    try:
        port = int(process.stdout.readline())
        thread = threading.Thread(target=lambda: process.lines.extend(process.stdout), daemon=True)
        thread.start()
        yield process, port
    finally:
        process.kill()
        process.wait()
    thread.join(5)


@test
def http2_is_spoken_with_and_without_tls(directory):
    certificates = Certificates(directory)
    with h2_server() as (server, port):
        expect([
            ("prior knowledge", {"version": "2", "path": "/x", "host": "web.example", "body": "over h2"}, "ok", ""),
            ("HTTP/1.1 to HTTP/2", {"version": "1.1"}, "answer", ""),
        ], type="http", address="127.0.0.1", port=port)
    assert server.lines and set(server.lines) == {"GET web.example /x\n"}, server.lines
    with h2_server(certificates.path("server.pem"), certificates.path("server.key")) as (server, port):
        expect([
            ("2", {"version": "2", "path": "/2", "body": "over h2"}, "ok", ""),
            ("auto", {"path": "/auto", "name": "web.example", "verify": 1, "ca": certificates.ca}, "ok", ""),
        ], type="https", address="127.0.0.1", port=port)
    assert set(server.lines) == {f"GET 127.0.0.1:{port} /2\n", f"GET 127.0.0.1:{port} /auto\n"}, server.lines
    with http_server(tls=certificates.context()) as server, http_server() as plain:
        expect([("it knows HTTP/1.1 only", {"version": "2"}, "answer", "not HTTP/2")], type="https", address="127.0.0.1",
                       port=server.server_address[1])
        outcome, = check({"version": "2"}, type="http", address="127.0.0.1", port=plain.server_address[1])
        assert outcome.result in ("answer", "cut") and outcome.state == "down", outcome


@test
def tls_says_who_never_ends_the_handshake():
    with tcp_server(lambda client: time.sleep(SLOW_S)) as port:
        for kind in ("tls", "https"):
            expect([("mute", {}, "timeout", "no end of the TLS handshake")], type=kind, address="127.0.0.1", port=port, timeout_ms=500)


@test
def udp_is_answered_refused_or_silent():
    with udp_server(lambda data: [b"you said " + data]) as echo, udp_server(lambda data: []) as silent, \
            udp_server(lambda data: [b"pong"], "::1") as echo6, closed_port(socket.SOCK_DGRAM) as closed, \
            closed_port(socket.SOCK_DGRAM, "::1") as closed6:
        expect([
            ("answered", {"port": echo, "send": "ping", "expect": "said ping"}, "ok", ""),
            ("answered, IPv6", {"address": "::1", "port": echo6, "expect": "pong"}, "ok", ""),
            ("answered, whatever it says", {"port": echo, "send": "ping"}, "ok", ""),
            ("answered wrongly", {"port": echo, "send": "ping", "expect": "pong"}, "content", "does not contain"),
            ("silent, and that is fine", {"port": silent, "timeout_ms": 80}, "ok", ""),
            ("silent, and that is not", {"port": silent, "expect": "pong", "timeout_ms": 80}, "timeout", "no answer"),
            ("refused", {"port": closed}, "refused", "refused"),
            ("refused, IPv6", {"address": "::1", "port": closed6, "expect": "pong"}, "refused", "refused"),
        ], type="udp", address="127.0.0.1")


def dns_answer(query, flags=0x8180, ident=None, question=None):
    head = struct.pack("!6H", struct.unpack("!H", query[:2])[0] if ident is None else ident, flags, 1, 0, 0, 0)
    return head + (query[12:] if question is None else question)


@test
def dns_answers_are_judged():
    def foreign_first(query):
        return [dns_answer(query, ident=(struct.unpack("!H", query[:2])[0] + 1) & 0xffff), dns_answer(query)]

    asked = []
    with contextlib.ExitStack() as stack:
        def server(answer, host="127.0.0.1"):
            return stack.enter_context(udp_server(answer, host))
        good = server(lambda query: asked.append(query) or [dns_answer(query)])
        expect([
            ("good", {"port": good, "query": "www.example.org"}, "ok", ""),
            ("good, IPv6", {"port": server(lambda query: [dns_answer(query)], "::1"), "address": "::1"}, "ok", ""),
            ("another's first", {"port": server(foreign_first)}, "ok", ""),
            ("another case", {"port": server(lambda query: [dns_answer(query, question=query[12:].upper())]), "query": "a.b"}, "ok", ""),
            ("SERVFAIL", {"port": server(lambda query: [dns_answer(query, 0x8182)])}, "answer", "SERVFAIL"),
            ("NXDOMAIN", {"port": server(lambda query: [dns_answer(query, 0x8183)])}, "answer", "NXDOMAIN"),
            ("REFUSED", {"port": server(lambda query: [dns_answer(query, 0x8185)])}, "answer", "REFUSED"),
            ("our query sent back", {"port": server(lambda query: [query])}, "answer", "no DNS message"),
            ("rubbish", {"port": server(lambda query: [b"hello"])}, "answer", "no DNS message"),
            ("silent", {"port": server(lambda query: []), "timeout_ms": 80}, "timeout", "no answer"),
            ("refused", {"port": stack.enter_context(closed_port(socket.SOCK_DGRAM))}, "refused", "refused"),
            ("label too long", {"port": good, "query": "a" * 64 + ".example"}, "local", "dns.name"),
        ], type="dns", address="127.0.0.1")
    assert all(query[12:] == b"\3www\7example\3org\0\0\2\0\1" for query in asked), asked
    assert len({query[:2] for query in asked}) > 1, "queries have one and the same id"


@test
def echo_requests_are_answered():
    outcomes = check({"address": "127.0.0.1"}, {"address": "127.0.0.2"}, {"address": "::1"}, type="icmp", rounds=3)
    if {one.why for one in outcomes} == {"echo requests need CAP_NET_RAW"}:
        assert {one.result for one in outcomes} == {"local"}, outcomes
        raise Skip("neither CAP_NET_RAW nor ping sockets here")
    assert [one.result for one in outcomes] == ["ok"] * 3, outcomes
    assert all(one.latency_s < 4 for one in outcomes), outcomes


if __name__ == "__main__":
    DRIVER = sys.argv[1]
    sys.exit(main(sys.argv[2:]))
