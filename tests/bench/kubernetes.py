# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster as the source: from an event to the kernel, a cold start, and what the API server is asked."""
import contextlib
import functools
import http.client
import json
import mmap
import os
import pathlib
import statistics
import struct
import time

import programming
from lablib import config
from lablib.process import Program, fresh_directory, wait_until
from table import Table, percentile

TOOLS = pathlib.Path(programming.LOOP).parent
SERVICES = "/api/v1/services"
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
LISTS = {  # what Lintel follows: path -> (apiVersion, kind)
    "/api/v1/namespaces": ("v1", "Namespace"), "/api/v1/nodes": ("v1", "Node"), SERVICES: ("v1", "Service"), "/api/v1/configmaps": ("v1", "ConfigMap"),
    SLICES: ("discovery.k8s.io/v1", "EndpointSlice"), "/apis/lintel.io/v1alpha1/virtualrouters": ("lintel.io/v1alpha1", "VirtualRouter"),
    "/apis/lintel.io/v1alpha1/addresspools": ("lintel.io/v1alpha1", "AddressPool"),
    "/apis/lintel.io/v1alpha1/virtualservers": ("lintel.io/v1alpha1", "VirtualServer"),
    "/apis/coordination.k8s.io/v1/leases": ("coordination.k8s.io/v1", "Lease"), "/apis/events.k8s.io/v1/events": ("events.k8s.io/v1", "Event")}
ENDPOINTS = 10
EVENTS, ROUNDS = 100, 5
PORT = 6443
PER_ADDRESS = 100  # Services that share an address
STAMPS = struct.Struct("=Q4096q")


# --- objects, as an API server says them ---

def _managed(manager, fields):
    return [{"manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields}]


def service_address(number):
    return f"10.77.1.{number // PER_ADDRESS + 1}"


def service(number):
    """One that has been served before: its address is on record, and its status needs no word more."""
    name, port = f"s{number:05d}", {"port": 10000 + number % PER_ADDRESS, "protocol": "TCP"}
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "default", "uid": f"10000000-0000-4000-8000-{number:012d}", "creationTimestamp": "2026-01-01T00:00:00Z",
                         "labels": {"app": name}, "finalizers": ["lintel.io/cleanup"], "annotations": {"lintel.io/allow-shared-address": f"a{number // PER_ADDRESS}"},
                         "managedFields": _managed("kubectl", {"f:spec": {"f:ports": {".": {}}, "f:selector": {}, "f:type": {}}})},
            "spec": {"type": "LoadBalancer", "loadBalancerClass": "lintel.io/lintel", "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"],
                     "selector": {"app": name}, "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
                     "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster",
                     "ports": [{"name": "http", "targetPort": 8080, **port}]},
            "status": {"loadBalancer": {"ingress": [{"ip": service_address(number), "ipMode": "Proxy", "ports": [port]}]},
                       "conditions": [{"type": "lintel.io/Ready", "status": "True", "reason": "Served", "message": "",
                                       "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}


def endpoint(number, index, ends):
    pod = number * ENDPOINTS + index
    return {"addresses": [f"10.{128 + (pod >> 16)}.{pod >> 8 & 255}.{pod & 255}"],
            "conditions": {"ready": not ends, "serving": True, "terminating": ends}, "nodeName": f"worker-{pod % 100:03d}",
            "targetRef": {"kind": "Pod", "name": f"s{number:05d}-5d4c8f7b9-{index:05d}", "namespace": "default",
                          "uid": f"20000000-0000-4000-8000-{pod:012d}"}}


def endpoint_slice(number, ends=False):
    name = f"s{number:05d}"
    return {"addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-x7k2p", "namespace": "default", "uid": f"30000000-0000-4000-8000-{number:012d}", "generation": 2,
                         "creationTimestamp": "2026-01-01T00:00:00Z", "generateName": f"{name}-",
                         "labels": {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": name},
                         "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z"},
                         "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": name, "controller": True, "blockOwnerDeletion": True,
                                              "uid": f"10000000-0000-4000-8000-{number:012d}"}],
                         "managedFields": _managed("kube-controller-manager", {"f:addressType": {}, "f:endpoints": {}, "f:ports": {}})},
            "endpoints": [endpoint(number, index, ends and index == 0) for index in range(ENDPOINTS)],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}


def base(lab):
    yield "/api/v1/namespaces", {"metadata": {"name": "kube-system", "uid": "40000000-0000-4000-8000-000000000000"}}
    for node in lab.nodes:
        yield "/api/v1/nodes", {"metadata": {"name": node.name}, "spec": {},
                                "status": {"conditions": [{"type": "Ready", "status": "True"}],
                                           "addresses": [{"type": "InternalIP", "address": node.host.front}]}}
    yield "/apis/lintel.io/v1alpha1/virtualrouters", {
        "metadata": {"name": "cluster"}, "spec": {"virtualRouterId": 52, "interface": "eth0", "addresses": ["10.77.0.99/24"]}}
    yield "/apis/lintel.io/v1alpha1/addresspools", {
        "metadata": {"name": "public"}, "spec": {"virtualRouter": "cluster", "addresses": ["10.77.1.1-10.77.2.254"]}}


class Api:
    """The API server, on the client's machine in front."""

    def __init__(self, lab, count, *options):
        directory = fresh_directory("api")
        self.host, self.count = lab.client.host, count
        self.ended = set()  # Services whose first endpoint ends
        with open(directory / "objects", "w", encoding="utf-8") as file:
            for path, (version, kind) in LISTS.items():
                file.write(json.dumps({"path": path, "apiVersion": version, "kind": kind}) + "\n")
            for path, obj in base(lab):
                version, kind = LISTS[path]
                file.write(json.dumps({"path": path, "apiVersion": version, "kind": kind, **obj}) + "\n")
            for obj in map(service, range(count)):
                file.write(json.dumps({"path": SERVICES, **obj}) + "\n")
            for number in range(count):
                file.write(json.dumps({"path": SLICES, **endpoint_slice(number)}) + "\n")
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url}}], "users": [{"name": "u", "user": {}}]}), encoding="utf-8")
        self.program = Program(self.host, "apibench", [TOOLS / "apibench", self.host.front, PORT, directory / "objects", *options])
        wait_until("the API server is ready", lambda: "ready" in self.program.log(), seconds=120)
        with self.host.inside():
            self.connection = http.client.HTTPConnection(self.host.front, PORT)
            self.connection.connect()

    @property
    def url(self):
        return f"http://{self.host.front}:{PORT}"

    def ask(self, method, path, obj=None):
        self.connection.request(method, path, None if obj is None else json.dumps(obj))
        answer = self.connection.getresponse()
        return json.loads(answer.read()), answer.getheader("X-Written")

    def change(self, number):
        """The first endpoint of a Service ends, or is back; when that was written to those who watch, us."""
        self.ended ^= {number}
        obj = endpoint_slice(number, number in self.ended)
        return int(self.ask("PUT", f"{SLICES.removesuffix('/endpointslices')}/namespaces/default/endpointslices/{obj['metadata']['name']}", obj)[1])

    def requests(self):
        """What it was asked by others, a line each."""
        return [line for line in self.program.log().splitlines() if not line.startswith("PUT /apis/discovery")]

    def quiet(self, seconds=2):
        """Waits until nothing but leases was asked for, for a while."""
        def asked():
            return sum(1 for line in self.requests() if "/leases" not in line)
        before, since = asked(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.2)
            if (now := asked()) != before:
                before, since = now, time.monotonic()

    def stop(self):
        self.connection.close()
        self.program.kill()


@functools.cache
def clock():
    """For the environment of who is measured: clocks as they are elsewhere, by stamp.so."""
    return {"LD_PRELOAD": str(TOOLS / "stamp.so"), "TICKS": str(fresh_directory("ticks") / "first")}


def curl():
    return ["env", *(f"{name}={value}" for name, value in clock().items()), "curl", "-s"]


class Stamps:
    """When entries were in the kernel, by stamp.so."""

    def __init__(self):
        self.path = fresh_directory("stamps") / "ring"
        self.env = clock() | {"STAMPS": str(self.path)}
        self.map = None

    def read(self):
        """(how many there were, the last one in us)"""
        if self.map is None:
            with contextlib.suppress(OSError, ValueError), open(self.path, "rb") as file:
                self.map = mmap.mmap(file.fileno(), STAMPS.size, prot=mmap.PROT_READ)
            if self.map is None:
                return 0, 0
        count, = struct.unpack_from("=Q", self.map)
        return count, struct.unpack_from("=q", self.map, 8 + 8 * ((count - 1) % 4096))[0]


# --- from an event to the kernel ---

@contextlib.contextmanager
def standing_back(api):
    """Who changes things, and the API server, would be other machines: here they get the processor when nobody else wants it."""
    pids = (0, api.program.process.pid)
    for pid in pids:
        os.setpriority(os.PRIO_PROCESS, pid, 19)
    try:
        yield
    finally:
        for pid in pids:
            os.setpriority(os.PRIO_PROCESS, pid, 0)


def event_times(api, stamps):
    """Milliseconds from an event to its entry, for events of one Service after the other."""
    found = []
    for number in range(EVENTS):
        before = stamps.read()[0]
        written = api.change(number * 7919 % api.count)
        wait_until("the kernel has it", lambda b=before: stamps.read()[0] > b, seconds=20, every=0.005)
        found.append((stamps.read()[1] - written) / 1000)
        time.sleep(0.1)
    return found


class LintelRun:
    def __init__(self, lab, count, *options, documents=None, other=None, api=None):
        """With `documents` a virtual router of files as well, and with `other` the other node, that has these."""
        self.node, self.stamps = programming.fresh(lab), Stamps()
        self.api = api or Api(lab, count, *options)
        if documents:
            self.node.configure(documents)
            lab.lb2.start(other, env=clock()).wait_active()
        begun = time.monotonic()
        self.node.start(None, "--kubernetes", "--kubeconfig", self.api.kubeconfig, "--resync", "1h", "--log-level", "info", wait=False, env=self.stamps.env)
        self.start = self._seconds_until_programmed(begun)

    def _seconds_until_programmed(self, begun):
        """By the last message to IPVS; whether all is there is looked at when no more come, as looking costs much."""
        def settled():
            before = self.stamps.read()[0]
            time.sleep(0.5)
            return self.stamps.read()[0] == before > 0 and programming.complete(self.node.host, self.api.count)
        wait_until("lintel has programmed all", settled, seconds=120, every=0.2)
        return self.stamps.read()[1] / 1e6 - begun

    def give_way(self):
        """A loop that reads and sends in Lintel's place, which is killed: the kernel has the same tables, services and real servers."""
        self.node.program.kill()
        stamps = Stamps()
        watches = self._watches()
        loop = Program(self.node.host, "follow", ["env", *(f"{k}={v}" for k, v in stamps.env.items()), programming.LOOP,
                                                  "follow", self.api.host.front, PORT, SLICES, service_address(0), PER_ADDRESS])
        wait_until("the loop watches", lambda: self._watches() > watches)
        return loop, stamps

    def _watches(self):
        return sum(1 for line in self.api.requests() if SLICES in line and "watch=" in line)

    def peak_mb(self):
        status = pathlib.Path(f"/proc/{self.node.program.process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def stop(self):
        self.node.program.kill()
        self.api.stop()


def events_of(lab, count):
    """Of one start: (milliseconds of the bare loop, of Lintel, what Lintel asked the API server meanwhile)."""
    run = LintelRun(lab, count)
    run.api.quiet()
    before = len([line for line in run.api.requests() if "/leases" not in line])
    with standing_back(run.api):
        ours = event_times(run.api, run.stamps)
    run.api.quiet()
    asked = len([line for line in run.api.requests() if "/leases" not in line]) - before
    loop, stamps = run.give_way()
    with standing_back(run.api):
        bare = event_times(run.api, stamps)
    loop.kill()
    run.stop()
    return bare, ours, asked


def measure_events(lab, sizes=(10, 1000, 10000)):
    table = Table("From an EndpointSlice event to the kernel", ["Services", "bare loop: median / 99 %, ms", "Lintel: median / 99 %, ms", "requests a change"],
                  f"{EVENTS} events of each of {ROUNDS} starts, one in 100 ms: an endpoint of a Service ends or is back, so the weight of a real server changes. "
                  "One start of each size, then another of each, as the same program on the same machine is a fifth slower now than a minute later. From the write of "
                  "the API server to the return of the netlink message, both under the same preloaded clock (which is no system call for either, as it is none outside of User Mode Linux); the API server and who makes the changes, "
                  "which would be other machines, have the lowest priority. The bare loop reads the same line "
                  "and sends the same message: no JSON is decoded, nothing is looked at in the kernel, nothing kept. It does so on the same node, "
                  "in the place of Lintel, which is killed: what it has put into the kernel (nftables, connection tracking, IPVS) stays, and the line "
                  "takes the same way through it.")
    starts = [(count, events_of(lab, count)) for _ in range(ROUNDS) for count in sizes]
    middles = {}
    for count in sizes:
        bare, ours, asked = zip(*(found for size, found in starts if size == count))
        bare, ours = sum(bare, []), sum(ours, [])
        middles[count] = statistics.median(bare), statistics.median(ours)
        table.add(f"{count:,}", *(f"{statistics.median(t):.2f} / {percentile(t, 0.99):.2f}" for t in (bare, ours)), f"{sum(asked) / len(ours):.2f}")
        ratio = middles[count][1] / middles[count][0]
        table.goal(f"{count:,} Services: {ratio:.1f} times the bare loop (goal 2)", ratio <= 2)
    bare, ours = (middles[sizes[-1]][who] / middles[sizes[0]][who] for who in (0, 1))
    table.goal(f"with {sizes[-1]:,} Services it takes {ours:.2f} times as long as with {sizes[0]:,} (goal: no growth beyond noise, 1.3), "
               f"the bare loop {bare:.2f} times", ours <= 1.3)
    return table


# --- a cold start ---

def curl_lists(lab, api):
    """Seconds to fetch what Lintel lists, in its pages of 500, over one connection."""
    urls = []
    for path in LISTS:
        pages = range(0, api.count, 500) if path in (SERVICES, SLICES) else [0]
        urls += [f"{api.url}{path}?limit=500" + (f"&continue={at}" if at else "") for at in pages]
    begun = time.monotonic()
    lab.lb1.host.run(*curl(), "--fail", *(word for url in urls for word in ("-o", "/dev/null", url)))
    return time.monotonic() - begun


def fast_router():
    """Documents of two nodes with a virtual router at 10 ms: who is to be Active, and the other."""
    other = config.router(interval="10ms", addresses=["10.77.0.100/24"])
    return [other | {"spec": other["spec"] | {"priority": 150, "preempt": True}}], [other]


def advertised(lab, node):
    """(how late the latest advertisement was, in ms; how often the other node took over though nothing had failed)"""
    wait_until("the first one is Active", lambda: node.is_active("front"), seconds=60)
    late = node.router("front")["counters"]["latenessMaxSeconds"] * 1000
    return late, lab.lb2.router("front")["counters"]["becameActive"] - 1


def at_rest(lab, table, seconds):
    """What the machine does to one that has nothing to do: a guest that its host stops is late, whatever runs in it."""
    first, other = fast_router()
    node = programming.fresh(lab)
    node.configure(first)
    lab.lb2.start(other, env=clock()).wait_active()
    node.start(None, wait=False)
    wait_until("it is Active", lambda: node.is_active("front"), seconds=60)
    time.sleep(seconds)
    late, false = advertised(lab, node)
    node.program.kill()
    table.add("nothing to read, as long", f"{seconds:.2f}", "", "", "", f"{late:.2f}", str(false))


def cold_start(lab, count, table, name, *options):
    first, other = fast_router()
    run = LintelRun(lab, count, *options, documents=first, other=other)
    fetches = [curl_lists(lab, run.api) for _ in range(3)]
    fetch = statistics.median(fetches)
    peak, (late, false) = run.peak_mb(), advertised(lab, run.node)
    table.add(name, f"{run.start:.2f}", f"{fetch:.2f}", f"{run.start / fetch:.1f}", f"{peak:.0f}", f"{late:.2f}", str(false))
    table.goal(f"{name}: {peak:.0f} MB at its peak (goal 150)", peak < 150)
    table.goal(f"{name}: no false failover at 10 ms: {false}, the latest advertisement {late:.1f} ms late", false == 0 and late < 30)
    return run


def measure_start(lab, count=10000):
    table = Table(f"Cold start with {count:,} Services of ten endpoints",
                  ["", "until all is programmed, s", "curl of the same lists, s", "times", "peak memory, MB", "latest advertisement, ms late", "false failovers"],
                  f"From the first instruction to the last message to IPVS; {PER_ADDRESS} Services share an address, which is on record. A virtual router at 10 ms from a file "
                  "is Active meanwhile, another node listens. curl fetches all pages over one connection and throws them away. The stand-in has them ready, as bytes, "
                  "which no API server has: so how many times as long as curl it takes is judged with a real one, in the next table. The last row shows how late "
                  "advertisements are with nothing to read: that is the machine's share.")
    for name, options in (("streamed lists", ()), ("pages of 500", ("no-streaming",))):
        run = cold_start(lab, count, table, name, *options)
        run.stop()
    at_rest(lab, table, run.start)
    return table


# --- at rest ---

def measure_rest(lab, count=10, seconds=120):
    table = Table("What the API server is asked", ["", "requests"], f"One instance, {count} Services; over {seconds} s.")
    run = LintelRun(lab, count)
    run.api.quiet()
    before = run.api.requests()
    time.sleep(seconds)
    lines = run.api.requests()[len(before):]
    run.stop()
    leases = sum(1 for line in lines if "/leases" in line)
    table.add("to start", str(len(before)))
    table.add("at rest, an hour", f"{len(lines) * 3600 / seconds:.0f}")
    table.add("... of it to renew leases", f"{leases * 3600 / seconds:.0f}")
    return table


def measure(lab, options):
    yield measure_events(lab)
    yield measure_start(lab)
    yield measure_rest(lab)
