"""zero, mean and patch against the model run by hand on `Value`s, constants in a scope's place."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from microgpt import Corpus, Graph, ModelConfig, ModelSnapshot, Training, Value
from microgpt.autograd.backward_order import topological_order
from microgpt.debugger import DebugSession, GraphOrigin
from microgpt.model.transformer import forward
from tests.microgpt.debugger.conftest import DOCUMENTS

DOCUMENT = "ava"
PATHS = (
    "pos1/layer0/attn/head1/mix",
    "pos2/layer1/mlp/relu",
    "pos0/layer0/attn/v",
    "pos3/layer1",
    "pos2/lm_head",
)


def values_by_hand(
    model: ModelSnapshot, document: str, numbers: Mapping[int, float]
) -> dict[int, Value]:
    """The model on `Value`s, backpropagated, those of some ids constants, by id.

    A number takes its node's place as soon as that is made: what is made of it later finds it.
    """
    loss, made = _made(model, document, {})
    inner = topological_order(loss)
    read = {loss, *inner, *(operand for node in inner for operand in node._children)}
    n_parameters = len(read - set(made))  # which have the first ids
    places = [place for place, value in enumerate(made) if value in read]
    ids = dict(enumerate(places, start=n_parameters))
    loss, made = _made(model, document, {ids[node]: number for node, number in numbers.items()})
    loss.backward()
    return {node: made[place] for node, place in ids.items()}


def _made(
    model: ModelSnapshot, document: str, numbers: Mapping[int, float]
) -> tuple[Value, list[Value]]:
    """The loss, and all that the model made on the way, some of them constants, by place."""
    parameters, tokens = model.parameters(), model.tokenizer.encode(document)
    made: list[Value] = []
    init, here = Value.__init__, threading.get_ident()

    def place_numbers(value: Value, *args: object, **keywords: object) -> None:
        init(value, *args, **keywords)  # type: ignore[arg-type]
        if threading.get_ident() != here:  # replay may be made ready meanwhile
            return
        if (number := numbers.get(len(made))) is not None:
            value.data, value._children, value._local_grads = number, (), ()
        made.append(value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Value, "__init__", place_numbers)
        return forward(tokens, parameters, model.config, model.tokenizer).loss, made


def outputs(graph: Graph, path: str) -> list[int]:
    return [int(node) for node in graph.outputs_of(graph.scopes.find(path))]


def there_of(model: ModelSnapshot, graph: Graph, path: str, document: str) -> list[float]:
    """By hand, in another document, what a scope gives in this graph: nodes as far into it."""
    there = values_by_hand(model, document, {})
    shift = model.trace(document).scopes.find(path).start - graph.scopes.find(path).start
    return [there[node + shift].data for node in outputs(graph, path)]


def assert_by_hand(session: DebugSession, model: ModelSnapshot, numbers: dict[int, float]) -> None:
    """Loss, data and gradients of all nodes that the model makes, to the bit."""
    graph = session.graph
    made = values_by_hand(model, DOCUMENT, numbers)
    assert set(made) == {i for i in range(len(graph)) if graph.op(i) != "param"}
    for node, value in made.items():
        assert float(graph.data[node]).hex() == value.data.hex(), node
        assert float(graph.grad[node]).hex() == value.grad.hex(), node


@pytest.fixture(scope="module")
def origin(tiny_model: ModelSnapshot) -> GraphOrigin:
    training = Training(Corpus("tiny", DOCUMENTS), ModelConfig(4, 2, 2, 6))
    return GraphOrigin(tiny_model, DOCUMENT, 1, training.documents, training.state, training.config)


@pytest.fixture
def session(tiny_graph: Graph, origin: GraphOrigin) -> DebugSession:
    return DebugSession(tiny_graph, origin)


def test_nothing_replaced_is_the_graph(session: DebugSession, tiny_model: ModelSnapshot) -> None:
    assert_by_hand(session, tiny_model, {})


@pytest.mark.parametrize("path", PATHS)
def test_zero(session: DebugSession, tiny_model: ModelSnapshot, path: str) -> None:
    numbers = dict.fromkeys(outputs(session.graph, path), 0.0)
    session.replace_outputs(path, "zero")
    assert_by_hand(session, tiny_model, numbers)


@pytest.mark.parametrize("other", ["mia", "vera"])  # as long as the document, and longer
@pytest.mark.parametrize("path", PATHS)
def test_patch(session: DebugSession, tiny_model: ModelSnapshot, path: str, other: str) -> None:
    here = outputs(session.graph, path)
    numbers = there_of(tiny_model, session.graph, path, other)
    session.replace_outputs(path, "other", other)
    assert_by_hand(session, tiny_model, dict(zip(here, numbers, strict=True)))


@pytest.mark.parametrize("path", PATHS)
def test_mean(
    session: DebugSession, origin: GraphOrigin, tiny_model: ModelSnapshot, path: str
) -> None:
    position = int(path[3])
    here = outputs(session.graph, path)
    sums, n = [0.0] * len(here), 0
    for document in origin.documents:
        if len(document) < position:
            continue
        there = there_of(tiny_model, session.graph, path, document)
        sums = [total + number for total, number in zip(sums, there, strict=True)]
        n += 1
    session.replace_outputs(path, "mean")
    numbers = {node: total / n for node, total in zip(here, sums, strict=True)}
    assert_by_hand(session, tiny_model, numbers)
