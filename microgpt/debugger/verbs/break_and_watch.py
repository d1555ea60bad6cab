"""Breakpoints and watchpoints: adding, listing, switching and taking away; `StopTable` has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.stops import StopPoint
from microgpt.debugger.verbs.verb import STOP, Answer, Json, Verb
from microgpt.debugger.wording import counted
from microgpt.errors import InputError


@dataclass(frozen=True, slots=True)
class Stops(Answer):
    """Breakpoints and watchpoints: all of them, or the one that a verb was about."""

    points: tuple[StopPoint, ...]  # by number
    done: str = ""  # what was done to them, `""` if they were only asked for

    def lines(self) -> list[str]:
        """One line each."""
        if not self.points:
            return [f"none {self.done}" if self.done else "no breakpoints and no watchpoints"]
        return [_told(point, self.done) for point in self.points]

    def as_json(self) -> Json:
        """A list."""
        return {
            "stops": [
                {"number": p.number, "kind": p.kind, "text": p.text, "enabled": p.enabled,
                 "hits": p.hits, "events": p.n_moments, "problem": p.problem}
                for p in self.points
            ]
        }  # fmt: skip


def _told(point: StopPoint, done: str) -> str:
    told = f"{point.kind} {point.number}: {point.text}"
    if done in {"enabled", "disabled", "deleted"}:
        return f"{told}, {done}"
    if point.problem:
        return f"{told}, cannot stop here: {point.problem}"
    hits = "" if done else f", {counted(point.hits, 'hit')}"
    disabled = "" if point.enabled else ", disabled"
    return f"{told}, {counted(point.n_moments, 'event')}{hits}{disabled}"


def _each(
    done: str, change: Callable[[SessionCore, int], StopPoint]
) -> Callable[[SessionCore, str], Stops]:
    """Changes one by its number, or all."""

    def run(session: SessionCore, argument: str) -> Stops:
        if argument and not argument.isdecimal():
            raise InputError(f"{argument!r} is no breakpoint's number; `breakpoints` lists them")
        listed = [point.number for point in session.stops.listed()]
        numbers = [int(argument)] if argument else listed
        return Stops(tuple(change(session, number) for number in numbers), done)

    return run


ROWS = (
    Verb("break", ("b",), STOP, "CONDITION|OP|SCOPE|NODE", "stop at every visit of such a node",
         'break scope within "pos2/layer0" and data < -1', "condition",
         lambda session, text: Stops((session.break_at(text),), "added")),
    Verb("watch", ("w",), STOP, "NODE|MATRIX|ROW|SCOPE",
         "stop at every event that changes a grad there",
         "watch layer0.attn_wq[3]", "nodes",
         lambda session, text: Stops((session.watch(text),), "added")),
    Verb("breakpoints", ("info",), STOP, "", "list breakpoints and watchpoints, and their hits",
         "breakpoints", "", lambda session, _: Stops(session.stops.listed())),
    Verb("enable", (), STOP, "[NUMBER]", "let one stop again, or all", "enable 2", "stop",
         _each("enabled", lambda session, number: session.stops.enable(number, enabled=True))),
    Verb("disable", (), STOP, "[NUMBER]", "let one stop nothing, or all", "disable 2", "stop",
         _each("disabled", lambda session, number: session.stops.enable(number, enabled=False))),
    Verb("delete", ("d",), STOP, "[NUMBER]", "take one away, or all", "delete 2", "stop",
         _each("deleted", lambda session, number: session.stops.delete(number))),
)  # fmt: skip
