"""`viz.map`: anyone's computation as a Map, in one call, which a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from microgpt.autograd.value import Value
from microgpt.graph.graph import Graph
from viz.maps.captions import document_captions
from viz.maps.export import write_map
from viz.maps.folding import with_open_layer
from viz.maps.lenses import DEFAULT_LENS, Look, Question, look
from viz.maps.step_map import StepMap
from viz.maps.svg import map_svg
from viz.maps.text import TextMap

PRINTED_WIDTH = 120
"""Of the text. Units: characters."""


FRAME_HEIGHT = 760
"""Of a page in a notebook. Units: pixels."""


class HtmlPage(str):
    """A whole HTML page as text, which a notebook shows."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The page in a frame of its own."""
        return (
            f'<iframe srcdoc="{escape(self)}" width="100%" height="{FRAME_HEIGHT}" '
            'style="border: 1px solid #ccd1dc"></iframe>'
        )


@dataclass(frozen=True, eq=False)
class DrawnMap:
    """A Map through a lens: a notebook shows it, `print` prints it, `save` writes it."""

    look: Look
    title: str = ""

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return map_svg(self.look, self.title)

    def __str__(self) -> str:
        """The Map as lines of characters."""
        text = TextMap(self.look, PRINTED_WIDTH)
        lines = ("".join(span.text for span in line).rstrip() for line in text.all_lines())
        return "\n".join(filter(None, (self.title, *lines)))

    def html(self) -> HtmlPage:
        """A page in which one can step through the backward pass; a notebook shows it in a frame.

        Raises:
            InputError: the graph is too large for a page.
        """
        from viz.page.page import page_html  # noqa: PLC0415  # the debugger takes 100 ms

        return HtmlPage(page_html(self.look, self.title))

    def save(self, path: str | Path) -> None:
        """Writes an SVG, a PNG, JSON or an HTML page, by the path's suffix.

        Raises:
            InputError: the file cannot be written; nothing is left half-written.
        """
        write_map(self.look, Path(path), self.title)


def map_of(
    value: Value | Graph,
    lens: str = DEFAULT_LENS,
    *,
    node: int | str | None = None,
    tokens: Sequence[str] = (),
    step: int | None = None,
    updated: Graph | None = None,
    other: Graph | None = None,
    layer: int | None = None,
    title: str = "",
) -> DrawnMap:
    """A Map of everything a value was computed from.

    Args:
        value: the root, usually the loss after `backward()`; or a Graph.
        lens: what cells show: `grad`, `value`, `update`, `why` or `change`.
        node: whose gradient the lens `why` divides; an id, a name or a place.
        tokens: what each column reads, and after the last one what comes next there.
        step: the training step that the graph is of.
        updated: the same text after the step's update, for the lens `update`.
        other: the same text by another model, to compare with, for the lens `change`.
        layer: of a model of three layers or more, the one whose rows are shown.
        title: what the Map is of.

    Raises:
        InputError: there is no such lens or layer, or the lens needs what is not given.
        GraphError: there is no such node, or the graph cannot answer.
    """
    graph = value if isinstance(value, Graph) else Graph.from_value(value)
    if isinstance(node, str):
        from microgpt.debugger.node_references import find_node  # noqa: PLC0415  # the debugger

        node = find_node(graph, node)
    step_map = StepMap.of(graph, document_captions(graph, tokens), step)
    seen = with_open_layer(step_map, layer)
    return DrawnMap(look(seen, lens, Question(node, updated, other)), title)
