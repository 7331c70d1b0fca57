# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of the Helm chart: what can be said with them, and what its schema has to refuse."""

# What can be said with values: name of the release, its namespace, values.
RENDERED = [
    ("lintel", "lintel", {}),
    # Names that YAML would read as numbers, as true, as nothing; the longest that there are.
    ("123", "456", {}), ("1e3", "lintel", {}), ("true", "null", {}), ("0x1f", "010", {}), (53 * "a", "net", {}),
    (51 * "a" + ".b", "net", {}), (50 * "a" + "--b", "net", {}), (46 * "a" + "-lintel", "net", {}), ("my.release", "net", {}),
    ("lintel", "lintel", {"onExit": "keep", "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]}),
    ("edge", "net", {"nodeSelector": {"node-role.kubernetes.io/edge": ""}, "tolerations": [
        {"key": "edge", "operator": "Equal", "value": "true", "effect": "NoExecute", "tolerationSeconds": 1000000}]}),
    ("lintel", "lintel", {"listen": {"address": "0.0.0.0", "port": 9999}, "podLabels": {"team": "on", "n": "1e3"},
                          "podAnnotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9999", "text": "a\nline: b\n"}}),
    ("lintel", "lintel", {"listen": {"address": "::1"}, "apiServer": {"host": "fd00::1", "port": 443},
                          "kubeProxyExcludes": ["10.0.0.0/8", "fd00::/64"]}),
    ("lintel", "lintel", {"defaultClass": True, "class": "example.com/other", "namespaces": ["123", "b", "null"]}),
    ("lintel", "lintel", {"extraArgs": ["--resync=5s", "--x=\"quoted\" \\ \u00e9 <&>", "-v"], "stateDir": "/a b: c"}),
    ("lintel", "lintel", {"minReadySeconds": 1000000, "maxUnavailable": 1000000,
                          "resources": {"limits": {"memory": 1000000000}, "requests": {"cpu": 2, "memory": "64Mi"}}}),
    ("lintel", "lintel", {"maxUnavailable": "25%", "terminationGracePeriodSeconds": 600, "realtime": False}),
    ("lintel", "lintel", {"image": {"repository": "r:5000/x/lintel", "tag": "1.20", "pullPolicy": "Always"}, "priorityClassName": "123",
                          "imagePullSecrets": [{"name": "123"}], "serviceAccountAnnotations": {"a": "1"}}),
    ("lintel", "lintel", {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}]}}}}),
    ("lintel", "lintel", {"resources": {"requests": {"cpu": 0.5, "memory": "1e3", "ephemeral-storage": "1.5G"}, "limits": {"memory": "0.5Gi"}},
                          "image": {"repository": "[fd00::1]:5000/a_b/c--d@sha256", "tag": 64 * "0"}, "apiServer": {"host": "api.example.com"},
                          "namespaces": [], "extraArgs": [], "imagePullSecrets": [], "affinity": {"podAntiAffinity": None}}),
    ("lintel", "lintel", {"class": "lintel", "tolerations": [{"operator": "Exists"}, {"key": "a.b/c", "value": "d_e", "effect": "NoSchedule"}],
                          "podLabels": {"a.b/C_d": "", "x": "Y.z"}, "listen": {"address": "::ffff:10.0.0.1"}, "stateDir": "/a/..b/"}),
    ("lintel", "lintel", {"resources": {"requests": None, "limits": None}, "nodeSelector": {"kubernetes.io/os": None}, "image": {"tag": None}}),
]
# Values that have to be there, a null takes them away: an option of the pod would have no value.
NEEDED = ["image", "image.repository", "image.pullPolicy", "class", "defaultClass", "listen", "listen.address", "listen.port", "onExit",
          "stateDir", "log", "log.format", "log.level", "apiServer", "apiServer.host", "apiServer.port", "realtime", "maxUnavailable",
          "minReadySeconds", "terminationGracePeriodSeconds"]
# What the API server would refuse later, or the kubelet, or the program at its start; or what YAML would read as something else.
WRONG = [{name: value} for name, values in {
    "onExit": ["maybe", "Keep"],
    "class": ["", "A b", "Example.com/x", "a/b/c", "a..b/x", "-a", "a/" + 64 * "x", 1],
    "defaultClass": ["yes", "true", 1],
    "namespaces": ["a", ["A"], [""], [64 * "a"], ["a", "a"], ["a.b"], [1]],
    "nodeSelector": [{"a": 1}, {"a": True}, {"a b": "c"}, {"a": "b c"}, {"": "x"}, {"a": 64 * "x"}, {"A.b/c": "x"}, []],
    "tolerations": [{}, [{}], [{"operator": "Equal"}], [{"value": "x"}], [{"key": "a", "operator": "Exists", "value": "b"}], [{"key": "a b"}],
                    [{"key": "a", "value": True}], [{"key": "a", "tolerationSeconds": 5}],
                    [{"key": "a", "effect": "NoSchedule", "tolerationSeconds": 5}], [{"key": "a", "effect": "Never"}]],
    "affinity": [[], {"nodeAfinity": {}}, {"nodeAffinity": "x"}],
    "kubeProxyExcludes": ["10.0.0.0/8", ["10.0.0.0"], ["10.0.0.0/33"], ["10.0.0/8"], ["256.0.0.0/8"], ["::/129"], [":/1"], ["10.0.0.0/8,::/0"]],
    "listen": ["127.0.0.1:9310", {"port": 0}, {"port": "9310"}, {"port": 65536}, {"port": 9310.5}, {"address": "localhost"}, {"address": ""},
               {"address": "[::1]"}, {"address": "1"}, {"address": "999.1.1.1"}, {"address": "..."}, {"adress": "::1"}],
    "stateDir": ["here", "/", "//", "/a/../b", "/..", "/a/./b", "/a\nb"],
    "log": [{"level": "loud"}, {"level": "INFO"}],
    "extraArgs": ["--resync=5s", ["resync"], ["-"], ["--"], [1], ["--a\nb"], ["--class=example.com/other"], ["--help"], ["--listen=off"],
                  ["--node", "--resync=5s"]],
    "image": [{"tag": 1.2}, {"tag": "a b"}, {"tag": "-x"}, {"tag": 'x"y'}, {"tag": 129 * "x"}, {"repository": ""}, {"repository": "r/Upper"},
              {"repository": "a b"}, {"repository": 'a"b'}, {"repository": "lintel:1.0"}, {"pullPolicy": "always"}, {"digest": "x"}],
    "imagePullSecrets": [["a"], [{"name": "A"}], [{"name": "a b"}], [{}]],
    "apiServer": [{"host": "a b"}, {"host": "https://x"}, {"host": "[fd00::1]"}, {"host": "x:6443"}, {"host": "x", "port": "443"}, {"port": 0}],
    "resources": [{"limits": {"cpu": 1}}, {"limits": {"memory": "lots"}}, {"limits": {"memory": -1}}, {"limits": {"memory": ""}},
                  {"limits": {"memory": "256MiB"}}, {"requests": {"cpu": True}}, {"requests": {"cpu": {}}}, {"requests": {"gpu": 1}}, {"claims": []}],
    "realtime": ["false", 1],
    "priorityClassName": ["A b", 1, 254 * "x"],
    "maxUnavailable": [0, "0%", "101%", "5", 1.5, True, 2 ** 31],
    "minReadySeconds": [-1, 2 ** 31, "10"],
    "terminationGracePeriodSeconds": [5, "30"],
    "podAnnotations": [{"a": 1}, {"a b": "c"}, {"": "c"}, []],
    "podLabels": [{"app.kubernetes.io/name": "x"}, {"a": 1}, {"a": "b c"}, {"a": 64 * "x"}, {"a/b/c": "x"}, {"-a": "x"}],
    "serviceAccountAnnotations": [{"a b": "x"}],
    "nothing": [1],
    "replicas": [2],
}.items() for value in values]


def taken_away(path):
    outer, _, inner = path.partition(".")
    return {outer: {inner: None} if inner else None}
