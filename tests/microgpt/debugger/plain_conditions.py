"""Random conditions, each with what it means in plain Python for one node at its visit."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from microgpt.autograd.ops import OPS
from microgpt.graph.graph import Graph


@dataclass(frozen=True)
class At:
    """A node, one of its edges, and the pass that visits it."""

    graph: Graph
    node: int
    edge: int | None
    flowed: bool


@dataclass(frozen=True)
class Plain:
    """A piece of a condition: its text, what it means, and whether it needs an edge."""

    text: str
    of: Callable[[At], Any]
    per_edge: bool = False


def _grad(at: At) -> float:
    return float((at.graph.grad if at.flowed else at.graph.grad_before)[at.node])


TERMS = [
    Plain("data", lambda at: float(at.graph.data[at.node])),
    Plain("grad", _grad),
    Plain("adjoint", lambda at: float(at.graph.grad[at.node]) if at.flowed else 0.0),
    Plain("fan_out", lambda at: len(at.graph.consumers_of(at.node))),
    Plain("id", lambda at: at.node),
    Plain("local", lambda at: float(at.graph.local_grads[at.edge]), per_edge=True),
    Plain(
        "contribution",
        lambda at: (
            float(at.graph.local_grads[at.edge] * at.graph.grad[at.node]) if at.flowed else 0.0
        ),
        per_edge=True,
    ),
]
constants = st.integers(-40, 40).map(
    lambda n: Plain(repr(n / 8) if n >= 0 else f"({n / 8!r})", lambda _: n / 8)
)


def _log10(x: float) -> float:
    if math.isnan(x) or x < 0:
        return math.nan
    return math.log10(x) if x > 0 else -math.inf


def _nan_if_any(pick: Callable[..., float]) -> Callable[..., float]:
    def of(*xs: float) -> float:
        if any(map(math.isnan, xs)):
            return math.nan
        picked = pick(*xs)
        return float(picked) if any(isinstance(x, float) for x in xs) else picked  # as numpy does

    return of


FUNCTIONS = [
    ("abs", 1, abs),
    ("log10", 1, _log10),
    ("min", 2, _nan_if_any(min)),
    ("max", 2, _nan_if_any(max)),
    ("min", 3, _nan_if_any(min)),
]


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if math.isnan(a) or a == 0 else math.copysign(math.inf, a) * math.copysign(1, b)


ARITHMETIC = [("+", operator.add), ("-", operator.sub), ("*", operator.mul), ("/", _divided)]
COMPARISONS = [
    ("==", operator.eq), ("!=", operator.ne), ("<", operator.lt), ("<=", operator.le),
    (">", operator.gt), (">=", operator.ge),
]  # fmt: skip


def _applied(text: str, function: Callable[..., Any], parts: tuple[Plain, ...]) -> Plain:
    return Plain(
        text,
        lambda at: function(*(part.of(at) for part in parts)),
        any(part.per_edge for part in parts),
    )


def _larger(numbers: st.SearchStrategy[Plain]) -> st.SearchStrategy[Plain]:
    def called(row: tuple[Any, ...], parts: tuple[Plain, ...]) -> Plain:
        name, arity, function = row
        used = parts[:arity]
        return _applied(f"{name}({', '.join(p.text for p in used)})", function, used)

    def joined(row: tuple[Any, ...], parts: tuple[Plain, Plain]) -> Plain:
        return _applied(f"({parts[0].text} {row[0]} {parts[1].text})", row[1], parts)

    others = numbers | constants
    three = st.tuples(numbers, others, others)
    two = st.tuples(numbers, others) | st.tuples(others, numbers)
    return st.one_of(
        st.builds(called, st.sampled_from(FUNCTIONS), three),
        st.builds(joined, st.sampled_from(ARITHMETIC), two),
        st.builds(lambda p: _applied(f"-{p.text}", operator.neg, (p,)), numbers),
    )


terms = st.sampled_from(TERMS)
numbers = st.recursive(terms, _larger, max_leaves=4)


def _any_slot(test: Plain) -> Plain:
    """Of an edge term a test holds if it does for any slot."""
    if not test.per_edge:
        return test

    def of(at: At) -> bool:
        start, stop = at.graph.operand_start[at.node : at.node + 2].tolist()
        return any(test.of(At(at.graph, at.node, e, at.flowed)) for e in range(start, stop))

    return Plain(test.text, of)


def _chained(parts: list[Plain], rows: list[tuple[str, Callable[..., bool]]]) -> Plain:
    text = parts[0].text
    for (symbol, _), part in zip(rows, parts[1:], strict=False):
        text += f" {symbol} {part.text}"

    def of(at: At) -> bool:
        values = [part.of(at) for part in parts]
        return all(
            function(a, b) for (_, function), a, b in zip(rows, values, values[1:], strict=False)
        )

    return _any_slot(Plain(f"({text})", of, any(part.per_edge for part in parts)))


comparisons = st.builds(
    _chained,
    st.tuples(numbers, numbers | constants, numbers | constants).flatmap(
        lambda parts: st.sampled_from([list(parts), list(parts[:2])])
    ),
    st.lists(st.sampled_from(COMPARISONS), min_size=2, max_size=2),
)
tests = st.builds(
    lambda name, part: _any_slot(_applied(f"{name}({part.text})", getattr(math, name), (part,))),
    st.sampled_from(["isnan", "isinf", "isfinite"]),
    numbers,
)

TEXTS = [
    ("op", lambda at: at.graph.op(at.node)),
    ("scope", lambda at: at.graph.scope(at.node)),
    ("name", lambda at: at.graph.names.get(at.node, "")),
]
QUOTED = ["pos1", "pos1/layer0", "pos1/layer0/attn", "layer0", "attn", "wte[0][1]", "attn_w", "p1"]
TEXT_TESTS: list[tuple[str, Callable[[str, str], bool]]] = [
    ("==", operator.eq),
    ("!=", operator.ne),
    ("within", lambda text, quoted: f"{text}/".startswith(f"{quoted}/")),
    ("startswith", str.startswith),
    ("endswith", str.endswith),
    ("contains", operator.contains),
]


def _text_test(term: Any, row: Any, quoted: str) -> Plain:
    return Plain(f'{term[0]} {row[0]} "{quoted}"', lambda at: row[1](term[1](at), quoted))


text_tests = st.builds(
    _text_test, st.sampled_from(TEXTS[1:]), st.sampled_from(TEXT_TESTS), st.sampled_from(QUOTED)
) | st.builds(
    _text_test, st.just(TEXTS[0]), st.sampled_from(TEXT_TESTS[:2]), st.sampled_from([*OPS])
)


def _joined(truths: st.SearchStrategy[Plain]) -> st.SearchStrategy[Plain]:
    def of(word: str, parts: tuple[Plain, Plain]) -> Plain:
        a, b = parts
        if word == "not":
            return Plain(f"not ({a.text})", lambda at: not a.of(at))
        join = all if word == "and" else any
        return Plain(f"({a.text} {word} {b.text})", lambda at: join((a.of(at), b.of(at))))

    return st.builds(of, st.sampled_from(["and", "or", "not"]), st.tuples(truths, truths))


conditions = st.recursive(comparisons | tests | text_tests, _joined, max_leaves=4)
