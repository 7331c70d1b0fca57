# SPDX-License-Identifier: GPL-2.0-or-later
"""Lintel's documents as scenarios write them: short, with the lab's usual values where nothing else is said."""
import json

from .topology import BACK, BACK6, FRONT, INNER_GATEWAY, INNER_GATEWAY6

VIP, VIP6 = f"{FRONT}.100", "fd77::100"
INNER = [{"address": f"{INNER_GATEWAY}/24", "interface": "eth1"}]
INNER6 = [{"address": f"{INNER_GATEWAY6}/64", "interface": "eth1"}]
WEBS = tuple(f"{BACK}.{number}" for number in (21, 22, 23))
WEBS6 = tuple(f"{BACK6}{number}" for number in (21, 22, 23))
WEBS_FRONT = tuple(f"{FRONT}.{number}" for number in (21, 22, 23))
WEBS_FRONT6 = tuple(f"fd77::{number}" for number in (21, 22, 23))


def _document(kind, name, spec, namespace=None):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "lintel.io/v1alpha1", "kind": kind, "metadata": metadata,
            "spec": {key: value for key, value in spec.items() if value is not None}}


def router(name="front", *, vrid=51, interface="eth0", addresses=(f"{VIP}/24", *INNER), priority=100, interval="100ms", **spec):
    return _document("VirtualRouter", name, {"virtualRouterId": vrid, "interface": interface, "addresses": list(addresses),
                                             "priority": priority, "advertisementInterval": interval} | spec)


def port(number, protocol="TCP", *, to=8080, scheduler="rr", **spec):
    """One port of a virtual server; number may be a pair (first, last)."""
    where = {"port": number} if isinstance(number, int) else {"portRange": {"start": number[0], "end": number[1]}}
    return where | ({"targetPort": to} if to else {}) | {"protocol": protocol, "scheduler": scheduler} | spec


def server(name="web", *, router="front", addresses=(VIP,), ports=None, webs=WEBS, weight=1, **spec):
    servers = [web if isinstance(web, dict) else {"address": web, "weight": weight} for web in webs]
    return _document("VirtualServer", name, {"virtualRouter": router, "addresses": list(addresses),
                                             "ports": list(ports or [port(80)]), "servers": servers} | spec, "default")


def text(documents):
    """Documents as one file. JSON is YAML; a text is passed as it is."""
    if isinstance(documents, str):
        return documents
    return "".join("---\n" + json.dumps(document, indent=1) + "\n" for document in documents)
