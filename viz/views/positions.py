"""Which positions of a document a view shows."""

from __future__ import annotations

from microgpt.errors import InputError


def chosen_positions(position: int | None, count: int) -> tuple[int, ...]:
    """The one that was asked for, or all.

    Raises:
        InputError: there is no such position.
    """
    return tuple(range(count)) if position is None else (existing(position, count),)


def existing(position: int, count: int) -> int:
    """The position, if there is one.

    Raises:
        InputError: there is not.
    """
    if not 0 <= position < count:
        raise InputError(f"--position {position}: this text has positions 0 to {count - 1}")
    return position
