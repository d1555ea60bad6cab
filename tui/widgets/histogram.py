"""A histogram of many numbers: its bins, and how it is drawn in characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, Ints, frozen
from viz.style import EIGHTHS, short_number

FAR = 1e9
"""Where one side of 0 is so much longer, 0 stands at an end."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts between edges; of logarithms of sizes, if it is logarithmic."""

    edges: Floats  # ascending, one more than there are bins; powers of ten if logarithmic
    counts: Ints
    ends: tuple[float, float]  # the smallest number and the largest; sizes if logarithmic
    is_log: bool
    n_zero: int  # numbers left out since 0 has no logarithm
    n_odd: int  # numbers left out since they are not finite

    @classmethod
    def of(cls, numbers: Floats, n_bins: int, *, is_log: bool) -> Histogram:
        """The numbers in bins of one width, from the smallest to the largest.

        Numbers so near to each other, or so far apart, that floats hold no bins between are in one.
        """
        flat = numbers.ravel()
        counted = flat[np.isfinite(flat)]
        n_zero, n_odd = 0, len(flat) - len(counted)
        if is_log:
            n_zero = int((counted == 0).sum())
            counted = np.abs(counted[counted != 0])
        if not len(counted):
            edges, counts = np.zeros(2), np.zeros(1, int)
            return cls(frozen(edges), frozen(counts), (0.0, 0.0), is_log, n_zero, n_odd)
        ends = float(counted.min()), float(counted.max())
        placed = np.log10(counted) if is_log else counted
        low, high = float(placed.min()), float(placed.max())
        with np.errstate(all="ignore"):
            edges = np.linspace(low, high, n_bins + 1)
            if np.isfinite(edges).all() and (np.diff(edges) > 0).all():
                counts, edges = np.histogram(placed, n_bins, (low, high))
            else:
                counts, edges = np.array([len(placed)]), np.array([low, high])
        return cls(frozen(edges), frozen(counts), ends, is_log, n_zero, n_odd)

    @property
    def n_counted(self) -> int:
        """How many numbers are in the bins."""
        return int(self.counts.sum())

    def in_words(self) -> str:
        """What the bins are of, and what is left out."""
        parts = ["log of sizes" if self.is_log else "", f"{self.n_counted:,} numbers"]
        if self.n_zero:
            parts[1] = f"{self.n_counted:,} + {self.n_zero:,} zeros"
        parts += [f"{self.n_odd:,} not finite"] if self.n_odd else []
        return " · ".join(filter(None, parts))


def histogram_lines(shown: Histogram, width: int, height: int) -> list[str]:
    """The bars with the count of the tallest, and an axis with the numbers at its ends.

    Args:
        height: of all lines; the last one has the axis' numbers.
    """
    n = len(shown.counts)
    tallest = int(shown.counts.max(initial=0))
    if not tallest:
        return ["nothing to count"][: max(0, height)]
    wide = max(1, width // n)
    room = max(1, height - 1)
    full = len(EIGHTHS) - 1
    levels = np.ceil(shown.counts * (full * room / tallest)).astype(int)
    lines = []
    for line in range(room):
        filled = np.clip(levels - full * (room - 1 - line), 0, full).tolist()
        lines.append("".join(EIGHTHS[level] * wide for level in filled))
    told = f"{tallest:,}┤"
    if room > 1 and len(lines[0].lstrip()) + len(told) < len(lines[0]):
        lines[0] = told + lines[0][len(told) :]
    return [*lines, _axis(shown, n * wide)][-height:]


def _axis(shown: Histogram, width: int) -> str:
    """Both ends, and 0 or the middle between them where there is room."""
    low, high = float(shown.edges[0]), float(shown.edges[-1])
    ends = [short_number(end) for end in shown.ends]
    if low == high:
        return ends[0][:width]
    line = ends[0].ljust(max(0, width - len(ends[1]))) + ends[1]
    if low < 0 < high and not shown.is_log and -low / high < FAR:
        at = round(width * (-low / high) / (1 + -low / high))  # which no float is too large for
        if len(ends[0]) < at < width - len(ends[1]) - 1:
            line = f"{line[:at]}0{line[at + 1 :]}"
    return line
