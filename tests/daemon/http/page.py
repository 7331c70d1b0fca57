#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""page.py SAMPLE FOLDER CONFIG PICTURES: the status page in a real Chromium, over the daemon's own HTTP door. Speaks TAP.

PICTURES is a folder for screenshots, to be looked at. Without chromium and chromium-driver only what needs no browser runs,
and that is said.
"""
import contextlib
import json
import pathlib
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request

import driver
import invented
import served

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap  # noqa: E402
from tap import Skip, test  # noqa: E402

SAMPLE, FOLDER, CONFIG, PICTURES = sys.argv[1:]
PICTURES = pathlib.Path(PICTURES)


class Stage:
    """The page, its browser, and what the daemon says."""

    def __init__(self, browser, folder):
        self.browser, self.folder = browser, pathlib.Path(folder)
        self.port = served.free_port()
        self.process = None
        self.say(invented.status(), invented.servers())
        self.start()

    def say(self, status=None, servers=None):
        for name, value in (("status", status), ("servers", servers)):
            if value is not None:
                fresh = self.folder / f".{name}"
                fresh.write_text(json.dumps(value), encoding="utf-8")
                fresh.rename(self.folder / f"{name}.json")

    def start(self):
        self.process = served.start(SAMPLE, self.folder, CONFIG, self.port)

    def stop(self):
        served.stop(self.process)

    @property
    def site(self):
        return f"http://127.0.0.1:{self.port}"

    def open(self, width=1280, height=900, **features):
        if not self.browser:
            raise Skip(driver.missing())
        self.browser.prefer(**features)
        self.browser.size(width, height)
        self.browser.open(f"{self.site}/")
        self.browser.run("localStorage.clear()")
        self.browser.open(f"{self.site}/")
        self.browser.wait("document.querySelector('#routers article') && document.querySelector('#table tbody tr.virtual')")
        return self.browser


def get(site, path, method="GET"):
    request = urllib.request.Request(f"{site}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


# --- without a browser ---

@test
def the_page_is_one_file_that_asks_nobody_else(stage):
    code, headers, text = get(stage.site, "/")
    assert code == 200 and headers["Content-Type"] == "text/html; charset=utf-8", headers
    assert len(text) < 100_000, len(text)
    outside = set(re.findall(r"https?://[^\s'\"<>]+", text)) - {"http://www.w3.org/2000/svg"}
    assert not outside, outside
    assert "<link rel=\"stylesheet" not in text and "src=" not in text and "@import" not in text


@test
def every_answer_has_a_policy_and_what_changes_is_refused(stage):
    _, headers, _ = get(stage.site, "/")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "'unsafe" not in policy and "frame-ancestors 'none'" in policy, policy
    assert policy.count("'sha256-") == 2, policy
    for path in ("/metrics", "/api/v1/status", "/nowhere"):
        _, headers, _ = get(stage.site, path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), (path, headers)
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store", (path, headers)
    assert get(stage.site, "/", "POST")[0] == 405 and get(stage.site, "/nowhere")[0] == 404


# --- in the browser ---

@test
def it_shows_who_is_active_and_why(stage):
    page = stage.open()
    card = page.run("return document.querySelector('[data-router=front]').innerText")
    for words in ("Active", "no advertisement was heard in time", "10.77.0.100/24", "Priority 100", "VRID 51", "eth0", "10.77.0.12", "2 of 2 addresses here"):
        assert words in card, f"{words} not in: {card}"
    assert page.run("return document.getElementById('glance').innerText").split("\n") == ["6 problems", "Active for 1 of 3"]
    back = page.run("return document.querySelector('[data-router=back]').innerText")
    assert "Backup" in back and "10.77.0.12 is Active, priority 200" in back, back
    stage.browser.shoot(PICTURES / "light.png")
    wrong = page.complaints()
    assert not wrong, wrong


@test
def priorities_are_shown_with_what_changes_them_and_who_moves_along(stage):
    stage.say(status=invented.tracking())
    try:
        page = stage.open()

        def words(router):
            return page.run("return document.querySelector(`[data-router=${arguments[0]}]`).innerText", router)
        outside = words("outside")
        for said in ("Priority 40 instead of 150", "Sync group edge, with inside.", "10.77.0.1 does not answer", "/run/site/load says 0",
                     "eth2 is up", "too few servers of default/web are up"):
            assert said in outside, f"{said} not in: {outside}"
        rows = page.run("return [...document.querySelectorAll('[data-router=outside] .tracks tbody tr')].map((tr) => [...tr.cells].slice(1).map((td) => td.innerText))")
        assert rows == [["−60", "−60"], ["−10", "0"], ["out", "0"], ["–", "−50"]], rows
        tones = page.run("return [...document.querySelectorAll('[data-router=outside] .tracks .badge')].map((b) => b.className + ' ' + b.innerText)")
        assert tones == ["badge warn bad", "badge good 0", "badge good good", "badge warn lost"], tones
        assert "Sync group edge, with outside; has the priority of outside." in words("inside"), words("inside")
        apart = words("apart")
        assert "keeps it out" in apart and "eth9 is up, which counts in 12 s as it became bad 4 times" in apart and "Sync group" not in apart, apart
        assert "and 692 quorums more" in words("many") and "Sync group alone." in words("many"), words("many")
        assert "instead of" not in words("front") and not page.run("return document.querySelector('[data-router=front] .tracks')")
        for theme in ("light", "dark"):
            page.prefer(prefers_color_scheme=theme)
            time.sleep(0.3)
            wrong = page.run(CONTRAST)
            assert not wrong, f"{theme}: {wrong[:10]}"
            stage.browser.shoot(PICTURES / f"tracking-{theme}.png")
        page = stage.open(360, 740)
        assert page.run("return document.documentElement.scrollWidth") <= 360
        out = page.run("return [...document.querySelectorAll('#active *')].filter((n) => n.getBoundingClientRect().right > 361).map((n) => n.outerHTML.slice(0, 90))")
        assert not out, out[:5]
        stage.browser.shoot(PICTURES / "tracking-phone.png")
    finally:
        stage.say(invented.status(), invented.servers())


@test
def who_answers_instead_of_the_servers_is_told(stage):
    told = invented.servers(calm=True)
    web, dns = (next(vs for vs in told["virtualServers"] if vs["name"] == name) for name in ("web", "dns"))
    web["health"] = {"answering": "sorry server", "sinceSeconds": 3, "up": 0, "down": 3, "upWeight": 0, "quorum": None}
    dns["health"] = {"answering": "servers that are down", "sinceSeconds": 3, "up": 0, "down": 2, "upWeight": 0, "quorum": None}
    stage.say(servers=told)
    try:
        page = stage.open()
        states = page.run("return Object.fromEntries([...document.querySelectorAll('#table tr.virtual')].map((tr) => [tr.querySelector('b').innerText, tr.querySelector('.c-state').innerText]))")
        assert (states["default/web"], states["default/dns"]) == ("sorry server", "all down"), states
    finally:
        stage.say(servers=invented.servers())


@test
def problems_stand_first_and_are_all_there(stage):
    page = stage.open()
    texts = page.run("return [...document.querySelectorAll('.problem')].map((li) => li.innerText)")
    assert page.run("return document.querySelector('main').firstElementChild.id") == "problems"
    for words in ("has no server that takes connections", "rrr", "eth1 is down", "no key in common", "Read-only file system"):
        assert any(words in text for text in texts), f"{words} not in {texts}"
    tones = page.run("return [...document.querySelectorAll('.problem')].map((li) => li.classList.contains('bad'))")
    assert tones == sorted(tones, reverse=True), "the worst come first"
    assert page.run("return document.title").startswith(f"({len(texts)}) Lintel lb1")
    stage.say(invented.calm(), invented.servers(calm=True))
    page.wait("document.querySelector('.fine')")
    assert page.run("return document.title") == "Lintel lb1"
    assert page.run("return document.getElementById('glance').innerText").startswith("all well")
    stage.browser.shoot(PICTURES / "calm.png")
    stage.say(invented.status(), invented.servers())


@test
def each_virtual_server_stands_with_its_real_servers(stage):
    page = stage.open()
    rows = page.run("return [...document.querySelectorAll('#table tbody tr:not(.pad)')].map((tr) => [tr.className, ...[...tr.cells].map((td) => td.innerText)])")
    at = next(i for i, row in enumerate(rows) if "default/web" in row[1])
    assert "10.77.0.100:80" in rows[at][1] and rows[at][3:5] == ["rr, nat", "1 of 3"], rows[at]
    assert [row[0] for row in rows[at + 1:at + 4]] == ["real"] * 3, rows[at:at + 5]
    assert rows[at + 1][1:6] == ["10.78.0.21:8080", "up", "http 2.1 ms, for 90 min", "weight 1", "12"], rows[at + 1]
    assert rows[at + 2][2:4] == ["draining", "at most 41 s more"] and rows[at + 3][2:4] == ["down", "HTTP status 503, for 75 s"], rows[at:at + 4]
    title = page.run("return document.querySelectorAll('#table tr.real .c-state')[arguments[0]].title",
                     [i for i, row in enumerate(row for row in rows if row[0] == "real") if row[2] == "down"][0])
    assert "HTTP status 503" in title, title


@test
def the_headings_sort_and_say_so(stage):
    page = stage.open()

    def names():
        return page.run("return [...document.querySelectorAll('#table tr.virtual b')].map((b) => b.innerText)")
    assert names()[0] == "default/empty", f"the worst first: {names()}"
    page.click("[data-sort=name]")
    assert names() == sorted(names()) and page.run("return document.querySelector('[data-sort=name]').parentNode.ariaSort") == "ascending"
    page.click("[data-sort=name]")
    assert names() == sorted(names(), reverse=True), names()
    page.click("[data-sort=rate]")
    rates = page.run("return [...document.querySelectorAll('#table tr.virtual .c-rate')].map((td) => td.innerText)")
    assert rates == sorted(rates, key=float, reverse=True), rates
    assert page.run("return document.querySelectorAll('[aria-sort]').length") == 1


@test
def the_filter_finds_names_addresses_ports_and_states(stage):
    page = stage.open()
    for words, wanted in (("WEB", {"default/web", "default/web6"}), (":53", {"default/dns"}), ("10.78.0.31", {"voice/media"}),
                          ("no server", {"default/empty"}), ("web down", {"default/web"}), ("nonsense", set())):
        page.write("#words", words)
        found = set(page.run("return [...document.querySelectorAll('#table tr.virtual b')].map((b) => b.innerText)"))
        assert found == wanted, f"{words}: {found}"
    assert page.run("return document.getElementById('table-note').innerText") == "None matches the filter."
    page.write("#words", "")
    page.click("#only-bad")
    assert set(page.run("return [...document.querySelectorAll('#table tr.virtual b')].map((b) => b.innerText)")) == {"default/empty", "default/web"}


@test
def rows_fold_and_stay_as_they_were_put(stage):
    page = stage.open()
    count = "document.querySelectorAll('#table tr.real').length"
    before = page.run(f"return {count}")
    page.click("#table .open[aria-label*='default/web ']")
    assert page.run(f"return {count}") == before - 3
    time.sleep(2.5)
    assert page.run(f"return {count}") == before - 3, "the next answer opened it again"
    page.click("#fold")
    assert page.run(f"return {count}") == before
    page.click("#fold")
    assert page.run(f"return {count}") == 0


@test
def rates_become_charts(stage):
    page = stage.open()
    stage.say(servers=invented.servers(factor=3))
    page.wait("document.querySelectorAll('#rates polyline').length == 4 && document.querySelector('#rates polyline').points.length > 1")
    page.wait("document.querySelector('[data-name=connections] strong').innerText == '66/s'")
    assert "at most 66/s" in page.run("return document.querySelector('#rates svg').getAttribute('aria-label')")
    points = page.run("return [...document.querySelector('#rates polyline').points].map((p) => p.y)")
    assert points[-1] < points[0], f"the line goes up: {points}"
    stage.say(servers=invented.servers())


@test
def the_timeline_tells_the_last_transitions_newest_first(stage):
    page = stage.open()
    items = page.run("return [...document.querySelectorAll('#timeline li')].map((li) => li.innerText)")
    assert "default/web 10.78.0.23:8080 went down: HTTP status 503" in items[0], items
    assert "Backup → Active" in items[1] and "front" in items[1], items
    assert [item.split("\n")[-1] for item in items if "came up" in item] == ["default/web 10.78.0.21:8080 came up"], "first verdicts are no news"
    stamps = page.run("return [...document.querySelectorAll('#timeline time')].map((t) => t.dateTime)")
    assert stamps == sorted(stamps, reverse=True) and len(stamps) == 7, stamps


@test
def replication_tells_steps_lag_and_channels(stage):
    page = stage.open()
    text = page.run("return document.getElementById('replication').innerText")
    for words in ("front", "active", "lb2", "12 records", "established", "no key in common", "has-sequence"):
        assert words in text, f"{words} not in {text}"


@test
def the_daemon_tells_of_its_checks_and_of_kernel_settings(stage):
    told = invented.tracking()
    told["capacity"].update(trackedConnections=254117, problems=["connection tracking is nearly full"])
    told["health"] = {"targets": 12, "up": 9, "down": 2, "unknown": 1, "waiting": 4, "lateChecks": 1, "problems": []}
    stage.say(status=told)
    try:
        page = stage.open()
        said = page.run("return Object.fromEntries([...document.querySelectorAll('#daemon dt')].map((dt) => [dt.innerText, dt.nextElementSibling.innerText]))")
        assert said["Health checks"] == "12 servers checked, 9 up, 2 down, 1 without verdict yet; 4 checks due and waiting; 1 check began late", said
        assert said["Kernel settings"] == "2 of 2 in force", said
        assert said["Tracked"] == "254,117 connections of at most 262,144", said
        assert "connection tracking is nearly full" in page.run("return document.getElementById('problems').innerText")
        stage.say(status=invented.status())
        page.wait("document.getElementById('daemon').innerText.includes('2 of 3 in force')")
    finally:
        stage.say(invented.status(), invented.servers())


@test
def a_daemon_that_is_gone_is_told_and_so_is_its_return(stage):
    page = stage.open()
    stage.stop()
    try:
        page.wait("!document.getElementById('silent').hidden")
        text = page.run("return document.getElementById('silent').innerText")
        assert re.search(r"not answering since \d\d:\d\d:\d\d", text), text
        assert "Active" in page.run("return document.querySelector('[data-router=front]').innerText"), "what was known stays"
        assert page.run("return document.title").startswith("(not answering)")
        stage.browser.shoot(PICTURES / "silent.png", whole=False)
    finally:
        stage.say(status={**invented.status(), "uptimeSeconds": 2.5})
        stage.start()
    page.wait("document.getElementById('silent').hidden")
    events = page.run("return document.getElementById('timeline').innerText")
    assert "answers again" in events and "was started anew" in events, events
    stage.say(status=invented.status())


@test
def a_daemon_that_can_t_read_ipvs_still_shows_its_routers(stage):
    page = stage.open()
    (stage.folder / "servers.json").unlink()
    time.sleep(2.5)
    assert page.run("return document.getElementById('silent').hidden") and page.run("return !!document.querySelector('.card.active')")
    stage.say(servers=invented.servers())


@test
def names_that_look_like_html_are_only_text(stage):
    status = invented.status()
    status["routers"][0]["problem"] = "<img src=x onerror=document.title='broken'><b>bold</b>"
    stage.say(status=status)
    page = stage.open()
    page.wait("document.getElementById('problem-list').innerText.includes('<b>bold</b>')")
    assert not page.run("return document.querySelector('#problem-list img')") and page.run("return document.title") != "broken"
    stage.say(status=invented.status())


@test
def dark_and_light_follow_the_system_and_the_button(stage):
    page = stage.open(prefers_color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.run(f"return {ground}")
    page.prefer(prefers_color_scheme="dark")
    page.wait(f"{ground} != '{light}'")
    night = page.run(f"return {ground}")
    for factor in (3, 4, 2, 5):
        stage.say(servers=invented.servers(factor=factor))
        page.wait(f"document.querySelector('[data-name=connections] strong').innerText == '{22 * factor}/s'")
    stage.say(servers=invented.servers())
    stage.browser.shoot(PICTURES / "dark.png")
    page.click("#theme")
    assert page.run(f"return {ground}") == light and page.run("return document.getElementById('theme').innerText") == "Colours: light"
    page.click("#theme")
    assert page.run(f"return {ground}") == night
    page.open(f"{stage.site}/")
    assert page.run("return document.getElementById('theme').innerText") == "Colours: dark", "kept"
    page.click("#theme")
    assert page.run("return document.getElementById('theme').innerText") == "Colours: as the system"


CONTRAST = """
const luminance = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
const ground = (node) => { for (; node; node = node.parentElement) { const c = getComputedStyle(node).backgroundColor; if (!/, 0\\)$/.test(c)) return c; } return "rgb(255, 255, 255)"; };
const wrong = [];
for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.getClientRects().length || node.closest(".hidden, .skip")) continue;
    const a = luminance(getComputedStyle(node).color), b = luminance(ground(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) wrong.push(`${node.tagName} ${node.className} '${node.innerText.slice(0, 20)}': ${ratio.toFixed(2)}`);
}
return wrong;
"""


@test
def text_has_contrast_in_both_themes(stage):
    for theme in ("light", "dark"):
        page = stage.open(prefers_color_scheme=theme)
        wrong = page.run(CONTRAST)
        assert not wrong, f"{theme}: {wrong[:10]}"


@test
def a_phone_of_360_pixels_needs_no_sideways_scrolling(stage):
    page = stage.open(360, 740)
    for colours in ("light", "dark"):
        page.prefer(prefers_color_scheme=colours)
        time.sleep(0.3)
        width = page.run("return document.documentElement.scrollWidth")
        out = page.run("return [...document.querySelectorAll('main *, body > header *')].filter((n) => n.getBoundingClientRect().right > 361 && !n.closest('.hidden, td *'))"
                       ".map((n) => n.tagName + ' ' + n.className + ' ' + n.innerText).slice(0, 5)")
        assert width <= 360 and not out, f"{width}: {out}"
    small = page.run("return [...document.querySelectorAll('button')].filter((b) => { const r = b.getBoundingClientRect(); return r.width && r.height < 24; }).map((b) => b.outerHTML)")
    assert not small, f"too small for a finger: {small[:3]}"
    stage.browser.shoot(PICTURES / "phone.png")


@test
def the_keyboard_reaches_everything_and_focus_survives_the_next_answer(stage):
    page = stage.open()
    page.run("document.body.focus()")
    seen = []
    for _ in range(40):
        page.press("\ue004")
        seen.append(page.run("const a = document.activeElement; return a.id || a.dataset.sort || (a.dataset.open ? 'open' : a.className || a.tagName)"))
    for wanted in ("skip", "theme", "words", "only-bad", "fold", "name", "out", "open", "A"):
        assert wanted in seen, f"{wanted} is not reached: {seen}"
    page.run("document.querySelector('#table .open').focus()")
    focused = page.run("return document.activeElement.dataset.open")
    time.sleep(2.5)
    assert page.run("return document.activeElement.dataset.open") == focused, "an answer took the focus away"
    before = page.run("return document.activeElement.ariaExpanded")
    page.press("\ue00d")
    assert page.run("return document.activeElement.ariaExpanded") != before and page.run("return document.activeElement.dataset.open") == focused


@test
def what_there_is_has_names_for_who_listens(stage):
    page = stage.open()
    wrong = page.run("""
        const name = (n) => n.ariaLabel || n.innerText.trim() || (n.labels && n.labels.length) || n.getAttribute("aria-labelledby");
        return [...document.querySelectorAll("button, a, input, section, svg:not([aria-hidden])")].filter((n) => n.tagName === "svg" ? !n.getAttribute("aria-label") : !name(n)).map((n) => n.outerHTML.slice(0, 120));""")
    assert not wrong, wrong
    assert page.run("return document.documentElement.lang") == "en"
    assert page.run("return document.querySelectorAll('h1').length") == 1
    levels = page.run("return [...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])")
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels


@test
def ten_thousand_services_don_t_freeze_it(stage):
    stage.say(invented.status(vips=10_000), invented.many(10_000))
    try:
        page = stage.open()
        page.wait("document.getElementById('server-count').innerText == '(10,000)'", 60)
        page.run("window.longest = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => { longest = Math.max(longest, e.duration); })).observe({ type: 'longtask' });")
        assert page.run("return document.querySelectorAll('#table tr').length") < 200
        assert page.run("return document.querySelectorAll('*').length") < 3000
        for y in (20_000, 200_000, 100):
            page.run("scrollTo(0, arguments[0])", y)
            page.wait("(() => { const r = [...document.querySelectorAll('#table tr.virtual')].map((t) => t.getBoundingClientRect()); return r.some((b) => b.top < innerHeight && b.bottom > 0) || scrollY < 1000; })()", 5)
        page.run("scrollTo(0, document.getElementById('table').getBoundingClientRect().bottom + scrollY - innerHeight)")
        page.wait("[...document.querySelectorAll('#table tr.virtual b')].some((b) => b.innerText == 'default/svc-09999')", 5)
        page.run("scrollTo(0, 0)")
        page.write("#words", "svc-07777")
        page.wait("document.querySelectorAll('#table tr.virtual').length == 1", 5)
        page.write("#words", "")
        page.click("#fold")
        page.wait("document.getElementById('table').ariaRowCount == 40001", 10)
        page.click("[data-sort=rate]")
        time.sleep(3)
        longest = page.run("return longest")
        assert longest < 1500, f"one task of {longest} ms"
        print(f"# longest task with 10,000 services: {longest:.0f} ms")
        page.write("#words", "svc-0001")
        stage.browser.shoot(PICTURES / "many.png", whole=False)
    finally:
        stage.say(invented.status(), invented.servers())


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.nullcontext() if driver.missing() else driver.browser() as browser:
        for name in ("replication.json", "kubernetes.json"):
            (pathlib.Path(folder) / name).write_bytes(pathlib.Path(FOLDER, name).read_bytes())
        stage = Stage(browser, folder)
        try:
            return tap.main(given=[stage])
        finally:
            stage.stop()


if __name__ == "__main__":
    sys.exit(main())
