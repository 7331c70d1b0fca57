#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""documents.py LINTEL: what README.md, CONTRIBUTING.md and docs/ tell people to write and to type, tried with the real program; no daemon,
no privilege. Speaks TAP.

Of every block of commands: what is a command line of lintel is parsed by it, and run where nothing listens; all else has a line in ELSEWHERE
that says where it is run, or why it is not. The tutorial is done whole in the lab (scenario documents). The languages of blocks: blocks.py.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import blocks  # noqa: E402  pylint: disable=wrong-import-position
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tap import main, test  # noqa: E402  pylint: disable=wrong-import-position

TOP = pathlib.Path(__file__).resolve().parents[2]
LINTEL = str(pathlib.Path(sys.argv[1]).resolve())
FILES = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").glob("*.md"))]
BUILT = "the tree under test is built, installed and tested by just these"
PACKAGED = "tests/packaging/all builds package, binary and image; a service of the host is not for a test (lab scenario service has its own systemd)"
ELSEWHERE = {
    r"make|make (demo|test|test-quick|format|bench)|\.ci/run|make && sudo make install|make install": BUILT,
    r"sudo packaging/install-packages packaging/packages-[a-z]+\.txt": BUILT,
    r"make (static|deb|image)|sudo systemd-(sysusers|tmpfiles --create)|sudo systemctl [a-z-]+( lintel)?": PACKAGED,
    r"(docker|skopeo) .*": "needs docker, or a registry; tests/packaging/all looks into the image itself",
    r"kubectl (get|describe) .*": "reads what tests/k8s and the lab scenario kubernetes look at through the API",
    r"kubectl create secret generic lintel-peer-key .*": "needs a cluster; that the file is taken up when it comes: lab scenario replication_state",
    r"curl .*": "the virtual address of a cluster that is not there",
    r"sudo mkdir -p /etc/lintel": "done in the lab scenario documents, where /etc is its own",
    r"kill -TERM \$\(pidof lintel\)": "done in the lab scenario documents, and with --on-exit keep in scenario service",
    r"\(umask 077; echo .*|openssl rand -base64 32|install -m 600 /dev/stdin /etc/lintel/peer\.key":
        "makes a key of random bytes; keys are read by unit tests, and by the lab's from files of their own",
    r"sudo ipvsadm -Sn": "needs privilege and entries; its output is read by tests/import",
}
used = set()


def run(*words, **more):
    return subprocess.run([LINTEL, *words], capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
                               **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}, **more)


def all_blocks(*languages):
    found = [block for path in FILES for block in blocks.blocks(path) if block.language in languages]
    assert found, languages
    return found


def command_lines():
    """Every single command of every block: (place, [words])."""
    for block in all_blocks("sh", "console"):
        if block.file == "tutorial.md" and "elsewhere" not in block.words:
            continue  # done in the lab
        if block.file == "notifying.md" and "script" in block.words:
            continue  # tests/news/delivery.py
        for line, _ in block.commands():
            for part in re.split(r"\s(?:\|\||&&|\|)\s", line) if "lintel" in line and not line.startswith("kill") else [line]:
                yield block.place, re.sub(r"\s*>\s*\S+$", "", part).strip()


@test
def blocks_are_of_a_known_language():
    unknown = [f"{block.place}: {block.language}" for path in FILES for block in blocks.blocks(path) if block.language not in blocks.LANGUAGES]
    assert not unknown, unknown


@test
def transcripts_are_marked_as_such():
    """What has a prompt is a console: otherwise nobody would look at its commands."""
    hidden = [block.place for block in all_blocks("", "text", "sh") if re.search(r"^\$ ", block.text, re.MULTILINE)]
    assert not hidden, hidden


def with_part(text, number):
    """A part of an object is one of the quick start's: its virtual router (0) or virtual server (1) with it."""
    documents = next(block.text for block in blocks.blocks(TOP / "README.md") if block.language == "yaml").split("---\n")
    for key in re.findall(r"^  (\w+):", text, re.MULTILINE):
        documents[number] = re.sub(rf"^  {key}:.*\n(?:   .*\n|  - .*\n)*", "", documents[number], flags=re.MULTILINE)
    documents[number] += text.removeprefix("spec:\n")
    return documents


def check(documents):
    """What lintel check says against them, "" for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "all.yaml").write_text("---\n".join(documents), encoding="utf-8")
        result = run("check", "all.yaml", cwd=folder)
    return result.stdout + result.stderr if result.returncode else ""


@test
def configuration_in_documents_has_nothing_wrong():
    count = 0
    for path in FILES:
        texts = [block.text for block in blocks.blocks(path) if block.language == "yaml"]
        documents = [text for block in texts for text in re.split(r"^---\n", block, flags=re.MULTILINE)
                     if text.startswith("apiVersion: lintel.io/")]
        parts = [text for text in texts if text.startswith("spec:\n")]
        said = check(documents) if documents else ""
        assert not said, f"{path.name}: {said}"
        for part in parts:
            said = [check(with_part(part, number)) for number in (0, 1)]
            assert not all(said), f"{path.name}: {part}: {said}"
        count += bool(documents) + len(parts)
    assert count >= 4, count


@test
def json_in_documents_can_be_read():
    texts = [(block.place, block.text) for path in FILES for block in blocks.blocks(path) if block.language == "json"]
    prose = (TOP / "docs" / "json.md").read_text(encoding="utf-8")
    texts += [("json.md", text) for text in re.findall(r'`(\{"[^`\n]*\})`', prose) if "..." not in text]
    for place, text in texts:
        try:
            json.loads(text)
        except ValueError as problem:
            raise AssertionError(f"{place}: {problem}") from problem
    assert len(texts) > 3, len(texts)


@test
def command_lines_of_lintel_are_understood():
    """Parsed with --help behind, which ends an otherwise right one; and all but run done, where no daemon is and no file."""
    count = 0
    for place, line in command_lines():
        words = shlex.split(line.removeprefix("sudo "))
        if words[0] != "lintel":
            continue
        result = run(*words[1:], "--help")
        assert result.returncode == 0, f"{place}: {line}: {result.stderr}"
        if words[1] != "run":
            has_socket = "--socket" in result.stdout
            with tempfile.TemporaryDirectory() as folder:
                result = run(*words[1:], *(["--socket", "/nonexistent"] if has_socket else []), cwd=folder)
            assert result.returncode in (0, 1), f"{place}: {line}: {result.returncode} {result.stderr}"
        count += 1
    assert count > 15, count


@test
def every_other_command_is_run_elsewhere_or_said_why_not():
    unknown = []
    for place, line in command_lines():
        if line.removeprefix("sudo ").startswith("lintel"):
            continue
        rules = [rule for rule in ELSEWHERE if re.fullmatch(rule, line)]
        used.update(rules)
        if not rules:
            unknown.append(f"{place}: {line}")
    assert not unknown, "add a test, or a line to ELSEWHERE: " + "; ".join(unknown)


@test
def nothing_is_excused_that_is_not_there():
    assert set(ELSEWHERE) == used, set(ELSEWHERE) - used


@test
def every_document_is_in_the_index():
    index = (TOP / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in (TOP / "docs").glob("*.md") if f"(docs/{path.name})" not in index]
    assert not missing, missing


if __name__ == "__main__":
    sys.exit(main())
