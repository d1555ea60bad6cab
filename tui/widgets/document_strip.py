"""The current document, character by character: what was read, what came, how surprising it was."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from microgpt.printable import printable
from tui.cell_text import set_left
from tui.themes import theme_color
from tui.training.run_frame import RunFrame
from viz.maps.step_map import StepMap
from viz.maps.text import MOVED
from viz.style import EIGHTHS, POSITIVE, blend

COLUMN, NAMES = 7, 8
"""Widths of a column at most, and of the rows' names. Units: character cells."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one position reads and what comes next, with what the model thought of that."""

    reads: str
    target: str
    probability: float  # nan where it is not known
    loss: float  # Units: nats


def predictions_of(frame: RunFrame) -> list[Prediction]:
    """Of a frame's document. Shape: `[position]`."""
    result, labels = frame.result, frame.labels
    if result is None:
        return []
    return [
        Prediction(labels[at], labels[at + 1], result.probs[at][result.tokens[at + 1]], loss)
        for at, loss in enumerate(result.position_losses)
    ]


def predictions_on(step_map: StepMap) -> list[Prediction]:
    """The same, read from a graph. Shape: `[position]`."""
    data = step_map.graph.data
    return [
        Prediction(
            caption.token or "",
            caption.target or "",
            math.nan if caption.probability is None else float(data[caption.probability]),
            float(data[caption.loss]),
        )
        for caption in step_map.captions
        if caption.loss is not None
    ]


@dataclass(frozen=True, eq=False)
class EditedDocument:
    """A step with what-ifs in force, which is shown in place of training's."""

    document: str
    step: int
    map: StepMap
    before: StepMap  # without what-ifs


class DocumentStrip(Static):
    """A column a position: the token to predict, -log p, p, and a bar; a click selects it."""

    class PositionPicked(Message):
        """A column was clicked."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id, markup=False)
        self._frame: RunFrame | None = None
        self._edited: EditedDocument | None = None
        self._selected = -1
        self._width = COLUMN

    def show(
        self, frame: RunFrame, edited: EditedDocument | None = None, selected: int = -1
    ) -> None:
        """Shows the frame's document, or what a what-if makes of the step it is of.

        Args:
            selected: position that is marked, -1 for none.
        """
        self._frame, self._edited, self._selected = frame, edited, selected
        self.update(self._table())

    def on_click(self, event: events.Click) -> None:
        """Selects the column under the mouse."""
        at = event.get_content_offset(self)
        if at is not None and at.x >= NAMES and self._frame and self._frame.result:
            position = (at.x - NAMES) // self._width
            if position < len(self._frame.result.position_losses):
                self.post_message(self.PositionPicked(position))

    def on_resize(self) -> None:
        """Columns are as many as fit."""
        if self._frame:
            self.update(self._table())

    def _table(self) -> Text:
        frame, edited = self._frame, self._edited
        text = Text(no_wrap=True, overflow="ellipsis")
        if frame is None or frame.result is None:
            return text
        result = frame.result
        predictions = predictions_on(edited.map) if edited else predictions_of(frame)
        before = predictions_on(edited.before) if edited else predictions
        width = min(COLUMN, max(5, (self.size.width - NAMES) // max(1, len(predictions))))
        self._width = width
        losses = [each.loss for each in predictions if math.isfinite(each.loss)]
        highest = max(losses, default=0.0)
        muted, background = (theme_color(self.app, name) for name in ("muted", "background"))
        names = ("reads", "next", "p", "loss", "")
        rows = {name: Text().append(f"{name:<7} ", muted) for name in names}
        chosen = "bold reverse"
        for at, (each, was) in enumerate(zip(predictions, before, strict=True)):
            part = each.loss / highest if highest > 0 else 0.0
            part = min(1.0, max(0.0, part)) if math.isfinite(part) else 1.0
            fill = blend(background, POSITIVE, part)
            bar = EIGHTHS[round((len(EIGHTHS) - 1) * part)]
            is_chosen = at == self._selected
            rows["reads"].append(set_left(each.reads, width - 1), chosen if is_chosen else muted)
            rows["next"].append(set_left(each.target, width - 1), chosen if is_chosen else "bold")
            for name in ("reads", "next"):
                rows[name].append(" ")
            p_mark, mark = _mark(each.probability, was.probability), _mark(each.loss, was.loss)
            rows["p"].append(f"{100 * each.probability:.1f}%{p_mark}".ljust(width), muted)
            rows["loss"].append(f"{each.loss:.2f}{mark}".ljust(width))
            rows[""].append((bar * (width - 2)).ljust(width), fill)
        if edited is not None:
            graph = edited.map.graph
            text.append(f"“{printable(edited.document)}”", "bold")
            text.append(f"  step {edited.step}", muted)
            text.append(f"  ✎ what-if: loss {graph.data[graph.root]:.4f}", "bold")
            text.append(f"  {MOVED} moved by it · U: undo\n", muted)
        else:
            text.append(f"“{printable(result.document)}”", "bold")
            told = f"  step {result.step} · loss {result.loss:.4f} · lr {result.lr:.4g}\n"
            text.append(told, muted)
        return text + Text("\n").join(rows.values())


def _mark(now: float, before: float) -> str:
    """Behind a number that a what-if moves."""
    is_same = now == before or (math.isnan(now) and math.isnan(before))
    return "" if is_same else MOVED
