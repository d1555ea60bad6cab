"""`Computation`: nodes, edges, scopes and names as frozen flat arrays, and what they are called.

Ids are creation order, written `#1234`. What flows along the edges, and when, is `Graph`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS
from microgpt.errors import GraphError
from microgpt.graph.arrays import Floats, Ints, frozen, ranges
from microgpt.graph.region import GraphRegion
from microgpt.graph.scope_tree import ScopeRange, ScopeTree

NOT_CALLED = "call backward() on its root"


class Maker(NamedTuple):
    """A function of a program that makes nodes, such as its class's `__mul__`."""

    name: str
    file: str
    line: int  # where it begins


@dataclass(frozen=True, eq=False, repr=False)
class Computation:
    """What was computed from what, as arrays that nobody can change."""

    op_codes: NDArray[np.uint8]
    """Place of each node's op in `op_names`. Shape: `[node]`."""
    immediate: Floats
    """The plain number beside the operands (pow's exponent), nan elsewhere. Shape: `[node]`."""
    data: Floats
    """Each node's value. Shape: `[node]`."""
    grad: Floats
    """Each node's accumulated gradient as it was found. Shape: `[node]`."""
    grad_before: Floats
    """What was in `grad` before the backward pass: 0 unless zeroing was forgotten or the graph was
    backpropagated before. Shape: `[node]`."""
    operand_start: Ints
    """The edges of node i are `operand_start[i]` to `operand_start[i + 1]`, in slot order. Shape:
    `[node + 1]`."""
    operands: Ints
    """Operand of each edge. Shape: `[edge]`."""
    local_grads: Floats
    """Local gradient of each edge. Shape: `[edge]`."""
    visit_order: Ints
    """The non-leaf nodes as the backward pass visits them; event k visits `visit_order[k - 1]`."""
    scopes: ScopeTree
    """The tree of scopes, each a range of ids."""
    scope_of: Ints
    """Place of each node's scope in `scopes`. Shape: `[node]`."""
    source_lines: tuple[tuple[str, int], ...]
    """File and line number of every line that made a node."""
    line_of: Ints
    """Place of each node's line in `source_lines`, -1 where none was recorded. Shape: `[node]`."""
    names: Mapping[int, str]
    """Name of each named node, as it is shown and typed; parameters are `layer0.attn_wq[3][7]`."""
    bindings: Mapping[int, ParameterBinding | tuple[int, ...]]
    """For leaves whose number stands for something: a parameter's place, or the ids whose largest
    value was taken. Leaves not listed here are constants or inputs."""
    root: int
    """Id of the node the pass starts from."""
    backpropagated: bool
    """Whether `grad` is what a backward pass from `root` left; if not, there are no events, and
    `grad` is whatever was found."""
    op_names: tuple[str, ...] = field(default_factory=lambda: tuple(OPS))
    """All ops that nodes may have. First the op table's, in its order; after them, in a graph of
    nodes that are not `Value`s, those that the table does not have."""
    makers: tuple[Maker, ...] = ()
    """The functions of a program that made nodes, where that was recorded."""
    maker_of: Ints | None = None
    """Which of them made each node, -1 for none; None where none was recorded. Shape: `[node]`."""
    unused_lines: tuple[tuple[str, int], ...] = ()
    """Lines of a program that have made nodes, none of which is here, as far as that was seen."""
    why_no_events: str = ""
    """What is in the way, in a sentence's words, unless `backpropagated`."""
    region: GraphRegion | None = None
    """Which part of a larger graph this is, None if it is a whole one."""

    def __post_init__(self) -> None:
        for column in vars(self).values():
            if isinstance(column, np.ndarray):
                frozen(column)
        if not self.backpropagated and not self.why_no_events:
            object.__setattr__(self, "why_no_events", NOT_CALLED)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def n_edges(self) -> int:
        """Number of edges; `x * x` has two."""
        return len(self.operands)

    # -- nodes -------------------------------------------------------------------------------------

    def op(self, node: int) -> str:
        """The op's name."""
        return self.op_names[int(self.op_codes[node])]

    def is_same_computation(self, other: Computation) -> bool:
        """Whether ids mean the same in both: each node has the same op of the same operands.

        Nodes that a what-if holds at a number have no operands in one of them.
        """
        if len(self) != len(other):
            return False
        mine, theirs = np.diff(self.operand_start), np.diff(other.operand_start)
        held = (mine != theirs) & ((mine == 0) | (theirs == 0))
        if not np.array_equal(self.op_codes[~held], other.op_codes[~held]):
            return False
        if not held.any():
            return np.array_equal(self.operands, other.operands)
        return np.array_equal(
            self.operands[~held[self.edge_consumers]], other.operands[~held[other.edge_consumers]]
        )

    def is_leaf(self, node: int) -> bool:
        """Whether the node has no operands."""
        return bool(self.operand_start[node] == self.operand_start[node + 1])

    def name(self, node: int) -> str:
        """The node's name, or `#id` if it has none."""
        return self.names.get(node) or f"#{self.id_of(node)}"

    def id_of(self, node: int) -> int:
        """What a node's id is called: of a region, its id in the whole graph."""
        return node if self.region is None else int(self.region.ids[node])

    def label(self, node: int) -> str:
        """What to call a node in a picture: its name, a constant's number, or `#id`."""
        if node in self.names:
            binding = self.bindings.get(node)
            token = binding.token if isinstance(binding, ParameterBinding) else ""
            return f"{self.names[node]} {token}".rstrip()
        is_const = self.op(node) == "const"
        return f"{float(self.data[node]):.6g}" if is_const else f"#{self.id_of(node)}"

    def scope(self, node: int) -> str:
        """Path of the node's scope, `""` outside any."""
        path: str = self.scopes[int(self.scope_of[node])].path
        return path

    def line(self, node: int) -> tuple[str, int] | None:
        """File and line number of the source that made the node, None if it was not recorded."""
        place = int(self.line_of[node])
        return self.source_lines[place] if place >= 0 else None

    def nodes_of(self, *ops: str) -> Ints:
        """The nodes of any of some ops, ascending."""
        codes = [self.op_names.index(op) for op in ops if op in self.op_names]
        return np.flatnonzero(np.isin(self.op_codes, codes))

    @cached_property
    def forward_order(self) -> Ints:
        """The events of the forward pass: the non-leaf nodes in creation order."""
        return frozen(np.flatnonzero(np.diff(self.operand_start)))

    # -- edges -------------------------------------------------------------------------------------

    @cached_property
    def edge_consumers(self) -> Ints:
        """Consumer of each edge. Shape: `[edge]`."""
        return frozen(np.repeat(np.arange(len(self)), np.diff(self.operand_start)))

    @cached_property
    def fan_out(self) -> Ints:
        """Number of edges out of each node. Shape: `[node]`."""
        return frozen(np.bincount(self.operands, minlength=len(self)))

    def edges_into(self, nodes: Ints) -> Ints:
        """Places of the edges into some nodes, one node after the other. Shape: `[edge]`."""
        return ranges(self.operand_start[nodes], self.operand_start[nodes + 1])

    def outputs_of(self, scope: ScopeRange) -> Ints:
        """The nodes of a scope that are used outside of it, and the root, ascending.

        Of a computation that came to no end, where nothing may be used: those that nothing uses.
        """
        start, stop = scope.start, scope.stop
        inner = self.operands[self.operand_start[start] : self.operand_start[stop]]
        inner = inner[(inner >= start) & (inner < stop)]
        uses = self.fan_out[start:stop]
        outputs = uses > np.bincount(inner - start, minlength=len(scope))
        if start <= self.root < stop:
            outputs[self.root - start] = True
        return start + np.flatnonzero(outputs if outputs.any() else uses == 0)

    # -- names -------------------------------------------------------------------------------------

    def find(self, reference: str) -> int:
        """The id of a node given as `#1234`, `1234` or by name.

        Raises:
            GraphError: there is no such node.
        """
        if match := re.fullmatch(r"#?(\d+)", reference.strip()):
            return self._with_id(int(match[1]))
        try:
            return self._ids_by_name[reference.strip()]
        except KeyError:
            raise GraphError(self._unknown_name(reference)) from None

    def existing(self, node: int) -> int:
        """The node itself. Raises `GraphError` if there is none such."""
        return self.find(f"#{node}") if self.region is None else self._with_id(self.id_of(node))

    def _with_id(self, number: int) -> int:
        region = self.region
        if region is None:
            if number < len(self):
                return number
            raise GraphError(f"no node #{number}: the ids of this graph are #0 to #{len(self) - 1}")
        node = int(np.searchsorted(region.ids, number))
        if node < len(self) and region.ids[node] == number:
            return node
        raise GraphError(f"no node #{number} here: this is {region.in_words}")

    @cached_property
    def _ids_by_name(self) -> dict[str, int]:
        """The first node of each name."""
        return {name: node for node, name in reversed([*self.names.items()])}

    @cached_property
    def name_of(self) -> Ints:
        """Place of each node's name among the values of `names`, -1 if it has none. `[node]`."""
        place = np.full(len(self), -1)
        place[np.fromiter(self.names, np.int64, len(self.names))] = np.arange(len(self.names))
        return frozen(place)

    def _unknown_name(self, reference: str) -> str:
        matrix = reference.partition("[")[0]
        matrices = {b.matrix for b in self.bindings.values() if isinstance(b, ParameterBinding)}
        if matrix in matrices:
            rows = sorted(
                {b.row for b in self.bindings.values()
                 if isinstance(b, ParameterBinding) and b.matrix == matrix}
            )  # fmt: skip
            return (
                f"no node {reference!r} in this graph; of {matrix} it reads "
                f"rows {', '.join(map(str, rows[:12]))}{', …' if len(rows) > 12 else ''}"
            )
        known = sorted(matrices) or list(self.names.values())[:12]
        return f"no node {reference!r}; a node is given as #1234 or by name: {', '.join(known)} …"
