"""Each matrix in a line: its sizes, and how large its update is beside the band that is usual."""

from __future__ import annotations

import math

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from tui.cell_text import elided, set_left
from tui.themes import theme_color
from tui.training.shown_parameters import BAND, RULE_OF_THUMB, ParameterKind, ShownParameters
from tui.widgets.static_text import show_text
from viz.style import PARAMETERS_GLYPH, short_number

GAUGE = (1e-6, 1.0)
"""Ends of the axis that ratios are drawn on, by powers of ten."""
PER_DECADE = 5
GAUGE_WIDTH = round(PER_DECADE * math.log10(GAUGE[1] / GAUGE[0])) + 1
"""Units: character cells, as all widths here."""
SIZES: tuple[ParameterKind, ...] = ("data", "gradient", "update")
"""Kinds whose sizes are columns."""
NAME, SHAPE, NUMBER = 17, 8, 10
ABOVE, BELOW, INSIDE, NONE = "▴", "▾", "·", " "
COMPACT = "-compact"


def sign_of(ratio: float | None) -> str:
    """Whether a ratio lies above the band, below or in it; a blank of none.

    >>> [sign_of(x) for x in (2e-2, 1e-3, 1e-5, None)]
    ['▴', '·', '▾', ' ']
    """
    if ratio is None:
        return NONE
    if math.isnan(ratio) or ratio > BAND[1]:
        return ABOVE
    return BELOW if ratio < BAND[0] else INSIDE


def gauge_place(ratio: float) -> int:
    """Where a ratio stands on the axis; what lies beyond an end stands at it.

    >>> gauge_place(1e-6), gauge_place(1e-3), gauge_place(5.0), gauge_place(0.0)
    (0, 15, 30, 0)
    """
    if math.isnan(ratio) or ratio >= GAUGE[1]:
        return GAUGE_WIDTH - 1
    if ratio <= GAUGE[0]:
        return 0
    return round(PER_DECADE * (math.log10(ratio) - math.log10(GAUGE[0])))


def gauge(ratio: float | None) -> str:
    """The band, its middle, and where a ratio stands.

    >>> gauge(2e-3)
    '··········[────┼─●──]··········'
    """
    low, middle, high = map(gauge_place, (BAND[0], RULE_OF_THUMB, BAND[1]))
    marks = ["·"] * low + ["─"] * (high - low + 1) + ["·"] * (GAUGE_WIDTH - high - 1)
    marks[low], marks[middle], marks[high] = "[", "┼", "]"
    if ratio is not None:
        marks[gauge_place(ratio)] = "●"
    return "".join(marks)


def _power(ratio: float) -> str:
    """A power of ten.

    >>> _power(1e-4), _power(1.0)
    ('1e-4', '1')
    """
    return f"1e{round(math.log10(ratio))}" if ratio != 1 else "1"


def gauge_axis() -> str:
    """The powers of ten under which the band's ends and its middle stand.

    >>> gauge_axis()
    '1e-6      1e-4 1e-3 1e-2      1'
    """
    line = ""
    for ratio in (GAUGE[0], BAND[0], RULE_OF_THUMB, BAND[1], GAUGE[1]):
        line = line.ljust(gauge_place(ratio)) + _power(ratio)
    return line


def band_in_words() -> str:
    """What the band is, and the signs.

    >>> band_in_words()
    '[ ] 1e-4 to 1e-2 around ┼ 1e-3: usual, by convention · ▴ above ▾ below'
    """
    low, middle, high = map(_power, (BAND[0], RULE_OF_THUMB, BAND[1]))
    told = f"{low} to {high} around ┼ {middle}: usual, by convention"
    return f"[ ] {told} · {ABOVE} above {BELOW} below"


class ParameterTable(Static):
    """A line a matrix; a click selects it."""

    class MatrixPicked(Message):
        """A matrix was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    max_lines = 10
    """Of the table, its heading included."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__("reading the parameters …", id=id, markup=False)
        self._shown: ShownParameters | None = None
        self._chosen = 0

    def show(self, shown: ShownParameters | None, chosen: int) -> None:
        """Shows all matrices, one of them marked; of None what is known already."""
        self._shown, self._chosen = shown or self._shown, chosen
        if self._shown is not None:
            has_ratio = "update" in self._shown.kinds
            self.border_title = "sizes (root mean square)" + (", update / data" * has_ratio)
            self.border_subtitle = Text(band_in_words() if has_ratio else "")
            show_text(self, self._line() if self.has_class(COMPACT) else self._table())

    def set_compact(self, *, compact: bool) -> None:
        """Shows the selected matrix alone, in one line, or all."""
        if compact != self.has_class(COMPACT):
            self.set_class(compact, COMPACT)
            self.show(None, self._chosen)

    def on_resize(self) -> None:
        """Columns are those that fit."""
        self.call_after_refresh(self.show, None, self._chosen)

    @property
    def in_sight(self) -> range:
        """The matrices that there is room for, the selected one among them."""
        n, fit = len(self._shown.matrices) if self._shown else 0, self.max_lines - 1
        first = max(0, min(self._chosen - fit // 2, n - fit))
        return range(first, min(n, first + fit))

    def height_of(self, n_matrices: int) -> int:
        """With its border, of so many matrices."""
        return min(self.max_lines, n_matrices + 1) + 2

    def on_click(self, event: events.Click) -> None:
        """Selects the matrix under the mouse."""
        at = event.get_content_offset(self)
        if at is not None and 0 < at.y <= len(self.in_sight) and not self.has_class(COMPACT):
            self.post_message(self.MatrixPicked(self.in_sight[at.y - 1]))

    def _line(self) -> Text:
        """The selected matrix, and how many others have an update out of the band."""
        text, shown = Text(no_wrap=True, overflow="ellipsis"), self._shown
        if shown is None or not shown.matrices:
            return text
        matrix = shown.matrices[min(self._chosen, len(shown.matrices) - 1)]
        text.append(f" {self._chosen + 1}/{len(shown.matrices)} ", theme_color(self.app, "muted"))
        text.append(matrix.name, f"bold {theme_color(self.app, 'accent')}")
        if matrix.ratio is not None:
            text.append(f" upd./data {short_number(matrix.ratio)} {sign_of(matrix.ratio)} ")
            text.append(gauge(matrix.ratio))
            others = [sign_of(each.ratio) for each in shown.matrices]
            text.append(f" {others.count(ABOVE)}{ABOVE}{others.count(BELOW)}{BELOW}")
        else:
            sizes = [(kind, matrix.size_of(kind)) for kind in shown.kinds]
            told = [f"{kind} {short_number(size)}" for kind, size in sizes if size is not None]
            text.append(f"  root mean square: {', '.join(told)}")
        return text

    def _table(self) -> Text:
        shown, width = self._shown, self.content_size.width
        text = Text(no_wrap=True, overflow="crop")
        if shown is None:
            return text
        muted = theme_color(self.app, "muted")
        sizes = [kind for kind in SIZES if kind in shown.kinds]
        has_ratio = "update" in sizes
        room = width - (2 + NAME + SHAPE) - (NUMBER + 4 + GAUGE_WIDTH if has_ratio else 0)
        sizes = sizes[: max(0, room // (NUMBER + 1))]
        heads = "".join(f" {each:>{NUMBER}}" for each in sizes)
        text.append(f"  {'matrix':<{NAME}}{'shape':<{SHAPE}}{heads}")
        if has_ratio:
            text.append(f" {'upd./data':>{NUMBER}}   {gauge_axis()}")
        text.stylize(muted)
        for at in self.in_sight:
            matrix = shown.matrices[at]
            is_chosen = at == self._chosen
            style = f"bold {theme_color(self.app, 'accent')}" if is_chosen else ""
            name = set_left(elided(matrix.name, NAME - 1), NAME)
            text.append(f"\n{'▸' if is_chosen else PARAMETERS_GLYPH} {name}", style or muted)
            text.append(set_left("×".join(map(str, matrix.shape)), SHAPE), muted)
            text.append("".join(_told(matrix.size_of(kind)) for kind in sizes), style)
            if (ratio := matrix.ratio) is not None:
                text.append(f"{_told(ratio)} {sign_of(ratio)} {gauge(ratio)}", style)
        return text


def _told(size: float | None) -> str:
    """A number in its column."""
    return f" {'–' if size is None else short_number(size):>{NUMBER}}"
