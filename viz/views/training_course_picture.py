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
ROOM = 860.0
"""Width of curve and heatmap."""
GAP = 46.0
RIGHT = 190.0
"""Room at the right: what each curve is, and how large each row's last gradient."""
MOST_CURVES = 24


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
        self.rows_top = self.top + PLOT + GAP
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
        return float(self.top + PLOT * (1 - min(loss / self.most, 1.0)))

    def _curves(self) -> Iterator[str]:
        shown, theme = self.shown, self.theme
        yield frame(self.left, self.top, ROOM, PLOT, theme)
        step = _nice(self.most / 4)
        for place in range(int(self.most / step) + 1):
            y = self._y(place * step)
            line = f'stroke="{theme.hairline}" stroke-width="0.5"'
            yield f'<path d="M{self.left:.1f} {y:.1f}h{ROOM:.1f}" {line}/>'
            yield words(self.left - 6, y + 4, f"{place * step:g}", theme.muted, SMALL, "end")
        yield words(MARGIN, self.top + 12, "loss, nats", theme.ink, PLAIN, extra=BOLD)
        taken: list[float] = []
        if len(shown.tokens) <= MOST_CURVES:
            for position in range(len(shown.tokens)):
                yield from self._position(position, taken)
        yield self._curve(shown.losses, theme.hues[1], 2.6, 1.0)
        for moment, loss in enumerate(shown.losses.tolist()):
            told = xml(f"step {shown.steps[moment]}: loss {full(loss)}")
            yield (
                f'<circle cx="{self._x(moment):.1f}" cy="{self._y(loss):.1f}" r="2.6" '
                f'fill="{theme.hues[1]}"><title>{told}</title></circle>'
            )
        y = self._y(float(shown.losses[-1]))
        last = f"mean {short(float(shown.losses[-1]))}"
        yield words(self.left + ROOM + 8, y + 4, last, theme.hues[1], PLAIN, extra=BOLD)

    def _position(self, position: int, taken: list[float]) -> Iterator[str]:
        """The curve of one position, and which it is, where there is room to say so."""
        shown, theme = self.shown, self.theme
        yield self._curve(shown.position_losses[:, position], theme.hues[0], 1.0, 0.45)
        last = float(shown.position_losses[-1, position])
        y = self._y(last)
        if (
            all(abs(y - other) > 12 for other in taken)
            and abs(y - self._y(float(shown.losses[-1]))) > 13
        ):
            taken.append(y)
            label = f"{shown.tokens[position]} → {shown.targets[position]}  {short(last)}"
            yield words(self.left + ROOM + 8, y + 4, label, theme.muted, SMALL)

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
                y = self.top + PLOT + 16
                yield words(x, y, str(step), self.theme.muted, SMALL, "middle")
        yield words(self.left - 8, self.top + PLOT + 16, "step", self.theme.muted, SMALL, "end")

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


def _nice(least: float) -> float:
    """The first of 0.1, 0.2, 0.5, 1, 2, 5, ... that is no smaller."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(nice * power for nice in (1, 2, 5, 10) if nice * power >= least))


def _largest(shown: TrainingCourse) -> dict[str, float]:
    has_curves = len(shown.tokens) <= MOST_CURVES
    losses = (shown.losses, shown.position_losses) if has_curves else (shown.losses,)
    return {"grad": largest_size(shown.grad_norms), "loss": largest_size(*losses)}


PARTS = ViewParts(TrainingCourse.of, training_svg, training_as_json, _largest, training_lines)
