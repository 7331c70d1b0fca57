#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""client.py DRIVER: the client for Kubernetes against the stand-in API server, through what goes wrong. Loopback only; TAP.

What is compared is always the whole: what the driver was told, kept as anybody would keep it (mark and sweep), and what is so.
"""
import base64
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

from apiserver import ApiServer, Tls

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tap import Skip, main, test  # noqa: E402

PATIENCE = 20.0
SERVICES = "/api/v1/services"


def service(number, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"web-{number:04}", "namespace": "default"},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec}}


class Driver:
    """The program under test, and what it was told so far."""

    def __init__(self, directory, kubeconfig, environment=None):
        path = pathlib.Path(directory, "kubeconfig")
        path.write_text(json.dumps(kubeconfig), encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(environment or {})})
        self.events, self.log, self.answers = queue.Queue(), [], {}
        self.objects, self.marked, self.states, self.counts = {}, {}, {}, {}
        self.readers = [threading.Thread(target=self.read, daemon=True), threading.Thread(target=self.read_log, daemon=True)]
        for reader in self.readers:
            reader.start()

    def __enter__(self):
        first = self.next()
        if first["event"] != "ready":
            raise AssertionError(first)
        return self

    def __exit__(self, kind, *error):
        self.process.stdin.close()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "it does not end"
        for reader in self.readers:
            reader.join(5)
        if kind is None and code != 0:
            raise AssertionError(f"the driver ended badly: {code}\n" + "\n".join(self.log[-20:]))

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line.decode(errors="replace").rstrip())

    def next(self, patience=PATIENCE):
        event = self.events.get(timeout=patience)
        if event is None:
            raise AssertionError("the driver is gone\n" + "\n".join(self.log[-20:]))
        self.take(event)
        return event

    def take(self, event):
        name, what = event.get("watch"), event["event"]
        if what == "answer":
            self.answers[event["id"]] = event
        if name is None:
            return
        self.counts[name, what] = self.counts.get((name, what), 0) + 1
        kept, marked = self.objects.setdefault(name, {}), self.marked.setdefault(name, set())
        if what == "state":
            self.states[name] = event
            return
        meta = event["object"]["metadata"] if "object" in event else {}
        key = meta.get("namespace"), meta.get("name")
        if what == "upserted":
            kept[key] = event["object"]
            marked.add(key)
        elif what == "deleted":
            kept.pop(key, None)
        elif what == "replacing":
            marked.clear()
        elif what == "replaced":
            for old in set(kept) - marked:
                del kept[old]

    def until(self, true, patience=PATIENCE):
        """Takes events until 'true()'."""
        end = time.monotonic() + patience
        while not true():
            try:
                self.next(max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"in vain, after {patience} s: state {self.states}, counts {self.counts}\n"
                                     + "\n".join(self.log[-10:])) from None

    def quiet(self, seconds):
        """Takes what comes meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.next(end - time.monotonic())
            except (queue.Empty, ValueError):
                return

    def logged(self, words):
        """It says so on its standard error, sooner or later."""
        end = time.monotonic() + PATIENCE
        while not any(words in line for line in self.log):
            assert time.monotonic() < end, f"not logged: {words}"
            time.sleep(0.01)

    def do(self, **command):
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def watch(self, path=SERVICES, name="services", **more):
        self.do(do="watch", name=name, path=path, **more)

    def send(self, number, verb, path, body=None, priority=1, **more):
        verbs = ["get", "create", "update", "merge", "strategic", "apply", "delete"]
        self.do(do="send", id=number, verb=verbs.index(verb), path=path, priority=priority, body=body, **more)

    def answer(self, number):
        self.until(lambda: number in self.answers)
        return self.answers.pop(number)

    def in_step(self, name="services"):
        return self.states.get(name, {}).get("in_step") is True

    def has_all(self, server, plural="services", name="services"):
        """It was told exactly what is so."""
        def versions(objects):
            return {(obj["metadata"].get("namespace"), obj["metadata"]["name"]): obj["metadata"]["resourceVersion"] for obj in objects}
        so = versions(obj for key, obj in server.store.objects.items() if key[0] == plural)
        return versions(self.objects.get(name, {}).values()) == so


class Scene:
    """A server and a driver, with 'services' watched and in step."""

    def __init__(self, directory, count=3, watch=True, environment=None, **server):
        self.server = ApiServer(**server)
        self.directory, self.count, self.watch, self.environment = directory, count, watch, environment
        self.watch_options = {}

    def __enter__(self):
        self.server.start()
        for number in range(self.count):
            self.server.store.put(service(number))
        self.driver = Driver(self.directory, self.server.kubeconfig(), self.environment).__enter__()
        if self.watch:
            self.driver.watch(**self.watch_options)
            self.same()
        return self.server, self.driver

    def same(self):
        self.driver.until(lambda: self.driver.in_step() and self.driver.has_all(self.server))

    def __exit__(self, *error):
        self.driver.__exit__(*error)
        self.server.stop()


def asked(server, watch=None, path=SERVICES):
    """The queries of reads of collections so far."""
    with server.lock:
        return [r["query"] for r in server.requests if r["method"] == "GET" and r["path"] == path and watch in (None, r["watch"])]


def forget(server):
    with server.lock:
        server.requests.clear()


def follows(server, driver, patience=PATIENCE):
    """A change is seen."""
    number = 9000 + len(server.store.log)
    server.store.put(service(number))
    driver.until(lambda: driver.has_all(server), patience)


# --- lists and watches ---

@test
def a_list_comes_in_pages_and_is_then_followed(directory):
    with Scene(directory, count=1203) as (server, driver):
        lists = asked(server, watch=False)
        assert [query["limit"] for query in lists] == ["500"] * 3, lists
        assert ["continue" in query for query in lists] == [False, True, True], lists
        assert all("resourceVersion" not in query for query in lists), lists
        assert driver.counts["services", "upserted"] == 1203
        with server.lock:
            assert all("gzip" in r["encoding"] for r in server.requests if not r["watch"])
            assert all("gzip" not in (r["encoding"] or "") for r in server.requests if r["watch"])
            assert all(r["agent"].startswith("lintel/") for r in server.requests)
        watch, = asked(server, watch=True)
        assert watch["allowWatchBookmarks"] == "true" and 300 <= int(watch["timeoutSeconds"]) <= 600, watch
        follows(server, driver)
        server.store.remove("Service", "web-0007")
        driver.until(lambda: driver.has_all(server))
        assert len(asked(server)) == 4


@test
def a_streamed_list_needs_no_pages(directory):
    scene = Scene(directory, count=700)
    scene.watch_options = {"streaming": True}
    with scene as (server, driver):
        query, = asked(server)
        assert query["sendInitialEvents"] == "true" and query["resourceVersionMatch"] == "NotOlderThan", query
        assert driver.counts["services", "replaced"] == 1
        follows(server, driver)
        assert len(asked(server)) == 1


@test
def a_server_without_streamed_lists_is_asked_for_pages_at_once(directory):
    scene = Scene(directory)
    scene.server.settings.streaming_lists = False
    scene.watch_options = {"streaming": True}
    with scene as (server, driver):
        with server.lock:
            times = [r["time"] for r in server.requests]
        assert times[1] - times[0] < 0.7, "it waited"
        assert ["sendInitialEvents" in query for query in asked(server)] == [True, False, False]
        follows(server, driver)


@test
def events_cut_anywhere_arrive_whole(directory):
    with Scene(directory) as (server, driver):
        for turn in range(12):
            driver.do(do="unwatch", name="services")
            driver.states.clear()
            driver.watch(streaming=turn % 2 == 1)
            driver.until(driver.in_step)
            for number in range(25):
                obj = service(number)
                obj["metadata"]["annotations"] = {"note": "ä€😀\\\"\n\u0001" * (number + turn)}
                server.store.put(obj)
            driver.until(lambda: driver.has_all(server))
            for number in range(25):
                told = driver.objects["services"]["default", f"web-{number:04}"]
                assert told["metadata"]["annotations"]["note"] == "ä€😀\\\"\n\u0001" * (number + turn)


@test
def an_object_of_megabytes_arrives(directory):
    with Scene(directory) as (server, driver):
        big = service(5)
        big["metadata"]["annotations"] = {"big": "x" * 3_000_000}
        server.store.put(big)
        driver.until(lambda: driver.has_all(server))
        server.stop()
        server.store.put(service(6))
        server.store.compact()
        server.start()
        driver.until(lambda: driver.counts["services", "replaced"] == 2)  # now as an item
        assert driver.has_all(server)


@test
def a_cut_watch_goes_on_where_it_was(directory):
    with Scene(directory) as (server, driver):
        last = server.store.version
        forget(server)
        server.drop_connections()
        driver.until(lambda: not driver.in_step())
        server.store.put(service(50))
        server.store.remove("Service", "web-0001")
        driver.until(lambda: driver.in_step() and driver.has_all(server))
        assert asked(server, watch=False) == [], "it listed"
        assert asked(server, watch=True)[0]["resourceVersion"] == str(last)
        assert driver.counts["services", "replaced"] == 1


@test
def what_expired_while_away_is_listed_anew(directory):
    for as_status in (False, True):
        with Scene(directory, count=5) as (server, driver):
            server.settings.expired_status = as_status
            server.stop()
            driver.until(lambda: not driver.in_step())
            server.store.remove("Service", "web-0002")
            server.store.put(service(77))
            server.store.compact()
            server.start()
            driver.until(lambda: driver.counts["services", "replaced"] == 2)
            driver.until(lambda: driver.in_step() and driver.has_all(server))
            assert ("default", "web-0002") not in driver.objects["services"]


@test
def a_page_token_that_expired_is_not_asked_for_twice(directory):
    server = ApiServer()
    with server:
        for number in range(30):
            server.store.put(service(number))
        take, first = server.take_fault, []

        def expire(method, path, watch):
            if method == "GET" and not watch and len(first) < 1:
                first.append(path)
            elif len(first) == 1:
                first.append("compacted")
                server.store.put(service(99))
                server.store.compact()
            return take(method, path, watch)
        server.take_fault = expire
        with Driver(directory, server.kubeconfig()) as driver:
            driver.watch(limit=10)
            driver.until(lambda: driver.in_step() and driver.has_all(server))
            assert [("limit" in q, "continue" in q) for q in asked(server, watch=False)] == [(True, False), (True, True), (False, False)]


@test
def a_page_that_was_cut_is_asked_for_again(directory):
    server = ApiServer()
    server.fault("delay", path="services", seconds=0)
    server.fault("cut", path="services", bytes=900)
    with server:
        for number in range(25):
            server.store.put(service(number))
        with Driver(directory, server.kubeconfig()) as driver:
            driver.watch(limit=10)
            driver.until(lambda: driver.in_step() and driver.has_all(server))
            lists = asked(server, watch=False)
            assert lists[1] == lists[2] and "continue" in lists[1] and len(lists) == 4, lists
            assert driver.states["services"]["why"] == "cut"


@test
def a_watch_that_ends_goes_on_from_its_bookmark(directory):
    scene = Scene(directory)
    scene.server.settings.bookmark_seconds, scene.server.settings.watch_max = 0.1, 1.3
    with scene as (server, driver):
        for number in range(20):  # others change: our resourceVersion grows old
            server.store.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}})
        newest = server.store.version
        driver.quiet(0.5)
        server.store.compact()
        forget(server)
        driver.quiet(1.5)
        assert asked(server, watch=False) == []
        assert int(asked(server, watch=True)[0]["resourceVersion"]) >= newest
        assert driver.in_step() and driver.counts["services", "replaced"] == 1
        follows(server, driver)


@test
def throttling_is_waited_out(directory):
    with Scene(directory) as (server, driver):
        server.fault("refuse", code=429, reason="TooManyRequests", retry_after=2, path="services")
        server.drop_connections()
        driver.until(lambda: driver.states["services"]["why"] == "throttled")
        begun = time.monotonic()
        driver.until(driver.in_step)
        assert time.monotonic() - begun > 1.9
        follows(server, driver)


def one_broken_answer(why, action, **details):
    def broken(directory):
        with Scene(directory) as (server, driver):
            server.fault(action, path="services", **details)
            server.drop_connections()
            driver.until(lambda: driver.states["services"]["why"] == why)
            if "message" in details:
                assert driver.states["services"]["message"] == details["message"]
            assert driver.objects["services"], "it forgot"
            driver.until(driver.in_step)
            follows(server, driver)
    broken.__name__ = f"an_answer_that_is_{why}_is_survived_({action}_{details.get('code') or len(details.get('body', ''))})"
    test(broken)


one_broken_answer("unavailable", "refuse", code=503, reason="ServiceUnavailable")
one_broken_answer("unavailable", "refuse", code=500)
one_broken_answer("forbidden", "refuse", code=403, reason="Forbidden", message="services is forbidden")
one_broken_answer("cut", "drop")
one_broken_answer("malformed", "garbage", body="<html>\nPlease log in\n</html>\n")
one_broken_answer("malformed", "garbage", body='{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n')
one_broken_answer("cut", "garbage", body='{"type":"ADDED","obj')


@test
def an_outage_keeps_the_last_state_and_ends_in_step(directory):
    with Scene(directory, count=10) as (server, driver):
        server.stop()
        driver.until(lambda: not driver.in_step())
        driver.quiet(3)
        assert len(driver.objects["services"]) == 10
        warnings = [line for line in driver.log if "out of step" in line]
        assert 1 <= len(warnings) <= 2, warnings  # cut, then perhaps refused: not each attempt
        server.store.remove("Service", "web-0003")
        server.start()
        driver.until(lambda: driver.in_step() and driver.has_all(server), 40)
        driver.logged("in step again")


@test
def a_resource_that_is_not_there_yet_is_awaited(directory):
    router = {"apiVersion": "lintel.io/v1alpha1", "kind": "VirtualRouter", "metadata": {"name": "front"}, "spec": {"virtualRouterId": 51}}
    with ApiServer() as server, Driver(directory, server.kubeconfig()) as driver:
        server.serve_resource("virtualrouters", False)
        driver.watch("/apis/lintel.io/v1alpha1/virtualrouters", name="routers", streaming=True)
        driver.until(lambda: driver.states.get("routers", {}).get("why") == "not-found")
        server.serve_resource("virtualrouters", True)
        server.store.put(router)
        driver.until(lambda: driver.in_step("routers") and driver.has_all(server, "virtualrouters", "routers"))
        server.serve_resource("virtualrouters", False)
        driver.until(lambda: not driver.in_step("routers"))
        driver.quiet(1)
        assert driver.objects["routers"], "the deleted CRD took the last state with it"
        server.serve_resource("virtualrouters", True)
        driver.until(lambda: driver.in_step("routers"))


@test
def several_resources_are_followed_side_by_side(directory):
    with Scene(directory, count=200) as (server, driver):
        paths = {"nodes": "/api/v1/nodes", "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices", "configmaps": "/api/v1/configmaps",
                 "virtualservers": "/apis/lintel.io/v1alpha1/virtualservers", "addresspools": "/apis/lintel.io/v1alpha1/addresspools"}
        for name, path in paths.items():
            driver.watch(path, name=name, streaming=name == "nodes")
        server.store.put({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
        server.store.put({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web-1"},
                          "addressType": "IPv4", "endpoints": []})
        for name in paths:
            driver.until(lambda: driver.in_step(name) and driver.has_all(server, name, name))
        driver.do(do="unwatch", name="nodes")
        server.drop_connections()
        for name in set(paths) - {"nodes"}:
            driver.until(lambda: driver.in_step(name))


@test
def selectors_stay_in_every_question(directory):
    with ApiServer() as server, Driver(directory, server.kubeconfig()) as driver:
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"app": "loadbalancer"}}}
        server.store.put(obj)
        server.store.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}})
        driver.watch("/api/v1/configmaps?labelSelector=app%3Dloadbalancer", name="maps")
        driver.until(lambda: driver.in_step("maps"))
        assert set(driver.objects["maps"]) == {("default", "a")}
        server.store.put({**obj, "metadata": {"name": "a"}})
        driver.until(lambda: not driver.objects["maps"])


@test
def proxies_of_the_environment_are_not_asked(directory):
    proxy = {name: "http://127.0.0.1:1" for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
    with Scene(directory, environment=proxy) as (server, driver):
        follows(server, driver)


# --- who we are, and who they are ---

def tls_of(directory):
    if not Tls.available():
        raise Skip("there is no openssl program to make certificates with")
    return Tls(directory)


@test
def a_rotated_token_is_read_from_its_file(directory):
    token = pathlib.Path(directory, "token")
    token.write_text("one\n", encoding="utf-8")
    with ApiServer(tls=tls_of(directory), token="one") as server:
        server.store.put(service(1))
        with Driver(directory, server.kubeconfig(user={"token": "stale", "tokenFile": "token"})) as driver:
            driver.watch()
            driver.until(lambda: driver.in_step() and driver.has_all(server))
            server.settings.tokens = {"two"}
            server.drop_connections()
            driver.until(lambda: driver.states["services"]["why"] == "unauthorized")
            token.with_suffix(".new").write_text("two", encoding="utf-8")
            token.with_suffix(".new").rename(token)
            driver.until(driver.in_step)
            assert driver.has_all(server)
            assert "two" not in "".join(driver.log), "a token in the log"


@test
def requests_survive_an_expired_token(directory):
    token = pathlib.Path(directory, "token")
    token.write_text("one", encoding="utf-8")
    with ApiServer(tls=tls_of(directory), token="two") as server:
        server.store.put(service(1))
        with Driver(directory, server.kubeconfig(user={"token": None, "tokenFile": "token"})) as driver:
            driver.send(1, "get", "/api/v1/namespaces/default/services/web-0001")
            driver.quiet(0.3)
            assert 1 not in driver.answers
            token.write_text("two", encoding="utf-8")
            assert driver.answer(1)["outcome"] == "done"


@test
def nobody_else_is_taken_for_the_server(directory):
    tls = tls_of(directory)
    wrong = [{"cluster": {"certificate-authority": str(tls.other_ca)}}, {"cluster": {"certificate-authority": None}},
             {"cluster": {"tls-server-name": "another.test"}}]
    with ApiServer(tls=tls, token="t") as server:
        for changes in wrong:
            with Driver(directory, server.kubeconfig(**changes)) as driver:
                driver.watch()
                driver.until(lambda: driver.states.get("services", {}).get("state") == "waiting")
                assert driver.states["services"]["why"] == "cut" and driver.states["services"]["message"], driver.states
                driver.send(1, "get", "/api/v1/nodes/x", attempts=1)
                answer = driver.answer(1)
                assert answer["outcome"] == "given-up" and answer["conclusive"], answer
        assert not server.requests, "it said who it is"


@test
def the_servers_certificate_may_name_it_otherwise(directory):
    with ApiServer(tls=tls_of(directory), token="t", named_only=True) as server:
        server.store.put(service(1))
        with Driver(directory, server.kubeconfig()) as driver:
            driver.watch()
            driver.until(lambda: driver.states.get("services", {}).get("why") == "cut")
        for cluster in ({"tls-server-name": Tls.NAME}, {"insecure-skip-tls-verify": True, "certificate-authority": None}):
            with Driver(directory, server.kubeconfig(cluster=cluster)) as driver:
                driver.watch()
                driver.until(lambda: driver.in_step() and driver.has_all(server))
                assert any("not checked" in line for line in driver.log) == ("insecure-skip-tls-verify" in cluster)


@test
def client_certificates_come_from_files_or_from_the_kubeconfig(directory):
    tls = tls_of(directory)

    def data(path):
        return base64.b64encode(path.read_bytes()).decode()
    users = [{"client-certificate": tls.client_certificate.name, "client-key": tls.client_key.name},
             {"client-certificate-data": data(tls.client_certificate), "client-key-data": data(tls.client_key)}]
    with ApiServer(tls=tls, client_required=True) as server:
        server.store.put(service(1))
        for user in users:
            cluster = {"certificate-authority": None, "certificate-authority-data": data(tls.ca)}
            with Driver(directory, server.kubeconfig(user=user, cluster=cluster)) as driver:
                driver.watch()
                driver.until(lambda: driver.in_step() and driver.has_all(server))
        with Driver(directory, server.kubeconfig()) as driver:
            driver.watch()
            driver.until(lambda: driver.states.get("services", {}).get("why") == "cut")


@test
def programs_for_credentials_are_refused_with_their_user(directory):
    config = {**ApiServer(port=1).kubeconfig(user={"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"}})}
    path = pathlib.Path(directory, "kubeconfig")
    path.write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run([PROGRAM, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    why = json.loads(done.stdout)["why"]
    assert done.returncode == 1 and 'user "tester": exec' in why and str(path) in why, why


# --- single objects ---

ONE = "/api/v1/namespaces/default/services/web-0001"


@test
def a_stale_write_is_a_conflict_and_changes_nothing(directory):
    with Scene(directory, watch=False) as (server, driver):
        driver.send(1, "get", ONE)
        version = driver.answer(1)["object"]["metadata"]["resourceVersion"]
        status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1", "ipMode": "Proxy"}]}}
        driver.send(2, "merge", ONE + "/status", {"metadata": {"resourceVersion": version}, "status": status})
        assert driver.answer(2)["outcome"] == "done"
        driver.send(3, "strategic", ONE + "/status", {"metadata": {"resourceVersion": version}, "status": {"loadBalancer": None}})
        answer = driver.answer(3)
        assert answer["outcome"] == "conflict" and answer["status"] == 409 and "modified" in answer["why"], answer
        assert server.store.objects["services", "default", "web-0001"]["status"] == status
        with server.lock:
            patches = [r for r in server.requests if r["method"] == "PATCH"]
        assert [patch["type"] for patch in patches] == ["application/merge-patch+json", "application/strategic-merge-patch+json"]
        assert all(patch["query"] == {"fieldManager": "lintel"} for patch in patches)


@test
def objects_are_made_applied_and_deleted(directory):
    leases, lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", {
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "lintel"},
        "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"}}
    with ApiServer() as server, Driver(directory, server.kubeconfig()) as driver:
        driver.send(1, "create", leases, lease, priority=0)
        made = driver.answer(1)
        assert made["outcome"] == "done" and made["status"] == 201
        driver.send(2, "create", leases, lease)
        assert driver.answer(2)["outcome"] == "conflict"
        driver.send(3, "update", leases + "/lintel", made["object"])
        assert driver.answer(3)["outcome"] == "done"
        driver.send(4, "update", leases + "/lintel", lease)  # without a resourceVersion
        assert driver.answer(4)["outcome"] == "refused"
        pool = {"apiVersion": "lintel.io/v1alpha1", "kind": "AddressPool", "metadata": {"name": "p"},
                "spec": {"virtualRouter": "front", "addresses": ["10.0.0.1"]}}
        driver.send(5, "apply", "/apis/lintel.io/v1alpha1/addresspools/p", pool)
        assert driver.answer(5)["status"] == 201
        less = {"virtualRouter": "front", "addresses": ["10.0.0.2"], "autoAssign": False}
        driver.send(6, "apply", "/apis/lintel.io/v1alpha1/addresspools/p", {**pool, "spec": {**less, "priority": 5}})
        assert driver.answer(6)["object"]["spec"]["priority"] == 5
        driver.send(6, "apply", "/apis/lintel.io/v1alpha1/addresspools/p", {**pool, "spec": less})
        assert driver.answer(6)["object"]["spec"] == {**less, "avoidBuggyIPs": False, "priority": 0}, "defaults are back"
        driver.send(7, "delete", "/apis/lintel.io/v1alpha1/addresspools/p")
        assert driver.answer(7)["outcome"] == "done"
        driver.send(8, "get", "/apis/lintel.io/v1alpha1/addresspools/p")
        answer = driver.answer(8)
        assert answer["outcome"] == "not-found" and "not found" in answer["why"], answer
        driver.send(9, "create", "/apis/lintel.io/v1alpha1/addresspools", {**pool, "kind": "Pool"})
        assert driver.answer(9)["outcome"] == "refused"


@test
def what_may_pass_is_tried_again_and_what_may_not_is_not(directory):
    rows = [(429, "done", 2), (500, "done", 2), (502, "done", 2), (503, "done", 2), (504, "done", 2), (401, "done", 2),
            (400, "refused", 1), (403, "refused", 1), (413, "refused", 1), (422, "refused", 1), (404, "not-found", 1), (409, "conflict", 1)]
    with Scene(directory, watch=False) as (server, driver):
        for number, (code, _, _) in enumerate(rows):
            server.fault("refuse", code=code, path=f"labels-{number}")
            server.store.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"labels-{number}"}})
            driver.send(number, "merge", f"/api/v1/namespaces/default/configmaps/labels-{number}", {"data": {"a": "b"}})
        for number, (code, outcome, attempts) in enumerate(rows):
            answer = driver.answer(number)
            with server.lock:
                count = sum(r["path"].endswith(f"labels-{number}") for r in server.requests)
            assert (answer["outcome"], count) == (outcome, attempts), (code, answer, count)


@test
def a_lost_answer_is_asked_for_again_and_given_up_in_the_end(directory):
    with Scene(directory, watch=False) as (server, driver):
        server.fault("after", method="PATCH")
        driver.send(1, "merge", ONE, {"metadata": {"labels": {"a": "b"}}})
        assert driver.answer(1)["outcome"] == "done"
        server.fault("after", method="PATCH", times=3)
        driver.send(2, "merge", ONE, {"metadata": {"labels": {"a": "c"}}}, attempts=2)
        answer = driver.answer(2)
        assert answer["outcome"] == "given-up" and not answer["conclusive"], answer
        server.stop()
        driver.send(3, "merge", ONE, {"metadata": {"labels": {"a": "d"}}}, attempts=2)
        answer = driver.answer(3)
        assert answer["outcome"] == "given-up" and answer["conclusive"] and answer["why"], answer


@test
def writes_keep_their_pace_and_their_order(directory):
    with Scene(directory, watch=False) as (server, driver):
        begun = time.monotonic()
        for number in range(200):
            driver.send(number, "merge", ONE, {"metadata": {"labels": {"n": str(number)}}}, priority=1 + number % 2)
        driver.send(500, "get", ONE.replace("0001", "0002"), priority=0)
        driver.answer(500)
        assert time.monotonic() - begun < 3, "the urgent one waited"
        for number in range(200):
            driver.answer(number)
        took = time.monotonic() - begun
        assert 1.8 < took < 15, took  # 100 at once, then 50 a second
        with server.lock:
            told = [json.loads(r["body"])["metadata"]["labels"]["n"] for r in server.requests if r["method"] == "PATCH"]
        assert told[0] == "0" and sorted(told[:100], key=int) == told[:100], told
        server.fault("delay", method="GET", seconds=0.5, times=30)  # no answer before it is cancelled
        for number in range(600, 630):
            driver.send(number, "get", ONE)
            driver.do(do="cancel", id=number)
        driver.quiet(0.8)
        assert not driver.answers


class Front:
    """h2front.py before 'server'; what it saw of requests is in 'lines'."""

    def __init__(self, server, tls):
        python = "/usr/bin/python3"  # Debian's, which has Debian's modules
        if subprocess.run([python, "-c", "import h2"], stderr=subprocess.DEVNULL, check=False).returncode:
            raise Skip("there is no HTTP/2 for /usr/bin/python3 (package python3-h2)")
        program = pathlib.Path(__file__).with_name("h2front.py")
        self.process = subprocess.Popen([python, program, tls.server_certificate, tls.server_key, str(server.port)],
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"https://127.0.0.1:{self.process.stdout.readline().strip()}"
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()


@test
def requests_share_a_connection_of_http2_and_watches_have_their_own(directory):
    tls = tls_of(directory)
    with ApiServer() as server, Front(server, tls) as front:
        for number in range(20):
            server.store.put(service(number))
        config = server.kubeconfig(cluster={"server": front.url, "certificate-authority": str(tls.ca)})
        with Driver(directory, config) as driver:
            driver.watch()
            driver.watch("/api/v1/nodes", name="nodes", streaming=True)
            driver.until(lambda: driver.in_step() and driver.in_step("nodes") and driver.has_all(server))
            for number in range(20):
                driver.send(number, "merge", ONE.replace("0001", f"{number:04}"), {"metadata": {"labels": {"n": str(number)}}}, priority=0)
            for number in range(20):
                assert driver.answer(number)["outcome"] == "done"
            driver.until(lambda: driver.has_all(server))
            server.fault("drop", method="GET", path="web-0003")
            driver.send(30, "get", ONE.replace("0001", "0003"))
            assert driver.answer(30)["outcome"] == "done"  # a stream that was reset
            driver.until(lambda: driver.in_step() and driver.in_step("nodes"))
            assert sum(line.startswith("h2 PATCH") for line in front.lines) == 20, front.lines
            assert sum(line.startswith("http/1.1") for line in front.lines) == 2, front.lines


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    # They wait for most of their time.
    sys.exit(main(sys.argv[2:], workers=8))
