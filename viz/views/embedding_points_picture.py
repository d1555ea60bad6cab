"""The picture of view `embeddings`: labelled points, coloured by the gradient of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from viz.maps.svg_elements import PLAIN, SMALL, cut, text_width, words, xml
from viz.views.color_scale import ColorScale, largest_size
from viz.views.embedding_points import EmbeddingPoints, embeddings_as_json, embeddings_lines
from viz.views.sheet import BOLD, MARGIN, TOP, frame, full, sheet
from viz.views.table import Page, ViewParts

LONGER_SIDE, SHORTEST_SIDE = 640.0, 240.0
"""Of the frame. Both axes have one scale, so that distances are what they are."""
AROUND = 44.0
"""Between the outermost points and the frame."""
RADIUS = 5.0
OFFSETS = ((8, 4.5), (-8, 4.5), (0, -9), (0, 18), (8, -5), (-8, -5), (8, 14), (-8, 14))
"""Where a label may stand beside its point, the best first."""


def embeddings_svg(shown: EmbeddingPoints, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: EmbeddingPoints, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest: Mapping[str, float] = page.largest or _largest(shown)
        self.scale = ColorScale(page.theme, largest["grad"], is_log=True)
        self.left, self.top = MARGIN + 22.0, TOP + 12.0
        least = np.array([-largest["left"], -largest["down"]])
        most = np.array([largest["right"], largest["up"]])
        extent = most - least
        self.zoom = (LONGER_SIDE - 2 * AROUND) / (float(extent.max()) or 1.0)
        sides = np.maximum(extent * self.zoom + 2 * AROUND, SHORTEST_SIDE)
        self.width, self.height = sides.tolist()
        middle = (least + most) / 2 * self.zoom
        self.zero = (
            self.left + self.width / 2 - float(middle[0]),
            self.top + self.height / 2 + float(middle[1]),
        )

    def svg(self) -> str:
        shown = self.shown
        first, second = shown.parts
        question = (
            f"The rows of {shown.matrix} as points: what is near is alike. Across the largest "
            f"principal component, {first:.0%} of the variance, up the second, {second:.0%}."
        )
        bottom = self.top + self.height
        parts = [*self._axes(), *self._points(), *self._legend(bottom + 44)]
        return sheet(
            self.page,
            self.left + max(self.width, LONGER_SIDE) + MARGIN,
            bottom + 112,
            question,
            parts,
        )

    def _axes(self) -> Iterator[str]:
        theme = self.theme
        (x, y), width, height = self.zero, self.width, self.height
        yield frame(self.left, self.top, width, height, theme)
        line = f'stroke="{theme.hairline}" stroke-dasharray="3 4"'
        across = f"M{self.left:.1f} {y:.1f}h{width:.1f}M{x:.1f} {self.top:.1f}v{height:.1f}"
        yield f'<path d="{across}" {line}/>'
        first, second = self.shown.parts
        told = f"component 1, {first:.1%} of the variance →"
        x, y = self.left + width / 2, self.top + height / 2
        yield words(x, self.top + height + 18, told, theme.muted, SMALL, "middle")
        turned = f'transform="rotate(-90 {self.left - 8:.1f} {y:.1f})"'
        told = f"component 2, {second:.1%} of the variance →"
        yield words(self.left - 8, y, told, theme.muted, SMALL, "middle", turned)

    def _places(self) -> list[tuple[float, float]]:
        zero_x, zero_y = self.zero
        return [
            (zero_x + x * self.zoom, zero_y - y * self.zoom) for x, y in self.shown.points.tolist()
        ]

    def _points(self) -> Iterator[str]:
        shown, theme = self.shown, self.theme
        places = self._places()
        taken = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in places]
        levels = self.scale.strengths(shown.grad_norms)
        for row in np.argsort(levels, kind="stable").tolist():
            x, y = places[row]
            color = self.scale.color(float(shown.grad_norms[row]))
            label = cut(shown.labels[row], 120, PLAIN)
            told = (
                f"{shown.matrix}[{row}] {shown.labels[row]}: {full(shown.points[row, 0])}, "
                f"{full(shown.points[row, 1])}; L2 norm of its gradient "
                f"{full(shown.grad_norms[row])}"
            )
            yield f"<g><title>{xml(told)}</title>"
            line = f'stroke="{theme.muted}" stroke-width="0.8"'
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{color}" {line}/>'
            at_x, at_y, anchor = _free(x, y, text_width(label, PLAIN), taken)
            yield words(at_x, at_y, label, theme.ink, PLAIN, anchor, BOLD)
            yield "</g>"

    def _legend(self, y: float) -> Iterator[str]:
        told = "Colour: the L2 norm of the row's gradient by this text's loss"
        yield from self.scale.legend(MARGIN, y, LONGER_SIDE / 2, told)


def _free(
    x: float, y: float, width: float, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, str]:
    """Where a label beside a point touches no other; its place is taken then."""
    tried: list[tuple[int, int, float, float, str, tuple[float, float, float, float]]] = []
    for right, down in OFFSETS:
        anchor = "middle" if not right else "start" if right > 0 else "end"
        left = x + right - (width / 2 if not right else width if right < 0 else 0)
        area = (left, y + down - 11, left + width, y + down + 2)
        touched = sum(
            area[0] < other[2] and other[0] < area[2] and area[1] < other[3] and other[1] < area[3]
            for other in taken
        )
        tried.append((touched, len(tried), x + right, y + down, anchor, area))
        if not touched:
            break
    _, _, at_x, at_y, anchor, area = min(tried)
    taken.append(area)
    return at_x, at_y, anchor


def _largest(shown: EmbeddingPoints) -> dict[str, float]:
    return {
        "grad": largest_size(shown.grad_norms),
        # How far the points reach from 0 to each side.
        **{
            name: max(0.0, float(np.max(sign * shown.points[:, axis], initial=0.0)))
            for name, sign, axis in (
                ("left", -1, 0),
                ("right", 1, 0),
                ("down", -1, 1),
                ("up", 1, 1),
            )
        },
    }


PARTS = ViewParts(
    EmbeddingPoints.of, embeddings_svg, embeddings_as_json, _largest, embeddings_lines
)
