"""Conditions on nodes, compiled to masks over a graph's arrays: 60,000 nodes in under 1 ms.

    op == "exp" and abs(grad) > 1
    scope within "pos2/layer0" and data < 1e-6
    name matches "attn_w[qk]" or isnan(contribution)

Values are those at the visit of the node: in the forward pass no gradient has flowed yet, and in
the backward pass the adjoint of the node visited is complete. A comparison of an edge term
(`contribution`, `local`) is true if it is for any operand slot.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from microgpt.autograd.ops import OPS
from microgpt.debugger import condition_syntax
from microgpt.debugger.condition_syntax import TEXT_TESTS
from microgpt.debugger.condition_terms import (
    ARITHMETIC,
    COMPARISONS,
    EDGE_TERMS,
    FUNCTIONS,
    NODE_TERMS,
    NUMBER_FUNCTIONS,
    TERMS,
    TEXT_TERMS,
    TRUTH_FUNCTIONS,
    TextTest,
    Visit,
    text_test,
)
from microgpt.errors import ConditionError
from microgpt.graph.arrays import Mask
from microgpt.graph.events import Phase
from microgpt.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class _Number:
    """An expression that gives a number for each node, or for each edge."""

    of: Callable[[Visit], Any]
    per_edge: bool = False
    constant: float | None = None


@dataclass(frozen=True, slots=True)
class _Truth:
    """An expression that holds or does not, for each node."""

    of: Callable[[Visit], Mask]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text term, one of `TEXT_TERMS`."""

    term: str


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A text in quotes."""

    text: str


_Expression: TypeAlias = _Number | _Truth | _Text | _Quoted


@dataclass(frozen=True)
class NodeCondition:
    """A condition as it was typed, ready to be asked of any graph.

    >>> from microgpt import Graph, Value
    >>> a = Value(2.0, name="a")
    >>> loss = a * 3 + a
    >>> loss.backward()
    >>> NodeCondition.parse('op == "mul" or fan_out > 1').mask(Graph.from_value(loss)).tolist()
    [True, False, True, False]
    """

    text: str
    _truth: _Truth

    @classmethod
    def parse(cls, text: str, op_names: Sequence[str] = tuple(OPS)) -> NodeCondition:
        """Compiles a condition.

        Args:
            op_names: the ops that it may ask for: those of a graph of other nodes than `Value`s
                are more than the op table's.

        Raises:
            ConditionError: it cannot be true or false of a node; the message says what is wrong
                and what would be valid.
        """
        text = text.strip()
        compiled = _Compiler(text, op_names).compile(condition_syntax.parse(text))
        if not isinstance(compiled, _Truth):
            raise ConditionError(
                f"{text!r} is neither true nor false: compare it, as in abs(grad) > 1"
            )
        return cls(text, compiled)

    def mask(self, graph: Graph, phase: Phase = "backward", nth: int = 0) -> Mask:
        """Where the condition holds, with the values at each node's visit. Shape: `[node]`.

        Args:
            phase: the pass that visits; what the backward pass leaves behind if not given.
            nth: which of a node's visits, from 1, where a pass comes more than once; 0 for what the
                whole pass leaves behind.
        """
        with np.errstate(all="ignore"):  # log10(0) or inf - inf is an answer, not an accident
            return self._truth.of(Visit(graph, phase, nth))


class _Compiler:
    """From a checked syntax tree to functions over arrays."""

    def __init__(self, text: str, op_names: Sequence[str]) -> None:
        self._text = text
        self._op_names = op_names

    def compile(self, tree: ast.expr) -> _Expression:
        match tree:
            case ast.Constant(value=str() as text):
                return _Quoted(text)
            case ast.Constant(value=int() | float() as value):
                return self._constant(float(value))
            case ast.Name(id=name):
                return self._term(name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = self._truth(operand)
                return _Truth(lambda visit: ~truth.of(visit))
            case ast.UnaryOp(op=sign, operand=operand):
                function = np.negative if isinstance(sign, ast.USub) else np.positive
                return self._applied(function, [operand])
            case ast.BinOp(left=left, op=operator, right=right):
                return self._applied(ARITHMETIC[type(operator)], [left, right])
            case ast.BoolOp(op=operator, values=values):
                return self._joined(isinstance(operator, ast.And), values)
            case ast.Call():
                return self._call(tree)
            case ast.Compare():
                return self._compared(tree)
        raise self._error(f"{type(tree).__name__} is not part of a condition")

    # -- terms and calls -------------------------------------------------------------------------

    def _term(self, name: str) -> _Number | _Text:
        if name in TEXT_TERMS:
            return _Text(name)
        if name in NODE_TERMS:
            return _Number(NODE_TERMS[name])
        if name in EDGE_TERMS:
            return _Number(EDGE_TERMS[name], per_edge=True)
        if name in FUNCTIONS:
            raise self._error(f"{name} is a function: {name}(grad)")
        raise self._error(f"no term {name!r}; there are {', '.join(TERMS)}")

    def _call(self, tree: ast.Call) -> _Number | _Truth:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name not in FUNCTIONS:
            shown = f"no function {name!r}" if name else "that call is not part of a condition"
            raise self._error(f"{shown}; there are {', '.join(FUNCTIONS)}")
        wanted = "two numbers or more" if name in {"min", "max"} else "one number"
        if tree.keywords or (len(tree.args) < 2 if name in {"min", "max"} else len(tree.args) != 1):
            raise self._error(f"{name} takes {wanted}")
        if name in NUMBER_FUNCTIONS:
            function = NUMBER_FUNCTIONS[name]
            if len(tree.args) == 1:
                return self._applied(function, tree.args)
            numbers = [self._number(argument) for argument in tree.args]
            result = numbers[0]
            for number in numbers[1:]:
                result = self._apply(function, [result, number])
            return result
        return self._any_slot(self._apply(TRUTH_FUNCTIONS[name], [self._number(tree.args[0])]))

    # -- numbers ---------------------------------------------------------------------------------

    def _constant(self, value: float) -> _Number:
        return _Number(lambda _: value, constant=value)

    def _applied(self, function: Callable[..., Any], trees: Sequence[ast.expr]) -> _Number:
        return self._apply(function, [self._number(tree) for tree in trees])

    def _apply(self, function: Callable[..., Any], numbers: Sequence[_Number]) -> _Number:
        constants = [number.constant for number in numbers]
        if all(constant is not None for constant in constants):
            with np.errstate(all="ignore"):
                value = float(function(*map(np.float64, constants)))
            if not np.isfinite(value):
                raise self._error("the constants in it come out as no finite number")
            return self._constant(value)
        per_edge = any(number.per_edge for number in numbers)

        def of(visit: Visit) -> Any:
            return function(*(_spread(number, visit, per_edge) for number in numbers))

        return _Number(of, per_edge)

    def _any_slot(self, test: _Number) -> _Truth:
        """A test's outcome for each node: one of an edge term holds if it does for any slot."""

        def of(visit: Visit) -> Mask:
            outcome = test.of(visit)
            mask = np.zeros(len(visit.graph), np.bool_)
            if test.per_edge:
                mask[visit.graph.edge_consumers[outcome]] = True
            else:
                mask[:] = outcome
            return mask

        return _Truth(of)

    # -- comparisons -----------------------------------------------------------------------------

    def _compared(self, tree: ast.Compare) -> _Truth:
        if any(isinstance(operator, ast.In) for operator in tree.ops):
            return self._text_test(tree)
        sides = [self.compile(side) for side in (tree.left, *tree.comparators)]
        if any(isinstance(side, _Text | _Quoted) for side in sides):
            return self._text_equality(tree, sides)
        numbers = [self._as_number(side) for side in sides]
        if all(number.constant is not None for number in numbers):
            raise self._error(f"it compares plain numbers; there are {', '.join(TERMS)}")
        functions = [COMPARISONS[type(operator)] for operator in tree.ops]
        per_edge = any(number.per_edge for number in numbers)

        def of(visit: Visit) -> Any:
            values = [_spread(number, visit, per_edge) for number in numbers]
            held = functions[0](values[0], values[1])
            for place, function in enumerate(functions[1:], start=1):
                held = held & function(values[place], values[place + 1])
            return held

        return self._any_slot(_Number(of, per_edge))

    def _text_equality(self, tree: ast.Compare, sides: Sequence[_Expression]) -> _Truth:
        match sides:
            case (_Text() as text, _Quoted() as quoted) | (_Quoted() as quoted, _Text() as text):
                pass
            case _:
                raise self._error(
                    f"a text is compared with a text: {', '.join(TEXT_TERMS)} with one in quotes"
                )
        if not isinstance(tree.ops[0], ast.Eq | ast.NotEq):
            raise self._error(f"texts are compared by ==, != and {', '.join(TEXT_TESTS)}")
        if text.term == "op" and quoted.text not in self._op_names:
            raise self._error(f"no op {quoted.text!r}; there are {', '.join(self._op_names)}")
        equal = isinstance(tree.ops[0], ast.Eq)
        return _holds_for_text(text.term, lambda value: (value == quoted.text) is equal)

    def _text_test(self, tree: ast.Compare) -> _Truth:
        match tree:
            case ast.Compare(
                left=left,
                ops=[ast.In(), ast.In()],
                comparators=[ast.Name(id=word), ast.Constant(value=str() as quoted)],
            ) if word in TEXT_TESTS and isinstance(text := self.compile(left), _Text):
                return _holds_for_text(text.term, text_test(word, quoted))
        raise self._error(
            f"{', '.join(TEXT_TESTS)} stand between {', '.join(TEXT_TERMS)} and a text in quotes"
        )

    # -- kinds -----------------------------------------------------------------------------------

    def _joined(self, every: bool, trees: Sequence[ast.expr]) -> _Truth:
        truths = [self._truth(tree) for tree in trees]
        join = np.logical_and if every else np.logical_or

        def of(visit: Visit) -> Mask:
            held = truths[0].of(visit)
            for truth in truths[1:]:
                held = join(held, truth.of(visit))
            return held

        return _Truth(of)

    def _truth(self, tree: ast.expr) -> _Truth:
        compiled = self.compile(tree)
        if not isinstance(compiled, _Truth):
            raise self._error(
                f"{ast.unparse(tree)} is neither true nor false: and, or and not join comparisons"
            )
        return compiled

    def _number(self, tree: ast.expr) -> _Number:
        return self._as_number(self.compile(tree))

    def _as_number(self, compiled: _Expression) -> _Number:
        if not isinstance(compiled, _Number):
            kind = "true or false" if isinstance(compiled, _Truth) else "a text"
            raise self._error(f"a number is needed where there is {kind}")
        return compiled

    def _error(self, message: str) -> ConditionError:
        return ConditionError(f"condition {self._text!r}: {message}")


def _spread(number: _Number, visit: Visit, per_edge: bool) -> Any:
    """A number's values, one an edge if others of the expression are."""
    value = number.of(visit)
    if per_edge and not number.per_edge and number.constant is None:
        return value[visit.graph.edge_consumers]
    return value


def _holds_for_text(term: str, test: TextTest) -> _Truth:
    def of(visit: Visit) -> Mask:
        texts, place = TEXT_TERMS[term](visit.graph)
        held: Mask = np.fromiter((test(text) for text in texts), np.bool_, len(texts))
        return held[place]

    return _Truth(of)
