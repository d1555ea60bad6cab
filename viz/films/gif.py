"""Frames as a GIF, for where neither a page nor an SVG can be shown."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache, partial
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Self

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Ints
from viz.films.frames import Frame
from viz.films.pixels import frame_pixels
from viz.formats.png import svg_size

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

COLORS = 255
"""As many as a GIF can have, but one."""
AREAS = 220
"""So many of the most frequent colours are kept as they are: an area shall look as it does."""
NEAREST = 8
"""But for those nearer to each other, in each of red, green and blue: Pillow confuses them."""
UNCHANGED = COLORS
"""That one: where it stands, a pixel is as in the frame before."""
LAST = 1500
"""So long the last frame stays. Units: milliseconds."""
MOST_PIXELS = 400_000_000
"""Of all frames."""
TOGETHER = 4
"""So many frames are handed to a process at once."""
FEW = 8
"""Frames are drawn by several processes from this number on: a process takes a moment to begin."""


def film_gif(
    frames: Sequence[Frame],
    per_second: float,
    drawn: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> bytes:
    """The film, again and again.

    Args:
        frames: in order; those in the making are made while others are drawn.
        drawn: is told how many frames are done.
        stopped: whether the frames that are done shall do, once there is one.

    Raises:
        InputError: it would be too large, or the frames are not of one size.
    """
    from PIL import Image  # noqa: PLC0415  # not always there

    shown = {place: frames[place] for place in sorted({0, len(frames) // 2, len(frames) - 1})}
    width, height = svg_size(shown[0].svg)
    if (pixels := width * height * len(frames)) > MOST_PIXELS:
        raise InputError(
            f"a GIF of {len(frames):,} frames of {width:.0f} × {height:.0f} pixels is too large: "
            f"fewer frames fit (--frames {max(1, int(len(frames) * MOST_PIXELS / pixels))}), and "
            ".html holds more"
        )
    pictures: list[Picture] = []
    with _Drawers(len(frames)) as drawers:
        palette, size = _palette(list(shown.values()))
        before = np.zeros(size[0] * size[1], np.uint8)
        for content in drawers.pixels(_svgs(frames, shown), palette):
            now = np.frombuffer(content, np.uint8)
            changed = np.where(now == before, UNCHANGED, now) if pictures else now
            picture = Image.frombytes("P", size, changed.astype(np.uint8).tobytes())
            picture.putpalette(palette)
            pictures.append(picture)
            before = now
            drawn(len(pictures))
            if stopped():
                break
    file = BytesIO()
    each = round(1000 / per_second)
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], loop=0, optimize=False,
        transparency=UNCHANGED, disposal=1, duration=[*[each] * (len(pictures) - 1), LAST],
    )  # fmt: skip
    return file.getvalue()


def _svgs(frames: Sequence[Frame], made: Mapping[int, Frame]) -> Iterator[str]:
    """What the frames show, each made when it is asked for.

    Args:
        frames: in order.
        made: those that are made already, by place; the first is.
    """
    size = svg_size(made[0].svg)
    for place in range(len(frames)):
        frame = made[place] if place in made else frames[place]
        if svg_size(frame.svg) != size:
            raise InputError("the frames are not of one size: .html holds them")
        yield frame.svg


def _palette(frames: Sequence[Frame]) -> tuple[bytes, tuple[int, int]]:
    """The colours of some frames, the first, the middle and the last one, and how large a frame is.

    One palette is for all frames: with one for each, what does not change would flicker. Colours of
    areas come first, since they are the most frequent, and the background keeps its own.
    """
    pictures = [frame_pixels(frame.svg) for frame in frames]
    counts: Counter[tuple[int, int, int]] = Counter()
    for picture in pictures:
        for count, color in picture.getcolors(picture.width * picture.height) or ():
            counts[color] += count  # type: ignore[index]  # of an RGB picture it is three numbers
    by_count = np.array(sorted(counts, key=lambda color: (-counts[color], color)))
    areas = _far_apart(by_count[:AREAS], NEAREST, [])
    palettes = (_far_apart(by_count, apart, areas) for apart in range(NEAREST, 256, 2))
    palette = next(few for few in palettes if len(few) <= COLORS)
    return np.array(palette, np.uint8).tobytes(), pictures[0].size


def _far_apart(colors: Ints, apart: int, already: Sequence[Ints]) -> list[Ints]:
    """Some of the colours, the first ones preferred: each of the others has one of these near it.

    Args:
        apart: what is nearer, in each of red, green and blue, is near.
        already: those that are chosen. There are no more than one too many for a GIF.
    """
    chosen = list(already)
    for color in already:
        colors = colors[np.abs(colors - color).max(axis=1) >= apart]
    while len(colors) and len(chosen) <= COLORS:
        chosen.append(colors[0])
        colors = colors[np.abs(colors - colors[0]).max(axis=1) >= apart]
    return chosen


class _Drawers:
    """Who draws a film's frames: processes, as drawing holds the interpreter; or this one alone."""

    def __init__(self, n_frames: int) -> None:
        workers = min(os.cpu_count() or 1, 8)
        self._pool: ProcessPoolExecutor | None = None
        if n_frames >= FEW and workers > 1:
            # Not forked: a thread of ours may hold a lock. The parent alone answers to Ctrl-C.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(workers, context, _ignore_interrupts)
            for _ in range(workers):  # each begins one, now and not when the palette is there
                self._pool.submit(int)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def pixels(self, svgs: Iterator[str], palette: bytes) -> Iterator[bytes]:
        """The frames in order, each pixel the number of its colour."""
        if self._pool is None:
            yield from map(partial(_pixels_of, palette), svgs)
            return
        begun: deque[Future[list[bytes]]] = deque()
        while some := list(islice(svgs, TOGETHER)):
            begun.append(self._pool.submit(_pixels_of_some, palette, some))
            while begun and begun[0].done():
                yield from begun.popleft().result()
        while begun:
            yield from begun.popleft().result()


def _pixels_of_some(palette: bytes, svgs: Sequence[str]) -> list[bytes]:
    return [_pixels_of(palette, svg) for svg in svgs]


def _pixels_of(palette: bytes, svg: str) -> bytes:
    from PIL import Image  # noqa: PLC0415

    colors = _palette_picture(palette)
    return frame_pixels(svg).quantize(palette=colors, dither=Image.Dither.NONE).tobytes()


@cache
def _palette_picture(palette: bytes) -> Picture:
    """A picture that has the palette: it keeps which of its colours is the nearest to another."""
    from PIL import Image  # noqa: PLC0415

    picture = Image.new("P", (1, 1))
    picture.putpalette(palette)
    return picture


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
