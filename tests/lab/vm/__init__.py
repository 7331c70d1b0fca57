# SPDX-License-Identifier: GPL-2.0-or-later
"""The launcher's three ways to reach a kernel with IPVS. Each has require() (or raises Unavailable) and run(job) -> exit code."""
