"""Another run in place of the one at hand: nothing of the old one is shown as the new one's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from textual.screen import Screen
from textual.widgets import Input, Static

from microgpt import Corpus, StepLoss, Training
from microgpt.errors import DomainError
from microgpt.graph.arrays import Floats
from microgpt.runs import Run, RunRecorder
from microgpt.train.graph_origin import GraphOrigin
from tests.tui.piloted import LARGE, SOON, Piloted, piloted
from tests.tui.small_run import small_training
from tui import runs_app
from tui.dialogs.branch import BranchScreen
from tui.dialogs.new_run import NewRunScreen
from tui.training import corpus_preview, position_losses
from tui.training.position_losses import losses_by_position

# -- what modes remember of a step ------------------------------------------------------------


async def to_another_run(ui: Piloted, path: Path, step: int) -> None:
    """Goes over to a run that learns faster, and there to a step, in Train mode."""
    await ui.press("1")
    other = small_training(lr=0.5)
    ui.app.go_over_to(other, RunRecorder.create(path, other))
    ui.app.session.train_steps(0)
    await ui.until(lambda: ui.app._frame.status == "paused")
    ui.app.session.train_steps(max(0, step - ui.app._frame.live_step))
    await ui.until(lambda: ui.app._frame.live_step >= step)
    ui.app.travel_to(step)
    await ui.until(lambda: ui.app.frame.past and ui.app.frame.result.step == step)


@pytest.mark.slow
async def test_matrices_of_the_same_step_of_another_run_are_its_own(tmp_path: Path) -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.parameters()
        left = screen.pane.matrix.numbers["data"]
        await to_another_run(ui, tmp_path / "b.run", 3)
        screen = await ui.parameters()
        origin, matrix = ui.frame.origin, screen.pane.matrix
        shape = matrix.numbers["data"].shape
        assert matrix.name == "wte"
        wte = np.array(origin.model.data[: shape[0] * shape[1]]).reshape(shape)
        assert np.array_equal(matrix.numbers["data"], wte)
        assert not np.array_equal(matrix.numbers["data"], left)


@pytest.mark.slow
async def test_heads_of_the_same_step_of_another_run_are_its_own(tmp_path: Path) -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.attention()
        await ui.press("v")
        await ui.until(lambda: screen.shown.numbers and screen.shown.origin.step == 3)
        left = screen.shown.attention
        await to_another_run(ui, tmp_path / "b.run", 3)
        await ui.press("4")
        await ui.until(lambda: screen.shown.origin.key == ui.frame.origin.key)
        await ui.until(lambda: screen.shown.numbers)
        assert screen.shown.attention[0][0][-1] == ui.frame.result.attention[0][0][-1]
        assert screen.shown.attention[0][0][-1] != left[0][0][-1]


def at_step(origin: GraphOrigin, known: tuple[str, ...]) -> Floats:
    """Losses by position with a step's parameters, of as many documents as are known by then."""
    places = [(origin.step - 1 + ahead) % len(known) for ahead in range(len(known))]
    return losses_by_position(origin, tuple(known[place] for place in places)).means


async def test_losses_by_position_are_those_of_the_run_at_hand(tmp_path: Path) -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(2)
        screen = ui.app.screen
        await ui.press("v")
        await ui.until(lambda: screen._positions.latest)
        left = screen._positions.latest
        await to_another_run(ui, tmp_path / "b.run", 2)
        origin = ui.frame.origin
        assert screen._positions.ask(ui.frame) is not left
        await ui.until(lambda: screen._positions.latest.run == origin.run)
        await ui.until(lambda: screen._positions.ask(ui.frame).step == 2)
        measured = screen._positions.latest
        right = [at_step(origin, each.documents) for each in (origin, ui.app._frame.origin)]
        assert any(np.array_equal(measured.means, means) for means in right)
        assert not np.array_equal(measured.means, left.means)


# -- losses by position that are not there ----------------------------------------------------


async def test_a_step_that_cannot_be_measured_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not that the curve begins with the first step, which is there."""

    def fail(*_: object) -> None:
        raise DomainError("exp of 1000: too large a float")

    monkeypatch.setattr(position_losses, "losses_by_position", fail)
    async with piloted(size=LARGE) as ui:
        await ui.press("v")
        assert "the curve begins with the first step" in ui.text
        assert "measuring" not in ui.text
        await ui.train(2)
        await ui.until(lambda: "step 2: exp of 1000: too large a float" in ui.text)
        assert "measuring" not in ui.text
        assert "the curve begins" not in ui.text


async def test_while_a_step_is_measured_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position_losses.PositionWatch, "_measure", lambda *_: None)
    async with piloted(size=LARGE) as ui:
        await ui.train()
        await ui.press("v")
        assert "measuring…" in ui.text
        assert "the curve begins" not in ui.text


# -- beginning another run --------------------------------------------------------------------


async def at_past_step(ui: Piloted, training: Training) -> None:
    await ui.train(3)
    await ui.press("comma")
    await ui.until(lambda: ui.frame.past)
    assert ui.frame.config == training.config


def odd_training() -> Training:
    """One with a setting that no dialog has a line for."""
    training = small_training()
    return Training(training.corpus, training.model, replace(training.config, eps=1e-4))


async def test_a_branch_keeps_what_it_does_not_ask_for(tmp_path: Path) -> None:
    training = odd_training()
    path = tmp_path / "a.run"
    async with piloted(training, recorder=RunRecorder.create(path, training)) as ui:
        await at_past_step(ui, training)
        await ui.press("B")
        ui.app.screen.query_one("#lr", Input).value = "0.5"
        ui.app.screen.query_one("#path", Input).value = f" {tmp_path}/b.run "
        await ui.press("enter")
        await ui.until(lambda: ui.app.run_name == "b.run")
        assert ui.app.frame.config == replace(training.config, lr=0.5)
        assert ui.app.frame.config.eps == 1e-4


async def test_a_new_run_keeps_what_it_does_not_ask_for(tmp_path: Path) -> None:
    corpus = tmp_path / "few.txt"
    corpus.write_text("emma\nava\n")
    training = odd_training()
    path = tmp_path / "a.run"
    recorder = RunRecorder.create(path, training, corpus=str(corpus))
    async with piloted(training, recorder=recorder, size=LARGE) as ui:
        await ui.train()
        await ui.press("R")
        screen = ui.app.screen
        await ui.until(lambda: screen._preview)
        screen.query_one("#path", Input).value = str(tmp_path / "b.run")
        await ui.press("enter")
        await ui.until(lambda: ui.app.run_name == "b.run")
        assert ui.app.frame.config == training.config


@pytest.mark.parametrize(("key", "kind"), [("R", NewRunScreen), ("B", BranchScreen)])
async def test_without_the_runs_file_one_is_told_and_stays(
    tmp_path: Path, key: str, kind: type[Screen[object]]
) -> None:
    training = small_training()
    recorder = RunRecorder.create(tmp_path / "a.run", training)
    async with piloted(training, recorder=recorder, folder=tmp_path, size=LARGE) as ui:
        await at_past_step(ui, training)
        for file in tmp_path.iterdir():
            file.unlink()
        await ui.press(key)
        assert isinstance(ui.app.screen, kind)
        if key == "B":
            await ui.press("enter")
            await ui.until(lambda: ui.notices)
            assert str(tmp_path / "a.run") in ui.notices[-1]
            assert ui.step == 2
        else:  # all that it asks for is known without the file
            typed = {str(field.id): field.value for field in ui.app.screen.query(Input)}
            assert (typed["n_embd"], typed["corpus"]) == ("8", "small")


async def test_a_home_that_there_is_not_is_told_in_place(tmp_path: Path) -> None:
    training = small_training()
    recorder = RunRecorder.create(tmp_path / "a.run", training)
    async with piloted(training, recorder=recorder, size=LARGE) as ui:
        await at_past_step(ui, training)
        await ui.press("B")
        ui.app.screen.query_one("#path", Input).value = "~nobody-at-all/b.run"
        await ui.press("enter")
        assert "there is no such home folder" in ui.text
        await ui.press("escape")
        ui.app.compare_with("~nobody-at-all/b.run")
        await ui.until(lambda: "there is no such home folder" in "".join(ui.notices))


async def test_closing_the_dialog_does_not_wait_for_the_corpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, goes_on = Event(), Event()

    def wait(_: str) -> Corpus:
        read.set()
        assert goes_on.wait(SOON)
        return small_training().corpus

    monkeypatch.setattr(corpus_preview, "load_corpus", wait)
    async with piloted(size=LARGE) as ui:
        await ui.train()
        await ui.press("R")
        dialog = ui.app.screen
        await ui.until(read.is_set)
        try:
            await ui.press("escape")
            await ui.until(lambda: not dialog.is_attached)
            assert not goes_on.is_set(), "it is closed while the corpus is still read"
        finally:
            goes_on.set()


async def test_the_preview_is_of_what_is_typed_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a corpus that was named before it takes longer to read."""
    slow = Event()

    def read(spec: str) -> Corpus:
        if spec == "slow":
            assert slow.wait(SOON)
        return Corpus(spec, (spec,))

    monkeypatch.setattr(corpus_preview, "load_corpus", read)
    async with piloted(size=LARGE) as ui:
        await ui.train()
        await ui.press("R")
        screen = ui.app.screen
        for spec in ("slow", "quick"):
            screen.query_one("#corpus", Input).value = spec
            await ui.settle()
        await ui.until(lambda: screen._preview and screen._preview.spec == "quick")
        slow.set()
        await asyncio.sleep(0.1)
        await ui.settle()
        assert screen._preview.spec == "quick"
        assert screen.query_one("#setup-preview", Static).content.endswith("quick")


# -- runs that are compared -------------------------------------------------------------------


async def test_of_a_run_that_grows_only_what_is_new_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still, grows = small_training(), small_training(lr=0.02)
    with RunRecorder.create(tmp_path / "still.run", still) as recorder:
        for steps in still.losses(3, pause_every=recorder.interval):
            recorder.record(steps)
    recorder = RunRecorder.create(tmp_path / "grows.run", grows)

    def train(upto: int) -> None:
        for steps in grows.losses(upto, pause_every=recorder.interval):
            recorder.record(steps)
        recorder.commit()

    asked: list[tuple[str, int]] = []
    read = Run.losses

    def note(self: Run, since: int = 0, *, as_far_as_whole: bool = False) -> list[StepLoss]:
        asked.append((self.path.name, since))
        return read(self, since, as_far_as_whole=as_far_as_whole)

    monkeypatch.setattr(Run, "losses", note)
    monkeypatch.setattr(runs_app, "READ_EVERY", 0.0)
    async with piloted(size=LARGE) as ui:
        await ui.train()
        train(4)
        for name in ("still.run", "grows.run"):
            ui.app.compare_with(str(tmp_path / name))
            await ui.until(lambda name=name: name in {run.name for run in ui.app.compared})
        opened = [name for name, _ in asked]
        assert opened.count("still.run") == 1
        asked.clear()
        train(7)
        await ui.press("full_stop")
        await ui.until(lambda: ui.app.compared[1].last_step == 7)
        assert set(asked) <= {("grows.run", 4), ("grows.run", 7)}
        expected = [step.loss for some in small_training(lr=0.02).losses(7) for step in some]
        assert ui.app.compared[1].losses.tolist() == expected
        train(9)
        recorder.close()
        await ui.press("full_stop")
        await ui.until(lambda: not ui.app.compared[1].is_growing)
        assert ui.app.compared[1].last_step == 9


@pytest.mark.parametrize("part", ["#setup", "#legend", "#loss"])
async def test_runs_that_are_read_as_the_app_is_left_are_no_defect(part: str) -> None:
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        await ui.app.screen.query_one(part).remove()  # they go one after the other
        ui.app.show_run()
        await ui.settle()
        assert ui.app._exception is None
