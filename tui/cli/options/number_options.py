"""Options that take a number. An error names the option, the value as typed, and what is valid."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tui.cli.options.parser import note_given


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Which numbers an option takes.

    >>> WHOLE_FROM_1.parse("0")
    Traceback (most recent call last):
    ValueError: must be at least 1
    """

    kind: type[int | float]
    bounds: str  # what `accepts` accepts, in words that follow "must be"; `""` for every number
    accepts: Callable[[float], bool]  # whether a number is valid

    def parse(self, text: str) -> float:
        """The number. Raises `ValueError` in words that follow the option and its value."""
        noun = "a whole number" if self.kind is int else "a number"
        try:
            number = self.kind(text)
        except ValueError:
            raise ValueError(f"must be {', '.join(filter(None, (noun, self.bounds)))}") from None
        if not self.accepts(number):
            raise ValueError(f"must be {self.bounds}")
        return number


ANY_WHOLE = NumberRange(int, "", lambda _: True)
WHOLE_FROM_0 = NumberRange(int, "at least 0", lambda number: number >= 0)
WHOLE_FROM_1 = NumberRange(int, "at least 1", lambda number: number >= 1)
PORTS = NumberRange(int, "from 1 to 65535", lambda number: 1 <= number <= 65535)
FROM_0 = NumberRange(
    float, "finite and 0 or more", lambda number: math.isfinite(number) and number >= 0
)
FROM_0_BELOW_1 = NumberRange(float, "at least 0 and less than 1", lambda number: 0 <= number < 1)


class _PartOrCount(NumberRange):
    """A part is written as a fraction, a count as a whole number: 1.0 is neither."""

    def parse(self, text: str) -> float:
        if re.fullmatch(r"\s*\d{1,15}\s*", text) and int(text):
            return int(text)
        return super().parse(text)


PART_OR_COUNT = _PartOrCount(
    float,
    "more than 0 and less than 1, a part of the documents, or a whole number of them",
    lambda number: 0 < number < 1,
)


class _StoreNumber(argparse.Action):
    def __init__(self, *, valid: NumberRange, **settings: Any) -> None:
        super().__init__(**settings)
        self.valid = valid

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        try:
            number = self.valid.parse(str(values))
        except ValueError as error:
            parser.error(f"{option_string} {values}: {error}")
        setattr(namespace, self.dest, number)
        note_given(namespace, option_string)


class _StoreNumberOrSeveral(_StoreNumber):
    def __init__(self, *, several: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.several = several

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        text = str(values)
        if "," not in text:
            super().__call__(parser, namespace, values, option_string)
            return
        parts = text.split(",")
        numbers = [int(part) for part in parts if re.fullmatch(r"\s*\d{1,18}\s*", part)]
        if len(numbers) < len(parts) or any(a >= b for a, b in pairwise(numbers)):
            parser.error(
                f"{option_string} {text}: must be whole numbers, each larger than the one before"
            )
        setattr(namespace, self.several, tuple(numbers))
        note_given(namespace, f"{option_string} {text}")


def add_number(
    parser: argparse._ActionsContainer,
    flag: str,
    valid: NumberRange,
    description: str,
    *,
    default: float | None = None,
    dest: str | None = None,
    metavar: str | None = None,
    several: str | None = None,
) -> None:
    """Adds an option that takes a number. Its help shows the default, unless that is None.

    Args:
        description: its help, a phrase in lower case.
        dest: the attribute that holds the number; the flag's own name if not given.
        metavar: what the help calls the number; `N` or `X` if not given.
        several: the attribute for whole numbers with commas between, ascending, which may be given
            as well; none may if not given.
    """
    action: dict[str, Any] = {"action": _StoreNumber}
    if several is not None:
        parser.set_defaults(**{several: None})
        action = {"action": _StoreNumberOrSeveral, "several": several}
    parser.add_argument(
        flag,
        **action,
        valid=valid,
        dest=dest or flag.lstrip("-").replace("-", "_"),
        default=default,
        metavar=metavar or ("N" if valid.kind is int else "X"),
        help=description if default is None else f"{description} (default {default})",
    )
