# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kube-apiserver with its etcd, on loopback, for as long as a test lasts: from the folder that KUBEBUILDER_ASSETS names.

Programs under test reach it through a relay, which can be cut; who tests asks it directly. Its store is changed and read as that of
the stand-in (apiserver.py), so that the same scenarios run against both.
"""
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

PATIENCE_S = 90
GROUP = "lintel.io/v1alpha1"
CUSTOM = {"VirtualRouter": "virtualrouters", "VirtualServer": "virtualservers", "AddressPool": "addresspools"}
PLURALS = {"Namespace": "namespaces", "ServiceAccount": "serviceaccounts", "ClusterRole": "clusterroles", "Role": "roles",
           "ClusterRoleBinding": "clusterrolebindings", "RoleBinding": "rolebindings", "DaemonSet": "daemonsets", "Service": "services",
           "Node": "nodes", "ConfigMap": "configmaps", "EndpointSlice": "endpointslices", "Lease": "leases", "Event": "events",
           "PodDisruptionBudget": "poddisruptionbudgets", **CUSTOM}
GLOBAL = {"Namespace", "ClusterRole", "ClusterRoleBinding", "Node", "VirtualRouter", "AddressPool"}
# What tests leave behind, and where it is.
LEFT = {"services": "v1", "configmaps": "v1", "nodes": "v1", "endpointslices": "discovery.k8s.io/v1", "events": "events.k8s.io/v1",
        "leases": "coordination.k8s.io/v1", **{plural: GROUP for plural in CUSTOM.values()}}
OWN = {("services", "kubernetes"), ("endpointslices", "kubernetes"), ("configmaps", "kube-root-ca.crt"),
       ("configmaps", "extension-apiserver-authentication")}
DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "manifests/base/crds"


def missing():
    """Why there is none; "" when there is."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder:
        return "KUBEBUILDER_ASSETS is not set"
    for name in ("etcd", "kube-apiserver"):
        if not os.access(pathlib.Path(folder) / name, os.X_OK):
            return f"KUBEBUILDER_ASSETS has no {name}"
    return "" if shutil.which("openssl") else "no openssl, for the key of service accounts"


def kubectl():
    """The one beside the server, else the one of this machine, else None."""
    beside = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS", "/nonexistent")) / "kubectl"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("kubectl")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base_of(version):
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def path_of(obj, name=None, sub=None):
    """Where objects of its kind are in its namespace, or the one of that name is."""
    kind, namespace = obj["kind"], obj["metadata"].get("namespace") or "default"
    inside = "" if kind in GLOBAL else f"/namespaces/{namespace}"
    return base_of(obj["apiVersion"]) + inside + f"/{PLURALS[kind]}" + (f"/{name}" if name else "") + (f"/{sub}" if sub else "")


class Failed(AssertionError):
    pass


class Relay:
    """Hands bytes on, until it is stopped. It can listen elsewhere: on 'address', in the network namespace of 'within'."""

    def __init__(self, to_port, address="127.0.0.1", within=contextlib.nullcontext):
        self.to_port, self.port, self.address, self.within = to_port, 0, address, within
        self.listener, self.open = None, set()

    def start(self):
        if self.listener:
            return
        with self.within():
            self.listener = socket.create_server((self.address, self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def stop(self):
        """As a server that is killed."""
        if self.listener:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.drop_connections()

    def drop_connections(self):
        for each in list(self.open):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                each.shutdown(socket.SHUT_RDWR)

    def serve(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to_port), 10)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self.open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            self.open.discard(each)


class Store:
    """The methods of the stand-in's store that scenarios use; each is a request or several."""

    def __init__(self, server):
        self.server = server

    def do(self, method, path, body=None, good=(200, 201), **headers):
        for _ in range(100):
            status, answer = self.server.ask(method, path, body, **headers)
            if status != 429:  # a server that was just started says so of what is first asked for
                break
            time.sleep(0.2)
        if status not in good:
            raise Failed(f"{method} {path}: {status} {answer.get('message')}")
        return answer

    def listed(self, plural):
        version, kind = LEFT.get(plural, "v1"), next(kind for kind, name in PLURALS.items() if name == plural)
        return [{"apiVersion": version, "kind": kind, **obj} for obj in self.do("GET", f"{base_of(version)}/{plural}")["items"]
                if (plural, obj["metadata"]["name"]) not in OWN]

    def put(self, obj):
        """Creates it, or replaces what people say of it; 'status' is written when it is given."""
        obj = json.loads(json.dumps(obj))
        for key in ("uid", "creationTimestamp", "resourceVersion", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"):
            obj["metadata"].pop(key, None)
        if obj["kind"] == "Service":
            for key in ("clusterIP", "clusterIPs"):  # those of scenarios are made up
                if obj["spec"].get(key) != "None":
                    obj["spec"].pop(key, None)
        name, status = obj["metadata"]["name"], obj.get("status")
        for _ in range(20):  # the daemon writes the same object
            found, old = self.server.ask("GET", path_of(obj, name))
            if found != 200:
                made = self.do("POST", path_of(obj), obj)
                break
            new = {**obj, "metadata": {"finalizers": old["metadata"].get("finalizers", []), **obj["metadata"],
                                       "resourceVersion": old["metadata"]["resourceVersion"]}}
            made = self.do("PUT", path_of(obj, name), new, good=(200, 201, 409))
            if made.get("kind") != "Status":
                break
        if status and status != made.get("status"):
            self.do("PATCH", path_of(obj, name, "status"), {"status": status}, content_type="application/merge-patch+json")

    def end(self, kind, name, namespace="default"):
        """As a person deletes it: finalizers are waited for."""
        version = next(version for plural, version in LEFT.items() if plural == PLURALS[kind])
        return self.do("DELETE", path_of({"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace}}, name))

    def remove(self, kind, name, namespace="default"):
        """At once."""
        version = next(version for plural, version in LEFT.items() if plural == PLURALS[kind])
        path = path_of({"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace}}, name)
        self.server.ask("PATCH", path, {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json")
        self.do("DELETE", path)

    def clean(self):
        """Nothing is left of a test."""
        for plural in LEFT:
            for obj in self.listed(plural):
                path = path_of(obj, obj["metadata"]["name"])
                if obj["metadata"].get("finalizers"):
                    self.server.ask("PATCH", path, {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json")
                self.do("DELETE", path, good=(200, 202, 404))


class Server:
    """It listens on 'address', in the network namespace of 'within'; 'options' are more words for kube-apiserver. 'fill', if there is one,
    puts something into the etcd at the port that it is given, before the API server begins to look."""

    def __init__(self, custom=False, address="127.0.0.1", within=contextlib.nullcontext, options=(), fill=None):
        self.address, self.within, self.options, self.fill = address, within, options, fill
        self.assets = pathlib.Path(os.environ["KUBEBUILDER_ASSETS"])
        self.token = secrets.token_hex(16)
        self.port, self.etcd_port = free_port(), free_port()
        self.custom, self.program_token = custom, None
        self.etcd = self.api = None
        self.relay, self.store = Relay(self.port), Store(self)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                  urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="lintel-apiserver-")
        self.folder = pathlib.Path(self.directory.name)
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.relay.stop()
        for process in (self.api, self.etcd):
            self.end(process)
        self.directory.cleanup()

    @staticmethod
    def end(process):
        if process:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def begin(self):
        peer = free_port()
        self.etcd = self.spawn(
            "etcd", f"--data-dir={self.folder}/etcd", f"--listen-client-urls=http://127.0.0.1:{self.etcd_port}",
            f"--advertise-client-urls=http://127.0.0.1:{self.etcd_port}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync")
        subprocess.run(["openssl", "genrsa", "-out", self.folder / "sa.key", "2048"], check=True, capture_output=True)
        (self.folder / "tokens").write_text(f"{self.token},admin,admin,system:masters\n", encoding="utf-8")
        if self.fill:
            with self.within():
                self.wait(lambda: socket.create_connection(("127.0.0.1", self.etcd_port), 1).close() is None)
                self.fill(self.etcd_port)
        self.start_api()
        self.store.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lintel"}})
        if self.custom:
            import yaml  # pylint: disable=import-outside-toplevel
            for plural in CUSTOM.values():
                status, answer = self.apply_definition(yaml.safe_load((DEFINITIONS / f"{plural}.yaml").read_text(encoding="utf-8")))
                if status != 201:
                    raise Failed(answer)
        self.relay.start()

    def start_api(self):
        self.api = self.spawn(
            "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", f"--cert-dir={self.folder}/certs",
            f"--bind-address={self.address}", f"--secure-port={self.port}", f"--token-auth-file={self.folder}/tokens",
            "--authorization-mode=RBAC", "--service-account-issuer=https://lintel.test",
            f"--service-account-key-file={self.folder}/sa.key", f"--service-account-signing-key-file={self.folder}/sa.key",
            "--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112", "--disable-admission-plugins=ServiceAccount",
            f"--advertise-address={self.address}", "--endpoint-reconciler-type=none", *self.options)
        self.wait(lambda: self.ask("GET", "/readyz")[0] == 200)

    def spawn(self, name, *arguments):
        with open(self.folder / f"{name}.log", "ab") as log, self.within():
            return subprocess.Popen([self.assets / name, *arguments], stdout=log, stderr=log)

    def wait(self, condition):
        end = time.monotonic() + PATIENCE_S
        while True:
            for process in (self.etcd, self.api):
                if process and process.poll() is not None:
                    log = self.folder / f"{pathlib.Path(process.args[0]).name}.log"
                    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
            with contextlib.suppress(OSError):
                if condition():
                    return
            if time.monotonic() > end:
                raise RuntimeError("the API server is not ready")
            time.sleep(0.2)

    def ask(self, method, path, body=None, *, content_type="application/json", token=None, timeout=30, **headers):
        """Status and JSON. The certificate is one of the server's own, made a moment ago."""
        request = urllib.request.Request(
            f"https://{self.address}:{self.port}{path}", method=method,
            data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type, "Accept": "application/json", **headers})
        try:
            with self.within(), self.opener.open(request, timeout=timeout) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            text, status = error.read(), error.code
        try:
            return status, json.loads(text)
        except ValueError:
            return status, {"message": text.decode(errors="replace")}

    # --- what happens to servers ---

    def start(self):
        """Can be reached again."""
        self.relay.start()

    def stop(self):
        """Can't be reached by programs; who tests still does."""
        self.relay.stop()

    def drop_connections(self):
        self.relay.drop_connections()

    def begin_with(self, *options):
        """The API server again, with other words; its etcd stays."""
        self.end(self.api)
        self.options = options
        self.start_api()

    def begin_anew(self):
        """Killed, and started with an etcd that has forgotten the past."""
        self.api.kill()
        self.api.wait()
        self.compact()
        self.start_api()

    def compact(self):
        base = f"http://127.0.0.1:{self.etcd_port}/v3/kv"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def call(name, body):
            with opener.open(urllib.request.Request(f"{base}/{name}", data=json.dumps(body).encode()), timeout=10) as answer:
                return json.loads(answer.read())
        revision = call("range", {"key": "AA=="})["header"]["revision"]
        call("compaction", {"revision": revision, "physical": True})

    # --- who may ---

    def token_of(self, namespace, name):
        status, answer = self.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
                                  {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})
        if status != 201:
            raise Failed(answer)
        return answer["status"]["token"]

    def give_roles(self):
        """From here on programs may do what manifests/ lets them, and nothing else."""
        import yaml  # pylint: disable=import-outside-toplevel
        for document in yaml.safe_load_all((DEFINITIONS.parent / "rbac.yaml").read_text(encoding="utf-8")):
            self.store.do("POST", path_of(document), document)
        self.program_token = self.token_of("lintel", "lintel")

    def kubeconfig(self, token=None, namespace="lintel", direct=False, **changes):
        """As a dictionary: through the relay, with the token of programs when they have roles, unless another is given."""
        cluster = {"server": f"https://{self.address}:{self.port if direct else self.relay.port}",
                   "certificate-authority": str(self.folder / "certs/apiserver.crt"), **changes.get("cluster", {})}
        user = {"token": token or self.program_token or self.token, **changes.get("user", {})}
        return {"apiVersion": "v1", "kind": "Config", "current-context": "test",
                "contexts": [{"name": "test", "context": {"cluster": "real", "user": "tester", "namespace": namespace}}],
                "clusters": [{"name": "real", "cluster": {k: v for k, v in cluster.items() if v is not None}}],
                "users": [{"name": "tester", "user": {k: v for k, v in user.items() if v is not None}}]}

    # --- definitions, and what is tried and not kept ---

    def apply_definition(self, document):
        """Until its objects can be asked for."""
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, answer = self.ask("POST", f"{base}?fieldValidation=Strict", document)
        if status == 201:
            name = document["metadata"]["name"]
            self.wait(lambda: any(condition["type"] == "Established" and condition["status"] == "True"
                                  for condition in self.ask("GET", f"{base}/{name}")[1].get("status", {}).get("conditions") or []))
            plural = document["spec"]["names"]["plural"]
            self.wait(lambda: self.ask("GET", f"/apis/{GROUP}/{plural}")[0] == 200)
        return status, answer

    def try_custom(self, plural, document):
        namespace = document["metadata"].get("namespace")
        inside = f"/namespaces/{namespace}" if namespace else ""
        return self.ask("POST", f"/apis/{GROUP}{inside}/{plural}?dryRun=All", document)

    def try_builtin(self, document):
        """A namespace that there is already gets another name."""
        if document["kind"] == "Namespace":
            document = {**document, "metadata": {**document["metadata"], "name": "lintel-2"}}
        return self.ask("POST", path_of(document) + "?dryRun=All&fieldValidation=Strict", document)
