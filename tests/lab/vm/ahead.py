# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of the host's files a guest whose time is counted has in its memory from the beginning.

While all its programs wait, the clock of such a guest goes straight to the next timer; also while a file of the host is on its way: who starts a program
could find that half a minute has gone. So what a scenario opens is unpacked before the first program runs: what the lab's packages have, the tests, the
programs under test and the kernel's modules. What is missing here works all the same, in a time that depends on the host.
"""
import glob
import os
import re
import stat
import subprocess

from .cpio import Archive
from .initramfs import program_files
from .job import LAB

BELOW = "ahead"  # in the initramfs; guest/qemu-init makes it a layer above the host's files
PACKAGES = LAB / "packages.txt"
RUNS_THE_GUEST = {"qemu-system-x86", "busybox-static"}
SHELL = {"bash", "coreutils", "dash", "findutils", "grep", "libc-bin", "mount", "openssl", "python3", "sed"}
NOT_RUN = re.compile(r"perl-|gcc-|debconf|dpkg$|adduser$|logrotate$")  # others depend on them
FOLDERS = re.compile(r"/(etc|bin|sbin|lib|lib64|usr/bin|usr/sbin|usr/lib|usr/libexec|usr/share/iproute2|usr/share/yang)/(?!.*/(perl|gconv|config-[^/]*)/)")
MODULES = re.compile(r"modules\.[^/]*$|kernel/(net|lib|crypto|arch|drivers/net/[^/]*$|drivers/net/vxlan)")  # below the kernel's own folder
SOURCES = [LAB.parent / name for name in ("lab", "bench", "k8s")]
PYTHON = [path for where in ("/usr/lib", "/usr/local/lib") for path in glob.glob(f"{where}/python3*/dist-packages/*.pth")]  # read at each start
WHOLE = ["/etc/alternatives", "/etc/ldap", "/etc/modprobe.d", "/lib/modprobe.d", "/usr/lib/python3/dist-packages/_distutils_hack",
         *(path for pattern in ("*/sasl2", "python3.*/**/__pycache__") for path in glob.glob(f"/usr/lib/{pattern}", recursive=True))]
ALSO = ("/bin", "/lib", "/lib64", "/sbin",  # these are links
        *(f"/etc/{name}" for name in ("group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd", "resolv.conf")),
        "/usr/share/locale/locale.alias", *glob.glob("/usr/lib/*/gconv/gconv-modules.cache"), *glob.glob("/usr/lib/*/libnss_*"), *PYTHON)
PROGRAMS = ("LINTEL", "LINTEL_STATIC", "LABTOOL", "IPVSLOOP")  # of the environment; so is the next, a folder
PEERS = "KUBEBUILDER_ASSETS"


def _with_what_they_need(wanted):
    """These packages, and those that they depend on, as dpkg knows them: with an architecture where there may be several."""
    fields = "${Package}\t${binary:Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n"
    known, depends, provided = {}, {}, {}
    for line in subprocess.run(["dpkg-query", "-W", "-f", fields], check=True, capture_output=True, text=True).stdout.splitlines():
        name, full, needs, provides = line.split("\t")
        known.setdefault(name, []).append(full)
        depends[name] = re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]+)", needs)
        provided |= {other: name for other in re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9.+-]+)", provides)}
    seen, todo = set(), list(wanted)
    while todo:
        name = todo.pop()
        name = name if name in depends else provided.get(name)
        if name and name not in seen and not NOT_RUN.match(name):
            seen.add(name)
            todo += depends[name]
    return sorted(full for name in seen for full in known[name])


def _of_packages():
    wanted = set(re.findall(r"^([a-z0-9][^\s#]*)", PACKAGES.read_text(encoding="utf-8"), re.MULTILINE)) - RUNS_THE_GUEST | SHELL
    listed = subprocess.run(["dpkg", "-L", *_with_what_they_need(wanted)], check=False, capture_output=True, text=True).stdout  # some may be gone
    return (path for path in listed.splitlines() if FOLDERS.match(path))


def _of_programs(programs):
    """They and their libraries, by the names that they are opened by and by those that these stand for."""
    for program in programs:
        for path in program_files(program):
            yield from (path, os.path.realpath(path))


def _below(*folders):
    for folder in folders:
        for at, _, names in os.walk(folder):
            yield from (os.path.join(at, name) for name in names)


def _of_kernel(modules):
    return (path for path in _below(modules) if MODULES.match(os.path.relpath(path, modules)))


def path_of(path):
    """Where it is: the links on the way followed, but not itself if it is one."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def files(job, modules):
    """Their paths, sorted."""
    programs = [job.script, *(job.environment[name] for name in PROGRAMS if name in job.environment)]
    peers = [job.environment[PEERS]] if PEERS in job.environment else []
    paths = {*_of_packages(), *_of_programs(programs), *_of_kernel(modules), *_below(*SOURCES, *WHOLE, *peers), *ALSO}
    there = {path_of(path) for path in paths if os.path.lexists(path)}
    return sorted(path for path in there if stat.S_ISREG(mode := os.lstat(path).st_mode) or stat.S_ISLNK(mode))


def write(out, job, modules):
    """An archive of them, to an open file."""
    archive = Archive(out)
    for path in files(job, modules):
        archive.copy(BELOW, path)
    archive.close()
