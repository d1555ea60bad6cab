"""`quit`: whoever reads lines stops there."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.verbs.verb import SESSION, Answer, Json, Verb


@dataclass(frozen=True, slots=True)
class Farewell(Answer):
    """Nothing is left to say."""

    def lines(self) -> list[str]:
        """None."""
        return []

    def as_json(self) -> Json:
        """No field."""
        return {}


ROWS = (
    Verb("quit", ("q", "exit"), SESSION, "", "leave the debugger", "quit", "",
         lambda _, __: Farewell()),
)  # fmt: skip
