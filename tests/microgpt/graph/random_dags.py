"""Random computations for property tests, and the backward pass on them one event at a time."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from microgpt.autograd.value import Value

NUMBERS = st.floats(-3, 3, allow_nan=False, width=32)


@dataclass(frozen=True)
class Row:
    """One node to build; `picks` choose its operands among the nodes before it."""

    op: str
    picks: tuple[int, int, int]
    numbers: tuple[float, float, float]


ROWS = st.builds(
    Row,
    # `x * x` and ops on two and three operands with any local gradients, which no operator makes,
    # are as likely as the others.
    op=st.sampled_from(["add", "mul", "square", "relu", "pow", "exp", "two", "three", "leaf"]),
    picks=st.tuples(*[st.integers(0, 2) | st.integers(0, 40)] * 3),
    numbers=st.tuples(*[NUMBERS] * 3),
)


@dataclass(frozen=True)
class Dag:
    """A computation on `Value`s.

    Attributes:
        root: the last node made.
        nodes: `root` and all it was computed from, in order of creation.
    """

    root: Value
    nodes: tuple[Value, ...]


def built(rows: list[Row]) -> Dag:
    made = [Value(2.0), Value(-0.5)]
    for row in rows:
        # Counted back from the newest, so that most nodes matter to the root.
        a, b, c = (made[-1 - pick % len(made)] for pick in row.picks)
        # Tenths are not exact in binary, so that the order in which they are added shows.
        local_grads = tuple(number / 10 for number in row.numbers)
        match row.op:
            case "add":
                node = a + b
            case "mul":
                node = a * b
            case "square":
                node = a * a
            case "relu":
                node = a.relu()
            case "pow":
                node = a**3 if abs(a.data) < 1e50 else a + 1
            case "exp":
                node = (a * 0.1).exp() if a.data < 100 else -a
            case "two":
                node = Value(a.data + b.data, (a, b), local_grads[:2], "add")
            case "three":
                node = Value(a.data + b.data + c.data, (a, b, c), local_grads, "add")
            case _:
                node = Value(row.numbers[0])
        made.append(node)
    root = made[-1] + made[-2] if not made[-1]._children else made[-1]
    reached = {root}
    stack = [root]
    while stack:
        for operand in stack.pop()._children:
            if operand not in reached:
                reached.add(operand)
                stack.append(operand)
    return Dag(root, tuple(sorted(reached, key=lambda node: node._number)))


dags = st.lists(ROWS, min_size=1, max_size=25).map(built)


def recursive_order(root: Value) -> list[Value]:
    """Depth-first post-order, leaves included, by the textbook recursion."""
    order: list[Value] = []
    visited: set[Value] = set()

    def visit(node: Value) -> None:
        if node not in visited:
            visited.add(node)
            for operand in node._children:
                visit(operand)
            order.append(node)

    visit(root)
    return order


def grads_after_each_event(dag: Dag, before: list[float]) -> list[list[float]]:
    """The grads of `dag.nodes` after event 0, 1, ..., by walking the pass and stopping each time.

    Args:
        before: the grads that the pass finds.
    """
    grads = dict(zip(dag.nodes, before, strict=True))
    grads[dag.root] = 1.0
    states = [list(grads.values())]
    for node in reversed(recursive_order(dag.root)):
        if not node._children:
            continue
        for operand, local_grad in zip(node._children, node._local_grads, strict=True):
            grads[operand] += local_grad * grads[node]
        states.append(list(grads.values()))
    return states
