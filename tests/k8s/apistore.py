# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stand-in API server keeps: objects, their versions, and the log that watches read.

Semantics are those of Kubernetes: one resourceVersion for everything, a write that changes nothing makes no new one, deletion
waits for finalizers, status is written by its subresource only, and what is compacted is gone.
"""
import copy
import datetime
import re
import threading
import uuid


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
    "VirtualRouter": {"spec": {key: ANY for key in (
        "virtualRouterId interface addresses priority advertisementInterval preempt preemptDelay peers virtualMac trackInterfaces "
        "nodeSelector class").split()}, "status": ANY},
    "VirtualServer": {"spec": {key: ANY for key in (
        "virtualRouter addresses addressPool ports forwarding sourceNat persistence servers service healthCheck class "
        "sourceRanges").split()}, "status": ANY},
    "AddressPool": {"spec": {key: ANY for key in (
        "virtualRouter addresses autoAssign priority avoidBuggyIPs namespaces namespaceSelector serviceSelector class "
        "serviceSelectors namespaceSelectors").split()}, "status": ANY},
}
MICROTIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
NAME = re.compile(r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def invalid(kind, name, field, what):
    return Refused(422, "Invalid", f'{kind} "{name}" is invalid: {field}: {what}')


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

    def compact(self):
        """Forgets the past: who comes anew and wants to go on from there can't. Watches under way lose nothing."""
        with self.changed:
            self.floor = self.version
            self.changed.notify_all()

    def check_namespace(self, resource, namespace):
        if resource.namespaced and resource.plural != "namespaces" and ("namespaces", "", namespace) not in self.objects:
            raise Refused(404, "NotFound", f'namespaces "{namespace}" not found')

    def validate(self, resource, obj):
        kind, meta = resource.kind, obj["metadata"]
        name = meta.get("name", "")
        if not NAME.match(name):
            raise invalid(kind, name, "metadata.name", "must be a DNS name")
        for key, value in {**meta.get("labels", {}), **meta.get("annotations", {})}.items():
            if not isinstance(value, str):
                raise Refused(400, "BadRequest", f"metadata: {key}: must be text")
        if kind == "Event":
            self.validate_event(obj)
        elif kind == "Lease":
            self.validate_lease(obj)
        elif kind == "Service":
            for entry in obj.get("status", {}).get("loadBalancer", {}).get("ingress") or []:
                if "ip" not in entry and "hostname" not in entry:
                    raise invalid(kind, name, "status.loadBalancer.ingress", "ip or hostname must be there")
                if entry.get("ipMode", "VIP") not in ("VIP", "Proxy"):
                    raise invalid(kind, name, "status.loadBalancer.ingress.ipMode", "must be VIP or Proxy")
                if "ipMode" in entry and "ip" not in entry:
                    raise invalid(kind, name, "status.loadBalancer.ingress.ipMode", "may not be set when ip is not set")
        if resource.status and resource.custom:
            for condition in (obj.get("status") or {}).get("conditions") or []:
                if not all(condition.get(key) for key in ("type", "status", "reason", "lastTransitionTime")):
                    raise invalid(kind, name, "status.conditions", "type, status, reason and lastTransitionTime are required")

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
        wanted = obj.get("regarding", {}).get("namespace") or "default"
        if obj["metadata"].get("namespace") != wanted:
            raise invalid("Event", name, "regarding.namespace", "does not match event.namespace")
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

    def prepare(self, resource, body, validation):
        """The object in a request's body, and warnings."""
        if not isinstance(body, dict) or body.get("kind") != resource.kind or body.get("apiVersion") != resource.api_version:
            raise Refused(400, "BadRequest", f"the object in the body is no {resource.api_version} {resource.kind}")
        unknown = []
        known = {"apiVersion": ANY, "kind": ANY, "metadata": {key: ANY for key in META}, **FIELDS[resource.kind]}
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
                raise Refused(400, "BadRequest", "resourceVersion should not be set on objects to be created")
            if meta.setdefault("namespace", namespace or "") != (namespace or ""):
                raise Refused(400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request")
            if not resource.namespaced:
                meta.pop("namespace", None)
            self.check_namespace(resource, namespace)
            if "name" not in meta and "generateName" in meta:
                meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
            key = (resource.plural, namespace or "", meta.get("name"))
            if key in self.objects:
                raise Refused(409, "AlreadyExists", f'{resource.plural} "{meta["name"]}" already exists')
            if resource.status:
                obj.pop("status", None)
            self.validate(resource, obj)
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

    def update(self, resource, old, obj, subresource):
        """'obj' is to be in the place of 'old', as far as it may."""
        name = old["metadata"]["name"]
        wanted = obj["metadata"].get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", f'Operation cannot be fulfilled on {resource.plural} "{name}": the object has been modified; '
                          "please apply your changes to the latest version and try again")
        if obj["metadata"].get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            raise Refused(409, "Conflict", "Precondition failed: UID in precondition")
        if subresource == "status":
            new = {**old, "status": obj.get("status", {}), "metadata": dict(old["metadata"])}
        else:
            new = dict(obj)
            if resource.status:
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
        self.validate(resource, new)
        if resource.custom and new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            return self.commit(resource, "DELETED", copy.deepcopy(new))
        if new == old:
            return old  # nothing changes: not even the version
        return self.commit(resource, "MODIFIED", copy.deepcopy(new))

    def merge_patch(self, resource, namespace, name, subresource, patch, validation="Warn", manager="unknown"):
        with self.changed:
            old = self.find(resource, namespace, name)
            if not isinstance(patch, dict):
                raise Refused(400, "BadRequest", "the patch is no object")
            whole = {**old, "apiVersion": resource.api_version, "kind": resource.kind}
            obj, warnings = self.prepare(resource, merge(whole, patch), validation)
            if obj["metadata"].get("name") != name:
                raise Refused(400, "BadRequest", "the name can't be changed")
            key = (resource.plural, namespace or "", name)
            result = self.update(resource, old, obj, subresource)
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
            return self.commit(resource, "MODIFIED" if old else "ADDED", obj)

    def remove(self, kind, name, namespace="default"):
        with self.changed:
            for resource in self.resources.values():
                if resource.kind == kind:
                    key = (resource.plural, namespace if resource.namespaced else "", name)
                    return self.commit(resource, "DELETED", copy.deepcopy(self.objects[key]))
        raise KeyError(kind)
