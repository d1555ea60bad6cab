"""What a verb leaves behind: where the session stands, and the answer; as text, or as JSON.

Field names of the JSON are what other programs rely on. Floats keep every bit; those that JSON has
no word for are the texts "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from microgpt.debugger.inspection import inspect
from microgpt.debugger.session_state import State
from microgpt.debugger.timeline import Timeline
from microgpt.debugger.verbs.verb import Answer, Json
from microgpt.debugger.wording import file_and_line


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verb that was carried out."""

    verb: str  # its full name
    state: State  # where the session stands after it
    answer: Answer
    timeline: Timeline = field(repr=False)  # that the session stands on

    def lines(self) -> list[str]:
        """What to say about it."""
        return self.answer.lines()

    def as_json(self) -> str:
        """One object on one line."""
        state = self.state
        node = state.node if self.answer.about is None else self.answer.about
        view = None if node is None else inspect(self.timeline, node, state.moment)
        graph, answer = self.timeline.graph, self.answer.as_json()
        id_of = graph.id_of
        return _one_line(
            {
                "verb": self.verb,
                "stop": str(state.stop),
                "phase": state.phase,
                "event": state.event,
                "node": None if view is None else {
                    "id": view.told_id, "name": view.name, "place": view.place, "op": view.op,
                    "scope": view.scope, "data": view.data, "grad_now": view.grad_now,
                    "grad_final": view.grad_final, "line": file_and_line(view.line),
                },
                "operands": [
                    {"id": id_of(o.id), "name": o.name, "place": o.place, "data": o.data,
                     "local": o.local, "contribution": o.contribution}
                    for o in (() if view is None else view.operands)
                ],
                "changes": [
                    {"node": id_of(c.node), "name": c.name, "place": c.place, "old": c.old,
                     "contribution": c.contribution, "new": c.new, "kind": c.kind,
                     "line": file_and_line(c.line)}
                    for c in state.changes
                ],
                **(answer if graph.region is None else _with_told_ids(answer, id_of)),
            }
        )  # fmt: skip


def _with_told_ids(value: Any, id_of: Callable[[int], int]) -> Any:
    """The same with nodes' ids as they are called: those of a region, as in the whole graph."""
    if isinstance(value, list):
        return [_with_told_ids(inner, id_of) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: id_of(inner)
        if key in {"node", "id"} and isinstance(inner, int)
        else _with_told_ids(inner, id_of)
        for key, inner in value.items()
    }


def error_as_json(verb: str, error: str) -> str:
    """One object on one line, for a verb that could not be carried out."""
    return _one_line({"verb": verb, "error": error})


def _one_line(value: Json) -> str:
    return json.dumps(json_numbers(value), ensure_ascii=False, allow_nan=False)


def json_numbers(value: Any) -> Any:
    """The same with floats that JSON has no word for as texts."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {key: json_numbers(inner) for key, inner in value.items()}
        case list() | tuple():
            return [json_numbers(inner) for inner in value]
    return value
