# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon gives up: it runs as a user of its own with two capabilities, and the kernel refuses it what it has no use for."""
import os
import pathlib

from lablib.config import INNER, INNER6, VIP, VIP6, WEBS, WEBS6, port, router, server
from lablib.lab import expect, pause
from lablib.lintel import SANITIZED
from lablib.process import wait_until
from lablib.report import Skipped, scenario

NOBODY = 65534
CAPABILITIES = {"net_admin": 12, "net_raw": 13, "sys_nice": 23, "ipc_lock": 14}
DOCUMENTS = [
    router(addresses=[f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6], priority=150),
    server("dual", addresses=[VIP, VIP6], webs=WEBS + WEBS6, ports=[port(80), port(80, "UDP")]),
    server("range", ports=[port((16384, 16483), "UDP", to=None, scheduler="sh")]),
    server("guarded", ports=[port(81)], sourceRanges=["10.77.0.0/24"]),
]


def facts(pid):
    """/proc/PID/status of the process and of each of its threads."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
    return found


def mask(*names):
    return sum(1 << CAPABILITIES[name] for name in names)


def expect_confined(node, capabilities):
    if SANITIZED:
        raise Skipped("this program has a sanitizer in it, and is not confined")
    entries = facts(node.program.process.pid)
    expect(len(entries) >= 3, "where are the threads?")
    for entry in entries:
        seen = {name: entry.get(name) for name in ("Name", "Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "CapAmb")}
        expect(entry["Seccomp"] == "2" and entry["NoNewPrivs"] == "1", seen)
        expect(int(entry["CapEff"], 16) == capabilities and int(entry["CapPrm"], 16) == capabilities, seen)
        expect(int(entry["CapAmb"], 16) == 0 and int(entry["CapInh"], 16) == 0, seen)
    expect(node.status()["confined"] is True, node.status())


def modes(directory):
    return {path.name: oct(path.stat().st_mode & 0o777) for path in sorted(directory.rglob("*"))}


def everything_works(lab, node):
    node.wait_active()
    for address in (VIP, VIP6):
        lab.client.wait_answer("udp", address, 80)
        lab.client.wait_answer("tcp", address, 80)
    lab.client.wait_answer("udp", VIP, 16400)
    expect("  ! " not in node.lintel("status"), node.lintel("status"))
    expect(not [item for item in node.status()["sysctls"] if not item["inForce"]], node.status()["sysctls"])
    before = node.status()["reconcile"]["turns"]
    node.configure(DOCUMENTS + [server("late", ports=[port(84)])])
    lab.client.wait_answer("tcp", VIP, 84)
    node.reload()
    wait_until("another turn is done", lambda: node.status()["reconcile"]["turns"] > before)
    expect("refused" not in node.program.log() and "not permitted" not in node.program.log(), node.program.log()[-3000:])


@scenario("as root: all but four capabilities are given up, every thread is confined, and all works")
def as_root(lab):
    node = lab.lb1
    node.start(DOCUMENTS)
    everything_works(lab, node)
    expect_confined(node, mask(*CAPABILITIES))
    expect(oct(node.socket.stat().st_mode & 0o777) == "0o660", node.socket.stat())
    expect(all(mode == "0o600" for mode in modes(node.state).values()), modes(node.state))
    node.stop()


@scenario("as a user with CAP_NET_ADMIN and CAP_NET_RAW alone: addresses, IPVS, nftables, sysctls, state; a clean end")
def as_a_user(lab):
    node = lab.lb1
    for path in (node.directory, node.state, node.configuration):
        os.chown(path, NOBODY, NOBODY)
    for path in node.directory.parents:  # the way there
        if path.stat().st_mode & 0o005 != 0o005:
            path.chmod(path.stat().st_mode | 0o005)
    named = "+net_admin,+net_raw"
    node.start(DOCUMENTS, through=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={named}",
                                   f"--ambient-caps={named}", f"--bounding-set=-all,{named}"])
    everything_works(lab, node)
    expect_confined(node, mask("net_admin", "net_raw"))
    expect(facts(node.program.process.pid)[0]["Uid"].split()[0] == str(NOBODY), "it runs as somebody else")
    expect("no real-time priority" in node.program.log(), "what it may not have is not told")
    expect(all(mode == "0o600" for mode in modes(node.state).values()), modes(node.state))
    lab.lb2.start([router(addresses=[f"{VIP}/24", f"{VIP6}/64", *INNER, *INNER6], priority=100), *DOCUMENTS[1:]]).wait_backup()
    pause(1)
    node.lintel("failover", "front")
    lab.lb2.wait_active()
    node.stop()
    expect("lintel" not in node.host.run("nft", "list", "tables"), "its table is still there")


@scenario("without the capabilities it needs the daemon says which, and ends")
def without(lab):
    node = lab.lb1
    for path in (node.directory, node.state, node.configuration):
        os.chown(path, NOBODY, NOBODY)
    for path in node.directory.parents:
        if path.stat().st_mode & 0o005 != 0o005:
            path.chmod(path.stat().st_mode | 0o005)
    node.start(DOCUMENTS, wait=False, through=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"])
    wait_until("it has ended", lambda: not node.program.running, seconds=20)
    expect("CAP_NET_ADMIN and CAP_NET_RAW are needed" in node.program.log(), node.program.log())
