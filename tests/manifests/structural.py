# SPDX-License-Identifier: GPL-2.0-or-later
"""What an API server does with a custom resource: structural schemas, defaults, validation, rules.

Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions". What this takes or refuses otherwise than a real
API server is a mistake here; tests/manifests/manifests.py asks a real one where there is one.
"""
import ipaddress
import re

import cel

RULE_COST_MAX, DEFINITION_COST_MAX = 10_000_000, 100_000_000
# Only these may stand below anyOf.
VALUE_VALIDATIONS = {"format", "pattern", "enum", "minimum", "maximum", "minLength", "maxLength", "required", "properties", "items"}
KNOWN = VALUE_VALIDATIONS | {
    "description", "type", "default", "anyOf", "minItems", "maxItems", "maxProperties", "additionalProperties",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
    "x-kubernetes-validations"}


def is_format(value, name):
    try:
        if name == "cidr":
            return value.rpartition("/")[2].isdigit() and "/" in value and ipaddress.ip_interface(value) is not None
        if name in ("ipv4", "ipv6"):
            return ipaddress.ip_address(value).version == int(name[3]) and "%" not in value
        if name == "date-time":
            return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value) is not None
    except ValueError:
        return False
    return True


TYPES = {
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}


def problems_of_schema(schema, path="", copies=1, total=None):
    """What an API server would not accept in a definition, and what can't be bounded."""
    total = [0] if total is None else total
    for key in schema.keys() - KNOWN:
        yield f"{path}: {key} is not known here"
    if "type" not in schema and not schema.get("x-kubernetes-int-or-string") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        yield f"{path}: no type"
    for part in schema.get("anyOf", []):
        if part.keys() - VALUE_VALIDATIONS:
            yield f"{path}: anyOf has more than validations of values"
    if "pattern" in schema:
        re.compile(schema["pattern"])
    if "default" in schema:
        yield from (f"{path}: default: {problem}" for problem in validate(schema, schema["default"], path))
    for name in schema.get("required", []):
        if name not in schema["properties"]:
            yield f"{path}: requires {name}, which it doesn't have"
    if schema.get("type") == "array":
        if "maxItems" not in schema or schema.get("x-kubernetes-list-type") not in ("atomic", "set", "map"):
            yield f"{path}: a list without maxItems or x-kubernetes-list-type"
    yield from problems_of_rules(schema, path, copies, total)
    for name, below in schema.get("properties", {}).items():
        yield from problems_of_schema(below, f"{path}.{name}", copies, total)
    if "items" in schema:
        yield from problems_of_schema(schema["items"], f"{path}[]", copies * schema.get("maxItems", 1), total)
    if path == "" and total[0] > DEFINITION_COST_MAX:
        yield f"all rules together cost {total[0]:.0f}"


def problems_of_rules(schema, path, copies, total):
    for rule in schema.get("x-kubernetes-validations", []):
        try:
            cost = cel.check(cel.parse(rule["rule"]), {"self": schema})[1] * copies
        except cel.CelError as error:
            yield f"{path}: {rule['rule']}: {error}"
            continue
        total[0] += cost
        if cost > RULE_COST_MAX:
            yield f"{path}: {rule['rule']}: costs {cost:.0f}"
        if not rule.get("message"):
            yield f"{path}: {rule['rule']}: no message"


def fill(schema, value):
    """What is stored: nulls and unknown fields go, defaults come."""
    if isinstance(value, list) and "items" in schema:
        return [fill(schema["items"], item) for item in value]
    if isinstance(value, dict) and "additionalProperties" in schema:
        return {name: fill(schema["additionalProperties"], item) for name, item in value.items() if item is not None}
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    keep = schema.get("x-kubernetes-preserve-unknown-fields")
    known = schema["properties"]
    filled = {name: fill(known.get(name, {}), item) for name, item in value.items()
              if (name in known and item is not None) or (name not in known and keep)}
    for name, below in known.items():
        if "default" in below:
            filled.setdefault(name, below["default"])
    return filled


def validate(schema, value, path="", rules=True):
    """What is wrong with a value. Rules are looked at when nothing else is wrong, as an API server does."""
    found = list(validate_value(schema, value, path))
    if not found and rules:
        found = list(validate_rules(schema, value, path))
    return found


def validate_value(schema, value, path):
    wanted = schema.get("type")
    if wanted and not TYPES[wanted](value):
        yield f"{path}: is no {wanted}"
        return
    if schema.get("x-kubernetes-int-or-string") and not (TYPES["integer"](value) or TYPES["string"](value)):
        yield f"{path}: is neither integer nor text"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "anyOf" in schema and not any(not list(validate_value(part, value, path)) for part in schema["anyOf"]):
        yield f"{path}: {value!r} fits nothing of anyOf"
    if TYPES["integer"](value):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            yield f"{path}: {value} is out of range"
    elif isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", len(value)):
            yield f"{path}: has {len(value)} characters"
        if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
            yield f"{path}: {value!r} does not match"
        if not is_format(value, schema.get("format")):
            yield f"{path}: {value!r} is no {schema['format']}"
    elif isinstance(value, list):
        yield from validate_list(schema, value, path)
    elif isinstance(value, dict):
        yield from validate_map(schema, value, path)


def validate_list(schema, value, path):
    if len(value) < schema.get("minItems", 0) or len(value) > schema.get("maxItems", len(value)):
        yield f"{path}: has {len(value)} entries"
    for index, item in enumerate(value):
        yield from validate_value(schema.get("items", {}), item, f"{path}[{index}]")
        if schema.get("x-kubernetes-list-type") == "set" and item in value[:index]:
            yield f"{path}[{index}]: stands there already"


def validate_map(schema, value, path):
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}.{name}: is missing"
    if len(value) > schema.get("maxProperties", len(value)):
        yield f"{path}: has {len(value)} entries"
    for name, item in value.items():
        below = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
        yield from validate_value(below, item, f"{path}.{name}")


def validate_rules(schema, value, path):
    for rule in schema.get("x-kubernetes-validations", []):
        try:
            fine = cel.evaluate(cel.parse(rule["rule"]), {"self": value})
        except cel.CelError as error:
            yield f"{path}: {rule['rule']}: {error}"
            continue
        if not fine:
            yield f"{path}: {rule['message']}"
    if isinstance(value, dict):
        for name, below in schema.get("properties", {}).items():
            if name in value:
                yield from validate_rules(below, value[name], f"{path}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from validate_rules(schema["items"], item, f"{path}[{index}]")
