"""Tells the gradients of nodes from other numbers that a function keeps of them.

Counts, depths, places in an order and sizes are numbers by node as well. What makes gradients is
local gradient times adjoint: of an operand that is used once the number is a slope, which its
consumer holds or which is the other factor of a product, times the consumer's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from microgpt.attach.child.anatomy import Store, attributes, is_array, is_number, is_same
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass

if TYPE_CHECKING:
    from typing import TypeAlias

Fits: TypeAlias = "Callable[[list[Any]], bool]"
DEPTH = 3
"""So far into containers of a node numbers are looked for."""
MOST_RULES = 5_000
"""So many operands are looked at."""


class Rule(NamedTuple):
    """An operand that is used once."""

    operand: int  # its place
    consumer: int
    slopes: frozenset[float]  # one of them is the slope, if these are gradients
    tells: bool  # whether counting or copying would give other numbers


def may_be_gradients(kind: ValueClass, store: Store, data: str, nodes: list[Node]) -> Fits:
    """Tells whether numbers of some nodes may be their gradients.

    Args:
        kind: their class.
        store: where it keeps operands.
        data: its number's attribute.
        nodes: the root first, each once.
    """
    rules = list(_rules(kind, store, data, nodes))

    def fits(found: list[Any]) -> bool:
        if any(map(is_array, found)):
            shapes = [getattr(_data(node, data), "shape", None) for node in nodes]
            same = sum(getattr(each, "shape", ()) == shape for each, shape in zip(found, shapes))
            return is_same(found[0], 1) and 2 * same > len(nodes)
        every = [rule for rule in rules if found[rule.consumer]]
        rows = [rule for rule in every if rule.tells] or every
        good = sum(_is_share(found, rule) for rule in rows)
        if found[0] == 1 and any(isinstance(number, float) for number in found[1:]):
            return 4 * good >= len(rows)  # also of a wrong pass some shares are right
        # It begins with another number than 1: all else has to fit.
        return bool(good) and 4 * sum(_is_share(found, rule) for rule in every) >= 3 * len(every)

    return fits


def _is_share(found: list[Any], rule: Rule) -> bool:
    number, adjoint = found[rule.operand], found[rule.consumer]
    return any(number in (slope * adjoint, adjoint * slope) for slope in rule.slopes)


def _rules(kind: ValueClass, store: Store, data: str, nodes: list[Node]) -> Iterator[Rule]:
    subject, places = kind.subject(), {id(node): i for i, node in enumerate(nodes)}
    operands = [kind.below_one(node, store) for node in nodes]
    uses: dict[int, int] = {}
    for row in operands:
        for each in row:
            uses[id(each)] = uses.get(id(each), 0) + 1
    n_rules = 0
    for place, (node, row) in enumerate(zip(nodes, operands)):
        once = [slot for slot, each in enumerate(row) if uses[id(each)] == 1]
        if not once:
            continue
        held = frozenset(_numbers(node, kind, data))
        called = subject.called(node).lstrip("r")
        for slot in once:
            slopes = held
            if called == "add":
                slopes |= {1.0}
            elif called == "mul" and len(row) == 2:
                numbers = (_data(each, data) for each in (row[1 - slot], row[slot]))
                slopes |= {float(number) for number in numbers if is_number(number)}
            if slopes:
                tells = not slopes & {0.0, 1.0, -1.0}
                yield Rule(places[id(row[slot])], place, slopes, tells)
                n_rules += 1
        if n_rules > MOST_RULES:
            return


def _data(node: Node, data: str) -> Any:
    return getattr(node, data, None) if data else node


def _numbers(node: Node, kind: ValueClass, data: str) -> Iterator[float]:
    """The numbers that a node holds beside its own: in rows, pairs and dicts."""
    for name, value in attributes(node).items():
        if name != data and not is_number(value):
            yield from _in(value, kind, DEPTH)


def _in(value: Any, kind: ValueClass, depth: int) -> Iterator[float]:
    if is_number(value) and not kind.is_node(value):
        yield float(value)
    elif depth and isinstance(value, (list, tuple)):
        for part in value:
            yield from _in(part, kind, depth - 1)
    elif depth and isinstance(value, dict):
        for part in list(value.values()):
            yield from _in(part, kind, depth - 1)
