"""A text of someone's own: computed with the parameters of each step, the same in every mode."""

from __future__ import annotations

import threading
from array import array
from dataclasses import replace

import pytest

from microgpt import ModelSnapshot, Training
from microgpt.train.engines.value_engine import ValueEngine
from microgpt.train.graph_origin import GraphOrigin
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.dialogs.pin import PinScreen
from tui.training.pinned_text import PinnedText
from tui.training.run_frame import RunFrame


def origin_of(run: Training) -> GraphOrigin:
    """Of the step that the run would do next."""
    step = run.step + 1
    return GraphOrigin(
        ModelSnapshot.of(run), run.document_at(step), step, run.documents, run.state.copy(),
        run.config,
    )  # fmt: skip


def frame_of(run: Training) -> RunFrame:
    return RunFrame(
        "paused", None, ModelSnapshot.of(run), array("d"), (), 0.0, 0.0, 9, origin=origin_of(run)
    )


async def pin(ui: Piloted, text: str) -> None:
    """Types a text to be shown."""
    await ui.press("d", *text, "enter")
    await ui.until(lambda: ui.frame.pinned == text)


@pytest.mark.slow
async def test_each_step_has_the_numbers_of_the_text_with_its_parameters() -> None:
    run = small_training("emma", "noah")
    wanted = []
    for _ in range(3):
        values = ValueEngine(run.model, run.tokenizer, run.config)
        tokens = run.tokenizer.encode("ham")
        wanted.append(values.train_step(run.state.copy(), "ham", tokens))
        next(run.results())
    async with piloted(small_training("emma", "noah"), size=LARGE) as ui:
        await pin(ui, "ham")
        for result in wanted:
            await ui.press("full_stop")
            await ui.until(lambda result=result: ui.frame.result == result)
            assert f"“ham” loss {result.loss:.4f}" in ui.text


@pytest.mark.slow
async def test_every_mode_shows_it_and_the_key_lets_go() -> None:
    async with piloted(small_training("emma", "noah"), size=LARGE) as ui:
        await ui.train(2)
        await pin(ui, "ham")
        await ui.until(lambda: "“ham”" in ui.text_of("#document"))
        screen = await ui.map()
        await ui.until(lambda: screen.step.origin.document == "ham")
        assert "“ham” · step 2" in ui.text_of("#map-middle")
        await ui.graph()
        assert ui.graph_screen.step.origin.document == "ham"
        await ui.attention()
        assert "“ham”" in ui.text_of("#heatmap")
        await ui.press("d")
        await ui.until(lambda: not ui.frame.pinned)
        assert ui.frame.result.document in ("emma", "noah")
        await ui.press("2")
        await ui.until(lambda: screen.step.origin.document == ui.frame.result.document)


@pytest.mark.slow
async def test_the_untrained_model_is_shown_with_it() -> None:
    async with piloted(small_training("emma", "noah"), size=LARGE) as ui:
        screen = await ui.map()
        await pin(ui, "ham")
        await ui.until(lambda: screen.step.origin.document == "ham")
        assert "“ham” · step 1, untrained" in ui.text


@pytest.mark.slow
async def test_it_stays_while_scrubbing_and_in_a_walk_the_moment_stays_too() -> None:
    async with piloted(small_training("emma", "noah"), size=LARGE) as ui:
        await ui.train(3)
        await pin(ui, "ham")
        screen = await ui.map()
        await ui.until(lambda: screen.step.origin.document == "ham")
        await ui.press("n", "n", "n")
        event = screen.explorer.state.event
        losses = set()
        for step in (2, 1):
            await ui.press("comma")
            await ui.until(lambda step=step: screen.step.origin.step == step)
            explorer = screen.explorer
            assert screen.step.origin.document == "ham"
            assert (explorer.stepping, explorer.state.event) == (True, event)
            losses.add(float(explorer.graph.data[explorer.graph.root]))
        assert len(losses) == 2


async def test_the_update_seen_is_that_of_the_document_trained_on() -> None:
    run = small_training("emma", "noah")
    origin = origin_of(run)
    pinned = origin.showing("ham")
    graph = pinned.model.graph("ham")
    assert pinned.updated(graph).data == origin.updated(origin.model.graph(origin.document)).data
    next(run.results())
    assert pinned.updated(graph).data == run.state.data


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_valid_characters_are_said_and_others_refused(size: tuple[int, int]) -> None:
    async with piloted(small_training("emma", "noah"), size=size) as ui:
        await ui.press("d")
        await ui.until(lambda: isinstance(ui.app.screen, PinScreen))
        assert "aehmno" in ui.text
        await ui.press("z", "enter")
        await ui.until(lambda: "'z'" in ui.text_of("#dialog-keys"))
        await ui.press("escape")
        assert not ui.frame.pinned


async def test_a_d_that_is_typed_is_a_letter() -> None:
    async with piloted(small_training("dad"), size=LARGE) as ui:
        await pin(ui, "add")


def test_only_the_step_asked_for_last_is_computed() -> None:
    run = small_training("emma", "noah")
    begun, go_on, arrived = threading.Event(), threading.Event(), []

    class Slow(PinnedText):
        def _result(self, origin):  # type: ignore[no-untyped-def]
            begun.set()
            go_on.wait()
            return super()._result(origin)

    pinned = Slow("ham", lambda: arrived.append(pinned.latest))
    frames = []
    for _ in range(4):
        frames.append(frame_of(run))
        next(run.results())
    pinned.ask(frames[0])
    begun.wait()
    for frame in frames[1:]:
        pinned.ask(frame)
    go_on.set()
    while len(arrived) < 2:
        pass
    pinned.close()
    assert [step.origin.step for step in arrived] == [1, 4]
    shown = pinned.in_place_of(replace(frames[3], result=arrived[0].result))
    assert (shown.result, shown.pinned) == (arrived[1].result, "ham")
