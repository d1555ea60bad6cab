"""`DoctorWatch`: a thread in which the doctor looks at a run that goes on. Knows no screen.

It always looks at the newest step. Losses and updates are read at most ten times a second. To look
at all that a step computed takes a graph of it, tens of milliseconds or more; so the next look
waits until all of them together took at most `SHARE` of the time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from microgpt.diagnosis.finding import Finding
from microgpt.errors import MicrogptError
from microgpt.graph.graph import Graph
from microgpt.train.graph_origin import GraphOrigin
from tui.training.newest_only import NewestOnly
from tui.training.run_frame import RunFrame

if TYPE_CHECKING:
    from microgpt.diagnosis.training_doctor import TrainingDoctor

LOOK_EVERY = 0.1
"""Units: seconds."""
SHARE = 0.03
"""Of the time its looks take at most; with what they take from others, 5 % of training's speed."""


class DoctorWatch:
    """Looks at the frames of one run.

    Args:
        on_news: is called from its thread when there is a finding more.
    """

    def __init__(self, on_news: Callable[[], None]) -> None:
        self.findings: tuple[Finding, ...] = ()
        self.n_looks = 0  # at all that a step computed
        self._on_news = on_news
        self._doctor: TrainingDoctor | None = None
        self._looked_at = 0  # the step of the last look
        self._next_look = 0.0
        self._thread = NewestOnly("doctor", self._look, LOOK_EVERY)

    def ask(self, frame: RunFrame) -> None:
        """Asks for a run's newest frame, in place of any other asked for before."""
        self._thread.ask(frame)

    def close(self) -> None:
        """Ends the thread after the look it is in."""
        self._thread.close()

    # -- the thread ------------------------------------------------------------------------------

    def _look(self, frame: RunFrame) -> None:
        if self._doctor is None:
            from microgpt.diagnosis.training_doctor import TrainingDoctor  # noqa: PLC0415  # late

            self._doctor = TrainingDoctor(math.log(frame.model.tokenizer.vocab_size))
        doctor, origin = self._doctor, frame.origin
        losses = frame.losses_so_far
        doctor.read_losses(losses, frame.first_step)
        doctor.read_validation(frame.measured_so_far, losses, frame.first_step)
        if origin is not None and origin.step != self._looked_at:
            self._looked_at = origin.step
            doctor.look_at_update(origin)
            if frame.status == "failed":
                doctor.fails(origin.step, frame.problem)
            elif time.monotonic() >= self._next_look or frame.status != "running":
                self._look_at_all(doctor, origin)
        if doctor.findings != self.findings:
            self.findings = doctor.findings
            self._on_news()

    def _look_at_all(self, doctor: TrainingDoctor, origin: GraphOrigin) -> None:
        began = time.monotonic()
        try:
            graph = _graph_of(origin)
        except MicrogptError:  # the training itself says what is wrong with the step
            graph = None
        if graph is not None:
            doctor.look_at_graph(graph, origin.step)
            self.n_looks += 1
        # Not its processor's time: what holds the interpreter's lock may have to wait for that.
        self._next_look = began + max(LOOK_EVERY, (time.monotonic() - began) / SHARE)


def _graph_of(origin: GraphOrigin) -> Graph | None:
    """The graph of a step; makes no replay ready for it, which would take a processor for long."""
    from microgpt.replay.graph_replayer import REPLAYER  # noqa: PLC0415  # numpy, when asked
    from microgpt.replay.vectors.document_graph import vector_graph  # noqa: PLC0415

    model = origin.model
    tokens = model.tokenizer.encode(origin.document)[: model.config.block_size + 1]
    is_ready = REPLAYER.is_ready(model.config, model.tokenizer, len(tokens) - 1)
    make = REPLAYER.graph if is_ready else vector_graph
    return make(model.config, model.tokenizer, model.data, tokens)
