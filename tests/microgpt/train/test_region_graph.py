"""Regions: some scopes of a step in scalars, with the numbers, ids and gradients of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from microgpt import Corpus, Graph, GraphError, InputError, ModelConfig, Training, TrainingConfig
from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.debugger.node_references import find_node
from microgpt.debugger.outcome import Outcome
from microgpt.graph.region import OUTSIDE
from microgpt.model.place_names import named
from microgpt.train import graph_cost
from microgpt.train.graph_cost import check_whole, n_nodes
from microgpt.train.model_snapshot import ModelSnapshot
from microgpt.train.region_graph import region_graph, whole_layout
from microgpt.train.step_vectors import StepVectors

CORPUS = Corpus("small", ("emma", "ava", "mia", "olivia", "noah"))
DOCUMENT = "olivia"


@pytest.fixture(scope="module")
def model() -> ModelSnapshot:
    training = Training(
        CORPUS, ModelConfig(n_embd=8, n_head=2, n_layer=2, block_size=8), TrainingConfig(9, lr=0.05)
    )
    for _ in training.losses():
        pass
    return ModelSnapshot.of(training)


@pytest.fixture(scope="module")
def whole(model: ModelSnapshot) -> Graph:
    return model.trace(DOCUMENT)


@pytest.fixture(scope="module")
def vectors(model: ModelSnapshot) -> StepVectors:
    found = StepVectors.of(model, DOCUMENT)
    assert found is not None
    return found


def scopes_of(graph: Graph) -> list[str]:
    return [scope.path for scope in graph.scopes if scope.path.startswith("pos")]


def test_vectors_are_the_outputs_of_every_place(whole: Graph, vectors: StepVectors) -> None:
    n_looked_at = 0
    for scope in whole.scopes:
        if not scope.path.startswith("pos") or whole.scopes.children(scope):
            continue
        position, _, place = scope.path.partition("/")
        outputs = whole.outputs_of(scope)
        data, grad = vectors.at_place(place).at(int(position.removeprefix("pos")))
        assert np.array_equal(whole.data[outputs], data), scope.path
        assert np.array_equal(whole.grad[outputs], grad), scope.path
        n_looked_at += len(outputs)
    assert n_looked_at > 2_000
    with pytest.raises(KeyError):
        vectors.at_place("layer0/attn/nothing")


def assert_as_in_the_whole(
    region: Graph, whole: Graph, *, in_order: bool = True, within: float = 0.0
) -> None:
    """Every number, edge, name and gradient, the last within a relative error."""
    assert region.region is not None
    ids = region.region.ids
    assert region.region.n_whole == len(whole)
    assert ids[-1] == whole.root
    assert region.checked() is region  # its events come to its gradients
    assert np.array_equal(region.data, whole.data[ids])
    inner = np.flatnonzero(np.diff(region.operand_start) > 0)[:-1]
    np.testing.assert_allclose(region.grad[inner], whole.grad[ids[inner]], rtol=within, atol=0.0)
    assert np.array_equal(region.op_codes[inner], whole.op_codes[ids[inner]])
    for node in inner.tolist():
        mine, theirs = region.operands_of(node), whole.operands_of(int(ids[node]))
        assert [ids[e.operand] for e in mine] == [e.operand for e in theirs]
        assert [e.local for e in mine] == [e.local for e in theirs]
        assert region.scope(node) == whole.scope(int(ids[node]))
        assert region.line(node) == whole.line(int(ids[node]))
    for node in inner[::97].tolist():
        assert named(region, node) == named(whole, int(ids[node]))
    if in_order:
        rank = whole.event_of[ids[region.visit_order]]
        assert (np.diff(rank) > 0).all()


@pytest.mark.parametrize("position", [0, 5])
def test_every_scope_is_as_in_the_whole(whole: Graph, vectors: StepVectors, position: int) -> None:
    for path in scopes_of(whole):
        if path.split("/")[0] == f"pos{position}":
            # The whole visits the target's row of lm_head first; which comes of what is read.
            region = region_graph(vectors, [path])
            assert_as_in_the_whole(region, whole, in_order=not path.endswith("lm_head"))


@pytest.mark.parametrize(
    "scopes",
    [
        ("pos1/embed", "pos1/layer0/attn/norm"),
        ("pos1/layer0/attn/k", "pos2/layer0/attn/head1"),
        ("pos2/layer0/attn/norm", "pos2/layer0/attn/q"),
        ("pos1/embed", "pos1/layer0/attn/residual"),
        ("pos4", "pos1", "pos2"),
        ("pos3/layer1", "pos3/layer1/mlp"),
    ],
)
def test_several_scopes_at_once(
    whole: Graph, vectors: StepVectors, scopes: tuple[str, ...]
) -> None:
    region = region_graph(vectors, scopes)
    in_order = scopes[0] != "pos1/embed"
    # Where consumers on both sides of the border take turns, no number need come out exactly.
    assert_as_in_the_whole(region, whole, in_order=in_order, within=1e-14)
    assert region.region is not None
    assert region.region.scopes == tuple(s for s in scopes if s != "pos3/layer1/mlp")


def test_what_flows_in_at_the_border_is_a_field_of_its_own(
    whole: Graph, vectors: StepVectors
) -> None:
    graph = region_graph(vectors, ["pos2/layer1/attn"])
    region = graph.region
    assert region is not None
    assert graph.op(graph.root) == OUTSIDE
    assert graph.data[graph.root] == whole.data[whole.root]
    edges = graph.operands_of(graph.root)
    assert [e.local for e in edges] == [region.grad_outside[e.operand] for e in edges]
    assert len(edges) == np.count_nonzero(region.grad_outside)
    # Queries are read inside alone, keys by later positions too, and the sum by others alone.
    for part, inside, outside in (("q", True, False), ("k", True, True), ("residual", False, True)):
        scope = graph.scopes.find(f"pos2/layer1/attn/{part}")
        nodes = graph.outputs_of(scope)
        assert (region.grad_outside[nodes] != 0).all() == outside
        assert (region.grad_outside[nodes] != graph.grad[nodes]).all() == inside


def run(graph: Graph, *lines: str) -> list[Outcome]:
    console = Console(DebugSession(graph))
    return [outcome for line in lines if (outcome := console.execute(line)) is not None]


def test_nodes_are_called_as_in_the_whole(whole: Graph, vectors: StepVectors) -> None:
    graph = region_graph(vectors, ["pos3/layer1/attn/head1"])
    region = graph.region
    assert region is not None
    node = len(graph) // 2
    number = int(region.ids[node])
    assert graph.find(f"#{number}") == node
    (told,) = run(graph, f"print #{number}")
    (as_whole,) = run(whole, f"print #{number}")
    assert told.lines()[:3] == as_whole.lines()[:3]
    assert f'"id": {number}' in told.as_json()
    assert graph.name(graph.find("pos3/layer1/attn/q[5]")) == "pos3/layer1/attn/q[5]"
    with pytest.raises(GraphError, match=r"here: this is a region of .* nodes: pos3/layer1/attn"):
        graph.find("#7")
    assert "events are counted in it" in run(graph, "where")[0].lines()[-1]


def test_why_and_stepping_are_the_wholes_within_the_border(
    whole: Graph, vectors: StepVectors
) -> None:
    graph = region_graph(vectors, ["pos3/layer1/mlp"])
    node = find_node(graph, "pos3/layer1/mlp/fc1[7]")
    (told,) = run(graph, "why pos3/layer1/mlp/fc1[7]")
    assert "they lie beyond this region" in "\n".join(told.lines())
    explained = told.answer
    assert explained.gradient == whole.grad[graph.id_of(node)]  # type: ignore[attr-defined]
    shares = sum(path.share for path in explained.paths)  # type: ignore[attr-defined]
    assert shares + explained.remainder == pytest.approx(explained.gradient)  # type: ignore[attr-defined]
    first, last = run(graph, "goto backward 1", "goto end")
    assert first.state.node == graph.root
    assert last.state.event == graph.n_events - 1


@pytest.mark.parametrize(
    "line",
    ["set #{} = 3", "zero pos3/layer1/mlp/fc1", "mean pos3/layer1/mlp/fc1", "token 3 = a", "health",
     "patch pos3/layer1/mlp/fc1 from ava", "gradcheck #{}", "diagnose"],
)  # fmt: skip
def test_what_needs_the_whole_says_what_it_would_cost(vectors: StepVectors, line: str) -> None:
    graph = region_graph(vectors, ["pos3/layer1/mlp"])
    with pytest.raises(GraphError, match=r"needs the whole step, [\d,]+ nodes in about .* GB"):
        run(graph, line.format(graph.id_of(5)))


@pytest.mark.parametrize(
    ("scope", "said"),
    [("pos9", "no scope 'pos9'"), ("loss", "it begins with a position"), ("", "no region ''"),
     ("pos1/layer7", "inside pos1 there is embed, layer0")],
)  # fmt: skip
def test_what_is_no_region(vectors: StepVectors, scope: str, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        region_graph(vectors, [scope])


def test_a_region_that_is_too_large(vectors: StepVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microgpt.train.region_graph.MOST_NODES", 100)
    with pytest.raises(GraphError, match="a region has at most 100: name a scope inside"):
        region_graph(vectors, ["pos1"])


@pytest.mark.parametrize("sizes", [(8, 2, 2, 8), (6, 3, 1, 4), (4, 1, 3, 12), (2, 1, 1, 1)])
@pytest.mark.parametrize("length", [1, 3, 11])
def test_nodes_are_counted_without_being_laid_out(
    sizes: tuple[int, int, int, int], length: int
) -> None:
    config = ModelConfig(*sizes)
    training = Training(CORPUS, config)
    model = ModelSnapshot.of(training)
    vectors = StepVectors.of(model, "olivianoahm"[:length])
    assert vectors is not None
    counted = n_nodes(config, model.tokenizer.vocab_size, vectors.tokens)
    assert counted == whole_layout(vectors).layout.size


def test_a_whole_that_is_too_large_is_refused_with_its_cost(
    model: ModelSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_cost, "MOST_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"[\d,]+ nodes in about 0.0 GB of memory and 0 s"):
        model.graph(DOCUMENT)
    check_whole(ModelConfig(2, 1, 1, 2), 3, (0, 1, 0))


def test_numbers_that_are_not_finite_have_no_vectors(model: ModelSnapshot) -> None:
    data = model.data[:]
    data[-1] = float("nan")
    assert StepVectors.of(ModelSnapshot(model.config, model.tokenizer, data), DOCUMENT) is None
