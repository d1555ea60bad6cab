"""The graph canvas: boxes and edges of a view in character cells, drawn line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.theme import Theme

from microgpt.graph.graph import Graph
from tui.cell_text import elided
from tui.debugger.layout import Layout, PlacedBox, PlacedEdge, title_of
from tui.widgets.braille import BrailleCanvas
from tui.widgets.scroll_window import ScrollWindow
from viz.boxes import Box
from viz.dot import norm
from viz.style import (
    gradient_color,
    ink_on,
    magnitude_color,
    op_style,
    short_number,
    strength,
)

FEW_EDGES = 12
"""Up to this many edges all show their colours; past it only the selected box's."""


MOVED = "✎"
"""In the border of a box with numbers that a what-if moves."""
OFF = "✗"
"""In the border of a box with gradients that are others than they should be."""


@dataclass(frozen=True, slots=True)
class CanvasState:
    """What the boxes show besides their place."""

    grads: NDArray[np.float64]  # gradient of every node at the moment shown. Shape: `[node]`.
    moment: int  # that moment, -1 if all of them are complete
    selected: str  # key of the selected box
    visited: str  # key of the box that holds the node being visited, or ""
    visits: dict[str, tuple[int, int]]
    """By box key, how many of its nodes have been visited and how many will be in the whole pass;
    empty while not stepping."""
    forward: bool = False  # whether these are visits of the forward pass
    moved: frozenset[str] = frozenset()  # keys of the boxes with numbers that a what-if moves
    off: frozenset[str] = frozenset()  # and of those with gradients that should be others
    true_grads: NDArray[np.float64] | None = None  # as they should be, if some are not


class GraphCanvas(ScrollWindow):
    """Shows a `Layout`; a click selects a box, a click on the selected box opens it."""

    COMPONENT_CLASSES = {
        "canvas--muted",
        "canvas--faint",
        "canvas--box",
        "canvas--selected",
        "canvas--visited",
    }

    ALLOW_SELECT = False

    class BoxPicked(Message):
        """A box was clicked."""

        def __init__(self, key: str, *, again: bool) -> None:
            super().__init__()
            self.key = key
            self.again = again

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._layout_shown: Layout | None = None
        self._state: CanvasState | None = None
        self._all_edges = BrailleCanvas()  # as if no box were selected
        self._edges = BrailleCanvas()
        self._inks: dict[str, Style] = {}  # by an edge's colour
        self._grads: dict[str, float] = {}  # by box: of its node, or the L2 norm of its outputs'
        self._largest = 0.0  # of all nodes inside
        self._to_reveal = ""  # key of a box

    @property
    def placed(self) -> Layout | None:
        """The layout shown."""
        return self._layout_shown

    def show(self, layout: Layout, state: CanvasState) -> None:
        """Shows boxes at their places in a state."""
        is_new = layout is not self._layout_shown
        if is_new:
            self.virtual_size = Size(layout.width, layout.height)
            self._draw_all_edges(layout)
        before = self._state
        if is_new or before is None or state.selected != before.selected:
            self._draw_edges(layout, state.selected)
        if is_new or before is None or state.moment != before.moment:
            self._sum_up(layout, state.grads)
        self._layout_shown, self._state = layout, state
        self.refresh()

    def reveal(self, key: str) -> None:
        """Scrolls a box into sight, as soon as there is room to be seen in."""
        self._to_reveal = "" if self.size else key
        if self.size and self._layout_shown and (placed := self._layout_shown.of(key)):
            region = Region(placed.x - 2, placed.y - 1, placed.width + 4, placed.height + 2)
            self.scroll_to_region(region, animate=False, force=True)
            # A bar that comes with this layout has missed the scrolling done before it is there.
            self.vertical_scrollbar.position = self.scroll_y
            self.horizontal_scrollbar.position = self.scroll_x

    def on_resize(self) -> None:
        """A layout may have come while the canvas was hidden."""
        if self._to_reveal:
            self.reveal(self._to_reveal)

    def on_mount(self) -> None:
        """In another theme the edges are drawn again: they carry colours of their own."""
        self.app.theme_changed_signal.subscribe(self, self._recolor)

    def _recolor(self, _theme: Theme) -> None:
        if self._layout_shown and self._state:
            self._draw_all_edges(self._layout_shown)
            self._draw_edges(self._layout_shown, self._state.selected)
            self.refresh()

    def _sum_up(self, layout: Layout, grads: NDArray[np.float64]) -> None:
        """The numbers that the boxes show, once for a moment: a box may hold a million nodes."""
        self._grads, largest = {}, [0.0]
        for box in layout.view.boxes:
            of_box = grads[box.ids]
            outputs = grads[layout.view.outputs_of(box)]
            self._grads[box.key] = float(of_box[0]) if box.kind == "node" else norm(outputs)
            if box not in layout.view.around:
                sizes = np.abs(of_box)
                if not np.isfinite(sizes.max()):  # asked first: to pick takes five times as long
                    sizes = sizes[np.isfinite(sizes)]
                largest.append(float(sizes.max(initial=0.0)))
        self._largest = max(largest)

    def _draw_all_edges(self, layout: Layout) -> None:
        """Every edge: in the colour of its contribution if they are few, else faint."""
        self._all_edges, self._inks = BrailleCanvas(), {}
        color = None if len(layout.edges) <= FEW_EDGES else self._color("canvas--faint")
        self._draw_on(self._all_edges, layout, layout.edges, color)

    def _draw_edges(self, layout: Layout, selected: str) -> None:
        """The selected box's edges in the colour of their contribution, above all others."""
        self._edges = self._all_edges.copy()
        its = [e for e in layout.edges if selected in (e.bundle.source, e.bundle.target)]
        self._draw_on(self._edges, layout, its, above=1)

    def _draw_on(
        self,
        canvas: BrailleCanvas,
        layout: Layout,
        edges: Iterable[PlacedEdge],
        color: str | None = None,
        above: float = 0,
    ) -> None:
        """Draws edges of a layout, in a colour or in that of each one's contribution."""
        muted = self._color("canvas--muted")
        largest = max((edge.bundle.magnitude for edge in layout.edges), default=0.0)
        for edge in edges:
            weight = strength(edge.bundle.magnitude, largest) + above
            ink = color or gradient_color(edge.bundle.net, largest, muted)
            canvas.draw(edge.dots, weight, ink)

    def _color(self, component: str) -> str:
        return self.get_component_styles(component).color.hex6

    # -- mouse ---------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Selects the box under the mouse, or opens it if it is selected."""
        if self._layout_shown is None or self._state is None:
            return
        x, y = event.x + int(self.scroll_offset.x), event.y + int(self.scroll_offset.y)
        if placed := self._layout_shown.at(x, y):
            again = placed.box.key == self._state.selected
            self.post_message(self.BoxPicked(placed.box.key, again=again))

    # -- drawing -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        width = self.size.width
        background = self.line_style
        layout, state = self._layout_shown, self._state
        if layout is None or state is None:
            return Strip.blank(width, background)
        left = int(self.scroll_offset.x)
        row = y + int(self.scroll_offset.y)
        pieces = self._edge_pieces(row, left, width)
        for placed in layout.boxes:
            if placed.y <= row < placed.y + placed.height:
                if placed.x + placed.width <= left or placed.x >= left + width:
                    continue
                box_line = self._box_line(placed, row - placed.y, layout, state)
                pieces.append((placed.x, list(Segment.apply_style(box_line, background))))
        return self._joined(pieces, left, width, background)

    def _edge_pieces(self, row: int, left: int, width: int) -> list[tuple[int, list[Segment]]]:
        pieces = []
        for x in range(left, left + width):
            if cell := self._edges.cells.get((x, row)):
                dots, _, color = cell
                ink = self._inks.get(color)
                if ink is None:
                    ink = self._inks[color] = self.line_style + Style(color=color)
                pieces.append((x, [Segment(BrailleCanvas.char(dots), ink)]))
        return pieces

    @staticmethod
    def _joined(
        pieces: list[tuple[int, list[Segment]]], left: int, width: int, background: Style
    ) -> Strip:
        """Pieces at their columns on a blank line; where they overlap, the later one is on top."""
        chars, styles = [" "] * width, [background] * width
        for x, segments in pieces:
            column = x - left
            for text, style, _ in segments:
                start, end = max(0, column), min(width, column + len(text))
                if start < end:
                    chars[start:end] = text[start - column : end - column]
                    styles[start:end] = [style or background] * (end - start)
                column += len(text)
        merged: list[Segment] = []
        start = 0
        for end in range(1, width + 1):
            if end == width or (styles[end] is not styles[start] and styles[end] != styles[start]):
                merged.append(Segment("".join(chars[start:end]), styles[start]))
                start = end
        return Strip(merged, width)

    def _box_line(
        self, placed: PlacedBox, line: int, layout: Layout, state: CanvasState
    ) -> list[Segment]:
        box, width = placed.box, placed.width
        inside = box not in layout.view.around
        border, corners = self._border(box, layout.view.graph, state, inside=inside)
        top_left, top_right, bottom_left, bottom_right, across, down = tuple(corners)
        if line == 0:
            title = narrow(title_of(layout.view.graph, box, inside=inside))
            title = f" {elided(title, width - 5)} "
            rest = across * (width - 3 - len(title))
            mark = MOVED if box.key in state.moved else OFF if box.key in state.off else across
            return [Segment(f"{top_left}{mark}{title}{rest}{top_right}", border)]
        if line == placed.height - 1:
            return [Segment(f"{bottom_left}{across * (width - 2)}{bottom_right}", border)]
        text, style = self._content(box, line, layout.view.graph, state, inside=inside)
        return [
            Segment(down, border),
            Segment(f" {text}"[: width - 2].ljust(width - 2), style),
            Segment(down, border),
        ]

    def _border(
        self, box: Box, graph: Graph, state: CanvasState, *, inside: bool
    ) -> tuple[Style, str]:
        if box.key == state.visited:
            color, bold, corners = self._color("canvas--visited"), True, "┏┓┗┛━┃"
        elif box.key == state.selected:
            color, bold, corners = self._color("canvas--selected"), True, "╔╗╚╝═║"
        elif not inside:
            color, bold, corners = self._color("canvas--muted"), False, "┌┐└┘╌╎"
        elif box.kind == "node":
            color, bold, corners = op_style(graph.op(box.node)).color, False, "╭╮╰╯─│"
        elif box.kind == "parameters":
            color, bold, corners = op_style("param").color, False, "╭╮╰╯─│"
        else:
            color, bold, corners = self._color("canvas--box"), False, "╭╮╰╯─│"
        if box.key == state.visited == state.selected:
            corners = "╔╗╚╝═║"
        return Style(color=color, bold=bold), corners

    def _content(
        self, box: Box, line: int, graph: Graph, state: CanvasState, *, inside: bool
    ) -> tuple[str, Style]:
        muted = Style(color=self._color("canvas--muted"))
        if line == 1:
            if box.kind == "node":
                if state.forward and state.visits.get(box.key) == (0, 1):
                    return "not yet", muted
                data = f"data {short_number(float(graph.data[box.node]))}"
                return data, Style() if inside else muted
            done, visits = state.visits.get(box.key, (0, 0))
            if not visits:  # not stepping, or only leaves, which are never visited
                return f"{len(box):,} nodes", muted
            return f"✓ {done:,}/{visits:,}", muted
        grad = self._grads[box.key]
        text = f"{'grad' if box.kind == 'node' else 'out ∇'} {short_number(grad)}"
        if box.kind == "node" and box.key in state.off and state.true_grads is not None:
            text = f"∇{short_number(grad)}≠{short_number(float(state.true_grads[box.node]))}"
        if not inside:
            return text, muted
        shade = gradient_color if box.kind == "node" else magnitude_color
        fill = shade(grad, self._largest, self.background_colors[1].hex6)
        return text, Style(color=ink_on(fill), bgcolor=fill)


def narrow(text: str) -> str:
    """The text with a `?` for every character that is not one cell wide and would shift a line."""
    return "".join(char if cell_len(char) == 1 else "?" for char in text)
