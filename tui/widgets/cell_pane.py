"""One weight of a head, opened: q and k term by term, score, softmax, and what it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.widgets import Static

from microgpt.model.head_numbers import HeadCell
from tui.themes import theme_color
from viz.style import NEGATIVE, POSITIVE, blend, short_number

BAR = 8
"""Of a term at most. Units: character cells."""
MOST_LOGITS = 4
"""Of those raised, and of those lowered."""
TERMS = 34
"""Width of a term's numbers."""
BESIDE = 12
"""Lines that tell all but the terms, at most."""


@dataclass(frozen=True, slots=True)
class OpenedCell:
    """A weight, and what its position, source and logits are called."""

    cell: HeadCell
    tokens: tuple[str, ...]  # labels of the tokens read. Shape: `[position]`.
    vocabulary: tuple[str, ...]  # labels of all tokens. Shape: `[token]`.

    @property
    def title(self) -> str:
        """Who reads whom."""
        cell = self.cell
        reader, read = self.tokens[cell.position], self.tokens[cell.source]
        return f"{reader} ({cell.position}) reads {read} ({cell.source})"


def strongest(cell: HeadCell) -> tuple[list[int], list[int]]:
    """The tokens whose logits are raised most, and those that are lowered most."""
    order = sorted(range(len(cell.logits)), key=lambda token: -cell.logits[token])
    raised = [token for token in order[:MOST_LOGITS] if cell.logits[token] > 0]
    lowered = [token for token in order[::-1][:MOST_LOGITS] if cell.logits[token] < 0]
    return raised, lowered


def terms_shown(cell: HeadCell, most: int) -> list[int]:
    """Which terms there is room for: all in order, or those of the largest products."""
    n = len(cell.products)
    by_size = sorted(range(n), key=lambda j: -abs(cell.products[j]))
    return sorted(by_size[: max(1, most)])


class CellPane(Static):
    """Shows an `OpenedCell` in the room there is."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id, markup=False)
        self._opened: OpenedCell | None = None

    def show(self, opened: OpenedCell) -> None:
        """Shows another cell."""
        self._opened = opened
        self.update(self._text(), layout=False)

    def on_resize(self) -> None:
        """Terms are as many as fit."""
        if self._opened is not None:
            self.update(self._text(), layout=False)

    def _text(self) -> Text:
        opened = self._opened
        text = Text(no_wrap=True, overflow="ellipsis")
        if opened is None:
            return text
        cell, muted = opened.cell, theme_color(self.app, "muted")
        terms = terms_shown(cell, self.content_size.height - BESIDE)
        width = self.content_size.width
        text.append(f"{'j':>2} {'q':>9} {'k':>9} {'q × k':>9}\n", muted)
        largest = max(map(abs, cell.products), default=0.0)
        for j in terms:
            text.append(f"{j:>2} {short_number(cell.q[j]):>9} {short_number(cell.k[j]):>9} ")
            text.append(f"{short_number(cell.products[j]):>9}")
            if width > TERMS + BAR:
                text.append(*self._bar(cell.products[j], largest))
            text.append("\n")
        if (left := len(cell.products) - len(terms)) > 0:
            text.append(f"   and {left} smaller terms\n", muted)
        text.append("sum ", muted)
        text.append(f"{short_number(cell.total)} / √{len(cell.q)}\n")
        text.append("score ", muted)
        text.append(short_number(cell.score), "bold")
        text.append(f"  grad {short_number(cell.score_grad)}\n", muted)
        text.append("softmax ", muted)
        text.append(f"over {len(cell.scores)}: ")
        text.append(self._scores(opened))
        text.append("\nweight ", muted)
        text.append(f"{cell.weight:.6f}", "bold")
        text.append(f"  grad {short_number(cell.weight_grad)}\n", muted)
        text.append("v ", muted)
        text.append(f"{self._numbers(cell.v)}\n")
        text.append("carries weight × v ", muted)
        text.append(f"{self._numbers(cell.carried)}\n")
        raised, lowered = strongest(cell)
        text.append("adds directly to the logits\n", muted)
        for sign, tokens in (("↑", raised), ("↓", lowered)):
            told = "  ".join(
                f"{opened.vocabulary[token]} {cell.logits[token]:+.4f}" for token in tokens
            )
            text.append(f" {sign} {told or 'none'}\n")
        text.rstrip()
        return text

    def _scores(self, opened: OpenedCell) -> str:
        """Of all sources, this one's marked."""
        cell = opened.cell
        return "  ".join(
            f"{'▸' if source == cell.source else ''}{opened.tokens[source]} {short_number(score)}"
            for source, score in enumerate(cell.scores)
        )

    def _bar(self, product: float, largest: float) -> tuple[str, str]:
        part = abs(product) / largest if largest else 0.0
        background = theme_color(self.app, "background")
        ink = blend(background, POSITIVE if product > 0 else NEGATIVE, 0.3 + 0.7 * part)
        sign = "+" if product > 0 else "−"
        return f" {sign}" + "█" * round(BAR * part), ink

    @staticmethod
    def _numbers(numbers: Sequence[float]) -> str:
        return "  ".join(short_number(number) for number in numbers)
