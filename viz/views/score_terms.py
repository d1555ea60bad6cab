"""The numbers of view `scores`: one head's scores at a position, term by term, and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.graph.arrays import Floats, frozen
from viz.style import short_number
from viz.views.attention_weights import chosen_heads, heads_of_model
from viz.views.positions import existing
from viz.views.subject import ViewSubject
from viz.views.table import Choices

TOP = 24
"""Sources that are shown unless others are asked for."""


@dataclass(frozen=True, eq=False)
class ScoreTerms:
    """A head's scores at a position: `score = sum of q[j] * k[j], over the root of head_dim`."""

    layer: int
    head: int
    position: int
    token: str  # that is read there
    sources: tuple[int, ...]  # those shown, ascending
    n_sources: int  # that there are
    tokens: tuple[str, ...]  # of the sources
    q: Floats  # Shape: `[head_dim]`.
    k: Floats  # Shape: `[source][head_dim]`.
    terms: Floats  # q × k. Shape: `[source][head_dim]`.
    sums: Floats  # of the terms, left to right. Shape: `[source]`.
    scores: Floats  # Shape: `[source]`.
    weights: Floats  # Shape: `[source]`.
    grads: Floats  # of the loss by each weight. Shape: `[source]`.

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> ScoreTerms:
        """Of the last subject: of the first head and the last position, if none are chosen.

        Raises:
            InputError: there is no model, or no such layer, head or position.
        """
        subject = subjects[-1]
        subject.needed_model("view scores")
        chosen = chosen_heads(heads_of_model(subject), choices.layer, choices.head)[0]
        n = len(chosen.weights)
        position = n - 1 if choices.position is None else existing(choices.position, n)
        count = choices.top or TOP
        strongest = np.argsort(-chosen.weights[position, : position + 1], kind="stable")[:count]
        shown = np.sort(strongest)
        layer = subject.passed.layers[chosen.layer]
        q, k = layer.q[chosen.head, position], layer.k[chosen.head, shown]
        terms = q * k
        sums = np.zeros(len(shown))
        for term in terms.T:  # in the order of the model's own sum
            sums += term
        return cls(
            layer=chosen.layer,
            head=chosen.head,
            position=position,
            token=subject.tokens[position],
            sources=tuple(shown.tolist()),
            n_sources=position + 1,
            tokens=tuple(subject.tokens[source] for source in shown.tolist()),
            q=frozen(q),
            k=frozen(k),
            terms=frozen(terms),
            sums=frozen(sums),
            scores=frozen(sums * (len(q) ** 0.5) ** -1),
            weights=frozen(chosen.weights[position, shown]),
            grads=frozen(chosen.grads[position, shown]),
        )


def scores_as_json(shown: ScoreTerms) -> Mapping[str, Any]:
    """All of it, a source an object."""
    return {
        "layer": shown.layer,
        "head": shown.head,
        "position": shown.position,
        "token": shown.token,
        "q": shown.q.tolist(),
        "sources": [
            {
                "position": source, "token": shown.tokens[row], "k": shown.k[row].tolist(),
                "terms": shown.terms[row].tolist(), "sum": float(shown.sums[row]),
                "score": float(shown.scores[row]), "weight": float(shown.weights[row]),
                "weight_grad": float(shown.grads[row]),
            }
            for row, source in enumerate(shown.sources)
        ],
    }  # fmt: skip


def scores_lines(shown: ScoreTerms, width: int) -> list[str]:
    """A line a source: its terms, their sum, the score, the weight."""
    del width
    head_dim = len(shown.q)
    titles = ["", *[f"q{j}·k{j}" for j in range(head_dim)], "sum", "score", "weight", "grad"]
    rows = [["q", *map(short_number, shown.q.tolist())]]
    for row, source in enumerate(shown.sources):
        numbers = (*shown.terms[row], shown.sums[row], shown.scores[row], shown.weights[row],
                   shown.grads[row])  # fmt: skip
        rows.append([f"{source} {shown.tokens[row]}", *(short_number(float(x)) for x in numbers)])
    widths = [max(len(line[at]) for line in (titles, *rows[1:])) + 2 for at in range(len(titles))]
    lines = [f"layer {shown.layer} · head {shown.head}, position {shown.position} {shown.token}"]
    lines += [
        "".join(
            text.ljust(room) if not at else text.rjust(room)
            for at, (text, room) in enumerate(zip(line, widths, strict=False))
        ).rstrip()
        for line in (titles, *rows)
    ]
    if len(shown.sources) < shown.n_sources:
        lines.append(f"the {len(shown.sources)} strongest of {shown.n_sources} sources")
    return lines
