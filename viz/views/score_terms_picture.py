"""The picture of view `scores`: a row a source, its terms coloured by sign and size, its weight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.graph.arrays import Floats
from viz.maps.svg_elements import PLAIN, SMALL, box, short, text_width, words
from viz.style import ink_on
from viz.views.color_scale import ColorScale, largest_size
from viz.views.score_terms import ScoreTerms, scores_as_json, scores_lines
from viz.views.sheet import BOLD, MARGIN, TOP, full, sheet, titled
from viz.views.table import Page, ViewParts

CELL, ROW = 62.0, 24.0
GAP = 22.0
BAR = 150.0


def scores_svg(shown: ScoreTerms, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: ScoreTerms, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest = dict(page.largest or _largest(shown))
        self.vectors = ColorScale(page.theme, largest["vector"], is_signed=True)
        self.terms = ColorScale(page.theme, largest["term"], is_signed=True)
        self.grads = ColorScale(page.theme, largest["grad"], is_signed=True, is_log=True)
        names = [
            f"{source} {token}" for source, token in zip(shown.sources, shown.tokens, strict=True)
        ]
        self.names = names
        self.left = MARGIN + max(text_width(name, PLAIN) for name in (*names, "q of 00 BOS")) + 12
        head_dim = len(shown.q)
        self.cell = CELL if head_dim <= 8 else max(14.0, 560 / head_dim)
        self.has_numbers = self.cell >= text_width("−.0000", SMALL)
        self.x_terms = self.left + head_dim * self.cell + GAP
        self.x_sum = self.x_terms + head_dim * self.cell + GAP
        self.x_weight = self.x_sum + 2 * CELL + GAP
        self.x_grad = self.x_weight + BAR + 60 + GAP
        self.width = self.x_grad + CELL + MARGIN
        self.top = TOP + 64

    def svg(self) -> str:
        shown = self.shown
        bottom = self.top + len(shown.sources) * ROW
        root = f"√{len(shown.q)}"
        question = (
            f"Layer {shown.layer} · head {shown.head} at position {shown.position} "
            f"“{shown.token}”: each source's key, times the query, term by term; their sum over "
            f"{root} is the score, and softmax makes the scores weights."
        )
        parts = [*self._heads(), *self._rows(), *self._legend(bottom + 30)]
        return sheet(self.page, self.width, bottom + 100, question, parts)

    def _heads(self) -> Iterator[str]:
        shown, theme, y = self.shown, self.theme, self.top - 40
        head_dim = len(shown.q)
        for x, title in (
            (self.left, "k, and q above it"), (self.x_terms, "q × k"), (self.x_sum, "sum"),
            (self.x_sum + CELL, "score"), (self.x_weight, "weight"), (self.x_grad, "grad"),
        ):  # fmt: skip
            yield words(x, y - 10, title, theme.muted, PLAIN)
        name = f"q of {shown.position} {shown.token}"
        yield words(self.left - 8, y + 16, name, theme.ink, PLAIN, "end", BOLD)
        for j in range(head_dim):
            yield from self._number(
                self.left + j * self.cell,
                y,
                shown.q[j],
                self.vectors,
                f"q[{j}] = {full(shown.q[j])}",
            )
            yield words(self.x_terms + (j + 0.5) * self.cell, y + 16, f"{j}", theme.muted, SMALL,
                        "middle")  # fmt: skip

    def _rows(self) -> Iterator[str]:
        shown, theme = self.shown, self.theme
        strongest = int(np.argmax(shown.weights))
        for row, source in enumerate(shown.sources):
            y = self.top + row * ROW
            extra = BOLD if row == strongest else ""
            yield words(self.left - 8, y + 16, self.names[row], theme.ink, PLAIN, "end", extra)
            for j in range(len(shown.q)):
                k, term = shown.k[row, j], shown.terms[row, j]
                yield from self._number(
                    self.left + j * self.cell, y, k, self.vectors, f"k[{j}] of {source} = {full(k)}"
                )
                told = (
                    f"q[{j}] × k[{j}] of {source} = {full(shown.q[j])} × {full(k)} = {full(term)}"
                )
                yield from self._number(self.x_terms + j * self.cell, y, term, self.terms, told)
            for place, (number, what) in enumerate(
                ((shown.sums[row], "sum"), (shown.scores[row], "score"))
            ):
                text = words(self.x_sum + place * CELL, y + 16, short(float(number)), theme.ink,
                             SMALL, extra=extra)  # fmt: skip
                yield f"<g><title>{what} of {source} = {full(number)}</title>{text}</g>"
            yield from self._weight(row, y, extra)
            grad = float(shown.grads[row])
            yield from self._number(
                self.x_grad, y, grad, self.grads, f"grad of the weight = {full(grad)}", CELL
            )

    def _weight(self, row: int, y: float, extra: str) -> Iterator[str]:
        weight, theme = float(self.shown.weights[row]), self.theme
        told = f"weight of {self.shown.sources[row]} = {full(weight)}"
        yield box(self.x_weight, y + 4, BAR, ROW - 8, theme.none)
        yield titled(box(self.x_weight, y + 4, BAR * weight, ROW - 8, theme.hues[0]), told)
        yield words(
            self.x_weight + BAR + 6, y + 16, short(weight), theme.ink, SMALL, extra=extra
        )  # fmt: skip

    def _number(
        self, x: float, y: float, number: float, scale: ColorScale, told: str, width: float = 0.0
    ) -> Iterator[str]:
        width = width or self.cell
        color = scale.color(float(number))
        yield titled(box(x + 1, y + 1, width - 2, ROW - 2, color, 'rx="2"'), told)
        if self.has_numbers or width == CELL:
            yield words(x + width / 2, y + 16, short(float(number)), ink_on(color), SMALL, "middle")

    def _legend(self, y: float) -> Iterator[str]:
        room = (self.width - 2 * MARGIN) / 3
        shown = self.shown
        for place, (scale, told) in enumerate(
            (
                (self.vectors, "q and k"),
                (self.terms, "Terms: above 0 they raise the score"),
                (self.grads, "Gradient by weight: above 0, more weight raises the loss"),
            )
        ):
            yield from scale.legend(MARGIN + place * room, y, room - 12, told)
        if len(shown.sources) < shown.n_sources:
            told = f"The {len(shown.sources)} strongest of {shown.n_sources:,} sources"
            yield words(MARGIN, y + 58, told, self.theme.muted)


def _largest(shown: ScoreTerms) -> dict[str, float]:
    vectors: Floats = np.concatenate((shown.q, shown.k.ravel()))
    return {
        "vector": largest_size(vectors),
        "term": largest_size(shown.terms),
        "grad": largest_size(shown.grads),
    }


PARTS = ViewParts(ScoreTerms.of, scores_svg, scores_as_json, _largest, scores_lines)
