# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds Debian's ready cloud kernel: installed in /boot, or unpacked into the cache by fetch (which leaves the host's own boot alone)."""
import collections
import fcntl
import pathlib
import shutil
import subprocess
import tempfile

from .job import Unavailable, cache, note

Kernel = collections.namedtuple("Kernel", "release image modules")
PACKAGE = "linux-image-cloud-amd64"
HOST = pathlib.Path("/")


def candidates():
    for base in (cache() / "kernel", HOST):
        for image in sorted(base.glob("boot/vmlinuz-*-cloud-amd64"), reverse=True):
            release = image.name.removeprefix("vmlinuz-")
            for modules in (base / "lib/modules" / release, base / "usr/lib/modules" / release):
                if (modules / "modules.dep").exists():
                    yield Kernel(release, image, modules)
                    break


def find():
    """The kernel to boot; fetched when there is none."""
    found = next(candidates(), None)
    if found is None:
        with open(cache() / "kernel.lock", "w", encoding="ascii") as lock:  # labs start side by side: one fetches for all
            fcntl.flock(lock, fcntl.LOCK_EX)
            if next(candidates(), None) is None:
                fetch()
        found = next(candidates(), None)
    if found is None:
        raise Unavailable(f"no kernel: apt-get install {PACKAGE}")
    return found


def named_by(package):
    """The kernels that a package which only points at the current one depends on."""
    depends = subprocess.run(["apt-cache", "depends", "--important", package], capture_output=True, text=True, check=False).stdout
    return [word for word in depends.split() if word.startswith("linux-image-") and word != package]


def fetch():
    """Downloads the package that PACKAGE stands for and unpacks it into the cache. Nothing is installed."""
    if not shutil.which("apt-get"):
        raise Unavailable(f"no kernel like the one of Debian's {PACKAGE} in /boot")
    names = named_by(PACKAGE)
    if not names:
        subprocess.run(["apt-get", "update", "-q"], stdout=subprocess.DEVNULL, check=False)
        names = named_by(PACKAGE)
    if not names:
        raise Unavailable(f"no kernel, and apt knows no {PACKAGE}: apt-get update && apt-get install {PACKAGE}")
    note(f"fetching Debian's kernel package {names[0]} into {cache()} (about 26 MB, once)")
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        got = subprocess.run(["apt-get", "download", "-q", names[0]], cwd=folder, capture_output=True, text=True, check=False)
        packages = list(pathlib.Path(folder).glob("*.deb"))
        if got.returncode or not packages:
            raise Unavailable(f"no kernel, and it could not be fetched ({got.stderr.strip()}): apt-get install {PACKAGE}")
        root = pathlib.Path(folder) / "root"
        subprocess.run(["dpkg-deb", "-x", packages[0], root], check=True)
        release = next((root / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")
        subprocess.run(["depmod", "-b", root, release], check=True)
        shutil.rmtree(cache() / "kernel", ignore_errors=True)
        root.rename(cache() / "kernel")
