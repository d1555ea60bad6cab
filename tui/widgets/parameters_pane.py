"""A model's matrices: all in a table, one as a heatmap, and the number that the cursor is on."""

from __future__ import annotations

import math
from dataclasses import replace

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from microgpt.debugger.wording import counted
from microgpt.printable import printable
from tui.keys import PARAMETERS, bindings_for
from tui.themes import theme_color
from tui.training.shown_parameters import (
    LOGARITHMIC,
    ParameterKind,
    ShownMatrix,
    ShownParameters,
)
from tui.widgets.drawn_matrix import DrawnMatrix
from tui.widgets.histogram import Histogram, histogram_lines
from tui.widgets.parameter_heatmap import DEAD, ParameterHeatmap
from tui.widgets.parameter_table import ParameterTable, sign_of
from viz.style import short_number

LEAST_HEIGHT = 16
"""Of heatmap and numbers, before the table shrinks to a line. Units: lines."""
MOST_TOLD = 8
"""So many dead units are named."""
TOLD: dict[ParameterKind, str] = {
    "data": "the numbers themselves",
    "gradient": "d loss / d number",
    "moment m": "Adam's mean gradient",
    "moment v": "Adam's mean squared gradient",
}


class ParametersPane(Vertical):
    """Shows matrices; arrows move a cursor over the numbers of one."""

    BINDINGS = bindings_for(PARAMETERS.keys)

    class Selected(Message):
        """The cursor is on another number, or another matrix is shown."""

        def __init__(self, matrix: str, entry: str) -> None:
            super().__init__()
            self.matrix = matrix
            self.entry = entry  # the number's name

    class Opened(Message):
        """A number is to be shown where it is computed with."""

        def __init__(self, matrix: str, entry: str) -> None:
            super().__init__()
            self.matrix = matrix
            self.entry = entry

    can_focus = True
    shown: ShownParameters | None = None
    place = 0  # of the matrix shown, among all
    kind: ParameterKind = "data"
    is_whole = False
    """Whether the matrix is pooled to fit the window, and not as large as it is."""

    def __init__(self) -> None:
        super().__init__(id="parameters")
        self._entries: dict[str, tuple[int, int]] = {}  # the cursor in each matrix, by its name
        self._drawn: DrawnMatrix | None = None
        self._drawn_for: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """The table; below, the heatmap beside the number at hand and the histogram."""
        table = ParameterTable(id="parameter-table")
        here = Static(id="entry", markup=False)
        histogram = Static(id="histogram", markup=False)
        heatmap = ParameterHeatmap(id="matrix")
        yield table
        yield Horizontal(heatmap, Vertical(here, histogram, id="entry-side"), id="one-matrix")

    def on_mount(self) -> None:
        """Keys go to the cursor."""
        self.focus()

    @property
    def matrix(self) -> ShownMatrix | None:
        """The matrix shown."""
        shown = self.shown
        return shown.matrices[self.place] if shown is not None and shown.matrices else None

    @property
    def matrix_name(self) -> str:
        """Its name, `""` without one."""
        return self.matrix.name if self.matrix is not None else ""

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the number at hand."""
        matrix = self.matrix
        if matrix is None:
            return 0, 0
        row, column = self._entries.get(matrix.name, (0, 0))
        rows, columns = matrix.shape
        return min(row, rows - 1), min(column, columns - 1)

    @property
    def entry(self) -> str:
        """The name of the number at hand, `""` without one."""
        return self.matrix.entry(*self.cursor) if self.matrix is not None else ""

    # -- what is shown -----------------------------------------------------------------------------

    def show(self, shown: ShownParameters) -> None:
        """Shows the matrices of another moment, the cursor where it was."""
        before, self.shown = self.matrix, shown
        if not shown.matrices:
            self._say(shown.note)
            return
        self.place = min(self.place, len(shown.matrices) - 1)
        if before is not None and (place := shown.find(before.name)) is not None:
            self.place = place
        if self.kind not in shown.kinds:
            self.kind = "data"
        self.draw()

    def go_to(self, name: str) -> bool:
        """Puts the cursor on a matrix or a number by its name; False if there is none."""
        place = self.shown.find(name) if self.shown is not None else None
        if place is None or self.shown is None:
            return False
        self.place = place
        matrix = self.shown.matrices[place]
        if (at := matrix.place_of(name)) is not None:
            self._entries[matrix.name] = at
        self.draw()
        return True

    def _say(self, why: str) -> None:
        """That there is nothing to show, in place of the numbers."""
        self._drawn = None
        self.query_one(ParameterTable).display = False
        heatmap = self.query_one(ParameterHeatmap)
        heatmap.border_title, heatmap.border_subtitle = "parameters", ""
        self.query_one("#entry", Static).update(Text(why))
        self.query_one("#histogram").display = False

    def on_resize(self) -> None:
        """Another window has room for more."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Brings all of it up to date."""
        shown, matrix = self.shown, self.matrix
        if shown is None or matrix is None or not self.query(ParameterHeatmap):
            return
        table = self.query_one(ParameterTable)
        room = self.size.height - table.height_of(len(shown.matrices))
        table.set_compact(compact=room < LEAST_HEIGHT)
        table.show(shown, self.place)
        drawn = self.drawn(matrix)
        row, column = self.cursor
        heatmap = self.query_one(ParameterHeatmap)
        heatmap.border_title = Text(
            f"{printable(matrix.name)} · {self.kind} · {shown.moment} · "
            + TOLD.get(self.kind, shown.update_in_words)
        )
        heatmap.show(drawn, row, column)
        self._show_extent()
        self._show_entry(shown, matrix, drawn)
        self._show_histogram(matrix)

    def drawn(self, matrix: ShownMatrix) -> DrawnMatrix:
        """What the heatmap shows of a matrix: all numbers, or as many blocks as fit.

        The same as long as that is the same: a key that moves the cursor draws nothing anew.
        """
        assert self.shown is not None
        most = self.query_one(ParameterHeatmap).room_for(matrix) if self.is_whole else matrix.shape
        dead, are_columns = self.shown.dead_units(matrix)
        wanted = matrix, self.kind, most, dead
        if self._drawn is None or self._drawn_for != wanted:
            drawn = DrawnMatrix.fitting(matrix, self.kind, *most)
            rows, columns = ((), dead) if are_columns else (dead, ())
            self._drawn = replace(drawn, dead_rows=rows, dead_columns=columns)
            self._drawn_for = wanted
        return self._drawn

    @on(ParameterHeatmap.Scrolled)
    def _show_extent(self) -> None:
        """How sizes are shown, and which part is in sight or what a cell stands for."""
        heatmap, drawn = self.query_one(ParameterHeatmap), self._drawn
        if drawn is None:
            return
        parts = [drawn.scale_in_words()]
        if not drawn.pooling.is_whole:
            high, wide = drawn.pooling.block
            parts.append(f"a cell: the largest of {high}×{wide} · W: each")
        else:
            each = zip(("rows", "columns"), heatmap.in_sight, drawn.matrix.shape, strict=True)
            seen = [
                f"{name} {span.start}–{span.stop - 1} of {n}"
                for name, span, n in each
                if len(span) < n
            ]
            if seen:
                parts.append(f"{', '.join(seen)} · W: all")
        heatmap.border_subtitle = Text(" · ".join(parts))

    def _show_entry(self, shown: ShownParameters, matrix: ShownMatrix, drawn: DrawnMatrix) -> None:
        """The number at hand, in full, of every kind."""
        text = Text(no_wrap=False)
        muted, accent = (theme_color(self.app, name) for name in ("muted", "accent"))
        row, column = self.cursor
        name = self.entry
        text.append(printable(name) or f"no number at row {row}, column {column}", f"bold {accent}")
        label = matrix.row_labels[row]
        if label != str(row):
            text.append(f"  ‘{printable(label)}’", muted)
        if name:
            for kind in shown.kinds:
                told = self._told(kind, row, column)
                is_shown = kind == self.kind
                text.append(f"\n{'▸' if is_shown else ' '}{kind:<9}", "" if is_shown else muted)
                text.append(told or "not known", "bold" if is_shown else "")
        if matrix.ratio is not None:
            text.append("\n matrix update/data ", muted)
            text.append(f"{short_number(matrix.ratio)} {sign_of(matrix.ratio)}")
        self._say_units(text, shown, matrix, drawn)
        if shown.note:
            text.append(f"\n{printable(shown.note)}", muted)
        here = self.query_one("#entry", Static)
        here.border_title = "the number at ▸ ▾"
        here.border_subtitle = "⏎ in the graph" if name else ""
        here.update(text)

    def _say_units(
        self, text: Text, shown: ShownParameters, matrix: ShownMatrix, drawn: DrawnMatrix
    ) -> None:
        """Units that never fire, where the matrix has units."""
        units = shown.units
        if units is None or "mlp_fc" not in matrix.name:
            return
        dead = (*drawn.dead_rows, *drawn.dead_columns)
        muted = theme_color(self.app, "muted")
        seen = f"{units.n_positions:,} positions of {counted(units.n_documents, 'text')}"
        if shown.units_step and f"step {shown.units_step}" != shown.moment:
            seen += f", step {shown.units_step}"
        if not dead:
            text.append(f"\n no unit is off at all {seen}", muted)
            return
        named = ", ".join(map(str, dead[:MOST_TOLD])) + (" …" if len(dead) > MOST_TOLD else "")
        text.append(f"\n{DEAD} dead: {len(dead)} units", theme_color(self.app, "warning"))
        text.append(f", off at all {seen}: {named}", muted)

    def _show_histogram(self, matrix: ShownMatrix) -> None:
        widget = self.query_one("#histogram", Static)
        width, height = widget.content_size
        if width < 1 or height < 2:
            return
        numbers = matrix.numbers[self.kind][~matrix.is_hidden(self.kind)]
        is_log = self.kind in LOGARITHMIC
        n_bins = min(width, math.ceil(2 * math.sqrt(numbers.size)))  # few numbers: few bins
        histogram = Histogram.of(numbers, n_bins, is_log=is_log)
        lines = histogram_lines(histogram, width, height)
        text = Text("\n".join(lines[:-1]), theme_color(self.app, "primary"), no_wrap=True)
        text.append(f"\n{lines[-1]}", theme_color(self.app, "muted"))
        widget.border_title = f"histogram · {self.kind}"
        widget.border_subtitle = histogram.in_words()
        widget.update(text, layout=False)

    def number_at_hand(self) -> str:
        """The number at hand of the kind shown, with all its digits; `""` without one."""
        return self._told(self.kind, *self.cursor) if self.entry else ""

    def _told(self, kind: ParameterKind, row: int, column: int) -> str:
        """A number with all its digits, `""` of one that is not known."""
        matrix = self.matrix
        if matrix is None or matrix.is_hidden(kind)[row, column]:
            return ""
        return repr(float(matrix.numbers[kind][row, column]))

    # -- keys and mouse ----------------------------------------------------------------------------

    def _move_to(self, row: int, column: int) -> None:
        matrix = self.matrix
        if matrix is None:
            return
        self._entries[matrix.name] = row, column
        self.draw()
        self.post_message(self.Selected(matrix.name, self.entry))

    def action_entry(self, down: int, right: int) -> None:
        """The number beside; of pooled ones, the largest of the block beside."""
        matrix = self.matrix
        if matrix is None:
            return
        pooling = self.drawn(matrix).pooling
        row, column = pooling.cell_of(*self.cursor)
        rows, columns = pooling.shape
        cell = min(max(row + down, 0), rows - 1), min(max(column + right, 0), columns - 1)
        self._move_to(*pooling.place_of(*cell))

    def action_matrix(self, by: int) -> None:
        """The matrix before, or the next."""
        if self.shown is not None and self.shown.matrices:
            self._choose((self.place + by) % len(self.shown.matrices))

    def _choose(self, place: int) -> None:
        self.place = place
        self.draw()
        matrix = self.matrix
        if matrix is not None:
            self.post_message(self.Selected(matrix.name, ""))

    def action_lens(self) -> None:
        """The next kind of numbers."""
        if self.shown is not None and self.shown.matrices:
            kinds = self.shown.kinds
            self.kind = kinds[(kinds.index(self.kind) + 1) % len(kinds)]
            self.draw()

    def action_widen(self) -> None:
        """All of a large matrix in the window, or each number of it."""
        self.is_whole = not self.is_whole
        self.draw()

    def action_open(self) -> None:
        """Asks for the number where it is computed with."""
        if entry := self.entry:
            self.post_message(self.Opened(self.matrix_name, entry))

    @on(ParameterHeatmap.EntryPicked)
    def _pick_entry(self, event: ParameterHeatmap.EntryPicked) -> None:
        event.stop()
        again = (event.row, event.column) == self.cursor
        self._move_to(event.row, event.column)
        if again:
            self.action_open()

    @on(ParameterTable.MatrixPicked)
    def _pick_matrix(self, event: ParameterTable.MatrixPicked) -> None:
        event.stop()
        self._choose(event.place)
