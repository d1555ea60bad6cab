"""The lesson on heads: which of them looks back by one letter."""

from __future__ import annotations

import numpy as np

from microgpt.graph.arrays import Floats
from microgpt.train.engines.vectors.document_pass import document_pass
from microgpt.train.graph_origin import GraphOrigin
from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict

DOCUMENTS = 12
"""Over so many of the corpus a head is judged."""


def weight_on_letter_before(origin: GraphOrigin) -> Floats | None:
    """The mean attention weight that each head gives to the position just before its own.

    None if the model computes no finite numbers. Shape: `[layer][head]`.
    """
    found, tokenizer, config = [], origin.model.tokenizer, origin.model.config
    for document in origin.documents[:DOCUMENTS]:
        tokens = tokenizer.encode(document)[: config.block_size + 1]
        passed = document_pass(config, tokenizer, origin.state.data, tokens)
        if passed is not None:
            each = [np.diagonal(layer.weights, -1, axis1=1, axis2=2) for layer in passed.layers]
            found.append(np.array(each))
    if not found:
        return None
    mean: Floats = np.concatenate(found, axis=2).mean(axis=2)
    return mean


def check(situation: Situation) -> TaskVerdict:
    """Done when the head is selected that gives most weight to the letter before."""
    origin, head = situation.origin, situation.head
    if origin is None:
        return NOT_YET
    if head is None:
        return TaskVerdict(
            is_done=False, said="Go to Attention mode (4): heads are selected there."
        )
    weights = weight_on_letter_before(origin)
    if weights is None:
        return NOT_YET
    mine = float(weights[head])
    told = (
        f"Layer {head[0]}, head {head[1]} gives the letter before it {mine:.0%} of its weight, on "
        f"average over {min(DOCUMENTS, len(origin.documents))} documents"
    )
    if mine < weights.max():
        return TaskVerdict(is_done=False, said=f"{told}; another head gives it more.")
    return TaskVerdict(
        is_done=True,
        said=f"{told}, more than any other head. Nobody told it to: it came out of training, since "
        "the letter before says a lot about the next one.",
    )


LOOKS_BACK = Lesson(
    "back",
    "The head that looks back",
    "Each head mixes earlier positions by weights of its own. One head of this model reads the "
    "letter before the present one more than the others do. Select it in Attention mode (4), and "
    "answer with !",
    (
        (
            "The heatmap has a row for each position and a column for each letter it can read. The "
            "diagonal is the position itself; look one to the left of it."
        ),
        "One document can mislead: the table beside the heads is measured over many.",
        "It is one of the two heads in the middle.",
    ),
    check,
    waits_for_answer=True,
)
