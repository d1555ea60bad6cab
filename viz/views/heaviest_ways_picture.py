"""The picture of view `paths`: down from a node to the loss, a lane a path, shared nodes once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from viz.maps.svg_elements import (
    LARGE,
    PLAIN,
    SMALL,
    box,
    cut,
    short,
    text_width,
    words,
    wrapped,
    xml,
)
from viz.style import ink_on
from viz.views.color_scale import ColorScale, largest_size
from viz.views.heaviest_ways import HeaviestWays, ToldWay, paths_as_json, paths_lines
from viz.views.sheet import BOLD, MARGIN, TOP, full, sheet
from viz.views.table import Page, ViewParts

NARROWEST, BROADEST, HEIGHT = 190.0, 256.0, 34.0
"""Of boxes, which are as broad as the longest name needs. Units: pixels."""
LANE_GAP, LEVEL = 24.0, HEIGHT + 28
WIDEST = 9.0
"""Of lines."""


def paths_svg(shown: HeaviestWays, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: HeaviestWays, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest: Mapping[str, float] = page.largest or _largest(shown)
        self.scale = ColorScale(page.theme, largest["grad"], is_signed=True, is_log=True)
        self.levels = max(shown.level_of.values()) + 1
        self.top = TOP + 40
        names = (text_width(shown.words_of[node], PLAIN) + 16 for node in shown.level_of)
        self.box = min(max(NARROWEST, *names), BROADEST)
        self.lane = self.box + LANE_GAP
        self.width = max(2 * MARGIN + len(shown.paths) * self.lane, 760.0)
        self.heaviest = max(abs(way.share) for way in shown.ways) or 1.0

    def svg(self) -> str:
        shown = self.shown
        bottom = self.top + self.levels * LEVEL
        part = sum(path.share for path in shown.paths) / shown.gradient if shown.gradient else 0.0
        question = (
            f"The {len(shown.paths)} heaviest paths of the gradient of {shown.words_of[shown.node]}"
            f" = {short(shown.gradient)}: {part:.0%} of it. Down is towards the loss; on a line "
            "stands the factor of the local gradients that it passes."
        )
        parts = [*self._heads(), *self._ways(), *self._nodes(), *self._legend(bottom + 6)]
        return sheet(self.page, self.width, bottom + 78, question, parts)

    def _x(self, node: int) -> float:
        return float(MARGIN + self.shown.lane_of[node] * self.lane)

    def _y(self, node: int) -> float:
        return float(self.top + self.shown.level_of[node] * LEVEL)

    def _heads(self) -> Iterator[str]:
        shown = self.shown
        for lane, path in enumerate(shown.paths):
            told = short(path.share)
            if shown.gradient:
                told += f" = {path.share / shown.gradient:.1%}".replace("-", "−")
            x = MARGIN + lane * self.lane
            text = words(
                x, self.top - 14, f"{lane + 1}:  {told}", self.theme.ink, LARGE, extra=BOLD
            )
            yield f"<g><title>path {lane + 1}: share {full(path.share)}</title>{text}</g>"

    def _ways(self) -> Iterator[str]:
        for way in self.shown.ways:
            yield self._line(way)
        for way in self.shown.ways:
            x, y = self._x(way.end) + self.box / 2, self._y(way.end) - 8
            if self._x(way.start) > self._x(way.end):  # others may end there, too
                x, y = self._x(way.start) + self.box / 2, self._y(way.start) + HEIGHT + 15
            told = f"×{short(way.factor)}"
            # On paper of its own: lines of other paths pass here.
            yield box(x + 7, y - 11, text_width(told, SMALL) + 2, 14, self.theme.paper)
            yield words(x + 9, y, told, self.theme.muted, SMALL)

    def _line(self, way: ToldWay) -> str:
        x0, y0 = self._x(way.start) + self.box / 2, self._y(way.start) + HEIGHT
        x1, y1 = self._x(way.end) + self.box / 2, self._y(way.end)
        color = self.theme.signed[-1] if way.share > 0 else self.theme.signed[0]
        if self.theme.name == "print":
            color = self.theme.ink if way.share > 0 else self.theme.muted
        width = max(1.0, WIDEST * abs(way.share) / self.heaviest)
        middle = (y0 + y1) / 2 if x0 == x1 else y1 - LEVEL / 2 + HEIGHT / 2
        dash = "" if way.share > 0 else ' stroke-dasharray="7 3"'
        told = (
            f"{self.shown.words_of[way.start]} → {self.shown.words_of[way.end]}: factor "
            f"{full(way.factor)}; these paths add {full(way.share)}"
        )
        return (
            f'<path d="M{x0:.1f} {y0:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} '
            f'{y1:.1f}" fill="none" stroke="{color}" stroke-opacity="0.7" '
            f'stroke-width="{width:.1f}"{dash}><title>{xml(told)}</title></path>'
        )

    def _nodes(self) -> Iterator[str]:
        shown, graph = self.shown, self.shown.graph
        for node in sorted(shown.level_of):
            x, y = self._x(node), self._y(node)
            grad, data = float(graph.grad[node]), float(graph.data[node])
            color = self.scale.color(grad)
            ink = ink_on(color)
            told = (
                f"#{node} {shown.words_of[node]}, {graph.op(node)} in {graph.scope(node) or '-'}: "
                f"data {full(data)}, grad {full(grad)}"
            )
            outline = f'rx="4" stroke="{self.theme.hairline}"'
            yield f"<g><title>{xml(told)}</title>"
            yield box(x, y, self.box, HEIGHT, color, outline)
            name = cut(shown.words_of[node], self.box - 12, PLAIN)
            yield words(x + 7, y + 14, name, ink, PLAIN, extra=BOLD)
            numbers = f"{graph.op(node)}   {short(data)}   grad {short(grad)}"
            yield words(x + 7, y + 29, cut(numbers, self.box - 12, SMALL), ink, SMALL)
            yield "</g>"

    def _legend(self, y: float) -> Iterator[str]:
        room = (self.width - 2 * MARGIN) / 2
        told = "Boxes: the gradient of the loss by the node"
        yield from self.scale.legend(MARGIN, y, room - 16, told)
        told = (
            "Lines: as wide as what the paths here add; dashed, what is below 0. All other paths "
            f"add {short(self.shown.rest)}"
        )
        for place, line in enumerate(wrapped(told, room - 16, SMALL)):
            yield words(MARGIN + room, y + 10.5 + 16 * place, line, self.theme.muted)


def _largest(shown: HeaviestWays) -> dict[str, float]:
    return {"grad": largest_size(shown.graph.grad[sorted(shown.level_of)])}


PARTS = ViewParts(HeaviestWays.of, paths_svg, paths_as_json, _largest, paths_lines)
