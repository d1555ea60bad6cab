"""Views against a sum over single edges, and how much they show."""

from __future__ import annotations

import math
import re
import warnings
from collections import defaultdict

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import GraphError, ModelConfig, Value, scope
from microgpt.graph.graph import Graph
from tests.viz.computations import frozen, graphs, small_snapshot, square_graph, tutorial_graph
from viz import view as view_module
from viz.boxes import MAX_CHILDREN, Folding
from viz.dot import to_dot
from viz.view import (
    MAX_CONTEXT,
    MAX_DRAWN,
    View,
    folded,
    neighbourhood,
    scalars,
)
from viz.view_json import view_json


def bundles_by_edge(view: View) -> dict[tuple[str, str, int], tuple[int, float, float]]:
    """Count, sum of |contribution| and sum of contributions, one edge at a time."""
    key_of = {int(node): box.key for box in view.boxes for node in box.ids}
    single = {box.key for box in view.boxes if box.kind == "node"}
    inside = {box.key for box in view.inside}
    found: dict[tuple[str, str, int], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for node in range(len(view.graph)):
        for edge in view.graph.operands_of(node):
            source, target = key_of.get(edge.operand), key_of.get(edge.consumer)
            if source is None or target is None or source == target:
                continue
            if not {source, target} & inside:
                continue
            slot = edge.slot if {source, target} <= single else -1
            entry = found[source, target, slot]
            entry[0] += 1
            entry[1] += abs(edge.contribution)
            entry[2] += edge.contribution
    return {key: (int(n), size, net) for key, (n, size, net) in found.items()}


def assert_bundles(view: View) -> None:
    expected = bundles_by_edge(view)
    assert len({(b.source, b.target, b.slot) for b in view.bundles}) == len(view.bundles)
    found = {(b.source, b.target, b.slot): (b.count, b.magnitude, b.net) for b in view.bundles}
    assert found.keys() == expected.keys()
    for key, (count, magnitude, net) in found.items():
        assert count == expected[key][0]
        assert magnitude == pytest.approx(expected[key][1], rel=1e-12, nan_ok=True)
        assert net == pytest.approx(expected[key][2], rel=1e-9, abs=1e-300, nan_ok=True)


@given(graphs, st.data())
def test_bundles_are_the_sum_over_their_edges(graph: Graph, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("viz.boxes.MAX_CHILDREN", 4)
        folding = Folding(graph)
        box = folding.path_to(data.draw(st.integers(0, len(graph) - 1)))[-2]
        for depth in (1, 2):
            assert_bundles(folded(folding, box, depth))
    assert_bundles(scalars(graph, range(0, len(graph), 2), "every second"))


def test_bundles_of_a_model() -> None:
    folding = Folding(small_snapshot(steps=2).graph("ann"))
    for path in ("", "pos1", "pos1/layer0/attn", "pos2/layer0/attn/head1/mix", "loss"):
        assert_bundles(folded(folding, folding.scope(path)))


def test_every_edge_into_a_view_of_everything_is_in_a_bundle() -> None:
    graph = small_snapshot().graph("eva")
    view = folded(Folding(graph))
    inner = sum(
        int(np.isin(graph.operands[graph.operand_start[i] : graph.operand_start[i + 1]],
                    box.ids).sum())
        for box in view.boxes for i in box.ids
    )  # fmt: skip
    assert sum(bundle.count for bundle in view.bundles) + inner == graph.n_edges


def test_a_square_keeps_both_its_edges() -> None:
    graph = square_graph()
    view = scalars(graph, range(2), "y")
    x = view.to_networkx()
    assert list(x.edges(keys=True)) == [("#0", "#1", 0), ("#0", "#1", 1)]
    assert [data["bundle"].net for *_, data in x.edges(data=True)] == [3.0, 3.0]
    assert [data["around"] for _, data in x.nodes(data=True)] == [False, False]


def test_what_a_box_leads_to_is_what_networkx_says(emma_graph: Graph) -> None:
    for depth in (1, 2):
        view = folded(Folding(emma_graph), depth=depth)
        theirs = view.to_networkx()
        found = [view.descendants(box.key) for box in view.boxes]
        assert found == [nx.descendants(theirs, box.key) for box in view.boxes]
        assert any(found)


def test_no_view_of_the_default_model_has_more_boxes_than_can_be_read(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    waiting, seen = [folding.root], 0
    while waiting:
        box = waiting.pop()
        if box.kind in ("graph", "scope", "parameters"):
            view = folded(folding, box)
            seen += 1
            assert len(view.inside) <= MAX_CHILDREN
            assert len(view.around) <= MAX_CONTEXT
            assert len(view.boxes) <= 42
            assert len({b.key for b in view.boxes}) == len(view.boxes)
            waiting.extend(folding.children(box))
    assert seen > 136


def test_context_is_the_smallest_boxes_that_hold_it(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    view = folded(folding, folding.scope("pos1/layer0/mlp/fc1"))
    assert [box.key for box in view.around] == [
        "@layer0.mlp_fc1", "pos1/layer0/mlp/norm", "pos1/layer0/mlp/relu"]  # fmt: skip
    row = folded(folding, folding.find("pos1/layer0/mlp/fc1|fc1[0…7]|fc1[3]"))
    assert [box.key for box in row.around][:2] == ["@layer0.mlp_fc1[3]", "pos1/layer0/mlp/norm"]
    assert row.around[2].kind == "node"  # its relu, and no other
    assert emma_graph.op(row.around[2].node) == "relu"
    touched = set(map(int, np.concatenate([box.ids for box in row.around])))
    for node in row.focus.ids:
        for edge in (*emma_graph.operands_of(int(node)), *emma_graph.consumers_of(int(node))):
            assert {edge.operand, edge.consumer} <= touched | set(map(int, row.focus.ids))


def test_many_boxes_around_are_joined_on_each_side(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    around = folded(folding, folding.scope("pos2")).around
    assert [box.title for box in around] == [
        "wte[12]", "wpe[2]", "lm_head", "layer0", "pos0…1/layer0/attn", "pos3…4/layer0/attn",
        "#42916"]  # fmt: skip
    joined = around[4]
    assert joined.kind == "group"
    assert len(joined) == sum(len(folding.scope(f"pos{p}/layer0/attn")) for p in (0, 1))
    assert folding.find(joined.key) is folding.root


def test_parameters_around_are_joined_when_layers_are_many() -> None:
    model = ModelConfig(n_embd=2, n_head=1, n_layer=12, block_size=4)
    folding = Folding(small_snapshot(model).graph("an"))
    around = folded(folding, folding.scope("pos1")).around
    assert [box.title for box in around][:4] == ["wte[0]", "wpe[1]", "lm_head", "layer0…11"]
    assert around[3].kind == "parameters"
    assert len(around) <= MAX_CONTEXT


def test_the_box_of_a_node() -> None:
    graph = small_snapshot().graph("ann")
    folding = Folding(graph)
    view = folded(folding, folding.scope("pos1"))
    for box in view.boxes:
        assert view.box_of(int(box.ids[0])) is box
    assert view.box_of(graph.root) is not view.focus
    assert folded(folding, folding.scope("pos0/embed")).box_of(graph.root) is None


def test_a_node_looked_into_shows_itself_and_what_is_around() -> None:
    folding = Folding(tutorial_graph())
    view = folded(folding, folding.find("#2"))
    assert [box.label for box in view.inside] == ["c"]
    assert [box.label for box in view.around] == ["a", "b", "L"]
    assert view.is_scalar


# -- how deep, how far -----------------------------------------------------------------------------


def test_depth_opens_further() -> None:
    folding = Folding(small_snapshot().graph("ann"))
    titles = [[box.title for box in folded(folding, depth=depth).inside] for depth in (1, 2)]
    assert "pos1" in titles[0]
    assert "pos1/layer0" in titles[1]
    assert "lm_head" in titles[1]  # a matrix stays whole
    rows = folded(folding, folding.find("@lm_head"), depth=1)
    assert rows.inside[0].title == "lm_head[0]"  # unless it is looked into
    scores = folding.scope("pos1/layer0/attn/head1/scores")
    assert folded(folding, scores, depth=10**9).is_scalar


def test_too_deep_names_a_depth_that_fits(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    for path in ("", "pos1", "pos1/layer0/mlp"):
        box = folding.scope(path)
        with pytest.raises(GraphError, match=f"more than {MAX_DRAWN:,} boxes") as refusal:
            folded(folding, box, depth=50)
        depth, drawn = _offered(refusal.value)
        view = folded(folding, box, depth=depth)
        assert len(view.boxes) == drawn <= MAX_DRAWN
        with pytest.raises(GraphError):
            folded(folding, box, depth=depth + 1)


def _offered(refusal: GraphError) -> tuple[int, int]:
    """What a refusal says would fit, and how many boxes that draws."""
    offer = re.fullmatch(r".*; (?:depth )?(\d+) (?:hops? )?draws? ([\d,]+)", str(refusal))
    assert offer, refusal
    return int(offer[1]), int(offer[2].replace(",", ""))


def test_what_stands_around_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    folding = Folding(small_snapshot().graph("ann"))
    attn = folding.scope("pos1/layer0/attn")
    drawn = len(folded(folding, attn, depth=2).boxes)
    monkeypatch.setattr(view_module, "MAX_DRAWN", drawn)
    assert len(folded(folding, attn, depth=2).boxes) == drawn
    monkeypatch.setattr(view_module, "MAX_DRAWN", drawn - 1)
    with pytest.raises(GraphError, match=r"depth 2 would draw more than .* depth 1 draws"):
        folded(folding, attn, depth=2)


@pytest.mark.parametrize("depth", [0, -1])
def test_depth_below_1(depth: int) -> None:
    with pytest.raises(GraphError, match=f"depth {depth}: it must be at least 1"):
        folded(Folding(tutorial_graph()), depth=depth)


def test_neighbourhood() -> None:
    graph = tutorial_graph()
    view = neighbourhood(graph, 0, 1)
    assert [box.label for box in view.inside] == ["a", "c", "L"]
    assert (view.title, view.marked) == ("1 hop around a", 0)
    assert [box.label for box in neighbourhood(graph, 1, 0).inside] == ["b"]
    everything = neighbourhood(graph, 1, 10**9)
    assert len(everything.inside) == len(graph)
    with pytest.raises(GraphError, match="hops -1: it must be 0 or more"):
        neighbourhood(graph, 0, -1)


def test_too_far_names_hops_that_fit(emma_graph: Graph) -> None:
    node = emma_graph.find("layer0.attn_wq[3][7]")
    with pytest.raises(GraphError, match=r"12 hops around layer0\.attn_wq") as refusal:
        neighbourhood(emma_graph, node, 12)
    hops, drawn = _offered(refusal.value)
    assert len(neighbourhood(emma_graph, node, hops).boxes) == drawn <= MAX_DRAWN
    with pytest.raises(GraphError):
        neighbourhood(emma_graph, node, hops + 1)


def test_no_more_scalars_than_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "MAX_DRAWN", 3)
    graph = tutorial_graph()
    assert len(scalars(graph, range(3), "three").boxes) == 3
    with pytest.raises(GraphError, match="four has 4 nodes; at most 3 can be drawn"):
        scalars(graph, range(4), "four")


# -- numbers that are none -------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan, 1e200, 5e-324])
def test_odd_numbers_are_shown_without_a_warning(bad: float) -> None:
    with scope("a"):
        x = Value(bad, name="x")
        y = x * 1e200 + Value(-math.inf) * 0.5
    with scope("b"):
        z = y * x + x * 1e-320
    graph = frozen(z)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for view in (folded(Folding(graph)), scalars(graph, range(len(graph)), "all"),
                     neighbourhood(graph, 0, 2)):  # fmt: skip
            assert view.bundles
            assert to_dot(view).source
            assert "NaN" not in view_json(view)
            assert "Infinity" not in view_json(view)
