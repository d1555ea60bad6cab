"""Frames as a GIF, for where neither a page nor an SVG can be shown."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING

from microgpt.errors import InputError
from viz.films.frames import Frame
from viz.formats.png import svg_png, svg_size

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

COLORS = 256
"""As many as a GIF can have."""
LAST = 1500
"""So long the last frame stays. Units: milliseconds."""
MOST_PIXELS = 400_000_000
"""Of all frames."""
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
        drawn: is told how many frames are done.
        stopped: whether the frames that are done shall do, once there is one.

    Raises:
        InputError: it would be too large, or the frames are not of one size.
    """
    from PIL import Image  # noqa: PLC0415  # not always there

    sizes = dict.fromkeys(svg_size(frame.svg) for frame in frames)
    if len(sizes) > 1:
        raise InputError("the frames are not of one size: .html holds them")
    width, height = next(iter(sizes))
    if (pixels := width * height * len(frames)) > MOST_PIXELS:
        raise InputError(
            f"a GIF of {len(frames):,} frames of {width:.0f} × {height:.0f} pixels is too large: "
            f"fewer frames fit (--frames {max(1, int(len(frames) * MOST_PIXELS / pixels))}), and "
            ".html holds more"
        )
    pictures: list[Picture] = []
    palette, size = _palette(frames)
    pixels_of_frames = _pixels([frame.svg for frame in frames], palette)
    for content in pixels_of_frames:
        picture = Image.frombytes("P", size, content)
        picture.putpalette(palette)
        pictures.append(picture)
        drawn(len(pictures))
        if stopped():
            break
    pixels_of_frames.close()
    file = BytesIO()
    each = round(1000 / per_second)
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], loop=0, optimize=False,
        duration=[*[each] * (len(pictures) - 1), LAST],
    )  # fmt: skip
    return file.getvalue()


def _palette(frames: Sequence[Frame]) -> tuple[bytes, tuple[int, int]]:
    """The colours of the first, the middle and the last frame, and how large a frame is.

    One palette is for all frames: with one for each, what does not change would flicker.
    """
    from PIL import Image  # noqa: PLC0415

    pictures = [_picture(frames[place].svg) for place in (0, len(frames) // 2, -1)]
    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(pictures)))
    for place, picture in enumerate(pictures):
        together.paste(picture, (0, place * height))
    few = together.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return bytes(few.getpalette() or ()), (width, height)


def _pixels(svgs: Sequence[str], palette: bytes) -> Generator[bytes, None, None]:
    """The frames in order, each pixel the number of its colour.

    Drawing holds the interpreter, so processes share it.
    """
    pixels_of = partial(_pixels_of, palette)
    workers = min(os.cpu_count() or 1, 8)
    if len(svgs) < FEW or workers == 1:
        yield from map(pixels_of, svgs)
        return
    # Not forked: a thread of ours may hold a lock. The parent alone answers to Ctrl-C.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _ignore_interrupts)
    try:
        yield from pool.map(pixels_of, svgs, chunksize=4)
    finally:
        pool.shutdown(cancel_futures=True)


def _pixels_of(palette: bytes, svg: str) -> bytes:
    from PIL import Image  # noqa: PLC0415

    colors = _palette_picture(palette)
    return _picture(svg).quantize(palette=colors, dither=Image.Dither.NONE).tobytes()


def _picture(svg: str) -> Picture:
    from PIL import Image  # noqa: PLC0415

    return Image.open(BytesIO(svg_png(svg, 1.0))).convert("RGB")


@cache
def _palette_picture(palette: bytes) -> Picture:
    """A picture that has the palette: it keeps which of its colours is the nearest to another."""
    from PIL import Image  # noqa: PLC0415

    picture = Image.new("P", (1, 1))
    picture.putpalette(palette)
    return picture


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
