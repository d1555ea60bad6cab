"""The picture of view `attention`: heads as heatmaps, arcs to what the selected position reads.

Each head has two: its weights, and the gradient of the loss by each of them. Rows read, columns are
read. A text may have a thousand positions: labels thin out, and numbers are pixels then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats
from viz.maps.svg_elements import PLAIN, SMALL, box, text_width, words, xml
from viz.style import ink_on
from viz.views.attention_arcs import ArcStrip, percent
from viz.views.attention_weights import (
    AttentionHeads,
    HeadAttention,
    attention_as_json,
    attention_lines,
)
from viz.views.color_scale import ColorScale, largest_size
from viz.views.heatmap import MOST_BOXES, DrawnHeatmap
from viz.views.sheet import BOLD, MARGIN, TOP, column_labels, frame, full, row_labels, sheet
from viz.views.table import Page, ViewParts

WIDTH = 1240.0
SHORT = 32
"""Positions of a text whose weights are coloured by size. Of a longer one most are small, the lower
the smaller; they are coloured by how they compare with reading all sources alike."""
MOST_TIMES = 4.0
"""So many times as much, or as little, has the strongest colour."""
COARSE = 4
"""Every so many levels of a scale, where numbers are pixels."""
LARGEST_CELL, NUMBERED_CELL = 44.0, 34.0
"""Of a weight, and from where on it has room for its number. Units: pixels."""
MANY_HEADS = 8
"""More are four side by side, and not two."""
GAP, PAIR_GAP = 30.0, 10.0
TOLD = 3
"""Sources that the tooltip of a whole row tells, where numbers are pixels."""


def attention_svg(shown: AttentionHeads, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: AttentionHeads, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        self.n = len(shown.tokens)
        largest = page.largest or _largest(shown)
        self.is_long = self.n > SHORT
        times = math.log2(MOST_TIMES)
        self.weights = (
            ColorScale(page.theme, times, True, ends=(f"÷ {MOST_TIMES:g}", f"× {MOST_TIMES:g}"))
            if self.is_long
            else ColorScale(page.theme, 1.0)
        )
        self.grads = ColorScale(page.theme, largest["grad"], is_signed=True, is_log=True)
        longest = max(text_width(token, SMALL) for token in shown.tokens)
        self.label_width = max(longest, text_width(str(self.n), SMALL)) + 8
        self.arcs = ArcStrip(shown, page.theme, MARGIN, WIDTH - 2 * MARGIN)

    @cached_property
    def per_row(self) -> int:
        """Heads side by side."""
        if self.shown.is_one:
            return 1
        layers = {head.layer for head in self.shown.heads}
        in_layer = max(
            sum(1 for head in self.shown.heads if head.layer == layer) for layer in layers
        )
        many = len(self.shown.heads) > MANY_HEADS
        return min(in_layer, 4 if many else 2)

    @cached_property
    def side(self) -> float:
        """Of one heatmap."""
        room = (WIDTH - 2 * MARGIN - (self.per_row - 1) * GAP) / self.per_row
        return min((room - self.label_width - PAIR_GAP) / 2, LARGEST_CELL * self.n, 560.0)

    @property
    def cell(self) -> float:
        return self.side / self.n

    @property
    def has_boxes(self) -> bool:
        return len(self.shown.heads) * self.n * (self.n + 1) <= MOST_BOXES

    def svg(self) -> str:
        pitch = self.label_width + 2 * self.side + PAIR_GAP + GAP
        panel_height = self.side + 56
        parts: list[str] = []
        row, column, layer, bottom = -1, self.per_row, -1, TOP + 6.0
        for head in self.shown.heads:
            column += 1
            if column >= self.per_row or head.layer != layer:
                row, column, layer = row + 1, 0, head.layer
            top = TOP + 14 + row * panel_height
            parts += self._panel(head, MARGIN + column * pitch, top)
            bottom = top + panel_height
        parts += self.arcs.drawn(bottom + 4)
        legend = bottom + 4 + self.arcs.height + 20
        parts += self._legend(legend)
        question = (
            "Who reads from whom: rows read, columns are read. Left the weights of a head, which "
            "add up to 1 in a row, right the gradient of the loss by each weight."
        )
        return sheet(self.page, WIDTH, legend + 66, question, parts)

    def _panel(self, head: HeadAttention, left: float, top: float) -> Iterator[str]:
        theme, x = self.theme, left + self.label_width
        hue = self.arcs.color(head)
        yield box(x, top - 1, 9, 9, hue, 'rx="2"')
        yield words(x + 14, top + 8, head.name, theme.ink, PLAIN, extra=BOLD)
        if self.side > text_width(head.name, PLAIN) + 40:
            at = x + self.side + PAIR_GAP
            yield words(at, top + 8, "gradient by weight", theme.muted, SMALL)
        y = top + 30
        yield from row_labels(self.shown.tokens, x - 5, y, self.cell, theme)
        absent = ~np.tri(self.n, dtype=np.bool_)
        for place, (numbers, scale) in enumerate(
            ((self._weights_of(head), self.weights), (head.grads, self.grads))
        ):
            at = x + place * (self.side + PAIR_GAP)
            yield box(at, y, self.side, self.side, theme.none)
            yield from column_labels(self.shown.tokens, at, y - 5, self.cell, theme)
            drawn = DrawnHeatmap(
                numbers, scale, at, y, self.cell, self.cell, absent, self.has_boxes, COARSE
            )
            yield from drawn.drawn(lambda reader, source: self._told(head, reader, source))
            if place == 0 and self.cell >= NUMBERED_CELL:
                yield from self._percents(head, at, y)
            yield frame(at, y, self.side, self.side, theme)
            yield self._selected(at, y, hue)
            if not self.has_boxes and place == 0:
                yield from self._rows_told(head, at, y)

    def _weights_of(self, head: HeadAttention) -> Floats:
        """What is coloured: weights, or how often twice as much as if all were read alike."""
        if not self.is_long:
            return head.weights
        n_read = np.maximum((head.weights > 0).sum(axis=1), 1)
        with np.errstate(all="ignore"):
            times: Floats = np.log2(head.weights * n_read[:, np.newaxis])
        return times

    def _percents(self, head: HeadAttention, x: float, y: float) -> Iterator[str]:
        """Each weight, in its cell. Colours are those of weights, as long as texts are short."""
        for reader in range(self.n):
            for source in range(reader + 1):
                weight = float(head.weights[reader, source])
                at_x, at_y = x + (source + 0.5) * self.cell, y + (reader + 0.5) * self.cell + 4
                ink = ink_on(self.weights.color(weight))
                yield words(at_x, at_y, percent(weight), ink, SMALL, "middle")

    def _selected(self, x: float, y: float, color: str) -> str:
        """A frame around the row of the selected position."""
        height = max(self.cell, 2.0)
        line = f'stroke="{color}" stroke-width="1.2"'
        return box(x - 0.6, y + self.shown.position * self.cell - 0.6, self.side + 1.2,
                   height + 1.2, "none", line)  # fmt: skip

    def _told(self, head: HeadAttention, reader: int, source: int) -> str:
        tokens = self.shown.tokens
        return (
            f"{head.name}: {reader} {tokens[reader]} reads {source} {tokens[source]}: weight "
            f"{full(head.weights[reader, source])}, grad {full(head.grads[reader, source])}"
        )

    def _rows_told(self, head: HeadAttention, x: float, y: float) -> Iterator[str]:
        """Over pixels: for each row a box that is not seen, which tells its strongest sources."""
        tokens = self.shown.tokens
        yield '<g fill="#000" fill-opacity="0">'
        for reader in range(self.n):
            sources = head.strongest(reader, TOLD).tolist()
            told = ", ".join(
                f"{source} {tokens[source]} {full(head.weights[reader, source])}"
                for source in sources
            )
            yield (
                f'<rect x="{x:.1f}" y="{y + reader * self.cell:.2f}" width="{self.side:.1f}" '
                f'height="{self.cell:.2f}"><title>{xml(f"{reader} {tokens[reader]} reads {told}")}'
                "</title></rect>"
            )
        yield "</g>"

    def _legend(self, y: float) -> Iterator[str]:
        room = (WIDTH - 2 * MARGIN) / 3
        told = (
            "Weights, so many times as much as if all sources were read alike"
            if self.is_long
            else "Weights; empty: not read"
        )
        yield from self.weights.legend(MARGIN, y, room - 20, told)
        yield from self.grads.legend(
            MARGIN + room,
            y,
            room - 20,
            "Gradient by weight: above 0, more weight here raises the loss",
        )
        x = MARGIN + 2 * room
        for place, part in enumerate((0.1, 0.5, 1.0)):
            weight = part * self.arcs.largest
            width = self.arcs.line_width(weight)
            line = f'stroke="{self.theme.hues[0]}" stroke-width="{width:.1f}"'
            yield f'<path d="M{x + 84 * place:.1f} {y + 6:.1f}h28" {line}/>'
            yield words(x + 84 * place + 34, y + 10.5, percent(weight), self.theme.muted)
        told = f"Arcs: the {self.shown.top} strongest sources of the selected position, a head"
        yield words(x, y + 27, told, self.theme.muted)


def _largest(shown: AttentionHeads) -> dict[str, float]:
    return {"grad": largest_size(*(head.grads for head in shown.heads))}


PARTS = ViewParts(AttentionHeads.of, attention_svg, attention_as_json, _largest, attention_lines)
