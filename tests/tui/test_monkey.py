"""Every app under random keys, clicks and resizes: nothing raises, whatever comes after what."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest
from textual.app import App

from microgpt import ModelSnapshot
from microgpt.attach import ScriptProcess
from microgpt.debugger import DebugSession
from microgpt.runs import Run, RunRecorder
from tests.tui.debugger.test_script_app import SCALAR
from tests.tui.monkey import under_a_monkey
from tests.tui.small_run import small_training
from tui.app import MicrogptApp
from tui.base.app_runner import prompt_keys
from tui.debugger.graph_app import GraphApp
from tui.debugger.script_app import ScriptApp

STEPS = """
w = Scalar(3.0)
for step in range(1000):
    w.grad = 0.0
    loss = w * w + w
    loss.backward()
    print(f"step {step}: {loss.data}")
    w.data -= 0.1 * w.grad
"""


@contextmanager
def training_app(folder: Path) -> Iterator[App[None]]:
    yield MicrogptApp(small_training(n_embd=4, n_head=2), folder, paused=True, speed=20.0)


@contextmanager
def recorded_app(folder: Path) -> Iterator[App[None]]:
    training = small_training(n_embd=4, n_head=2, num_steps=40)
    with RunRecorder.create(folder / "small.run", training) as recorder:
        for losses in training.losses():
            recorder.record(losses)
    yield MicrogptApp(Run(folder / "small.run", "value"), folder)


@contextmanager
def document_app(folder: Path) -> Iterator[App[None]]:
    graph = ModelSnapshot.of(small_training(n_embd=4, n_head=2)).graph("ava")
    app = GraphApp(DebugSession(graph), "ava")
    app._folder = folder
    yield app


@contextmanager
def script_app(folder: Path) -> Iterator[App[None]]:
    path = folder / "steps.py"
    path.write_text(SCALAR + STEPS)
    with ScriptProcess(path) as script:
        app = ScriptApp(script)
        app._folder = folder
        yield app


APPS: dict[str, Callable[[Path], object]] = {
    "training": training_app,
    "recorded run": recorded_app,
    "script": script_app,
    "document": document_app,
}


@contextmanager
def in_order(folder: Path) -> Iterator[None]:
    """As the commands do it, and with a folder for what verbs write."""
    with chdir(folder), prompt_keys():
        yield
    gc.collect()


@pytest.fixture(autouse=True)
def _as_the_commands_do(tmp_path: Path) -> Iterator[None]:
    with in_order(tmp_path):
        yield


async def let_loose(kind: str, folder: Path, seed: int, count: int) -> tuple[float, float]:
    """A monkey on a new app, as often as it leaves one; gives its `slowest` and `busiest`."""
    done, slowest, busiest, again = 0, 0.0, 0.0, 0
    while done < count:
        place = folder / f"{seed}-{again}"
        place.mkdir()
        with APPS[kind](place) as app:  # type: ignore[attr-defined]
            async with under_a_monkey(app, seed * 1000 + again) as monkey:
                await monkey.act(count - done)
        assert monkey.done
        done, again = done + monkey.done, again + 1
        slowest, busiest = max(slowest, monkey.slowest), max(busiest, monkey.busiest)
    return slowest, busiest


@pytest.mark.parametrize("kind", ["training", "script"])
async def test_a_monkey_breaks_no_app(kind: str, tmp_path: Path) -> None:
    await let_loose(kind, tmp_path, seed=1, count=60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("kind", APPS)
async def test_a_monkey_breaks_no_app_in_the_long_run(kind: str, seed: int, tmp_path: Path) -> None:
    await let_loose(kind, tmp_path, seed, count=500)
