"""What each verb does with a session and the argument typed after it; rows of `verbs.VERBS`."""

from __future__ import annotations

import math
from collections.abc import Callable

from microgpt.debugger import saved
from microgpt.debugger.flow import Flow
from microgpt.debugger.gradient_checks import CheckedGradients
from microgpt.debugger.outcome import Anomalies, Found, Health, Help, Note, Shown, Stops
from microgpt.debugger.session import DebugSession
from microgpt.debugger.session_state import State
from microgpt.debugger.source import Listing, listing
from microgpt.debugger.stops import StopPoint
from microgpt.debugger.what_if import WhatIf
from microgpt.debugger.why import Why
from microgpt.errors import GraphError, InputError
from microgpt.graph.debuggee import Ended, Stop
from microgpt.model.places import position_number

# -- moves -----------------------------------------------------------------------------------------


def step(session: DebugSession, argument: str) -> None:
    """On by events."""
    session.step(count_of(argument))


def back(session: DebugSession, argument: str) -> None:
    """Back by events."""
    session.back(count_of(argument))


def next_(session: DebugSession, _: str) -> None:
    """Over the scope at hand."""
    session.next()


def reverse_next(session: DebugSession, _: str) -> None:
    """Back over the scope at hand."""
    session.reverse_next()


def finish(session: DebugSession, argument: str) -> None:
    """Out of a scope."""
    session.finish(argument or None)


def reverse_finish(session: DebugSession, argument: str) -> None:
    """Out of a scope, backwards."""
    session.reverse_finish(argument or None)


def until(session: DebugSession, argument: str) -> None:
    """On to where a condition holds."""
    session.until(argument)


def reverse_until(session: DebugSession, argument: str) -> None:
    """Back to where a condition holds."""
    session.reverse_until(argument)


def continue_(session: DebugSession, _: str) -> None:
    """On to the next stop."""
    session.continue_()


def reverse_continue(session: DebugSession, _: str) -> None:
    """Back to the last stop."""
    session.reverse_continue()


def goto(session: DebugSession, argument: str) -> None:
    """To a moment."""
    session.goto(argument)


# -- looking ---------------------------------------------------------------------------------------


def print_(session: DebugSession, argument: str) -> Shown:
    """A node's numbers."""
    return Shown(_node(session, argument))


def select(session: DebugSession, argument: str) -> Shown:
    """Selects a node."""
    node = session.find(argument)
    session.select(node)
    return Shown(node)


def where(_: DebugSession, __: str) -> None:
    """The state says it."""


def list_(session: DebugSession, argument: str) -> Listing:
    """A node's source."""
    return listing(session.graph, _node(session, argument))


def search(session: DebugSession, argument: str) -> Found:
    """Nodes by condition or name."""
    return Found(argument, tuple(session.search(argument).tolist()))


# -- breakpoints and watchpoints -------------------------------------------------------------------


def break_(session: DebugSession, argument: str) -> Stops:
    """A breakpoint."""
    return Stops((session.break_at(argument),), "added")


def watch(session: DebugSession, argument: str) -> Stops:
    """A watchpoint."""
    return Stops((session.watch(argument),), "added")


def breakpoints(session: DebugSession, _: str) -> Stops:
    """All of them."""
    return Stops(session.stops.listed())


def enable(session: DebugSession, argument: str) -> Stops:
    """Switches on."""
    return _each(session, argument, lambda n: session.stops.enable(n, enabled=True), "enabled")


def disable(session: DebugSession, argument: str) -> Stops:
    """Switches off."""
    return _each(session, argument, lambda n: session.stops.enable(n, enabled=False), "disabled")


def delete(session: DebugSession, argument: str) -> Stops:
    """Takes away."""
    return _each(session, argument, session.stops.delete, "deleted")


# -- asking why ------------------------------------------------------------------------------------


def why(session: DebugSession, argument: str) -> Why:
    """A gradient's shares."""
    return session.why(_node(session, argument))


def flow(session: DebugSession, argument: str) -> Flow:
    """Where a node goes."""
    return session.flow(_node(session, argument))


# -- what is wrong ---------------------------------------------------------------------------------


def anomalies(session: DebugSession, _: str) -> Anomalies:
    """Where numbers first go wrong."""
    return Anomalies(session.anomalies())


def health(session: DebugSession, _: str) -> Health:
    """What is not well."""
    return Health(session.health())


def gradcheck(session: DebugSession, argument: str) -> CheckedGradients:
    """Gradients against central differences."""
    reference, word, step = f" {argument} ".partition(" step ")
    reference = reference.strip()
    if not word:
        return session.check_gradients(None if reference in {"", "all"} else reference)
    try:
        size = float(step)
    except ValueError:
        size = math.nan
    if not 0 < size < 1:
        raise InputError(f"{step.strip()!r} is no step: a number between 0 and 1, as 1e-5")
    return session.check_gradients(None if reference in {"", "all"} else reference, size)


# -- what if ---------------------------------------------------------------------------------------


def set_(session: DebugSession, argument: str) -> WhatIf:
    """A node's value."""
    reference, value = _assignment(argument, "set layer0.attn_wq[3][7] = 0.5")
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{value!r} is no number to set {reference} to") from None
    return session.set_node(reference, number)


def token(session: DebugSession, argument: str) -> WhatIf:
    """A token."""
    position, character = _assignment(argument, "token 2 = a")
    position = position_number(position)
    if not position.isdecimal():
        raise InputError(f"{position!r} is no position: a whole number, as in: token 2 = a")
    return session.set_token(int(position), character)


def zero(session: DebugSession, argument: str) -> WhatIf:
    """A scope's outputs by zero."""
    return session.replace_outputs(argument, "zero")


def mean(session: DebugSession, argument: str) -> WhatIf:
    """A scope's outputs by their mean."""
    return session.replace_outputs(argument, "mean")


def patch(session: DebugSession, argument: str) -> WhatIf:
    """A scope's outputs by those of another document."""
    scope, word, document = argument.partition(" from ")
    if not word or not document.strip():
        raise InputError(
            "patch needs SCOPE from DOCUMENT, as in: patch pos1/layer0/attn from olivia"
        )
    return session.replace_outputs(scope.strip(), "other", document.strip())


def undo(session: DebugSession, _: str) -> WhatIf:
    """The last edit."""
    return session.undo()


def edits(session: DebugSession, _: str) -> WhatIf:
    """All edits."""
    return session.edits()


# -- the program -----------------------------------------------------------------------------------


def run(session: DebugSession, argument: str) -> Stop | Ended:
    """The program, on to its next stop."""
    return session.run_on(count_of(argument))


# -- session ---------------------------------------------------------------------------------------


def save(session: DebugSession, argument: str) -> Note:
    """Keeps the stops."""
    path = saved.save(argument, session.stops.listed())
    return Note(f"saved {len(session.stops)} to {path}")


def load(session: DebugSession, argument: str) -> Stops:
    """Takes the stops that were kept, in place of those there are."""
    kept = saved.load(argument)
    session.stops.clear()
    for stop in kept:
        session.stops.add(stop.kind, stop.text, enabled=stop.enabled, even_if_nowhere=True)
    return Stops(session.stops.listed(), "loaded")


def help_(_: DebugSession, argument: str) -> Help:
    """The table of verbs, or a row of it."""
    return Help(argument)


def quit_(_: DebugSession, __: str) -> None:
    """Whoever reads lines stops there."""


# -- arguments -------------------------------------------------------------------------------------


def _assignment(argument: str, example: str) -> tuple[str, str]:
    left, equals, right = argument.partition("=")
    if not equals or not left.strip() or not right.strip():
        raise InputError(f"{argument!r} sets nothing; write it as: {example}")
    return left.strip(), right.strip()


def count_of(argument: str) -> int:
    """How often, 1 if it is not said. Raises `InputError` if it is no count."""
    if not argument:
        return 1
    if not argument.isdecimal() or not 1 <= int(argument) <= 10**9:
        raise InputError(f"{argument!r} is no count: a whole number from 1")
    return int(argument)


def _node(session: DebugSession, argument: str) -> int:
    if argument:
        return session.find(argument)
    state: State = session.state
    if state.selection is None:
        raise GraphError("nothing is visited yet: name a NODE, or step")
    return state.selection


def _each(
    session: DebugSession, argument: str, change: Callable[[int], StopPoint], done: str
) -> Stops:
    """Changes one by its number, or all."""
    if argument and not argument.isdecimal():
        raise InputError(f"{argument!r} is no breakpoint's number; `breakpoints` lists them")
    numbers = [int(argument)] if argument else [point.number for point in session.stops.listed()]
    return Stops(tuple(change(number) for number in numbers), done)
