"""A `Graph` as `Code`, and the instructions that run it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS
from microgpt.graph.arrays import Cells, Floats, Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.replay import loops
from microgpt.replay.loops import Bytes, Code
from microgpt.replay.op_rows import OpRows, have_rows

COMPILED = {
    "add": loops.ADD,
    "mul": loops.MUL,
    "pow": loops.POW,
    "log": loops.LOG,
    "exp": loops.EXP,
    "relu": loops.RELU,
}
"""The ops that the loops have a branch for. A node of another op is recorded."""


def loop_ops() -> Bytes:
    """What a node of each op of the table is in the loops, in its order."""
    leaves = {name: loops.LEAF for name, op in OPS.items() if not op.arity} | {"max": loops.MAX}
    return np.array([COMPILED.get(n, leaves.get(n, loops.RECORDED)) for n in OPS], np.uint8)


def code_of(graph: Graph) -> tuple[Code, Code, Mask]:
    """What computes a graph, what computes its forward pass alone, and the nodes left to rows.

    A node whose data or local gradients are not what the op table gives is recorded: it keeps them.
    For the forward pass alone the local gradients may be anything. Of the recorded nodes, those in
    the mask are what their rows give.
    """
    has_row = have_rows(graph)
    code = _code_by_ops(graph, has_row)
    data, local_grads = _numbers_by_ops(graph, code, has_row)
    strange = ~same(data, graph.data)
    forward_only = code_all = with_recorded(code, graph, strange)
    strange_edges = ~same(local_grads, graph.local_grads)
    if strange_edges.any():
        strange[graph.edge_consumers[strange_edges]] = True
        code_all = with_recorded(code, graph, strange)
    return code_all, forward_only, (code.op == loops.RECORDED) & has_row & ~strange


def _code_by_ops(graph: Graph, has_row: Mask) -> Code:
    """The code of a graph whose numbers are all as the op table gives them."""
    table = np.array([COMPILED.get(name, loops.RECORDED) for name in graph.op_names], np.uint8)
    starts, arity = graph.operand_start[:-1], np.diff(graph.operand_start)
    op = table[graph.op_codes]
    op[~has_row] = loops.RECORDED
    op[arity == 0] = loops.LEAF
    a, b = np.zeros(len(graph), np.uint32), np.zeros(len(graph), np.uint32)
    a[arity > 0] = graph.operands[starts[arity > 0]]
    b[arity > 1] = graph.operands[starts[arity > 1] + 1]
    pows = np.flatnonzero(op == loops.POW)
    exponents, b[pows] = np.unique(graph.immediate[pows], return_inverse=True)
    lists: list[int] = []
    for node, binding in graph.bindings.items():
        if isinstance(binding, ParameterBinding):
            continue
        shift = np.array([-max(graph.data[list(binding)].tolist())])
        if same(shift, graph.data[[node]]).all():  # else it was changed, and stays what it is
            op[node] = loops.MAX
            a[node] = len(lists)
            lists += binding
            b[node] = len(lists)
    no_links = np.zeros(len(graph), np.uint8)
    list_grads = np.zeros(len(lists))
    return Code(op, no_links, a, b, exponents, np.array(lists, np.uint32), list_grads)


def _numbers_by_ops(graph: Graph, code: Code, has_row: Mask) -> tuple[Floats, Floats]:
    """Data and local gradients that the op table gives for the operands' data, where it can."""
    data, local_grads = graph.data.copy(), graph.local_grads.copy()
    edges = graph.operand_start[:-1]
    add, mul = np.flatnonzero(code.op == loops.ADD), np.flatnonzero(code.op == loops.MUL)
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        data[add] = graph.data[code.a[add]] + graph.data[code.b[add]]
        data[mul] = graph.data[code.a[mul]] * graph.data[code.b[mul]]
    local_grads[edges[add]] = local_grads[edges[add] + 1] = 1.0
    local_grads[edges[mul]] = graph.data[code.b[mul]]
    local_grads[edges[mul] + 1] = graph.data[code.a[mul]]
    others = np.flatnonzero((code.op > loops.MUL) & has_row)
    into = graph.edges_into(others)
    by_row = OpRows(graph).evaluate(others.tolist(), graph.data[graph.operands[into]].tolist())
    data[others] = by_row.data
    has_result = np.array([not problem for problem in by_row.problems], np.bool_)
    given = np.repeat(has_result, np.diff(graph.operand_start)[others])
    local_grads[into[given]] = np.array(by_row.local_grads)[given]
    return data, local_grads


def same(x: Floats, y: Floats) -> Mask:
    """Which numbers are the same to the bit; nan is nan."""
    alike: Mask = np.isnan(x) & np.isnan(y)
    alike |= x.view(np.int64) == y.view(np.int64)
    return alike


def with_recorded(code: Code, graph: Graph, nodes: Mask) -> Code:
    """The code with more nodes, and those whose op it does not know, as recorded ones.

    Lists of those recorded before are left where they are, unused.
    """
    op, a, b = code.op.copy(), code.a.copy(), code.b.copy()
    op[nodes] = loops.RECORDED
    recorded = np.flatnonzero(op == loops.RECORDED)
    counts = np.diff(graph.operand_start)[recorded]
    ends = len(code.lists) + np.cumsum(counts)
    a[recorded], b[recorded] = ends - counts, ends
    edges = np.isin(graph.edge_consumers, recorded)
    return code._replace(
        op=op,
        a=a,
        b=b,
        lists=np.concatenate((code.lists, graph.operands[edges].astype(np.uint32))),
        list_grads=np.concatenate((code.list_grads, graph.local_grads[edges])),
    )


def with_linear(code: Code, graph: Graph, slopes: Floats) -> Code:
    """The code for a forward pass in which recorded nodes move with their operands.

    Each is what was recorded of it, plus its slopes times what its operands moved.

    Args:
        slopes: of every edge; those out of nodes that are computed do not matter.
    """
    recorded = np.flatnonzero(code.op == loops.RECORDED)
    edges = np.isin(graph.edge_consumers, recorded)
    operands = np.repeat(graph.operands[edges], 2)
    numbers = np.stack((slopes[edges], graph.data[graph.operands[edges]]), axis=1).ravel()
    counts = 2 * np.diff(graph.operand_start)[recorded]
    starts = np.cumsum(counts) - counts
    ends = len(code.lists) + np.cumsum(counts + 1)
    op, a, b = code.op.copy(), code.a.copy(), code.b.copy()
    op[recorded] = loops.LINEAR
    a[recorded], b[recorded] = ends - counts - 1, ends
    lists = np.insert(operands, starts, 0).astype(np.uint32)
    own = np.insert(numbers, starts, graph.data[recorded])
    return code._replace(
        op=op,
        a=a,
        b=b,
        lists=np.concatenate((code.lists, lists)),
        list_grads=np.concatenate((code.list_grads, own)),
    )


def with_links(code: Code, operands: NDArray[np.integer], grad_before: Floats) -> Code:
    """The code with its links found.

    Args:
        operands: of all edges.
        grad_before: a link's gradient is set, not added to, so it must begin at 0.
    """
    n = len(code.op)
    links = np.zeros(n, np.uint8)
    mul = np.flatnonzero((code.op[1:-1] == loops.MUL) & (code.op[2:] == loops.ADD)) + 1
    used_once = (np.bincount(operands, minlength=n) == 1) & (grad_before == 0)
    is_link = (code.a[mul + 1] == mul - 1) & (code.b[mul + 1] == mul)
    links[mul[is_link & used_once[mul] & used_once[mul - 1]]] = 1
    return code._replace(links=links)


def with_constants(code: Code, nodes: Ints) -> Code:
    """The code with some nodes as leaves, which no link goes over."""
    op, links = code.op.copy(), code.links.copy()
    op[nodes] = loops.LEAF
    links[nodes] = 0
    links[np.maximum(nodes - 1, 0)] = 0
    return code._replace(op=op, links=links)


def runs_of(code: Code, ids: Cells, step: int) -> loops.Runs:
    """The instructions that compute some nodes in order; see `loops.find_runs`."""
    runs = np.empty((len(ids), 3), np.uint32)
    return runs[: loops.find_runs(code, ids, step, runs)].copy()


def forward_runs(code: Code) -> loops.Runs:
    """The instructions of a forward pass over all nodes."""
    computed = (code.op != loops.LEAF) & (code.op != loops.RECORDED)
    return runs_of(code, np.flatnonzero(computed).astype(np.uint32), 1)


def backward_pass(code: Code, root: int, n_edges: int) -> tuple[Cells, loops.Runs]:
    """The nodes that a backward pass visits, in its order, and its instructions."""
    order, state = np.empty(len(code.op), np.uint32), np.zeros(len(code.op), np.uint8)
    stack = np.empty(n_edges + 1, np.uint32)
    count = loops.post_order(code, root, state, stack, order)
    order = order[:count][::-1].copy()
    return order, runs_of(code, order, -1)
