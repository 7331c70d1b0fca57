#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""daemon.py [--real] LINTEL [TEST...]: the whole daemon, fed by an API server, in a network namespace of its own. TAP.

The server is the stand-in; with --real it is the kube-apiserver that KUBEBUILDER_ASSETS names, and the daemon may do there what
manifests/base/rbac.yaml allows and nothing else. Needs root for the namespace. The kernel may be one without IPVS: what is wanted is
asked of the daemon (`lintel explain`), what is told of the server. Traffic is for the lab.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from tap import test  # noqa: E402

PATIENCE = 20.0
VIP = "10.77.0.100"
SERVERS = ("10.78.0.21", "10.78.0.22", "10.78.0.23")


def wait(what, condition, seconds=PATIENCE):
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = condition()
            if last:
                return last
        except (KeyError, IndexError, AssertionError, subprocess.CalledProcessError) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"in vain after {seconds} s: {what}; last: {last!r}")


# --- objects ---

def node(name="n1", address="10.77.0.11"):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {},
            "status": {"conditions": [{"type": "Ready", "status": "True"}], "addresses": [{"type": "InternalIP", "address": address}]}}


def router():
    return {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualRouter", "metadata": {"name": "front"},
            "spec": {"virtualRouterId": 51, "interface": "eth0", "addresses": ["10.77.0.99/24"], "advertisementInterval": "100ms"}}


def pool(*ranges):
    return {"apiVersion": "lintel.io/v1alpha1", "kind": "AddressPool", "metadata": {"name": "public"},
            "spec": {"virtualRouter": "front", "addresses": list(ranges or [f"{VIP}-10.77.0.101"])}}


def service(name="web", annotations=None, ports=((80, "http"), (443, "https")), **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
            "spec": {"type": "LoadBalancer", "loadBalancerClass": "lintel.io/lintel", "clusterIP": "10.96.0.10", "selector": {"app": name},
                     "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                     "ports": [{"name": label, "port": number, "targetPort": 8000 + number, "protocol": "TCP"} for number, label in ports],
                     **spec}}


def endpoints(*addresses, of="web", ports=((80, "http"), (443, "https"))):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": f"{of}-1", "namespace": "default", "labels": {"kubernetes.io/service-name": of}},
            "ports": [{"name": label, "port": 8000 + number, "protocol": "TCP"} for number, label in ports],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": "w1"}
                          for address in addresses]}


BASE = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}, node(), router(), pool()]


# --- the daemon ---

class Scene:
    """A server with BASE and 'objects' in it, and the daemon."""

    def __init__(self, directory, *objects, options=(), start=True):
        self.directory, self.options, self.begin = pathlib.Path(directory), options, start
        self.server = REAL or ApiServer()
        self.objects = objects
        self.socket, self.process = self.directory / "sock", None

    def __enter__(self):
        self.server.start()
        for obj in [*BASE, *self.objects]:
            self.server.store.put(obj)
        (self.directory / "kubeconfig").write_text(json.dumps(self.server.kubeconfig()), encoding="utf-8")
        if self.begin:
            self.start()
        return self

    def __exit__(self, kind, *error):
        code = self.stop() if self.process else 0
        self.server.stop()
        if REAL:
            REAL.store.clean()
        if kind is None and code != 0:
            raise AssertionError(f"the daemon ended with {code}\n{self.log()}")

    def start(self, *options):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [LINTEL, "run", "--kubernetes", "--kubeconfig", self.directory / "kubeconfig", "--node", "n1", "--listen", "off",
                 "--state-dir", self.directory / "state", "--socket", self.socket, "--log-level", "debug", *self.options, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait("the daemon answers", lambda: self.process.poll() is not None or self.status())
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}\n{self.log()}")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "no end"
        self.process = None
        return code

    def log(self):
        return (self.directory / "log").read_text(errors="replace")[-6000:]

    def ask(self, *words):
        done = subprocess.run([LINTEL, words[0], "--socket", self.socket, *words[1:], "-o", "json"], capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.stdout else {}

    def status(self):
        return self.ask("status")

    def source(self):
        return [source for source in self.status()["sources"] if source["path"] == "kubernetes"][0]

    def serves(self, port, *servers, address=VIP):
        """The port is balanced, and of all endpoints these are real servers of somebody. (What cannot be drained is none.)"""
        texts = [step["text"] for step in self.ask("explain", f"{address}:{port}")["steps"]]
        return any("VirtualServer default/service/" in text for text in texts) and \
            {server for server in SERVERS if self.is_server(server)} == set(servers)

    def is_server(self, address):
        def lintel(*words):
            return subprocess.run([LINTEL, words[0], "--socket", self.socket, *words[1:]], capture_output=True, check=False).returncode == 0
        return lintel("drain", address) and lintel("undrain", address)

    def owned(self):
        return {address.split("/")[0] for entry in self.status()["routers"] for address in entry["addresses"]}

    def object(self, plural, name="web"):
        found = [obj for obj in self.server.store.listed(plural) if obj["metadata"]["name"] == name]
        return json.loads(json.dumps(found[0])) if found else None

    def ingress(self, name="web"):
        return ((self.object("services", name) or {}).get("status") or {}).get("loadBalancer", {}).get("ingress", [])

    def gives_way(self):
        """Its main thread pushes nobody aside (sched(7)); the others do as ever."""
        policies = {int(task.name): os.sched_getscheduler(int(task.name)) for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()}
        main = policies.pop(self.process.pid)
        assert os.SCHED_BATCH not in policies.values(), policies
        return main == os.SCHED_BATCH

    def in_step(self):
        wait("in step", lambda: self.source()["inStep"])

    def saved(self, *words):
        """The state on disk has a Service that says all of this."""
        path = self.directory / "state" / "kubernetes"
        wait("the state is kept on disk", lambda: path.exists() and any(
            '"Service"' in line and all(word in line for word in words) for line in path.read_text(encoding="utf-8").splitlines()), 60)

    def events(self):
        return self.server.store.listed("events")


# --- tests ---

@test
def a_service_of_two_ports_is_served_and_told_so(directory):
    with Scene(directory, endpoints("10.78.0.21", "10.78.0.22")) as scene:
        scene.in_step()
        scene.server.store.put(service())
        ingress = wait("it has an address", scene.ingress)
        assert [(entry["ip"], entry["ipMode"]) for entry in ingress] == [(VIP, "Proxy")], ingress
        assert sorted(entry["port"] for entry in ingress[0]["ports"]) == [80, 443], ingress
        for port in (80, 443):
            wait("it is served", lambda p=port: scene.serves(p, "10.78.0.21", "10.78.0.22"))
        assert VIP in scene.owned(), scene.owned()
        obj = scene.object("services")
        assert "lintel.io/cleanup" in obj["metadata"]["finalizers"], obj["metadata"]


@test
def endpoints_come_and_go(directory):
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("served by one", lambda: scene.serves(80, "10.78.0.21"))
        scene.server.store.put(endpoints("10.78.0.21", "10.78.0.22"))
        wait("served by two", lambda: scene.serves(80, "10.78.0.21", "10.78.0.22"), 5)
        scene.server.store.put(endpoints("10.78.0.22"))
        wait("served by the other", lambda: scene.serves(80, "10.78.0.22"), 5)


@test
def a_deleted_service_is_let_go_and_its_finalizer_taken_away(directory):
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("it has an address", scene.ingress)
        wait("guarded", lambda: scene.object("services")["metadata"].get("finalizers"))
        scene.server.store.end("Service", "web")
        wait("it is gone from the API", lambda: scene.object("services") is None)
        wait("it is gone here", lambda: VIP not in scene.owned())


@test
def what_others_wrote_besides_stays_however_much_it_is(directory):
    theirs = [f"example.org/{number}" for number in range(80)]

    def others(kind, count=80):
        conditions_of_others = [{"type": name, "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}
                                for name in theirs[:count]]
        return {**kind, "metadata": {**kind["metadata"], "finalizers": theirs}, "status": {"conditions": conditions_of_others}}

    def left(obj):
        return ([name for name in obj["metadata"]["finalizers"] if name in theirs],
                [entry["type"] for entry in obj["status"]["conditions"] if entry["type"] in theirs])

    with Scene(directory, others(service()), others(pool(), 31), endpoints("10.78.0.21")) as scene:
        wait("it has an address", scene.ingress)
        web = scene.object("services")
        assert left(web) == (theirs, theirs) and "lintel.io/cleanup" in web["metadata"]["finalizers"] and conditions(web)["Ready"], web
        wait("the pool has ours, too", lambda: conditions(scene.object("addresspools", "public"))["Ready"])
        assert left(scene.object("addresspools", "public")) == (theirs, theirs[:31])
        plain = {key: value for key, value in service()["spec"].items() if key != "loadBalancerClass"}
        kept = {} if REAL else {"conditions": web["status"]["conditions"]}  # a real one keeps it: to write it afterwards would bring ours back
        scene.server.store.put({**web, "spec": {**plain, "type": "ClusterIP"}, "status": kept})
        wait("ours is gone", lambda: "lintel.io/cleanup" not in scene.object("services")["metadata"]["finalizers"])
        web = scene.object("services")
        assert left(web) == (theirs, theirs) and "Ready" not in conditions(web), web


@test
def an_outage_of_the_api_changes_nothing_and_what_happened_meanwhile_is_seen(directory):
    objects = [service(), endpoints("10.78.0.21"), service("other"), endpoints("10.78.0.22", of="other")]
    with Scene(directory, *objects) as scene:
        wait("both have addresses", lambda: scene.ingress() and scene.ingress("other"))
        first, second = scene.ingress()[0]["ip"], scene.ingress("other")[0]["ip"]
        wait("both are served", lambda: {first, second} <= scene.owned())
        scene.server.stop()
        wait("the outage is told", lambda: not scene.source()["inStep"])
        time.sleep(1)
        assert {first, second} <= scene.owned(), scene.owned()
        assert any("Kubernetes" in problem for problem in scene.source()["problems"]), scene.source()
        scene.server.store.remove("Service", "other", "default")
        scene.server.start()
        wait("what was deleted meanwhile goes", lambda: second not in scene.owned(), 60)
        assert first in scene.owned()


@test
def a_restart_while_the_api_is_away_begins_with_the_state_on_disk(directory):
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("it has an address", scene.ingress)
        wait("served", lambda: scene.serves(80, "10.78.0.21"))
        scene.saved(VIP)
        scene.server.stop()
        assert scene.stop() == 0
        scene.start()
        assert scene.source()["known"] and not scene.gives_way()
        wait("served again", lambda: scene.serves(80, "10.78.0.21"), 5)
        wait("its address is ours", lambda: VIP in scene.owned(), 5)
        scene.server.store.put(endpoints("10.78.0.22"))
        scene.server.start()
        wait("in step again, with what is new", lambda: scene.serves(80, "10.78.0.22"), 60)


@test
def what_an_api_server_that_began_anew_no_longer_knows_is_listed(directory):
    """It was killed, and the past was thrown away: nothing can be resumed, and nothing is taken for gone that is not."""
    objects = [service(), endpoints("10.78.0.21"), service("other"), endpoints("10.78.0.22", of="other")]
    with Scene(directory, *objects) as scene:
        wait("both have addresses", lambda: scene.ingress() and scene.ingress("other"))
        first, second = scene.ingress()[0]["ip"], scene.ingress("other")[0]["ip"]
        wait("both are served", lambda: {first, second} <= scene.owned())
        scene.server.stop()
        wait("the outage is told", lambda: not scene.source()["inStep"])
        scene.server.store.remove("Service", "other")
        scene.server.store.put(endpoints("10.78.0.21", "10.78.0.23"))
        scene.server.begin_anew()
        assert {first, second} <= scene.owned(), scene.owned()
        scene.server.start()
        wait("what was deleted meanwhile goes", lambda: second not in scene.owned(), 60)
        wait("what is new serves", lambda: scene.serves(80, "10.78.0.21", "10.78.0.23", address=first), 60)
        scene.server.begin_anew()
        wait("in step with the next one", lambda: scene.source()["inStep"], 60)
        scene.server.store.put(endpoints("10.78.0.23"))
        wait("changes are seen", lambda: scene.serves(80, "10.78.0.23", address=first), 60)


@test
def a_service_changes_all_its_life(directory):
    """Scaled to nothing and back, its policy, its families, the address that it asks for, its class."""
    asks = {"lintel.io/addresses": "10.77.0.101,2001:db8:77::100"}
    six = {**endpoints("2001:db8:78::21"), "addressType": "IPv6"}
    six["metadata"] = {**six["metadata"], "name": "web-6"}
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}

    def reason():
        return {c["type"]: c["reason"] for c in (scene.object("services").get("status") or {}).get("conditions", [])}.get("lintel.io/Ready")
    with Scene(directory, pool(f"{VIP}-10.77.0.101", "2001:db8:77::100/126"), service(), endpoints("10.78.0.21")) as scene:
        wait("served", lambda: scene.serves(80, "10.78.0.21"))
        scene.server.store.put(endpoints())
        wait("nobody is behind it", lambda: reason() == "NoEndpoints")
        assert scene.ingress()[0]["ip"] == VIP
        scene.server.store.put(endpoints("10.78.0.22", "10.78.0.23"))
        wait("served again", lambda: scene.serves(80, "10.78.0.22", "10.78.0.23"))
        scene.server.store.put(service(externalTrafficPolicy="Local"))
        wait("no node of ours runs one, and it says so", lambda: reason() == "LocalNotPossible")
        scene.server.store.put(service())
        wait("as before", lambda: reason() not in (None, "LocalNotPossible"))
        for obj in (six, service(**both)):
            scene.server.store.put(obj)
        wait("of both families", lambda: sorted(entry["ip"] for entry in scene.ingress()) == [VIP, "2001:db8:77::100"])
        scene.server.store.put(service(annotations=asks, **both))
        wait("what it asked for", lambda: sorted(entry["ip"] for entry in scene.ingress()) == ["10.77.0.101", "2001:db8:77::100"])
        wait("the other one is let go", lambda: VIP not in scene.owned() and "10.77.0.101" in scene.owned())
        scene.server.store.put(service(annotations=asks, type="ClusterIP", loadBalancerClass=None, **both))
        wait("it wants nothing any longer", lambda: not scene.ingress() and not scene.object("services")["metadata"].get("finalizers"))
        wait("and has nothing", lambda: "10.77.0.101" not in scene.owned())


@test
def a_damaged_state_on_disk_is_refused_and_nothing_is_touched_until_the_api_is_heard(directory):
    with Scene(directory, service(), endpoints("10.78.0.21"), start=False) as scene:
        (scene.directory / "state").mkdir()
        (scene.directory / "state" / "kubernetes").write_text("something else\n", encoding="utf-8")
        scene.server.stop()
        scene.start()
        source = scene.source()
        assert not source["known"] and source["problems"], source
        assert "put aside as" in scene.log(), scene.log()
        assert (scene.directory / "state" / "kubernetes.aside").read_text(encoding="utf-8") == "something else\n"
        assert not scene.status()["routers"]
        assert scene.gives_way(), "all that comes is lists"
        scene.server.start()
        wait("served", lambda: scene.serves(80, "10.78.0.21"), 60)
        assert not scene.gives_way()


@test
def what_is_forbidden_at_the_first_start_is_unknown_and_not_gone(directory):
    """As an API server answers that has not read its roles yet; ConfigMaps are another thing, some do without."""
    if REAL:
        return
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("served", lambda: scene.ingress() and VIP in scene.owned())
        assert scene.stop() == 0
        (scene.directory / "state" / "kubernetes").unlink(missing_ok=True)
        for plural in ("services", "addresspools", "configmaps"):
            scene.server.fault("refuse", code=403, reason="Forbidden", times=10000, path=f"/{plural}$")
        scene.start()
        wait("it is told", lambda: sum("forbidden" in problem for problem in scene.source()["problems"]) == 3)
        time.sleep(1)
        assert not scene.source()["known"], scene.source()
        assert scene.ingress(), "what is on record was taken back"
        scene.server.faults = [fault for fault in scene.server.faults if "configmaps" in fault.path]
        wait("served", lambda: scene.source()["known"] and VIP in scene.owned(), 60)


@test
def a_bad_object_affects_itself_alone_and_says_so(directory):
    bad = router()
    bad["metadata"]["name"] = "bad"
    bad["spec"].update(virtualRouterId=52, addresses=["10.77.0.0/24"])  # what no definition can know
    with Scene(directory, bad, service(), endpoints("10.78.0.21")) as scene:
        wait("the good one is served", lambda: scene.serves(80, "10.78.0.21"))

        def condition():
            status = scene.object("virtualrouters", "bad").get("status") or {}
            return [c for c in status.get("conditions", []) if c["type"] == "Ready" and c["status"] == "False"]
        wait("the bad one says so", condition)
        wait("and an Event does", lambda: [e for e in scene.events() if e["regarding"]["name"] == "bad" and e["type"] == "Warning"])


@test
def the_virtual_router_shows_who_is_active(directory):
    with Scene(directory) as scene:
        wait("told", lambda: "n1" in json.dumps(scene.object("virtualrouters", "front").get("status")))


@test
def peers_are_those_that_are_said(directory):
    """Nodes come and go with new addresses, and there is room for sixteen."""
    def peers():
        return [peer["address"] for entry in scene.status()["routers"] for peer in entry["peers"]]
    with Scene(directory) as scene:
        wait("it runs", lambda: scene.owned())
        for said in (["10.77.0.12", "10.77.0.13"], ["10.77.0.13", "10.77.0.14"], []):
            spoken = router()
            spoken["spec"]["peers"] = said
            scene.server.store.put(spoken)
            wait(f"{said}", lambda s=said: sorted(peers()) == s)


@test
def an_exhausted_pool_is_told_and_an_extended_one_serves(directory):
    services = [service(name, ports=((80, "http"),)) for name in ("a", "b", "c")]
    with Scene(directory, *services) as scene:
        wait("two have addresses", lambda: sum(1 for name in "abc" if scene.ingress(name)) == 2)
        left = wait("one has none", lambda: [name for name in "abc" if not scene.ingress(name)])[0]
        wait("an Event says so", lambda: [e for e in scene.events() if e["regarding"]["name"] == left and e["reason"] == "PoolExhausted"])
        scene.server.store.put(pool(f"{VIP}-10.77.0.110"))
        wait("the last one has an address", lambda: scene.ingress(left))


@test
def what_was_refused_is_written_when_it_is_refused_no_longer(directory):
    """Roles that came late, a webhook that was mended: nothing of the object changes with that."""
    if REAL:
        return  # it refuses nothing by order
    with Scene(directory) as scene:
        scene.server.fault("refuse", code=403, reason="Forbidden", times=1000, method="PATCH", path="services/web$")
        scene.server.store.put(service())
        wait("it is told", lambda: 'status is not written object="Service default/web"' in scene.log())
        time.sleep(3)  # until nothing else moves
        assert not scene.ingress()
        scene.server.faults.clear()
        wait("it has an address", scene.ingress, 50)


# --- what others may take away ---

ROLES = "/apis/rbac.authorization.k8s.io/v1"
BINDINGS = [f"{ROLES}/clusterrolebindings", f"{ROLES}/namespaces/lintel/rolebindings"]
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
AWAY = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "away"},
        "webhooks": [{"name": "away.example.org", "clientConfig": {"url": "https://127.0.0.1:1/"}, "failurePolicy": "Fail", "sideEffects": "None",
                      "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
                      "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["services/status"]}]}]}


@contextlib.contextmanager
def without_roles(server):
    """The program may do nothing any longer; whoever asks anew learns of it."""
    if REAL:
        taken = [(path, server.store.do("GET", f"{path}/lintel")) for path in BINDINGS]
        for path, _ in taken:
            server.store.do("DELETE", f"{path}/lintel")
    else:
        server.fault("refuse", code=403, reason="Forbidden", times=10 ** 6)
    server.drop_connections()
    yield
    if not REAL:
        server.faults.clear()
        return
    for path, binding in taken:
        binding["metadata"] = {key: binding["metadata"][key] for key in ("name", "namespace", "labels") if key in binding["metadata"]}
        server.store.do("POST", path, binding)


@contextlib.contextmanager
def webhook_away(server):
    """What is written of the status of Services is to be judged by somebody who is not there."""
    if REAL:
        server.store.do("POST", WEBHOOKS, AWAY)
        server.wait(lambda: server.ask("PATCH", "/api/v1/namespaces/default/services/kubernetes/status?dryRun=All", {"status": {}},
                                       content_type="application/merge-patch+json")[0] == 500)
    else:
        server.fault("refuse", code=500, reason="InternalError", times=10 ** 6, method="PATCH", path="services/[^/]*/status$",
                     message='failed calling webhook "away.example.org"')
    yield
    if REAL:
        server.store.do("DELETE", f"{WEBHOOKS}/away")
    else:
        server.faults.clear()


def said(scene, *words):
    problems = scene.source()["problems"]
    return all(any(word in problem for problem in problems) for word in words)


@test
def roles_that_are_taken_away_change_nothing_and_all_goes_on_with_them(directory):
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("served", lambda: scene.ingress() and scene.serves(80, "10.78.0.21"))
        scene.saved(VIP)
        with without_roles(scene.server):
            wait("it is told what can't be followed", lambda: said(scene, "services can't be followed: forbidden", "leases can't be followed"))
            scene.server.store.put(service("other"))
            wait("nobody is said to write", lambda: scene.source()["lease"]["holder"] == "", 40)
            assert scene.stop() == 0
            scene.start()
            wait("it is told what can't be written", lambda: said(scene, "the lease ", "others are not told that this instance runs: "))
            wait("the last state is served", lambda: scene.source()["known"] and VIP in scene.owned() and scene.serves(80, "10.78.0.21"))
        wait("all is followed", lambda: scene.source()["inStep"], 90)
        wait("the other one has an address", lambda: scene.ingress("other"), 90)
        wait("nothing is wrong any longer", lambda: not scene.source()["problems"], 90)
        assert "another cluster's" not in scene.log(), scene.log()


@test
def a_webhook_that_is_away_is_told_and_what_waits_is_written_when_it_is_back(directory):
    others = [service(name, ports=((80, "http"),)) for name in ("b", "c")]
    with Scene(directory, pool(f"{VIP}-10.77.0.110"), endpoints("10.78.0.21")) as scene:
        scene.in_step()
        with webhook_away(scene.server):
            scene.server.store.put(service())
            wait("it is told", lambda: said(scene, "status is not written of Service default/web: ") and said(scene, 'webhook "away.example.org"'), 40)
            assert scene.serves(80, "10.78.0.21") and not scene.ingress(), "it is served all the same"
            for other in others:
                scene.server.store.put(other)
            wait("others are counted", lambda: said(scene, " and 2 more: "), 40)
        wait("all have addresses", lambda: all(scene.ingress(name) for name in ("web", "b", "c")), 60)
        wait("nothing is wrong any longer", lambda: not scene.source()["problems"])


@test
def those_that_cannot_be_written_are_in_nobodys_way(directory):
    """A webhook for one namespace that is away: the API server answers 500 for all that is in it."""
    if REAL:
        return
    bad = [service(f"bad-{number}", ports=((80, "http"),)) for number in range(20)]
    with Scene(directory, pool("10.77.0.100-10.77.0.140"), *bad, start=False) as scene:
        scene.server.fault("refuse", code=500, times=10000, method="PATCH", path="services/bad-")
        scene.start()
        wait("they are tried", lambda: scene.source()["requests"]["repeated"] > 16)
        scene.server.store.put(service())
        wait("another one has its address", scene.ingress, 30)


@test
def files_and_the_cluster_are_one_state_and_files_go_first(directory):
    path = pathlib.Path(directory, "conf.yaml")
    mine = {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualRouter", "metadata": {"name": "back"},
            "spec": {"virtualRouterId": 52, "interface": "eth0", "addresses": ["10.77.0.98/24"]}}
    path.write_text(json.dumps(mine), encoding="utf-8")
    with Scene(directory, service(), endpoints("10.78.0.21"), options=("-c", path)) as scene:
        wait("both are there", lambda: {"10.77.0.98", "10.77.0.99", VIP} <= scene.owned())
        # Now the file claims what the cluster's virtual router has.
        mine["spec"]["virtualRouterId"] = 51
        path.write_text(json.dumps(mine), encoding="utf-8")
        wait("the cluster's is left out", lambda: scene.owned() == {"10.77.0.98"})
        assert scene.source()["problems"], scene.source()
        mine["spec"]["virtualRouterId"] = 52
        path.write_text(json.dumps(mine), encoding="utf-8")
        wait("and is back", lambda: {"10.77.0.98", "10.77.0.99", VIP} <= scene.owned())


@test
def another_class_is_nobody_elses_business(directory):
    with Scene(directory, service(loadBalancerClass="example.com/other"), service("own"), endpoints("10.78.0.21", of="own")) as scene:
        wait("ours has an address", lambda: scene.ingress("own"))
        assert not scene.ingress()
        assert not scene.object("services")["metadata"].get("finalizers")


@test
def a_virtual_server_balances_to_the_endpoints_of_a_service(directory):
    server = {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualServer", "metadata": {"name": "media", "namespace": "default"},
              "spec": {"addressPool": "public", "service": {"name": "web"},
                       "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP", "scheduler": "rr"}]}}
    inner = service(type="ClusterIP")
    del inner["spec"]["loadBalancerClass"]
    with Scene(directory, server, inner, endpoints("10.78.0.21")) as scene:
        status = wait("it says what it has", lambda: (scene.object("virtualservers", "media").get("status") or {}).get("addresses")
                      and scene.object("virtualservers", "media")["status"])
        assert status["addresses"] == [VIP], status
        wait("its endpoints serve", lambda: scene.is_server("10.78.0.21"))
        wait("its backends are counted", lambda: scene.object("virtualservers", "media")["status"]["readyBackends"] == 1)


@test
def an_annotated_config_map_gets_its_address(directory):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old", "namespace": "default", "labels": {"app": "loadbalancer"}},
              "data": {"bind-port": "80", "namespace": "default", "target-service-name": "web", "target-port": "8080"}}
    inner = service(type="ClusterIP")
    del inner["spec"]["loadBalancerClass"]
    with Scene(directory, config, inner, endpoints("10.78.0.21")) as scene:
        wait("its address is filled in", lambda: scene.object("configmaps", "old")["data"].get("bind-ip") == VIP)
        wait("its endpoints serve", lambda: scene.is_server("10.78.0.21"))


@test
def an_address_is_asked_for_in_the_words_of_metallb_and_shared_by_key(directory):
    one = service("one", {"metallb.io/loadBalancerIPs": "10.77.0.101", "metallb.universe.tf/allow-shared-ip": "key"}, ports=((80, "http"),))
    two = service("two", {"lintel.io/addresses": "10.77.0.101", "lintel.io/allow-shared-address": "key"}, ports=((443, "https"),))
    with Scene(directory, one, two) as scene:
        for name in ("one", "two"):
            wait(f"{name} has the address", lambda n=name: [entry["ip"] for entry in scene.ingress(n)] == ["10.77.0.101"])


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def conditions(obj):
    return {c["type"].split("/")[-1]: c for c in (obj.get("status") or {}).get("conditions", [])}


@test
def kube_proxy_in_its_mode_ipvs_is_refused_until_it_leaves_the_addresses_alone(directory):
    ip("link", "add", "kube-ipvs0", "type", "veth", "peer", "name", "kube-ipvs0-peer")
    try:
        with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
            wait("it is told in the status", lambda: scene.status()["kubeProxy"]["mode"] == "ipvs" and scene.status()["kubeProxy"]["problems"])
            wait("the virtual router takes no part", lambda: not scene.status()["routers"])
            wait("the Service says so", lambda: conditions(scene.object("services"))["Ready"]["reason"] == "KubeProxyConflict")
            condition = conditions(scene.object("services"))["Ready"]
            assert condition["status"] == "False" and "--ipvs-exclude-cidrs" in condition["message"], condition
            wait("an Event about the node does", lambda: [e for e in scene.events() if e["regarding"]["kind"] == "Node"
                                                          and e["reason"] == "KubeProxyConflict" and e["type"] == "Warning"])
            steps = {step["subject"]: step for step in scene.ask("explain", f"{VIP}:80")["steps"]}
            assert steps["kube-proxy"]["verdict"] == "fail", steps
            wait("the others are told by its lease", lambda: scene.object("leases", "lintel-n1")["metadata"]["annotations"] == {
                "lintel.io/held-by": "kube-proxy"})
            assert scene.stop() == 0
            scene.start("--kube-proxy-excludes", "10.77.0.0/24,2001:db8::/32")
            wait("it serves what is left alone", lambda: scene.serves(80, "10.78.0.21") and VIP in scene.owned())
            wait("and says so", lambda: conditions(scene.object("services"))["Ready"]["status"] == "True")
            assert not scene.status()["kubeProxy"]["problems"]
            wait("the lease says nothing of it", lambda: not scene.object("leases", "lintel-n1")["metadata"].get("annotations"))
            assert scene.stop() == 0
            scene.start("--resync", "1s")
            wait("held again", lambda: not scene.status()["routers"])
            ip("link", "del", "kube-ipvs0")
            wait("its end is seen", lambda: VIP in scene.owned())
    finally:
        subprocess.run(["ip", "link", "del", "kube-ipvs0"], check=False, capture_output=True)


@test
def what_makes_no_sense_keeps_what_it_had(directory):
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("served", lambda: scene.serves(80, "10.78.0.21") and scene.ingress())
        for annotation in ("lintel.io/addresses", "metallb.io/loadBalancerIPs"):
            changed = scene.object("services")
            changed["metadata"]["annotations"] = {annotation: "my address"}
            scene.server.store.put(changed)
            wait("it says so", lambda: conditions(scene.object("services"))["Ready"]["reason"] == "AddressKept")
            assert scene.serves(80, "10.78.0.21") and [entry["ip"] for entry in scene.ingress()] == [VIP]
        scene.saved(VIP)
        assert scene.stop() == 0
        scene.start()
        wait("so it is after a restart", lambda: scene.serves(80, "10.78.0.21"))
        if REAL:
            return  # it refuses ranges that are none
        changed = scene.object("services")
        changed["metadata"]["annotations"] = {}
        changed["spec"]["loadBalancerSourceRanges"] = ["home"]
        scene.server.store.put(changed)
        wait("what it was is kept", lambda: conditions(scene.object("services"))["Ready"]["reason"] == "FormerKept")
        scene.saved('["home"]')
        assert scene.stop() == 0
        scene.start()
        wait("after a restart, too", lambda: scene.serves(80, "10.78.0.21") and VIP in scene.owned())
        wait("the API server has said it all again", lambda: scene.source()["inStep"])
        assert scene.serves(80, "10.78.0.21") and VIP in scene.owned()
        assert conditions(scene.object("services"))["Ready"]["reason"] == "FormerKept"


def health(path="/healthz"):
    """What the health check port of the Service says: status, JSON."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:31234{path}", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:  # refused, or closed while it was being said
        return None, None


def bound(listener, port):
    try:
        listener.bind(("0.0.0.0", port))
    except OSError:
        return False
    return True


@test
def the_health_check_port_of_a_local_service_answers_where_nobody_else_does(directory):
    local = endpoints("10.78.0.21", "10.78.0.22")
    for endpoint in local["endpoints"]:
        endpoint["nodeName"] = "n1"
    with Scene(directory, service(externalTrafficPolicy="Local", healthCheckNodePort=31234), local) as scene:
        wait("it answers", lambda: health()[0] == 200)
        assert health("/")[1] == {"service": {"namespace": "default", "name": "web"}, "localEndpoints": 2, "serviceProxyHealthy": True}, health()
        scene.server.store.put(endpoints("10.78.0.23"))
        wait("none is here", lambda: health()[0] == 503 and health()[1]["localEndpoints"] == 0)
        scene.server.store.put(service())
        wait("nobody answers", lambda: health()[0] is None)
        with socket.socket() as other:  # kube-proxy, say
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wait("the port is free", lambda: bound(other, 31234))
            other.listen()
            scene.server.store.put(service(externalTrafficPolicy="Local", healthCheckNodePort=31234))
            wait("it is told", lambda: "the health check port is not served here port=31234" in scene.log())
            assert scene.status()["sources"]


@test
def a_second_daemon_in_the_namespace_is_refused_and_disturbs_nobody(directory):
    with Scene(directory, service(), endpoints("10.78.0.21")) as scene:
        wait("served", lambda: VIP in scene.owned())
        done = subprocess.run([LINTEL, "run", "--kubeconfig", scene.directory / "kubeconfig", "--class", "example.com/other", "--node", "n2",
                               "--listen", "off", "--state-dir", scene.directory / "state2", "--socket", scene.directory / "sock2"],
                              capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == 1 and "another daemon runs in this network namespace" in done.stdout + done.stderr, done
        assert VIP in scene.owned()


@test
def services_of_metallb_move_with_their_addresses(directory):
    """They have no class, its annotations, and the address that it gave in their status."""
    given = service("given", {"metallb.io/ip-allocated-from-pool": "old", "metallb.universe.tf/address-pool": "public"})
    asked = service("asked", {"metallb.universe.tf/loadBalancerIPs": VIP})
    for obj in (given, asked):
        del obj["spec"]["loadBalancerClass"]
    given["status"] = {"loadBalancer": {"ingress": [{"ip": "10.77.0.101", "ipMode": "VIP"}]}}
    with Scene(directory, asked, given, endpoints("10.78.0.21", of="given"), options=("--default-class",)) as scene:
        for name, address in (("given", "10.77.0.101"), ("asked", VIP)):
            wait(f"{name} has its address", lambda n=name, a=address: [(entry["ip"], entry["ipMode"]) for entry in scene.ingress(n)] == [(a, "Proxy")])
        wait("both are owned", lambda: {VIP, "10.77.0.101"} <= scene.owned())


# --- running ---

def log_of(directory):
    log = directory / "log"
    return log.read_text(errors="replace")[-8000:] if log.exists() else ""


def own_namespace():
    """Goes on in a fresh network namespace with an eth0. None when that can't be had; why otherwise."""
    if os.geteuid() != 0:
        return "root is needed for a network namespace"
    if os.environ.get("LINTEL_OWN_NAMESPACE") != "1":
        done = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"no network namespace can be had: {done.stderr.strip()}"
        os.environ["LINTEL_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--", sys.executable, *sys.argv])
    for words in ("link set lo up", "link add eth0 type veth peer name eth0-peer", "link set eth0-peer up",
                  "addr add 10.77.0.11/24 dev eth0", "link set eth0 up"):
        done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"ip {words}: {done.stderr.strip()}"
    return None


def main():
    why_not = own_namespace()
    if why_not:
        print(f"1..0 # SKIP {why_not}: THE DAEMON WITH KUBERNETES IS NOT TESTED HERE", flush=True)
        return 0
    if not WANT_REAL:
        return tap.main(ONLY, more=log_of)
    global REAL  # pylint: disable=global-statement
    with apiserver_real.Server(custom=True) as REAL:
        REAL.give_roles()
        return tap.main(ONLY, more=log_of)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    WANT_REAL, REAL = sys.argv[1] == "--real", None
    LINTEL, *ONLY = sys.argv[2 if WANT_REAL else 1:]
    LINTEL = str(pathlib.Path(LINTEL).resolve())
    import apiserver_real
    from apiserver import ApiServer
    if WANT_REAL and apiserver_real.missing():
        print(f"1..0 # SKIP {apiserver_real.missing()}: THE DAEMON IS NOT TRIED AGAINST A REAL API SERVER", flush=True)
        sys.exit(0)
    sys.exit(main())
