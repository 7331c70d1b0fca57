#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""delivery.py DRIVER TOP: lines told to FIFOs, unix sockets and webhooks that are there, come late, are slow, fail, and leave; confined by
the daemon's filter of system calls. Loopback and a directory of its own only; TAP.
"""
import contextlib
import fcntl
import http.server
import os
import pathlib
import select
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tap import main, test  # noqa: E402

PATIENCE_S = 20
SECRET = "s3cr3t"
FIELDS = ("up", "queued", "delivered", "dropped", "failures", "problem")
CONFINED = []  # ["--seccomp"], where the kernel can


def wait_until(what, condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.01)


class Driver:
    """One set of targets; what it says is collected."""

    def __init__(self, *words, umask=-1):
        # The targets' files are the test's: a secret in a URL is in 'words' alone.
        self.process = subprocess.Popen([DRIVER, *CONFINED, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, umask=umask)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        wait_until("it is ready", lambda: "ready" in self.lines or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.stderr.read()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def tell(self, *lines):
        for line in lines:
            self.say(f"tell {line}")

    def status(self, target=0):
        """(up, queued, delivered, dropped, failures, problem) of one."""
        before = len(self.lines)
        self.say("status")
        wait_until("it answers", lambda: "end" in self.lines[before:])
        rows = [line.split("\t") for line in self.lines[before:] if line.startswith("status\t")]
        _, up, queued, delivered, dropped, failures, problem, _ = rows[target]
        return up == "1", int(queued), int(delivered), int(dropped), int(failures), problem

    def wait(self, what, condition, target=0):
        """condition(up=, queued=, delivered=, dropped=, failures=, problem=)"""
        last = []

        def look():
            last[:] = [self.status(target)]
            return condition(**dict(zip(FIELDS, last[0])))
        try:
            wait_until(what, look)
        except AssertionError as problem:
            raise AssertionError(f"{problem}: {last}") from None

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        error = self.process.stderr.read()
        assert code == 0, (code, error)
        said = "\n".join(self.lines) + error
        assert SECRET not in said, said
        return said


@contextlib.contextmanager
def driving(*words, **how):
    driver = Driver(*words, **how)
    try:
        yield driver
        driver.end()
    finally:
        driver.process.kill()
        driver.process.wait()


class Lines:
    """Lines as they arrive at a descriptor."""

    def __init__(self, fd):
        self.fd, self.rest, self.lines = fd, b"", []

    def more(self, seconds=PATIENCE_S):
        """False: the other end has gone, or nothing came."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        data = os.read(self.fd, 65536)
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode() for line in whole]
        return bool(data)

    def until(self, last):
        while last not in self.lines:
            assert self.more(), f"no {last!r} in {self.lines[-5:]}"
        return self.lines


@contextlib.contextmanager
def fifo_reader(path):
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(fd, True)
    try:
        yield Lines(fd)
    finally:
        with contextlib.suppress(OSError):
            os.close(fd)


# --- FIFOs ---

@test
def a_fifo_is_made_for_the_group_to_read_and_its_reader_hears_what_is_so_and_what_happens(folder):
    path = folder / "events"
    with driving(f"fifo:{path}", umask=0o077) as driver:
        assert path.is_fifo() and path.stat().st_mode & 0o7777 == 0o640, oct(path.stat().st_mode)
        driver.wait("nobody reads", lambda up, problem, **_: not up and problem == "nobody reads it")
        with fifo_reader(path) as reader:
            reader.until("now")
            driver.wait("somebody reads", lambda up, problem, **_: up and not problem)
            driver.tell("one", "two", "three")
            assert reader.until("three") == ["now", "one", "two", "three"], reader.lines
            driver.wait("all is told", lambda queued, delivered, dropped, **_: (queued, delivered, dropped) == (0, 4, 0))
    assert path.is_fifo(), "it is there for the next run"


@test
def what_happens_without_a_reader_waits_for_one_and_what_is_so_comes_after_it(folder):
    path = folder / "events"
    with driving(f"fifo:{path}") as driver:
        driver.say("current then")
        driver.tell("one", "two")
        driver.wait("they wait", lambda queued, **_: queued == 2)
        with fifo_reader(path) as reader:
            assert reader.until("then") == ["one", "two", "then"], reader.lines
            driver.wait("somebody reads", lambda up, **_: up)
        driver.wait("nobody reads", lambda up, problem, **_: not up and problem in ("its reader left", "nobody reads it"))
        driver.say("current later")
        driver.tell("three")
        driver.wait("it waits", lambda queued, **_: queued == 1)
        with fifo_reader(path) as reader:
            assert reader.until("later") == ["three", "later"], reader.lines


@test
def too_many_without_a_reader_cost_the_oldest_and_nobody_waits(folder):
    path = folder / "events"
    with driving(f"fifo:{path}") as driver:
        driver.say("tellmany 1500")
        driver.wait("the oldest go", lambda queued, dropped, **_: (queued, dropped) == (1024, 476))
        with fifo_reader(path) as reader:
            assert reader.until("now") == [str(number) for number in range(476, 1500)] + ["now"], reader.lines


@test
def a_reader_that_does_not_read_blocks_nobody_and_gets_whole_lines_later(folder):
    path = folder / "events"
    long = "x" * 3000
    with driving(f"fifo:{path}") as driver, fifo_reader(path) as reader:
        fcntl.fcntl(reader.fd, 1031, 4096)  # F_SETPIPE_SZ
        driver.wait("somebody reads", lambda up, **_: up)
        driver.tell(*(f"{number}{long}" for number in range(50)))
        driver.wait("it is full", lambda up, queued, **_: up and queued > 40)
        driver.tell("last")
        lines = [line for line in reader.until("last") if line != "now"]
        assert lines == [f"{number}{long}" for number in range(50)] + ["last"], [line[:5] for line in lines]


@test
def a_reader_that_leaves_amid_a_line_costs_the_next_one_nothing(folder):
    path = folder / "events"
    line = "begin" + "x" * 20000 + "end"
    with driving(f"fifo:{path}") as driver:
        with fifo_reader(path) as reader:
            fcntl.fcntl(reader.fd, 1031, 4096)
            reader.until("now")
            driver.tell(line)
            driver.wait("it waits", lambda queued, **_: queued == 1)
        driver.wait("it has left", lambda up, queued, failures, **_: not up and failures >= 1 and queued == 1)
        with fifo_reader(path) as reader:
            assert reader.until("now") == [line, "now"], [one[:10] for one in reader.lines]


@test
def what_is_no_fifo_is_left_alone(folder):
    (folder / "file").write_text("mine")
    (folder / "link").symlink_to(folder / "target")
    os.mkfifo(folder / "target")
    targets = [f"fifo:{folder}/file", f"fifo:{folder}/link", f"fifo:{folder}/missing/events"]
    with driving(*targets) as driver:
        driver.tell("one")
        driver.wait("a file is told from a FIFO", lambda problem, **_: problem == "it is no FIFO", 0)
        driver.wait("links are not followed", lambda problem, **_: "symbolic links" in problem, 1)
        driver.wait("a missing directory is told", lambda problem, **_: problem == "No such file or directory", 2)
        assert (folder / "file").read_text() == "mine"
        (folder / "missing").mkdir()
        os.mkfifo(folder / "missing" / "events")
        with fifo_reader(folder / "missing" / "events") as reader:
            assert reader.until("now") == ["one", "now"], reader.lines


# --- sockets ---

@contextlib.contextmanager
def listening(path):
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(4)
        listener.settimeout(PATIENCE_S)
        yield listener
    path.unlink()


@test
def a_socket_is_connected_to_once_somebody_listens_and_again_when_he_was_away(folder):
    path = folder / "events.sock"
    with driving(f"unix:{path}") as driver:
        driver.tell("one")
        driver.wait("nobody is there", lambda up, queued, problem, **_: not up and queued == 1 and problem == "No such file or directory")
        with listening(path) as listener:
            with listener.accept()[0] as reader:
                lines = Lines(reader.fileno())
                assert lines.until("now") == ["one", "now"], lines.lines
                driver.tell("two")
                lines.until("two")
                driver.wait("it is told", lambda up, queued, delivered, dropped, failures, **_: (up, queued, delivered, dropped, failures) == (True, 0, 3, 0, 0))
            driver.wait("it has left", lambda failures, **_: failures == 1)
            driver.tell("three")
            with listener.accept()[0] as reader:
                lines = Lines(reader.fileno())
                assert lines.until("now") == ["three", "now"], lines.lines


@test
def one_who_talks_back_is_not_listened_to_and_a_slow_one_gets_all_in_order(folder):
    path = folder / "events.sock"
    with listening(path) as listener, driving(f"unix:{path}") as driver, listener.accept()[0] as reader:
        reader.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(100):
                reader.send(b"blah" * 1000)
        reader.setblocking(True)
        filler = "y" * 1000
        driver.tell(*(f"{number}{filler}" for number in range(1000)))
        driver.wait("it is slow", lambda up, queued, **_: up and queued > 100)
        driver.tell("last")
        lines = [line for line in Lines(reader.fileno()).until("last") if line != "now"]
        assert lines == [f"{number}{filler}" for number in range(1000)] + ["last"]


@test
def what_is_no_stream_socket_is_told(folder):
    (folder / "file").write_text("mine")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams, driving(f"unix:{folder}/file", f"unix:{folder}/datagrams") as driver:
        datagrams.bind(str(folder / "datagrams"))
        driver.wait("a file is told", lambda problem, **_: problem in ("it is no socket", "nobody listens on it"), 0)
        driver.wait("the kind is told", lambda problem, **_: problem == "it is no socket", 1)
    assert (folder / "file").read_text() == "mine"


# --- webhooks ---

class Hook(http.server.ThreadingHTTPServer):
    """Keeps what was posted, answers as told."""
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts, self.answers, self.delay_s, self.headers = [], [], 0, {}
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass

    def bodies(self):
        return [body for _, body, _ in self.posts]

    def wait(self, count):
        wait_until(f"there are {count} posts", lambda: len(self.posts) >= count)
        return self.bodies()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        time.sleep(self.server.delay_s)
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.server.posts.append((self.path, body, dict(self.headers)))
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@test
def a_webhook_gets_each_line_by_itself_in_order_over_one_connection():
    with Hook() as hook, driving(f"{hook.url}/x?token={SECRET}") as driver:
        driver.tell('{"a":1}', '{"b":2}', '{"c":3}')
        assert hook.wait(3) == ['{"a":1}', '{"b":2}', '{"c":3}'], hook.bodies()
        driver.wait("all is told", lambda up, queued, delivered, dropped, failures, problem, **_:
                    (up, queued, delivered, dropped, failures, problem) == (True, 0, 3, 0, 0, ""))
        path, _, headers = hook.posts[0]
        assert path == f"/x?token={SECRET}", path
        assert headers["Content-Type"] == "application/json" and headers["User-Agent"] == "lintel-notify/test", headers
        assert "Expect" not in headers and "Authorization" not in headers, headers


@test
def what_may_go_better_is_posted_again_and_what_is_refused_is_let_go():
    with Hook() as hook, driving(hook.url) as driver:
        hook.answers = [503, 429, 200, 404, 200]
        driver.tell("one", "two", "three")
        assert hook.wait(5) == ["one", "one", "one", "two", "three"], hook.bodies()
        driver.wait("it is counted", lambda up, queued, delivered, dropped, failures, problem, **_:
                    (up, queued, delivered, dropped, failures, problem) == (True, 0, 2, 1, 3, ""))
        said = "\n".join(driver.lines)
        for status in (503, 429, 404):
            assert f"answered with HTTP status {status}" in said, said


@test
def a_server_that_asks_for_time_gets_it():
    with Hook() as hook, driving(hook.url) as driver:
        hook.answers, hook.headers = [503], {"Retry-After": "2"}
        begun = time.monotonic()
        driver.tell("one")
        hook.wait(2)
        assert time.monotonic() - begun >= 1.9, time.monotonic() - begun


@test
def nobody_is_redirected_with_what_is_secret():
    with Hook() as elsewhere, Hook() as hook, driving(f"{hook.url}/{SECRET}") as driver:
        hook.answers, hook.headers = [307], {"Location": elsewhere.url}
        driver.tell("one", "two")
        hook.wait(2)
        driver.wait("it is counted", lambda delivered, dropped, **_: (delivered, dropped) == (1, 1))
        assert not elsewhere.posts, elsewhere.posts


@test
def url_and_headers_from_a_file_that_may_change(folder):
    path = folder / "page.hook"
    with Hook() as hook:
        path.write_text(f"# ours\n{hook.url}/{SECRET}\nAuthorization: Bearer {SECRET}\nX-Team: net\n")
        path.chmod(0o600)
        with driving(f"webhook:{path}") as driver:
            driver.tell("one")
            hook.wait(1)
            path_seen, _, headers = hook.posts[0]
            assert path_seen == f"/{SECRET}" and headers["Authorization"] == f"Bearer {SECRET}" and headers["X-Team"] == "net", hook.posts
            path.write_text(f"{hook.url}/other\nAuthorization: {SECRET} 2\n")
            driver.say("reload")
            driver.tell("two")
            hook.wait(2)
            path_seen, _, headers = hook.posts[1]
            assert path_seen == "/other" and headers["Authorization"] == f"{SECRET} 2" and "X-Team" not in headers, hook.posts
            path.write_text(f"{hook.url}/\n{SECRET}\n")
            driver.say("reload")
            driver.wait("what is wrong is told", lambda problem, **_: problem == "line 2 is no header such as \"Authorization: Bearer ...\"")
            driver.tell("three")
            hook.wait(3)
            assert hook.posts[2][0] == "/other", hook.posts[2]


@test
def a_file_that_others_may_read_is_not_used(folder):
    path = folder / "page.hook"
    with Hook() as hook:
        path.write_text(f"{hook.url}/{SECRET}\n")
        path.chmod(0o644)
        with driving(f"webhook:{path}", f"webhook:{folder}/missing") as driver:
            driver.tell("one")
            driver.wait("it is told", lambda up, queued, problem, **_: not up and queued == 1 and str(path) in problem)
            driver.wait("it is told", lambda problem, **_: "No such file" in problem, 1)
            path.chmod(0o640)
            driver.say("reload")
            assert hook.wait(1) == ["one"], hook.bodies()


@test
def a_certificate_has_to_be_good(folder):
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                    certificate, "-days", "2", "-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Hook(context) as hook:
        with driving(hook.url) as driver:
            driver.tell("one")
            driver.wait("it is not believed", lambda up, queued, failures, problem, **_:
                        not up and queued == 1 and failures and "certificate" in problem)
            assert not hook.posts
        with driving("--ca", certificate, hook.url) as driver:
            driver.tell("one")
            assert hook.wait(1) == ["one"], hook.bodies()
        with driving("--ca", certificate, hook.url.replace("127.0.0.1", "localhost")) as driver:
            driver.tell("two")
            driver.wait("another name is not believed", lambda up, problem, **_: not up and problem != "")
            assert hook.bodies() == ["one"], hook.bodies()


@test
def one_that_hangs_is_given_up_and_costs_others_nothing(folder):
    path = folder / "events"
    with socket.create_server(("127.0.0.1", 0)) as deaf, Hook() as hook:
        with driving(f"http://127.0.0.1:{deaf.getsockname()[1]}/{SECRET}", hook.url, f"fifo:{path}") as driver, fifo_reader(path) as reader:
            begun = time.monotonic()
            driver.tell("one")
            reader.until("one")
            hook.wait(1)
            took = time.monotonic() - begun
            assert took < 2.5, took
            driver.wait("it is given up", lambda up, queued, problem, **_: not up and queued == 1 and "imeout" in problem)
            assert 4 < time.monotonic() - begun < 10, time.monotonic() - begun


@test
def what_was_missed_is_made_good_by_what_is_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with driving(f"http://127.0.0.1:{port}") as driver:
        driver.say("tellmany 1100")
        driver.wait("the oldest go", lambda dropped, **_: dropped >= 75)
        driver.wait("why is told", lambda problem, **_: problem == "no connection: Connection refused")
        Hook.allow_reuse_address = True
        hook = Hook.__new__(Hook)
        http.server.ThreadingHTTPServer.__init__(hook, ("127.0.0.1", port), Handler)
        hook.posts, hook.answers, hook.delay_s, hook.headers = [], [], 0, {}
        threading.Thread(target=hook.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        with hook:
            driver.say("reload")  # at once
            bodies = hook.wait(1025)
            assert bodies[-1] == "now" and bodies[-2] == "1099" and bodies[0] == "0", (bodies[:2], bodies[-2:])


# --- what the documents say ---

def scripts(folder, fifo):
    """The scripts of docs/notifying.md, for files of this test."""
    sys.path.insert(0, str(TOP / "tests" / "docs"))
    import blocks  # pylint: disable=import-outside-toplevel,import-error
    found = [block.text for block in blocks.blocks(TOP / "docs" / "notifying.md") if block.language == "sh" and "script" in block.words]
    for before, after in (("/run/lintel/events.fifo", str(fifo)), ("/etc/keepalived/notify.sh", str(folder / "notify.sh"))):
        assert any(before in text for text in found), before
        found = [text.replace(before, after) for text in found]
    return found


@contextlib.contextmanager
def running(script, folder):
    """As an operator's shell would; 'logger' and the script for keepalived write what they are given to a file."""
    for name in ("logger", "notify.sh"):
        (folder / name).write_text(f"#!/bin/sh\n{{ echo \"$@\"; cat; }} >> {folder}/ran\n")
        (folder / name).chmod(0o755)
    (folder / "ran").write_text("")
    process = subprocess.Popen(["sh", "-c", script], cwd=TOP, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
                               stdin=subprocess.DEVNULL, stdout=open(folder / "ran", "a", encoding="utf-8"), start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()


@test
def the_readers_of_the_document_do_what_it_says(folder):
    events = (TOP / "tests" / "daemon" / "golden" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    fifo, ran = folder / "events", folder / "ran"
    shell, jq, keepalived = scripts(folder, fifo)
    active = [event for event in events if '"event":"router"' in event and '"to":"Active"' in event]
    lost = [event for event in events if '"event":"quorum"' in event and '"to":"lost"' in event]
    assert active and lost
    rows = [(shell, [*(line for event in active for line in ("-t lintel-active", event)),
                     *(line for event in lost for line in ("-t lintel-quorum", event))]),
            (keepalived, ["INSTANCE front MASTER 100"] * 2 + ["INSTANCE front BACKUP 100", "INSTANCE front FAULT 100"])]
    if subprocess.run(["sh", "-c", "command -v jq"], stdout=subprocess.DEVNULL, check=False).returncode == 0:
        rows.append((jq, ["2026-01-31T12:00:00.123Z\tlb-a\tfront\tActive\tno advertisement was heard in time"] * 2 +
                     ["2026-01-31T12:00:00.123Z\tlb-a\tfront\tBackup\ta higher priority was heard",
                      "2026-01-31T12:00:00.123Z\tlb-a\tfront\tInitialize\tit was shut down"]))
    for script, expected in rows:
        with driving(f"fifo:{fifo}") as driver:
            driver.say('current {"event":"something new"}')
            driver.status()
            with running(script, folder):
                driver.wait("it reads", lambda up, **_: up)
                driver.tell(*events)
                wait_until("it has done all", lambda: len(ran.read_text().splitlines()) >= len(expected))  # pylint: disable=cell-var-from-loop
                assert ran.read_text().splitlines() == expected, ran.read_text()
    # The daemon comes back.
    with running(keepalived, folder):
        for count in (1, 2):
            with driving(f"fifo:{fifo}") as driver:
                driver.wait("it reads", lambda up, **_: up)
                driver.tell(active[0])
                wait_until("it has acted", lambda: ran.read_text().count("MASTER") == count)  # pylint: disable=cell-var-from-loop


# --- the end ---

@test
def the_end_waits_for_those_who_take_lines_and_not_for_ever(folder):
    with Hook() as hook, driving(hook.url, f"fifo:{folder}/events") as driver:
        driver.tell("one")
        hook.wait(1)
        driver.wait("it is told", lambda queued, **_: queued == 0)
        driver.say("flush 5000")
        wait_until("nothing is waited for", lambda: "flushed" in driver.lines, 1)
        driver.lines.remove("flushed")
        hook.delay_s = 0.5
        begun = time.monotonic()
        driver.tell("two")
        driver.say("flush 5000")
        wait_until("it is over", lambda: "flushed" in driver.lines)
        assert 0.3 < time.monotonic() - begun < 3 and hook.bodies() == ["one", "two"], (time.monotonic() - begun, hook.bodies())
        driver.lines.remove("flushed")
        hook.delay_s = 3
        begun = time.monotonic()
        driver.tell("three")
        driver.say("flush 300")
        wait_until("it is over", lambda: "flushed" in driver.lines)
        assert time.monotonic() - begun < 2, time.monotonic() - begun


@test
def everything_ends_with_lines_that_wait(folder):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with driving(f"http://127.0.0.1:{deaf.getsockname()[1]}/", f"fifo:{folder}/events", f"unix:{folder}/none") as driver:
            driver.tell("one", "two")
            driver.wait("they wait", lambda queued, **_: queued == 2)


if __name__ == "__main__":
    DRIVER, TOP = sys.argv[1], pathlib.Path(sys.argv[2])
    for variable in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ.pop(variable, None)
    # A sanitizer's own calls are not on the daemon's list.
    CONFINED = [] if b"__asan_init" in pathlib.Path(DRIVER).read_bytes() else ["--seccomp"]
    sys.exit(main(sys.argv[3:]))
