"""The options of corpus, model, training, engine and temperature, and what they ask for.

Defaults are read from microgpt's own dataclasses.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from microgpt import (
    Corpus,
    InputError,
    ModelConfig,
    Training,
    TrainingConfig,
    built_in_corpora,
    load_corpus,
)
from microgpt.model.parameters import LARGEST_SIZE
from microgpt.model.sampling import DEFAULT_TEMPERATURE
from microgpt.text.corpus import DEFAULT_CORPUS, ORIGINAL
from microgpt.train.engines import ENGINES, engine_names
from microgpt.train.hyperparameters import HYPERPARAMETERS, PRESETS
from microgpt.train.validation import held_out_count
from tui.cli.options.number_options import (
    ANY_WHOLE,
    FROM_0,
    FROM_0_BELOW_1,
    PART_OR_COUNT,
    WHOLE_FROM_1,
    NumberRange,
    add_number,
)
from tui.cli.options.parser import StoreText, given_options, note_given


class _ConfigOption(NamedTuple):
    flag: str
    field: str
    valid: NumberRange

    @property
    def description(self) -> str:
        """What it is, a phrase."""
        return next(row.words for row in HYPERPARAMETERS if row.field == self.field)


SIZE = NumberRange(
    int,
    f"at least 1 and at most {LARGEST_SIZE:,}",
    lambda number: 1 <= number <= LARGEST_SIZE,
)
_MODEL_OPTIONS = (
    _ConfigOption("--n-embd", "n_embd", SIZE),
    _ConfigOption("--n-head", "n_head", SIZE),
    _ConfigOption("--n-layer", "n_layer", SIZE),
    _ConfigOption("--block-size", "block_size", SIZE),
)
_TRAINING_OPTIONS = (
    _ConfigOption("--steps", "num_steps", WHOLE_FROM_1),
    _ConfigOption("--seed", "seed", ANY_WHOLE),
    _ConfigOption("--lr", "lr", FROM_0),
    _ConfigOption("--beta1", "beta1", FROM_0_BELOW_1),
    _ConfigOption("--beta2", "beta2", FROM_0_BELOW_1),
)
RANGES = {option.field: option.valid for option in (*_MODEL_OPTIONS, *_TRAINING_OPTIONS)}
"""What each field takes."""

VALIDATION_FLAG = "--validation"


class _Preset(argparse.Action):
    """Sets what a preset chooses, but for what was or will be given by itself."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        del parser
        given = given_options(namespace)
        for option in (*_MODEL_OPTIONS, *_TRAINING_OPTIONS):
            if option.flag not in given and option.field in PRESETS[str(values)].fields:
                setattr(namespace, option.field, PRESETS[str(values)].fields[option.field])
        note_given(namespace, option_string)


def given_corpus_and_model_options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Which options of `add_corpus_and_model_options` were typed, as they were typed."""
    flags = {option.flag for option in (*_MODEL_OPTIONS, *_TRAINING_OPTIONS)}
    flags |= {"--data", "--preset", VALIDATION_FLAG}
    return tuple(flag for flag in given_options(arguments) if flag in flags)


def add_corpus_and_model_options(
    parser: argparse.ArgumentParser, several_steps: str | None = None
) -> None:
    """Adds --data and every option of a `ModelConfig` and a `TrainingConfig`.

    Args:
        several_steps: in words what `--steps A,B,C` does, which is stored as `several_steps` then.
    """
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
    presets = "; ".join(f"{name}, {preset.words}" for name, preset in PRESETS.items())
    group.add_argument(
        "--preset", action=_Preset, choices=tuple(PRESETS),
        help=f"sizes and schedule at once: {presets}; what is given beside it counts",
    )  # fmt: skip
    model = ModelConfig()
    for option in _MODEL_OPTIONS:
        flag, field, valid = option
        default = getattr(model, field)
        add_number(group, flag, valid, option.description, default=default, dest=field)
    group = parser.add_argument_group("training")
    training = TrainingConfig()
    for option in _TRAINING_OPTIONS:
        flag, field, valid = option
        description = option.description
        default = getattr(training, field)
        if flag == "--steps" and several_steps is not None:
            add_number(
                group, flag, valid, f"{several_steps}; or N, the {description}", default=default,
                dest=field, metavar="A,B,C|N", several="several_steps",
            )  # fmt: skip
        else:
            add_number(group, flag, valid, description, default=default, dest=field)


def add_validation_option(parser: argparse._ActionsContainer) -> None:
    """Adds --validation."""
    add_number(
        parser,
        VALIDATION_FLAG,
        PART_OR_COUNT,
        "hold documents out of training and measure their loss: a part, as 0.1, or how many "
        "(default: none)",
        metavar="PART|N",
    )


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
    """How to train, with nothing held out."""
    return TrainingConfig(**{o.field: getattr(arguments, o.field) for o in _TRAINING_OPTIONS})


def training_from(arguments: argparse.Namespace) -> Training:
    """The training that is asked for, with what --validation holds out.

    Raises:
        InputError: an option or the corpus cannot be used.
    """
    config, model = training_config_from(arguments), model_config_from(arguments)
    corpus = corpus_from(arguments)
    if arguments.validation is not None:
        try:
            count = held_out_count(arguments.validation, len(corpus.documents))
        except InputError as error:
            raise InputError(f"--{error}") from error
        config = replace(config, validation=count)
    return Training(corpus, model, config, arguments.engine)
