"""Putting a page together: a step's texts and arrays, and the program that looks things up in them.

What the program that is shown calls its parts is data: JSON that cannot end its element, compressed
arrays, and escaped text.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from microgpt.errors import InputError
from microgpt.graph.graph import Graph
from microgpt.printable import printable
from viz.escaping import script_json
from viz.html_page import html_page
from viz.maps.captions import document_captions
from viz.maps.folding import with_open_layer
from viz.maps.lenses import DEFAULT_LENS, Look, look
from viz.maps.palette import HEADS, RAMP
from viz.maps.step_map import StepMap
from viz.page.blob import packed
from viz.page.map_data import looks_of, map_data
from viz.page.size import MOST_NODES
from viz.page.step_data import step_data
from viz.style import NEGATIVE, PAPER, POSITIVE, blend

SCRIPTS = (
    "numbers.js", "step.js", "dom.js", "walk.js", "map.js", "map_flows.js", "part.js",
    "scalars.js", "layout.js", "told.js", "search.js", "node_order.js", "all_scalars_picture.js",
    "all_scalars.js", "main.js",
)  # fmt: skip
"""In the order in which they are read; together they are one."""
VERSION = 1


def page_html(look: Look, title: str = "") -> str:
    """A step as one HTML file.

    Args:
        look: the Map, and what its cells show first.
        title: what it is of.

    Raises:
        InputError: the graph is too large for a page.
    """
    graph = look.map.graph
    if len(graph) > MOST_NODES:
        raise InputError(
            f"{len(graph):,} nodes are too many for a page, which holds {MOST_NODES:,}: a shorter "
            "text or a smaller model fits, or the picture (.svg) or .json of this one"
        )
    map_texts, map_arrays = map_data(looks_of(look))
    step_texts, step_arrays = step_data(look.map)
    arrays, places = packed({**step_arrays, **map_arrays})
    about = {
        "version": VERSION,
        "title": printable(title),
        "step": look.map.step,
        "map": map_texts,
        "graph": step_texts,
        "arrays": places,
        "colors": {
            "ramp": RAMP,
            "heads": HEADS,
            "positive": blend(PAPER, POSITIVE, 1.0),
            "negative": blend(PAPER, NEGATIVE, 1.0),
        },
    }
    body = (
        f"{_asset('body.html')}\n"
        f'<script type="application/json" id="about">{script_json(about)}</script>\n'
        f'<script type="text/plain" id="arrays">{arrays}</script>\n'
        f'<script type="text/plain" id="engine">{_engine()}</script>'
    )
    return html_page(title or "Map", _asset("page.css"), _script(), body, compiles=True)


def graph_page(
    graph: Graph, title: str = "", tokens: Sequence[str] = (), step: int | None = None
) -> str:
    """A whole graph as one HTML file, which begins with the Map of its gradients.

    Args:
        graph: of anything.
        title: what it is of.
        tokens: what each column reads, and after the last one what comes next there.
        step: the training step that it is of.

    Raises:
        InputError: the graph is too large for a page.
    """
    step_map = StepMap.of(graph, document_captions(graph, tokens), step)
    return page_html(look(with_open_layer(step_map, None), DEFAULT_LENS), title)


@cache
def _script() -> str:
    parts = "\n".join(_asset(name) for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();\n'


@cache
def _asset(name: str) -> str:
    return files("viz.page").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _engine() -> str:
    """What lays out scalars, in base64 of gzip."""
    content = files("viz.page").joinpath("vendor", "viz-global.js.gz").read_bytes()
    return base64.b64encode(content).decode()
