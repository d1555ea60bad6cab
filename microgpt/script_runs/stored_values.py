"""Whether what was read from a file may be what it is to be: texts, numbers, columns."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray


def demand(holds: bool, what: str) -> None:
    """Raises `ValueError` if what is stored cannot be what it is to be."""
    if not holds:
        raise ValueError(f"{what} cannot be")


def text(value: object) -> str:
    """A text.

    Raises:
        ValueError: it is none.
    """
    demand(isinstance(value, str), "one of its texts")
    return str(value)


def whole(value: object) -> int:
    """A whole number.

    Raises:
        ValueError: it is none.
    """
    demand(type(value) is int and abs(value) < 1 << 62, "one of its numbers")
    return int(value)  # type: ignore[call-overload, no-any-return]


def check(
    name: str, column: NDArray[Any], length: int | None, least: int | None, end: int | None
) -> None:
    """That a column is as long as it has to be, and its numbers within bounds.

    Raises:
        ValueError: it is not.
    """
    demand(length is None or len(column) == length, f"the length of {name}")
    if end is not None and least is not None and len(column):
        demand(bool(column.min() >= least and column.max() < end), f"the numbers of {name}")
