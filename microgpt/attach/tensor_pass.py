"""A pass over arrays, element by element: sums of contributions within rounding, else a ledger.

A class of arrays adds a whole array at a time, and what is summed inside a matrix product nobody
sees. A visit of an op is so many events as its output has elements, in a row; its writes are theirs
by the edges. If the sums of all contributions come to the program's own gradients within the
rounding of as many additions, they are the pass; else its writes are kept, number by number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from microgpt.attach.additions import adds
from microgpt.attach.visits import ObservedPass
from microgpt.graph.arrays import Floats, Ints, ranges, running_sums
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import Ledger

INSIDE = 4
"""What cancels inside of an op, such as `grad - dot` of a softmax that is sure, leaves so many
roundings of its adjoints."""


@dataclass(frozen=True, eq=False)
class ArrayPass:
    """A pass as whole arrays were written."""

    starts: Ints
    """The elements of tensor t are nodes `starts[t]` to `starts[t + 1]` of the graph."""
    slots: Ints  # which of its op's operands each edge comes from. Shape: `[edge]`.
    seen: ObservedPass  # of tensors: visits, and the tensor of each write
    written: list[Floats]  # what each write wrote; nan where that has another shape than the data
    finals: list[Floats | None]  # each tensor's gradient at the end, None for none
    eps: float  # of the program's numbers


def with_array_pass(graph: Graph, found: ArrayPass) -> Graph:
    """A graph of elements with its pass as it was.

    Args:
        graph: with the gradients from before and after the pass.
        found: the pass.
    """
    sums = _as_sums(graph, found)
    return sums if sums is not None else _as_ledger(graph, found)


OTHER_FINALS = (
    "its pass was not seen, and the gradients at its end are others than the true ones: a hook, or "
    "something else than this graph, has changed {n} of them"
)


def with_array_finals(graph: Graph, found: ArrayPass) -> Graph:
    """A graph of whose pass only the gradients at its end are known.

    They are the sums of contributions if these come to them within rounding; else those that differ
    are written at once, at the end of a ledger of the true pass.
    """
    sums = _as_sums(graph, found)
    if sums is not None:
        return sums
    unknown = replace(found, finals=[None] * len(found.finals))
    true = _as_sums(graph, unknown)
    assert true is not None  # with nothing to hold against
    tensors = [t for t, final in enumerate(found.finals) if final is not None]
    writes = _Writes(true, found, *_elements(graph, found.starts, found.seen.visits))
    differing = writes.replay(true, tensors)
    return replace(writes.graph_of(), pass_note=OTHER_FINALS.format(n=f"{differing:,}"))


def _elements(graph: Graph, starts: Ints, visits: Ints) -> tuple[Ints, Ints]:
    """The elements visited, tensor by tensor, leaving out those made of nothing; and each's visit.

    Shape: `[event]`.
    """
    nodes = ranges(starts[visits], starts[visits + 1])
    of_visit = np.repeat(np.arange(len(visits)), starts[visits + 1] - starts[visits])
    is_made = np.diff(graph.operand_start)[nodes] > 0
    return nodes[is_made], of_visit[is_made]


def _as_sums(graph: Graph, found: ArrayPass) -> Graph | None:
    """The graph with a pass that is the sums of its contributions, if it was that."""
    seen, starts = found.seen, found.starts
    if len(np.unique(seen.visits)) < len(seen.visits):
        return None
    before = graph.grad_before.copy()
    for tensor, numbers, event in zip(seen.nodes, found.written, seen.events, strict=True):
        own = slice(int(starts[tensor]), int(starts[tensor + 1]))
        if event == 0 and not own.start <= graph.root < own.stop:
            before[own] = numbers  # it zeroes them itself
    grads, bounds = before.copy(), np.zeros(len(graph))
    grads[graph.root] = 1.0
    first, operands, locals_ = graph.operand_start, graph.operands, graph.local_grads
    consumers = graph.edge_consumers
    sizes, counts, used = np.abs(grads), np.full(len(graph), 4.0), grads.copy()
    with np.errstate(all="ignore"):
        for tensor in seen.visits.tolist():
            edges = slice(int(first[starts[tensor]]), int(first[starts[tensor + 1]]))
            to, by = operands[edges], consumers[edges]
            own = slice(int(starts[tensor]), int(starts[tensor + 1]))
            used[own] = grads[own]
            shares = locals_[edges] * grads[by]
            np.add.at(grads, to, shares)
            np.add.at(sizes, to, np.abs(shares))
            np.add.at(counts, to, 1.0)
            error = np.abs(locals_[edges]) * (bounds[by] + counts[by] * found.eps * sizes[by])
            inside = INSIDE * found.eps * np.abs(grads[own]).max(initial=0.0)
            np.add.at(bounds, to, error + 8 * found.eps * np.abs(shares) + inside)
        bounds += counts * found.eps * sizes
        for tensor, final in enumerate(found.finals):
            own = slice(int(starts[tensor]), int(starts[tensor + 1]))
            if final is None:
                continue  # it keeps none, so there is nothing to hold against
            same = (np.abs(final - grads[own]) <= bounds[own]) | (final == grads[own])
            same |= np.isnan(final) & np.isnan(grads[own])
            if not same.all():
                return None
    visited, _ = _elements(graph, starts, seen.visits)
    is_visited = np.zeros(len(graph), np.bool_)
    is_visited[visited] = True
    if (used[visited] != grads[visited]).any():
        return None  # something was added to an adjoint after it was used
    left_out = ~is_visited[consumers] & (grads[consumers] * locals_ != 0)
    if left_out.any():
        return None
    return replace(graph, visit_order=visited, grad=grads, grad_before=before)


def _as_ledger(graph: Graph, found: ArrayPass) -> Graph:
    seen = found.seen
    events, of_visit = _elements(graph, found.starts, seen.visits)
    writes = _Writes(graph, found, events, of_visit)
    at = 0
    order = list(zip(seen.events.tolist(), seen.nodes.tolist(), strict=True))
    while at < len(order):
        # All that is written in one visit, by tensor.
        stop = at
        while stop < len(order) and order[stop][0] == order[at][0]:
            stop += 1
        groups: dict[int, list[int]] = {}
        for place in range(at, stop):
            groups.setdefault(order[place][1], []).append(place)
        writes.begin(order[at][0])
        for tensor, places in groups.items():
            writes.add(tensor, places)
        at = stop
    return writes.graph_of()


class _Writes:
    """Makes of writes of arrays writes of elements."""

    def __init__(self, graph: Graph, found: ArrayPass, events: Ints, of_visit: Ints) -> None:
        self._graph, self._found = graph, found
        self._visited, self._of_visit = events, of_visit
        self._now = graph.grad_before.copy()
        self._columns: list[tuple[Ints, Floats, Ints, Ints, Ints, Floats, NDArray[np.bool_]]] = []
        self._last_events = np.searchsorted(
            of_visit, np.arange(len(found.seen.visits)), side="right"
        )
        self._visit, self._grads = -1, self._now

    def begin(self, event: int) -> None:
        """Goes on to a visit; 0 is what comes before all."""
        self._visit = event - 1
        self._grads = self._now.copy()  # as the visited op finds them

    def add(self, tensor: int, places: list[int]) -> None:
        """Adds what one visit wrote to one tensor."""
        graph, found = self._graph, self._found
        own = slice(int(found.starts[tensor]), int(found.starts[tensor + 1]))
        visit = self._visit
        last = int(self._last_events[visit]) if visit >= 0 else 0
        edges, events = self._edges_to(own, visit)
        final = found.written[places[-1]]
        line = int(found.seen.lines[places[-1]])
        if len(edges):
            to = graph.operands[edges]
            total, sizes = np.zeros(len(graph)), np.abs(self._now)
            with np.errstate(all="ignore"):
                shares = graph.local_grads[edges] * self._grads[graph.edge_consumers[edges]]
                np.add.at(total, to, shares)
                np.add.at(sizes, to, np.abs(shares))
                n = np.bincount(to - own.start, minlength=own.stop - own.start) + 8
                adjoints = self._grads[graph.edge_consumers[edges]]
                inside = INSIDE * found.eps * np.abs(adjoints).max(initial=0.0)
                bound = 4 * n * found.eps * sizes[own] + inside
                fits = np.abs(self._now[own] + total[own] - final) <= bound
            if fits.all():
                self._added(edges, events, shares, to, final, own, line)
                self._now[own] = final
                return
        of_slot = self._by_slot(edges, len(places))
        for nth, place in enumerate(places):
            numbers, line = found.written[place], int(found.seen.lines[place])
            mine = of_slot == nth if of_slot is not None else np.ones(len(edges), np.bool_)
            self._whole(own, numbers, line, edges[mine], events[mine], last)
            self._now[own] = numbers

    def _by_slot(self, edges: Ints, n_writes: int) -> Ints | None:
        """Which of an operand's slots each edge belongs to, None if the writes do not tell.

        A visit that writes to an operand as often as that has slots does so in their order.
        """
        slots = self._found.slots[edges]
        numbers, of_slot = np.unique(slots, return_inverse=True)
        return of_slot if len(numbers) == n_writes and n_writes > 1 else None

    def _edges_to(self, own: slice, visit: int) -> tuple[Ints, Ints]:
        """The edges from the elements of a tensor to those of the op visited, with their events."""
        graph, found = self._graph, self._found
        if visit < 0:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing
        tensor = int(found.seen.visits[visit])
        first, last = int(found.starts[tensor]), int(found.starts[tensor + 1])
        edges = np.arange(int(graph.operand_start[first]), int(graph.operand_start[last]))
        operands = graph.operands[edges]
        edges = edges[(operands >= own.start) & (operands < own.stop)]
        begin = int(np.searchsorted(self._of_visit, visit))
        end = int(self._last_events[visit])
        event_of = np.zeros(last - first, np.int64)
        event_of[self._visited[begin:end] - first] = np.arange(begin, end) + 1
        return edges, event_of[graph.edge_consumers[edges] - first]

    def _added(
        self, edges: Ints, events: Ints, shares: Floats, to: Ints, final: Floats, own: slice,
        line: int,
    ) -> None:  # fmt: skip
        """One write for each share; the last to each element is what the program had."""
        n = len(edges)
        by_element = np.lexsort((np.arange(n), events, to))
        sorted_to = to[by_element]
        begins = np.concatenate(([True], np.diff(sorted_to) != 0))
        new = running_sums(shares[by_element], begins, self._now[sorted_to])
        ends = np.concatenate((np.diff(sorted_to) != 0, [True]))
        new[ends] = final[sorted_to[ends] - own.start]
        old = np.concatenate(([np.nan], new[:-1]))
        old[begins] = self._now[sorted_to[begins]]
        self._columns.append(
            (sorted_to, new, np.full(n, line), events[by_element], edges[by_element], new - old,
             np.ones(n, np.bool_))  # added, though the sum is rounded otherwise
        )  # fmt: skip

    def _whole(
        self, own: slice, numbers: Floats, line: int, edges: Ints, events: Ints, last: int
    ) -> None:
        """One write for each element; along an edge if there is only one."""
        graph, n = self._graph, own.stop - own.start
        to = graph.operands[edges] - own.start
        count = np.bincount(to, minlength=n)
        edge, event = np.full(n, -1), np.full(n, last)
        edge[to], event[to] = edges, events
        product = np.zeros(n)
        with np.errstate(all="ignore"):
            shares = graph.local_grads[edges] * self._grads[graph.edge_consumers[edges]]
            np.add.at(product, to, shares)
            sizes = np.bincount(to, np.abs(shares), n)
            bound = 4 * (count + 8) * self._found.eps * sizes
            is_all = np.abs(numbers - product) <= bound  # it is what the visit gives, alone
        # Of several edges none is the one, unless all of them together took the number's place.
        edge[(count > 1) & ~is_all] = -1
        event[count != 1] = last
        product[edge < 0] = np.nan
        nodes = np.arange(own.start, own.stop)
        self._columns.append(
            (nodes, numbers.copy(), np.full(n, line), event, edge, product, np.zeros(n, np.bool_))
        )

    def replay(self, true: Graph, tensors: list[int]) -> int:
        """Writes the true pass, and then the gradients at the end; gives how many differ."""
        order = true._pass_edges
        events = true.event_of[true.edge_consumers[order]]
        shares, to = true.contributions[order], true.operands[order]
        nothing = np.full(1, -1)
        root = np.array([true.root])
        self._columns.append(
            (root, np.ones(1), nothing, np.zeros(1, np.int64), nothing, np.ones(1),
             np.zeros(1, np.bool_))
        )  # fmt: skip
        self._now[true.root] = 1.0
        whole = slice(0, len(true))
        self._added(order, events, shares, to, true.grad, whole, -1)
        self._now, differing = true.grad.copy(), 0
        last = len(self._visited)
        for tensor in tensors:
            own = slice(int(self._found.starts[tensor]), int(self._found.starts[tensor + 1]))
            final = self._found.finals[tensor]
            assert final is not None
            other = np.flatnonzero(~np.isclose(self._now[own], final, rtol=1e-5)) + own.start
            differing += len(other)
            n = len(other)
            numbers = final[other - own.start]
            none = np.full(n, -1)
            self._columns.append(
                (other, numbers, none, np.full(n, last), none, np.full(n, np.nan),
                 np.zeros(n, np.bool_))
            )  # fmt: skip
            self._now[other] = numbers
        return differing

    def graph_of(self) -> Graph:
        graph, found = self._graph, self._found
        none = np.zeros(0, np.int64)
        columns = [
            *self._columns, (none, np.zeros(0), none, none, none, np.zeros(0), none.astype(bool))
        ]  # fmt: skip
        rows = zip(*columns, strict=True)
        node, new, line, event, edge, product, is_share = (np.concatenate(each) for each in rows)
        order = np.argsort(event, kind="stable")
        by_line = np.array([adds(*place) for place in graph.source_lines] + [False], np.bool_)
        line = line[order]
        ledger = Ledger.of_writes(
            node=node[order], new=new[order], line=line, event=event[order], edge=edge[order],
            nth=found.seen.nth[self._of_visit], grad_before=graph.grad_before,
            product=product[order], adds=by_line[line] | is_share[order],
        )  # fmt: skip
        return replace(graph, visit_order=self._visited, ledger=ledger, grad=self._now)
