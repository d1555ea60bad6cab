"""What is known of many nodes of a class, asked in loops of the interpreter's own where that goes.

A step has a hundred thousand nodes, made at a few dozen places of the script: what depends on the
place alone is found once for each.
"""

from __future__ import annotations

from _operator import attrgetter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from microgpt.attach.child.init_hook import CALLED_WITH_OPERANDS
from microgpt.attach.child.node_notes import NOTE, ORIGIN, SHIFT, number_in, origin_in
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass

NO_EXPONENT = float("nan")


class ManyNodes:
    """Some nodes of one class.

    Args:
        kind: the class.
        nodes: of it.
    """

    def __init__(self, kind: ValueClass, nodes: Sequence[Node]) -> None:
        self._kind, self._nodes = kind, nodes
        self.numbers: list[int | None]  # of creation
        self._origins: list[int]
        if kind.has_records:
            self.numbers = [kind.number(node) for node in nodes]
            self._origins = [0] * len(nodes)
            return
        try:
            notes: list[Any] = list(map(attrgetter(NOTE), nodes)) if kind.is_plain else []
        except AttributeError:  # some were made while nothing was recorded
            notes = []
        if len(notes) < len(nodes):
            notes = list(map(kind.note_of, nodes))
        if all(note.__class__ is int for note in notes):
            self.numbers = [note >> SHIFT for note in notes]
            self._origins = [note & ORIGIN for note in notes]
        else:
            self.numbers = list(map(number_in, notes))
            self._origins = list(map(origin_in, notes))

    def sites(self) -> list[Any]:
        """Where the script made each."""
        if self._kind.has_records:
            return list(map(self._kind.site, self._nodes))
        return list(map(self._kind.origins.site, self._origins))

    def unused_lines(self) -> list[tuple[str, int]]:
        """Lines that have made nodes by operations, or called what has, none of which is here.

        Of those that were made since this was asked last, or before for the first time.
        """
        kind = self._kind
        if kind.has_records:
            return []
        newer = kind.origins.since(kind.asked_until)
        if newer:
            kind.asked_until = newer[-1][0]
        here = set(self._origins)
        used: set[tuple[str, int]] = set()
        for origin in here:
            used.update(lines_around(kind.origins.site(origin)))
        found: dict[tuple[str, int], None] = {}
        for origin, maker, site in newer:
            if origin not in here and maker is not None and kind.owns(maker):
                found.update(dict.fromkeys(lines_around(site)))
        return [line for line in found if line not in used]

    def ops(self, is_leaf: Sequence[bool]) -> list[str]:
        """What each was made by."""
        kind, found = self._kind, []
        known: dict[tuple[int, bool], str] = {}
        for node, origin, leaf in zip(self._nodes, self._origins, is_leaf):
            op = known.get((origin, leaf))
            if op is None:
                op = kind.op(node, leaf)
                maker = kind.origins.maker(origin)
                if origin and maker is not None and (leaf or kind.owns(maker)):
                    known[origin, leaf] = op  # else the node itself says
            found.append(op)
        return found

    def exponents(self) -> list[float]:
        """Of a pow by a plain number that, else nan."""
        kind, found = self._kind, [NO_EXPONENT] * len(self._nodes)
        made_by = {origin: kind.origins.maker(origin) for origin in set(self._origins)}
        may_have = {
            origin
            for origin, maker in made_by.items()
            if maker is None or maker.co_name not in CALLED_WITH_OPERANDS or not kind.owns(maker)
        }
        for i in [i for i, origin in enumerate(self._origins) if origin in may_have]:
            exponent = kind.immediate(self._nodes[i])
            if exponent is not None:
                found[i] = exponent
        return found


def lines_around(site: Any) -> Iterator[tuple[str, int]]:
    """The line of a site, and those of the calls that it was made in."""
    filename, scope = getattr(site, "filename", None), getattr(site, "scope", site)
    if filename:
        yield filename, site.line
    while scope is not None:
        place = getattr(scope, "place", None)
        if place is not None:
            yield place.filename, place.line
        scope = scope.parent


def operands_reader(kind: ValueClass) -> Callable[[Node], tuple[Node, ...]]:
    """Reads a node's operands as `ValueClass.operands` does, quicker where they lie in a tuple."""
    store = kind.known_shape.store
    if store is None:
        name = kind.known_shape.operands
    elif len(store.paths) == 1 and len(store.paths[0]) == 1 and not store.only_older:
        name = store.paths[0][0]
    else:
        return kind.operands
    slow, is_only_nodes = kind.operands, kind.types.issuperset

    def operands(node: Node) -> tuple[Node, ...]:
        held = getattr(node, name, None)
        if held.__class__ is tuple and (store is None or is_only_nodes(map(type, held))):
            return held
        return slow(node)

    return operands if kind.is_plain else slow
