"""What a program calls the numbers and gradients of its nodes, and what it makes nodes with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

NUMBERS = frozenset({"data", "value", "val", "v", "x", "num", "number", "item"})
ARITHMETIC = frozenset({"__add__", "__mul__", "__sub__", "__truediv__", "__matmul__", "__neg__"})
ZEROS = frozenset({"zeros", "zeros_like"})


def called(call: ast.Call) -> set[str]:
    """The names that a call's function is reached by: `Scalar` and `leaf` of `Scalar.leaf`."""
    found = set()
    node: ast.AST = call.func
    while isinstance(node, ast.Attribute):
        found.add(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        found.add(node.id)
    return found


def names_in(tree: ast.AST) -> set[str]:
    """All variables that a piece of a program speaks of."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


class Vocabulary(NamedTuple):
    """How a program speaks of its nodes."""

    numbers: frozenset[str]  # attributes that hold them
    grads: frozenset[str]  # attributes that hold gradients
    makers: frozenset[str]  # the classes and functions that make nodes


def vocabulary_of(tree: ast.Module | None) -> Vocabulary:
    """What a program calls the numbers and gradients of its nodes, and what makes them.

    A class that defines arithmetic sets its number from the first thing that it is given, and a
    gradient is what it sets to 0 or None and what the program adds to. Where none does, functions
    add and multiply, and nodes are of a class that sets these two.
    """
    numbers, empty, makers = set(NUMBERS), {"grad", "gradient"}, set()
    classes = [n for n in ast.walk(tree or ast.Module([], [])) if isinstance(n, ast.ClassDef)]
    nodes = [each for each in classes if ARITHMETIC & _methods(each).keys()]
    for held in nodes or [each for each in classes if _sets_two_numbers(each)]:
        makers.add(held.name)
        for method in filter(None, [_methods(held).get("__init__")]):
            given = [a.arg for a in method.args.args[1:2]]
            for target, value in _assigned_pairs(method):
                is_zeros = isinstance(value, ast.Call) and called(value) & ZEROS
                if not is_zeros and names_in(value) & set(given):
                    numbers.add(target)
                is_empty = isinstance(value, ast.Constant) and value.value in (0, None)
                if is_empty or (isinstance(value, ast.Call) and called(value) & ZEROS):
                    empty.add(target)
    for node in ast.walk(tree or ast.Module([], [])):
        if (
            isinstance(node, ast.ClassDef)
            and {base.id for base in node.bases if isinstance(base, ast.Name)} & makers
        ):
            makers.add(node.name)
    for node in ast.walk(tree or ast.Module([], [])):  # `def leaf(x): return Value(x)`
        if isinstance(node, ast.FunctionDef) and len(node.body) <= 2:
            last = node.body[-1]
            if isinstance(last, ast.Return) and isinstance(last.value, ast.Call) and (
                called(last.value) & makers and node.args.args
                and not node.name.startswith("__")
                and all(isinstance(a, ast.Name | ast.Constant) for a in last.value.args)
            ):  # fmt: skip
                makers.add(node.name)
    added_to = {
        node.target.attr for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute)
    }  # fmt: skip
    grads = empty & added_to if empty & added_to - numbers else empty
    return Vocabulary(
        frozenset(numbers), frozenset(grads | {"grad", "gradient"}), frozenset(makers)
    )


def _methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}


def _sets_two_numbers(node: ast.ClassDef) -> bool:
    """Whether instances get a number that is given and one that is 0: what is added up."""
    method = _methods(node).get("__init__")
    if method is None or len(method.args.args) < 2:
        return False
    pairs = list(_assigned_pairs(method))
    given = method.args.args[1].arg
    takes = any(isinstance(value, ast.Name) and value.id == given for _, value in pairs)
    return takes and any(
        isinstance(value, ast.Constant) and value.value == 0 and type(value.value) is float
        for _, value in pairs
    )


def _assigned_pairs(method: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Attributes that a method sets, and to what; also several at once."""
    for node in ast.walk(method):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            pairs = (
                zip(target.elts, node.value.elts, strict=False)
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                else [(target, node.value)]
            )
            for one, value in pairs:
                if isinstance(one, ast.Attribute):
                    yield one.attr, value
