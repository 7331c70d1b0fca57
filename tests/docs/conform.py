# SPDX-License-Identifier: GPL-2.0-or-later
"""Does a JSON value conform to one of the schemas in docs/schema, or to that of the Helm chart? Knows the words of JSON Schema that these use, and no other: a word it
does not know is a mistake, not a rule that is passed over.

By the schemas, scripts have to bear members that they don't know. Our own tests don't: with closed=True a member that no schema tells of
is a problem, so that nothing is printed without being documented. With partial=True missing members are none (for examples that are cut).
"""
import json
import pathlib
import re

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
COMMENTS = {"$schema", "$id", "$defs", "definitions", "title", "description"}


def load(name):
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def _is(value, name):
    if name in ("integer", "number"):
        return not isinstance(value, bool) and isinstance(value, int if name == "integer" else (int, float))
    return isinstance(value, TYPES[name])


class _Look:
    def __init__(self, root, closed, partial):
        self.root, self.closed, self.partial = root, closed, partial
        self.problems = []

    def wrong(self, path, text):
        self.problems.append(f"{path or 'the whole'}: {text}")

    def value(self, value, schema, path):
        for word, rule in schema.items():
            if word not in COMMENTS:
                getattr(self, "rule_" + word.strip("$"))(value, rule, schema, path)

    def rule_ref(self, value, rule, _, path):
        start, where, name = rule.split("/")
        assert start == "#" and where in ("$defs", "definitions"), rule
        self.value(value, self.root[where][name], path)

    def rule_type(self, value, rule, _, path):
        names = [rule] if isinstance(rule, str) else rule
        if not any(_is(value, name) for name in names):
            self.wrong(path, f"{value!r} is no {' or '.join(names)}")

    def against(self, value, schema, path):
        look = _Look(self.root, self.closed, self.partial)
        look.value(value, schema, path)
        return look.problems

    def rule_allOf(self, value, rule, _, path):  # pylint: disable=invalid-name
        for schema in rule:
            self.value(value, schema, path)

    def rule_anyOf(self, value, rule, _, path):  # pylint: disable=invalid-name
        found = [self.against(value, schema, path) for schema in rule]
        if all(found):
            self.problems += min(found, key=len)

    def rule_not(self, value, rule, _, path):
        if not self.against(value, rule, path):
            self.wrong(path, f"{value!r} is what must not be")

    def rule_oneOf(self, value, rule, _, path):  # pylint: disable=invalid-name
        """What is said against it is said of the one that it is most like."""
        found = [self.against(value, schema, path) for schema in rule]
        fitting = sum(not problems for problems in found)
        if fitting == 0:
            self.problems += min(found, key=len)
        elif fitting > 1:
            self.wrong(path, f"it is {fitting} things at once")

    def rule_enum(self, value, rule, _, path):
        if value not in rule:
            self.wrong(path, f"{value!r} is none of {rule}")

    def rule_pattern(self, value, rule, _, path):
        if isinstance(value, str) and not re.search(rule.replace("$", r"\Z"), value):
            self.wrong(path, f"{value!r} does not match {rule}")

    def rule_minLength(self, value, rule, _, path):  # pylint: disable=invalid-name
        if isinstance(value, str) and len(value) < rule:
            self.wrong(path, f"{value!r} is too short")

    def rule_maxLength(self, value, rule, _, path):  # pylint: disable=invalid-name
        if isinstance(value, str) and len(value) > rule:
            self.wrong(path, f"{value!r} is too long")

    def rule_uniqueItems(self, value, rule, _, path):  # pylint: disable=invalid-name
        if rule and isinstance(value, list) and any(entry in value[:number] for number, entry in enumerate(value)):
            self.wrong(path, "an entry stands there twice")

    def rule_minimum(self, value, rule, _, path):
        if _is(value, "number") and value < rule:
            self.wrong(path, f"{value} is less than {rule}")

    def rule_maximum(self, value, rule, _, path):
        if _is(value, "number") and value > rule:
            self.wrong(path, f"{value} is more than {rule}")

    def rule_required(self, value, rule, _, path):
        if isinstance(value, dict) and not self.partial:
            for name in rule:
                if name not in value:
                    self.wrong(path, f"no {name}")

    def rule_properties(self, value, rule, schema, path):
        if isinstance(value, dict):
            for name, member in value.items():
                if name in rule:
                    self.value(member, rule[name], f"{path}.{name}")
                elif self.closed and "additionalProperties" not in schema:
                    self.wrong(path, f"{name} is not documented")

    def rule_additionalProperties(self, value, rule, schema, path):  # pylint: disable=invalid-name
        if isinstance(value, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                if rule is False:
                    self.wrong(path, f"there is no {name}")
                elif rule is not True:
                    self.value(value[name], rule, f"{path}.{name}")

    def rule_propertyNames(self, value, rule, _, path):  # pylint: disable=invalid-name
        if isinstance(value, dict):
            for name in value:
                self.value(name, rule, f"{path}: its {name!r}")

    def rule_items(self, value, rule, _, path):
        if isinstance(value, list):
            for number, entry in enumerate(value):
                self.value(entry, rule, f"{path}[{number}]")


def problems(value, schema, *, closed=True, partial=False):
    """What is wrong with 'value', a line each."""
    look = _Look(schema, closed, partial)
    look.value(value, schema, "")
    return look.problems
