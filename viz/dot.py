"""Views as DOT. The text is a function of the view alone: the same view gives the same bytes.

A view of scalars draws as micrograd taught: a box for each value, a circle for the op that made it.
Other views draw one box a part, shaded by the size of its gradients.
"""

from __future__ import annotations

from html import escape
from itertools import groupby, pairwise

import numpy as np
from graphviz import Digraph

from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named
from microgpt.printable import printable
from viz.boxes import Box
from viz.fonts import set_font
from viz.joining import shape
from viz.style import (
    HAIRLINE,
    INK,
    MUTED,
    NEGATIVE,
    PAPER,
    PARAMETERS_GLYPH,
    POSITIVE,
    UNSIGNED,
    blend,
    glyph_of,
    gradient_color,
    ink_on,
    magnitude_color,
    op_style,
    short_number,
    strength,
)
from viz.view import Bundle, View

MAX_PENWIDTH = 4.0

LARGE = 300
"""Past this many boxes Graphviz is told to be quick instead of beautiful."""
PATIENT = "8"
"""Of fewer it looks so many times as long for an order in which edges cross less."""

SWATCH = "■"
SOME_BUNDLES, MANY_BUNDLES = 16, 100
"""Of more bundles than the first the larger ones alone are labelled; of more than the second none.
Tooltips have the numbers of all."""
LARGER = 0.1
"""So much of the largest one's sum of |contribution|."""
THROUGH = "6"
"""How much straighter than others are edges from part to part: those on which results flow."""

_POSITIVE, _NEGATIVE, _UNSIGNED = (
    blend(PAPER, color, 1.0) for color in (POSITIVE, NEGATIVE, UNSIGNED)
)


def to_dot(view: View, caption: str = "", grads: Floats | None = None) -> Digraph:
    """The view as a `graphviz.Digraph`, left to right from operands to results.

    Args:
        caption: a line under the title, such as the document and the step.
        grads: the gradients to show, such as those after an event of the backward pass; the
            final ones by default. Shape: `[node]`.
    """
    dot = Digraph("microgpt")
    dot.attr(
        rankdir="LR", label=_heading(view, caption), labelloc="t", labeljust="l",
        fontcolor=INK, bgcolor=PAPER, nodesep="0.18", ranksep="0.45", pad="0.2",
        tooltip=plain(view.title),
        **({"splines": "line", "nslimit": "0.1", "nslimit1": "0.1", "mclimit": "0.1"}
           if len(view.boxes) > LARGE else {"mclimit": PATIENT}),
    )  # fmt: skip
    set_font(dot)
    dot.attr("node", fontsize="11", fontcolor=INK, color=HAIRLINE)
    dot.attr("edge", fontsize="9", fontcolor=MUTED, color=HAIRLINE, arrowsize="0.6")
    drawing = _Drawing(view, dot, view.graph.grad if grads is None else grads)
    drawing.nodes()
    drawing.edges()
    drawing.rows_of_alike()
    return dot


def plain(text: str) -> str:
    """Text as a DOT string that Graphviz shows as it is, whatever its characters.

    A backslash would begin an escape, an ampersand an entity, and `<...>` a label of cells.
    """
    shown = printable(text)
    for char, written in (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;")):
        shown = shown.replace(char, written)
    return shown


def norm(values: np.ndarray) -> float:
    """L2 norm: how large the gradients of what leaves a part are."""
    if not len(values):
        return 0.0
    largest = float(np.abs(values).max())
    if not 0 < largest < np.inf:
        return largest  # 0, inf or nan
    return largest * float(np.sqrt(np.sum(np.square(values / largest))))  # no square overflows


class _Drawing:
    def __init__(self, view: View, dot: Digraph, grads: Floats) -> None:
        self.view = view
        self.grads = grads
        self.dot = dot
        self.graph: Graph = view.graph
        self.names = {box.key: f"b{place}" for place, box in enumerate(view.boxes)}
        self.by_key = {box.key: box for box in view.boxes}
        self.around = frozenset(box.key for box in view.around)
        self.largest_grad = _largest(grads[np.concatenate([b.ids for b in view.inside])])
        self.largest_bundle = _largest(np.array([b.magnitude for b in view.bundles]))
        self.shown_operands: dict[str, int] = {}
        for bundle in view.bundles:
            shown = self.shown_operands.get(bundle.target, 0)
            self.shown_operands[bundle.target] = shown + bundle.count

    # -- nodes -----------------------------------------------------------------------------------

    def nodes(self) -> None:
        for box in self.view.boxes:
            if box.key in self.around:
                self._context(box)
            elif box.kind == "node":
                self._scalar(box)
            else:
                self._part(box)

    def _context(self, box: Box) -> None:
        title = box.label if box.kind == "node" else box.title
        glyph = f"{PARAMETERS_GLYPH} " if box.kind == "parameters" else ""
        if box.kind == "node":
            size = f"data {short_number(float(self.graph.data[box.node]))}"
        else:
            size = f"{len(box):,} nodes"
        label = plain(f"{glyph}{title} {box.note}".rstrip())
        # Where the boxes it leads to are scalars, they stand in the order of their ids.
        ordering = {"ordering": "out"} if self.view.is_scalar else {}
        self.dot.node(
            self.names[box.key], f"{label}\\n{size}", tooltip=plain(box.title), shape="box",
            style="dashed,rounded", fontcolor=MUTED, **ordering,
        )  # fmt: skip

    def _part(self, box: Box) -> None:
        size = norm(self.grads[self.view.outputs_of(box)])
        fill = magnitude_color(size, self.largest_grad)
        is_parameters = box.kind == "parameters"
        glyph = f"{PARAMETERS_GLYPH} " if is_parameters else ""
        # Opened twice there are several of a name: embed of pos0, embed of pos1.
        is_child = box.parent is not None and box.parent.key == self.view.focus.key
        title = _cell(f"{glyph}{box.label if is_child else box.title}", INK, bold=True)
        note = _cell(f" {box.note}", MUTED) if box.note else ""
        count = _cell(f"{len(box):,} nodes · out grad {short_number(size)}", ink_on(fill), size=9)
        border = op_style("param").color if is_parameters else HAIRLINE
        self.dot.node(
            self.names[box.key], _table([(title + note, ""), (count, fill)], border),
            shape="plain", tooltip=plain(box.title),
        )  # fmt: skip

    def _scalar(self, box: Box) -> None:
        node, name = box.node, self.names[box.key]
        data, grad = float(self.graph.data[node]), float(self.grads[node])
        fill = gradient_color(grad, self.largest_grad)
        style = op_style(self.graph.op(node))
        has_circle = self._has_circle(box)
        title = f"{box.note} · {box.label}" if box.note else box.label
        if not has_circle and not self.graph.is_leaf(node):
            title = f"{glyph_of(self.graph, node)} {title}"
        rows = [
            (_cell(title, style.color, bold=True), ""),
            (_cell(f"data {short_number(data)}", INK), ""),
            (_cell(f"grad {short_number(grad)}", ink_on(fill)), fill),
        ]
        is_marked = node == self.view.marked
        self.dot.node(
            name, _table(rows, style.color, 3 if is_marked else 1), shape="plain",
            tooltip=plain(_account(self.graph, node)),
        )  # fmt: skip
        if has_circle:
            glyph = glyph_of(self.graph, node)
            self.dot.node(
                f"{name}op", plain(glyph), shape=style.shape, fixedsize="true", width="0.42",
                color=style.color, fontcolor=style.color, penwidth="1.5",
                fontsize="11" if len(glyph) > 2 else "15", tooltip=self.graph.op(node),
            )  # fmt: skip
            self.dot.edge(f"{name}op", name, color=style.color, weight="8")
            if self._n_hidden(box):
                self.dot.node(
                    f"{name}more", "…", shape="plain", fontcolor=MUTED,
                    tooltip="an operand that is not in the picture",
                )  # fmt: skip
                self.dot.edge(f"{name}more", f"{name}op", style="dashed")

    def _has_circle(self, box: Box) -> bool:
        """Whether a scalar's op has a mark of its own: where at least one operand leads to it."""
        return self.view.is_scalar and box.key not in self.around and bool(
            self.shown_operands.get(box.key))  # fmt: skip

    def _n_hidden(self, box: Box) -> int:
        starts = self.graph.operand_start
        arity = int(starts[box.node + 1] - starts[box.node])
        return arity - self.shown_operands.get(box.key, 0)

    # -- edges -----------------------------------------------------------------------------------

    def edges(self) -> None:
        for bundle in self.view.bundles:
            target = self.by_key[bundle.target]
            head = self.names[bundle.target]
            if target.kind == "node" and self._has_circle(target):
                head += "op"
            self.dot.edge(self.names[bundle.source], head, **self._edge_attributes(bundle))

    def _edge_attributes(self, bundle: Bundle) -> dict[str, str]:
        weight = strength(bundle.magnitude, self.largest_bundle)
        color = gradient_color(bundle.net, self.largest_bundle, HAIRLINE)
        attributes = {"penwidth": f"{0.7 + (MAX_PENWIDTH - 0.7) * weight**3:.2f}", "color": color}
        source = self.by_key[bundle.source]
        is_inside = self.around.isdisjoint((bundle.source, bundle.target))
        if is_inside and source.kind not in {"parameters", "node"}:
            attributes["weight"] = THROUGH
        if bundle.slot >= 0:
            edge = self.graph.operands_of(self.by_key[bundle.target].node)[bundle.slot]
            attributes["edgetooltip"] = (
                f"contribution {edge.contribution!r} = local gradient {edge.local!r} "
                f"× adjoint {float(self.graph.grad[edge.consumer])!r}"
            )
            return attributes
        edges = f"{bundle.count:,} edge{'' if bundle.count == 1 else 's'}"
        attributes["edgetooltip"] = (
            f"{edges}, sum of |contribution| {bundle.magnitude!r}, net {bundle.net!r}"
        )
        n_bundles = len(self.view.bundles)
        is_small = n_bundles > SOME_BUNDLES and bundle.magnitude < LARGER * self.largest_bundle
        if not self.view.is_scalar and n_bundles <= MANY_BUNDLES and not is_small:
            attributes["label"] = f"{bundle.count:,} · {short_number(bundle.magnitude)}"
            attributes["labeltooltip"] = attributes["edgetooltip"]
        return attributes

    # -- order -----------------------------------------------------------------------------------

    def rows_of_alike(self) -> None:
        """Puts alike parts that do not depend on one another side by side, in order."""
        if self.view.is_scalar or len(self.view.boxes) > LARGE:
            return
        for _, alike in groupby(self.view.inside, lambda box: (box.kind, shape(box.title))):
            keys = [box.key for box in alike]
            if len(keys) == 1 or any(self.view.descendants(key) & set(keys) for key in keys):
                continue
            with self.dot.subgraph() as row:
                row.attr(rank="same")
                for key, next_key in pairwise(keys):
                    row.edge(self.names[key], self.names[next_key], style="invis")


def _account(graph: Graph, node: int) -> str:
    """All that is known of a node, in full precision."""
    scope = graph.scope(node)
    return (
        f"{named(graph, node)} = {graph.op(node)}, data {float(graph.data[node])!r}, "
        f"grad {float(graph.grad[node])!r}" + (f", in {scope}" if scope else "")
    )


# -- labels made of cells --------------------------------------------------------------------------


def _heading(view: View, caption: str) -> str:
    """Title, caption, and what the colours and the numbers on edges mean."""
    lines = [_cell(view.title, INK, size=16)]
    if caption:
        lines.append(_cell(caption, MUTED, size=12))
    if view.is_scalar:
        legend = _key(_POSITIVE, "positive") + _key(
            _NEGATIVE, "negative gradient, deeper is larger"
        )
    else:
        numbers = "how many · sum of |contribution|"
        if len(view.bundles) > MANY_BUNDLES:
            numbers = "wider is a larger sum of |contribution|"
        elif len(view.bundles) > SOME_BUNDLES:
            numbers += ", where it is large"
        legend = (
            _cell("boxes: ", MUTED, size=9)
            + _key(_UNSIGNED, "darker is larger gradients")
            + _cell(f"edges: {numbers}   ", MUTED, size=9)
            + _key(_POSITIVE, "positive")
            + _key(_NEGATIVE, "negative")
            + _key(HAIRLINE, "both, balanced")
        )
    return _table([(line, "") for line in (*lines, legend)])


def _key(color: str, meaning: str) -> str:
    return _cell(SWATCH, color, size=9) + _cell(f" {meaning}   ", MUTED, size=9)


def _cell(text: str, color: str, *, bold: bool = False, size: int = 0) -> str:
    """Text in a colour, for a `_table`."""
    shown = escape(printable(text)).replace("\\", "\\\\")  # in cells, too, \\N is an escape
    points = f' POINT-SIZE="{size}"' if size else ""
    return f'<FONT COLOR="{color}"{points}>{f"<B>{shown}</B>" if bold else shown}</FONT>'


def _table(rows: list[tuple[str, str]], border: str = "", width: int = 1) -> str:
    """An HTML-like label of rows, each a content made of `_cell`s and a background or ""."""
    cells = ""
    for content, fill in rows:
        background = f' BGCOLOR="{fill}"' if fill else ""
        cells += f'<TR><TD ALIGN="LEFT"{background}>{content}</TD></TR>'
    frame = f'BORDER="{width}" COLOR="{border}" BGCOLOR="{PAPER}"' if border else 'BORDER="0"'
    return f'<<TABLE {frame} CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{cells}</TABLE>>'


def _largest(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if len(finite) else 0.0
