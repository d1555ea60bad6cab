"""Operators that a class writes with its other operators, such as `a - b` as `a + (-b)`.

Their nodes are right in themselves, whatever the whole comes to; so the method's text is computed
with plain numbers in the place of nodes.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from microgpt.diagnosis.true_math import computed, meaning_of

BINARY: dict[type[ast.operator], tuple[str, Callable[[float, float], float]]] = {
    ast.Add: ("add", operator.add), ast.Sub: ("sub", operator.sub),
    ast.Mult: ("mul", operator.mul), ast.Div: ("truediv", operator.truediv),
    ast.Pow: ("pow", operator.pow),
}  # fmt: skip
SAMPLES = ((2.5, 0.75), (0.625, 3.0), (1.5, 2.0))
"""Numbers to compute with: positive, so that powers are defined, and none of them alike."""
OFF = 1e-9
DEEPEST = 8
"""Methods that use one another are followed so far."""


@dataclass(frozen=True, slots=True)
class OtherOperator:
    """An operator that comes to something else than its name says."""

    op: str  # as `sub`
    line: int  # that computes it
    numbers: tuple[float, ...]  # for which
    was: float
    should: float


class _UnknownError(Exception):
    """A text that is no arithmetic of its operands alone."""


def other_operators(tree: ast.Module) -> Iterator[OtherOperator]:
    """Operators of a program's classes, in use, that are written with others, and are wrong."""
    used = _used(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
        for name, method in methods.items():
            op = name.strip("_")
            if name != f"__{op}__" or op not in used:
                continue
            arity = len(method.args.args)
            meaning = meaning_of("pow2" if op in {"pow", "rpow"} else op, arity)
            if meaning is None or not meaning.is_operator:
                continue
            for numbers in SAMPLES:
                own = numbers[:arity]
                try:
                    was = _Computing(methods).called(method, own)
                except (_UnknownError, ArithmeticError):
                    break
                should = computed(meaning, own[::-1] if op == "rpow" else own)
                if abs(was - should) > OFF * abs(should):
                    line = _line_of_value(method)
                    yield OtherOperator(op, line, own, was, should)
                    break


def _used(tree: ast.Module) -> set[str]:
    """The operators that are written outside of classes; with numbers on the left, too."""
    inside = {id(n) for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in ast.walk(c)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in BINARY:
            name = BINARY[type(node.op)][0]
            found |= {name, f"i{name}"} if isinstance(node, ast.AugAssign) else {name}
            if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant | ast.Call):
                found.add(f"r{name}")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            found.add("neg")
    return found


def _line_of_value(method: ast.FunctionDef) -> int:
    given = [n for n in ast.walk(method) if isinstance(n, ast.Return)]
    return given[-1].lineno


class _Computing:
    """Computes methods with plain numbers for nodes."""

    def __init__(self, methods: dict[str, ast.FunctionDef]) -> None:
        self._methods = methods
        self._depth = 0

    def called(self, method: ast.FunctionDef, numbers: tuple[float, ...]) -> float:
        """What a method gives.

        Raises:
            _UnknownError: it does something else than arithmetic with its operands.
        """
        names = [argument.arg for argument in method.args.args]
        if len(names) != len(numbers) or self._depth > DEEPEST:
            raise _UnknownError
        self._depth += 1
        known = dict(zip(names, numbers, strict=True))
        for statement in method.body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                value = self._value(statement.value, known)
                self._depth -= 1
                return value
            is_said = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if not is_said and not _wraps(statement, known):
                break
        raise _UnknownError

    def _value(self, node: ast.expr, known: dict[str, float]) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.Name) and node.id in known:
            return known[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self._value(node.operand, known)
            own = self._methods.get("__neg__")
            if own is None or isinstance(node.operand, ast.Constant):
                return -inner
            return self._or_meant(own, (inner,), -inner)
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            name, compute = BINARY[type(node.op)]
            left, right = self._value(node.left, known), self._value(node.right, known)
            if isinstance(node.left, ast.Constant):
                own, pair = self._methods.get(f"__r{name}__"), (right, left)
            else:
                own, pair = self._methods.get(f"__{name}__"), (left, right)
            plain = float(compute(left, right))
            return plain if own is None else self._or_meant(own, pair, plain)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            if len(node.args) == 1 and node.func.id[:1].isupper():  # makes a node of a number
                return self._value(node.args[0], known)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            own = self._methods.get(node.func.attr)
            if own is not None and not node.keywords:
                numbers = tuple(self._value(each, known) for each in (node.func.value, *node.args))
                return self.called(own, numbers)
        raise _UnknownError

    def _or_meant(self, method: ast.FunctionDef, numbers: tuple[float, ...], meant: float) -> float:
        """What a method gives that is arithmetic; what it is meant to, if it makes a node itself.

        Such a node is looked at where it is in the graph.
        """
        depth = self._depth
        try:
            return self.called(method, numbers)
        except _UnknownError:
            self._depth = depth
            return meant


def _wraps(statement: ast.stmt, known: dict[str, float]) -> bool:
    """Whether a statement makes a node of an operand that is a number: `other = lift(other)`."""
    if isinstance(statement, ast.If):
        return not statement.orelse and all(_wraps(each, known) for each in statement.body)
    if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
        return False
    target = statement.targets[0]
    if not (isinstance(target, ast.Name) and target.id in known):
        return False
    value = statement.value
    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    for choice in choices:
        argument = (
            choice.args[0] if isinstance(choice, ast.Call) and len(choice.args) == 1 else choice
        )
        if not (isinstance(argument, ast.Name) and argument.id == target.id):
            return False
    return True
