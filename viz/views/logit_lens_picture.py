"""The picture of view `lens`: a column a position, a row a block, the likeliest tokens as bars."""

from __future__ import annotations

from collections.abc import Iterator

from viz.maps.svg_elements import LARGE, PLAIN, SMALL, box, cut, short, text_width, words, xml
from viz.style import blend, ink_on, rgb
from viz.views.logit_lens import LogitLens, lens_as_json, lens_lines
from viz.views.sheet import BOLD, MARGIN, TOP, full, sheet
from viz.views.table import Page, ViewParts

WIDEST, NARROWEST = 96.0, 24.0
MOST_WIDTH = 1180.0
BAR = 18.0
QUESTION = (
    "Each cell: what the model would predict if it ended after that block. Down is forward; the "
    "last row is what it does predict."
)


def lens_svg(lens: LogitLens, page: Page) -> str:
    """The picture."""
    return _Drawing(lens, page).svg()


class _Drawing:
    def __init__(self, lens: LogitLens, page: Page) -> None:
        self.lens, self.page, self.theme = lens, page, page.theme
        names = [text_width(name, PLAIN) for name in (*lens.blocks, "comes next")]
        self.left = MARGIN + max(names) + 14
        n = len(lens.tokens)
        self.pitch = min(WIDEST, max(NARROWEST, (MOST_WIDTH - self.left) / n))
        self.has_bars = self.pitch >= 54
        self.row_height = BAR * lens.top + 12 if self.has_bars else 26.0
        self.top = TOP + 26
        self.width = max(self.left + n * self.pitch + MARGIN, 620.0)

    def svg(self) -> str:
        rows = len(self.lens.blocks)
        height = self.top + rows * self.row_height + 44 + 62
        parts = [*self._labels(), *self._cells(), *self._legend()]
        return sheet(self.page, self.width, height, QUESTION, parts)

    def _labels(self) -> Iterator[str]:
        lens, theme, bottom = self.lens, self.theme, self._bottom + 20
        yield words(self.left - 10, self.top - 10, "reads", theme.muted, PLAIN, "end")
        yield words(self.left - 10, bottom, "comes next", theme.muted, PLAIN, "end")
        for row, block in enumerate(lens.blocks):
            y = self.top + row * self.row_height + self.row_height / 2 + 4
            yield words(self.left - 10, y, block, theme.ink, PLAIN, "end")
        for column, (token, target) in enumerate(
            zip(lens.tokens, lens.targets.tolist(), strict=True)
        ):
            x = self.left + (column + 0.5) * self.pitch
            for label, y in ((token, self.top - 10), (lens.vocabulary[target], bottom)):
                shown = cut(label, self.pitch, LARGE if self.has_bars else PLAIN)
                size = LARGE if self.has_bars else PLAIN
                yield words(x, y, shown, theme.ink, size, "middle", BOLD)

    @property
    def _bottom(self) -> float:
        return self.top + len(self.lens.blocks) * self.row_height

    def _cells(self) -> Iterator[str]:
        lens, theme = self.lens, self.theme
        outline = f'rx="3" stroke="{theme.hairline}" stroke-width="0.7"'
        for row in range(len(lens.blocks)):
            y = self.top + row * self.row_height
            for column in range(len(lens.tokens)):
                x = self.left + column * self.pitch
                yield f"<g><title>{xml(self._told(row, column))}</title>"
                if self.has_bars:
                    size = self.pitch - 4, self.row_height - 4
                    yield box(x + 2, y + 2, *size, theme.none, outline)
                    yield from self._bars(row, column, x + 6, y + 6)
                else:
                    yield from self._letter(row, column, x, y)
                yield "</g>"

    def _bars(self, row: int, column: int, x: float, y: float) -> Iterator[str]:
        lens, theme = self.lens, self.theme
        room = self.pitch - 12
        for rank, token in enumerate(lens.likeliest[row, column].tolist()):
            prob = float(lens.probs[row, column, token])
            came = token == lens.targets[column]
            color = theme.hues[1] if came else theme.hues[0]
            fill = blend(theme.none, rgb(color), 0.45 if came else 0.35)
            top = y + rank * BAR
            yield box(x, top + 1, room * prob, BAR - 3, fill)
            label = cut(lens.vocabulary[token], room * 0.55, SMALL)
            weight = BOLD if came else ""
            yield words(x + 3, top + 12.5, label, theme.ink, SMALL, extra=weight)
            if room >= text_width(f"{label} .00", SMALL) + 6:
                yield words(x + room - 1, top + 12.5, short(prob)[:3], theme.muted, SMALL, "end")

    def _letter(self, row: int, column: int, x: float, y: float) -> Iterator[str]:
        lens, theme = self.lens, self.theme
        token = int(lens.likeliest[row, column, 0])
        prob = float(lens.probs[row, column, token])
        came = token == lens.targets[column]
        fill = blend(theme.none, rgb(theme.hues[1] if came else theme.hues[0]), 0.15 + 0.7 * prob)
        yield box(x + 1, y + 1, self.pitch - 2, self.row_height - 2, fill, 'rx="2"')
        label = cut(lens.vocabulary[token], self.pitch - 2, SMALL)
        extra = BOLD if came else ""
        yield words(
            x + self.pitch / 2, y + self.row_height / 2 + 4.5, label, ink_on(fill), SMALL, "middle",
            extra,
        )  # fmt: skip

    def _told(self, row: int, column: int) -> str:
        lens = self.lens
        target = lens.vocabulary[int(lens.targets[column])]
        tops = ", ".join(
            f"{lens.vocabulary[token]} {full(lens.probs[row, column, token])}"
            for token in lens.likeliest[row, column].tolist()
        )
        return (
            f"after {lens.blocks[row]}, position {lens.positions[column]} "
            f"{lens.tokens[column]}: {tops}; what comes, {target}, has "
            f"{full(lens.target_probs[row, column])}, rank {int(lens.target_ranks[row, column])}"
        )

    def _legend(self) -> Iterator[str]:
        theme, y = self.theme, self._bottom + 50
        parts = (
            (theme.hues[1], 0.45, "the token that comes next"),
            (theme.hues[0], 0.35, "another token"),
        )
        x = float(MARGIN)
        for color, amount, told in parts:
            yield box(x, y, 26, 12, blend(theme.none, rgb(color), amount))
            yield words(x + 32, y + 10.5, told, theme.muted)
            x += 52 + text_width(told, SMALL)
        what = (
            "Bars: the likeliest tokens, as long as their probability"
            if self.has_bars
            else "Letters: the likeliest token, as strong as its probability"
        )
        yield words(MARGIN, y + 30, what, theme.muted)


PARTS = ViewParts(LogitLens.of, lens_svg, lens_as_json, lines=lens_lines)
