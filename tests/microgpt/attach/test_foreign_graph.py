"""Graphs from columns: every column has its place, and op names that the op table lacks."""

from __future__ import annotations

from array import array

from microgpt.attach.foreign_graph import MAX_OPS, OTHER_OP, graph_of
from microgpt.attach.wire import Field
from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS, op_code
from microgpt.graph.graph import Graph


def chain(ops: list[tuple[str, int]], **changes: Field) -> Graph:
    """A leaf, and nodes that each have the one before as all of their operands."""
    names = ["input", *dict.fromkeys(op for op, _ in ops)]
    arity = [0, *(n for _, n in ops)]
    n_nodes = len(arity)
    operands = [node - 1 for node, n in enumerate(arity) for _ in range(n)]
    grads = [1.0] * n_nodes
    for node in reversed(range(n_nodes - 1)):
        grads[node] = arity[node + 1] * grads[node + 1]
    floats, ints = lambda x: array("d", x), lambda x: array("q", x)
    fields: dict[str, Field] = {
        "ops": names, "op_of": ints([0, *(names.index(op) for op, _ in ops)]),
        "immediate": floats([float("nan")] * n_nodes), "data": floats([2.0] * n_nodes),
        "grad": floats(grads), "grad_before": floats([0.0] * n_nodes), "arity": ints(arity),
        "operands": ints(operands), "local_grads": floats([1.0] * len(operands)),
        "visit_order": ints(range(n_nodes - 1, 0, -1)),
        "scopes": ["outer", "inner"], "scope_parents": ints([-1, 0]),
        "place_files": ["model.py"], "place_file_of": ints([0, -1]),
        "place_lines": ints([7, -1]), "place_offsets": ints([40, -1]),
        "place_inner_offsets": ints([0, -1]),
        "scope_of": ints([-1, *[1] * (n_nodes - 1)]),
        "files": ["a.py"], "lines": ints([3]), "line_of": ints([-1, *[0] * (n_nodes - 1)]),
        "root": ints([n_nodes - 1]), "why_no_events": [""],
        "named": ints([0]), "names": ["w[1][2]"], "placed": ints([0]), "matrices": ["w"],
        "rows": ints([1]), "cols": ints([2]), "tokens": [""],
        **_entries(arity, grads),
        "kept": ints([0]),
        "maximum_leaves": ints([]), "maximum_counts": ints([]), "maximum_inputs": ints([]),
    }  # fmt: skip
    return graph_of(fields | changes)


def _entries(arity: list[int], grads: list[float]) -> dict[str, Field]:
    """What a pass does: the seed, and for each node a read and its writes to the one before."""
    sums = [0.0] * len(grads)
    sums[-1] = 1.0
    entries = [(len(arity) - 1, 1, 1, 1.0)]  # node, site, whether it writes, number
    for node in range(len(arity) - 1, 0, -1):
        entries.append((node, 0, 0, 0.0))
        for _ in range(arity[node]):
            sums[node - 1] += grads[node]
            entries.append((node - 1, 2, 1, sums[node - 1]))
    nodes, sites, writes, numbers = zip(*entries, strict=True)
    return {
        "entry_nodes": array("q", nodes), "entry_sites": array("q", sites),
        "entry_writes": array("q", writes), "entry_numbers": array("d", numbers),
        "site_lines": array("q", [-1, -1, -1]), "by_grads": array("q", [0]),
    }  # fmt: skip


def test_ops_of_the_table_keep_their_codes_and_others_follow() -> None:
    graph = chain([("tanh", 1), ("mul", 2), ("sigmoid", 1), ("tanh", 1)])
    assert graph.op_names == (*OPS, "tanh", "sigmoid")
    assert [graph.op(node) for node in range(5)] == ["input", "tanh", "mul", "sigmoid", "tanh"]
    assert graph.op_codes[2] == op_code("mul")
    assert graph.backpropagated


def test_a_name_of_the_table_with_other_operands_is_another_op() -> None:
    graph = chain([("pow", 1), ("pow", 2), ("relu", 3), ("add", 2)])
    assert [graph.op(node) for node in range(1, 5)] == ["pow", "pow2", "relu3", "add"]


def test_too_many_ops_end_in_one() -> None:
    graph = chain([(f"op{i}", 1) for i in range(300)])
    assert len(graph.op_names) == MAX_OPS
    assert graph.op(1) == "op0"
    assert graph.op(300) == OTHER_OP


def test_the_rest_of_the_columns() -> None:
    graph = chain([("tanh", 1)])
    assert graph.find("w[1][2]") == 0
    assert graph.scope(1) == "outer/inner"
    assert graph.scopes.find("outer").place == ("model.py", 7, 40, 0)
    assert graph.scopes.find("outer/inner").place is None
    assert graph.line(1) == ("a.py", 3)
    assert graph.line(0) is None
    assert graph.bindings[0] == ParameterBinding("w", 1, 2)


def test_a_pass_that_is_sums_keeps_no_ledger() -> None:
    graph = chain([("tanh", 1), ("mul", 2)])
    assert graph.ledger is None
    assert graph.backpropagated
    assert [change.new for change in graph.event(2).changes] == [2.0]


def test_a_write_that_was_not_seen_ends_the_ledger() -> None:
    graph = chain([("tanh", 1), ("mul", 2)], grad=array("d", [7.0, 2.0, 1.0]))
    assert graph.ledger is not None
    assert graph.backpropagated
    *_, last = graph.event(graph.n_events - 1).changes
    assert (last.node, last.old, last.new, last.line, last.edge) == (0, 2.0, 7.0, None, None)
    assert graph.grads_at(graph.n_events - 1).tolist() == graph.grad.tolist()


def test_each_write_finds_its_edge() -> None:
    graph = chain([("tanh", 1), ("mul", 2)], grad=array("d", [7.0, 2.0, 1.0]))
    ledger = graph.ledger
    assert ledger is not None
    assert ledger.edge.tolist() == [-1, 1, 2, 0, -1]
    assert ledger.event.tolist() == [0, 1, 1, 2, 2]
    assert [change.contribution for change in graph.event(1).changes] == [1.0, 1.0]
