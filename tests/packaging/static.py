#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""static.py BINARY: the static binary alone in an empty root, in a network namespace of its own. Speaks TAP. Needs root.

There it must say its version, check a configuration, and follow an API server over TLS: by address, by a name that a DNS server
knows (one of our own, some lines long), and by a name in /etc/hosts. What is signed by another authority, or for another name, it
must not trust.
"""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "k8s")]
import tap  # noqa: E402
from apiserver import ApiServer, Tls  # noqa: E402
from tap import test  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
NAME = Tls.NAME
CHROOT = shutil.which("chroot", path=os.environ["PATH"] + ":/usr/sbin:/sbin")


class NameServer:
    """Answers A for NAME with 127.0.0.1, anything else about it with nothing, and knows no other name (RFC 1035 4.1)."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(512)
                self.socket.sendto(self.answer(query), client)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question, kind = query[12:at + 5], struct.unpack_from("!H", query, at + 1)[0]
        name = ".".join(labels).lower()
        self.asked.append(name)
        known = name == NAME
        answers = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")] if known and kind == 1 else []
        return query[:2] + struct.pack("!HHHHH", 0x8580 | (0 if known else 3), 1, len(answers), 0, 0) + question + b"".join(answers)

    def close(self):
        self.socket.close()


class Root:
    """An empty directory with the binary in it, and what a test puts there."""

    def __init__(self, **files):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="lintel-root."))
        shutil.copy(BINARY, self.path / "lintel")
        for name, text in files.items():
            self.write(name, text)

    def write(self, name, text):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")

    def command(self, *arguments):
        return [CHROOT, str(self.path), "/lintel", *arguments]

    def run(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, timeout=60, env={})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def follows(host, authority="ca", seconds=20.0, **files):
    """Runs the daemon in an empty root (but for 'files') and tells whether it came to watch the API server that 'host' names."""
    with tempfile.TemporaryDirectory() as directory, Root() as root:
        tls = Tls(directory)
        with ApiServer(tls=tls, token="secret") as server:
            trusted = base64.b64encode((tls.ca if authority == "ca" else tls.other_ca).read_bytes()).decode()
            config = server.kubeconfig(cluster={"server": f"https://{host}:{server.port}", "certificate-authority": None,
                                                "certificate-authority-data": trusted})
            root.write("kubeconfig", json.dumps(config))
            for name, text in files.items():
                root.write(f"etc/{name.replace('_', '.')}", text)
            log = open(root.path / "log", "wb+")
            process = subprocess.Popen(root.command("run", "--kubeconfig", "/kubeconfig", "--node", "n1", "--listen", "off", "--state-dir",
                                                    "/state", "--socket", "/socket", "--log-level", "debug"),
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={})
            try:
                end = time.monotonic() + seconds
                while time.monotonic() < end and process.poll() is None:
                    if any(each["watch"] and each["path"].endswith("/services") for each in server.requests):
                        return True, root.run("status", "--socket", "/socket", "-o", "json").stdout
                    time.sleep(0.05)
                log.seek(0)
                return False, log.read().decode()
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)


@test
def it_asks_for_no_library_and_no_loader():
    with open(BINARY, "rb") as binary:
        header = binary.read(64)
        where, size, count = struct.unpack_from("<Q", header, 32)[0], *struct.unpack_from("<HH", header, 54)
        binary.seek(where)
        kinds = [struct.unpack_from("<I", binary.read(size))[0] for _ in range(count)]
    assert 3 not in kinds, "it has an interpreter (PT_INTERP)"
    dynamic = subprocess.run(["readelf", "-d", str(BINARY)], capture_output=True, text=True, check=True).stdout
    assert "NEEDED" not in dynamic, dynamic


@test
def in_an_empty_root_it_says_its_version():
    with Root() as root:
        result = root.run("version")
        assert result.returncode == 0 and result.stdout.startswith("lintel "), result


@test
def in_an_empty_root_it_checks_a_configuration():
    with Root(good=(TOP / "packaging/examples/lintel.yaml").read_text(encoding="utf-8"), bad="kind: Nothing\n") as root:
        good, bad = root.run("check", "/good"), root.run("check", "/bad")
        assert good.returncode == 0, good
        assert bad.returncode == 1 and "Nothing" in bad.stdout + bad.stderr, bad


@test
def it_follows_an_api_server_by_address():
    good, said = follows("127.0.0.1")
    assert good, said
    assert json.loads(said)["version"], said


@test
def it_follows_an_api_server_by_a_name_that_dns_knows():
    names = NameServer("127.0.0.1")
    try:
        good, said = follows(NAME)  # no /etc/resolv.conf: the resolver's default is this machine
        assert good and NAME in names.asked, said
    finally:
        names.close()


@test
def it_asks_the_name_server_of_resolv_conf():
    names = NameServer("127.0.0.53")
    try:
        good, said = follows(NAME, resolv_conf="nameserver 127.0.0.53\n")
        assert good and NAME in names.asked, said
    finally:
        names.close()


@test
def it_finds_a_name_in_the_hosts_file():
    good, said = follows(NAME, hosts=f"127.0.0.1 {NAME}\n")
    assert good, said


@test
def it_does_not_trust_a_certificate_of_another_authority():
    good, said = follows("127.0.0.1", authority="other", seconds=4)
    assert not good and "certificate" in said, said


@test
def it_does_not_trust_a_certificate_for_another_name():
    good, said = follows("other.lintel.test", seconds=4, hosts="127.0.0.1 other.lintel.test\n")
    assert not good and "certificate" in said.lower() + said, said


def main():
    if os.environ.get("LINTEL_STATIC_INSIDE") != "1":
        command = ["unshare", "--net", "--mount", "--fork", "--kill-child", sys.executable, *sys.argv]
        return subprocess.run(command, check=False, env=os.environ | {"LINTEL_STATIC_INSIDE": "1"}).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return tap.main()


if __name__ == "__main__":
    sys.exit(main())
