# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster says what is wanted: Services and endpoints of a stand-in API server, traffic through a real kernel."""
import json
import pathlib
import sys
import threading

from lablib.config import VIP, VIP6, WEBS
from lablib.lab import expect, pause
from lablib.process import Program, fresh_directory, wait_until
from lablib.report import scenario
from lablib.traffic import TOOL

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "k8s"))
from apiserver import ApiServer, Handler, Listener  # noqa: E402  pylint: disable=wrong-import-position

PORTS = ((80, 8080), (443, 8081))
CHECKED = 8090  # of servers that may be stopped


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


def service(name="web", *, protocol="TCP", annotations=None, ports=PORTS, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
            "spec": {"type": "LoadBalancer", "loadBalancerClass": "lintel.io/lintel", "clusterIP": "10.96.0.10", "selector": {"app": name},
                     "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                     "ports": [{"name": f"p{number}", "port": number, "targetPort": to, "protocol": protocol} for number, to in ports],
                     **spec}}


def endpoints(*addresses, of="web", protocol="TCP", nodes=None, family="IPv4", ports=PORTS):
    """Each on a worker of its own, or where `nodes` says."""
    ready = {"ready": True, "serving": True, "terminating": False}
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
            "metadata": {"name": f"{of}-{family.lower()}", "namespace": "default", "labels": {"kubernetes.io/service-name": of}},
            "ports": [{"name": f"p{number}", "port": to, "protocol": protocol} for number, to in ports],
            "endpoints": [{"addresses": [address], "conditions": ready,
                           "nodeName": (nodes or {}).get(address, f"worker-{address.replace(':', '-')}")}
                          for address in addresses]}


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
        return next((obj for obj in self.api.store.listed(plural) if obj["metadata"]["name"] == name), None)

    def ingress(self, name="web"):
        return ((self.object("services", name) or {}).get("status") or {}).get("loadBalancer", {}).get("ingress", [])

    def settled(self):
        return self.lab.wait_settled(seconds=60)

    def served(self, *balancers):
        """Both nodes run, found each other, and the Service has its address. Gives who is Active."""
        self.start(*(balancers or self.lab.nodes))
        wait_until("the Service has its address", self.ingress, 60)
        wait_until("they found each other", lambda: all(balancer.router()["peers"] for balancer in self.lab.nodes), 60)
        return self.settled()

    def change_node(self, balancer, **spec):
        """The Node object of a load balancer, with this in its spec."""
        self.put(node(balancer) | {"spec": spec})


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
        cluster.api.store.end("Service", "web")
        wait_until("the finalizer is taken away", lambda: cluster.object("services", "web") is None, 60)
        for balancer in lab.nodes:
            wait_until(f"on {balancer.name} it takes its leave", lambda b=balancer: not any(b.weights().values()), 60)


@scenario("Kubernetes: a VirtualServer checks the endpoints of its Service, too: one that is ready but does not answer gets nothing")
def checked_besides(lab):
    backend = service("backend", ports=((80, CHECKED),), type="ClusterIP")
    del backend["spec"]["loadBalancerClass"]
    checked = {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualServer", "metadata": {"name": "checked", "namespace": "default"},
               "spec": {"virtualRouter": "front", "addresses": [VIP], "ports": [{"name": "http", "port": 80}], "service": {"name": "backend"},
                        "healthCheck": {"type": "tcp", "interval": "300ms", "timeout": "300ms", "rise": 1, "fall": 2}}}
    programs = [Program(web, f"checked-{web.name}", [TOOL, "serve", web.name, CHECKED]) for web in lab.webs]
    with Cluster(lab, backend, endpoints(*WEBS, of="backend", ports=((80, CHECKED),)), checked) as cluster:
        cluster.start(lab.lb1)
        wait_until("all are used", lambda: lab.lb1.weights() == dict.fromkeys(WEBS, 1), 60)
        lab.client.wait_answer("tcp", VIP, 80)
        programs[1].kill()
        wait_until("the second one gets nothing", lambda: lab.lb1.weights()[WEBS[1]] == 0)
        lab.client.expect_all("tcp", VIP, 80, ("web1", "web3"))
        said = lab.lb1.lintel("explain", f"{VIP}:80")
        expect(WEBS[1] in said and "refused" in said, said)
        cluster.put(endpoints(*WEBS[1:], of="backend", ports=((80, CHECKED),)))
        wait_until("the first one takes its leave", lambda: lab.lb1.weights().get(WEBS[0], 0) == 0)
        expect(lab.lb1.weights()[WEBS[1]] == 0, "an event of endpoints outdid the check")
        lab.client.expect_all("tcp", VIP, 80, ("web3",))
        programs[1] = Program(lab.webs[1], "checked-web2", [TOOL, "serve", "web2", CHECKED])
        wait_until("the second one is used again", lambda: lab.lb1.weights()[WEBS[1]] == 1)
        lab.client.expect_all("tcp", VIP, 80, ("web2", "web3"))


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


@scenario("Kubernetes: a UDP flow whose endpoint is gone goes to another one at once")
def udp_flow_moves(lab):
    dns = ((53, 5300),)
    with Cluster(lab, service(protocol="UDP", ports=dns), endpoints(*WEBS, protocol="UDP", ports=dns)) as cluster:
        active = cluster.served()
        lab.client.wait_answer("udp", VIP, 53)
        with lab.client.watching("udp", VIP, 53, interval=20) as probe:  # one socket: one flow
            pause(1)
            flows = [entry for entry in active.list("--connections")["connections"] if entry["protocol"] == "UDP"]
            holder = max(flows, key=lambda entry: entry["expiresSeconds"])["server"].split(":")[0]  # that is asked right now
            left = [address for address in WEBS if address != holder]
            cluster.put(endpoints(*left, protocol="UDP", ports=dns))
            wait_until("the kernel has forgotten it", lambda: holder not in active.weights(VIP, 53, "UDP"))
            pause(2)
        report = probe.report
        expect(len(report.servers) == 2, f"two servers, one after the other: {report}")
        expect(report.gap_ms < 1000, f"at once: {report}")


@scenario("Kubernetes: who is Active hands over when its node is cordoned, and when it is excluded, without a loss")
def standing_down(lab):
    dns = ((53, 5300),)  # a handshake that is cut in two by a handover is for replication to save
    with Cluster(lab, service(protocol="UDP", ports=dns), endpoints(*WEBS, protocol="UDP", ports=dns)) as cluster:
        active = cluster.served()
        lab.client.wait_answer("udp", VIP, 53)
        for change in ("cordoned", "excluded"):
            other = lab.other(active)
            with lab.client.watching("udp", VIP, 53, interval=5) as probe:
                pause(1)
                if change == "cordoned":
                    cluster.change_node(active, unschedulable=True)
                else:
                    label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
                    cluster.put(node(active) | {"metadata": {"name": active.name, "labels": label}})
                other.wait_active(seconds=30)
                pause(2)
            expect(probe.report.lost == 0, f"{change}: {probe.report}")
            if change == "excluded":
                wait_until("the excluded one has nothing left", lambda a=active: not a.status()["routers"] and not a.has_address(VIP), 30)
            lab.client.expect_all("udp", VIP, 53)
            cluster.put(node(active))
            active = other
            wait_until("both take part again", lambda: all(balancer.status()["routers"] for balancer in lab.nodes), 30)
            wait_until("one waits behind", lambda o=lab.other(active): o.is_backup(), 30)


@scenario("Kubernetes: externalTrafficPolicy Local: who is Active serves what is on it, clients are seen, and who loses its last hands over")
def local(lab):
    here = {address: balancer.name for address, balancer in zip(WEBS, lab.nodes)}
    web_of = dict(zip((balancer.name for balancer in lab.nodes), WEBS))
    with Cluster(lab, service(externalTrafficPolicy="Local", healthCheckNodePort=31234), endpoints(*WEBS, nodes=here)) as cluster:
        active = cluster.served()
        mine = web_of[active.name]
        wait_until("it serves what is on it", lambda: set(active.weights()) == {mine})
        lab.client.wait_answer("tcp", VIP, 80)
        report = lab.client.expect_all("tcp", VIP, 80, (f"web{WEBS.index(mine) + 1}",))
        expect(report["seenAs"] == lab.client.host.front, f"clients are seen: {report['seenAs']}")
        code = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:31234/healthz').status)"
        for balancer in lab.nodes:
            expect(balancer.host.run("python3", "-c", code).strip() == "200", f"{balancer.name}: its health check port")
        # Its last one goes: the other node has one.
        other = lab.other(active)
        left = [address for address in WEBS if address != mine]
        cluster.put(endpoints(*left, nodes=here))
        other.wait_active(seconds=30)
        theirs = f"web{WEBS.index(web_of[other.name]) + 1}"
        lab.client.wait_answer("tcp", VIP, 80)
        report = lab.client.expect_all("tcp", VIP, 80, (theirs,))
        expect(report["seenAs"] == lab.client.host.front, f"clients are seen: {report['seenAs']}")
        # None on either: all serve, as with policy Cluster.
        cluster.put(endpoints(WEBS[2], nodes=here))
        wait_until("the one elsewhere serves", lambda: other.weights().get(WEBS[2]) == 1)
        lab.client.expect_all("tcp", VIP, 80, ("web3",))


@scenario("Kubernetes: beside kube-proxy: its mode nftables is fine, its mode ipvs is refused until it leaves the addresses alone")
def beside_kube_proxy(lab):
    with Cluster(lab, service(), endpoints(*WEBS)) as cluster:
        lab.lb1.host.run("nft", "add table ip kube-proxy")
        cluster.start(lab.lb1)
        lab.lb1.wait_active(seconds=40)
        expect(lab.lb1.status()["kubeProxy"] == {"mode": "nftables", "problems": []}, lab.lb1.status()["kubeProxy"])
        lab.client.wait_answer("tcp", VIP, 80)
        lab.client.expect_all("tcp", VIP, 80)
        lab.lb1.host.run("nft", "delete table ip kube-proxy")
        lab.lb1.host.run("nft", "add table ip nat; add chain ip nat KUBE-SERVICES")
        lab.lb1.stop()
        lab.lb1.host.ip("link add kube-ipvs0 type dummy")
        cluster.start(lab.lb1)
        wait_until("it is refused", lambda: lab.lb1.status()["kubeProxy"]["problems"], 30)
        pause(1)
        expect(not lab.lb1.has_address(VIP) and not lab.lb1.ipvs(), lab.lb1.diagnosis())
        lab.lb1.stop()
        lab.lb1.start(None, "--kubernetes", "--kubeconfig", cluster.kubeconfig, "--kube-proxy-excludes", "10.77.0.0/24", "--resync", "1s")
        lab.lb1.wait_active(seconds=40)
        lab.client.wait_answer("tcp", VIP, 80)
        lab.client.expect_all("tcp", VIP, 80)
        lab.lb1.stop()
        cluster.start(lab.lb1)
        wait_until("it is refused", lambda: lab.lb1.status()["kubeProxy"]["problems"], 30)
        lab.lb1.host.ip("link del kube-ipvs0")
        wait_until("it is seen to be gone", lambda: lab.lb1.status()["kubeProxy"]["mode"] == "iptables", 30)
        lab.lb1.wait_active(seconds=40)
        lab.client.wait_answer("tcp", VIP, 80)


@scenario("Kubernetes: one instance alone serves; a second one that joins, at short intervals, takes nothing and loses nothing")
def second_joins(lab):
    with Cluster(lab, service(), endpoints(*WEBS)) as cluster:
        cluster.put(router(interval="30ms"))
        cluster.api.store.remove("Node", lab.lb2.name, "")
        cluster.start(lab.lb1)
        lab.lb1.wait_active(seconds=40)
        expect(not lab.lb1.router()["peers"], "alone it speaks to everybody")
        wait_until("the Service has its address", cluster.ingress, 60)
        lab.client.wait_answer("tcp", VIP, 80)
        with lab.client.watching("tcp", VIP, 80, interval=20) as probe:
            cluster.put(node(lab.lb2))
            cluster.start(lab.lb2)
            wait_until("they found each other", lambda: all(balancer.router()["peers"] for balancer in lab.nodes), 60)
            pause(2)
        expect(probe.report.lost == 0, probe.report)
        expect(lab.lb1.is_active() and lab.lb2.is_backup(), "nothing moved")
        for balancer in lab.nodes:
            changes = [entry["to"] for entry in balancer.router()["transitions"]]
            expect(changes.count("Active") == (balancer is lab.lb1), f"{balancer.name}: {changes}")


@scenario("Kubernetes: two domains side by side: each serves its own, and the end of one is nothing to the other")
def two_domains(lab):
    other = "example.com/other"

    def of_other(obj, name, **spec):
        return obj | {"metadata": {"name": name, "annotations": {"lintel.io/class": other}}, "spec": obj["spec"] | spec}
    second = of_other(router(), "second", virtualRouterId=52, addresses=["10.77.0.98/24", {"address": "10.78.0.253/24", "interface": "eth1"}])
    theirs = of_other(pool(), "theirs", virtualRouter="second", addresses=["10.77.0.120-10.77.0.129"])
    objects = [second, theirs, service(), endpoints(*WEBS), service("shop", loadBalancerClass=other), endpoints(*WEBS[:2], of="shop")]
    with Cluster(lab, *objects) as cluster:
        cluster.start(lab.lb1)
        lab.lb2.start(None, "--kubernetes", "--kubeconfig", cluster.kubeconfig, "--class", other)
        wait_until("both Services have addresses", lambda: cluster.ingress() and cluster.ingress("shop"), 60)
        expect([entry["ip"] for entry in cluster.ingress()] == [VIP], cluster.ingress())
        expect([entry["ip"] for entry in cluster.ingress("shop")] == ["10.77.0.120"], cluster.ingress("shop"))
        expect({entry["name"] for entry in lab.lb1.status()["routers"]} == {"front"}, lab.lb1.status()["routers"])
        expect({entry["name"] for entry in lab.lb2.status()["routers"]} == {"second"}, lab.lb2.status()["routers"])
        for address, webs in ((VIP, ("web1", "web2", "web3")), ("10.77.0.120", ("web1", "web2"))):
            lab.client.wait_answer("tcp", address, 80)
            lab.client.expect_all("tcp", address, 80, webs)
        lab.lb2.stop()
        lab.client.expect_all("tcp", VIP, 80)
        cluster.put(endpoints(WEBS[0]))
        wait_until("the first one goes on", lambda: lab.lb1.weights().get(WEBS[1], 0) == 0)
        expect(cluster.ingress("shop"), "what the other one gave stays, as it will be back")


def change_all(lab, cluster, disturb):
    """One life of a Service; before each change is seen, `disturb` is called, and after it `disturb.over`."""
    six = endpoints("fd78::21", "fd78::22", family="IPv6")
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    asked = {"metallb.universe.tf/loadBalancerIPs": "10.77.0.105,fd77::105"}
    shared = {"metallb.universe.tf/loadBalancerIPs": "10.77.0.105", "metallb.io/allow-shared-ip": "key"}
    steps = (
        ("created, two ports and two families", [service(**both), endpoints(*WEBS), six], (VIP, VIP6), ("web1", "web2", "web3")),
        ("scaled down", [endpoints(*WEBS[:2])], (VIP, VIP6), ("web1", "web2")),
        ("scaled up", [endpoints(*WEBS)], (VIP,), ("web1", "web2", "web3")),
        ("policy changed", [service(externalTrafficPolicy="Local", **both)], (VIP,), ("web1", "web2", "web3")),
        ("address asked for, in MetalLB's words", [service(annotations=asked, **both)], ("10.77.0.105", "fd77::105"), ("web1", "web2", "web3")),
        ("shared", [service(annotations=asked | shared | {"metallb.universe.tf/loadBalancerIPs": asked["metallb.universe.tf/loadBalancerIPs"]}, **both),
                    service("more", annotations=shared, ports=((8080, 8080),)), endpoints(*WEBS, of="more", ports=((8080, 8080),))],
         ("10.77.0.105",), ("web1", "web2", "web3")),
    )
    for what, objects, addresses, webs in steps:
        disturb()
        cluster.put(*objects)
        disturb.over()
        for address in addresses:
            wait_until(f"{what}: {address} is served", lambda a=address, w=webs: set(
                lab.client.ask("tcp", a, 80, count=6, timeout=500).servers) == (set(w) if ":" not in a else {"web1", "web2"}), 90)
            lab.client.wait_answer("tcp", address, 443, 90)
        if what == "shared":
            lab.client.wait_answer("tcp", "10.77.0.105", 8080, 90)
        wait_until(f"{what}: both are in step", lambda: all(balancer.in_step() for balancer in lab.nodes), 90)
    disturb()
    for name in ("web", "more"):
        cluster.api.store.end("Service", name)
    disturb.over()
    for name in ("web", "more"):
        wait_until(f"{name} is gone", lambda n=name: cluster.object("services", n) is None, 90)


class Away:
    """The API server."""

    def __init__(self, cluster):
        self.cluster = cluster

    def __call__(self):
        self.cluster.api.stop()
        pause(0.5)

    def over(self):
        pause(0.5)
        self.cluster.api.start()


class Dead:
    """Who is Active, until the other one is, and it is back as new."""

    def __init__(self, lab, cluster):
        self.lab, self.cluster = lab, cluster

    def __call__(self):
        self.dead = self.lab.wait_settled(seconds=60)
        self.dead.lose_power()

    def over(self):
        self.lab.other(self.dead).wait_active(seconds=30)
        self.dead.scrap()
        self.cluster.start(self.dead)


POOL6 = [f"{VIP}-10.77.0.110", "fd77::100-fd77::110"]


def with_six(obj):
    return obj | {"spec": obj["spec"] | {"addresses": POOL6}}


def router6():
    own = router()
    own["spec"]["addresses"] += ["fd77::99/64", {"address": "fd78::fe/64", "interface": "eth1"}]
    return own


@scenario("Kubernetes: a Service's life, the API being away at each change", timeout=600)
def life_without_the_api(lab):
    with Cluster(lab, router6(), with_six(pool())) as cluster:
        cluster.start(*lab.nodes)
        wait_until("they found each other", lambda: all(balancer.router()["peers"] for balancer in lab.nodes), 60)
        cluster.settled()
        change_all(lab, cluster, Away(cluster))


@scenario("Kubernetes: a Service's life, who is Active dying at each change", timeout=600)
def life_with_deaths(lab):
    with Cluster(lab, router6(), with_six(pool())) as cluster:
        cluster.start(*lab.nodes)
        wait_until("they found each other", lambda: all(balancer.router()["peers"] for balancer in lab.nodes), 60)
        cluster.settled()
        change_all(lab, cluster, Dead(lab, cluster))


@scenario("Kubernetes: an exhausted pool is extended while who is Active dies, and while the API is away", timeout=240)
def extended(lab):
    names = ("a", "b", "c")
    services = [service(name, ports=((80, 8080),)) for name in names]
    with Cluster(lab, *(endpoints(*WEBS, of=name, ports=((80, 8080),)) for name in names)) as cluster:
        cluster.put(pool(last=100))
        cluster.start(*lab.nodes)
        cluster.settled()
        cluster.put(services[0])
        wait_until("the first one has it", lambda: cluster.ingress("a"), 60)
        cluster.put(*services[1:])
        wait_until("the others are told", lambda: all(
            "PoolExhausted" in json.dumps((cluster.object("services", name) or {}).get("status")) for name in names[1:]), 60)
        for disturb, last in ((Dead(lab, cluster), 101), (Away(cluster), 102)):
            disturb()
            cluster.put(pool(last=last))
            disturb.over()
            wait_until("one more is served", lambda n=last - 99: sum(1 for name in names if cluster.ingress(name)) == n, 90)
        for name in names:
            lab.client.wait_answer("tcp", cluster.ingress(name)[0]["ip"], 80)
