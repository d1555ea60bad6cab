"""Words that answers share: a number, a share of one, what a node is called, where it was made."""

from __future__ import annotations

import linecache

from microgpt.code_places import place_called
from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_name
from microgpt.model.places import position_name

MOST_TOLD = 20
"""Of a long list of nodes, the first ones."""


def number(value: float) -> str:
    """A number as people read it: six digits; JSON has them all."""
    return f"{value:.6g}"


def counted(n: int, noun: str) -> str:
    """How many there are.

    >>> counted(1, "node"), counted(2, "node")
    ('1 node', '2 nodes')
    """
    return f"{n} {noun if n == 1 else f'{noun}s'}"


def share_of(share: float, total: float) -> str:
    """A part of a number, and in per cent of it."""
    per_cent = f"{100 * share / total:6.1f} %" if total else "       "
    return f"{number(share):>12} {per_cent}"


def position_called(position: int | None, label: str) -> str:
    """`pos1 (e → m)`."""
    if position is None:
        return "past the positions' losses"
    return position_name(position) + (f" ({label})" if label else "")


def called(told_id: int, name: str, place: str, op: str, scope: str) -> str:
    """`q[0] term 0 at 0 BOS (#3772) mul in pos0/layer0/attn/q`.

    Args:
        told_id: as `Graph.id_of` has it.
    """
    shown = f"{place or name} (#{told_id})" if place or name != f"#{told_id}" else name
    return f"{shown} {op}" + (f" in {scope}" if scope else "")


def called_in(graph: Graph, node: int) -> str:
    """The same of a node in its graph."""
    name, place = graph.name(node), place_name(graph, node)
    return called(graph.id_of(node), name, place, graph.op(node), graph.scope(node))


def made_at(line: tuple[str, int] | None) -> list[str]:
    """`  train.py:14  loss = a * b`, the line that made a node; nothing if it is not known."""
    if line is None:
        return []
    filename, at = line
    text = linecache.getline(filename, at).strip()
    return [f"  {place_called(filename, at)}" + (f"  {text}" if text else "")]


def file_and_line(line: tuple[str, int] | None) -> str | None:
    """The same for JSON, with the whole path."""
    return None if line is None else f"{line[0]}:{line[1]}"
