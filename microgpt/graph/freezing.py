"""Freezing `Value`s into a `Computation`: ids in order of creation, all else in flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.backward_order import topological_order
from microgpt.autograd.bindings import MaxBinding, ParameterBinding
from microgpt.autograd.ops import OPS
from microgpt.autograd.scopes import Scope, Site
from microgpt.autograd.value import Value
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.computation import Computation
from microgpt.graph.scope_tree import ScopeTree
from microgpt.printable import printable

# Fields of hundreds of thousands of Values are read in loops of the interpreter's own.
_number, _data, _grad = attrgetter("_number"), attrgetter("data"), attrgetter("grad")
_children, _local_grads = attrgetter("_children"), attrgetter("_local_grads")


def values_of(root: Value, order: Iterable[Value], also: Iterable[Value] = ()) -> list[Value]:
    """The Values of a graph, each at the place that is its id.

    Args:
        root: what the graph is of.
        order: its `topological_order`.
        also: as in `Graph.from_value`.
    """
    leaves = {v for node in order for v in node._children if not v._children}
    others = set(also)
    others |= {operand for node in others for operand in node._children}
    return sorted({root, *order, *leaves, *others}, key=_number)


def freeze(root: Value, also: Iterable[Value] = ()) -> Computation:
    """Everything `root` was computed from; see `Graph.from_value`."""
    if not isinstance(root, Value):
        raise TypeError(f"a Graph is taken of a Value, not of {type(root).__name__}")
    order = topological_order(root)
    nodes = values_of(root, order, also)
    ids = {node: i for i, node in enumerate(nodes)}
    arity = np.fromiter(map(len, map(_children, nodes)), np.int64, len(nodes))
    start = np.concatenate(([0], np.cumsum(arity)))
    n_edges = int(start[-1])
    sites = [node._scope for node in nodes]
    scopes, scope_of = ScopeTree.of_nodes(
        [site.scope if isinstance(site, Site) else site for site in sites]
    )
    source_lines, line_of = _source_lines(sites)
    details = {ids[n]: n._detail for n in nodes if hasattr(n, "_detail")}
    immediate = np.full(len(nodes), np.nan)
    bindings: dict[int, ParameterBinding | tuple[int, ...]] = {}
    for i, detail in details.items():
        if isinstance(detail, ParameterBinding):
            bindings[i] = detail
        elif isinstance(detail, MaxBinding):
            if all(v in ids for v in detail.inputs):  # else it cannot be taken again
                bindings[i] = tuple(ids[v] for v in detail.inputs)
        elif isinstance(detail, float):
            immediate[i] = detail
    before = np.zeros(len(nodes))
    grads_before: dict[int, float] | None = getattr(root, "_grad_before", None)
    if grads_before:
        before = np.array([grads_before.get(node._number, 0.0) for node in nodes])
    return Computation(
        op_codes=_op_codes(nodes),
        immediate=immediate,
        data=np.fromiter(map(_data, nodes), np.float64, len(nodes)),
        grad=np.fromiter(map(_grad, nodes), np.float64, len(nodes)),
        grad_before=before,
        operand_start=start,
        operands=np.fromiter(
            map(ids.__getitem__, chain.from_iterable(map(_children, nodes))), np.int64, n_edges
        ),
        local_grads=np.fromiter(chain.from_iterable(map(_local_grads, nodes)), np.float64, n_edges),
        visit_order=np.fromiter(map(ids.__getitem__, reversed(order)), np.int64, len(order)),
        scopes=scopes,
        scope_of=scope_of,
        source_lines=source_lines,
        line_of=line_of,
        names=MappingProxyType({i: printable(n.name) for i, n in enumerate(nodes) if n.name}),
        bindings=MappingProxyType(bindings),
        root=ids[root],
        backpropagated=grads_before is not None,
    )


def _source_lines(
    sites: Sequence[Scope | Site | None],
) -> tuple[tuple[tuple[str, int], ...], Ints]:
    places: dict[tuple[str, int], int] = {}
    line_of = [
        places.setdefault((site.filename, site.line), len(places)) if isinstance(site, Site) else -1
        for site in sites
    ]
    return tuple(places), np.array(line_of, np.int64)


def _op_codes(nodes: Iterable[Value]) -> NDArray[np.uint8]:
    codes = {name: code for code, name in enumerate(OPS)}
    try:
        return np.array([codes[node._op] for node in nodes], np.uint8)
    except KeyError as error:
        raise GraphError(
            f"op {error.args[0]!r} has no row in the op table; it has {', '.join(OPS)}"
        ) from None
