"""A run's hyperparameters in lines: name, number, what it is, and what more of it does."""

from __future__ import annotations

from rich.text import Text

from microgpt.model.parameters import ModelConfig
from microgpt.train.hyperparameters import MODEL, TRAINING
from tui.training.run_frame import RunFrame

NAME, NUMBER = 11, 8
"""Widths. Units: character cells."""


def setup_table(frame: RunFrame, height: int, ink: dict[str, str]) -> Text:
    """What the run was begun with; with effects where there is room for them.

    Args:
        height: of the room. Units: lines.
        ink: colours of the theme by name: muted, primary, secondary.
    """
    model: ModelConfig = frame.model.config
    text = Text(no_wrap=True, overflow="ellipsis")
    n_parameters = model.num_parameters(frame.model.tokenizer.vocab_size)
    rows = [(row, getattr(model, row.field)) for row in MODEL]
    rows += [(row, getattr(frame.config, row.field)) for row in TRAINING]
    has_room = 2 * len(rows) < height
    for row, number in rows:
        text.append(f"{row.field:<{NAME}}", ink["secondary"])
        shown = f"{number:g}" if isinstance(number, float) else f"{number}"
        text.append(f"{shown:<{NUMBER}}", f"bold {ink['primary']}")
        text.append(f"{row.words}\n")
        if has_room:
            text.append(f"  {row.effect}\n", ink["muted"])
    text.append(f"{n_parameters:,} parameters", ink["muted"])
    return text
