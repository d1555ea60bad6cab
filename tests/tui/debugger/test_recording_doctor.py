"""What is known of a recording beside its graphs: the doctor's findings, and the matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from microgpt.graph.debuggee import Stop
from microgpt.script_runs.recorded_script import RecordedScript
from tests.tui.cli.in_process import run_here
from tests.tui.debugger.test_recording_app import Recorded, opened
from tests.tui.debugger.test_script_app import SCALAR, TWO_WEIGHTS
from tui.doctor.doctor_panel import DoctorPanel
from tui.doctor.pass_doctor import Checkup
from tui.doctor.recording_doctor import RecordingDoctor
from tui.widgets.parameters_pane import ParametersPane

NEVER_ZEROED = TWO_WEIGHTS.replace("        x.grad = 0.0\n", "")
WRONG_PRODUCT = SCALAR.replace("(other.data, self.data))", "(other.data, 0.5 * self.data))")


def recorded(folder: Path, source: str) -> Path:
    (folder / "train.py").write_text(source, encoding="utf-8")
    path = folder / "mine.run"
    assert run_here("debug", folder / "train.py", "--run", path).returncode == 0
    return path


def checkups(path: Path, *numbers: int) -> list[Checkup]:
    with RecordedScript(path) as recording:
        told: list[tuple[Stop, Checkup]] = []
        doctor = RecordingDoctor(recording, lambda *news: told.append(news))
        for number in numbers:
            doctor._serve(recording.pass_at(number))
        doctor.close()
        doctor._serve(recording.pass_at(1))  # closed: nothing more is read
        assert [stop.number for stop, _ in told] == list(numbers)
        return [checkup for _, checkup in told]


def test_what_was_not_done_between_two_passes_is_found(tmp_path: Path) -> None:
    of_passes = checkups(recorded(tmp_path, SCALAR + NEVER_ZEROED), 1, 2, 3, 4)
    assert [each.diagnosis.n_updates for each in of_passes] == [2, 4, 4, 2]
    stale = [
        [each.pass_number for each in checkup.diagnosis.findings if each.kind == "stale-grads"]
        for checkup in of_passes
    ]
    assert stale == [[], [3], [4], []], "it takes the updates before and after a pass to tell"


def test_what_is_wrong_in_each_pass_is_told_of_the_one_shown(tmp_path: Path) -> None:
    path = recorded(tmp_path, WRONG_PRODUCT + TWO_WEIGHTS)
    for number, checkup in zip((1, 2, 4), checkups(path, 1, 2, 4), strict=True):
        wrong = [each for each in checkup.diagnosis.findings if each.certainty == "certain"]
        assert wrong
        assert {each.pass_number for each in wrong} == {number}
        assert checkup.program.text(wrong[0].file, wrong[0].line).startswith("return Scalar(")


def test_a_sound_recording_is_sound(tmp_path: Path) -> None:
    for checkup in checkups(recorded(tmp_path, SCALAR + TWO_WEIGHTS), 1, 2):
        assert checkup.diagnosis.verdict == "sound"


# -- on screen ---------------------------------------------------------------------------------


async def examined(ui: Recorded, number: int) -> DoctorPanel:
    await ui.at(number)
    await ui.until(lambda: ui.app._examined is ui.app._shown)
    await ui.settle()
    return ui.app.query_one(DoctorPanel)


async def test_findings_of_the_pass_shown_are_in_the_panel(tmp_path: Path) -> None:
    async with opened(recorded(tmp_path, WRONG_PRODUCT + TWO_WEIGHTS)) as ui:
        panel = await examined(ui, 1)
        assert panel.display
        assert "faulty" in str(panel.border_title)
        n = sum(each.certainty != "note" for each in panel.checkup.diagnosis.findings)
        assert f"doctor: {n} finding" in ui.text_of("#script-status")
        await ui.press("full_stop", "full_stop")
        panel = await examined(ui, 3)
        finding = panel.finding(0)
        assert finding.pass_number == 3
        await ui.press("F", "enter")
        explorer = ui.app.query_one("DebuggerPane").explorer
        assert explorer.graph is panel.checkup.seen.graph
        assert explorer.session.state.event == finding.event


async def test_a_finding_of_another_pass_leads_to_that(tmp_path: Path) -> None:
    async with opened(recorded(tmp_path, SCALAR + NEVER_ZEROED)) as ui:
        await ui.press("full_stop")
        panel = await examined(ui, 2)
        place, other = next(
            (place, each.pass_number)
            for place, each in enumerate(panel.checkup.diagnosis.findings)
            if each.pass_number != 2
        )
        panel.go_to(place)
        await ui.press("F", "enter")
        await examined(ui, other)


async def test_the_matrices_have_what_was_added_since_the_pass_before(tmp_path: Path) -> None:
    path = recorded(tmp_path, SCALAR + TWO_WEIGHTS)
    with RecordedScript(path) as recording:
        graphs = [recording.pass_at(number).graph for number in (2, 3)]
    async with opened(path) as ui:
        await ui.press("full_stop", "full_stop")
        await ui.at(3)
        await ui.press("6")
        await ui.until(lambda: ui.app.screen.query(ParametersPane))
        pane = ui.app.screen.query_one(ParametersPane)
        await ui.until(lambda: pane.matrix)
        assert pane.matrix_name == "w"
        before, after = (
            np.array([graph.data[graph.find(f"w[{place}]")] for place in range(2)])
            for graph in graphs
        )
        assert pane.matrix.numbers["update"].tolist() == [(after - before).tolist()]
        assert "added since backward 2" in pane.shown.note
        await ui.press("escape")
        await ui.press("comma")
        await ui.at(2)


@pytest.mark.parametrize("keys", [("full_stop",) * 3, ("full_stop", "comma", "full_stop")])
async def test_hurrying_through_passes_ends_with_a_diagnosis_of_the_one_shown(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with opened(recorded(tmp_path, SCALAR + TWO_WEIGHTS)) as ui:
        for key in keys:
            ui.app.simulate_key(key)
        number = 1 + keys.count("full_stop") - keys.count("comma")
        await ui.until(lambda: ui.app._shown.number == number)
        panel = await examined(ui, number)
        assert panel.checkup.seen.number == number
