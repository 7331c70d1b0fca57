#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows what Lintel is: two nodes hold an address and balance connections; the active one dies, is cut off, leaves; the client goes on.

Run by `make demo` through tests/lab/run. Exit code 0 only if the client went on every time.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from lablib.lab import Lab  # noqa: E402
from lablib.process import Failed, wait_until  # noqa: E402

VIP = "10.77.0.100"
CONFIGURATION = """\
apiVersion: lintel.io/v1alpha1
kind: VirtualRouter
metadata: {{name: front}}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses:
  - 10.77.0.100/24                                # what clients know
  - {{address: 10.78.0.254/24, interface: eth1}}    # what the web servers see as the source
  priority: {priority}
---
apiVersion: lintel.io/v1alpha1
kind: VirtualServer
metadata: {{name: web}}
spec:
  virtualRouter: front
  addresses: [10.77.0.100]
  ports:
  - {{name: http, port: 80, targetPort: 8080, protocol: TCP, scheduler: rr}}
  - {{name: dns, port: 53, targetPort: 5300, protocol: UDP, scheduler: rr}}
  forwarding: nat
  servers:
  - {{address: 10.78.0.21}}
  - {{address: 10.78.0.22}}
  - {{address: 10.78.0.23}}
"""
NETWORK = """\
                          .-- lb1 --.      .-- web1
    client ---- front ----|         |------|-- web2
           10.77.0.0/24   '-- lb2 --' back '-- web3
                                      10.78.0.0/24
"""
COLOUR = os.environ.get("LAB_COLOUR") == "1"
TICK_MS = 50
started = time.monotonic()
summary = []


def styled(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def headline(text):
    print("\n" + styled("1;36", f"== {text}") + "\n", flush=True)


def tell(text):
    print("   " + text.strip().replace("\n", "\n   "), flush=True)


def show(text):
    print(styled("2", "\n".join("   | " + line for line in text.rstrip().splitlines())), flush=True)


def shares(report):
    return "  ".join(f"{name} {'#' * count} {count}" for name, count in sorted(report.servers.items()))


def balance(lab):
    for title, protocol, number in (("12 TCP connections to port 80", "tcp", 80), ("12 UDP questions to port 53", "udp", 53)):
        report = lab.client.ask(protocol, VIP, number)
        tell(f"{title}: {shares(report)}" + ("" if report.lost == 0 else f"   LOST {report.lost}"))
        if report.lost or len(report.servers) != 3:
            raise Failed(f"not balanced: {report}")


def event(lab, title, happen, what_it_means):
    """Something happens to the active node while a client asks by UDP every 5 ms and connects by TCP every 25 ms."""
    headline(title)
    tell(what_it_means)
    timeline = ["--timeline", TICK_MS]
    with lab.client.watching("udp", VIP, 53, interval=5, options=timeline) as udp, \
            lab.client.watching("tcp", VIP, 80, interval=25, options=timeline) as tcp:
        time.sleep(0.5)
        before = lab.wait_settled()
        after = happen(before)
        after.wait_active()
        time.sleep(1)
    for name, probe in (("UDP", udp), ("TCP", tcp)):
        line = probe.report.get("timeline", "")
        tell(f"{name}, one character for {TICK_MS} ms (. answered, x not):\n  " + line.replace("x", styled("31", "x")))
        tell(f"  {probe.report['sent']} sent, {probe.report.lost} lost, longest silence {probe.report.gap_ms:.0f} ms")
    row = after.router()
    tell(f"{before.name} was active; now {after.name} is, because: {row['reason']}.")
    good = udp.report.gap_ms < 3000 and tcp.report.gap_ms < 3000
    summary.append((title, udp.report.lost, udp.report["sent"], udp.report.gap_ms, tcp.report.lost, tcp.report["sent"], good))


def kill(lab):
    def happen(active):
        active.kill()
        tell(f"{active.name}: kill -9 of the lintel process")
        return lab.other(active)
    return happen


def cut(lab):
    def happen(active):
        active.host.cut()
        tell(f"{active.name}: both cables pulled")
        return lab.other(active)
    return happen


def stop(lab):
    def happen(active):
        active.stop()
        tell(f"{active.name}: SIGTERM; it ended by itself")
        return lab.other(active)
    return happen


def hand_over(lab):
    def happen(active):
        tell(f"{active.name}: $ lintel failover front")
        show(active.lintel("failover", "front"))
        return lab.other(active)
    return happen


def bring_back(lab):
    """The node that went away returns, and disturbs nobody."""
    for node in lab.nodes:
        node.host.heal()
        if not node.program.running:
            node.start()
    active = lab.wait_settled()
    other = lab.other(active)
    other.wait_backup()
    wait_until("the returned node is prepared", other.ipvs)
    tell(f"{other.name} is back, and stays backup: it does not take the address from a node that serves.")


def run(lab):
    headline("Lintel: a highly available layer-4 load balancer in one program")
    tell("Seven machines, here as network namespaces on a real kernel. The client knows one address,\n"
         f"{VIP}. Whichever of lb1 and lb2 is active owns it, and spreads what arrives over three\nweb servers.")
    print(NETWORK, flush=True)
    tell("Each node gets this file and runs `lintel run` (lb2 with priority 100):")
    show(CONFIGURATION.format(priority=150))
    lab.lb1.start(CONFIGURATION.format(priority=150), wait=False)
    lab.lb1.wait_active(seconds=60)  # first: who is there first stays Active, whatever its priority
    lab.lb2.start(CONFIGURATION.format(priority=100), wait=False)
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.wait_answer("udp", VIP, 53)

    headline(f"Balanced answers, {time.monotonic() - started:.0f} s after the machines were switched on")
    balance(lab)
    tell("\nlb1 $ lintel status")
    show(lab.lb1.lintel("status"))
    tell("lb1 $ lintel list")
    show(lab.lb1.lintel("list"))
    lab.lb2.wait_backup()
    wait_until("lb2 is prepared", lab.lb2.ipvs)

    event(lab, "The active node's process is killed with SIGKILL", kill(lab),
          "The other node hears no more advertisements and takes the address over. On the dead node nobody\n"
          "renews the address any more, so its kernel drops it: no address is owned twice for long. Until the\n"
          "other node has taken over, that kernel goes on balancing; hence hardly anything is lost.")
    bring_back(lab)
    event(lab, "The active node is cut off the network", cut(lab),
          "All its cables are pulled at once.")
    bring_back(lab)
    event(lab, "The active node is stopped politely", stop(lab),
          "It hands over first and goes then: the successor owns the address before the leaver lets it go.")
    bring_back(lab)
    event(lab, "A planned failover", hand_over(lab),
          "The same without stopping anything, as before maintenance.")

    headline("What the client noticed")
    print(f"   {'':48} {'UDP lost':>12} {'silence':>9} {'TCP lost':>10}")
    for title, lost, sent, gap, tcp_lost, tcp_sent, good in summary:
        print(f"   {title:48} {f'{lost} of {sent}':>12} {f'{gap:.0f} ms':>9} {f'{tcp_lost} of {tcp_sent}':>10}" + ("" if good else "   <-- TOO LONG"))
    balance(lab)
    tell(f"\nThe client went on through all of it. ({time.monotonic() - started:.0f} s)")
    return 0 if all(row[-1] for row in summary) else 1


def main():
    lab = Lab()
    try:
        return run(lab)
    except Failed as problem:
        print(f"\nThe demo failed: {problem}\n{lab.diagnosis()}", flush=True)
        return 1
    finally:
        lab.close()


if __name__ == "__main__":
    sys.exit(main())
