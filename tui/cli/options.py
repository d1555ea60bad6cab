"""The parser of every command, and the options several commands and `microgpt-tui` share.

Defaults are read from microgpt's own dataclasses. An error names the option and the value as they
were typed, and what would be valid.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, TypeAlias

from microgpt import (
    Corpus,
    InputError,
    ModelConfig,
    TrainingConfig,
    built_in_corpora,
    load_corpus,
)
from microgpt.model.sampling import DEFAULT_TEMPERATURE
from microgpt.text.corpus import DEFAULT_CORPUS, ORIGINAL
from microgpt.train.engines import ENGINES, engine_names
from tui.cli.errors import EXIT_ERROR
from tui.cli.output import notice, print_error


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

    def keep_rest(self, dest: str) -> None:
        """Puts what follows the first `--` into an attribute, as it was typed; None without one."""
        self._rest = dest

    def parse_known_args(  # type: ignore[override]  # its overloads are about other namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does it, but for the rest."""
        given = list(sys.argv[1:] if args is None else args)
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
        print_error(message, self.prog.split()[0])
        notice(" ".join(self.format_usage().split()))
        self.exit(EXIT_ERROR)


Subparsers: TypeAlias = "argparse._SubParsersAction[CommandParser]"


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Which numbers an option takes.

    Attributes:
        kind: int or float.
        bounds: what `accepts` accepts, in words that follow "must be"; `""` for every number.
        accepts: whether a number is valid.

    >>> WHOLE_FROM_1.parse("0")
    Traceback (most recent call last):
    ValueError: must be at least 1
    """

    kind: type[int | float]
    bounds: str
    accepts: Callable[[float], bool]

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
FROM_0 = NumberRange(
    float, "finite and 0 or more", lambda number: math.isfinite(number) and number >= 0
)
FROM_0_BELOW_1 = NumberRange(float, "at least 0 and less than 1", lambda number: 0 <= number < 1)


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
        _note_given(namespace, option_string)


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
        _note_given(namespace, option_string)


def _note_given(namespace: argparse.Namespace, flag: str | None) -> None:
    namespace.given = (*getattr(namespace, "given", ()), flag or "")


def given_options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Which options that take a value and have a default were typed, as they were typed."""
    return tuple(getattr(arguments, "given", ()))


def given_corpus_and_model_options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Which options of `add_corpus_and_model_options` were typed, as they were typed."""
    flags = {"--data", *(option.flag for option in (*_MODEL_OPTIONS, *_TRAINING_OPTIONS))}
    return tuple(flag for flag in given_options(arguments) if flag in flags)


def add_number(
    parser: argparse._ActionsContainer,
    flag: str,
    valid: NumberRange,
    description: str,
    *,
    default: float | None = None,
    dest: str | None = None,
    metavar: str | None = None,
) -> None:
    """Adds an option that takes a number. Its help shows the default, unless that is None.

    Args:
        description: its help, a phrase in lower case.
        dest: the attribute that holds the number; the flag's own name if not given.
        metavar: what the help calls the number; `N` or `X` if not given.
    """
    parser.add_argument(
        flag,
        action=_StoreNumber,
        valid=valid,
        dest=dest or flag.lstrip("-").replace("-", "_"),
        default=default,
        metavar=metavar or ("N" if valid.kind is int else "X"),
        help=description if default is None else f"{description} (default {default})",
    )


class _ConfigOption(NamedTuple):
    flag: str
    field: str
    valid: NumberRange
    description: str


_MODEL_OPTIONS = (
    _ConfigOption("--n-embd", "n_embd", WHOLE_FROM_1, "width of the residual stream"),
    _ConfigOption("--n-head", "n_head", WHOLE_FROM_1, "attention heads a layer"),
    _ConfigOption("--n-layer", "n_layer", WHOLE_FROM_1, "transformer layers"),
    _ConfigOption(
        "--block-size", "block_size", WHOLE_FROM_1, "the most positions a document may take"
    ),
)
_TRAINING_OPTIONS = (
    _ConfigOption("--steps", "num_steps", WHOLE_FROM_1, "length of the learning-rate schedule"),
    _ConfigOption("--seed", "seed", ANY_WHOLE, "of the one generator all draws come from"),
    _ConfigOption("--lr", "lr", FROM_0, "learning rate of the first step, falls to 0"),
    _ConfigOption("--beta1", "beta1", FROM_0_BELOW_1, "Adam's decay of the first moment"),
    _ConfigOption("--beta2", "beta2", FROM_0_BELOW_1, "Adam's decay of the second moment"),
)


def add_corpus_and_model_options(parser: argparse.ArgumentParser) -> None:
    """Adds --data and every option of a `ModelConfig` and a `TrainingConfig`."""
    group = parser.add_argument_group("corpus and model")
    group.add_argument(
        "--data",
        action=StoreText,
        default=DEFAULT_CORPUS,
        metavar="NAME|FILE",
        help=f"a built-in corpus ({', '.join(built_in_corpora())}), {ORIGINAL} once `microgpt "
        "corpora fetch` has got it, or a text file with one document a line: with a slash or a "
        "suffix it is a file (default %(default)s)",
    )
    model = ModelConfig()
    for flag, field, valid, description in _MODEL_OPTIONS:
        add_number(group, flag, valid, description, default=getattr(model, field), dest=field)
    group = parser.add_argument_group("training")
    training = TrainingConfig()
    for flag, field, valid, description in _TRAINING_OPTIONS:
        add_number(group, flag, valid, description, default=getattr(training, field), dest=field)


def add_engine_option(parser: argparse._ActionsContainer) -> None:
    """Adds --engine."""
    engines = ", ".join(f"{name} ({row.words})" for name, row in ENGINES.items())
    parser.add_argument(
        "--engine",
        action=StoreText,
        choices=engine_names(),
        default="auto",
        help=f"what computes the steps, all to the same numbers: {engines}, or auto, the fastest "
        "that is ready (default %(default)s)",
    )


def add_temperature_option(parser: argparse._ActionsContainer) -> None:
    """Adds --temperature."""
    add_number(
        parser,
        "--temperature",
        FROM_0,
        "divides the logits before sampling; 0 always takes the likeliest",
        default=DEFAULT_TEMPERATURE,
    )


def corpus_from(arguments: argparse.Namespace) -> Corpus:
    """The corpus of --data. Raises `InputError` if there is none to be had."""
    return load_corpus(arguments.data)


def model_config_from(arguments: argparse.Namespace) -> ModelConfig:
    """The model's size. Raises `InputError` if --n-head does not divide --n-embd."""
    try:
        return ModelConfig(**{o.field: getattr(arguments, o.field) for o in _MODEL_OPTIONS})
    except InputError as error:
        message = str(error)
        for option in _MODEL_OPTIONS:
            message = re.sub(rf"\b{option.field}\b", option.flag, message)
        raise InputError(message) from error


def training_config_from(arguments: argparse.Namespace) -> TrainingConfig:
    """How to train."""
    return TrainingConfig(**{o.field: getattr(arguments, o.field) for o in _TRAINING_OPTIONS})
