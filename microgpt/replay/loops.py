"""A program's forward and backward pass as loops over flat arrays, in the float order of `Value`.

A node's number is computed by the op of its id; ids are creation order, so operands come first.
Neighbours that are computed alike form a run, which is one instruction: a dot product of 16 terms
is three of them instead of 48. Exponents are read at run time: of a power whose exponent it knows,
the compiler makes something else than libm's.

Compiled by numba; where numba cannot be imported the same loops run as they are, slow but right.
Imports numba, so it is imported late.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Cells, Floats
from microgpt.replay import libm

try:
    from numba import njit
except ImportError:
    IS_COMPILED = False
else:
    IS_COMPILED = True

Bytes = NDArray[np.uint8]
Runs = NDArray[np.uint32]
"""Instructions: op, first id, last id. Forward last >= first, backward last <= first. `[run][3]`"""

F = TypeVar("F", bound=Callable[..., Any])


def _jit(function: F) -> F:
    if not IS_COMPILED:
        return function
    return cast("F", njit(nogil=True, cache=True, error_model="numpy")(function))


_exp: Callable[[float], float] = math.exp if IS_COMPILED else libm.exp
_log: Callable[[float], float] = math.log if IS_COMPILED else libm.log
_pow: Callable[[float, float], float] = math.pow if IS_COMPILED else libm.power

# What computes a node. Leaves first; the next two have two operands, those after them one.
LEAF, MAX, ADD, MUL, POW, LOG, EXP, RELU, RECORDED = range(9)
LINKS = RECORDED + 1
"""Only in runs: multiplications, each followed by the addition of its product to a running sum."""
LINEAR = LINKS + 1
"""In place of a recorded node where it has to move with its operands: its own number, which its
list begins with, and its local gradients times what they have moved. Each operand stands twice in
the list, with its local gradient and with the number that it moves from. So where nothing moves,
the number is the recorded one to the bit. Only for forward passes."""


class Code(NamedTuple):
    """A program without its numbers."""

    op: Bytes  # what computes each node. Shape: `[node]`.
    links: Bytes
    """1 for a mul whose product only the next node uses, to add it to the node before, which has no
    other use either. Shape: `[node]`."""
    a: Cells
    """The first operand; of a max leaf and a recorded or linear node the start of its list. Shape:
    `[node]`."""
    b: Cells  # the second operand; of a pow the place of its exponent; of a list its end. `[node]`.
    exponents: Floats  # of all pows, each once
    lists: Cells  # inputs of max leaves, operands of recorded nodes, one list after the other
    list_grads: Floats  # local gradients of recorded and linear nodes, like `lists`


@_jit
def forward(code: Code, runs: Runs, data: Floats) -> None:
    """Computes all nodes of the runs from the leaves in `data`, into `data`."""
    a, b, exponents = code.a, code.b, code.exponents
    lists, list_grads = code.lists, code.list_grads
    for r in range(runs.shape[0]):
        op, first, last = runs[r, 0], int(runs[r, 1]), int(runs[r, 2])
        if op == LINKS:
            total = data[first - 1]
            for i in range(first, last, 2):
                product = data[a[i]] * data[b[i]]
                total = total + product
                data[i] = product
                data[i + 1] = total
        elif op == ADD:
            for i in range(first, last + 1):
                data[i] = data[a[i]] + data[b[i]]
        elif op == MUL:
            for i in range(first, last + 1):
                data[i] = data[a[i]] * data[b[i]]
        elif op == POW:
            for i in range(first, last + 1):
                data[i] = _pow(data[a[i]], exponents[b[i]])
        elif op == LOG:
            for i in range(first, last + 1):
                data[i] = _log(data[a[i]])
        elif op == EXP:
            for i in range(first, last + 1):
                data[i] = _exp(data[a[i]])
        elif op == RELU:
            for i in range(first, last + 1):
                x = data[a[i]]
                data[i] = x if x > 0.0 else 0.0  # noqa: FURB136  # nan gives 0, as in Python
        elif op == MAX:
            for i in range(first, last + 1):
                largest = data[lists[a[i]]]
                for k in range(a[i] + 1, b[i]):
                    x = data[lists[k]]
                    if x > largest:  # noqa: PLR1730  # nan is not, as in Python
                        largest = x
                data[i] = -largest
        elif op == LINEAR:
            for i in range(first, last + 1):
                total = list_grads[a[i]]
                for k in range(a[i] + 1, b[i], 2):
                    total = total + list_grads[k] * (data[lists[k]] - list_grads[k + 1])
                data[i] = total


@_jit
def backward(code: Code, runs: Runs, data: Floats, grad: Floats) -> None:
    """Visits all nodes of the runs; `grad` holds the root's 1 and what the pass finds elsewhere."""
    a, b, exponents = code.a, code.b, code.exponents
    lists, list_grads = code.lists, code.list_grads
    for r in range(runs.shape[0]):
        op, first, last = runs[r, 0], int(runs[r, 1]), int(runs[r, 2])
        if op == LINKS:
            share = grad[first]
            for i in range(first - 1, last - 1, -2):
                grad[i] = share
                grad[i - 1] = share
                grad[a[i]] += data[b[i]] * share
                grad[b[i]] += data[a[i]] * share
        elif op == ADD:
            for i in range(first, last - 1, -1):
                grad[a[i]] += grad[i]
                grad[b[i]] += grad[i]
        elif op == MUL:
            for i in range(first, last - 1, -1):
                share = grad[i]
                grad[a[i]] += data[b[i]] * share
                grad[b[i]] += data[a[i]] * share
        elif op == RECORDED:
            for i in range(first, last - 1, -1):
                for k in range(a[i], b[i]):
                    grad[lists[k]] += list_grads[k] * grad[i]
        elif op == POW:
            for i in range(first, last - 1, -1):
                grad[a[i]] += _pow_grad(data[a[i]], exponents[b[i]]) * grad[i]
        elif op == LOG:
            for i in range(first, last - 1, -1):
                grad[a[i]] += (1.0 / data[a[i]]) * grad[i]
        elif op == EXP:
            for i in range(first, last - 1, -1):
                grad[a[i]] += data[i] * grad[i]
        elif op == RELU:
            for i in range(first, last - 1, -1):
                grad[a[i]] += _relu_grad(data[a[i]]) * grad[i]


@_jit
def _pow_grad(x: float, exponent: float) -> float:
    return exponent * _pow(x, exponent - 1.0)


@_jit
def _relu_grad(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0


@_jit
def local_grads(
    code: Code, nodes: NDArray[np.int64], starts: NDArray[np.int64], data: Floats, out: Floats
) -> None:
    """The local gradient of every edge of some nodes; those of `nodes[k]` begin at `starts[k]`."""
    op, a, b = code.op, code.a, code.b
    for k in range(nodes.shape[0]):
        i, edge = nodes[k], starts[k]
        if op[i] == ADD:
            out[edge] = 1.0
            out[edge + 1] = 1.0
        elif op[i] == MUL:
            out[edge] = data[b[i]]
            out[edge + 1] = data[a[i]]
        elif op[i] == POW:
            out[edge] = _pow_grad(data[a[i]], code.exponents[b[i]])
        elif op[i] == LOG:
            out[edge] = 1.0 / data[a[i]]
        elif op[i] == EXP:
            out[edge] = data[i]
        elif op[i] == RELU:
            out[edge] = _relu_grad(data[a[i]])
        elif op[i] == RECORDED:
            for place in range(a[i], b[i]):
                out[edge] = code.list_grads[place]
                edge += 1


@_jit
def stages(code: Code, out: NDArray[np.int64]) -> None:
    """How many recorded nodes lie on the way up to each node, itself not counted, at the most.

    What recorded nodes of a stage give is needed only by later stages.
    """
    for i in range(code.op.shape[0]):
        op, stage = code.op[i], 0
        if op in (MAX, RECORDED):
            for k in range(code.a[i], code.b[i]):
                operand = code.lists[k]
                stage = max(stage, out[operand] + (code.op[operand] == RECORDED))
        elif op != LEAF:
            stage = out[code.a[i]] + (code.op[code.a[i]] == RECORDED)
            if op in (ADD, MUL):
                stage = max(stage, out[code.b[i]] + (code.op[code.b[i]] == RECORDED))
        out[i] = stage


@_jit
def post_order(code: Code, root: int, state: Bytes, stack: Cells, out: Cells) -> int:
    """Appends the nodes below `root` that have operands, depth first, operands before results.

    Operands are followed left to right, as `Value.backward` does.

    Args:
        state: 0 for nodes not met yet, 2 for those to be left out; met ones become 2.
        stack: room for as many ids as there are edges, and one.
        out: gets the ids.

    Returns:
        How many there are.
    """
    count, top = 0, 0
    if code.op[root] <= MAX:
        return 0
    stack[0] = root
    while top >= 0:
        i = stack[top]
        if state[i]:
            if state[i] == 1:  # all that it needs is in `out`
                state[i] = 2
                out[count] = i
                count += 1
            top -= 1
            continue
        state[i] = 1
        op, a, b = code.op[i], code.a[i], code.b[i]
        if op == RECORDED:
            for k in range(b, a, -1):
                operand = code.lists[k - 1]
                if code.op[operand] > MAX and state[operand] == 0:
                    top += 1
                    stack[top] = operand
            continue
        if op <= MUL and code.op[b] > MAX and state[b] == 0:
            top += 1
            stack[top] = b
        if code.op[a] > MAX and state[a] == 0:
            top += 1
            stack[top] = a
    return count


@_jit
def find_runs(code: Code, ids: Cells, step: int, out: Runs) -> int:
    """Puts nodes that are computed one after the other into runs.

    Args:
        ids: in the order in which they are computed.
        step: 1 to find ascending runs, for a forward pass; -1 for a backward pass.
        out: gets the runs; there are at most as many as ids.

    Returns:
        How many there are.
    """
    count, k = 0, 0
    while k < ids.shape[0]:
        first = k
        op = int(code.op[ids[k]])
        if _is_link(code, ids, k, step):
            op = LINKS
            k += 2
            while ids.shape[0] > k and _follows(ids, k, step) and _is_link(code, ids, k, step):
                k += 2
        else:
            k += 1
            while (
                ids.shape[0] > k
                and _follows(ids, k, step)
                and code.op[ids[k]] == op
                and not _is_link(code, ids, k, step)
            ):
                k += 1
        out[count, 0] = op
        out[count, 1] = ids[first]
        out[count, 2] = ids[k - 1]
        count += 1
    return count


@_jit
def _follows(ids: Cells, k: int, step: int) -> bool:
    return int(ids[k]) == int(ids[k - 1]) + step


@_jit
def _is_link(code: Code, ids: Cells, k: int, step: int) -> bool:
    """Whether a link's mul and add stand at k and k + 1, in the order of the pass."""
    if k + 1 == ids.shape[0] or not _follows(ids, k + 1, step):
        return False
    return bool(code.links[min(ids[k], ids[k + 1])])


@_jit
def root_after(code: Code, runs: Runs, root: int, data: Floats, node: int, number: float) -> float:
    """The root's value once a node has another number; changes `data` from that node on.

    Args:
        runs: of a forward pass over all nodes.
    """
    data[node] = number
    later, inside = 0, runs.shape[0]
    while later < inside:  # the first run that ends after the node
        middle = (later + inside) // 2
        if runs[middle, 2] > node:
            inside = middle
        else:
            later = middle + 1
    if later < runs.shape[0] and runs[later, 1] <= node:  # the node is one of that run
        last = int(runs[later, 2])
        rest = np.empty((last - node, 3), np.uint32)
        for i in range(node + 1, last + 1):
            rest[i - node - 1, 0] = code.op[i]
            rest[i - node - 1, 1] = i
            rest[i - node - 1, 2] = i
        forward(code, rest, data)
        later += 1
    forward(code, runs[later:], data)
    return float(data[root])


@_jit
def central_differences(
    code: Code,
    runs: Runs,
    root: int,
    data: Floats,
    nodes: NDArray[np.int64],
    steps: Floats,
    out: Floats,
) -> None:
    """The root's slope along some nodes, from its values a step above and a step below each.

    Args:
        runs: of a forward pass over all nodes.
        data: every node's number as it is.
        nodes: descending, so that what one changed, the next computes again.
        steps: how far each is moved. Same shape as `nodes`.
        out: gets the slopes. Same shape as `nodes`.
    """
    moved = data.copy()
    for k in range(nodes.shape[0]):
        node = int(nodes[k])
        above, below = data[node] + steps[k], data[node] - steps[k]
        root_above = root_after(code, runs, root, moved, node, above)
        root_below = root_after(code, runs, root, moved, node, below)
        out[k] = (root_above - root_below) / (above - below)
        moved[node] = data[node]
