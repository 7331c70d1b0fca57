# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/ says, done: the tutorial word for word on machines that have nothing but the program, and the daemon's answers as documented."""
import json
import os
import pathlib
import re
import shlex
import sys

from lablib import config
from lablib.config import VIP
from lablib.lab import expect
from lablib.process import WORK, Failed, Program, wait_until
from lablib.report import scenario

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tests" / "docs"))
import blocks  # noqa: E402  pylint: disable=wrong-import-position
import conform  # noqa: E402  pylint: disable=wrong-import-position

# Directories of its own where programs keep what is theirs, over those of the machine that the lab runs on.
INSIDE = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
for each in etc var/lib; do
	mkdir -p /run/over/$each/upper /run/over/$each/work
	mount -t overlay -o lowerdir=/$each,upperdir=/run/over/$each/upper,workdir=/run/over/$each/work overlay /$each
done
mkdir -p /run/home /run/bin /run/lintel /etc/lintel /var/lib/lintel
ln -s {lintel} /run/bin/lintel
printf '#!/bin/sh\\nexec "$@"\\n' > /run/bin/sudo && chmod 755 /run/bin/sudo
echo {name} > /proc/sys/kernel/hostname
touch /run/ready
exec sleep infinity
"""


class Machine:
    """A host with processes, files and a name of its own, where commands are run as somebody would type them."""

    def __init__(self, host, name):
        self.host, self.name = host, name
        script = INSIDE.format(lintel=shlex.quote(os.path.realpath(os.environ["LINTEL"])), name=name)
        self.program = Program(host, f"machine-{name}", ["unshare", "--pid", "--fork", "--mount", "--uts", "--mount-proc", "--kill-child",
                                                         "sh", "-c", script])
        self.init = wait_until(f"{name} has a process", self._child)
        wait_until(f"{name} is ready: {self.program.log()}", lambda: os.path.exists(f"/proc/{self.init}/root/run/ready"))

    def _child(self):
        """The first process in the new namespace."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == self.program.process.pid:
                    return int(entry.name)
        return None

    def _words(self, command):
        """By the environment: a command that looks for another by its command line shall not find itself."""
        return ["nsenter", "-t", self.init, "-m", "-u", "-p", "-r", "-w", "env", f"COMMAND={command}", "COLUMNS=80",
                "sh", "-c", 'export PATH=/run/bin:$PATH; cd /run/home && eval "$COMMAND"']

    def write(self, path, text):
        self.host.run(*self._words(f"cat > {path}"), given=text)

    def do(self, command, check=True):
        return self.host.run(*self._words(command), check=check)

    def stay(self, command):
        return Program(self.host, f"{self.name}-stays", self._words(command))


def plain(line):
    """Without what differs from one time to the next: durations, counts, and how far columns are apart."""
    line = re.sub(r"\b\d+(\.\d+)?(us|ms|s|m|h)( \d+(ms|s|m))*\b", "TIME", line)
    return " ".join(line.split())


def shows(output, lines):
    """Each line begins one of the output's, in this order but for those that are the same."""
    there = [plain(line) for line in output.splitlines()]
    return [line for line in lines if not any(each.startswith(plain(line)) for each in there)]


def not_shown(machine, block, command, lines):
    """"" when the command comes to print the lines, else what is wrong."""
    last = [""]

    def seen():
        last[0] = machine.do(command, check=False)  # plan exits with 3 when there is something to change
        return not shows(last[0], lines)

    try:
        wait_until(block.place, seen, seconds=20, every=0.3)
        return ""
    except Failed as problem:
        return f"{block.place}: {machine.name}$ {command}\ndoes not show {shows(last[0], lines)}, but says ({problem}):\n{last[0]}"


@scenario("the tutorial is true: each of its commands does what it says there", timeout=300)
def tutorial(lab):
    for web in lab.webs[:2]:
        web.front_leg(True)
    hosts = {"lb1": lab.lb1.host, "lb2": lab.lb2.host, "web1": lab.webs[0], "web2": lab.webs[1], "your-own": lab.client.host}
    machines = {name: Machine(host, name) for name, host in hosts.items()}
    done, elsewhere, wrong = 0, 0, []
    try:
        for block in blocks.blocks(TOP / "docs" / "tutorial.md"):
            where = [machines[word] for word in block.words if word in machines]
            if block.language == "yaml":
                for name in ("lb1", "lb2"):
                    # A machine that is short of time needs more of it than the tutorial's 100 ms not to step down in between.
                    text = block.text.replace("  interface: eth0\n", "  interface: eth0\n  advertisementInterval: 1s\n")
                    machines[name].write("/etc/lintel/lintel.yaml", text)
                continue
            expect(where, f"{block.place}: it does not say on which machine")
            if "elsewhere" in block.words:  # building and installing: see ELSEWHERE in tests/docs/documents.py
                elsewhere += 1
                continue
            for machine in where:
                for command, lines in block.commands():
                    done += 1
                    if "stays" in block.words:
                        machine.stay(command)
                    elif lines:
                        wrong.append(not_shown(machine, block, command, lines))
                    else:
                        machine.do(command)
    finally:
        for machine in machines.values():
            machine.program.kill()
        for web in lab.webs[:2]:
            web.front_leg(False)
    expect(not any(wrong), "\n".join(filter(None, wrong)))
    expect(done > 30 and elsewhere == 1, f"{done} commands, {elsewhere} blocks elsewhere")


def conforms(kind, answer):
    wrong = conform.problems(answer, conform.load(kind))
    expect(not wrong, f"{kind}: {wrong}")


@scenario("what the daemon answers is what the schemas in docs/ say, whatever happens", timeout=180)
def answers(lab):
    key = WORK / "documents.key"
    key.write_text("q" * 42 + "o=\n", encoding="ascii")
    key.chmod(0o600)
    checked = config.server(ports=[config.port(80), config.port((16384, 16483), "UDP", to=16384)], persistence={"timeout": "60s"},
                            healthCheck={"type": "tcp", "port": 8080, "interval": "200ms", "timeout": "200ms"}, quorum={"minimum": 3})
    router = config.router(peers=["10.77.0.11", "10.77.0.12"])
    looked = []

    def look():
        for node in lab.nodes:
            conforms("status", node.status())
            conforms("list", node.list())
            conforms("list", node.list("-c"))
            for question in (f"{VIP}:80", f"{VIP}:81", "192.0.2.1:80", f"{VIP}:16400/udp"):
                conforms("explain", json.loads(node.lintel("explain", question, "-o", "json")))
            looked.append(node)

    lab.lb1.start([router | {"spec": router["spec"] | {"peers": ["10.77.0.12"]}}, checked], "--peer-key", key)
    lab.lb2.start([router | {"spec": router["spec"] | {"peers": ["10.77.0.11"]}}, checked], "--peer-key", key)
    look()
    lab.wait_settled()
    lab.client.wait_answer("tcp", VIP, 80)
    look()
    for node in lab.nodes:
        node.lintel("drain", config.WEBS[0])
    lab.webs[1].cut("b")
    wait_until("a server is down", lambda: "down" in str(lab.lb1.list()))
    look()
    for node in lab.nodes:
        node.configure("kind: Nonsense\n", "wrong.yaml")
    wait_until("it is refused", lambda: not lab.lb1.in_step())
    look()
    for node in lab.nodes:
        node.lintel("undrain", config.WEBS[0])
        node.configure("", "wrong.yaml")
        node.configure([router], "lab.yaml")
    wait_until("it takes leave", lambda: lab.lb1.in_step() and lab.lb2.in_step())
    look()
    expect(len(looked) == 10, looked)
