# SPDX-License-Identifier: GPL-2.0-or-later
"""Renders a Helm chart, as far as ours goes: what is not known here (a function, an action, a value that is not there) is an error.

The language is that of Go's text/template; functions are those of Sprig and Helm.
"""
import copy
import json
import re

import yaml

ACTION = re.compile(r"\{\{(-?)\s*(/\*.*?\*/|.*?)\s*(-?)\}\}", re.DOTALL)
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?\d+|\(|\)|\||\$|\.[\w.]*|\w+)')


class Wrong(Exception):
    pass


class Reader(yaml.SafeLoader):
    """Reads as Kubernetes does: 1e3 is a number there, with or without a dot."""


class Writer(yaml.SafeDumper):
    """Quotes what would be read otherwise."""


for kind in (Reader, Writer):
    kind.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"), list("-+.0123456789"))


class Map(dict):
    """Values, and the names that a null took away: those are nothing, others that are not there are a mistake."""

    gone = frozenset()


def pieces(text):
    """Texts and actions in turn, with what dashes take away taken away."""
    end, trim = 0, False
    for found in ACTION.finditer(text):
        plain = text[end:found.start()]
        plain = plain.lstrip() if trim else plain
        yield "text", plain.rstrip() if found[1] else plain
        if not found[2].startswith("/*"):
            yield "action", found[2]
        end, trim = found.end(), bool(found[3])
    rest = text[end:]
    if "{{" in rest:
        raise Wrong("an action has no end")
    yield "text", rest.lstrip() if trim else rest


def parse(source, until=()):
    """A list of nodes, up to one of `until`, which is given as well."""
    nodes = []
    for kind, text in source:
        if kind == "text":
            nodes.append(("text", text))
            continue
        word, _, rest = text.partition(" ")
        if word in until:
            return nodes, word
        if word in ("if", "with", "range", "define"):
            body, ended = parse(source, ("end",) if word == "define" else ("else", "end"))
            other = parse(source, ("end",))[0] if ended == "else" else []
            nodes.append((word, rest, body, other))
        elif word in ("else", "end", "block", "template", "break", "continue"):
            raise Wrong(f"'{word}' is out of place, or not known here")
        else:
            nodes.append(("value", text))
    if until:
        raise Wrong(f"one of {until} is missing")
    return nodes, None


def shown(value):
    if value is None or isinstance(value, (dict, list)):
        raise Wrong(f"{value!r} can't be written")
    if isinstance(value, float):
        # As Go does: a value of a file is a float64, and 1000000 of it becomes 1e+06.
        if not value.is_integer() or abs(value) >= 1000000:
            raise Wrong(f"{value!r} would be written with an exponent or a fraction")
        value = int(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def as_text(value):
    if not isinstance(value, str):
        raise Wrong(f"{value!r} is no text")
    return value


def indented(count, text):
    return "\n" + "\n".join(" " * count + line if line else line for line in as_text(text).split("\n"))


def formatted(form, *values):
    if len(re.findall(r"%[sd]", form)) != len(values) or re.search(r"%[^sd]", form):
        raise Wrong(f"printf {form!r} of {len(values)} values")
    for verb, value in zip(re.findall(r"%([sd])", form), values):
        if isinstance(value, bool) or not isinstance(value, str if verb == "s" else int):
            raise Wrong(f"printf %{verb} of {value!r}")
    return form % values


def whole(value):
    """As toYaml writes it: without an exponent, whatever the size."""
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


FUNCTIONS = {
    "contains": lambda part, text: as_text(part) in as_text(text),
    "default": lambda other, value: value or other,
    "int": int,
    "join": lambda between, entries: between.join(as_text(entry) for entry in entries),
    "nindent": indented,
    "not": lambda value: not value,
    "printf": formatted,
    "quote": lambda value: json.dumps(shown(value), ensure_ascii=False),
    "toYaml": lambda value: yaml.dump(whole(value), Dumper=Writer, default_flow_style=False).removesuffix("\n...\n").strip(),
}


class Chart:
    """The chart in a folder, with values in place of the defaults; 'changed' is merged into them as Helm does."""

    def __init__(self, folder, changed=(), name="lintel", namespace="lintel"):
        values = yaml.safe_load((folder / "values.yaml").read_text(encoding="utf-8"))
        chart = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
        self.root = {"Values": merged(from_file(values), from_file(dict(changed))),
                     "Release": {"Name": name, "Namespace": namespace, "Service": "Helm"},
                     "Chart": {"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]}}
        self.named, self.files = {}, {}
        for path in sorted((folder / "templates").iterdir()):
            nodes, _ = parse(iter(list(pieces(path.read_text(encoding="utf-8")))))
            for node in [node for node in nodes if node[0] == "define"]:
                self.named[json.loads(node[1])] = node[2]
            if not path.name.startswith("_"):
                self.files[path.name] = nodes

    def render(self, file):
        return self.write(self.files[file], self.root)

    def documents(self):
        return [document for file in self.files if file.endswith(".yaml")
                for document in yaml.load_all(self.render(file), Reader) if document]

    def write(self, nodes, dot):
        out = []
        for kind, text, *bodies in nodes:
            if kind == "text":
                out.append(text)
            elif kind == "value":
                out.append(shown(self.evaluate(text, dot)))
            elif kind == "range":
                entries = self.evaluate(text, dot) or []
                out += [self.write(bodies[0], entry) for entry in entries] or [self.write(bodies[1], dot)]
            elif kind in ("if", "with"):
                value = self.evaluate(text, dot)
                out.append(self.write(bodies[0], value if kind == "with" else dot) if value else self.write(bodies[1], dot))
        return "".join(out)

    def evaluate(self, text, dot):
        tokens = TOKEN.findall(text)
        if "".join(tokens) != re.sub(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', "", text):
            raise Wrong(f"not understood: {text!r}")
        value = self.pipeline(tokens, dot)
        if tokens:
            raise Wrong(f"{tokens[0]!r} is too much: {text!r}")
        return value

    def pipeline(self, tokens, dot):
        value = self.command(tokens, dot, [])
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            value = self.command(tokens, dot, [value])
        return value

    def command(self, tokens, dot, last):
        operands, called = [], tokens[0] if tokens and re.fullmatch(r"[A-Za-z]\w*", tokens[0]) else None
        if called:
            tokens.pop(0)
        while tokens and tokens[0] not in (")", "|"):
            operands.append(self.operand(tokens, dot))
        operands += last
        if called == "include":
            name, context = operands
            return self.write(self.named[name], context)
        if called:
            if called not in FUNCTIONS:
                raise Wrong(f"the function {called} is not known here")
            return FUNCTIONS[called](*operands)
        if len(operands) != 1:
            raise Wrong(f"{operands!r} is no call")
        return operands[0]

    def operand(self, tokens, dot):
        token = tokens.pop(0)
        if token == "(":
            value = self.pipeline(tokens, dot)
            if not tokens or tokens.pop(0) != ")":
                raise Wrong("a parenthesis has no end")
            return value
        if token[0] == '"':
            return json.loads(token)
        if token == "$":
            dot, token = self.root, tokens.pop(0) if tokens and tokens[0].startswith(".") else "."
        if token[0] == ".":
            for name in token.strip(".").split(".") if token != "." else ():
                if not isinstance(dot, dict) or name not in dot and name not in getattr(dot, "gone", ()):
                    raise Wrong(f"there is no {token}")
                dot = dot.get(name)
            return dot
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        raise Wrong(f"{token!r} is no operand")


def merged(values, changed):
    """Maps are merged, a null takes away, all else is replaced. What may stand there is the schema's to say."""
    result = Map(values)
    for key, value in changed.items():
        if value is None:
            result.pop(key, None)
            result.gone |= {key}
        else:
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return result


def from_file(value):
    """Numbers of files of values are float64, as from JSON."""
    if isinstance(value, dict):
        return Map((name, from_file(each)) for name, each in value.items())
    if isinstance(value, list):
        return [from_file(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
