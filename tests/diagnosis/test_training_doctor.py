"""The doctor that watches a training: silent on a healthy one, true of a sick one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from microgpt import Corpus, MicrogptError, ModelConfig, ModelSnapshot, Training, TrainingConfig
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds import CATALOGUE
from microgpt.diagnosis.training_doctor import TrainingDoctor
from microgpt.text.corpus import load_corpus
from microgpt.train.graph_origin import GraphOrigin

GUESS = math.log(27)


def kinds(doctor: TrainingDoctor) -> list[tuple[str, str, int | None]]:
    return [(f.kind, f.certainty, f.pass_number) for f in doctor.findings]


def losses_of(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 2.3 + np.exp(-np.arange(n) / 200) + rng.normal(0, 0.35, n)


def test_losses_that_fall_are_nothing() -> None:
    doctor = TrainingDoctor(GUESS)
    doctor.read_losses(losses_of(5_000))
    assert kinds(doctor) == []


@pytest.mark.parametrize("chunk", [1, 7, 300, 10_000])
def test_losses_that_rise_are_told_however_they_come(chunk: int) -> None:
    losses = losses_of(1_500)
    losses[1_000:] += 2.5
    doctor = TrainingDoctor(GUESS)
    for end in range(chunk, len(losses) + chunk, chunk):
        doctor.read_losses(losses[:end])
    likely = [f for f in doctor.findings if f.certainty == "likely"]
    assert [f.kind for f in likely] == ["rate-too-large"] * 2
    assert all(1_000 < (f.pass_number or 0) < 1_060 for f in likely)
    assert sum("guessing costs 3.296" in f.what for f in likely) == 1
    means = np.convolve(losses, np.ones(50) / 50, "valid")
    rise = next(f for f in likely if "rose from" in f.what)
    assert rise.was == pytest.approx(means[(rise.pass_number or 0) - 50])


def test_one_loss_that_stands_out_is_a_note() -> None:
    losses = losses_of(1_000)
    losses[600] = 9.0
    doctor = TrainingDoctor(GUESS)
    doctor.read_losses(losses, first_step=100)
    assert kinds(doctor) == [("rate-too-large", "note", 701)]
    assert doctor.findings[0].was == 9.0
    doctor.read_losses(losses, first_step=100)
    assert len(doctor.findings) == 1


def test_a_loss_that_is_no_number() -> None:
    doctor = TrainingDoctor(GUESS)
    doctor.read_losses(np.array([2.0, 2.1, math.nan, 2.0]))
    assert kinds(doctor) == [("not-finite", "certain", 3)]


def watched(training: Training, every: int) -> TrainingDoctor:
    """A training watched at every so many steps."""
    doctor = TrainingDoctor(math.log(training.tokenizer.vocab_size))
    losses: list[float] = []
    while training.step < training.config.num_steps:
        step = training.step + 1
        origin = GraphOrigin(
            ModelSnapshot.of(training), training.document_at(step), step, training.documents,
            training.state.copy(), training.config,
        )  # fmt: skip
        try:
            doctor.look_at_update(origin)
            doctor.look_at_graph(origin.model.graph(origin.document), step)
            until = min(training.config.num_steps, training.step + every)
            for done in training.losses(until):
                losses += [each.loss for each in done]
        except MicrogptError as error:
            doctor.fails(step, str(error))
            break
        doctor.read_losses(np.array(losses))
    return doctor


def small(lr: float, num_steps: int = 300) -> Training:
    corpus = load_corpus("names")
    return Training(
        replace(corpus, documents=corpus.documents[:400]), ModelConfig(n_embd=8, block_size=8),
        TrainingConfig(num_steps=num_steps, lr=lr), engine="numpy",
    )  # fmt: skip


def loud(doctor: TrainingDoctor) -> list[Finding]:
    return [found for found in doctor.findings if found.certainty != "note"]


@pytest.mark.slow
def test_a_small_healthy_training_has_nothing_above_a_note() -> None:
    assert loud(watched(small(0.01), 20)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lr", "kind"), [(0.1, "rate-too-large"), (1.0, "rate-too-large"), (1e-9, "rate-too-small")]
)
def test_a_rate_that_is_wrong_is_told(lr: float, kind: str) -> None:
    doctor = watched(small(lr, 100), 1 if lr > 1e-3 else 20)
    found = next(f for f in loud(doctor) if f.kind == kind)
    assert found.mend == next(row.mend for row in CATALOGUE if row.name == kind)
    assert found.was is not None
    if lr == 1.0:
        assert found.pass_number == 1
        assert found.was > 3


@pytest.mark.slow
@pytest.mark.parametrize(("num_steps", "every"), [(1_000, 10), (5_000, 50)])
def test_the_default_training_has_nothing_above_a_note(num_steps: int, every: int) -> None:
    training = Training(
        load_corpus("names"), config=TrainingConfig(num_steps=num_steps), engine="auto"
    )
    assert loud(watched(training, every)) == []


def test_units_that_are_off_for_long_are_told() -> None:
    corpus = Corpus("small", ("emma", "ava"))
    training = Training(corpus, ModelConfig(n_embd=4, n_head=2, block_size=8))
    graph = ModelSnapshot.of(training).graph("emma")
    relus = graph.nodes_of("relu")
    data = graph.data.copy()
    data[relus] = 0.0
    off = replace(graph, data=data)
    doctor = TrainingDoctor(GUESS)
    for step in range(1, 39):
        doctor.look_at_graph(off, step)
    assert kinds(doctor) == []  # 190 inputs
    for step in range(39, 42):
        doctor.look_at_graph(off, step)
    assert kinds(doctor) == [("dead-units", "likely", 40)]
    assert "all 16 units are off for 200 inputs" in doctor.findings[0].what


def test_a_step_that_is_not_finite() -> None:
    training = Training(Corpus("small", ("emma",)), ModelConfig(n_embd=4, n_head=2, block_size=8))
    graph = ModelSnapshot.of(training).graph("emma")
    grad = graph.grad.copy()
    grad[3] = math.inf
    doctor = TrainingDoctor(GUESS)
    doctor.look_at_graph(replace(graph, grad=grad), 7)
    assert kinds(doctor) == [("not-finite", "certain", 7)]


# -- documents held out ----------------------------------------------------------------------------


def observed(documents: tuple[str, ...], held_out: int, **config: float) -> list[Finding]:
    """What is said of no kind after a training on documents of which some are held out."""
    training = Training(
        Corpus("few", documents), config=TrainingConfig(validation=held_out, **config),  # type: ignore[arg-type]
        engine="numpy",
    )  # fmt: skip
    doctor = TrainingDoctor(math.log(training.tokenizer.vocab_size))
    losses: list[float] = []
    measured: list[tuple[int, float]] = []
    for steps in training.losses():
        losses += [step.loss for step in steps]
        measured += [(at.step, at.validation) for at in steps if at.validation is not None]
        doctor.read_validation(measured, np.array(losses))
    return [finding for finding in doctor.findings if not finding.kind]


def test_it_says_where_what_is_held_out_gets_worse() -> None:
    names = load_corpus("names").documents[::160]
    (finding,) = observed(names, 10, num_steps=400, lr=0.02)
    assert finding.certainty == "note"
    assert "learnt by heart" in finding.what
    assert "branch off there" in finding.mend
    assert finding.pass_number is not None
    assert finding.pass_number < 200


@pytest.mark.parametrize("seed", [42, 1])
def test_it_says_nothing_while_both_fall(seed: int) -> None:
    assert observed(load_corpus("names").documents, 400, num_steps=200, seed=seed) == []


def test_it_compares_what_parts_to_the_number() -> None:
    doctor = TrainingDoctor(math.log(27))
    falling = np.linspace(3.0, 1.0, 100)
    rising = [(20, 2.5), (40, 2.0), (60, 2.1), (80, 2.2), (100, 2.3)]
    for n in (1, 2, 3, 4):
        doctor.read_validation(rising[:n], falling)
        assert doctor.findings == ()
    doctor.read_validation(rising, falling)
    (finding,) = doctor.findings
    assert (finding.kind, finding.pass_number, finding.was) == ("", 40, 2.3)
    assert "from step 40 to 100" in finding.what
    assert "rose from 2 to 2.3" in finding.what
    # Not when both rise: that is a rate too large, which is told from the losses alone.
    doctor = TrainingDoctor(math.log(27))
    doctor.read_validation(rising, falling[::-1])
    assert doctor.findings == ()
    # Nor by less than what such means differ by.
    doctor = TrainingDoctor(math.log(27))
    doctor.read_validation([(at, 2 + (loss - 2) / 10) for at, loss in rising], falling)
    assert doctor.findings == ()
