#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's initramfs in the cache, tried without a guest: labs that start side by side pack it at the same time. Prints TAP."""
import multiprocessing
import os
import shutil
import sys
import types

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from tap import Skip, main, test  # noqa: E402
from vm import initramfs  # noqa: E402

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


@test
def labs_that_start_side_by_side_do_not_take_it_from_each_other(directory):
    if not shutil.which("busybox", path=os.environ.get("PATH", "") + ":/bin:/usr/bin"):
        raise Skip("busybox is not installed")
    os.environ["XDG_CACHE_HOME"] = str(directory)
    kernel, barrier, failures = kernel_in(directory), multiprocessing.Barrier(LABS), multiprocessing.Queue()
    labs = [multiprocessing.Process(target=pack, args=(kernel, barrier, failures)) for _ in range(LABS)]
    for lab in labs:
        lab.start()
    for lab in labs:
        lab.join(120)
    assert failures.empty(), failures.get()
    left = sorted(path.name for path in (directory / "lintel-lab").iterdir())
    assert len(left) == 1 and left[0].startswith("initramfs-"), left


if __name__ == "__main__":
    sys.exit(main())
