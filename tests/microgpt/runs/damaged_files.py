"""Run files that are damaged by chance, and what reading a file in every way comes to."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microgpt import Corpus, MicrogptError, ModelConfig, StepLoss, Training, TrainingConfig
from microgpt.runs import RecordedStep, Run, RunRecorder, copy_run, keyframes, verify

DOCUMENTS = ("emma", "ava", "mia", "olivia", "noah", "liam", "ida")
MODEL = ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=6)
STEPS, RECORDED = 60, 50
INTERVAL = 8
AT = (1, 17, RECORDED)
"""Steps that are gone to."""
LONGEST = 5.0
"""How long all readings of a file may take. Units: seconds."""


class WrongNumbersError(AssertionError):
    """A reading gave other numbers than were recorded, without a word."""


@dataclass(frozen=True)
class Right:
    """A run that is whole, and what reading it gives."""

    path: Path
    losses: list[StepLoss]
    samples: list[tuple[int, str]]
    at: dict[int, RecordedStep]
    next_losses: list[float]  # of the steps after the last

    @classmethod
    def recorded(cls, folder: Path, validation: int = 2) -> Right:
        """Records it: fifty steps of sixty, six keyframes, three samples, some held out."""
        corpus = folder / "small.txt"
        corpus.write_text("\n".join(DOCUMENTS))
        config = TrainingConfig(num_steps=STEPS, lr=0.05, validation=validation)
        training = Training(Corpus("small", DOCUMENTS), MODEL, config)
        path = folder / "whole.run"
        before, keyframes.WORK_BETWEEN = keyframes.WORK_BETWEEN, INTERVAL * 3000
        try:
            with RunRecorder.create(path, training, corpus=str(corpus)) as recorder:
                recorder.ask_samples(3, 0.5)
                for steps in training.losses(RECORDED, pause_every=recorder.interval):
                    recorder.record(steps)
                for number in range(1, 4):
                    recorder.record_sample(number, 0.5, training.sample(0.5))
        finally:
            keyframes.WORK_BETWEEN = before
        with Run(path, "value") as run:
            goes_on = run.training(engine="value")
            following = [result.loss for result in goes_on.results(RECORDED + 2)]
            return cls(
                path, run.losses(), run.samples(), {step: run.at(step) for step in AT}, following
            )


def readings(path: Path, right: Right | None) -> tuple[int, int]:
    """Reads a file in every way; how often that worked, and how often it was refused in words.

    Args:
        right: what has to come out where anything does; None if anything may.

    Raises:
        WrongNumbersError: something else came out.
        Exception: whatever is not refused in words.
    """
    good = refused = 0

    def check(read: Callable[[], Any], expected: object) -> None:
        nonlocal good, refused
        try:
            found = read()
        except MicrogptError:
            refused += 1
        else:
            good += 1
            if right is not None and found != expected:
                raise WrongNumbersError(f"{found!r} instead of {expected!r}"[:300])

    def run_read(read: Callable[[Run], Any]) -> Callable[[], Any]:
        def opened() -> Any:
            with Run(path, "value") as run:
                return read(run)

        return opened

    check(run_read(lambda run: run.losses()), right and right.losses)
    check(run_read(lambda run: run.losses(run.last_step - 1)), right and right.losses[-1:])
    check(run_read(lambda run: run.samples()), right and right.samples)
    for step in AT:
        check(run_read(lambda run, step=step: run.at(step)), right and right.at[step])
    check(lambda: _gone_on(path), right and right.next_losses)
    with suppress(MicrogptError):
        verify(path)
    return good, refused


def _gone_on(path: Path) -> list[float]:
    """What `--resume` does: two more steps, in a copy of the file."""
    copy = path.with_name("copy.run")
    for file in path.parent.glob("copy.run*"):
        file.unlink()
    copy_run(path, copy)
    with Run(copy, "value") as run:
        training = run.training(engine="value")
        last = min(training.step + 2, training.config.num_steps)
    with RunRecorder.go_on(copy, training) as recorder:
        for steps in training.losses(last):
            recorder.record(steps)
    with Run(copy, "value") as run:
        return [loss.loss for loss in run.losses(since=last - 2)]


def timed(path: Path, right: Right | None) -> tuple[int, int, float]:
    """`readings`, and how long they took in all."""
    began = time.perf_counter()
    good, refused = readings(path, right)
    return good, refused, time.perf_counter() - began


# -- by chance -------------------------------------------------------------------------------------


def mutated(whole: bytes, seed: int) -> bytes:
    """A file of which some bytes were changed, or a part is lost or doubled."""
    rng = random.Random(seed)
    content = bytearray(whole)
    kind = rng.random()
    if kind < 0.85:
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(content))
            content[place] = rng.choice(
                (content[place] ^ 1 << rng.randrange(8), rng.randrange(256))
            )
    elif kind < 0.9:
        del content[rng.randrange(len(content)) :]
    else:
        length = rng.choice((16, 512, 4096))
        one, two = (rng.randrange(len(content) // length) * length for _ in range(2))
        content[one : one + length] = rng.choice((bytes(length), content[two : two + length]))
    return bytes(content)
