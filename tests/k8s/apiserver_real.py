# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kube-apiserver with its etcd, on loopback, for as long as a test lasts: from the folder that KUBEBUILDER_ASSETS names."""
import json
import os
import pathlib
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE_S = 90
PLURALS = {"Namespace": "namespaces", "ServiceAccount": "serviceaccounts", "ClusterRole": "clusterroles", "Role": "roles",
           "ClusterRoleBinding": "clusterrolebindings", "RoleBinding": "rolebindings", "DaemonSet": "daemonsets"}


def missing():
    """Why there is none; "" when there is."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder:
        return "KUBEBUILDER_ASSETS is not set"
    for name in ("etcd", "kube-apiserver"):
        if not os.access(pathlib.Path(folder) / name, os.X_OK):
            return f"KUBEBUILDER_ASSETS has no {name}"
    return "" if shutil.which("openssl") else "no openssl, for the key of service accounts"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self):
        self.assets = pathlib.Path(os.environ["KUBEBUILDER_ASSETS"])
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.processes = []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lintel-manifests-")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.folder.cleanup()

    def start(self):
        folder = pathlib.Path(self.folder.name)
        client, peer = free_port(), free_port()
        self.spawn("etcd", f"--data-dir={folder}/etcd", f"--listen-client-urls=http://127.0.0.1:{client}",
                   f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                   f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}")
        subprocess.run(["openssl", "genrsa", "-out", folder / "sa.key", "2048"], check=True, capture_output=True)
        (folder / "tokens").write_text(f"{self.token},admin,admin,system:masters\n", encoding="utf-8")
        self.spawn("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}", f"--cert-dir={folder}/certs", "--bind-address=127.0.0.1",
                   f"--secure-port={self.port}", f"--token-auth-file={folder}/tokens", "--authorization-mode=AlwaysAllow",
                   "--service-account-issuer=https://lintel.test", f"--service-account-key-file={folder}/sa.key",
                   f"--service-account-signing-key-file={folder}/sa.key", "--service-cluster-ip-range=10.96.0.0/16",
                   "--disable-admission-plugins=ServiceAccount", "--advertise-address=127.0.0.1")
        self.wait(lambda: self.ask("GET", "/readyz")[0] == 200)
        self.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lintel"}})

    def spawn(self, name, *arguments):
        with open(pathlib.Path(self.folder.name) / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen([self.assets / name, *arguments], stdout=log, stderr=log))

    def wait(self, condition):
        end = time.monotonic() + PATIENCE_S
        while True:
            for process in self.processes:
                if process.poll() is not None:
                    log = pathlib.Path(self.folder.name) / f"{pathlib.Path(process.args[0]).name}.log"
                    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
            try:
                if condition():
                    return
            except OSError:
                pass
            if time.monotonic() > end:
                raise RuntimeError("the API server is not ready")
            time.sleep(0.2)

    def ask(self, method, path, body=None):
        """Status and JSON. The certificate is one of the server's own, made a moment ago."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", method=method, data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))
        try:
            with opener.open(request, timeout=30) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            text, status = error.read(), error.code
        try:
            return status, json.loads(text)
        except ValueError:
            return status, {"message": text.decode(errors="replace")}

    def apply_definition(self, document):
        """Until its objects can be asked for."""
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, answer = self.ask("POST", f"{base}?fieldValidation=Strict", document)
        if status == 201:
            name = document["metadata"]["name"]
            self.wait(lambda: any(condition["type"] == "Established" and condition["status"] == "True"
                                  for condition in self.ask("GET", f"{base}/{name}")[1].get("status", {}).get("conditions", [])))
            plural = document["spec"]["names"]["plural"]
            self.wait(lambda: self.ask("GET", f"/apis/lintel.io/v1alpha1/{plural}")[0] == 200)
        return status, answer

    def try_custom(self, plural, document):
        namespace = document["metadata"].get("namespace")
        inside = f"/namespaces/{namespace}" if namespace else ""
        return self.ask("POST", f"/apis/lintel.io/v1alpha1{inside}/{plural}?dryRun=All", document)

    def try_builtin(self, document):
        """A namespace that there is already gets another name."""
        group, namespace = document["apiVersion"], document["metadata"].get("namespace")
        if document["kind"] == "Namespace":
            document = {**document, "metadata": {**document["metadata"], "name": "lintel-2"}}
        base = f"/apis/{group}" if "/" in group else f"/api/{group}"
        inside = f"/namespaces/{namespace}" if namespace else ""
        return self.ask("POST", f"{base}{inside}/{PLURALS[document['kind']]}?dryRun=All&fieldValidation=Strict", document)
