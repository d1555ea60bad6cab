"""Columns of a program whose calls are none: found node by node, in what is read how often.

The k-th reading of a parameter at one place of the code belongs to column k. All else takes the
column that its consumers agree on, else its operands'.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from microgpt.graph.arrays import Ints, Mask
from microgpt.graph.graph import Graph
from viz.maps.matrices import NOWHERE, Matrices

CONFLICT = -2
"""What consumers or operands say that do not agree."""
MOST_SWEEPS = 8
"""So often columns are handed on through the whole graph, at most: each goes all the way down or
up, and what is still open after that is of no column."""
LEAST_SHARE = 0.05
"""Of all readings: rarer ones do not say how many columns there are."""


@dataclass(frozen=True, eq=False)
class NodeColumns:
    """The column of each node."""

    count: int  # of columns; 1 if nothing is done alike several times
    of_node: Ints  # -1 for none. Shape: `[node]`


def columns_by_reading(graph: Graph, matrices: Matrices, place_of: Ints) -> NodeColumns:
    """The columns of all nodes.

    Args:
        place_of: a number for the place in the code that made each node. Shape: `[node]`.
    """
    readings = _Readings.of(graph, matrices, place_of)
    count = _count(readings)
    column = np.full(len(graph), NOWHERE)
    if count == 1:
        column[matrices.of_node < 0] = 0
        return NodeColumns(1, column)
    by_position = _goes_by_position(readings, count)
    # Of a node that reads two parameters, the one that is read by each column once decides.
    is_folded = (readings.uses > 0) & (readings.uses % count == 0)
    for once in (False, True):
        chosen = is_folded & ((readings.uses == count) == once)
        rank, uses = readings.rank[chosen], readings.uses[chosen] // count
        position = by_position[readings.group[chosen]]
        column[readings.consumer[chosen]] = np.where(position, rank // uses, rank % count)
    is_fixed = column >= 0
    is_fixed |= matrices.of_node >= 0
    return NodeColumns(count, _handed_on(graph, matrices, column, is_fixed))


@dataclass(frozen=True, eq=False)
class _Readings:
    """Who reads which parameter, by place in the code; arrays go by reading."""

    group: Ints  # number of the pair of matrix and place
    consumer: Ints  # node that reads
    rank: Ints  # how often the parameter was read at this place before
    uses: Ints  # how often each parameter of the group is read there, 0 if not all alike

    @classmethod
    def of(cls, graph: Graph, matrices: Matrices, place_of: Ints) -> _Readings:
        edges = matrices.edges
        parameter, consumer = graph.operands[edges], graph.edge_consumers[edges]
        place = place_of[consumer] * len(matrices.names) + matrices.of_node[parameter]
        order = np.lexsort((consumer, parameter, place))
        place, parameter, consumer = (x[order] for x in (place, parameter, consumer))
        is_new = np.ones(len(order), np.bool_)  # `w * w` reads its parameter once
        is_new[1:] = (np.diff(place) != 0) | (np.diff(parameter) != 0) | (np.diff(consumer) != 0)
        place, parameter, consumer = place[is_new], parameter[is_new], consumer[is_new]
        if not len(place):
            return cls(place, consumer, place, place)
        starts = np.flatnonzero(np.append(True, (np.diff(place) != 0) | (np.diff(parameter) != 0)))
        counts = np.diff(np.append(starts, len(place)))
        rank = np.arange(len(place)) - np.repeat(starts, counts)
        group = np.append(0, np.cumsum(np.diff(place) != 0))
        group_of_entry = group[starts]
        most, least = np.zeros(group[-1] + 1, np.int64), np.full(group[-1] + 1, len(place))
        np.maximum.at(most, group_of_entry, counts)
        np.minimum.at(least, group_of_entry, counts)
        return cls(group, consumer, rank, np.where(most == least, most, 0)[group])


def _count(readings: _Readings) -> int:
    """How many columns there are, by how often parameters are read.

    Layers that share their parameters multiply readings, so it is the number of which all others
    are multiples, else the one that most readings have.
    """
    votes = np.bincount(readings.uses)
    votes[:2] = 0
    candidates = np.flatnonzero(votes > LEAST_SHARE * len(readings.uses)).tolist()
    if not candidates:
        return 1
    shared = gcd(*candidates)
    return shared if shared in candidates else int(votes.argmax())


def _goes_by_position(readings: _Readings, count: int) -> Ints | Mask:
    """Whether each group that is read several times by each column is read column by column.

    If so, other parameters are read in between: a column's first and last ones. Else all columns go
    through one use before any goes through the next.
    """
    n_groups = int(readings.group.max(initial=-1)) + 1
    result = np.ones(n_groups, np.bool_)
    once = readings.consumer[readings.uses == count]
    for group in range(n_groups):
        mine = readings.group == group
        if readings.uses[mine][0] <= count:
            continue
        first, last = readings.consumer[mine].min(), readings.consumer[mine].max()
        result[group] = bool(((once > first) & (once < last)).any())
    return result


def _handed_on(graph: Graph, matrices: Matrices, column: Ints, is_fixed: Mask) -> Ints:
    """Gives nodes without a column the one that their consumers agree on, else their operands'."""
    found, fixed = column.tolist(), is_fixed.tolist()
    start, operands = graph.operand_start.tolist(), graph.operands.tolist()
    is_parameter = (matrices.of_node >= 0).tolist()
    for sweep in range(MOST_SWEEPS):
        changed = _from_consumers(found, fixed, start, operands)
        changed |= _from_operands(found, is_parameter, start, operands)
        if not changed and sweep:
            break
    return np.array(found)


def _from_consumers(
    found: list[int], fixed: list[bool], start: list[int], operands: list[int]
) -> bool:
    """One sweep from the last node to the first: all consumers of a node come before it."""
    changed = False
    agreed = [NOWHERE] * len(found)
    for node in range(len(found) - 1, -1, -1):
        mine = found[node]
        if mine < 0 and agreed[node] >= 0 and not fixed[node]:
            mine = found[node] = agreed[node]
            changed = True
        for edge in range(start[node], start[node + 1]):
            operand = operands[edge]
            if agreed[operand] == NOWHERE:
                agreed[operand] = mine if mine >= 0 else CONFLICT
            elif agreed[operand] != mine:
                agreed[operand] = CONFLICT
    return changed


def _from_operands(
    found: list[int], is_parameter: list[bool], start: list[int], operands: list[int]
) -> bool:
    """One sweep from the first node to the last; a leaf of no column says nothing."""
    changed = False
    for node, mine in enumerate(found):
        if mine >= 0:
            continue
        agreed = NOWHERE
        for edge in range(start[node], start[node + 1]):
            operand = operands[edge]
            theirs = found[operand]
            if theirs < 0 and (is_parameter[operand] or start[operand] == start[operand + 1]):
                continue
            if theirs < 0 or (agreed >= 0 and agreed != theirs):
                agreed = CONFLICT
                break
            agreed = theirs
        if agreed >= 0:
            found[node] = agreed
            changed = True
    return changed
