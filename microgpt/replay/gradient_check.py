"""Checking gradients: what the backward pass says against what moving a number does.

Every node can be checked, not only leaves: the node is given a number a step above its own and one
a step below, all that was computed from it is computed again, and the slope of the root between the
two is its gradient, but for an error that falls with the square of the step, and for rounding,
which grows as the step shrinks. A wrong local gradient shows at every node whose gradient flows
through it; the nodes past it, towards the root, are right.

An op that the compiled loops cannot compute (someone's tanh) is taken as linear. Its slopes are
those that its class's own method gives a step to either side, or its row of the op table. Where
there is neither, they are the local gradients that were recorded of it: these are not checked then;
all others are, also before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.graph.rounding import DOUBLE
from microgpt.replay import loops
from microgpt.replay.graph_code import forward_runs, with_linear
from microgpt.replay.graph_program import GraphProgram
from microgpt.replay.op_rows import OpRows

RELATIVE_STEP = DOUBLE ** (1 / 3)
"""Of a node's own size: about where the step's two errors are equal. Units: none."""
SUSPICIOUS = 1e-3
"""A relative error that may come of a bend: then the slopes on both sides are looked at, too."""
SMALLEST_SCALE = 1e-8
"""Gradients smaller than this count as this large, so that 0 can be compared with 0."""
NEARER = 64
"""A step is so many times shorter where a slope over it is another than the gradient."""
MUCH = 100
"""By so many roundings two slopes differ that are not the same."""
MUCH_NEARER = MUCH / 4
"""The same over a step that is `NEARER`, whose rounding is estimated from the longer one's."""
ROUGHNESS = 0.25
"""A slope of short floats is off by so much, times its rounding to the power of 2/3, where the
step's two errors are equal; of the sizes of what adds up to it."""
AGAIN = 4
"""Within so many roundings a number of short floats is the same that is computed once more."""


@dataclass(frozen=True, slots=True)
class NodeCheck:
    """One node's gradient, computed in two ways."""

    node: int
    analytic: float  # its gradient by the backward pass
    numeric: float  # the central difference
    error: float  # `|analytic - numeric| / max(|analytic|, |numeric|, 1e-8)`
    step: float  # how far the node was moved each way
    rounding: float  # by how much `numeric` may be off because the root is rounded


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """The gradients of some nodes, checked; iterates from the largest error to the smallest.

    >>> from microgpt import Graph, Value
    >>> x = Value(2.0, name="x")
    >>> square = Value(x.data**2, (x,), (3.0,), "pow")  # its local gradient should be 4
    >>> square._detail = 2.0
    >>> square.backward()
    >>> worst = next(iter(GradientCheck.of(Graph.from_value(square))))
    >>> worst.node, worst.analytic, round(worst.numeric, 6), round(worst.error, 6)
    (0, 3.0, 4.0, 0.25)
    """

    nodes: Ints  # what was checked, worst first
    analytic: Floats  # gradient by the backward pass. Same order, as all below.
    numeric: Floats  # central difference
    errors: Floats  # `|analytic - numeric| / max(|analytic|, |numeric|, 1e-8)`
    steps: Floats  # how far each node was moved each way
    rounding: Floats
    """By how much `numeric` may be off because the root is rounded: an error of a tiny gradient may
    be nothing else."""
    unchecked: Ints
    """The nodes whose slope cannot be had: what is computed from them has no finite result a step
    away, or bends within a step, as at a relu's 0, and the gradient is the slope on one side.
    Ascending."""
    trusted: Ints
    """The nodes whose own local gradients were taken as they are: what was recorded of them is not
    what a row of the op table gives, or their op has none, and no method of their own gives them
    again. Ascending."""

    @classmethod
    def of(
        cls,
        graph: Graph,
        nodes: Sequence[int] | Ints | None = None,
        step: float = RELATIVE_STEP,
        methods: OpEvaluator | None = None,
    ) -> GradientCheck:
        """Checks some nodes, or all; one takes about 0.1 ms in a graph of 40,000.

        Args:
            nodes: ids; all of the graph's if not given.
            step: how far to move a node, in parts of its size, or of 1 if it is smaller than 1.
            methods: asks the class that the graph's nodes are of.

        Raises:
            GraphError: there is no such node.
        """
        true = graph.true_pass
        fresh = replace(true, grad_before=np.zeros(len(graph)))  # of this pass alone
        program = GraphProgram.of(fresh)
        chosen = np.unique(np.arange(len(graph)) if nodes is None else np.array(nodes, np.int64))
        program.check_nodes(chosen)
        recorded = np.flatnonzero(program.forward_code.op == loops.RECORDED)
        # What rounds more has to be moved further, for its slope to be seen.
        own_step = step * max(1.0, graph.eps / DOUBLE) ** (1 / 3)
        with np.errstate(all="ignore"):  # of numbers behind a mask of -inf
            slopes, measured = _measured_slopes(graph, recorded, own_step, methods)
        code, data = with_linear(program.forward_code, graph, slopes), graph.data
        checked = chosen[::-1].copy()
        steps = step * np.maximum(1.0, np.abs(data[checked]))
        numeric = np.empty(len(checked))
        with np.errstate(all="ignore"):  # a step may leave an op's domain
            loops.central_differences(
                code, forward_runs(code), graph.root, data, checked, steps, numeric
            )
            if graph.ledger is None:
                analytic = program.run().grad[checked]
            else:  # a pass that is not its sums is checked as it was
                analytic = (graph.grad - graph.grad_before)[checked]
            scales = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), SMALLEST_SCALE)
            errors = np.abs(analytic - numeric) / scales
            rounding = abs(data[graph.root]) * DOUBLE / steps
            if graph.has_short_floats:
                rounding += ROUGHNESS * graph.eps ** (2 / 3) * _sizes_of_shares(true)[checked]
            off = np.abs(analytic - numeric) > MUCH * rounding
            for place in np.flatnonzero((errors > SUSPICIOUS) & off).tolist():
                node, by, slope = int(checked[place]), float(steps[place]), float(analytic[place])
                if _is_one_side(slope, _slopes_beside(code, graph, node, by)):
                    errors[place] = np.nan
                    continue
                # There may be several bends within a step, or a number so near to 0 that a step
                # is all of it: what is wrong stays so over a shorter one.
                near = by / NEARER
                nearer, off_by = _slope(code, graph, node, near), float(rounding[place]) * NEARER
                scale = max(abs(slope), abs(nearer), SMALLEST_SCALE)
                if abs(slope - nearer) <= SUSPICIOUS * scale:
                    numeric[place], errors[place] = nearer, abs(slope - nearer) / scale
                    steps[place], rounding[place] = near, off_by
                elif abs(slope - nearer) <= MUCH_NEARER * off_by or _is_one_side(
                    slope, _slopes_beside(code, graph, node, near)
                ):
                    errors[place] = np.nan
        ranked = np.argsort(-errors, kind="stable")
        ranked = ranked[np.isfinite(errors[ranked])]
        return cls(
            nodes=checked[ranked],
            analytic=analytic[ranked],
            numeric=numeric[ranked],
            errors=errors[ranked],
            steps=steps[ranked],
            rounding=rounding[ranked],
            unchecked=np.setdiff1d(chosen, checked[ranked]),
            trusted=np.setdiff1d(recorded, measured),
        )

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[NodeCheck]:
        columns = (
            self.nodes, self.analytic, self.numeric, self.errors, self.steps, self.rounding,
        )  # fmt: skip
        for row in zip(*(column.tolist() for column in columns), strict=True):
            yield NodeCheck(*row)


def _measured_slopes(
    graph: Graph, nodes: Ints, step: float, methods: OpEvaluator | None
) -> tuple[Floats, Ints]:
    """Local gradients of a graph, those of some nodes as central differences of what computes them.

    That is their class, where it can be asked, or their row of the op table.

    Args:
        nodes: the nodes.
        step: how far to move an operand, in parts of its size, or of 1 if it is smaller than 1.
        methods: asks the class.

    Returns:
        A number for every edge; and the nodes whose slopes could be measured.
    """
    slopes, measured = graph.local_grads.copy(), []
    asked: list[OpEvaluator] = [OpRows(graph)] if methods is None else [methods, OpRows(graph)]
    for node in nodes.tolist():
        edges = graph.edges_into(np.array([node]))
        for each in [*asked]:
            try:
                own = _slopes_of(graph, node, edges, step, each)
            except InputError:  # the class is out of reach
                asked.remove(each)
                continue
            if own is not None:
                slopes[edges] = own
                measured.append(node)
                break
    return slopes, np.array(measured, np.int64)


def _slopes_of(
    graph: Graph, node: int, edges: Ints, step: float, methods: OpEvaluator
) -> Floats | None:
    """A node's slopes along its slots, None if its method does not give again what it gave.

    An operand in several slots moves in all of them, and the first one gets the slope. Beside a
    bend the recorded local gradient stays if it is the slope on one side.
    """
    operands = graph.operands[edges]
    at = graph.data[operands]
    firsts = np.unique(operands, return_index=True)[1].tolist()
    away = step * np.maximum(1.0, np.abs(at))
    rows = [at]
    for slot in firsts:
        same = operands == operands[slot]
        rows += [np.where(same, at - away, at), np.where(same, at + away, at)]
    data, _, problems = methods.evaluate([node] * len(rows), np.concatenate(rows).tolist())
    if any(problems) or abs(data[0] - graph.data[node]) > _slack(graph, node):
        return None
    slopes = graph.local_grads[edges]
    for slot, below, above in zip(firsts, data[1::2], data[2::2], strict=True):
        same = operands == operands[slot]
        to_below, to_above = at[slot] - (at - away)[slot], (at + away)[slot] - at[slot]
        sides = ((data[0] - below) / to_below, (above - data[0]) / to_above)
        if not _is_one_side(float(slopes[same].sum()), sides):
            slopes[same] = 0.0
            slopes[slot] = (above - below) / (to_below + to_above)
    return slopes if np.isfinite(slopes).all() else None


def _slack(graph: Graph, node: int) -> float:
    """How far a number may be off that is computed once more: nothing, but for short floats."""
    return AGAIN * graph.eps * abs(float(graph.data[node])) if graph.has_short_floats else 0.0


def _sizes_of_shares(graph: Graph) -> Floats:
    """The sizes of the shares that make each node's gradient, added up. Shape: `[node]`."""
    sizes = [0.0] * len(graph)
    sizes[graph.root] = 1.0
    starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
    locals_ = np.abs(graph.local_grads).tolist()
    for node in graph.visit_order.tolist():
        for edge in range(starts[node], starts[node + 1]):
            sizes[operands[edge]] += locals_[edge] * sizes[node]
    return np.array(sizes)


def _is_one_side(gradient: float, sides: tuple[float, float]) -> bool:
    """Whether the slopes on two sides differ and a gradient is one of them."""
    below, above = sides
    close = SUSPICIOUS * max(abs(below), abs(above), SMALLEST_SCALE)
    nearest = min(abs(gradient - below), abs(gradient - above))
    return abs(below - above) > close >= nearest


def _slope(code: loops.Code, graph: Graph, node: int, step: float) -> float:
    """The root's slope between a step below a node's number and a step above it."""
    slope = np.empty(1)
    loops.central_differences(
        code, forward_runs(code), graph.root, graph.data, np.array([node]), np.array([step]), slope
    )
    return float(slope[0])


def _slopes_beside(code: loops.Code, graph: Graph, node: int, step: float) -> tuple[float, float]:
    """The root's slope from two steps below a node's number up to it, and from it two steps up."""
    data, runs = graph.data.copy(), forward_runs(code)
    shown = data.view()
    shown.flags.writeable = False  # as the graph's own, or the loop would be compiled once more
    nodes, steps, slopes = np.array([node]), np.array([step]), np.empty(2)
    for place, center in enumerate((data[node] - step, data[node] + step)):
        data[node] = center
        loops.central_differences(
            code, runs, graph.root, shown, nodes, steps, slopes[place : place + 1]
        )
    return float(slopes[0]), float(slopes[1])
