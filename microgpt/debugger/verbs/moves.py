"""The verbs that go along the timeline, on and back; `Walk` knows how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.arguments import count_of
from microgpt.debugger.verbs.verb import GO_BACK, GO_ON, Verb
from microgpt.debugger.verbs.where import Standing


def _move(go: Callable[[SessionCore, str], Any]) -> Callable[[SessionCore, str], Standing]:
    """Goes, and tells where it came to."""

    def run(session: SessionCore, argument: str) -> Standing:
        go(session, argument)
        return Standing.of(session)

    return run


ROWS = (
    Verb("step", ("s",), GO_ON, "[COUNT]", "on by one event, or by some",
         "step 10", "count", _move(lambda session, count: session.step(count_of(count)))),
    Verb("next", ("n",), GO_ON, "", "over the scope at hand, to where the next begins",
         "next", "", _move(lambda session, _: session.next())),
    Verb("finish", ("o", "f"), GO_ON, "[SCOPE]",
         "until the scope around the one at hand is done: from attn/q out of attn",
         "finish pos1", "scope", _move(lambda session, scope: session.finish(scope or None))),
    Verb("until", ("u",), GO_ON, "CONDITION", "on to the next visit for which it holds",
         'until op == "exp" and data > 1', "condition", _move(SessionCore.until)),
    Verb("continue", ("c",), GO_ON, "", "on to the next breakpoint or watchpoint",
         "continue", "", _move(lambda session, _: session.continue_())),
    Verb("goto", ("g",), GO_ON, "EVENT|NODE|SCOPE|start|end",
         "to an event of the pass at hand or, as `backward 0`, of the other; to a node's visit; or "
         "to where the pass comes into a scope",
         "goto backward 0", "place", _move(SessionCore.goto)),
    Verb("back", ("S", "rs", "reverse-step"), GO_BACK, "[COUNT]", "back by one event, or by some",
         "back 10", "count", _move(lambda session, count: session.back(count_of(count)))),
    Verb("reverse-next", ("N", "rn"), GO_BACK, "",
         "to where the scope at hand began, or from there to the one before",
         "reverse-next", "", _move(lambda session, _: session.reverse_next())),
    Verb("reverse-finish", ("O", "rf"), GO_BACK, "[SCOPE]", "to before the scope was begun",
         "reverse-finish", "scope",
         _move(lambda session, scope: session.reverse_finish(scope or None))),
    Verb("reverse-until", ("ru",), GO_BACK, "CONDITION",
         "to the last visit before for which it holds",
         "reverse-until abs(grad) > 0.1", "condition", _move(SessionCore.reverse_until)),
    Verb("reverse-continue", ("C", "rc"), GO_BACK, "",
         "to the last breakpoint or watchpoint before",
         "reverse-continue", "", _move(lambda session, _: session.reverse_continue())),
)  # fmt: skip
