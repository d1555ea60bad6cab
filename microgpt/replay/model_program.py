"""`ModelProgram`: the model's trace as a program for any parameters and any document.

What a document changes is re-pointed: the rows of the token matrix that are read, the probability
whose logarithm is taken, and the number of losses in their mean. All else is the same for every
document, but one thing: the backward pass goes depth first, and first of all to the target's logit.
A position's own part of the pass holds the nodes that no earlier position's loss leads to, and
which these are depends on no target; so the order within depends on its own target alone, and it
is kept by position and target.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.ops import OPS, op_code
from microgpt.graph.arrays import Cells, Floats, Ints
from microgpt.model.parameters import ModelConfig
from microgpt.replay import loops
from microgpt.replay.graph_code import loop_ops, runs_of, with_links
from microgpt.replay.loops import Code
from microgpt.replay.op_rows import computed
from microgpt.replay.trace import Trace


class ModelProgram:
    """A trace, and where in it to find what a document changes or someone asks for.

    Numbers are cells of the trace.
    """

    def __init__(self, trace: Trace, config: ModelConfig, vocab_size: int) -> None:
        self.trace = trace
        shapes = config.shapes(vocab_size)
        self.n_parameters = sum(rows * cols for rows, cols in shapes.values())  # the first cells
        self.code = _code(trace)  # for no particular document
        self._ranges = {
            str(path): range(int(start), int(stop))
            for path, start, stop in zip(
                trace.scopes, trace.scope_starts, trace.scope_stops, strict=True
            )
        }
        self.root = len(trace.a) - 1  # the loss
        self.partial_sums = self._cells("loss", "add")  # of the losses. Shape: `[position]`.
        self.length = n = len(self.partial_sums)  # the most positions it can run
        self._count_inverse = int(trace.b[self.root])  # the constant 1 / n
        is_token = (self.code.op == loops.ADD) & (trace.a < shapes["wte"][0] * shapes["wte"][1])
        # Sums of token row and position row. Shape: `[position][n_embd]`.
        self.embeddings = np.flatnonzero(is_token).reshape(n, config.n_embd)
        # One past the last cell of each position. Shape: `[position]`.
        self.stops = [self._ranges[f"pos{p}"].stop for p in range(n)]
        # The last softmax: exponentials, `[position][vocab]`; one over their sums, probabilities of
        # the next tokens and minus their logarithms, each `[position]`.
        self.exps = np.stack([self._cells(f"pos{p}/softmax", "exp") for p in range(n)])
        self.inverses = np.concatenate([self._cells(f"pos{p}/softmax", "pow") for p in range(n)])
        self.target_probs = np.concatenate(
            [self._cells(f"pos{p}/softmax", "mul") for p in range(n)]
        )
        self.losses = np.array([self._ranges[f"pos{p}/loss"].stop - 1 for p in range(n)])
        self.weights = [  # of attention. Shape: `[layer][head][position]`, each an array by source
            [
                [
                    self._cells(f"pos{p}/layer{layer}/attn/head{head}/softmax", "mul")
                    for p in range(n)
                ]
                for head in range(config.n_head)
            ]
            for layer in range(config.n_layer)
        ]
        by_row = np.flatnonzero(self.code.op == loops.RECORDED).tolist()
        # Of the cells that the loops have no branch for.
        self.immediates = dict(zip(by_row, trace.immediates.tolist(), strict=True))
        self._forward_stages: dict[int, list[tuple[loops.Runs, Ints]]] = {}
        self._segments: dict[tuple[int, int], loops.Runs] = {}
        self._first_reached_from = self._positions_reaching()

    @property
    def nbytes(self) -> int:
        """Size of the program, and of data and gradients of one run of its length. Units: bytes."""
        forward = sum(runs.nbytes for runs, _ in self.forward_stages(self.length))
        backward = self.backward_runs([0] * (self.length + 1)).nbytes
        size = sum(array.nbytes for array in self.code) + forward + backward
        return size + self._first_reached_from.nbytes + 2 * 8 * len(self.code.op)

    def _cells(self, path: str, op: str) -> Ints:
        """The cells of an op in a scope."""
        inside = self._ranges[path]
        found = np.flatnonzero(self.trace.op_codes[inside.start : inside.stop] == op_code(op))
        return found + inside.start

    def mean_of(self, n: int) -> Ints:
        """The cells of the mean of the first n losses: 0, the partial sums, 1 / n, the loss."""
        zero = self._ranges["loss"].start
        return np.array([zero, *self.partial_sums[:n], self._count_inverse, self.root])

    # -- what a document changes -------------------------------------------------------------------

    def point(self, a: Cells, data: Floats, tokens: Sequence[int]) -> None:
        """Re-points a copy of the code's `a`, and the numbers, to a document.

        Args:
            tokens: as many as are read, and one.
        """
        read, targets = np.array(tokens[:-1]), np.array(tokens[1:])
        n, n_embd = len(read), self.embeddings.shape[1]
        a[self.embeddings[:n]] = read[:, np.newaxis] * n_embd + np.arange(n_embd)
        a[self.target_probs[:n]] = self.exps[np.arange(n), targets]
        a[self.root] = self.partial_sums[n - 1]
        data[self._count_inverse] = 1 / n

    def forward_stages(self, n: int) -> list[tuple[loops.Runs, Ints]]:
        """The forward pass of n positions: instructions, and the cells that rows compute then.

        It has one stage, without such cells, if the loops have a branch for all ops of the model.
        """
        stages = self._forward_stages.get(n)
        if stages is None:
            cells = np.concatenate(
                (np.arange(self.n_parameters, self.stops[n - 1]), self.mean_of(n))
            )
            stage = np.zeros(len(self.code.op), np.int64)
            if self.immediates:
                loops.stages(self.code, stage)
            stages = []
            for place in range(stage[cells].max() + 1):
                now = cells[stage[cells] == place]
                op = self.code.op[now]
                compiled = now[(op != loops.LEAF) & (op != loops.RECORDED)]
                runs = runs_of(self.code, compiled.astype(np.uint32), 1)
                stages.append((runs, now[op == loops.RECORDED]))
            self._forward_stages[n] = stages  # whole: other threads run the program meanwhile
        return stages

    def compute_by_row(self, cell: int, code: Code, data: Floats) -> None:
        """Computes a cell's data, and its local gradients in the code, by its op's row."""
        row = [*OPS.values()][self.trace.op_codes[cell]]
        operands = slice(code.a[cell], code.b[cell])
        data[cell], code.list_grads[operands], _ = computed(
            row, data[code.lists[operands]].tolist(), self.immediates[cell]
        )

    def backward_runs(self, tokens: Sequence[int]) -> loops.Runs:
        """The instructions of a document's backward pass."""
        root = np.array([[loops.MUL, self.root, self.root]], np.uint32)
        targets = tokens[1:]
        segments = [self._segment(p, targets[p]) for p in range(len(targets) - 1, -1, -1)]
        return np.concatenate((root, *segments))

    def _segment(self, position: int, target: int) -> loops.Runs:
        """The part of the backward pass that a position's loss brings in, in its order."""
        segment = self._segments.get((position, target))
        if segment is None:
            a = self.code.a.copy()
            a[self.target_probs[position]] = self.exps[position, target]
            left_out = (self._first_reached_from < position).astype(np.uint8) * 2
            visited = self._visited(self.code._replace(a=a), position, left_out)
            segment = self._segments[position, target] = runs_of(self.code, visited, -1)
        return segment

    def _visited(self, code: Code, position: int, state: loops.Bytes) -> Cells:
        order = np.empty(len(state), np.uint32)
        stack = np.empty(2 * len(state) + len(code.lists) + 1, np.uint32)
        count = loops.post_order(code, int(self.partial_sums[position]), state, stack, order)
        return order[:count][::-1].copy()

    def _positions_reaching(self) -> NDArray[np.uint16]:
        """The first position whose loss leads to each cell. Shape: `[cell]`."""
        first = np.full(len(self.code.op), self.length, np.uint16)
        state = np.zeros(len(first), np.uint8)
        for position in range(self.length):
            first[self._visited(self.code, position, state)] = position
        return first


class Replay:
    """Runs a `ModelProgram`. What it holds is overwritten by every run."""

    def __init__(self, program: ModelProgram) -> None:
        self.program = program
        code = program.code
        # Re-pointed to the document, and with local gradients of its own.
        self.code = code._replace(a=code.a.copy(), list_grads=code.list_grads.copy())
        self.tokens: tuple[int, ...] = ()  # of the document, as many as are read and one
        # Value of each cell; what the document does not use is left over. Shape: `[cell]`.
        self.data = np.zeros(len(self.code.op))
        self.data[program.trace.op_codes == op_code("const")] = program.trace.constants
        self.grad = np.zeros(len(self.code.op))  # of the loss by each cell. Shape: `[cell]`.

    def forward(self, parameters: Floats | array[float], tokens: Sequence[int]) -> float:
        """Computes the loss, and all on the way to it.

        Args:
            parameters: in the order of `Parameters.flat`.
            tokens: as many as are read, and one.
        """
        program = self.program
        self.tokens = tuple(tokens)
        self.data[: program.n_parameters] = parameters
        program.point(self.code.a, self.data, tokens)
        for runs, by_row in program.forward_stages(len(tokens) - 1):
            loops.forward(self.code, runs, self.data)
            for cell in by_row.tolist():
                program.compute_by_row(cell, self.code, self.data)
        return float(self.data[program.root])

    def backward(self) -> Floats:
        """Computes all gradients; returns those of the parameters, a view."""
        program, n = self.program, len(self.tokens) - 1
        self.grad[: program.stops[n - 1]] = 0.0
        self.grad[program.mean_of(n)] = 0.0
        self.grad[program.root] = 1.0
        loops.backward(self.code, program.backward_runs(self.tokens), self.data, self.grad)
        return self.grad[: program.n_parameters]


def _code(trace: Trace) -> Code:
    code = Code(
        op=loop_ops()[trace.op_codes],
        links=np.zeros(len(trace.a), np.uint8),
        a=trace.a,
        b=trace.b,
        exponents=trace.exponents,
        lists=trace.lists,
        list_grads=np.zeros(len(trace.lists)),
    )
    two = (code.op == loops.ADD) | (code.op == loops.MUL)
    one = (code.op > loops.MUL) & (code.op < loops.RECORDED)
    by_row = np.flatnonzero(code.op == loops.RECORDED)
    listed = [code.lists[code.a[cell] : code.b[cell]] for cell in by_row]
    operands = np.concatenate((code.a[two], code.b[two], code.a[one], *listed))
    return with_links(code, operands, np.zeros(len(trace.a)))
