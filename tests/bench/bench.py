#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures Lintel beside its peers, in one run on one kernel, and prints tables. `make bench` runs it inside tests/lab/run.

    tests/lab/run --via uml -t 7200 -m 6144 -e LINTEL=... -e LABTOOL=... -e IPVSLOOP=... tests/bench/bench.py [--runs N] [--save FILE] [PART...]

Parts: loss, programming, lateness, footprint, kubernetes, kubernetes-real, replication, size; and price, alone where time is counted in instructions (LAB_COUNTED=1
tests/lab/run --via qemu). What is named and is not of this guest is passed over; all of the guest when none is named. Machines are shared and noisy: ratios are
worth more than figures, and medians more than either end.
"""
import argparse
import os
import pathlib
import platform
import sys
import time

HERE = pathlib.Path(os.path.realpath(__file__)).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]
sys.dont_write_bytecode = True
import footprint  # noqa: E402
import kubernetes  # noqa: E402
import kubernetes_real  # noqa: E402
import lateness  # noqa: E402
import loss  # noqa: E402
import price  # noqa: E402
import programming  # noqa: E402
import replication  # noqa: E402
import size  # noqa: E402
from lablib.lab import Lab  # noqa: E402

PARTS = {"loss": loss, "programming": programming, "lateness": lateness, "footprint": footprint,
         "kubernetes": kubernetes, "kubernetes-real": kubernetes_real, "replication": replication, "size": size}
COUNTED = {"price": price}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="of each kind of fault (loss) [10]")
    parser.add_argument("--systems", default="", metavar="WORD", help="loss: only the systems whose name has it, \"100 ms\" say")
    parser.add_argument("--save", type=pathlib.Path, help="write the tables there as well")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, *COUNTED, []])
    options = parser.parse_args()
    parts, clock = (COUNTED, ", time counted in instructions") if os.environ.get("LAB_COUNTED") else (PARTS, "")
    pages = [f"Measured {time.strftime('%Y-%m-%d')} on Linux {platform.release()}, {os.cpu_count()} CPU(s) in the guest{clock}:\n"]
    lab = Lab()
    missed = []
    for name in [name for name in options.parts or parts if name in parts]:
        begun = time.monotonic()
        for table in parts[name].measure(lab, options):
            text = table.markdown()
            print("\n" + text, flush=True)
            pages.append(text)
            missed += table.missed
        print(f"# {name}: {time.monotonic() - begun:.0f} s", flush=True)
        lab.reset()
    if options.save:
        options.save.write_text("\n".join(pages), encoding="utf-8")
    lab.close()
    for text in missed:
        print(f"# goal missed: {text}", flush=True)
    print(f"# goals missed: {len(missed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
