"""The line of the program that made the node, with those around it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from microgpt.code_places import place_called
from microgpt.debugger.verbs.source import listing
from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from tui.themes import theme_color
from tui.widgets.static_text import show_text


class SourcePane(Static):
    """As many lines as there is room for; gone where no line is known."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="-empty")

    def show(self, graph: Graph, node: int | None) -> None:
        """Shows where a node was made."""
        around = 2 if self.app.size.height >= 34 else 0
        try:
            found = None if node is None else listing(graph, node, around)
        except GraphError:  # a leaf, or not recorded
            found = None
        self.set_class(found is None or not found.source, "-empty")
        if found is None:
            return
        accent, muted = (theme_color(self.app, name) for name in ("accent", "muted"))
        text = Text(no_wrap=True, overflow="ellipsis")
        for line in found.source:
            style = f"bold {accent}" if line.current else muted
            sign = "→" if line.current else " "
            text.append(f"{sign} {line.number:>4} {line.text}\n", style)
        text.rstrip()
        self.border_title = Text(place_called(found.filename, found.line))
        show_text(self, text)
