"""Dividing scalars into groups: outputs gather what only they need, long sums split into terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Value
from microgpt.graph.graph import Graph
from tests.viz.computations import frozen, graphs
from viz.partition import Group, partition


def labels(groups: list[Group]) -> list[str]:
    return [group.label() for group in groups]


@given(graphs, st.integers(2, 8), st.sampled_from(["", "fc1", "add", "out", "Σ"]))
def test_laws(graph: Graph, limit: int, name: str) -> None:
    if len(graph) <= limit:
        return
    groups = partition(graph, range(len(graph)), limit, name)
    assert 2 <= len(groups) <= limit
    assert sorted(i for group in groups for i in group.ids) == list(range(len(graph)))
    assert len(set(labels(groups))) == len(groups)
    assert [group.ids[0] for group in groups] == sorted(group.ids[0] for group in groups)


def layer(n_outputs: int, n_inputs: int) -> tuple[Graph, range]:
    """A linear layer on inputs made before it, and the ids of what it made."""
    x = [Value(0.1 * i) for i in range(n_inputs)]
    rows = [[Value(0.01 * (i + j)) for j in range(n_inputs)] for i in range(n_outputs)]
    made_before = n_inputs * (n_outputs + 1)
    outputs = [sum((w * v for w, v in zip(row, x, strict=True)), Value(0)) for row in rows]
    last = [y.relu() for y in outputs]
    graph = frozen(sum(last[1:], last[0]))
    return graph, range(made_before, made_before + n_outputs * (2 * n_inputs + 1))


def test_each_output_of_a_layer_gathers_its_products_and_sums() -> None:
    graph, ids = layer(n_outputs=3, n_inputs=5)
    groups = partition(graph, ids, 10, "fc1")
    assert labels(groups) == ["fc1[0]", "fc1[1]", "fc1[2]"]
    assert [group.ids for group in groups] == [tuple(ids[i : i + 11]) for i in (0, 11, 22)]


def test_like_groups_are_joined_into_runs() -> None:
    graph, ids = layer(n_outputs=20, n_inputs=2)
    groups = partition(graph, ids, 10, "fc1")
    assert labels(groups) == ["fc1[0…4]", "fc1[5…9]", "fc1[10…14]", "fc1[15…19]"]
    assert groups[1].label(offset=40) == "fc1[45…49]"


def test_a_long_sum_is_divided_into_its_terms() -> None:
    graph, ids = layer(n_outputs=1, n_inputs=6)
    groups = partition(graph, ids, 10, "fc1")
    assert labels(groups) == [f"terms {place}" for place in range(6)]
    assert [[graph.op(i) for i in group.ids] for group in groups[:2]] == [
        ["input", "mul", "add"], ["mul", "add"]]  # fmt: skip
    assert groups[2].label(offset=8) == "terms 10"


def test_a_node_used_inside_and_outside_is_an_output() -> None:
    first = Value(0.5).exp()
    second = first.exp().exp()
    graph = frozen(second * first)
    assert labels(partition(graph, [1, 2, 3], 2, "e")) == ["e[0]", "e[1]"]


def test_a_partial_sum_that_is_used_ends_the_sum() -> None:
    x = [Value(float(i)) for i in range(9)]
    total = x[0]
    partial = total
    for place, value in enumerate(x[1:]):
        total = total + value
        if place == 3:
            partial = total
    graph = frozen((total * 2).relu() + partial * 3)
    groups = partition(graph, range(9, len(graph)), 8, "f")
    assert labels(groups) == ["terms 0", "terms 1", "terms 2", "terms 3", "out"]


def test_inner_nodes_do_not_count_among_the_outputs_of_their_name() -> None:
    shared = [Value(float(i)) * 2 for i in range(2)]
    outputs = [shared[0] * shared[1], shared[1] * shared[0]]
    graph = frozen(outputs[0].relu() + outputs[1].relu())
    ids = [i for i in range(len(graph)) if graph.op(i) == "mul"]
    assert labels(partition(graph, ids, 3, "mul")) == ["inner mul[0…1]", "mul[0…1]"]


@pytest.mark.parametrize("name", ["", "softmax"])
def test_a_regions_only_output_has_no_number(name: str) -> None:
    graph = frozen(Value(0.5).exp().relu().exp().log() * -1)
    groups = partition(graph, range(1, 5), 3, name)
    assert labels(groups) == ["exp[0…1]", "relu", "out"]


def test_a_region_that_peels_slowly_is_cut_in_order_of_creation() -> None:
    value, w = Value(0.5), Value(0.9)
    for _ in range(400):
        value = value * w + 1 + 2 + 3 + 4
    graph = frozen(value)
    groups = partition(graph, range(len(graph)), 34)
    assert max(len(group.ids) for group in groups) < len(graph) / 10
    assert labels(groups)[0] == f"#0…{groups[0].ids[-1]}"


def test_an_add_without_operands_is_a_leaf() -> None:
    odd = Value(1.0, op="add")
    graph = frozen((odd + 1) * odd)
    assert len(partition(graph, range(len(graph)), 3)) in (2, 3)
