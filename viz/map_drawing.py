"""`viz.map`: anyone's computation as a Map, in one call, which a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from microgpt.autograd.value import Value
from microgpt.graph.graph import Graph
from viz.maps.captions import document_captions
from viz.maps.drawn import drawn_map
from viz.maps.folding import with_open_layer
from viz.maps.lenses import DEFAULT_LENS, Look, Question, look
from viz.maps.step_map import StepMap
from viz.shown import ShownDrawing


@dataclass(frozen=True, eq=False, repr=False)
class ShownMap(ShownDrawing):
    """A Map through a lens."""

    look: Look


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
) -> ShownMap:
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
    shown = look(seen, lens, Question(node, updated, other))
    return ShownMap(drawn_map(shown, title), shown)
