# SPDX-License-Identifier: GPL-2.0-or-later
"""The invented daemon (sample.c) behind the real HTTP door, on a port of the loopback that is free."""
import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(sample, folder, config, port):
    """The process; it ends when its input is closed."""
    process = subprocess.Popen([sample, "serve", folder, config, str(port)], stdin=subprocess.PIPE)
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"{sample} ended with {process.returncode}")
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return process
        time.sleep(0.05)
    raise RuntimeError(f"{sample} does not answer")


def stop(process):
    process.stdin.close()
    process.wait(10)


@contextlib.contextmanager
def sample(program, folder, config):
    """Gives its address, http://127.0.0.1:PORT."""
    port = free_port()
    process = start(program, folder, config, port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)
