"""The doctor beside a training: it finds what is true, marks the scrubber, and halts on request."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.app import MicrogptApp
from tui.dialogs.findings import FindingsScreen
from tui.training.doctor_watch import DoctorWatch
from tui.training.run_frame import RunFrame
from tui.training.training_session import TrainingSession
from tui.widgets.findings_view import FindingsView
from tui.widgets.scrubber import Scrubber
from tui.widgets.text_view import TextView


def found(ui: Piloted) -> list[tuple[str, str, int | None]]:
    return [(f.kind, f.certainty, f.pass_number) for f in ui.app.findings]


async def sick(ui: Piloted) -> None:
    """Two steps at a hundred times the usual rate, and what the doctor says of the first."""
    await ui.train(2)
    await ui.until(lambda: ui.app.findings)
    await ui.settle()


async def test_a_step_that_goes_too_far_is_found() -> None:
    async with piloted(small_training(lr=1.0), size=LARGE) as ui:
        await sick(ui)
        finding = ui.app.findings[0]
        assert (finding.kind, finding.certainty, finding.pass_number) == (
            "rate-too-large", "likely", 1,
        )  # fmt: skip
        origin = ui.frame.origin
        assert origin is not None
        assert origin.step == 2
        assert finding.was is not None
        assert finding.was > 3
        assert any(finding.what in notice for notice in ui.notices)
        line = ui.app.screen.query_one(Scrubber)._shown.plain
        assert "F: 1 finding " in line
        assert line.index("?") < line.index("◆")  # at the first step, before the second


async def test_what_a_finding_is_about_is_selected_in_all_modes() -> None:
    async with piloted(small_training(lr=1.0), size=LARGE) as ui:
        await sick(ui)
        matrix = ui.app.findings[0].about
        assert matrix in ui.app.findings[0].what
        await ui.press("F")
        await ui.until(lambda: isinstance(ui.app.screen, FindingsScreen))
        assert "about what is selected" not in ui.text
        await ui.press("enter")
        await ui.until(lambda: ui.app.selection.matrix == matrix)
        screen = await ui.parameters()
        assert screen.pane.matrix_name == matrix
        await ui.press("F")
        await ui.until(lambda: isinstance(ui.app.screen, FindingsScreen))
        view = ui.app.screen.query_one(FindingsView)
        assert view.findings[0].mark.endswith("◂")
        await ui.until(lambda: "about what is selected" in ui.text)


async def test_findings_are_shown_and_gone_to() -> None:
    async with piloted(small_training(lr=1.0), size=LARGE) as ui:
        await sick(ui)
        await ui.press("F")
        screen = ui.app.screen
        assert isinstance(screen, FindingsScreen)
        view = screen.query_one(FindingsView)
        assert [each.kind for each in view.findings] == [f.kind for f in ui.app.findings]
        assert "? rate-too-large @1" in ui.text
        told = "\n".join(map(str, view.query_one(TextView).sections))
        assert "step 1 moved" in told
        assert "what people do: take a smaller learning rate" in told
        assert "# microgpt: ok" not in told
        await ui.press("enter")
        await ui.until(lambda: not isinstance(ui.app.screen, FindingsScreen))
        await ui.until(lambda: ui.step == 1)
        assert ui.frame.past


async def test_back_from_a_finding_is_where_one_was() -> None:
    """And not the step one was at with the finding's selection, where nobody has been."""
    async with piloted(small_training(lr=1.0), size=LARGE) as ui:
        ui.app.clock = iter(np.arange(0.0, 1e6)).__next__  # one stays everywhere
        await sick(ui)
        await ui.press("right")
        before = ui.app.place
        await ui.press("F")
        await ui.until(lambda: isinstance(ui.app.screen, FindingsScreen))
        await ui.press("enter")
        await ui.until(lambda: ui.frame.past and ui.step == ui.app.findings[0].pass_number)
        assert ui.app.place.selection.matrix == ui.app.findings[0].about
        await ui.press("left_square_bracket")
        await ui.until(lambda: not ui.frame.past)
        assert ui.app.place == before


async def test_without_findings_it_says_what_it_looks_at() -> None:
    async with piloted(size=SMALL) as ui:
        await ui.train(2)
        await ui.press("F")
        assert isinstance(ui.app.screen, FindingsScreen)
        assert "Nothing to worry about so far" in ui.text
        await ui.press("escape")
        assert not isinstance(ui.app.screen, FindingsScreen)
        await ui.press("F", "F")
        assert not isinstance(ui.app.screen, FindingsScreen)


async def test_it_halts_at_the_next_finding() -> None:
    training = small_training(lr=1.0)
    async with piloted(training, size=LARGE) as ui:
        await ui.press("D")
        await ui.until(lambda: ui.mode.frame and ui.mode.frame.past)
        await ui.until(lambda: ui.frame.status != "running")
        assert not ui.app._halts_at_finding
        assert any("F says more" in notice for notice in ui.notices)
        # Of one kind the newest is kept, and some steps may have been trained before it halted.
        assert 0 < ui.step <= max(f.pass_number or 0 for f in ui.app.findings)


async def test_d_again_does_not_halt() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.press("D")
        assert ui.app._halts_at_finding
        await ui.press("D")
        assert not ui.app._halts_at_finding
        assert "it does not halt at findings" in ui.notices[-1]


def watched(lr: float, steps: int) -> tuple[DoctorWatch, list[RunFrame]]:
    """What the doctor says of a session without a screen, and its frames."""
    frames: list[RunFrame] = []
    watch = DoctorWatch(lambda: None)

    def take() -> None:
        frames.append(session.take_frame())
        watch.ask(frames[-1])

    session = TrainingSession(small_training(num_steps=steps, lr=lr), take, paused=False)
    session.start()
    session._thread.join(20)
    session.close()
    watch._look(session.take_frame())
    watch.close()
    return watch, frames


def test_a_training_that_fails_is_told_with_its_step() -> None:
    watch, frames = watched(1e6, 50)
    assert frames[-1].status == "failed"
    end = next(f for f in watch.findings if f.kind == "not-finite")
    assert end.certainty == "certain"
    assert frames[-1].origin is not None
    assert end.pass_number == frames[-1].origin.step
    assert frames[-1].problem in end.what
    assert any(f.kind == "rate-too-large" for f in watch.findings)


def test_a_healthy_training_has_nothing_above_a_note() -> None:
    watch, frames = watched(0.01, 60)
    assert frames[-1].status == "finished"
    assert watch.n_looks > 0
    assert [f for f in watch.findings if f.certainty != "note"] == []
    assert math.isfinite(frames[-1].losses_so_far[-1])


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_picture(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    async def run_before(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, MicrogptApp)
        ui = Piloted(pilot.app, pilot)
        await sick(ui)
        ui.app.clear_notifications()
        await ui.press("F")
        await ui.settle()

    app = MicrogptApp(small_training("emma", "mia", "noah", num_steps=100, lr=1.0), paused=True)
    assert snap_compare(app, terminal_size=size, run_before=run_before)
