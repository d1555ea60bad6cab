"""`microgpt train`: trains, shows how it goes, logs each step, and draws samples at the end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from microgpt import DomainError, InputError, StepResult, Training, TrainingConfig
from microgpt.sampling import DEFAULT_SAMPLES
from tui.cli.errors import EXIT_ERROR
from tui.cli.interrupts import Interrupts
from tui.cli.options import (
    WHOLE_FROM_0,
    WHOLE_FROM_1,
    CommandParser,
    Subparsers,
    add_corpus_and_model_options,
    add_number,
    add_temperature_option,
    corpus_from,
    model_config_from,
    training_config_from,
)
from tui.cli.output import can_redraw, notice, print_error, say
from tui.cli.step_log import StepLog

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
    add_temperature_option(group)
    add_number(
        group, "--samples", WHOLE_FROM_0, "how many samples to draw", default=DEFAULT_SAMPLES
    )
    group.add_argument("--log", metavar="FILE.jsonl", help="write one JSON object a step")
    group.add_argument("--quiet", action="store_true", help="print only the samples")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Trains and samples; gives the exit status.

    Raises:
        InputError: an option, the corpus or the log cannot be used; nothing was written.
        DomainError: training or sampling left the finite numbers.
    """
    config = training_config_from(arguments)
    last = _last_step(arguments.stop_after, config)
    model = model_config_from(arguments)
    corpus = corpus_from(arguments)
    with Interrupts() as interrupts:
        training = Training(corpus, model, config)
        opened = nullcontext() if arguments.log is None else StepLog(arguments.log, arguments.data)
        with opened as log:
            if not arguments.quiet:
                say(f"num docs: {len(training.documents)}")
                say(f"vocab size: {training.tokenizer.vocab_size}")
                say(f"num params: {len(training.state.data)}")
            log_is_whole = _train(training, last, interrupts, log, quiet=arguments.quiet)
        if interrupts.received:
            notice(f"stopped after step {training.step} / {config.num_steps} by {interrupts.name}")
        for number, text in enumerate(_samples(training, arguments), start=1):
            say(f"sample {number:2d}: {text}")
    return interrupts.status or (0 if log_is_whole else EXIT_ERROR)


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
    training: Training, last: int, interrupts: Interrupts, log: StepLog | None, *, quiet: bool
) -> bool:
    """Trains until `last` or a signal. False if the log could not be written to its end."""
    log_is_whole = True
    reporter = _reporter(training.config.num_steps, last, quiet=quiet)
    with interrupts.held_back(), reporter as report:
        for result in _results(training, last):
            if log and log_is_whole:
                try:
                    log.write(result)
                except OSError as error:
                    log_is_whole = False
                    print_error(
                        f"cannot write log {log.path!r} at step {result.step}: {error.strerror}; "
                        "training goes on without it"
                    )
            report(result)
            if interrupts.received:
                break
    return log_is_whole


def _reporter(
    num_steps: int, last: int, *, quiet: bool
) -> AbstractContextManager[Callable[[StepResult], None]]:
    if quiet:
        return nullcontext(lambda _: None)
    if can_redraw(sys.stdout):
        from tui.cli.progress_bar import progress_bar  # noqa: PLC0415  # rich takes 60 ms

        return progress_bar(num_steps, last)
    return nullcontext(
        lambda result: say(f"step {result.step:4d} / {num_steps:4d} | loss {result.loss:.4f}")
    )


def _results(training: Training, last: int) -> Iterator[StepResult]:
    """The steps up to `last`; what goes wrong with the numbers names the step."""
    results = training.results(last)
    while training.step < last:
        try:
            yield next(results)
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
