"""What rows are called: the calls that lead to them in a column and a layer, or a line of code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from microgpt.graph.graph import Graph
from viz.maps.matrices import NOWHERE
from viz.maps.pieces import Plan

CALL = ".__call__"
"""How the name of a call ends that says its class already."""


@dataclass(frozen=True, slots=True)
class RowPlace:
    """All that a row's name is made of."""

    reads: int  # the matrices that it reads, as bits

    layer: int | None  # counted from 0; None outside of layers
    calls: tuple[str, ...]  # that lead to it, from its column's call in
    call: int  # which of its column's calls that is, -1 for none
    lines: tuple[int, ...]  # of the code; none if it is a call as a whole
    is_head: bool  # whether it is a head that is no call
    repeat: int  # how often its column was at this place before


def names_by_place(plan: Plan, rows: Sequence[RowPlace]) -> tuple[str, ...]:
    """The names of rows whose place in the code is known, each once in its layer.

    The calls around all rows that read parameters, and around all such rows of the layers, are left
    out: they say nothing.
    """
    ways = [tuple(call.removesuffix(CALL) for call in row.calls) for row in rows]
    kinds = [(row.layer is None, row.call) for row in rows]
    shared = {}
    for kind in set(kinds):
        alike = [
            (way if row.lines or row.is_head else way[:-1], row.reads)
            for way, row, other in zip(ways, rows, kinds, strict=True)
            if other == kind
        ]
        readers = [way for way, reads in alike if reads]
        shared[kind] = _shared(readers or [way for way, _ in alike])
    heads: dict[int | None, count[int]] = {}
    taken: dict[tuple[int | None, str], int] = {}
    names = []
    for row, way, kind in zip(rows, ways, kinds, strict=True):
        ends = [_lines(row.lines)] if row.lines else []
        if row.is_head:
            ends = [f"head{next(heads.setdefault(row.layer, count()))}"]
        around = shared[kind]
        parts = [*(way[len(around) :] if way[: len(around)] == around else way), *ends]
        name = "/".join(parts) or _call_name(plan, row.call)
        again = taken[row.layer, name] = taken.get((row.layer, name), -1) + 1
        names.append(f"{name}[{again}]" if again else name)
    return tuple(names)


def _lines(lines: Sequence[int]) -> str:
    """Lines of code in words."""
    first, last = min(lines), max(lines)
    return f"line {first}" if first == last else f"lines {first}-{last}"


def _shared(ways: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The calls that all ways begin with."""
    first = min(ways, default=())
    shared = 0
    while shared < len(first) and all(way[: shared + 1] == first[: shared + 1] for way in ways):
        shared += 1
    return first[:shared]


def names_by_scope(
    graph: Graph, plan: Plan, rows: Sequence[RowPlace]
) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """Names, and layers, of rows of which only the scopes are known."""
    by_scope, wrapper = _layers(graph, plan)
    names: list[str] = []
    layers: list[int | None] = []
    for row in rows:
        layer, path = None, "/".join(row.calls)
        if row.call == 0:
            path = path.removeprefix(wrapper).removeprefix("/")
            for prefix, number in by_scope.items():
                if f"{path}/".startswith(f"{prefix}/"):
                    layer, path = number, path[len(prefix) + 1 :]
        if row.lines:
            path = f"{path} {_lines(row.lines)}".lstrip()
        if row.repeat:
            path = f"{path} ({row.repeat + 1})"
        names.append(path or _call_name(plan, row.call))
        layers.append(layer)
    return tuple(names), tuple(layers)


def _call_name(plan: Plan, call: int) -> str:
    """What a row is called that is all of a column's call."""
    name = plan.columns[0].calls[call].name if call != NOWHERE else ""
    return re.sub(r"\[\d+\]$", "", name) or "all"


def _layers(graph: Graph, plan: Plan) -> tuple[dict[str, int], str]:
    """The scopes within a column that are layers, numbered; and the way to what is around them.

    A layer is a scope that holds several rows, beside others that read other parameters.
    """
    if not plan.columns[0].calls:
        return {}, ""
    reads, call = plan.reads, plan.columns[0].calls[0]
    at = call
    while True:
        readers = [inner for inner in graph.scopes.children(at) if reads[inner.index]]
        nested = [inner for inner in readers if plan.unit[inner.index] == NOWHERE]
        if len(readers) != 1 or not nested:
            break
        (at,) = readers
    around = at.path[len(call.path) :].removeprefix("/")
    return {inner.name: number for number, inner in enumerate(nested)}, around
