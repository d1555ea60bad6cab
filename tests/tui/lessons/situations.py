"""Situations for lessons, made as a person would: with the debugger's verbs, on a real model."""

from __future__ import annotations

from microgpt import ModelSnapshot, Training
from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.debugger.post_mortem import compute
from microgpt.train.graph_origin import GraphOrigin
from tui.lessons.lesson import Situation


def session_after(training: Training, steps: int) -> DebugSession:
    """At the step after so many.

    Raises:
        DomainError: one of them fails; `session_at` is the step then.
    """
    for _ in training.losses(steps):
        pass
    return session_at(training)


def session_at(training: Training) -> DebugSession:
    """At the step that comes next."""
    step = training.step + 1
    origin = GraphOrigin(
        ModelSnapshot.of(training), training.document_at(step), step, training.documents,
        training.state.copy(), training.config,
    )  # fmt: skip
    computed = compute(origin.model, origin.document)
    return DebugSession(computed.graph, origin, computed.problem)


def after(session: DebugSession, *lines: str, **fields: object) -> Situation:
    """Where a person stands who has typed these lines; walking, unless told otherwise."""
    for line in lines:
        Console(session).execute(line)
    given = {"mode": "graph", "is_walking": True, "node": session.state.node, **fields}
    return Situation(session=session, **given)  # type: ignore[arg-type]
