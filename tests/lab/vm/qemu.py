# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's ready cloud kernel under QEMU, by software emulation unless /dev/kvm really works.

The guest boots from a small initramfs (busybox and a few modules), mounts the host's whole file system through virtiofs and puts a
private overlay on it: no image is packed. Kernel messages go to a serial port, the script's output through a virtio port.

An emulated guest counts its instructions for time: what it measures, and whether it is in time, does not depend on what else the host does, and it
does not wait while all its programs do.
"""
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

from . import ahead
from .initramfs import pack
from .job import DIED, TIMED_OUT, Unavailable, cache, copy_stream, need, note, tied, wait
from .kernel import find

BOOT_MODULES = ("virtio_pci", "virtio_console", "virtio_rng", "virtiofs", "overlay")
JOB_MODULES = ("ipv6 ip_vs ip_vs_rr ip_vs_wrr nf_conntrack nf_conntrack_netlink nf_tables nft_ct nft_nat nft_masq nft_reject_inet "
               "nft_chain_nat veth bridge af_packet macvlan dummy")
SHIFT = 1  # an instruction takes two to the power of this, in nanoseconds
KVM_PATIENCE = 5  # seconds that a guest under KVM has for its first sign of life before software emulation is used instead


def virtiofsd():
    for path in ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd"):
        if os.access(path, os.X_OK):
            return path
    raise Unavailable("virtiofsd not found: apt-get install qemu-system-common (Debian 12) or virtiofsd")


def require():
    if os.uname().machine != "x86_64":
        raise Unavailable("only on x86_64")
    if os.geteuid() != 0:
        raise Unavailable("needs root")
    need("qemu-system-x86_64", package="qemu-system-x86")
    need("busybox", package="busybox-static")
    virtiofsd()
    find()


def kvm_verdict():
    """Whether KVM worked the last time since this machine was booted: True, False, or None (not tried yet)."""
    path = cache() / "kvm-verdict"
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    if path.exists() and (words := path.read_text(encoding="ascii").split()) and words[0] == boot:
        return words[1] == "works"
    return None


def remember_kvm(works):
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    (cache() / "kvm-verdict").write_text(f"{boot} {'works' if works else 'broken'}\n", encoding="ascii")


def share_files(job):
    """Starts virtiofsd for the host's root; gives it and its socket. It ends when QEMU closes the connection."""
    path = job.control / "virtiofs.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener, open(job.control / "virtiofsd.log", "wb") as log:
        listener.bind(str(path))
        listener.listen(1)
        process = subprocess.Popen(tied([virtiofsd(), "-f", "-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always",
                                 "-o", "log_level=err", "-o", "no_posix_lock", f"--fd={listener.fileno()}"]),
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[listener.fileno()])
    return process, path


def initrd(job, kernel, accelerator):
    """Where the initramfs is; behind it what an emulated guest should not wait for."""
    first = pack(kernel, BOOT_MODULES)
    if accelerator == "kvm":
        return first
    whole = job.control / "initramfs"
    with open(whole, "wb") as out:
        out.write(first.read_bytes())
        ahead.write(out, job, kernel.modules)
    return whole


def command_line(job, kernel, accelerator, files, script):
    memory = f"{job.memory}M"
    if accelerator == "kvm":
        way, cpu, cpus = ["kvm"], "host", os.environ.get("LAB_CPUS") or str(min(2, os.cpu_count()))
    else:
        way = ["tcg,thread=single", "-icount", f"shift={SHIFT},sleep=off,align=off"]
        cpu, cpus = "max,la57=off,erms=off,fsrm=off", "1"  # with the last two each byte cleared would be one instruction
    # norandmaps: what was translated for a program serves the next process of it only if it is at the same address: five times the speed of starting one
    words = ["mitigations=off", "norandmaps", "audit=0", "panic=-1", "console=ttyS0", "random.trust_cpu=on", "ip_vs.conn_tab_bits=18", "nf_conntrack.hashsize=65536",
             "loglevel=7" if job.verbose else "loglevel=4", f"lab.ctl={job.control}", f"lab.out={job.output}"]
    log = "/dev/stderr" if job.verbose else job.kernel_log
    return ["qemu-system-x86_64", "-accel", *way, "-cpu", cpu,
            "-smp", cpus, "-m", memory, "-object", f"memory-backend-memfd,id=mem,size={memory},share=on",
            "-machine", "q35,memory-backend=mem,usb=off,vmport=off,smbus=off,sata=off", "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot",
            "-kernel", kernel.image, "-initrd", initrd(job, kernel, accelerator), "-append", " ".join(words),
            "-chardev", f"socket,id=files,path={files}", "-device", "vhost-user-fs-pci,chardev=files,tag=host,queue-size=512",
            "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
            "-chardev", f"file,id=script,path=/proc/self/fd/{script}", "-device", "virtserialport,chardev=script,name=lab.out",
            "-chardev", f"file,id=console,path={log}", "-serial", "chardev:console"]


def boot(job, kernel, accelerator):
    """One guest from power on to power off. Gives whether it came to life, and whether it ended in time."""
    files, files_socket = share_files(job)
    alive = threading.Event()
    script_out, script_in = os.pipe()
    process = subprocess.Popen(tied(command_line(job, kernel, accelerator, files_socket, script_in)), stdin=subprocess.DEVNULL,
                               pass_fds=[script_in])
    os.close(script_in)
    try:
        pump = copy_stream(script_out, sys.stdout.buffer, on_first=alive.set)
        if accelerator == "kvm" and not wait_for_life(job, process, alive):
            return False, False
        in_time = wait(process, job.time_left())
        pump.join(timeout=5)
        return True, in_time
    finally:
        process.kill()
        files.kill()
        files.wait()


def wait_for_life(job, process, alive):
    deadline = time.monotonic() + KVM_PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if alive.is_set() or (job.control / "booted").exists():
            return True
        time.sleep(0.05)
    return (job.control / "booted").exists()


def run(job):
    kernel = find()
    emulate = os.environ.get("LAB_COUNTED") or not os.access("/dev/kvm", os.W_OK) or kvm_verdict() is False  # KVM counts no instructions
    accelerators = ["tcg"] if emulate else ["kvm", "tcg"]
    for accelerator in accelerators:
        kind = "KVM" if accelerator == "kvm" else "software emulation"
        note(f"running {job.script.name} in a virtual machine (QEMU, {kind}, Linux {kernel.release})")
        job.environment["LAB_EMULATED"] = "1" if accelerator == "tcg" else "0"
        job.write_for_guest("qemu", console="/dev/console", modules=JOB_MODULES, module_directory=kernel.modules)
        alive, in_time = boot(job, kernel, accelerator)
        if accelerator == "kvm":
            remember_kvm(alive)
            if not alive:
                note("KVM does not work here")
                continue
        if (code := job.guest_exit_code()) is not None:
            return code
        if in_time:
            return job.explain_death("QEMU")
        note(f"timed out after {job.timeout:g} s")
        return TIMED_OUT
    return DIED
