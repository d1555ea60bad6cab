"""What a script did between two passes as arrays and JSON, and back; checked when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.graph.debuggee import LeafUpdate, LeafWrite, Updates
from microgpt.script_runs.graph_columns import Arrays, Told
from microgpt.script_runs.stored_values import check, demand, text, whole

_PREFIX = "update."
_NUMBERS = ("before", "after", "grad", "grad_now")
_PLACES = ("line", "grad_line", "made")
_LEAVES = ("node", *_NUMBERS, *_PLACES)
_WRITES = ("write_leaf", "write_is_grad", "write_new", "write_line")
_FLOATS = (*_NUMBERS, "write_new")


@dataclass(frozen=True)
class FlatUpdates:
    """Updates as they are stored."""

    columns: Arrays  # leaves, then other nodes, a row each; and the writes
    about: Told  # all that is no array

    @classmethod
    def of(cls, updates: Updates) -> FlatUpdates:
        """Takes updates apart."""
        places: dict[tuple[str, int], int] = {}

        def place(line: tuple[str, int] | None) -> int:
            return -1 if line is None else places.setdefault(line, len(places))

        rows = (*updates.leaves, *updates.others)
        nodes = [-1 if row.node is None else row.node for row in rows]
        columns: dict[str, np.ndarray[Any, Any]] = {"node": np.array(nodes, np.int64)}
        for name in _NUMBERS:
            columns[name] = np.array([getattr(row, name) for row in rows], np.float64)
        for name in _PLACES:
            columns[name] = np.array([place(getattr(row, name)) for row in rows], np.int64)
        writes = updates.writes
        columns["write_leaf"] = np.array([write.leaf for write in writes], np.int64)
        columns["write_is_grad"] = np.array([write.is_grad for write in writes], np.int64)
        columns["write_new"] = np.array([write.new for write in writes], np.float64)
        columns["write_line"] = np.array([place(write.line) for write in writes], np.int64)
        about = {
            "since": updates.since,
            "shared": updates.n_shared,
            "rebound": list(updates.rebound),
            "n_leaves": len(updates.leaves),
            "names": [row.name for row in rows],
            "flags": [row.flags for row in rows],
            "places": [list(line) for line in places],
        }
        return cls({f"{_PREFIX}{name}": column for name, column in columns.items()}, about)

    @classmethod
    def columns_among(cls, names: Iterable[str]) -> list[str]:
        """Those that are of updates, of the names of all columns of a pass."""
        return [name for name in names if name.startswith(_PREFIX)]

    def updates(self, renamed: Mapping[str, str], n_nodes: int) -> Updates:
        """Puts them together again.

        Args:
            renamed: what source files are called instead, by the names that are stored.
            n_nodes: of the later pass's graph.

        Raises:
            ValueError: they are none; says what is wrong, in a sentence's words.
        """
        try:
            return self._updates(renamed, n_nodes)
        except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"its updates are none ({type(error).__name__})") from None

    def _updates(self, renamed: Mapping[str, str], n_nodes: int) -> Updates:
        about = self.about
        places = [
            (renamed.get(text(file), text(file)), whole(line)) for file, line in about["places"]
        ]
        names, flags = list(map(text, about["names"])), list(map(text, about["flags"]))
        n_rows, n_leaves = len(names), whole(about["n_leaves"])
        n_writes = len(self.columns[f"{_PREFIX}write_leaf"])
        ends = {"node": n_nodes, "write_leaf": n_rows, "write_is_grad": 2}
        ends |= dict.fromkeys((*_PLACES, "write_line"), len(places))
        rows = {
            name: self._column(name, n_rows if name in _LEAVES else n_writes, ends.get(name))
            for name in (*_LEAVES, *_WRITES)
        }
        demand(0 <= n_leaves <= n_rows == len(flags), "the number of its updates")
        leaves = [
            LeafUpdate(
                None if node < 0 else node, name, before, after, grad, grad_now,
                _at(places, line), _at(places, grad_line), flag, _at(places, made),
            )
            for node, before, after, grad, grad_now, line, grad_line, made, name, flag in zip(
                *(rows[name] for name in _LEAVES), names, flags, strict=True
            )
        ]  # fmt: skip
        writes = tuple(
            LeafWrite(leaf, bool(is_grad), new, places[line])
            for leaf, is_grad, new, line in zip(*(rows[name] for name in _WRITES), strict=True)
        )
        return Updates(
            whole(about["since"]), tuple(leaves[:n_leaves]), tuple(map(text, about["rebound"])),
            whole(about["shared"]), writes, tuple(leaves[n_leaves:]),
        )  # fmt: skip

    def _column(self, name: str, length: int, end: int | None) -> list[Any]:
        """A column whose numbers are what they may be; of places and nodes -1 is none."""
        column = self.columns[f"{_PREFIX}{name}"]
        kind = "f8" if name in _FLOATS else "i8"
        demand(column.dtype == np.dtype(kind), f"the numbers of {_PREFIX}{name}")
        least = None if end is None else -1 if name in ("node", *_PLACES) else 0
        check(f"{_PREFIX}{name}", column, length, least, end)
        numbers: list[Any] = column.tolist()
        return numbers


def _at(places: Sequence[tuple[str, int]], place: int) -> tuple[str, int] | None:
    return None if place < 0 else places[place]
