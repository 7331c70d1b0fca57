# SPDX-License-Identifier: GPL-2.0-or-later
"""The only place that knows how lintel is started and asked: its command line and the shape of its JSON."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from . import config
from .process import WORK, Failed, Hopeless, Program, wait_until
from .topology import rebuild

BINARY = os.environ.get("LINTEL", "lintel")
OURS_IN_NFT = "lintel"  # the name of its table
SANITIZED = b"__asan_init" in pathlib.Path(shutil.which(BINARY) or os.devnull).read_bytes()  # AddressSanitizer needs what a confined program is refused
STALLED = "this process was stalled for too long"  # in the log, of a step-down


class LoadBalancer:
    """A host that runs lintel: how it is started, stopped, hurt and asked."""

    def __init__(self, host):
        self.host = host
        self.name = host.name
        self.binary = BINARY
        self.program = None
        self.new_directories()

    def new_directories(self):
        """An empty configuration and state directory."""
        self.directory = WORK / f"{self.name}-{time.monotonic_ns()}"
        self.state = self.directory / "state"
        self.configuration = self.directory / "conf"
        self.socket = self.directory / "lintel.sock"
        self.configuration.mkdir(parents=True)
        self.state.mkdir()

    # --- life ---

    def configure(self, documents, file="lab.yaml"):
        """Writes the configuration the way an operator's tool would: a new file, renamed over the old one."""
        fresh = self.configuration / f".{file}.new"
        fresh.write_text(config.text(documents), encoding="utf-8")
        fresh.rename(self.configuration / file)

    def start(self, documents=None, *options, wait=True, env=None, through=()):
        """Starts `lintel run`, with `env` besides the environment, by the command `through`; with wait until it answers on its socket."""
        if documents is not None:
            self.configure(documents)
        self.program = Program(self.host, f"lintel-{self.name}",
                               [*through, self.binary, "run", "-c", self.configuration, "--state-dir", self.state, "--socket", self.socket,
                                "--node", self.name, "--listen", "127.0.0.1:9310", "--log-level", "debug", *options],
                               env=os.environ | env if env else None)
        if wait:
            wait_until(f"lintel on {self.name} answers", self._answers, seconds=30)
        return self

    def _answers(self):
        if not self.program.running:
            raise Hopeless(f"lintel on {self.name} ended: {self.program.log()[-2000:]}")
        return self.socket.exists() and self.status()

    def stop(self, seconds=20):
        """The polite way: SIGTERM. Fails unless it ends by itself with 0."""
        code = self.program.stop(seconds)
        if code != 0:
            raise Failed(f"lintel on {self.name} ended with {code} on SIGTERM")

    def ask_to_stop(self):
        """The same, without waiting for the end."""
        self.program.signal(signal.SIGTERM)

    def kill(self):
        """kill -9 of the process; its kernel goes on."""
        self.program.kill()

    def lose_power(self):
        """The cables are dead at once, and so is the process."""
        self.host.cut()
        self.program.kill()

    def hang(self):
        self.program.signal(signal.SIGSTOP)

    def resume(self):
        self.program.signal(signal.SIGCONT)

    def reload(self):
        self.program.signal(signal.SIGHUP)

    def scrap(self):
        """After a crash: the machine comes back as new, with nothing of the old kernel state."""
        if self.program:
            self.program.kill()
        self.host, = rebuild([self.host])
        self.program = None

    # --- asking lintel ---

    def lintel(self, *words, check=True):
        """Runs a sub-command against this node's daemon; gives what it printed."""
        return self.host.run(self.binary, words[0], "--socket", self.socket, *words[1:], check=check)

    def offline(self, *words, check=True):
        """Runs a sub-command that needs no daemon."""
        return self.host.run(self.binary, *words, check=check)

    def offline_code(self, *words):
        """The same; gives exit code and output."""
        with self.host.inside():
            done = subprocess.run([self.binary, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False)
        return done.returncode, done.stdout

    def status(self):
        """What `lintel status -o json` prints, asked for at the socket: to start a program for each look takes most of an emulated processor."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            link.connect(str(self.socket))
            link.sendall(b'{"command": "status"}\n')
            answer = json.loads(b"".join(iter(lambda: link.recv(1 << 16), b"")))
        if not answer["ok"]:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer["result"]

    def list(self, *options):
        return json.loads(self.lintel("list", *options, "-o", "json"))

    def router(self, name="front"):
        if self.program and not self.program.running:
            raise Hopeless(f"lintel on {self.name} is not running")
        for entry in self.status()["routers"]:
            if entry["name"] == name:
                return entry
        raise Failed(f"{self.name} reports no virtual router {name}")

    def is_active(self, name="front"):
        return self.router(name)["state"] == "Active"

    def is_backup(self, name="front"):
        return self.router(name)["state"] == "Backup"

    def wait_active(self, name="front", seconds=20):
        wait_until(f"{self.name} is Active for {name}", lambda: self.is_active(name), seconds)
        return self

    def wait_backup(self, name="front", seconds=20):
        wait_until(f"{self.name} is Backup for {name}", lambda: self.is_backup(name), seconds)
        return self

    def wait_following(self, name="front", seconds=20):
        """Backup, and it has heard an Active: what it does next, when that one changes, depends on it."""
        wait_until(f"{self.name} follows an Active for {name}", lambda: self.is_backup(name) and self.router(name)["active"], seconds)
        return self

    def sources(self):
        return self.status()["sources"]

    def in_step(self):
        return all(source["inStep"] for source in self.sources())

    def virtual_servers(self):
        """{(address, port, protocol): {server address: weight}} as lintel lists it."""
        return {(entry["address"], entry["port"], entry["protocol"]):
                {server["address"]: server["weight"] for server in entry["servers"]}
                for entry in self.list()["virtualServers"]}

    def weights(self, address=config.VIP, number=80, protocol="TCP"):
        return self.virtual_servers().get((address, number, protocol), {})

    # --- asking its kernel ---

    def ipvs(self):
        """The kernel's services in ipvsadm's own words, one a line, sorted."""
        return sorted(line.strip() for line in self.host.run("ipvsadm", "-Sn").splitlines() if line.strip())

    def addresses(self):
        """All addresses of the host, without prefix length."""
        links = json.loads(self.host.run("ip", "-j", "address"))
        return {info["local"] for link in links for info in link["addr_info"]}

    def has_address(self, address):
        return address in self.addresses()

    def nft_tables(self):
        return re.findall(r"table (\S+ \S+)", self.host.run("nft", "list", "tables"))

    def kernel_is_clean(self):
        """Nothing of lintel's is left: no services, no addresses besides the host's own, no table."""
        own = {self.host.front, self.host.back, self.host.front6, self.host.back6, "127.0.0.1", "::1"}
        extra = {address for address in self.addresses() - own if not address.startswith("fe80:")}
        return not extra and not self.ipvs() and not any(OURS_IN_NFT in table for table in self.nft_tables())

    def diagnosis(self):
        """Everything that helps to understand a failure, as text."""
        parts = []
        if self.program:
            state = "running" if self.program.running else f"ended with {self.program.process.returncode}"
            stalls = [line.split()[0] for line in self.program.log().splitlines() if STALLED in line]
            if stalls:
                parts.append(f"--- {self.name}: STEPPED DOWN because this machine stood still, at {', '.join(stalls)}: nothing was served for a while")
            parts.append(f"--- {self.name}: lintel {state}; the end of its log:\n{self.program.log()[-6000:]}")
            if self.program.running:
                parts.append(f"--- {self.name}: lintel status\n" + self.lintel("status", check=False))
        for command in (["ip", "-br", "address"], ["ipvsadm", "-Ln"], ["ipvsadm", "-Ln", "--stats", "--exact"], ["nft", "list", "ruleset"]):
            parts.append(f"--- {self.name}: {' '.join(command)}\n" + self.host.run(*command, check=False))
        return "\n".join(parts)

    def forget(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        pathlib.Path(self.socket).unlink(missing_ok=True)
