"""A Map as SVG, made as text: a function of the Map alone, so the same Map gives the same bytes.

One page: title, columns with their tokens, rows with their names, a sentence that says what there
is to see, and what means what. What flows is drawn by `svg_flows`, cells by `svg_cells`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from microgpt.errors import InputError
from viz.fonts import SHOWN
from viz.maps.lenses import Look
from viz.maps.palette import RIVER, head_color, size_color
from viz.maps.scale import UNKNOWN, Ends, Scale
from viz.maps.sentence import sentence
from viz.maps.svg_cells import BASELINE, OUTLINE, DrawnCells
from viz.maps.svg_elements import (
    LARGE,
    PLAIN,
    SMALL,
    TITLE,
    box,
    cut,
    short,
    text_width,
    words,
    wrapped,
    xml,
)
from viz.maps.svg_flows import Flows
from viz.maps.svg_layout import BRACKET, MARGIN, WIDTH, PictureLayout
from viz.style import DECADES, HAIRLINE, INK, MUTED, PAPER

BOLD = 'font-weight="600"'
SWATCH = 13
"""Height of the signs in the legend."""
LINE = 15
"""From one line of the legend to the next."""


def map_svg(look: Look, title: str = "", reader: int | None = None) -> str:
    """The picture of a Map.

    Args:
        look: the Map, and what its cells show.
        title: what it is of.
        reader: the column whose ribbons stand out; the one whose ribbons carry the most if None.
    """
    return maps_svg([look], [""], title, reader)


def maps_svg(
    looks: Sequence[Look],
    names: Sequence[str],
    title: str = "",
    reader: int | None = None,
    ends: Ends | None = None,
) -> str:
    """Several Maps side by side, on one scale.

    Args:
        looks: of one text and one model, through one lens: other steps, for example.
        names: what each of them is called.
        title: what they are of.
        reader: the column whose ribbons stand out; the one whose ribbons carry the most if None.
        ends: where the scales end at the least.

    Raises:
        InputError: there is none, or they differ in their rows, columns or lens.
    """
    kinds = {(look.map.rows, len(look.map.grid.labels), look.lens.name) for look in looks}
    if len(kinds) != 1:
        raise InputError(
            f"Maps side by side must be alike in rows, columns and lens: {len(looks)} Maps of "
            f"{len(kinds)} kinds"
        )
    layout = PictureLayout(tuple(looks), any(names))
    return _Page(layout, tuple(names), title, reader, ends or UNKNOWN).svg()


def ends_of(look: Look) -> Ends:
    """Where the scales of a Map's picture end."""
    layout = PictureLayout((look,))
    scale, flows = Scale(look), Flows(layout)
    return Ends(
        scale.largest, scale.largest_loss, flows.widest_band, flows.widest_ribbon,
        flows.widest_strip,
    )  # fmt: skip


def strongest_reader(look: Look) -> int | None:
    """The column whose ribbons carry the most."""
    return Flows(PictureLayout((look,))).reader


@dataclass(frozen=True, eq=False)
class _Page:
    layout: PictureLayout
    names: Sequence[str]
    title: str
    chosen: int | None
    ends: Ends
    cells: DrawnCells = field(init=False)
    flows: Flows = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", DrawnCells(self.layout, self.ends))
        object.__setattr__(self, "flows", Flows(self.layout, self.chosen, self.ends))

    @property
    def look(self) -> Look:
        """The one that is told of where not all are."""
        return self.layout.looks[-1]

    @cached_property
    def sentence(self) -> str:
        told = sentence(self.look)
        return f"{self.names[-1]}: {told}" if told and self.names[-1] else told

    def svg(self) -> str:
        layout = self.layout
        size = f'width="{layout.width}" height="{layout.height}"'
        seen = f'viewBox="0 0 {layout.width} {layout.height}"'
        font = f'font-family="{SHOWN}"'
        about = f"Each cell: {self.look.lens.what}. {self.sentence}"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {seen} {font}>',
            f"<title>{xml(self.title or 'Map')}</title>",
            f"<desc>{xml(about.strip())}</desc>",
            f'<rect {size} fill="{PAPER}"/>',
            words(
                MARGIN, 30, cut(self.title, layout.width - 2 * MARGIN, TITLE), INK, TITLE,
                extra=BOLD,
            ),
            *self._layers(),
            *self._labels(),
        ]  # fmt: skip
        for place in range(len(layout.looks)):
            parts += [
                *self._tokens(place),
                *self.flows.river(place),
                *self.cells.drawn(place),
                *self.flows.drawn(place),
            ]
        parts += [*self._legend(), "</svg>\n"]
        return "\n".join(part for part in parts if part)

    # -- around the cells --------------------------------------------------------------------------

    def _tokens(self, place: int) -> Iterator[str]:
        """What each column reads, over it, and what comes next, under it."""
        layout, step_map = self.layout, self.layout.looks[place].map
        top = layout.tops[0] - 12
        room = layout.full
        if self.names[place]:
            yield words(layout.left(place), top - 26, self.names[place], MUTED, PLAIN, extra=BOLD)
        if layout.n_columns < layout.n_all_columns:
            x = layout.left(place) + layout.n_columns * layout.pitch + 4
            more = f"… {layout.n_all_columns - layout.n_columns} more"
            yield words(x, top, more, MUTED, SMALL)
        if not layout.has_numbers:
            yield from self._numbers_of_columns(place, top)
            return
        for column, caption in enumerate(step_map.captions[: layout.n_columns]):
            label = step_map.grid.labels[column] or str(column)
            name = cut(label if caption.token is None else caption.token, room, LARGE)
            x = layout.x(place, column) + layout.full / 2
            yield words(x, top, name, INK, LARGE, "middle", BOLD)
            if layout.next_after is not None and caption.target is not None:
                y = layout.tops[layout.next_after] + layout.row_height + BASELINE + 7
                yield words(x, y, cut(caption.target, room, LARGE), INK, LARGE, "middle", BOLD)

    def _numbers_of_columns(self, place: int, top: float) -> Iterator[str]:
        """Over narrow columns: the numbers of those that have room for theirs."""
        layout = self.layout
        widest = text_width(str(layout.n_columns), SMALL) + SMALL
        for column in range(0, layout.n_columns, math.ceil(widest / layout.pitch)):
            x = layout.x(place, column) + layout.full / 2
            yield words(x, top, str(column), INK, SMALL, "middle")

    def _labels(self) -> Iterator[str]:
        layout = self.layout
        right = layout.left() - 10
        room = layout.label_width - 12 - (BRACKET if layout.layers else 0)
        for row in range(layout.n_rows):
            base = layout.tops[row] + layout.cell_height / 2 + BASELINE
            head = layout.head_rows.get(row)
            color = MUTED if head is None else head_color(head)
            name = cut(layout.label(row), room, PLAIN)
            yield words(right, base, name, color, PLAIN, "end")
        if layout.next_after is not None:
            y = layout.tops[layout.next_after] + layout.row_height + BASELINE + 7
            yield words(right, y, "comes next", MUTED, PLAIN, "end")
            yield words(right, layout.tops[0] - 12, "reads", MUTED, PLAIN, "end")

    def _layers(self) -> Iterator[str]:
        """A line beside the rows of each layer, where there are several."""
        layout = self.layout
        x = layout.left() - layout.label_width + 16
        for layer, first, last in layout.layers:
            top, bottom = layout.tops[first], layout.tops[last] + layout.cell_height
            middle = (top + bottom) / 2
            line = f'd="M{x:.1f} {top:.1f}V{bottom:.1f}"'
            yield f'<path {line} stroke="{HAIRLINE}" stroke-width="2"/>'
            turned = f'transform="rotate(-90 {x - 5:.1f} {middle:.1f})"'
            yield words(x - 5, middle, f"layer {layer}", MUTED, SMALL, "middle", turned)

    # -- what means what ---------------------------------------------------------------------------

    def _legend(self) -> Iterator[str]:
        layout = self.layout
        y = layout.legend_top + 16
        yield words(MARGIN, y, cut(self.sentence, layout.width - 2 * MARGIN, 15), INK, 15)
        blocks = [self._scale_of_cells] if self.cells.largest > 0 else []
        if self.flows.widest_band > 0:
            blocks.append(self._scale_of_bands)
        if self.flows.widest_ribbon > 0:
            blocks.append(self._scale_of_ribbons)
        if layout.head_rows:
            blocks.append(self._sample_strip)
        room = (WIDTH - 2 * MARGIN) / 4
        for place, block in enumerate(blocks):
            yield from block(MARGIN + place * room, y + 14, room - 18)

    def _scale_of_cells(self, x: float, y: float, room: float) -> Iterator[str]:
        is_signed = self.look.lens.is_signed
        largest, steps = self.cells.largest, 2 * DECADES
        colors = [size_color(step / steps, 1 if is_signed else 0) for step in range(steps + 1)]
        ends = [short(largest / 10.0**DECADES), short(largest)]
        if is_signed:
            colors = [size_color(1 - step / steps, -1) for step in range(steps)] + colors
            ends = [short(-largest), short(largest)]
        ends[0] = ends[0] if is_signed else f"≤ {ends[0]}"
        before = 58
        step = (room - 2 * before - 20) / len(colors)
        yield words(x + before - 6, y + 11, ends[0], MUTED, anchor="end")
        for place, color in enumerate(colors):
            yield box(x + before + place * step, y, step, SWATCH, color)
        yield words(x + before + len(colors) * step + 6, y + 11, ends[1], MUTED)
        yield from _told(x, y, room, f"Cells: {self.look.lens.what}")

    def _scale_of_bands(self, x: float, y: float, room: float) -> Iterator[str]:
        width = self.flows.most_band
        yield box(x, y, width, SWATCH, RIVER)
        yield words(x + width + 8, y + 11, f"= {short(self.flows.widest_band)}", MUTED)
        what = "value" if self.look.lens.name == "value" else "gradient"
        text = f"Bands: as wide as the {what} that flows there"
        if self.layout.gone_around:
            text += ", at the left of a column around a block, on the right through it"
        yield from _told(x, y, room, text)

    def _scale_of_ribbons(self, x: float, y: float, room: float) -> Iterator[str]:
        width = self.flows.most_ribbon
        yield box(x, y + (SWATCH - width) / 2, 44, width, head_color(0))
        yield words(x + 52, y + 11, f"= {short(self.flows.widest_ribbon)}", MUTED)
        reader = self.flows.reader
        assert reader is not None
        token = self.look.map.captions[reader].token
        who = f"column {reader}" if token is None else f"“{token}”, column {reader}"
        text = (
            "weight × value that a head brings from a column it reads"
            if self.look.lens.name == "value"
            else "gradient that a head sends back to a column it reads"
        )
        yield from _told(x, y, room, f"Ribbons: {text}; strong are those of {who}")

    def _sample_strip(self, x: float, y: float, room: float) -> Iterator[str]:
        part = 16
        for place, weight in enumerate((0.1, 0.6, 0.3)):
            fill = f'fill-opacity="{weight}"'
            yield box(x + place * part, y, part, SWATCH, head_color(0), fill)
        for place in range(5):
            yield box(x + place * part, y, part, SWATCH, "none", OUTLINE)
        text = (
            "a small cell for each column, as dark as the weight it is read with; empty: not read"
        )
        yield from _told(x, y, room, f"Heads: {text}")


def _told(x: float, y: float, room: float, text: str) -> Iterator[str]:
    for place, line in enumerate(wrapped(text, room, SMALL)):
        yield words(x, y + SWATCH + 15 + place * LINE, line, MUTED)
