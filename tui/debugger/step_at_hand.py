"""The training step that the modes are about: one for all of them, with a person in it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.debugger.post_mortem import compute
from microgpt.errors import GraphError, MicrogptError
from microgpt.graph.events import Phase
from microgpt.train.graph_cost import MOST_SCALARS, n_nodes
from microgpt.train.graph_origin import GraphOrigin
from tui.debugger.explorer import Explorer, Standpoint
from tui.debugger.marked import Marked
from tui.debugger.row_histories import row_keys, row_norms
from tui.debugger.still_explorer import StillExplorer
from tui.training.run_frame import RunFrame
from tui.widgets.status_bar import WhatIfMark

STEPS_REMEMBERED = 240
"""Of how many steps each row's gradient is kept."""


@dataclass(frozen=True, eq=False)
class OpenedStep:
    """A step whose graph is there to be looked at."""

    origin: GraphOrigin
    explorer: Explorer
    dropped: tuple[str, ...] = ()  # what-ifs of the step before that cannot be made in this one


def opened(
    origin: GraphOrigin, problem: str, place: Standpoint | None, edits: tuple[str, ...] = ()
) -> OpenedStep:
    """Computes the graph of a step, and its Map.

    Args:
        problem: why training stopped at it, `""` if it did not.
        place: where in it a person is to stand, None for the whole graph.
        edits: what-ifs to be made in it, as they are told, the oldest first.

    Raises:
        MicrogptError: there is no graph.
    """
    if needs_vectors(origin):
        still = StillExplorer(origin)
        _ = still.map.grad_norm, still.map.last_event
        return OpenedStep(origin, still)
    computed = compute(origin.model, origin.document)
    session = DebugSession(computed.graph, origin, computed.problem or problem)
    console, dropped = Console(session), []
    for edit in edits:
        try:
            console.execute(edit)
        except MicrogptError:
            dropped.append(edit)
    explorer = Explorer.arriving(session, place)
    _ = explorer.map.grad_norm, explorer.map.last_event  # made here, and not on the screen's thread
    return OpenedStep(origin, explorer, tuple(dropped))


def needs_vectors(origin: GraphOrigin) -> bool:
    """Whether a step is too large to be opened in scalars, all at once."""
    model = origin.model
    tokens = model.tokenizer.encode(origin.document)[: model.config.block_size + 1]
    return n_nodes(model.config, model.tokenizer.vocab_size, tokens) > MOST_SCALARS


def as_computed(step: OpenedStep) -> OpenedStep:
    """A step from its beginning: without walk, open boxes and what-ifs."""
    if step.explorer.why_still:
        return step
    original = step.explorer.session.edit_stack.original.graph
    return OpenedStep(step.origin, Explorer(DebugSession(original, step.origin)))


@dataclass
class StepAtHand:
    """What the modes show of one step; whichever is on screen moves it on."""

    step: OpenedStep | None = None  # None until the first is there
    marked: Marked | None = None  # what others are compared with
    was_past: bool = False  # whether the frame before was of a past step
    histories: dict[str, deque[float]] = field(default_factory=dict)
    """Of each row of the Map its gradient over the last steps shown, by `row_keys`."""

    @property
    def what_if(self) -> WhatIfMark | None:
        """The what-ifs in force, None without any."""
        if self.step is None or not self.step.explorer.edits:
            return None
        explorer = self.step.explorer
        graph = explorer.graph
        return WhatIfMark(explorer.edits, float(graph.data[graph.root]), self.step.origin.step)

    def edited_at(self, frame: RunFrame | None) -> OpenedStep | None:
        """The step with what-ifs in force, None where another one is gone to in time."""
        step = self.step
        if step is None or not step.explorer.edits or frame is None:
            return None
        if frame.past and frame.origin is not None and frame.origin.key != step.origin.key:
            return None
        return step

    def undo(self) -> None:
        """Takes the last what-if back.

        Raises:
            GraphError: there is none.
        """
        step = self.step
        if step is None or not step.explorer.edits:
            raise GraphError("nothing to undo: nothing is changed")
        session = step.explorer.session
        Console(session).execute("undo")
        explorer = Explorer(session)
        explorer.go_where(step.explorer.place)
        self.step = OpenedStep(step.origin, explorer)

    def go_to_moment(self, moment: tuple[Phase, int] | None) -> None:
        """Walks to a moment of the passes, or to the nearest that there is; None walks no more."""
        explorer = self.step.explorer if self.step is not None else None
        if explorer is None or explorer.why_still:
            return
        if moment is None:
            explorer.stepping = False
        elif explorer.graph.backpropagated or moment[0] == "forward":
            explorer.go_to_moment(*moment)

    def take(self, step: OpenedStep) -> None:
        """Goes to another step."""
        if self.step is not None and own_text(self.step.origin) != own_text(step.origin):
            self.histories.clear()  # a text of someone's own comes, or goes
        self.step = step
        step_map = step.explorer.map
        for key, size in zip(row_keys(step_map.rows), row_norms(step_map), strict=True):
            history = self.histories.setdefault(key, deque(maxlen=STEPS_REMEMBERED))
            history.append(size)


def own_text(origin: GraphOrigin) -> str:
    """The text of someone's own that is looked at, `""` for training's document."""
    return origin.document if origin.trained_on else ""
