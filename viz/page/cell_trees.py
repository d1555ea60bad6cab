"""What each cell of a Map opens into: groups of its scalars, and groups in those, down to a few.

The groups are those of the folded pictures (`viz/partition.py`). They are found from edges inside
of a cell alone, so cells that are made alike, as those of a row mostly are, share one tree; its
nodes are counted within the cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TypeAlias

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.printable import printable
from viz.joining import run_length
from viz.maps.step_map import StepMap
from viz.partition import IN_ORDER, SUM, TERMS, Group, partition

MOST_BOXES = 34
"""Nodes that are drawn one by one, or groups that something opens into."""

Tree: TypeAlias = "list[str | list[int] | list[Tree]]"
"""A part: its label, its nodes as `[start, stop, ...]`, and its parts if it has any."""


@dataclass(frozen=True, eq=False)
class CellTrees:
    """All trees of a Map, and which one each cell has."""

    trees: tuple[Tree, ...]
    tree_of: tuple[int, ...]  # Shape: `[cell]`


def cell_trees(step_map: StepMap) -> CellTrees:
    """The trees of a Map's cells."""
    graph, grid = step_map.graph, step_map.grid
    order = np.argsort(grid.cell_of, kind="stable")
    ends = np.cumsum(np.bincount(grid.cell_of, minlength=step_map.n_cells)).tolist()
    local = np.empty(len(graph), np.int64)  # of each node, which of its cell's it is
    trees: list[Tree] = []
    of_shape: dict[bytes, int] = {}
    tree_of = []
    start = 0
    for cell, end in enumerate(ends):
        ids, start = order[start:end], end
        local[ids] = np.arange(len(ids))
        name = (grid.scopes[cell] or "").rpartition("/")[2]
        if len(ids) <= MOST_BOXES:
            key = len(ids).to_bytes(8, "little")
        elif grid.parameters[cell]:
            key = b"parameters %d" % cell
        else:
            scopes, places = _scopes_in(graph, ids, grid.scopes[cell] or "")
            key = _shape(graph, grid.cell_of, local, cell, ids, places)
            key += "|".join([name, *scopes]).encode("utf-8", "surrogatepass")
        if key not in of_shape:
            of_shape[key] = len(trees)
            if grid.parameters[cell]:
                parts = _rows(graph, ids)
            else:
                parts = _scope_parts(graph, ids, grid.scopes[cell] or "", name)
            trees.append(["", _spans(np.arange(len(ids))), [_tree(part, local) for part in parts]])
        tree_of.append(of_shape[key])
    return CellTrees(tuple(trees), tuple(tree_of))


@dataclass(frozen=True, eq=False)
class _Part:
    label: str
    ids: Ints
    parts: tuple[_Part, ...] = ()


def _scopes_in(graph: Graph, ids: Ints, around: str) -> tuple[list[str], Ints]:
    """The parts of a scope that some nodes lie in, in order, and in which of them each one does."""
    indices, inverse = np.unique(graph.scope_of[ids], return_inverse=True)
    names = [
        graph.scopes[int(index)].path.removeprefix(around).strip("/").partition("/")[0]
        for index in indices
    ]
    parts = [*dict.fromkeys(names)]
    return parts, np.array([parts.index(name) for name in names])[inverse]


def _scope_parts(graph: Graph, ids: Ints, around: str, name: str) -> tuple[_Part, ...]:
    """The scopes that some nodes lie in, each with its groups; only groups where it is one."""
    if len(ids) <= MOST_BOXES:
        return ()
    names, places = _scopes_in(graph, ids, around)
    if not 1 < len(names) <= MOST_BOXES or "" in names:
        return _parts(graph, ids, name, None)
    found = []
    for at, part in enumerate(names):
        inner = ids[places == at]
        inside = _scope_parts(graph, inner, f"{around}/{part}".strip("/"), part)
        found.append(_Part(part, inner, inside))
    return tuple(found)


def _parts(graph: Graph, ids: Ints, name: str, run: Group | None) -> tuple[_Part, ...]:
    """The groups of some nodes, each with those in it; none if they are few.

    Args:
        name: what the nodes that are used outside of them are called.
        run: the group that they are, if they are one.
    """
    if len(ids) <= MOST_BOXES:
        return ()
    found = []
    for group in partition(graph, ids.tolist(), MOST_BOXES, name):
        goes_on = run is not None and run.stem == group.stem
        offset = run.first if run is not None and goes_on else 0
        inner = replace(group, first=group.first + offset)
        inner_ids = np.array(group.ids, np.int64)
        stem = "" if group.stem in {SUM, TERMS, IN_ORDER} else group.stem
        inside = _parts(graph, inner_ids, stem, inner) if len(inner_ids) < len(ids) else ()
        found.append(_Part(group.label(offset), inner_ids, inside))
    return tuple(found)


def _rows(graph: Graph, ids: Ints) -> tuple[_Part, ...]:
    """Parameters by the row of their matrix; neighbours joined where those are too many."""
    rows: dict[str, list[int]] = {}
    for node in ids.tolist():
        binding = graph.bindings.get(node)
        name = "others"
        if isinstance(binding, ParameterBinding):
            name = f"{binding.matrix}[{binding.row}]"
        rows.setdefault(name, []).append(node)
    found = [_Part(name, np.array(nodes, np.int64)) for name, nodes in rows.items()]
    while len(found) > MOST_BOXES:
        size = run_length(len(found))
        found = [
            _Part(f"{some[0].label} … {some[-1].label}",
                  np.sort(np.concatenate([part.ids for part in some])), tuple(some))
            for some in (found[at : at + size] for at in range(0, len(found), size))
        ]  # fmt: skip
    return tuple(found)


def _tree(part: _Part, local: Ints) -> Tree:
    tree: Tree = [printable(part.label), _spans(local[part.ids])]
    if part.parts:
        tree.append([_tree(inner, local) for inner in part.parts])
    return tree


def _spans(places: Ints) -> list[int]:
    """Ascending numbers as ranges, one after the other."""
    cuts = np.flatnonzero(np.diff(places) != 1)
    starts = places[np.concatenate(([0], cuts + 1))]
    stops = places[np.concatenate((cuts, [len(places) - 1]))] + 1
    spans: list[int] = np.stack((starts, stops), axis=1).reshape(-1).tolist()
    return spans


def _shape(graph: Graph, cell_of: Ints, local: Ints, cell: int, ids: Ints, scopes: Ints) -> bytes:
    """What two cells have in common whose nodes divide alike."""
    edges = graph.edges_into(ids)
    operands = graph.operands[edges]
    inside = cell_of[operands] == cell
    from_inside = np.bincount(local[operands[inside]], minlength=len(ids))
    digest = blake2b(digest_size=16)
    for part in (
        np.where(inside, local[operands], -1),
        np.diff(graph.operand_start)[ids],
        graph.op_codes[ids],
        graph.fan_out[ids] > from_inside,
        scopes,
    ):
        digest.update(part.tobytes())
        digest.update(b"|")
    return digest.digest()
