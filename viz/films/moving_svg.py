"""Frames as one SVG that moves by itself, in a browser and where it shows pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from microgpt.errors import InputError
from viz.films.frames import Frame, drawing
from viz.maps.svg_elements import xml

MOST_BYTES = 40_000_000
"""Browsers take seconds to open a larger one."""
HOLD = 1.5
"""So long the last frame stays. Units: seconds."""


def moving_svg(frames: Sequence[Frame], title: str, per_second: float) -> str:
    """The film, again and again. Where nothing moves, the last frame stands there.

    What all frames begin and end with is drawn once.

    Raises:
        InputError: it would be too large; the message says how many frames fit.
    """
    all_lines = [_without_title(drawing(frame.svg).splitlines()) for frame in frames]
    first = all_lines[0]
    size = _open_tag(all_lines)
    shortest = min(map(len, all_lines))
    begins = zip(*[lines[1:] for lines in all_lines], strict=False)
    begin = min(1 + len([*takewhile(_alike, begins)]), shortest - 1)
    ends = zip(*[lines[::-1] for lines in all_lines], strict=False)
    end = min(len([*takewhile(_alike, ends)]), shortest - begin)
    # Groups must be whole: what is drawn once may not open one that it does not close.
    while begin > 1 and _depth(first[1:begin]):
        begin -= 1
    while end > 1 and _depth(first[len(first) - end : -1]):
        end -= 1
    bodies = ["\n".join(lines[begin : len(lines) - end]) for lines in all_lines]
    if (total := sum(map(len, bodies))) > MOST_BYTES:
        raise InputError(
            f"{len(frames):,} frames of {total / 1e6:,.0f} MB are too many for an SVG that moves "
            f"({MOST_BYTES / 1e6:,.0f} MB): fewer frames fit (--frames "
            f"{max(1, int(len(frames) * MOST_BYTES / total))}), and .html holds more"
        )
    seconds = len(frames) / per_second + HOLD
    parts = [size, f"<title>{xml(title)}</title>", *first[1:begin]]
    for place, body in enumerate(bodies):
        is_last = place == len(frames) - 1
        start = place / per_second / seconds
        stop = 1.0 if is_last else (place + 1) / per_second / seconds
        shown = "" if is_last else ' display="none"'
        parts += [f"<g{shown}>", _animation(start, stop, seconds), body, "</g>"]
    return "\n".join((*parts, *first[len(first) - end :], ""))


def _animation(start: float, stop: float, seconds: float) -> str:
    """What shows a group in its part of the film, and hides it in all others."""
    times, values = ["0"], ["inline" if start == 0 else "none"]
    if start > 0:
        times.append(f"{start:.6f}")
        values.append("inline")
    if stop < 1:
        times.append(f"{stop:.6f}")
        values.append("none")
    return (
        f'<animate attributeName="display" dur="{seconds:.3f}s" repeatCount="indefinite" '
        f'calcMode="discrete" keyTimes="{";".join(times)}" values="{";".join(values)}"/>'
    )


def _open_tag(all_lines: Sequence[Sequence[str]]) -> str:
    """The first line of the frames, which says how large they are.

    Raises:
        InputError: they are not of one size.
    """
    tags = dict.fromkeys(lines[0] for lines in all_lines)
    if len(tags) > 1:
        raise InputError("the frames are not of one size: .html holds them")
    return next(iter(tags))


def _alike(lines: tuple[str, ...]) -> bool:
    return lines.count(lines[0]) == len(lines)


def _depth(lines: Sequence[str]) -> int:
    """How many groups some lines open, less those they close."""
    return sum(line.count("<g>") + line.count("<g ") - line.count("</g>") for line in lines)


def _without_title(lines: Sequence[str]) -> list[str]:
    """The lines but for the title and the description of the whole: the film has its own."""
    head = [*takewhile(lambda line: line.startswith(("<title>", "<desc>")), lines[1:])]
    return [lines[0], *lines[1 + len(head) :]]
