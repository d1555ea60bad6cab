"""`Frame`, one picture of a film; and frames as lines that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a film."""

    name: str  # what it shows, such as "step 12"; `""` where there is only one
    svg: str


@dataclass(frozen=True, slots=True)
class SharedLines:
    """Frames as numbers of lines: what does not change from one to the next is there once."""

    lines: tuple[str, ...]
    frames: tuple[tuple[int, ...], ...]  # of each, its lines


def shared_lines(frames: Sequence[Frame]) -> SharedLines:
    """The lines of all frames, each once, in the order in which they are first met."""
    numbers: dict[str, int] = {}
    shared = tuple(
        tuple(numbers.setdefault(line, len(numbers)) for line in drawing(frame.svg).splitlines())
        for frame in frames
    )
    return SharedLines(tuple(numbers), shared)


def drawing(svg: str) -> str:
    """An SVG as it may stand in a page: without what comes before its element."""
    return svg[svg.index("<svg") :].rstrip()
