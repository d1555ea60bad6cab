"""Gradients that a pass keeps beside the nodes: in what it returns, or in a variable of its own.

They are told by their keys: the nodes themselves, their `id()`, or a number or object that each
node keeps and no other does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType
from typing import Any, NamedTuple

from microgpt.attach.child.anatomy import attributes, is_numeric, is_same
from microgpt.attach.child.recorded import Node

CONTAINERS = (dict, list)


class KeptAt(NamedTuple):
    """Where a pass leaves its gradients."""

    code: CodeType  # of the function
    path: tuple[str, ...]  # a variable when it returns, and an attribute; none: what it returns


def gradients_in(result: Any, nodes: Sequence[Node]) -> list[Any] | None:
    """Each node's gradient in something that a function made, None if it is no such thing.

    Args:
        result: a dict, or a list by a number that each node keeps.
        nodes: the root first, each once.
    """
    found: list[Any] | None = None
    if isinstance(result, dict):
        found = _in_dict(result, nodes)
    elif isinstance(result, list):
        found = _in_list(result, nodes)
    return found if found is not None and all(map(is_numeric, found)) else None


def _in_dict(result: dict[Any, Any], nodes: Sequence[Node]) -> list[Any] | None:
    by_id = {id(key): value for key, value in result.items()}
    by_number = {key: value for key, value in result.items() if type(key) is int}
    rows = [(keys, table) for keys in (list(map(id, nodes)), *_numbers_kept(nodes))
            for table in (by_id, by_number)]  # fmt: skip
    for name, value in attributes(nodes[0]).items():  # an object of the node's own
        if id(value) in by_id and type(value) is not int:
            rows.append(([id(attributes(node).get(name)) for node in nodes], by_id))
    for keys, table in rows:
        n_known = sum(key in table for key in keys[1:])
        if n_known and 2 * n_known >= len(keys) - 1 and len(set(keys)) == len(keys):
            # A root that is left out has what its pass begins with.
            return [table.get(key, 0 if i else 1) for i, key in enumerate(keys)]
    return None


def _numbers_kept(nodes: Sequence[Node]) -> list[list[int]]:
    """Each node's number in every attribute that has another one for each."""
    found = []
    for name, value in attributes(nodes[0]).items():
        if type(value) is int:
            keys = [attributes(node).get(name) for node in nodes]
            if all(type(key) is int for key in keys) and len(set(keys)) == len(keys):
                found.append([key for key in keys if key is not None])
    return found


def _in_list(result: list[Any], nodes: Sequence[Node]) -> list[Any] | None:
    if len(result) < 2:
        return None
    for keys in _numbers_kept(nodes):
        if all(0 <= key < len(result) for key in keys) and is_same(result[keys[0]], 1.0):
            return [result[key] for key in keys]
    return None


def containers_of(
    frame: FrameType, returned: Any, is_node: Callable[[object], bool]
) -> list[tuple[tuple[str, ...], Any]]:
    """What a call that returns may have gradients in: each a path as in `KeptAt`, and a container.

    Those that its caller has as well are not the call's own, unless that is the script itself. A
    call that makes a node is no pass.
    """
    if is_node(returned):
        return []
    code = frame.f_code
    found: list[tuple[tuple[str, ...], Any]] = []
    if isinstance(returned, CONTAINERS):
        found.append(((), returned))
    if not fills_containers(code):
        return found
    given = code.co_varnames[: code.co_argcount]
    for name, value in _variables(frame):
        if isinstance(value, CONTAINERS):
            found.append(((name,), value))
        elif name in given and not is_node(value):
            held = attributes(value).items()
            found += [((name, each), part) for each, part in held if isinstance(part, CONTAINERS)]
    outer = frame.f_back
    if outer is None or outer.f_code.co_name == "<module>" or not found:
        return found
    if outer.f_code is code:
        return []  # a recursion, whose outermost call has them
    elsewhere = {id(value) for value in outer.f_locals.values()}
    return [each for each in found if id(each[1]) not in elsewhere]


def _variables(frame: FrameType) -> Iterator[tuple[str, Any]]:
    free = frame.f_code.co_freevars
    yield from (each for each in frame.f_locals.items() if each[0] not in free)
    for name in frame.f_code.co_names:
        if name in frame.f_globals:
            yield name, frame.f_globals[name]


def content_of(place: KeptAt, frame: FrameType, returned: Any) -> Any:
    """What lies at a place when a call returns."""
    if not place.path:
        return returned
    name, *rest = place.path
    value = frame.f_locals[name] if name in frame.f_locals else frame.f_globals.get(name)
    return attributes(value).get(rest[0]) if rest else value


def fills_containers(code: CodeType) -> bool:
    """Whether code, or code inside it, sets entries of containers."""
    known = _FILLS.get(id(code))
    if known is None or known[0] is not code:
        does = STORES in code.co_code[::2] or any(
            fills_containers(inner) for inner in code.co_consts if isinstance(inner, CodeType)
        )
        known = _FILLS[id(code)] = (code, does)
    return known[1]


_FILLS: dict[int, tuple[CodeType, bool]] = {}


def _store_instruction() -> int:
    """The instruction that `a[b] = c` has and `a[b]` has not."""
    with_it, without = (set(compile(text, "", "exec").co_code[::2]) for text in ("a[b]=c", "a[b]"))
    (found,) = with_it - without
    return found


STORES = _store_instruction()


def run_and_look(run: Callable[[], Any], place: KeptAt) -> tuple[Any, Any]:
    """What a pass returns, and what lies at a place when the outermost call of that returns."""
    found: list[Any] = [None]
    if not place.path:
        result = run()
        return result, result
    if sys.getprofile() is not None:
        return run(), None  # the script's own profiler would have to make room

    def profile(frame: FrameType, event: str, returned: Any) -> None:
        if event == "return" and frame.f_code is place.code:
            found[0] = content_of(place, frame, returned)

    sys.setprofile(profile)
    try:
        result = run()
    finally:
        if sys.getprofile() is profile:  # else the script has set its own since
            sys.setprofile(None)
    return result, found[0]
