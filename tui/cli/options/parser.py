"""The parser of every command: it takes no abbreviations and errs in one line; what was typed.

What options there are it does not know.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

from microgpt.errors import abridged
from tui.cli.terminal.exit_status import EXIT_ERROR
from tui.cli.terminal.output import notice, print_error


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps a command and its help on one line: argparse forgets that commands are indented."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            self._action_max_length += self._indent_increment


class CommandParser(argparse.ArgumentParser):
    """A parser that takes no abbreviations and whose errors are one line and the usage line."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", _HelpFormatter)
        super().__init__(allow_abbrev=False, **settings)
        # What counts as a number and not as an option: -1, but -1e5 and -inf as well, so that the
        # error for `--lr -inf` can be about its value.
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf$|nan$)", re.IGNORECASE)
        self._rest: str | None = None
        self._typed: Sequence[str] = ()

    def keep_rest(self, dest: str) -> None:
        """Puts what follows the first `--` into an attribute, as it was typed; None without one."""
        self._rest = dest

    def parse_known_args(  # type: ignore[override]  # its overloads are about other namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does it, but for the rest."""
        given = list(sys.argv[1:] if args is None else args)
        self._typed = tuple(given)
        rest: list[str] | None = None
        if self._rest is not None and "--" in given:
            at = given.index("--")
            given, rest = given[:at], given[at + 1 :]
        parsed, unknown = super().parse_known_args(given, namespace or argparse.Namespace())
        if self._rest is not None:
            setattr(parsed, self._rest, rest)
        return parsed, unknown

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Ends because of arguments that are none of its own."""
        hint = "" if self._rest is None else "; a script's own arguments follow after --"
        self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, in one line, then the usage, and exits with status 2."""
        print_error(abridged(message, self._typed), self.prog.split()[0])
        notice(" ".join(self.format_usage().split()))
        self.exit(EXIT_ERROR)


Subparsers: TypeAlias = "argparse._SubParsersAction[CommandParser]"


class StoreText(argparse.Action):
    """Stores a text and remembers that it was given, even if it is the default."""

    def __call__(  # noqa: D102  # argparse's
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        del parser
        setattr(namespace, self.dest, values)
        note_given(namespace, option_string)


def note_given(namespace: argparse.Namespace, flag: str | None) -> None:
    """Takes down that an option was typed, for `given_options`."""
    namespace.given = (*getattr(namespace, "given", ()), flag or "")


def given_options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Which options that take a value and have a default were typed, as they were typed."""
    return tuple(getattr(arguments, "given", ()))
