"""Another run in place of the one at hand: nothing of the old one is shown as the new one's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from microgpt.errors import DomainError
from microgpt.graph.arrays import Floats
from microgpt.runs import RunRecorder
from microgpt.train.graph_origin import GraphOrigin
from tests.tui.piloted import LARGE, Piloted, piloted
from tests.tui.small_run import small_training
from tui.training import position_losses
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
