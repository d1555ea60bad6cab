"""The picture of view `nodes`: each edge of a graph a dot, coloured by the gradient it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from viz.maps.svg_elements import SMALL, cut, text_width, words, wrapped, xml
from viz.views.all_nodes import AllNodes, NodeBand, nodes_as_json, nodes_colored, nodes_lines
from viz.views.color_scale import ColorScale, largest_size
from viz.views.heatmap import DrawnHeatmap
from viz.views.sheet import MARGIN, TOP, frame, full, sheet
from viz.views.table import Page, ViewParts

SIDE = 930.0
LEAST = 13.0
"""A lower band has no name. Units: pixels."""


def nodes_svg(shown: AllNodes, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: AllNodes, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest: Mapping[str, float] = page.largest or _largest(shown)
        self.scale = ColorScale(page.theme, largest["grad"], is_log=True, least=0.35)
        names = [text_width(cut(band.name, 130, SMALL), SMALL) for band in shown.bands]
        self.left = MARGIN + max(names) + 10
        self.top = TOP + 30.0

    def svg(self) -> str:
        shown = self.shown
        order = "of their creation" if shown.by == "creation" else "of the Map's rows"
        question = (
            f"All {shown.n_nodes:,} nodes in the order {order}, down and across. A dot is an edge: "
            f"the node at its height is made of the operand below which it stands. "
            f"{len(shown.operands):,} edges."
        )
        bottom = self.top + SIDE
        parts = [*self._picture(), *self._bands(), *self._blocks(), *self._legend(bottom + 18)]
        return sheet(self.page, self.left + SIDE + MARGIN, bottom + 88, question, parts)

    def _picture(self) -> Iterator[str]:
        shown = self.shown
        cell = SIDE / shown.side
        absent = shown.counts == 0
        drawn = DrawnHeatmap(
            shown.norms, self.scale, self.left, self.top, cell, cell, absent, False
        )
        yield from drawn.drawn()

    def _at(self, rank: int) -> float:
        return SIDE * rank / self.shown.n_nodes

    def _bands(self) -> Iterator[str]:
        theme = self.theme
        yield frame(self.left, self.top, SIDE, SIDE, theme)
        lines = "".join(
            f"M{self.left:.1f} {self.top + self._at(band.start):.1f}h{SIDE:.1f}"
            f"M{self.left + self._at(band.start):.1f} {self.top:.1f}v{SIDE:.1f}"
            for band, before in zip(self.shown.bands[1:], self.shown.bands, strict=False)
            if self._at(max(len(band), len(before))) >= LEAST
        )
        yield f'<path d="{lines}" stroke="{theme.hairline}" stroke-width="0.5" fill="none"/>'
        last = -1e9
        for band in self.shown.bands:
            middle = self._at(band.start + band.stop) / 2
            if self._at(len(band)) >= LEAST or middle - last >= LEAST:
                last = middle
                name = cut(band.name, 130, SMALL)
                yield words(self.left - 6, self.top + middle + 4, name, theme.ink, SMALL, "end")
            room = self._at(len(band))
            if room >= min(text_width(band.name, SMALL), 46.0):
                x = self.left + middle
                yield words(
                    x, self.top - 6, cut(band.name, room, SMALL), theme.ink, SMALL, "middle"
                )

    def _blocks(self) -> Iterator[str]:
        """Over the dots: a box between any two bands that have edges, which tells how many."""
        shown = self.shown
        yield '<g fill="#000" fill-opacity="0">'
        for node, operand in zip(
            *map(np.ndarray.tolist, np.nonzero(shown.block_counts)), strict=True
        ):
            rows, columns = shown.bands[node], shown.bands[operand]
            told = (
                f"{rows.name} of {columns.name}: {int(shown.block_counts[node, operand])} edges; "
                f"L2 norm of the gradient they bring {full(shown.block_norms[node, operand])}"
            )
            yield self._block(rows, columns, told)
        yield "</g>"

    def _block(self, rows: NodeBand, columns: NodeBand, told: str) -> str:
        width = self._at(len(columns))
        return (
            f'<rect x="{self.left + self._at(columns.start):.2f}" '
            f'y="{self.top + self._at(rows.start):.2f}" width="{width:.2f}" '
            f'height="{self._at(len(rows)):.2f}"><title>{xml(told)}</title></rect>'
        )

    def _legend(self, y: float) -> Iterator[str]:
        nodes = self.shown.n_nodes / self.shown.side
        each = f"{nodes:,.0f}" if nodes >= 100 else f"{nodes:.3g}"
        told = (
            f"Dots: the L2 norm of the gradient that the edges bring, {each} by {each} nodes a dot"
        )
        yield from self.scale.legend(MARGIN, y, 420, told)
        told = (
            "On the diagonal: what is made of nodes just before it. At the left: readings of "
            "parameters. Elsewhere: readings of what was made long before, as of earlier positions."
        )
        for place, line in enumerate(wrapped(told, SIDE - 460, SMALL)):
            yield words(MARGIN + 470, y + 10.5 + 16 * place, line, self.theme.muted)


def _largest(shown: AllNodes) -> dict[str, float]:
    return {"grad": largest_size(shown.norms)}


PARTS = ViewParts(AllNodes.of, nodes_svg, nodes_as_json, _largest, nodes_lines, nodes_colored)
