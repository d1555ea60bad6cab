"""What the script calls its nodes: the way to each from a variable, such as `model.layers[0].b`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import FrameType, FunctionType, ModuleType
from typing import Any

from microgpt.attach.child.anatomy import attributes
from microgpt.attach.child.recorded import Label, MatrixPlace, Node
from microgpt.attach.child.value_class import ValueClass

MAX_DEPTH = 7
MAX_LOOKED_AT = 200_000
"""So far, and at so many objects, the script's variables are looked at."""

Names = dict[int, Label]
"""The names of nodes, by `id()`."""


def names_in(frames: Iterable[FrameType], kind: ValueClass) -> Names:
    """The name of every node that the variables of some calls lead to.

    Of several ways to a node the first counts: variables of inner calls before those of outer ones,
    and in each call those that hold structure before single nodes, before plain lists: `model` and
    `state_dict` say more than a loop's `p`, and `loss` more than `losses[3]`.
    """
    search = _Search(kind)
    tables = list(_variables(frames, kind))
    passing = _passing(tables, kind)
    for variables in tables:
        named = [(name, value) for name, value in variables.items() if name[0] not in "_."]
        for name, value in sorted(named, key=lambda pair: search.rank(pair[1])):
            if id(value) not in passing:
                search.follow(name, value, depth=0)
    return search.names


def _variables(frames: Iterable[FrameType], kind: ValueClass) -> Iterator[dict[str, Any]]:
    """The variables of calls that are not the class's own, inner ones first, each once."""
    seen: set[int] = set()
    for frame in frames:
        if kind.owns(frame.f_code):  # its `self` and `other` are nobody's names
            continue
        if frame.f_locals is not frame.f_globals:
            yield frame.f_locals
        if id(frame.f_globals) not in seen:
            seen.add(id(frame.f_globals))
            yield frame.f_globals


def _passing(tables: list[dict[str, Any]], kind: ValueClass) -> set[int]:
    """Leaves that a variable holds in passing, by `id()`: the `p` of `for p in params`.

    Their list says more of them; unless it is a list of single variables, as `[a, b]` is.
    """
    values = [value for variables in tables for value in list(variables.values())]
    single = {id(value) for value in values if kind.is_node(value)}
    found: set[int] = set()
    for value in values:
        if isinstance(value, (list, tuple)) and value and kind.is_node(value[0]):
            entries = set(map(id, value))
            is_mixed = not entries <= single and not entries.isdisjoint(single)
            if is_mixed and all(kind.is_node(each) and not kind.operands(each) for each in value):
                found |= entries & single
    return found


class _Search:
    """Follows values into their parts, each value once."""

    def __init__(self, kind: ValueClass) -> None:
        self.names: Names = {}
        self._kind = kind
        self._seen: set[int] = set()
        self._taken: set[str] = set()

    def rank(self, value: Any) -> tuple[int, int]:
        """How early a variable of this value is followed.

        Of objects those first that hold no long list of nodes themselves: layers say more of a
        parameter than the optimizer does, which has all of them in one list.
        """
        if self._kind.is_node(value):
            return (0 if self._kind.uses_tape else 1), 0  # which leads to all nodes, too
        is_list = isinstance(value, (list, tuple))
        if (is_list and self._is_flat(value)) or self._kind.uses_tape:
            return 2, 0
        parts = () if is_list else getattr(value, "__dict__", {}).values()
        own = [len(part) for part in list(parts) if isinstance(part, (list, tuple))
               and part and self._kind.is_node(part[0])]  # fmt: skip
        return 0, max(own, default=0)

    def _is_flat(self, values: Any) -> bool:
        """Whether a list holds no structure: nodes, plain values, or nothing."""
        return not values or self._kind.is_node(values[0]) or isinstance(values[0], _PLAIN)

    def _is_tape(self, values: Any) -> bool:
        """Whether entries of a list hold nodes that were made of others, with more beside them."""
        if not self._kind.uses_tape or not values or self._kind.is_node(values[-1]):
            return False
        last = values[-1]
        held = list(last if isinstance(last, (list, tuple)) else attributes(last).values())
        nodes = [each for each in held if self._kind.is_node(each)]
        return len(nodes) < len(held) and any(map(self._kind.operands, nodes))

    def follow(self, path: str, value: Any, depth: int, place: MatrixPlace | None = None) -> None:
        if id(value) in self._seen or (isinstance(value, _PLAIN) and not self._kind.is_node(value)):
            return
        if depth > MAX_DEPTH or len(self._seen) >= MAX_LOOKED_AT:
            return
        self._seen.add(id(value))
        if self._kind.is_node(value):
            self._name(path, value, place)
            return
        for inner, part, inner_place in self._parts(path, value, depth):
            self.follow(inner, part, depth + 1, inner_place)

    def _name(self, path: str, node: Node, place: MatrixPlace | None) -> None:
        if path not in self._taken:
            self._taken.add(path)
            self.names[id(node)] = Label(path, None if self._kind.operands(node) else place)

    def _parts(
        self, path: str, value: Any, depth: int
    ) -> Iterator[tuple[str, Any, MatrixPlace | None]]:
        if isinstance(value, (list, tuple)):
            if value and isinstance(value[0], _PLAIN) and not self._kind.is_node(value[0]):
                return  # a text corpus, say
            if self._is_tape(value):
                return  # its places are others in each pass
            is_matrix = depth > 0 and all(isinstance(row, list) for row in value)
            for i, part in enumerate(value):
                if is_matrix and all(map(self._kind.is_node, part)):
                    self._seen.add(id(part))
                    for j, entry in enumerate(part):
                        yield f"{path}[{i}][{j}]", entry, MatrixPlace(path, i, j)
                else:
                    yield f"{path}[{i}]", part, None
        elif isinstance(value, dict):
            for key, part in list(value.items()):
                # `layer0.attn_wq` says enough, and is what people call it; of one block in a list
                # of such its place is to be said as well.
                is_name = isinstance(key, str) and re.fullmatch(r"[A-Za-z_][\w.]*", key)
                named = str(key) if depth == 0 else f"{path}.{key}"
                yield named if is_name else f"{path}[{key!r}]", part, None
        elif hasattr(value, "__dict__"):
            for name, part in list(vars(value).items()):
                yield f"{path}.{name}", part, None


_PLAIN = (str, bytes, int, float, complex, type(None), type, ModuleType, FunctionType)
