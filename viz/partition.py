"""Dividing a region of scalars into a few groups that mean something.

Below the last scope a graph is hundreds of nodes with no names. Three observations divide it: a
node with one consumer belongs to that consumer, so that each output of a layer gathers its own
products and sums (`fc1[3]`); a long sum is a run of terms; and like groups in a row can be shown as
one run. Only ids, ops and edges are looked at, so this works for anyone's graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from microgpt.graph.graph import Graph
from viz.joining import run_length

Ids = tuple[int, ...]

MIN_TERMS = 4
"""Sums of fewer terms are not worth folding."""

LARGE_REGION = 500
"""Units: nodes. Only smaller regions are peeled: divided into one large group and a little more."""

OUTPUT = "out"
SUM = "Σ"
TERMS = "terms"
IN_ORDER = "#"


@dataclass(frozen=True, slots=True)
class Group:
    """Some nodes of a region."""

    ids: Ids  # the nodes, ascending
    stem: str
    """What it and its like are called: the region's own name for nodes that are used outside of it,
    with all that only they need; an op's name for the same inside; `Σ` for a long sum used inside;
    `terms` of a long sum; `#` for neighbours in order of creation."""
    head: int  # the node that the others lead to
    first: int = 0  # place of the group among its like
    count: int = 1  # how many like groups it holds
    among: int = 1  # how many like groups there are in the region

    def label(self, offset: int = 0, id_of: Callable[[int], int] = int) -> str:
        """What to call it among the groups of its region, `fc1[3]` or `terms 8…15`.

        Args:
            offset: place of the region's first group, for a region that is a run itself.
            id_of: what an id is called.
        """
        if self.stem == IN_ORDER:
            return f"#{id_of(self.ids[0])}…{id_of(self.ids[-1])}"
        first = self.first + offset
        places = f"{first}" if self.count == 1 else f"{first}…{first + self.count - 1}"
        if self.stem == TERMS:
            return f"{TERMS} {places}"
        return self.stem if self.among == 1 else f"{self.stem}[{places}]"


class Region:
    """A set of nodes with its inner edges."""

    def __init__(self, graph: Graph, ids: Iterable[int]) -> None:
        self.ids: Ids = tuple(sorted(ids))  # the nodes, ascending
        # All at once: an array is slow to be asked for a few elements.
        ids_array = np.array(self.ids, np.int64)
        operands = graph.operands[graph.edges_into(ids_array)].tolist()
        codes = graph.op_codes[ids_array].tolist()
        self.ops: dict[int, str] = {  # of each node, its op's name
            i: graph.op_names[code] for i, code in zip(self.ids, codes, strict=True)
        }
        starts = graph.operand_start
        counts = starts[ids_array + 1] - starts[ids_array]
        ends = np.cumsum(counts).tolist()
        self.operands: dict[int, list[int]] = {  # of each node, in slot order
            i: operands[end - count : end]
            for i, count, end in zip(self.ids, counts.tolist(), ends, strict=True)
        }
        # Of each node, those inside; one that takes a node twice is there twice.
        self.consumers: dict[int, list[int]] = {i: [] for i in self.ids}
        for i, operands in self.operands.items():
            for operand in operands:
                if operand in self.consumers:
                    self.consumers[operand].append(i)
        n_consumers = graph.fan_out[ids_array].tolist()
        self.outputs = {  # the nodes that are used outside, or not at all
            i
            for (i, inner), count in zip(self.consumers.items(), n_consumers, strict=True)
            if not inner or count > len(inner)
        }

    def __contains__(self, node: int) -> bool:
        return node in self.operands

    def chains(self) -> list[Ids]:
        """Sums of many terms: runs of additions, each the only consumer of the one before."""
        adds = [i for i in self.ids if self.ops[i] == "add" and self.operands[i]]
        is_add = set(adds)
        before: dict[int, int] = {}
        for i in adds:
            first = self.operands[i][0]
            if first in is_add and self.consumers[first] == [i] and first not in self.outputs:
                before[i] = first
        continued = set(before.values())
        chains = []
        for last in adds:
            if last in continued:
                continue
            chain = [last]
            while chain[-1] in before:
                chain.append(before[chain[-1]])
            if len(chain) >= MIN_TERMS:
                chains.append(tuple(reversed(chain)))
        return chains


def partition(graph: Graph, ids: Iterable[int], limit: int, name: str = "") -> list[Group]:
    """Divides a region of more than `limit` nodes into 2 to `limit` groups, in creation order.

    Args:
        name: of the region; its outputs are called after it.
    """
    region = Region(graph, ids)
    groups = _by_consumer(region, name)
    if len(groups) == 1:
        groups = _by_term(region, name)
    if _is_peeling(groups, region):
        groups = [Group((i,), _stem(region, i, name), i) for i in region.ids]
    groups = _numbered(groups, name)
    if len(groups) > limit:
        groups = _runs_of_alike(groups, limit)
    return groups if len(groups) <= limit else _in_order(groups, limit)


def _by_consumer(region: Region, name: str) -> list[Group]:
    """One group for each node that more than one other group needs, or that leaves the region."""
    sum_of: dict[int, int] = {}
    for chain in region.chains():
        sum_of.update(dict.fromkeys(chain, chain[-1]))
    owner: dict[int, int] = {}
    for i in reversed(region.ids):
        head = sum_of.get(i, i)
        if head != i:
            owner[i] = owner[head]
            continue
        owners = {owner[consumer] for consumer in region.consumers[i]}
        owner[i] = owners.pop() if len(owners) == 1 and i not in region.outputs else i
    return _gathered(
        owner,
        lambda head: (
            SUM if head in sum_of and head not in region.outputs else _stem(region, head, name)
        ),
    )


def _by_term(region: Region, name: str) -> list[Group]:
    """The longest sum's terms, each with the addition that takes it in."""
    chain = max(region.chains(), key=len, default=())
    owner: dict[int, int] = {add: add for add in chain}
    for i in reversed(region.ids):
        if i not in owner:
            owners = {owner[consumer] for consumer in region.consumers[i]}
            owner[i] = owners.pop() if len(owners) == 1 else i
    adds = set(chain)
    return _gathered(owner, lambda head: TERMS if head in adds else _stem(region, head, name))


def _is_peeling(groups: list[Group], region: Region) -> bool:
    """Whether so little would come off that opening group after group took forever."""
    largest = max(len(group.ids) for group in groups)
    return largest == len(region.ids) or (
        len(region.ids) > LARGE_REGION and largest > 3 / 4 * len(region.ids)
    )


def _stem(region: Region, head: int, name: str) -> str:
    op = region.ops[head]
    if not region.operands[head]:
        return op
    if head in region.outputs:
        return name or OUTPUT
    return f"inner {op}" if op == name else op


def _gathered(owner: dict[int, int], stem: Callable[[int], str]) -> list[Group]:
    members: dict[int, list[int]] = {}
    for i in sorted(owner):
        members.setdefault(owner[i], []).append(i)
    groups = (Group(tuple(ids), stem(head), head) for head, ids in members.items())
    return sorted(groups, key=lambda group: group.ids[0])


def _alike(groups: list[Group]) -> dict[str, list[Group]]:
    alike: dict[str, list[Group]] = {}
    for group in groups:
        alike.setdefault(group.stem, []).append(group)
    return alike


def _numbered(groups: list[Group], name: str) -> list[Group]:
    """Each group with its place among its like. A region's only output is not called `norm[0]`."""
    numbered: list[Group] = []
    for stem, like in _alike(groups).items():
        called = OUTPUT if stem == name and len(like) == 1 else stem
        numbered += [
            replace(group, stem=called, first=place, among=len(like))
            for place, group in enumerate(like)
        ]
    return sorted(numbered, key=lambda group: group.ids[0])


def _runs_of_alike(groups: list[Group], limit: int) -> list[Group]:
    """Joins like groups into runs, about as many as each run is long."""
    alike = _alike(groups)
    joined: list[Group] = []
    for like in alike.values():
        size = 1 if len(like) <= limit // (2 * len(alike)) else run_length(len(like))
        joined += [_joined(like[i : i + size]) for i in range(0, len(like), size)]
    return sorted(joined, key=lambda group: group.ids[0])


def _joined(groups: list[Group]) -> Group:
    ids = tuple(sorted(i for group in groups for i in group.ids))
    return replace(groups[0], ids=ids, head=groups[-1].head, count=len(groups))


def _in_order(groups: list[Group], limit: int) -> list[Group]:
    """Neighbours joined, whatever they are."""
    size = -(-len(groups) // limit)
    chunks = []
    for i in range(0, len(groups), size):
        ids = tuple(sorted(n for group in groups[i : i + size] for n in group.ids))
        chunks.append(Group(ids, IN_ORDER, ids[-1]))
    return chunks
