# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon under a real systemd, by the unit that is shipped: its own user, three capabilities, watchdog, reload, restart.

systemd is started in namespaces of its own, on the host lb1, with nothing but what this unit asks for. It writes to /etc and /run, so only
a guest, whose root is its own, is good enough.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess

from lablib.config import VIP, router, server
from lablib.lab import expect
from lablib.process import Program, wait_until
from lablib.report import Skipped, scenario

PACKAGING = pathlib.Path(__file__).resolve().parents[3] / "packaging"
PROGRAM = pathlib.Path("/usr/local/sbin/lintel")
UNIT = pathlib.Path("/run/systemd/system/lintel.service")
CONFIGURATION = pathlib.Path("/etc/lintel/lab.yaml")
# A /tmp of its own: what systemd finds in it at boot it removes.
INSIDE = """mount --make-rprivate / && mount -t tmpfs tmp /tmp && umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
exec /usr/lib/systemd/systemd --system --unit=lab.target --log-target=console --log-level=notice"""
# No devices are there to be found; it would take seconds.
MASKED = ("systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-udev-trigger.service")
NET_ADMIN, NET_RAW, SYS_NICE = 12, 13, 23  # linux/capability.h


class Service:
    """lintel.service on lb1."""

    def __init__(self, lab, *options):
        if os.environ.get("LAB_VIA") == "native":
            raise Skipped("the host's own /etc and /run are not for a test; in a guest (tests/lab/run --via uml) it runs")
        if not pathlib.Path("/usr/lib/systemd/systemd").exists():
            raise Skipped("no systemd here: apt-get install systemd")
        self.host = lab.lb1.host
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.environ["LINTEL"], PROGRAM)
        UNIT.parent.mkdir(parents=True, exist_ok=True)
        UNIT.write_text((PACKAGING / "systemd/lintel.service.in").read_text(encoding="utf-8").replace("@sbindir@", str(PROGRAM.parent)), encoding="utf-8")
        for name in MASKED:
            (UNIT.parent / name).unlink(missing_ok=True)
            (UNIT.parent / name).symlink_to("/dev/null")
        for old in UNIT.with_name("lintel.service.d").glob("*.conf"):
            old.unlink()
        self.drop_in("options", f"Environment=LINTEL_OPTIONS='{' '.join(options)}'")
        (UNIT.parent / "lab.target").write_text("[Unit]\nWants=lintel.service\nAfter=lintel.service\n", encoding="utf-8")
        for tool, file in (("systemd-sysusers", "lintel.sysusers"), ("systemd-tmpfiles --create", "lintel.tmpfiles")):
            subprocess.run([*tool.split(), PACKAGING / "systemd" / file], check=True)
        # As an operator writes it; the directory is not for others, the file is.
        CONFIGURATION.write_text("".join(f"---\n{json.dumps(each)}\n" for each in (router(priority=150, peers=["10.77.0.12"]), server())), encoding="utf-8")
        CONFIGURATION.chmod(0o644)
        self.program = Program(self.host, "systemd", ["env", "container=lab", "unshare", "--pid", "--fork", "--mount", "--cgroup", "--mount-proc",
                                                      "--kill-child", "sh", "-c", INSIDE])
        self.init = wait_until("systemd has a process", self._child, seconds=60)
        wait_until("the service is active", lambda: self.systemctl("is-active", "lintel", check=False).strip() == "active", seconds=120)

    def drop_in(self, name, line):
        folder = UNIT.with_name("lintel.service.d")
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.conf").write_text(f"[Service]\n{line}\n", encoding="ascii")

    def _child(self):
        """The first process in the new namespace."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == self.program.process.pid and (entry / "comm").read_text(encoding="utf-8").strip() == "systemd":
                    return int(entry.name)
        return None

    def run(self, *command, check=True):
        """In systemd's namespaces, on lb1."""
        return self.host.run("nsenter", "-t", self.init, "-p", "-m", "-C", "-r", "-w", *command, check=check)

    def systemctl(self, *words, check=True):
        return self.run("systemctl", *words, check=check)

    def pid(self):
        return int(self.systemctl("show", "-P", "MainPID", "lintel"))

    def process(self):
        """Name -> value of /proc/PID/status of the daemon."""
        lines = self.run("cat", f"/proc/{self.pid()}/status").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def status(self):
        return json.loads(self.run(PROGRAM, "status", "-o", "json"))

    def wait_active(self):
        wait_until("it is Active", lambda: self.status()["routers"][0]["state"] == "Active", seconds=60)

    def stop(self):
        self.systemctl("stop", "lintel")
        log = self.run("journalctl", "-u", "lintel", "--no-pager", "-o", "cat")
        self.program.kill()
        return log


@scenario("under systemd it has its own user, three capabilities, and does all that root could", timeout=300)
def confined(lab):
    service = Service(lab, "--notify", "fifo:/run/lintel/events.fifo")
    service.wait_active()
    process = service.process()
    wanted = f"{1 << NET_ADMIN | 1 << NET_RAW | 1 << SYS_NICE:016x}"
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        expect(process[kind] == wanted, f"{kind} {process[kind]}, expected {wanted}")
    expect(process["Uid"].split()[0] != "0" and process["NoNewPrivs"] == "1" and process["Seccomp"] == "2", process)
    status = service.status()
    expect(all(each["inForce"] for each in status["sysctls"]), status["sysctls"])
    expect("without real-time priority" not in json.dumps(status), status)
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.expect_balanced("tcp", VIP, 80)
    before = service.pid()
    service.systemctl("reload", "lintel")
    expect(service.pid() == before, "a reload is no restart")
    modes = service.run("stat", "-c", "%U %a", "/var/lib/lintel", "/run/lintel", "/run/lintel/lintel.sock", "/run/lintel/events.fifo").split("\n")
    expect(modes[:4] == ["lintel 700", "lintel 750", "lintel 660", "lintel 640"], modes)
    told = service.run("timeout", "20", "head", "-n", "1", "/run/lintel/events.fifo")
    expect(json.loads(told)["node"] == status["node"], told)
    log = service.stop()
    expect("denied" not in log and "not permitted" not in log and "Read-only" not in log, log)
    expect(lab.lb1.kernel_is_clean(), "stopped, it left something behind")


@scenario("a daemon that hangs is ended by systemd's watchdog, and started anew", timeout=300)
def watchdog(lab):
    service = Service(lab)
    service.wait_active()
    service.drop_in("watchdog", "WatchdogSec=1s")
    service.systemctl("daemon-reload")
    service.systemctl("restart", "lintel")
    service.wait_active()
    before = service.pid()
    service.run("kill", f"-{signal.SIGSTOP.value}", str(before))
    wait_until("another process is there", lambda: service.pid() not in (0, before), seconds=60)
    service.wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    lab.client.expect_balanced("tcp", VIP, 80)
    expect(service.systemctl("show", "-P", "NRestarts", "lintel").strip() == "1", "systemd restarted it once")
    service.stop()


@scenario("an upgrade restarts the service of a machine alone without losing a request, with --on-exit keep", timeout=300)
def restart(lab):
    service = Service(lab, "--on-exit", "keep")
    service.wait_active()
    lab.client.wait_answer("tcp", VIP, 80)
    with lab.client.watching("tcp", VIP, 80, interval=20, timeout=5000) as probe:
        shutil.copy(os.environ["LINTEL"], PROGRAM.with_suffix(".new"))
        os.replace(PROGRAM.with_suffix(".new"), PROGRAM)
        service.systemctl("restart", "lintel")
        service.wait_active()
    expect(probe.report.lost == 0, probe.report)
    service.stop()
