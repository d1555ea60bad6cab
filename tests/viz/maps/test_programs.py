"""Maps of programs that open no scopes: what is found in their code and in what it computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import Graph, Value, recording, scope
from tests.viz.computations import ROWS, Row, made
from tests.viz.maps import gpt_programs as gpt
from tests.viz.maps import other_programs as other
from viz.maps.step_map import StepMap

Gpt = Callable[[gpt.Size], Value]
GPTS: list[Gpt] = [
    gpt.flat_gpt, gpt.gpt_by_position, gpt.gpt_all_positions, gpt.gpt_of_classes,
]  # fmt: skip

sizes = st.builds(
    gpt.Size,
    tokens=st.lists(st.integers(0, 2), min_size=3, max_size=6).map(tuple),
    n_layer=st.integers(1, 3),
    n_head=st.sampled_from([1, 2, 4]),
)


def map_of(program: Callable[[], Value]) -> StepMap:
    with recording():
        loss = program()
    loss.backward()
    return StepMap.of(Graph.from_value(loss))


def rows_of(step_map: StepMap) -> list[tuple[str, int | None]]:
    return [(row.name, row.layer) for row in step_map.rows]


def assert_every_node_lies_in_one_cell(step_map: StepMap) -> None:
    nodes = [
        node
        for ranges in step_map.grid.node_ranges
        for start, stop in ranges
        for node in range(start, stop)
    ]
    assert sorted(nodes) == list(range(len(step_map.graph)))


@given(rows=st.lists(ROWS, max_size=60))
def test_every_node_of_any_recorded_graph_lies_in_one_cell(rows: list[Row]) -> None:
    """Scopes opened by hand at one place under other names, parameters read anywhere."""
    with recording():
        graph = made(rows)
    step_map = StepMap.of(graph)
    assert_every_node_lies_in_one_cell(step_map)
    assert {row for row, _ in enumerate(step_map.rows)} == set(step_map.grid.row_of.tolist())
    names = [(row.name, row.layer) for row in step_map.rows]
    assert len(names) == len(set(names))


# -- a GPT -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("program", GPTS)
@settings(max_examples=25)
@given(size=sizes)
def test_columns_layers_and_heads_of_a_gpt(program: Gpt, size: gpt.Size) -> None:
    step_map = map_of(lambda: program(size))
    assert_every_node_lies_in_one_cell(step_map)
    n_columns = len(size.next_tokens)
    assert len(step_map.grid.labels) == n_columns
    layers = set(range(size.n_layer)) if size.n_layer > 1 else set()
    assert {row.layer for row in step_map.rows} == {None, *layers}
    # One layer is no loop, so its heads are of no layer.
    heads = {(head.layer, head.head) for head in step_map.weights}
    assert heads == {(i, h) for i in layers or {None} for h in range(size.n_head)}
    for head in step_map.weights:
        assert head.sources == tuple(range(head.column + 1))
        assert sum(head.weights) == pytest.approx(1)
    assert len(step_map.weights) == size.n_layer * size.n_head * n_columns


@pytest.mark.parametrize("program", GPTS)
def test_every_matrix_of_a_gpt_stands_in_a_row_of_its_layer(program: Gpt) -> None:
    step_map = map_of(lambda: program(gpt.SIZE))
    by_matrix = {name: row for row in step_map.rows for name in row.matrices}
    assert {by_matrix["wte"].layer, by_matrix["wpe"].layer, by_matrix["lm_head"].layer} == {None}
    assert by_matrix["wte"] == by_matrix["wpe"] == step_map.rows[0]
    inner = {name: row for name, row in by_matrix.items() if "." in name}
    for name, row in inner.items():
        assert str(row.layer) == name.partition(".")[0][-1]
        assert row.matrices == (name,)
    order = [step_map.rows.index(row) for row in inner.values()]
    assert len(order) == len(set(order))


@pytest.mark.parametrize("program", GPTS)
def test_weights_are_what_multiplies_values(program: Gpt) -> None:
    """The sum that each weight is divided by is one node for all weights of its head."""
    step_map = map_of(lambda: program(gpt.SIZE))
    graph = step_map.graph
    for head in step_map.weights:
        shared = [_divisor(graph, node) for node in head.nodes]
        assert len(set(shared)) == 1
        assert list(head.weights) == graph.data[list(head.nodes)].tolist()


def _divisor(graph: Graph, weight: int) -> int:
    """The sum of exponentials below a weight `e * total ** -1`, or `e / total`."""
    power = graph.operands_of(weight)[1].operand
    assert graph.op(power) == "pow"
    return graph.operands_of(power)[0].operand


def test_rows_of_a_gpt_are_named_by_calls() -> None:
    layer = [
        "rmsnorm", "linear", "linear[1]", "linear[2]", "attend/head0", "attend/head1", "linear[3]",
        "line", "rmsnorm[1]", "linear[4]", "line", "linear[5]", "line",
    ]  # fmt: skip
    step_map = map_of(gpt.gpt_by_position)
    for i in range(2):
        names = [name for name, number in rows_of(step_map) if number == i]
        assert ["line" if name.startswith("line ") else name for name in names] == layer
    outside = [name for name, number in rows_of(step_map) if number is None]
    assert outside[1:3] == ["linear", "softmax"]


def test_flat_code_is_rows_of_lines() -> None:
    step_map = map_of(gpt.flat_gpt)
    first = [row for row in step_map.rows if row.layer == 0]
    reading = [row for row in first if row.matrices]
    names = ["wq", "wk", "wv", "wo", "fc1", "fc2"]
    assert [row.matrices for row in reading] == [(f"layer0.{name}",) for name in names]
    assert all(row.name.startswith("lines ") for row in reading)  # a first term, and the others
    assert [row.name for row in first[3:5]] == ["head0", "head1"]


def test_heads_with_matrices_of_their_own_are_side_by_side() -> None:
    step_map = map_of(gpt.gpt_of_classes)
    names = [row.name for row in step_map.rows if row.layer == 1]
    assert names[1:9] == [
        "Head/Linear", "Head/Linear[1]", "Head/Linear[2]", "Head/head0",
        "Head/Linear[3]", "Head/Linear[4]", "Head/Linear[5]", "Head/head1",
    ]  # fmt: skip


def test_scopes_opened_by_hand_keep_their_names() -> None:
    def program() -> Value:
        size = gpt.SIZE
        w = gpt.gpt_matrices(size)
        keys: gpt.Matrix = []
        losses = []
        for pos, (token, target) in enumerate(size.next_tokens):
            with scope(f"pos{pos}"):
                x = [a + b for a, b in zip(w["wte"][token], w["wpe"][pos], strict=True)]
                with scope("layer0"):
                    q, k = gpt.linear(x, w["layer0.wq"]), gpt.linear(x, w["layer0.wk"])
                    keys.append(k)
                    with scope("reading"):
                        mixed = gpt.attend(gpt.Size(n_head=1), q, keys, keys)
                    x = gpt.linear(mixed, w["layer0.wo"])
                losses.append(-gpt.softmax(gpt.linear(x, w["lm_head"]))[target].log())
        return gpt.total(losses)

    step_map = map_of(program)
    named = [row for row in rows_of(step_map) if not row[0].startswith("line ")]
    assert named == [
        ("linear", 0), ("linear[1]", 0), ("reading", 0), ("linear[2]", 0), ("linear", None),
        ("softmax", None), ("program", None),
    ]  # fmt: skip
    assert [step_map.rows[row].name for row in step_map.head_of_row] == ["reading"]


# -- other programs --------------------------------------------------------------------------------


def test_layers_that_share_their_parameters_are_one() -> None:
    """They multiply how often these are read: twelve times, for four columns."""
    step_map = map_of(other.shared_layers)
    assert_every_node_lies_in_one_cell(step_map)
    assert len(step_map.grid.labels) == 4
    assert {row.layer for row in step_map.rows} == {None}
    assert [row.name for row in step_map.rows if "block" in row.name] == [
        "block/linear", next(r.name for r in step_map.rows if "block/line " in r.name),
        "block/linear[1]",
    ]  # fmt: skip
    graph, cell_of = step_map.graph, step_map.grid.cell_of
    for column in range(4):
        row = [row.name for row in step_map.rows].index("block/linear")
        inside = np.flatnonzero(cell_of == step_map.grid.at[row, column])
        scopes = {graph.scope(int(node)).split("/")[1] for node in inside}
        names = [f"block[{3 * column + turn}]" for turn in range(3)]
        assert scopes == {name.removesuffix("[0]") for name in names}


def test_a_recurrent_network_has_a_column_for_each_step_and_no_heads() -> None:
    step_map = map_of(other.rnn)
    assert_every_node_lies_in_one_cell(step_map)
    assert len(step_map.grid.labels) == 4
    assert step_map.head_of_row == {}
    assert step_map.weights == ()
    assert step_map.ribbons == ()
    readers = [row.matrices for row in step_map.rows if row.matrices]
    assert readers == [("wte", "wxh"), ("whh",), ("why",)]
    for row, shown in enumerate(step_map.rows):
        if shown.matrices:
            assert (step_map.grid.at[row] >= 0).all()


@given(n_samples=st.integers(2, 9))
def test_samples_are_columns_and_units_are_in_one_row(n_samples: int) -> None:
    step_map = map_of(lambda: other.mlp_by_sample(n_samples))
    assert_every_node_lies_in_one_cell(step_map)
    assert len(step_map.grid.labels) == n_samples
    layers = [(row.name, row.layer, row.matrices) for row in step_map.rows if row.layer is not None]
    assert layers == [
        ("Layer", i, (f"layer{i}", f"layer{i}_bias")) for i in range(3)
    ]  # fmt: skip
    penalty = step_map.grid.cell_of[step_map.graph.root]
    assert step_map.grid.column_of[penalty] == -1


def test_a_batch_that_goes_layer_by_layer_has_the_same_columns() -> None:
    step_map = map_of(other.mlp_by_layer)
    assert len(step_map.grid.labels) == 6
    readers = {row.layer: row.matrices for row in step_map.rows if row.matrices}
    assert readers == {0: ("first",), 1: ("second",), 2: ("last",)}


def test_numbers_that_stand_in_no_matrix_are_parameters_if_each_column_reads_them() -> None:
    step_map = map_of(other.linear_regression)
    assert len(step_map.grid.labels) == 5
    assert step_map.rows[0].matrices == ("slope", "intercept")
    assert sum(step_map.grid.parameters) == 1


def test_one_sample_is_one_column() -> None:
    step_map = map_of(lambda: other.Mlp(2, 3, 3, 1)([Value(0.5), Value(0.25)])[0])
    assert_every_node_lies_in_one_cell(step_map)
    assert len(step_map.grid.labels) == 1
    assert [row.layer for row in step_map.rows if row.layer is not None] == [0, 1, 2]


def test_two_graphs_of_one_program_have_a_map_each() -> None:
    with recording():
        first, second = other.two_graphs()
    for loss, n_columns in ((first, 3), (second, 4)):
        loss.backward()
        step_map = StepMap.of(Graph.from_value(loss))
        assert_every_node_lies_in_one_cell(step_map)
        assert len(step_map.grid.labels) == n_columns
    both = first + second
    both.backward()
    assert_every_node_lies_in_one_cell(StepMap.of(Graph.from_value(both)))
