"""The numbers of view `nodes`: where the operands of each node of a whole graph lie.

Nodes stand in a row, in order of creation or of their places on the Map, and a dot at (operand,
node) is an edge. A million edges are counted in squares of so many nodes by so many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints, frozen
from viz.maps.norms import norms_by
from viz.maps.spans import row_labels
from viz.maps.step_map import StepMap
from viz.style import DECADES, short_number
from viz.views.color_scale import ColorScale, largest_size
from viz.views.subject import ViewSubject
from viz.views.table import Choices
from viz.views.themes import TERMINAL

ORDERS = ("creation", "scope")
SQUARES = 465
"""Of a side, at the most."""
BEFORE, ACROSS = "parameters", "all"
"""What a band is called whose nodes belong to no column."""
MOST_LINES = 36
"""Of the picture in characters: more is taller than most windows."""
BRAILLE = 0x2800
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bits of a braille character. Shape: `[row][column]`."""


@dataclass(frozen=True, slots=True)
class NodeBand:
    """Neighbours in the order that belong together."""

    name: str
    start: int  # rank of the first
    stop: int  # one past the last

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class AllNodes:
    """Every edge of a graph, by the ranks of its ends."""

    by: str  # the order: one of `ORDERS`
    n_nodes: int
    bands: tuple[NodeBand, ...]  # one after the other, all nodes
    operands: Ints  # rank of each edge's operand. Shape: `[edge]`.
    consumers: Ints  # rank of the node that is made of it. Shape: `[edge]`.
    contributions: Floats  # what each edge brings its operand's gradient. Shape: `[edge]`.

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> AllNodes:
        """Of the last subject.

        Raises:
            InputError: there is no such order.
            GraphError: the graph has no backward pass.
        """
        by = choices.by or ORDERS[0]
        if by not in ORDERS:
            raise InputError(f"--by {by}: must be one of {', '.join(ORDERS)}")
        subject = subjects[-1]
        graph = subject.graph
        step_map = StepMap.of(graph)
        rank, bands = _ranks(step_map, by, subject.tokens)
        return cls(
            by,
            len(graph),
            bands,
            frozen(rank[graph.operands]),
            frozen(rank[graph.edge_consumers]),
            graph.contributions,
        )

    @property
    def side(self) -> int:
        """How many squares there are in a row."""
        return min(SQUARES, self.n_nodes)

    @cached_property
    def counts(self) -> Ints:
        """Edges in each square. Shape: `[node][operand]`."""
        return frozen(self.dots(self.side))

    @cached_property
    def norms(self) -> Floats:
        """L2 norm of what the edges in each square bring. Shape: `[node][operand]`."""
        side = self.side
        norms = norms_by(self._squares(side), self.contributions, side * side)
        return frozen(norms.reshape(side, side))

    @cached_property
    def block_counts(self) -> Ints:
        """Edges between bands. Shape: `[band][band of the operands]`."""
        n = len(self.bands)
        return frozen(np.bincount(self._blocks, minlength=n * n).reshape(n, n))

    @cached_property
    def block_norms(self) -> Floats:
        """L2 norm of what these edges bring. Shape: `[band][band of the operands]`."""
        n = len(self.bands)
        return frozen(norms_by(self._blocks, self.contributions, n * n).reshape(n, n))

    @cached_property
    def _blocks(self) -> Ints:
        ends = np.array([band.stop for band in self.bands])
        node = np.searchsorted(ends, self.consumers, side="right")
        operand = np.searchsorted(ends, self.operands, side="right")
        blocks: Ints = node * len(ends) + operand
        return blocks

    def _squares(self, side: int) -> Ints:
        squares: Ints = (self.consumers * side // self.n_nodes) * side + (
            self.operands * side // self.n_nodes
        )
        return squares

    def dots(self, side: int) -> Ints:
        """How many edges lie in each of so many squares. Shape: `[node][operand]`."""
        return np.bincount(self._squares(side), minlength=side * side).reshape(side, side)


def _ranks(step_map: StepMap, by: str, tokens: Sequence[str]) -> tuple[Ints, tuple[NodeBand, ...]]:
    """The place of each node in the order, and the bands that it falls into."""
    grid = step_map.grid
    column = grid.column_of[grid.cell_of]
    names = [*grid.labels]
    if by == "creation":
        rank = np.arange(len(column))
        group, called = column, {
            at: f"{at} {tokens[at]}" if at < len(tokens) else names[at] or str(at)
            for at in range(len(names))
        }  # fmt: skip
        outside = {-1: ACROSS}
    else:
        row = grid.row_of[grid.cell_of]
        is_parameter = np.array(grid.parameters, dtype=np.bool_)[grid.cell_of]
        group = np.where(is_parameter, -1, row)
        order = np.lexsort((np.arange(len(row)), column, group))
        rank = np.empty(len(row), np.int64)
        rank[order] = np.arange(len(row))
        group, called, outside = group[order], dict(enumerate(row_labels(step_map))), {-1: BEFORE}
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    stops = np.append(starts[1:], len(group))
    bands = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        key = int(group[start])
        name = called.get(key) or outside.get(key, ACROSS)
        if key < 0 and not start:
            name = BEFORE
        bands.append(NodeBand(name, start, stop))
    return frozen(rank), tuple(bands)


def nodes_as_json(shown: AllNodes) -> Mapping[str, Any]:
    """Bands, and the squares in which there are edges."""
    nodes, operands = np.nonzero(shown.counts)
    return {
        "by": shown.by,
        "nodes": shown.n_nodes,
        "edges": len(shown.operands),
        "side": shown.side,
        "bands": [
            {"name": band.name, "start": band.start, "stop": band.stop} for band in shown.bands
        ],
        "squares": [
            [node, operand, count, norm]
            for node, operand, count, norm in zip(
                nodes.tolist(), operands.tolist(), shown.counts[nodes, operands].tolist(),
                shown.norms[nodes, operands].tolist(), strict=True,
            )
        ],
    }  # fmt: skip


def nodes_lines(shown: AllNodes, width: int) -> list[str]:
    """In braille: a dot where there are edges; bands are named at the left."""
    without_legend = nodes_colored(shown, width)[:-1]
    return ["".join(text for text, _ in line).rstrip() for line in without_legend]


def nodes_colored(shown: AllNodes, width: int) -> list[list[tuple[str, str]]]:
    """The same, each character in the colour of the most gradient that an edge in it brings."""
    names = min(16, max(len(band.name) for band in shown.bands)) + 1
    columns = max(8, min(width - names, 2 * MOST_LINES))
    side = 2 * columns
    rows = math.ceil(side / 4)
    dots = np.zeros((rows * 4, side), np.bool_)
    dots[:side] = shown.dots(side) > 0
    of_characters = dots.reshape(rows, 4, columns, 2).astype(np.int64)
    codes = (of_characters * DOTS[:, np.newaxis, :]).sum(axis=(1, 3)) + BRAILLE
    sizes = np.zeros(rows * columns)
    squares = (shown.consumers * side // shown.n_nodes // 4) * columns + (
        shown.operands * side // shown.n_nodes // 2
    )
    np.fmax.at(sizes, squares, np.abs(shown.contributions))
    scale = ColorScale(TERMINAL, largest_size(sizes), is_log=True)
    levels = scale.levels(sizes).reshape(rows, columns)
    labels = _labels_by_line(shown, rows, side)
    lines: list[list[tuple[str, str]]] = []
    for label, row, of_row in zip(labels, codes.tolist(), levels.tolist(), strict=True):
        pieces = [(label[: names - 1].ljust(names), "")]
        for level, characters in groupby(zip(of_row, row, strict=True), itemgetter(0)):
            text = "".join(chr(code) for _, code in characters)
            pieces.append((text, scale.colors[level] if level >= 0 else ""))
        lines.append(pieces)
    n_edges, order = len(shown.operands), "creation" if shown.by == "creation" else "the Map's rows"
    told = (
        f"{shown.n_nodes:,} nodes by {order}, {n_edges:,} edges: a dot is an operand (across) of "
        "a node (down)"
    )
    lines.append([(told, "")])
    weakest, strongest = scale.colors[0], scale.colors[-1]
    lines.append([("coloured by the gradient an edge brings: ", ""),
                  (f"≤ {short_number(scale.largest / 10.0**DECADES)}", weakest), (" to ", ""),
                  (short_number(scale.largest), strongest)])  # fmt: skip
    return lines


def _labels_by_line(shown: AllNodes, rows: int, side: int) -> list[str]:
    """The name of the first band that begins in each line of characters."""
    labels = [""] * rows
    for band in shown.bands:
        line = band.start * side // shown.n_nodes // 4
        labels[line] = labels[line] or band.name
    return labels
