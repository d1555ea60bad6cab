"""The list that `microgpt corpora` prints. Imports rich, so it is imported late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from microgpt import CorpusSummary, Tokenizer
from microgpt.printable import printable
from tui.cell_text import set_left

WIDTH = 80
"""What the list keeps to, wherever it is printed. Units: character cells."""

_HEADINGS = ("corpus", "documents", "shortest", "q1", "median", "q3", "longest", "characters")
_GAP = "  "


def table(summaries: Mapping[str, CorpusSummary | None]) -> list[str]:
    """The lines of the list: for each corpus its numbers, and below them its characters.

    Args:
        summaries: by name or path of the corpus; None for one that has not been fetched.
    """
    numbers = {name: _numbers(summary) for name, summary in summaries.items() if summary}
    widths = [max(map(len, cells)) for cells in zip(_HEADINGS[1:], *numbers.values(), strict=True)]
    room = max(len(_HEADINGS[0]), WIDTH - sum(len(_GAP) + width for width in widths))
    names = {name: _end_of(name, room) for name in summaries}
    name_width = max(map(cell_len, (_HEADINGS[0], *names.values())))

    def row(name: str, cells: Sequence[str]) -> str:
        right = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return _GAP.join((set_left(name, name_width), *right))

    lines = [row(_HEADINGS[0], _HEADINGS[1:])]
    for name, summary in summaries.items():
        if summary:
            lines += (row(names[name], numbers[name]), _GAP + _characters(summary.alphabet))
        else:
            lines.append(
                f"{set_left(name, name_width)}{_GAP}not fetched: microgpt corpora fetch gets it"
            )
    return lines


def _numbers(summary: CorpusSummary) -> tuple[str, ...]:
    quartiles = (f"{quartile:.10g}" for quartile in summary.quartiles)
    return (
        f"{summary.num_documents:,}",
        f"{summary.shortest}",
        *quartiles,
        f"{summary.longest}",
        f"{len(summary.alphabet)}",
    )


def _end_of(path: str, width: int) -> str:
    """A name or path in at most so many cells: where a path ends tells more than where it begins.

    >>> _end_of("poems/shakespeare.txt", 12)
    '…espeare.txt'
    """
    shown = printable(path)
    if cell_len(shown) <= width:
        return shown
    while cell_len(shown) >= width:
        shown = shown[1:]
    return f"…{shown}"


def _characters(alphabet: str) -> str:
    """As many of the characters as a line takes; `␣` is a space."""
    tokenizer = Tokenizer(alphabet)
    room = WIDTH - len(_GAP)
    shown = ""
    for token_id in range(len(alphabet)):
        label = tokenizer.label(token_id)
        is_last = token_id == len(alphabet) - 1
        if cell_len(shown) + cell_len(label) + (not is_last) > room:
            return f"{shown}…"
        shown += label
    return shown
