"""Reading a run: every step that was recorded, with all its numbers, as if it were just trained."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from microgpt.errors import DomainError, InputError, RunFileError
from microgpt.model.adam import TrainingConfig
from microgpt.model.training_state import TrainingState
from microgpt.runs import run_file
from microgpt.runs.guarded import opened
from microgpt.runs.keyframes import Keyframe
from microgpt.runs.rows import RunRows, Seal
from microgpt.runs.run_info import RunInfo
from microgpt.text.corpus import Corpus, load_corpus
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines import Engine, EngineName, StepResult, make_engine
from microgpt.train.graph_origin import MEAN_OF, GraphOrigin
from microgpt.train.model_snapshot import ModelSnapshot
from microgpt.train.training import RngState, StepLoss, Training

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph

STATES_KEPT = 8


@dataclass(frozen=True)
class RecordedStep:
    """A step of a run."""

    step: int  # counted from 1; 0, or the step at which a branch begins, has no document
    result: StepResult | None  # None at the beginning
    before: ModelSnapshot  # which the step's numbers were computed with
    after: ModelSnapshot  # its update done: samples and exported weights are of this one
    state_before: TrainingState  # parameters and moments before its update
    state: TrainingState  # parameters and moments after it
    rng_state: RngState  # of the run's generator

    def graph(self, document: str | None = None) -> Graph:
        """The whole graph of a document under the parameters the step was computed with.

        Args:
            document: the step's own if not given.

        Raises:
            InputError: there is no document, or it is not one of this model's.
        """
        if document is None:
            if self.result is None:
                raise InputError(f"step {self.step} has no document: give a text")
            document = self.result.document
        else:
            self.before.check_document(document)
        return self.before.graph(document)


class Run:
    """A recorded run, perhaps still being written by another process.

    >>> from microgpt import Training, TrainingConfig, load_corpus
    >>> import tempfile
    >>> from microgpt.runs import RunRecorder
    >>> path = Path(tempfile.mkdtemp()) / "names.run"
    >>> training = Training(load_corpus("names"), config=TrainingConfig(num_steps=3))
    >>> with RunRecorder.create(path, training) as recorder:
    ...     for losses in training.losses():
    ...         recorder.record(losses)
    >>> with Run(path) as run:
    ...     run.last_step, run.at(2).result.loss == run.losses()[1].loss
    (3, True)
    """

    def __init__(self, path: str | Path, engine: EngineName = "auto") -> None:
        """Opens a file to read.

        Raises:
            RunFileError: it is not a run file, not whole, of another version, or cannot be read.
            EngineUnavailableError: the engine needs a library that is not there.
        """
        self.path = Path(path)
        self._lock = threading.RLock()  # a screen reads in a thread of its own
        self._connection = opened(self.path, "ro")
        try:
            self.rows = RunRows(self.path, self._connection)
            self.info: RunInfo = self.rows.info
            self.tokenizer = Tokenizer(self.info.chars)
            self.engine: Engine = make_engine(
                engine, self.info.model, self.tokenizer, self.info.config
            )
        except BaseException:
            self._connection.close()
            raise
        self._states: OrderedDict[int, Keyframe] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets the file go."""
        with self._lock:
            run_file.close_reading(self.path, self._connection)

    # -- what is in the file just now ------------------------------------------------------------

    @property
    def first_step(self) -> int:
        """The step before the first: 0, or the one at which a branch begins."""
        return self.info.parent_step

    @property
    def last_step(self) -> int:
        """The last step recorded."""
        return self.rows.last_step()

    @property
    def is_finished(self) -> bool:
        """Whether the schedule's last step is recorded."""
        return self.last_step == self.info.config.num_steps

    @property
    def seal(self) -> Seal | None:
        """What the file says it holds; None if it was begun by a microgpt without checksums."""
        return self.rows.seal()

    def losses(self, since: int = 0, *, as_far_as_whole: bool = False) -> list[StepLoss]:
        """All steps recorded after step `since`.

        Args:
            as_far_as_whole: whether those before a damaged one are given, if there are any.

        Raises:
            RunFileError: one is damaged.
        """
        return self.rows.steps(since, as_far_as_whole=as_far_as_whole)

    def documents(self, count: int) -> tuple[str, ...]:
        """The first documents trained on after the run's beginning, at most `count` of them."""
        first = self.first_step
        steps = range(first + 1, min(first + count, self.last_step) + 1)
        return tuple(self.rows.document_of(step) for step in steps)

    def origin(self, recorded: RecordedStep) -> GraphOrigin:
        """What a step was computed from, for the debugger.

        Raises:
            InputError: the step has no document.
        """
        if recorded.result is None:
            raise InputError(f"step {recorded.step} has no document: give a text")
        return GraphOrigin(
            recorded.before, recorded.result.document, recorded.step,
            self.documents(MEAN_OF), recorded.state_before, self.info.config,
            run=self.info.run_id,
        )  # fmt: skip

    def samples(self) -> list[tuple[int, str]]:
        """Step and text of every sample recorded, in order."""
        return [(sample.step, sample.text) for sample in self.rows.samples()]

    # -- any step --------------------------------------------------------------------------------

    def at(self, step: int) -> RecordedStep:
        """A recorded step, computed again from the keyframe before it.

        Raises:
            RunFileError: the file has no such step, or what it has does not come out again: the
                message names the step.
        """
        last = self.last_step
        if not self.first_step <= step <= last:
            raise RunFileError(
                f"{str(self.path)!r} has no step {step}: it holds {self.first_step} to {last}"
            )
        with self._lock:
            if step == self.first_step:
                keyframe = self._state_after(step)
                model = self._model(keyframe.state)
                return RecordedStep(
                    step, None, model, model, keyframe.state, keyframe.state, keyframe.rng_state
                )
            keyframe = self._state_after(step - 1)
            state = keyframe.state.copy()
            (recorded,) = self.rows.steps(step - 1, step)
            result = self._trained(step, state, recorded.document)
            self._check(step, recorded.loss, result.loss)
            self._compare(step, state)
            self._keep(Keyframe(state, keyframe.rng_state))
        before, after = self._model(keyframe.state), self._model(state)
        return RecordedStep(
            step, result, before, after, keyframe.state, state.copy(), keyframe.rng_state
        )

    def training(
        self,
        corpus: Corpus | None = None,
        *,
        step: int | None = None,
        engine: EngineName = "auto",
        config: TrainingConfig | None = None,
    ) -> Training:
        """The run as a `Training` to go on with, at its last step or at an earlier one.

        Args:
            corpus: where the recorded name or path no longer leads to it.
            step: where to stand.
            engine: that trains on.
            config: how to go on, if in another way. What follows is a branch, which needs a file of
                its own. Another seed is another order of the documents.

        Raises:
            InputError: the corpus cannot be read, or one cannot go on in that way.
            RunFileError: it is not the corpus the run was recorded with, or the step's state
                does not come out again.
        """
        if corpus is None:
            corpus = load_corpus(self.info.corpus)
        were = self.info.num_documents + self.info.config.validation
        if corpus.fingerprint != self.info.fingerprint:
            raise RunFileError(
                f"{str(self.path)!r} was recorded with another corpus than {corpus.name!r} holds "
                f"now: {were} documents, now {len(corpus.documents)}"
                + ("" if len(corpus.documents) != were else " others")
            )
        recorded = self.at(self.last_step if step is None else step)
        self.rows.keyframe(recorded.step)  # a damaged one cannot be compared with
        config = config or self.info.config
        if config.validation != self.info.config.validation:
            raise InputError(
                f"{self.info.config.validation} documents are held out, and stay so: of others the "
                "run has trained on some"
            )
        if config.num_steps < recorded.step:
            raise InputError(
                f"num_steps is {config.num_steps}; it must be at least {recorded.step}, where it "
                "goes on"
            )
        training = Training(corpus, self.info.model, config, engine)
        is_same_order = config.seed == self.info.config.seed
        if is_same_order:
            self._check_draws(training, recorded.rng_state)
        rng_state = recorded.rng_state if is_same_order else training.rng.getstate()
        training.restore(recorded.state, rng_state)
        return training

    def _check_draws(self, training: Training, rng_state: RngState) -> None:
        """That what was drawn in the beginning is what the run's seed gives."""
        for place, row in self.rows.scan("document", range(0)):
            if place < len(training.documents) and row is not None:
                text = self.rows.text_of(row, place + 1)
                if training.documents[place] != text:
                    raise self.rows.damaged(
                        place + 1, f"its document is {text[:40]!r}, which the seed does not give"
                    )
        if not self.info.parent_id and rng_state != training.rng.getstate():
            raise self.rows.damaged(0, "its generator does not stand where the seed leads")

    def _model(self, state: TrainingState) -> ModelSnapshot:
        return ModelSnapshot(self.info.model, self.tokenizer, state.data[:])

    # -- states ----------------------------------------------------------------------------------

    def _state_after(self, step: int) -> Keyframe:
        """The state after a step's update; the step may be the one before the first."""
        if step in self._states:
            self._states.move_to_end(step)
            return self._states[step]
        start = self._nearest(step)
        state = start.state.copy()
        if state.step < step:
            self._train_on(state, step)
        kept = Keyframe(state, start.rng_state)
        self._keep(kept)
        return kept

    def _nearest(self, step: int) -> Keyframe:
        """The latest state at or before a step that is kept or stored."""
        kept = max((s for s in self._states if s <= step), default=-1)
        stored = self.rows.keyframe_before(step)
        if kept >= 0 and (stored is None or kept >= stored):
            return self._states[kept]
        keyframe = None if stored is None else self.rows.keyframe(stored)
        if keyframe is None:
            raise self.rows.damaged(step, "there is no keyframe before it")
        return keyframe

    def _train_on(self, state: TrainingState, last: int) -> None:
        """Trains the recorded steps up to `last` again, each to the loss recorded."""
        losses = self.rows.steps(state.step, last)
        while state.step < last:
            rest = losses[state.step - last :]
            try:
                done = self.engine.train_steps(
                    state, [self._tokens(r.document, r.step) for r in rest]
                )
            except DomainError as error:
                raise self.rows.damaged(state.step + 1, str(error)) from error
            for recorded, loss in zip(rest, done, strict=False):
                self._check(recorded.step, recorded.loss, loss)
            if not done:
                raise self.rows.damaged(state.step + 1, "its numbers do not come out finite")

    def _trained(self, step: int, state: TrainingState, document: str) -> StepResult:
        try:
            result = self.engine.train_step(state, document, self._tokens(document, step))
        except DomainError as error:
            raise self.rows.damaged(step, str(error)) from error
        if result is None:
            raise self.rows.damaged(step, "its numbers do not come out finite")
        return result

    def _compare(self, step: int, state: TrainingState) -> None:
        """Holds a state against the keyframe of its step, if that has one that is whole."""
        try:
            keyframe = self.rows.keyframe(step)
        except RunFileError:
            return
        if keyframe is not None and keyframe.state != state:
            raise self.rows.damaged(step, "its state does not come out as it was recorded")

    def _keep(self, keyframe: Keyframe) -> None:
        self._states[keyframe.step] = keyframe
        self._states.move_to_end(keyframe.step)
        while len(self._states) > STATES_KEPT:
            self._states.popitem(last=False)

    def _tokens(self, document: str, step: int) -> tuple[int, ...]:
        try:
            return self.tokenizer.encode(document)[: self.info.model.block_size + 1]
        except InputError as error:
            raise self.rows.damaged(step, str(error)) from error

    def _check(self, step: int, recorded: float, computed: float) -> None:
        if recorded != computed:
            raise self.rows.damaged(
                step, f"its loss comes out as {computed!r} and was recorded as {recorded!r}"
            )
