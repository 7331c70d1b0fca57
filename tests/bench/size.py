# SPDX-License-Identifier: GPL-2.0-or-later
"""How large the programs are: Lintel in its two kinds, alone and with the libraries that it loads, beside keepalived and ipvsadm."""
import os
import pathlib
import re
import shutil
import subprocess

from lablib.process import fresh_directory
from table import Table


def stripped(path):
    """Debian's programs have no symbols either."""
    copy = fresh_directory("size") / "program"
    subprocess.run(["strip", "--strip-all", "-o", copy, path], check=True)
    return copy.stat().st_size


def libraries(path):
    """Sizes of all that the loader would load, itself included."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return [pathlib.Path(found).resolve().stat().st_size for found in re.findall(r"(/\S+) \(0x", said)]


def measure(_lab, _options):
    table = Table("Size on disk", ["program", "file, MiB", "with its libraries, MiB", "libraries"],
                  "Without symbols. The static binary has all of its libraries inside, TLS included, and asks for nothing.")
    programs = {"Lintel": os.environ["LINTEL"], "keepalived": shutil.which("keepalived"), "ipvsadm": shutil.which("ipvsadm")}
    if "LINTEL_STATIC" in os.environ:
        programs = {"Lintel, static binary": os.environ["LINTEL_STATIC"]} | programs
    for name, path in programs.items():
        if path:
            alone, loaded = stripped(path), libraries(path)
            table.add(name, f"{alone / 2**20:.1f}", f"{(alone + sum(loaded)) / 2**20:.1f}", len(loaded))
    yield table
