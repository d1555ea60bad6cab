"""What if: equal to a fresh run with the changed numbers, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from microgpt import (
    Corpus,
    DomainError,
    Graph,
    GraphError,
    InputError,
    ModelConfig,
    ModelSnapshot,
    Training,
    Value,
)
from microgpt.replay.editing import EditableGraph, SetNode, SetScope, SetToken, scope_outputs
from tests.microgpt.replay.same import assert_same, built_again, hexes

HEAD = "pos1/layer0/attn/head1/mix"


@pytest.fixture(scope="module")
def model() -> ModelSnapshot:
    run = Training(Corpus("mine", ("abac", "cab", "dad")), ModelConfig(4, 2, 1, 6))
    for _ in run.results(3):
        pass
    return ModelSnapshot.of(run)


@pytest.fixture(scope="module")
def what_if(model: ModelSnapshot) -> EditableGraph:
    return EditableGraph(model.trace("abac"), model, "abac")


def assert_fresh(graph: Graph, base: Graph, numbers: dict[int, float]) -> None:
    """The graph is what `base` is when computed afresh with these constants."""
    made = built_again(base, numbers)
    assert hexes(graph.data) == [made[i].data.hex() for i in range(len(base))]
    assert hexes(graph.grad) == [made[i].grad.hex() for i in range(len(base))]


def test_no_change_is_the_graph_itself(what_if: EditableGraph) -> None:
    outcome = what_if.after([])
    assert_same(outcome.graph, what_if.graph)
    assert outcome.ids.tolist() == list(range(len(what_if.graph)))


def test_a_stack_of_numbers(what_if: EditableGraph) -> None:
    """Undone by leaving the last one out."""
    graph = what_if.graph
    weight, hidden = graph.find("layer0.mlp_fc1[3][1]"), graph.scopes.find("pos2/layer0/mlp").stop
    changes = [SetNode(weight, 0.5), SetNode(hidden, -1.25), SetNode(weight, 0.75)]
    assert_fresh(what_if.after(changes).graph, graph, {weight: 0.75, hidden: -1.25})
    assert_fresh(what_if.after(changes[:-1]).graph, graph, {weight: 0.5, hidden: -1.25})


def test_a_head_put_to_zero_or_to_other_numbers(what_if: EditableGraph) -> None:
    graph = what_if.graph
    outputs = scope_outputs(graph, HEAD).tolist()
    assert len(outputs) == 2  # head_dim
    after = what_if.after([SetScope(HEAD)]).graph
    assert_fresh(after, graph, dict.fromkeys(outputs, 0.0))
    numbers = (0.25, -0.5)
    after = what_if.after([SetScope(HEAD, numbers)]).graph
    assert_fresh(after, graph, dict(zip(outputs, numbers, strict=True)))
    assert [after.op(node) for node in outputs] == ["const", "const"]
    assert after.data[after.root] != graph.data[graph.root]


def test_outputs_of_a_scope(what_if: EditableGraph) -> None:
    graph = what_if.graph
    # Keys are read by this position and all later ones, once each.
    assert len(scope_outputs(graph, "pos0/layer0/attn/k")) == 4
    assert scope_outputs(graph, "loss").tolist() == [graph.root]
    (loss,) = scope_outputs(graph, "pos3/loss")
    assert graph.data[loss] > 0
    with pytest.raises(GraphError, match="no scope 'pos9'"):
        scope_outputs(graph, "pos9")


def test_another_character_is_another_document(
    what_if: EditableGraph, model: ModelSnapshot
) -> None:
    outcome = what_if.after([SetToken(2, "d"), SetToken(4, "a")])
    other = model.trace("adaa")
    assert_same(outcome.graph, other)
    ids = outcome.ids
    inside = np.flatnonzero(what_if.graph.scope_of > 0)
    for before, after in zip(inside.tolist(), ids[inside].tolist(), strict=True):
        assert what_if.graph.op_codes[before] == other.op_codes[after]
    assert what_if.graph.scopes[int(what_if.graph.scope_of[inside[0]])].path == "pos0/embed"
    assert other.name(int(ids[what_if.graph.find("wpe[1][2]")])) == "wpe[1][2]"
    assert ids[what_if.graph.find("wte[2][0]")] == -1  # no c in it


def test_characters_and_numbers_together(what_if: EditableGraph, model: ModelSnapshot) -> None:
    """Ids are those of the graph before, whatever comes first; what is not read has no effect."""
    graph, other = what_if.graph, model.trace("abad")
    node = int(scope_outputs(graph, "pos1/layer0/mlp/relu")[0])
    weight, gone = graph.find("lm_head[1][1]"), graph.find("wte[2][0]")
    numbers = [SetNode(node, 2.0), SetNode(weight, 0.1), SetNode(gone, 9.0), SetScope(HEAD)]
    for changes in ([SetToken(4, "d"), *numbers], [*numbers, SetToken(4, "d")]):
        outcome = what_if.after(changes)
        expected = {int(outcome.ids[node]): 2.0, other.find("lm_head[1][1]"): 0.1}
        expected |= dict.fromkeys(scope_outputs(other, HEAD).tolist(), 0.0)
        assert_fresh(outcome.graph, other, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (SetNode(10**6, 0.0), "no node #1000000"),
        (SetNode(-1, 0.0), "no node #-1"),
        (SetScope("pos1/nowhere"), "no scope 'pos1/nowhere'"),
        (SetScope(HEAD, (1.0,)), "has 2 outputs; 1 numbers were given"),
        (SetToken(0, "a"), "cannot set token 0 to 'a': document 'abac' has one character each"),
        (SetToken(5, "a"), "at positions 1 to 4"),
        (SetToken(1, "ab"), "cannot set token 1 to 'ab'"),
        (SetToken(1, "x"), "character 'x'"),
    ],
)
def test_changes_that_cannot_be_made(what_if: EditableGraph, change: object, message: str) -> None:
    with pytest.raises((GraphError, InputError), match=message):
        what_if.after([change])  # type: ignore[list-item]


def test_a_graph_that_is_no_documents_has_no_tokens() -> None:
    with pytest.raises(InputError, match="in the graph of a document only"):
        EditableGraph(Graph.from_value(Value(1.0))).after([SetToken(1, "a")])


def test_an_op_without_a_result(what_if: EditableGraph) -> None:
    log = int(scope_outputs(what_if.graph, "pos1/softmax")[0])
    with pytest.raises(DomainError, match=r"log\(0.0\) has no finite real value.* in pos1/loss"):
        what_if.after([SetNode(log, 0.0)])
