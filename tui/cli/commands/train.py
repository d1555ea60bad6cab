"""`microgpt train`: trains, shows how it goes, logs each step, and draws samples at the end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import DomainError, InputError, StepLoss, Training, TrainingConfig
from microgpt.model.sampling import DEFAULT_SAMPLES
from tui.cli.options.model_options import (
    add_corpus_and_model_options,
    add_engine_option,
    add_temperature_option,
    add_validation_option,
    corpus_from,
    given_corpus_and_model_options,
    training_config_from,
    training_from,
)
from tui.cli.options.number_options import WHOLE_FROM_0, WHOLE_FROM_1, add_number
from tui.cli.options.parser import CommandParser, Subparsers, given_options
from tui.cli.recorded_training import Recording
from tui.cli.step_log import StepLog
from tui.cli.terminal.exit_status import EXIT_ERROR
from tui.cli.terminal.interrupts import Interrupts
from tui.cli.terminal.output import can_redraw, notice, print_error, say

if TYPE_CHECKING:
    from microgpt.runs.rows import Sample

_DESCRIPTION = """\
Trains microgpt on a corpus, one document a step, then draws samples from it.

The learning rate falls to 0 over --steps. --stop-after ends earlier on that
same schedule, so its numbers are the first of the longer run. Ctrl-C finishes
the step at hand and draws the samples; a second Ctrl-C ends at once.
"""
_EXAMPLES = """\
examples:
  microgpt train
  microgpt train --steps 1000 --stop-after 40 --log losses.jsonl
  microgpt train --data poems.txt --n-embd 32 --n-layer 2 --samples 5
  microgpt train --preset larger --validation 0.1
  microgpt train --run names.run --stop-after 500
  microgpt train --resume names.run
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "train",
        help="train on a corpus and draw samples",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_corpus_and_model_options(parser)
    group = parser.add_argument_group("this run")
    add_number(group, "--stop-after", WHOLE_FROM_1, "last step to do, if before the schedule's end")
    add_validation_option(group)
    add_engine_option(group)
    add_temperature_option(group)
    add_number(
        group, "--samples", WHOLE_FROM_0, "how many samples to draw", default=DEFAULT_SAMPLES
    )
    group.add_argument("--log", metavar="FILE.jsonl", help="write one JSON object a step")
    files = group.add_mutually_exclusive_group()
    files.add_argument(
        "--run", dest="run_file", type=Path, metavar="FILE",
        help="record the run in a new file, to go back to any step or to go on later",
    )  # fmt: skip
    files.add_argument(
        "--resume", type=Path, metavar="FILE",
        help="go on with a recorded run where it stopped, under its own options",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="print only the samples")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Trains and samples; gives the exit status.

    Raises:
        InputError: an option, the corpus or the log cannot be used; nothing was written.
        RunFileError: the run file cannot be used, or cannot be made.
        DomainError: training or sampling left the finite numbers.
    """
    with Interrupts() as interrupts, ExitStack() as files:
        training, drawn = _resumed(arguments) if arguments.resume else (_begun(arguments), ())
        num_steps = training.config.num_steps
        last = _last_step(arguments.stop_after, training.config)
        is_there = training.step >= last
        drawn = drawn if is_there else ()  # else they were of an earlier step
        if arguments.resume and is_there and len(drawn) >= arguments.samples:
            finished = (
                "finished" if training.step == num_steps else f"there already (--stop-after {last})"
            )
            say(f"{arguments.resume} is {finished}: step {training.step} / {num_steps}")
            return 0
        log = _opened_log(arguments, files)
        record = files.enter_context(Recording(arguments, training))
        if not arguments.quiet:
            say(f"num docs: {len(training.documents)}")
            say(f"vocab size: {training.tokenizer.vocab_size}")
            say(f"num params: {len(training.state.data)}")
            if training.validation is not None:
                say(f"held out: {training.validation.in_words()}")
            if arguments.resume and not is_there:
                say(f"going on after step {training.step} / {num_steps}")
        record.ask(arguments.samples, arguments.temperature)
        log_is_whole = is_there or _train(
            training, last, interrupts, log, record, quiet=arguments.quiet
        )
        if training.engine.problem:
            notice(f"trained on the {training.engine.name} engine: {training.engine.problem}")
        if interrupts.received:
            notice(f"stopped after step {training.step} / {num_steps} by {interrupts.name}")
        for number, text in enumerate(_samples(training, arguments), start=1):
            if number <= len(drawn):  # before the run was cut off
                continue
            say(f"sample {number:2d}: {text}", exact=True)
            record.sample(number, arguments.temperature, text)
    return interrupts.status or (0 if log_is_whole and record.is_whole else EXIT_ERROR)


def _begun(arguments: argparse.Namespace) -> Training:
    config = training_config_from(arguments)
    _last_step(arguments.stop_after, config)
    return training_from(arguments)


def _resumed(arguments: argparse.Namespace) -> tuple[Training, Sequence[Sample]]:
    """The run, and the samples drawn where it stands; `arguments` get what was asked of it."""
    from microgpt.runs import Run  # noqa: PLC0415  # SQLite; help need not wait for it

    others = [flag for flag in given_corpus_and_model_options(arguments) if flag != "--data"]
    if others:
        raise InputError(
            f"--resume {arguments.resume}: goes on under the run's own options, so {others[0]} "
            "cannot be given"
        )
    corpus = corpus_from(arguments) if given_corpus_and_model_options(arguments) else None
    with Run(arguments.resume, arguments.engine) as recorded:
        training = recorded.training(corpus, engine=arguments.engine)
        drawn = [each for each in recorded.rows.samples() if each.step == training.step]
        given, seal = given_options(arguments), recorded.seal
        if seal is not None:
            asked, temperature = seal.asked, seal.temperature
        else:  # an older file does not tell: if some were drawn, those were all
            asked = len(drawn) or arguments.samples
            temperature = drawn[0].temperature if drawn else arguments.temperature
        if "--samples" not in given:
            arguments.samples = asked
        if "--temperature" not in given or drawn:
            arguments.temperature = temperature
    return training, drawn


def _opened_log(arguments: argparse.Namespace, files: ExitStack) -> StepLog | None:
    if arguments.log is None:
        return None
    return files.enter_context(
        StepLog(arguments.log, arguments.data, append=bool(arguments.resume))
    )


def _last_step(stop_after: int | None, config: TrainingConfig) -> int:
    if stop_after is None:
        return config.num_steps
    if stop_after > config.num_steps:
        raise InputError(
            f"--stop-after {stop_after}: must be at most {config.num_steps}, the length of the "
            "schedule (--steps)"
        )
    return stop_after


def _train(
    training: Training,
    last: int,
    interrupts: Interrupts,
    log: StepLog | None,
    record: Recording,
    *,
    quiet: bool,
) -> bool:
    """Trains until `last` or a signal. False if the log could not be written to its end."""
    log_is_whole = True
    reporter = _reporter(training, last, quiet=quiet)
    measured: StepLoss | None = None
    with interrupts.held_back(), reporter as report:
        for steps in _steps(training, last, record.interval):
            for step in steps:
                if log and log_is_whole:
                    log_is_whole = _logged(log, step)
                report(step)
                measured = measured if step.validation is None else step
            record.steps(steps)
            if interrupts.received:
                break
    if measured is not None and not quiet:
        say(f"validation: loss {measured.validation:.4f} after step {measured.step}")
    return log_is_whole


def _logged(log: StepLog, step: StepLoss) -> bool:
    try:
        log.write(step)
    except OSError as error:
        print_error(
            f"cannot write log {log.path!r} at step {step.step}: {error.strerror}; "
            "training goes on without it"
        )
        return False
    return True


def _reporter(
    training: Training, last: int, *, quiet: bool
) -> AbstractContextManager[Callable[[StepLoss], None]]:
    if quiet:
        return nullcontext(lambda _: None)
    num_steps = training.config.num_steps
    if can_redraw(sys.stdout):
        return _bar(training, last)

    def line(step: StepLoss) -> None:
        measured = "" if step.validation is None else f" | validation {step.validation:.4f}"
        say(f"step {step.step:4d} / {num_steps:4d} | loss {step.loss:.4f}{measured}")

    return nullcontext(line)


@contextmanager
def _bar(training: Training, last: int) -> Iterator[Callable[[StepLoss], None]]:
    from tui.cli.terminal.progress_bar import progress_bar  # noqa: PLC0415  # rich takes 60 ms

    with progress_bar(training.step, last, training.config.num_steps) as show:
        yield lambda step: show(step, training.engine)


def _steps(training: Training, last: int, pause_every: int | None) -> Iterator[list[StepLoss]]:
    """The steps up to `last`; what goes wrong with the numbers names the step."""
    steps = training.losses(last, pause_every=pause_every)
    while training.step < last:
        try:
            yield next(steps)
        except DomainError as error:
            raise DomainError(
                f"step {training.step + 1}: {error}; a learning rate below {training.config.lr} "
                "may keep the numbers finite"
            ) from error


def _samples(training: Training, arguments: argparse.Namespace) -> Iterator[str]:
    """Draws with the run's own generator."""
    for number in range(1, arguments.samples + 1):
        try:
            text = training.sample(arguments.temperature)
        except DomainError as error:
            raise DomainError(f"sample {number}, after step {training.step}: {error}") from error
        yield text
