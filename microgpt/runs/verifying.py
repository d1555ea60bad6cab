"""What is wrong with a run file, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from microgpt.errors import RunFileError
from microgpt.runs.guarded import opened
from microgpt.runs.keyframes import Keyframe
from microgpt.runs.rows import RunRows, Sample
from microgpt.train.training import StepLoss


@dataclass(frozen=True)
class WholeParts:
    """All of a run file that is whole, and what is not."""

    first_step: int
    last_step: int  # of which anything is there
    losses: dict[int, tuple[float, float]]  # and learning rates, by step
    documents: dict[int, str]  # by place
    keyframes: tuple[int, ...]  # steps, rising
    samples: tuple[Sample, ...]
    validations: dict[int, float]  # losses of documents held out, by step
    asked: tuple[int, float]  # samples where training ends, and their temperature
    damages: tuple[str, ...]  # one line each

    def document_at(self, step: int, num_documents: int) -> str | None:
        """The document of a step, if it is whole."""
        return self.documents.get((step - 1) % num_documents)


def whole_parts(rows: RunRows) -> WholeParts:
    """Looks at everything in a file.

    Raises:
        RunFileError: what the run is cannot be trusted, so nothing can.
    """
    with rows.at_one_moment():
        return _Inspection(rows).parts()


def trusted_parts(rows: RunRows) -> WholeParts:
    """The same, of a file that is to be written on. Raises `RunFileError` where it is damaged."""
    parts = whole_parts(rows)
    if parts.damages:
        raise RunFileError(
            f"{str(rows.path)!r} is damaged: {parts.damages[0]}; `microgpt runs FILE --salvage "
            "OUT` keeps what is whole"
        )
    return parts


def verify(path: Path) -> tuple[str, ...]:
    """What is wrong with a file, a line each; nothing if it is whole.

    Raises:
        RunFileError: it is no run file, or what the run is cannot be trusted.
    """
    connection = opened(path, "ro")
    try:
        return whole_parts(RunRows(path, connection)).damages
    finally:
        connection.close()


class _Inspection:
    """One look at a file."""

    def __init__(self, rows: RunRows) -> None:
        self._rows = rows
        self._damages: list[str] = []
        self._told: set[int] = set()  # steps of which it is known what is wrong

    def parts(self) -> WholeParts:
        rows, info = self._rows, self._rows.info
        try:
            seal, _ = rows.seal(), rows.last_step()
        except RunFileError as error:
            seal = None
            self._note(error)
        most = seal.last_step if seal is not None else info.config.num_steps
        steps = range(info.parent_step + 1, most + 1)
        losses = dict(self._losses(steps))
        documents = dict(self._documents())
        keyframes = tuple(self._keyframes(range(info.parent_step, most + 1)))
        samples = tuple(self._samples(range(1, (seal.samples if seal else 0) + 1)))
        validations = dict(self._validations(steps))
        last = max(info.parent_step, *losses, *keyframes)
        if seal is not None:
            last = max(last, seal.last_step)
            for what, there, were in (
                ("documents", len(documents), seal.documents),
                ("keyframes", len(keyframes), seal.keyframes),
                ("samples", len(samples), seal.samples),
                ("validation losses", len(validations), seal.validations),
            ):
                if there != were:
                    self._damages.append(f"{there} of {were} {what} are whole")
        for step in range(info.parent_step + 1, last + 1):
            if step not in losses and step not in self._told:
                self._damages.append(f"step {step}: its loss is not there or not as it was")
            elif (step - 1) % info.num_documents not in documents:
                self._damages.append(f"step {step}: its document is not there or not as it was")
        if info.parent_step not in keyframes:
            self._damages.append(f"step {info.parent_step}: it has no keyframe")
        asked = (seal.asked, seal.temperature) if seal is not None else (0, 0.0)
        return WholeParts(
            info.parent_step, last, losses, documents, keyframes, samples, validations, asked,
            tuple(dict.fromkeys(self._damages)),
        )  # fmt: skip

    def _note(self, error: RunFileError) -> None:
        said = str(error).removeprefix(repr(str(self._rows.path))).lstrip(", ")
        self._damages.append(said.partition("; the file is damaged")[0])

    def _losses(self, steps: range) -> Iterator[tuple[int, tuple[float, float]]]:
        for step, row in self._rows.scan("step", steps):
            try:
                if row is not None and step >= steps.start:
                    yield step, self._rows.loss_and_rate(row)
            except RunFileError as error:
                self._told.add(step)
                self._note(error)

    def _documents(self) -> Iterator[tuple[int, str]]:
        for place, row in self._rows.scan("document", range(self._rows.info.num_documents)):
            try:
                if row is not None:
                    yield place, self._rows.text_of(row, place + 1)
            except RunFileError as error:
                self._note(error)

    def _keyframes(self, steps: range) -> Iterator[int]:
        for _, row in self._rows.scan("keyframe", steps):
            try:
                if row is not None:
                    keyframe: Keyframe = self._rows.keyframe_of(row)
                    yield keyframe.step
            except RunFileError as error:
                self._note(error)

    def _validations(self, steps: range) -> Iterator[tuple[int, float]]:
        if self._rows.version < 3:
            return
        for _, row in self._rows.scan("validation", steps):
            try:
                if row is not None:
                    yield self._rows.validation_of(row)
            except RunFileError as error:
                self._note(error)

    def _samples(self, numbers: range) -> Iterator[Sample]:
        for _, row in self._rows.scan("sample", numbers):
            try:
                if row is not None:
                    yield self._rows.sample_of(row)
            except RunFileError as error:
                self._note(error)


def recorded(parts: WholeParts, step: int, num_documents: int) -> StepLoss | None:
    """A step of which all is whole."""
    text, numbers = parts.document_at(step, num_documents), parts.losses.get(step)
    return None if text is None or numbers is None else StepLoss(step, text, *numbers)
