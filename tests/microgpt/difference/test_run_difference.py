"""Two recorded runs: the step at which they part and why, against the runs trained by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from microgpt import Corpus, InputError, ModelConfig, Training, TrainingConfig
from microgpt.difference.lines import run_lines
from microgpt.difference.run_difference import RunDifference
from microgpt.runs import Run, RunRecorder

CORPUS = Corpus("small", ("emma", "ava", "mia", "olivia", "noah", "liam", "ida"))
MODEL = ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=6)
STEPS = 12

Recorded = Callable[..., Path]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Records a run, up to some step, and gives its file."""

    def record(
        name: str, stop_after: int = STEPS, model: ModelConfig = MODEL, **settings: float
    ) -> Path:
        config = TrainingConfig(num_steps=STEPS, **settings)  # type: ignore[arg-type]
        training, path = Training(CORPUS, model, config, "value"), tmp_path / name
        with RunRecorder.create(path, training) as recorder:
            for steps in training.losses(stop_after):
                recorder.record(steps)
        return path

    return record


def compared(a: Path, b: Path) -> RunDifference:
    with Run(a, "value") as first, Run(b, "value") as second:
        return RunDifference.of(first, second)


def test_equal_runs_are_alike(recorded: Recorded) -> None:
    found = compared(recorded("a.run"), recorded("b.run"))
    assert (found.settings, found.parting, found.last_step) == ((), None, (STEPS, STEPS))


def test_a_run_is_alike_as_far_as_both_go(recorded: Recorded) -> None:
    found = compared(recorded("a.run"), recorded("b.run", 5))
    assert (found.parting, found.last_step) == (None, (STEPS, 5))
    assert run_lines(found)[-2:] == [
        "alike: steps 1 to 5, every loss and parameter",
        "  A goes on to step 12, the other ends with step 5",
    ]


def test_another_rate_parts_them_by_the_first_update(recorded: Recorded) -> None:
    a, b = recorded("a.run", lr=0.01), recorded("b.run", lr=0.02)
    found = compared(a, b)
    assert [(row.name, row.a, row.b) for row in found.settings] == [("lr", 0.01, 0.02)]
    parting = found.parting
    assert parting is not None
    assert (parting.step, parting.cause, parting.update) == (2, "update", 1)
    graphs = parting.graphs
    with Run(a, "value") as first, Run(b, "value") as second:
        mine, other = first.at(2).graph(), second.at(2).graph()
        losses = [
            abs(x.loss - y.loss)
            for x, y in zip(first.losses(1), second.losses(1), strict=True)
        ]  # fmt: skip
    slow = next(node for node in range(len(mine)) if mine.data[node] != other.data[node])
    assert graphs.first is not None
    assert graphs.first_op is not None
    assert (graphs.first.a, mine.op(slow)) == (slow, "param")
    assert graphs.first_op.a is not None
    brought = [operand.a for operand in graphs.first_op.brought_by]
    assert brought
    assert all(mine.op(operand) == "param" for operand in brought)
    assert (parting.losses.steps, parting.losses.largest) == (STEPS - 1, max(losses))
    assert parting.losses.largest_step == 2 + losses.index(max(losses))


def test_another_decay_parts_them_an_update_later(recorded: Recorded) -> None:
    """The bias of a first moment is corrected, so beta1 makes the first update no other."""
    parting = compared(recorded("a.run", beta1=0.5), recorded("b.run", beta1=0.75)).parting
    assert parting is not None
    assert (parting.step, parting.cause, parting.update) == (3, "update", 2)


def test_the_last_update_counts(recorded: Recorded) -> None:
    parting = compared(recorded("a.run", 1, lr=0.01), recorded("b.run", 1, lr=0.02)).parting
    assert parting is not None
    assert (parting.step, parting.cause, parting.update) == (1, "update", 1)
    assert parting.graphs.is_alike


def test_another_seed_begins_with_another_model(recorded: Recorded) -> None:
    parting = compared(recorded("a.run"), recorded("b.run", seed=7)).parting
    assert parting is not None
    assert (parting.step, parting.cause) == (1, "beginning")
    assert not parting.graphs.is_alike


def test_a_larger_model_is_aligned_by_scopes(recorded: Recorded) -> None:
    wider = ModelConfig(n_embd=6, n_head=2, n_layer=1, block_size=6)
    found = compared(recorded("a.run"), recorded("b.run", model=wider))
    assert [(row.name, row.a, row.b) for row in found.settings] == [("n_embd", 4, 6)]
    assert found.parting is not None
    graphs = found.parting.graphs
    assert len(graphs.a) < len(graphs.b)
    # All of the small model's nodes are of the large one, each in its scope.
    for node in graphs.alignment.paired.tolist():
        partner = int(graphs.alignment.of_a[node])
        assert graphs.a.scope(node) == graphs.b.scope(partner)
        assert graphs.a.op(node) == graphs.b.op(partner)
    assert len(graphs.alignment.paired) > 0.95 * len(graphs.a)


def test_runs_without_a_step_in_common(recorded: Recorded, tmp_path: Path) -> None:
    training = Training(CORPUS, MODEL, TrainingConfig(num_steps=STEPS), "value")
    with RunRecorder.create(tmp_path / "empty.run", training):
        pass
    with pytest.raises(InputError, match="there is none that both have"):
        compared(recorded("a.run", 2), tmp_path / "empty.run")
