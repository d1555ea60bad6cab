"""The source line that made a node, with the lines around it."""

from __future__ import annotations

import linecache
from dataclasses import dataclass

from microgpt.errors import GraphError
from microgpt.graph.graph import Graph

LINES_AROUND = 4


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a file.

    Attributes:
        number: counted from 1.
        text: without its line break.
        current: whether it made the node asked for.
    """

    number: int
    text: str
    current: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines around the one that made a node.

    Attributes:
        filename: as the interpreter knows it.
        line: number of the line that made the node.
        lines: those around it; none if the file cannot be read any more.
    """

    filename: str
    line: int
    lines: tuple[SourceLine, ...]


def listing(graph: Graph, node: int, around: int = LINES_AROUND) -> Listing:
    """The source of a node.

    Args:
        around: how many lines before and after.

    Raises:
        GraphError: its line was not recorded.
    """
    place = graph.line(node)
    if place is None:
        made = "a leaf made before" if graph.is_leaf(node) else "made outside"
        raise GraphError(
            f"no source line is known for {graph.name(node)}: it was {made} recording()"
        )
    filename, line = place
    linecache.checkcache(filename)
    source = linecache.getlines(filename)
    first, last = max(1, line - around), min(len(source), line + around)
    return Listing(
        filename,
        line,
        tuple(
            SourceLine(number, source[number - 1].rstrip("\n"), number == line)
            for number in range(first, last + 1)
        ),
    )
