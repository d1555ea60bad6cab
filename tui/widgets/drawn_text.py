"""A drawn document, letter by letter: what was read, what came, and how likely that was."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from microgpt.train.generation import Generation
from tui.cell_text import set_left
from tui.themes import theme_color
from viz.style import EIGHTHS, NEGATIVE, blend

NAMES = 7
"""Of the rows. Units: character cells, as all widths here."""
WIDEST, NARROWEST = 7, 5
GIVEN = "given"
MORE_LEFT, MORE_RIGHT = "◂", "▸"


def columns_in_sight(n_positions: int, position: int, room: int) -> range:
    """The positions that have room, with the selected one among them, later ones on its right."""
    fit = max(1, room // NARROWEST)
    first = max(0, min(position - fit // 2, n_positions - fit))
    return range(first, min(n_positions, first + fit))


class DrawnText(Static):
    """A column a position; a click selects it."""

    class PositionPicked(Message):
        """A column was clicked."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id, markup=False)
        self._made: Generation | None = None
        self._position = 0

    def show(self, made: Generation, position: int) -> None:
        """Shows a document with one position selected."""
        self._made, self._position = made, position
        self.update(self._table(), layout=False)

    def on_resize(self) -> None:
        """Columns are as many as fit."""
        if self._made is not None:
            self.update(self._table(), layout=False)

    def on_click(self, event: events.Click) -> None:
        """Selects the column under the mouse."""
        at = event.get_content_offset(self)
        if at is None or self._made is None or at.x < NAMES:
            return
        place = (at.x - NAMES) // self._width
        if place < len(self._columns):
            self.post_message(self.PositionPicked(self._columns[place]))

    @property
    def _columns(self) -> range:
        assert self._made is not None
        room = self.content_size.width - NAMES - 1  # for the mark that there are more
        return columns_in_sight(self._made.n_positions, self._position, room)

    @property
    def _width(self) -> int:
        """Of a column."""
        room = self.content_size.width - NAMES - 1
        return max(NARROWEST, min(WIDEST, room // max(1, len(self._columns))))

    def _table(self) -> Text:
        made, columns, width = self._made, self._columns, self._width
        assert made is not None
        colors = {name: theme_color(self.app, name) for name in ("muted", "accent", "background")}
        before = MORE_LEFT if columns.start else " "
        rows = {
            name: Text().append(f"{name:<{NAMES - 1}}{before}", colors["muted"])
            for name in ("reads", "next", "p", "")
        }
        for at in columns:
            p, is_given, is_here = made.probability(at), at < made.n_given, at == self._position
            mark = f"bold reverse {colors['accent']}" if is_here else ""
            rows["reads"].append(set_left(made.label(at), width - 1), mark or colors["muted"])
            rows["next"].append(set_left(made.label(at + 1), width - 1), mark or "bold")
            told = GIVEN if is_given and width > len(GIVEN) else percent(p)
            rows["p"].append(set_left(told, width - 1), colors["muted"] if is_given else "")
            bar = "" if is_given else EIGHTHS[max(1, round((len(EIGHTHS) - 1) * p))] * (width - 2)
            rows[""].append(
                bar.ljust(width - 1), blend(colors["background"], NEGATIVE, 0.3 + 0.7 * p)
            )
            for row in rows.values():
                row.append(" ")
        if columns.stop < made.n_positions:
            for name in ("reads", "next"):
                rows[name].append(MORE_RIGHT, colors["muted"])
        table = Text("\n").join(rows.values())
        table.no_wrap, table.overflow = True, "crop"
        return table


def percent(share: float) -> str:
    """A share in at most five characters.

    >>> percent(0.1234), percent(0.00012), percent(1.0), percent(0.0)
    ('12.3%', '.012%', '100%', '0%')
    """
    if share == 0 or share >= 0.9995:  # what would be told as 100.0
        return f"{100 * share:.0f}%"
    if share >= 0.01:  # in percent it has a digit before the point
        return f"{100 * share:.1f}%"
    told = f"{100 * share:.3f}%".removeprefix("0")
    return told if share >= 5e-6 else "≈0%"  # else nothing but zeros is left
