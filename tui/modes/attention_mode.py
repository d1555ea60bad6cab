"""Attention mode: all heads at a glance and what they do, one large, each weight to be opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.text import Text
from textual import on
from textual.containers import Container, Horizontal, Vertical
from textual.widget import Widget

from microgpt.errors import MicrogptError
from microgpt.model.places import head_path
from microgpt.printable import printable
from tui.debugger.shown_heads import ShownHeads
from tui.dialogs.other_run import OtherRunScreen
from tui.dialogs.replacement import ReplacementScreen
from tui.keys import LIVE_KEYS, Key, bindings_for
from tui.modes.heads_mode import HeadsScreen
from tui.widgets.cell_pane import CellPane, OpenedCell
from tui.widgets.head_strip import HeadStrip
from tui.widgets.head_table import HeadTable
from tui.widgets.heatmap import (
    CELL_WIDTH,
    NARROW_CELL,
    NUMBER_CELL,
    HeadNumberKind,
    Heatmap,
    content_width,
)
from tui.widgets.reading_pane import Reading, ReadingPane, least_width
from viz.attention_panels import attention_dot
from viz.export import write_picture
from viz.maps.text import MOVED

LEAST_PANE = 36
"""Beside a heatmap. Units: character cells, as all widths here."""
LEAST_HEATMAP = 50
"""So that its title is not cut, where there is room."""
BORDER = 2
LEAST_HEIGHT = 13
"""Of a head's heatmap with its border, before the table of all heads shrinks to a line."""
TOLD = {
    "weights": "a row reads the columns, in %",
    "scores": "q · k / √head_dim, before the softmax",
    "gradient": "d loss / d weight",
    "change": "change in points",
}
"""What the numbers of each view are."""


class AttentionScreen(HeadsScreen):
    """Looks at heads."""

    MODE = "attention"
    SHORT = "Attn"
    ON_SCREEN = (
        "Each small picture is a head: rows are positions that read, columns those that they read, "
        "and each row adds up to 1. The table says what each head does, measured over documents. "
        "Below is the selected head, large, with its letters, and beside it whom the selected "
        "position reads, or the weight that is open, term by term."
    )
    TOOLTIP = "Attention mode: what heads read, and why"
    KEYS = (
        *LIVE_KEYS,
        Key("left,h", "head(-1)", "Head −", "Select the head to the left, or the source if one is "
            "open", display="←", group="Head"),
        Key("right,l", "head(1)", "Head +", "Select the head to the right, or the source if one is "
            "open", display="→", group="Head"),
        Key("up,k", "position(-1)", "Position −", "Select the query position above", display="↑",
            group="Position"),
        Key("down,j", "position(1)", "Position +", "Select the query position below", display="↓",
            group="Position"),
        Key("enter", "open", "Open", "Open a weight: q and k term by term, and what it leads to",
            display="⏎"),
        Key("backspace", "close", "Close", "Close the weight", display="⌫", in_footer=False),
        Key("v", "lens", "View", "Weights, scores, gradients on weights, or change from a mark"),
        Key("z", "zero", "Zero", "What if the head, or the open weight, gave 0"),
        Key("e", "edit", "Edit", "What if it gave its mean, what it gives now, or another number",
            first=True),
        Key("m", "mark", "Mark", "Compare others with this step and text; again: no more",
            in_footer=False),
        Key("M", "other_run", "Other run", "Compare with a step of another run", first=True,
            in_footer=False),
    )  # fmt: skip
    BINDINGS = bindings_for(KEYS)

    source = -1  # of the open weight, -1 if none is open
    view: HeadNumberKind = "weights"

    def body(self) -> Widget:
        """Heads on top; below, the selected one, and whom the selected position reads."""
        heads, table = HeadStrip(id="heads"), HeadTable(id="head-table")
        heads.border_title = "all heads"
        one = Container(Heatmap(id="heatmap"), ReadingPane(id="row"), CellPane(id="cell"),
                        id="one-head")  # fmt: skip
        return Vertical(Horizontal(heads, table, id="all-heads"), one, id="attention")

    @property
    def head(self) -> tuple[int, int]:
        """The selected head as `(layer, head)`, until one is selected the first."""
        return self.selection.head or (0, 0)

    @property
    def head_index(self) -> int:
        """The selected head, counted through all layers."""
        layer, head = self.head
        return layer * (self.frame.model.config.n_head if self.frame else 1) + head

    @property
    def position(self) -> int:
        """The selected query position: the last, until another is selected."""
        last = len(self.shown.tokens) - 1 if self.shown else 0
        chosen = self.selection.position
        return last if chosen is None else min(chosen, last)

    @property
    def weights(self) -> Sequence[Sequence[float]]:
        """Attention weights of the selected head. Shape: `[position][source]`."""
        assert self.shown is not None
        layer, head = self.head
        return self.shown.attention[layer][head]

    @property
    def row_weights(self) -> Sequence[float]:
        """Attention weights of the selected row. Shape: `[source]`."""
        return self.weights[self.position]

    @property
    def needs_graph(self) -> bool:
        """An open weight does, and all views but that of the weights themselves."""
        return self.source >= 0 or self.view in ("scores", "gradient")

    def marked(self) -> None:
        """What differs from it is shown."""
        self.view = "change"

    def say_edit(self, line: str) -> None:
        """Where its loss will stand."""
        self.query_one(HeadTable).border_subtitle = f"✎ {line} …"

    def on_resize(self) -> None:
        """Another window has room for the ribbons beside the heatmap, or has none."""
        self.call_after_refresh(self.show_heads)

    def show_heads(self) -> None:
        """All heads, the selected one, and its selected row or the open weight."""
        shown = self.shown
        if shown is None or not self.query(Heatmap):
            return
        layer, head = self.head
        position = self.position
        self.source = min(self.source, position)
        cell_width = self._set_out(len(shown.tokens))
        self._show_heads(shown)
        marked = self.run_app.at_hand.marked
        try:
            matrix = shown.matrix(self.view, layer, head, marked)
        except MicrogptError as error:
            self.notify(str(error), severity="warning", markup=False)
            self.view = "weights"
            matrix = shown.matrix(self.view, layer, head, None)
        heatmap = self.query_one(Heatmap)
        heatmap.border_title = Text(  # as text: documents may look like markup
            f"layer {layer} · head {head} · “{printable(shown.origin.document)}” · {shown.moment}"
        )
        told = TOLD[matrix.kind]
        if matrix.kind == "change" and marked is not None:
            told += f" from {marked.name}"
            if marked.document != shown.origin.document:
                told += f" “{printable(marked.document)}”"
        if shown.without is not None:
            told = f"{'in %' if matrix.kind == 'weights' else told} · {MOVED} moved by the what-if"
        heatmap.border_subtitle = Text(told)
        heatmap.show(matrix, position, cell_width, self.source)
        self._show_row(shown, layer, head, position)

    def _show_heads(self, shown: ShownHeads) -> None:
        """All heads, and what they do."""
        self.query_one(HeadStrip).show(shown.pattern, self.head)
        table, frame = self.query_one(HeadTable), self.frame
        measured = self.run_app.heads_measured(frame) if frame else None
        n_heads = sum(map(len, shown.attention))
        least = max(LEAST_HEIGHT, len(shown.tokens) + 1 + BORDER)
        room = self.query_one("#attention").size.height
        table.set_compact(compact=room < table.height_of(n_heads) + least)
        loss = ""
        if shown.losses is not None:
            before, after = shown.losses
            loss = f"✎ loss {before:.4f} → {after:.4f} ({after - before:+.4f}) · U: undo"
        table.show(measured, self.head_index, loss)

    def _show_row(self, shown: ShownHeads, layer: int, head: int, position: int) -> None:
        """Whom the position reads, or the open weight."""
        row, pane = self.query_one(ReadingPane), self.query_one(CellPane)
        is_open = self.source >= 0 and shown.numbers is not None
        row.display, pane.display = not is_open, is_open
        if is_open and shown.numbers is not None:
            cell = shown.numbers.cell(layer, head, position, self.source)
            tokenizer = shown.origin.model.tokenizer
            vocabulary = tuple(map(tokenizer.label, range(tokenizer.vocab_size)))
            found = OpenedCell(cell, shown.tokens, vocabulary)
            pane.border_title = Text(found.title)
            pane.border_subtitle = "←→ source · ↑↓ reader · ⌫ close"
            pane.show(found)
        else:
            unedited = shown.without.weights(layer, head) if shown.without else None
            row.border_title = Text(f"position {position} ‘{shown.tokens[position]}’")
            row.show(Reading(shown.tokens, self.weights, position, unedited))

    def _set_out(self, n_positions: int) -> int:
        """Puts the ribbons beside the heatmap, or where there is no room below; its cells' width.

        What the heatmap does not need is the ribbons'.
        """
        room, heatmap = self.size.width, self.query_one(Heatmap)
        beside = room - BORDER - max(LEAST_PANE, least_width(n_positions) + BORDER)
        # In a narrow cell there is no room for the mark of a what-if.
        all_widths = (CELL_WIDTH, NARROW_CELL)[: 1 if self.shown and self.shown.without else 2]
        if self.view != "weights":
            all_widths = (NUMBER_CELL,) if self.view != "change" else (CELL_WIDTH + 1,)
            beside = room - BORDER - LEAST_PANE
        widths = [width for width in all_widths if content_width(n_positions, width) <= beside]
        self.query_one("#one-head").set_class(not widths, "-stacked")
        cell_width = widths[0] if widths else all_widths[0]
        own = max(content_width(n_positions, cell_width), LEAST_HEATMAP) + BORDER
        heatmap.styles.width = min(own, room - LEAST_PANE) if widths else "1fr"
        return cell_width

    # -- keys and mouse ------------------------------------------------------------------------

    def action_head(self, by: int) -> None:
        """Next or previous head, round and round through the layers; or source, if one is open."""
        if self.frame and self.source >= 0:
            self.source = min(max(self.source + by, 0), self.position)
            self.show_heads()
        elif self.frame:
            config = self.frame.model.config
            self._select_head((self.head_index + by) % (config.n_head * config.n_layer))

    def _select_head(self, index: int) -> None:
        self._select_both(*divmod(index, self.frame.model.config.n_head if self.frame else 1))

    def _select_both(self, layer: int, head: int, position: int | None = None) -> None:
        """Selects a head, and the position that reads, if one is meant."""
        self.run_app.select(self.selection.with_head(layer, head, position))
        self.show_heads()

    def action_position(self, by: int) -> None:
        """Next or previous query position."""
        if self.shown:
            self._select(min(max(self.position + by, 0), len(self.shown.tokens) - 1))

    def _select(self, position: int) -> None:
        self._select_both(*self.head, position)

    def action_open(self) -> None:
        """Opens the weight of what the position reads most."""
        if self.shown is None or self.frame is None or self.source >= 0:
            return
        row = self.row_weights[: self.position + 1]
        self._open(max(range(len(row)), key=lambda source: row[source]))

    def _open(self, source: int) -> None:
        self.source = source
        self.show_heads()
        if self.frame is not None:
            self.show_frame(self.frame)

    def action_close(self) -> None:
        """Closes the weight."""
        self.source = -1
        self.show_heads()

    def action_lens(self) -> None:
        """The next kind of numbers."""
        kinds: tuple[HeadNumberKind, ...] = ("weights", "scores", "gradient")
        if self.run_app.at_hand.marked is not None:
            kinds = (*kinds, "change")
        at = kinds.index(self.view) if self.view in kinds else -1
        self.view = kinds[(at + 1) % len(kinds)]
        if self.frame is not None:
            self.show_frame(self.frame)

    def action_mark(self) -> None:
        """Compares with what is shown, or no more."""
        hand, frame = self.run_app.at_hand, self.frame
        if hand.marked is not None:
            hand.marked = None
            self.view = "weights" if self.view == "change" else self.view
            self.notify("compared no more", timeout=2)
            self.show_heads()
        elif self.shown is not None and self.shown.numbers is not None:
            self._mark(self.shown)
        elif frame is not None:
            self._marks = True
            self._ask(frame)

    def action_other_run(self) -> None:
        """Asks for a step of another run."""
        shown = self.shown
        if shown is None:
            return

        def compare(told: str | None) -> None:
            if told is not None:
                self.compare_with_run(told, shown)

        self.run_app.open_dialog(OtherRunScreen(), compare)

    # -- what-ifs ------------------------------------------------------------------------------

    @property
    def scope(self) -> str:
        """The selected head at all positions, in the debugger's words."""
        layer, head = self.head
        return head_path(0, layer, head).replace("pos0/", "pos*/", 1)

    @property
    def weight(self) -> str:
        """The open weight in the debugger's words, `""` if none is open."""
        if self.source < 0:
            return ""
        return f"{head_path(self.position, *self.head)}/softmax[{self.source}]"

    def action_zero(self) -> None:
        """What if the head, or the open weight, gave 0."""
        weight = self.weight
        self.begin_edit(f"set {weight} = 0.0" if weight else f"zero {self.scope}")

    def action_edit(self) -> None:
        """Asks what it should give."""
        shown = self.shown
        if shown is None:
            return

        def edit(line: str | None) -> None:
            if line is not None:
                self.begin_edit(line)

        model, document = shown.origin.model, shown.origin.document
        dialog = ReplacementScreen(model, document, self.scope, self.weight)
        self.run_app.open_dialog(dialog, edit)

    @on(Heatmap.PositionPicked)
    def _pick_position(self, event: Heatmap.PositionPicked) -> None:
        again = event.position == self.position
        self._select(event.position)
        if event.source >= 0 and (again or self.source >= 0):
            self._open(event.source)

    @on(HeadStrip.HeadPicked)
    @on(HeadTable.HeadPicked)
    def _pick_head(self, event: HeadStrip.HeadPicked | HeadTable.HeadPicked) -> None:
        self._select_head(event.index)

    def number_at_hand(self) -> str:
        """The open weight, or what stands there in this view; else the weights of the row."""
        shown = self.shown
        if shown is None:
            return ""
        matrix = shown.matrix(self.view, *self.head, self.run_app.at_hand.marked)
        row = matrix.values[self.position][: self.position + 1]
        if self.source < 0:
            return " ".join(map(repr, row))
        # What is compared with may be shorter.
        return repr(row[self.source]) if self.source < len(row) else ""

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        """The per-token attention graph of all heads."""
        shown = self.shown
        if shown is None:
            return None
        dot = attention_dot(shown.pattern, f"{shown.origin.document} · {shown.moment}")
        return f"attention-step{shown.origin.step}", lambda path: write_picture(dot, path)
