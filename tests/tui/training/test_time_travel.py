"""Going back in a run: every mode shows a recorded step's own numbers while training goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from textual.widgets import Input

from microgpt import ModelSnapshot, Training, load_corpus
from microgpt.runs import Run, RunRecorder
from tests.tui.piloted import LARGE, SMALL, SOON, Piloted, piloted
from tests.tui.small_run import small_training
from tui.dialogs.branch import BranchScreen
from tui.dialogs.go_to_step import GoToStepScreen
from tui.training.run_frame import RunFrame
from tui.training.run_session import RunSession
from tui.training.time_travel import SAMPLES, PastStep, TimeTravel
from tui.widgets.scrubber import Scrubber, column_of, heights, step_in


async def at(ui: Piloted, step: int) -> None:
    """Until a past step is on screen."""
    await ui.until(lambda: ui.frame.past and ui.step == step)


async def live(ui: Piloted) -> None:
    await ui.until(lambda: not ui.frame.past)


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["1", "2", "3", "4"])
async def test_comma_and_full_stop_move_a_step(mode: str) -> None:
    results = list(small_training().results(4))
    async with piloted() as ui:
        await ui.train(4)
        await ui.press(mode, "comma")
        await at(ui, 3)
        assert ui.frame.result == results[2], "the very numbers of that step"
        assert ui.frame.live_step == 4
        await ui.press("comma", "comma")
        await at(ui, 1)
        assert ui.frame.result == results[0]
        await ui.press("full_stop")
        await at(ui, 2)
        await ui.press("full_stop", "full_stop", "full_stop")
        await live(ui)
        assert ui.frame.result == results[3]


@pytest.mark.slow
async def test_angle_brackets_move_ten_and_stop_at_the_first_step() -> None:
    async with piloted() as ui:
        await ui.train(12)
        await ui.press("less_than_sign")
        await at(ui, 2)
        await ui.press("less_than_sign")
        await at(ui, 1)
        await ui.press("greater_than_sign")
        await at(ui, 11)
        await ui.press("L")
        await live(ui)
        assert ui.step == 12


@pytest.mark.slow
async def test_g_goes_to_a_step_and_refuses_others() -> None:
    async with piloted() as ui:
        await ui.train(5)
        await ui.press("g")
        assert isinstance(ui.app.screen, GoToStepScreen)
        await ui.press(*"9", "enter")
        assert isinstance(ui.app.screen, GoToStepScreen)
        assert "must be a recorded step, 1 to 5" in ui.text
        await ui.press("backspace", *"2", "enter")
        await at(ui, 2)
        await ui.press("g", "escape")
        assert ui.step == 2


async def test_a_click_on_the_scrubber_goes_to_its_step() -> None:
    async with piloted(size=SMALL) as ui:
        await ui.train(5)
        assert await ui.pilot.click(Scrubber, offset=(len(" 1 "), 0))
        await at(ui, 1)
        assert "◆ step" in ui.text_of(Scrubber)


async def test_before_the_first_step_there_is_nowhere_to_go() -> None:
    async with piloted() as ui:
        await ui.press("comma", "g", "B", "L")
        assert ui.notices == ["no step recorded yet"] * 2 + ["go to a past step first: , or g"]


@pytest.mark.slow
async def test_training_goes_on_behind_a_past_step() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(3)
        await ui.press("comma")
        await at(ui, 2)
        ui.app.session.train_steps()
        await ui.until(lambda: ui.frame.live_step == 4)
        assert (ui.step, ui.frame.past) == (2, True)
        assert "paused at 4" in ui.text


async def test_full_stop_goes_on_to_the_newest_step_and_then_trains() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(2)
        await ui.press("comma")
        await at(ui, 1)
        await ui.press("full_stop")
        await at(ui, 2)
        await ui.press("full_stop")
        await ui.until(lambda: not ui.frame.past)
        assert ui.frame.live_step == 2
        await ui.press("full_stop")
        await ui.until(lambda: ui.step == 3)
        assert ui.frame.status == "paused"


# -- what the modes show ---------------------------------------------------------------------------


@pytest.mark.slow
async def test_graph_mode_stays_in_the_open_box_and_event() -> None:
    run = small_training("emma")
    next(run.results())
    graph = ModelSnapshot.of(run).graph("emma")  # as step 2 computes it
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.graph()
        ui.explorer.session.goto("backward 7")
        ui.explorer.follow()
        ui.explorer.look_into(ui.explorer.folding.find("pos1"))
        screen.pane.show()
        await ui.press("comma")
        await ui.until(lambda: screen.shown_step == 2)
        await ui.drawn()
        assert (ui.explorer.focus.key, ui.explorer.state.event) == ("pos1", 7)
        assert ui.explorer.graph.data.tolist() == graph.data.tolist()
        assert ui.explorer.graph.grad.tolist() == graph.grad.tolist()
        await ui.press("L")
        await ui.until(lambda: screen.shown_step == 3)


@pytest.mark.slow
async def test_samples_of_a_past_step_are_the_same_at_every_visit() -> None:
    async with piloted() as ui:
        await ui.train(3)

        async def visit() -> tuple[str, ...]:
            await ui.press("g", "1", "enter")
            await ui.until(lambda: ui.frame.past and len(ui.frame.samples) == SAMPLES)
            texts = tuple(sample.text for sample in ui.frame.samples)
            await ui.press("L")
            await live(ui)
            return texts

        assert await visit() == await visit()


# -- runs on disk ----------------------------------------------------------------------------------


def record(path: Path, training: Training, stop_after: int) -> None:
    with RunRecorder.create(path, training) as recorder:
        for losses in training.losses(stop_after):
            recorder.record(losses)


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    """A corpus that a branch can find again."""
    path = tmp_path / "some.txt"
    path.write_text("emma\nava\nmia\nnoah\nliam\n")
    return path


@pytest.mark.slow
async def test_a_recorded_run_is_looked_at_and_nothing_is_trained(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    record(path, small_training(num_steps=20), 20)
    results = list(small_training(num_steps=20).results())
    async with piloted(Run(path)) as ui:
        await ui.until(lambda: ui.mode.frame and ui.frame.status == "recorded")
        assert ui.step == 20
        assert list(ui.frame.losses) == [result.loss for result in results]
        await ui.press("g", *"7", "enter")
        await at(ui, 7)
        assert ui.frame.result == results[6]
        await ui.press("space")
        assert "a recorded run" in ui.notices[-1]
        await ui.pilot.pause(0.3)
        assert ui.frame.live_step == 20


async def test_a_run_that_is_still_written_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    training = small_training(num_steps=20)
    with RunRecorder.create(path, training) as recorder:
        steps = training.losses()
        recorder.record(next(steps))
        recorder.commit()
        async with piloted(Run(path)) as ui:
            await ui.until(lambda: ui.mode.frame and ui.frame.status == "followed")
            await ui.until(lambda: ui.step == training.step)
            recorder.record(next(steps))
            recorder.commit()
            await ui.until(lambda: ui.step == training.step)
            recorder.close()
            await ui.until(lambda: ui.frame.status == "recorded")


async def test_a_step_that_does_not_come_out_is_said_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    record(path, small_training(num_steps=20), 20)

    def set_loss(loss: float) -> None:
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("UPDATE step SET loss = ? WHERE step = 20", (loss,))
        connection.close()

    frames: list[RunFrame] = []
    wrong, right = Event(), Event()

    def take() -> None:
        frames.append(session.take_frame())
        if frames[-1].problem:
            wrong.set()
        elif frames[-1].live_step == 20:
            right.set()

    with Run(path) as run:
        losses = [step.loss for step in run.losses()]
    set_loss(1.5)
    session = RunSession(Run(path), take)
    session.start()
    assert wrong.wait(SOON)
    assert "step 20: its loss is not as it was recorded" in frames[-1].problem
    set_loss(losses[-1])
    assert right.wait(SOON)
    session.close()
    assert list(frames[-1].losses) == losses, "each once"
    assert (frames[-1].status, frames[-1].problem, frames[-1].live_step) == ("recorded", "", 20)


@pytest.mark.slow
async def test_steps_before_one_that_does_not_come_out_are_there(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    record(path, small_training(num_steps=20), 20)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE step SET loss = 1.5 WHERE step = 20")
    connection.close()
    async with piloted(Run(path)) as ui:
        await ui.until(lambda: ui.mode.frame and ui.frame.status == "failed")
        assert "step 20: its loss is not as it was recorded" in ui.frame.problem
        await ui.press("comma")
        await at(ui, 18)
        await ui.press("g", *"7", "enter")
        await at(ui, 7)
        assert ui.frame.result == list(small_training(num_steps=20).results())[6]


async def test_the_app_leaves_one_plain_file(tmp_path: Path) -> None:
    training = small_training()
    recorder = RunRecorder.create(tmp_path / "a.run", training)
    async with piloted(training, recorder=recorder) as ui:
        await ui.train(3)
        await ui.press("comma")
        await at(ui, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["a.run"]


async def test_a_branch_trains_on_from_a_past_step(tmp_path: Path, corpus_file: Path) -> None:
    path = tmp_path / "a.run"
    training = small_training(num_steps=30)
    training = Training(load_corpus(str(corpus_file)), training.model, training.config)
    record(path, training, 10)
    async with piloted(Run(path), folder=tmp_path) as ui:
        await ui.until(lambda: ui.mode.frame and ui.step == 10)
        await ui.press("g", *"4", "enter")
        await at(ui, 4)
        await ui.press("B")
        assert isinstance(ui.app.screen, BranchScreen)
        ui.app.screen.query_one("#lr", Input).value = "0.05"
        ui.app.screen.query_one("#beta1", Input).value = "0.9"
        await ui.press("enter")
        branch = tmp_path / "a-branch-4.run"
        await ui.until(lambda: ui.mode.frame and not ui.frame.past and ui.frame.live_step > 4)
        await ui.press("space")
        await ui.until(lambda: ui.frame.status in ("paused", "finished"))
        first = ui.frame.losses[0]
    with Run(path) as parent, Run(branch) as run:
        assert (run.info.parent_id, run.info.parent_step) == (parent.info.run_id, 4)
        assert (run.info.config.lr, run.info.config.beta1) == (0.05, 0.9)
        assert run.first_step == 4
        assert run.losses()[0].loss == first == parent.losses()[4].loss, "the same step 5 ..."
        assert run.losses()[1].loss != parent.losses()[5].loss, "... and another update after it"


async def test_a_branch_needs_a_file_and_numbers(tmp_path: Path) -> None:
    async with piloted(folder=tmp_path) as ui:
        await ui.train(3)
        await ui.press("comma")
        await at(ui, 2)
        await ui.press("B")
        screen = ui.app.screen
        for field, text, problem in (
            ("lr", "nan", "lr must be finite and 0 or more"),
            ("lr", "0.1", ""),
            ("num_steps", "2", "num_steps must be more than 2"),
            ("num_steps", "50", ""),
            ("path", str(tmp_path), f"{tmp_path} exists"),
            ("path", "", "a file is needed"),
            ("path", str(tmp_path / "no" / "b.run"), ""),
        ):
            screen.query_one(f"#{field}", Input).value = text
            if problem:
                await ui.press("enter")
                said = "".join(ui.text_of("#dialog-keys").split())  # a long path is wrapped
                assert problem.replace(" ", "") in said
        await ui.press("enter")
        await ui.until(lambda: ui.notices)
        assert str(tmp_path / "no") in ui.notices[0]
        assert ui.step == 2


# -- the thread ------------------------------------------------------------------------------------


def test_steps_passed_by_are_not_fetched(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    record(path, small_training(num_steps=40), 40)
    arrivals: list[PastStep] = []
    travel = TimeTravel(path, arrivals.append)
    for step in range(40, 0, -1):
        travel.go_to(step)
    while not (arrivals and arrivals[-1].step == 1 and len(arrivals[-1].samples) == SAMPLES):
        pass
    travel.close()
    assert len({arrival.step for arrival in arrivals}) < 40
    assert arrivals[-1].recorded is not None


def test_a_file_that_is_gone_is_a_problem_said(tmp_path: Path) -> None:
    arrivals: list[PastStep] = []
    travel = TimeTravel(tmp_path / "none.run", arrivals.append)
    travel.go_to(3)
    while not arrivals:
        pass
    travel.close()
    assert arrivals[0].recorded is None
    assert "none.run" in arrivals[0].problem


# -- the scrubber's arithmetic ---------------------------------------------------------------------


@pytest.mark.parametrize("columns", [1, 7, 50])
@pytest.mark.parametrize("last", [1, 3, 50, 51, 1000])
def test_a_click_on_a_steps_column_comes_near_it(columns: int, last: int) -> None:
    for column in range(columns):
        step = step_in(column, 1, last, columns)
        assert 1 <= step <= last
        if last >= columns:
            assert column_of(step, 1, last, columns) == column


def test_heights_are_in_range_and_follow_the_mean() -> None:
    assert heights(np.array([3.0]), 3) == [0, 0, 0]
    assert heights(np.arange(80.0), 8) == list(range(8))
    assert heights(np.array([1.0, np.inf, 3.0, np.nan, 2.0]), 5) == [0, 7, 7, 7, 4]
    assert heights(np.array([np.nan]), 2) == [7, 7]


@pytest.mark.slow
async def test_after_a_branch_the_map_is_the_new_runs(tmp_path: Path, corpus_file: Path) -> None:
    """Also at a step of the same number on the same document, and with a walk in the old one."""
    path = tmp_path / "a.run"
    training = small_training(num_steps=10)
    training = Training(load_corpus(str(corpus_file)), training.model, training.config)
    record(path, training, 10)
    async with piloted(Run(path), folder=tmp_path, size=LARGE) as ui:
        screen = await ui.map()
        await ui.until(lambda: screen.step and screen.step.origin.step == 10)
        await ui.press("n", "m", "g", *"4", "enter")
        await at(ui, 4)
        await ui.press("B")
        ui.app.screen.query_one("#lr", Input).value = "0.5"
        await ui.press("enter")
        await ui.until(lambda: ui.frame and ui.frame.status == "finished" and ui.step == 10)
        await ui.until(lambda: screen.step and screen.step.origin.step == 10)
        graph = screen.explorer.graph
        assert graph.data[graph.root] == ui.frame.result.loss
        assert not screen.explorer.stepping
        assert ui.app.at_hand.marked is None
        with Run(path) as old:
            assert ui.frame.result.loss != old.losses()[9].loss
        await ui.press("comma")
        await at(ui, 9)
