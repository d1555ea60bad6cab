"""What a lesson is: a task on the real model, and a check of where the person stands.

A check is a pure function of a `Situation`. It knows no widget, so lessons are tested without a
screen, on sessions that are moved by the debugger's verbs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from microgpt.train.graph_origin import GraphOrigin
from tui.training.run_frame import RunFrame

Course: TypeAlias = Literal["", "trained", "diverging"]
"""The run that a lesson looks at; `""` for whichever is there."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a person has on screen, as far as lessons ask."""

    mode: str = ""  # its name, in lower case
    session: DebugSession | None = None  # at the step at hand, None before there is one
    is_walking: bool = False  # whether the person goes through its events
    frame: RunFrame | None = None  # the run, None before it has begun
    selected: str = ""  # a scope, a matrix or a node, in the debugger's words; `""` if nothing is
    node: int | None = None  # the selected single node, or the one visited
    head: tuple[int, int] | None = None  # the head selected in Attention mode: layer, head

    file: str = ""  # the one that was written for the lesson, `""` if none was

    @property
    def graph(self) -> Graph | None:
        """The graph at hand, with the what-ifs in force."""
        return self.session.graph if self.session else None

    @property
    def origin(self) -> GraphOrigin | None:
        """What the step shown was computed from."""
        if self.session is not None:
            return self.session.origin
        return (self.frame.origin or self.frame.upcoming) if self.frame else None

    @property
    def edits(self) -> tuple[str, ...]:
        """The what-ifs in force, as they are told, the oldest first."""
        return self.session.edit_stack.texts if self.session else ()


@dataclass(frozen=True, slots=True)
class TaskVerdict:
    """What a check says."""

    is_done: bool
    said: str = ""  # what was right, or what to look at again


NOT_YET = TaskVerdict(is_done=False)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A task, hints from vague to plain, and what tells that it is done."""

    name: str  # one word: progress is kept under it
    title: str
    task: str
    hints: tuple[str, ...]
    check: Callable[[Situation], TaskVerdict]
    course: Course = "trained"
    file_name: str = ""  # of a file that is written for it into the folder at hand, `""` for none
    file_text: str = ""
    is_slow: bool = False  # whether its check takes long, and is made in a thread
    waits_for_answer: bool = False
    """Whether it is looked at only when asked for: what is selected is an answer then, and no
    chance."""
