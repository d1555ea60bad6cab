"""What nodes are called by their place, and that they are found by it again."""

from __future__ import annotations

import re

import pytest

from microgpt import Corpus, Graph, GraphError, ModelConfig, ModelSnapshot, Training, Value, scope
from microgpt.debugger.node_references import find_node
from microgpt.model.place_names import find_by_place, named, place_in_scope, place_name


@pytest.fixture(scope="module")
def two_layers() -> Graph:
    run = Training(Corpus("tiny", ("emma", "ava")), ModelConfig(4, 2, 2, 6))
    return ModelSnapshot.of(run).graph("ava")


def test_by_what_it_is_and_the_token_read(emma_graph: Graph) -> None:
    node = emma_graph.scopes.find("pos1/layer0/attn/q").start
    assert place_name(emma_graph, node) == "q[0] term 0 at 1 e"
    assert place_in_scope(emma_graph, node) == "q[0] term 0"
    assert named(emma_graph, node) == f"q[0] term 0 at 1 e (#{node})"


def test_a_name_of_its_own_comes_first(emma_graph: Graph) -> None:
    weight, prob = emma_graph.find("layer0.attn_wq[3][7]"), emma_graph.find("p1(m)")
    assert place_name(emma_graph, weight) == place_name(emma_graph, prob) == ""
    assert named(emma_graph, weight) == "layer0.attn_wq[3][7]"
    x = Value(2.0)
    assert named(Graph.from_value(x * x), 1) == "#1"


def test_a_path_is_as_short_as_tells_it_apart(emma_graph: Graph, two_layers: Graph) -> None:
    def short(graph: Graph, path: str) -> str:
        return graph.scopes.short_path(graph.scopes.find(path))

    assert short(emma_graph, "pos1/layer0/attn/q") == "q"
    assert short(emma_graph, "pos1/layer0/attn/norm") == "attn/norm"  # there is one in mlp
    assert short(emma_graph, "pos1/layer0/attn/head2/scores") == "head2/scores"
    assert short(emma_graph, "pos1/softmax") == "softmax"  # all of the way from its position
    assert short(emma_graph, "loss") == "loss"
    assert short(two_layers, "pos1/layer1/attn/q") == "layer1/attn/q"


@pytest.mark.parametrize("document", ["ava", "emma"])
def test_every_node_is_found_by_what_it_is_called(document: str) -> None:
    run = Training(Corpus("tiny", ("emma", "ava")), ModelConfig(2, 1, 2, 6))
    graph = ModelSnapshot.of(run).graph(document)
    places: dict[str, list[int]] = {}
    for node in range(len(graph)):
        assert find_node(graph, named(graph, node)) == node or node in graph.names
        places.setdefault(place_name(graph, node), []).append(node)
    del places[""]
    assert len(places) > 1000
    alike = 0
    for words, nodes in list(places.items())[::13]:  # each is looked for in a whole scope
        if len(nodes) == 1:
            assert find_node(graph, words) == nodes[0]
        else:
            alike += 1
            with pytest.raises(GraphError, match=rf"{len(nodes)} nodes: .*\(#{nodes[0]}\)"):
                find_node(graph, words)
    assert alike < len(places) / 13 / 20  # constants of one formula, mostly


def test_what_is_left_out_is_asked_for(emma_graph: Graph) -> None:
    found = [find_by_place(emma_graph, f"q[3] term 7 at {at}") for at in ("0 BOS", "4 a")]
    message = (
        f"'q[3] term 7' could be any of 5 nodes: q[3] term 7 at 0 BOS (#{found[0]}); "
        f".*; q[3] term 7 at 4 a (#{found[1]})"
    )
    with pytest.raises(GraphError, match=re.escape(message).replace(r"\.\*", ".*")):
        find_by_place(emma_graph, "q[3] term 7")
    whole_path = find_by_place(emma_graph, "pos4/layer0/attn/q[3] term 7")
    assert whole_path == found[1]
    assert find_by_place(emma_graph, "q[3] term 16 at 4 a") is None
    assert find_by_place(emma_graph, "scores[0] term 0 at 4 a") is None  # of which head?


def test_other_programs_are_named_by_their_own_scopes() -> None:
    x = [Value(1.0), Value(2.0), Value(3.0)]
    losses = []
    for _ in range(2):
        with scope("forward"):
            with scope("layer0"), scope("neuron"):
                hidden = x[0] * x[1] + x[1] * x[2] + x[2] * x[0]
            with scope("layer1"), scope("neuron"):
                losses.append(hidden * hidden)
    graph = Graph.from_value(losses[0] + losses[1])
    second = graph.scopes.find("forward[1]/layer0/neuron")
    assert place_name(graph, second.start) == "layer0/neuron term 0 at forward[1]"
    last = graph.scopes.find("forward[1]/layer1/neuron")
    assert place_name(graph, last.start) == "layer1/neuron at forward[1]"
    assert place_name(graph, graph.root) == ""
