"""Traces in the cache folder: found again, never a stale one, and not missed when damaged."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from microgpt import ModelConfig
from microgpt.replay import model_programs, trace_file
from microgpt.replay.trace import Trace

CONFIG = ModelConfig(n_embd=4, n_head=2, block_size=3)


@pytest.fixture(autouse=True)
def fresh(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache folder, and a process that has traced nothing yet."""
    monkeypatch.setattr(model_programs, "_programs", {})


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all traces made."""
    lengths: list[int] = []
    trace = Trace.of

    def counting(config: ModelConfig, vocab_size: int, length: int) -> Trace:
        lengths.append(length)
        return trace(config, vocab_size, length)

    monkeypatch.setattr(Trace, "of", counting)
    return lengths


def next_start() -> None:
    model_programs._programs.clear()


def path() -> Path:
    return trace_file.path_of(CONFIG, 6, 3)


def test_what_is_saved_is_loaded() -> None:
    trace = Trace.of(CONFIG, 6, 3)
    assert trace_file.load(CONFIG, 6, 3) is None
    trace_file.save(trace, CONFIG, 6, 3)
    loaded = trace_file.load(CONFIG, 6, 3)
    assert loaded is not None
    for field in fields(Trace):
        saved, found = getattr(trace, field.name), getattr(loaded, field.name)
        assert saved.dtype == found.dtype, field.name
        assert saved.tolist() == found.tolist(), field.name


def test_a_model_is_traced_once(traced: list[int]) -> None:
    first = model_programs.program_for(CONFIG, 6, 2)
    assert model_programs.program_for(CONFIG, 6, 3) is first
    next_start()
    assert model_programs.kept_program(CONFIG, 6, 1) is None
    assert model_programs.program_for(CONFIG, 6, 1).length == 3
    assert traced == [3]
    model_programs.program_for(CONFIG, 7, 1)  # another vocabulary
    assert len(traced) == 2


def test_a_large_model_is_traced_in_few_steps(
    traced: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_programs, "TRACED_AT_ONCE", 0)
    config = ModelConfig(n_embd=2, n_head=1, block_size=6)
    for length in (1, 3, 2, 4, 5, 6):
        assert model_programs.program_for(config, 3, length).length >= length
    assert traced == [1, 4, 6]


def test_few_models_are_kept(traced: list[int]) -> None:
    for vocab_size in range(2, 3 + model_programs.MODELS_KEPT):
        model_programs.program_for(CONFIG, vocab_size, 1)
    assert model_programs.kept_program(CONFIG, 2, 1) is None
    assert model_programs.kept_program(CONFIG, 3, 1) is not None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:1000],
        lambda content: content[:-30],
        lambda content: b"x" * len(content),
        lambda content: content[:3000] + bytes([content[3000] ^ 1]) + content[3001:],
    ],
    ids=["empty", "cut short", "end missing", "foreign", "a bit changed"],
)
def test_a_damaged_file_is_as_good_as_none(damage: object, traced: list[int]) -> None:
    model_programs.program_for(CONFIG, 6, 3)
    whole = path().read_bytes()
    path().write_bytes(damage(whole))  # type: ignore[operator]
    next_start()
    model_programs.program_for(CONFIG, 6, 3)
    assert len(traced) == 2
    assert trace_file.load(CONFIG, 6, 3) is not None  # written again


@pytest.mark.parametrize("field", ["a", "b", "lists"])
def test_a_file_with_a_cell_that_is_not_there_is_as_good_as_none(field: str) -> None:
    arrays = vars(Trace.of(CONFIG, 6, 3)).copy()
    arrays[field] = arrays[field].copy()
    arrays[field][-1] = 1_000_000
    trace_file.save(Trace(**arrays), CONFIG, 6, 3)
    assert trace_file.load(CONFIG, 6, 3) is None


def test_a_file_without_an_array_is_as_good_as_none() -> None:
    path().parent.mkdir(parents=True)
    with path().open("wb") as file:
        np.savez(file, a=np.zeros(3))
    assert trace_file.load(CONFIG, 6, 3) is None


def test_a_folder_that_cannot_be_written_is_not_missed(cache: Path, traced: list[int]) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where the folder would be")
    assert model_programs.program_for(CONFIG, 6, 3).length == 3
    assert len(traced) == 1


def test_other_code_has_other_files(monkeypatch: pytest.MonkeyPatch) -> None:
    before = path()
    monkeypatch.setattr(trace_file, "_source_fingerprint", lambda: "of another version")
    assert path() != before


def test_old_files_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_file, "FILES_KEPT", 2)
    trace = Trace.of(CONFIG, 6, 1)
    for vocab_size in range(6, 10):
        trace_file.save(trace, CONFIG, vocab_size, 1)
    assert len(list(trace_file.folder().iterdir())) == 2
