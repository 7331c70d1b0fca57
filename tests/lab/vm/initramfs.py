# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs the QEMU guest's initramfs: busybox, the first init and the modules that reach the host's files. Pure Python, kept in the cache."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from . import cpio
from .cpio import Archive
from .job import LAB, cache


def module_order(directory, wanted):
    """Paths (relative to directory) of the wanted modules and all they need, in the order to load them."""
    needs = {}
    for line in (directory / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    by_name = {re.sub(r"\.ko.*", "", path.rsplit("/", 1)[-1]).replace("-", "_"): path for path in needs}
    order = []

    def visit(path):
        for need in needs[path]:
            visit(need)
        if path not in order:
            order.append(path)
    for name in wanted:
        if name in by_name:  # otherwise it is built in
            visit(by_name[name])
    return order


def program_files(program):
    """The program and, unless it is static, its loader and libraries."""
    yield program
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        yield from re.findall(r"(/\S+) \(0x", listing.stdout)


def write(out, kernel, wanted, busybox, first_init):
    archive = Archive(out)
    archive.add("init", first_init.read_bytes(), 0o755)
    for number, path in enumerate(program_files(busybox)):
        archive.add("bin/busybox" if number == 0 else path.lstrip("/"), pathlib.Path(path).read_bytes(), 0o755)
    names = []
    for path in module_order(kernel.modules, wanted):
        names.append(path.rsplit("/", 1)[-1])
        archive.add(f"modules/{names[-1]}", (kernel.modules / path).read_bytes(), 0o644)
    archive.add("modules/order", "".join(f"{name}\n" for name in names).encode(), 0o644)
    archive.close()


def pack(kernel, wanted):
    """The path of the initramfs for this kernel; made anew when what goes into it has changed."""
    busybox = shutil.which("busybox", path=os.environ.get("PATH", "") + ":/bin:/usr/bin")
    first_init = LAB / "guest" / "qemu-init"
    stamp = "".join(f"{path}{os.stat(path).st_mtime_ns}{os.stat(path).st_size}" for path in (busybox, kernel.image, first_init, __file__, cpio.__file__))
    target = cache() / f"initramfs-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"
    if target.exists():
        return target
    with tempfile.NamedTemporaryFile(dir=cache(), prefix="fresh-initramfs-", delete=False) as fresh:  # others may make theirs meanwhile
        write(fresh, kernel, wanted, busybox, first_init)
    os.rename(fresh.name, target)
    for old in cache().glob("initramfs-*"):
        if old != target:
            old.unlink(missing_ok=True)
    return target
