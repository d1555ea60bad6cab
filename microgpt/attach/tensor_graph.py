"""A `Graph` of single elements from a computation on arrays: `w1[2][3]` is a node.

The columns that a script's process sends of it are of whole arrays. Which elements an op connects,
and their local gradients, is asked of the op's own code (`jacobians.py`), while the script waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np

from microgpt.attach.foreign_graph import Columns, floats, ints, texts, without_pass
from microgpt.attach.jacobians import Ask, Questions, TooLargeError, joined, slot_edges, starts_of
from microgpt.attach.tensor_pass import ArrayPass, with_array_finals, with_array_pass
from microgpt.attach.visits import Entries, ObservedPass, observed
from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph

MAX_EDGES = 2_000_000
"""A pass of more is not looked at element by element: 30 s is the time that it would take."""

AskNode = Callable[[int, Floats], "list[Floats]"]
"""A tensor, and adjoints of it, one a row -> what each operand gets; raises `InputError`."""


@dataclass(frozen=True, eq=False)
class TensorLevel:
    """Arrays and what they were made of, before they are taken apart."""

    shapes: list[tuple[int, ...]]
    operand_start: Ints
    operands: Ints
    ops: list[str]
    named: dict[int, str]
    root: int
    eps: float

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def edge_consumers(self) -> Ints:
        """Consumer of each edge."""
        return np.repeat(np.arange(len(self)), np.diff(self.operand_start))

    @cached_property
    def sizes(self) -> list[int]:
        """Number of elements of each."""
        return [prod(shape) for shape in self.shapes]

    @cached_property
    def starts(self) -> Ints:
        """Where each one's elements begin among the nodes, and their number."""
        return starts_of(self.sizes)

    def operands_of(self, tensor: int) -> list[int]:
        """The tensors that one was made of."""
        own = slice(int(self.operand_start[tensor]), int(self.operand_start[tensor + 1]))
        return [int(each) for each in self.operands[own]]

    def name(self, tensor: int) -> str:
        """What to call a tensor in a sentence."""
        shape = "x".join(map(str, self.shapes[tensor])) or "a number"
        return f"{self.named.get(tensor, self.ops[tensor])} ({shape})"


@dataclass(frozen=True, eq=False)
class ElementEdges:
    """The edges between elements, by the element made. All but the first are of shape `[edge]`."""

    counts: Ints  # shape: `[node]`
    slots: Ints  # of the op
    places: Ints  # in the operand, flat
    operands: Ints  # nodes
    local_grads: Floats
    unsure: list[int]  # ops whose code does not answer in proportion to the adjoint


def tensors_of(fields: Columns) -> TensorLevel:
    """The arrays in these columns."""
    dims, flat = ints(fields, "dims"), ints(fields, "shape").tolist()
    shapes = [tuple(flat[a:b]) for a, b in pairwise(starts_of(dims.tolist()).tolist())]
    ops = texts(fields, "ops")
    return TensorLevel(
        shapes=shapes,
        operand_start=starts_of(ints(fields, "arity").tolist()),
        operands=ints(fields, "operands"),
        ops=[ops[i] for i in ints(fields, "op_of").tolist()],
        named=dict(zip(ints(fields, "named").tolist(), texts(fields, "names"), strict=True)),
        root=int(ints(fields, "root")[0]),
        eps=float(floats(fields, "eps")[0]),
    )


def taken_apart(fields: Columns, ask: AskNode) -> ElementEdges | str:
    """The edges between the elements, or in words why there are none.

    Args:
        fields: columns of whole arrays.
        ask: asks the script.
    """
    columns = with_one_root(fields)
    try:
        return _edges(tensors_of(columns), ask, is_summed=columns is not fields)
    except (TooLargeError, InputError) as error:
        return str(error)


def tensor_graph(fields: Columns, edges: ElementEdges | str) -> Graph:
    """The Graph of elements, or of whole arrays if these could not be taken apart.

    Args:
        fields: columns of whole arrays.
        edges: between their elements.
    """
    columns = with_one_root(fields)
    tensors = tensors_of(columns)
    if isinstance(edges, str):
        return whole_arrays(columns, tensors, edges)
    graph = without_pass(_of_elements(columns, tensors, edges))
    if graph.why_no_events:
        return graph
    notes = [*_shape_notes(columns, tensors), *_unsure_notes(tensors, edges)]
    if ints(columns, "only_finals")[0]:
        graph = with_array_finals(graph, _finals(columns, tensors, edges.slots))
        notes += _unknown_notes(graph)
    else:
        graph = with_array_pass(graph, _pass(columns, tensors, edges.slots))
    return replace(graph, pass_note="; ".join(filter(None, [graph.pass_note, *notes])))


def with_one_root(fields: Columns) -> Columns:
    """The columns, with a sum of the root's elements as the root if it has several.

    A pass that begins with an adjoint of ones is that of their sum.
    """
    tensors = tensors_of(fields)
    if tensors.sizes[tensors.root] == 1:
        return fields
    own = slice(int(tensors.starts[tensors.root]), int(tensors.starts[tensors.root + 1]))
    total = float(floats(fields, "data")[own].sum())

    def more(name: str, *numbers: float) -> Ints | Floats:
        column = np.array(fields[name])
        return np.append(column, np.array(numbers, column.dtype))

    writes, nodes = ints(fields, "entry_writes"), ints(fields, "entry_nodes")
    columns = dict(fields)
    columns |= {
        "ops": [*texts(fields, "ops"), "sum"],
        "op_of": more("op_of", len(texts(fields, "ops"))),
        "immediate": more("immediate", np.nan),
        "dims": more("dims", 0),
        "data": more("data", total),
        "grad": more("grad", 1.0),
        "grad_sizes": more("grad_sizes", 1),
        "grad_shapes": [*texts(fields, "grad_shapes"), "()"],
        "grad_before_sizes": more("grad_before_sizes", -1),
        "grad_before_shapes": [*texts(fields, "grad_before_shapes"), ""],
        "arity": more("arity", 1),
        "operands": more("operands", tensors.root),
        "scope_of": more("scope_of", int(ints(fields, "scope_of")[tensors.root])),
        "line_of": more("line_of", -1),
        "root": np.array([len(tensors)]),
        "visit_order": np.append(len(tensors), ints(fields, "visit_order")),
    }
    # The visit of the sum gives the root its seed.
    seeds = np.flatnonzero((nodes == tensors.root) & (writes != 0))
    at = int(seeds[0]) if len(seeds) else 0
    if len(nodes):
        sum_at = len(ints(fields, "site_lines"))
        columns["site_lines"] = np.append(ints(fields, "site_lines"), -1)
        columns["entry_nodes"] = np.insert(nodes, at, [len(tensors)] * 2)
        columns["entry_sites"] = np.insert(ints(fields, "entry_sites"), at, [sum_at] * 2)
        columns["entry_writes"] = np.insert(writes, at, [1, 0])
        columns["entry_sizes"] = np.insert(ints(fields, "entry_sizes"), at, [1, -1])
        done = int(np.maximum(ints(fields, "entry_sizes")[:at], 0).sum())
        columns["entry_numbers"] = np.insert(floats(fields, "entry_numbers"), done, 1.0)
    return columns


def _edges(tensors: TensorLevel, ask: AskNode, *, is_summed: bool) -> ElementEdges:
    """Asks every op.

    Args:
        is_summed: whether the root is a sum of ours, which nobody has to be asked about.
    """
    counts: list[Ints] = []
    columns: list[tuple[Ints, Ints, Ints, Floats]] = []
    unsure: list[int] = []
    total = 0
    for tensor, size in enumerate(tensors.sizes):
        operands = tensors.operands_of(tensor)
        if not operands or not size:
            counts.append(np.zeros(size, np.int64))
            continue
        own: Ask = lambda adjoints, t=tensor: ask(t, adjoints)  # type: ignore[misc] # noqa: E731
        if is_summed and tensor == tensors.root:
            n = tensors.sizes[operands[0]]
            own = lambda adjoints, n=n: [np.repeat(adjoints, n, 1)]  # type: ignore[misc] # noqa: E731
        shapes = [tensors.shapes[each] for each in operands]
        questions = Questions(tensors.shapes[tensor], shapes, own, tensors.eps)
        slots = []
        for slot in range(len(operands)):
            try:
                slots.append(slot_edges(questions, slot))
            except TooLargeError:
                name = tensors.name(tensor)
                raise TooLargeError(_too_large(tensors, f"{name} alone has more")) from None
            total += len(slots[-1].operands)
            if total > MAX_EDGES:
                raise TooLargeError(_too_large(tensors, "its ops have more"))
        if not all(each.is_exact for each in slots):
            unsure.append(tensor)
        n_made, slot_of, within, locals_ = joined(slots, size)
        counts.append(n_made)
        first = tensors.starts[np.array(operands)]
        columns.append((slot_of, within, first[slot_of] + within, locals_))
    nothing = np.zeros(0, np.int64)
    columns.append((nothing, nothing, nothing, np.zeros(0)))
    slots_of, places, nodes, local_grads = zip(*columns, strict=True)
    return ElementEdges(
        np.concatenate(counts), np.concatenate(slots_of), np.concatenate(places),
        np.concatenate(nodes), np.concatenate(local_grads), unsure,
    )  # fmt: skip


def _too_large(tensors: TensorLevel, more: str) -> str:
    largest = max(range(len(tensors)), key=lambda tensor: tensors.sizes[tensor])
    return (
        f"{sum(tensors.sizes):,} numbers in {len(tensors):,} arrays, the largest "
        f"{tensors.name(largest)}: {more} than the {MAX_EDGES:,} edges that are looked at number "
        "by number; a smaller batch, context or width fits. Nodes are whole arrays, and their "
        "numbers Euclidean norms"
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
        makes_room=kinds == 2,
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
