"""Pictures of a computation: folding, slicing, DOT and the Graphviz engine. Knows no screen.

>>> from microgpt import Value
>>> import viz
>>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
>>> loss = a * b + a
>>> loss.backward()
>>> picture = viz.draw(loss)  # a graphviz.Digraph: a notebook shows it
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viz.boxes import Folding
    from viz.dot import to_dot
    from viz.drawing import draw
    from viz.export import check_output, write_picture
    from viz.view import View, folded, neighbourhood, scalars

__all__ = [
    "Folding",
    "View",
    "check_output",
    "draw",
    "folded",
    "neighbourhood",
    "scalars",
    "to_dot",
    "write_picture",
]

_MODULES = {
    "viz.boxes": ("Folding",),
    "viz.dot": ("to_dot",),
    "viz.drawing": ("draw",),
    "viz.export": ("check_output", "write_picture"),
    "viz.view": ("View", "folded", "neighbourhood", "scalars"),
}


def __getattr__(name: str) -> object:
    """Imports when asked for: a command's help reads `viz.formats`, and need not wait for numpy."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'viz' has no attribute {name!r}")
