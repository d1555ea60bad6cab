"""`ColorScale`: numbers as colours of a theme, whole arrays at once, and the scale's own legend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats, Ints
from viz.maps.svg_elements import box, short, words, wrapped
from viz.style import DECADES, blend, rgb
from viz.views.themes import Theme

LEVELS = 48
"""Different colours from one end to the other."""
SWATCH = 12
"""Height of a legend's colours. Units: pixels."""
LINE = 15
"""From one line of a legend to the next."""


@dataclass(frozen=True)
class ColorScale:
    """Which colour a number has."""

    theme: Theme
    largest: float  # the size that has the strongest colour
    is_signed: bool = False
    is_log: bool = False
    """Whether a colour is a power of ten, `DECADES` of them down to the weakest, and not a share of
    the largest."""
    least: float = 0.0
    """Where on the ramp the weakest stands: above 0, what is small still stands out from paper."""
    ends: tuple[str, str] | None = None
    """What the legend says at both ends, if not the numbers themselves."""

    @cached_property
    def colors(self) -> tuple[str, ...]:
        """By level, 0 to `LEVELS`; of signed numbers 0 lies in the middle."""
        stops = self.theme.signed if self.is_signed else self.theme.ramp
        last = len(stops) - 1
        places = np.linspace(self.least * last, last, LEVELS + 1)
        below = np.minimum(places.astype(int), len(stops) - 2)
        return tuple(
            blend(stops[place], rgb(stops[place + 1]), float(at - place))
            for at, place in zip(places.tolist(), below.tolist(), strict=True)
        )

    def strengths(self, numbers: Floats) -> Floats:
        """How large numbers are, 0 to 1; nan of what is no number. Shape: as `numbers`."""
        sizes = np.abs(numbers)
        if not self.largest > 0:
            return np.where(np.isnan(sizes), np.nan, np.where(sizes > 0, 1.0, 0.0))
        with np.errstate(all="ignore"):
            if self.is_log:
                found = 1 + (np.log10(sizes) - np.log10(self.largest)) / DECADES
            else:
                found = sizes / self.largest
        strengths: Floats = np.clip(found, 0.0, 1.0)
        return strengths

    def levels(self, numbers: Floats) -> Ints:
        """The place of each number's colour in `colors`, -1 of what is no number."""
        strengths = self.strengths(numbers)
        if self.is_signed:
            strengths = (1 + np.sign(numbers) * strengths) / 2
        unknown = np.isnan(strengths)
        strengths[unknown] = 0.0
        return np.where(unknown, -1, np.rint(strengths * LEVELS)).astype(np.int64)

    def color(self, number: float) -> str:
        """Of one number."""
        level = int(self.levels(np.array([number]))[0])
        return self.theme.unknown if level < 0 else self.colors[level]

    def legend(self, x: float, y: float, room: float, text: str) -> Iterator[str]:
        """The colours in a row with the numbers at their ends, and what they say, under it."""
        ends = self._ends()
        before = 58
        width = min(room - 2 * before, 180.0)
        shown = self.colors[:: LEVELS // 12]
        step = width / len(shown)
        muted = self.theme.muted
        yield words(x + before - 6, y + 10.5, ends[0], muted, anchor="end")
        for place, color in enumerate(shown):
            yield box(x + before + place * step, y, step + 0.3, SWATCH, color)
        frame = f'stroke="{self.theme.hairline}" stroke-width="0.6"'
        yield box(x + before, y, width, SWATCH, "none", frame)
        yield words(x + before + width + 6, y + 10.5, ends[1], muted)
        for place, line in enumerate(wrapped(text, room, 12)):
            yield words(x, y + SWATCH + 15 + place * LINE, line, muted)

    def _ends(self) -> tuple[str, str]:
        if self.ends is not None:
            return self.ends
        if self.is_signed:
            return short(-self.largest), short(self.largest)
        return (f"≤ {short(self.largest / 10.0**DECADES)}" if self.is_log else "0"), short(
            self.largest
        )


def largest_size(*numbers: Floats) -> float:
    """The largest finite size among numbers, 0 if there is none."""
    sizes = [np.abs(each[np.isfinite(each)]) for each in numbers]
    return max((float(each.max(initial=0.0)) for each in sizes), default=0.0)
