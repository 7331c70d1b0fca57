# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Chromium without a window, steered over WebDriver (W3C) by Debian's chromium-driver: only what the tests need."""
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import served

NEEDS = "chromium and chromedriver are in Debian's packages chromium and chromium-driver (packaging/packages-page.txt)"


def missing():
    """Why there can be no browser, or ''."""
    lacking = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"{' and '.join(lacking)} not found: {NEEDS}" if lacking else ""


class Browser:
    def __init__(self, site, session):
        self.session = f"{site}/session/{session}"

    def call(self, path, body=None, method=None):
        return call(f"{self.session}{path}", body, method)

    def open(self, url):
        self.call("/url", {"url": url})

    def run(self, script, *arguments):
        """What the script returns; it finds its arguments in 'arguments'."""
        return self.call("/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height):
        """Of the page itself, as a phone would have it below 500."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def prefer(self, **features):
        """prefers-color-scheme and the like."""
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def press(self, *keys):
        self.call("/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]}]})

    def click(self, selector):
        found = self.call("/element", {"using": "css selector", "value": selector})
        self.call(f"/element/{next(iter(found.values()))}/click", {})

    def write(self, selector, text):
        found = next(iter(self.call("/element", {"using": "css selector", "value": selector}).values()))
        self.call(f"/element/{found}/clear", {})
        self.call(f"/element/{found}/value", {"text": text})

    def wait(self, script, seconds=20):
        """Until the expression is true."""
        end = time.monotonic() + seconds
        while not (got := self.run(f"return ({script})")):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {script}\nthe page: {self.run('return document.body.innerText')[:1500]}")
            time.sleep(0.1)
        return got

    def shoot(self, path, whole=True):
        if whole:
            shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        else:
            shot = self.call("/screenshot")
        path.write_bytes(base64.b64decode(shot))

    def complaints(self):
        """What the browser's console was told since last asked."""
        return [entry["message"] for entry in self.call("/se/log", {"type": "browser"})]


def call(url, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method or ("GET" if body is None else "POST"))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url} {body}: {json.load(error)['value']['message'][:500]}") from None


@contextlib.contextmanager
def browser():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        port = served.free_port()
        site = f"http://127.0.0.1:{port}"
        driver = subprocess.Popen([shutil.which("chromedriver"), f"--port={port}", "--log-level=WARNING"],
                                  env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home}, stdout=subprocess.DEVNULL,
                                  start_new_session=True)
        session = None
        try:
            session = start(site, home)
            yield session
        finally:
            # The browser is the driver's to end, and outlives it otherwise.
            if session:
                with contextlib.suppress(OSError, AssertionError):
                    session.call("", method="DELETE")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()


def start(site, home):
    for _ in range(300):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            if call(f"{site}/status")["ready"]:
                break
        time.sleep(0.1)
    # Without a sandbox, as tests are run by root; what it is shown is ours.
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                 "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--window-size=1280,900",
                 "--proxy-server=direct://", f"--user-data-dir={home}/profile"]
    options = {"binary": shutil.which("chromium"), "args": arguments}
    session = call(f"{site}/session", {"capabilities": {"alwaysMatch": {
        "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
    return Browser(site, session["sessionId"])
