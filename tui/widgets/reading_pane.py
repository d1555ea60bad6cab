"""Whom one position reads by one head: ribbons from column to column, in words, and as numbers.

Ribbons are nested: the farther a source, the higher its lane, so that none crosses another. Each is
as thick as its weight, and where they have come together they are as thick as all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from tui.cell_text import set_left
from tui.widgets.heatmap import is_moved, shade
from viz.attention_panels import Weights
from viz.maps.text import MOVED

ACROSS = "▁▂▃▄▅▆▇█"
DOWN = "▏▎▍▌▋▊▉█"
"""Ribbons by weight, in eighths of a character cell."""
ARRIVAL, NOTHING = "▼", "·"
LEAST_COLUMN, MOST_COLUMN = 4, 9
"""Width of a column, its gap included, which the last one does without.

Units: character cells, as all lengths here.
"""
LEAST_LANES = 3
LEAST_WEIGHT = 0.005
"""Less is 0 in whole percent, and gets no ribbon."""
FAINTEST = 0.3
"""How far the colour of a ribbon is from the background, at least."""
NUMBER = len("  0 BOS 0.123456 ")


@dataclass(frozen=True, slots=True)
class Reading:
    """One position under one head."""

    tokens: tuple[str, ...]  # labels of the tokens read. Shape: `[position]`
    weights: Weights  # of the head. Shape: `[position][source]`
    position: int  # the reader
    unedited: Weights | None = None  # without the what-ifs in force, if there are any

    @property
    def row(self) -> Sequence[float]:
        """How much is read of each source. Shape: `[source]`."""
        return self.weights[self.position]

    def name(self, position: int) -> str:
        """A position as it is called in words."""
        return "itself" if position == self.position else f"{self.tokens[position]} ({position})"

    @property
    def sources(self) -> list[tuple[float, int]]:
        """What is read, with its weight, the most first; what would be 0 % is left out."""
        return _largest_first(self.row)

    @property
    def readers(self) -> list[tuple[float, int]]:
        """The later positions that read this one, and how much, the most first."""
        later = [row[self.position] for row in self.weights[self.position + 1 :]]
        found = _largest_first(later)
        return [(weight, self.position + 1 + place) for weight, place in found]

    def mark(self, other: int) -> str:
        """What follows a weight that a what-if moves, of a source or of a later reader."""
        source, reader = sorted((self.position, other))
        return MOVED if is_moved(self.weights, self.unedited, reader, source) else ""

    def in_words(self, shares: Sequence[tuple[float, int]], room: int) -> str:
        """As many shares as there is room for: `e (1) 61 %, BOS (0) 12 %`."""
        told = ""
        for weight, position in shares:
            longer = f"{told}{', ' if told else ''}{self.name(position)} {100 * weight:.0f} %"
            longer += self.mark(position)
            if told and cell_len(longer) > room - 2:
                return f"{told} …"
            told = longer
        return told


def _largest_first(weights: Sequence[float]) -> list[tuple[float, int]]:
    found = [(weight, place) for place, weight in enumerate(weights) if weight >= LEAST_WEIGHT]
    return sorted(found, key=lambda share: (-share[0], share[1]))


class Mark(NamedTuple):
    """Some characters of the drawing."""

    text: str
    weight: float  # of the ribbon that they are a part of, -1 of none
    is_reader: bool = False


def least_width(n_positions: int) -> int:
    """What the ribbons of so many positions need."""
    return LEAST_COLUMN * n_positions - 1


def columns_in_sight(reading: Reading, width: int) -> range:
    """The positions that are drawn: all, or the reader with as many before it as fit."""
    n = len(reading.tokens)
    fit = max(1, (width + 1) // LEAST_COLUMN)
    stop = min(n, max(fit, reading.position + 1))
    return range(max(0, stop - fit), stop)


def ribbons(reading: Reading, width: int, height: int) -> list[list[Mark]]:
    """The drawing: lanes, tokens, and under each token how much of it is read, in percent.

    Args:
        width: of the drawing; what is not in sight is only told in words.
        height: at most; if there are more sources than lanes, those with most weight have one.
    """
    columns = columns_in_sight(reading, width)
    pitch = max(LEAST_COLUMN, min(MOST_COLUMN, (width + 1) // len(columns)))
    near = [(w, s) for w, s in reading.sources if s in columns and s != reading.position]
    lanes = sorted(near[: max(0, height - 3)], key=lambda share: share[1])
    canvas = _Canvas(min(width, pitch * len(columns)), len(lanes) + 1)
    trunk = pitch * (reading.position - columns.start)
    flowing = 0.0
    for lane, (weight, source) in enumerate(lanes):
        left = pitch * (source - columns.start)
        if flowing:
            canvas.put(trunk, lane, _thick(DOWN, flowing), flowing)
        else:
            canvas.put(trunk, lane, _thick(ACROSS, weight), weight)
        for x in range(left, trunk):
            canvas.put(x, lane, _thick(ACROSS, weight), weight)
        for y in range(lane + 1, len(lanes) + 1):
            canvas.put(left, y, _thick(DOWN, weight), weight)
        flowing += weight
    if lanes:
        canvas.put(trunk, len(lanes), ARRIVAL, flowing)
    percents = [_percent(reading, column) for column in range(len(reading.tokens))]
    labels = (_labels(reading, texts, columns, pitch) for texts in (reading.tokens, percents))
    return [*canvas.lines(), *labels]


def _labels(reading: Reading, texts: Sequence[str], columns: range, pitch: int) -> list[Mark]:
    """A text under each column, and a gap before the next."""
    marks = []
    for column in columns:
        gap = " " if column != columns[-1] else ""
        text = set_left(texts[column], pitch - 1) + gap
        marks.append(Mark(text, -1.0, column == reading.position))
    return marks


def _percent(reading: Reading, column: int) -> str:
    """How much is read of a column; of the later ones, which cannot be read, nothing is said."""
    if column >= len(reading.row):
        return ""
    mark = reading.mark(column)  # instead of the sign, for which there is no room beside it
    if reading.row[column] < LEAST_WEIGHT:
        return f"{NOTHING}{mark}"
    return f"{100 * reading.row[column]:.0f}{mark or '%'}"


def _thick(eighths: str, weight: float) -> str:
    """The character that is nearest to so much of a cell; the thinnest at least."""
    return eighths[min(len(eighths), max(1, round(weight * len(eighths)))) - 1]


class _Canvas:
    """Characters of one cell each, and which ribbon they are of."""

    def __init__(self, width: int, height: int) -> None:
        self._cells = [[(" ", -1.0)] * width for _ in range(height)]

    def put(self, x: int, y: int, char: str, weight: float) -> None:
        self._cells[y][x] = (char, weight)

    def lines(self) -> Iterator[list[Mark]]:
        for row in self._cells:
            runs = groupby(row, key=lambda cell: cell[1])
            yield [Mark("".join(char for char, _ in run), weight) for weight, run in runs]


class ReadingPane(Widget):
    """Draws a `Reading` as ribbons, tells it in words and, where there is room, as numbers."""

    COMPONENT_CLASSES = {"reading--muted", "reading--selected"}

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._reading: Reading | None = None

    def show(self, reading: Reading) -> None:
        """Shows another reading."""
        self._reading = reading
        self.refresh()

    def render(self) -> Text:
        """All of it for the size there is."""
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        reading = self._reading
        width, height = self.content_size
        if reading is None or not width:
            return text
        text.append_text(self._told(reading, width))
        drawn = ribbons(reading, width, max(LEAST_LANES + 3, height - 2))
        for line in drawn:
            text.append("\n")
            for mark in line:
                text.append(mark.text, self._style(mark))
        if height >= 3 + len(drawn) + len(reading.row):
            text.append("\n")
            text.append_text(self._numbers(reading, width))
        return text

    def _told(self, reading: Reading, width: int) -> Text:
        """Whom it reads, and who reads it."""
        text = Text()
        name = f"{reading.tokens[reading.position]} reads "
        text.append(name, self._color("reading--selected"))
        text.append(reading.in_words(reading.sources, width - cell_len(name)))
        readers = reading.in_words(reading.readers, width - len("read by "))
        is_last = reading.position == len(reading.tokens) - 1
        nobody = "nobody: it is the last" if is_last else "nobody"
        text.append(f"\nread by {readers or nobody}", self._color("reading--muted"))
        return text

    def _numbers(self, reading: Reading, width: int) -> Text:
        """Each source's weight with more digits than a percentage has."""
        text = Text()
        longest = max(1, width - NUMBER)
        for source, weight in enumerate(reading.row):
            text.append(f"\n{source:>3} {set_left(reading.tokens[source], 3)} {weight:.6f}")
            text.append(reading.mark(source) or " ")
            text.append("█" * round(longest * weight), self._ribbon_color(weight))
        return text

    def _style(self, mark: Mark) -> Style:
        if mark.weight >= 0:
            return self._ribbon_color(mark.weight)
        name = "reading--selected" if mark.is_reader else "reading--muted"
        return self._color(name) + Style(bold=mark.is_reader)

    def _ribbon_color(self, weight: float) -> Style:
        background = self.background_colors[1].hex6
        return Style(color=shade(FAINTEST + (1 - FAINTEST) * weight, background))

    def _color(self, component: str) -> Style:
        return Style(color=self.get_component_styles(component).color.hex6)
