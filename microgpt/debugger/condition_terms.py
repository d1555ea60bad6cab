"""What conditions are made of: terms read from a graph's arrays, functions, and tests of texts.

To add a term or a function, put it into its table. The grammar is in `condition_syntax.py`, and
`conditions.py` puts the pieces together.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.debugger import condition_syntax
from microgpt.graph.arrays import Floats
from microgpt.graph.events import Phase
from microgpt.graph.graph import Graph
from microgpt.graph.scope_patterns import ANY, is_within

TextIndex: TypeAlias = NDArray[np.integer[Any]]
"""Of each node's text among the texts there are. Shape: `[node]`."""
TextTest: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Visit:
    """Where terms get their numbers: a graph, and the pass that visits its nodes."""

    graph: Graph
    phase: Phase
    nth: int = 0  # which visit of each node, from 1; 0 for all of the pass

    @property
    def gradients_flowed(self) -> bool:
        """Whether the pass is one that adds to grads."""
        return self.phase == "backward" and self.graph.backpropagated

    def grad(self) -> Floats:
        """Each node's grad at its visit. Shape: `[node]`."""
        if self.gradients_flowed and self.nth and self.graph.ledger is not None:
            graph, grads = self.graph, self.graph.grad.copy()
            here = graph.visit_numbers == self.nth
            grads[graph.visit_order[here]] = graph.adjoints[here]
            return grads
        if self.gradients_flowed or not self.graph.backpropagated:
            return self.graph.grad
        return self.graph.grad_before

    def adjoint(self) -> Floats:
        """The same, 0 in the forward pass. Shape: `[node]`."""
        return self.grad() if self.gradients_flowed else np.zeros(len(self.graph))

    def contribution(self) -> Floats:
        """What each edge adds, 0 in the forward pass. Shape: `[edge]`."""
        graph = self.graph
        if self.gradients_flowed and self.nth and graph.ledger is not None:
            return graph.ledger.contributions(
                graph.n_edges, 1 + np.flatnonzero(graph.visit_numbers == self.nth)
            )
        return graph.contributions if self.gradients_flowed else np.zeros(graph.n_edges)


NODE_TERMS: dict[str, Callable[[Visit], NDArray[Any]]] = {
    "data": lambda visit: visit.graph.data,
    "grad": Visit.grad,
    "adjoint": Visit.adjoint,
    "fan_out": lambda visit: visit.graph.fan_out,
    "id": lambda visit: np.arange(len(visit.graph)),
}
EDGE_TERMS: dict[str, Callable[[Visit], Floats]] = {
    "contribution": Visit.contribution,
    "local": lambda visit: visit.graph.local_grads,
}


def _texts_of_ops(graph: Graph) -> tuple[Sequence[str], TextIndex]:
    return graph.op_names, graph.op_codes


def _texts_of_scopes(graph: Graph) -> tuple[Sequence[str], TextIndex]:
    return [scope.path for scope in graph.scopes], graph.scope_of


def _texts_of_names(graph: Graph) -> tuple[Sequence[str], TextIndex]:
    return [*graph.names.values(), ""], graph.name_of  # -1, no name, leads to the last


TEXT_TERMS: dict[str, Callable[[Graph], tuple[Sequence[str], TextIndex]]] = {
    "op": _texts_of_ops,
    "scope": _texts_of_scopes,
    "name": _texts_of_names,
}
TERMS = (*TEXT_TERMS, *NODE_TERMS, *EDGE_TERMS)
"""All that a condition can ask of a node."""

NUMBER_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "log10": np.log10,
    "min": np.minimum,
    "max": np.maximum,
}
TRUTH_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
}
FUNCTIONS = (*NUMBER_FUNCTIONS, *TRUTH_FUNCTIONS)
"""All functions of a condition; `min` and `max` take two numbers or more."""

ARITHMETIC: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
COMPARISONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}


def text_test(word: str, quoted: str) -> TextTest:
    """What a word of `TEXT_TESTS` with a text in quotes asks of a text.

    Raises:
        ConditionError: it is a pattern, and none that is taken.
    """
    if word == "within":
        scope = quoted.strip("/")
        if ANY in scope:
            return lambda text: is_within(text, scope)
        return lambda text: text == scope or text.startswith(f"{scope}/") or not scope
    if word == "matches":
        pattern = condition_syntax.pattern(quoted)
        return lambda text: pattern.search(text) is not None
    if word == "contains":
        return lambda text: quoted in text
    if word == "startswith":
        return lambda text: text.startswith(quoted)
    return lambda text: text.endswith(quoted)
