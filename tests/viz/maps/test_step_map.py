"""The Map against sums done the slow way, node by node and edge by edge."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from microgpt import Graph, ModelConfig, Value, scope
from microgpt.autograd.bindings import parameter
from microgpt.graph.ledger import Ledger
from tests.viz.computations import frozen, graphs, small_snapshot, square_graph, tutorial_graph
from viz.maps.moments import Progress, column_completions, completions, last_events, moment_of
from viz.maps.step_map import StepMap

ROWS_OF_EMMA = [
    "embed", "attn/norm", "attn/q", "attn/k", "attn/v", "attn/head0", "attn/head1", "attn/head2",
    "attn/head3", "attn/out", "attn/residual", "mlp/norm", "mlp/fc1", "mlp/relu", "mlp/fc2",
    "mlp/residual", "lm_head", "softmax", "loss",
]  # fmt: skip


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300) or (math.isnan(a) and math.isnan(b))


def norm(numbers: list[float]) -> float:
    largest = max(map(abs, numbers), default=0.0)
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(math.fsum((x / largest) ** 2 for x in numbers))


# -- the model -------------------------------------------------------------------------------------


def test_columns_are_positions_and_rows_blocks(emma_map: StepMap) -> None:
    assert [row.name for row in emma_map.rows][:-1] == ROWS_OF_EMMA
    assert [caption.token for caption in emma_map.captions] == ["BOS", "e", "m", "m", "a"]
    assert [caption.target for caption in emma_map.captions] == ["e", "m", "m", "a", "BOS"]
    inside = [row.layer for row in emma_map.rows if "/" in row.name]
    assert set(inside) == {0}
    assert emma_map.rows[0].layer is None
    assert emma_map.grid.labels == ("BOS → e", "e → m", "m → m", "m → a", "a → BOS")


def test_every_cell_of_a_column_is_a_scope(emma_map: StepMap) -> None:
    grid, graph = emma_map.grid, emma_map.graph
    for cell in np.flatnonzero(grid.column_of >= 0).tolist():
        path = grid.scopes[cell]
        assert path is not None
        scope_of_cell = graph.scopes.find(path)
        assert grid.node_ranges[cell] == ((scope_of_cell.start, scope_of_cell.stop),)
        outputs = graph.outputs_of(scope_of_cell)
        assert close(float(emma_map.grad_norm[cell]), norm(graph.grad[outputs].tolist()))
        assert close(float(emma_map.data_norm[cell]), norm(graph.data[outputs].tolist()))


def test_parameters_stand_beside_the_row_that_reads_them(emma_map: StepMap) -> None:
    by_row = {row.name: row.matrices for row in emma_map.rows if row.matrices}
    assert by_row == {
        "embed": ("wte", "wpe"), "attn/q": ("layer0.attn_wq",), "attn/k": ("layer0.attn_wk",),
        "attn/v": ("layer0.attn_wv",), "attn/out": ("layer0.attn_wo",),
        "mlp/fc1": ("layer0.mlp_fc1",), "mlp/fc2": ("layer0.mlp_fc2",), "lm_head": ("lm_head",),
    }  # fmt: skip


def test_weights_are_the_softmaxes_outputs(emma_map: StepMap) -> None:
    graph = emma_map.graph
    assert len(emma_map.weights) == 4 * 5
    for head in emma_map.weights:
        path = f"pos{head.column}/layer{head.layer}/attn/head{head.head}/softmax"
        outputs = graph.outputs_of(graph.scopes.find(path)).tolist()
        assert list(head.nodes) == outputs
        assert list(head.weights) == graph.data[outputs].tolist()
        assert head.sources == tuple(range(head.column + 1))


def test_ribbons_are_contributions_by_key_and_value(emma_map: StepMap) -> None:
    graph, cell_of = emma_map.graph, emma_map.grid.cell_of
    assert len(emma_map.ribbons) == 4 * (1 + 2 + 3 + 4 + 5)
    for ribbon in emma_map.ribbons[::7]:
        head = f"pos{ribbon.column}/layer{ribbon.layer}/attn/head{ribbon.head}"
        shares: dict[int, float] = {}
        brought: list[float] = []
        for kind in ("k", "v"):
            source = graph.scopes.find(f"pos{ribbon.source}/layer0/attn/{kind}")
            for node in graph.outputs_of(source).tolist():
                for edge in graph.consumers_of(node):
                    if graph.scope(edge.consumer).startswith(head):
                        shares[node] = shares.get(node, 0.0) + edge.contribution
                        if kind == "v":
                            brought.append(float(graph.data[edge.consumer]))
        assert close(ribbon.grad_norm, norm(list(shares.values())))
        assert close(ribbon.data_norm, norm(brought))
    assert cell_of.max() + 1 == emma_map.n_cells


def test_the_river_skips_what_is_added_to(emma_map: StepMap) -> None:
    names = [row.name for row in emma_map.rows]
    skips = {(names[c.from_row], names[c.to_row]) for c in emma_map.river if c.is_skip}
    assert skips == {("embed", "attn/residual"), ("attn/residual", "mlp/residual")}


def test_ninety_five_cells_are_completed_from_the_loss_up_to_the_embeddings(
    emma_map: StepMap,
) -> None:
    stops = completions(emma_map, "backward")
    assert len(stops) == 95
    by_event = {int(event): cell for cell, event in enumerate(emma_map.last_event.tolist())}
    first, last = by_event[int(stops[0])], by_event[int(stops[-1])]
    assert emma_map.grid.scopes[first] == "pos4/loss"
    assert emma_map.grid.scopes[last] == "pos0/embed"
    assert column_completions(emma_map, "backward").tolist()[0] == stops[-1]
    assert len(completions(emma_map, "forward")) == 95


def test_keys_of_early_positions_wait_for_later_ones(emma_map: StepMap) -> None:
    """They get some of their gradient from later columns and more will come."""
    graph, grid = emma_map.graph, emma_map.grid
    key = grid.scopes.index("pos0/layer0/attn/k")
    done = grid.scopes.index("pos4/layer0/attn/k")
    event = int(emma_map.last_event[done])
    moment = moment_of(emma_map, "backward", event, graph.grads_at(event))
    assert moment.progress[done] == Progress.COMPLETE
    assert moment.progress[key] == Progress.PARTIAL
    assert 0 < moment.numbers[key] < emma_map.grad_norm[key] * 10


def test_a_document_of_one_position_has_one_column() -> None:
    model = small_snapshot(ModelConfig(n_embd=4, n_head=1, n_layer=2, block_size=1))
    step_map = StepMap.of(model.trace("a"))
    assert len(step_map.grid.labels) == 1
    assert [row.layer for row in step_map.rows if row.name == "attn/q"] == [0, 1]


def test_layers_are_counted() -> None:
    model = small_snapshot(ModelConfig(n_embd=4, n_head=2, n_layer=3, block_size=8))
    step_map = StepMap.of(model.trace("ann"))
    assert {row.layer for row in step_map.rows} == {None, 0, 1, 2}
    assert {(h.layer, h.head) for h in step_map.weights} == {
        (i, j) for i in range(3) for j in (0, 1)
    }


# -- any graph -------------------------------------------------------------------------------------


@given(graph=graphs)
def test_every_node_lies_in_one_cell_and_sums_are_right(graph: Graph) -> None:
    step_map = StepMap.of(graph)
    grid = step_map.grid
    nodes = sorted(
        node for ranges in grid.node_ranges for start, stop in ranges for node in range(start, stop)
    )
    assert nodes == list(range(len(graph)))
    for cell, ranges in enumerate(grid.node_ranges):
        inside = {node for start, stop in ranges for node in range(start, stop)}
        outputs = [
            node
            for node in sorted(inside)
            if node == graph.root or any(e.consumer not in inside for e in graph.consumers_of(node))
        ] or [node for node in sorted(inside) if not graph.consumers_of(node)]
        assert close(float(step_map.grad_norm[cell]), norm(graph.grad[outputs].tolist()))
        assert close(float(step_map.data_norm[cell]), norm(graph.data[outputs].tolist()))
        events = [int(graph.event_of[node]) for node in inside if graph.event_of[node] > 0]
        assert step_map.first_event[cell] == min(events, default=-1)
        assert step_map.last_event[cell] == max(events, default=-1)
        writes = [
            int(graph.event_of[edge.consumer])
            for node in inside
            for edge in graph.consumers_of(node)
            if edge.consumer not in inside and graph.event_of[edge.consumer] > 0
        ]
        writes += [0] if graph.root in inside else []
        assert step_map.first_write[cell] == min(writes, default=-1)
        assert step_map.last_write[cell] == max(writes, default=-1)
    for current in step_map.river:
        source = int(grid.at[current.from_row, current.column])
        target = int(grid.at[current.to_row, current.column])
        shares: dict[int, float] = {}
        for node in np.flatnonzero(grid.cell_of == source).tolist():
            for edge in graph.consumers_of(node):
                if grid.cell_of[edge.consumer] == target:
                    shares[node] = shares.get(node, 0.0) + edge.contribution
        assert close(current.grad_norm, norm(list(shares.values())))


@given(graph=graphs)
def test_progress_ends_complete(graph: Graph) -> None:
    step_map = StepMap.of(graph)
    last = graph.n_events - 1
    moment = moment_of(step_map, "backward", last, graph.grads_at(last))
    visited = last_events(step_map, "backward") >= 0
    assert (moment.progress[visited] == Progress.COMPLETE).all()
    assert np.allclose(moment.numbers, step_map.grad_norm, rtol=1e-12, equal_nan=True)


def test_writes_of_a_pass_with_a_ledger_are_those_that_were() -> None:
    """A pass that comes back to a node in the end has written to its operands then."""
    true = small_snapshot(ModelConfig(n_embd=4, n_head=1, n_layer=1, block_size=2)).trace("a")
    step_map = StepMap.of(true)
    crossing = np.zeros(true.n_edges, np.bool_)
    crossing[step_map.crossing] = True
    again = int(true.visit_order[0])
    while not crossing[true.edges_into(np.array([again]))].any():
        again = int(true.visit_order[true.event_of[again]])
    edges = np.concatenate(
        (true.edges_added(0, true.n_events - 1), true.edges_into(np.array([again])))
    )
    events = true.event_of[true.edge_consumers[edges]]
    n_again = len(true.edges_into(np.array([again])))
    events[-n_again:] = true.n_events
    grads, new = true.grads_at(0), np.empty(len(edges))
    for place, edge in enumerate(edges.tolist()):
        node = true.operands[edge]
        grads[node] += true.contributions[edge]
        new[place] = grads[node]
    ledger = Ledger.of_writes(
        node=np.concatenate(([true.root], true.operands[edges])), new=np.append(1.0, new),
        line=np.full(len(edges) + 1, -1), event=np.append(0, events),
        edge=np.append(-1, edges), nth=np.ones(true.n_events, np.int64),
        grad_before=true.grad_before, product=np.append(np.nan, true.contributions[edges]),
        adds=np.ones(len(edges) + 1, np.bool_),
    )  # fmt: skip
    visits = np.append(true.visit_order, again)
    was = StepMap.of(replace(true, ledger=ledger, visit_order=visits, grad=grads))
    assert was.first_write.tolist() == step_map.first_write.tolist()
    expected = step_map.last_write.copy()
    given = true.operands[edges[-n_again:]][crossing[edges[-n_again:]]]
    assert len(given)
    expected[step_map.grid.cell_of[given]] = true.n_events
    assert was.last_write.tolist() == expected.tolist()
    moment = moment_of(was, "backward", true.n_events - 1, was.graph.grads_at(true.n_events - 1))
    cell = int(step_map.grid.cell_of[again])
    assert moment.progress[cell] == Progress.UNDER_WAY  # a visit is still to come


def test_calls_that_read_the_same_parameters_are_columns() -> None:
    """Without any name of ours: samples of a two-layer program, computed one by one."""
    w = [parameter(0.5, "w", row, 0) for row in range(2)]
    u = [parameter(0.25, "u", 0, col) for col in range(2)]
    losses = []
    for sample in range(3):
        with scope("net"):
            with scope("hidden"):
                hidden = [(wi * (sample + 1.0)).relu() for wi in w]
            with scope("out"):
                losses.append(hidden[0] * u[0] + hidden[1] * u[1])
    step_map = StepMap.of(frozen(losses[0] + losses[1] + losses[2]))
    assert len(step_map.grid.labels) == 3
    assert [row.name for row in step_map.rows][:2] == ["hidden", "out"]


def test_a_layer_computed_for_all_positions_in_one_expression_has_a_column_each() -> None:
    w = [[parameter(0.5, "w", row, col) for col in range(2)] for row in range(2)]
    v = [[parameter(0.25, "v", row, col) for col in range(2)] for row in range(2)]

    def linear(x: list[Value], m: list[list[Value]]) -> list[Value]:
        with scope("linear"):
            return [row[0] * x[0] + row[1] * x[1] for row in m]

    xs = [[Value(i + 1.0), Value(i + 2.0)] for i in range(4)]
    hs = [linear(x, w) for x in xs]
    ys = [linear(h, v) for h in hs]
    step_map = StepMap.of(frozen(sum((y[0] + y[1] for y in ys), Value(0.0))))
    assert len(step_map.grid.labels) == 4
    assert [row.matrices for row in step_map.rows if row.matrices] == [("w",), ("v",)]
    for row in range(3):  # the inputs are read by one column each, and so belong there
        assert (step_map.grid.at[row] >= 0).all()


@pytest.mark.parametrize("graph", [square_graph(), tutorial_graph()], ids=["square", "tutorial"])
def test_a_graph_without_parameters_and_scopes_has_a_map(graph: Graph) -> None:
    step_map = StepMap.of(graph)
    assert step_map.n_cells == 1
    assert step_map.weights == ()
    assert step_map.ribbons == ()
