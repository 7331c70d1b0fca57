#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manifests.py LINTEL DECODE ROOT: what manifests/ would do in a cluster. Needs no cluster; TAP.

A real API server is asked as well where KUBEBUILDER_ASSETS names a folder with kube-apiserver and etcd, kustomize where there is
a kubectl, helm where there is a helm; what is not there is skipped by name.
"""
import concurrent.futures
import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

import structural
import template
from cases import CASES, FINE, LINTEL, ODDITIES, RULE, SCHEMA, SMALL, WHOLE
from values import NEEDED, RENDERED, WRONG, taken_away

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "docs"))
import conform  # noqa: E402
from tap import Skip, main, test  # noqa: E402

GROUP = "lintel.io/v1alpha1"
PLURALS = {"VirtualRouter": "virtualrouters", "VirtualServer": "virtualservers", "AddressPool": "addresspools"}
EXAMPLES = ["all-nodes", "edge-nodes", "single-node"]
READ = {"get", "list", "watch"}
# Besides what k8s/status writes and what is read: of both the program is asked.
WRITTEN = {("events.k8s.io", "events"): {"create", "patch"}}
IN_NAMESPACE = {("coordination.k8s.io", "leases"): READ | {"create", "update", "patch"}}
lintel, decoder, root = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]) / "manifests"


def load(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def definition(kind):
    return load(root / "base/crds" / f"{PLURALS[kind]}.yaml")[0]


def schema_of(kind):
    return definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


SCHEMAS = {kind: schema_of(kind) for kind in PLURALS}


def custom(kind, spec):
    metadata = {"name": "x", **({"namespace": "default"} if kind == "VirtualServer" else {})}
    return {"apiVersion": GROUP, "kind": kind, "metadata": metadata, "spec": spec}


def changed(spec, changes):
    """None takes a field away, '...' stands for null."""
    spec = copy.deepcopy(spec)
    for name, value in changes.items():
        spec.pop(name, None)
        if value is not None:
            spec[name] = None if value is ... else value
    return spec


def decode(objects):
    """What Lintel says of each: "fine" or what is wrong."""
    lines = "".join(json.dumps(each) + "\n" for each in objects)
    answer = subprocess.run([decoder], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answer) == len(objects), (len(answer), len(objects))
    return answer


def refused(each):
    """By whom (FINE, SCHEMA or RULE), and why; and what is stored."""
    schema = SCHEMAS[each["kind"]]
    stored = structural.fill(schema, each)
    why = structural.validate(schema, stored, rules=False)
    if why:
        return SCHEMA, why, stored
    why = structural.validate(schema, stored)
    return (RULE if why else FINE), why, stored


@test
def definitions_are_structural_and_their_rules_are_bounded():
    for kind, schema in SCHEMAS.items():
        found = list(structural.problems_of_schema(schema))
        assert not found, f"{kind}: " + "; ".join(found)


TEXT, LIST = {"type": "string", "maxLength": 9}, {"type": "array", "x-kubernetes-list-type": "atomic"}
PLANTED = {
    "no type": {"type": "object", "properties": {"a": {}}},
    "a type below anyOf": {"type": "string", "anyOf": [{"type": "string"}]},
    "a default that is none": {"type": "integer", "minimum": 1, "default": 0},
    "an endless list": {**LIST, "items": TEXT},
    "a required field that is not there": {"type": "object", "properties": {}, "required": ["a"]},
    "a rule about nothing": {"type": "object", "properties": {"a": TEXT}, "x-kubernetes-validations": [{"rule": "has(self.b)", "message": "m"}]},
    "a rule about what has no type": {"type": "object", "properties": {"a": {"x-kubernetes-preserve-unknown-fields": True}},
                                      "x-kubernetes-validations": [{"rule": "has(self.a)", "message": "m"}]},
    "a rule that can't be read": {**TEXT, "x-kubernetes-validations": [{"rule": "self ==", "message": "m"}]},
    "a rule that costs too much": {"type": "object", "properties": {"a": {**LIST, "maxItems": 4096, "items": TEXT}},
                                   "x-kubernetes-validations": [{"rule": "self.a.all(x, self.a.exists(y, x == y))", "message": "m"}]},
}


@test
def planted_mistakes_in_definitions_are_found():
    for title, schema in PLANTED.items():
        assert list(structural.problems_of_schema(schema)), title


@test
def definitions_have_names_columns_and_a_status():
    short = set()
    for kind, plural in PLURALS.items():
        document = definition(kind)
        names, version = document["spec"]["names"], document["spec"]["versions"][0]
        assert document["metadata"]["name"] == f"{plural}.lintel.io" and names["plural"] == plural and names["kind"] == kind
        assert names["categories"] == ["lintel"] and not short & set(names["shortNames"])
        short |= set(names["shortNames"])
        assert version["subresources"] == {"status": {}}
        assert {"Ready", "Reason", "Age"} <= {column["name"] for column in version["additionalPrinterColumns"]}
        for column in version["additionalPrinterColumns"]:
            known = SCHEMAS[kind]
            for name in re.sub(r"\[.*", "", column["jsonPath"]).strip(".").split("."):
                known = known["properties"].get(name) if known is not None and "properties" in known else None
                if name == "metadata":
                    break
                assert known, f"{kind}: column {column['name']}: no field {column['jsonPath']}"
        conditions = SCHEMAS[kind]["properties"]["status"]["properties"]["conditions"]
        assert conditions["x-kubernetes-list-map-keys"] == ["type"]


@test
def the_api_server_and_lintel_refuse_what_they_should():
    verdicts = decode([custom(kind, changed(SMALL[kind], changes)) for _, kind, changes, _ in CASES])
    wrong = []
    for (title, kind, changes, by), verdict in zip(CASES, verdicts):
        seen, why, _ = refused(custom(kind, changed(SMALL[kind], changes)))
        if seen != (FINE if by == LINTEL else by):
            wrong.append(f"{title}: the API server: {seen} instead of {by}: {why}")
        if (verdict == "fine") != (by == FINE):
            wrong.append(f"{title}: Lintel: {verdict}")
    assert not wrong, "\n".join(wrong)


@test
def every_rule_refuses_something():
    """Rules between fields: those of durations come from the tables, one like the other."""
    seen = set()
    for _, kind, changes, by in CASES:
        if by == RULE:
            seen |= {why.split(": ", 1)[1] for why in refused(custom(kind, changed(SMALL[kind], changes)))[1]}

    def messages(schema):
        for rule in schema.get("x-kubernetes-validations", []):
            if not rule["message"].startswith("allowed: "):
                yield rule["message"]
        for below in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
            yield from messages(below)
    unused = {message for schema in SCHEMAS.values() for message in messages(schema)} - seen
    assert not unused, unused


def places(value, path=()):
    """Paths of all values in it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield (*path, index)
            yield from places(item, (*path, index))


def put(value, path, new):
    value = copy.deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return value


def oddities():
    tried = [custom(kind, spec) for kind, spec in [*WHOLE.items(), *SMALL.items()]]
    for kind, spec in WHOLE.items():
        tried += [custom(kind, put(spec, path, None if odd is ... else odd)) for path in places(spec) for odd in ODDITIES]
    return tried


@test
def the_api_server_refuses_nothing_that_lintel_takes():
    tried, wrong = oddities(), []
    taken = 0
    for each, verdict in zip(tried, decode(tried)):
        seen, why, _ = refused(each)
        taken += verdict == "fine"
        if verdict == "fine" and seen != FINE:
            wrong.append(f"{json.dumps(each['spec'])}: {why}")
    assert not wrong, f"{len(wrong)} of {len(tried)}, such as " + "\n".join(wrong[:5])
    assert len(tried) > 2000 and taken > 200, (len(tried), taken)


@test
def defaults_that_are_filled_in_change_nothing():
    """What is stored is taken as what was sent."""
    tried = [custom(kind, changed(SMALL[kind], changes)) for _, kind, changes, by in CASES if by in (FINE, LINTEL)]
    tried += [custom(kind, spec) for kind, spec in WHOLE.items()]
    for each, sent, stored in zip(tried, decode(tried), decode([refused(each)[2] for each in tried])):
        if "unknown field" not in sent:
            assert sent == stored, (each, sent, stored)
    router = refused(custom("VirtualRouter", SMALL["VirtualRouter"]))[2]["spec"]
    assert "priority" not in router, "a priority that nobody said: nodes could not derive theirs"


def every_manifest():
    return [path for path in root.rglob("*.yaml") if "templates" not in path.parts]


@test
def every_manifest_can_be_read():
    paths = every_manifest()
    assert len(paths) > 15
    for path in paths:
        for document in load(path):
            assert isinstance(document, dict), path


@test
def examples_are_taken():
    found = [(path, each) for path in [*root.rglob("examples/*/*.yaml"), root.parent / "packaging/examples/lintel.yaml"]
             for each in load(path) if each.get("kind") in PLURALS]
    assert {each["kind"] for _, each in found} == set(PLURALS)
    for each in (each for _, each in found):
        if each["kind"] == "VirtualServer":
            each["metadata"].setdefault("namespace", "default")  # as kubectl does
    for (path, each), verdict in zip(found, decode([each for _, each in found])):
        assert verdict == "fine", f"{path}: {verdict}"
        assert refused(each)[0] == FINE, f"{path}: {refused(each)[1]}"


def writes():
    """All that k8s/status may write about objects of every kind, in every state: [{"kind", "status", "body"}]."""
    kept = {"finalizers": ["lintel.io/cleanup"]}
    plain = {"name": "x", "namespace": "default", "uid": "1", "resourceVersion": "5", "generation": 2}
    service = {"kind": "Service", "apiVersion": "v1", "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
    tried = [{**service, "metadata": plain}, {**service, "metadata": {**plain, **kept}},
             {**service, "metadata": {**plain, **kept, "deletionTimestamp": "2024-01-01T00:00:00Z"}},
             {"kind": "ConfigMap", "apiVersion": "v1", "data": {"bind-port": "80"},
              "metadata": {**plain, "labels": {"app": "loadbalancer"}}}]
    for kind, spec in SMALL.items():
        tried += [{**custom(kind, spec), "metadata": {**plain, **more}}
                  for more in ({}, kept, {**kept, "deletionTimestamp": "2024-01-01T00:00:00Z"})]
    lines = "".join(json.dumps(each) + "\n" for each in tried)
    answer = subprocess.run([decoder, "writes"], input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in answer.splitlines()]


@test
def definitions_keep_every_status_that_is_written():
    seen = set()
    for write in (write for write in writes() if write["kind"] in PLURALS and write["status"]):
        schema = SCHEMAS[write["kind"]]["properties"]["status"]
        status = write["body"]["status"]
        assert structural.fill(schema, status) == status, f"{write['kind']}: a field is dropped: {status}"
        assert not structural.validate(schema, status), structural.validate(schema, status)
        seen |= {(write["kind"], name) for name in status}
    known = {(kind, name) for kind, schema in SCHEMAS.items() for name in schema["properties"]["status"]["properties"]}
    assert seen == known, f"nobody writes {known - seen}"


def role_rules(documents, kind):
    rules = {}
    for rule in next(document for document in documents if document["kind"] == kind)["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                rules.setdefault((group, resource), set()).update(rule["verbs"])
    return rules


@test
def roles_allow_what_is_used_and_nothing_else():
    kinds = subprocess.run([decoder, "kinds"], capture_output=True, text=True, check=True).stdout.splitlines()
    used = {key: set(verbs) for key, verbs in WRITTEN.items()}
    groups = {kind: ("lintel.io", plural) for kind, plural in PLURALS.items()} | {"Service": ("", "services"), "ConfigMap": ("", "configmaps")}
    for write in writes():
        group, plural = groups[write["kind"]]
        used.setdefault((group, plural + ("/status" if write["status"] else "")), set()).add("patch")
    for version, plural in (kind.split() for kind in kinds):
        used.setdefault((version.rpartition("/")[0], plural), set()).update(READ)
    documents = load(root / "base/rbac.yaml")
    assert role_rules(documents, "ClusterRole") == used
    assert role_rules(documents, "Role") == IN_NAMESPACE
    for kind, name in (("ClusterRoleBinding", "ClusterRole"), ("RoleBinding", "Role")):
        binding = next(document for document in documents if document["kind"] == kind)
        assert binding["roleRef"]["kind"] == name
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "lintel", "namespace": "lintel"}]


def container_of(documents):
    pod = next(document for document in documents if document["kind"] == "DaemonSet")["spec"]["template"]["spec"]
    return pod, pod["containers"][0]


@test
def the_pod_has_the_least_privileges():
    pod, container = container_of(load(root / "base/daemonset.yaml"))
    security = container["securityContext"]
    assert pod["hostNetwork"] and "hostUsers" not in pod and "hostPID" not in pod and "initContainers" not in pod
    assert security["privileged"] is False and security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True and security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW", "SYS_NICE"]}
    assert "cpu" not in container["resources"]["limits"] and "cpu" in container["resources"]["requests"]
    assert [volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume] == ["/var/lib/lintel"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["host"] == "127.0.0.1" and container[probe]["httpGet"]["port"] == 9310
    assert "--listen=127.0.0.1:9310" in container["args"], "what is served on the node's network stays on the node"


@test
def the_pod_says_options_that_there_are():
    said = subprocess.run([lintel, "run", "--help"], capture_output=True, text=True, check=True).stdout
    texts = [path.read_text(encoding="utf-8") for path in [root / "base/daemonset.yaml", root / "helm/lintel/templates/daemonset.yaml",
                                                           *root.rglob("examples/*/kustomization.yaml")]]
    used = {option for text in texts for option in re.findall(r"(?:- |value: |\")(--[a-z-]+)", text)}
    assert len(used) >= 7
    missing = sorted(option for option in used if not re.search(rf"{option}\b", said))
    assert not missing, f"'lintel run' has no {', '.join(missing)}"


@test
def the_chart_has_the_same_definitions_roles_and_values():
    chart = root / "helm/lintel"
    for plural in PLURALS.values():
        assert (chart / "crds" / f"{plural}.yaml").read_bytes() == (root / "base/crds" / f"{plural}.yaml").read_bytes()
    # Rules have nothing in them to be filled in.
    text = (chart / "templates/rbac.yaml").read_text(encoding="utf-8")
    rules = [yaml.safe_load(part.split("\n---")[0]) for part in text.split("\nrules:\n")[1:]]
    plain = load(root / "base/rbac.yaml")
    assert rules == [document["rules"] for document in plain if "rules" in document]
    assert load(chart / "Chart.yaml")[0]["appVersion"] == re.search(r"version: '([^']+)'", (root.parent / "meson.build").read_text())[1]
    values, schema = load(chart / "values.yaml")[0], json.loads((chart / "values.schema.json").read_text())
    check_values(values, schema, "")
    used = set(re.findall(r"\.Values\.(\w+)", "".join(path.read_text(encoding="utf-8") for path in (chart / "templates").iterdir())))
    assert used == set(values), used ^ set(values)


def check_values(values, schema, path):
    """Every default is of the type that the schema says; nothing has no schema."""
    if "properties" in schema:
        for name, value in values.items():
            assert name in schema["properties"], f"{path}.{name} has no schema"
            check_values(value, schema["properties"][name], f"{path}.{name}")
    elif "enum" in schema:
        assert values in schema["enum"], path
    elif "type" in schema and isinstance(schema["type"], str):
        assert structural.TYPES[schema["type"]](values), path
        assert re.search(schema.get("pattern", ""), str(values)), path


@test
def kustomize_renders_the_examples():
    if not shutil.which("kubectl"):
        raise Skip("no kubectl: the examples were not rendered")
    for name in EXAMPLES:
        run = subprocess.run(["kubectl", "kustomize", str(root / "examples" / name)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        documents = list(yaml.safe_load_all(run.stdout))
        pod, container = container_of(documents)
        kinds = [document["kind"] for document in documents]
        assert kinds.count("CustomResourceDefinition") == 3 and "VirtualRouter" in kinds and "AddressPool" in kinds
        for document in documents:
            if document["kind"] in ("DaemonSet", "ServiceAccount", "Role", "RoleBinding"):
                assert document["metadata"]["namespace"] == "lintel"
        if name == "edge-nodes":
            assert "node-role.kubernetes.io/edge" in pod["nodeSelector"]
        if name == "single-node":
            assert "--on-exit=keep" in container["args"]


def check_same_as_base(documents):
    """The chart with its default values is the base, but for names of a release."""
    pod, container = container_of(documents)
    plain_pod, plain = container_of(load(root / "base/daemonset.yaml"))
    assert set(plain.pop("args")) <= set(container.pop("args"))
    assert container == plain
    pod.pop("containers"), plain_pod.pop("containers")
    assert pod == plain_pod
    assert role_rules(documents, "ClusterRole") == role_rules(load(root / "base/rbac.yaml"), "ClusterRole")


@test
def the_chart_renders_what_the_base_has_and_what_values_say():
    chart = template.Chart(root / "helm/lintel")
    check_same_as_base(chart.documents())
    assert "loadBalancerClass: lintel.io/lintel" in chart.render("NOTES.txt")
    other = {"class": "example.com/other", "defaultClass": True, "namespaces": ["a", "b"], "listen": {"address": "fd00::1", "port": 9311},
             "kubeProxyExcludes": ["10.77.0.0/24", "2001:db8::/64"], "apiServer": {"host": "192.0.2.1"}, "extraArgs": ["--resync=5s"],
             "realtime": False, "nodeSelector": {"edge": "yes"}, "tolerations": [{"key": "edge", "operator": "Exists"}],
             "podLabels": {"team": "net"}, "podAnnotations": {"a": "b: c"}, "imagePullSecrets": [{"name": "key"}], "priorityClassName": "",
             "affinity": {"nodeAffinity": {}}, "serviceAccountAnnotations": {"x": "1"}, "image": {"tag": "9.9"}}
    documents = template.Chart(root / "helm/lintel", other, name="second", namespace="net").documents()
    daemon = next(document for document in documents if document["kind"] == "DaemonSet")
    pod, container = container_of(documents)
    assert {document["metadata"]["name"] for document in documents} == {"second-lintel"}
    assert {document["metadata"].get("namespace", "net") for document in documents} == {"net"}
    assert container["image"] == "lintel:9.9" and pod["imagePullSecrets"] == [{"name": "key"}] and "priorityClassName" not in pod
    for argument in ("--class=example.com/other", "--default-class", "--namespace=a", "--namespace=b", "--listen=[fd00::1]:9311",
                     "--kube-proxy-excludes=10.77.0.0/24,2001:db8::/64", "--resync=5s"):
        assert argument in container["args"], f"{argument} is not in {container['args']}"
    assert {"name": "KUBERNETES_SERVICE_PORT", "value": "6443"} in container["env"]
    assert container["securityContext"]["capabilities"]["add"] == ["NET_ADMIN", "NET_RAW"]
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "edge": "yes"} and pod["tolerations"][-1] == other["tolerations"][0]
    labels = daemon["spec"]["template"]["metadata"]["labels"]
    assert labels["team"] == "net" and daemon["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for wrong in ("{{ .Values.nothing }}", "{{ upper .Values.class }}", "{{ if .Values.class }}", "{{ end }}", "{{ .Values.log }}", "{{ .Values.class",
                  "{{ printf \"%d\" .Values.class }}", "{{ .Values.class .Values.class }}"):
        try:
            chart.write(template.parse(iter(list(template.pieces(wrong))))[0], chart.root)
        except template.Wrong:
            continue
        raise AssertionError(f"{wrong} was rendered")


def by_name(documents):
    return sorted(documents, key=lambda document: (document["kind"], document["metadata"]["name"]))


@test
def whatever_the_names_and_values_the_types_are_those_of_kubernetes():
    for name, namespace, values in RENDERED:
        documents = template.Chart(root / "helm/lintel", values, name=name, namespace=namespace).documents()
        pod, container = container_of(documents)
        texts = [pod.get("priorityClassName", ""), *container["args"]]
        for document in documents:
            meta = document["metadata"]
            texts += [meta["name"], meta.get("namespace", ""), *meta["labels"].values(), *meta.get("annotations", {}).values()]
            texts += [subject["namespace"] for subject in document.get("subjects", ())]
            if document["kind"] == "DaemonSet":
                inner = document["spec"]["template"]["metadata"]
                texts += [*inner["labels"].values(), *inner.get("annotations", {}).values(), *document["spec"]["selector"]["matchLabels"].values()]
                assert isinstance(document["spec"]["minReadySeconds"], int)
        assert all(isinstance(text, str) for text in texts), f"{name} {namespace} {values}: {texts}"


@test
def a_value_that_the_chart_needs_cannot_be_taken_away():
    values, schema = load(root / "helm/lintel/values.yaml")[0], json.loads((root / "helm/lintel/values.schema.json").read_text())
    needed = list(schema["required"])
    paths = list(values)
    for outer, value in values.items():
        inner = schema["properties"][outer]
        needed += [f"{outer}.{name}" for name in inner.get("required", ())]
        paths += [f"{outer}.{name}" for name in value] if "properties" in inner else []
    assert sorted(needed) == sorted(NEEDED)
    for path in set(paths) - set(needed):
        chart = template.Chart(root / "helm/lintel", taken_away(path))
        assert len(chart.documents()) == 6 and chart.render("NOTES.txt"), path


@test
def the_schema_of_the_values_refuses_what_would_be_broken():
    schema = json.loads((root / "helm/lintel/values.schema.json").read_text())
    defaults = load(root / "helm/lintel/values.yaml")[0]

    def refused_values(changes):
        return conform.problems(template.merged(defaults, changes), schema, closed=False)
    wrong = [f"{values} is refused: {refused_values(values)}" for _, _, values in RENDERED if refused_values(values)]
    wrong += [f"{values} is taken" for values in WRONG + [taken_away(path) for path in NEEDED] if not refused_values(values)]
    assert not wrong, "\n".join(wrong)


def run_helm(name, namespace, values):
    """The oldest Kubernetes that the chart is for; without it an older helm takes one that is older still."""
    return subprocess.run(["helm", "template", name, str(root / "helm/lintel"), "--namespace", namespace, "--kube-version", "1.29.0",
                           "--values", "-"], input=json.dumps(values), capture_output=True, text=True, check=False)


def without_nulls(value):
    """Nor what is empty without them. One that replaces nothing may be left where it is (helm 3.11 does), and an API server takes it for nothing."""
    if isinstance(value, dict):
        kept = {key: left for key, inner in value.items() if (left := without_nulls(inner)) is not None}
        return kept if kept or not value else None
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


@test
def helm_renders_what_is_rendered_here_and_refuses_what_is_wrong():
    if not shutil.which("helm"):
        raise Skip("no helm: its own rendering of the chart was not compared")
    for name, namespace, values in RENDERED + [("lintel", "lintel", taken_away(path)) for path in ("tolerations", "resources", "extraArgs")]:
        run = run_helm(name, namespace, values)
        assert run.returncode == 0, run.stderr
        there = [document for document in yaml.load_all(run.stdout, template.Reader) if document]
        here = template.Chart(root / "helm/lintel", values, name=name, namespace=namespace).documents()
        assert by_name(without_nulls(there)) == by_name(without_nulls(here)), f"{name} {namespace} {values}: {by_name(there)} instead of {by_name(here)}"
    for values in WRONG + [taken_away(path) for path in NEEDED]:
        run = run_helm("lintel", "lintel", values)
        assert run.returncode != 0 and "schema" in run.stderr, f"{values}: {run.stderr}"


@test
def helm_renders_what_the_base_has():
    if not shutil.which("helm"):
        raise Skip("no helm: its own rendering of the chart was not compared")
    run = run_helm("lintel", "lintel", {})
    assert run.returncode == 0, run.stderr
    check_same_as_base([document for document in yaml.safe_load_all(run.stdout) if document])


@test
def a_real_api_server_agrees():
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "k8s"))
    import apiserver_real  # only here: it needs nothing unless there is one
    reason = apiserver_real.missing()
    if reason:
        raise Skip(f"{reason}: no real API server was asked about the definitions, the examples and the cases")
    with apiserver_real.Server() as server:
        for kind in PLURALS:
            status, answer = server.apply_definition(definition(kind))
            assert status in (200, 201), answer
        wrong = []
        for title, kind, changes, by in CASES:
            status, answer = server.try_custom(PLURALS[kind], custom(kind, changed(SMALL[kind], changes)))
            if (status == 201) != (by in (FINE, LINTEL)):
                wrong.append(f"{title}: {status} {answer.get('message')}")
        assert not wrong, "\n".join(wrong)
        # What is said of an API server here is what this one does.
        tried = oddities()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda each: server.try_custom(PLURALS[each["kind"]], each), tried))
        for each, (status, answer) in zip(tried, answers):
            seen, why, _ = refused(each)
            if (status == 201) != (seen == FINE):
                wrong.append(f"{json.dumps(each['spec'])}: {status} {answer.get('message')} instead of {seen} {why}")
        assert not wrong, f"{len(wrong)} of {len(tried)}, such as " + "\n".join(wrong[:10])
        for path in (root / "base").glob("*.yaml"):
            for document in load(path):
                if document["kind"] != "Kustomization":
                    status, answer = server.try_builtin(document)
                    assert status == 201, f"{path}: {answer}"
        for namespace in {namespace for _, namespace, _ in RENDERED} - {"lintel"}:
            server.store.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for name, namespace, values in RENDERED:
            for document in template.Chart(root / "helm/lintel", values, name=name, namespace=namespace).documents():
                status, answer = server.try_builtin(document)
                assert status == 201, f"{name} {namespace} {values}: {answer}"


if __name__ == "__main__":
    sys.exit(main())
