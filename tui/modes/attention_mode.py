"""Attention mode: all heads small, one large, the selected row as numbers; live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.text import Text
from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from tui.cell_text import set_left
from tui.keys import LIVE_KEYS, Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.themes import theme_color
from tui.training.run_frame import RunFrame
from tui.widgets.heatmap import HeadStrip, Heatmap
from viz.attention import AttentionPattern, attention_dot
from viz.dot import printable
from viz.export import write_picture


class AttentionScreen(ModeScreen):
    """Looks at heads."""

    MODE = "attention"
    TOOLTIP = "Attention mode: heads as heatmaps"
    KEYS = (
        *LIVE_KEYS,
        Key("left", "head(-1)", "Head −", "Select the head to the left", display="←",
            group="Head"),
        Key("right", "head(1)", "Head +", "Select the head to the right", display="→",
            group="Head"),
        Key("up", "position(-1)", "Position −", "Select the query position above", display="↑",
            group="Position"),
        Key("down", "position(1)", "Position +", "Select the query position below", display="↓",
            group="Position"),
    )  # fmt: skip
    BINDINGS = bindings_for(KEYS)

    head_index = 0  # the selected head, counted through all layers
    position = 0  # the selected query position

    def body(self) -> Widget:
        """Heads on top; below, the selected one and its selected row."""
        heads = HeadStrip(id="heads")
        heads.border_title = "all heads"
        one = Heatmap(id="heatmap")
        row = Static(id="row", markup=False)
        row.border_title = "this row"
        return Vertical(heads, Horizontal(one, row), id="attention")

    @property
    def head(self) -> tuple[int, int]:
        """The selected head as `(layer, head)`."""
        n_head = self.frame.model.config.n_head if self.frame else 1
        return divmod(self.head_index, n_head)

    @property
    def row_weights(self) -> tuple[float, ...]:
        """Attention weights of the selected row. Shape: `[source]`."""
        assert self.frame is not None
        assert self.frame.result is not None
        layer, head = self.head
        return self.frame.result.attention[layer][head][self.position]

    def show_result(self, frame: RunFrame) -> None:
        """Shows a step; the selection stays where it is if the document is long enough."""
        result = frame.result
        assert result is not None
        self.position = min(self.position, len(result.position_losses) - 1)
        self._show()

    def _pattern(self) -> AttentionPattern:
        assert self.frame is not None
        assert self.frame.result is not None
        return AttentionPattern.of(self.frame.result, self.frame.labels)

    def _show(self) -> None:
        frame = self.frame
        if frame is None or frame.result is None:
            return
        pattern = self._pattern()
        layer, head = self.head
        heatmap = self.query_one(Heatmap)
        heatmap.border_title = Text(  # as text: documents may look like markup
            f"layer {layer} · head {head} · “{printable(frame.result.document)}”"
            f" · step {frame.result.step}"
        )
        heatmap.border_subtitle = "rows: query position, columns: source, weights in %"
        heatmap.show(pattern.tokens, pattern.weights[layer][head], self.position)
        self.query_one(HeadStrip).show(pattern, self.head)
        self.query_one("#row", Static).update(self._row(pattern.tokens))

    def _row(self, tokens: tuple[str, ...]) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        color = theme_color(self.app, "primary")
        longest = max(1, self.query_one("#row").content_size.width - 17)
        text.append(f"position {self.position} ‘{tokens[self.position]}’ reads\n", "bold")
        for source, weight in enumerate(self.row_weights):
            text.append(f"{source:>3} {set_left(tokens[source], 3)} {weight:.6f} ")
            text.append("█" * round(longest * weight) + "\n", color)
        return text

    # -- keys and mouse ------------------------------------------------------------------------

    def action_head(self, by: int) -> None:
        """Next or previous head, round and round through the layers."""
        if self.frame:
            config = self.frame.model.config
            self.head_index = (self.head_index + by) % (config.n_head * config.n_layer)
            self._show()

    def action_position(self, by: int) -> None:
        """Next or previous query position."""
        if self.frame and self.frame.result:
            last = len(self.frame.result.position_losses) - 1
            self.position = min(max(self.position + by, 0), last)
            self._show()

    @on(Heatmap.PositionPicked)
    def _pick_position(self, event: Heatmap.PositionPicked) -> None:
        self.position = event.position
        self._show()

    @on(HeadStrip.HeadPicked)
    def _pick_head(self, event: HeadStrip.HeadPicked) -> None:
        self.head_index = event.index
        self._show()

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        """The per-token attention graph of all heads."""
        if self.frame is None or self.frame.result is None:
            return None
        result = self.frame.result
        dot = attention_dot(self._pattern(), f"{result.document} · step {result.step}")
        return f"attention-step{result.step}", lambda path: write_picture(dot, path)
