"""A text of someone's own in place of training's documents: computed with each step's parameters.

Knows no screen. A thread computes the step asked for last; those passed by meanwhile are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from microgpt.errors import MicrogptError
from microgpt.train.engines import Engine, StepResult, make_engine
from microgpt.train.engines.value_engine import ValueEngine
from microgpt.train.graph_origin import GraphOrigin, OriginKey
from tui.training.newest_only import NewestOnly
from tui.training.run_frame import RunFrame


@dataclass(frozen=True, slots=True)
class PinnedStep:
    """What the text gives at one step."""

    origin: GraphOrigin  # the step, with the text in place of its document
    result: StepResult | None  # None if an op had no finite result
    problem: str = ""  # why it has none, one line


class PinnedText:
    """Computes one text at the steps that are shown."""

    def __init__(self, text: str, on_arrival: Callable[[], None]) -> None:
        """Computes nothing yet.

        Args:
            text: one that the model can read; see `ModelSnapshot.check_document`.
            on_arrival: called from this object's thread.
        """
        self.text = text
        self.latest: PinnedStep | None = None  # what arrived last
        self._on_arrival = on_arrival
        self._engine: Engine | None = None
        self._wanted: OriginKey | None = None  # the step asked for last
        self._thread = NewestOnly("pinned text", self._compute)

    def ask(self, frame: RunFrame) -> None:
        """Asks for the step of a frame, unless that is what was asked for last."""
        origin = frame.origin
        if origin is None or origin.key == self._wanted:
            return
        self._wanted = origin.key
        self._thread.ask(origin)

    def in_place_of(self, frame: RunFrame) -> RunFrame:
        """The frame with the text in it, of the step that arrived last."""
        if frame.origin is None:  # the untrained model: no step gives a result, but there is a map
            upcoming = frame.upcoming.showing(self.text) if frame.upcoming else None
            return replace(frame, upcoming=upcoming, pinned=self.text)
        latest = self.latest
        if latest is None or latest.result is None:  # its graph can be looked at all the same
            return replace(frame, origin=frame.origin.showing(self.text), pinned=self.text)
        return replace(
            frame,
            result=latest.result,
            model=latest.origin.model,
            origin=latest.origin,
            pinned=self.text,
        )

    def close(self) -> None:
        """Ends the thread."""
        self._thread.close()

    # -- the thread ------------------------------------------------------------------------------

    def _compute(self, origin: GraphOrigin) -> None:
        pinned = origin.showing(self.text)
        try:
            arrived = PinnedStep(pinned, self._result(pinned))
        except MicrogptError as error:
            arrived = PinnedStep(pinned, None, str(error))
        self.latest = arrived
        self._on_arrival()

    def _result(self, origin: GraphOrigin) -> StepResult:
        """What a step on the text would compute, on a copy of the state."""
        model, config = origin.model, origin.config
        tokens = model.tokenizer.encode(self.text)
        if self._engine is None:
            self._engine = make_engine("auto", model.config, model.tokenizer, config)
        result = self._engine.train_step(origin.state.copy(), self.text, tokens)
        if result is None:  # on Values it says what went wrong, and where
            values = ValueEngine(model.config, model.tokenizer, config)
            result = values.train_step(origin.state.copy(), self.text, tokens)
        return result
