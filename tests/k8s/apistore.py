# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stand-in API server keeps: objects, their versions, and the log that watches read.

Semantics are those of Kubernetes: one resourceVersion for everything, a write that changes nothing makes no new one, deletion
waits for finalizers, status is written by its subresource only, and what is compacted is gone.
"""
import contextlib
import copy
import datetime
import ipaddress
import pathlib
import re
import sys
import threading
import uuid

TESTS = pathlib.Path(__file__).resolve().parents[1]


class Refused(Exception):
    """An answer that is an error: a metav1.Status."""

    def __init__(self, code, reason, message, retry_after=None, details=None):
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.retry_after, self.details = retry_after, details

    def status(self):
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
                  "reason": self.reason, "code": self.code}
        if self.details:
            status["details"] = self.details
        return status


class Resource:
    def __init__(self, api_version, plural, kind, namespaced=True, status=False, custom=False, blind_update=True):
        self.api_version, self.plural, self.kind = api_version, plural, kind
        self.namespaced, self.status, self.custom, self.blind_update = namespaced, status, custom, blind_update
        self.served = True
        self.waking = None  # True: was not asked for since the server began anew; a time: from when on it is there

    @property
    def list_kind(self):
        return self.kind + "List"


RESOURCES = [
    Resource("v1", "services", "Service", status=True),
    Resource("v1", "nodes", "Node", namespaced=False, status=True),
    Resource("v1", "configmaps", "ConfigMap"),
    Resource("v1", "namespaces", "Namespace", namespaced=False, status=True),
    Resource("events.k8s.io/v1", "events", "Event"),
    Resource("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    Resource("coordination.k8s.io/v1", "leases", "Lease", blind_update=False),
    Resource("lintel.io/v1alpha1", "virtualrouters", "VirtualRouter", namespaced=False, status=True, custom=True, blind_update=False),
    Resource("lintel.io/v1alpha1", "virtualservers", "VirtualServer", status=True, custom=True, blind_update=False),
    Resource("lintel.io/v1alpha1", "addresspools", "AddressPool", namespaced=False, status=True, custom=True, blind_update=False),
]

META = {"name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "resourceVersion", "uid",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields", "selfLink"}
# What is known in the places that Lintel reads and writes. ANY: whatever is in there is taken.
ANY = None
INGRESS = {"ip": ANY, "hostname": ANY, "ipMode": ANY, "ports": [{"port": ANY, "protocol": ANY, "error": ANY}]}
CONDITION = {"type": ANY, "status": ANY, "reason": ANY, "message": ANY, "lastTransitionTime": ANY, "observedGeneration": ANY}
FIELDS = {
    "Service": {"spec": {key: ANY for key in (
        "type clusterIP clusterIPs selector ports externalTrafficPolicy internalTrafficPolicy healthCheckNodePort sessionAffinity "
        "sessionAffinityConfig loadBalancerIP loadBalancerClass loadBalancerSourceRanges externalIPs externalName ipFamilies "
        "ipFamilyPolicy publishNotReadyAddresses allocateLoadBalancerNodePorts trafficDistribution").split()},
        "status": {"loadBalancer": {"ingress": [INGRESS]}, "conditions": [CONDITION]}},
    "Node": {"spec": ANY, "status": ANY},
    "ConfigMap": {"data": ANY, "binaryData": ANY, "immutable": ANY},
    "Namespace": {"spec": ANY, "status": ANY},
    "Event": {key: ANY for key in (
        "eventTime series reportingController reportingInstance action reason regarding related note type deprecatedSource "
        "deprecatedFirstTimestamp deprecatedLastTimestamp deprecatedCount").split()},
    "EndpointSlice": {"addressType": ANY, "ports": ANY, "endpoints": ANY},
    "Lease": {"spec": {key: ANY for key in ("holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy "
                                            "preferredHolder").split()}},
}
MICROTIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
NAME = re.compile(r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def invalid(kind, name, field, what):
    return Refused(422, "Invalid", f'{kind} "{name}" is invalid: {field}: {what}', details={"kind": kind, **({"name": name} if name else {})})


class Definitions:
    """The schemas of custom resources, from manifests/; read when one is first written."""

    def __init__(self):
        self.schemas, self.structural = {}, None

    def schema(self, resource):
        if resource.plural not in self.schemas:
            sys.path.append(str(TESTS / "manifests"))
            import structural  # pylint: disable=import-outside-toplevel
            import yaml  # pylint: disable=import-outside-toplevel
            self.structural = structural
            path = TESTS.parent / "manifests/base/crds" / f"{resource.plural}.yaml"
            definition = yaml.safe_load(path.read_text(encoding="utf-8"))
            self.schemas[resource.plural] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        return self.schemas[resource.plural]

    def known(self, schema):
        """As FIELDS has it."""
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            return {name: self.known(below) for name, below in schema["properties"].items()}
        return [self.known(schema["items"])] if "items" in schema else ANY

    def filled(self, resource, obj):
        """What is kept of it: without nulls, with defaults."""
        schema = self.schema(resource)
        return {**obj, **{key: self.structural.fill(schema["properties"][key], obj[key])
                          for key in ("spec", "status") if obj.get(key) is not None}}

    def problems(self, resource, obj):
        schema = self.schema(resource)
        return self.structural.validate(schema, {key: value for key, value in obj.items() if key in schema["properties"]})


DEFINITIONS = Definitions()


def is_address(text):
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(text) is not None
    return False


def strip_unknown(value, known, path, unknown):
    """A copy without what the schema does not know; the names of that go to 'unknown'."""
    if known is ANY:
        return value
    if isinstance(known, list):
        if not isinstance(value, list):
            return value
        return [strip_unknown(item, known[0], f"{path}[{i}]", unknown) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, inner in value.items():
        if key not in known:
            unknown.append(f"{path}.{key}".lstrip("."))
        else:
            kept[key] = strip_unknown(inner, known[key], f"{path}.{key}", unknown)
    return kept


def merge(target, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


# What a strategic patch makes of lists: REPLACED, or entries are merged that are the same text (TEXTS), or say the same of this name.
REPLACED, TEXTS, DELETE_FROM = object(), object(), "$deleteFromPrimitiveList/"
LISTS = {("metadata", "finalizers"): TEXTS, ("status", "conditions"): "type", ("status", "loadBalancer", "ingress"): REPLACED}


def merge_list(target, patch, by):
    """What is new comes first."""
    if by is TEXTS:
        return [value for value in patch if value not in target] + target
    result = list(target)
    for entry in patch:
        same = [number for number, each in enumerate(result) if each[by] == entry[by]]
        if entry.get("$patch") == "delete":
            result = [each for each in result if each[by] != entry[by]]
        elif same:
            result[same[0]] = merge(result[same[0]], entry)
        else:
            result.insert(0, entry)
    return result


def merge_strategic(target, patch, path=()):
    """The part of it that is needed: what is not in LISTS is an error of the stand-in."""
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        name = key.removeprefix(DELETE_FROM)
        here = (*path, name)
        if name != key:
            result[name] = [entry for entry in result.get(name) or [] if entry not in value]
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merge_strategic(result.get(key), value, here)
        elif isinstance(value, list) and LISTS[here] is not REPLACED:
            result[key] = merge_list(result.get(key) or [], value, LISTS[here])
            if not result[key]:
                del result[key]
        else:
            result[key] = copy.deepcopy(value)
    return result


def leaves(value, path=()):
    """Path -> value of everything but objects; lists count as one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, path + (key,))
    else:
        yield path, value


def get_path(value, path):
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def drop_path(value, path):
    for key in path[:-1]:
        value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return
    if isinstance(value, dict):
        value.pop(path[-1], None)


class Store:
    """All methods hold the lock; what they return is never changed afterwards."""

    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.version = 1000
        self.floor = 0           # versions below are compacted: no watch from there, no page of then
        self.objects = {}        # (plural, namespace, name) -> object
        self.log = []            # (version, resource, "ADDED"..., object, the one before)
        self.owners = {}         # (plural, namespace, name) -> {manager: set of paths}
        self.dry = False         # what is written is not kept
        self.resources = {(r.api_version, r.plural): copy.copy(r) for r in RESOURCES}
        for name in ("default", "kube-system"):
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    # --- looking ---

    def find(self, resource, namespace, name):
        found = self.objects.get((resource.plural, namespace or "", name))
        if not found:
            group = resource.api_version.rpartition("/")[0]
            raise Refused(404, "NotFound", f'{resource.plural}{"." + group if group else ""} "{name}" not found',
                          details={"name": name, "kind": resource.plural})
        return found

    def all(self, resource, namespace=None):
        """In the order of their keys, as etcd has them."""
        return [self.objects[key] for key in sorted(self.objects)
                if key[0] == resource.plural and (namespace is None or key[1] == namespace)]

    def since(self, version, resource):
        return [entry for entry in self.log if entry[0] > version and entry[1] is resource]

    # --- changing ---

    def commit(self, resource, event, obj):
        meta = obj["metadata"]
        key = (resource.plural, meta.get("namespace", ""), meta["name"])
        before = self.objects.get(key)
        if self.dry:
            return obj
        self.version += 1
        meta["resourceVersion"] = str(self.version)
        if event == "DELETED":
            self.objects.pop(key, None)
            self.owners.pop(key, None)
        else:
            self.objects[key] = obj
        self.log.append((self.version, resource, event, obj, before))
        self.changed.notify_all()
        return obj

    @contextlib.contextmanager
    def trying(self, dry):
        """Within it, writes are only tried."""
        with self.changed:
            owners = copy.deepcopy(self.owners) if dry else None
            self.dry = dry
            try:
                yield
            finally:
                self.dry = False
                if dry:
                    self.owners = owners

    def compact(self):
        """Forgets the past: who comes anew and wants to go on from there can't. Watches under way lose nothing."""
        with self.changed:
            self.floor = self.version
            self.changed.notify_all()

    def check_namespace(self, resource, namespace):
        if resource.namespaced and resource.plural != "namespaces" and ("namespaces", "", namespace) not in self.objects:
            raise Refused(404, "NotFound", f'namespaces "{namespace}" not found', details={"name": namespace, "kind": "namespaces"})

    def validate(self, resource, obj):
        kind, meta = resource.kind, obj["metadata"]
        name = meta.get("name", "")
        if not NAME.match(name):
            raise invalid(kind, name, "metadata.name", "must be a DNS name")
        for key, value in {**meta.get("labels", {}), **meta.get("annotations", {})}.items():
            if not isinstance(value, str):
                raise Refused(400, "BadRequest", f"metadata: {key}: must be text")
        if any("/" not in each for each in meta.get("finalizers") or []):
            raise invalid(kind, name, "metadata.finalizers", "name is neither a standard finalizer name nor is it fully qualified")
        if kind == "Event":
            self.validate_event(obj)
        elif kind == "Lease":
            self.validate_lease(obj)
        elif kind == "Service":
            self.validate_service(obj)
        elif kind == "EndpointSlice":
            self.validate_slice(obj)
        elif kind == "ConfigMap" and not all(isinstance(value, str) for value in (obj.get("data") or {}).values()):
            raise Refused(400, "BadRequest", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: data must be texts")
        if resource.custom:
            problems = DEFINITIONS.problems(resource, obj)
            if problems:
                raise invalid(kind, name, "", "; ".join(problems))

    def validate_service(self, obj):
        name, status = obj["metadata"]["name"], obj.get("status", {})
        ingress = status.get("loadBalancer", {}).get("ingress") or []
        if ingress and obj["spec"].get("type") != "LoadBalancer":
            raise invalid("Service", name, "status.loadBalancer.ingress", "Forbidden: may only be used when `spec.type` is \"LoadBalancer\"")
        for entry in ingress:
            if "ip" in entry and not is_address(entry["ip"]):
                raise invalid("Service", name, "status.loadBalancer.ingress.ip", "must be a valid IP address")
            if entry.get("ipMode", "VIP") not in ("VIP", "Proxy"):
                raise invalid("Service", name, "status.loadBalancer.ingress.ipMode", "must be VIP or Proxy")
            if "ipMode" in entry and "ip" not in entry:
                raise invalid("Service", name, "status.loadBalancer.ingress.ipMode", "may not be set when ip is not set")

    @staticmethod
    def validate_slice(obj):
        name, family = obj["metadata"]["name"], obj.get("addressType")
        if family not in ("IPv4", "IPv6", "FQDN"):
            raise invalid("EndpointSlice", name, "addressType", "Required value")
        for endpoint in obj.get("endpoints") or []:
            if not NAME.match(endpoint.get("nodeName", "a")):
                raise invalid("EndpointSlice", name, "endpoints.nodeName", "must be a DNS name")
            for address in endpoint["addresses"]:
                if family != "FQDN" and (not is_address(address) or f"IPv{ipaddress.ip_address(address).version}" != family):
                    raise invalid("EndpointSlice", name, "endpoints.addresses", f"must be a valid {family} address")

    def validate_event(self, obj):
        name = obj["metadata"]["name"]
        if not MICROTIME.match(str(obj.get("eventTime", ""))):
            raise invalid("Event", name, "eventTime", "Required value")
        for key in ("reportingController", "reportingInstance", "action", "reason"):
            if not obj.get(key) or len(obj[key]) > 128:
                raise invalid("Event", name, key, "Required value, at most 128 characters")
        if obj.get("type") not in ("Normal", "Warning"):
            raise invalid("Event", name, "type", "must be Normal or Warning")
        if len(obj.get("note", "").encode()) > 1024:
            raise invalid("Event", name, "note", "can have at most 1024 characters")
        series = obj.get("series")
        if series and (series.get("count", 0) < 2 or not MICROTIME.match(str(series.get("lastObservedTime", "")))):
            raise invalid("Event", name, "series", "count must be at least 2 and lastObservedTime is required")

    def validate_lease(self, obj):
        name, spec = obj["metadata"]["name"], obj.get("spec", {})
        if spec.get("leaseDurationSeconds", 1) <= 0:
            raise invalid("Lease", name, "spec.leaseDurationSeconds", "must be greater than 0")
        for key in ("acquireTime", "renewTime"):
            if key in spec and spec[key] is not None and not MICROTIME.match(spec[key]):
                raise Refused(400, "BadRequest", f"Lease: {key}: parsing time {spec[key]!r}: not a MicroTime")

    @staticmethod
    def complete(resource, obj):
        """What a server fills in and what it leaves out."""
        if resource.custom:
            return DEFINITIONS.filled(resource, obj)
        if resource.kind == "EndpointSlice":
            return {**obj, "endpoints": obj.get("endpoints") or None}  # null is what a real one says
        if resource.kind == "Service":
            status = dict(obj.get("status") or {})
            balancer = dict(status.get("loadBalancer") or {})
            ingress = [{**({"ipMode": "VIP"} if "ip" in entry else {}), **entry,
                        **({"ports": [{"protocol": "", **port} for port in entry["ports"]]} if entry.get("ports") else {})}
                       for entry in balancer.pop("ingress", None) or []]
            status["loadBalancer"] = {**balancer, **({"ingress": ingress} if ingress else {})}
            return {**obj, "status": status}
        return obj

    def prepare(self, resource, body, validation):
        """The object in a request's body, and warnings."""
        if isinstance(body, dict) and not resource.custom and "kind" not in body and "apiVersion" not in body:
            body = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        if not isinstance(body, dict) or body.get("kind") != resource.kind or body.get("apiVersion") != resource.api_version:
            raise Refused(400, "BadRequest", f"the object in the body is no {resource.api_version} {resource.kind}")
        unknown = []
        known = {"apiVersion": ANY, "kind": ANY, "metadata": {key: ANY for key in META},
                 **(DEFINITIONS.known(DEFINITIONS.schema(resource)) if resource.custom else FIELDS[resource.kind])}
        obj = copy.deepcopy(strip_unknown(body, known, "", unknown))
        if unknown and validation == "Strict":
            raise Refused(400, "BadRequest", "strict decoding error: " + ", ".join(f'unknown field "{u}"' for u in unknown))
        obj.setdefault("metadata", {})
        return obj, [f'unknown field "{u}"' for u in unknown] if validation != "Ignore" else []

    def create(self, resource, namespace, body, validation="Warn", manager="unknown"):
        with self.changed:
            obj, warnings = self.prepare(resource, body, validation)
            meta = obj["metadata"]
            if meta.get("resourceVersion"):
                raise Refused(500, None, "resourceVersion should not be set on objects to be created")
            if meta.setdefault("namespace", namespace or "") != (namespace or ""):
                raise Refused(400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request")
            if not resource.namespaced:
                meta.pop("namespace", None)
            self.check_namespace(resource, namespace)
            if "name" not in meta and "generateName" in meta:
                meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
            key = (resource.plural, namespace or "", meta.get("name"))
            if resource.status:
                obj.pop("status", None)
            obj = self.complete(resource, obj)
            self.validate(resource, obj)
            meta = obj["metadata"]
            if key in self.objects:
                raise Refused(409, "AlreadyExists", f'{resource.plural} "{meta["name"]}" already exists',
                              details={"name": meta["name"], "kind": resource.plural})
            meta.update(uid=str(uuid.uuid4()), creationTimestamp=now())
            if resource.custom:
                meta["generation"] = 1
            self.owners[key] = {manager: {path for path, _ in leaves({k: obj[k] for k in obj if k not in ("metadata",)})}}
            return self.commit(resource, "ADDED", obj), warnings

    def replace(self, resource, namespace, name, subresource, body, validation="Warn"):
        with self.changed:
            old = self.find(resource, namespace, name)
            obj, warnings = self.prepare(resource, body, validation)
            if obj["metadata"].get("name") != name:
                raise Refused(400, "BadRequest", "the name of the object does not match the name on the URL")
            if not obj["metadata"].get("resourceVersion") and not resource.blind_update:
                raise invalid(resource.kind, name, "metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")
            return self.update(resource, old, obj, subresource), warnings

    def update(self, resource, old, obj, subresource, patched=False):
        """'obj' is to be in the place of 'old', as far as it may."""
        name = old["metadata"]["name"]
        wanted = obj["metadata"].get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", f'Operation cannot be fulfilled on {resource.plural} "{name}": the object has been modified; '
                          "please apply your changes to the latest version and try again", details={"name": name, "kind": resource.plural})
        if obj["metadata"].get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            if patched:
                raise invalid(resource.kind, name, "metadata.uid", "field is immutable")
            raise Refused(409, "Conflict", "Precondition failed: UID in precondition", details={"name": name, "kind": resource.plural})
        if subresource == "status" and resource.custom:
            new = {**{k: v for k, v in old.items() if k != "status"}, "metadata": dict(old["metadata"]),
                   **({"status": obj["status"]} if obj.get("status") is not None else {})}
        else:
            new = dict(obj)
            if subresource == "status":  # labels and the like, too
                new = {**old, "metadata": obj["metadata"], "status": obj.get("status") or {}}
            elif resource.status:
                new.pop("status", None)
                if "status" in old:
                    new["status"] = old["status"]
            kept = {key: old["metadata"][key] for key in
                    ("uid", "creationTimestamp", "deletionTimestamp", "generation", "namespace") if key in old["metadata"]}
            new["metadata"] = {**{k: v for k, v in obj["metadata"].items() if k not in ("deletionTimestamp", "generation")}, **kept}
            if "deletionTimestamp" in kept and set(new["metadata"].get("finalizers") or []) - set(old["metadata"].get("finalizers") or []):
                raise invalid(resource.kind, name, "metadata.finalizers",
                              "Forbidden: no new finalizers can be added if the object is being deleted")
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        if not new["metadata"].get("finalizers"):
            new["metadata"].pop("finalizers", None)
        new = self.complete(resource, new)
        if resource.kind == "Service":
            self.check_service(old, new)
        elif resource.kind == "Event":
            self.check_event(old, new)
        elif resource.kind == "EndpointSlice" and old["addressType"] != new.get("addressType"):
            raise invalid(resource.kind, name, "addressType", "field is immutable")
        self.validate(resource, new)
        if resource.custom and new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            return self.commit(resource, "DELETED", copy.deepcopy(new))
        if new == old:
            return old  # nothing changes: not even the version
        return self.commit(resource, "MODIFIED", copy.deepcopy(new))

    @staticmethod
    def check_service(old, new):
        was, is_now = (each["spec"].get("loadBalancerClass") for each in (old, new))
        balances = [each["spec"].get("type") == "LoadBalancer" for each in (old, new)]
        if all(balances) and was != is_now:
            raise invalid("Service", new["metadata"]["name"], "spec.loadBalancerClass", "Invalid value: may not change once set")
        if is_now and not balances[1]:
            raise invalid("Service", new["metadata"]["name"], "spec.loadBalancerClass",
                          "Forbidden: may only be used when `spec.type` is 'LoadBalancer'")
        if balances == [True, False]:
            new["status"] = {**new["status"], "loadBalancer": {}}

    @staticmethod
    def check_event(old, new):
        """Only its series may change."""
        for key in (old.keys() | new.keys()) - {"metadata", "series"}:
            if old.get(key) != new.get(key):
                raise invalid("Event", new["metadata"]["name"], key, "field is immutable")

    def merge_patch(self, resource, namespace, name, subresource, patch, validation="Warn", manager="unknown", merging=merge):
        with self.changed:
            old = self.find(resource, namespace, name)
            if not isinstance(patch, dict):
                raise Refused(400, "BadRequest", "the patch is no object")
            whole = {**old, "apiVersion": resource.api_version, "kind": resource.kind}
            merged = merging(whole, patch)
            if resource.kind == "ConfigMap" and not isinstance(merged.get("data", {}), dict):
                raise Refused(422, "Invalid", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: data is no map")
            try:
                obj, warnings = self.prepare(resource, merged, validation)
            except Refused as error:
                if error.code == 400 and "strict decoding" in str(error):
                    raise Refused(422, "Invalid", str(error)) from None
                raise
            if obj["metadata"].get("name") != name:
                raise Refused(400, "BadRequest", "the name can't be changed")
            key = (resource.plural, namespace or "", name)
            result = self.update(resource, old, obj, subresource, patched=True)
            touched = {path for path, _ in leaves(patch)}
            for other, paths in self.owners.setdefault(key, {}).items():
                if other != manager:
                    paths -= touched
            self.owners[key].setdefault(manager, set()).update(touched)
            return result, warnings

    def apply(self, resource, namespace, name, subresource, body, manager, force, validation="Warn"):
        """Server-side apply, with lists as atoms. The third result says whether it was created."""
        with self.changed:
            meta = body.get("metadata", {}) if isinstance(body, dict) else {}
            if meta.get("name", name) != name or meta.get("namespace", namespace) != namespace:
                raise Refused(400, "BadRequest", "name or namespace in the body do not match the URL")
            if meta.get("managedFields"):
                raise Refused(400, "BadRequest", "metadata.managedFields must be nil")
            if "kind" not in body or "apiVersion" not in body:
                raise Refused(400, "BadRequest", "Object 'Kind' is missing")
            wanted, warnings = self.prepare(resource, body, validation)
            key = (resource.plural, namespace or "", name)
            if key not in self.objects:
                if subresource:
                    self.find(resource, namespace, name)
                obj, _ = self.create(resource, namespace, {**body, "metadata": {**meta, "name": name}}, validation, manager)
                return obj, warnings, True
            old, owners = self.objects[key], self.owners.setdefault(key, {})
            skip = {("apiVersion",), ("kind",), *(("metadata", key) for key in ("name", "namespace", "resourceVersion", "uid"))}
            mine = {path: value for path, value in leaves(wanted) if path not in skip}
            conflicts = [(other, path) for other, paths in owners.items() if other != manager
                         for path in paths & set(mine) if get_path(old, path) != mine[path]]
            if conflicts and not force:
                raise Refused(409, "Conflict", f"Apply failed with {len(conflicts)} conflict(s)", details={"causes": [
                    {"reason": "FieldManagerConflict", "field": "." + ".".join(path), "message": f'conflict with "{other}"'}
                    for other, path in conflicts]})
            obj = copy.deepcopy(merge(old, wanted))
            for path in owners.get(manager, set()) - set(mine):
                if not any(path in paths for other, paths in owners.items() if other != manager):
                    drop_path(obj, path)
            result = self.update(resource, old, obj, subresource)
            for _, path in conflicts:
                for other in owners:
                    if other != manager:
                        owners[other].discard(path)
            owners[manager] = set(mine)
            return result, warnings, False

    def delete(self, resource, namespace, name):
        with self.changed:
            old = self.find(resource, namespace, name)
            if old["metadata"].get("finalizers"):
                if old["metadata"].get("deletionTimestamp"):
                    return old
                new = copy.deepcopy(old)
                new["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=0)
                return self.commit(resource, "MODIFIED", new)
            return self.commit(resource, "DELETED", copy.deepcopy(old))

    # --- for tests: no questions asked ---

    def resource_of(self, obj):
        for resource in self.resources.values():
            if resource.api_version == obj["apiVersion"] and resource.kind == obj["kind"]:
                return resource
        raise KeyError(obj["kind"])

    def put(self, obj):
        """Creates it, or replaces all of it, status too."""
        with self.changed:
            resource = self.resource_of(obj)
            obj = copy.deepcopy(obj)
            meta = obj["metadata"]
            if resource.namespaced:
                meta.setdefault("namespace", "default")
            old = self.objects.get((resource.plural, meta.get("namespace", ""), meta["name"]))
            meta.setdefault("uid", old["metadata"]["uid"] if old else str(uuid.uuid4()))
            meta.setdefault("creationTimestamp", old["metadata"]["creationTimestamp"] if old else now())
            if resource.custom:
                meta.setdefault("generation", 1)
            elif resource.kind == "EndpointSlice":
                obj = self.complete(resource, obj)
            return self.commit(resource, "MODIFIED" if old else "ADDED", obj)

    def listed(self, plural):
        with self.changed:
            return [obj for key, obj in sorted(self.objects.items()) if key[0] == plural]

    def end(self, kind, name, namespace="default"):
        """As a person deletes it: finalizers are waited for."""
        resource = next(resource for resource in self.resources.values() if resource.kind == kind)
        return self.delete(resource, namespace if resource.namespaced else "", name)

    def remove(self, kind, name, namespace="default"):
        """At once."""
        with self.changed:
            for resource in self.resources.values():
                if resource.kind == kind:
                    key = (resource.plural, namespace if resource.namespaced else "", name)
                    return self.commit(resource, "DELETED", copy.deepcopy(self.objects[key]))
        raise KeyError(kind)
