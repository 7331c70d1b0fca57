#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""metrics.py SAMPLE FOLDER CONFIG SOURCES: /metrics as promtool and a real Prometheus see it, as the format wants it beyond
what promtool looks at, and as docs/metrics.md and manifests/monitoring tell of it. Speaks TAP.

LINTEL_GOLDEN_WRITE=1 writes the table of docs/metrics.md anew; read the difference before committing it.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import lint
import served

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tap import Skip, main, test  # noqa: E402

SAMPLE, FOLDER, CONFIG, SOURCES = sys.argv[1:]
SOURCES = pathlib.Path(SOURCES)
TEXT = subprocess.run([SAMPLE, "metrics", FOLDER, CONFIG], capture_output=True, text=True, check=True).stdout
NEEDS = "promtool and prometheus are in Debian's package prometheus (packaging/packages-page.txt)"


def program(name):
    found = shutil.which(name)
    if not found:
        raise Skip(f"{name} not found: {NEEDS}")
    return found


def promtool(*arguments, **more):
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"promtool {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@test
def the_text_is_what_the_format_wants():
    assert not lint.problems(TEXT), "\n".join(lint.problems(TEXT))


@test
def the_lint_goes_red():
    for wrong, said in lint.RED:
        assert any(said in problem for problem in lint.problems(wrong)), f"{wrong!r}: nobody said {said!r}"


@test
def promtool_has_nothing_to_say_of_the_metrics():
    said = promtool("check", "metrics", input=TEXT)
    assert not said.strip(), said


@test
def a_real_prometheus_scrapes_every_metric():
    binary = program("prometheus")
    with served.sample(SAMPLE, FOLDER, CONFIG) as site, tempfile.TemporaryDirectory() as folder:
        with urllib.request.urlopen(f"{site}/metrics", timeout=10) as answer:
            wanted = sample_names(answer.read().decode())
        config = pathlib.Path(folder, "prometheus.yml")
        config.write_text("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: lintel\n  static_configs:\n"
                          f"  - targets: ['{site.removeprefix('http://')}']\n", encoding="utf-8")
        port = served.free_port()
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
            process = subprocess.Popen([binary, f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                                        f"--web.listen-address=127.0.0.1:{port}"], stderr=log, stdout=log)
        try:
            found = scraped_names(f"http://127.0.0.1:{port}", folder)
        finally:
            process.terminate()
            process.wait()
    lacking = wanted - found
    assert not lacking, f"not scraped: {sorted(lacking)}"


def sample_names(text):
    return {re.match(r"[\w:]+", line)[0] for line in text.splitlines() if line and not line.startswith("#")}


def ask(site, path):
    with urllib.request.urlopen(f"{site}{path}", timeout=5) as answer:
        return json.load(answer)["data"]


def scraped_names(site, folder):
    last = "it did not come up"
    for _ in range(120):
        time.sleep(0.5)
        try:
            targets = ask(site, "/api/v1/targets")["activeTargets"]
        except OSError as error:
            last = str(error)
            continue
        if targets and targets[0]["health"] != "unknown":
            assert targets[0]["health"] == "up", targets[0]["lastError"]
            return set(ask(site, "/api/v1/label/__name__/values"))
    raise AssertionError(f"no scrape in a minute: {last}\n{pathlib.Path(folder, 'log').read_text(encoding='utf-8')[-2000:]}")


# --- documents ---

def families():
    """name -> (type, help, label names)"""
    found = {}
    for line in TEXT.splitlines():
        if line.startswith("# HELP "):
            name, text = line[7:].split(" ", 1)
            found[name] = ["", text, set()]
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ", 1)
            found[name][0] = kind
        else:
            sample = re.match(r"([\w:]+)", line)[1]
            name = sample if sample in found else re.sub(r"_(bucket|sum|count)$", "", sample)
            found[name][2] |= set(re.findall(r'[{,](\w+)="', line)) - {"le"}
    return found


def table():
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for name, (kind, text, labels) in sorted(families().items()):
        lines.append(f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in sorted(labels))} | {text} |")
    return "\n".join(lines) + "\n"


@test
def the_documentation_lists_every_metric_there_is():
    path = SOURCES / "docs" / "metrics.md"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split("<!-- table -->\n")
    _, after = rest.split("<!-- end -->\n")
    wanted = f"{before}<!-- table -->\n{table()}<!-- end -->\n{after}"
    if os.environ.get("LINTEL_GOLDEN_WRITE"):
        path.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        had, has = set(text.splitlines()), set(wanted.splitlines())
        raise AssertionError("docs/metrics.md is not what /metrics says (LINTEL_GOLDEN_WRITE=1 writes it anew):\n"
                             + "\n".join([f"- {line}" for line in sorted(had - has)] + [f"+ {line}" for line in sorted(has - had)]))


# --- what watches ---

MONITORING = SOURCES / "manifests" / "monitoring"


@test
def the_alert_rules_are_rules():
    promtool("check", "rules", MONITORING / "lintel.rules.yaml")


@test
def each_alert_fires_when_it_should_and_not_else():
    promtool("test", "rules", pathlib.Path(FOLDER, "rules.test.yaml"))
    tested = set(re.findall(r"alertname: (\w+)", pathlib.Path(FOLDER, "rules.test.yaml").read_text(encoding="utf-8")))
    assert tested == alerts(), f"alerts without a test, or tests without an alert: {sorted(tested ^ alerts())}"


def alerts():
    return set(re.findall(r"alert: (\w+)", (MONITORING / "lintel.rules.yaml").read_text(encoding="utf-8")))


def unknown_names(text):
    known = sample_names(TEXT) | set(families())
    return sorted(set(re.findall(r"\blintel_\w+", text)) - known)


@test
def rules_and_dashboard_ask_only_for_metrics_and_labels_that_exist(directory):
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    queries += [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    assert len(queries) > 15, "a dashboard of nothing"
    rules = (MONITORING / "lintel.rules.yaml").read_text(encoding="utf-8")
    for query in [*queries, rules]:
        assert not unknown_names(query), f"{unknown_names(query)} in {query}"
    labels = set().union(*(row[2] for row in families().values())) | {"instance", "job", "le"}
    for query in queries:
        used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query))
        for group in re.findall(r"\b(?:by|on|ignoring|group_left)\s*\(([^)]*)\)", query):
            used |= {label.strip() for label in group.split(",") if label.strip()}
        assert used <= labels, f"labels {sorted(used - labels)} in {query}"
    promtool("check", "rules", dashboard_as_rules(queries, directory / "rules.yaml"))


def dashboard_as_rules(queries, path):
    """promtool looks at expressions in rules: so the dashboard's become some, with Grafana's variables filled in."""
    rules = [{"record": f"q:{i}".replace("-", "_"), "expr": re.sub(r"\$\w+", ".*", query.replace("$__rate_interval", "5m"))}
             for i, query in enumerate(queries) if not query.startswith("label_values(")]
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    return path


@test
def the_dashboard_is_laid_out_without_overlap():
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    taken, ids = {}, set()
    for panel in dashboard["panels"]:
        assert panel["id"] not in ids, f"two panels {panel['id']}"
        ids.add(panel["id"])
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken.get((x, y))}"
                taken[x, y] = panel["title"]


if __name__ == "__main__":
    sys.exit(main())
