"""Lines of a program's pass and of its gradients, looked for in its text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from microgpt.diagnosis import op_lines
from microgpt.diagnosis.program import Program, SourcePlace
from microgpt.diagnosis.vocabulary import called

NOTHING = ast.Module([], [])


def ops_asked_for(program: Program, place: SourcePlace | None, files: Iterable[str]) -> set[str]:
    """The names of ops that a pass has branches for, none if it does not ask.

    Args:
        place: the line that calls it.
        files: where it may be.
    """
    found = program.pass_function(place, files)
    return {
        each.value
        for node in ast.walk(found.node if found else NOTHING)
        if isinstance(node, ast.Compare)
        for part in node.comparators for each in ast.walk(part)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }  # fmt: skip


def line_of_dispatch(
    program: Program, place: SourcePlace | None, files: Iterable[str]
) -> SourcePlace | None:
    """The last of a pass's questions which op a node is, if it asks such."""
    found = program.pass_function(place, files)
    asked = [
        node.lineno for node in ast.walk(found.node if found else NOTHING)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare)
        and any(isinstance(each, ast.Constant) and isinstance(each.value, str)
                for each in node.test.comparators)
    ]  # fmt: skip
    return (found.file, max(asked)) if found is not None and asked else None


def line_that_compares_values(
    program: Program, place: SourcePlace | None, files: Iterable[str]
) -> SourcePlace | None:
    """Where nodes are told apart by their numbers: `__eq__`, a dataclass, or a number in a set."""
    files = tuple(files)
    for file in files:
        makers = program.vocabulary(file).makers
        for node in ast.walk(program.tree(file) or NOTHING):
            if not (isinstance(node, ast.ClassDef) and node.name in makers):
                continue
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__eq__":
                    return file, method.lineno
            for decorator in node.decorator_list:
                told = ast.unparse(decorator)
                if "dataclass" in told and "hash=True" in told and "eq=False" not in told:
                    return file, decorator.lineno
    found = program.pass_function(place, files)
    if found is None:
        return None
    numbers = program.vocabulary(found.file).numbers
    for node in ast.walk(found.node):
        if not (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)):
            continue
        if isinstance(node.left, ast.Attribute) and node.left.attr in numbers:
            return found.file, node.lineno
    return None


def line_that_shares(program: Program, files: Iterable[str]) -> SourcePlace | None:
    """Where a gradient is set to an array that is another one's, or one for several nodes."""
    return _first(program, files, op_lines.shares_an_array)


def writes_in_place(program: Program, files: Iterable[str]) -> bool:
    """Whether a program writes into arrays of gradients, as `x.grad += s` and `out=x.grad` do."""
    for file in files:
        grads = program.vocabulary(file).grads
        for node in ast.walk(program.tree(file) or NOTHING):
            targets: list[ast.expr] = []
            if isinstance(node, ast.AugAssign):
                targets = [node.target]
            elif isinstance(node, ast.Assign):
                targets = [each for each in node.targets if isinstance(each, ast.Subscript)]
            elif isinstance(node, ast.Call):
                targets = [each.value for each in node.keywords if each.arg == "out"]
                targets += node.args[:1] if "at" in called(node) else []  # `np.add.at(x.grad, ...)`
            for target in targets:
                names = {n.attr for n in ast.walk(target) if isinstance(n, ast.Attribute)}
                if names & grads:
                    return True
    return False


def line_of_integers(program: Program, files: Iterable[str]) -> SourcePlace | None:
    """Where a gradient is made of whole numbers."""
    return _first(program, files, op_lines.makes_integers)


def _first(
    program: Program, files: Iterable[str], fits: Callable[[ast.Assign, frozenset[str]], bool]
) -> SourcePlace | None:
    for file in files:
        grads = program.vocabulary(file).grads
        for node in ast.walk(program.tree(file) or NOTHING):
            if isinstance(node, ast.Assign) and fits(node, grads):
                return file, node.lineno
    return None
