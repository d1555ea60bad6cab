"""A Map as SVG, made as text: a function of the Map alone, so the same Map gives the same bytes.

Behind the cells of a column runs the river, as wide as the gradient that flows around the rows;
from each head ribbons run to the columns it reads, those of one reader strong. Every number stands
in a `data-` attribute and a tooltip with all its digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from xml.sax.saxutils import escape, quoteattr

from viz.fonts import SHOWN
from viz.map.lenses import Look
from viz.map.palette import RIVER, head_color, size_color
from viz.map.scale import Scale
from viz.map.sentence import sentence
from viz.map.text import cell_number
from viz.map.words import column_name
from viz.style import HAIRLINE, INK, MUTED, PAPER, ink_on

WIDTH, HEIGHT = 1280, 720
"""Of a picture that needs no more. Units: pixels, as all lengths here."""
MARGIN, TITLE, HEAD, FOOT = 24, 40, 34, 74
LABEL, PARAMETERS = 150, 176
LEAST_COLUMN, LEAST_ROW, MOST_ROW = 74, 24, 34
GAP = 5
"""Between the cells of two rows."""
SMALL, PLAIN, LARGE = 12, 13, 18
"""Sizes of text."""
WIDEST_RIVER, WIDEST_RIBBON = 0.66, 13.0
"""The river's in parts of a column's width, a ribbon's in pixels."""
CHARACTER = 0.62
"""Width of a character, of its size."""


def map_svg(look: Look, title: str = "", reader: int | None = None) -> str:
    """The picture.

    Args:
        look: the Map, and what its cells show.
        title: what it is of.
        reader: the column whose ribbons stand out; the one whose ribbons carry the most if None.
    """
    return _Picture(look, title, reader).svg()


@dataclass(frozen=True, eq=False)
class _Picture:
    look: Look
    title: str
    chosen: int | None

    # -- where things stand ------------------------------------------------------------------------

    @property
    def n_columns(self) -> int:
        return len(self.look.map.grid.labels)

    @property
    def n_rows(self) -> int:
        return len(self.look.map.rows)

    @cached_property
    def scale(self) -> Scale:
        return Scale(self.look)

    @cached_property
    def column(self) -> float:
        """Width of a column."""
        room = WIDTH - 2 * MARGIN - LABEL - PARAMETERS
        return max(LEAST_COLUMN, min(190.0, room / max(1, self.n_columns)))

    @cached_property
    def row(self) -> float:
        """Height of a row, gap included."""
        room = HEIGHT - TITLE - HEAD - FOOT - MARGIN
        return max(LEAST_ROW, min(MOST_ROW, room / max(1, self.n_rows)))

    @cached_property
    def left(self) -> float:
        """Where columns begin; few columns stand in the middle."""
        used = LABEL + self.n_columns * self.column + PARAMETERS
        return MARGIN + LABEL + max(0.0, (WIDTH - 2 * MARGIN - used) / 2)

    @cached_property
    def right(self) -> float:
        return self.left + self.n_columns * self.column

    @cached_property
    def width(self) -> int:
        return math.ceil(max(WIDTH, self.right + PARAMETERS + MARGIN))

    @cached_property
    def top(self) -> float:
        return TITLE + HEAD

    @cached_property
    def height(self) -> int:
        return math.ceil(max(HEIGHT, self.top + self.n_rows * self.row + FOOT + MARGIN))

    def _x(self, column: int) -> float:
        """The middle of a column."""
        return self.left + (column + 0.5) * self.column

    def _y(self, row: int) -> float:
        """The upper edge of a row's cells."""
        return self.top + row * self.row

    @property
    def _cell(self) -> tuple[float, float]:
        """Width and height of a cell."""
        return self.column * (0.74 if self.n_columns > 1 else 1.0) - 4, self.row - GAP

    # -- the whole ---------------------------------------------------------------------------------

    def svg(self) -> str:
        told = sentence(self.look)
        parts = [
            self._opening(),
            f"<title>{_text(self.title or 'Map')}</title>",
            f"<desc>{_text(f'Each cell: {self.look.lens.what}. {told}')}</desc>",
            f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>',
            self._words(MARGIN, 26, self.title, LARGE, INK, weight="600"),
            *self._heads(),
            *self._layers(),
            *self._river(),
            *(part for row in range(self.n_rows) for part in self._row(row)),
            *self._ribbons(),
            *self._legend(told),
            "</svg>\n",
        ]
        return "\n".join(part for part in parts if part)

    def _opening(self) -> str:
        size = f'width="{self.width}" height="{self.height}"'
        box = f'viewBox="0 0 {self.width} {self.height}"'
        font = f"font-family={quoteattr(SHOWN)}"
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} {font}>'

    def _words(
        self, x: float, y: float, text: str, size: int, color: str, anchor: str = "start",
        weight: str = "normal",
    ) -> str:  # fmt: skip
        if not text:
            return ""
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{_text(text)}</text>'
        )

    def _heads(self) -> Iterator[str]:
        """What each column reads, and what comes next."""
        for column, caption in enumerate(self.look.map.captions):
            x, label = self._x(column), self.look.map.grid.labels[column]
            name = caption.token if caption.token is not None else label or str(column)
            room = max(1, int(self.column / (CHARACTER * 15)))
            yield self._words(x, TITLE + 10, _cut(name, room), 15, INK, "middle", "600")
            if caption.target is not None:
                target = _cut(f"→ {caption.target}", int(self.column / (CHARACTER * SMALL)))
                yield self._words(x, TITLE + 26, target, SMALL, MUTED, "middle")

    def _layers(self) -> Iterator[str]:
        """A line beside the rows of each layer, where there are several."""
        layers = [row.layer for row in self.look.map.rows]
        if len({*layers} - {None}) < 2:
            return
        for layer in dict.fromkeys(number for number in layers if number is not None):
            first = layers.index(layer)
            last = len(layers) - 1 - layers[::-1].index(layer)
            x, top, bottom = self.left - LABEL - 2, self._y(first), self._y(last + 1) - GAP
            yield (
                f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="{HAIRLINE}" stroke-width="3"/>'
            )
            yield self._words(x + 8, top + 12, str(layer), SMALL, MUTED)

    # -- what flows --------------------------------------------------------------------------------

    def _size(self, grad: float, data: float) -> float:
        """What a flow's width shows."""
        return data if self.look.lens.name == "value" else grad

    def _river(self) -> Iterator[str]:
        """Between two rows the current that goes around what is between, else the one that joins.

        Rows that show probabilities and losses have other gradients, which do not count.
        """
        grid, step_map = self.look.map.grid, self.look.map
        outside = {
            int(grid.row_of[cell]) for cell in (*self.scale.probabilities, *self.scale.losses)
        }
        around: dict[tuple[int, int], float] = {}
        for current in step_map.river:
            size = self._size(current.grad_norm, current.data_norm)
            if current.to_row in outside or not math.isfinite(size):
                continue
            if current.is_skip or current.to_row == current.from_row + 1:
                for gap in range(current.from_row, current.to_row):
                    key = (current.column, gap)
                    if current.is_skip or key not in around:
                        around[key] = size
        widest = max(around.values(), default=0.0)
        if not widest:
            return
        yield '<g class="river">'
        for (column, gap), size in around.items():
            width = max(1.0, WIDEST_RIVER * self.column * size / widest)
            x, top, bottom = self._x(column), self._y(gap) + 2, self._y(gap + 1) + 2
            yield (
                f'<rect x="{x - width / 2:.2f}" y="{top:.1f}" width="{width:.2f}" '
                f'height="{bottom - top:.1f}" fill="{RIVER}" fill-opacity="0.5"/>'
            )
        yield "</g>"

    @cached_property
    def reader(self) -> int | None:
        """The column whose ribbons stand out."""
        if self.chosen is not None:
            return self.chosen
        carried = [0.0] * self.n_columns
        for ribbon in self.look.map.ribbons:
            size = self._size(ribbon.grad_norm, ribbon.data_norm)
            if ribbon.source != ribbon.column and math.isfinite(size):
                carried[ribbon.column] += size
        return carried.index(max(carried)) if any(carried) else None

    def _ribbons(self) -> Iterator[str]:
        """From each head's cell to the columns it reads; the reader's last, over the others."""
        sizes = [
            (self._size(ribbon.grad_norm, ribbon.data_norm), ribbon)
            for ribbon in self.look.map.ribbons
            if ribbon.source != ribbon.column
        ]
        sizes = [(size, ribbon) for size, ribbon in sizes if math.isfinite(size) and size > 0]
        widest = max((size for size, _ in sizes), default=0.0)
        if not widest:
            return
        yield '<g class="ribbons" fill="none">'
        cell_width, cell_height = self._cell
        for size, ribbon in sorted(sizes, key=lambda each: each[1].column == self.reader):
            is_strong = ribbon.column == self.reader
            y = self._y(ribbon.row) + cell_height / 2
            end = self._x(ribbon.column) - cell_width / 2
            start = self._x(ribbon.source) + cell_width / 2
            apart = ribbon.column - ribbon.source - 1
            lift = min(self.row * 0.5, 6.0 * apart)  # over the heads of columns between
            middle = (start + end) / 2
            name = (
                f"head {ribbon.head} of {column_name(self.look.map, ribbon.column)} reads "
                f"{column_name(self.look.map, ribbon.source)}: gradient {ribbon.grad_norm!r}, "
                f"weight × value {ribbon.data_norm!r}"
            )
            yield (
                f'<path d="M{start:.1f} {y:.1f}C{middle:.1f} {y - lift:.1f} {middle:.1f} '
                f'{y - lift:.1f} {end:.1f} {y:.1f}" stroke="{head_color(ribbon.head)}" '
                f'stroke-width="{max(0.6, WIDEST_RIBBON * size / widest):.2f}" '
                f'stroke-opacity="{0.62 if is_strong else 0.16}" '
                f'data-row="{ribbon.row}" data-from="{ribbon.source}" data-to="{ribbon.column}" '
                f'data-grad="{ribbon.grad_norm!r}" data-brought="{ribbon.data_norm!r}">'
                f"<title>{_text(name)}</title></path>"
            )
        yield "</g>"

    # -- cells -------------------------------------------------------------------------------------

    def _row(self, row: int) -> Iterator[str]:
        grid, y = self.look.map.grid, self._y(row)
        cell_width, cell_height = self._cell
        shown = self.look.map.rows[row]
        room = int((LABEL - 14) / (CHARACTER * PLAIN))
        name = shown.name.replace("/", " ")
        name = name if len(name) <= room else f"…{name[1 - room :]}"
        base = y + cell_height / 2 + 4.5
        yield self._words(self.left - 8, base, name, PLAIN, MUTED, "end")
        for cell in (grid.row_of == row).nonzero()[0].tolist():
            column = int(grid.column_of[cell])
            if column >= 0:
                x = self._x(column) - cell_width / 2
                if cell in self.scale.weights:
                    yield from self._strip(cell, x, y)
                else:
                    yield from self._box(cell, x, y, cell_width)
            elif grid.parameters[cell]:
                x = self.right + 10
                yield from self._box(cell, x, y, 62)
                names = " ".join(part.rpartition(".")[2] for part in shown.matrices)
                fits = int((PARAMETERS - 84) / (CHARACTER * SMALL))
                yield self._words(x + 70, base, _cut(names, fits), SMALL, MUTED)
            else:
                yield from self._box(cell, self.left + 5, y, self.right - self.left - 10)

    def _data(self, cell: int, number: float) -> str:
        grid = self.look.map.grid
        column = int(grid.column_of[cell])
        place = f'data-row="{int(grid.row_of[cell])}" '
        place += f'data-column="{column}" ' if column >= 0 else ""
        return f'{place}data-value="{number!r}"'

    def _box(self, cell: int, x: float, y: float, width: float) -> Iterator[str]:
        height, number = self._cell[1], self.scale.number(cell)
        size, text = self.scale.size(cell), cell_number(number)
        is_apart = cell in self.scale.probabilities or cell in self.scale.losses
        if cell in self.scale.probabilities:
            text = f"{100 * number:.1f} %"
        fill = "#f3f4f7" if is_apart else size_color(size, self.scale.sign(cell))
        ink = INK if is_apart else ink_on(fill)
        yield (
            f"<g {self._data(cell, number)}><title>{_text(self._told(cell, number))}</title>"
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" '
            f'fill="{fill}" stroke="{HAIRLINE}" stroke-width="0.6"/>'
        )
        if is_apart and math.isfinite(size):
            part = min(1.0, max(0.0, size)) * width
            yield (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{part:.1f}" height="{height:.1f}" rx="4" '
                f'fill="#b9c0cf"/>'
            )
        middle = x + width / 2
        yield self._words(middle, y + height / 2 + 4.5, text, PLAIN, ink, "middle") + "</g>"

    def _told(self, cell: int, number: float) -> str:
        """A cell for its tooltip."""
        step_map = self.look.map
        grid = step_map.grid
        row, column = step_map.rows[int(grid.row_of[cell])], int(grid.column_of[cell])
        where = [column_name(step_map, column)] if column >= 0 else []
        where.append("parameters" if grid.parameters[cell] else row.name)
        return (
            f"{', '.join(where)}: {number!r}; gradient {float(step_map.grad_norm[cell])!r}, "
            f"value {float(step_map.data_norm[cell])!r}"
        )

    def _strip(self, cell: int, x: float, y: float) -> Iterator[str]:
        """A small cell for each source, as dark as its weight."""
        grid, step_map = self.look.map.grid, self.look.map
        width, height = self._cell
        row, column = int(grid.row_of[cell]), int(grid.column_of[cell])
        head = step_map.head_of_row[row]
        weights = self.scale.weights[cell]
        part = width / len(weights)
        place = f'data-row="{row}" data-column="{column}"'
        yield (
            f'<g {place} data-value="{self.scale.number(cell)!r}">'
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{PAPER}" stroke="{HAIRLINE}" stroke-width="0.6"/>'
        )
        read = {
            source: weight
            for each in step_map.weights
            if each.row == row and each.column == column
            for source, weight in zip(each.sources, each.weights, strict=True)
        }
        for source, weight in read.items():
            shown = min(1.0, max(0.0, weight)) if math.isfinite(weight) else 1.0
            name = (
                f"head {head}: {column_name(step_map, column)} reads {weight!r} of column {source}"
            )
            yield (
                f'<rect x="{x + source * part:.2f}" y="{y + 1:.1f}" width="{part:.2f}" '
                f'height="{height - 2:.1f}" fill="{head_color(head)}" fill-opacity="{shown:.3f}" '
                f'data-source="{source}" data-weight="{weight!r}">'
                f"<title>{_text(name)}</title></rect>"
            )
        yield "</g>"

    # -- what it means -----------------------------------------------------------------------------

    def _legend(self, told: str) -> Iterator[str]:
        y = self.top + self.n_rows * self.row + 22
        if told:
            yield self._words(self.left - LABEL + 4, y, told, 14, INK)
        y += 26
        x, step = self.left - LABEL + 4, 22
        for place in range(9):
            color = size_color(place / 8, 1 if self.look.lens.is_signed else 0)
            yield (
                f'<rect x="{x + place * step:.1f}" y="{y - 11:.1f}" width="{step}" height="12" '
                f'fill="{color}"/>'
            )
        ends = (cell_number(self.scale.largest / 1e4), cell_number(self.scale.largest))
        yield self._words(x, y + 14, f"≤ {ends[0]}", SMALL, MUTED)
        yield self._words(x + 9 * step, y + 14, ends[1], SMALL, MUTED, "end")
        x += 9 * step + 18
        yield self._words(x, y, self.look.lens.what, SMALL, MUTED)
        flow = "what it reads" if self.look.lens.name == "value" else "the gradient"
        notes = [f"bands and ribbons are as wide as {flow} that flows there"]
        if self.look.map.weights:
            notes.append("in a head each small cell is a weight, by source")
            if self.reader is not None:
                notes.append(f"ribbons of {column_name(self.look.map, self.reader)} stand out")
        yield self._words(x, y + 16, "; ".join(notes), SMALL, MUTED)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"


def _text(text: str) -> str:
    """Text for XML, which has no control characters."""
    return escape("".join(char if char.isprintable() else "�" for char in text))
