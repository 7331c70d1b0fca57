#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""real.py LINTEL DRIVER [TEST...]: a real kube-apiserver, the stand-in, the client and the manifests held against each other. TAP.

Needs a folder with kube-apiserver and etcd (and a kubectl, there or on the machine) in KUBEBUILDER_ASSETS; loopback only. Without
it the stand-in alone is compared with what a real one answered when contract.json was written: real.py --record writes it.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import yaml

import apiserver_real
import client
import contract
from apiserver import ApiServer, Tls

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from tap import Skip, test  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MANIFESTS = HERE.parents[1] / "manifests"
RECORD = HERE / "contract.json"
MAPS = "/api/v1/namespaces/default/configmaps?labelSelector=app%3Dloadbalancer"


def real():
    if not REAL:
        raise Skip(f"{apiserver_real.missing()}: NO REAL API SERVER WAS ASKED")
    return REAL


def recorded():
    return {entry["title"]: entry["answer"] for entry in json.loads(RECORD.read_text(encoding="utf-8"))["answers"]}


def as_recorded(peer):
    """What 'peer' answers otherwise than is on record."""
    record, wrong = recorded(), []
    for row in contract.ROWS:
        answer = json.loads(json.dumps(row.run(peer)))
        if answer != record.get(row.title):
            wrong.append(f"{row.title}:\n  {json.dumps(answer, sort_keys=True)}\n  instead of\n  "
                         f"{json.dumps(record.get(row.title), sort_keys=True)}")
    return wrong


def peer_of(server):
    return contract.Peer(f"https://127.0.0.1:{server.port}", server.token, contract.unverified())


@test
def the_stand_in_answers_as_a_real_one_did():
    with ApiServer(token="t") as server:
        wrong = as_recorded(contract.Peer(server.url, "t"))
    assert not wrong, "\n".join(wrong)
    assert len(contract.ROWS) > 150 and len({row.title for row in contract.ROWS}) == len(contract.ROWS)


@test
def this_real_one_answers_so_too():
    server = real()
    wrong = as_recorded(peer_of(server))
    server.store.clean()
    assert not wrong, "\n".join(wrong)


# --- kubectl ---

class Kubectl:
    def __init__(self, server, directory):
        self.program = apiserver_real.kubectl()
        if not self.program:
            raise Skip("no kubectl, neither in KUBEBUILDER_ASSETS nor on this machine: ITS VIEW OF US WAS NOT LOOKED AT")
        self.config = pathlib.Path(directory) / "kubeconfig"
        self.config.write_text(json.dumps(server.kubeconfig(token=server.token, direct=True, namespace="default")), encoding="utf-8")
        self.home = directory

    def run(self, *words, **more):
        done = subprocess.run([self.program, "--kubeconfig", self.config, *words], capture_output=True, text=True, check=False,
                              env={**os.environ, "HOME": self.home, "KUBECACHEDIR": self.home}, **more)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout


def fields(schema, path):
    """Paths of everything that has a description of its own."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}.{name}", below
        yield from fields(below, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], path)


@test
def kubectl_explains_every_field(directory):
    kubectl = Kubectl(real(), directory)
    for kind, plural in apiserver_real.CUSTOM.items():
        definition = yaml.safe_load((MANIFESTS / "base/crds" / f"{plural}.yaml").read_text(encoding="utf-8"))
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        text = kubectl.run("explain", plural, "--recursive")
        assert f"KIND:       {kind}" in text and "DESCRIPTION" in text, text
        bare = [path for path, below in fields({"properties": {key: schema["properties"][key] for key in ("spec", "status")}}, plural)
                if not below.get("description")]
        assert not bare, bare
        for path, below in fields(schema["properties"]["spec"], f"{plural}.spec"):
            if path.count(".") == 2:
                said = re.sub(r"\s+", " ", kubectl.run("explain", path))
                assert re.sub(r"\s+", " ", below["description"]).strip() in said, f"{path}: {said}"


@test
def kubectl_shows_columns_and_knows_short_names(directory):
    server = real()
    kubectl = Kubectl(server, directory)
    server.store.put({"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualRouter", "metadata": {"name": "front"},
                      "spec": {"virtualRouterId": 51, "interface": "eth0"}})
    server.store.put({"apiVersion": "lintel.io/v1alpha1", "kind": "AddressPool", "metadata": {"name": "public"},
                      "spec": {"virtualRouter": "front", "addresses": ["10.77.0.100"]}})
    try:
        for plural in apiserver_real.CUSTOM.values():
            definition = yaml.safe_load((MANIFESTS / "base/crds" / f"{plural}.yaml").read_text(encoding="utf-8"))
            columns = [column["name"].upper() for column in definition["spec"]["versions"][0]["additionalPrinterColumns"]
                       if not column.get("priority")]
            for name in definition["spec"]["names"]["shortNames"]:
                head = kubectl.run("get", name, "--ignore-not-found").splitlines()
                if plural != "virtualservers":
                    assert re.split(r"\s{2,}|(?<=\S)\s(?=\S)", head[0].strip()) == ["NAME", *columns], head
        listed = kubectl.run("get", "lintel")
        assert "virtualrouter.lintel.io/front" in listed and "addresspool.lintel.io/public" in listed, listed
    finally:
        server.store.clean()


@test
def all_manifests_are_taken_by_a_server_that_only_tries(directory):
    kubectl = Kubectl(real(), directory)
    folders = [MANIFESTS / "base", *sorted((MANIFESTS / "examples").iterdir())]
    for folder in folders:
        rendered = kubectl.run("kustomize", folder)
        # No --namespace: each document says where it belongs.
        said = kubectl.run("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-", input=rendered)
        for document in yaml.safe_load_all(rendered):
            assert f"/{document['metadata']['name']} serverside-applied (server dry run)" in said, said
        assert "daemonset.apps/lintel" in said


@test
def a_fresh_cluster_takes_what_the_document_applies_in_its_order(directory):
    real()
    text = (MANIFESTS / "README.md").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True)[1:] for line in text.splitlines() if line.startswith(("kubectl apply", "kubectl wait"))]
    assert len(lines) >= 3, lines
    with apiserver_real.Server() as fresh:  # it has none of our definitions
        kubectl = Kubectl(fresh, directory)
        for line in lines:
            kubectl.run(*(MANIFESTS.parent / word if word.startswith("manifests/") else word for word in line))
        said = kubectl.run("get", "virtualrouters,addresspools", "-o", "name")
        assert "virtualrouter.lintel.io/front" in said and "addresspool.lintel.io/public" in said, said


# --- who may ---

@test
def the_roles_allow_no_more_than_is_needed():
    """That they allow enough is seen by the daemon's scenarios, which have nothing else."""
    server = real()
    leases, slices = "/apis/coordination.k8s.io/v1/namespaces", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    refused = [("GET", "/api/v1/secrets"), ("GET", "/api/v1/pods"), ("GET", "/apis/apps/v1/daemonsets"),
               ("DELETE", contract.SERVICES + "/x"), ("PATCH", "/api/v1/nodes/x"), ("PATCH", slices + "/x"),
               ("DELETE", contract.POOLS + "/x"), ("PATCH", contract.POOLS + "/x"), ("GET", "/apis/events.k8s.io/v1/events"),
               ("GET", leases + "/default/leases"), ("DELETE", leases + "/lintel/leases/x")]
    for method, path in refused:
        body = {} if method == "PATCH" else None
        status, answer = server.ask(method, path, body, token=server.program_token, content_type=contract.MERGE)
        assert status == 403, f"{method} {path}: {status} {answer}"


# --- the client ---

def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", "labels": {"app": "loadbalancer"}},
            "data": data}


def told(driver, server):
    """It was told exactly what is so."""
    so = {(obj["metadata"].get("namespace"), obj["metadata"]["name"]): obj["metadata"]["resourceVersion"]
          for obj in server.store.listed("configmaps") if obj["metadata"].get("labels", {}).get("app") == "loadbalancer"}
    return {key: obj["metadata"]["resourceVersion"] for key, obj in driver.objects.get("maps", {}).items()} == so


class Scene:
    """The driver, following ConfigMaps through the relay."""

    def __init__(self, directory, count=3, watch=True, **options):
        self.server, self.directory, self.count, self.watch, self.options = real(), directory, count, watch, options

    def __enter__(self):
        self.server.start()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(self.server.store.put, [config_map(f"c{number:04}", n=str(number)) for number in range(self.count)]))
        self.driver = client.Driver(self.directory, self.server.kubeconfig(token=self.server.token)).__enter__()
        if self.watch:
            self.driver.watch(MAPS, name="maps", **self.options)
            self.same()
        return self.server, self.driver

    def same(self):
        self.driver.until(lambda: self.driver.in_step("maps") and told(self.driver, self.server))

    def __exit__(self, *error):
        self.driver.__exit__(*error)
        self.server.stop()
        self.server.store.clean()


@test
def a_list_of_many_pages_is_whole_and_followed(directory):
    with Scene(directory, count=1203) as (server, driver):
        assert driver.counts["maps", "upserted"] == 1203 and driver.counts["maps", "replaced"] == 1
        server.store.put(config_map("new"))
        server.store.remove("ConfigMap", "c0007")
        driver.until(lambda: told(driver, server))
        assert driver.counts["maps", "replaced"] == 1


@test
def a_streamed_list_is_whole_and_followed(directory):
    with Scene(directory, count=20, streaming=True) as (server, driver):
        assert driver.counts["maps", "replaced"] == 1
        assert not any("streamed" in line or "unsupported" in line for line in driver.log), driver.log
        server.store.put(config_map("new", text="ä€😀\\\"\n\u0001"))
        driver.until(lambda: told(driver, server))


@test
def a_cut_watch_goes_on_where_it_was(directory):
    with Scene(directory) as (server, driver):
        for _ in range(3):
            server.stop()
            driver.until(lambda: not driver.in_step("maps"))
            server.store.put(config_map("c0001", n="more"))
            server.store.remove("ConfigMap", "c0002")
            server.store.put(config_map("c0002", n="again"))
            server.start()
            driver.until(lambda: driver.in_step("maps") and told(driver, server), 40)
        assert driver.counts["maps", "replaced"] == 1, "it listed"


@test
def what_a_server_that_began_anew_forgot_is_listed_and_not_late(directory):
    for streaming in (False, True):
        with Scene(directory, streaming=streaming) as (server, driver):
            server.stop()
            driver.until(lambda: not driver.in_step("maps"))
            server.store.remove("ConfigMap", "c0002")
            server.store.put(config_map("late"))
            server.begin_anew()
            server.start()
            driver.until(lambda: driver.counts["maps", "replaced"] == 2, 60)
            driver.until(lambda: driver.in_step("maps") and told(driver, server))


@test
def a_token_is_read_from_its_file_again(directory):
    server = real()
    token = pathlib.Path(directory, "token")
    token.write_text("stale", encoding="utf-8")
    server.start()
    try:
        config = server.kubeconfig(user={"token": None, "tokenFile": "token"})
        with client.Driver(directory, config) as driver:
            driver.watch()
            driver.until(lambda: driver.states.get("services", {}).get("why") == "unauthorized")
            token.with_suffix(".new").write_text(server.token_of("lintel", "lintel") + "\n", encoding="utf-8")
            token.with_suffix(".new").rename(token)
            driver.until(driver.in_step, 40)
            driver.watch("/api/v1/secrets", name="secrets")
            driver.until(lambda: driver.states.get("secrets", {}).get("why") == "forbidden")
            assert "secrets" in driver.states["secrets"]["message"], driver.states["secrets"]
    finally:
        server.stop()


@test
def nobody_else_is_taken_for_the_server(directory):
    server = real()
    server.start()
    try:
        for cluster in ({"certificate-authority": str(Tls(pathlib.Path(directory)).other_ca)}, {"tls-server-name": "another.test"}):
            with client.Driver(directory, server.kubeconfig(cluster=cluster)) as driver:
                driver.watch()
                driver.until(lambda: driver.states.get("services", {}).get("state") == "waiting")
                assert driver.states["services"]["why"] == "cut" and driver.states["services"]["message"], driver.states
    finally:
        server.stop()


@test
def single_objects_are_written_as_they_should(directory):
    leases, lease = "/apis/coordination.k8s.io/v1/namespaces/lintel/leases", contract.lease("driver")
    with Scene(directory, watch=False) as (server, driver):
        driver.send(1, "create", leases, lease, priority=0)
        made = driver.answer(1)
        assert made["outcome"] == "done" and made["status"] == 201, made
        driver.send(2, "create", leases, lease)
        assert driver.answer(2)["outcome"] == "conflict"
        driver.send(3, "update", leases + "/driver", made["object"])
        assert driver.answer(3)["outcome"] == "done"
        driver.send(4, "update", leases + "/driver", lease)
        assert driver.answer(4)["outcome"] == "refused"
        server.store.put({**contract.service("web"), "metadata": {"name": "web", "namespace": "default"}})
        one = "/api/v1/namespaces/default/services/web"
        driver.send(5, "get", one)
        version = driver.answer(5)["object"]["metadata"]["resourceVersion"]
        status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1", "ipMode": "Proxy", "ports": [{"port": 80, "protocol": "TCP"}]}]}}
        driver.send(6, "merge", one + "/status", {"metadata": {"resourceVersion": version}, "status": status})
        answer = driver.answer(6)
        assert answer["outcome"] == "done" and answer["object"]["status"] == status, answer
        driver.send(7, "merge", one + "/status", {"metadata": {"resourceVersion": version}, "status": {"loadBalancer": None}})
        answer = driver.answer(7)
        assert answer["outcome"] == "conflict" and "modified" in answer["why"], answer
        driver.send(8, "apply", "/apis/lintel.io/v1alpha1/addresspools/p", contract.pool("p"))
        assert driver.answer(8)["status"] == 201
        driver.send(9, "delete", "/apis/lintel.io/v1alpha1/addresspools/p")
        assert driver.answer(9)["outcome"] == "done"
        driver.send(10, "get", "/apis/lintel.io/v1alpha1/addresspools/p")
        assert driver.answer(10)["outcome"] == "not-found"
        driver.send(11, "create", "/apis/lintel.io/v1alpha1/virtualrouters", contract.router("bad", virtualRouterId=256))
        answer = driver.answer(11)
        assert answer["outcome"] == "refused" and "virtualRouterId" in answer["why"], answer


# --- running ---

def record():
    with apiserver_real.Server(custom=True) as server:
        version = server.ask("GET", "/version")[1]["gitVersion"]
        peer = peer_of(server)
        answers = [{"title": row.title, "answer": row.run(peer)} for row in contract.ROWS]
    lines = ",\n".join(json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in answers)
    RECORD.write_text(f'{{"server": {json.dumps(version)}, "answers": [\n{lines}\n]}}\n', encoding="utf-8")


def main():
    global REAL  # pylint: disable=global-statement
    if apiserver_real.missing():
        return tap.main(sys.argv[3:])
    with apiserver_real.Server(custom=True) as REAL:
        REAL.give_roles()
        return tap.main(sys.argv[3:])


if __name__ == "__main__":
    REAL = None
    if sys.argv[1:] == ["--record"]:
        record()
        sys.exit(0)
    client.PROGRAM = sys.argv[2]
    sys.exit(main())
