"""Attention mode: all heads small, one large, and whom the selected position reads; live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text
from textual import on
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widget import Widget

from microgpt.errors import MicrogptError
from microgpt.model.transformer import forward
from microgpt.printable import printable
from microgpt.train.graph_origin import GraphOrigin
from tui.base.thread_work import in_thread
from tui.keys import LIVE_KEYS, Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.training.run_frame import RunFrame
from tui.widgets.heatmap import CELL_WIDTH, NARROW_CELL, HeadStrip, Heatmap, content_width
from tui.widgets.reading_pane import Reading, ReadingPane, least_width
from viz.attention_panels import AttentionPattern, attention_dot
from viz.export import write_picture
from viz.maps.text import MOVED

LEAST_PANE = 36
"""Beside a heatmap. Units: character cells, as all widths here."""
LEAST_HEATMAP = 50
"""So that its title is not cut, where there is room."""
BORDER = 2


@dataclass(frozen=True, slots=True)
class ShownAttention:
    """The attention of one document by one model."""

    pattern: AttentionPattern
    document: str
    moment: str  # which model it is, in words: `"step 3"`, `"untrained"`
    step: int  # the one that is computed from that model
    unedited: AttentionPattern | None = None  # without the what-ifs in force, if there are any


def untrained_attention(origin: GraphOrigin) -> ShownAttention:
    """What the model reads before its first step, by a forward pass.

    Raises:
        MicrogptError: the pass cannot be computed.
    """
    model = origin.model
    tokens = model.tokenizer.encode(origin.document)
    computed = forward(tokens, model.parameters(), model.config, model.tokenizer)
    labels = tuple(map(model.tokenizer.label, tokens[: len(computed.losses)]))
    pattern = AttentionPattern(labels, computed.attention_weights())
    return ShownAttention(pattern, origin.document, "untrained", origin.step)


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

    shown: ShownAttention | None = None
    _computed: GraphOrigin | None = None  # what the untrained model's attention was asked for

    class Computed(Message):
        """The attention of the untrained model is there."""

        def __init__(self, shown: ShownAttention) -> None:
            super().__init__()
            self.shown = shown

    class NotComputed(Message):
        """It cannot be had."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def body(self) -> Widget:
        """Heads on top; below, the selected one, and whom the selected position reads."""
        heads = HeadStrip(id="heads")
        heads.border_title = "all heads"
        return Vertical(
            heads, Container(Heatmap(id="heatmap"), ReadingPane(id="row"), id="one-head"),
            id="attention",
        )  # fmt: skip

    @property
    def head(self) -> tuple[int, int]:
        """The selected head as `(layer, head)`."""
        n_head = self.frame.model.config.n_head if self.frame else 1
        return divmod(self.head_index, n_head)

    @property
    def weights(self) -> Sequence[Sequence[float]]:
        """Attention weights of the selected head. Shape: `[position][source]`."""
        assert self.shown is not None
        layer, head = self.head
        return self.shown.pattern.weights[layer][head]

    @property
    def row_weights(self) -> Sequence[float]:
        """Attention weights of the selected row. Shape: `[source]`."""
        return self.weights[self.position]

    # -- the step that is shown ----------------------------------------------------------------

    def show_frame(self, frame: RunFrame) -> None:
        """Before training has made a step, the untrained model's attention is shown."""
        super().show_frame(frame)
        if frame.result is not None or frame.upcoming is None:
            return
        if frame.upcoming is self._computed:
            self._show()
        else:
            self._computed = frame.upcoming
            self._compute(frame.upcoming)

    @in_thread(exclusive=True)
    def _compute(self, origin: GraphOrigin) -> None:
        try:
            shown = untrained_attention(origin)
        except MicrogptError as error:
            self.post_message(self.NotComputed(str(error)))
        else:
            self.post_message(self.Computed(shown))

    @on(Computed)
    def _take_computed(self, event: Computed) -> None:
        if self.frame is not None and self.frame.result is None:  # no step has overtaken it
            self._take(event.shown)

    @on(NotComputed)
    def _say_not_computed(self, event: NotComputed) -> None:
        self.notify(event.problem, severity="error", markup=False)

    def show_result(self, frame: RunFrame) -> None:
        """Shows a step; the selection stays where it is if the document is long enough."""
        result = frame.result
        assert result is not None
        step = self.run_app.at_hand.edited_at(frame)
        if step is not None:
            captions = step.explorer.map.captions
            tokens = [caption.token or "" for caption in captions]
            pattern = AttentionPattern.of_map(step.explorer.map, tokens)
            moment = f"step {step.origin.step}, what-if"
            was = AttentionPattern.of_map(step.explorer.map_unedited, tokens)
            origin = step.origin
            self._take(ShownAttention(pattern, origin.document, moment, origin.step, was))
            return
        pattern = AttentionPattern.of(result, frame.labels)
        self._take(ShownAttention(pattern, result.document, f"step {result.step}", result.step))

    def _take(self, shown: ShownAttention) -> None:
        self.shown = shown
        self.position = min(self.position, len(shown.pattern.tokens) - 1)
        self._show()

    def on_resize(self) -> None:
        """Another window has room for the ribbons beside the heatmap, or has none."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        shown = self.shown
        if shown is None:
            return
        layer, head = self.head
        cell_width = self._set_out(len(shown.pattern.tokens))
        heatmap = self.query_one(Heatmap)
        heatmap.border_title = Text(  # as text: documents may look like markup
            f"layer {layer} · head {head} · “{printable(shown.document)}” · {shown.moment}"
        )
        unedited = shown.unedited.weights_of(layer, head) if shown.unedited else None
        tokens = shown.pattern.tokens
        marked = f"in % · {MOVED} moved by the what-if"
        heatmap.border_subtitle = marked if unedited else "a row reads the columns, in %"
        heatmap.show(tokens, self.weights, self.position, cell_width, unedited)
        self.query_one(HeadStrip).show(shown.pattern, self.head)
        pane = self.query_one(ReadingPane)
        pane.border_title = Text(f"position {self.position} ‘{tokens[self.position]}’")
        pane.show(Reading(tokens, self.weights, self.position, unedited))

    def _set_out(self, n_positions: int) -> int:
        """Puts the ribbons beside the heatmap, or where there is no room below; its cells' width.

        What the heatmap does not need is the ribbons'.
        """
        room, heatmap = self.size.width, self.query_one(Heatmap)
        beside = room - BORDER - max(LEAST_PANE, least_width(n_positions) + BORDER)
        # In a narrow cell there is no room for the mark of a what-if.
        all_widths = (CELL_WIDTH, NARROW_CELL)[: 1 if self.shown and self.shown.unedited else 2]
        widths = [width for width in all_widths if content_width(n_positions, width) <= beside]
        self.query_one("#one-head").set_class(not widths, "-stacked")
        cell_width = widths[0] if widths else CELL_WIDTH
        own = max(content_width(n_positions, cell_width), LEAST_HEATMAP) + BORDER
        heatmap.styles.width = min(own, room - LEAST_PANE) if widths else "1fr"
        return cell_width

    # -- keys and mouse ------------------------------------------------------------------------

    def action_head(self, by: int) -> None:
        """Next or previous head, round and round through the layers."""
        if self.frame:
            config = self.frame.model.config
            self.head_index = (self.head_index + by) % (config.n_head * config.n_layer)
            self._show()

    def action_position(self, by: int) -> None:
        """Next or previous query position."""
        if self.shown:
            last = len(self.shown.pattern.tokens) - 1
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
        shown = self.shown
        if shown is None:
            return None
        dot = attention_dot(shown.pattern, f"{shown.document} · {shown.moment}")
        return f"attention-step{shown.step}", lambda path: write_picture(dot, path)
