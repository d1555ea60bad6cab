"""Dialogs under keys that come faster than screens go: each closes once and takes nothing along."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style
from textual.command import CommandList
from textual.events import Click
from textual.screen import Screen

from microgpt import ModelSnapshot
from microgpt.debugger import DebugSession
from microgpt.runs import RunRecorder
from tests.tui.piloted import Driven, piloted
from tests.tui.small_run import small_training
from tui.debugger.graph_app import GraphApp
from tui.dialogs import dialog
from tui.dialogs.branch import BranchScreen
from tui.dialogs.compare_runs import CompareRunsScreen
from tui.dialogs.dialog import Dialog, Form, Palette
from tui.dialogs.findings import FindingsScreen
from tui.dialogs.go_to_step import GoToStepScreen
from tui.dialogs.help import HelpScreen
from tui.dialogs.new_run import NewRunScreen
from tui.dialogs.other_run import OtherRunScreen
from tui.dialogs.pin import PinScreen
from tui.dialogs.prefix import PrefixScreen
from tui.dialogs.program_parameters import ProgramParametersScreen
from tui.dialogs.replacement import ReplacementScreen
from tui.dialogs.setup_form import SetupForm
from tui.training.branching import Branch

OPENED_BY: dict[type[Screen[object]], str] = {
    GoToStepScreen: "g",
    PinScreen: "d",
    NewRunScreen: "R",
    FindingsScreen: "F",
    HelpScreen: "question_mark",
    Palette: "ctrl+p",
}
OPENED_IN_MODE: dict[type[Screen[object]], tuple[str, str]] = {
    ReplacementScreen: ("4", "e"),
    OtherRunScreen: ("4", "M"),
    CompareRunsScreen: ("1", "M"),
    PrefixScreen: ("5", "T"),
}
AFTER = [
    ("escape", "escape", "enter"),
    ("1", "enter", "enter", "escape"),
    ("enter", "escape", "escape"),
]


async def at_once(ui: Driven, *keys: str) -> None:
    """Keys that are all there before the first is looked at."""
    for key in keys:
        ui.app.simulate_key(key)
    await ui.settle()
    await ui.settle()
    assert ui.app._exception is None


def dialogs(ui: Driven) -> list[Screen[object]]:
    return [screen for screen in ui.app.screen_stack if dialog.is_dialog(screen)]


def test_every_dialog_is_tried() -> None:
    def below(cls: type) -> set[type]:
        return {cls}.union(*map(below, cls.__subclasses__()))

    tried = {*OPENED_BY, *OPENED_IN_MODE, BranchScreen, ProgramParametersScreen}
    assert tried == (below(Dialog) | below(Palette)) - {Dialog, Form, SetupForm}


@pytest.mark.slow
@pytest.mark.parametrize("kind", OPENED_BY, ids=lambda kind: kind.__name__)
async def test_a_dialog_closes_once_and_opens_once(kind: type[Screen[object]]) -> None:
    async with piloted() as ui:
        await ui.train(2)
        for after in AFTER:
            await ui.press(OPENED_BY[kind])
            assert isinstance(ui.app.screen, kind)
            await at_once(ui, *after)
            await at_once(ui, "escape", "escape")  # what was typed may have been no answer
            assert not dialogs(ui)
            assert ui.app.screen_stack
        await at_once(ui, OPENED_BY[kind], *OPENED_BY.values())
        assert len(dialogs(ui)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", OPENED_IN_MODE, ids=lambda kind: kind.__name__)
async def test_a_dialog_of_one_mode_closes_once(kind: type[Screen[object]]) -> None:
    mode, key = OPENED_IN_MODE[kind]
    async with piloted() as ui:
        await ui.train(2)
        await ui.press(mode)
        await ui.until(lambda: getattr(ui.app.screen, "shown", mode == "1"))
        for after in AFTER:
            await ui.press(key)
            await ui.until(lambda: isinstance(ui.app.screen, kind))
            await at_once(ui, *after)
            await at_once(ui, "escape", "escape")
            assert not dialogs(ui)
        await at_once(ui, key, key, "g", "question_mark")
        assert len(dialogs(ui)) <= 1


async def test_a_programs_parameters_close_once() -> None:
    graph = ModelSnapshot.of(small_training(n_embd=4, n_head=2)).graph("ava")
    app = GraphApp(DebugSession(graph), "ava")
    async with app.run_test() as pilot:
        ui = Driven(app, pilot)
        for after in (*AFTER, ("6", "6"), ("down", "enter", "enter"), ("v", "W", "pagedown", "q")):
            await at_once(ui, "6", *after)
            await at_once(ui, "escape", "escape")
            assert not dialogs(ui)
        await at_once(ui, "6", "question_mark", "F")
        assert len(dialogs(ui)) <= 1


async def test_a_branch_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = small_training()
    recorder = RunRecorder.create(tmp_path / "small.run", training)
    async with piloted(training, folder=tmp_path, recorder=recorder) as ui:
        await ui.train(1)
        begun: list[Branch] = []
        as_it_is = Branch(training.config, tmp_path / "branch.run")
        for after in (("enter", "enter", "enter"), *AFTER[:2]):
            ui.app.open_dialog(BranchScreen(1, as_it_is), lambda b: begun.append(b) if b else None)
            await ui.settle()
            assert isinstance(ui.app.screen, BranchScreen)
            before = len(begun)
            await at_once(ui, *after)
            assert len(begun) - before <= 1
            await at_once(ui, "escape", "escape")
            assert not dialogs(ui)
        assert begun[0] == as_it_is


@pytest.mark.slow
async def test_what_is_typed_in_one_go_is_done_once(tmp_path: Path) -> None:
    training = small_training()
    recorder = RunRecorder.create(tmp_path / "small.run", training)
    async with piloted(training, folder=tmp_path, recorder=recorder) as ui:
        await ui.train(3)
        await at_once(ui, "g", "1", "enter", "enter")
        await ui.until(lambda: ui.frame.past and ui.step == 1)
        await at_once(ui, "B", "B", "enter", "enter")
        await ui.until(lambda: not ui.frame.past and ui.frame.live_step > 1)
        runs = sorted(path.name for path in tmp_path.glob("*.run"))
        assert runs == ["small-branch-1.run", "small.run"]


async def test_a_click_on_a_command_that_is_gone(tmp_path: Path) -> None:
    async with piloted(folder=tmp_path) as ui:
        await ui.press("ctrl+p")
        await ui.until(lambda: ui.app.screen.query_one(CommandList).option_count > 1)
        commands = ui.app.screen.query_one(CommandList)
        gone = Style(meta={"option": commands.option_count})
        commands.post_message(Click(commands, 1, 1, 0, 0, 1, False, False, False, style=gone))
        await ui.settle()
        assert ui.app.has_dialog
        palette = ui.app.screen
        await ui.press("escape")
        palette._action_command_list("page_down")  # type: ignore[attr-defined]  # a late key
        assert not ui.app.has_dialog
