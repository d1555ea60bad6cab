"""Which lines of a program are written as additions: `x.grad += y`, `x.grad = x.grad + y`."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache


def adds(file: str, line: int) -> bool:
    """Whether what a line stores is an addition to what was there."""
    return line in _adding_lines(file, tuple(linecache.getlines(file)))


@lru_cache(maxsize=64)
def _adding_lines(file: str, lines: tuple[str, ...]) -> frozenset[int]:
    try:
        tree = ast.parse("".join(lines), file)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(target.lineno for node in ast.walk(tree) for target in _targets_added_to(node))


def _targets_added_to(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.AugAssign):
        return [node.target] if isinstance(node.op, ast.Add | ast.Sub) else []
    if not isinstance(node, ast.Assign):
        return []
    terms = [ast.unparse(term) for term in _terms(node.value)]
    return [target for target in node.targets if len(terms) > 1 and ast.unparse(target) in terms]


def _terms(value: ast.expr) -> list[ast.expr]:
    """What is added up; what is subtracted is there with a minus."""
    if isinstance(value, ast.IfExp):
        return [*_terms(value.body), *_terms(value.orelse)]
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return [value]
    if isinstance(value.op, ast.Sub):
        return [*_terms(value.left), ast.UnaryOp(ast.USub(), value.right)]
    return [*_terms(value.left), *_terms(value.right)]
