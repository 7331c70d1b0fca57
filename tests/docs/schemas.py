#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The schemas in docs/schema, against what the commands are tested to print (tests/daemon/golden). The daemon's own answers are looked at in
the lab (scenario documents). Speaks TAP.
"""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import conform  # noqa: E402  pylint: disable=wrong-import-position
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tap import main, test  # noqa: E402  pylint: disable=wrong-import-position

TOP = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = TOP / "tests" / "daemon" / "golden"
KINDS = {"status": "status", "list": "list", "connections": "list", "explain": "explain"}


def walk(schema, root, path=""):
    """Every member that a schema tells of: (path, its schema)."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    for name, member in schema.get("properties", {}).items():
        yield f"{path}.{name}", member
        yield from walk(member, root, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], root, f"{path}[]")
    for one in schema.get("oneOf", ()):
        yield from walk(one, root, path)


@test
def golden_answers_have_documented_members_of_the_documented_types():
    count = 0
    for path in sorted(GOLDEN.glob("*.json")):
        kind = KINDS.get(path.stem.split("-")[0])
        if kind:
            wrong = conform.problems(json.loads(path.read_text(encoding="utf-8")), conform.load(kind), partial=True)
            assert not wrong, f"{path.name}: {wrong}"
            count += 1
    assert count >= 10, count


@test
def golden_events_are_documented_and_all_that_is_documented_is_among_them():
    schema = conform.load("event")
    lines = [json.loads(line) for line in (GOLDEN / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        assert not (wrong := conform.problems(line, schema)), f"{line}: {wrong}"
        assert not line["current"] or line.get("from") is None, line
    kinds = {one["properties"]["event"]["enum"][0] for name, one in schema["$defs"].items() if name != "time"}
    assert {line["event"] for line in lines} == kinds, kinds ^ {line["event"] for line in lines}
    for change in ({"event": "rooter"}, {"to": "Master"}, {"more": 1}, {"sequence": "1"}, {"priority": None}):
        assert conform.problems({**next(line for line in lines if line["event"] == "router"), **change}, schema), change


@test
def what_is_read_by_itself_is_required():
    """A script may rely on every member; those that are there at times are few, and named here."""
    optional = {"list": {".connections", ".connectionsTruncated"},
                "status": {f".sources[].{name}" for name in
                           ("server", "class", "known", "savedSecondsAgo", "lease", "requests", "resources", "pools")},
                "explain": set(), "event": set()}
    for kind, wanted in optional.items():
        root = conform.load(kind)
        found = set()
        for path, member in [("", root), *walk(root, root)]:
            for schema, inside in ((member, path), (member.get("items", {}), path + "[]")):
                if "$ref" in schema:
                    schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
                found |= {f"{inside}.{name}" for name in schema.get("properties", {}).keys() - set(schema.get("required", ()))}
        assert found == wanted, (kind, found ^ wanted)


@test
def the_prose_tells_of_every_member():
    prose = (TOP / "docs" / "json.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]*)`", prose))))
    counters = conform.load("status")["$defs"]["counters"]["properties"].keys()
    for kind in ("status", "list", "explain", "event"):
        root = conform.load(kind)
        missing = {path for path, _ in walk(root, root) if path.rsplit(".", 1)[-1] not in words}
        missing = {path for path in missing if path.rsplit(".", 1)[-1] not in counters}
        assert not missing, (kind, sorted(missing))


def words_of(schema):
    """Names of members, and the values that some may have."""
    if isinstance(schema, list):
        return set().union(*map(words_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", ())) | {word for word in schema.get("enum", ()) if word}
    return own.union(*map(words_of, schema.values()))


@test
def what_the_daemon_puts_into_answers_is_in_the_schemas():
    """By the sources, at once; the lab looks at the answers themselves."""
    known = set().union(*(words_of(conform.load(kind)) for kind in ("status", "list", "explain")))
    known |= {"mh", "kubernetes", "leases"}  # a scheduler, a path, and a word of a sentence
    count = 0
    for path in sorted((TOP / "daemon").glob("*report*.c")):
        words = set(re.findall(r'"([a-z][a-zA-Z]+)"', path.read_text(encoding="utf-8")))
        assert words <= known, f"{path.name}: not in docs/schema: {sorted(words - known)}"
        count += len(words)
    assert count > 100, count


WRONG = [  # a change to an answer, and what is to be said of it
    (lambda answer: answer.update(pid="4242"), ".pid: '4242' is no integer"),
    (lambda answer: answer.pop("nft"), "the whole: no nft"),
    (lambda answer: answer.update(mood="good"), "the whole: mood is not documented"),
    (lambda answer: answer["routers"][0].update(state="Master"), ".routers[0].state: 'Master' is none of"),
    (lambda answer: answer["routers"][0].update(virtualRouterId=256), ".routers[0].virtualRouterId: 256 is more than 255"),
    (lambda answer: answer["routers"][0]["counters"]["drops"].update(ttl=-1), ".routers[0].counters.drops.ttl: -1 is less than 0"),
    (lambda answer: answer["routers"][0].update(active=[]), ".routers[0].active: [] is no object or null"),
    (lambda answer: answer["ipvs"].update(available=1), ".ipvs.available: 1 is no boolean"),
    (lambda answer: answer.update(uptimeSeconds=True), ".uptimeSeconds: True is no number"),
]


@test
def what_does_not_conform_is_found():
    text = (GOLDEN / "status-replicating.json").read_text(encoding="utf-8")
    schema = conform.load("status")
    before = set(conform.problems(json.loads(text), schema))
    for change, said in WRONG:
        answer = json.loads(text)
        change(answer)
        fresh = set(conform.problems(answer, schema)) - before
        assert len(fresh) == 1 and fresh.pop().startswith(said), (said, fresh)


@test
def an_unknown_word_in_a_schema_is_no_rule_that_is_passed_over():
    try:
        conform.problems({}, {"tpye": "object"})
    except AttributeError:
        return
    raise AssertionError("it was passed over")


if __name__ == "__main__":
    sys.exit(main())
