"""The numbers of view `residual`: what each block writes to the residual stream of each position.

There is no norm between the stream and lm_head, so a logit is the sum of what each block's vector
brings it: the part of each block in the logit of the token that comes next is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from microgpt.graph.arrays import Floats, frozen
from microgpt.model.logit_lens import HEAD_MATRIX
from microgpt.model.places import matrix_rows
from viz.style import short_number
from viz.views.positions import chosen_positions
from viz.views.stream import applied, stream_states
from viz.views.subject import ViewSubject
from viz.views.table import Choices


@dataclass(frozen=True, eq=False)
class ResidualWrites:
    """What blocks add to the stream, and what the stream is after each."""

    blocks: tuple[str, ...]  # `embed`, `layer0/attn`, `layer0/mlp`
    positions: tuple[int, ...]
    tokens: tuple[str, ...]  # that are read. Shape: `[position]`.
    targets: tuple[str, ...]  # that come next. Shape: `[position]`.
    written: Floats  # what a block adds. Shape: `[block][position][n_embd]`.
    stream: Floats  # after that. Shape: `[block][position][n_embd]`.
    grads: Floats  # of the loss by the stream there. Shape: `[block][position][n_embd]`.
    logit_parts: Floats  # of each block in the logit of the target. Shape: `[block][position]`.

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> ResidualWrites:
        """Of the last subject.

        Raises:
            InputError: there is no model, or no such position.
        """
        subject = subjects[-1]
        tokenizer = subject.needed_model("view residual").tokenizer
        graph = subject.graph
        states = stream_states(graph)
        n_positions = len(states[0].after)
        at = np.array(chosen_positions(choices.position, n_positions))
        ids = np.array(tokenizer.encode(subject.document)[: n_positions + 1])
        written = np.stack([graph.data[state.written[at]] for state in states])
        lm_head = np.array(matrix_rows(graph, HEAD_MATRIX))
        parts = applied(lm_head, written)[:, np.arange(len(at)), ids[at + 1]]
        return cls(
            tuple(state.block for state in states),
            tuple(at.tolist()),
            tuple(tokenizer.label(int(token)) for token in ids[at]),
            tuple(tokenizer.label(int(token)) for token in ids[at + 1]),
            frozen(written),
            frozen(np.stack([graph.data[state.after[at]] for state in states])),
            frozen(np.stack([graph.grad[state.after[at]] for state in states])),
            frozen(parts),
        )

    @cached_property
    def written_norms(self) -> Floats:
        """L2 norm of what each block writes. Shape: `[block][position]`."""
        return frozen(np.sqrt((self.written**2).sum(axis=-1)))

    @cached_property
    def stream_norms(self) -> Floats:
        """L2 norm of the stream after each block. Shape: `[block][position]`."""
        return frozen(np.sqrt((self.stream**2).sum(axis=-1)))

    @cached_property
    def grad_norms(self) -> Floats:
        """L2 norm of the gradient by the stream after each block. Shape: `[block][position]`."""
        return frozen(np.sqrt((self.grads**2).sum(axis=-1)))


def residual_as_json(shown: ResidualWrites) -> Mapping[str, Any]:
    """All of it, a block at a position an object."""
    return {
        "blocks": list(shown.blocks),
        "columns": [
            {"position": position, "token": token, "target": target}
            for position, token, target in zip(
                shown.positions, shown.tokens, shown.targets, strict=True
            )
        ],
        "cells": [
            {
                "row": row, "column": column,
                "written": shown.written[row, column].tolist(),
                "stream": shown.stream[row, column].tolist(),
                "grad": shown.grads[row, column].tolist(),
                "written_norm": float(shown.written_norms[row, column]),
                "stream_norm": float(shown.stream_norms[row, column]),
                "grad_norm": float(shown.grad_norms[row, column]),
                "target_logit_part": float(shown.logit_parts[row, column]),
            }
            for row in range(len(shown.blocks))
            for column in range(len(shown.positions))
        ],
    }  # fmt: skip


def residual_lines(shown: ResidualWrites, width: int) -> list[str]:
    """Two tables: the norm of what is written, and its part in the logit of what comes next."""
    names = max(len(name) for name in (*shown.blocks, "comes next")) + 2
    cell = 11
    n = max(1, (width - names) // cell)
    lines = []
    for title, numbers in (
        ("L2 norm of what each block writes", shown.written_norms),
        ("its part in the logit of the token that comes next", shown.logit_parts),
    ):
        lines += [title, "".ljust(names) + "".join(t.rjust(cell) for t in shown.tokens[:n])]
        lines += [
            block.ljust(names) + "".join(short_number(x).rjust(cell) for x in row[:n])
            for block, row in zip(shown.blocks, numbers.tolist(), strict=True)
        ]
    lines.append("comes next".ljust(names) + "".join(t.rjust(cell) for t in shown.targets[:n]))
    if n < len(shown.tokens):
        lines.append(f"… {len(shown.tokens) - n} positions more")
    return [line.rstrip() for line in lines]
