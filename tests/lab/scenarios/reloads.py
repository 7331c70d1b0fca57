# SPDX-License-Identifier: GPL-2.0-or-later
"""Any configuration after any other: what was in force leaves nothing behind, and what is in force is all there."""
import os
import random
import time

from lablib.config import WEBS, WEBS6, port, router, server
from lablib.lab import expect
from lablib.process import wait_until
from lablib.report import scenario

VIPS = tuple(f"10.77.0.{number}" for number in range(100, 105)) + ("fd77::100", "fd77::101")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "sh", "mh", "dh", "sed", "nq", "fo", "ovf")
ROUNDS = 40
SETTLED_S = 15  # IPVS is read each second, and a drain takes one


def maybe(rng, chance, **spec):
    return spec if rng.random() < chance else {}


def some_routers(rng, free):
    """{name: addresses} and the documents."""
    owned, documents = {}, []
    for place, name in enumerate(rng.sample(("front", "back", "aside"), rng.randint(1, 3))):
        owned[name] = [free.pop() for _ in range(rng.randint(1, 2))]
        documents.append(router(name, vrid=50 + place + rng.choice((0, 0, 10)), interval=rng.choice(("100ms", "200ms")),
                                addresses=[f"{vip}/{64 if ':' in vip else 24}" for vip in owned[name]],
                                **maybe(rng, .3, virtualMac=True), **maybe(rng, .3, syncGroup="edge"), **maybe(rng, .2, accept=False),
                                **maybe(rng, .3, preempt=True), **maybe(rng, .2, addressLifetime="0s")))
    return owned, documents


def some_ports(rng, vips, forwarding, taken):
    """Such as nobody has on these addresses; they are noted in `taken`."""
    ports = []
    for _ in range(rng.randint(1, 3)):
        protocol, first = rng.choice(("TCP", "UDP", "SCTP")), rng.choice((80, 443, 1000, 2000))
        last = first + rng.choice((0, 0, 0, 5, 100))
        if any(had == protocol and vip in vips and first <= end and begin <= last for had, vip, begin, end in taken):
            continue
        taken.extend((protocol, vip, first, last) for vip in vips)
        ports.append(port(first if first == last else (first, last), protocol, scheduler=rng.choice(SCHEDULERS),
                          to=8080 if forwarding == "nat" and rng.random() < .5 else 0))
    return ports


def some_configuration(rng):
    free, taken = list(VIPS), []
    rng.shuffle(free)
    owned, documents = some_routers(rng, free)
    for number in range(rng.randint(0, 6)):
        name = rng.choice(sorted(owned))
        vips = rng.sample(owned[name], rng.randint(1, len(owned[name])))
        forwarding = rng.choice(("nat", "nat", "nat", "direct", "tunnel"))
        ports = some_ports(rng, vips, forwarding, taken)
        webs = [{"address": web, "weight": rng.randint(0, 3)} for family, known in ((".", WEBS), (":", WEBS6))
                if any(family in vip for vip in vips) for web in rng.sample(known, rng.randint(1, 3))]
        if ports:
            documents.append(server(f"web{number}", router=name, addresses=vips, ports=ports, webs=webs, forwarding=forwarding,
                                    drainTimeout=rng.choice(("0s", "1s")),
                                    **(maybe(rng, .6, sourceNat={"mode": rng.choice(("auto", "none", "masquerade"))}) if forwarding == "nat" else {}),
                                    **maybe(rng, .3, persistence={"timeout": "300s"}), **maybe(rng, .3, sourceRanges=["10.0.0.0/8", "fd77::/64"])))
    return documents


@scenario("after each of forty random configurations nothing is left to plan, and at the end nothing has piled up", timeout=300)
def reloads(lab):
    seed = int(os.environ.get("SEED", 1))  # others are for who looks for more
    rng = random.Random(seed)
    node = lab.lb1.start([router(), server()], "--resync", "1s").wait_active()

    def files():
        return len(os.listdir(f"/proc/{node.program.process.pid}/fd"))

    def settled():
        return node.offline_code("plan", "--state-dir", node.state, node.configuration)[0] == 0
    before = files()
    for number in range(ROUNDS):
        documents = some_configuration(rng)
        node.configure(documents)
        time.sleep(rng.choice((0.05, 0.3, 1)))
        if rng.random() < .4:
            continue  # the next one comes while this one is being applied
        wait_until(f"seed {seed}, round {number}: nothing is left to plan", settled, seconds=SETTLED_S, every=0.5)
        expect(node.in_step(), f"seed {seed}, round {number}: {node.sources()}")
        wanted = {document["metadata"]["name"] for document in documents if document["kind"] == "VirtualRouter"}
        wait_until(f"seed {seed}, round {number}: the virtual routers are {wanted}", lambda w=wanted: {r["name"] for r in node.status()["routers"]} == w)
    node.configure([router(), server()])
    wait_until(f"seed {seed}: as many descriptors as at the beginning", lambda: files() <= before, seconds=SETTLED_S, every=0.5)
    node.stop()
    expect(node.kernel_is_clean(), node.diagnosis())
