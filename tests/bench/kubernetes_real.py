# SPDX-License-Identifier: GPL-2.0-or-later
"""A cold start beside curl with a real kube-apiserver and its etcd, where KUBEBUILDER_ASSETS names a folder with them."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import statistics
import sys
import time

import kubernetes
import programming
from lablib.process import fresh_directory, wait_until
from table import Table, spread

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "k8s"))
import apiserver_real  # noqa: E402  pylint: disable=wrong-import-position

apiserver_real.PATIENCE_S = 300
AT_ONCE = 100  # objects, into etcd
OPTIONS = ("--storage-media-type=application/json", "--feature-gates=APIServerIdentity=false")  # a guest's host name is none that it would take
ROUNDS = 8  # even: curl and Lintel are first as often as each other
NAME = "kubernetes.default.svc"  # of the server, in its certificate
LISTS = {  # what Lintel follows, as it asks for it
    "/api/v1/nodes": "", "/api/v1/services": "", "/api/v1/configmaps": "labelSelector=app%3Dloadbalancer",
    "/apis/discovery.k8s.io/v1/endpointslices": "", "/apis/lintel.io/v1alpha1/virtualrouters": "",
    "/apis/lintel.io/v1alpha1/addresspools": "", "/apis/lintel.io/v1alpha1/virtualservers": ""}
STREAMED = "watch=1&allowWatchBookmarks=true&timeoutSeconds=400&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"


class Api:
    """The API server, on the client's machine in front, with its objects; for all runs."""

    def __init__(self, lab, count):
        self.lab, self.host, self.count = lab, lab.client.host, count
        lab.lasting.add(self.host)
        self.server = apiserver_real.Server(custom=True, address=self.host.front, within=self.host.inside, options=OPTIONS,
                                            fill=self.fill).__enter__()
        self.server.give_roles()
        self.folder = fresh_directory("real")
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self.server.kubeconfig(direct=True, cluster={"tls-server-name": NAME})), encoding="utf-8")
        for path, obj in kubernetes.base(lab):
            version, kind = kubernetes.LISTS[path]
            if obj["metadata"]["name"] != "kube-system":
                self.server.store.put({"apiVersion": version, "kind": kind, **obj})
        self.settle()

    def fill(self, port):
        """Straight into etcd, which takes seconds and not minutes. What is asked for comes out of the API server's memory."""
        etcd = http.client.HTTPConnection("127.0.0.1", port)
        entries = [entry for made in (ip_address, kept_service, kept_slice) for entry in map(made, range(self.count))]
        for first in range(0, len(entries), AT_ONCE):
            puts = [{"request_put": {"key": encoded(key), "value": encoded(json.dumps(value))}} for key, value in entries[first:first + AT_ONCE]]
            etcd.request("POST", "/v3/kv/txn", json.dumps({"success": puts}))
            answer = etcd.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"etcd: {answer.status} {text[:300]}")
        etcd.close()

    def begin_with(self, *options):
        self.server.begin_with(*OPTIONS, *options)
        self.settle()

    def streams(self):
        """Whether it streams lists."""
        return self.server.ask("GET", f"/api/v1/nodes?{STREAMED.replace('timeoutSeconds=400', 'timeoutSeconds=1')}")[0] == 200

    def settle(self):
        """Until the API server has nothing to do by itself and no garbage to collect, which it does after every few lists: then whoever asks next
        waited for what others had left."""
        def rests():
            before = self.used()
            time.sleep(2)
            return self.used() - before < 0.2
        wait_until("the API server rests", rests, seconds=120, every=0)
        status, answer = self.server.ask("GET", "/debug/pprof/heap?gc=1", timeout=120)
        if status != 200:
            raise RuntimeError(f"the API server does not collect its garbage: {status} {answer}")
        wait_until("the API server rests", rests, seconds=120, every=0)

    def used(self):
        """Seconds of the processor that the API server and its etcd have had."""
        return sum(sum(map(int, pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[11:13]))
                   for process in (self.server.api, self.server.etcd)) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Of a run, nothing; close() does."""

    def close(self):
        self.server.__exit__()
        self.lab.lasting.discard(self.host)


# --- objects, as they lie in etcd ---

def encoded(text):
    return base64.b64encode(text.encode()).decode()


def cluster_address(number):
    return f"10.96.{number // 250 + 1}.{number % 250 + 1}"


def ip_address(number):
    """What the API server makes of a cluster's address that it gives away: without, it would find and mend it meanwhile."""
    address = cluster_address(number)
    return f"/registry/ipaddresses/{address}", {
        "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
        "metadata": {"name": address, "uid": f"50000000-0000-4000-8000-{number:012d}", "creationTimestamp": "2026-01-01T00:00:00Z",
                     "labels": {"ipaddress.kubernetes.io/ip-family": "IPv4", "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}},
        "spec": {"parentRef": {"group": "", "resource": "services", "namespace": "default", "name": f"s{number:05d}"}}}


def kept_service(number):
    service = kubernetes.service(number)
    address = cluster_address(number)
    service["spec"] |= {"clusterIP": address, "clusterIPs": [address], "allocateLoadBalancerNodePorts": False}
    return f"/registry/services/specs/default/{service['metadata']['name']}", service


def kept_slice(number):
    endpoints = kubernetes.endpoint_slice(number)
    return f"/registry/endpointslices/default/{endpoints['metadata']['name']}", endpoints


# --- curl, asking as Lintel asks ---

def curl(api):
    there = f"https://{NAME}:{api.server.port}"
    return there, [*kubernetes.curl(), "--http1.1", "--cacert", api.server.folder / "certs/apiserver.crt", "--connect-to", f"::{api.host.front}:{api.server.port}",
                   "-H", f"Authorization: Bearer {api.server.program_token}", "-H", "Accept: application/json",
                   "-A", "lintel"]  # who calls himself curl is given twice as much, in lines to be read by people


def pages_of(api):
    """The pages that there are: a page says how the next one is asked for, and keeps its word for minutes."""
    for path, query in LISTS.items():
        more = ""
        while more is not None:
            target = f"{path}?" + "&".join(word for word in (query, "limit=500", more) if word)
            yield target
            _, answer = api.server.ask("GET", target)
            token = answer["metadata"].get("continue")
            more = f"continue={token}" if token else None


def curl_pages(lab, api):
    targets = list(pages_of(api))
    api.settle()
    there, command = curl(api)
    begun = time.monotonic()
    lab.lb1.host.run(*command, "--fail", "--compressed", *(word for target in targets for word in ("-o", "/dev/null", there + target)))
    return time.monotonic() - begun


def curl_streams(lab, api):
    """A stream goes on for ever: who reads it hangs up after the word that the list is whole."""
    there, command = curl(api)
    words, readers = [], []
    api.settle()
    with lab.lb1.host.inside():
        for number, (path, query) in enumerate(LISTS.items()):
            pipe = api.folder / f"stream-{number}"
            with contextlib.suppress(FileExistsError):
                os.mkfifo(pipe)
            readers.append(lab.lb1.host.popen(["grep", "-q", "-m1", "k8s.io/initial-events-end", pipe]))
            words += ["-o", pipe, f"{there}{path}?" + "&".join(word for word in (query, STREAMED) if word)]
    begun = time.monotonic()
    log = api.folder / "curl.log"
    with open(log, "wb") as file:
        client = lab.lb1.host.popen([*command, "-S", "-N", "-Z", "--parallel-immediate", *words], stderr=file)
    for reader in readers:
        if reader.wait(timeout=120):
            raise RuntimeError(f"a streamed list ended before it was whole: {client.poll()} {log.read_text(errors='replace')[-1000:]}")
    seconds = time.monotonic() - begun
    client.kill()
    client.wait()
    return seconds


# --- a cold start ---

def beside_curl(lab, api, fetch):
    """What the API server at work does to a Lintel that doesn't ask it, as all share the processor: as kubernetes.advertised()."""
    first, other = kubernetes.fast_router()
    node = programming.fresh(lab)
    node.configure(first)
    lab.lb2.start(other, env=kubernetes.clock()).wait_active()
    node.start(None, wait=False)
    wait_until("it is Active", lambda: node.is_active("front"), seconds=60)
    for _ in range(ROUNDS):
        fetch(lab, api)
    found = kubernetes.advertised(lab, node)
    node.program.kill()
    return found


def cold_starts(lab, api, table, name, fetch):
    first, other = kubernetes.fast_router()
    fetch(lab, api)  # once for nothing: what the server keeps is warm
    fetches, starts, shares, peaks, lates, falses = [], [], [], [], [], []

    def curl_fetches():
        fetches.append(fetch(lab, api))

    def lintel_starts():
        api.settle()
        before = api.used()
        run = kubernetes.LintelRun(lab, api.count, api=api, documents=first, other=other)
        shares.append((api.used() - before) / run.start)
        late, false = kubernetes.advertised(lab, run.node)
        starts.append(run.start)
        peaks.append(run.peak_mb())
        lates.append(late)
        falses.append(false)
        run.stop()

    for number in range(ROUNDS):
        for turn in (lintel_starts, curl_fetches) if number % 2 else (curl_fetches, lintel_starts):
            turn()
        late, false = lates[-1], falses[-1]
        print(f"# {name}: curl {fetches[-1]:.2f} s, Lintel {starts[-1]:.2f} s, {late:.1f} ms late, {false} false failovers", flush=True)
    ratios = [start / seconds for start, seconds in zip(starts, fetches)]
    ratio = statistics.median(ratios)
    table.add(name, spread(starts, digits=2), spread(fetches, digits=2), spread(ratios, digits=2), f"{statistics.median(shares) * 100:.0f} %",
              f"{max(peaks):.0f}", spread(lates, digits=1), str(sum(falses)))
    table.goal(f"{name}: {ratio:.2f} times as long as curl (goal 2)", ratio <= 2)
    table.goal(f"{name}: {max(peaks):.0f} MB at its peak (goal 150)", max(peaks) < 150)
    late, false = beside_curl(lab, api, fetch)
    table.add(f"{name}, only curl asks", "", "", "", "", "", f"{late:.1f} at most", str(false))
    table.goal(f"{name}: no false failover at 10 ms: {sum(falses)} in {ROUNDS} starts, the latest advertisement {max(lates):.1f} ms late "
               f"(while only curl asks: {false}, {late:.1f} ms)", sum(falses) == 0 and max(lates) < 30)


def measure(lab, options, count=10000):
    table = Table(f"Cold start with {count:,} Services of ten endpoints, and a real API server",
                  ["", "until all is programmed, s: min / median / max", "curl of the same lists, s", "times", "of it the API server works",
                   "peak memory, MB", "advertisements late, ms", "false failovers"],
                  f"As above, with kube-apiserver and etcd in the stand-in's place, over TLS; they share the one processor with who asks, at the same priority. "
                  f"{ROUNDS} times, curl and Lintel in turn, each first in every other round, once the API server has collected its garbage and rests. What is "
                  "listed is in its memory since a first list that doesn't count. curl asks for what Lintel asks for: the same pages, compressed as Lintel "
                  "has them, over one connection and thrown away; or the same streams, side by side, each through a pipe to a grep that ends when the list is "
                  "whole, as a stream doesn't end by itself. Both have the preloaded clock, as above. The times are those of each round. Last in each part: curl asks as often, and the Lintel beside "
                  "it follows no cluster.")
    if apiserver_real.missing():
        table.add(f"NOT MEASURED: {apiserver_real.missing()}", *[""] * 7)
        yield table
        return
    api = Api(lab, count)
    try:
        if api.streams():
            cold_starts(lab, api, table, "streamed lists", curl_streams)
            api.begin_with("--feature-gates=WatchList=false")
        else:
            table.add("streamed lists: NOT MEASURED: this API server has none", *[""] * 7)
        if api.streams():
            raise RuntimeError("the API server streams lists though it was told not to")
        cold_starts(lab, api, table, "pages of 500", curl_pages)
    except Exception:
        if api.server.api.poll() is not None:  # in User Mode Linux each page of a process may be a mapping of the host's
            print("# the API server has ended by itself: is vm.max_map_count of the host 1048576, as tests/bench/run has it?", flush=True)
        raise
    finally:
        api.close()
    yield table
