"""Which elements the ops of a computation on arrays connect, asked of their own code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np

from microgpt.attach.columns import Columns, floats, ints, texts
from microgpt.attach.jacobians import Ask, Questions, TooLargeError, joined, slot_edges, starts_of
from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints

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
        "grad_integer": more("grad_integer", 0),
        "grad_shared": more("grad_shared", -1),
        "grad_before_sizes": more("grad_before_sizes", -1),
        "grad_before_shapes": [*texts(fields, "grad_before_shapes"), ""],
        "arity": more("arity", 1),
        "operands": more("operands", tensors.root),
        "scope_of": more("scope_of", int(ints(fields, "scope_of")[tensors.root])),
        "line_of": more("line_of", -1),
        **({"maker_of": more("maker_of", -1)} if "maker_of" in fields else {}),
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
