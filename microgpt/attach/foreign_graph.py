"""A `Graph` from the columns that a script's process sends: nodes of a class that is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from microgpt.attach.child.pass_log import MAKES_ROOM
from microgpt.attach.child.snapshot import IN_NODES
from microgpt.attach.columns import Columns, floats, ints, texts
from microgpt.attach.dropped import DROPPED, without_drops
from microgpt.attach.foreign_pass import with_finals, with_pass
from microgpt.attach.unasked_slopes import with_local_grads, with_slopes_by_table
from microgpt.attach.unkept_seed import with_unkept_seed
from microgpt.attach.visits import Entries, ObservedPass, observed
from microgpt.attach.wire import Field
from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS
from microgpt.autograd.scopes import CallPlace, Scope
from microgpt.graph.arrays import Ints
from microgpt.graph.computation import Maker
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.graph.scope_tree import ScopeTree
from microgpt.printable import printable

RAISED = "the script raised during this pass, which had made {n} visits until then"
MAX_OPS = 256
OTHER_OP = "other"
"""What the ops of a graph with more than `MAX_OPS` kinds are called from there on."""


def graph_of(fields: Mapping[str, Field], methods: OpEvaluator | None = None) -> Graph:
    """The Graph of these columns, with the pass as it was.

    Args:
        fields: the columns.
        methods: computes nodes again for other operands, where the script can be asked.
    """
    graph = without_pass(fields)
    if graph.why_no_events:
        return graph
    columns, dropped, was = without_drops(fields)
    if len(dropped):
        grad = graph.grad.copy()
        grad[dropped] = was
        graph = replace(graph, grad=grad, pass_note=DROPPED.format(n=len(dropped)))
    seen = pass_of(graph, columns)
    kept = int(ints(fields, "kept")[0])
    is_handed_on = False
    graph = with_slopes_by_table(graph)
    if kept == IN_NODES:
        graph, seen, is_handed_on = with_unkept_seed(graph, seen, methods)
    graph = with_local_grads(graph, seen, methods, has_finals=kept != IN_NODES)
    if kept != IN_NODES:
        return with_finals(graph, seen, kept)
    hands_on = bool(ints(fields, "by_grads")[0]) or is_handed_on
    graph = with_pass(graph, seen, hands_on=hands_on)
    if "raised" in fields and graph.ledger is not None:
        notes = filter(None, (RAISED.format(n=f"{graph.n_events - 1:,}"), graph.pass_note))
        graph = replace(graph, pass_note="; ".join(notes))
    return graph


def without_pass(fields: Columns) -> Graph:
    """The Graph of these columns; what its pass did is not looked at."""
    start = np.concatenate(([0], np.cumsum(ints(fields, "arity"))))
    op_names, op_codes = _ops(texts(fields, "ops"), ints(fields, "op_of"), np.diff(start))
    scopes, scope_of = ScopeTree.of_nodes(_scopes(fields))
    (why_no_events,) = texts(fields, "why_no_events")
    return Graph(
        op_codes=op_codes,
        immediate=floats(fields, "immediate"),
        data=floats(fields, "data"),
        grad=floats(fields, "grad"),
        grad_before=floats(fields, "grad_before"),
        operand_start=start,
        operands=ints(fields, "operands"),
        local_grads=floats(fields, "local_grads"),
        visit_order=ints(fields, "visit_order"),
        scopes=scopes,
        scope_of=scope_of,
        source_lines=tuple(
            zip(texts(fields, "files"), ints(fields, "lines").tolist(), strict=True)
        ),
        line_of=ints(fields, "line_of"),
        names=MappingProxyType(
            {
                node: printable(name)
                for node, name in zip(
                    ints(fields, "named").tolist(), texts(fields, "names"), strict=True
                )
            }
        ),
        bindings=MappingProxyType(_bindings(fields)),
        root=int(ints(fields, "root")[0]),
        backpropagated=not why_no_events,
        op_names=op_names,
        why_no_events=why_no_events,
        makers=tuple(
            map(Maker, texts(fields, "maker_names"), texts(fields, "maker_files"),
                ints(fields, "maker_lines").tolist())
        ) if "maker_of" in fields else (),
        maker_of=ints(fields, "maker_of") if "maker_of" in fields else None,
        unused_lines=tuple(
            zip(texts(fields, "unused_files"), ints(fields, "unused_lines").tolist(), strict=True)
        ) if "unused_files" in fields else (),
    )  # fmt: skip


def pass_of(graph: Graph, fields: Columns) -> ObservedPass:
    """The pass in these columns."""
    entries = Entries(
        nodes=ints(fields, "entry_nodes"),
        sites=ints(fields, "entry_sites"),
        is_write=ints(fields, "entry_writes") != 0,
        numbers=floats(fields, "entry_numbers"),
        makes_room=ints(fields, "entry_writes") >= MAKES_ROOM,
    )
    by_grads = bool(ints(fields, "by_grads")[0])
    return observed(graph, entries, ints(fields, "site_lines"), by_grads=by_grads)


def _ops(names: list[str], op_of: Ints, arity: Ints) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """The graph's op names, and each node's code.

    A name of the op table with another number of operands is another op: `pow` of two Values
    becomes `pow2`.
    """
    codes = {name: code for code, name in enumerate(OPS)}
    kinds, kind_of = np.unique(op_of * (arity.max(initial=0) + 1) + arity, return_inverse=True)
    code_of_kind = []
    for kind in kinds:
        name_place, n_operands = divmod(int(kind), int(arity.max(initial=0)) + 1)
        name = printable(names[name_place])
        if name in OPS and OPS[name].arity != n_operands:
            name = f"{name}{n_operands}"
        if name not in codes and len(codes) >= MAX_OPS - 1:
            name = OTHER_OP
        code_of_kind.append(codes.setdefault(name, len(codes)))
    return tuple(codes), np.array(code_of_kind, np.uint8)[kind_of]


def _bindings(fields: Columns) -> dict[int, ParameterBinding | tuple[int, ...]]:
    bindings: dict[int, ParameterBinding | tuple[int, ...]] = {
        node: ParameterBinding(matrix, row, col, token)
        for node, matrix, row, col, token in zip(
            ints(fields, "placed").tolist(),
            texts(fields, "matrices"),
            ints(fields, "rows").tolist(),
            ints(fields, "cols").tolist(),
            texts(fields, "tokens"),
            strict=True,
        )
    }
    inputs = iter(ints(fields, "maximum_inputs").tolist())
    for leaf, count in zip(
        ints(fields, "maximum_leaves").tolist(),
        ints(fields, "maximum_counts").tolist(),
        strict=True,
    ):
        bindings[leaf] = tuple(islice(inputs, count))
    return bindings


def _scopes(fields: Columns) -> list[Scope | None]:
    """Each node's scope, None for none."""
    files = texts(fields, "place_files")
    made: list[Scope] = []
    for name, parent, file, line, offset, inner in zip(
        texts(fields, "scopes"),
        ints(fields, "scope_parents").tolist(),
        ints(fields, "place_file_of").tolist(),
        ints(fields, "place_lines").tolist(),
        ints(fields, "place_offsets").tolist(),
        ints(fields, "place_inner_offsets").tolist(),
        strict=True,
    ):
        made.append(Scope(name, parent=made[parent] if parent >= 0 else None))
        if file >= 0:
            made[-1].place = CallPlace(files[file], line, offset, inner)
    return [made[place] if place >= 0 else None for place in ints(fields, "scope_of").tolist()]
