"""`StepMap`: one training step as a grid of cells, what each holds and what flows between them.

Everything in it is a sum over nodes or edges of one Graph. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats, Ints, Mask, frozen
from microgpt.graph.graph import Graph
from viz.maps.grid import Grid, Row, grid_of
from viz.maps.norms import Shares, norms_by

NEVER = -1
LATER = int(np.iinfo(np.int64).max)
"""Than any event."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What a caller knows of a column that its graph does not say."""

    token: str | None = None  # what the column reads
    target: str | None = None  # what comes next
    loss: int | None = None  # node of the column's own loss
    probability: int | None = None  # node of the probability given to the target


@dataclass(frozen=True, slots=True)
class HeadWeights:
    """How much one head of one column reads of each source column."""

    row: int
    layer: int | None
    head: int  # counted from 0 within its layer
    column: int
    sources: tuple[int, ...]  # columns, ascending
    nodes: tuple[int, ...]  # of the weights
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ribbon:
    """What flows between a head's cell and one of its source columns."""

    row: int
    layer: int | None
    head: int
    source: int  # the column whose keys and values are read
    column: int  # the column that reads
    grad_norm: float  # of the contributions to each key and value. Units: nats per unit
    data_norm: float  # of weight × value


@dataclass(frozen=True, slots=True)
class Current:
    """What flows between two cells of a column."""

    column: int
    from_row: int
    to_row: int
    grad_norm: float  # of the contributions to each operand
    data_norm: float  # of the operands
    is_skip: bool  # whether it is added to what the rows between made of it


@dataclass(frozen=True, eq=False)
class StepMap:
    """A graph as a Map. Numbers of cells are over their outputs: the nodes used outside of them."""

    graph: Graph
    grid: Grid
    captions: tuple[Caption, ...]
    step: int | None  # the training step that the graph is of
    n_whole: int | None = None
    """How many scalars the step is, where the graph is one of its vectors; else None."""

    @classmethod
    def of(cls, graph: Graph, captions: Sequence[Caption] = (), step: int | None = None) -> StepMap:
        """The Map of any graph.

        Args:
            captions: of each column; none if nothing is known.
            step: counted from 1; None if the graph is of no training step.
        """
        grid = grid_of(graph)
        missing = len(grid.labels) - len(captions)
        return cls(graph, grid, (*captions, *[Caption()] * missing), step)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows, in the order of the forward pass."""
        return self.grid.rows

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return len(self.grid.row_of)

    @property
    def n_nodes(self) -> int:
        """How many scalars the step is."""
        return len(self.graph) if self.n_whole is None else self.n_whole

    def scope_around(self, cell: int) -> str:
        """Path of the smallest scope that holds all of a cell, `""` if none does."""
        if self.n_whole is not None:  # its graph has no scopes, but cells know theirs
            return self.grid.scopes[cell] or ""
        ranges = self.grid.node_ranges[cell]
        start, stop = ranges[0][0], ranges[-1][1]
        holding = (s for s in self.graph.scopes if s.start <= start and stop <= s.stop)
        return min(holding, key=len).path

    # -- edges between cells -----------------------------------------------------------------------

    @cached_property
    def crossing(self) -> Ints:
        """The edges from one cell into another, ascending. Shape: `[edge]`."""
        cell_of, graph = self.grid.cell_of, self.graph
        return frozen(np.flatnonzero(cell_of[graph.operands] != cell_of[graph.edge_consumers]))

    @cached_property
    def outputs(self) -> Ints:
        """The nodes of all cells that are used outside of them, and the root, ascending.

        Of a cell that nothing outside uses, the nodes that nothing uses at all.
        """
        graph, cell_of = self.graph, self.grid.cell_of
        is_output = np.zeros(len(graph), np.bool_)
        is_output[graph.operands[self.crossing]] = True
        is_output[graph.root] = True
        without = np.bincount(cell_of[is_output], minlength=self.n_cells) == 0
        if without.any():
            is_output |= without[cell_of] & (graph.fan_out == 0)
        return frozen(np.flatnonzero(is_output))

    @cached_property
    def _output_rank(self) -> Ints:
        """The place of each output among all, column by column and row by row. Shape: `[node]`."""
        cell = self.grid.cell_of[self.outputs]
        order = np.lexsort((self.grid.row_of[cell], self.grid.column_of[cell]))
        rank = np.zeros(len(self.graph), np.int64)
        rank[self.outputs[order]] = np.arange(len(order))
        return rank

    # -- numbers of cells --------------------------------------------------------------------------

    def norms(self, numbers: Floats) -> Floats:
        """The L2 norm of some numbers over the outputs of each cell. Shape: `[cell]`.

        Args:
            numbers: one of each node. Shape: `[node]`.
        """
        outputs = self.outputs
        return norms_by(self.grid.cell_of[outputs], numbers[outputs], self.n_cells)

    @cached_property
    def grad_norm(self) -> Floats:
        """Of each cell. Units: nats per unit. Shape: `[cell]`."""
        return frozen(self.norms(self.graph.grad))

    @cached_property
    def data_norm(self) -> Floats:
        """Of each cell. Shape: `[cell]`."""
        return frozen(self.norms(self.graph.data))

    # -- time --------------------------------------------------------------------------------------

    @cached_property
    def first_event(self) -> Ints:
        """The first backward event that visits a node of each cell, -1 if none. Shape: `[cell]`."""
        return self._over_visits(np.minimum, LATER)

    @cached_property
    def last_event(self) -> Ints:
        """The last one: after it the cell has given on all it has. Shape: `[cell]`."""
        return self._over_visits(np.maximum, NEVER)

    @cached_property
    def first_write(self) -> Ints:
        """The first event that another cell adds something to each cell in, -1 if none. `[cell]`.

        That is 0 for the root's cell: its grad is set there. Of a pass with a ledger all that is
        written counts, but for what the cell writes to itself.
        """
        return self._over_writes(np.minimum, LATER)

    @cached_property
    def last_write(self) -> Ints:
        """The last such event: what leaves the cell has its whole gradient after it. `[cell]`."""
        return self._over_writes(np.maximum, NEVER)

    def _over_writes(self, extreme: np.ufunc, nothing: int) -> Ints:
        found = np.full(self.n_cells, nothing)
        if self.graph.backpropagated:
            cells, events = self._writes
            extreme.at(found, cells[events > 0], events[events > 0])
            root = self.grid.cell_of[self.graph.root]
            found[root] = extreme(0, found[root])
        found[found == LATER] = NEVER
        return frozen(found)

    @property
    def _writes(self) -> tuple[Ints, Ints]:
        """Cells that others write to, and in which events, as often as that happens."""
        graph, cell_of, ledger = self.graph, self.grid.cell_of, self.graph.ledger
        if ledger is None:
            events = graph.event_of[graph.edge_consumers[self.crossing]]
            return cell_of[graph.operands[self.crossing]], events
        along = ledger.edge >= 0
        from_others = along & (cell_of[graph.edge_consumers[ledger.edge]] != cell_of[ledger.node])
        counts = from_others | (~along & ledger.changed())
        return cell_of[ledger.node[counts]], ledger.event[counts]

    def _over_visits(self, extreme: np.ufunc, nothing: int) -> Ints:
        found = np.full(self.n_cells, nothing)
        if self.graph.backpropagated:
            visited = self.graph.visit_order
            extreme.at(found, self.grid.cell_of[visited], np.arange(1, len(visited) + 1))
        found[found == LATER] = NEVER
        return frozen(found)

    # -- who reads whom ----------------------------------------------------------------------------

    @cached_property
    def weights(self) -> tuple[HeadWeights, ...]:
        """The attention weights, by row and column."""
        reads, cell_of = self._head_reads, self.grid.cell_of
        mixes = reads.weight >= 0
        pairs = np.stack((cell_of[reads.consumer], reads.source, reads.weight))[:, mixes]
        # The products of one weight mostly lie together: then few are left to be sorted.
        differs = np.ones(pairs.shape[1], np.bool_)
        differs[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
        pairs = pairs[:, differs]
        found: dict[int, dict[int, int]] = {}
        for cell, source, weight in np.unique(pairs, axis=1).T.tolist():
            found.setdefault(cell, {}).setdefault(source, weight)
        return tuple(
            HeadWeights(
                row := int(self.grid.row_of[cell]),
                self.rows[row].layer,
                self.head_of_row[row],
                int(self.grid.column_of[cell]),
                tuple(by_source),
                tuple(by_source.values()),
                tuple(self.graph.data[list(by_source.values())].tolist()),
            )
            for cell, by_source in found.items()
        )

    @cached_property
    def head_of_row(self) -> dict[int, int]:
        """The rows that are attention heads, each with its number within its layer."""
        numbers: dict[int, int] = {}
        next_number: dict[int | None, int] = {}
        for row in self._head_rows.tolist():
            layer = self.rows[row].layer
            numbers[row] = next_number.get(layer, 0)
            next_number[layer] = numbers[row] + 1
        return numbers

    @cached_property
    def ribbons(self) -> tuple[Ribbon, ...]:
        """What each head's cell reads of each source column, and gives back to it as gradient."""
        reads, graph, grid = self._head_reads, self.graph, self.grid
        cell = grid.cell_of[reads.consumer]
        codes = cell * len(grid.labels) + reads.source
        key = np.flatnonzero(np.bincount(codes))
        number = np.zeros(self.n_cells * len(grid.labels), np.int64)
        number[key] = np.arange(len(key))
        of_edge = number[codes]
        shares = Shares.of(of_edge, self._output_rank[graph.operands[reads.edge]], len(key))
        grad = shares.norms_of_sums(graph.contributions[reads.edge])
        mixes = reads.weight >= 0
        brought = norms_by(of_edge[mixes], graph.data[reads.consumer[mixes]], len(key))
        rows = grid.row_of[key // len(grid.labels)].tolist()
        columns = grid.column_of[key // len(grid.labels)].tolist()
        return tuple(
            Ribbon(row, self.rows[row].layer, self.head_of_row[row], source, column, size, data)
            for row, source, column, size, data in zip(
                rows, (key % len(grid.labels)).tolist(), columns, grad.tolist(), brought.tolist(),
                strict=True,
            )
        )  # fmt: skip

    @cached_property
    def _head_rows(self) -> Ints:
        """The rows that read the same rows of other columns, ascending.

        Where the program's calls are known only those that were found to be heads: a recurrent
        network reads the column before, too.
        """
        _, to_row, is_across = self._rows_of_crossing
        rows = np.unique(to_row[is_across])
        heads = self.grid.heads
        return rows if heads is None else rows[np.isin(rows, list(heads))]

    @cached_property
    def _rows_of_crossing(self) -> tuple[Ints, Ints, Mask]:
        """Of each edge between cells the row that it comes from and goes to; whether columns.

        What a row reads of itself in another column is no reading of keys and values: it is what
        recurs, or what happens inside of a row that was folded.
        """
        grid, graph, edges = self.grid, self.graph, self.crossing
        source = grid.cell_of[graph.operands[edges]]
        target = grid.cell_of[graph.edge_consumers[edges]]
        from_column, to_column = grid.column_of[source], grid.column_of[target]
        across = (from_column != to_column) & (from_column >= 0) & (to_column >= 0)
        from_row, to_row = grid.row_of[source], grid.row_of[target]
        return from_row, to_row, across & (from_row != to_row)

    @cached_property
    def _head_reads(self) -> _HeadReads:
        """The edges from keys and values into heads, the own column's too."""
        graph, grid = self.graph, self.grid
        from_row, to_row, across = self._rows_of_crossing
        n = len(self.rows)
        read_across = np.zeros(n * n, np.bool_)
        read_across[from_row[across] * n + to_row[across]] = True
        read_across &= np.isin(np.arange(n * n) % n, self._head_rows)
        column = grid.column_of[grid.cell_of[graph.operands[self.crossing]]]
        edges = self.crossing[read_across[from_row * n + to_row] & (column >= 0)]
        consumer = graph.edge_consumers[edges]
        start = graph.operand_start[consumer]
        is_product = graph.operand_start[consumer + 1] - start == 2
        other = np.where(edges == start, start + 1, start)
        other[~is_product] = start[~is_product]
        factor = graph.operands[other]
        inside = is_product & (grid.cell_of[factor] == grid.cell_of[consumer])
        return _HeadReads(
            edges,
            consumer,
            grid.column_of[grid.cell_of[graph.operands[edges]]],
            np.where(inside, factor, -1),
        )

    # -- the river ---------------------------------------------------------------------------------

    @cached_property
    def river(self) -> tuple[Current, ...]:
        """What flows between the cells of each column, column by column."""
        graph, grid, edges = self.graph, self.grid, self.crossing
        from_row, to_row, _ = self._rows_of_crossing
        source = grid.cell_of[graph.operands[edges]]
        target = grid.cell_of[graph.edge_consumers[edges]]
        column = grid.column_of[source]
        within = (column >= 0) & (column == grid.column_of[target])
        edges, from_row, to_row, column = (
            array[within] for array in (edges, from_row, to_row, column)
        )
        n = len(self.rows)
        codes = (column * n + from_row) * n + to_row
        key = np.flatnonzero(np.bincount(codes))
        number = np.zeros(len(grid.labels) * n * n, np.int64)
        number[key] = np.arange(len(key))
        operands = graph.operands[edges]
        shares = Shares.of(number[codes], self._output_rank[operands], len(key))
        grad = shares.norms_of_sums(graph.contributions[edges])
        data = shares.norms_of_each(graph.data[operands])
        is_skip = self._skips(from_row, to_row, edges)
        return tuple(
            Current(
                place // n // n, place // n % n, place % n, size, value,
                (place // n % n, place % n) in is_skip,
            )
            for place, size, value in zip(key.tolist(), grad.tolist(), data.tolist(), strict=True)
        )  # fmt: skip

    def _skips(self, from_row: Ints, to_row: Ints, edges: Ints) -> set[tuple[int, int]]:
        """The pairs of rows whose edges are added to what comes from a later row."""
        graph = self.graph
        added = np.zeros(len(graph), np.bool_)
        added[graph.nodes_of("add")] = True
        sums = added[graph.edge_consumers[edges]]
        n = len(self.rows)
        summed = np.bincount((to_row * n + from_row)[sums], minlength=n * n) > 0
        otherwise = np.bincount((to_row * n + from_row)[~sums], minlength=n * n) > 0
        by_target: dict[int, list[int]] = {}
        for pair in np.flatnonzero(summed & ~otherwise).tolist():
            by_target.setdefault(pair // n, []).append(pair % n)
        return {(min(froms), to) for to, froms in by_target.items() if len(froms) > 1}


@dataclass(frozen=True, slots=True)
class _HeadReads:
    edge: Ints
    consumer: Ints
    source: Ints  # column of the operand
    weight: Ints  # the node that the operand is multiplied by, if the head made it; else -1
