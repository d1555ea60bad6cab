"""`Between`: what becomes of a graph's leaves from one pass to the next, and the lines that do it.

Leaves are kept, which are few, with their numbers and gradients; of all other nodes only their
creation numbers, so that no graph stays alive. Writes are watched until the next node is made.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping
from typing import Any

from microgpt.attach.child.pass_log import inherited, line_at
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.child.snapshot import Snapshot
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field


class Between:
    """Watches from one pass to the next."""

    def __init__(self) -> None:
        self._since = 0  # the pass that is kept; 0 for none
        self._leaves: list[tuple[Node, float, float]] = []  # with number and gradient
        self._names: dict[str, int] = {}  # of leaves, by `id()`
        self._inner: set[int] = set()  # creation numbers of nodes made of others
        self._writes: dict[tuple[int, str], tuple[Any, int]] = {}  # last, by node and attribute
        self._uninstall: Callable[[], None] | None = None

    # -- watching ----------------------------------------------------------------------------------

    def keep(
        self, number: int, kind: ValueClass, snapshot: Snapshot, names: Mapping[int, Any]
    ) -> None:
        """Begins anew, after a pass."""
        self.stop()
        self._since, self._writes = number, {}
        self._leaves = snapshot.leaves()
        self._names = {
            names[id(node)].text: id(node) for node, _, _ in self._leaves if id(node) in names
        }
        self._inner = snapshot.inner_numbers()
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

        def set_value(_: Any, node: Node, value: object) -> None:
            if number_of(node) is None:  # a node is made: the next graph begins
                self.stop()
            else:
                frame: Any = getframe(1)
                while frame.f_code.co_filename.startswith(OWN_FOLDER):
                    frame = frame.f_back
                writes[id(node), name] = (frame.f_code, frame.f_lasti)
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
                if put is None and own is not None and name in own:
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
        ids, befores, afters, grads, lines = (array("q"), array("d"), array("d"), array("d"),
                                              array("q"))  # fmt: skip
        grads_now, zeroed_at = array("d"), array("q")
        called: list[str] = []
        places: dict[tuple[str, int], int] = {}
        by_id = {key: name for name, key in self._names.items()}
        for node, number, grad in self._leaves:
            now, grad_now = snapshot.state_before(node)
            ids.append(snapshot.ids.get(id(node), -1))
            called.append(by_id.get(id(node), ""))
            befores.append(number)
            afters.append(now)
            grads.append(grad)
            grads_now.append(grad_now)
            lines.append(self._line(node, shape.data, places))
            zeroed_at.append(self._line(node, shape.grad, places))
        kept = {id(node) for node, _, _ in self._leaves}
        rebound = [
            label.text
            for node, label in ((n, names.get(id(n))) for n, _, _ in snapshot.leaves())
            if label and label.text in self._names and id(node) not in kept
            and self._names[label.text] in kept
        ]  # fmt: skip
        return {
            "updates_since": array("q", [self._since]),
            "update_ids": ids,
            "update_names": called,
            "update_befores": befores,
            "update_afters": afters,
            "update_grads": grads,
            "update_grads_now": grads_now,
            "update_lines": lines,
            "update_grad_lines": zeroed_at,
            "update_files": [file for file, _ in places],
            "update_file_lines": array("q", [line for _, line in places]),
            "update_rebound": rebound,
            "update_shared": array("q", [len(self._inner & snapshot.inner_numbers())]),
        }

    def _line(self, node: Node, name: str, places: dict[tuple[str, int], int]) -> int:
        at = self._writes.get((id(node), name))
        if at is None:
            return -1
        code, offset = at
        line = (code.co_filename, line_at(code, offset))
        return places.setdefault(line, len(places))
