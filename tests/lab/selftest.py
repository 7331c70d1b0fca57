#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab tried on itself, without lintel (scenarios/lab_itself.py).

    tests/lab/run -e LABTOOL=BUILD/tests/lab/tool/labtool tests/lab/selftest.py
"""
import sys

from suite import main

sys.exit(main(["lab_itself"]))
