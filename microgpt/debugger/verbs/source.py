"""`list`: the source line that made a node, with the lines around it."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from pathlib import Path, PurePath

from microgpt.debugger.verbs.arguments import node_of
from microgpt.debugger.verbs.verb import LOOK, Answer, Json, Verb
from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named
from microgpt.printable import printable

LINES_AROUND = 4


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a file."""

    number: int  # counted from 1
    text: str  # without its line break
    current: bool  # whether it made the node asked for


@dataclass(frozen=True, slots=True)
class Listing(Answer):
    """The lines around the one that made a node."""

    filename: str  # as the interpreter knows it
    line: int  # number of the line that made the node
    source: tuple[SourceLine, ...]  # with that line; none if the file cannot be read any more

    def lines(self) -> list[str]:
        """The lines, with an arrow at the node's."""
        if not self.source:
            return [f"{self.filename}:{self.line}: the file cannot be read any more"]
        width = len(str(self.source[-1].number))
        return [
            _from_here(self.filename),
            *(
                f"{'→' if line.current else ' '} {line.number:>{width}}  {line.text}".rstrip()
                for line in self.source
            ),
        ]

    def as_json(self) -> Json:
        """File, line number and lines."""
        return {
            "source": {
                "file": self.filename,
                "line": self.line,
                "lines": [{"number": line.number, "text": line.text} for line in self.source],
            }
        }


def _from_here(filename: str) -> str:
    """A file's path from the current folder, if it lies in it."""
    path = PurePath(filename)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename


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
            f"no source line is known for {named(graph, node)}: it was {made} recording()"
        )
    filename, line = place
    linecache.checkcache(filename)
    source = linecache.getlines(filename)
    first, last = max(1, line - around), min(len(source), line + around)
    return Listing(
        filename,
        line,
        tuple(
            SourceLine(number, _shown(source[number - 1]), number == line)
            for number in range(first, last + 1)
        ),
    )


def _shown(line: str) -> str:
    return printable(line.rstrip().expandtabs())


ROWS = (
    Verb("list", ("l",), LOOK, "[NODE]", "the source line that made a node, with those around it",
         "list #3772", "node",
         lambda session, argument: listing(session.graph, node_of(session, argument))),
)  # fmt: skip
