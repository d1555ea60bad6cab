"""The engine that changes horses: when, to what, and what it says meanwhile."""

from __future__ import annotations

import threading

import pytest

from microgpt import Corpus, ModelConfig, Training
from microgpt.train import engines
from microgpt.train.engines import (
    ENGINES,
    AutoEngine,
    Engine,
    EngineRow,
    auto_engine,
    make_engine,
)

CORPUS = Corpus("mine", ("ab", "ba", "abba"))
MODEL = ModelConfig(n_embd=4, n_head=2, block_size=4)


class Other:
    """An engine that trains on `Value` under another name."""

    name = "other"
    preparing = ""
    problem = ""

    def __init__(self, run: Training) -> None:
        value = make_engine("value", run.model, run.tokenizer, run.config)
        self.train_step, self.train_steps = value.train_step, value.train_steps


def run_with(soon: object) -> tuple[Training, AutoEngine]:
    run = Training(CORPUS, MODEL)
    run.engine = AutoEngine(run.engine, soon, "other")  # type: ignore[arg-type]
    return run, run.engine


def test_a_moment_of_work_prepares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_engine, "PREPARE_AFTER", 1e9)
    run, engine = run_with(lambda: pytest.fail("not worth it"))
    next(run.results())
    assert (engine.name, engine.preparing, engine.problem) == ("value", "", "")


def test_what_is_ready_at_once_does_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_engine, "PREPARE_AFTER", 0)
    monkeypatch.setattr(auto_engine, "PATIENCE", 60)
    run, engine = run_with(lambda: Other(run))
    next(run.results())
    assert (engine.name, engine.preparing) == ("other", "")
    other = [result.loss for result in run.results(4)]
    assert other == [result.loss for result in Training(CORPUS, MODEL).results(4)][1:]


def run_with_what_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Training, AutoEngine, threading.Event]:
    """A run that waits for no engine, and what makes the other one ready."""
    monkeypatch.setattr(auto_engine, "PREPARE_AFTER", 0)
    monkeypatch.setattr(auto_engine, "PATIENCE", 0)
    compiled = threading.Event()

    def soon() -> Engine:
        assert compiled.wait(60)
        return Other(run)

    run, engine = run_with(soon)
    return run, engine, compiled


def test_each_step_leaves_time_to_what_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_engine, "SHARE", 1e6)
    run, engine, compiled = run_with_what_takes_long(monkeypatch)
    results = run.results()
    next(results)
    assert engine.name == "value"
    compiled.set()
    next(results)
    assert engine.name == "other"


def test_what_takes_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    run, engine, compiled = run_with_what_takes_long(monkeypatch)
    results = run.results()
    next(results)
    next(results)
    assert (engine.name, engine.preparing) == ("value", "other")
    compiled.set()
    engine.wait(60)
    assert (engine.name, engine.preparing) == ("other", "")


def test_what_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_engine, "PREPARE_AFTER", 0)
    monkeypatch.setattr(auto_engine, "PATIENCE", 60)

    def soon() -> Engine:
        raise ImportError("no such library")

    run, engine = run_with(soon)
    assert len(list(run.results(3))) == 3
    assert (engine.name, engine.preparing, engine.problem) == ("value", "", "no such library")


def test_what_another_process_compiles_takes_no_time_of_the_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto_engine, "PREPARE_AFTER", 0)
    monkeypatch.setattr(auto_engine, "PATIENCE", 60)
    monkeypatch.setattr(auto_engine, "SHARE", 1e6)
    compiled = threading.Event()
    run = Training(CORPUS, MODEL)
    engine = AutoEngine(run.engine, lambda: Other(run), "other", lambda: lambda: compiled.wait(60))
    run.engine = engine
    assert len(list(run.results(3))) == 3, "neither waited for, nor left time to"
    assert (engine.name, engine.preparing) == ("value", "other")
    compiled.set()
    engine.wait(60)
    assert (engine.name, engine.preparing, engine.problem) == ("other", "", "")


def test_auto_starts_on_numpy_and_without_it_on_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_compiled", set())
    found = []
    for _ in range(2):
        run = Training(CORPUS, MODEL, engine="auto")
        found.append(next(run.results()).loss)
        found.append(run.engine.name)
        monkeypatch.setitem(ENGINES, "numpy", EngineRow("no_such_module:Engine", "none", "numpy"))
    assert found == [found[0], "numpy", found[0], "value"]


def test_what_is_loaded_for_many_steps_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_engine, "PREPARE_AFTER", 1e9)
    monkeypatch.setattr(auto_engine, "PATIENCE", 60)
    monkeypatch.setattr(auto_engine, "WORTH_LOADING", 5)
    for steps, name in ((4, "value"), (5, "other")):
        run, engine = run_with(lambda: Other(Training(CORPUS, MODEL)))
        assert sum(map(len, run.losses(steps))) == steps
        assert engine.name == name
