"""A Graph as plain arrays and JSON, and back: what is read is checked, since it may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.scopes import CallPlace
from microgpt.graph.computation import Maker
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import KINDS, Ledger
from microgpt.graph.odd_gradients import OddGradient
from microgpt.graph.rounding import DOUBLE
from microgpt.graph.scope_tree import ScopeRange, ScopeTree
from microgpt.script_runs.stored_values import check, demand, text, whole

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Told: TypeAlias = dict[str, Any]

_COLUMNS = (
    "op_codes", "immediate", "data", "grad", "grad_before", "operand_start", "operands",
    "local_grads", "visit_order", "scope_of", "line_of",
)  # fmt: skip
_OPTIONAL = ("maker_of", "share_lines")
_LEDGER = "ledger."
_LEDGER_COLUMNS = tuple(field.name for field in fields(Ledger) if field.name != "n_nodes")
_BYTES = {"op_codes", f"{_LEDGER}kind"}
_FLOATS = {"immediate", "data", "grad", "grad_before", "local_grads"} | {
    f"{_LEDGER}{name}" for name in ("old", "new", "share")
}


@dataclass(frozen=True)
class FlatGraph:
    """A graph as it is stored."""

    columns: Arrays
    about: Told  # all that is no array

    @classmethod
    def of(cls, graph: Graph) -> FlatGraph:
        """Takes a graph apart."""
        columns = {name: getattr(graph, name) for name in _COLUMNS}
        columns |= {
            name: getattr(graph, name) for name in _OPTIONAL if getattr(graph, name) is not None
        }
        if graph.ledger is not None:
            columns |= {f"{_LEDGER}{name}": getattr(graph.ledger, name) for name in _LEDGER_COLUMNS}
        about = {
            "scopes": [
                [s.path, s.label, s.parent, s.start, s.stop, s.place and list(s.place)]
                for s in graph.scopes
            ],
            "source_lines": [list(line) for line in graph.source_lines],
            "names": [[node, name] for node, name in graph.names.items()],
            "parameters": [
                [node, bound.matrix, bound.row, bound.col, bound.token]
                for node, bound in graph.bindings.items()
                if isinstance(bound, ParameterBinding)
            ],
            "largest_of": [
                [node, list(bound)]
                for node, bound in graph.bindings.items()
                if not isinstance(bound, ParameterBinding)
            ],
            "root": graph.root,
            "backpropagated": graph.backpropagated,
            "op_names": list(graph.op_names),
            "makers": [list(maker) for maker in graph.makers],
            "unused_lines": [list(line) for line in graph.unused_lines],
            "why_no_events": graph.why_no_events,
            "pass_note": graph.pass_note,
            "eps": graph.eps,
            "odd_gradients": [
                [odd.problem, odd.node, odd.size, *odd.shape, odd.other]
                for odd in graph.odd_gradients
            ],
        }
        return cls(columns, about)

    def graph(self, renamed: Mapping[str, str]) -> Graph:
        """Puts it together again.

        Args:
            renamed: what source files are called instead, by the names that are stored.

        Raises:
            ValueError: it is no graph; says what is wrong, in a sentence's words.
        """
        try:
            return self._graph(renamed)
        except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"it is no graph ({type(error).__name__})") from None

    def _graph(self, renamed: Mapping[str, str]) -> Graph:
        columns, about = self.columns, self.about
        _check_types(columns)
        n, n_edges = len(columns["data"]), len(columns["operands"])
        lines = tuple((renamed.get(text(f), text(f)), whole(at)) for f, at in about["source_lines"])
        op_names = tuple(map(text, about["op_names"]))
        scopes = _scopes(about["scopes"], n, renamed)
        makers = tuple(Maker(text(m), text(f), whole(at)) for m, f, at in about["makers"])
        bounds = {
            "op_codes": (n, 0, len(op_names)), "scope_of": (n, 0, len(scopes)),
            "line_of": (n, -1, len(lines)), "maker_of": (n, -1, len(makers)),
            "operands": (n_edges, 0, n), "share_lines": (n_edges, -1, len(lines)),
            "visit_order": (None, 0, n), "operand_start": (n + 1, 0, n_edges + 1),
            **dict.fromkeys(("immediate", "data", "grad", "grad_before"), (n, None, None)),
            "local_grads": (n_edges, None, None),
        }  # fmt: skip
        for name, (length, least, end) in bounds.items():
            if name in columns:
                check(name, columns[name], length, least, end)
        start = columns["operand_start"]
        arity = np.diff(start)
        demand(bool(start[0] == 0 and start[-1] == n_edges and (arity >= 0).all()), "its edges")
        consumers = np.repeat(np.arange(n), arity)
        demand(bool((columns["operands"] < consumers).all()), "the order of its nodes")
        is_sum = columns["op_codes"] == (op_names.index("add") if "add" in op_names else -1)
        demand(bool((arity[is_sum] > 0).all()), "a sum of nothing")
        demand(bool((arity[columns["visit_order"]] > 0).all()), "the visits of its pass")
        stored: dict[str, Any] = {name: columns[name] for name in _COLUMNS}
        return Graph(
            **stored,
            scopes=ScopeTree(scopes),
            source_lines=lines,
            names=MappingProxyType({_id(i, n): text(name) for i, name in about["names"]}),
            bindings=MappingProxyType(_bindings(about, n)),
            root=_id(about["root"], n),
            backpropagated=bool(about["backpropagated"]),
            op_names=op_names,
            makers=makers,
            maker_of=columns.get("maker_of"),
            unused_lines=tuple(
                (renamed.get(text(f), text(f)), whole(at)) for f, at in about["unused_lines"]
            ),
            why_no_events=text(about["why_no_events"]),
            ledger=_ledger(columns, n, n_edges, len(lines)),
            share_lines=columns.get("share_lines"),
            pass_note=text(about["pass_note"]),
            eps=_rounding(about.get("eps", DOUBLE)),
            odd_gradients=tuple(
                OddGradient(problem, _id(i, n), whole(size), (text(a), text(b)), whole(other))
                for problem, i, size, a, b, other in about["odd_gradients"]
            ),
        )


def _rounding(eps: Any) -> float:
    """By how much numbers are rounded: no less than doubles, and less than the numbers."""
    demand(isinstance(eps, float) and DOUBLE / 2 <= eps < 1, "the rounding of its numbers")
    rounding: float = eps
    return rounding


def _check_types(columns: Arrays) -> None:
    for name in (*_COLUMNS, *columns):
        kind = "u1" if name in _BYTES else "f8" if name in _FLOATS else "i8"
        column = columns[name]
        demand(column.dtype == np.dtype(kind) and column.ndim == 1, f"the numbers of {name}")


def _id(value: object, n: int) -> int:
    node = whole(value)
    demand(0 <= node < n, "one of its ids")
    return node


def _scopes(rows: list[Any], n: int, renamed: Mapping[str, str]) -> list[ScopeRange]:
    scopes: list[ScopeRange] = []
    for index, (path, label, parent, start, stop, entered) in enumerate(rows):
        demand(0 <= whole(start) <= whole(stop) <= n, "a scope's nodes")
        if index:
            demand(0 <= whole(parent) < index, "a scope's parent")
            around = scopes[parent]
            demand(around.start <= start and stop <= around.stop, "a scope's nodes")
            demand(bool(text(path)), "a scope's path")
        else:
            demand((path, parent, start, stop) == ("", -1, 0, n), "its scopes")
        place = None
        if entered is not None:
            file, *numbers = entered
            place = CallPlace(renamed.get(text(file), file), *map(whole, numbers))
        scopes.append(ScopeRange(index, text(path), text(label), parent, start, stop, place))
    demand(bool(scopes), "its scopes")
    return scopes


def _bindings(about: Told, n: int) -> dict[int, ParameterBinding | tuple[int, ...]]:
    found: dict[int, ParameterBinding | tuple[int, ...]] = {
        _id(node, n): ParameterBinding(text(matrix), whole(row), whole(col), text(token))
        for node, matrix, row, col, token in about["parameters"]
    }
    return found | {
        _id(node, n): tuple(_id(each, n) for each in nodes) for node, nodes in about["largest_of"]
    }


def _ledger(columns: Arrays, n: int, n_edges: int, n_lines: int) -> Ledger | None:
    if f"{_LEDGER}node" not in columns:
        return None
    parts = {name: columns[f"{_LEDGER}{name}"] for name in _LEDGER_COLUMNS}
    n_writes, n_visits = len(parts["node"]), len(columns["visit_order"])
    bounds = {
        "node": (0, n), "line": (-1, n_lines), "event": (0, n_visits + 1), "edge": (-1, n_edges),
        "kind": (0, len(KINDS)), "old": (None, None), "new": (None, None), "share": (None, None),
    }  # fmt: skip
    for name, (least, end) in bounds.items():
        check(name, parts[name], n_writes, least, end)
    demand(bool((np.diff(parts["event"]) >= 0).all()), "the order of its writes")
    demand(len(parts["nth"]) in {0, n_visits}, "the visits of its pass")
    return Ledger(**parts, n_nodes=n)
