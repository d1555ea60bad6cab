"""The picture of view `training`: the loss as a curve, over the rows' gradients as a heatmap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from microgpt.graph.arrays import Floats
from viz.maps.svg_elements import PLAIN, SMALL, cut, short, text_width, words, xml
from viz.views.color_scale import ColorScale, largest_size
from viz.views.heatmap import DrawnHeatmap
from viz.views.sheet import BOLD, MARGIN, TOP, frame, full, sheet
from viz.views.table import Page, ViewParts
from viz.views.training_course import TrainingCourse, training_as_json, training_lines

PLOT, ROW = 190.0, 21.0
"""Heights: of the curves, more where they need more room to be named, and of a row."""
ROOM = 860.0
"""Width of curve and heatmap."""
GAP = 46.0
RIGHT = 190.0
"""Room at the right: what each curve is, and how large each row's last gradient."""
LINE = 14.0
"""Height of a line of text beside the curves."""
MOST_CURVES = 24
"""Of positions."""


def training_svg(shown: TrainingCourse, page: Page) -> str:
    """The picture."""
    return _Drawing(shown, page).svg()


class _Drawing:
    def __init__(self, shown: TrainingCourse, page: Page) -> None:
        self.shown, self.page, self.theme = shown, page, page.theme
        largest: Mapping[str, float] = page.largest or _largest(shown)
        self.scale = ColorScale(page.theme, largest["grad"], is_log=True)
        self.most = largest["loss"] * 1.05 or 1.0
        self.left = MARGIN + max(text_width(name, PLAIN) for name in (*shown.rows, "loss")) + 12
        self.top = TOP + 14.0
        self.has_curves = len(shown.tokens) <= MOST_CURVES
        lines = len(shown.tokens) + 1 if self.has_curves else 1
        self.plot = max(PLOT, lines * LINE)
        self.rows_top = self.top + self.plot + GAP
        self.pitch = ROOM / len(shown.steps)

    def svg(self) -> str:
        bottom = self.rows_top + len(self.shown.rows) * ROW
        question = (
            "The loss of this text as the model is trained, and below it the gradient of each row "
            "of its Map at the same steps."
        )
        parts = [*self._curves(), *self._rows(), *self._steps(), *self._legend(bottom + 14)]
        return sheet(self.page, self.left + ROOM + RIGHT, bottom + 80, question, parts)

    def _x(self, moment: int) -> float:
        return float(self.left + (moment + 0.5) * self.pitch)

    def _y(self, loss: float) -> float:
        return float(self.top + self.plot * (1 - min(loss / self.most, 1.0)))

    def _curves(self) -> Iterator[str]:
        shown, theme = self.shown, self.theme
        yield frame(self.left, self.top, ROOM, self.plot, theme)
        step = _nice(self.most / 4)
        for place in range(int(self.most / step) + 1):
            y = self._y(place * step)
            line = f'stroke="{theme.hairline}" stroke-width="0.5"'
            yield f'<path d="M{self.left:.1f} {y:.1f}h{ROOM:.1f}" {line}/>'
            yield words(self.left - 6, y + 4, f"{place * step:g}", theme.muted, SMALL, "end")
        yield words(MARGIN, self.top + 12, "loss, nats", theme.ink, PLAIN, extra=BOLD)
        if self.has_curves:
            for position in range(len(shown.tokens)):
                losses = shown.position_losses[:, position]
                yield self._curve(losses, theme.hues[0], 1.0, 0.45)
        yield self._curve(shown.losses, theme.hues[1], 2.6, 1.0)
        for moment, loss in enumerate(shown.losses.tolist()):
            told = xml(f"step {shown.steps[moment]}: loss {full(loss)}")
            yield (
                f'<circle cx="{self._x(moment):.1f}" cy="{self._y(loss):.1f}" r="2.6" '
                f'fill="{theme.hues[1]}"><title>{told}</title></circle>'
            )
        yield from self._ends()

    def _ends(self) -> Iterator[str]:
        """What each curve is, beside its end: if they end close together, one below the other."""
        shown, theme = self.shown, self.theme
        mean = float(shown.losses[-1])
        ends = [(self._y(mean), f"mean  {short(mean)}", theme.hues[1], BOLD)]
        if self.has_curves:
            ends += [
                (self._y(last), f"{token} → {target}  {short(last)}", theme.muted, "")
                for token, target, last in zip(
                    shown.tokens, shown.targets, shown.position_losses[-1].tolist(), strict=True
                )
            ]
        ends.sort(key=lambda end: end[0])
        places = _apart([y for y, *_ in ends], LINE, self.top, self.top + self.plot)
        x = self.left + ROOM
        for place, (y, label, color, extra) in zip(places, ends, strict=True):
            if abs(place - y) > 2:
                line = f'stroke="{theme.hairline}" stroke-width="0.8" fill="none"'
                yield f'<path d="M{x + 1:.1f} {y:.1f}L{x + 14:.1f} {place:.1f}" {line}/>'
            yield words(x + 18, place + 4, label, color, PLAIN if extra else SMALL, extra=extra)

    def _curve(self, numbers: Floats, color: str, width: float, opacity: float) -> str:
        points = " ".join(
            f"{self._x(moment):.1f},{self._y(number):.1f}"
            for moment, number in enumerate(numbers.tolist())
            if np.isfinite(number)
        )
        return (
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width}" '
            f'stroke-opacity="{opacity}" stroke-linejoin="round"/>'
        )

    def _rows(self) -> Iterator[str]:
        shown, theme = self.shown, self.theme
        yield words(self.left, self.rows_top - 9, "gradient by row", theme.ink, PLAIN, extra=BOLD)
        for row, name in enumerate(shown.rows):
            y = self.rows_top + row * ROW + ROW * 0.68
            yield words(self.left - 8, y, cut(name, 200, PLAIN), theme.ink, PLAIN, "end")
            last = short(float(shown.grad_norms[row, -1]))
            yield words(self.left + ROOM + 8, y, last, theme.muted, SMALL)
        drawn = DrawnHeatmap(
            shown.grad_norms, self.scale, self.left, self.rows_top, self.pitch, ROW
        )
        yield from drawn.drawn(
            lambda row, moment: (
                f"{shown.rows[row]}, step {shown.steps[moment]}: L2 norm of the gradient "
                f"{full(shown.grad_norms[row, moment])}"
            )
        )
        yield frame(self.left, self.rows_top, ROOM, len(shown.rows) * ROW, theme)

    def _steps(self) -> Iterator[str]:
        """The numbers of steps, between curve and heatmap, so many as there is room for."""
        needed, last = text_width(str(self.shown.steps[-1]), SMALL) + 14, -1e9
        for moment, step in enumerate(self.shown.steps):
            x = self._x(moment)
            if x - last >= needed:
                last = x
                y = self.top + self.plot + 16
                yield words(x, y, str(step), self.theme.muted, SMALL, "middle")
        yield words(
            self.left - 8, self.top + self.plot + 16, "step", self.theme.muted, SMALL, "end"
        )

    def _legend(self, y: float) -> Iterator[str]:
        told = "Rows: the L2 norm of the gradient of what leaves the row's cells"
        yield from self.scale.legend(MARGIN, y, ROOM / 2, told)
        x = MARGIN + ROOM / 2 + 40
        for place, (color, width, what) in enumerate(
            (
                (self.theme.hues[1], 2.6, "mean loss of the text"),
                (self.theme.hues[0], 1.0, "loss of a position"),
            )
        ):
            line = f'stroke="{color}" stroke-width="{width}"'
            yield f'<path d="M{x:.1f} {y + 6 + 20 * place:.1f}h28" {line}/>'
            yield words(x + 36, y + 10.5 + 20 * place, what, self.theme.muted)


def _apart(places: list[float], apart: float, first: float, last: float) -> list[float]:
    """Places in ascending order, moved so far that none is too near to its neighbours.

    As many as there is no room for are too near all the same.

    >>> _apart([1.0, 2.0, 30.0], 10.0, 0.0, 40.0), _apart([38.0, 39.0], 10.0, 0.0, 40.0)
    ([1.0, 11.0, 30.0], [30.0, 40.0])
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + apart if moved else first))
    for at in reversed(range(len(moved))):
        limit = last if at + 1 == len(moved) else moved[at + 1] - apart
        moved[at] = min(moved[at], limit)
    return moved


def _nice(least: float) -> float:
    """The first of 0.1, 0.2, 0.5, 1, 2, 5, ... that is no smaller."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(nice * power for nice in (1, 2, 5, 10) if nice * power >= least))


def _largest(shown: TrainingCourse) -> dict[str, float]:
    has_curves = len(shown.tokens) <= MOST_CURVES
    losses = (shown.losses, shown.position_losses) if has_curves else (shown.losses,)
    return {"grad": largest_size(shown.grad_norms), "loss": largest_size(*losses)}


PARTS = ViewParts(TrainingCourse.of, training_svg, training_as_json, _largest, training_lines)
