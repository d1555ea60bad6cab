"""Keeping what is whole of a damaged run file, in a new one that is whole."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from microgpt.errors import DomainError, InputError, MicrogptError, RunFileError
from microgpt.files import temporary_beside
from microgpt.model.training_state import TrainingState
from microgpt.runs import run_file
from microgpt.runs.guarded import check_name, opened, reported
from microgpt.runs.rows import RunRows
from microgpt.runs.run_info import RunInfo
from microgpt.runs.schema import insertion, stored
from microgpt.runs.verifying import WholeParts, whole_parts
from microgpt.text.corpus import load_corpus
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines import Engine, make_engine
from microgpt.train.validation import in_training_order


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a damaged file."""

    first_step: int  # of the new one, as of any run
    last_step: int
    mended: tuple[int, ...]  # steps whose losses were computed again, and are right
    damages: tuple[str, ...]  # of the old one
    left_out: str  # which steps could not be kept, `""` if none


def salvage(source: Path, target: Path) -> Salvaged:
    """Writes a new run file of all that is whole in another.

    A loss that is not whole is computed again, from the keyframe before it, where the steps behind
    it confirm that; a document is taken from the corpus, where that is at hand. The run ends before
    the first step that stays damaged, and begins at its first whole keyframe.

    Raises:
        RunFileError: the source is no run file, or what the run is cannot be trusted, or no
            keyframe is whole; or the target exists or cannot be written. Nothing is left behind.
    """
    check_name(target)
    if target.exists():
        raise RunFileError(f"{str(target)!r} exists")
    connection = opened(source, "ro")
    try:
        rows = RunRows(source, connection)
        return _Salvage(rows, whole_parts(rows)).into(target)
    finally:
        connection.close()


class _Salvage:
    def __init__(self, rows: RunRows, parts: WholeParts) -> None:
        self._rows = rows
        self._info = rows.info
        self._parts = parts
        if not parts.keyframes:
            raise RunFileError(f"{str(rows.path)!r}: no keyframe is whole, so no step can be kept")
        self._documents = {**self._of_corpus(), **parts.documents}
        self._losses = dict(parts.losses)
        self._mended: list[int] = []

    def into(self, target: Path) -> Salvaged:
        parts, info = self._parts, self._info
        first = parts.keyframes[0]
        for start, stop in zip(parts.keyframes, (*parts.keyframes[1:], None), strict=True):
            if any(
                step not in self._losses for step in range(start + 1, (stop or parts.last_step) + 1)
            ):
                self._mend(start, stop or parts.last_step)
        last = first
        while last < parts.last_step and self._is_whole(last + 1):
            last += 1
        kept = replace(info, parent_id=info.parent_id or info.run_id, parent_step=first)
        self._write(target, info if first == info.parent_step else kept, last)
        left_out = []
        if first > info.parent_step:
            left_out.append(f"{info.parent_step + 1} to {first}")
        if last < parts.last_step:
            left_out.append(f"{last + 1} to {parts.last_step}")
        mended = tuple(step for step in self._mended if first < step <= last)
        return Salvaged(first, last, mended, parts.damages, " and ".join(left_out))

    def _is_whole(self, step: int) -> bool:
        return step in self._losses and (step - 1) % self._info.num_documents in self._documents

    def _of_corpus(self) -> dict[int, str]:
        """The documents by place, from the corpus, if that is still there and the same."""
        info = self._info
        try:
            corpus = load_corpus(info.corpus)
        except InputError:
            return {}
        rng = random.Random(info.config.seed)
        try:
            documents, _ = in_training_order(corpus.documents, info.config.validation, rng)
        except InputError:  # of a corpus that is another one now
            return {}
        found = dict(enumerate(documents))
        is_same = corpus.fingerprint == info.fingerprint
        agrees = all(found.get(place) == text for place, text in self._parts.documents.items())
        used = min(len(found), self._parts.last_step)
        return {place: found[place] for place in range(used)} if is_same and agrees else {}

    def _mend(self, start: int, stop: int) -> None:
        """Trains again from a keyframe to the next, or to the end; what is confirmed is kept."""
        keyframe = self._rows.keyframe(start)
        assert keyframe is not None
        try:
            engine = make_engine(
                "value", self._info.model, Tokenizer(self._info.chars), self._info.config
            )
            computed = self._trained(engine, keyframe.state.copy(), stop)
        except MicrogptError:
            return
        were = {step: self._losses[step][0] for step in computed if step in self._losses}
        if any(computed[step] != loss for step, loss in were.items()):
            return  # something else is wrong as well
        # The last loss of the old file that came out again confirms all before it; as does the next
        # keyframe's state.
        confirmed = max(were, default=start)
        if stop in self._parts.keyframes and stop in computed:
            confirmed = stop
        for step, loss in computed.items():
            if step not in self._losses and step <= confirmed:
                self._losses[step] = (loss, self._info.config.lr_at(step))
                self._mended.append(step)

    def _trained(self, engine: Engine, state: TrainingState, stop: int) -> dict[int, float]:
        """Losses by step; none if the state at the next keyframe comes out as another."""
        tokenizer = Tokenizer(self._info.chars)
        computed: dict[int, float] = {}
        for step in range(state.step + 1, stop + 1):
            document = self._documents.get((step - 1) % self._info.num_documents)
            if document is None:
                return computed
            tokens = tokenizer.encode(document)[: self._info.model.block_size + 1]
            losses = engine.train_steps(state, [tokens])
            if not losses:
                raise DomainError("its numbers do not come out finite")
            computed[step] = losses[0]
        has_keyframe = stop in self._parts.keyframes
        after = self._rows.keyframe(stop) if has_keyframe else None
        return computed if after is None or after.state == state else {}

    def _write(self, target: Path, info: RunInfo, last: int) -> None:
        with temporary_beside(target) as temporary:
            temporary.unlink()
            connection = run_file.create(temporary, info, self._rows.version)
            try:
                with reported(target, "cannot write"):
                    connection.execute("BEGIN IMMEDIATE")
                    self._fill(connection, info, last)
                    connection.execute("COMMIT")
            finally:
                run_file.close_cleanly(connection)
            temporary.replace(target)

    def _fill(self, connection: sqlite3.Connection, info: RunInfo, last: int) -> None:
        version, first, parts = self._rows.version, info.parent_step, self._parts

        def put(table: str, *values: float | str) -> None:
            row = stored(version, info.run_id, table, *values)
            connection.execute(insertion(table, row), row)

        places = {(step - 1) % info.num_documents for step in range(first + 1, last + 1)}
        for place in sorted(places):
            put("document", place, self._documents[place])
        for step in range(first + 1, last + 1):
            put("step", step, *self._losses[step])
        keyframes = [step for step in parts.keyframes if first <= step <= last]
        for step in keyframes:
            keyframe = self._rows.keyframe(step)
            assert keyframe is not None
            encoded = keyframe.encoded()
            row = (step, encoded.data, encoded.m, encoded.v, encoded.rng, encoded.checksum)
            connection.execute(insertion("keyframe", row), row)
        samples = [each for each in parts.samples if first <= each.step <= last]
        for each in samples:
            put("sample", each.step, each.number, each.temperature, each.text)
        validations = {at: loss for at, loss in parts.validations.items() if first < at <= last}
        for step, loss in validations.items():
            put("validation", step, loss)
        if version >= 2:
            measured = [len(validations)] if version >= 3 else []
            put("seal", 1, last, len(places), len(keyframes), len(samples), *parts.asked, *measured)
