# SPDX-License-Identifier: GPL-2.0-or-later
"""A small network of namespaces on one kernel, and words for what happens in it. Start with lab.py."""
