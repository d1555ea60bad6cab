"""The picture of view `residual`: what each block writes, unit by unit, and what logits get."""

from __future__ import annotations

from collections.abc import Iterator

from viz.maps.svg_elements import LARGE, PLAIN, SMALL, box, short, text_width, words, xml
from viz.views.color_scale import ColorScale, largest_size
from viz.views.heatmap import MOST_BOXES, DrawnHeatmap
from viz.views.residual_writes import ResidualWrites, residual_as_json, residual_lines
from viz.views.sheet import BOLD, MARGIN, TOP, column_labels, fits, frame, full, sheet, titled
from viz.views.table import Page, ViewParts

WIDEST, NARROWEST = 130.0, 10.0
MOST_WIDTH = 1240.0
STRIP, BAR_ROW = 16.0, 18.0
"""Heights: of the units of a vector, and of what its block brings the logit."""
BLOCK = 2 * STRIP + BAR_ROW + 30


def residual_svg(shown: ResidualWrites, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: ResidualWrites, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest = dict(page.largest or _largest(shown))
        self.scale = ColorScale(page.theme, largest["value"], is_signed=True)
        self.largest_part = largest["logit"] or 1.0
        names = (*shown.blocks, "comes next", "logit of what comes")
        self.left = MARGIN + max(text_width(name, PLAIN) for name in names) + 14
        n = len(shown.tokens)
        self.pitch = min(WIDEST, max(NARROWEST, (MOST_WIDTH - self.left - MARGIN) / n))
        self.width = max(self.left + n * self.pitch + MARGIN, 760.0)
        self.top = TOP + 30

    @property
    def bottom(self) -> float:
        return self.top + len(self.shown.blocks) * BLOCK

    def svg(self) -> str:
        question = (
            "What each block writes to the residual stream. Of each position: the vector written, "
            "the stream after it, and what the writing adds to the logit of the token that comes."
        )
        parts = [*self._labels(), *self._blocks(), *self._totals(), *self._legend()]
        return sheet(self.page, self.width, self.bottom + 130, question, parts)

    def _labels(self) -> Iterator[str]:
        shown, theme = self.shown, self.theme
        yield words(self.left - 12, self.top - 12, "reads", theme.muted, PLAIN, "end")
        yield from self._tokens(shown.tokens, self.top - 12)
        yield words(self.left - 12, self.bottom + 44, "comes next", theme.muted, PLAIN, "end")
        yield from self._tokens(shown.targets, self.bottom + 44)
        for row, block in enumerate(shown.blocks):
            y = self.top + row * BLOCK
            yield words(self.left - 12, y + 13, block, theme.ink, PLAIN, "end", BOLD)
            for place, part in enumerate(("writes", "stream", "logit")):
                at = y + place * STRIP + (13 if place < 2 else 15)
                if place:
                    yield words(self.left - 12, at, part, theme.muted, SMALL, "end")

    def _tokens(self, tokens: tuple[str, ...], y: float) -> Iterator[str]:
        if fits(tokens, self.pitch, LARGE):
            for place, token in enumerate(tokens):
                x = self.left + (place + 0.5) * self.pitch
                yield words(x, y, token, self.theme.ink, LARGE, "middle", BOLD)
            return
        yield from column_labels(tokens, self.left, y, self.pitch, self.theme)

    def _blocks(self) -> Iterator[str]:
        shown = self.shown
        n_embd = shown.written.shape[-1]
        as_boxes = 2 * shown.written.size <= MOST_BOXES
        room = self.pitch - min(6.0, self.pitch * 0.2)
        for row in range(len(shown.blocks)):
            y = self.top + row * BLOCK
            for column in range(len(shown.tokens)):
                x = self.left + column * self.pitch
                for place, vectors in enumerate((shown.written, shown.stream)):
                    numbers = vectors[row, column][None]
                    at = y + place * (STRIP + 2)
                    what = ("writes", "stream after it")[place]
                    told = self._about(row, column, what)
                    drawn = DrawnHeatmap(
                        numbers, self.scale, x, at, room / n_embd, STRIP, None, as_boxes
                    )
                    yield from drawn.drawn(
                        lambda _, unit, told=told, numbers=numbers: (  # type: ignore[misc]
                            f"{told}[{unit}] = {full(numbers[0, unit])}"
                        )
                    )
                    yield frame(x, at, room, STRIP, self.theme)
                yield from self._part(row, column, x, y + 2 * STRIP + 5, room)

    def _about(self, row: int, column: int, what: str) -> str:
        shown = self.shown
        return (
            f"{shown.blocks[row]} at position {shown.positions[column]} {shown.tokens[column]}, "
            f"{what}"
        )

    def _part(self, row: int, column: int, x: float, y: float, room: float) -> Iterator[str]:
        """A bar from the middle: to the right what it adds to the target's logit."""
        shown, theme = self.shown, self.theme
        part = float(shown.logit_parts[row, column])
        middle, half = x + room / 2, room / 2
        length = half * min(abs(part) / self.largest_part, 1.0)
        color = theme.hues[1] if part > 0 else theme.hues[0]
        told = (
            f"{self._about(row, column, 'part in the logit of')} {shown.targets[column]} = "
            f"{full(part)}; L2 norm written {full(shown.written_norms[row, column])}, of the "
            f"stream {full(shown.stream_norms[row, column])}, of its gradient "
            f"{full(shown.grad_norms[row, column])}"
        )
        yield f'<path d="M{middle:.1f} {y:.1f}v{BAR_ROW - 4:.1f}" stroke="{theme.hairline}"/>'
        bar = box(middle if part > 0 else middle - length, y + 1, length, BAR_ROW - 6, color)
        yield titled(bar, told)
        if half > 44:
            at, anchor = (middle - 4, "end") if part > 0 else (middle + 4, "start")
            number = short(part) if part <= 0 else f"+{short(part)}"
            yield words(at, y + 10.5, number, theme.muted, SMALL, anchor)

    def _totals(self) -> Iterator[str]:
        """The logit of what comes next: the sum of all parts."""
        shown, theme, y = self.shown, self.theme, self.bottom + 16
        if self.pitch < 44:
            return
        yield words(self.left - 12, y, "logit of what comes", theme.muted, SMALL, "end")
        for column, total in enumerate(shown.logit_parts.sum(axis=0).tolist()):
            x = self.left + column * self.pitch + self.pitch / 2
            text = words(x, y, short(total), theme.ink, SMALL, "middle", BOLD)
            yield f"<g><title>{xml(f'the sum of all parts = {full(total)}')}</title>{text}</g>"

    def _legend(self) -> Iterator[str]:
        theme, y = self.theme, self.bottom + 66
        room = (self.width - 2 * MARGIN) / 2
        told = "Units of a vector, one beside the other"
        yield from self.scale.legend(MARGIN, y, room - 16, told)
        x = MARGIN + room
        for place, (color, what) in enumerate(
            ((theme.hues[1], "raises the logit"), (theme.hues[0], "lowers it"))
        ):
            yield box(x + 150 * place, y, 26, 12, color)
            yield words(x + 150 * place + 32, y + 10.5, what, theme.muted)
        told = (
            f"Bars: what the writing adds to the logit; half a column is {short(self.largest_part)}"
        )
        yield words(x, y + 27, told, theme.muted)


def _largest(shown: ResidualWrites) -> dict[str, float]:
    return {
        "value": largest_size(shown.written, shown.stream),
        "logit": largest_size(shown.logit_parts),
    }


PARTS = ViewParts(ResidualWrites.of, residual_svg, residual_as_json, _largest, residual_lines)
