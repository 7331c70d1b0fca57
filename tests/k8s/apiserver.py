#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A strict stand-in for the Kubernetes API server, for tests: python3's standard library only, on loopback only.

Strict: what a real server would refuse is refused, and what it would silently ignore as well (unknown query parameters are a
400, another Content-Type a 415), so that a wrong client fails here. Answers are sent in chunks cut anywhere.

In a test: `with ApiServer(tls=Tls(directory), token="t") as server: server.store.put({...})`; faults by server.fault(...).
As a program: `apiserver.py --directory DIR [--tls] [--token T]` writes DIR/kubeconfig and DIR/control (a URL) and runs until
standard input ends; what the methods of Control do is then POSTed as JSON to that URL: {"call": "put", "object": {...}}.
"""
import argparse
import base64
import errno
import gzip
import http.server
import json
import pathlib
import random
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

from apistore import Refused, Store, invalid, merge, merge_strategic

LIST_QUERY = {"limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "timeoutSeconds"}
WATCH_QUERY = {"watch", "resourceVersion", "resourceVersionMatch", "allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds",
               "labelSelector", "fieldSelector"}
WRITE_QUERY = {"fieldManager", "fieldValidation", "dryRun"}
QUERIES = {"POST": WRITE_QUERY, "PUT": WRITE_QUERY, "PATCH": WRITE_QUERY | {"force"}, "DELETE": {"gracePeriodSeconds", "propagationPolicy"}}
GZIP_FROM = 128 * 1024
PATH = re.compile(r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+/[^/]+))(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
                  r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?$")


class Tls:
    """A throw-away authority, the server's certificate and a client's, made by the openssl program."""

    NAME = "api.lintel.test"  # the only name in the server's certificate besides localhost's addresses

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.ca, self.other_ca = self.authority("ca"), self.authority("other-ca")
        self.server_certificate, self.server_key = self.issue("server", f"subjectAltName=DNS:{self.NAME},DNS:localhost,IP:127.0.0.1")
        self.client_certificate, self.client_key = self.issue("client", "extendedKeyUsage=clientAuth")
        self.named_certificate, self.named_key = self.issue("named", f"subjectAltName=DNS:{self.NAME}")

    @staticmethod
    def available():
        return shutil.which("openssl") is not None

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def new_key(self, name):
        key = self.directory / f"{name}.key"
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        return key

    def authority(self, name):
        certificate = self.directory / f"{name}.crt"
        self.openssl("req", "-x509", "-new", "-key", self.new_key(name), "-subj", f"/CN={name}", "-days", 2, "-out", certificate)
        return certificate

    def issue(self, name, extensions):
        key, request, certificate = self.new_key(name), self.directory / f"{name}.csr", self.directory / f"{name}.crt"
        (self.directory / f"{name}.ext").write_text(extensions + "\n", encoding="utf-8")
        self.openssl("req", "-new", "-key", key, "-subj", f"/O=lintel/CN={name}", "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.directory / "ca.key", "-CAcreateserial",
                     "-days", 2, "-extfile", self.directory / f"{name}.ext", "-out", certificate)
        return certificate, key

    def context(self, named_only=False, client_required=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*((self.named_certificate, self.named_key) if named_only else (self.server_certificate, self.server_key)))
        context.set_alpn_protocols(["http/1.1"])
        if client_required:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


class Settings:
    def __init__(self):
        self.streaming_lists = True     # sendInitialEvents is known
        self.bookmark_seconds = 60.0    # between bookmarks of a watch
        self.expired_status = False     # an expired watch is refused with HTTP 410, not by an ERROR in the stream
        self.tokens = None              # those that are good; None: nobody is asked
        self.page_max = None            # a server may give less than the limit
        self.watch_max = None           # seconds after which watches end, whatever they asked for


class Fault:
    """Something that goes wrong with the next 'times' requests that fit."""

    def __init__(self, action, times=1, method=None, path="", watch=None, **details):
        self.action, self.times, self.method, self.path, self.watch, self.details = action, times, method, path, watch, details

    def fits(self, method, path, watch):
        return (self.times > 0 and self.method in (None, method) and re.search(self.path, path) is not None
                and self.watch in (None, watch))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    # --- the way in ---

    def setup(self):
        super().setup()
        self.server.api.connections.add(self.connection)

    def finish(self):
        self.server.api.connections.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except (OSError, ssl.SSLError):
            self.close_connection = True

    def do_GET(self):
        self.answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def answer(self):
        api = self.server.api
        self.began = False
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        try:
            self.query = self.read_query(url.query)
            watch = self.query.get("watch") in ("1", "true")
            api.note(self.command, url.path, self.query, self.headers, body, watch)
            if self.fail(url.path, watch):
                return
            self.authenticate()
            self.dispatch(url.path, body, watch)
        except Refused as error:
            if self.began:
                raise
            self.send_refusal(error)

    def read_query(self, text):
        try:
            pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
        except ValueError as error:
            raise Refused(400, "BadRequest", f"the query can't be read: {error}") from None
        if len({key for key, _ in pairs}) != len(pairs):
            raise Refused(400, "BadRequest", "a query parameter stands twice")
        return dict(pairs)

    def authenticate(self):
        tokens = self.server.api.settings.tokens
        if tokens is None:
            return
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer" or token not in tokens:
            raise Refused(401, "Unauthorized", "Unauthorized")

    def check_query(self, known):
        for key in self.query:
            if key not in known:
                raise Refused(400, "BadRequest", f"unknown query parameter {key!r}")
        for key in ("limit", "timeoutSeconds", "gracePeriodSeconds"):
            if key in self.query and not self.query[key].isdigit():
                raise Refused(400, "BadRequest", f"{key}: {self.query[key]!r} is no number")
        for key in ("watch", "allowWatchBookmarks", "sendInitialEvents", "force"):
            if self.query.get(key, "true") not in ("1", "true", "0", "false"):
                raise Refused(400, "BadRequest", f"{key}: {self.query[key]!r} is no boolean")

    def is_set(self, key):
        return self.query.get(key) in ("1", "true")

    def dispatch(self, path, body, watch):
        found = PATH.match(path)
        resources = self.server.api.store.resources.items()
        if found and not any(key[0] == (found["core"] or found["group"]) and each.served for key, each in resources):
            return self.send_body(404, b"404 page not found\n", "text/plain; charset=utf-8")
        resource = found and self.server.api.store.resources.get((found["core"] or found["group"], urllib.parse.unquote(found["plural"])))
        if not resource or not resource.served:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        self.wake(resource)
        namespace = urllib.parse.unquote(found["namespace"]) if found["namespace"] else None
        name = urllib.parse.unquote(found["name"]) if found["name"] else None
        if namespace and not resource.namespaced:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if found["sub"] and (found["sub"] != "status" or not resource.status):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        accept = self.headers.get("Accept") or ""
        if "application/json" not in accept and "*/*" not in accept:
            raise Refused(406, "NotAcceptable", "only application/json is served")
        if self.command == "GET" and not name:
            self.check_query(WATCH_QUERY if watch else LIST_QUERY)
            return self.watch(resource, namespace) if watch else self.list(resource, namespace)
        if self.command == "GET":
            self.check_query(set())
            return self.send_object(200, resource, self.server.api.store.find(resource, namespace, name))
        if resource.namespaced and not namespace:
            raise Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        if (self.command == "POST") == bool(name):
            raise Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        self.check_query(QUERIES[self.command])
        return self.write(resource, namespace, name, found["sub"], body)

    @staticmethod
    def wake(resource):
        """A server that has just begun looks for custom resources when the first one asks for them."""
        if resource.waking is True:
            resource.waking = time.monotonic() + 0.5
        if resource.waking and time.monotonic() < resource.waking:
            raise Refused(429, "TooManyRequests", "storage is (re)initializing", retry_after=1)

    # --- writes ---

    def read_body(self, body, content_types):
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip()
        if kind not in content_types:
            raise Refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types "
                          f"include: {', '.join(content_types)}")
        try:
            return kind, json.loads(body)
        except ValueError as error:
            raise Refused(400, "BadRequest", f"the body is no JSON: {error}") from None

    def write(self, resource, namespace, name, sub, body):
        if self.query.get("dryRun", "All") != "All":
            raise invalid("Options.meta.k8s.io", "", "dryRun", "Unsupported value")
        with self.server.api.store.trying("dryRun" in self.query):
            return self.carry_out(resource, namespace, name, sub, body)

    def carry_out(self, resource, namespace, name, sub, body):
        store, validation = self.server.api.store, self.query.get("fieldValidation", "Warn")
        manager = self.query.get("fieldManager", "unknown")
        if self.command == "DELETE":
            left = store.delete(resource, namespace, name)
            if left["metadata"].get("finalizers"):
                return self.send_object(200, resource, left)
            return self.send_json(200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                                        "details": {"name": name, "kind": resource.plural, "uid": left["metadata"]["uid"]}})
        if self.command == "POST":
            obj, warnings = store.create(resource, namespace, self.read_body(body, ["application/json"])[1], validation, manager)
            return self.send_object(201, resource, obj, warnings)
        if self.command == "PUT":
            obj, warnings = store.replace(resource, namespace, name, sub, self.read_body(body, ["application/json"])[1], validation)
            return self.send_object(200, resource, obj, warnings)
        merging = {"application/merge-patch+json": merge, **({} if resource.custom else {"application/strategic-merge-patch+json": merge_strategic})}
        kind, patch = self.read_body(body, [*merging, "application/apply-patch+yaml"])
        if kind == "application/apply-patch+yaml":
            if "fieldManager" not in self.query:
                raise invalid("PatchOptions.meta.k8s.io", "", "fieldManager", "Required value: is required for apply patch")
            obj, warnings, created = store.apply(resource, namespace, name, sub, patch, manager, self.is_set("force"), validation)
            return self.send_object(201 if created else 200, resource, obj, warnings)
        if "force" in self.query:
            raise invalid("PatchOptions.meta.k8s.io", "", "force", "Forbidden: may not be specified for non-apply patch")
        obj, warnings = store.merge_patch(resource, namespace, name, sub, patch, validation, manager, merging[kind])
        return self.send_object(200, resource, obj, warnings)

    # --- lists ---

    def selected(self, obj):
        for key, _, value in (part.partition("=") for part in self.query.get("labelSelector", "").split(",") if part):
            value = value.removeprefix("=")
            if not re.fullmatch(r"[-./\w]+", key) or not re.fullmatch(r"[-.\w]*", value):
                raise Refused(400, "BadRequest", "unable to parse requirement of labelSelector")
            if obj["metadata"].get("labels", {}).get(key) != value:
                return False
        for key, _, value in (part.partition("=") for part in self.query.get("fieldSelector", "").split(",") if part):
            if key not in ("metadata.name", "metadata.namespace"):
                raise Refused(400, "BadRequest", f"field label not supported: {key}")
            if obj["metadata"].get(key.partition(".")[2]) != value.removeprefix("="):
                return False
        return True

    def shown(self, resource, obj, alone=True):
        """Items of lists of built-in kinds have no kind."""
        if alone or resource.custom:
            return {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}

    def first_page(self, resource, namespace):
        store, wanted = self.server.api.store, self.query.get("resourceVersion", "")
        match = self.query.get("resourceVersionMatch")
        if wanted and not wanted.isdigit():
            raise Refused(400, "BadRequest", f"invalid resource version {wanted!r}")
        if match and (not wanted or match not in ("Exact", "NotOlderThan") or (match == "Exact" and wanted == "0")):
            raise Refused(422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden")
        with store.changed:
            if wanted and int(wanted) > store.version:
                raise Refused(504, "Timeout", f"Too large resource version: {wanted}, current: {store.version}", retry_after=1)
            if match == "Exact" and int(wanted) != store.version:
                raise Refused(410, "Expired", "the provided resource version is not kept by the stand-in")
            return store.version, [obj for obj in store.all(resource, namespace) if self.selected(obj)]

    def next_page(self):
        api, token = self.server.api, self.query["continue"]
        if "resourceVersion" in self.query or "resourceVersionMatch" in self.query:
            raise Refused(400, "BadRequest", "specifying resource version is not allowed when using continue")
        try:
            said = json.loads(base64.urlsafe_b64decode(token))
            version, start, where = said["rv"], said["start"], said["where"]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "BadRequest", "continue key is not valid") from None
        if where != [urllib.parse.urlsplit(self.path).path, self.query.get("labelSelector", ""), self.query.get("fieldSelector", "")]:
            raise Refused(400, "BadRequest", "continue key is of another request")
        if version < api.store.floor or version not in api.snapshots:
            raise Refused(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
        return version, api.snapshots[version][start:], start

    def list(self, resource, namespace):
        api, start = self.server.api, 0
        if self.query.get("continue"):
            version, objects, start = self.next_page()
        else:
            version, objects = self.first_page(resource, namespace)
        limit = int(self.query.get("limit", 0))
        if api.settings.page_max:
            limit = min(limit or api.settings.page_max, api.settings.page_max)
        meta = {"resourceVersion": str(version)}
        if limit and len(objects) > limit:
            if not start:
                api.snapshots[version] = objects
            where = [urllib.parse.urlsplit(self.path).path, self.query.get("labelSelector", ""), self.query.get("fieldSelector", "")]
            said = {"rv": version, "start": start + limit, "where": where}
            meta["continue"] = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
            if not where[1] and not where[2]:
                meta["remainingItemCount"] = len(objects) - limit
            objects = objects[:limit]
        self.send_json(200, {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": meta,
                             "items": [self.shown(resource, obj, False) for obj in objects]})

    # --- watches ---

    def check_watch(self):
        settings, initial = self.server.api.settings, self.is_set("sendInitialEvents")
        if "sendInitialEvents" in self.query and not settings.streaming_lists:
            raise invalid("ListOptions.meta.k8s.io", "", "sendInitialEvents",
                          "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
        if initial and self.query.get("resourceVersionMatch") != "NotOlderThan":
            raise invalid("ListOptions.meta.k8s.io", "", "resourceVersionMatch",
                          "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if "resourceVersionMatch" in self.query and "sendInitialEvents" not in self.query:
            raise invalid("ListOptions.meta.k8s.io", "", "resourceVersionMatch",
                          "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        if not self.query.get("resourceVersion", "0").isdigit() and self.query["resourceVersion"] != "":
            raise Refused(500, None, f"invalid resource version {self.query['resourceVersion']!r}")

    def watch(self, resource, namespace):
        self.check_watch()
        api, store = self.server.api, self.server.api.store
        initial, wanted = self.is_set("sendInitialEvents"), int(self.query.get("resourceVersion") or 0)
        ends = time.monotonic() + int(self.query.get("timeoutSeconds") or 1800)
        if api.settings.watch_max:
            ends = min(ends, time.monotonic() + api.settings.watch_max)
        with store.changed:
            at = wanted
            if wanted > store.version:
                raise Refused(504, "Timeout", f"Too large resource version: {wanted}, current: {store.version}", retry_after=1)
            expired = wanted and wanted < store.floor
            if expired and api.settings.expired_status:
                raise Refused(410, "Expired", f"too old resource version: {wanted} ({store.floor})")
            begin = []
            if not wanted or initial:
                at = store.version
                begin = [("ADDED", obj) for obj in store.all(resource, namespace) if self.selected(obj)]
        self.begin_stream()
        if expired:
            self.send_event("ERROR", Refused(410, "Expired", f"too old resource version: {wanted} ({store.floor})").status())
            return self.end_stream()
        for kind, obj in begin:
            self.send_event(kind, self.shown(resource, obj))
        if initial and self.is_set("allowWatchBookmarks"):
            self.send_bookmark(resource, at, {"k8s.io/initial-events-end": "true"})
        return self.follow(resource, namespace, at, ends)

    def follow(self, resource, namespace, at, ends):
        api, store = self.server.api, self.server.api.store
        marks = self.is_set("allowWatchBookmarks")
        mark = time.monotonic() + api.settings.bookmark_seconds
        while not api.stopping and resource.served and time.monotonic() < ends:
            with store.changed:
                entries, version = store.since(at, resource), store.version
                if not entries:
                    store.changed.wait(max(0.001, (min(ends, mark) if marks else ends) - time.monotonic()))
                    entries, version = store.since(at, resource), store.version
            for number, _, kind, obj, before in entries:
                at = number
                if namespace is None or obj["metadata"].get("namespace") == namespace:
                    self.send_change(resource, kind, obj, before)
            at = version
            if marks and time.monotonic() >= mark:
                mark = time.monotonic() + api.settings.bookmark_seconds
                self.send_bookmark(resource, at)
        return self.end_stream()

    def send_change(self, resource, kind, obj, before):
        """What a selector no longer fits is gone, as far as its watchers know."""
        was, fits = before is not None and self.selected(before), self.selected(obj)
        if kind == "DELETED":
            kind = "DELETED" if was or fits else None
        elif not fits:
            kind = "DELETED" if was else None
        elif not was:
            kind = "ADDED"
        if kind:
            self.send_event(kind, self.shown(resource, obj))

    def send_bookmark(self, resource, version, annotations=None):
        meta = {"resourceVersion": str(version), "creationTimestamp": None}
        if annotations:
            meta["annotations"] = annotations
        self.send_event("BOOKMARK", {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta})

    def begin_stream(self):
        self.began = True
        self.sent = 0
        api = self.server.api
        api.streams += 1
        self.random = random.Random(api.streams)  # cut elsewhere each time, the same in each run
        api.watchers.add(self)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_event(self, kind, obj):
        line = json.dumps({"type": kind, "object": obj}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self.send_cut(line)

    def send_cut(self, data):
        """In pieces of any length: in a name, in a character, before the end of the line."""
        pieces = 1 if self.random.random() < 0.5 else self.random.randint(2, 5)
        cuts = sorted(self.random.randrange(len(data) + 1) for _ in range(pieces - 1))
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            if start < end:
                self.send_chunk(data[start:end])

    def send_chunk(self, data):
        limit = self.stream_limit
        if limit is not None and self.sent + len(data) >= limit:
            self.wfile.write(b"%x\r\n" % len(data) + data[:max(0, limit - self.sent)])
            self.drop()
            raise ConnectionAbortedError
        self.sent += len(data)
        self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")

    def end_stream(self):
        self.server.api.watchers.discard(self)
        self.wfile.write(b"0\r\n\r\n")

    def drop(self):
        """Without a word."""
        self.server.api.watchers.discard(self)
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
        except OSError:
            pass

    # --- the way out ---

    def send_object(self, code, resource, obj, warnings=()):
        self.send_json(code, self.shown(resource, obj), [("Warning", f'299 - "{w}"') for w in warnings])

    def send_refusal(self, error):
        headers = [("Retry-After", str(error.retry_after))] if error.retry_after is not None else []
        self.send_json(error.code, error.status(), headers)

    def send_json(self, code, value, headers=()):
        self.send_body(code, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), "application/json", headers)

    def send_body(self, code, data, kind, headers=()):
        self.began = True
        self.send_response(code)
        self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        if len(data) > GZIP_FROM and "gzip" in (self.headers.get("Accept-Encoding") or ""):
            data = gzip.compress(data, 1)
            self.send_header("Content-Encoding", "gzip")
        limit = self.stream_limit
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if limit is not None and limit < len(data):
            self.wfile.write(data[:limit])
            self.drop()
            return
        self.wfile.write(data)

    # --- faults ---

    stream_limit = None

    def fail(self, path, watch):
        """Carries out the fault that fits; true when nothing else is to be done."""
        self.stream_limit = None
        fault = self.server.api.take_fault(self.command, path, watch)
        if not fault:
            return False
        if fault.action == "refuse":
            raise Refused(fault.details["code"], fault.details.get("reason", "InternalError"),
                          fault.details.get("message", "as the test wants it"), fault.details.get("retry_after"))
        if fault.action == "drop":
            self.drop()
        elif fault.action == "hang":
            self.server.api.stopped.wait(fault.details.get("seconds", 3600))
            self.drop()
        elif fault.action == "garbage":
            self.send_body(200, fault.details["body"].encode(), "text/html")
        elif fault.action == "cut":       # the answer, after so many bytes
            self.stream_limit = fault.details["bytes"]
            return False
        elif fault.action == "delay":
            time.sleep(fault.details["seconds"])
            return False
        elif fault.action == "after":     # it is done, but nobody hears of it
            self.stream_limit = 0
            return False
        else:
            raise KeyError(fault.action)
        return True


class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, Refused)):
            super().handle_error(request, client_address)

    def finish_request(self, request, client_address):
        # Handshakes belong in the thread of their connection.
        if self.api.context:
            request.settimeout(10)
            request = self.api.context.wrap_socket(request, server_side=True)
            request.settimeout(None)
        super().finish_request(request, client_address)


class ApiServer:
    def __init__(self, tls=None, token=None, port=0, named_only=False, client_required=False):
        self.store, self.settings = Store(), Settings()
        self.settings.tokens = {token} if token else None
        self.tls, self.context = tls, tls.context(named_only, client_required) if tls else None
        self.token, self.port = token, port
        self.snapshots, self.faults, self.requests = {}, [], []
        self.connections, self.watchers = set(), set()
        self.streams = 0
        self.lock, self.stopped, self.stopping, self.listener = threading.Lock(), threading.Event(), False, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        self.stopping = False
        self.stopped.clear()
        self.listener = self.listen()
        self.listener.api = self
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def listen(self):
        """On the port of before. A client that tries to connect while nobody listens may have got that very port, and itself, for a moment."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return Listener(("127.0.0.1", self.port), Handler)
            except OSError as problem:
                if problem.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def stop(self):
        """As a server that is killed: nobody listens, and all connections are gone."""
        self.stopping = True
        self.stopped.set()
        if self.listener:
            self.listener.shutdown()
            self.listener.server_close()
            self.listener = None
        self.drop_connections()
        with self.store.changed:
            self.store.changed.notify_all()

    def begin_anew(self):
        """Killed, and started without a past."""
        running = self.listener is not None
        if running:
            self.stop()
        self.store.compact()
        for resource in self.store.resources.values():
            resource.waking = True if resource.custom else None
        if running:
            self.start()

    def drop_connections(self):
        for connection in list(self.connections):
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                pass

    def serve_resource(self, plural, served):
        """A CRD is deleted, or comes back; its watches end."""
        with self.store.changed:
            for resource in self.store.resources.values():
                if resource.plural == plural:
                    resource.served = served
            self.store.changed.notify_all()

    def fault(self, action, **details):
        with self.lock:
            self.faults.append(Fault(action, **details))

    def take_fault(self, method, path, watch):
        with self.lock:
            for fault in self.faults:
                if fault.fits(method, path, watch):
                    fault.times -= 1
                    return fault
        return None

    def note(self, method, path, query, headers, body, watch):
        with self.lock:
            self.requests.append({"method": method, "path": path, "query": dict(query), "watch": watch, "time": time.monotonic(),
                                  "type": headers.get("Content-Type"), "body": body.decode(errors="replace"),
                                  "agent": headers.get("User-Agent"), "encoding": headers.get("Accept-Encoding")})

    def kubeconfig(self, **changes):
        """A kubeconfig for it, as a dictionary; 'changes' go into cluster and user."""
        cluster, user = {"server": self.url}, {}
        if self.tls:
            cluster["certificate-authority"] = str(self.tls.ca)
        if self.token:
            user["token"] = self.token
        cluster.update(changes.pop("cluster", {}))
        user.update(changes.pop("user", {}))
        return {"apiVersion": "v1", "kind": "Config", "current-context": "test",
                "contexts": [{"name": "test", "context": {"cluster": "stand-in", "user": "tester", "namespace": "kube-system"}}],
                "clusters": [{"name": "stand-in", "cluster": {k: v for k, v in cluster.items() if v is not None}}],
                "users": [{"name": "tester", "user": {k: v for k, v in user.items() if v is not None}}]}


class Control(http.server.BaseHTTPRequestHandler):
    """For tests that are other programs: POST {"call": NAME, ...} on a port of its own."""

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        result = getattr(self, "call_" + said.pop("call"))(self.server.api, **said)
        data = json.dumps(result).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    @staticmethod
    def call_put(api, objects):
        for obj in objects:
            api.store.put(obj)

    @staticmethod
    def call_remove(api, kind, name, namespace="default"):
        api.store.remove(kind, name, namespace)

    @staticmethod
    def call_get(api, plural):
        return [obj for key, obj in sorted(api.store.objects.items()) if key[0] == plural]

    @staticmethod
    def call_fault(api, action, **details):
        api.fault(action, **details)

    @staticmethod
    def call_requests(api, clear=False):
        with api.lock:
            result = list(api.requests)
            if clear:
                api.requests.clear()
        return result

    @staticmethod
    def call_settings(api, **settings):
        for key, value in settings.items():
            setattr(api.settings, key, set(value) if key == "tokens" else value)

    @staticmethod
    def call_serve(api, plural, served):
        api.serve_resource(plural, served)

    @staticmethod
    def call_compact(api):
        api.store.compact()

    @staticmethod
    def call_drop(api):
        api.drop_connections()

    @staticmethod
    def call_stop(api):
        api.stop()

    @staticmethod
    def call_start(api):
        api.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", required=True, type=pathlib.Path, help="for kubeconfig, control and certificates")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--token")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    tls = Tls(options.directory) if options.tls else None
    with ApiServer(tls=tls, token=options.token, port=options.port) as api:
        control = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
        control.api = api
        threading.Thread(target=control.serve_forever, daemon=True).start()
        (options.directory / "kubeconfig").write_text(json.dumps(api.kubeconfig()), encoding="utf-8")
        (options.directory / "control").write_text(f"http://127.0.0.1:{control.server_address[1]}/\n", encoding="utf-8")
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
