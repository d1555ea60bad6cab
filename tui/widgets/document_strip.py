"""The current document, character by character: what was read, what came, how surprising it was."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from tui.cell_text import set_left
from tui.themes import theme_color
from tui.training.run_frame import RunFrame
from viz.dot import printable
from viz.style import POSITIVE, blend

COLUMN = 7
_BARS = " ▁▂▃▄▅▆▇█"


class DocumentStrip(Static):
    """A column a position: the token to predict, -log p, p, and a bar."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id, markup=False)
        self._frame: RunFrame | None = None

    def show(self, frame: RunFrame) -> None:
        """Shows the frame's document."""
        self._frame = frame
        self.update(self._table())

    def on_resize(self) -> None:
        """Columns are as many as fit."""
        if self._frame:
            self.update(self._table())

    def _table(self) -> Text:
        frame = self._frame
        text = Text(no_wrap=True, overflow="ellipsis")
        if frame is None or frame.result is None:
            return text
        result, labels = frame.result, frame.labels
        width = min(COLUMN, max(5, (self.size.width - 8) // max(1, len(result.position_losses))))
        highest = max(result.position_losses)
        muted, background = (theme_color(self.app, name) for name in ("muted", "background"))
        names = ("reads", "next", "p", "loss", "")
        rows = {name: Text().append(f"{name:<7} ", muted) for name in names}
        for position, loss in enumerate(result.position_losses):
            target = result.tokens[position + 1]
            p = result.probs[position][target]
            fill = blend(background, POSITIVE, loss / highest if highest else 0.0)
            bar = _BARS[min(8, round(8 * loss / highest))] if highest else " "
            rows["reads"].append(set_left(labels[position], width - 1) + " ", muted)
            rows["next"].append(set_left(labels[position + 1], width - 1) + " ", "bold")
            rows["p"].append(f"{100 * p:.1f}%".ljust(width), muted)
            rows["loss"].append(f"{loss:.2f}".ljust(width))
            rows[""].append((bar * (width - 2)).ljust(width), fill)
        text.append(f"“{printable(result.document)}”", "bold")
        text.append(f"  step {result.step} · loss {result.loss:.4f} · lr {result.lr:.4g}\n", muted)
        return text + Text("\n").join(rows.values())
