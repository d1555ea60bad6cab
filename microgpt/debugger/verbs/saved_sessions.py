"""`save` and `load`: breakpoints and watchpoints under a name; `saved_stops.py` keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger import saved_stops
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.break_and_watch import Stops
from microgpt.debugger.verbs.verb import SESSION, Answer, Json, Verb


@dataclass(frozen=True, slots=True)
class Note(Answer):
    """A line about something done that has no numbers."""

    text: str

    def lines(self) -> list[str]:
        """The line."""
        return [self.text]

    def as_json(self) -> Json:
        """The line."""
        return {"note": self.text}


def _save(session: SessionCore, argument: str) -> Note:
    path = saved_stops.save(argument, session.stops.listed())
    return Note(f"saved {len(session.stops)} to {path}")


def _load(session: SessionCore, argument: str) -> Stops:
    """Takes the stops that were kept, in place of those there are."""
    kept = saved_stops.load(argument)
    session.stops.clear()
    for stop in kept:
        session.stops.add(stop.kind, stop.text, enabled=stop.enabled, even_if_nowhere=True)
    return Stops(session.stops.listed(), "loaded")


ROWS = (
    Verb("save", (), SESSION, "NAME", "keep breakpoints and watchpoints under a name",
         "save heads", "name", _save),
    Verb("load", (), SESSION, "NAME", "take the breakpoints and watchpoints kept under a name",
         "load heads", "name", _load),
)  # fmt: skip
