"""What may come next: a bar for each character, the likeliest first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from microgpt.train.generation import Candidate
from tui.cell_text import set_left
from tui.themes import theme_color
from tui.widgets.drawn_text import percent
from viz.style import NEGATIVE, blend

EIGHTHS = " ▏▎▍▌▋▊▉█"
LABEL = 5
"""Of a token, with the mark of the selection before it. Units: character cells, as all widths."""
NUMBERS = len(" 12.3%  -1.234")
TELLING, MARK = len(" ◂ drawn"), len(" ◂")
LEAST_BAR = 8
"""If it would be shorter, how the letter came is not said in words: the text above tells."""


def bar(part: float, width: int) -> str:
    """A bar of eighths of a cell.

    >>> bar(0.5, 3), bar(0.0, 3)
    ('█▌ ', '   ')
    """
    eighths = round(8 * width * min(1.0, max(0.0, part)))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


class NextCharacters(Static):
    """Bars as long as the probabilities, the likeliest as long as there is room."""

    class CandidatePicked(Message):
        """A line was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id, markup=False)
        self._candidates: Sequence[Candidate] = ()
        self._came = -1
        self._word = ""
        self._selected = 0

    def show(self, candidates: Sequence[Candidate], came: int, word: str, selected: int) -> None:
        """Shows what may come.

        Args:
            candidates: the likeliest first.
            came: the token that came.
            word: how it came, such as `"drawn"`.
            selected: place of the selected one.
        """
        self._candidates, self._came = candidates, came
        self._word, self._selected = word, selected
        self.update(self._bars(), layout=False)

    def on_resize(self) -> None:
        """Lines are as many as fit."""
        if self._candidates:
            self.update(self._bars(), layout=False)

    def on_click(self, event: events.Click) -> None:
        """Selects the line under the mouse."""
        at = event.get_content_offset(self)
        if at is not None and at.y < len(self._in_sight):
            self.post_message(self.CandidatePicked(self._in_sight[at.y]))

    @property
    def _in_sight(self) -> range:
        n, fit = len(self._candidates), max(1, self.content_size.height)
        first = max(0, min(self._selected - fit // 2, n - fit))
        return range(first, min(n, first + fit))

    def _bars(self) -> Text:
        text = Text(no_wrap=True, overflow="crop")
        muted, accent, background = (
            theme_color(self.app, name) for name in ("muted", "accent", "background")
        )
        longest = max((each.probability for each in self._candidates), default=1.0)
        room = self.content_size.width - LABEL - NUMBERS
        is_told = room >= TELLING + LEAST_BAR
        width = max(1, room - (TELLING if is_told else MARK))
        for place in self._in_sight:
            each = self._candidates[place]
            is_selected, is_out = place == self._selected, each.probability == 0
            mark = f"bold {accent}" if is_selected else muted if is_out else "bold"
            text.append(f"{'▸' if is_selected else ' '}{set_left(each.label, LABEL - 1)}", mark)
            part = each.probability / longest
            text.append(bar(part, width), blend(background, NEGATIVE, 0.3 + 0.7 * part))
            text.append(f" {percent(each.probability):>5}", muted if is_out else "")
            text.append(f" {each.logit:>7.3f}", muted)
            if each.token == self._came:
                text.append(f" ◂ {self._word}" if is_told else " ◂", accent)
            text.append("\n")
        text.rstrip()
        return text
