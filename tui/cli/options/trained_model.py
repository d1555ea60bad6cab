"""The model that commands look at: after some training, or of a recorded run's step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from microgpt import (
    DomainError,
    InputError,
    ModelSnapshot,
    Training,
    TrainingConfig,
    TrainingState,
)
from microgpt.train.training import RngState
from microgpt.train.training_start import TrainingStart
from tui.cli.options.model_options import (
    add_corpus_and_model_options,
    add_engine_option,
    corpus_from,
    given_corpus_and_model_options,
    model_config_from,
    training_config_from,
)
from tui.cli.options.number_options import WHOLE_FROM_0, add_number
from tui.cli.options.parser import StoreText


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model and where it comes from."""

    model: ModelSnapshot  # to look at
    moment: str  # in words: `"after 100 steps"`, `"step 3"`
    source: str  # what follows that: `", seed 42"`, `" of names.run"`
    document: str  # the recorded step's own, `""` if there is none
    rng_state: RngState  # of the run's generator
    state: TrainingState  # parameters and moments of the model
    config: TrainingConfig  # how it is trained
    documents: tuple[str, ...]  # the first ones trained on, in order
    step: int  # how many steps it was trained for; of a recorded step, that step's number
    updated: Callable[[], ModelSnapshot]  # after the next update, or that of the recorded step
    problem: str = ""
    """What the step after `state` said when it failed, `""` if none did; `document` is that step's
    then."""

    @property
    def origin(self) -> str:
        """In words: `"after 100 steps, seed 42"`, `"step 3 of names.run"`."""
        return self.moment + self.source

    def caption(self, document: str) -> str:
        """The line under a picture's title: the document and the step."""
        return f"“{document}”, {self.origin}"

    def chosen_document(self, text: str | None) -> str:
        """The text asked for, or else the step's own document.

        Raises:
            InputError: there is neither, or the text is not one of this model's documents.
        """
        if text is None:
            if not self.document:
                raise InputError(f"{self.origin} has no document of its own: give a TEXT")
            return self.document
        check_text(self.model, text)
        return text


def check_text(model: ModelSnapshot, text: str) -> None:
    """Sees that a text is one of a model's documents.

    Raises:
        InputError: it is not; of a script, with what takes one.
    """
    try:
        model.check_document(text)
    except InputError:
        if not text.endswith((".py", ".ipynb")):
            raise
        raise InputError(
            f"{text} is a script, and this is drawn of a text; "
            "`microgpt map`, `view`, `debug` and `diagnose` take scripts"
        ) from None


def add_document_argument(
    parser: argparse.ArgumentParser, metavar: str = "TEXT", or_else: str = ""
) -> None:
    """Adds TEXT.

    Args:
        or_else: what else it may be, for the help.
    """
    parser.add_argument(
        "text", nargs="?", metavar=metavar,
        help=f"the document to compute; of a recorded run, its step's own if not given{or_else}",
    )  # fmt: skip


def add_trained_model_options(
    parser: argparse.ArgumentParser, *, train: int | None = 0, several_steps: str | None = None
) -> None:
    """Adds --run and --step, --train, and the options of the corpus, the model and its training.

    Args:
        train: how many steps to train without --train; None for the whole schedule.
        several_steps: in words what `--steps A,B,C` does, for `trained_models`.
    """
    group = parser.add_argument_group("which model")
    add_number(
        group,
        "--train",
        WHOLE_FROM_0,
        "training steps to do before"
        + (" (default: the whole schedule)" if train is None else f" (default {train})"),
    )
    parser.set_defaults(default_train=train)
    group.add_argument(
        "--run",
        dest="run_file",
        action=StoreText,
        type=Path,
        metavar="FILE",
        help="or a run recorded with train --run",
    )
    add_number(group, "--step", WHOLE_FROM_0, "of the recorded run (default: its last)")
    add_engine_option(group)
    add_corpus_and_model_options(parser, several_steps)


def untrained_model(arguments: argparse.Namespace) -> ModelSnapshot | None:
    """The model about to be trained, to look at mistakes before time goes into that.

    None if there is nothing to train.

    Raises:
        InputError: there is no document, or it is not one of this model's.
    """
    if arguments.run_file is not None:
        return None
    if arguments.text is None:
        raise InputError("a TEXT is needed, or a recorded run (--run FILE)")
    seed = _training_config(arguments).seed
    start = TrainingStart.drawn(corpus_from(arguments), model_config_from(arguments), seed)
    model = ModelSnapshot.of(start)
    check_text(model, arguments.text)
    return model if arguments.train else None


def trained_model(
    arguments: argparse.Namespace,
    *,
    after_update: bool = False,
    stop_where_it_fails: bool = False,
) -> TrainedModel:
    """The model asked for; on a terminal a bar on stderr shows how far its training is.

    Args:
        after_update: of a recorded step, take the parameters after its update (to sample from)
            and not those its numbers were computed with.
        stop_where_it_fails: if a step's numbers are not finite, give the model before that step
            and its document instead of raising.

    Raises:
        InputError: options that do not go together, or that cannot be used.
        RunFileError: the run cannot be read, or has no such step.
        DomainError: a step's numbers were not finite.
    """
    if arguments.run_file is not None:
        return _recorded(arguments, after_update=after_update)
    if arguments.step is not None:
        raise InputError(f"--step {arguments.step}: needs --run FILE")
    training = _training(arguments)
    steps = arguments.train if arguments.train is not None else arguments.default_train
    steps = training.config.num_steps if steps is None else steps
    problem = ""
    if steps:
        try:
            _train(training, steps)
        except DomainError as error:
            if not stop_where_it_fails:
                raise
            problem = str(error)
    return _as_it_is(training, problem)


def trained_models(arguments: argparse.Namespace, steps: Sequence[int]) -> Iterator[TrainedModel]:
    """The model at several steps of one training or one recorded run, one after the other.

    Args:
        steps: ascending; of a training how many were done, of a run their numbers.

    Raises:
        InputError: options that do not go together, or a step that there is not.
        RunFileError: the run cannot be read, or has no such step.
        DomainError: a step's numbers were not finite.
    """
    typed = ",".join(map(str, steps))
    if arguments.step is not None:
        raise InputError(f"--step {arguments.step}: cannot be given with --steps {typed}")
    if arguments.run_file is not None:
        for step in steps:
            yield _recorded(argparse.Namespace(**vars(arguments) | {"step": step}))
        return
    training = _training(arguments)
    last, what = training.config.num_steps, "the length of the schedule"
    if arguments.train is not None:
        last, what = arguments.train, "--train"
    if steps[-1] > last:
        raise InputError(f"--steps {typed}: must be at most {last}, {what}")
    for step in steps:
        if step > training.step:
            _train(training, step)
        yield _as_it_is(training)


def _training(arguments: argparse.Namespace) -> Training:
    """A training that has not begun."""
    config, model = _training_config(arguments), model_config_from(arguments)
    return Training(corpus_from(arguments), model, config, arguments.engine)


def _moment(steps: int) -> str:
    """So many steps of training, in words."""
    if not steps:
        return "untrained"
    return "after 1 step" if steps == 1 else f"after {steps} steps"


def _as_it_is(training: Training, problem: str = "") -> TrainedModel:
    """The model that a training has come to."""
    return TrainedModel(
        ModelSnapshot.of(training),
        _moment(training.step),
        f", seed {training.config.seed}",
        training.document_at(training.step + 1) if problem else "",
        training.rng.getstate(),
        training.state.copy(),
        training.config,
        training.documents,
        training.step,
        lambda: _after_one_more(training),
        problem,
    )


def _after_one_more(training: Training) -> ModelSnapshot:
    """The model after the step that comes next."""
    if training.step == training.config.num_steps:
        raise InputError(f"step {training.step} is the schedule's last: no update comes after it")
    _train(training, training.step + 1)
    return ModelSnapshot.of(training)


def _training_config(arguments: argparse.Namespace) -> TrainingConfig:
    config = training_config_from(arguments)
    if (arguments.train or 0) > config.num_steps:
        raise InputError(
            f"--train {arguments.train}: must be at most {config.num_steps}, the length of the "
            "schedule (--steps)"
        )
    return config


def _recorded(arguments: argparse.Namespace, *, after_update: bool = False) -> TrainedModel:
    from microgpt.runs import Run  # noqa: PLC0415  # numpy and SQLite; help need not wait

    others = given_corpus_and_model_options(arguments)
    if arguments.train is not None:
        others = ("--train", *others)
    if others:
        raise InputError(
            f"--run {arguments.run_file}: has its own model, so {others[0]} cannot be given"
        )
    with Run(arguments.run_file, arguments.engine) as run:
        step = run.last_step if arguments.step is None else arguments.step
        recorded = run.at(step)
        is_before = recorded.result is not None and not after_update
        state = run.at(step - 1).state if is_before else recorded.state
        documents = tuple(loss.document for loss in run.losses())
    return TrainedModel(
        recorded.after if after_update else recorded.before,
        f"step {step}",
        f" of {arguments.run_file.name}",
        recorded.result.document if recorded.result else "",
        recorded.rng_state,
        state,
        run.info.config,
        documents,
        step,
        lambda: recorded.after,
    )


def _train(training: Training, last: int) -> None:
    chunks = training.losses(last)
    try:
        if sys.stderr.isatty():
            from tui.cli.terminal.progress_bar import passing_bar  # noqa: PLC0415  # rich takes 60 ms

            with passing_bar("training", last) as show:
                for _ in chunks:
                    show(training.step)
        else:
            for _ in chunks:
                pass
    except DomainError as error:
        raise DomainError(f"step {training.step + 1}: {error}") from error
