"""A run's hyperparameters in lines: name, number, what it is, and what more of it does."""

from __future__ import annotations

from rich.text import Text

from microgpt.model.parameters import ModelConfig
from microgpt.train.hyperparameters import MODEL, TRAINING
from tui.training.run_frame import RunFrame

NAME, NUMBER = 11, 8
"""Widths. Units: character cells."""


def setup_table(frame: RunFrame, width: int, height: int, ink: dict[str, str]) -> Text:
    """What the run was begun with; with effects where there is room for them.

    Args:
        width: of the room. Units: character cells, as the next.
        height: of it.
        ink: colours of the theme by name: muted, primary, secondary.
    """
    model: ModelConfig = frame.model.config
    text = Text(no_wrap=False, overflow="fold")
    n_parameters = model.num_parameters(frame.model.tokenizer.vocab_size)
    rows = [(row, getattr(model, row.field)) for row in MODEL]
    rows += [(row, getattr(frame.config, row.field)) for row in TRAINING]
    heights = [1 + -(-len(row.effect) // max(1, width - NAME)) for row, _ in rows]
    has_room = sum(heights) + 1 <= height
    for row, number in rows:
        text.append(f"{row.field:<{NAME}}", ink["secondary"])
        told = f"{number:g}" if isinstance(number, float) else f"{number}"
        text.append(f"{told:<{NUMBER}} ", f"bold {ink['primary']}")
        words = row.words if has_room else row.words[: max(0, width - NAME - NUMBER - 1)]
        text.append(f"{words}\n")
        if has_room:
            text.append(_indented(row.effect, width), ink["muted"])
    text.append(f"{n_parameters:,} parameters · R: a new run with others", ink["muted"])
    return text


def _indented(sentence: str, width: int) -> str:
    """Lines below the name's column."""
    room, lines = max(10, width - NAME), [""]
    for word in sentence.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "".join(f"{' ' * NAME}{line}\n" for line in lines)
