# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of CEL (Common Expression Language) that the definitions use: parsed, checked against a schema, costed, evaluated.

Source: cel-spec langdef.md; Kubernetes, "Validation rules" of CustomResourceDefinitions. Costs are estimated in the way of the
API server: loops cost their body times maxItems, texts a tenth of maxLength.
"""
import re

TOKEN = re.compile(r"\s*(?:(\d+)|('(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(\|\||&&|==|!=|<=|>=|[-+*/%!<>?:().,\[\]]))")
PRECEDENCE = [("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">", "in"), ("+", "-"), ("*", "/", "%")]
DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)")
UNITS = {"h": 3600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1000, "us": 1}


class CelError(Exception):
    pass


class Duration(int):
    """Microseconds."""


def parse(text):
    tokens, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise CelError(f"can't be read at {text[at:at + 20]!r}")
        tokens.append(found.group(found.lastindex) if found.lastindex != 1 else int(found.group(1)))
        at = found.end()
    parser = Parser(tokens)
    tree = parser.ternary()
    if parser.tokens:
        raise CelError(f"goes on with {parser.tokens[0]!r}")
    return tree


class Parser:
    def __init__(self, tokens):
        self.tokens = tokens

    def next(self, wanted=None):
        token = self.tokens.pop(0) if self.tokens else None
        if wanted is not None and token != wanted:
            raise CelError(f"{token!r} instead of {wanted!r}")
        return token

    def take(self, *wanted):
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted and isinstance(self.tokens[0], str) else None

    def ternary(self):
        tree = self.binary(0)
        if self.take("?"):
            yes = self.ternary()
            self.next(":")
            return ("?", tree, yes, self.ternary())
        return tree

    def binary(self, level):
        if level == len(PRECEDENCE):
            return self.unary()
        tree = self.binary(level + 1)
        while (op := self.take(*PRECEDENCE[level])):
            tree = (op, tree, self.binary(level + 1))
        return tree

    def unary(self):
        if self.take("!"):
            return ("!", self.unary())
        return self.member()

    def arguments(self, end):
        found = []
        while not self.take(end):
            if found:
                self.next(",")
            found.append(self.ternary())
        return found

    def member(self):
        tree = self.primary()
        while (token := self.take(".", "[")):
            if token == "[":
                tree = ("index", tree, self.ternary())
                self.next("]")
                continue
            name = self.next()
            if self.take("("):
                tree = ("method", name, tree, self.arguments(")"))
            else:
                tree = (".", tree, name)
        return tree

    def primary(self):
        token = self.next()
        if isinstance(token, int):
            return ("constant", token)
        if token == "(":
            tree = self.ternary()
            self.next(")")
            return tree
        if token == "[":
            return ("list", self.arguments("]"))
        if token is None or not re.match(r"[A-Za-z_']", token):
            raise CelError(f"{token!r} where a value is due")
        if token.startswith("'"):
            return ("constant", token[1:-1])
        if token in ("true", "false"):
            return ("constant", token == "true")
        if self.take("("):
            return ("call", token, self.arguments(")"))
        return ("name", token)


def typed(schema):
    return "type" in schema or schema.get("x-kubernetes-int-or-string")


def check(tree, names):
    """(schema of the value or None, cost); CelError if the API server would not compile it."""
    kind = tree[0]
    if kind == "constant":
        return None, 0
    if kind == "name":
        if tree[1] in ("int", "string"):
            return None, 1
        if tree[1] not in names:
            raise CelError(f"unknown name {tree[1]}")
        return names[tree[1]], 1
    if kind == ".":
        schema, cost = check(tree[1], names)
        below = (schema or {}).get("properties", {}).get(tree[2])
        if below is None or not typed(below):
            raise CelError(f"undefined field {tree[2]}")
        return below, cost + 1
    if kind == "list":
        return None, 10 + sum(check(part, names)[1] for part in tree[1])
    if kind == "call":
        if tree[1] == "has" and tree[2][0][0] != ".":
            raise CelError("has() needs a field")
        if tree[1] not in ("has", "type", "int", "duration", "size"):
            raise CelError(f"unknown function {tree[1]}")
        schema, cost = check(tree[2][0], names)
        return None, cost + 1 + (schema or {}).get("maxLength", 0) / 10
    if kind == "method":
        return check_method(tree, names)
    if kind == "index":
        schema, cost = check(tree[1], names)
        if (schema or {}).get("type") != "array" or tree[2][0] != "constant":
            raise CelError("[] of what is no list, or with what is no number")
        return schema["items"], cost + 1
    costs = [check(part, names)[1] for part in tree[1:]]
    texts = max(((check(part, names)[0] or {}).get("maxLength", 0) for part in tree[1:]), default=0)
    return None, sum(costs) + 1 + texts / 10


# What they give.
TEXT_METHODS = {"contains": lambda text: None, "startsWith": lambda text: None, "matches": lambda text: None, "replace": lambda text: text,
                "split": lambda text: {"type": "array", "items": text, "maxItems": text["maxLength"]}}


def check_method(tree, names):
    _, name, subject, arguments = tree
    schema, cost = check(subject, names)
    if name in ("all", "exists"):
        if (schema or {}).get("type") != "array" or not typed(schema["items"]):
            raise CelError(f"{name}() of what is no list of typed values")
        if "maxItems" not in schema:
            raise CelError("loop over a list without maxItems")
        _, body = check(arguments[1], {**names, arguments[0][1]: schema["items"]})
        return None, cost + schema["maxItems"] * (body + 3)
    if name in TEXT_METHODS:
        if (schema or {}).get("type") != "string" or "maxLength" not in schema:
            raise CelError(f"{name}() of what is no text with maxLength")
        factor = len(arguments[0][1]) / 4 if name == "matches" else 1
        return TEXT_METHODS[name](schema), cost + 1 + schema["maxLength"] / 10 * factor
    if name == "getMilliseconds" and subject[:2] == ("call", "duration"):
        return None, cost + 1
    raise CelError(f"unknown method {name}")


def duration(text):
    if not re.fullmatch(f"(?:{DURATION.pattern})+", text):
        raise CelError(f"{text!r} is no duration")
    return Duration(sum(round(float(count) * UNITS[unit]) for count, unit in DURATION.findall(text)))


def number(value):
    try:
        return int(value)
    except ValueError as error:
        raise CelError(str(error)) from None


def boolean(value):
    if not isinstance(value, bool):
        raise CelError(f"{value!r} is no bool")
    return value


def logical(tree, names, decisive):
    """An error on one side doesn't matter when the other side decides."""
    try:
        if boolean(evaluate(tree[1], names)) == decisive:
            return decisive
    except CelError:
        if boolean(evaluate(tree[2], names)) == decisive:
            return decisive
        raise
    return boolean(evaluate(tree[2], names))


OPERATORS = {
    "==": lambda a, b: a == b and isinstance(a, bool) == isinstance(b, bool), "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b, "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "%": lambda a, b: a % b, "/": lambda a, b: a // b,
}


def evaluate(tree, names):
    kind = tree[0]
    if kind == "constant":
        return tree[1]
    if kind == "name":
        return {"int": int, "string": str}.get(tree[1]) or names[tree[1]]
    if kind == ".":
        value = evaluate(tree[1], names)
        if tree[2] not in value:
            raise CelError(f"no such key: {tree[2]}")
        return value[tree[2]]
    if kind == "list":
        return [evaluate(part, names) for part in tree[1]]
    if kind in ("||", "&&"):
        return logical(tree, names, kind == "||")
    if kind == "!":
        return not boolean(evaluate(tree[1], names))
    if kind == "?":
        return evaluate(tree[2] if boolean(evaluate(tree[1], names)) else tree[3], names)
    if kind == "call":
        if tree[1] == "has":
            return tree[2][0][2] in evaluate(tree[2][0][1], names)
        return {"type": type, "int": number, "duration": duration, "size": len}[tree[1]](evaluate(tree[2][0], names))
    if kind == "method":
        return call_method(tree, names)
    if kind == "index":
        value, at = evaluate(tree[1], names), evaluate(tree[2], names)
        if at >= len(value):
            raise CelError(f"index out of bounds: {at}")
        return value[at]
    return OPERATORS[kind](evaluate(tree[1], names), evaluate(tree[2], names))


def call_text_method(name, text, arguments):
    if name == "matches":
        return re.search(arguments[0].replace("$", r"\Z"), text) is not None
    return {"contains": text.__contains__, "startsWith": text.startswith, "replace": text.replace, "split": text.split}[name](*arguments)


def call_method(tree, names):
    _, name, subject, arguments = tree
    value = evaluate(subject, names)
    if name == "getMilliseconds":
        return value // 1000
    if name in TEXT_METHODS:
        return call_text_method(name, value, [evaluate(argument, names) for argument in arguments])
    each = [boolean(evaluate(arguments[1], {**names, arguments[0][1]: item})) for item in value]
    return all(each) if name == "all" else any(each)
