# SPDX-License-Identifier: GPL-2.0-or-later
"""What Prometheus' text format 0.0.4 wants and promtool does not look at: families in one piece, no series twice, histograms
that are whole, no timestamps, and label sets that don't change within a name."""
import re

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"')
PART = re.compile(r"_(bucket|sum|count)$")


def problems(text):
    wrong, types, helps, series, shapes, histograms = [], {}, set(), set(), {}, {}
    current, closed = None, set()
    if not text.endswith("\n") or "\r" in text:
        wrong.append("the last line does not end, or with CR")
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ")):
            name, rest = line[7:].split(" ", 1)
            if name != current:
                if name in closed or name in types:
                    wrong.append(f"{name} comes in two pieces")
                closed.add(current)
                current = name
            if line.startswith("# TYPE "):
                if name in types:
                    wrong.append(f"{name} has two types")
                types[name] = rest
            else:
                helps.add(name)
            continue
        match = SAMPLE.match(line)
        if not match:
            wrong.append(f"not a sample, or with a timestamp: {line}")
            continue
        name, labels, value = match[1], dict(LABEL.findall(match[2] or "")), match[3]
        family = name if name in types else PART.sub("", name)
        if family != current:
            wrong.append(f"{name} stands outside its family")
        if family not in helps:
            wrong.append(f"{family} has no help")
        key = (name, tuple(sorted(labels.items())))
        if key in series:
            wrong.append(f"twice: {line}")
        series.add(key)
        if shapes.setdefault(name, set(labels)) != set(labels):
            wrong.append(f"{name} has other labels here: {line}")
        if not re.fullmatch(r"[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN", value):
            wrong.append(f"no number: {line}")
        elif types.get(family) == "counter" and float(value) < 0:
            wrong.append(f"a counter below 0: {line}")
        if types.get(family) == "histogram":
            bound = labels.pop("le", None)
            one = histograms.setdefault((family, tuple(sorted(labels.items()))), {"buckets": []})
            if name.endswith("_bucket"):
                one["buckets"].append((float(bound or "nan"), float(value)))
            else:
                one[PART.search(name)[1]] = float(value)
    for (family, labels), one in histograms.items():
        bounds, counts = [b for b, _ in one["buckets"]], [c for _, c in one["buckets"]]
        if not bounds or bounds[-1] != float("inf") or bounds != sorted(set(bounds)):
            wrong.append(f"{family}{labels}: buckets {bounds}")
        elif counts != sorted(counts) or counts[-1] != one.get("count") or "sum" not in one:
            wrong.append(f"{family}{labels}: counts {counts}, {one}")
    return wrong


HEAD = "# HELP a_total x\n# TYPE a_total counter\n"
HISTOGRAM = "# HELP h x\n# TYPE h histogram\n"
RED = [
    (HEAD + "a_total 1\n# HELP b x\n# TYPE b gauge\nb 1\na_total{x=\"1\"} 2\n", "outside its family"),
    (HEAD + "a_total 1\n# HELP b x\n# TYPE b gauge\nb 1\n" + HEAD + "a_total 2\n", "two pieces"),
    (HEAD + "a_total 1\na_total 1\n", "twice"),
    (HEAD + "a_total 1 1700000000\n", "timestamp"),
    (HEAD + "a_total{x=\"1\"} 1\na_total{y=\"1\"} 1\n", "other labels"),
    (HEAD + "a_total -1\n", "below 0"),
    (HEAD + "a_total one\n", "no number"),
    (HEAD + "a_total{x=\"\"\"} 1\n", "not a sample"),
    ("# TYPE a_total counter\na_total 1\n", "no help"),
    (HISTOGRAM + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", "buckets"),
    (HISTOGRAM + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n", "counts"),
    (HISTOGRAM + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 1\n", "counts"),
    (HEAD + "a_total 1", "does not end"),
]
