"""`Trace`: the model's computation for some number of positions, whatever its numbers.

Its nodes stand in cells: first one for every parameter, read or not, in the order of
`Parameters.flat`; then those that the forward pass makes, in order of creation. So the cells of a
short document are the first of a long one's, but for the few that take the mean of the losses, and
one trace serves all documents up to its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.collector import paused_collector
from microgpt.autograd.ops import op_code
from microgpt.autograd.recording import recording
from microgpt.graph.arrays import Cells, Floats, Scalar
from microgpt.graph.graph import Graph
from microgpt.model.parameters import ModelConfig, Parameters
from microgpt.model.transformer import forward
from microgpt.replay import loops
from microgpt.replay.graph_code import loop_ops
from microgpt.text.tokenizer import Tokenizer

_FIRST_CHARACTER = 0x10000  # a vocabulary of any size; what its characters are is not kept


@dataclass(frozen=True, eq=False)
class Trace:
    """The computation of some positions as flat arrays."""

    op_codes: NDArray[np.uint8]  # as in a `Graph`. Shape: `[cell]`.
    a: Cells  # cell of the first operand; of a listed node the start of its list. Shape: `[cell]`.
    b: Cells
    """Cell of the second operand; of a pow the place of its exponent; of a listed node the end of
    its list. Shape: `[cell]`."""
    exponents: Floats  # of all pows, each once
    lists: Cells
    """Cells whose largest is taken, of one max leaf after the other; and operands of nodes that the
    loops have no branch for."""
    immediates: Floats  # of the nodes that the loops have no branch for, in order
    constants: Floats  # number of every `const` leaf, in order
    scope_of: Cells  # place of each cell's scope in `scopes`. Shape: `[cell]`.
    line_of: NDArray[np.int16]
    """Place of each cell's line in `source_lines`, -1 for parameters. Shape: `[cell]`."""
    scopes: NDArray[np.str_]  # paths, the root scope's first
    scope_parents: NDArray[np.int32]  # places of their parents, -1 for the root scope
    scope_starts: Cells  # first cell in each
    scope_stops: Cells  # one past the last
    files: NDArray[np.str_]  # of `source_lines`
    lines: NDArray[np.int32]  # line number of each of `source_lines`
    names: NDArray[np.str_]  # of named nodes after the parameters
    named: Cells  # their cells

    @classmethod
    def of(cls, config: ModelConfig, vocab_size: int, length: int) -> Trace:
        """Runs the model once on `Value`s: a few microseconds a node."""
        characters = range(_FIRST_CHARACTER, _FIRST_CHARACTER + vocab_size - 1)
        tokenizer = Tokenizer("".join(map(chr, characters)))
        shapes = config.shapes(vocab_size)
        zeros = [0.0] * sum(rows * cols for rows, cols in shapes.values())
        with paused_collector():
            parameters = Parameters(config, tokenizer, zeros)
            with recording(calls_in_scopes=False):
                computed = forward([0] * (length + 1), parameters, config, tokenizer)
            return cls._of_graph(Graph.from_value(computed.loss), shapes)

    @classmethod
    def _of_graph(cls, graph: Graph, shapes: dict[str, tuple[int, int]]) -> Trace:
        starts = dict(zip(shapes, offsets(shapes), strict=True))
        read = [
            starts[binding.matrix] + binding.row * shapes[binding.matrix][1] + binding.col
            for binding in graph.bindings.values()
            if isinstance(binding, ParameterBinding)
        ]
        n_read = len(read)  # these parameters are the graph's first nodes
        n_parameters = sum(rows * cols for rows, cols in shapes.values())
        n_cells = n_parameters + len(graph) - n_read
        cells = np.concatenate((read, np.arange(n_parameters, n_cells))).astype(np.uint32)

        def by_cell(
            numbers: NDArray[Any], of_parameters: int, dtype: type[Scalar]
        ) -> NDArray[Scalar]:
            spread = np.full(n_cells, of_parameters, dtype)
            spread[n_parameters:] = numbers[n_read:]
            return spread

        edges, arity = graph.operand_start[:-1], np.diff(graph.operand_start)
        a, b = np.zeros(len(graph), np.uint32), np.zeros(len(graph), np.uint32)
        a[arity > 0] = cells[graph.operands[edges[arity > 0]]]
        b[arity > 1] = cells[graph.operands[edges[arity > 1] + 1]]
        pows = graph.op_codes == op_code("pow")
        exponents, b[pows] = np.unique(graph.immediate[pows], return_inverse=True)
        lists: list[int] = []
        for node, binding in graph.bindings.items():
            if not isinstance(binding, ParameterBinding):
                a[node] = len(lists)
                lists += binding
                b[node] = len(lists)
        by_row = np.flatnonzero(loop_ops()[graph.op_codes] == loops.RECORDED)
        for node in by_row.tolist():
            a[node] = len(lists)
            lists += graph.operands[edges[node] : edges[node] + arity[node]].tolist()
            b[node] = len(lists)
        scopes = list(graph.scopes)
        named = [node for node in graph.names if node >= n_read]
        return cls(
            op_codes=by_cell(graph.op_codes, op_code("param"), np.uint8),
            a=by_cell(a, 0, np.uint32),
            b=by_cell(b, 0, np.uint32),
            exponents=exponents,
            lists=cells[lists],
            immediates=graph.immediate[by_row],
            constants=graph.data[graph.op_codes == op_code("const")],
            scope_of=by_cell(graph.scope_of, 0, np.uint32),
            line_of=by_cell(graph.line_of, -1, np.int16),
            scopes=np.array([scope.path for scope in scopes]),
            scope_parents=np.array([scope.parent for scope in scopes], np.int32),
            scope_starts=np.array([0, *(cells[scope.start] for scope in scopes[1:])], np.uint32),
            scope_stops=np.array([cells[scope.stop - 1] + 1 for scope in scopes], np.uint32),
            files=np.array([file for file, _ in graph.source_lines]),
            lines=np.array([line for _, line in graph.source_lines], np.int32),
            names=np.array([graph.names[node] for node in named]),
            named=cells[named],
        )

    def is_sound(self) -> bool:
        """Whether no cell refers to a later one, which no loop over the cells would notice."""
        kinds = loop_ops()[self.op_codes]
        has_list = (kinds == loops.MAX) | (kinds == loops.RECORDED)
        cells = np.arange(len(self.a))
        return bool(
            len(self.op_codes) == len(self.a) == len(self.b)
            and (self.a[~has_list] <= cells[~has_list]).all()
            and (self.b[~has_list] <= cells[~has_list]).all()
            and (self.a[has_list] < self.b[has_list]).all()
            and (self.b[has_list] <= len(self.lists)).all()
            and all(
                (self.lists[self.a[cell] : self.b[cell]] < cell).all()
                for cell in np.flatnonzero(kinds == loops.RECORDED)
            )
            and (self.lists < len(self.a)).all()
        )


def offsets(shapes: dict[str, tuple[int, int]]) -> list[int]:
    """Where each matrix begins in the flat parameters."""
    sizes = [rows * cols for rows, cols in shapes.values()]
    return [0, *accumulate(sizes[:-1])]
