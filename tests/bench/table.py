# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of measurements, and the few statistics they need."""
import statistics


def spread(values, unit="", digits=0):
    """min / median / max of some measurements, as text."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low:.{digits}f} / {middle:.{digits}f} / {high:.{digits}f}{unit}"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Table:
    def __init__(self, title, columns, note=""):
        self.title, self.columns, self.note = title, columns, note
        self.rows, self.goals, self.missed = [], [], []

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])
        print(f"# {self.title}: " + " | ".join(self.rows[-1]), flush=True)

    def goal(self, text, reached):
        """A goal, and whether this run reached it. Reported, never asserted: the machine is shared."""
        self.goals.append(f"- {'reached' if reached else '**missed**'}: {text}")
        if not reached:
            self.missed.append(f"{self.title}: {text}")

    def markdown(self):
        widths = [max(len(row[i]) for row in [self.columns, *self.rows]) for i in range(len(self.columns))]

        def line(cells):
            return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"

        lines = [f"### {self.title}", ""] + ([self.note, ""] if self.note else [])
        lines += [line(self.columns), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, self.rows), ""]
        if self.goals:
            lines += ["Goals:", "", *self.goals, ""]
        return "\n".join(lines)
