"""The plain engine against the straightforward form: the same floats, not close ones."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import pytest

from microgpt import Corpus, ModelConfig, ModelSnapshot, Training, TrainingConfig, load_corpus
from microgpt.autograd.backward_order import topological_order
from microgpt.autograd.collector import paused_collector
from microgpt.autograd.value import Value
from microgpt.model.adam import Adam
from microgpt.model.transformer import forward
from tests.oracle import Oracle, Settings

STEPS = 40
# Seven documents, so that 40 steps go round; one longer than every block, one of one character.
DOCUMENTS = ("emma", "ava li", "olivia", "o", "mia-belle-anastasia", "éva", "vimla")
CONFIGURATIONS = {
    "one layer, heads of 3": Settings(
        seed=7, n_embd=6, n_head=2, n_layer=1, block_size=8, num_steps=60, beta1=0.9, beta2=0.95
    ),
    "two layers, heads of 5": Settings(
        seed=1234, n_embd=10, n_head=2, n_layer=2, block_size=7, num_steps=40, lr=0.03
    ),
    "three layers, heads of 1": Settings(
        seed=0, n_embd=3, n_head=3, n_layer=3, block_size=9, num_steps=1000, lr=0.02, eps=1e-6
    ),
}
TEMPERATURES = (0.5, 1.0, 0.3, 1.7, 0.5)


@pytest.fixture
def grads(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The gradients that the latest update was made from."""
    latest: list[float] = []
    update = Adam.update

    def recording(adam: Adam, parameters: Sequence[Value], step: int) -> float:
        latest[:] = [p.grad for p in parameters]
        return update(adam, parameters, step)

    monkeypatch.setattr(Adam, "update", recording)
    return latest


def training_of(documents: Sequence[str], s: Settings) -> Training:
    return Training(
        Corpus("small", tuple(documents)),
        ModelConfig(s.n_embd, s.n_head, s.n_layer, s.block_size),
        TrainingConfig(s.num_steps, s.lr, s.beta1, s.beta2, s.eps, s.seed),
    )


def hexes(numbers: Sequence[float]) -> list[str]:
    return [float(number).hex() for number in numbers]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name.startswith("two") else ())
        for name in CONFIGURATIONS
    ],
)
def test_forty_steps_and_the_samples_after_them(name: str, grads: list[float]) -> None:
    settings = CONFIGURATIONS[name]
    oracle = Oracle(DOCUMENTS, settings)
    run = training_of(DOCUMENTS, settings)
    assert hexes(run.state.data) == hexes(oracle.parameters())

    for result in run.results(stop_after=STEPS):
        with paused_collector():
            expected = oracle.step()
        at = f"step {result.step}"
        assert result.document == expected.document, at
        assert result.loss.hex() == expected.loss.hex(), at
        assert hexes(result.position_losses) == hexes(expected.position_losses), at
        assert hexes(grads) == hexes(expected.grads), at
        assert hexes(run.state.data) == hexes(oracle.parameters()), at

    assert run.step == oracle.steps_done == STEPS
    assert [run.sample(t) for t in TEMPERATURES] == [oracle.sample(t) for t in TEMPERATURES]
    assert run.rng.getstate() == oracle.rng.getstate()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_node_of_a_step(name: str) -> None:
    """Operands in the same slots and visits in the same order, which gradients alone do not show:
    `w * x` and `x * w` are one float.
    """
    settings = CONFIGURATIONS[name]
    run, oracle = training_of(DOCUMENTS, settings), Oracle(DOCUMENTS, settings)
    theirs, _ = oracle.forward("ava li")
    leaves = ModelSnapshot.of(run).parameters()
    ours = forward(run.tokenizer.encode("ava li"), leaves, run.model, run.tokenizer).loss
    theirs.backward()
    ours.backward()
    visits = [node for node in theirs.order() if node._children]
    assert len(visits) > 5000
    for node, expected in zip(topological_order(ours), visits, strict=True):
        assert hexes([node.data, node.grad]) == hexes([expected.data, expected.grad])
        assert hexes(node._local_grads) == hexes(expected._local_grads)
        operands = [operand.data for operand in node._children]
        assert hexes(operands) == hexes([operand.data for operand in expected._children])


def test_the_oracle_tells_configurations_apart() -> None:
    """Every setting reaches the numbers, so equality above is not equality of two defaults."""
    base = Settings(n_embd=4, n_head=2, block_size=4, num_steps=10)
    changed = [
        Settings(**{**vars(base), name: value})
        for name, value in {
            "seed": 1, "n_embd": 2, "n_head": 1, "n_layer": 2, "num_steps": 11, "lr": 0.02,
            "beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "block_size": 3,
        }.items()
    ]  # fmt: skip
    losses = set()
    for settings in (base, *changed):
        oracle = Oracle(("abba", "baba"), settings)
        losses.add(tuple(oracle.step().loss for _ in range(3)))
    assert len(losses) == 1 + len(changed)


# -- the anchors -----------------------------------------------------------------------------------

NAMES_TXT = Path(__file__).parents[4] / "shared" / "data" / "names.txt"
ANCHORS = {
    1: "0x1.aed80143a59ddp+1",
    2: "0x1.b64e9211a7f41p+1",
    10: "0x1.9c879a12fc478p+1",
    40: "0x1.6e2187dd0fb9cp+1",
}
STEP_3_ROUNDED = 3.1778

needs_names_txt = pytest.mark.skipif(
    not NAMES_TXT.exists(), reason="needs ../shared/data/names.txt beside the checkout"
)
needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="golden hex floats hold for one libm, glibc's"
)


@needs_names_txt
@needs_glibc
def test_anchors_of_the_thousand_step_schedule() -> None:
    run = Training(load_corpus(str(NAMES_TXT)))
    assert len(run.documents) == 32_033
    assert run.tokenizer.vocab_size == 27
    assert len(run.state.data) == 4192
    losses = {result.step: result.loss for result in run.results(stop_after=40)}
    assert {step: losses[step].hex() for step in ANCHORS} == ANCHORS
    assert round(losses[3], 4) == STEP_3_ROUNDED


@needs_names_txt
@needs_glibc
def test_the_oracle_meets_the_anchors_too() -> None:
    documents = NAMES_TXT.read_text(encoding="utf-8").split("\n")
    oracle = Oracle([line.strip() for line in documents if line.strip()])
    with paused_collector():
        losses = {step: oracle.step().loss for step in (1, 2, 3)}
    assert {step: losses[step].hex() for step in (1, 2)} == {s: ANCHORS[s] for s in (1, 2)}
    assert round(losses[3], 4) == STEP_3_ROUNDED
