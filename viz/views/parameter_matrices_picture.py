"""The picture of view `parameters`: of each matrix three heatmaps, data, gradient and update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from microgpt.graph.arrays import Floats
from viz.maps.svg_elements import PLAIN, SMALL, text_width, words
from viz.views.color_scale import ColorScale, largest_size
from viz.views.heatmap import DrawnHeatmap
from viz.views.parameter_matrices import (
    ParameterMatrices,
    ParameterMatrix,
    parameters_as_json,
    parameters_lines,
)
from viz.views.sheet import BOLD, MARGIN, TOP, column_labels, frame, full, row_labels, sheet
from viz.views.table import Page, ViewParts

WIDTH = 1240.0
CELL = 6.0
"""Of all matrices together; one alone has larger ones. Units: pixels."""
LARGEST_CELL, LEAST_CELL = 22.0, 0.5
GAP, PAIR_GAP = 34.0, 8.0
HEAD = 44.0
WIDER = 1.1
"""How much wider bold text is."""
KINDS = ("data", "gradient", "update")


def parameters_svg(shown: ParameterMatrices, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


@dataclass(frozen=True)
class _Placed:
    matrix: ParameterMatrix
    x: float  # where its first heatmap begins
    y: float


class _Drawing:
    def __init__(self, shown: ParameterMatrices, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest: Mapping[str, float] = page.largest or _largest(shown)
        self.scales = (
            ColorScale(page.theme, largest["data"], is_signed=True),
            ColorScale(page.theme, largest["grad"], is_signed=True, is_log=True),
            ColorScale(page.theme, largest["update"], is_signed=True),
        )
        self.label_width = max(
            text_width(label, SMALL)
            for matrix in shown.matrices
            for label in (*shown.row_labels(matrix), "00")
        ) + 8  # fmt: skip
        columns = max(matrix.data.shape[1] for matrix in shown.matrices)
        room = WIDTH - 2 * MARGIN - self.label_width - 2 * PAIR_GAP
        most = LARGEST_CELL if shown.is_one else CELL
        self.cell = max(LEAST_CELL, min(most, room / 3 / columns))

    def svg(self) -> str:
        placed, bottom = self._places()
        parts = [part for each in placed for part in self._matrix(each)]
        parts += self._legend(bottom + 6)
        question = (
            "Each matrix: its numbers, the gradient of this text's loss by each, and what Adam's "
            "update by these gradients adds. Rows are outputs, columns inputs."
        )
        return sheet(self.page, WIDTH, bottom + 70, question, parts)

    def _places(self) -> tuple[list[_Placed], float]:
        """Matrices from left to right, in lines as wide as the picture; and where they end."""
        placed: list[_Placed] = []
        x, y, bottom = float(MARGIN), TOP + 10.0, 0.0
        for matrix in self.shown.matrices:
            width = self.label_width + self._width(matrix)
            if x > MARGIN and x + width > WIDTH - MARGIN + 1:
                x, y = float(MARGIN), bottom
            placed.append(_Placed(matrix, x + self.label_width, y + HEAD))
            bottom = max(bottom, y + HEAD + len(matrix.data) * self.cell + 22)
            x += width + GAP
        return placed, bottom

    def _width(self, matrix: ParameterMatrix) -> float:
        """Of its heatmaps, or of what stands over them."""
        told = text_width(matrix.name, PLAIN) * WIDER + 10 + text_width(_size_of(matrix), SMALL)
        return max(float(3 * matrix.data.shape[1] * self.cell + 2 * PAIR_GAP), told)

    def _matrix(self, placed: _Placed) -> Iterator[str]:
        matrix, theme = placed.matrix, self.theme
        rows, columns = matrix.data.shape
        width, height = columns * self.cell, rows * self.cell
        top = placed.y - (42 if self.shown.is_one else 26)
        yield words(placed.x, top, matrix.name, theme.ink, PLAIN, extra=BOLD)
        x = placed.x + text_width(matrix.name, PLAIN) * WIDER + 10
        yield words(x, top, _size_of(matrix), theme.muted, SMALL)
        labels = self.shown.row_labels(matrix)
        # Rows of the vocabulary, or of numbers.
        yield from row_labels(labels, placed.x - 5, placed.y, self.cell, theme, are_in_order=True)
        for place, (numbers, scale) in enumerate(
            zip((matrix.data, matrix.grads, matrix.update), self.scales, strict=True)
        ):
            at = placed.x + place * (width + PAIR_GAP)
            if self.shown.is_one:
                yield words(at, placed.y - 6 - 14, KINDS[place], theme.muted, SMALL)
                numbered = [str(column) for column in range(columns)]
                yield from column_labels(numbered, at, placed.y - 5, self.cell, theme)
            elif width > text_width(KINDS[place], SMALL):
                yield words(at, placed.y - 6, KINDS[place], theme.muted, SMALL)
            drawn = DrawnHeatmap(
                numbers, scale, at, placed.y, self.cell, self.cell, None, self.shown.is_one
            )
            if self.shown.is_one:
                yield from drawn.drawn(
                    lambda row, column, numbers=numbers, place=place: (  # type: ignore[misc]
                        self._told(matrix, numbers, row, column, KINDS[place])
                    )
                )
            else:
                yield from drawn.drawn()
            yield frame(at, placed.y, width, height, theme)

    def _told(
        self, matrix: ParameterMatrix, numbers: Floats, row: int, column: int, what: str
    ) -> str:
        label = self.shown.row_labels(matrix)[row]
        about = f" {label}" if label != str(row) else ""
        return f"{matrix.name}[{row}][{column}]{about}: {what} {full(numbers[row, column])}"

    def _legend(self, y: float) -> Iterator[str]:
        room = (WIDTH - 2 * MARGIN) / 3
        for place, (scale, told) in enumerate(
            zip(
                self.scales,
                (
                    "Data",
                    "Gradient: a colour a power of ten; above 0, a larger number raises the loss",
                    "Update: what is added to the number",
                ),
                strict=True,
            )
        ):
            yield from scale.legend(MARGIN + place * room, y, room - 20, told)


def _size_of(matrix: ParameterMatrix) -> str:
    rows, columns = matrix.data.shape
    return f"{rows}×{columns}, update {matrix.ratio:.2%} of data"


def _largest(shown: ParameterMatrices) -> dict[str, float]:
    return {
        "data": largest_size(*(matrix.data for matrix in shown.matrices)),
        "grad": largest_size(*(matrix.grads for matrix in shown.matrices)),
        "update": largest_size(*(matrix.update for matrix in shown.matrices)),
    }


PARTS = ViewParts(
    ParameterMatrices.of, parameters_svg, parameters_as_json, _largest, parameters_lines
)
