"""The model that `microgpt graph` and `microgpt attention` look at, after some training."""

from __future__ import annotations

import argparse
import sys

from microgpt import DomainError, InputError, ModelSnapshot, Training
from tui.cli.options import (
    WHOLE_FROM_0,
    add_corpus_and_model_options,
    add_number,
    corpus_from,
    model_config_from,
    training_config_from,
)


def add_trained_model_options(parser: argparse.ArgumentParser) -> None:
    """Adds TEXT, --train, and the options of the corpus, the model and its training."""
    parser.add_argument("text", metavar="TEXT", help="the document to compute")
    add_number(parser, "--train", WHOLE_FROM_0, "training steps to do before", default=0)
    add_corpus_and_model_options(parser)


def untrained_run(arguments: argparse.Namespace) -> Training:
    """The run before its first step.

    Raises:
        InputError: an option cannot be used, or the document is not one of this model's.
    """
    config = training_config_from(arguments)
    if arguments.train > config.num_steps:
        raise InputError(
            f"--train {arguments.train}: must be at most {config.num_steps}, the length of the "
            "schedule (--steps)"
        )
    training = Training(corpus_from(arguments), model_config_from(arguments), config)
    ModelSnapshot.of(training).check_document(arguments.text)
    return training


def trained_model(arguments: argparse.Namespace, training: Training) -> ModelSnapshot:
    """The model after --train steps; on a terminal a bar on stderr shows how far it is.

    Raises:
        DomainError: a step's numbers were not finite.
    """
    if arguments.train:
        results = training.results(arguments.train)
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415  # slow to import
            from rich.progress import track  # noqa: PLC0415

            console = Console(stderr=True)
            results = iter(
                track(results, "training", arguments.train, console=console, transient=True)
            )
        try:
            for _ in results:
                pass
        except DomainError as error:
            raise DomainError(f"step {training.step + 1}: {error}") from error
    return ModelSnapshot.of(training)


def caption(arguments: argparse.Namespace) -> str:
    """The line under the picture's title: the document and the step."""
    steps = f"after {arguments.train} steps" if arguments.train else "untrained"
    return f"“{arguments.text}”, {steps}, seed {arguments.seed}"
