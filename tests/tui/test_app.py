"""Modes, training keys, help, palette, themes and quitting: keys in, state out."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time

import pytest
from textual.command import CommandList, CommandPalette
from textual.widgets import Input, OptionList

from microgpt import Training, load_corpus
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.app import EVERYWHERE, MicrogptApp
from tui.dialogs.help import HelpScreen
from tui.modes import MODES
from tui.modes.attention_mode import AttentionScreen
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.modes.mode_screen import ModeScreen
from tui.modes.train_mode import TrainScreen
from tui.themes import DARK, LIGHT
from tui.training.training_session import SPEEDS
from tui.widgets.loss_plot import LossPlot
from tui.widgets.scrubber import Scrubber
from tui.widgets.status_bar import StatusBar, summary

SCREENS = {"1": TrainScreen, "2": MapScreen, "3": GraphScreen, "4": AttentionScreen}


def training_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "training"]


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_number_keys_switch_modes(size: tuple[int, int]) -> None:
    async with piloted(size=size) as ui:
        assert isinstance(ui.app.screen, TrainScreen)
        for key in "2313213":
            await ui.press(key)
            await ui.until(lambda key=key: type(ui.app.screen) is SCREENS[key])
            assert ui.app.current_mode == SCREENS[key].MODE


@pytest.mark.slow
async def test_a_click_on_a_tab_switches_modes() -> None:
    async with piloted() as ui:
        for place, mode in [(12, "map"), (19, "graph"), (29, "attention"), (2, "train")]:
            assert await ui.pilot.click(StatusBar, offset=(place, 0))
            await ui.until(lambda mode=mode: ui.app.current_mode == mode)


@pytest.mark.slow
async def test_a_mode_shows_where_training_stands_at_once_also_while_paused() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(2)
        for key in "2341":
            await ui.press(key)
            await ui.until(lambda: ui.step == 2)
            assert summary(ui.frame) in ui.text.splitlines()[0]
            assert ui.frame.status == "paused"


@pytest.mark.slow
async def test_every_mode_opens_before_the_first_step() -> None:
    async with piloted() as ui:
        for key in "2313":
            await ui.press(key)
            for other in ("down", "s", "r", "f", "backspace", "end", "U", "escape"):
                await ui.press(other)
            assert type(ui.app.screen) is SCREENS[key]
        assert ui.step == 0
        await ui.press("1", "x")
        assert "nothing to export yet" in ui.notices


async def test_a_run_of_one_step_is_shown_however_soon_it_is_over() -> None:
    async with piloted(small_training("a", num_steps=1), paused=False) as ui:
        await ui.until(lambda: "✓ finished 1/1" in ui.text)


# -- training --------------------------------------------------------------------------------------


async def test_space_pauses_and_resumes() -> None:
    async with piloted(paused=False) as ui:
        await ui.until(lambda: ui.step >= 2)
        assert ui.frame.status == "running"
        await ui.press("space")
        await ui.until(lambda: ui.frame.status == "paused")
        await ui.pilot.pause(0.3)  # far longer than a step
        rested = ui.step
        assert ui.app.session.take_frame().result.step == rested
        await ui.pilot.pause(0.2)
        assert ui.step == rested
        await ui.press("space")
        await ui.until(lambda: ui.step > rested + 1)
        assert ui.frame.status == "running"


@pytest.mark.slow
@pytest.mark.parametrize("key", "14")
async def test_n_trains_one_step(key: str) -> None:
    async with piloted() as ui:
        await ui.press(key)
        for step in (1, 2, 3):
            await ui.press("full_stop")
            await ui.until(lambda step=step: ui.step == step)
            assert ui.frame.status == "paused"
        losses = [result.loss.hex() for result in small_training().results(3)]
        assert [loss.hex() for loss in ui.frame.losses] == losses


async def test_n_while_running_pauses() -> None:
    async with piloted(paused=False) as ui:
        await ui.until(lambda: ui.step >= 2)
        await ui.press("full_stop")
        await ui.until(lambda: ui.frame.status == "paused")


@pytest.mark.slow
async def test_plus_and_minus_change_the_speed() -> None:
    async with piloted(size=LARGE) as ui:
        for speed in (*SPEEDS[-2::-1], SPEEDS[0]):
            await ui.press("minus")
            await ui.until(lambda speed=speed: ui.frame.speed == speed)
        assert "at most 0.5/s" in ui.text
        for key, speed in zip(itertools.cycle(["plus", "equals_sign"]), (*SPEEDS[1:], 0.0)):
            await ui.press(key)
            await ui.until(lambda speed=speed: ui.frame.speed == speed)
        assert "at most" not in ui.text


async def test_finishing_is_said() -> None:
    async with piloted(small_training(num_steps=3), paused=False) as ui:
        await ui.until(lambda: "✓ finished 3/3" in ui.text)
        for key in ("space", "full_stop", "plus", "minus"):
            await ui.press(key)
        assert ui.frame.status == "finished"


@pytest.mark.slow
async def test_failing_is_said_and_the_rest_goes_on_working() -> None:
    async with piloted(small_training("[/]", "a]b[", lr=1e200), paused=False) as ui:
        await ui.until(lambda: ui.mode.frame and ui.frame.status == "failed")
        assert "failed" in ui.text
        await ui.until(lambda: ui.notices)
        assert ui.notices[0] == ui.frame.problem
        assert ui.frame.problem.startswith("step ")
        await ui.graph()
        await ui.press("s", "enter", "backspace")
        await ui.attention()
        assert ui.notices.count(ui.frame.problem) == 1, "said once"


async def test_the_curve_and_the_scrubber_follow_training() -> None:
    async with piloted(small_training(num_steps=40), size=LARGE) as ui:
        await ui.train(3)
        scrubber = ui.text_of(Scrubber)
        assert scrubber.startswith(" 1 ")
        assert " 3 ◆ live" in scrubber
        xs = [dataset.x.tolist() for dataset in ui.app.screen.query_one(LossPlot)._datasets]
        assert xs == [[1, 2, 3], [1, 2, 3]]
        samples = ui.text_of("#samples")
        assert [line.split()[1] for line in samples.splitlines()[1:4]] == ["3", "2", "1"]
        norms = ui.text_of("#norms")
        for name in ui.frame.result.grad_norms:
            assert name in norms


# -- help, palette, themes -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", "1234")
async def test_question_mark_shows_all_keys_and_the_same_key_closes(key: str) -> None:
    async with piloted() as ui:
        await ui.press(key)
        for closing in ("question_mark", "escape", "q", "enter"):
            await ui.press("question_mark")
            assert isinstance(ui.app.screen, HelpScreen)
            await ui.press(closing)
            assert type(ui.app.screen) is SCREENS[key]
        assert ui.app.is_running


@pytest.mark.slow
async def test_every_key_can_be_read_in_the_help() -> None:
    async with piloted(size=(120, 260)) as ui:
        await ui.press("question_mark")
        read = " ".join(ui.text.replace("│", " ").split())  # long tooltips go over two lines
        for section in MicrogptApp.KEY_SECTIONS:
            for key in section.keys:
                assert f" {key.written} {key.title} {key.tooltip} " in read


@pytest.mark.slow
async def test_the_help_scrolls_to_its_last_line_in_a_small_window() -> None:
    async with piloted(size=SMALL) as ui:
        await ui.press("question_mark", "end")
        last = MODES[-1].KEYS[-1].tooltip.split()[-3:]  # it may go over two lines
        await ui.until(lambda: " ".join(last) in ui.text)


async def test_training_goes_on_under_the_help() -> None:
    async with piloted(paused=False) as ui:
        await ui.until(lambda: ui.step >= 1)
        below = ui.mode
        await ui.press("question_mark")
        shown = below.frame.result.step
        await ui.until(lambda: below.frame.result.step > shown)


def title_of(press: str) -> str:
    """What the command of a key is called."""
    keys = (key for section in MicrogptApp.KEY_SECTIONS for key in section.keys)
    return next(key.title for key in keys if key.keys == press)


async def open_palette(ui: Piloted, query: str) -> OptionList:
    await ui.press("ctrl+p")
    await ui.until(lambda: isinstance(ui.app.screen, CommandPalette))
    await ui.press(*("space" if char == " " else char for char in query.lower()))
    options = ui.app.screen.query_one(CommandList)
    await ui.until(lambda: options.option_count and options.display)
    await ui.pilot.pause(0.2)
    return options


@pytest.mark.slow
async def test_a_command_runs_from_the_palette() -> None:
    async with piloted() as ui:
        await open_palette(ui, title_of("full_stop"))
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, TrainScreen) and ui.step == 1)


async def test_the_palette_opens_again_before_the_one_closed_is_gone() -> None:
    async with piloted() as ui:
        await ui.press("ctrl+p")
        await ui.until(lambda: ui.app.screen.query(CommandList))
        closed = ui.app.screen
        ui.app.pop_screen()
        ui.app.action_command_palette()
        await ui.settle()
        assert isinstance(ui.app.screen, CommandPalette)
        assert ui.app.screen is not closed


async def test_keys_of_a_palette_that_has_no_list_do_nothing() -> None:
    """They may come before it has composed itself, and once it is being taken away."""
    async with piloted() as ui:
        await ui.press("ctrl+p")
        await ui.until(lambda: ui.app.screen.query(CommandList))
        palette = ui.app.screen
        line = palette.query_one(Input)
        await palette.query_one(CommandList).remove()
        await ui.press("down", "up", "pagedown", "end")
        line.post_message(Input.Submitted(line, ""))
        await ui.settle()
        assert ui.app.screen is palette
        await ui.press("escape")
        await ui.until(lambda: isinstance(ui.app.screen, TrainScreen))


@pytest.mark.slow
async def test_a_modes_own_command_runs_from_the_palette() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await open_palette(ui, title_of("s"))
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, GraphScreen) and ui.explorer.stepping)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "mode"), [*zip("123456", MODES, strict=True)])
async def test_the_palette_offers_every_key_of_the_mode(key: str, mode: type[ModeScreen]) -> None:
    async with piloted() as ui:
        await ui.press(key)
        await ui.until(lambda: isinstance(ui.app.screen, mode))
        offered = {c.title: c.help for c in ui.app.get_system_commands(ui.app.screen)}
        for section in (EVERYWHERE, *mode.key_sections()):
            for entry in section.keys:
                assert offered[entry.title] == entry.tooltip


@pytest.mark.slow
@pytest.mark.parametrize("key", "1234")
async def test_t_switches_the_theme_and_leaves_no_color_of_the_other(key: str) -> None:
    """Also while paused, when no new frame redraws anything."""
    async with piloted() as ui:
        await ui.train(2)
        await (ui.graph() if key == "3" else ui.map() if key == "2" else ui.press(key))
        for theme, other in ((LIGHT, DARK), (DARK, LIGHT), (LIGHT, DARK)):
            await ui.press("t")
            await ui.until(lambda theme=theme: ui.app.theme == theme.name)
            assert ui.app.current_theme.dark == theme.dark
            await ui.pilot.pause(0.1)
            picture = ui.app.export_screenshot().lower()
            assert theme.primary in picture
            left_over = {other.background, other.panel, other.variables["muted"]}
            if other is DARK:  # the other way round it is also the colour of attention weights
                left_over.add(other.primary)
            assert not [color for color in left_over if color in picture]


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", "1234")
async def test_resizing_keeps_everything(key: str) -> None:
    async with piloted(size=SMALL) as ui:
        await ui.train(2)
        await (ui.graph() if key == "3" else ui.map() if key == "2" else ui.press(key))
        for size in (LARGE, SMALL, (40, 12), LARGE, (20, 5), SMALL):
            await ui.pilot.resize_terminal(*size)
            await ui.until(lambda size=size: ui.app.size == size)
            if key == "3":
                await ui.drawn()
            assert ui.step == 2
            assert len(ui.text.splitlines()) == size[1]


# -- quitting --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", ["q", "ctrl+q"])
@pytest.mark.parametrize("paused", [True, False])
async def test_quitting_leaves_no_thread(key: str, paused: bool) -> None:
    async with piloted(paused=paused, speed=0.0) as ui:
        if not paused:
            await ui.until(lambda: ui.step >= 1)
        assert len(training_threads()) == 1
        await ui.press(key)
        await asyncio.sleep(0)
    assert ui.app.return_code == 0
    assert not training_threads()


async def test_quitting_in_the_middle_of_a_step_is_prompt() -> None:
    """With the default model, whose steps are long enough to be hit in the middle."""
    async with piloted(Training(load_corpus()), paused=False, speed=0.0) as ui:
        await ui.until(lambda: ui.step >= 1)
        began = time.monotonic()
        await ui.press("q")
    assert time.monotonic() - began < 5.0
    assert not training_threads()


async def test_quitting_before_anything_is_shown() -> None:
    async with piloted(paused=False) as ui:
        ui.app.exit()
    assert not training_threads()


@pytest.mark.slow
async def test_every_mode_is_drawn_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        await ui.press("4", "question_mark", "escape", "1")
        await ui.graph()
        strips = ui.app.screen._compositor.render_strips(ui.app.size)
        colors = {
            tuple(color.triplet)
            for segment in (segment for strip in strips for segment in strip)
            for color in (segment.style.color, segment.style.bgcolor)
            if color is not None and color.triplet is not None
        }
        assert all(red == green == blue for red, green, blue in colors)
        assert colors
