"""Texts that a model wrote, each with its probability under the model that wrote it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from microgpt.printable import printable
from tui.training.run_frame import FreshSample

PROBABILITY = 8
"""Width of a probability. Units: character cells."""


def probability_in_words(log_probability: float | None) -> str:
    """A probability by its logarithm, which says it also where it is too small for a float.

    >>> [probability_in_words(each) for each in (-1.0, -12.345, -2000.0, None)]
    ['0.3679', '4.35e-06', '2.6e-869', '']
    """
    if log_probability is None:
        return ""
    if log_probability > math.log(1e-3):
        return f"{math.exp(log_probability):.4f}"
    tenths = log_probability / math.log(10)
    exponent = math.floor(tenths)
    digits = 1 if exponent <= -100 else 2
    mantissa = round(10 ** (tenths - exponent), digits)
    if mantissa >= 10:
        mantissa, exponent = 1.0, exponent + 1
    return f"{mantissa:.{digits}f}e-{-exponent:02d}"


def sample_lines(samples: Sequence[FreshSample], width: int, muted: str) -> Text:
    """A line each: the step, the probability, the text.

    Args:
        width: of the room. Units: character cells.
        muted: the colour of what is said beside a text.
    """
    text = Text(no_wrap=True, overflow="ellipsis")
    digits = len(str(max((sample.step for sample in samples), default=0)))
    has_room = width >= digits + PROBABILITY + 8
    for sample in samples:
        text.append(f"{sample.step:>{digits}} ", muted)
        if has_room:
            told = f"p {probability_in_words(sample.log_probability)}"
            text.append(f"{told if sample.log_probability is not None else '':<{PROBABILITY + 2}} ",
                        muted)  # fmt: skip
        text.append(f"{printable(sample.text) or '(empty)'}\n")
    return text
