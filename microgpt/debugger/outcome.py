"""What a verb leaves behind: the session's state, and whatever else it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from microgpt.debugger.anomalies import Anomaly
from microgpt.debugger.flow import Flow
from microgpt.debugger.gradient_checks import CheckedGradients
from microgpt.debugger.health import Finding
from microgpt.debugger.session_state import State
from microgpt.debugger.source import Listing
from microgpt.debugger.stops import StopPoint
from microgpt.debugger.what_if import WhatIf
from microgpt.debugger.why import Why
from microgpt.graph.debuggee import Ended, Stop


@dataclass(frozen=True, slots=True)
class Shown:
    """A node to be shown, for `print` and `select`."""

    node: int


@dataclass(frozen=True, slots=True)
class Stops:
    """Breakpoints and watchpoints: all of them, or the one that a verb was about.

    Attributes:
        points: by number.
        done: what was done to them, `""` if they were only asked for.
    """

    points: tuple[StopPoint, ...]
    done: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The nodes that a search found."""

    text: str
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A line about something done that has no numbers."""

    text: str


@dataclass(frozen=True, slots=True)
class Help:
    """A verb's name to be explained, or `""` for all of them."""

    verb: str


@dataclass(frozen=True, slots=True)
class Anomalies:
    """Where numbers first go wrong, by pass."""

    found: tuple[Anomaly, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What is not well."""

    found: tuple[Finding, ...]


Answer: TypeAlias = (
    Shown
    | Stops
    | Found
    | Note
    | Help
    | Listing
    | Why
    | Flow
    | WhatIf
    | Anomalies
    | Health
    | CheckedGradients
    | Stop
    | Ended
    | None
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verb that was carried out.

    Attributes:
        verb: its full name.
        state: where the session stands after it.
        answer: what else it was asked for; None of a move.
    """

    verb: str
    state: State
    answer: Answer
