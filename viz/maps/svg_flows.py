"""What flows on a Map's picture: the river down each column, and the ribbons between columns.

A ribbon leaves the row above the heads, goes down beside its column, and along the lane over the
head's strips to the one small cell that stands for its column: lanes of one reader never cross.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from viz.maps.lenses import Look
from viz.maps.palette import RIVER, head_color
from viz.maps.scale import UNKNOWN, Ends, Scale, flow
from viz.maps.step_map import Ribbon
from viz.maps.svg_elements import box, xml
from viz.maps.svg_layout import LANE, PictureLayout
from viz.maps.words import column_name

WIDEST_RIBBON = 8.0
LEAST_RIVER, LEAST_RIBBON = 0.8, 0.5
STRONG, FAINT = "0.9", "0.15"
BEND = 5.0
"""Radius of a ribbon's corners."""


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the river: what flows in a column past the rows from one to another."""

    column: int
    from_row: int
    to_row: int
    size: float
    way: Literal["around", "through", "whole"]  # a block, or where there is none to go around
    counts: bool  # for the scale


@dataclass(frozen=True, eq=False)
class Flows:
    """All that flows on the Maps of a picture, on one scale."""

    layout: PictureLayout
    chosen: int | None = None  # the column whose ribbons stand out; which, is found if None
    ends: Ends = UNKNOWN

    @property
    def looks(self) -> Sequence[Look]:
        """The Maps."""
        return self.layout.looks

    # -- the river ---------------------------------------------------------------------------------

    @cached_property
    def _bands(self) -> tuple[tuple[Band, ...], ...]:
        return tuple(tuple(bands_of(look)) for look in self.looks)

    @cached_property
    def widest_band(self) -> float:
        """What the widest band carries."""
        sizes = (band.size for bands in self._bands for band in bands if band.counts)
        return max([self.ends.bands, *filter(math.isfinite, sizes)])

    @property
    def most_band(self) -> float:
        """Width of that one."""
        return self.layout.lane or 0.5 * self.layout.full

    def river(self, place: int) -> Iterator[str]:
        """The bands of one Map."""
        if not self.widest_band > 0:
            return
        layout = self.layout
        yield f'<g fill="{RIVER}">'
        for band in self._bands[place]:
            if not band.size > 0 or band.column >= layout.n_columns:
                continue
            edge = layout.x(place, band.column)
            if band.way == "through":
                middle, most = edge + layout.full - layout.inner / 2, layout.inner
            else:
                middle = edge + (layout.lane or layout.full) / 2
                most = self.most_band
            part = min(1.0, band.size / self.widest_band) * self.most_band
            width = min(most, max(LEAST_RIVER, part))
            top = layout.tops[band.from_row] + layout.cell_height - 2
            data = (
                f'data-column="{band.column}" data-from-row="{band.from_row}" '
                f'data-to-row="{band.to_row}" data-size="{band.size!r}"'
            )
            height = layout.tops[band.to_row] + 2 - top
            yield box(middle - width / 2, top, width, height, RIVER, data)
        yield "</g>"

    # -- ribbons -----------------------------------------------------------------------------------

    @cached_property
    def ribbons(self) -> tuple[tuple[tuple[Ribbon, float], ...], ...]:
        """Of each Map those between two columns that carry something, and how much."""
        heads = self.layout.head_rows
        return tuple(
            tuple(
                (ribbon, size)
                for ribbon in look.map.ribbons
                if ribbon.source < ribbon.column < self.layout.n_columns and ribbon.row in heads
                for size in (flow(look, ribbon.grad_norm, ribbon.data_norm),)
                if 0 < size < math.inf
            )
            for look in self.looks
        )

    @cached_property
    def reader(self) -> int | None:
        """The column whose ribbons stand out."""
        if self.chosen is not None:
            return self.chosen
        carried: dict[int, float] = defaultdict(float)
        for ribbons in self.ribbons:
            for ribbon, size in ribbons:
                carried[ribbon.column] += size
        return max(carried, key=lambda column: carried[column], default=None)

    @cached_property
    def widest_ribbon(self) -> float:
        """What the widest ribbon carries."""
        sizes = (size for ribbons in self.ribbons for _, size in ribbons)
        return max([self.ends.ribbons, *sizes])

    @cached_property
    def widest_strip(self) -> float:
        """What the ribbons to one strip carry, of the one with the most."""
        sums: dict[tuple[int, int, int], float] = defaultdict(float)
        for place, ribbons in enumerate(self.ribbons):
            for ribbon, size in ribbons:
                sums[place, ribbon.row, ribbon.column] += size
        return max([self.ends.strips, *sums.values()])

    @cached_property
    def most_ribbon(self) -> float:
        """Width of that one: so much that those of one strip fit into the lane over it."""
        fits = (LANE - 3) * self.widest_ribbon / (self.widest_strip or 1.0)
        return min(WIDEST_RIBBON, self.layout.gutter / 3, fits)

    def drawn(self, place: int) -> Iterator[str]:
        """The ribbons of one Map, the reader's over the others."""
        ribbons = self.ribbons[place]
        if not ribbons:
            return
        yield '<g fill="none">'
        heights: dict[tuple[int, int], float] = defaultdict(float)
        faint: list[str] = []
        strong: list[str] = []
        for ribbon, size in sorted(ribbons, key=lambda each: each[0].source):
            width = max(LEAST_RIBBON, min(1.0, size / self.widest_ribbon) * self.most_ribbon)
            key = (ribbon.row, ribbon.column)
            height = min(heights[key] + width / 2 + 0.5, LANE - 1)
            heights[key] += width + 0.6
            is_strong = ribbon.column == self.reader
            (strong if is_strong else faint).append(
                f'<path d="{self._path(place, ribbon, height)}" '
                f'stroke="{head_color(ribbon.head)}" stroke-width="{width:.2f}" '
                f'stroke-opacity="{STRONG if is_strong else FAINT}" data-row="{ribbon.row}" '
                f'data-from="{ribbon.source}" data-to="{ribbon.column}" '
                f'data-grad="{ribbon.grad_norm!r}" data-brought="{ribbon.data_norm!r}">'
                f"<title>{xml(self._told(place, ribbon))}</title></path>"
            )
        yield from faint
        yield from strong
        yield "</g>"

    def _path(self, place: int, ribbon: Ribbon, height: float) -> str:
        """From the row above the heads down the gutter, and over the lane to a small cell."""
        layout = self.layout
        first, n_heads = self._heads_of_layer[ribbon.layer]
        start = max(0, first - 1)
        across = (n_heads - 0.5 - ribbon.head) / n_heads  # the first to turn is the rightmost
        x0 = layout.x(place, ribbon.source) + layout.full
        xt = x0 + 3 + (layout.gutter - 7) * across
        y0 = layout.tops[start] + layout.cell_height * (0.3 + 0.5 * ribbon.head / n_heads)
        strip = layout.tops[ribbon.row]
        yl = strip - height
        part = layout.cell_width(ribbon.row) / layout.n_columns
        xs = layout.x(place, ribbon.column, ribbon.row) + (ribbon.source + 0.5) * part
        return (
            f"M{x0:.1f} {y0:.1f}Q{xt:.1f} {y0:.1f} {xt:.1f} {y0 + BEND:.1f}V{yl - BEND:.1f}"
            f"Q{xt:.1f} {yl:.1f} {xt + BEND:.1f} {yl:.1f}H{xs - BEND:.1f}"
            f"Q{xs:.1f} {yl:.1f} {xs:.1f} {strip:.1f}"
        )

    @cached_property
    def _heads_of_layer(self) -> dict[int | None, tuple[int, int]]:
        """The first row of each layer's heads, and how many there are."""
        found: dict[int | None, tuple[int, int]] = {}
        rows = self.looks[0].map.rows
        for row in self.layout.head_rows:
            first, n_heads = found.get(rows[row].layer, (row, 0))
            found[rows[row].layer] = (min(first, row), n_heads + 1)
        return found

    def _told(self, place: int, ribbon: Ribbon) -> str:
        step_map = self.looks[place].map
        return (
            f"head {ribbon.head} of {column_name(step_map, ribbon.column)} reads "
            f"{column_name(step_map, ribbon.source)}: gradient {ribbon.grad_norm!r}, "
            f"weight × value {ribbon.data_norm!r}"
        )


def bands_of(look: Look) -> Iterator[Band]:
    """The river of a Map, column by column."""
    step_map, scale = look.map, Scale(look)
    grid = step_map.grid
    apart = {int(grid.row_of[cell]) for cell in (*scale.probabilities, *scale.losses)}
    has_skips = any(current.is_skip for current in step_map.river)
    around: dict[tuple[int, int], tuple[int, int, float]] = {}
    through: dict[tuple[int, int], dict[int, float]] = defaultdict(dict)
    for current in step_map.river:
        size = flow(look, current.grad_norm, current.data_norm)
        for row in range(current.from_row, current.to_row):
            key = (current.column, row)
            if current.is_skip:  # of two, the shorter one is what a row inside of it goes around
                found = around.get(key)
                if found is None or current.to_row - current.from_row < found[1] - found[0]:
                    around[key] = (current.from_row, current.to_row, size)
            else:  # what several rows read of one flows once
                sizes = through[key]
                sizes[current.from_row] = max(size, sizes.get(current.from_row, 0.0))
    for (column, row), sizes in through.items():
        size = math.hypot(*sizes.values())
        way: Literal["through", "whole"] = "through" if (column, row) in around else "whole"
        counts = not has_skips and not apart.intersection(sizes)
        yield Band(column, row, row + 1, size, way, counts)
    for column, start, stop, size in _runs(around):
        yield Band(column, start, stop, size, "around", True)


def _runs(
    around: dict[tuple[int, int], tuple[int, int, float]],
) -> Iterator[tuple[int, int, int, float]]:
    """Neighbouring gaps that one skip spans, as one."""
    runs: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for (column, row), (start, stop, _) in around.items():
        runs[column, start, stop].append(row)
    for (column, _, _), rows in runs.items():
        size = around[column, rows[0]][2]
        first = rows[0]
        for row, following in zip(rows, (*rows[1:], None), strict=True):
            if following != row + 1:
                yield column, first, row + 1, size
                first = following if following is not None else row
