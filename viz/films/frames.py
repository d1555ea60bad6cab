"""`Frame`, one picture of a film; and frames as lines that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

from viz.formats.png import svg_size


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a film."""

    name: str  # what it shows, such as "step 12"; `""` where there is only one
    svg: str


@dataclass(frozen=True, slots=True)
class FramesInMaking(Sequence[Frame]):
    """Frames of one size that are each made when they are asked for, while others are drawn."""

    n_frames: int
    make: Callable[[int], Frame]

    def __len__(self) -> int:
        return self.n_frames

    @overload
    def __getitem__(self, place: int) -> Frame: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Frame]: ...
    def __getitem__(self, place: int | slice) -> Frame | Sequence[Frame]:
        places = range(self.n_frames)[place]
        if isinstance(places, range):
            return [self.make(each) for each in places]
        return self.make(places)


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


def of_one_size(frames: Sequence[Frame]) -> list[Frame]:
    """The frames on paper as large as the largest: each may have another size."""
    sizes = [svg_size(frame.svg) for frame in frames]
    largest = max(width for width, _ in sizes), max(height for _, height in sizes)
    return [
        frame if size == largest else Frame(frame.name, _on_paper(frame.svg, size, largest))
        for frame, size in zip(frames, sizes, strict=True)
    ]


def _on_paper(svg: str, size: tuple[float, float], paper: tuple[float, float]) -> str:
    """A picture of ours on larger paper: its element, what it shows, and its background."""
    (old_width, old_height), (width, height) = size, paper
    is_as_large = f'width="{old_width:g}" height="{old_height:g}"'
    svg = svg.replace(is_as_large, f'width="{width:g}" height="{height:g}"', 2)
    seen = f'viewBox="0 0 {old_width:g} {old_height:g}"'
    return svg.replace(seen, f'viewBox="0 0 {width:g} {height:g}"', 1)


def drawing(svg: str) -> str:
    """An SVG as it may stand in a page: without what comes before its element."""
    return svg[svg.index("<svg") :].rstrip()
