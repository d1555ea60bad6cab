"""The table of engines: what a row says is true, and a new engine is a file and a row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import pytest

from microgpt import Corpus, EngineName, EngineUnavailableError, InputError, ModelConfig, Training
from microgpt.train.engines import ENGINES, EngineRow, engine_names, make_engine
from tests.tui.cli.in_process import run_here

CORPUS = Corpus("mine", ("ab", "ba", "abba"))
MODEL = ModelConfig(n_embd=4, n_head=2, block_size=4)

COUNTING_ENGINE = '''
from microgpt.train.engines.value_engine import ValueEngine


class CountingEngine(ValueEngine):
    """Trains on `Value`s and counts."""

    name = "counting"
    steps = 0

    def train_step(self, state, document, tokens):
        self.steps += 1
        return super().train_step(state, document, tokens)
'''


def test_the_type_knows_every_row() -> None:
    assert get_args(EngineName) == engine_names() == ("auto", *ENGINES)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_has_its_rows_name(name: EngineName) -> None:
    engine = Training(CORPUS, MODEL, engine=name).engine
    assert (engine.name, engine.preparing, engine.problem) == (name, "", "")


def test_an_engine_that_there_is_not() -> None:
    run = Training(CORPUS, MODEL)
    with pytest.raises(InputError) as caught:
        make_engine("gpu", run.model, run.tokenizer, run.config)  # type: ignore[arg-type]
    assert str(caught.value) == "no engine 'gpu'; there are auto, value, numpy, replay, kernel"


def test_a_new_engine_is_a_file_and_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counting_engine.py").write_text(COUNTING_ENGINE)
    monkeypatch.syspath_prepend(tmp_path)
    row = EngineRow("counting_engine:CountingEngine", "counts its steps")
    monkeypatch.setitem(ENGINES, "counting", row)  # type: ignore[misc]
    try:
        run = Training(CORPUS, MODEL, engine="counting")  # type: ignore[arg-type]
        losses = [result.loss for result in run.results(4)]
    finally:
        sys.modules.pop("counting_engine", None)
    assert losses == [result.loss for result in Training(CORPUS, MODEL).results(4)]
    assert (run.engine.name, run.engine.steps) == ("counting", 4)  # type: ignore[attr-defined]
    with pytest.raises(
        InputError, match=r"there are auto, value, numpy, replay, kernel, counting$"
    ):
        Training(CORPUS, MODEL, engine="gpu")  # type: ignore[arg-type]
    assert "counting (counts its steps), or auto" in " ".join(
        run_here("train", "--help").stdout.split()
    )


@pytest.mark.parametrize("needs", ["", "a_library"])
def test_an_engine_that_cannot_be_imported(needs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = EngineRow("no_such_module:Engine", "is not there", needs)
    monkeypatch.setitem(ENGINES, "missing", row)  # type: ignore[misc]
    if not needs:  # it is a mistake in the row then, and no library of the user's
        with pytest.raises(ModuleNotFoundError):
            Training(CORPUS, MODEL, engine="missing")  # type: ignore[arg-type]
        return
    with pytest.raises(EngineUnavailableError) as caught:
        Training(CORPUS, MODEL, engine="missing")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "the missing engine needs a_library, which cannot be imported (No module named "
        "'no_such_module'); the value engine needs nothing"
    )
