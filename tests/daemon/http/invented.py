# SPDX-License-Identifier: GPL-2.0-or-later
"""What an invented daemon says over /api/v1, in the shapes of docs/json.md."""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent


def calm():
    """A daemon with nothing wrong: Active for one virtual router, Backup for another."""
    status = json.loads((HERE / "replication.json").read_text(encoding="utf-8"))
    front = status["routers"][0]
    front["peers"][0].update(heardSecondsAgo=0.4, checksum="rfc9568")
    front["addresses"].append("2001:db8:77::100/64")
    back = dict(front, name="back", virtualRouterId=52, interface="eth1", state="Backup", reason="a higher priority was heard", sinceSeconds=4211.5,
                priority=100, active={"address": "10.77.0.12", "priority": 200}, addresses=["10.77.1.100/24"], addressesOwned=1, addressesPresent=0,
                transitions=[{"secondsAgo": 4211.5, "from": "Active", "to": "Backup", "reason": "a higher priority was heard", "peer": "10.77.0.12"},
                             {"secondsAgo": 9000, "from": "Backup", "to": "Active", "reason": "the Active resigned", "peer": "10.77.0.12"},
                             {"secondsAgo": 11523.1, "from": "Initialize", "to": "Backup", "reason": "it was started", "peer": None}])
    front["transitions"][0]["secondsAgo"] = front["sinceSeconds"] = 3722.8
    status["routers"].append(back)
    status["replication"]["peers"].pop()
    status["replication"]["routers"][1].update(step="in-step", inStep=True, lagRecords=0, lagSeconds=0, preemptionHeld=False)
    status["kubeProxy"] = {"mode": "none", "problems": []}
    status["stateDirectory"] = {"path": "/var/lib/lintel", "problems": []}
    status["capacity"] = {"trackedConnections": 1893, "trackedConnectionsMax": 262144, "trackedBuckets": 262144, "ipvsConnections": 1734,
                          "ipvsBuckets": 262144, "problems": []}
    return status


def tracking():
    """calm(), where something is the matter with what priorities depend on; the words are those of a golden status."""
    told = calm()
    golden = json.loads((HERE.parent / "golden" / "status-tracking.json").read_text(encoding="utf-8"))
    told["routers"] += golden["routers"]
    return told


def status(vips=0):
    """One with some things wrong."""
    status = calm()
    status["routers"].append(dict(status["routers"][0], name="inside", virtualRouterId=7, interface="eth1", state="Initialize",
                                  reason="an interface it needs is down", problem="eth1 is down", addresses=[], addressesOwned=0, addressesPresent=0,
                                  peers=[], transitions=[]))
    status["replication"] = json.loads((HERE / "replication.json").read_text(encoding="utf-8"))["replication"]
    status["sources"][0].update(inStep=False, problems=[
        "/etc/lintel/web.yaml:12: VirtualServer default/web: spec.ports[0].scheduler: 'rrr' is no scheduler, did you mean 'rr'?"])
    status["sysctls"].append({"name": "net.ipv4.vs.expire_nodest_conn", "value": "0", "wanted": "1", "inForce": False, "why": "",
                              "problem": "net.ipv4.vs.expire_nodest_conn should be 1, but it is 0 and cannot be set: Read-only file system"})
    if vips:
        status["routers"][0]["addresses"] = [f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}/32" for i in range(vips)]
    return status


def check(address, port, **more):
    return {"type": "http", "target": f"{address}:{port}", "state": "up", "result": "ok", "why": "", "sinceSeconds": 11489.2, "lastSecondsAgo": 0.8,
            "latencySeconds": 0.0021, "checks": 5744, "failures": 0, "transitions": 1} | more


def real(address, port, **more):
    return {"address": address, "port": port, "weight": 1, "forwarding": "nat", "activeConnections": 12, "inactiveConnections": 40,
            "persistentConnections": 3, "state": "ready", "stateSeconds": None, "reason": "", "drainSecondsLeft": None,
            "check": check(address, port), "stats": {},
            "rates": {"connections": 6, "packetsIn": 40, "packetsOut": 40, "bytesIn": 3000, "bytesOut": 490000}, **more}


def virtual(namespace, name, address, port, servers, rate, factor=1, **more):
    return {"namespace": namespace, "name": name, "router": "front", "address": address, "port": port, "portEnd": port, "mark": 0,
            "protocol": "TCP", "scheduler": "rr", "flags": [], "forwarding": "nat", "sourceNat": "auto", "persistenceSeconds": 0,
            "draining": False, "health": None, "stats": {},
            "rates": {"connections": rate * factor, "packetsIn": rate * 8 * factor, "packetsOut": rate * 8 * factor, "bytesIn": rate * 612 * factor,
                      "bytesOut": rate * 98765 * factor}, "servers": servers, **more}


def servers(calm=False, factor=1):
    web = [real("10.78.0.21", 8080), real("10.78.0.22", 8080), real("10.78.0.23", 8080)]
    found = [
        virtual("default", "web6", "2001:db8:77::100", 443, [real("2001:db8:78::21", 8443), real("2001:db8:78::22", 8443)], 4, factor),
        virtual("default", "dns", "10.77.0.100", 53, [real("10.78.0.21", 53, check=None), real("10.78.0.22", 53, check=None)], 3, factor, protocol="UDP"),
        virtual("voice", "media", "10.77.0.101", 16384, [real("10.78.0.31", 0, check=None, activeConnections=0, inactiveConnections=1000000)], 2, factor,
                portEnd=16483, mark=4097, protocol="UDP", scheduler="sh", forwarding="tunnel"),
        virtual("default", "web", "10.77.0.100", 80, web, 12, factor),
    ]
    web[0]["check"].update(transitions=3, sinceSeconds=5400.5)
    if not calm:
        web[1].update(state="draining", weight=0, stateSeconds=18.7, reason="wanted no more", drainSecondsLeft=41.3, check=None)
        web[2].update(state="down", weight=0, stateSeconds=75, reason="http: HTTP status 503",
                      check=check("10.78.0.23", 8080, state="down", result="status", why="HTTP status 503", sinceSeconds=75.2, transitions=2))
        found.append(virtual("default", "empty", "10.77.0.102", 8080, [], 1, factor))
    return {"virtualServers": found, "foreignServices": 2}


def many(count):
    """Services with three real servers each."""
    return {"virtualServers": [virtual("default", f"svc-{i:05}", f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", 80,
                                       [real(f"10.200.{i >> 8 & 255}.{j}", 8080) for j in range(3)], i % 97) for i in range(count)],
            "foreignServices": 0}
