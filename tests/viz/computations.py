"""Computations to fold and draw: the tutorial's, a small model's, and random ones with scopes."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from microgpt import Corpus, ModelConfig, ModelSnapshot, Training, Value, scope
from microgpt.autograd.bindings import parameter
from microgpt.autograd.ops import OPS
from microgpt.graph.graph import Graph

SMALL_MODEL = ModelConfig(n_embd=8, n_head=2, n_layer=1, block_size=8)


def small_snapshot(model: ModelConfig = SMALL_MODEL, steps: int = 0) -> ModelSnapshot:
    """A model of five tokens, untrained or after some steps."""
    run = Training(Corpus("small", ("ann", "nan", "eva", "van")), model)
    for _ in range(steps):
        next(run.results())
    return ModelSnapshot.of(run)


def frozen(root: Value) -> Graph:
    """The graph of a root after its backward pass."""
    root.backward()
    return Graph.from_value(root)


def foreign_graph() -> Graph:
    """`loss = tanh(x) * 0.5` of a class with an op that the op table lacks, #1."""
    x = Value(2.0, name="x")
    graph = frozen(Value(math.tanh(2.0), (x,), (1 - math.tanh(2.0) ** 2,), "exp") * 0.5)
    op_codes = graph.op_codes.copy()
    op_codes[1] = len(OPS)
    return replace(graph, op_names=(*OPS, "tanh"), op_codes=op_codes)


def tutorial_graph() -> Graph:
    """`c = a * b; L = c + a`."""
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    c = a * b
    c.name = "c"
    loss = c + a
    loss.name = "L"
    return frozen(loss)


def square_graph() -> Graph:
    """`y = x * x`."""
    x = Value(3.0, name="x")
    y = x * x
    y.name = "y"
    return frozen(y)


@dataclass(frozen=True)
class Row:
    """A node to make: of what, of which nodes before it, and in which scopes."""

    op: str
    picks: tuple[int, int]
    leave: int
    enter: tuple[str, ...]


# Some mean something in a box's key.
NAMES = ["a", "b", "linear", "pos1", "pos2", "relu", "out", "x|y", "#1", "@w", "100%", "%7C"]

ROWS = st.builds(
    Row,
    op=st.sampled_from(["add", "add", "mul", "relu", "square", "input", "param", "again"]),
    picks=st.tuples(st.integers(0, 30), st.integers(0, 6)),
    leave=st.integers(0, 2),
    enter=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
)


def made(rows: list[Row]) -> Graph:
    """The graph of some rows; every node leads to its root."""
    values = [Value(0.5, name="first")]
    open_scopes: list[ExitStack] = []
    entered = []
    for place, row in enumerate(rows):
        for _ in range(min(row.leave, len(open_scopes))):
            open_scopes.pop().close()
        for name in row.enter:
            stack = ExitStack()
            entered.append(stack.enter_context(scope(name)))
            open_scopes.append(stack)
        a, b = (values[-1 - pick % len(values)] for pick in row.picks)
        match row.op:
            case "add":
                node = a + b
            case "mul":
                node = a * b
            case "relu":
                node = a.relu()
            case "square":
                node = a * a
            case "param":
                node = parameter(0.1, f"layer{place % 2}.w{place % 3}", place % 4, place)
            case "again" if entered and entered[-1]._token is None:
                with entered[-1]:  # the same scope a second time, so its ids have a gap
                    node = a + 1
            case _:
                node = Value(0.25)
        values.append(node)
    while open_scopes:
        open_scopes.pop().close()
    used = {operand for value in values for operand in value._children}
    root = values[0] * 1
    for value in values:
        if value not in used:
            root = root + value
    return frozen(root)


graphs = st.lists(ROWS, min_size=1, max_size=60).map(made)
