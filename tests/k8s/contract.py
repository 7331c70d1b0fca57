# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests, and what of their answers is a promise: asked of the stand-in and of a real API server, the answers must be the same.

Each row is asked of a server that has answered those before it. What the stand-in refuses on purpose and a real one lets pass
(unknown query parameters, other encodings) is not here, nor is what it does not have: lists are atoms to its server-side apply.
"""
import json
import socket
import ssl
import threading
import urllib.parse

JSON, MERGE, APPLY = "application/json", "application/merge-patch+json", "application/apply-patch+yaml"
STRATEGIC = "application/strategic-merge-patch+json"
MAPS, SERVICES = "/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/services"
LEASES, EVENTS = "/apis/coordination.k8s.io/v1/namespaces/default/leases", "/apis/events.k8s.io/v1/namespaces/default/events"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
POOLS, ROUTERS = "/apis/lintel.io/v1alpha1/addresspools", "/apis/lintel.io/v1alpha1/virtualrouters"
SERVERS = "/apis/lintel.io/v1alpha1/namespaces/default/virtualservers"
WHEN = "2026-01-01T00:00:00.000000Z"
LONG = "x" * 1025


def config_map(name, data=None, **meta):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, "data": data or {"a": "b"}}


def service(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"type": "LoadBalancer", "loadBalancerClass": "lintel.io/lintel", "ports": [{"name": "http", "port": 80}], **spec}}


def lease(name, **spec):
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name},
            "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": WHEN, **spec}}


def pool(name, **spec):
    return {"apiVersion": "lintel.io/v1alpha1", "kind": "AddressPool", "metadata": {"name": name},
            "spec": {"virtualRouter": "front", "addresses": ["10.0.0.1"], **spec}}


def router(name, **spec):
    return {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualRouter", "metadata": {"name": name},
            "spec": {"virtualRouterId": 51, "interface": "eth0", **spec}}


def endpoints(name, address="10.0.0.1", family="IPv4", **more):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": name}, "addressType": family,
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}], "endpoints": [{"addresses": [address], **more}]}


def event(name, **more):
    return {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name, "namespace": "default"},
            "eventTime": WHEN, "reportingController": "lintel.io/lintel", "reportingInstance": "n1", "action": "Judge",
            "reason": "PoolExhausted", "type": "Warning", "note": "no address is left",
            "regarding": {"apiVersion": "v1", "kind": "Service", "name": "a", "namespace": "default"}, **more}


def ingress(*entries):
    return {"status": {"loadBalancer": {"ingress": list(entries)}}}


def condition(**more):
    return {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Active", "message": "m",
                                       "lastTransitionTime": "2026-01-01T00:00:00Z", **more}]}}


class Peer:
    """One of the servers; what rows have noted is in 'noted'."""

    def __init__(self, url, token, context=None):
        self.url, self.token, self.context, self.noted = urllib.parse.urlsplit(url), token, context, {}

    def connect(self):
        connection = socket.create_connection((self.url.hostname, self.url.port), 30)
        return self.context.wrap_socket(connection, server_hostname="localhost") if self.context else connection

    def send(self, method, path, body, kind, headers):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"Host": "localhost", "Authorization": f"Bearer {self.token}", "Accept": JSON, "Connection": "close",
                 "Content-Length": len(data), **({"Content-Type": kind} if body is not None else {}), **headers}
        connection = self.connect()
        connection.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + b"".join(f"{k}: {v}\r\n".encode() for k, v in lines.items())
                           + b"\r\n" + data)
        return connection

    @staticmethod
    def head(file):
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    @staticmethod
    def chunks(file, headers):
        if "chunked" not in headers.get("transfer-encoding", ""):
            yield file.read(int(headers["content-length"])) if "content-length" in headers else file.read()
            return
        while size := int(file.readline() or b"0", 16):
            yield file.read(size)
            file.readline()

    def ask(self, method, path, body=None, kind=JSON, headers=None):
        with self.send(method, path, body, kind, headers or {}) as connection, connection.makefile("rb") as file:
            status, said = self.head(file)
            text = b"".join(self.chunks(file, said))
        try:
            return status, said, json.loads(text)
        except ValueError:
            return status, said, {}

    def watch(self, path, count, seconds=5):
        """The first 'count' events, or those until it ends."""
        events, text = [], b""
        with self.send("GET", path, None, JSON, {}) as connection, connection.makefile("rb") as file:
            status, said = self.head(file)
            if status != 200:
                return status, said, json.loads(b"".join(self.chunks(file, said)))
            connection.settimeout(seconds)
            try:
                for chunk in self.chunks(file, said):
                    text += chunk
                    *lines, text = text.split(b"\n")
                    events += [json.loads(line) for line in lines if line]
                    if len(events) >= count:
                        break
            except (TimeoutError, OSError):
                pass
            connection.close()
        return status, said, events[:count]


# --- what is compared ---

def refusal(answer):
    """Of an error: its reason, and what its details name."""
    details = answer.get("details") or {}
    return {"kind": answer.get("kind"), "apiVersion": answer.get("apiVersion"), "status": answer.get("status"), "code": answer.get("code"),
            "reason": answer.get("reason"), "name": details.get("name")}


def shape(value):
    """Of an event: what it is about."""
    obj = value["object"]
    if value["type"] == "ERROR":
        return "ERROR", refusal(obj)
    marks = (obj["metadata"].get("annotations") or {}).get("k8s.io/initial-events-end") if value["type"] == "BOOKMARK" else None
    return value["type"], obj["kind"], obj["apiVersion"], obj["metadata"].get("name"), marks


def get(value, path):
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) and len(value) > int(key) else value.get(key) if isinstance(value, dict) else None
    return value


class Row:
    """'see': paths into the answer that must be the same; 'note': a name for its resourceVersion (or what 'keep' leads to)."""

    def __init__(self, title, method, path, body=None, kind=JSON, see=(), note=None, keep="metadata.resourceVersion", headers=None, watch=0):
        self.title, self.method, self.path, self.body, self.kind = title, method, path, body, kind
        self.see, self.note, self.keep, self.headers, self.watch = see, note, keep, headers, watch

    def filled(self, value, noted):
        if isinstance(value, str):
            for name, kept in noted.items():
                value = value.replace("{" + name + "}", str(kept))
            return value
        if isinstance(value, dict):
            return {key: self.filled(inner, noted) for key, inner in value.items()}
        return [self.filled(inner, noted) for inner in value] if isinstance(value, list) else value

    def run(self, peer):
        path, body = self.filled(self.path, peer.noted), self.filled(self.body, peer.noted)
        if self.watch:
            status, _, answer = peer.watch(path, self.watch)
            return {"status": status, "events": [shape(value) for value in answer]} if status == 200 else {"status": status,
                                                                                                         **refusal(answer)}
        status, said, answer = peer.ask(self.method, path, body, self.kind, self.headers)
        if self.note:
            peer.noted[self.note] = get(answer, self.keep)
        seen = {"status": status, "warned": "warning" in said}
        if answer.get("kind") == "Status" and status >= 400:
            return {**seen, **refusal(answer), "retry": "retry-after" in said}
        return {**seen, **{path: get(answer, path) for path in self.see}}


def items(*names):
    return tuple(f"items.{i}.metadata.name" for i in range(len(names)))


LIST = ("kind", "apiVersion", "items.0.kind", "items.0.apiVersion", "items.0.metadata.name", "items.1.metadata.name",
        "items.2.metadata.name", "metadata.remainingItemCount")
LB = ("status.loadBalancer.ingress", "status.conditions", "spec.loadBalancerClass", "metadata.generation")
STATUS = ("status", "spec", "metadata.generation", "metadata.finalizers")
UNTIL = "&timeoutSeconds=1"

ROWS = [
    # Nothing there.
    Row("an unknown group", "GET", "/apis/example.org/v1/things"),
    Row("an unknown kind", "GET", "/api/v1/things"),
    Row("an unknown subresource", "GET", MAPS + "/x/things"),
    Row("no such object", "GET", MAPS + "/none"),
    Row("no such custom object", "GET", POOLS + "/none"),
    Row("no such object to patch", "PATCH", SERVICES + "/none/status", ingress(), MERGE),
    Row("no such object to delete", "DELETE", MAPS + "/none"),
    Row("a namespace for what has none", "GET", "/api/v1/namespaces/default/nodes"),
    Row("no namespace there", "POST", "/api/v1/namespaces/none/configmaps", config_map("a")),
    Row("a namespace that is not there has no objects", "GET", "/api/v1/namespaces/none/configmaps", see=("items", "kind")),
    # Who asks, and how.
    Row("a wrong token", "GET", MAPS, headers={"Authorization": "Bearer wrong"}),
    Row("another language", "GET", MAPS, headers={"Accept": "text/html"}),
    Row("another type of body", "POST", MAPS, config_map("a"), "text/plain"),
    Row("a patch of another type", "PATCH", POOLS + "/none", {}, "application/json"),
    Row("a body that is no JSON", "POST", MAPS, b"{"),
    # Creating.
    Row("another kind", "POST", MAPS, lease("a")),
    Row("no kind at all, of a built-in one", "POST", MAPS, {"metadata": {"name": "kindless"}}, see=("metadata.name", "kind")),
    Row("no kind at all, of a custom one", "POST", POOLS, {"metadata": {"name": "kindless"}, "spec": {"virtualRouter": "f",
                                                                                                    "addresses": ["10.0.0.9"]}}),
    Row("a resourceVersion", "POST", MAPS, config_map("a", resourceVersion="1")),
    Row("another namespace", "POST", MAPS, config_map("a", namespace="kube-system")),
    Row("a bad name", "POST", MAPS, config_map("A_")),
    Row("no name", "POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
    Row("a name on the URL", "POST", MAPS + "/a", config_map("a")),
    Row("a label that is no text", "POST", MAPS, config_map("a", labels={"a": 1})),
    Row("made", "POST", MAPS, config_map("a", {"a": "1"}, labels={"app": "loadbalancer"}), see=("kind", "apiVersion", "data"), note="a"),
    Row("made again", "POST", MAPS, config_map("a")),
    Row("made but not kept", "POST", MAPS + "?dryRun=All", config_map("dry"), see=("metadata.name",)),
    Row("it was not kept", "GET", MAPS + "/dry"),
    Row("an unknown field", "POST", MAPS, {**config_map("loose"), "spec": {}}, see=("data", "spec")),
    Row("an unknown field, and it matters", "POST", MAPS + "?fieldValidation=Strict", {**config_map("strict"), "spec": {}}),
    Row("an unknown field of a custom one", "POST", POOLS, pool("loose", colour="blue"), see=("spec.colour",)),
    Row("an unknown field of a custom one, and it matters", "POST", POOLS + "?fieldValidation=Strict", pool("strict", colour="blue")),
    Row("status is not made", "POST", POOLS, {**pool("p"), "status": {"total": "5"}}, see=("status", "metadata.generation"), note="p"),
    Row("status of a Service is not made", "POST", SERVICES, {**service("s"), **ingress({"ip": "10.0.0.1"})}, see=LB, note="s"),
    # Replacing.
    Row("in the place of what it was", "PUT", MAPS + "/a", config_map("a", {"a": "2"}, resourceVersion="{a}", labels={"app": "loadbalancer"}),
        see=("data",), note="a2"),
    Row("too late", "PUT", MAPS + "/a", config_map("a", {"a": "3"}, resourceVersion="{a}")),
    Row("blind", "PUT", MAPS + "/a", config_map("a", {"a": "4"}, labels={"app": "loadbalancer"}), see=("data",)),
    Row("under another name", "PUT", MAPS + "/a", config_map("b")),
    Row("what is not there", "PUT", MAPS + "/new", config_map("new"), see=("data",)),
    Row("of another birth", "PUT", MAPS + "/a", config_map("a", uid="00000000-0000-0000-0000-000000000000")),
    Row("a custom one, blind", "PUT", POOLS + "/p", pool("p")),
    Row("a custom one", "PUT", POOLS + "/p", {**pool("p", priority=3), "metadata": {"name": "p", "resourceVersion": "{p}"}},
        see=("spec.priority", "metadata.generation"), note="p"),
    Row("the status of a custom one, blind", "PUT", POOLS + "/p/status", {**pool("p"), **condition()}),
    # Patches.
    Row("a patch", "PATCH", MAPS + "/a", {"data": {"c": "d"}}, MERGE, see=("data",), note="a3"),
    Row("a patch that is too late", "PATCH", MAPS + "/a", {"metadata": {"resourceVersion": "{a2}"}, "data": {"c": "e"}}, MERGE),
    Row("a patch that changes nothing", "PATCH", MAPS + "/a", {"metadata": {"resourceVersion": "{a3}"}, "data": {"c": "d"}}, MERGE),
    Row("after it, nothing is late", "PATCH", MAPS + "/a", {"metadata": {"resourceVersion": "{a3}"}, "data": {"c": None}}, MERGE, see=("data",)),
    Row("a patch of another name", "PATCH", MAPS + "/a", {"metadata": {"name": "b"}}, MERGE),
    Row("a patch of another birth", "PATCH", MAPS + "/a", {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}}, MERGE),
    Row("a patch of its own birth", "PATCH", MAPS + "/a", {"metadata": {"uid": None}}, MERGE, see=("data",)),
    Row("a patch with a list for an object", "PATCH", MAPS + "/a", {"data": []}, MERGE),
    Row("a patch that is no object", "PATCH", MAPS + "/a", [], MERGE),
    Row("a patch with an unknown field", "PATCH", MAPS + "/a", {"spec": {}}, MERGE, see=("data", "spec")),
    Row("a patch with an unknown field, and it matters", "PATCH", MAPS + "/a?fieldValidation=Strict", {"spec": {}}, MERGE),
    Row("force without apply", "PATCH", MAPS + "/a?force=true", {"data": {"c": "d"}}, MERGE),
    Row("status by the object", "PATCH", SERVICES + "/s", ingress({"ip": "10.0.0.1", "ipMode": "Proxy"}), MERGE, see=LB),
    Row("status by the object, of a custom one", "PATCH", POOLS + "/p", condition(), MERGE, see=("status",)),
    Row("the object by status", "PATCH", POOLS + "/p/status", {"spec": {"priority": 9}, "metadata": {"labels": {"a": "b"}, "finalizers": ["lintel.io/x"]},
                                                              **condition()}, MERGE, see=(*STATUS, "metadata.labels")),
    Row("the object by status, of a Service", "PATCH", SERVICES + "/s/status",
        {"spec": {"loadBalancerClass": "other.example/x"}, "metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}, "finalizers": ["lintel.io/x"]}},
        MERGE, see=(*LB, "metadata.labels", "metadata.annotations", "metadata.finalizers")),
    # The status of Services.
    Row("an address", "PATCH", SERVICES + "/s/status", ingress({"ip": "10.0.0.1", "ipMode": "Proxy", "ports": [{"port": 80, "protocol": "TCP"}]}),
        MERGE, see=LB),
    Row("an address without a mode", "PATCH", SERVICES + "/s/status", ingress({"ip": "10.0.0.1"}), MERGE, see=LB),
    Row("an address that is none", "PATCH", SERVICES + "/s/status", ingress({"ip": "host", "ipMode": "Proxy"}), MERGE),
    Row("a mode that is none", "PATCH", SERVICES + "/s/status", ingress({"ip": "10.0.0.1", "ipMode": "Maybe"}), MERGE),
    Row("a mode without an address", "PATCH", SERVICES + "/s/status", ingress({"hostname": "h", "ipMode": "Proxy"}), MERGE),
    Row("neither address nor name", "PATCH", SERVICES + "/s/status", ingress({"ports": [{"port": 80, "protocol": "TCP"}]}), MERGE, see=LB),
    Row("a port without a protocol", "PATCH", SERVICES + "/s/status", ingress({"ip": "10.0.0.1", "ports": [{"port": 80}]}), MERGE, see=LB),
    Row("no address any longer", "PATCH", SERVICES + "/s/status", ingress(), MERGE, see=LB),
    Row("a condition", "PATCH", SERVICES + "/s/status", condition(type="lintel.io/Ready", observedGeneration=1), MERGE, see=LB),
    Row("a condition without a reason", "PATCH", SERVICES + "/s/status", condition(reason=""), MERGE),
    Row("a condition of another status", "PATCH", SERVICES + "/s/status", condition(status="Maybe"), MERGE),
    Row("a condition with a reason of two words", "PATCH", SERVICES + "/s/status", condition(reason="two words"), MERGE),
    Row("two conditions of a type", "PATCH", SERVICES + "/s/status", {"status": {"conditions": condition()["status"]["conditions"] * 2}}, MERGE),
    Row("a Service of no type that has an address", "PATCH", SERVICES + "/s", {"spec": {"type": "ClusterIP", "loadBalancerClass": None}}, MERGE, see=LB),
    Row("an address of what is no load balancer", "PATCH", SERVICES + "/s/status", ingress({"ip": "10.0.0.1", "ipMode": "Proxy"}), MERGE),
    Row("it may be one again", "PATCH", SERVICES + "/s", {"spec": {"type": "LoadBalancer", "loadBalancerClass": "lintel.io/lintel"}}, MERGE, see=LB),
    Row("another class", "PATCH", SERVICES + "/s", {"spec": {"loadBalancerClass": "lintel.io/other"}}, MERGE),
    # What of lists is somebody's own.
    Row("a finalizer besides others", "PATCH", SERVICES + "/s", {"metadata": {"finalizers": ["lintel.io/cleanup"]}}, STRATEGIC,
        see=("metadata.finalizers",), note="s2"),
    Row("the same again", "PATCH", SERVICES + "/s", {"metadata": {"resourceVersion": "{s2}", "finalizers": ["lintel.io/cleanup"]}}, STRATEGIC,
        see=("metadata.finalizers",)),
    Row("a finalizer less", "PATCH", SERVICES + "/s", {"metadata": {"resourceVersion": "{s2}", "$deleteFromPrimitiveList/finalizers": ["lintel.io/x"]}},
        STRATEGIC, see=("metadata.finalizers",)),
    Row("a finalizer less, too late", "PATCH", SERVICES + "/s",
        {"metadata": {"resourceVersion": "{s2}", "$deleteFromPrimitiveList/finalizers": ["lintel.io/cleanup"]}}, STRATEGIC),
    Row("a finalizer less than there is", "PATCH", SERVICES + "/s", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["lintel.io/x"]}}, STRATEGIC,
        see=("metadata.finalizers",)),
    Row("no finalizer any longer", "PATCH", SERVICES + "/s", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["lintel.io/cleanup"]}}, STRATEGIC,
        see=("metadata.finalizers",)),
    Row("a condition besides others, and an address", "PATCH", SERVICES + "/s/status",
        {"status": {**condition(type="example.org/A")["status"], **ingress({"ip": "10.0.0.1", "ipMode": "Proxy"})["status"]}}, STRATEGIC, see=LB),
    Row("a condition that changes", "PATCH", SERVICES + "/s/status",
        {"status": {**condition(type="example.org/A", status="False", reason="No")["status"],
                    **ingress({"ip": "10.0.0.2", "ipMode": "Proxy"})["status"]}}, STRATEGIC, see=LB),
    Row("a condition that is there twice changes", "PATCH", SERVICES + "/s/status", condition(status="False", reason="No"), STRATEGIC, see=LB),
    Row("a condition that is there twice goes", "PATCH", SERVICES + "/s/status",
        {"status": {"conditions": [{"$patch": "delete", "type": "Ready"}]}}, STRATEGIC, see=LB),
    Row("a condition less, and no address", "PATCH", SERVICES + "/s/status",
        {"status": {"conditions": [{"$patch": "delete", "type": "example.org/A"}], "loadBalancer": {"ingress": []}}}, STRATEGIC, see=LB),
    Row("lists of custom ones are not merged", "PATCH", POOLS + "/p/status", condition(), STRATEGIC),
    # The status of custom ones.
    Row("two conditions of a custom one", "PATCH", POOLS + "/p/status",
        {"status": {"conditions": [*condition()["status"]["conditions"], *condition(type="example.org/A")["status"]["conditions"]]}}, MERGE, see=STATUS),
    Row("a condition of a custom one", "PATCH", POOLS + "/p/status", condition(observedGeneration=2), MERGE, see=STATUS),
    Row("a condition of a custom one without a reason", "PATCH", POOLS + "/p/status", condition(reason=None), MERGE),
    Row("a condition of a custom one without a time", "PATCH", POOLS + "/p/status", condition(lastTransitionTime=None), MERGE),
    Row("no status at all", "PATCH", POOLS + "/p/status", {"status": None}, MERGE, see=STATUS),
    Row("nothing that changes a custom one", "PATCH", POOLS + "/p", {"spec": {"priority": 3}}, MERGE, see=STATUS),
    # Server-side apply.
    Row("applied by nobody", "PATCH", MAPS + "/b", config_map("b"), APPLY),
    Row("applied", "PATCH", MAPS + "/b?fieldManager=one", config_map("b", {"x": "1"}), APPLY, see=("data",)),
    Row("applied by another", "PATCH", MAPS + "/b?fieldManager=two", config_map("b", {"x": "2"}), APPLY),
    Row("applied by another with force", "PATCH", MAPS + "/b?fieldManager=two&force=true", config_map("b", {"x": "2"}), APPLY, see=("data",)),
    Row("applied with something else", "PATCH", MAPS + "/b?fieldManager=two", config_map("b", {"y": "2"}), APPLY, see=("data",)),
    Row("applied under another name", "PATCH", MAPS + "/b?fieldManager=two", config_map("c"), APPLY),
    Row("applied without a kind", "PATCH", MAPS + "/b?fieldManager=two", {"data": {"y": "2"}}, APPLY),
    Row("a status applied to nothing", "PATCH", POOLS + "/none/status?fieldManager=two", {**pool("none"), **condition()}, APPLY),
    Row("a custom one applied", "PATCH", POOLS + "/q?fieldManager=one", pool("q", priority=5), APPLY, see=("spec", "metadata.generation")),
    Row("a custom one applied with less", "PATCH", POOLS + "/q?fieldManager=one", pool("q", avoidBuggyIPs=True), APPLY,
        see=("spec", "metadata.generation")),
    Row("a custom one applied by another", "PATCH", POOLS + "/q?fieldManager=two", pool("q", avoidBuggyIPs=False), APPLY),
    Row("a status applied", "PATCH", POOLS + "/q/status?fieldManager=one", {**pool("q"), **condition()}, APPLY, see=STATUS),
    Row("a Service in the place of another", "PATCH", SERVICES + "/s/status", ingress({"ip": "10.0.0.1", "ipMode": "Proxy"}), MERGE, see=LB),
    Row("no balancer any longer", "PATCH", SERVICES + "/s", {"spec": {"type": "ClusterIP", "loadBalancerClass": None}}, MERGE, see=LB),
    Row("a class of what is no balancer", "PATCH", SERVICES + "/s", {"spec": {"loadBalancerClass": "lintel.io/lintel"}}, MERGE),
    Row("a balancer of no class", "PATCH", SERVICES + "/s", {"spec": {"type": "LoadBalancer"}}, MERGE, see=LB),
    Row("a class too late", "PATCH", SERVICES + "/s", {"spec": {"loadBalancerClass": "lintel.io/lintel"}}, MERGE),
    # Leases.
    Row("a lease", "POST", LEASES, lease("l"), see=("spec",), note="l"),
    Row("a lease, blind", "PUT", LEASES + "/l", lease("l")),
    Row("a lease in its place", "PUT", LEASES + "/l", {**lease("l", holderIdentity="b", leaseTransitions=1), "metadata": {"name": "l", "resourceVersion": "{l}"}},
        see=("spec",)),
    Row("a lease too late", "PUT", LEASES + "/l", {**lease("l"), "metadata": {"name": "l", "resourceVersion": "{l}"}}),
    Row("a lease of no length", "POST", LEASES, lease("m", leaseDurationSeconds=0)),
    Row("a lease of another time", "POST", LEASES, lease("m", renewTime="2026-01-01T00:00:00Z")),
    Row("a lease of no time", "POST", LEASES, lease("m", renewTime="now")),
    Row("a lease with less digits", "POST", LEASES, lease("m", renewTime="2026-01-01T00:00:00.5Z")),
    # Events.
    Row("an event", "POST", EVENTS, event("e.1"), see=("reason", "type", "note")),
    Row("an event again and again", "PATCH", EVENTS + "/e.1", {"series": {"count": 2, "lastObservedTime": WHEN}}, MERGE, see=("series",)),
    Row("an event with another reason", "PATCH", EVENTS + "/e.1", {"reason": "Other"}, MERGE),
    Row("an event without a time", "POST", EVENTS, event("e.2", eventTime=None)),
    Row("an event without a controller", "POST", EVENTS, event("e.2", reportingController="")),
    Row("an event of a controller without a domain", "POST", EVENTS, event("e.2b", reportingController="lintel")),
    Row("an event without an instance", "POST", EVENTS, event("e.2", reportingInstance="")),
    Row("an event without an action", "POST", EVENTS, event("e.2", action="")),
    Row("an event without a reason", "POST", EVENTS, event("e.2", reason="")),
    Row("an event of another type", "POST", EVENTS, event("e.2", type="Bad")),
    Row("an event with a long note", "POST", EVENTS, event("e.2", note=LONG)),
    Row("an event with a long reason", "POST", EVENTS, event("e.2", reason="x" * 129)),
    Row("an event of another namespace", "POST", EVENTS, event("e.2", regarding={"kind": "Service", "name": "a", "namespace": "kube-system"})),
    Row("an event of no namespace", "POST", EVENTS, event("e.3", regarding={"kind": "VirtualRouter", "name": "a"}), see=("reason",)),
    Row("an event of none elsewhere", "POST", EVENTS.replace("default", "kube-system"),
        {**event("e.2", regarding={"kind": "VirtualRouter", "name": "a"}), "metadata": {"name": "e.2", "namespace": "kube-system"}}),
    Row("a series of one", "POST", EVENTS, event("e.2", series={"count": 1, "lastObservedTime": WHEN})),
    # Endpoints.
    Row("endpoints", "POST", SLICES, endpoints("web-1", nodeName="w1", conditions={"ready": True}), see=("endpoints", "ports", "addressType")),
    Row("endpoints of the other family", "POST", SLICES, endpoints("web-2", "2001:db8::1")),
    Row("endpoints without a family", "POST", SLICES, endpoints("web-2", family="")),
    Row("endpoints on a node that can't be", "POST", SLICES, endpoints("web-2", nodeName="w:1")),
    Row("another family", "PATCH", SLICES + "/web-1", {"addressType": "IPv6"}, MERGE),
    Row("no endpoints", "PATCH", SLICES + "/web-1", {"endpoints": []}, MERGE, see=("endpoints",)),
    # Custom resources are checked by their definitions.
    Row("a virtual router with its defaults", "POST", ROUTERS, router("r"), see=("spec.preempt", "spec.virtualRouterId", "spec.priority")),
    Row("a virtual router of a wrong number", "POST", ROUTERS, router("bad", virtualRouterId=256)),
    Row("a virtual router of a wrong type", "POST", ROUTERS, router("bad", virtualRouterId="51")),
    Row("a virtual router that its rule refuses", "POST", ROUTERS, router("bad", advertisementInterval="15ms")),
    Row("a pool without addresses", "POST", POOLS, pool("bad", addresses=[])),
    Row("a patch that makes it wrong", "PATCH", ROUTERS + "/r", {"spec": {"priority": 0}}, MERGE),
    Row("a status of a wrong type", "PATCH", POOLS + "/p/status", {"status": {"conditions": "none"}}, MERGE),
    # Deletion.
    Row("what others must clean up", "PATCH", MAPS + "/a", {"metadata": {"finalizers": ["lintel.io/cleanup"]}}, MERGE, see=("metadata.finalizers",)),
    Row("a finalizer without a domain", "PATCH", MAPS + "/a", {"metadata": {"finalizers": ["cleanup"]}}, MERGE),
    Row("deleted, but not gone", "DELETE", MAPS + "/a", see=("metadata.finalizers", "metadata.deletionGracePeriodSeconds", "kind")),
    Row("deleted twice", "DELETE", MAPS + "/a", see=("metadata.finalizers",)),
    Row("one more finalizer", "PATCH", MAPS + "/a", {"metadata": {"finalizers": ["lintel.io/cleanup", "lintel.io/x"]}}, MERGE),
    Row("still there", "GET", MAPS + "/a", see=("metadata.finalizers",)),
    Row("the last finalizer", "PATCH", MAPS + "/a", {"metadata": {"finalizers": None}}, MERGE, see=("metadata.finalizers", "metadata.name")),
    Row("gone", "GET", MAPS + "/a"),
    Row("deleted at once", "DELETE", MAPS + "/b", see=("kind", "status", "metadata.name")),
    Row("deleted at once, of a custom one", "DELETE", POOLS + "/loose", see=("kind", "status", "metadata.name")),
    # Lists.
    *[Row(f"configmap {name}", "POST", MAPS, config_map(name, labels={"app": "loadbalancer"})) for name in ("l1", "l2", "l3")],
    Row("a list", "GET", MAPS + "?labelSelector=app%3Dloadbalancer", see=(*LIST, "metadata.continue"), note="list"),
    Row("a list of custom ones", "GET", POOLS, see=LIST),
    Row("a list of some", "GET", MAPS + "?labelSelector=app%3Dloadbalancer&limit=2", see=LIST, note="page", keep="metadata.continue"),
    Row("the rest", "GET", MAPS + "?labelSelector=app%3Dloadbalancer&limit=2&continue={page}", see=(*LIST, "metadata.continue")),
    Row("the rest, of a version", "GET", MAPS + "?labelSelector=app%3Dloadbalancer&limit=2&resourceVersion={list}&continue={page}"),
    Row("the rest of something else", "GET", MAPS + "?limit=2&continue=abc"),
    Row("a page of one kind", "GET", "/apis/discovery.k8s.io/v1/endpointslices?limit=2", see=("kind", "apiVersion")),
    Row("a list of a version", "GET", MAPS + "?labelSelector=app%3Dloadbalancer&resourceVersion={list}&resourceVersionMatch=Exact", see=LIST),
    Row("a list that is not older", "GET", MAPS + "?labelSelector=app%3Dloadbalancer&resourceVersion={list}&resourceVersionMatch=NotOlderThan", see=LIST),
    Row("a list of any version", "GET", MAPS + "?labelSelector=app%3Dloadbalancer&resourceVersion=0", see=LIST),
    Row("a match without a version", "GET", MAPS + "?resourceVersionMatch=Exact"),
    Row("a match of version 0", "GET", MAPS + "?resourceVersion=0&resourceVersionMatch=Exact"),
    Row("a version that is none", "GET", MAPS + "?resourceVersion=abc"),
    Row("a version of the future", "GET", MAPS + "?resourceVersion=99999999&resourceVersionMatch=NotOlderThan"),
    Row("a selector that is none", "GET", MAPS + "?labelSelector=%3D%3D"),
    Row("a field that can't be selected", "GET", MAPS + "?fieldSelector=data.a%3Db"),
    Row("by name", "GET", MAPS + "?fieldSelector=metadata.name%3Dl2", see=LIST),
    # Watches.
    Row("a watch from now on", "GET", MAPS + "?watch=1&labelSelector=app%3Dloadbalancer&resourceVersion={list}" + UNTIL, watch=3),
    Row("a watch from nothing", "GET", MAPS + "?watch=1&labelSelector=app%3Dloadbalancer" + UNTIL, watch=4),
    Row("a streamed list", "GET", MAPS + "?watch=1&labelSelector=app%3Dloadbalancer&sendInitialEvents=true&allowWatchBookmarks=true"
        "&resourceVersionMatch=NotOlderThan" + UNTIL, watch=4),
    Row("a streamed list of custom ones", "GET", ROUTERS + "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
        "&resourceVersionMatch=NotOlderThan" + UNTIL, watch=2),
    Row("a streamed list without a match", "GET", MAPS + "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"),
    Row("a streamed list without bookmarks", "GET", MAPS + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        "&labelSelector=app%3Dloadbalancer" + UNTIL, watch=4),
    Row("a match in a watch", "GET", MAPS + "?watch=1&resourceVersion={list}&resourceVersionMatch=NotOlderThan"),
    Row("a watch from a version that is none", "GET", MAPS + "?watch=1&resourceVersion=abc"),
    Row("a watch of an unknown kind", "GET", "/api/v1/things?watch=1"),
    Row("a deletion in between", "DELETE", MAPS + "/l1"),
    Row("what was missed", "GET", MAPS + "?watch=1&labelSelector=app%3Dloadbalancer&resourceVersion={list}" + UNTIL, watch=2),
    Row("it no longer fits", "PATCH", MAPS + "/l2", {"metadata": {"labels": None}}, MERGE),
    Row("it fits again", "PATCH", MAPS + "/l2", {"metadata": {"labels": {"app": "loadbalancer"}}}, MERGE),
    Row("and is told as gone and come", "GET", MAPS + "?watch=1&labelSelector=app%3Dloadbalancer&resourceVersion={list}" + UNTIL, watch=4),
]


def compare(one, other, rows=None):
    """What differs: (title, what one says, what the other says)."""
    found = []
    for row in ROWS if rows is None else rows:
        answers = [None, None]
        threads = [threading.Thread(target=lambda n=n, p=p: answers.__setitem__(n, row.run(p))) for n, p in enumerate((one, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if answers[0] != answers[1]:
            found.append((row.title, *answers))
    return found


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
