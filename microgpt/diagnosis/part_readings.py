"""Lists that a loop fills and of which a program reads only a part, as `losses[1:]`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph


class PartReading(NamedTuple):
    """Of one list."""

    name: str
    text: str  # what reads it, as it is written
    filled: int  # the line that appends
    read: int


def part_readings(tree: ast.AST) -> Iterator[PartReading]:
    """Lists of which nothing but one slice with fixed ends is read.

    What only asks for their length or for an entry at a fixed place, as a `print` does, is no
    reading; whether an entry goes into the loss says the graph.
    """
    filled: dict[str, int] = {}
    aside: set[ast.AST] = set()
    slices: dict[str, list[ast.Subscript]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id == "len":
                aside.update(node.args)
            if isinstance(function, ast.Attribute) and function.attr == "append":
                aside.add(function.value)
                if isinstance(function.value, ast.Name):
                    filled[function.value.id] = node.lineno
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            aside.add(node.value)
            if isinstance(node.slice, ast.Slice):
                slices.setdefault(node.value.id, []).append(node)
    read = {
        node.id for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in aside
    }  # fmt: skip
    for name, found in slices.items():
        if name in filled and name not in read and len(found) == 1 and _is_fixed(found[0].slice):
            (part,) = found
            yield PartReading(name, ast.unparse(part), filled[name], part.lineno)


def _is_fixed(part: ast.expr) -> bool:
    if not isinstance(part, ast.Slice) or part.step is not None:
        return False
    ends = [end for end in (part.lower, part.upper) if end is not None]
    return bool(ends) and all(
        isinstance(end.operand if isinstance(end, ast.UnaryOp) else end, ast.Constant)
        for end in ends
    )


def leaving(graph: Graph, line: int) -> Ints:
    """The nodes of a line that are not used on it alone.

    Args:
        line: a place in `Graph.source_lines`.
    """
    is_own = graph.line_of == line
    inside = np.zeros(len(graph), np.bool_)
    edges = is_own[graph.edge_consumers] & is_own[graph.operands]
    inside[graph.operands[edges]] = True
    found: Ints = np.flatnonzero(is_own & ~inside)
    return found
