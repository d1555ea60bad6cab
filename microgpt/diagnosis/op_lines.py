"""Where a function that makes the nodes of an op computes its number, and its slopes."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from microgpt.diagnosis.vocabulary import names_in


def line_of_result(function: ast.FunctionDef) -> int:
    """Where it computes the number of what it gives."""
    if function.name == "forward":
        given = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
        return given[-1].lineno if given else function.lineno
    return _line_of_argument(function, first=True) or function.lineno


def line_of_slopes(tree: ast.Module, function: ast.FunctionDef, slot: int) -> int:
    """Where it computes the local gradient by one of its operands, or gives that its share."""
    return (
        _backward_beside(tree, function)
        or _line_within(function, slot)
        or _line_of_argument(function, first=False)
        or function.lineno
    )


def _backward_beside(tree: ast.Module, function: ast.FunctionDef) -> int | None:
    """Of a function object's `forward`: the line on which its `backward` gives the shares."""
    if function.name != "forward":
        return None
    for each in ast.walk(tree):
        if isinstance(each, ast.ClassDef) and function in each.body:
            for other in each.body:
                if isinstance(other, ast.FunctionDef) and other.name == "backward":
                    given = [n for n in ast.walk(other) if isinstance(n, ast.Return)]
                    return given[-1].lineno if given else other.lineno
    return None


def _line_within(function: ast.FunctionDef, slot: int) -> int | None:
    """Where a function that is made in an op's function gives the operand of a slot its share.

    A statement that writes to an attribute of it, or calls something with it: `a.grad += …`,
    `self.take(…)`, `give(other, …)`.
    """
    inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef) and n is not function]
    if not inner:
        return None
    names = [argument.arg for argument in function.args.args]
    own = names[slot] if slot < len(names) else None
    giving: list[tuple[int, bool]] = []
    for node in ast.walk(inner[-1]):
        given: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            given = [t for t in targets if isinstance(t, ast.Attribute | ast.Subscript)]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            to = node.value.func
            given = [to.value] if isinstance(to, ast.Attribute) else []
            given += node.value.args[:1]
        for each in given[:1]:
            is_own = any(own in names_in(other) for other in given)
            giving.append((each.lineno, is_own))
    chosen = [line for line, is_own in giving if is_own] or [line for line, _ in giving]
    return max(chosen) if chosen else None


def _line_of_argument(function: ast.FunctionDef | None, *, first: bool) -> int | None:
    """Of the call that makes what a function returns: the line of its first or last argument."""
    if function is None:
        return None
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    made = [value for value in returned if isinstance(value, ast.Call)]
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    for node in ast.walk(function):
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        if any(isinstance(t, ast.Name) and t.id in names for t in node.targets):
            made.append(node.value)
    for call in made or calls:
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not arguments:
            continue
        wanted = arguments[0] if first else arguments[-1]
        if isinstance(wanted, ast.Name):  # computed before, on a line of its own
            at = _assigned(function, wanted.id)
            if at is not None:
                return at
        return wanted.lineno
    return None


def _assigned(function: ast.FunctionDef, name: str) -> int | None:
    for node in ast.walk(function):
        targets: Iterable[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = (node.target,)
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return getattr(node, "lineno", None)
    return None
