"""The numbers of view `embeddings`: a matrix's rows as points, by their two largest components.

Principal components by numpy's singular values. A component's sign is chosen so that its largest
part is above 0, or, in pictures of several moments, so that it points as at the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, frozen
from viz.style import short_number
from viz.views.parameter_matrices import BY_TOKEN
from viz.views.subject import ViewSubject
from viz.views.table import Choices

MATRIX = "wte"


@dataclass(frozen=True, eq=False)
class EmbeddingPoints:
    """A matrix's rows in the plane in which they differ most."""

    matrix: str
    labels: tuple[str, ...]  # of each row: a token, or its number
    points: Floats  # Shape: `[row][2]`.
    axes: Floats  # the components, unit vectors. Shape: `[2][column]`.
    parts: tuple[float, float]  # of the variance, that each component has
    grad_norms: Floats  # L2 norm of the gradient of each row. Shape: `[row]`.

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> EmbeddingPoints:
        """Of the last subject.

        Raises:
            InputError: there is no model, no such matrix, or its rows are fewer than two.
        """
        subject = subjects[-1]
        name = choices.matrix or MATRIX
        rows = _rows(subject, name)
        axes, variances, centred = _components(rows)
        if len(subjects) > 1:
            first, _, _ = _components(_rows(subjects[0], name))
            axes = np.where((axes * first).sum(axis=1, keepdims=True) < 0, -axes, axes)
        model = subject.needed_model("view embeddings")
        tokenizer = model.tokenizer
        grads = _matrix(subject, name, subject.passed.grads)
        total = float(variances.sum())
        return cls(
            name,
            tuple(
                tokenizer.label(row) if name in BY_TOKEN else str(row) for row in range(len(rows))
            ),
            frozen(centred @ axes.T),
            frozen(axes),
            (
                float(variances[0]) / total if total else 0.0,
                float(variances[1]) / total if total else 0.0,
            ),
            frozen(np.sqrt((grads * grads).sum(axis=1))),
        )


def _rows(subject: ViewSubject, name: str) -> Floats:
    model = subject.needed_model("view embeddings")
    shapes = model.config.shapes(model.tokenizer.vocab_size)
    if name not in shapes:
        raise InputError(f"--matrix {name}: there are {', '.join(shapes)}")
    rows, columns = shapes[name]
    if rows < 2 or columns < 2:
        raise InputError(f"--matrix {name}: a plane needs 2 rows and columns, and it is "
                         f"{rows}×{columns}")  # fmt: skip
    return _matrix(subject, name, np.array(model.data))


def _matrix(subject: ViewSubject, name: str, flat: Floats) -> Floats:
    """One matrix out of all parameters' numbers. Shape: `[row][column]`."""
    model = subject.needed_model("view embeddings")
    start = 0
    for each, (rows, columns) in model.config.shapes(model.tokenizer.vocab_size).items():
        if each == name:
            return flat[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
    raise AssertionError(name)


def _components(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """The first two components, all variances, and the rows less their mean."""
    centred = rows - rows.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(2), largest])
    return axes * np.where(signs == 0, 1.0, signs)[:, np.newaxis], sizes**2, centred


def embeddings_as_json(shown: EmbeddingPoints) -> Mapping[str, Any]:
    """Components and points."""
    return {
        "matrix": shown.matrix,
        "variance_parts": list(shown.parts),
        "axes": shown.axes.tolist(),
        "points": [
            {"row": row, "label": label, "x": x, "y": y, "grad_norm": grad}
            for row, (label, (x, y), grad) in enumerate(
                zip(shown.labels, shown.points.tolist(), shown.grad_norms.tolist(), strict=True)
            )
        ],
    }


def embeddings_lines(shown: EmbeddingPoints, width: int) -> list[str]:
    """A plane of characters, each label at its place; of labels at one place the first is seen."""
    height = max(12, width // 5)
    low, size = shown.points.min(axis=0), np.ptp(shown.points, axis=0)
    size[size == 0] = 1.0
    plane = [[" "] * width for _ in range(height)]
    places = (shown.points - low) / size * (width - 5, height - 1)
    for label, (x, y) in zip(shown.labels, places.round().astype(int).tolist(), strict=True):
        row, text = plane[height - 1 - y], label[:4]
        if all(char == " " for char in row[x : x + len(text)]):
            row[x : x + len(text)] = text
    lines = ["".join(row).rstrip() for row in plane]
    parts = " and ".join(f"{part:.0%}" for part in shown.parts)
    lines.append(
        f"{shown.matrix}: across and up the two largest components, {parts} of the variance; "
        f"{short_number(float(size[0]))} by {short_number(float(size[1]))}"
    )
    return lines
