#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What labs keep in the cache, tried without a guest: those that start side by side fetch the kernel and pack the initramfs at the same time. Prints TAP."""
import multiprocessing
import os
import pathlib
import shutil
import sys
import types

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from tap import Skip, main, test  # noqa: E402
from vm import initramfs, kernel as fetched  # noqa: E402

LABS = 6
ROUNDS = 20


def kernel_in(directory):
    """Enough of a kernel to be packed with."""
    image, modules = directory / "vmlinuz", directory / "modules"
    image.write_bytes(b"kernel")
    modules.mkdir()
    (modules / "modules.dep").write_text("kernel/a.ko:\n", encoding="ascii")
    (modules / "kernel").mkdir()
    (modules / "kernel" / "a.ko").write_bytes(b"module")
    return types.SimpleNamespace(image=str(image), modules=modules)


def pack(kernel, barrier, failures):
    """As one of several labs, which have the same process id when each has a namespace of its own."""
    os.getpid = lambda: 933
    for _ in range(ROUNDS):
        barrier.wait(60)
        try:
            assert initramfs.pack(kernel, ["a"]).read_bytes().startswith(b"070701")
        except Exception as problem:  # pylint: disable=broad-exception-caught
            failures.put(repr(problem))
        if barrier.wait(60) == 0:
            os.utime(kernel.image, ns=(0, os.stat(kernel.image).st_mtime_ns + 1000))  # another kernel for the next round
        barrier.wait(60)


# In the places of apt and dpkg: a package that takes a while to come.
PROGRAMS = {
    "apt-get": "echo once >> $FETCHED\nsleep 0.3\ntouch linux-image-6.1.0-1-cloud-amd64_1_amd64.deb",
    "apt-cache": "echo linux-image-6.1.0-1-cloud-amd64",
    "dpkg-deb": "mkdir -p $3/boot $3/lib/modules/6.1.0-1-cloud-amd64\ntouch $3/boot/vmlinuz-6.1.0-1-cloud-amd64",
    "depmod": "sleep 0.1\ntouch $2/lib/modules/$3/modules.dep",
}


def fetch(barrier, failures):
    fetched.HOST = pathlib.Path("/nonexistent")  # whose own kernel would do
    barrier.wait(60)
    try:
        assert fetched.find().modules.joinpath("modules.dep").exists()
    except Exception as problem:  # pylint: disable=broad-exception-caught
        failures.put(repr(problem))


def side_by_side(target, *arguments):
    """As many labs as that; what one of them complains of."""
    barrier, failures = multiprocessing.Barrier(LABS), multiprocessing.Queue()
    labs = [multiprocessing.Process(target=target, args=(*arguments, barrier, failures)) for _ in range(LABS)]
    for lab in labs:
        lab.start()
    for lab in labs:
        lab.join(120)
    assert failures.empty(), failures.get()


@test
def one_of_the_labs_that_start_side_by_side_fetches_the_kernel_for_all(directory):
    for name, script in PROGRAMS.items():
        program = directory / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        program.chmod(0o755)
    os.environ.update(XDG_CACHE_HOME=str(directory), PATH=f"{directory}/bin:{os.environ['PATH']}", FETCHED=str(directory / "fetched"))
    side_by_side(fetch)
    assert (directory / "fetched").read_text(encoding="ascii") == "once\n", (directory / "fetched").read_text(encoding="ascii")


@test
def labs_that_start_side_by_side_do_not_take_the_initramfs_from_each_other(directory):
    if not shutil.which("busybox", path=os.environ.get("PATH", "") + ":/bin:/usr/bin"):
        raise Skip("busybox is not installed")
    os.environ["XDG_CACHE_HOME"] = str(directory)
    side_by_side(pack, kernel_in(directory))
    left = sorted(path.name for path in (directory / "lintel-lab").iterdir())
    assert len(left) == 1 and left[0].startswith("initramfs-"), left


if __name__ == "__main__":
    sys.exit(main())
