"""`run`: the script goes on to its next `backward()`, and that is what is debugged then."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.arguments import count_of
from microgpt.debugger.verbs.verb import PROGRAM, Answer, Json, Verb
from microgpt.debugger.verbs.where import Standing, halt_as_json, halt_lines
from microgpt.graph.debuggee import Ended, Stop


@dataclass(frozen=True, slots=True)
class Ran(Answer):
    """Where the script came to."""

    halt: Stop | Ended
    standing: Standing  # of the session, in the graph there

    def lines(self) -> list[str]:
        """Where the script stands, or how it ended, and where the session does."""
        if isinstance(self.halt, Ended):
            return [f"the script is over: {self.halt.reason}"]
        return [*halt_lines(self.halt), *self.standing.lines()]

    def as_json(self) -> Json:
        """As of `where`; of a script that is over, how it ended."""
        halt = self.halt
        if isinstance(halt, Stop):
            return {"script": halt_as_json(halt)}
        return {
            "script": {
                "stop": "end",
                "number": halt.n_backwards,
                "status": halt.status,
                "reason": halt.reason,
            }
        }


def _run(session: SessionCore, argument: str) -> Ran:
    halt = session.run_on(count_of(argument))
    return Ran(halt, Standing.of(session))


ROWS = (
    Verb("run", ("r",), PROGRAM, "[COUNT]",
         "let the script go on to its next backward(), or some further, and debug that",
         "run 10", "count", _run),
)  # fmt: skip
