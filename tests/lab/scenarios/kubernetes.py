# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster says what is wanted: Services and endpoints of a stand-in API server, traffic through a real kernel."""
import json
import pathlib
import sys
import threading

from lablib.config import VIP, WEBS
from lablib.lab import expect, pause
from lablib.process import fresh_directory, wait_until
from lablib.report import scenario

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "k8s"))
from apiserver import ApiServer, Handler, Listener  # noqa: E402  pylint: disable=wrong-import-position

PORTS = ((80, 8080), (443, 8081))


class Api(ApiServer):
    """The stand-in, reachable on the client's address in front: the cluster's control plane is another machine."""

    def __init__(self, host):
        super().__init__()
        self.host = host

    @property
    def url(self):
        return f"http://{self.host.front}:{self.port}"

    def start(self):
        self.stopping = False
        self.stopped.clear()
        with self.host.inside():
            self.listener = Listener((self.host.front, self.port), Handler)
        self.listener.api = self
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()


def node(balancer):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": balancer.name}, "spec": {},
            "status": {"conditions": [{"type": "Ready", "status": "True"}],
                       "addresses": [{"type": "InternalIP", "address": balancer.host.front}]}}


def router(interval="100ms"):
    return {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualRouter", "metadata": {"name": "front"},
            "spec": {"virtualRouterId": 51, "interface": "eth0", "advertisementInterval": interval,
                     "addresses": ["10.77.0.99/24", {"address": "10.78.0.254/24", "interface": "eth1"}]}}


def pool(last=110):
    return {"apiVersion": "lintel.io/v1alpha1", "kind": "AddressPool", "metadata": {"name": "public"},
            "spec": {"virtualRouter": "front", "addresses": [f"{VIP}-10.77.0.{last}"]}}


def service(name="web"):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "LoadBalancer", "loadBalancerClass": "lintel.io/lintel", "clusterIP": "10.96.0.10", "selector": {"app": name},
                     "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                     "ports": [{"name": f"p{number}", "port": number, "targetPort": to, "protocol": "TCP"} for number, to in PORTS]}}


def endpoints(*addresses, of="web"):
    ready = {"ready": True, "serving": True, "terminating": False}
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": f"{of}-1", "namespace": "default", "labels": {"kubernetes.io/service-name": of}},
            "ports": [{"name": f"p{number}", "port": to, "protocol": "TCP"} for number, to in PORTS],
            "endpoints": [{"addresses": [address], "conditions": ready, "nodeName": f"worker-{address}"} for address in addresses]}


class Cluster:
    """An API server with two nodes, a virtual router and a pool; and lintel on these nodes."""

    def __init__(self, lab, *objects):
        self.lab, self.api = lab, Api(lab.client.host)
        self.api.start()
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}, *map(node, lab.nodes), router(), pool(), *objects)
        self.kubeconfig = fresh_directory("cluster") / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self.api.kubeconfig()), encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.api.stop()

    def put(self, *objects):
        for obj in objects:
            self.api.store.put(obj)

    def start(self, *balancers, wait=True):
        for balancer in balancers:
            balancer.start(None, "--kubernetes", "--kubeconfig", self.kubeconfig, wait=wait)

    def object(self, plural, name):
        with self.api.store.changed:
            return next((obj for key, obj in self.api.store.objects.items() if key[0] == plural and obj["metadata"]["name"] == name), None)

    def ingress(self, name="web"):
        return ((self.object("services", name) or {}).get("status") or {}).get("loadBalancer", {}).get("ingress", [])

    def settled(self):
        return self.lab.wait_settled(seconds=60)


@scenario("Kubernetes: a Service of two ports gets an address, traffic, more and fewer endpoints, and goes")
def service_end_to_end(lab):
    with Cluster(lab, service(), endpoints(*WEBS)) as cluster:
        cluster.start(*lab.nodes)
        wait_until("the Service has its address", cluster.ingress, 60)
        ingress = cluster.ingress()
        expect(ingress[0]["ip"] == VIP and ingress[0]["ipMode"] == "Proxy", ingress)
        active = cluster.settled()
        for number, _ in PORTS:
            lab.client.wait_answer("tcp", VIP, number)
            lab.client.expect_all("tcp", VIP, number)
        for balancer in lab.nodes:
            expect(set(balancer.weights()) == set(WEBS), f"{balancer.name}: {balancer.weights()}")
        cluster.put(endpoints(*WEBS[:2]))
        wait_until("the third one takes its leave", lambda: active.weights().get(WEBS[2], 0) == 0)
        lab.client.expect_all("tcp", VIP, 80, ("web1", "web2"))
        cluster.put(endpoints(*WEBS))
        wait_until("the third one is back", lambda: active.weights().get(WEBS[2]) == 1)
        lab.client.expect_all("tcp", VIP, 80)
        cluster.api.store.remove("Service", "web", "default")
        wait_until("the finalizer is taken away", lambda: cluster.object("services", "web") is None, 60)
        for balancer in lab.nodes:
            wait_until(f"on {balancer.name} it takes its leave", lambda b=balancer: not any(b.weights().values()), 60)


@scenario("Kubernetes: the active node dies while the API is away; a node restarted meanwhile serves, and then all is seen")
def outage(lab):
    with Cluster(lab, service(), endpoints(*WEBS)) as cluster:
        cluster.start(*lab.nodes)
        wait_until("the Service has its address", cluster.ingress, 60)
        lab.client.wait_answer("tcp", VIP, 80)
        wait_until("they found each other", lambda: all(balancer.router()["peers"] for balancer in lab.nodes), 60)
        active = cluster.settled()
        other = lab.other(active)
        for balancer in lab.nodes:
            wait_until(f"{balancer.name} keeps the state on disk",
                       lambda b=balancer: any('"Service"' in line and VIP in line for line in
                                              (b.state / "kubernetes").read_text(encoding="utf-8").splitlines()), 90)
        cluster.api.stop()
        wait_until("the outage is told", lambda: not active.in_step(), 60)
        lab.client.expect_all("tcp", VIP, 80)
        active.lose_power()
        other.wait_active(seconds=30)
        lab.client.wait_answer("tcp", VIP, 80)
        lab.client.expect_all("tcp", VIP, 80)
        # Now the only one that is left starts anew, without anybody to ask.
        other.stop()
        cluster.start(other)
        other.wait_active(seconds=40)
        lab.client.wait_answer("tcp", VIP, 80)
        lab.client.expect_all("tcp", VIP, 80)
        cluster.put(endpoints(WEBS[0]))
        pause(0.5)
        cluster.api.start()
        wait_until("what happened meanwhile is seen", lambda: other.weights().get(WEBS[1], 0) == 0, 90)
        lab.client.expect_all("tcp", VIP, 80, ("web1",))
