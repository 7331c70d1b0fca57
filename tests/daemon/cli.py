#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cli.py LINTEL: the real program's command line, as a person or a script meets it. No daemon, no privilege. Speaks TAP.

LINTEL_GOLDEN_WRITE=1 writes golden/help.txt anew; read the difference before committing it.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "tests"))
from tap import Skip, main, test  # noqa: E402

LINTEL = str(pathlib.Path(sys.argv[1]).resolve())
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
               **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}


def lintel(*arguments, **more):
    return subprocess.run([LINTEL, *arguments], capture_output=True, text=True, check=False, timeout=60,
                          **{"env": ENVIRONMENT, "cwd": HERE / "config", **more})


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


def commands():
    lines = lintel("--help").stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    return [line.split()[0] for line in lines if re.match(r"  \w", line)]


def helps():
    pages = [lintel("--help")] + [lintel(command, "--help") for command in commands()]
    for page in pages:
        equal((page.returncode, page.stderr), (0, ""))
    return "\n".join(page.stdout for page in pages)


@test
def help_reads_as_the_golden_text():
    golden = HERE / "golden" / "help.txt"
    if os.environ.get("LINTEL_GOLDEN_WRITE"):
        golden.write_text(helps(), encoding="utf-8")
    equal(helps(), golden.read_text(encoding="utf-8"))


@test
def help_with_a_command_is_that_of_the_command():
    for command in commands():
        equal(lintel("help", command).stdout, lintel(command, "--help").stdout)
    equal((lintel("help").stdout, lintel("help").returncode), (lintel("--help").stdout, 0))
    result = lintel("help", "stauts")
    equal((result.returncode, result.stdout, result.stderr), (2, "", "lintel: unknown command 'stauts'; did you mean 'status'?\nSee 'lintel --help'.\n"))


@test
def help_fits_in_80_columns():
    for line in helps().splitlines():
        assert len(line) <= 80 and line == line.rstrip(), line


@test
def help_follows_the_width_of_the_terminal():
    narrow = lintel("run", "--help", env={**ENVIRONMENT, "COLUMNS": "60"}).stdout
    assert max(map(len, narrow.splitlines())) <= 60, narrow
    assert narrow != lintel("run", "--help").stdout


@test
def the_program_alone_shows_its_usage_and_fails():
    result = lintel()
    equal((result.returncode, result.stdout), (2, ""))
    assert result.stderr.startswith("Usage: lintel COMMAND"), result.stderr


WRONG = {
    ("stauts",): "lintel: unknown command 'stauts'; did you mean 'status'?\nSee 'lintel --help'.\n",
    ("--hlep",): "lintel: unknown option '--hlep'\nSee 'lintel --help'.\n",
    ("list", "--rates"): "lintel list: unknown option '--rates'; did you mean '--rate'?\nSee 'lintel list --help'.\n",
    ("list", "--rate", "--stats"):
        "lintel list: --stats, --rate and --connections exclude each other\nSee 'lintel list --help'.\n",
    ("list", "-o", "yaml"):
        "lintel list: option '--output': FORMAT: 'yaml' is none of text, json\nSee 'lintel list --help'.\n",
    ("status", "now"): "lintel status: 'now' is one too many: status takes no operands\nSee 'lintel status --help'.\n",
    ("check",): "lintel check: PATH... is missing\nSee 'lintel check --help'.\n",
    ("explain", "10.77.0.100"): "lintel explain: '10.77.0.100' is no address with a port: 10.77.0.100:80, "
                                "[2001:db8::1]:53/udp\nSee 'lintel explain --help'.\n",
    ("explain", "10.77.0.100:80/icmp"):
        "lintel explain: '10.77.0.100:80/icmp': the protocol is one of tcp, udp, sctp\nSee 'lintel explain --help'.\n",
    ("drain", "web1"): "lintel drain: 'web1' is no real server: 10.78.0.21:8080, [2001:db8::21]:8080, or an address alone "
                       "for all its ports\nSee 'lintel drain --help'.\n",
    ("import", "keepalived"): "lintel import: keepalived|ipvsadm FILE is missing\nSee 'lintel import --help'.\n",
    ("import", "haproxy", "x"):
        "lintel import: 'haproxy' is no format; allowed: keepalived, ipvsadm\nSee 'lintel import --help'.\n",
    ("import", "ipvsadm", "x", "--vrid", "256"):
        "lintel import: option '--vrid': '256' is no VRID; allowed: 1 to 255\nSee 'lintel import --help'.\n",
    ("run", "--resync", "5ms"):
        "lintel run: option '--resync': '5ms' is no duration of 1s to 1h\nSee 'lintel run --help'.\n",
    ("run", "--node", ""): "lintel run: option '--node': the name is empty\nSee 'lintel run --help'.\n",
    ("run", "--kubernetes", "--class", "Example.com/lb"):
        "lintel run: option '--class': 'Example.com/lb' is no class: NAME or DOMAIN/NAME, such as lintel.io/lintel\nSee 'lintel run --help'.\n",
    ("run", "--class", "example.com/lb"):
        "lintel run: option '--class' says nothing without '--kubernetes'\nSee 'lintel run --help'.\n",
    ("run", "--listen", "localhost"):
        "lintel run: option '--listen': 'localhost' is neither ADDR:PORT nor off\nSee 'lintel run --help'.\n",
}


@test
def wrong_usage_exits_with_2_and_says_what_was_meant():
    for arguments, error in WRONG.items():
        result = lintel(*arguments)
        equal((result.returncode, result.stdout, result.stderr), (2, "", error))


@test
def check_is_content_with_a_good_file():
    result = lintel("check", "good.yaml")
    equal((result.returncode, result.stdout, result.stderr), (0, "2 objects in 1 file: no problem\n", ""))


@test
def check_shows_every_error_with_file_and_line_and_fails():
    result = lintel("check", "bad.yaml")
    equal(result.returncode, 1)
    lines = result.stdout.splitlines()
    equal(lines[-1], "6 errors")
    equal([re.match(r"bad\.yaml:(\d+): (\w+ [\w/]+): ([\w.\[\]]+): ", line).groups() for line in lines[:-1]], [
        ("5", "VirtualRouter front", "spec.virtualRouterId"),
        ("5", "VirtualRouter front", "spec.interface"),
        ("6", "VirtualRouter front", "spec.interfaec"),
        ("7", "VirtualRouter front", "spec.addresses[0]"),
        ("13", "VirtualServer default/web", "spec.virtualRouter"),
        ("16", "VirtualServer default/web", "spec.ports[0].scheduler"),
    ])
    assert lines[2].endswith("unknown field 'interfaec'; did you mean 'interface'?"), lines[2]


@test
def check_shows_a_warning_and_does_not_fail():
    result = lintel("check", "warning.yaml")
    equal(result.returncode, 0)
    first, last = result.stdout.splitlines()
    assert first.startswith("warning.yaml:14: VirtualServer default/web: spec.addresses[0]: warning: 192.0.2.1 "), first
    equal(last, "2 objects in 1 file: 1 warning")


@test
def check_looks_at_all_files_together():
    result = lintel("check", "good.yaml", "warning.yaml")
    equal(result.returncode, 1)
    assert "VirtualRouter front: metadata.name: the name is taken by good.yaml:1" in result.stdout, result.stdout


@test
def check_reads_directories():
    with tempfile.TemporaryDirectory() as folder:
        documents = (HERE / "config" / "good.yaml").read_text(encoding="utf-8").split("---\n")
        pathlib.Path(folder, "a.yaml").write_text(documents[0], encoding="utf-8")
        pathlib.Path(folder, "b.yml").write_text(documents[1], encoding="utf-8")
        pathlib.Path(folder, "notes.txt").write_text("no configuration", encoding="utf-8")
        result = lintel("check", folder)
    equal((result.returncode, result.stdout), (0, "2 objects in 2 files: no problem\n"))


@test
def check_says_that_a_file_is_missing():
    result = lintel("check", "missing.yaml")
    equal((result.returncode, result.stdout),
          (1, "missing.yaml: can't be read: No such file or directory\n1 error\n"))


@test
def without_a_daemon_commands_fail_with_one_clear_line():
    for arguments in (("status",), ("list",), ("explain", "10.77.0.100:80"), ("drain", "10.78.0.21"),
                      ("undrain", "[2001:db8::21]:80"), ("failover", "front")):
        result = lintel(*arguments, "--socket", "/nonexistent/lintel.sock")
        equal((result.returncode, result.stdout, result.stderr),
              (1, "", f"lintel {arguments[0]}: no daemon answers on /nonexistent/lintel.sock: is lintel running?\n"))


class FakeDaemon:
    """Answers one request on a socket of its own with what it is told; 'request' is then what it was asked."""

    def __init__(self, answer):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "lintel.sock")
        self.answer = answer
        self.request = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(60)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            self.request = json.loads(stream.readline())
            stream.write(json.dumps(self.answer) + "\n")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.folder.cleanup()


def ask(answer, *arguments):
    """What the command printed when a daemon answered so, and what it had asked."""
    with FakeDaemon(answer) as daemon:
        result = lintel(*arguments, "--socket", daemon.path)
        daemon.thread.join(60)
        return result, daemon.request


# What is asked on the command line -> the request, the answer's file, and the text printed.
QUESTIONS = {
    ("status",): ({"command": "status"}, "status-active.json", "status-active.txt"),
    ("list",): ({"command": "list"}, "list.json", "list.txt"),
    ("list", "--stats"): ({"command": "list"}, "list.json", "list-stats.txt"),
    ("list", "--rate"): ({"command": "list"}, "list.json", "list-rate.txt"),
    ("list", "-c"): ({"command": "list", "connections": True}, "connections.json", "connections.txt"),
    ("explain", "10.77.0.100:80"): ({"command": "explain", "address": "10.77.0.100", "port": 80, "protocol": "TCP"},
                                    "explain-answers.json", "explain-answers.txt"),
    ("explain", "[2001:DB8:77::0100]:53/udp"):
        ({"command": "explain", "address": "2001:db8:77::100", "port": 53, "protocol": "UDP"},
         "explain-silent.json", "explain-silent.txt"),
}


@test
def answers_of_the_daemon_are_printed_for_people():
    for arguments, (request, answer, text) in QUESTIONS.items():
        result_of = json.loads((HERE / "golden" / answer).read_text(encoding="utf-8"))
        result, asked = ask({"ok": True, "result": result_of}, *arguments)
        equal((result.returncode, result.stderr, asked), (0, "", request))
        equal(result.stdout, (HERE / "golden" / text).read_text(encoding="utf-8"))


@test
def answers_of_the_daemon_are_printed_as_json():
    for arguments, (_, answer, _) in QUESTIONS.items():
        result_of = json.loads((HERE / "golden" / answer).read_text(encoding="utf-8"))
        result, _ = ask({"ok": True, "result": result_of}, *arguments, "-o", "json")
        equal((result.returncode, result.stderr, json.loads(result.stdout)), (0, "", result_of))


@test
def drain_undrain_and_failover_say_what_they_did():
    for arguments, request, text in (
            (("drain", "10.78.0.21:8080"), {"command": "drain", "server": "10.78.0.21:8080"},
             "10.78.0.21:8080 gets no new connections; 'lintel list' shows those it still has, "
             "'lintel undrain 10.78.0.21:8080' ends it.\n"),
            (("drain", "2001:db8:0::21"), {"command": "drain", "server": "2001:db8::21"},
             "2001:db8:0::21 gets no new connections; 'lintel list' shows those it still has, "
             "'lintel undrain 2001:db8:0::21' ends it.\n"),
            (("undrain", "[2001:db8::21]:8080"), {"command": "undrain", "server": "[2001:db8::21]:8080"},
             "[2001:db8::21]:8080 gets connections again.\n"),
            (("failover", "front"), {"command": "failover", "router": "front"}, "Virtual router front was handed over.\n")):
        result, asked = ask({"ok": True, "result": {}}, *arguments)
        equal((result.returncode, result.stdout, result.stderr, asked), (0, text, "", request))


@test
def undrain_says_what_holds_the_server_still():
    result, _ = ask({"ok": True, "result": {"server": "10.78.0.21:8080", "drainedStill": "10.78.0.21"}}, "undrain", "10.78.0.21:8080")
    equal((result.returncode, result.stdout), (0, "10.78.0.21:8080 is no longer drained by itself, but 10.78.0.21 is still: "
                                                  "'lintel undrain 10.78.0.21' ends that, too.\n"))


POOL = "{apiVersion: lintel.io/v1alpha1, kind: AddressPool, metadata: {name: p%d}, spec: {virtualRouter: front, addresses: [10.0.0.0/24]}}"


def blocks_reloads(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("SigBlk:")[1].split()[0], 16) & 1 << signal.SIGHUP - 1


@test
def what_may_have_no_end_is_no_configuration():
    with tempfile.TemporaryDirectory() as folder:
        pipe = pathlib.Path(folder, "pipe.yaml")
        os.mkfifo(pipe)
        for path in (pipe, "/dev/zero"):
            done = lintel("check", path)
            equal((done.returncode, done.stdout), (1, f"{path}: is no regular file\n1 error\n"))
        started = subprocess.run([LINTEL, "run", "-c", pipe, "--state-dir", folder, "--socket", f"{folder}/socket", "--listen", "off"],
                                 env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        equal(started.returncode, 1)
        assert "is no regular file" in started.stderr, started.stderr
        followed = subprocess.run([LINTEL, "run", "--kubernetes", "--kubeconfig", pipe, "--state-dir", folder, "--socket", f"{folder}/socket",
                                   "--listen", "off"], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        equal(followed.returncode, 1)
        assert f"{pipe}" in followed.stderr, followed.stderr


@test
def a_reload_asked_for_while_the_daemon_starts_does_not_end_it():
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "lintel.yaml")
        configuration.write_text("\n---\n".join([*(POOL % n for n in range(30000)), "nonsense"]), encoding="utf-8")  # to be read for a while
        with subprocess.Popen([LINTEL, "run", "-c", configuration, "--state-dir", folder, "--socket", f"{folder}/socket", "--listen", "off"],
                              env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as daemon:
            try:
                while daemon.poll() is None and not blocks_reloads(daemon.pid):
                    pass
                daemon.send_signal(signal.SIGHUP)
                assert daemon.poll() is None, "it had ended before"
                said = daemon.communicate(timeout=30)[1]
            finally:
                daemon.kill()
        equal(daemon.returncode, 1)
        assert "not starting: the configuration has errors" in said, said


@test
def a_refusal_of_the_daemon_is_shown_in_its_words():
    result, _ = ask({"ok": False, "error": "no virtual router 'frint'"}, "failover", "frint")
    equal((result.returncode, result.stdout, result.stderr), (1, "", "lintel failover: no virtual router 'frint'\n"))


@test
def import_converts_what_check_then_accepts_and_reports_each_line():
    text = "-A -t 10.77.0.100:80 -s rr\n-a -t 10.77.0.100:80 -r 10.78.0.21:8080 -m -w 1\n"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "lintel.yaml")
        result = lintel("import", "ipvsadm", "-", "-o", path, "--interface", "eth0", "--vrid", "7", input=text)
        equal((result.returncode, result.stdout), (0, ""))
        lines = result.stderr.splitlines()
        assert lines[-2] == ("(standard input):2: -a -t 10.77.0.100:80 -r 10.78.0.21:8080 -m -w 1: taken"), lines
        equal(lines[-1], "2 taken, 1 differ, 0 not converted")
        result = lintel("check", path)
        equal((result.returncode, result.stdout.splitlines()[-1]), (0, "2 objects in 1 file: no problem"))


@test
def import_writes_into_a_pipe_and_through_a_link_and_replaces_neither():
    text = "-A -t 10.77.0.100:80 -s rr\n"
    with tempfile.TemporaryDirectory() as folder:
        pipe, link, target = (pathlib.Path(folder, name) for name in ("pipe", "link", "target"))
        os.mkfifo(pipe)
        target.write_text("old\n", encoding="utf-8")
        link.symlink_to(target)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
            try:
                equal(lintel("import", "ipvsadm", "-", "-o", pipe, input=text).returncode, 0)
                written = reader.communicate(timeout=30)[0]
            finally:
                reader.kill()
        assert pipe.is_fifo() and "kind: VirtualServer" in written, written
        equal(lintel("import", "ipvsadm", "-", "-o", link, input=text).returncode, 0)
        assert link.is_symlink()
        equal(target.read_text(encoding="utf-8"), written)


@test
def check_counts_the_files_that_it_read_and_not_only_those_with_objects():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "empty.yaml")
        path.write_text("# nothing yet\n", encoding="utf-8")
        equal(lintel("check", path).stdout, "0 objects in 1 file: no problem\n")


@test
def import_fails_where_something_is_not_converted_and_writes_the_rest():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "part.conf").write_text("virtual_ipaddress {\n 10.77.0.100/24\n}\n", encoding="utf-8")
        path = pathlib.Path(folder, "keepalived.conf")
        path.write_text("vrrp_instance A {\n interface eth0\n virtual_router_id 5\n include part.conf\n"
                        " version 3\n @lb9 priority 9\n auth_pass s3cr3t\n notify /bin/x\n}\n", encoding="utf-8")
        result = lintel("import", "keepalived", path, "--id", "lb9", "--report", "failed")
    equal(result.returncode, 1)
    assert "addresses: [10.77.0.100/24]" in result.stdout and "priority: 9" in result.stdout, result.stdout
    assert f"{path}:8: notify /bin/x: not converted: " in result.stderr, result.stderr
    assert "s3cr3t" not in result.stderr + result.stdout and "taken:" not in result.stderr, result.stderr


@test
def import_says_that_a_file_is_missing():
    result = lintel("import", "keepalived", "missing.conf")
    equal((result.returncode, result.stdout, result.stderr),
          (1, "", "lintel import: missing.conf: No such file or directory\n"))


@test
def plan_refuses_a_configuration_with_errors():
    result = lintel("plan", "bad.yaml", "--state-dir", "/nonexistent")
    equal((result.returncode, result.stdout), (1, ""))
    assert result.stderr.startswith("bad.yaml:5: VirtualRouter front: "), result.stderr
    assert result.stderr.endswith("lintel plan: the configuration has errors\n"), result.stderr


@test
def version_names_libraries_and_kernel():
    shown = json.loads(lintel("version", "-o", "json").stdout)
    equal(sorted(shown["libraries"]), ["jansson", "libev", "libmicrohttpd", "libmnl", "libnftnl", "libyaml"])
    for name, version in shown["libraries"].items():
        assert re.fullmatch(r"\d+(\.\d+)+", version), (name, version)
    equal(shown["kernel"]["release"], os.uname().release)
    equal(lintel("--version").stdout, f"lintel {shown['version']}\n")
    text = lintel("version").stdout
    assert text.startswith(f"lintel {shown['version']}\n\nLibraries\n"), text


@test
def a_full_disk_behind_the_output_is_a_failure():
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([LINTEL, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    equal((result.returncode, result.stderr), (1, "lintel: standard output: No space left on device\n"))


@test
def yaml_in_the_readme_and_the_manual_has_nothing_wrong():
    readme = re.findall(r"^```yaml\n(.*?)^```$", (TOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    manual = re.findall(r"^\.EX\n(apiVersion:.*?)^\.EE$", (TOP / "packaging/man/lintel.8.in").read_text(encoding="utf-8"),
                        re.MULTILINE | re.DOTALL)
    equal((len(readme), len(manual)), (1, 1))
    for text in (readme[0], manual[0].replace("\\-", "-")):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            result = lintel("check", file.name)
        equal((result.returncode, result.stdout), (0, "2 objects in 1 file: no problem\n"))


@test
def documents_name_only_commands_and_options_that_there_are():
    known = {command: lintel(command, "--help").stdout for command in commands()}
    count = 0
    for path in (TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        code = re.findall(r"`(lintel [^`\n]+)`", text)
        code += re.findall(r"^(?:\$ )?(?:sudo )?(lintel [^#|>\n]+)", "\n".join(re.findall(r"^```sh\n(.*?)^```$", text,
                                                                                    re.MULTILINE | re.DOTALL)), re.MULTILINE)
        for line in code:
            word = line.split()[1]
            if word.startswith("[") or word.startswith("."):
                continue
            assert word in known, f"{path.name}: {line}"
            for option in re.findall(r"(?<!\S)--?[a-z][\w-]*", line):
                assert re.search(rf"(?<!\S){option}(?![\w-])", known[word]), f"{path.name}: {line}"
            count += 1
    assert count > 20, count


@test
def links_between_documents_lead_somewhere():
    count = 0
    for path in (*TOP.glob("*.md"), *(TOP / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
            count += 1
    assert count > 5, count


COMPLETE = """
source "$1"
COMP_WORDS=(lintel "${@:2}")
COMP_CWORD=$(($# - 1))
_lintel
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete_in_bash(*words):
    with tempfile.NamedTemporaryFile("w", suffix=".bash") as script:
        script.write(lintel("completion", "bash").stdout)
        script.flush()
        result = subprocess.run(["bash", "-eu", "-c", COMPLETE, "bash", script.name, *words], capture_output=True, text=True,
                                check=True, env=ENVIRONMENT, cwd=HERE / "config")
    return result.stdout.split()


@test
def bash_completes_commands_options_choices_and_files():
    equal(complete_in_bash("st"), ["status"])
    equal(sorted(complete_in_bash("")), sorted([*commands(), "help", "--help", "--version"]))
    equal(complete_in_bash("help", "st"), ["status"])
    equal(complete_in_bash("import", ""), ["keepalived", "ipvsadm"])
    equal(complete_in_bash("import", "keepalived", "go"), ["good.yaml"])
    equal(complete_in_bash("import", "--rep"), ["--report"])
    equal(complete_in_bash("list", "--s"), ["--stats", "--socket"])
    equal(complete_in_bash("list", "-o", ""), ["text", "json"])
    equal(complete_in_bash("run", "--on-exit", "k"), ["keep"])
    equal(complete_in_bash("check", "go"), ["good.yaml"])
    equal(complete_in_bash("completion", "z"), ["zsh"])
    equal(complete_in_bash("status", ""), [])


@test
def bash_completes_every_option_of_every_command():
    for command in commands():
        options = re.findall(r"^  (?:-\w, |    )(--[\w-]+)", lintel(command, "--help").stdout, re.MULTILINE)
        equal((command, sorted(complete_in_bash(command, "--"))), (command, sorted(options)))
        assert "--help" in options, options


def shell_reads(shell, *arguments):
    if not shutil.which(shell):
        raise Skip(f"no {shell} here")
    with tempfile.NamedTemporaryFile("w") as script:
        script.write(lintel("completion", shell).stdout)
        script.flush()
        return subprocess.run([shell, *arguments, script.name], capture_output=True, text=True, check=False, env=ENVIRONMENT)


@test
def zsh_understands_its_completion():
    result = shell_reads("zsh", "-f", "-n")
    equal((result.returncode, result.stderr), (0, ""))


@test
def fish_completes_commands_and_options():
    result = shell_reads("fish", "--no-execute")
    equal((result.returncode, result.stderr), (0, ""))
    with tempfile.TemporaryDirectory() as home, tempfile.NamedTemporaryFile("w") as script:
        script.write(lintel("completion", "fish").stdout)
        script.flush()
        for line, wanted in (("lintel stat", ["status"]), ("lintel list --conn", ["--connections"]),
                             ("lintel run --on-exit ", ["clean", "keep"]), ("lintel completion f", ["fish"]),
                             ("lintel import keep", ["keepalived"]), ("lintel help undr", ["undrain"])):
            got = subprocess.run(["fish", "--no-config", "-c", f"source {script.name}; complete -C '{line}'"],
                                 capture_output=True, text=True, check=True, env={**ENVIRONMENT, "HOME": home})
            equal([row.split("\t")[0] for row in got.stdout.splitlines()], wanted)


if __name__ == "__main__":
    sys.exit(main())
