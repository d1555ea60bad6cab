"""Views: the few boxes of a graph that one picture shows, as a networkx graph.

A view looks into one box: what is inside it, and around it what its nodes are connected to, as few
boxes as will name it. Edges between the same two boxes are bundled; a bundle knows how many edges
it holds and what they contribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.bindings import ParameterBinding
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named, place_name
from viz.boxes import Box, Folding, joined_ids
from viz.joining import run_label, runs, shape

if TYPE_CHECKING:
    import networkx as nx

MAX_CONTEXT = 8
"""Boxes around the one looked into."""

FEW_CONTEXT = 5
"""More boxes around than these are joined with their neighbours."""

MAX_DRAWN = 1500
"""The most boxes a picture may have: past this Graphviz takes minutes and nobody can read it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """All edges from one box to another."""

    source: str  # key of the operands' box
    target: str  # key of the consumers' box
    slot: int
    """The operand slot if both are single nodes, where each edge is its own bundle; else -1."""
    count: int  # number of edges
    magnitude: float  # sum of |contribution| over the edges
    net: float  # sum of their contributions


@dataclass(frozen=True, eq=False)
class View:
    """Boxes of a graph and the bundles between them."""

    graph: Graph  # what is looked at
    focus: Box  # the box looked into
    inside: tuple[Box, ...]
    """What it opens into: parameters, then scopes, then groups and single nodes."""
    around: tuple[Box, ...]  # boxes outside that inside nodes are connected to
    title: str  # what the picture shows, in words
    marked: int | None = None  # the node it is all about, if there is one

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, those inside first."""
        return self.inside + self.around

    @property
    def is_scalar(self) -> bool:
        """Whether every box inside is a single node."""
        return all(box.kind == "node" for box in self.inside)

    def box_of(self, node: int) -> Box | None:
        """The box that shows a node, if any does."""
        place = int(self._places[node])
        return self.boxes[place] if place >= 0 else None

    @cached_property
    def _places(self) -> NDArray[np.int16]:
        """By node, the number of the box that shows it, or -1; small, for it is made at a key."""
        places = np.full(len(self.graph), -1, np.int16)
        for place, box in enumerate(self.boxes):
            places[box.ids] = place
        return places

    def outputs_of(self, box: Box) -> Ints:
        """The nodes of a box that are used outside of it, and the root, ascending.

        What leaves a box has the gradient that says how much the box matters; of a box that nothing
        uses, all of its nodes that nothing uses.
        """
        if box.kind == "node":
            return box.ids
        mine = box.ids[self._is_output[box.ids]]
        return mine if len(mine) else box.ids[self.graph.fan_out[box.ids] == 0]

    @cached_property
    def _is_output(self) -> Mask:
        """Whether each node is used outside of the box that shows it, or is the root. `[node]`."""
        graph, places = self.graph, self._places
        crossing = places[graph.operands] != places[graph.edge_consumers]
        is_output = np.zeros(len(graph), np.bool_)
        is_output[graph.operands[crossing]] = True
        is_output[graph.root] = True
        return is_output

    @cached_property
    def bundles(self) -> tuple[Bundle, ...]:
        """Every bundle with an end inside, in order of target, source and slot."""
        graph, boxes = self.graph, self.boxes
        edges = graph.edges_touching(joined_ids(self.inside))
        source = self._places[graph.operands[edges]].astype(np.int64)
        target = self._places[graph.edge_consumers[edges]].astype(np.int64)
        seen = (source >= 0) & (target >= 0) & (source != target)
        edges, source, target = edges[seen], source[seen], target[seen]
        slots = edges - graph.operand_start[graph.edge_consumers[edges]]
        single = np.array([box.kind == "node" for box in boxes], bool)
        slots = np.where(single[source] & single[target], slots, -1)
        # One number for target, source and slot: sorting rows of three takes ten times as long.
        shape = (len(boxes), len(boxes), int(slots.max(initial=-1)) + 2)
        ends, which = np.unique(
            np.ravel_multi_index((target, source, slots + 1), shape), return_inverse=True
        )
        n_bundles = len(ends)
        contributions = graph.contributions[edges]
        count = np.bincount(which, minlength=n_bundles)
        magnitude = np.bincount(which, np.abs(contributions), n_bundles)
        net = np.bincount(which, contributions, n_bundles)
        return tuple(
            Bundle(boxes[s].key, boxes[t].key, int(slot) - 1, int(c), float(m), float(n))
            for t, s, slot, c, m, n in zip(
                *np.unravel_index(ends, shape), count, magnitude, net, strict=True
            )
        )

    def descendants(self, key: str) -> set[str]:
        """Keys of the boxes that a box leads to, itself left out."""
        consumers: dict[str, set[str]] = {}
        for bundle in self.bundles:
            consumers.setdefault(bundle.source, set()).add(bundle.target)
        found: set[str] = set()
        waiting = [key]
        while waiting:
            new = consumers.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found - {key}

    def to_networkx(self) -> nx.MultiDiGraph:
        """The view with `box`, `around` on its nodes and `bundle` on its edges.

        Parallel edges between single nodes are keyed by slot, so that `x * x` keeps both.
        """
        import networkx as nx  # noqa: PLC0415  # takes longer than to draw most pictures

        out = nx.MultiDiGraph(title=self.title)
        for box in self.boxes:
            out.add_node(box.key, box=box, around=box in self.around)
        for bundle in self.bundles:
            out.add_edge(bundle.source, bundle.target, key=bundle.slot, bundle=bundle)
        return out


def folded(folding: Folding, focus: Box | None = None, depth: int = 1) -> View:
    """Looks into a box.

    Args:
        folding: of the graph.
        focus: the box; the whole graph by default.
        depth: how often to open: 1 shows what is in the box, 2 what is in those, and so on. A
            parameter matrix is not opened by depth, only if it is looked into.

    Raises:
        GraphError: that would be more than `MAX_DRAWN` boxes; the message names the depth that
            fits.
    """
    focus = focus or folding.root
    if depth < 1:
        raise GraphError(f"depth {depth}: it must be at least 1")
    inside = list(folding.children(focus) or [focus])
    around = _around(folding, focus)
    for level in range(2, depth + 1):
        deeper = list(_opened(folding, inside))
        if deeper == inside:
            break
        if len(deeper) + len(around) > MAX_DRAWN:
            raise GraphError(
                f"depth {depth} would draw more than {MAX_DRAWN:,} boxes of {focus.heading} "
                f"({len(focus):,} nodes); depth {level - 1} draws {len(inside) + len(around):,}"
            )
        inside = deeper
    return View(folding.graph, focus, tuple(inside), around, focus.heading)


def scalars(graph: Graph, ids: Iterable[int], title: str) -> View:
    """Every one of some nodes as a box of its own.

    Raises:
        GraphError: they are more than `MAX_DRAWN`.
    """
    wanted = np.array(sorted(ids), np.int64)
    if len(wanted) > MAX_DRAWN:
        raise GraphError(f"{title} has {len(wanted):,} nodes; at most {MAX_DRAWN:,} can be drawn")
    focus = Box("", title, "group", wanted)
    boxes = tuple(_scalar(graph, node, focus) for node in wanted.tolist())
    return View(graph, focus, boxes, (), title)


def _scalar(graph: Graph, node: int, focus: Box) -> Box:
    """A node by itself: where it lies is part of what it is called."""
    label, key = graph.label(node), f"#{graph.id_of(node)}"
    note = place_name(graph, node) if label == key else ""
    return Box(key, label, "node", np.array([node]), focus, note)


def neighbourhood(graph: Graph, node: int, hops: int) -> View:
    """A node and everything within some edges of it, towards operands and consumers alike.

    Raises:
        GraphError: that is more than `MAX_DRAWN` nodes; the message names the hops that fit.
    """
    if hops < 0:
        raise GraphError(f"hops {hops}: it must be 0 or more")
    near = graph.around(node, 0)
    for reached in range(1, hops + 1):
        further = graph.around(node, reached)
        if len(further) > MAX_DRAWN:
            raise GraphError(
                f"{_hops(hops)} around {named(graph, node)} are more than {MAX_DRAWN:,} nodes; "
                f"{_hops(reached - 1)} draw {len(near):,}"
            )
        if len(further) == len(near):
            break
        near = further
    view = scalars(graph, near, f"{_hops(hops)} around {named(graph, node)}")
    return replace(view, marked=node)


def _hops(count: int) -> str:
    return f"{count} hop{'' if count == 1 else 's'}"


def _opened(folding: Folding, boxes: Iterable[Box]) -> Iterator[Box]:
    for box in boxes:
        binding = folding.graph.bindings.get(int(box.ids[0]))
        is_matrix = isinstance(binding, ParameterBinding) and box.title == binding.matrix
        yield from (not is_matrix and folding.children(box)) or (box,)


def _around(folding: Folding, focus: Box) -> tuple[Box, ...]:
    """The smallest boxes outside `focus` that hold all that it is connected to."""
    if focus.parent is None:
        return ()
    connected = _connected(folding.graph, focus.ids)
    found: list[Box] = []
    for outer, inner in pairwise((*focus.ancestors, focus)):
        for sibling in folding.children(outer):
            if sibling.key == inner.key:
                continue
            touched = _among(connected, sibling)
            if len(touched):
                found.append(_smallest(folding, sibling, touched))
    return _joined(folding, focus, found)


def _joined(folding: Folding, focus: Box, boxes: list[Box]) -> tuple[Box, ...]:
    """The boxes; if they are too many, neighbours on the same side joined: `pos2…4/layer0/attn`."""
    if len(boxes) <= FEW_CONTEXT:
        return tuple(boxes)
    alike = runs(
        boxes,
        lambda box: (box.kind, box.ids[0] < focus.ids[0], shape(box.title)),
        MAX_CONTEXT,
        len(boxes),
    )
    return tuple(_run(folding, some) if len(some) > 1 else some[0] for some in alike)


def _run(folding: Folding, boxes: list[Box]) -> Box:
    common = [
        levels[0]
        for levels in takewhile(
            lambda levels: len({box.key for box in levels}) == 1,
            zip(*(box.ancestors for box in boxes), strict=False),
        )
    ]
    label = run_label(boxes[0].title, boxes[-1].title)
    are_parameters = all(box.kind == "parameters" for box in boxes)
    key = f"{common[-1].key}|around {'@' * are_parameters}{label}"
    kind = "parameters" if are_parameters else "group"
    return Box(key, label, kind, joined_ids(boxes), folding.root)


def _connected(graph: Graph, ids: Ints) -> Ints:
    """Operands and consumers of some nodes that are not among them, ascending."""
    edges = graph.edges_touching(ids)
    connected = np.zeros(len(graph), np.bool_)
    connected[graph.operands[edges]] = True
    connected[graph.edge_consumers[edges]] = True
    connected[ids] = False
    return np.flatnonzero(connected)


def _smallest(folding: Folding, box: Box, touched: Ints) -> Box:
    while box.kind != "node":
        holder = next((c for c in folding.children(box) if c.holds(int(touched[0]))), None)
        if holder is None or len(_among(touched, holder)) < len(touched):
            break
        box = holder
    return box


def _among(nodes: Ints, box: Box) -> Ints:
    """Those of some nodes that lie in a box: by bisection, since either may be a million."""
    at = np.minimum(np.searchsorted(box.ids, nodes), len(box.ids) - 1)
    found: Ints = nodes[box.ids[at] == nodes]
    return found
