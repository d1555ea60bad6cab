"""Reading a run: every step that was recorded, with all its numbers, as if it were just trained."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from microgpt.errors import DomainError, InputError, RunFileError
from microgpt.model.training_state import TrainingState
from microgpt.runs import run_file
from microgpt.runs.keyframes import EncodedKeyframe, Keyframe
from microgpt.runs.run_file import RunInfo
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
        self._connection = run_file.open_to_read(self.path)
        try:
            self.info: RunInfo = run_file.read_info(self.path, self._connection)
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
        ((last,),) = self._query("SELECT max(step) FROM step")
        return self.first_step if last is None else int(last)

    @property
    def is_finished(self) -> bool:
        """Whether the schedule's last step is recorded."""
        return self.last_step == self.info.config.num_steps

    def losses(self, since: int = 0) -> list[StepLoss]:
        """All steps recorded after step `since`."""
        rows = self._query(
            "SELECT step.step, text, loss, lr FROM step"
            " JOIN document ON place = (step.step - 1) % ? WHERE step.step > ? ORDER BY step.step",
            (self.info.num_documents, since),
        )
        return [StepLoss(*row) for row in rows]

    def documents(self, count: int) -> tuple[str, ...]:
        """The first documents trained on after the run's beginning, at most `count` of them."""
        rows = self._query(
            "SELECT text FROM step JOIN document ON place = (step.step - 1) % ?"
            " ORDER BY step.step LIMIT ?",
            (self.info.num_documents, count),
        )
        return tuple(str(text) for (text,) in rows)

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
        )  # fmt: skip

    def samples(self) -> list[tuple[int, str]]:
        """Step and text of every sample recorded, in order."""
        rows = self._query("SELECT step, text FROM sample ORDER BY step, number")
        return [(int(step), str(text)) for step, text in rows]

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
            document, loss = self._document_and_loss(step)
            result = self._trained(step, state, document)
            self._check(step, loss, result.loss)
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
        lr: float | None = None,
        seed: int | None = None,
    ) -> Training:
        """The run as a `Training` to go on with, at its last step or at an earlier one.

        Args:
            corpus: where the recorded name or path no longer leads to it.
            step: where to stand; with this, the learning rate or the order of the documents may
                be another, and what follows is a branch, which needs a file of its own.
            engine: that trains on.
            lr: another learning rate of the schedule's first step.
            seed: another order of the documents.

        Raises:
            InputError: the corpus cannot be read.
            RunFileError: it is not the corpus the run was recorded with, or the step's state
                does not come out again.
        """
        if corpus is None:
            corpus = load_corpus(self.info.corpus)
        if corpus.fingerprint != self.info.fingerprint:
            raise RunFileError(
                f"{str(self.path)!r} was recorded with another corpus than {corpus.name!r} holds "
                f"now: {self.info.num_documents} documents, now {len(corpus.documents)}"
                + ("" if len(corpus.documents) != self.info.num_documents else " others")
            )
        recorded = self.at(self.last_step if step is None else step)
        config = self.info.config
        config = replace(
            config,
            lr=config.lr if lr is None else lr,
            seed=config.seed if seed is None else seed,
        )
        training = Training(corpus, self.info.model, config, engine)
        rng_state = recorded.rng_state if seed is None else training.rng.getstate()
        training.restore(recorded.state, rng_state)
        return training

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
        rows = self._query("SELECT max(step) FROM keyframe WHERE step <= ?", (step,))
        stored = -1 if rows[0][0] is None else int(rows[0][0])
        if kept >= stored and kept >= 0:
            return self._states[kept]
        if stored < 0:
            raise self._damaged(step, "there is no keyframe before it")
        ((data, m, v, rng, checksum),) = self._query(
            "SELECT data, m, v, rng, checksum FROM keyframe WHERE step = ?", (stored,)
        )
        keyframe = EncodedKeyframe(stored, data, m, v, rng, checksum).decoded()
        if keyframe is None:
            raise self._damaged(
                stored, "its keyframe does not have the checksum it was stored with"
            )
        if len(keyframe.state.data) != self._num_parameters:
            raise self._damaged(stored, "its keyframe is of a model of another size")
        return keyframe

    def _train_on(self, state: TrainingState, last: int) -> None:
        """Trains the recorded steps up to `last` again, each to the loss recorded."""
        losses = [loss for loss in self.losses(since=state.step) if loss.step <= last]
        if [loss.step for loss in losses] != list(range(state.step + 1, last + 1)):
            raise self._damaged(last, "not all steps before it are in the file")
        while state.step < last:
            rest = losses[state.step - last :]
            try:
                done = self.engine.train_steps(
                    state, [self._tokens(r.document, r.step) for r in rest]
                )
            except DomainError as error:
                raise self._damaged(state.step + 1, str(error)) from error
            for recorded, loss in zip(rest, done, strict=False):
                self._check(recorded.step, recorded.loss, loss)
            if not done:
                raise self._damaged(state.step + 1, "its numbers do not come out finite")

    def _trained(self, step: int, state: TrainingState, document: str) -> StepResult:
        try:
            result = self.engine.train_step(state, document, self._tokens(document, step))
        except DomainError as error:
            raise self._damaged(step, str(error)) from error
        if result is None:
            raise self._damaged(step, "its numbers do not come out finite")
        return result

    def _keep(self, keyframe: Keyframe) -> None:
        self._states[keyframe.step] = keyframe
        self._states.move_to_end(keyframe.step)
        while len(self._states) > STATES_KEPT:
            self._states.popitem(last=False)

    @cached_property
    def _num_parameters(self) -> int:
        shapes = self.info.model.shapes(self.tokenizer.vocab_size)
        return sum(rows * cols for rows, cols in shapes.values())

    def _document_and_loss(self, step: int) -> tuple[str, float]:
        rows = self._query(
            "SELECT text, loss FROM step JOIN document ON place = (step.step - 1) % ?"
            " WHERE step.step = ?",
            (self.info.num_documents, step),
        )
        if not rows:
            raise self._damaged(step, "it is not in the file")
        return str(rows[0][0]), float(rows[0][1])

    def _tokens(self, document: str, step: int) -> tuple[int, ...]:
        try:
            return self.tokenizer.encode(document)[: self.info.model.block_size + 1]
        except InputError as error:
            raise self._damaged(step, str(error)) from error

    def _check(self, step: int, recorded: float, computed: float) -> None:
        if recorded != computed:
            raise self._damaged(
                step, f"its loss comes out as {computed!r} and was recorded as {recorded!r}"
            )

    def _damaged(self, step: int, why: str) -> RunFileError:
        return RunFileError(
            f"{str(self.path)!r}, step {step}: {why}; the file is damaged, or from a system with "
            "another math library"
        )

    def _query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, run_file.reported(self.path, "cannot read"):
            return self._connection.execute(sql, values).fetchall()
