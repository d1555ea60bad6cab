"""The Graph of a region: some scopes of a step, in scalars, without the step's other nodes.

The whole is laid out without being kept, so that ids are known; what the region reads at its
border, and the gradients that come back there, are the step's vectors. The rest is as of wholes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS, op_code
from microgpt.errors import GraphError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.region import OUTSIDE, GraphRegion
from microgpt.graph.scope_tree import ScopeRange, ScopeTree
from microgpt.replay.vectors import passes
from microgpt.replay.vectors.blueprint import Blueprint
from microgpt.replay.vectors.layout import (
    NO_OPERAND,
    Alike,
    Chains,
    Largest,
    LayoutStep,
    NodeLayout,
)
from microgpt.replay.vectors.source_lines import lines_of_kinds
from microgpt.train.step_vectors import StepVectors

MOST_NODES = 2_000_000
"""A larger region is refused: it would take as long as what it is there to avoid."""

NEIGHBOURS = 8
"""So many floats on either side are tried for what flows in."""


def region_graph(vectors: StepVectors, scopes: Sequence[str]) -> Graph:
    """The Graph of some scopes of a step.

    Args:
        scopes: their paths, such as `pos3/layer2/attn/head1`, or `pos3`.

    Raises:
        GraphError: there is no such scope, or all of them are too many nodes.
    """
    for path in scopes:
        if not re.match(r"pos\d+(/|$)", path):
            raise GraphError(
                f"no region {path!r}: it begins with a position, as pos0/layer0/attn/head0"
            )
    outermost = [
        path for path in dict.fromkeys(scopes)
        if not any(path.startswith(f"{other}/") for other in scopes)
    ]  # fmt: skip
    return _RegionMaker(vectors, tuple(outermost)).graph()


def whole_layout(vectors: StepVectors, scopes: Sequence[str] = ()) -> Blueprint:
    """The step, laid out; only the nodes of some scopes are kept."""
    tokenizer, wanted = vectors.model.tokenizer, set(scopes)
    labels = [tokenizer.label(token) for token in range(tokenizer.vocab_size)]
    return Blueprint(vectors.model.config, vectors.tokens, labels, wanted.__contains__)


@dataclass(frozen=True, eq=False)
class _RegionMaker:
    vectors: StepVectors
    scopes: tuple[str, ...]

    @cached_property
    def _plan(self) -> Blueprint:
        plan = whole_layout(self.vectors, self.scopes)
        if (count := sum(stop - start for start, stop in plan.layout.runs)) > MOST_NODES:
            raise GraphError(
                f"{', '.join(self.scopes)} are {count:,} nodes, and a region has at most "
                f"{MOST_NODES:,}: name a scope inside"
            )
        return plan

    @property
    def _layout(self) -> NodeLayout:
        return self._plan.layout

    # -- which nodes -------------------------------------------------------------------------------

    @cached_property
    def _made(self) -> Ints:
        """The ids of the nodes that are in the scopes, rising."""
        return np.concatenate([np.arange(start, stop) for start, stop in self._layout.runs])

    @cached_property
    def _ids(self) -> Ints:
        """The ids of all nodes: those, what they read, and the root."""
        layout = self._layout
        read = [layout.operands[layout.operands != NO_OPERAND]]
        read += [step.inputs for _, step in layout.steps if isinstance(step, Largest)]
        return np.unique(np.concatenate((self._made, *read, [self._plan.root])))

    def _place(self, ids: Ints) -> Ints:
        """Where nodes with these ids are."""
        return np.searchsorted(self._ids, ids)

    @cached_property
    def _outputs(self) -> Ints:
        """The nodes that are read elsewhere, rising."""
        read = self._layout.read_elsewhere
        return self._place(np.unique(np.concatenate([*read, np.empty(0, np.int64)])))

    @cached_property
    def _border(self) -> dict[str, tuple[Ints, Ints]]:
        """By scope, the nodes that are read from elsewhere: where, and which of its outputs."""
        is_read = np.ones(len(self._ids), np.bool_)
        is_read[self._place(self._made)] = False
        is_read[-1] = False
        ids = self._ids[is_read]
        found = {}
        for path, outputs in self._layout.outputs.items():
            low, high = np.searchsorted(ids, (outputs[0], outputs[-1] + 1))
            if low < high:
                which = np.searchsorted(outputs, ids[low:high])
                found[path] = self._place(ids[low:high]), which
        return found

    @cached_property
    def _small(self) -> NodeLayout:
        """The region as a layout of its own, with its nodes' places as ids."""
        layout, small = self._layout, NodeLayout(0)
        place, n = self._place(self._made), len(self._ids)
        small.size = small._n_kept = n
        small._op_codes = np.full(n, op_code("input"), np.uint8)
        small._operands = np.full((n, 2), NO_OPERAND)
        small._numbers = np.full(n, np.nan)
        small._op_codes[place], small._numbers[place] = layout.op_codes, layout.numbers
        has = layout.operands != NO_OPERAND
        operands = np.full(layout.operands.shape, NO_OPERAND)
        operands[has] = self._place(layout.operands[has])
        small._operands[place] = operands
        small.steps = [(stage, self._moved(step)) for stage, step in layout.steps]
        return small

    def _moved(self, step: LayoutStep) -> LayoutStep:
        if isinstance(step, Alike):
            return Alike(step.op, self._place(step.ids), step.exponent)
        if isinstance(step, Largest):
            return Largest(int(self._place(np.array([step.node]))[0]), self._place(step.inputs))
        x = step.factors
        factors = None if x is None else (self._place(x[0]), self._place(x[1]))
        return Chains(self._place(step.terms), self._place(step.sums), factors)

    # -- numbers -----------------------------------------------------------------------------------

    def _known(self, path: str) -> tuple[Floats, Floats]:
        """Numbers and gradients of a scope's outputs."""
        position, _, place = path.partition("/")
        return self.vectors.at_place(place).at(int(position.removeprefix("pos")))

    def _numbers(self) -> Floats:
        """Of every node; the root's is the loss. Shape: `[node]`."""
        n_read, small = len(self._plan.read), self._small
        numbers = small._numbers.copy()
        parameters = np.flatnonzero(self._ids < n_read)
        small._op_codes[parameters] = op_code("param")
        flat = np.frombuffer(self.vectors.model.data)
        numbers[parameters] = flat[self._plan.read[self._ids[parameters]]]
        for path, (places, which) in self._border.items():
            numbers[places] = self._known(path)[0][which]
        small._numbers = numbers
        found = passes.forward(small, np.empty(0))
        found[-1] = self.vectors.passed.loss
        return found

    def _from_outside(self, locals_: Floats, order: Ints) -> Floats:
        """What flows in from beyond the border. Shape: `[node]`.

        All gradients of outputs are known; of each that is also read here, what comes from outside
        is what is missing: so much that the sum comes to what is known.
        """
        known: dict[int, float] = {}
        for path, ids in self._layout.outputs.items():
            if self._is_made(int(ids[0])):
                places = self._place(ids).tolist()
                known |= zip(places, self._known(path)[1].tolist(), strict=True)
        shares: dict[int, list[float]] = {node: [] for node in self._outputs.tolist()}
        self._flow(np.zeros(len(self._ids)), locals_, order, known, shares)
        outside = np.zeros(len(self._ids))
        for node, added in shares.items():
            outside[node] = _missing(known[node], added)
        return outside

    def _flow(
        self,
        begin: Floats,
        locals_: Floats,
        order: Ints,
        known: Mapping[int, float],
        shares: dict[int, list[float]],
    ) -> Floats:
        """The gradients that the visits come to, from what is there at the beginning. `[node]`.

        Args:
            known: gradients to go on with in the place of these.
            shares: gets what each of some nodes is given, in order.
        """
        grads = begin.tolist()
        firsts, seconds = self._small.operands.T.tolist()
        first_slopes, second_slopes = locals_.T.tolist()
        for node in order.tolist():
            adjoint = known.get(node, grads[node])
            for operand, slope in (
                (firsts[node], first_slopes[node]), (seconds[node], second_slopes[node]),
            ):  # fmt: skip
                if operand != NO_OPERAND:
                    share = slope * adjoint
                    grads[operand] += share
                    if operand in shares:
                        shares[operand].append(share)
        return np.array(grads)

    def _is_made(self, number: int) -> bool:
        at = int(np.searchsorted(self._made, number))
        return at < len(self._made) and self._made[at] == number

    # -- the graph ---------------------------------------------------------------------------------

    def _visits(self) -> tuple[Ints, Ints]:
        """The visits without the root's, and its operands in order.

        The root's operands are such that the depth-first search comes by nodes as it does in the
        whole graph: position by position, and at each of them first to what is made last.
        """
        small, outputs = self._small, self._outputs
        scope = self._scope_of[outputs]
        position = np.array([self._position_of[index] for index in scope.tolist()])
        outputs = outputs[np.lexsort((outputs, -scope, position))]
        return passes.visits(small, *outputs.tolist()), outputs

    @cached_property
    def _whole_tree(self) -> ScopeTree:
        return ScopeTree(self._layout.scopes)

    @cached_property
    def _tree(self) -> tuple[ScopeTree, Ints]:
        """The scopes that have nodes here, and the place in it of each node's."""
        wholes = self._layout.scopes
        starts = self._place(np.array([scope.start for scope in wholes]))
        stops = self._place(np.array([scope.stop for scope in wholes]))
        stops[0] = len(self._ids)
        index: dict[int, int] = {}
        ranges: list[ScopeRange] = []
        scope_of = np.zeros(len(self._ids), np.int64)
        for scope, start, stop in zip(wholes, starts.tolist(), stops.tolist(), strict=True):
            if scope.index and (start == stop or start == len(self._ids) - 1):
                continue
            index[scope.index] = len(ranges)
            parent = index[scope.parent] if scope.index else -1
            ranges.append(ScopeRange(len(ranges), scope.path, scope.label, parent, start, stop))
            scope_of[start:stop] = len(ranges) - 1
        scope_of[-1] = 0
        return ScopeTree(ranges, self._whole_tree), scope_of

    @property
    def _scope_of(self) -> Ints:
        return self._tree[1]

    @cached_property
    def _position_of(self) -> list[int]:
        """Of each scope the index of the outermost around it: scopes of a position lie together."""
        found: list[int] = []
        for scope in self._tree[0]:
            found.append(scope.index if scope.parent <= 0 else found[scope.parent])
        return found

    def graph(self) -> Graph:
        """The Graph."""
        for path in self.scopes:
            self._whole_tree.find(path)
        small, n = self._small, len(self._ids)
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            numbers = self._numbers()
            locals_ = passes.local_grads(small, numbers)
            order, outputs = self._visits()
            outside = self._from_outside(locals_, order)
            grad = self._flow(outside, locals_, order, {}, {})
            grad[-1] = 1.0
        has_edge = small.operands != NO_OPERAND
        counts = has_edge.sum(axis=1)
        counts[-1] = len(outputs)
        operand_start = np.concatenate(([0], np.cumsum(counts)))
        scopes, scope_of = self._tree
        op_codes = small.op_codes.copy()
        op_codes[-1] = len(OPS)
        names, bindings = self._names()
        source_lines, line_of = self._lines()
        return Graph(
            op_codes=op_codes,
            immediate=np.where(op_codes == op_code("pow"), self._layout_numbers, np.nan),
            data=numbers,
            grad=grad,
            grad_before=np.zeros(n),
            operand_start=operand_start,
            operands=np.concatenate((small.operands[has_edge], outputs)),
            local_grads=np.concatenate((locals_[has_edge], outside[outputs])),
            visit_order=np.concatenate(([n - 1], order)),
            scopes=scopes,
            scope_of=scope_of,
            source_lines=source_lines,
            line_of=line_of,
            names=MappingProxyType(names),
            bindings=MappingProxyType(bindings),
            root=n - 1,
            backpropagated=True,
            op_names=(*OPS, OUTSIDE),
            region=GraphRegion(self.scopes, self._ids, self._layout.size, outside),
        )

    @property
    def _layout_numbers(self) -> Floats:
        numbers = np.full(len(self._ids), np.nan)
        numbers[self._place(self._made)] = self._layout.numbers
        return numbers

    def _names(self) -> tuple[dict[int, str], dict[int, ParameterBinding | tuple[int, ...]]]:
        plan, config, tokenizer = (
            self._plan,
            self.vectors.model.config,
            self.vectors.model.tokenizer,
        )
        names: dict[int, str] = {}
        bindings: dict[int, ParameterBinding | tuple[int, ...]] = {}
        shapes = config.shapes(tokenizer.vocab_size)
        starts = np.cumsum([0, *(rows * cols for rows, cols in shapes.values())])
        matrices = list(shapes.items())
        nodes = np.flatnonzero(self._ids < len(plan.read))
        ats = plan.read[self._ids[nodes]]
        of = np.searchsorted(starts, ats, side="right") - 1
        inside = ats - starts[of]
        for node, matrix, at in zip(nodes.tolist(), of.tolist(), inside.tolist(), strict=True):
            name, (_, cols) = matrices[matrix]
            row, col = divmod(at, cols)
            token = tokenizer.label(row) if name == "wte" else ""
            bindings[node] = binding = ParameterBinding(name, row, col, token)
            names[node] = binding.name
        for path, (places, which) in self._border.items():
            single = len(self._layout.outputs[path]) == 1
            for node, output in zip(places.tolist(), which.tolist(), strict=True):
                names[node] = path if single else f"{path}[{output}]"
        for number, name in self._layout.names.items():
            place = int(self._place(np.array([number]))[0])
            if self._ids[place] == number:
                names[place] = name
        for _, step in self._small.steps:
            if isinstance(step, Largest):
                bindings[step.node] = tuple(step.inputs.tolist())
                names[step.node] = f"-max of {len(step.inputs)}"
        names[len(self._ids) - 1] = "loss"
        return dict(sorted(names.items())), dict(sorted(bindings.items()))

    def _lines(self) -> tuple[tuple[tuple[str, int], ...], Ints]:
        line_of = np.full(len(self._ids), -1)
        lines, kinds = lines_of_kinds(), self._layout.kinds
        if lines is None:
            return (), line_of
        all_lines = list(dict.fromkeys(lines[kind] for kind in kinds))
        of_kind = np.array([all_lines.index(lines[kind]) for kind in kinds], np.int64)
        line_of[self._place(self._made)] = of_kind[self._layout.kind_of]
        return tuple(all_lines), line_of


def _missing(total: float, added: list[float]) -> float:
    """A number that, with others added to it one by one, comes to a total, as near as can be.

    Where it was really added before the others, as mostly, it comes to the total exactly.
    """

    def comes_to(first: float) -> float:
        for share in added:
            first += share
        return first

    first = total
    for share in added[::-1]:
        first -= share
    if comes_to(first) != total:
        above = below = first
        for _ in range(NEIGHBOURS):
            above, below = math.nextafter(above, math.inf), math.nextafter(below, -math.inf)
            for near in (above, below):
                if comes_to(near) == total:
                    return near
    return first
