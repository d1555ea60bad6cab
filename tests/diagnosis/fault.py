"""`Fault`: one mistake planted in a program that is right, by an edit that is one line to read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
BASES, RIGHT = PROGRAMS / "base", PROGRAMS / "right"

KINDS = {
    "overwritten", "upstream-dropped", "wrong-local", "operand-skipped", "visited-early",
    "visited-twice", "never-visited", "not-seeded", "wrong-forward", "changed-after-use",
    "detached", "no-gradient", "shape-not-reduced", "aliased", "integer-gradient", "not-repeatable",
    "stale-grads", "backward-twice", "update-without-grad", "ascent", "not-updated", "not-in-graph",
    "rebound", "graph-grows", "rate-too-large", "rate-too-small", "clip-misplaced", "adam-wrong",
    "symmetric", "aliased-parameters", "updated-twice", "update-mixed", "future-leak",
    "target-not-shifted", "position-unused", "not-normalised", "softmax-twice", "unscaled",
    "no-residual", "output-unused", "loss-upside-down", "computed-unused", "not-finite",
    "overflow-ahead", "saturated", "dead-units", "vanishing", "exploding", "error",
}  # fmt: skip
"""The kinds of the catalogue."""


@dataclass(frozen=True)
class Fault:
    """A mistake in a program."""

    kind: str  # what it is, from the catalogue
    base: str  # the program's name in `programs/base`, without its suffix
    edits: tuple[tuple[str, str], ...]  # old and new text; the old occurs exactly once
    at: str | None  # in the line that a person would change; None where there is none
    is_note: bool = False  # whether the catalogue calls it a note
    why: str = ""  # what is not plain from the edit
    also: tuple[str, ...] = ()  # in other lines where a person might mend it as well

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.kind}-{self.base}"


def program(base: str) -> str:
    """The text of a base program."""
    return (BASES / f"{base}.py").read_text(encoding="utf-8")


def edited(fault: Fault) -> str:
    """The program with the fault.

    Raises:
        ValueError: an edit's old text does not occur exactly once.
    """
    text = program(fault.base)
    for old, new in fault.edits:
        if text.count(old) != 1:
            raise ValueError(f"{fault.name}: {text.count(old)} times in the program: {old!r}")
        text = text.replace(old, new)
    return text


def line_of(fault: Fault) -> int | None:
    """The number of the line a person would change in the edited program, if there is one."""
    return None if fault.at is None else _line(fault, fault.at)


def lines_of(fault: Fault) -> frozenset[int]:
    """The numbers of all lines where a person might mend it."""
    places = (*([] if fault.at is None else [fault.at]), *fault.also)
    return frozenset(_line(fault, place) for place in places)


def _line(fault: Fault, place: str) -> int:
    lines = edited(fault).splitlines()
    found = [number for number, line in enumerate(lines, 1) if place in line]
    if len(found) != 1:
        raise ValueError(f"{fault.name}: in {len(found)} lines of the edited program: {place!r}")
    return found[0]
