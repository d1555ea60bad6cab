"""Training: results, their numbers, snapshots of a model, and what is refused."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError

import pytest

from microgpt import (
    Corpus,
    DomainError,
    InputError,
    MicrogptError,
    ModelConfig,
    ModelSnapshot,
    StepResult,
    Training,
    TrainingConfig,
)
from microgpt.graph.graph import Graph
from microgpt.model.adam import Adam

CORPUS = Corpus("small", ("emma", "ava", "mia", "olivia"))
MODEL = ModelConfig(n_embd=6, n_head=2, n_layer=2, block_size=5)


def small_run(num_steps: int = 10) -> Training:
    return Training(CORPUS, MODEL, TrainingConfig(num_steps=num_steps, lr=0.05, seed=3))


@pytest.fixture(scope="module")
def third_step() -> tuple[Training, StepResult, ModelSnapshot]:
    """A run after three steps, the third's result, and the model that step was computed with."""
    run = small_run()
    results = run.results()
    next(results)
    next(results)
    snapshot = ModelSnapshot.of(run)
    return run, next(results), snapshot


@pytest.fixture(scope="module")
def third_graph(third_step: tuple[Training, StepResult, ModelSnapshot]) -> Graph:
    _, result, snapshot = third_step
    return snapshot.graph(result.document)


def data_in(graph: Graph, scope: str, op: str) -> tuple[float, ...]:
    inside = graph.scopes.find(scope)
    return tuple(
        float(graph.data[node]) for node in range(inside.start, inside.stop) if graph.op(node) == op
    )


# -- a step's numbers are its graph's --------------------------------------------------------------


def test_results_are_frozen(third_step) -> None:
    with pytest.raises(FrozenInstanceError):
        third_step[1].loss = 0.0


def test_step_document_tokens_and_rate(third_step) -> None:
    run, result, _ = third_step
    assert (result.step, run.step) == (3, 3)
    assert result.document == run.documents[2] == run.document_at(3)
    tokens = run.tokenizer.encode(result.document)
    assert result.tokens == tokens[: MODEL.block_size + 1]
    assert result.lr == 0.05 * (1 - 2 / 10)


def test_losses(third_step, third_graph: Graph) -> None:
    _, result, _ = third_step
    assert result.loss.hex() == float(third_graph.data[third_graph.root]).hex()
    n = len(result.tokens) - 1
    assert len(result.position_losses) == n
    for p in range(n):
        negated = data_in(third_graph, f"pos{p}/loss", "mul")
        assert (result.position_losses[p],) == negated
        target = result.probs[p][result.tokens[p + 1]]
        assert result.position_losses[p] == -math.log(target)


def test_probs(third_step, third_graph: Graph) -> None:
    """Of all next tokens only the target's probability is an operand of the loss."""
    run, result, _ = third_step
    assert len(result.probs) == len(result.position_losses)
    for p, probs in enumerate(result.probs):
        target = result.tokens[p + 1]
        node = third_graph.find(f"p{p}({run.tokenizer.label(target)})")
        assert probs[target] == third_graph.data[node]
        exps = data_in(third_graph, f"pos{p}/softmax", "exp")
        normalizer = data_in(third_graph, f"pos{p}/softmax", "add")[-1]
        assert probs == tuple(e * normalizer**-1 for e in exps)
        assert math.fsum(probs) == pytest.approx(1, abs=1e-12)


def test_attention(third_step, third_graph: Graph) -> None:
    _, result, _ = third_step
    assert (len(result.attention), {len(layer) for layer in result.attention}) == (2, {2})
    for i, layer in enumerate(result.attention):
        for h, head in enumerate(layer):
            assert [len(row) for row in head] == list(range(1, len(result.tokens)))
            for p, row in enumerate(head):
                # The softmax's products are its results: e * normalizer ** -1.
                assert row == data_in(third_graph, f"pos{p}/layer{i}/attn/head{h}/softmax", "mul")
                assert math.fsum(row) == pytest.approx(1, abs=1e-12)
                assert min(row) > 0


def test_grad_norms(third_step, third_graph: Graph) -> None:
    run, result, _ = third_step
    assert list(result.grad_norms) == list(run.model.shapes(run.tokenizer.vocab_size))
    grads: dict[str, list[float]] = {name: [] for name in result.grad_norms}
    for name, node in ((name, node) for node, name in third_graph.names.items()):
        if third_graph.op(node) == "param":
            grads[name.partition("[")[0]].append(float(third_graph.grad[node]))
    for name, norm in result.grad_norms.items():
        assert norm == math.hypot(*grads[name]), name
        assert norm > 0, name


def test_a_snapshots_graph_has_the_gradients_the_step_was_trained_with(monkeypatch) -> None:
    run = small_run()
    update, trained = Adam.update, {}

    def recording(adam, parameters, step):
        trained.update({p.name: p.grad for p in parameters})
        return update(adam, parameters, step)

    monkeypatch.setattr(Adam, "update", recording)
    for result in _with_snapshots(run, 4):
        graph = result[1].graph(result[0].document)
        named = {name: float(graph.grad[node]) for node, name in graph.names.items()}
        read = {name: grad for name, grad in named.items() if name in trained}
        assert {name: trained[name] for name in read} == read
        assert {grad for name, grad in trained.items() if name not in read} <= {0.0}
        assert len(read) > 400


def _with_snapshots(run: Training, stop_after: int):
    snapshot = ModelSnapshot.of(run)
    for result in run.results(stop_after=stop_after):
        yield result, snapshot
        snapshot = ModelSnapshot.of(run)


# -- the course of a run ---------------------------------------------------------------------------


def test_loss_falls() -> None:
    losses = [result.loss for result in small_run(60).results()]
    assert sum(losses[-8:]) < 0.8 * sum(losses[:8])


def test_documents_come_round_again_in_shuffled_order() -> None:
    run = small_run()
    shuffled = list(CORPUS.documents)
    random.Random(3).shuffle(shuffled)
    assert [result.document for result in run.results(stop_after=6)] == shuffled + shuffled[:2]


def test_stop_after_keeps_the_schedule_and_goes_on_later() -> None:
    whole = list(small_run().results())
    run = small_run()
    first = list(run.results(stop_after=4))
    assert [result.step for result in first] == [1, 2, 3, 4]
    assert run.step == 4
    assert first + list(run.results()) == whole
    assert list(run.results()) == []


def test_the_schedules_length_is_part_of_the_result() -> None:
    ten, twenty = list(small_run(10).results(3)), list(small_run(20).results(3))
    assert ten[0].loss == twenty[0].loss
    assert ten[1].lr != twenty[1].lr
    assert ten[2].loss != twenty[2].loss


@pytest.mark.parametrize("stop_after", [0, -1, 11])
def test_stop_after_outside_the_schedule(stop_after: int) -> None:
    with pytest.raises(InputError, match=f"stop_after is {stop_after}; it must lie in 1 to 10"):
        next(small_run().results(stop_after))


def test_a_long_document_is_read_as_far_as_the_block_goes() -> None:
    run = Training(Corpus("long", ("abcabcabcabc",)), MODEL)
    result = next(run.results())
    assert result.document == "abcabcabcabc"
    assert len(result.position_losses) == MODEL.block_size
    assert result.tokens == run.tokenizer.encode("abcabcabcabc")[:6]


def test_a_step_without_a_finite_result_leaves_the_run_as_it_was() -> None:
    run = small_run()
    next(run.results())
    start = run.tokenizer.vocab_size * MODEL.n_embd + MODEL.block_size * MODEL.n_embd
    for i in range(start, start + MODEL.n_embd):  # lm_head[0]: the model
        run.state.data[i] = 1e6  # is certain that the next token is the first, or that it is not
    before = run.state.copy()
    with pytest.raises(DomainError, match=r"log\(0\.0\) .* in pos\d+/loss "):
        next(run.results())
    assert run.step == 1
    assert run.state == before


@pytest.mark.parametrize("train", [Training.results, Training.losses])
def test_a_loss_that_is_not_a_number_names_its_document(
    train: Callable[[Training], Iterator[object]],
) -> None:
    run = small_run()
    run.state.data[:] = array("d", [math.nan] * len(run.state.data))
    with pytest.raises(DomainError, match=f"^the loss of '{run.document_at(1)}' is nan$"):
        next(train(run))


def test_a_rate_that_makes_numbers_run_away_is_a_users_error() -> None:
    run = Training(CORPUS, MODEL, TrainingConfig(num_steps=10, lr=1e200))
    try:
        losses = [result.loss for result in run.results()]
    except MicrogptError:
        return
    assert all(map(math.isfinite, losses))


# -- snapshots -------------------------------------------------------------------------------------


def test_a_snapshot_is_apart_from_its_run() -> None:
    run = small_run()
    snapshot = ModelSnapshot.of(run)
    before = snapshot.computed("emma").loss.data
    for _ in run.results(stop_after=3):
        pass
    assert snapshot.computed("emma").loss.data == before
    assert ModelSnapshot.of(run).computed("emma").loss.data != before


def test_looking_at_a_document_does_not_disturb_the_run() -> None:
    plain = list(small_run().results())
    run = small_run()
    for result, expected in zip(run.results(), plain, strict=True):
        ModelSnapshot.of(run).graph("emma")
        assert result == expected


def test_a_snapshots_parameters_are_fresh() -> None:
    run = small_run()
    snapshot = ModelSnapshot.of(run)
    a, b = snapshot.parameters(), snapshot.parameters()
    assert a.data() == b.data() == run.state.data
    assert len({*a.flat, *b.flat}) == 2 * len(a)


def test_a_graph_twice_is_the_same_graph() -> None:
    snapshot = ModelSnapshot.of(small_run())
    a, b = snapshot.graph("mia"), snapshot.graph("mia")
    assert a.data.tobytes() == b.data.tobytes()
    assert a.grad.tobytes() == b.grad.tobytes()
    assert a.operands.tobytes() == b.operands.tobytes()
    assert (a.names, a.bindings, a.root) == (b.names, b.bindings, b.root)
    assert [s.path for s in a.scopes] == [s.path for s in b.scopes]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "the document is empty; it needs at least one character"),
        ("emmma", "document 'emmma' has 5 characters; with block_size 5 at most 4 fit"),
        ("emx", r"character 'x' \(number 3 of 'emx'\) is not in the vocabulary"),
        ("emmmmmx", "character 'x'"),
    ],
)
def test_documents_that_cannot_be_looked_at(document: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ModelSnapshot.of(small_run()).check_document(document)


def test_documents_that_can() -> None:
    snapshot = ModelSnapshot.of(small_run())
    for document in ("e", "emma"):
        snapshot.check_document(document)
        assert len(snapshot.computed(document).losses) == len(document) + 1
