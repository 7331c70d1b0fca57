# SPDX-License-Identifier: GPL-2.0-or-later
"""How long it takes until N virtual services of ten real servers each are in the kernel, and until one change is."""
import json
import os
import pathlib
import statistics
import time

import keepalived
from lablib import config
from lablib.process import Program, wait_until
from table import Table, spread

LOOP = os.environ.get("IPVSLOOP", str(pathlib.Path(__file__).resolve().parent / "ipvsloop"))
SERVERS = 10


def vip(number):
    """A thousand virtual servers an address."""
    return f"10.77.0.{101 + number // 1000}"


def vport(number):
    return 10000 + number % 1000


def servers(last=SERVERS):
    """Ten of them; the last one is what changes."""
    return [f"10.78.1.{i}" for i in range(1, SERVERS)] + [f"10.78.1.{last}"]


def fresh(lab):
    """A node that has never had a real server: removed ones lie in the kernel's trash and slow down whoever comes next."""
    lab.reset()
    lab.lb1.scrap()
    lab.hosts["lb1"] = lab.lb1.host
    lab.lb1.new_directories()
    return lab.lb1


PER_FILE = 10


def virtual_server(name, address, number, webs):
    return config.server(name, addresses=[address], ports=[config.port(number)], webs=webs, sourceNat={"mode": "none"})


def lintel_files(count, last=SERVERS):
    """One virtual server a document, ten documents a file, as people who look after their own services would have them."""
    router = config.router(addresses=["10.77.0.100/24"])
    documents = [virtual_server(f"s{i}", vip(i), vport(i), servers(last if i == 0 else SERVERS)) for i in range(count)]
    files = {"router.yaml": [router]}
    for start in range(0, count, PER_FILE):
        files[f"servers-{start // PER_FILE:04d}.yaml"] = documents[start:start + PER_FILE]
    return files


def entries(host):
    return sum(1 for line in host.run("cat", "/proc/net/ip_vs").splitlines() if "->" in line or line.startswith("TCP"))


def complete(host, count):
    return entries(host) >= count * (SERVERS + 1)


# --- each way once; gives seconds ---

def bare_loop(lab, count):
    node = fresh(lab)
    return json.loads(node.host.run(LOOP, count, SERVERS))["seconds"]


def ipvsadm(lab, count):
    node = fresh(lab)
    lines = []
    for i in range(count):
        lines.append(f"-A -t {vip(i)}:{vport(i)} -s rr")
        lines += [f"-a -t {vip(i)}:{vport(i)} -r {server}:8080 -m -w 1" for server in servers()]
    begun = time.monotonic()
    node.host.run("ipvsadm", "-R", given="\n".join(lines) + "\n")
    return time.monotonic() - begun


def keepalived_start(lab, count):
    """Seconds until all is in the kernel, those that reloads need then for one changed server each, and for one virtual server more each."""
    node = fresh(lab)
    text = [keepalived.virtual_server(vip(i), vport(i), servers()) for i in range(count)]
    balancer = keepalived.Balancer(node.host, "".join(text))
    begun = time.monotonic()
    balancer.start()
    wait_until("keepalived has programmed all", lambda: complete(node.host, count), seconds=600, every=0.05)
    start = time.monotonic() - begun

    def reload(number, server):
        time.sleep(1)
        return seconds_until_there(node.host, number, server, lambda: balancer.write("".join(text)), lambda: balancer.program.signal(1))
    changes, additions = [], []
    for last in RELOADS:
        text[0] = keepalived.virtual_server(vip(0), vport(0), servers(last))
        changes.append(reload(vport(0), servers(last)[-1]))
    for number in MORE:
        text.append(keepalived.virtual_server(vip(0), number, servers()))
        additions.append(reload(number, servers()[-1]))
    return start, changes, additions


RELOADS = range(101, 106)  # the last server of the first virtual server becomes this one and that one
MORE = range(30000, 30005)  # ports of virtual servers that come one after the other


def seconds_until_there(host, number, server, write, signal):
    """From the signal to reload what was written until the kernel has this server on the first VIP's port, seen by a program that asks all the time."""
    watch = Program(host, "watch", [LOOP, "watch", vip(0), number, server])
    wait_until("the watcher looks", lambda: "watching" in watch.log(), seconds=20)
    write()
    begun = time.monotonic()
    signal()
    watch.process.wait(timeout=300)
    wait_until("all its servers are there", lambda: len(host.run("ipvsadm", "-Ln", "-t", f"{vip(0)}:{number}").split("->")) == SERVERS + 2,
               seconds=120)
    return json.loads(watch.log().splitlines()[-1])["seen"] - begun


class LintelRun:
    def __init__(self, lab, count):
        self.node = fresh(lab)
        for name, documents in lintel_files(count).items():
            self.node.configure(documents, name)
        begun = time.monotonic()
        self.node.start(None, "--resync", "1h", wait=False)
        wait_until("lintel has programmed all", self._programmed, seconds=300, every=0.02)
        self.start = time.monotonic() - begun
        first = self.node.status()["reconcile"]
        self.apply, self.messages = first["ipvsApplySeconds"], first["messages"]
        time.sleep(0.5)
        self.changes = [self._change(last, lintel_files(count, last)["servers-0000.yaml"]) for last in RELOADS]
        after = self.node.status()["reconcile"]
        self.change_messages = (after["messages"] - first["messages"]) / len(RELOADS)
        self.change_kernel = after["ipvsReadSeconds"] + after["ipvsPlanSeconds"] + after["ipvsApplySeconds"]
        self.additions = [self._add(number) for number in MORE]

    def _reload(self, number, server, documents, file):
        time.sleep(1)
        return seconds_until_there(self.node.host, number, server, lambda: self.node.configure(documents, file), self.node.reload)

    def _change(self, last, documents):
        return self._reload(vport(0), servers(last)[-1], documents, "servers-0000.yaml")

    def _add(self, number):
        return self._reload(number, servers()[-1], [virtual_server(f"more{number}", vip(0), number, servers())], f"more-{number}.yaml")

    def _programmed(self):
        """Looks at the log: to ask the daemon would take the only CPU from it while it writes, which nobody does to the bare loop."""
        return "ipvs: written operations=" in self.node.program.log()


def compare_reloads(table, ours, theirs, goal):
    """Seconds at either size, of each; how many times faster it should be."""
    table.add("keepalived", *(spread([seconds * 1000 for seconds in size]) for size in theirs))
    table.add("Lintel", *(spread([seconds * 1000 for seconds in size], digits=1) for size in ours))
    for name, mine, other in zip(("1,000 x 10", "10,000 x 10"), ours, theirs):
        ratio = statistics.median(other) / statistics.median(mine)
        table.goal(f"{name}: {ratio:.0f} times faster than keepalived's reload (goal {goal})", ratio >= goal)


def measure(lab, options):
    table = Table("Programming IPVS", ["what", "1,000 x 10: min / median / max, s", "10,000 x 10, s"],
                  "Virtual services with ten real servers each, on a node that never had one. The bare loop is the least a program can "
                  "do: 1,000 messages a system call, no plan, no check. keepalived's and Lintel's starts are from the first instruction "
                  "until all is in the kernel, reading the configuration included.")
    small, large = 1000, 10000
    loops = [bare_loop(lab, small) for _ in range(7)], [bare_loop(lab, large) for _ in range(3)]
    table.add("bare netlink loop", spread(loops[0], digits=3), spread(loops[1], digits=3))
    runs = [LintelRun(lab, small) for _ in range(5)], [LintelRun(lab, large) for _ in range(2)]
    applies = [[run.apply for run in size] for size in runs]
    starts = [[run.start for run in size] for size in runs]
    table.add("Lintel, writing to the kernel", spread(applies[0], digits=3), spread(applies[1], digits=3))
    table.add("Lintel, start until all is there", spread(starts[0], digits=2), spread(starts[1], digits=2))
    restores = [ipvsadm(lab, small)], [ipvsadm(lab, large)]
    table.add("ipvsadm -R", spread(restores[0], digits=2), spread(restores[1], digits=2))
    peers = [keepalived_start(lab, small) for _ in range(3)], [keepalived_start(lab, large)]
    table.add("keepalived, start until all is there", *(spread([peer[0] for peer in size], digits=2) for size in peers))
    middle = statistics.median
    for name, index in (("1,000 x 10", 0), ("10,000 x 10", 1)):
        ratio = middle(applies[index]) / middle(loops[index])
        table.goal(f"{name}: writing takes {ratio:.2f} times the bare loop (goal 1.3)", ratio <= 1.3)
        table.goal(f"{name}: start is {middle(restores[index]) / middle(starts[index]):.1f} times faster than ipvsadm -R",
                   middle(starts[index]) < middle(restores[index]))
        ratio = middle([peer[0] for peer in peers[index]]) / middle(starts[index])
        table.goal(f"{name}: start is {ratio:.1f} times faster than keepalived's", ratio > 1)
    yield table

    change = Table("One changed server among them", ["what", "1,000 x 10, ms", "10,000 x 10, ms"],
                   "From the signal to reload until the kernel has the new server: min / median / max of several reloads in a row.")
    changes = [[seconds for run in size for seconds in run.changes] for size in runs]
    kernel = [[run.change_kernel * 1000 for run in size] for size in runs]
    compare_reloads(change, changes, [[seconds for peer in size for seconds in peer[1]] for size in peers], 20)
    change.add("... of it comparing with and writing to IPVS", *(spread(size, digits=2) for size in kernel))
    change.add("... netlink messages to IPVS", *(f"{run[0].change_messages:g}" for run in runs))
    change.goal(f"the same few messages whatever the size: {runs[0][0].change_messages:g} and {runs[1][0].change_messages:g}",
                runs[0][0].change_messages == runs[1][0].change_messages)
    yield change

    more = Table("One virtual server more among them", ["what", "1,000 x 10, ms", "10,000 x 10, ms"],
                 "From the signal to reload until the kernel has the last of its ten real servers. Lintel's nftables table has it by then, too.")
    additions = [[seconds for run in size for seconds in run.additions] for size in runs]
    compare_reloads(more, additions, [[seconds for peer in size for seconds in peer[2]] for size in peers], 1)
    yield more
    Program.kill_all(keep=list(lab.web_programs.values()))
