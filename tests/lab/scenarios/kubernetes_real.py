# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios of kubernetes.py, each once more with a real kube-apiserver, where KUBEBUILDER_ASSETS names a folder with one.

It runs with its etcd beside the lab, and is reached at the client's address in front. The daemons may do there what
manifests/base/rbac.yaml allows, and nothing else.
"""
import atexit
import pathlib
import sys

from lablib import report
from lablib.report import Skipped, scenario

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "k8s"))
import apiserver_real  # noqa: E402  pylint: disable=wrong-import-position

apiserver_real.PATIENCE_S = 300  # an emulated machine is slow
SERVER = []


def server():
    """One for all scenarios."""
    if not SERVER:
        SERVER.append(apiserver_real.Server(custom=True).__enter__())
        atexit.register(SERVER[0].__exit__)
        SERVER[0].give_roles()
    return SERVER[0]


class RealApi:
    """As kubernetes.Api: the real one, seen from a host."""

    def __init__(self, host):
        self.server, self.host = server(), host
        self.store = self.server.store
        self.store.clean()
        self.relay = apiserver_real.Relay(self.server.port, host.front, host.inside)

    def start(self):
        self.relay.start()

    def stop(self):
        self.relay.stop()

    def kubeconfig(self):
        there = f"https://{self.host.front}:{self.relay.port}"
        return self.server.kubeconfig(cluster={"server": there, "tls-server-name": "kubernetes.default.svc"})


def with_a_real_one(function):
    """That scenario, its API server being a real one."""
    @scenario(f"with a real API server: {function.title.removeprefix('Kubernetes: ')}", timeout=function.timeout + 300)
    def real(lab):
        there = function.__globals__
        before = there["Api"]
        there["Api"] = RealApi
        try:
            function(lab)
        finally:
            there["Api"] = before


if apiserver_real.missing():
    @scenario("the scenarios of clusters with a real API server")
    def none_of_them(_):
        raise Skipped(f"{apiserver_real.missing()}: NO SCENARIO OF A CLUSTER WAS TRIED WITH A REAL API SERVER")
else:
    for each in [each for each in report.SCENARIOS if each.file == "kubernetes"]:
        with_a_real_one(each)
