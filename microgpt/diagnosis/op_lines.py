"""Where a function that makes the nodes of an op computes its number, and its slopes."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from microgpt.diagnosis.vocabulary import called, names_in


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
        or _line_of_rule(tree, function)
        or _line_of_record(function)
        or _line_of_argument(function, first=False)
        or function.lineno
    )


def _line_of_rule(tree: ast.Module, function: ast.FunctionDef) -> int | None:
    """In a table of rules by op, the line of an op's own."""
    names = {n.value for n in ast.walk(function)
             if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # fmt: skip
    names |= {function.name, function.name.strip("_")}
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if not (isinstance(key, ast.Constant) and key.value in names):
                continue
            if isinstance(value, ast.Lambda):
                return value.body.lineno
            if isinstance(value, ast.Name) and value.id in functions:
                given = [n for n in ast.walk(functions[value.id]) if isinstance(n, ast.Return)]
                return given[-1].lineno if given else functions[value.id].lineno
    return None


def _line_of_record(function: ast.FunctionDef) -> int | None:
    """Where an op is put on record with its operands, if not where its node is made."""
    names = {argument.arg for argument in function.args.args}
    for node in function.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
            spoken = {id(n.value) for n in ast.walk(node.value) if isinstance(n, ast.Attribute)}
            bare = [n for n in ast.walk(node.value) if isinstance(n, ast.Name)
                    and n.id in names and id(n) not in spoken]  # fmt: skip
            if bare:
                last = node.value.args[-1]
                return last.elts[-1].lineno if isinstance(last, ast.Tuple) and last.elts else (
                    last.lineno
                )  # fmt: skip
    return None


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
        elif isinstance(node, ast.Return) and node.value is not None:
            shares = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            giving += [(each.lineno, place == slot) for place, each in enumerate(shares)]
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


@dataclass(frozen=True, slots=True)
class ForgottenOperand:
    """An argument whose number an op computes with, and which its node does not remember."""

    name: str  # of the argument
    line: int  # that makes the node
    is_surely_a_node: bool  # it is not wrapped, so that a plain number would raise
    has_share: bool  # the op gives it one all the same, in a function of its own
    n_used: int  # arguments whose numbers the op computes with


def forgotten_operand(
    function: ast.FunctionDef, numbers: frozenset[str], makers: frozenset[str]
) -> ForgottenOperand | None:
    """Which operand a function that makes nodes leaves out, by its text; None if it does not.

    It reads the number of an argument to compute with, and speaks of the argument itself nowhere,
    but to make a node of it.

    Args:
        numbers: attributes that hold a node's number.
        makers: classes and functions that make nodes.
    """
    inner = {id(n) for f in ast.walk(function) if isinstance(f, ast.FunctionDef | ast.Lambda)
             and f is not function for n in ast.walk(f)}  # fmt: skip
    made = [n for n in ast.walk(function) if isinstance(n, ast.Call) and called(n) & makers]
    n_used = len({
        n.value.id for n in ast.walk(function)
        if isinstance(n, ast.Attribute) and n.attr in numbers and isinstance(n.value, ast.Name)
        and n.value.id in {argument.arg for argument in function.args.args}
    })  # fmt: skip
    for argument in function.args.args:
        name = argument.arg
        wraps = _wrapping(function, name)
        reads = shared = False
        attributes = [n for n in ast.walk(function) if isinstance(n, ast.Attribute)
                      and isinstance(n.value, ast.Name) and n.value.id == name]  # fmt: skip
        spoken = {id(n.value) for n in attributes}
        for read in attributes:
            shared |= id(read) in inner
            reads |= read.attr in numbers and id(read) not in inner
        names = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
        bare = any(id(each) not in spoken | wraps for each in names)
        bare |= _is_told(function, name, numbers)
        own = [call for call in made if not any(id(n) in wraps for n in ast.walk(call))]
        if reads and not bare and own:
            return ForgottenOperand(name, own[-1].lineno, not wraps, shared, n_used)
    return None


def _is_told(function: ast.FunctionDef, name: str, numbers: frozenset[str]) -> bool:
    """Whether an argument is told something that is not about its number: who was made of it."""
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        at: ast.expr = call.func
        attribute = ""
        while isinstance(at, ast.Attribute):
            attribute = at.attr
            at = at.value
        if attribute and isinstance(at, ast.Name) and at.id == name and attribute not in numbers:
            return True
    return False


def _wrapping(function: ast.FunctionDef, name: str) -> set[int]:
    """The places where an argument is made a node of, or asked whether it is one."""
    found: set[int] = set()
    for node in ast.walk(function):
        is_asked = isinstance(node, ast.Call) and called(node) & {"isinstance", "type", "hasattr"}
        is_made = isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in node.targets
        )
        if is_asked or is_made:
            found |= {id(n) for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name}
            if is_made and isinstance(node, ast.Assign):
                found |= {id(n) for n in ast.walk(node.value) if isinstance(n, ast.expr)}
    return found


def _sets_gradient(node: ast.Assign, grads: frozenset[str]) -> bool:
    return any(isinstance(t, ast.Attribute) and t.attr in grads for t in node.targets)


def shares_an_array(node: ast.Assign, grads: frozenset[str]) -> bool:
    """Whether it sets a gradient to an array that it does not make: no sum, no copy, no zeros."""
    makes = {"copy", "zeros", "zeros_like", "array", "ones", "ones_like", "full", "astype"}
    value = node.value
    if not _sets_gradient(node, grads) or isinstance(value, ast.Constant):
        return False
    if isinstance(value, ast.Call):
        return not called(value) & makes
    return isinstance(value, ast.Name | ast.Attribute | ast.Subscript)


def makes_integers(node: ast.Assign, grads: frozenset[str]) -> bool:
    """Whether it sets a gradient to whole numbers, by `int` or by a type like its data's."""
    if not _sets_gradient(node, grads):
        return False
    spoken = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
    spoken |= {n.attr for n in ast.walk(node.value) if isinstance(n, ast.Attribute)}
    spoken |= {str(n.value) for n in ast.walk(node.value) if isinstance(n, ast.Constant)}
    return bool(spoken & {"int", "int8", "int16", "int32", "int64", "intp", "dtype", "zeros_like"})
