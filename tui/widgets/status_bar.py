"""The line at the top of every mode: the modes, and how training stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rich.text import Text
from textual.widgets import Static

from microgpt.printable import printable
from tui.themes import theme_color
from tui.training.run_frame import RunFrame

_SIGNS = {
    "running": "▶",
    "paused": "‖",
    "finished": "✓",
    "failed": "✗",
    "followed": "◉",
    "recorded": "■",
}


LEAST_ROOM = 30
"""What a mark leaves to how training stands. Units: characters."""


@dataclass(frozen=True, slots=True)
class WhatIfMark:
    """That the graph looked at is of no step: what-ifs are in force."""

    edits: tuple[str, ...]  # as they are told, the oldest first
    loss: float  # of the graph with them. Units: nats
    step: int  # that they are made in

    def within(self, room: int) -> str:
        """What is edited, cut where there is no room, and the loss that comes of it.

        >>> mark = WhatIfMark(("zero wte", "zero pos1/layer0/attn/head2"), 2.5, 47)
        >>> mark.within(99)
        '✎ step 47: zero pos1/layer0/attn/head2 +1 → loss 2.5000'
        >>> mark.within(40)
        '✎ step 47: zero po… +1 → loss 2.5000'
        """
        more = f" +{len(self.edits) - 1}" if len(self.edits) > 1 else ""
        end = f"{more} → loss {self.loss:.4f}"
        begin = f"✎ step {self.step}: "
        left = max(0, room - len(begin) - len(end))
        last = self.edits[-1]
        return f"{begin}{last if len(last) <= left else f'{last[: max(0, left - 1)]}…'}{end}"


def _loss(frame: RunFrame) -> str:
    """The loss of what is shown, and of what text if that is not training's."""
    assert frame.result is not None
    text = f"“{printable(frame.result.document)}” " if frame.pinned else ""
    return f"{text}loss {frame.result.loss:.4f}"


def summary(frame: RunFrame, room: int | None = None) -> str:
    """How training stands, in one line.

    Such as `▶ running · step 57/1000 · loss 2.8312 · kernel · 12.3 steps/s`.

    Args:
        room: what can best be done without is left out until it fits, if it can. Units: cells.
    """
    result = frame.result
    step = result.step if result else frame.first_step
    if frame.past:
        loss = _loss(frame) if result else "untrained"
        live = f"{_SIGNS[frame.status]} {frame.status} at {frame.live_step}/{frame.num_steps}"
        return f"◆ step {step} · {loss} · {live}"
    parts = [f"{_SIGNS[frame.status]} {frame.status}", f"step {step}/{frame.num_steps}"]
    if result:
        parts.append(_loss(frame))
    parts += _pace(frame, step)
    if frame.problem:
        parts.append(frame.problem)
    for spare in reversed(_pace(frame, step)):
        if room is not None and len(" · ".join(parts)) > room:
            parts.remove(spare)
    return " · ".join(parts)


def _pace(frame: RunFrame, step: int) -> list[str]:
    """What computes, how fast, and why not faster; what can best be done without comes last."""
    parts = []
    if frame.status == "running":
        if frame.engine:  # first, or nobody sees that the fast one is being compiled
            parts.append(frame.engine)
        if frame.rate:
            parts.append(f"{frame.rate:.1f} steps/s")
            parts.append(f"{_duration((frame.num_steps - step) / frame.rate)} left")
    if frame.speed:
        parts.append(f"at most {frame.speed:g}/s")
    return parts


def short_summary(frame: RunFrame, room: int | None = None) -> str:
    """The same for a narrow window: `▶ 57/1000 · loss 2.8312 · 12.3/s · kernel`.

    Args:
        room: the sign is told in words, too, where that fits: `✓ finished 1000/1000`. Units: cells.
    """
    told = _short(frame)
    sign = _SIGNS[frame.status]
    in_words = told.replace(sign, f"{sign} {frame.status}", 1)
    has_words = frame.status in told
    is_told = room is not None and not has_words and len(in_words) <= room
    return in_words if is_told and frame.status != "running" else told


def _short(frame: RunFrame) -> str:
    result = frame.result
    step = result.step if result else frame.first_step
    sign = _SIGNS[frame.status]
    if frame.past:
        sign = f"◆ {step} of {sign}"
    elif frame.problem:
        sign = f"{sign} {frame.status}"
    parts = [f"{sign} {frame.live_step}/{frame.num_steps}"]
    if result:
        parts.append(_loss(frame))
    if frame.status == "running" and frame.rate and not frame.past:
        parts.append(f"{frame.rate:.1f}/s")
    if frame.engine and frame.status == "running" and not frame.past:
        parts.append(frame.engine)
    if frame.problem:
        parts.append(frame.problem)
    return " · ".join(parts)


def shortest_summary(frame: RunFrame) -> str:
    """Where next to nothing has room: `▶ 57`."""
    step = frame.result.step if frame.result else frame.first_step
    return f"{_SIGNS[frame.status] if not frame.past else '◆'} {step}"


def _duration(seconds: float) -> str:
    days = seconds / 86_400
    return str(timedelta(seconds=round(seconds))) if days < 1 else f"{days:.3g} days"


class StatusBar(Static):
    """Mode tabs on the left, training on the right; a click on a tab switches."""

    def __init__(self, mode: str) -> None:
        super().__init__(markup=False)
        self._mode = mode
        self._frame: RunFrame | None = None
        self._what_if: WhatIfMark | None = None

    def show(self, frame: RunFrame | None, what_if: WhatIfMark | None = None) -> None:
        """Shows how training stands, None before it has anything to say.

        Args:
            what_if: that the graph is edited, which is said first of all.
        """
        self._frame, self._what_if = frame, what_if
        self.update(self._line(), layout=False)

    def on_mount(self) -> None:
        """The tabs are there from the start."""
        self.show(None)

    def on_resize(self) -> None:
        """The right part is set flush with the edge."""
        self.update(self._line(), layout=False)

    def _tabs(self) -> dict[str, str]:
        """What each mode is called: in short where there is no room beside how training stands."""
        names = {mode: mode.title() for mode in self.app.MODES}
        width = sum(len(f" {place} {name} ") for place, name in enumerate(names.values(), start=1))
        least = len(short_summary(self._frame)) + 1 if self._frame else 0
        if width + least > self.size.width > 0:
            shorts = {mode: getattr(made, "SHORT", "") for mode, made in self.app.MODES.items()}
            names = {mode: shorts[mode] or name for mode, name in names.items()}
        return names

    def _line(self) -> Text:
        background, primary, error = (
            theme_color(self.app, name) for name in ("background", "primary", "error")
        )
        line = Text(no_wrap=True, overflow="ellipsis")
        for place, (mode, told) in enumerate(self._tabs().items(), start=1):
            chosen = mode == self._mode
            style = f"bold {background} on {primary}" if chosen else ""
            start = len(line)
            line.append(f" {place} {told} ", style)
            if not chosen:  # what can be clicked has the colours of a link
                line.apply_meta({"@click": f"app.mode('{mode}')"}, start, len(line))
        if self._frame:
            room = self.size.width - len(line) - 1
            if self._what_if:
                least = LEAST_ROOM if room > 2 * LEAST_ROOM else len(shortest_summary(self._frame))
                mark = f" {self._what_if.within(room - least - 2)}"
                line.append(mark, f"bold {theme_color(self.app, 'accent')}")
                room -= len(mark) + 1
            said = summary(self._frame, room)
            if len(said) > room:
                said = short_summary(self._frame, room)
            if len(said) > room and self._what_if:
                said = shortest_summary(self._frame)
            if len(said) > room:
                said = said[: max(0, room - 1)] + "…" if room > 1 else ""
            line.append(" " * max(1, room - len(said)))
            line.append(said, error if self._frame.problem else "")
        return line
