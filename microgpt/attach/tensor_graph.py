"""A `Graph` of single elements from a computation on arrays: `w1[2][3]` is a node.

The columns that a script's process sends of it are of whole arrays. Which elements an op connects
is known by then (`tensor_edges.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from microgpt.attach.child.pass_log import MAKES_ROOM
from microgpt.attach.child.snapshot import IN_NODES
from microgpt.attach.columns import Columns, floats, ints, texts
from microgpt.attach.dropped import DROPPED, without_drops
from microgpt.attach.foreign_graph import without_pass
from microgpt.attach.tensor_edges import ElementEdges, TensorLevel, tensors_of, with_one_root
from microgpt.attach.tensor_pass import ArrayPass, with_array_finals, with_array_pass
from microgpt.attach.visits import Entries, ObservedPass, observed
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.odd_gradients import OddGradient


def tensor_graph(fields: Columns, edges: ElementEdges | str) -> Graph:
    """The Graph of elements, or of whole arrays if these could not be taken apart.

    Args:
        fields: columns of whole arrays.
        edges: between their elements.
    """
    columns, dropped, _ = without_drops(with_one_root(fields))
    tensors = tensors_of(columns)
    if isinstance(edges, str):
        return whole_arrays(columns, tensors, edges)
    graph = replace(without_pass(_of_elements(columns, tensors, edges)), eps=tensors.eps)
    if graph.why_no_events:
        return graph
    n_dropped = int(sum(tensors.sizes[tensor] for tensor in dropped.tolist()))
    notes = [DROPPED.format(n=n_dropped)] if n_dropped else []
    notes += [*_shape_notes(columns, tensors), *_unsure_notes(tensors, edges)]
    if ints(columns, "kept")[0] != IN_NODES:
        graph = with_array_finals(graph, _finals(columns, tensors, edges.slots))
        notes += _unknown_notes(graph)
    else:
        graph = with_array_pass(graph, _pass(columns, tensors, edges.slots))
    return replace(
        graph,
        pass_note="; ".join(filter(None, [graph.pass_note, *notes])),
        odd_gradients=tuple(_odd_gradients(columns, tensors)),
    )


# -- columns of elements ---------------------------------------------------------------------------


def _of_elements(fields: Columns, tensors: TensorLevel, edges: ElementEdges) -> Columns:
    """The columns that `without_pass` reads, one row for each element."""
    sizes = np.array(tensors.sizes)

    def spread(name: str) -> Ints | Floats:
        return np.repeat(np.array(fields[name]), sizes)

    names = _names(tensors)
    arity = edges.counts
    visit_order = ints(fields, "visit_order")
    is_made = arity > 0
    visits = np.concatenate(
        [np.arange(tensors.starts[t], tensors.starts[t + 1]) for t in visit_order.tolist()]
        or [np.zeros(0, np.int64)]
    )
    ops = texts(fields, "ops")
    op_of = spread("op_of")
    placed = set(names["placed"].tolist())  # type: ignore[union-attr]
    if placed:
        op_of = op_of.copy()
        op_of[np.array(sorted(placed), np.int64)] = len(ops)
        ops = [*ops, "param"]
    return {
        **fields,
        **names,
        "ops": ops,
        "op_of": op_of,
        "immediate": spread("immediate"),
        "grad": np.concatenate(_gradients(fields, "grad", tensors, none=0.0)),
        "grad_before": np.concatenate(_gradients(fields, "grad_before", tensors, none=0.0)),
        "arity": arity,
        "operands": edges.operands,
        "local_grads": edges.local_grads,
        "visit_order": visits[is_made[visits]],
        "scope_of": spread("scope_of"),
        "line_of": spread("line_of"),
        **({"maker_of": spread("maker_of")} if "maker_of" in fields else {}),
        "root": tensors.starts[[tensors.root]],
        "maximum_leaves": np.zeros(0, np.int64),
        "maximum_counts": np.zeros(0, np.int64),
        "maximum_inputs": np.zeros(0, np.int64),
    }


def _names(tensors: TensorLevel) -> dict[str, Ints | list[str]]:
    """Names of the elements of named arrays; those of leaves with two axes or more are placed."""
    named: list[int] = []
    names: list[str] = []
    placed: list[int] = []
    matrices: list[str] = []
    rows: list[int] = []
    cols: list[int] = []
    for tensor, text in tensors.named.items():
        shape, start = tensors.shapes[tensor], int(tensors.starts[tensor])
        is_leaf = not tensors.operands_of(tensor) and tensors.ops[tensor] != "const"
        for at, index in enumerate(np.ndindex(shape)):
            named.append(start + at)
            names.append(text + "".join(f"[{i}]" for i in index))
            if is_leaf and len(shape) >= 2:
                placed.append(start + at)
                matrices.append(text + "".join(f"[{i}]" for i in index[:-2]))
                rows.append(index[-2])
                cols.append(index[-1])
    as_ints = {"named": named, "placed": placed, "rows": rows, "cols": cols}
    found: dict[str, Ints | list[str]] = {k: np.array(v, np.int64) for k, v in as_ints.items()}
    return {**found, "names": names, "matrices": matrices, "tokens": [""] * len(placed)}


def _gradients(fields: Columns, name: str, tensors: TensorLevel, none: float) -> list[Floats]:
    """Each array's gradient; nan if that has another number of elements than the array itself."""
    sizes = ints(fields, f"{name}_sizes").tolist()
    numbers, at, found = floats(fields, name), 0, []
    for size, own in zip(sizes, tensors.sizes, strict=True):
        if size < 0:
            found.append(np.full(own, none))
            continue
        found.append(numbers[at : at + size] if size == own else np.full(own, np.nan))
        at += size
    return found


# -- the pass --------------------------------------------------------------------------------------


def _pass(fields: Columns, tensors: TensorLevel, slots: Ints) -> ArrayPass:
    kinds, sizes = ints(fields, "entry_writes"), ints(fields, "entry_sizes")
    entries = Entries(
        nodes=ints(fields, "entry_nodes"),
        sites=ints(fields, "entry_sites"),
        is_write=kinds != 0,
        numbers=np.zeros(len(kinds)),
        makes_room=kinds >= MAKES_ROOM,
    )
    by_grads = bool(ints(fields, "by_grads")[0])
    lines = ints(fields, "site_lines")
    seen = observed(tensors, entries, lines, by_grads=by_grads)  # type: ignore[arg-type]
    numbers, at, written = floats(fields, "entry_numbers"), 0, []
    n_written = np.maximum(sizes[kinds != 0], 0).tolist()
    for tensor, size in zip(seen.nodes.tolist(), n_written, strict=True):
        own = tensors.sizes[tensor]
        written.append(numbers[at : at + size] if size == own else np.full(own, np.nan))
        at += size
    has_grad = ints(fields, "grad_sizes") >= 0
    finals = _gradients(fields, "grad", tensors, none=0.0)
    return ArrayPass(
        starts=tensors.starts,
        slots=slots,
        seen=seen,
        written=written,
        finals=[each if has else None for each, has in zip(finals, has_grad, strict=True)],
        eps=tensors.eps,
    )


def _finals(fields: Columns, tensors: TensorLevel, slots: Ints) -> ArrayPass:
    """A pass of which only the gradients at its end are known: it should visit in this order."""
    visits = ints(fields, "visit_order")
    nothing = np.zeros(0, np.int64)
    seen = ObservedPass(visits, np.ones_like(visits), nothing, np.zeros(0), nothing, nothing)
    has_grad = ints(fields, "grad_sizes") >= 0
    finals = _gradients(fields, "grad", tensors, none=0.0)
    return ArrayPass(
        starts=tensors.starts, slots=slots, seen=seen, written=[],
        finals=[each if has else None for each, has in zip(finals, has_grad, strict=True)],
        eps=tensors.eps,
    )  # fmt: skip


def _unknown_notes(graph: Graph) -> list[str]:
    n_unknown = int(np.count_nonzero(np.isnan(graph.data)))
    return [f"{n_unknown:,} of its numbers were not seen (nan)"] if n_unknown else []


def _shape_notes(fields: Columns, tensors: TensorLevel) -> list[str]:
    notes = []
    sizes, shapes = ints(fields, "grad_sizes").tolist(), texts(fields, "grad_shapes")
    for tensor, (size, shape) in enumerate(zip(sizes, shapes, strict=True)):
        if size >= 0 and size != tensors.sizes[tensor]:
            notes.append(
                f"the gradient of {tensors.named.get(tensor, tensors.ops[tensor])} has the shape "
                f"{shape}, its data {tensors.shapes[tensor]}: its elements have none (nan)"
            )
    return notes


def _odd_gradients(fields: Columns, tensors: TensorLevel) -> Iterator[OddGradient]:
    """Gradients of another shape than their data, of whole numbers, or in one memory."""
    columns = (ints(fields, "grad_sizes").tolist(), texts(fields, "grad_shapes"),
               ints(fields, "grad_integer").tolist(),
               ints(fields, "grad_shared").tolist())  # fmt: skip
    for tensor, (size, shape, is_integer, other) in enumerate(zip(*columns, strict=True)):
        own = (int(tensors.starts[tensor]), int(tensors.sizes[tensor]))
        shapes = (shape, str(tensors.shapes[tensor]))
        if size >= 0 and size != tensors.sizes[tensor]:
            yield OddGradient("shape", *own, shapes)
        if is_integer:
            yield OddGradient("integer", *own, shapes)
        if other >= 0:
            yield OddGradient("shared", *own, shapes, int(tensors.starts[other]))


def _unsure_notes(tensors: TensorLevel, edges: ElementEdges) -> list[str]:
    if not edges.unsure:
        return []
    ops = sorted({tensors.ops[tensor] for tensor in edges.unsure})
    return [f"the backward code of {', '.join(ops)} does not answer in proportion to the adjoint"]


# -- whole arrays ----------------------------------------------------------------------------------


def whole_arrays(fields: Columns, tensors: TensorLevel, why: str) -> Graph:
    """The graph of whole arrays: numbers are norms, and there are no local gradients (nan)."""

    def norms(values: Sequence[Floats]) -> Floats:
        return np.array([float(np.linalg.norm(each)) for each in values])

    data = np.split(floats(fields, "data"), tensors.starts[1:-1])
    nothing = np.zeros(0, np.int64)
    n_edges = len(tensors.operands)
    return without_pass(
        {
            **fields,
            "data": norms(data),
            "grad": norms(_gradients(fields, "grad", tensors, none=0.0)),
            "grad_before": norms(_gradients(fields, "grad_before", tensors, none=0.0)),
            "local_grads": np.full(n_edges, np.nan),
            "placed": nothing, "matrices": [], "rows": nothing, "cols": nothing, "tokens": [],
            "maximum_leaves": nothing, "maximum_counts": nothing, "maximum_inputs": nothing,
            "why_no_events": [why],
        }
    )  # fmt: skip
