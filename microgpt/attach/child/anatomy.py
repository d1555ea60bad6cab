"""What the nodes of a class are made of, learnt from some of them: number, operands, op.

Nothing is taken from names. A node's operands are the nodes that it holds and that are older than
it, in whatever attribute, container or closure; or those that its method was called with, if it
holds none, as with a tape. Its number is the attribute that adds up in sums and multiplies in
products.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

MAX_SAMPLE = 300
"""So many nodes are looked at."""
MAX_DEPTH = 4
"""So far into containers and objects that a node holds."""

_CONTAINERS = (list, tuple, set, frozenset, dict)
_PLAIN = (str, bytes, int, float, complex, type(None), type, ModuleType, BuiltinFunctionType)


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes that an object itself holds, in its dictionary or in slots."""
    found: dict[str, Any] = {}
    for above in reversed(type(thing).__mro__):
        for name, member in vars(above).items():
            if isinstance(member, MemberDescriptorType) and not name.startswith("_attach_"):
                try:
                    found[name] = member.__get__(thing, type(thing))
                except AttributeError:
                    continue
    own = _own_dict(thing)
    if isinstance(own, dict):
        found.update(own)
    return found


def _own_dict(thing: Any) -> Any:
    try:
        return object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return None


def own_attribute(thing: Any, name: str) -> Any:
    """An attribute, None if there is none; a `__getattr__` of the class's own is not asked."""
    try:
        return object.__getattribute__(thing, name)
    except AttributeError:
        return None


def reader_of(kind: type) -> Callable[[Any, str, Any], Any]:
    """`getattr` for a class that leaves reading as it is, else what goes past that."""
    reads: Any = kind.__getattribute__
    is_plain = reads is object.__getattribute__ and not hasattr(kind, "__getattr__")
    if is_plain:
        return getattr
    return lambda node, name, _: own_attribute(node, name)


def is_number(value: object) -> bool:
    """Whether it is a real number: a flag is none, a numpy scalar is."""
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return True
    return getattr(value, "shape", None) == () and hasattr(value, "__float__")


def is_array(value: object) -> bool:
    """Whether it is an array of numpy, of which a number of a node may be one."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy, "ndarray", ()))


def is_numeric(value: object) -> bool:
    """Whether it is a number, or an array of them."""
    return is_number(value) or is_array(value)


def is_same(a: Any, b: Any) -> bool:
    """Whether two numbers or arrays are equal, whole.

    One and the same array is taken for changed: an assignment such as `p.data -= step` has written
    into it before it puts it back.
    """
    if is_array(a) and a is b:
        return False
    try:
        same = a == b
        return bool(same.all() if is_array(same) else same)
    except Exception:  # noqa: BLE001  # shapes that do not go together, or what a script compares
        return False


def held_in(value: Any, is_node: Callable[[object], bool], depth: int = MAX_DEPTH) -> Iterator[Any]:
    """The nodes that a value is or holds: in containers, closures and objects, in order."""
    if is_node(value):
        yield value
        return
    if depth == 0 or isinstance(value, _PLAIN):
        return
    parts: Any = ()
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = value
        if any(map(is_node, parts)):  # code beside a node has it, too
            parts = [part for part in parts if not isinstance(part, (FunctionType, MethodType))]
    elif isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, FunctionType):
        parts = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
        parts += value.__defaults__ or ()
    elif isinstance(value, MethodType):
        parts = (value.__self__,)
    elif hasattr(value, "func") and hasattr(value, "args"):  # functools.partial
        parts = (value.func, *value.args, *(getattr(value, "keywords", None) or {}).values())
    else:
        parts = attributes(value).values()
    is_derived = isinstance(value, _CONTAINERS) and value.__class__ not in _CONTAINERS
    for part in (*parts, *(attributes(value).values() if is_derived else ())):
        yield from held_in(part, is_node, depth - 1)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # raises if it is empty
    except ValueError:
        return False
    return True


class Store(NamedTuple):
    """Where nodes keep their operands."""

    paths: tuple[tuple[str, ...], ...]  # the operands lie there, one after the other; none: `made`
    is_unordered: bool  # whether they lie in a set, or in a closure's variables
    only_older: bool  # whether nodes that are no operands lie there as well: later ones

    def __str__(self) -> str:
        if not self.paths:
            return "a tape"
        return " and ".join(".".join(path) for path in self.paths)


class Anatomy(NamedTuple):
    """What was learnt."""

    data: str  # the attribute of the number; `""` if a node is a number itself
    store: Store
    holders: tuple[str, ...]  # the attributes that hold operands, rows of numbers, or code


class Subject:
    """A class that is looked at: how its nodes are told, their ages, and what made them."""

    def __init__(
        self,
        is_node: Callable[[object], bool],
        age: Callable[[Any], int],
        made_from: Callable[[Any], tuple[Any, ...] | None],
        called: Callable[[Any], str],
    ) -> None:
        self.is_node = is_node
        self.age = age  # creation number, -1 if it is not known
        self.made_from = made_from
        """The nodes that the method that made it was called with, None if that is not known."""
        self.called = called  # the name of that method, `""` if not known

    def held(self, node: Any, value: Any) -> list[Any]:
        """The older nodes in something that a node holds."""
        age = self.age(node)
        return [
            found
            for found in held_in(value, self.is_node)
            if found is not node and (self.age(found) < age or age < 0)
        ]

    def is_result(self, node: Any) -> bool:
        """Whether a node was made of others."""
        return bool(self.made_from(node)) or self.holds(node)

    def holds(self, node: Any) -> bool:
        """Whether a node has older ones in its attributes."""
        return any(self.held(node, value) for value in attributes(node).values())

    def sample(self, top: Any) -> list[Any]:
        """A node and nodes that it was made of, directly or not."""
        found, seen, at = [top], {id(top)}, 0
        while at < len(found) < MAX_SAMPLE:
            node, at = found[at], at + 1
            below = list(self.made_from(node) or ())
            for value in attributes(node).values():
                below += self.held(node, value)
            for each in below:
                if id(each) not in seen:
                    seen.add(id(each))
                    found.append(each)
        return found


def anatomy_of(subject: Subject, top: Any) -> Anatomy | None:
    """What is learnt of a class from a node and those below it; None if that is not enough."""
    nodes = subject.sample(top)
    results = [node for node in nodes if subject.is_result(node)]
    if not results:
        return None
    data = _number_attribute(subject, nodes, results)
    if data is None:
        return None
    store = _store(subject, results)
    holders = dict.fromkeys(
        name
        for node in results
        for name, value in attributes(node).items()
        if callable(value) or _is_row(value) or subject.held(node, value)
    )
    return Anatomy(data, store, tuple(holders))


def _is_row(value: Any) -> bool:
    """Whether it may be the local gradients of some operands."""
    return isinstance(value, (list, tuple)) and len(value) > 0


def _number_attribute(subject: Subject, nodes: list[Any], results: list[Any]) -> str | None:
    names = dict.fromkeys(
        name for node in nodes for name, value in attributes(node).items() if is_numeric(value)
    )
    names = {n: None for n in names if all(is_numeric(own_attribute(o, n)) for o in nodes)}
    if all(isinstance(node, float) for node in nodes):
        names[""] = None
    for name, member in vars(type(results[0])).items():
        if isinstance(member, property) and name not in names and not name.startswith("__"):
            names[name] = None  # a number that lies elsewhere, on a tape say
    best, most = None, 0
    for name in names:
        fits = sum(_fits(subject, node, name) for node in results)
        if fits > most:
            best, most = name, fits
    if best is not None:
        return best
    # No sums or products among them: the first number that leaves of it do not all share.
    for name in names:
        if len({_told(_number(node, name)) for node in nodes}) > 1:
            return name
    return None


def _fits(subject: Subject, node: Any, name: str) -> bool:
    """Whether an attribute of a sum or product is that of its operands."""
    called, operands = subject.called(node), subject.made_from(node) or ()
    if len(operands) != 2 or called not in {"add", "radd", "mul", "rmul"}:
        return False
    numbers = [_number(each, name) for each in (node, *operands)]
    if any(number is None for number in numbers):
        return False
    result, a, b = numbers
    try:
        expected = a + b if called.endswith("add") else a * b
        same = result == expected
        return bool(same.all() and result.any()) if is_array(same) else bool(same and result != 0)
    except Exception:  # noqa: BLE001  # shapes that do not go together
        return False


def _told(value: Any) -> Any:
    """Something that is the same for the same numbers."""
    return (value.shape, value.tobytes()) if is_array(value) else value


def _number(node: Any, name: str) -> Any:
    try:
        value = getattr(node, name) if name else float(node)
    except Exception:  # noqa: BLE001  # a property of the script's may do anything
        return None
    return value if is_numeric(value) else None


def read(thing: Any, path: tuple[str, ...]) -> Any:
    """What lies at the end of a path of attributes, None if it does not get there."""
    for name in path:
        if thing is None:
            return None
        thing = own_attribute(thing, name)
    return thing


def _store(subject: Subject, results: list[Any]) -> Store:
    """The place that gives most nodes' operands, in order if there is one."""
    direct: dict[tuple[str, ...], dict[tuple[str, ...], None]] = {}
    places: dict[tuple[tuple[str, ...], ...], None] = {}
    for node in results:
        for path, value in _places(node, subject.is_node):
            if not subject.held(node, value):
                continue
            places[path,] = None
            if subject.is_node(value):
                direct.setdefault(path[:-1], {})[path] = None
    places.update({tuple(paths): None for paths in direct.values() if len(paths) > 1})
    if len(places) > 1:  # each class derived from it has others: two operands, or a list of them
        places[tuple(path for paths in list(places) if len(paths) == 1 for path in paths)] = None
    made = sum(bool(subject.made_from(node)) for node in results)
    best, best_score = Store((), False, False), (0.5 * max(1, made), 0.0, 0)
    for paths in places:
        exact = same = 0
        unordered = False
        for node in results:
            values = [read(node, path) for path in paths]
            held = [each for value in values for each in subject.held(node, value)]
            if not held:
                continue
            unordered |= any(isinstance(v, (set, frozenset, FunctionType)) for v in values)
            expected = subject.made_from(node)
            if expected is None:
                expected = tuple(held)
            given = {id(each) for each in expected}
            # A plain number that the call was given may have become a node on the way.
            held = [
                each for each in held
                if id(each) in given or subject.age(node) - subject.age(each) > len(held)
            ]  # fmt: skip
            exact += [id(e) for e in held] == [id(e) for e in expected]
            same += {id(e) for e in held} == {id(e) for e in expected}
        score = (float(same), float(exact), -int(unordered))
        if score > best_score:
            mixes = any(
                subject.age(each) > subject.age(node)
                for node in results
                for path in paths
                for each in held_in(read(node, path), subject.is_node)
                if each is not node
            )
            best, best_score = Store(paths, unordered, mixes), score
    return best


def _places(
    thing: Any, is_node: Callable[[object], bool], depth: int = 3
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The attributes of a node, and of objects in them, by path."""
    for name, value in attributes(thing).items():
        yield (name,), value
        is_inner = value.__class__ not in _CONTAINERS and not isinstance(
            value, (*_PLAIN, FunctionType)
        )
        if depth > 1 and is_inner and not is_node(value) and not isinstance(value, MethodType):
            for path, inner in _places(value, is_node, depth - 1):
                yield (name, *path), inner
