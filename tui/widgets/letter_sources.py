"""What a letter was drawn from, in lines: whom each head reads, and the logit lens."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from microgpt.model.sampling import drawing_weights
from microgpt.train.generation import Generation
from tui.widgets.drawn_text import percent
from tui.widgets.reading_pane import Reading

MOST_LETTERS = 6
"""Of a stage of the lens."""


def readings(made: Generation, at: int, width: int, muted: str) -> Text:
    """Whom a position reads, a line a head.

    Args:
        width: of a line. Units: character cells.
        muted: colour of what stands beside the numbers.
    """
    text = Text(no_wrap=True, overflow="ellipsis")
    tokens = tuple(made.label(place) for place in range(at + 1))
    for layer, heads in enumerate(made.attention(at)):
        for head, weights in enumerate(heads):
            name = f"L{layer} H{head} "
            rows: list[Sequence[float]] = [()] * at + [weights]
            reading = Reading(tokens, rows, at)
            text.append(name, muted)
            text.append(reading.in_words(reading.sources, width - cell_len(name)) + "\n")
    text.rstrip()
    return text


def lens_lines(made: Generation, at: int, width: int, muted: str) -> Text:
    """The likeliest letters after each block, at temperature 1; arguments as of `readings`."""
    text = Text(no_wrap=True, overflow="ellipsis")
    stages = made.lens(at)
    names = max(len(stage.name) for stage in stages) + 1
    label = made.model.tokenizer.label
    for stage in stages:
        text.append(f"{stage.name:<{names}}", muted)
        probs = drawing_weights(stage.logits, 1.0)
        order = sorted(range(len(probs)), key=lambda token: -probs[token])
        told = ""
        for token in order[:MOST_LETTERS]:
            one = f"{label(token)} {percent(probs[token])}"
            if told and cell_len(told) + cell_len(one) > width - names:
                break
            told += f"{one}  "
        text.append(f"{told.rstrip()}\n")
    text.rstrip()
    return text
