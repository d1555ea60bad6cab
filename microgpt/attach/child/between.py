"""`Between`: what becomes of a graph's leaves from one pass to the next, and the lines that do it.

Leaves are kept, which are few, with their numbers and gradients; of all other nodes only their
creation numbers, so that no graph stays alive. Writes are watched until the next node is made.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from microgpt.attach.child.anatomy import attributes
from microgpt.attach.child.many_nodes import ManyNodes
from microgpt.attach.child.pass_log import inherited, lines_at
from microgpt.attach.child.place_columns import line_rows
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_arrays import floats
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.child.snapshot import Snapshot
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field

MOST_WRITES = 200_000
"""So many are told of in order; of all others the last to each leaf."""


class Written(NamedTuple):
    """A number or a gradient that was written, or found to be another one."""

    node: int  # by `id()`
    is_grad: bool
    at: Any  # the code and the instruction, None where that was not seen
    value: Any  # the number; of an array all of its numbers


class Between:
    """Watches from one pass to the next."""

    def __init__(self) -> None:
        self._since = 0  # the pass that is kept; 0 for none
        self._leaves: list[Node] = []
        self._data, self._grads = array("d"), array("d")  # of each, after that pass
        self._names: dict[str, int] = {}  # of leaves, by `id()`
        self._newest = -1  # of them
        self._inner: set[int] = set()  # creation numbers of nodes made of others
        self._writes: dict[tuple[int, str], tuple[Any, int]] = {}  # last, by node and attribute
        self._log: list[Written] = []  # all of them, with what was written
        self._seen: dict[int, array[float]] = {}
        """Gradients of leaves that are arrays, as they were last seen: what is written in place is
        found by comparing."""
        self._others: dict[int, tuple[Node, Any, Any]] = {}
        """Nodes that are none of the leaves, with their numbers before they were written to."""
        self._uninstall: Callable[[], None] | None = None

    # -- watching ----------------------------------------------------------------------------------

    def keep(
        self, number: int, kind: ValueClass, snapshot: Snapshot, names: Mapping[int, Any]
    ) -> None:
        """Begins anew, after a pass."""
        self.stop()
        self._since, self._writes = number, {}
        self._log, self._others, self._seen = [], {}, {}
        self._leaves = leaves = snapshot.leaves()
        self._data, self._grads = snapshot.data_in_pass_of(leaves), snapshot.grads_of(leaves)
        self._names = {names[id(node)].text: id(node) for node in leaves if id(node) in names}
        self._inner = snapshot.inner_numbers()
        self._newest = max(self._inner, default=-1)
        if kind.holds_arrays:
            self._seen = {id(node): _numbers(kind.grad(node)) for node in leaves}
        shape = kind.shape
        if shape is not None and shape.data:
            self._install(kind, [name for name in (shape.data, shape.grad) if name])

    def stop(self) -> None:
        """Watches no more."""
        uninstall, self._uninstall = self._uninstall, None
        if uninstall is not None:
            uninstall()

    def _install(self, kind: ValueClass, names: list[str]) -> None:
        cls: Any = kind.cls
        nothing = object()
        own = {name: vars(cls).get(name, nothing) for name in names}
        if any(isinstance(inherited(cls, name), property) for name in names):
            return  # what it writes to may be anything
        for name in names:
            setattr(cls, name, self._watch(kind, name))

        def uninstall() -> None:
            for name, before in own.items():
                if before is nothing:
                    delattr(cls, name)
                else:
                    setattr(cls, name, before)

        self._uninstall = uninstall

    def _watch(self, kind: ValueClass, name: str) -> Any:
        held = inherited(kind.cls, name)
        put = getattr(held, "__set__", None)
        writes, number_of, getframe = self._writes, kind.number, sys._getframe
        log, others, kept = self._log, self._others, set(map(id, self._leaves))
        is_grad = kind.shape is not None and name == kind.shape.grad
        has_arrays, n_numbers = kind.holds_arrays, 0

        def log_array(node: Node, value: Any, at: Any) -> None:
            nonlocal n_numbers
            if not is_grad:  # its gradient may have been written in place before
                found, own = _numbers(kind.grad(node)), self._seen.get(id(node))
                if own is not None and found != own:
                    log.append(Written(id(node), True, None, found))
                self._seen[id(node)] = found
            numbers = _numbers(value)
            n_numbers += len(numbers)
            if n_numbers < MOST_WRITES:
                log.append(Written(id(node), is_grad, at, numbers))
                if is_grad:
                    self._seen[id(node)] = numbers

        def set_value(_: Any, node: Node, value: object) -> None:
            if number_of(node) is None:  # a node is made: the next graph begins
                self.stop()
            else:
                frame: Any = getframe(1)
                while frame.f_code.co_filename.startswith(OWN_FOLDER):
                    frame = frame.f_back
                at = writes[id(node), name] = (frame.f_code, frame.f_lasti)
                if len(log) < MOST_WRITES:
                    if id(node) not in kept and id(node) not in others:
                        data, grad = kind.data(node), kind.grad(node)
                        if has_arrays:
                            data, grad = _numbers(data), _numbers(grad)
                        others[id(node)] = (node, data, grad)
                    if has_arrays:
                        log_array(node, value, at)
                    else:
                        log.append(Written(id(node), is_grad, at, value))
            if put is not None:
                put(node, value)
            else:
                node.__dict__[name] = value

        members: dict[str, Any] = {"__slots__": (), "__set__": set_value}
        if held is not None:
            get = getattr(held, "__get__", None)

            def get_value(_: Any, node: Node, owner: Any = None) -> Any:
                if node is None:
                    return held
                own = getattr(node, "__dict__", None)
                if (put is None or get is None) and own is not None and name in own:
                    return own[name]
                return held if get is None else get(node, owner)

            members["__get__"] = get_value
        return type("UpdateWatch", (), members)()

    # -- what happened -----------------------------------------------------------------------------

    def columns(
        self, kind: ValueClass, snapshot: Snapshot, names: Mapping[int, Any]
    ) -> dict[str, Field]:
        """What happened since the pass that is kept; a snapshot before the next one tells.

        Args:
            snapshot: of the next pass's graph, with the gradients from before it.
            names: what the script calls its nodes now.
        """
        self.stop()
        shape = kind.shape
        if not self._since or shape is None:
            return {}
        places: dict[tuple[str, int], int] = {}
        by_id = {key: name for name, key in self._names.items()}
        keys = list(map(id, self._leaves))
        kept = set(keys)
        rebound = [
            label.text
            for key, label in ((id(node), names.get(id(node))) for node in snapshot.leaves())
            if label and key not in kept and self._names.get(label.text) in kept
        ]
        elements = [snapshot.elements_of(node) for node in self._leaves]
        told = self._log_columns(kind, snapshot, names, places)
        columns = update_columns(
            self._since,
            [snapshot.first_id(node) for node in self._leaves],
            [by_id.get(key, "") for key in keys],
            elements,
            (self._data, snapshot.data_in_pass_of(self._leaves)),
            (self._grads, snapshot.grads_before_of(self._leaves)),
            (self._lines(keys, shape.data, places), self._lines(keys, shape.grad, places)),
            places,
            rebound,
            len(self._inner & snapshot.inner_numbers(self._newest)),
        )
        return {**columns, **told} if columns else {}

    def _log_columns(
        self,
        kind: ValueClass,
        snapshot: Snapshot,
        names: Mapping[int, Any],
        places: dict[tuple[str, int], int],
    ) -> dict[str, Field]:
        """All writes in order, and the nodes written to that are no leaves of the graph.

        A node is told by its place among the leaves, the others after them.
        """  # fmt: skip
        others = [node for node, _, _ in self._others.values()]
        own = (*self._leaves, *others)
        texts = [snapshot.elements_of(node) for node in own]
        place_of, n = {}, 0
        for node, elements in zip(own, texts):
            place_of[id(node)], n = n, n + len(elements)
        sizes = dict(zip(map(id, own), map(len, texts)))
        lines: dict[tuple[int, int], int] = {}
        leaves, is_grad, line_of, numbers = array("q"), array("q"), array("q"), array("d")
        for key, of_grad, at, value in self._log:
            line = -1
            if at is not None:
                known = (id(at[0]), at[1])
                if known not in lines:
                    (told,) = lines_at([at])
                    lines[known] = places.setdefault(told, len(places))
                line = lines[known]
            row = value if isinstance(value, array) else [_number(value)]
            if len(row) != sizes.get(key, len(row)):
                continue  # it has another shape than its number
            first = place_of.get(key, -1)
            for k, number in enumerate(row):
                leaves.append(first + k if first >= 0 else -1)
                is_grad.append(of_grad)
                line_of.append(line)
                numbers.append(number)
        labels = [names.get(id(node)) for node in others]
        rows = [(i, text) for i, elements in enumerate(texts[len(self._leaves) :])
                for text in elements]  # fmt: skip
        firsts = list(map(snapshot.first_id, others))
        counted = [k for elements in texts[len(self._leaves) :] for k in range(len(elements))]
        made, line_in = line_rows(ManyNodes(kind, others).sites())
        made_at = [places.setdefault(line, len(places)) for line in made]
        return {
            "log_leaves": leaves,
            "log_is_grad": is_grad,
            "log_numbers": numbers,
            "log_lines": line_of,
            "leaf_flags": [flags for node, elements in zip(self._leaves, texts)
                           for flags in [_flags(node)] * len(elements)],
            "other_ids": array("q", (firsts[i] + k if firsts[i] >= 0 else -1
                                     for (i, _), k in zip(rows, counted))),
            "other_names": [label.text + text if (label := labels[i]) else ""
                            for i, text in rows],
            "other_befores": _all_numbers(old for _, old, _ in self._others.values()),
            "other_grads": _all_numbers(old for _, _, old in self._others.values()),
            "other_made": array("q", (made_at[line_in[i]] if line_in[i] >= 0 else -1
                                      for i, _ in rows)),
            "other_afters": snapshot.data_of(others),
            "other_grads_now": snapshot.grads_of(others),
        }  # fmt: skip

    def _lines(self, keys: list[int], name: str, places: dict[tuple[str, int], int]) -> array[int]:
        """Where an attribute of each leaf was written last, -1 if that was not seen."""
        found = array("q", [-1]) * len(keys)
        if self._writes:
            written = [(i, self._writes[key, name]) for i, key in enumerate(keys)
                       if (key, name) in self._writes]  # fmt: skip
            for (i, _), line in zip(written, lines_at(at for _, at in written)):
                found[i] = places.setdefault(line, len(places))
        return found


def _flags(node: Node) -> str:
    """What a node says of itself by yes or no, `requires_grad=False` say."""
    own = attributes(node).items()
    return " ".join(f"{name}={value}" for name, value in own if isinstance(value, bool))


def _numbers(value: Any) -> array[float]:
    """The numbers of an array, none where it has no numbers."""
    try:
        return array("d") if value is None else floats(value)
    except (TypeError, ValueError):
        return array("d")


def _all_numbers(values: Iterable[Any]) -> array[float]:
    column = array("d")
    for value in values:
        column.extend(value if isinstance(value, array) else [_number(value)])
    return column


def _number(value: object) -> float:
    """A number that was written, nan where it is none."""
    try:
        return 0.0 if value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def update_columns(
    since: int,
    first_ids: Sequence[int],
    names: Sequence[str],
    elements: Sequence[Sequence[str]],
    data: tuple[array[float], array[float]],
    grads: tuple[array[float], array[float]],
    lines: tuple[Sequence[int], Sequence[int]],
    places: Mapping[tuple[str, int], int],
    rebound: list[str],
    n_shared: int,
) -> dict[str, Field]:
    """What has become of leaves, number by number, as `leaf_updates` reads it.

    Args:
        since: the pass that they are of.
        first_ids: of each leaf the node of its first number, -1 if it is not in the graph.
        names: of each, `""` for none.
        elements: of each, what its numbers are called after its name: `""`, or `[0][3]`.
        data, grads: the numbers of all, after that pass and now.
        lines: of each, where its number and its gradient were written last, -1 if not seen.
        places: the lines by number.
        rebound: names that now stand for other leaves.
        n_shared: how many nodes the graphs share.
    """
    rows = [(i, k, text) for i, own in enumerate(elements) for k, text in enumerate(own)]
    if any(len(column) != len(rows) for column in (*data, *grads)):
        return {}  # one has another shape now
    return {
        "updates_since": array("q", [since]),
        "update_ids": array("q", [first_ids[i] + k if first_ids[i] >= 0 else -1
                                  for i, k, _ in rows]),
        "update_names": [names[i] + text if names[i] else "" for i, _, text in rows],
        "update_befores": data[0],
        "update_afters": data[1],
        "update_grads": grads[0],
        "update_grads_now": grads[1],
        "update_lines": array("q", [lines[0][i] for i, _, _ in rows]),
        "update_grad_lines": array("q", [lines[1][i] for i, _, _ in rows]),
        "update_files": [file for file, _ in places],
        "update_file_lines": array("q", [line for _, line in places]),
        "update_rebound": rebound,
        "update_shared": array("q", [n_shared]),
    }  # fmt: skip
