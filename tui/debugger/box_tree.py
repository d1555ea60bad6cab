"""The tree of boxes beside the canvas, drawn line by line from the folding itself.

A `Tree` of widgets' nodes would be filled and laid out anew at every step into another scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from tui.cell_text import set_left, told_apart
from tui.debugger.layout import title_of
from tui.widgets.scroll_window import ScrollWindow
from viz.boxes import Box, Folding
from viz.style import SCOPE_GLYPH

FOLDED, UNFOLDED = "▶ ", "▼ "


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A line of the tree."""

    box: Box  # what it is of
    depth: int  # how many of the boxes around it have lines of their own
    sign: str  # an arrow if something is inside


class BoxTree(ScrollWindow):
    """Scopes, parameters and groups of a graph, down to single scalars.

    Unfolded are the boxes down to the one looked into, and those that the person unfolds.
    """

    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("right", "unfold", "Unfold", show=False),
        Binding("left", "fold", "Fold, or to the box around", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("enter", "choose", "Look into", show=False),
    ]

    COMPONENT_CLASSES = {"box-tree--cursor", "box-tree--hover"}

    ALLOW_SELECT = False

    class BoxChosen(Message):
        """A box was chosen in the tree."""

        def __init__(self, box: Box) -> None:
            super().__init__()
            self.box = box

    def __init__(self) -> None:
        super().__init__()
        self._folding: Folding | None = None
        self._focus: Box | None = None
        self._way: set[str] = set()  # keys of the focus and the boxes around it
        self._unfolded: set[str] = set()  # by hand; keys last from graph to graph
        self._folded: set[str] = set()  # by hand, on the way to the focus
        self._lines: tuple[BoxLine, ...] = ()
        self._cursor = 0
        self._hovered: int | None = None
        self._labels: dict[tuple[str, int], dict[str, str]] = {}  # see `_label`

    @property
    def lines(self) -> tuple[BoxLine, ...]:
        """All lines, also those out of sight."""
        return self._lines

    @property
    def cursor_box(self) -> Box | None:
        """The box that the cursor is on."""
        return self._lines[self._cursor].box if self._lines else None

    # -- what is shown -------------------------------------------------------------------------

    def show(self, folding: Folding, focus: Box, selected: str) -> None:
        """Shows a graph's boxes, unfolded down to the focus, with the cursor on the selection."""
        if folding is not self._folding or focus is not self._focus:
            if self._focus is None or focus.key != self._focus.key:
                self._folded.clear()
            self._folding, self._focus = folding, focus
            self._way = {focus.key, *_keys_around(focus)}
            self._list()
        # What is folded away by hand stands for what is in it.
        shown = (self._line_of(key) for key in (selected, focus.key, *_keys_around(focus)))
        self._put_cursor(next((at for at in shown if at is not None), 0))

    def _list(self) -> None:
        assert self._folding is not None
        self._lines = tuple(self._all_lines(self._folding))
        self._hovered = None
        self._labels.clear()
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.refresh()

    def _all_lines(self, folding: Folding) -> Iterator[BoxLine]:
        """From top to bottom; calls of a script may nest deeper than Python's own calls could."""
        waiting = [(box, 0) for box in reversed(folding.children(folding.root))]
        while waiting:
            box, depth = waiting.pop()
            if box.kind == "node":
                yield BoxLine(box, depth, "")
            elif self._is_unfolded(box):
                yield BoxLine(box, depth, UNFOLDED)
                waiting += [(inner, depth + 1) for inner in reversed(folding.children(box))]
            else:
                yield BoxLine(box, depth, FOLDED)

    def _is_unfolded(self, box: Box) -> bool:
        leads_to_focus = box.key in self._way and box.key not in self._folded
        return leads_to_focus or box.key in self._unfolded

    def _line_of(self, key: str) -> int | None:
        return next((at for at, line in enumerate(self._lines) if line.box.key == key), None)

    def _put_cursor(self, at: int) -> None:
        if not self._lines:
            return
        self._cursor = min(max(0, at), len(self._lines) - 1)
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
        self.refresh()

    # -- keys ----------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """The cursor some lines up or down."""
        self._put_cursor(self._cursor + by)

    def action_page(self, direction: int) -> None:
        """The cursor a window up or down."""
        self._put_cursor(self._cursor + direction * max(1, self.size.height - 1))

    def action_unfold(self) -> None:
        """Unfolds the box; if it is unfolded, goes to the first in it."""
        box = self.cursor_box
        if box is None or box.kind == "node":
            return
        if self._is_unfolded(box):
            self.action_move(1)
        else:
            self._toggle(box)

    def action_fold(self) -> None:
        """Folds the box; if it is folded, goes to the one around."""
        box = self.cursor_box
        if box is None:
            return
        if box.kind != "node" and self._is_unfolded(box):
            self._toggle(box)
        elif box.parent is not None and (around := self._line_of(box.parent.key)) is not None:
            self._put_cursor(around)

    def action_choose(self) -> None:
        """Looks into the box."""
        if box := self.cursor_box:
            self.post_message(self.BoxChosen(box))

    def _toggle(self, box: Box) -> None:
        if self._is_unfolded(box):
            self._unfolded.discard(box.key)
            self._folded.add(box.key)
        else:
            self._folded.discard(box.key)
            self._unfolded.add(box.key)
        self._list()
        self._put_cursor(self._line_of(box.key) or 0)

    # -- mouse ---------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """The arrow folds and unfolds; anywhere else looks into the box."""
        offset = event.get_content_offset(self)
        at = None if offset is None else offset.y + self.scroll_offset.y
        if offset is None or at is None or at >= len(self._lines):
            return
        line = self._lines[at]
        self._put_cursor(at)
        indent = self._indent(line)
        if line.sign and indent <= offset.x < indent + len(line.sign):
            self._toggle(line.box)
        else:
            self.action_choose()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The line under the mouse stands out."""
        offset = event.get_content_offset(self)
        self._hover(None if offset is None else offset.y + self.scroll_offset.y)

    def on_leave(self) -> None:
        """No line does any more."""
        self._hover(None)

    def _hover(self, at: int | None) -> None:
        if at != self._hovered:
            self._hovered = at
            self.refresh()

    # -- drawing -------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """The cursor stays in sight."""
        self._put_cursor(self._cursor)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        at, width = y + self.scroll_offset.y, self.size.width
        style = self.line_style
        if at >= len(self._lines):
            return Strip.blank(width, style)
        if at == self._cursor:
            style = self.get_component_rich_style("box-tree--cursor")
        elif at == self._hovered:
            style = self.get_component_rich_style("box-tree--hover")
        line = self._lines[at]
        indent = self._indent(line)
        label = self._label(line.box, width - indent - len(FOLDED))
        text = " " * indent + line.sign + label
        return Strip([Segment(set_left(text, width), style)], width)

    def _indent(self, line: BoxLine) -> int:
        """As deep as the line lies, but most of the width is for its label."""
        return min(line.depth, self.size.width // 3)

    def _label(self, box: Box, width: int) -> str:
        """Cut to the width so that it looks like none of those beside it."""
        assert self._folding is not None
        around = box.parent or self._folding.root
        if (around.key, width) not in self._labels:
            beside = self._folding.children(around)
            labels = told_apart([self._whole_label(each) for each in beside], width)
            self._labels[around.key, width] = {
                each.key: label for each, label in zip(beside, labels, strict=True)
            }
        return self._labels[around.key, width][box.key]

    def _whole_label(self, box: Box) -> str:
        assert self._folding is not None
        # The arrow already says that a branch opens.
        label = title_of(self._folding.graph, box).removeprefix(f"{SCOPE_GLYPH} ")
        if box.parent and box.kind != "node":  # fc1 holds [0…7], not fc1[0…7] again
            label = label.replace(box.parent.label, "", 1) or label
        return label


def _keys_around(box: Box) -> Iterator[str]:
    """Of the boxes that a box lies in, from the innermost outwards."""
    return (outer.key for outer in reversed(box.ancestors))
