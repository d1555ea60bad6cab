"""Lines of a program's pass and of its gradients, looked for in its text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from microgpt.diagnosis import op_lines
from microgpt.diagnosis.program import Program, SourcePlace

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


def line_that_shares(program: Program, files: Iterable[str]) -> SourcePlace | None:
    """Where a gradient is set to an array that is another one's, or one for several nodes."""
    return _first(program, files, op_lines.shares_an_array)


def line_of_integers(program: Program, files: Iterable[str]) -> SourcePlace | None:
    """Where a gradient is made of whole numbers."""
    return _first(program, files, op_lines.makes_integers)


def _first(
    program: Program, files: Iterable[str], fits: Callable[[ast.Assign, frozenset[str]], bool]
) -> SourcePlace | None:
    for file in files:
        grads = program.gradient_names(file)
        for node in ast.walk(program.tree(file) or NOTHING):
            if isinstance(node, ast.Assign) and fits(node, grads):
                return file, node.lineno
    return None
