"""View `lens`: what would be predicted if the model ended after each block (the logit lens).

Source: nostalgebraist 2020, "interpreting GPT: the logit lens". microgpt has no norm before
lm_head, so the last row is the model's own prediction, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from microgpt.graph.arrays import Floats, Ints, frozen
from microgpt.model.logit_lens import logit_lens
from viz.views.positions import chosen_positions
from viz.views.stream import stream_states
from viz.views.subject import ViewSubject
from viz.views.table import Choices

TOP = 3


@dataclass(frozen=True, eq=False)
class LogitLens:
    """Probabilities of the next token after each block."""

    blocks: tuple[str, ...]  # `embed`, `layer0/attn`, `layer0/mlp`
    positions: tuple[int, ...]
    tokens: tuple[str, ...]  # that are read. Shape: `[position]`.
    targets: Ints  # ids of the tokens that come next. Shape: `[position]`.
    vocabulary: tuple[str, ...]  # by id
    probs: Floats  # Shape: `[block][position][token]`.
    top: int  # how many of the likeliest are told

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> LogitLens:
        """Of the last subject.

        Raises:
            InputError: there is no model, or no such position.
        """
        subject = subjects[-1]
        model = subject.needed_model("view lens")
        graph, tokenizer = subject.graph, model.tokenizer
        n_positions = len(stream_states(graph)[0].after)
        positions = chosen_positions(choices.position, n_positions)
        at = np.array(positions)
        stages = logit_lens(graph, positions)
        logits = np.array([[stage.logits for stage in each] for each in stages]).swapaxes(0, 1)
        ids = np.array(tokenizer.encode(subject.document)[: n_positions + 1])
        return cls(
            tuple(stage.name for stage in stages[0]),
            positions,
            tuple(tokenizer.label(int(token)) for token in ids[at]),
            frozen(ids[at + 1]),
            tuple(tokenizer.label(token) for token in range(tokenizer.vocab_size)),
            frozen(_softmax(logits)),
            min(choices.top or TOP, tokenizer.vocab_size),
        )

    @cached_property
    def likeliest(self) -> Ints:
        """Ids of the likeliest tokens, these first. Shape: `[block][position][rank]`."""
        return frozen(np.argsort(-self.probs, axis=-1, kind="stable")[..., : self.top])

    @cached_property
    def target_probs(self) -> Floats:
        """Of the token that comes next. Shape: `[block][position]`."""
        return frozen(self.probs[:, np.arange(len(self.targets)), self.targets])

    @cached_property
    def target_ranks(self) -> Ints:
        """1, and one more for each token likelier than what comes. Shape: `[block][position]`."""
        return frozen((self.probs > self.target_probs[..., np.newaxis]).sum(axis=-1) + 1)


def _softmax(logits: Floats) -> Floats:
    """Along the last axis, in the model's order of floats."""
    from microgpt.train.engines.vectors.forward import softmax_of  # noqa: PLC0415

    return softmax_of(logits).out


def lens_as_json(lens: LogitLens) -> Mapping[str, Any]:
    """All that is told, by block and position."""
    words = lens.vocabulary
    return {
        "blocks": list(lens.blocks),
        "columns": [
            {"position": position, "token": token, "target": words[target]}
            for position, token, target in zip(
                lens.positions, lens.tokens, lens.targets.tolist(), strict=True
            )
        ],
        "predictions": [
            {
                "row": row, "column": column,
                "top": [
                    {"token": words[token], "probability": float(lens.probs[row, column, token])}
                    for token in lens.likeliest[row, column].tolist()
                ],
                "target_probability": float(lens.target_probs[row, column]),
                "target_rank": int(lens.target_ranks[row, column]),
            }
            for row in range(len(lens.blocks))
            for column in range(len(lens.positions))
        ],
    }  # fmt: skip


def lens_lines(lens: LogitLens, width: int) -> list[str]:
    """A column a position, the likeliest token of each block with its probability in per cent."""
    names = max(len(name) for name in (*lens.blocks, "comes next")) + 2
    cell = 9
    shown = max(1, (width - names) // cell)
    words = lens.vocabulary
    lines = ["".ljust(names) + "".join(token[:7].ljust(cell) for token in lens.tokens[:shown])]
    for row, block in enumerate(lens.blocks):
        for rank in range(lens.top):
            cells = []
            for column, token in enumerate(lens.likeliest[row, :shown, rank].tolist()):
                mark = "*" if token == lens.targets[column] else " "
                percent = 100 * lens.probs[row, column, token]
                cells.append(f"{mark}{words[token][:3]} {percent:.0f}%".ljust(cell))
            lines.append((block if not rank else "").ljust(names) + "".join(cells))
    came = "".join(words[token][:7].ljust(cell) for token in lens.targets[:shown].tolist())
    lines.append("comes next".ljust(names) + came)
    if shown < len(lens.tokens):
        lines.append(f"… {len(lens.tokens) - shown} positions more")
    lines.append(f"the {lens.top} likeliest after each block; * is the token that comes next")
    return [line.rstrip() for line in lines]
