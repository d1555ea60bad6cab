"""The numbers of view `training`: one text's loss and each Map row's gradient, over a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, frozen
from viz.maps.captions import document_captions
from viz.maps.norms import norms_by
from viz.maps.spans import bar, row_labels
from viz.maps.step_map import StepMap
from viz.style import short_number, strength
from viz.views.subject import ViewSubject
from viz.views.table import Choices


@dataclass(frozen=True, eq=False)
class TrainingCourse:
    """One text at several moments of a training."""

    steps: tuple[int, ...]  # of each moment
    tokens: tuple[str, ...]  # that are read. Shape: `[position]`.
    targets: tuple[str, ...]  # that come next. Shape: `[position]`.
    rows: tuple[str, ...]  # names of the Map's rows
    losses: Floats  # mean of the text. Units: nats. Shape: `[moment]`.
    position_losses: Floats  # Units: nats. Shape: `[moment][position]`.
    grad_norms: Floats  # L2 norm of what leaves the cells of a row. Shape: `[row][moment]`.

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> TrainingCourse:
        """Of all subjects, which are one text at several moments.

        Raises:
            InputError: they are of several texts or models, or fewer than two.
        """
        del choices
        if len(subjects) < 2:
            raise InputError("view training needs several moments of a training, and this is one")
        names: set[tuple[str, ...]] = set()
        losses, position_losses, grad_norms = [], [], []
        for subject in subjects:
            graph, labels = subject.graph, subject.tokens
            step_map = StepMap.of(graph, document_captions(graph, labels))
            names.add(tuple(row_labels(step_map)))
            losses.append(float(graph.data[graph.root]))
            nodes = [caption.loss for caption in step_map.captions if caption.loss is not None]
            position_losses.append(graph.data[nodes])
            row_of = step_map.grid.row_of
            grad_norms.append(norms_by(row_of, step_map.grad_norm, len(step_map.rows)))
        if len(names) > 1 or len({subject.document for subject in subjects}) > 1:
            raise InputError("view training is of one text and one model at several moments")
        tokens = subjects[-1].tokens
        return cls(
            tuple(subject.step or 0 for subject in subjects),
            tokens[:-1],
            tokens[1:],
            names.pop(),
            frozen(np.array(losses)),
            frozen(np.stack(position_losses)),
            frozen(np.stack(grad_norms, axis=1)),
        )


def training_as_json(shown: TrainingCourse) -> Mapping[str, Any]:
    """A moment an object."""
    return {
        "columns": [
            {"position": position, "token": token, "target": target}
            for position, (token, target) in enumerate(
                zip(shown.tokens, shown.targets, strict=True)
            )
        ],
        "rows": list(shown.rows),
        "moments": [
            {
                "step": step, "loss": float(shown.losses[place]),
                "position_losses": shown.position_losses[place].tolist(),
                "grad_norms": shown.grad_norms[:, place].tolist(),
            }
            for place, step in enumerate(shown.steps)
        ],
    }  # fmt: skip


def training_lines(shown: TrainingCourse, width: int) -> list[str]:
    """A sparkline of the loss, and one of each row's gradient on a scale that all rows share."""
    names = max(len(name) for name in (*shown.rows, "loss")) + 2
    places = np.unique(
        np.linspace(0, len(shown.steps) - 1, max(2, min(len(shown.steps), width - names - 26)))
        .round()
        .astype(int)
    )

    def line(name: str, numbers: Floats, sizes: list[float]) -> str:
        bars = "".join(map(bar, sizes))
        ends = f"{short_number(float(numbers[0]))} → {short_number(float(numbers[-1]))}"
        return f"{name.ljust(names)}{bars}  {ends}"

    largest = float(shown.losses.max()) or 1.0
    lines = [line("loss", shown.losses, [x / largest for x in shown.losses[places].tolist()])]
    top = float(shown.grad_norms.max())
    lines += [
        line(name, row, [strength(size, top) for size in row[places].tolist()])
        for name, row in zip(shown.rows, shown.grad_norms, strict=True)
    ]
    lines.append(
        f"steps {shown.steps[0]} to {shown.steps[-1]}; of rows the L2 norm of the gradient, on a "
        "logarithmic scale"
    )
    return lines
