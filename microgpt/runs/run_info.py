"""What a run is, apart from how far it is; as a row of its file, and read with suspicion."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, TypeVar

from microgpt.errors import InputError
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.runs.schema import checksum

Config = TypeVar("Config", ModelConfig, TrainingConfig)

MOST_STEPS = 1 << 53
"""Beyond that a float, as a learning rate is, does not tell a step from the next."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run is, apart from how far it is."""

    run_id: str  # unique
    created: str  # UTC, ISO 8601
    version: str  # of microgpt that began it
    corpus: str  # its name, or the path of its file
    fingerprint: str  # see `Corpus.fingerprint`
    num_documents: int  # of the corpus, those held out not counted
    chars: str  # of the tokenizer
    model: ModelConfig
    config: TrainingConfig
    parent_id: str = ""  # of the run that this one branched off, `""` if none
    parent_step: int = 0  # at which it did, 0 if none

    @property
    def num_parameters(self) -> int:
        """Of its model."""
        return self.model.num_parameters(len(self.chars) + 1)

    def row(self, version: int) -> tuple[float | str | bytes | None, ...]:
        """As it is stored in a file of some version."""
        values = (
            self.run_id, self.created, self.version, self.corpus, self.fingerprint,
            self.num_documents, self.chars, json.dumps(asdict(self.model)),
            json.dumps(_stored_config(self.config, version)), self.parent_id or None,
            self.parent_step if self.parent_id else None,
        )  # fmt: skip
        return (*values, checksum(self.run_id, "run", *values)) if version >= 2 else values

    @classmethod
    def of_row(cls, row: Sequence[Any], form: int) -> RunInfo:
        """From what is stored. Raises `ValueError` with what is wrong, in a sentence's words.

        Args:
            form: the version of the file's form.
        """
        run_id, created, version, corpus, fingerprint, num_documents, chars = row[:7]
        model, training, parent_id, parent_step = row[7:11]
        for text in (*row[:5], chars, model, training, parent_id or ""):
            _demand(isinstance(text, str), "a text is none")
        if len(row) > 11:
            found = checksum(run_id, "run", *row[:11])
            _demand(row[11] == found, "its configuration does not have the checksum it had")
        _demand(_is_whole(num_documents, 1), "the number of documents is none")
        in_order = all(a < b for a, b in pairwise(chars))
        _demand(bool(chars) and in_order, "its characters are not in order")
        _demand(parent_step is None or _is_whole(parent_step, 0), "its beginning is no step")
        info = cls(
            run_id, created, version, corpus, fingerprint, num_documents, chars,
            _config(ModelConfig, model, form),
            _config(TrainingConfig, training, form), parent_id or "", parent_step or 0,
        )  # fmt: skip
        _demand(info.config.num_steps <= MOST_STEPS, "its schedule is far too long")
        _demand(info.parent_step <= info.config.num_steps, "it begins after its schedule's end")
        return info


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _is_whole(number: object, least: int) -> bool:
    return type(number) is int and number >= least


def _is_number(number: object) -> bool:
    return type(number) in {int, float} and math.isfinite(number)  # type: ignore[arg-type]


_FITS: dict[str, Callable[[object], bool]] = {
    "int": lambda number: type(number) is int,
    "float": _is_number,
}
"""What a field may hold, by the type it is annotated with."""


SINCE_VERSION = {"validation": 3}
"""Options that files of older versions do not have."""


def _stored_config(config: TrainingConfig, version: int) -> dict[str, object]:
    """As a file of some version has it."""
    return {
        name: value
        for name, value in asdict(config).items()
        if SINCE_VERSION.get(name, version) <= version
    }


def _config(kind: type[Config], text: str, version: int) -> Config:
    """A configuration from its JSON, as a file of some version has it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("a configuration is no JSON") from None
    types = {
        field.name: str(field.type)
        for field in fields(kind)
        if SINCE_VERSION.get(field.name, version) <= version
    }
    _demand(isinstance(found, dict) and found.keys() == types.keys(), "its options are others")
    for name, number in found.items():
        _demand(_FITS[types[name]](number), f"its {name} is none")
    try:
        return kind(**found)
    except (InputError, OverflowError) as error:
        raise ValueError(str(error)) from error
