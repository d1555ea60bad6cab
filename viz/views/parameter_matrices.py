"""The numbers of view `parameters`: each matrix, its gradient, and what the update adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, frozen
from viz.style import short_number
from viz.views.subject import ViewSubject
from viz.views.table import Choices

if TYPE_CHECKING:
    from microgpt.train.engines.vectors.document_pass import AdamStep

BY_TOKEN = ("wte", "lm_head")
"""Matrices that have a row a token."""


@dataclass(frozen=True, eq=False)
class ParameterMatrix:
    """One matrix. Shape of each: `[row][column]`."""

    name: str
    data: Floats
    grads: Floats  # of the document's mean loss; 0 of rows that it does not read
    update: Floats  # what an update by these gradients adds
    first_moment: Floats  # Adam's mean gradient, this one taken in
    second_moment: Floats  # its mean squared gradient, likewise

    @property
    def ratio(self) -> float:
        """The size of the update over that of the matrix: root mean squares."""
        size = root_mean_square(self.data)
        return root_mean_square(self.update) / size if size else float("inf")


@dataclass(frozen=True, eq=False)
class ParameterMatrices:
    """All of a model's matrices, or the one that was chosen."""

    matrices: tuple[ParameterMatrix, ...]
    tokens: tuple[str, ...]  # labels of the whole vocabulary
    is_one: bool

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> ParameterMatrices:
        """Of the last subject.

        Raises:
            InputError: there is no model or training step, or no such matrix.
        """
        subject = subjects[-1]
        model = subject.needed_model("view parameters")
        shapes = model.config.shapes(model.tokenizer.vocab_size)
        if choices.matrix is not None and choices.matrix not in shapes:
            raise InputError(f"--matrix {choices.matrix}: there are {', '.join(shapes)}")
        found = parameter_matrices(shapes, model.data, subject.passed.grads, subject.stepped)
        chosen = tuple(each for each in found if choices.matrix in {None, each.name})
        tokenizer = model.tokenizer
        tokens = tuple(tokenizer.label(token) for token in range(tokenizer.vocab_size))
        return cls(chosen, tokens, choices.matrix is not None)

    def row_labels(self, matrix: ParameterMatrix) -> list[str]:
        """What each row is for: a token, or its number."""
        rows = range(len(matrix.data))
        return [self.tokens[row] if matrix.name in BY_TOKEN else str(row) for row in rows]


def parameter_matrices(
    shapes: Mapping[str, tuple[int, int]], data: Sequence[float], grads: Floats, stepped: AdamStep
) -> tuple[ParameterMatrix, ...]:
    """What belongs to each matrix, of arrays in the order of `Parameters.flat`.

    Args:
        shapes: of each matrix, in the same order.
        data: every parameter before the update.
    """
    before, found, start = np.array(data), [], 0
    all_parts = (before, grads, stepped.data - before, stepped.m, stepped.v)
    for name, (rows, columns) in shapes.items():
        here = slice(start, start + rows * columns)
        start = here.stop
        parts = (each[here].reshape(rows, columns) for each in all_parts)
        found.append(ParameterMatrix(name, *map(frozen, parts)))
    return tuple(found)


def root_mean_square(numbers: Floats) -> float:
    """The size of many numbers together."""
    return float(np.sqrt((numbers * numbers).mean()))


def parameters_as_json(shown: ParameterMatrices) -> Mapping[str, Any]:
    """Every number, a matrix an object."""
    return {
        "tokens": list(shown.tokens),
        "matrices": [
            {
                "name": matrix.name, "data": matrix.data.tolist(), "grad": matrix.grads.tolist(),
                "update": matrix.update.tolist(),
            }
            for matrix in shown.matrices
        ],
    }  # fmt: skip


def parameters_lines(shown: ParameterMatrices, width: int) -> list[str]:
    """A line a matrix: sizes, and how large the update is beside the matrix."""
    del width
    titles = ("matrix", "shape", "rms data", "rms grad", "rms update", "update/data")
    rows = [
        (
            matrix.name, f"{matrix.data.shape[0]}×{matrix.data.shape[1]}",
            *(short_number(root_mean_square(each)) for each in (
                matrix.data, matrix.grads, matrix.update
            )),
            f"{matrix.ratio:.2%}",
        )
        for matrix in shown.matrices
    ]  # fmt: skip
    widths = [max(len(row[at]) for row in (titles, *rows)) + 2 for at in range(len(titles))]
    return [
        "".join(
            text.rjust(room) if at else text.ljust(room)
            for at, (text, room) in enumerate(zip(row, widths, strict=True))
        )
        for row in (titles, *rows)
    ]
