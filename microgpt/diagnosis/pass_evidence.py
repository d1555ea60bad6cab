"""`PassEvidence`: one backward pass as it was, beside the pass as it should have been."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.recognising import exactness
from microgpt.diagnosis.shares_at_once import given_at_once, right_together
from microgpt.diagnosis.true_locals import TrueLocals, true_locals
from microgpt.graph.arrays import Floats, Ints, frozen
from microgpt.graph.debuggee import Stop, Updates
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import ADDED, REPLACED, ZEROED, Ledger
from microgpt.graph.op_evaluator import OpEvaluator

ROUNDED = 1e-14
"""So small a part of the largest gradient may be rounding inside of an op."""
AT_WRITES = 1e-12
"""So small a part of what was there and is written may be rounding in a share, or a rounding is."""


@dataclass(frozen=True, eq=False)
class PassEvidence:
    """A pass that was watched."""

    number: int  # of the pass, as in `backward 3`
    graph: Graph
    locals: TrueLocals
    place: tuple[str, int] | None  # the line that called it, if it is a script's
    loss: float
    updates: Updates | None  # what became of the leaves since the pass watched before

    @classmethod
    def of(cls, stop: Stop) -> PassEvidence | None:
        """The pass of a stop, None if it has no graph with a pass."""
        graph = stop.graph
        if graph is None or not graph.backpropagated:
            return None
        return cls.of_graph(
            graph, stop.methods, stop.number, (stop.file, stop.line), stop.updates, stop.loss
        )

    @classmethod
    def of_graph(
        cls,
        graph: Graph,
        methods: OpEvaluator | None = None,
        number: int = 1,
        place: tuple[str, int] | None = None,
        updates: Updates | None = None,
        loss: float | None = None,
    ) -> PassEvidence:
        """The pass of a graph.

        Args:
            methods: compute its nodes for other operands, where its program can be asked.
            number: which pass it is.
            place: the line that called it.
            updates: what became of the leaves before it.
            loss: the root's number as the pass began, if that may be another now.
        """
        return cls(
            number, graph, true_locals(graph, methods), place,
            float(graph.data[graph.root]) if loss is None else loss, updates,
        )  # fmt: skip

    @property
    def file(self) -> str | None:
        """The file of the line that called it."""
        return self.place[0] if self.place is not None else None

    @property
    def line(self) -> int | None:
        """That line."""
        return self.place[1] if self.place is not None else None

    # -- the pass as it should have been -------------------------------------------------------

    @property
    def ledger(self) -> Ledger | None:
        """The writes, of a pass that is not the sums of its contributions."""
        return self.graph.ledger

    @cached_property
    def slopes(self) -> Floats:
        """Each local gradient as it should be, as far as known. Shape: `[edge]`."""
        return frozen(self.locals.nearest(self.graph.local_grads))

    @cached_property
    def seed(self) -> float:
        """What the root's gradient is when the pass begins."""
        graph, ledger = self.graph, self.ledger
        if ledger is None:
            return 1.0
        first = int(graph.event_of[graph.root])
        if first >= 1:
            return float(graph.adjoints[first - 1])
        return float(graph.grad[graph.root])  # never visited, or only its end is known

    @cached_property
    def before(self) -> Floats:
        """What each leaf had before; other nodes should have nothing. Shape: `[node]`."""
        graph, ledger = self.graph, self.ledger
        is_leaf = np.diff(graph.operand_start) == 0
        before = np.where(is_leaf, graph.grad_before, 0.0)
        if ledger is not None:  # a pass may zero gradients itself, before it begins
            before[ledger.node[(ledger.event == 0) & (ledger.kind == ZEROED)]] = 0.0
        return frozen(before)

    @cached_property
    def _should(self) -> tuple[Floats, Floats, Floats]:
        """True gradients, the sizes of their shares added up, and how far they may be off."""
        graph = self.graph
        seed = self.seed if np.isfinite(self.seed) and self.seed else 1.0
        grads, n = self.before.tolist(), len(graph)
        sizes, errors = np.abs(self.before).tolist(), [0.0] * n
        starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
        slopes = self.slopes.tolist()
        off = np.where(self.locals.known, self.locals.error, 0.0).tolist()
        grads[graph.root], sizes[graph.root] = seed, abs(seed)
        for node in range(graph.root, -1, -1):  # operands are older than what is made of them
            begin, end = starts[node], starts[node + 1]
            if begin == end or (grads[node] == 0.0 and sizes[node] == 0.0):
                continue
            adjoint, size, error = grads[node], sizes[node], errors[node]
            for edge in range(begin, end):
                operand, slope = operands[edge], slopes[edge]
                grads[operand] += slope * adjoint
                sizes[operand] += abs(slope) * size
                errors[operand] += abs(slope) * error + off[edge] * abs(adjoint)
        return frozen(np.array(grads)), frozen(np.array(sizes)), frozen(np.array(errors))

    @property
    def exact(self) -> float:
        """Within this part of their size numbers of the program are the same."""
        return exactness(self.graph)

    @property
    def true_grad(self) -> Floats:
        """Each node's gradient as it should be. Shape: `[node]`."""
        return self._should[0]

    @property
    def sizes(self) -> Floats:
        """The sizes of the shares of each true gradient, added up. Shape: `[node]`."""
        return self._should[1]

    @cached_property
    def tolerance(self) -> Floats:
        """Within this a gradient is the same. Shape: `[node]`."""
        _, sizes, errors = self._should
        return frozen(self.exact * sizes + errors + ROUNDED * float(np.max(sizes, initial=0.0)))

    @cached_property
    def is_unknown(self) -> NDArray[np.bool_]:
        """Whose true gradient hangs on a slope that nothing tells. Shape: `[node]`."""
        graph = self.graph
        nothing = np.isnan(self.slopes) & ~self.locals.known
        found = np.zeros(len(graph), np.bool_)
        found[graph.operands[nothing]] = True
        starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
        unknown = found.tolist()
        for node in range(graph.root, -1, -1):
            if unknown[node]:
                for operand in operands[starts[node] : starts[node + 1]]:
                    unknown[operand] = True
        return frozen(np.array(unknown))

    @cached_property
    def off(self) -> NDArray[np.bool_]:
        """Whose gradient is another one than it should be. Shape: `[node]`."""
        same = np.isnan(self.true_grad) & np.isnan(self.graph.grad)
        same |= self.true_grad == self.graph.grad
        same |= np.isnan(self.true_grad) & self.is_unknown
        with np.errstate(invalid="ignore"):
            return frozen(~same & ~(np.abs(self.graph.grad - self.true_grad) <= self.tolerance))

    @cached_property
    def given_slopes(self) -> Floats:
        """Each local gradient as the pass used it. Shape: `[edge]`.

        That is what its code gives when it is asked, unless the ledger says something else: another
        share, or none at all.
        """
        graph, ledger = self.graph, self.ledger
        if ledger is None or not len(graph.visit_order):
            return graph.local_grads
        n, given = len(graph), graph.local_grads.copy()
        along = (ledger.edge >= 0) & (ledger.event > 0)
        edges = ledger.edge[along]
        shares, expected = (ledger.new - ledger.old)[along], self.given_shares[along]
        largest = np.abs(ledger.old) + np.abs(ledger.new) + self.sizes[ledger.node]
        slack = max(AT_WRITES, self.graph.eps) * largest[along] + self.exact * np.abs(expected)
        adjoints = self.write_adjoints[along]
        keys = graph.edge_consumers * n + graph.operands  # x * x may have one write for both
        _, pair = np.unique(keys, return_inverse=True)
        nth = graph.visit_numbers
        once = np.ones(n, np.bool_)
        once[graph.visit_order[nth > 1]] = False
        should, did, room = np.zeros((3, int(pair.max(initial=-1)) + 1))
        is_visited = np.zeros(n, np.bool_)
        is_visited[graph.visit_order[graph.adjoints != 0]] = True
        counted = is_visited[graph.edge_consumers] & once[graph.edge_consumers]
        at_visit = np.zeros(n)
        at_visit[graph.visit_order[::-1]] = graph.adjoints[::-1]
        with np.errstate(all="ignore"):
            all_shares = graph.local_grads * at_visit[graph.edge_consumers]
            np.add.at(should, pair[counted], all_shares[counted])
            np.add.at(did, pair[edges], shares)
            np.add.at(room, pair[edges], slack)
            off = np.abs(should - did) > room + self.exact * np.abs(should)
            is_off = off[pair] & counted & ~given_at_once(graph, ledger, self.exact)
            added = ledger.kind[along] == ADDED
            wrong = is_off[edges] & added & (adjoints != 0)
            written = np.zeros(graph.n_edges, np.bool_)
            written[edges] = True
            written[self._edges_of_totals] = True
            given[is_off & ~written] = 0.0
            given[edges[wrong]] = shares[wrong] / adjoints[wrong]
        return frozen(given)

    def edges_beside(self, edge: int) -> Ints:
        """The edges into one operand from an op's array, of which each element has its own."""
        graph = self.graph
        start, consumer = graph.operand_start, int(graph.edge_consumers[edge])
        makers = graph.maker_of if graph.maker_of is not None else graph.line_of
        found = []
        for use in graph.consumers_of(int(graph.operands[edge])):
            other = use.consumer
            if (
                graph.op_codes[other] == graph.op_codes[consumer]
                and graph.line_of[other] == graph.line_of[consumer]
                and makers[other] == makers[consumer]
            ):
                found.append(int(start[other]) + use.slot)
        return np.array(found, np.int64)

    def total_beside(self, edge: int) -> float:
        """What these give their operand together, by the program's own local gradients."""
        graph, edges = self.graph, self.edges_beside(edge)
        with np.errstate(all="ignore"):
            return float(graph.local_grads[edges] @ graph.grad[graph.edge_consumers[edges]])

    @cached_property
    def _edges_of_totals(self) -> Ints:
        """The edges whose shares a write has put in their operand's place all together."""
        ledger = self.ledger
        assert ledger is not None
        found = [np.zeros(0, np.int64)]
        for write in self.replaced[ledger.edge[self.replaced] >= 0].tolist():
            edge = int(ledger.edge[write])
            beside = self.edges_beside(edge)
            total = self.total_beside(edge)
            if len(beside) > 1 and abs(total - ledger.new[write]) <= 1e-9 * abs(total):
                found.append(beside)
        return np.concatenate(found)

    @cached_property
    def wrong_slopes(self) -> NDArray[np.bool_]:
        """The edges whose local gradient is another one than it should be. Shape: `[edge]`."""
        given = self.given_slopes
        right = right_together(self.graph, given, self.slopes, self.exact)
        return frozen(self.locals.wrong(given) & ~right)

    @cached_property
    def is_finite(self) -> bool:
        """Whether neither the root nor any gradient, as it should be, has overflown."""
        root = self.graph.data[self.graph.root]
        return bool(np.isfinite(root) and np.isfinite(self.true_grad[self.leaves]).all())

    @cached_property
    def leaves(self) -> Ints:
        """The nodes that nothing has made, in the order of `Updates.leaves`.

        An element of an array's op that depends on nothing, such as a probability behind a mask,
        is none of them.
        """
        graph = self.graph
        has_operands = np.diff(graph.operand_start) > 0
        inner = np.isin(graph.op_codes, np.unique(graph.op_codes[has_operands]))
        return frozen(np.flatnonzero(~inner))

    # -- what was seen ---------------------------------------------------------------------------

    @cached_property
    def leads_from(self) -> NDArray[np.bool_]:
        """The nodes that the root was made of by a way whose slopes are known not to be 0."""
        graph = self.graph
        reached = np.zeros(len(graph), np.bool_)
        reached[graph.root] = True
        starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
        carries = (self.slopes != 0).tolist()
        found = reached.tolist()
        for node in range(graph.root, -1, -1):
            if found[node]:
                for edge in range(starts[node], starts[node + 1]):
                    if carries[edge]:
                        found[operands[edge]] = True
        return frozen(np.array(found))

    @cached_property
    def unknown_edges(self) -> Ints:
        """The edges on a way to the root whose local gradient could not be checked."""
        edges = np.flatnonzero(~self.locals.known)
        return edges[self.leads_from[self.graph.edge_consumers[edges]]]

    def above(self, leaves: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The nodes that were made of any of some nodes, these included. Shape: `[node]`."""
        graph = self.graph
        found = leaves.tolist()
        starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
        for node in graph.forward_order.tolist():
            if not found[node]:
                found[node] = any(found[o] for o in operands[starts[node] : starts[node + 1]])
        return np.array(found)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The program's files, as far as they made nodes or wrote gradients."""
        graph = self.graph
        own = [self.place[0]] if self.place is not None else []
        return tuple(dict.fromkeys((*own, *(file for file, _ in graph.source_lines))))

    def line_of_share(self, edge: int) -> tuple[str, int] | None:
        """The line that added an edge's share, as far as that was seen."""
        lines = self.graph.share_lines
        if lines is None or lines[edge] < 0:
            return None
        return self.graph.source_lines[int(lines[edge])]

    @cached_property
    def _ops_by_line(self) -> dict[int, int]:
        """For how many ops each line has added shares."""
        graph, lines = self.graph, self.graph.share_lines
        if lines is None:
            return {}
        pairs = np.unique(np.stack([lines, graph.op_codes[graph.edge_consumers]]), axis=1)
        counted, counts = np.unique(pairs[0], return_counts=True)
        return dict(zip(counted.tolist(), counts.tolist(), strict=True))

    def is_line_of_one_op(self, place: tuple[str, int]) -> bool:
        """Whether a line adds the shares of one op, or two, where a pass has more."""
        counts = self._ops_by_line
        line = self.graph.source_lines.index(place) if place in self.graph.source_lines else -1
        n_ops = len(np.unique(self.graph.op_codes[self.graph.edge_consumers]))
        return 0 < counts.get(line, 0) <= min(2, n_ops - 1)

    def line_of_write(self, write: int) -> tuple[str, int] | None:
        """The line of a write in the ledger."""
        assert self.ledger is not None
        line = int(self.ledger.line[write])
        return self.graph.source_lines[line] if line >= 0 else None

    @cached_property
    def expected_shares(self) -> Floats:
        """Of each write along an edge what it should add for the adjoint there was. `[write]`."""
        return self._times_adjoint(self.slopes)

    @cached_property
    def given_shares(self) -> Floats:
        """The same by the local gradients that the program's own code gives."""
        return self._times_adjoint(self.graph.local_grads)

    def _times_adjoint(self, slopes: Floats) -> Floats:
        ledger, _graph = self.ledger, self.graph
        assert ledger is not None
        along = ledger.edge >= 0
        adjoints = self.write_adjoints
        with np.errstate(all="ignore"):
            return np.where(along, slopes[np.maximum(ledger.edge, 0)] * adjoints, np.nan)

    @cached_property
    def write_adjoints(self) -> Floats:
        """The visited node's gradient as each write's event began, nan at none. `[write]`."""
        ledger, graph = self.ledger, self.graph
        assert ledger is not None
        found = np.full(len(ledger), np.nan)
        has = ledger.event >= 1
        found[has] = graph.adjoints[np.minimum(ledger.event[has], len(graph.visit_order)) - 1]
        return frozen(found)

    def writes(self, kind: int) -> Ints:
        """Places of the writes of one kind that change a number."""
        ledger = self.ledger
        assert ledger is not None
        return np.flatnonzero((ledger.kind == kind) & ledger.changed())

    @property
    def replaced(self) -> Ints:
        """Places of the writes that put a number in another one's place."""
        return self.writes(REPLACED)

    @property
    def added(self) -> Ints:
        """Places of the writes that add."""
        return self.writes(ADDED)
