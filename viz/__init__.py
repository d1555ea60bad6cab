"""Pictures of a computation: folding, slicing, DOT and the Graphviz engine. Knows no screen.

>>> from microgpt import Value
>>> import viz
>>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
>>> loss = a * b + a
>>> loss.backward()
>>> viz.graph(loss)  # a notebook shows it, and .save("graph.svg") writes it
<a graph: #3: 4 nodes, 4 edges>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viz.boxes import Folding
    from viz.dot import to_dot
    from viz.drawing import draw
    from viz.export import check_output, write_picture
    from viz.map_drawing import map_of as map  # noqa: A004  # as viz.draw is called
    from viz.shown_graph import attention_of as attention
    from viz.shown_graph import graph_of as graph
    from viz.view import View, folded, neighbourhood, scalars

__all__ = [
    "Folding",
    "View",
    "attention",
    "check_output",
    "draw",
    "folded",
    "graph",
    "map",
    "neighbourhood",
    "scalars",
    "to_dot",
    "write_picture",
]

_PLACES = {
    "Folding": ("viz.boxes", "Folding"),
    "View": ("viz.view", "View"),
    "attention": ("viz.shown_graph", "attention_of"),
    "check_output": ("viz.export", "check_output"),
    "draw": ("viz.drawing", "draw"),
    "folded": ("viz.view", "folded"),
    "graph": ("viz.shown_graph", "graph_of"),
    "map": ("viz.map_drawing", "map_of"),
    "neighbourhood": ("viz.view", "neighbourhood"),
    "scalars": ("viz.view", "scalars"),
    "to_dot": ("viz.dot", "to_dot"),
    "write_picture": ("viz.export", "write_picture"),
}


def __getattr__(name: str) -> object:
    """Imports when asked for: a command's help reads `viz.formats`, and need not wait for numpy."""
    if name not in _PLACES:
        raise AttributeError(f"module 'viz' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
