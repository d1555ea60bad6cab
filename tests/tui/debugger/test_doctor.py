"""The doctor beside a script's graph: findings, and what they mark on Map, canvas, inspector."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from microgpt import Value
from microgpt.attach import Ended, ScriptProcess
from microgpt.debugger import DebugSession
from microgpt.diagnosis.finding import Diagnosis
from microgpt.graph.graph import Graph
from tests.tui.debugger.test_script_app import Script
from tests.tui.piloted import LARGE, SMALL, Driven
from tui.debugger.canvas import OFF, GraphCanvas
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.graph_app import GraphApp
from tui.debugger.inspector import Inspector
from tui.debugger.map_panel import MapPanel
from tui.debugger.script_app import ScriptApp
from tui.doctor.doctor_panel import DoctorPanel
from tui.widgets.findings_view import FindingsView

BROKEN = """\
class Scalar:
    def __init__(self, data, made_of=()):
        self.data, self.grad = data, 0.0
        self.made_of, self.pull = made_of, lambda: None

    def __add__(self, other):
        out = Scalar(self.data + other.data, (self, other))

        def pull():
            self.grad += out.grad
            other.grad += out.grad

        out.pull = pull
        return out

    def __mul__(self, other):
        out = Scalar(self.data * other.data, (self, other))

        def pull():
            self.grad OP other.data * out.grad
            other.grad += self.data * out.grad

        out.pull = pull
        return out

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for each in node.made_of:
                    visit(each)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.pull()


a, b = Scalar(2.0), Scalar(-3.0)
for step in range(6):
    loss = a * b + a * a
    loss.backward()
    for p in (a, b):
        p.data -= 0.01 * p.grad
        p.grad = 0.0
"""


@asynccontextmanager
async def running(folder: Path, op: str, size: tuple[int, int] = LARGE) -> AsyncIterator[Script]:
    """The app on the script, at its first pass, with what the doctor says of that."""
    path = folder / "script.py"
    path.write_text(BROKEN.replace("OP", op), encoding="utf-8")
    with ScriptProcess(path) as process:
        app = ScriptApp(process)
        async with app.run_test(size=size, notifications=True) as pilot:
            ui = Script(app, pilot)
            await ui.stopped()
            await examined(ui)
            yield ui


def panel(ui: Driven) -> DoctorPanel:
    return ui.app.query_one(DoctorPanel)


def diagnosis(ui: Driven) -> Diagnosis:
    checkup = panel(ui).checkup
    assert checkup is not None
    return checkup.diagnosis


async def examined(ui: Driven, passes: int = 1) -> None:
    await ui.until(lambda: panel(ui).checkup and diagnosis(ui).passes == passes)
    await ui.settle()


async def test_a_finding_comes_up_by_itself_and_is_gone_to(tmp_path: Path) -> None:
    async with running(tmp_path, "=") as ui:
        assert diagnosis(ui).verdict == "faulty"
        assert panel(ui).display
        assert [each.kind for each in panel(ui).findings] == ["overwritten"]
        finding = diagnosis(ui).findings[0]
        shown = ui.text_of(FindingsView)
        assert "✗ overwritten :20" in shown
        assert "self.grad = other.data * out.grad" in shown
        assert "it is -3.0, and should be 1.0" in shown
        assert "doctor: 1 finding" in ui.status
        await ui.press("F", "enter")
        state = ui.explorer.state
        assert (state.phase, state.event) == ("backward", finding.event)
        assert ui.explorer.selected_box.node == finding.nodes[0]
        await ui.stopped()  # and drawn
        sections = "\n".join(map(str, ui.app.query_one(Inspector).sections))
        assert "grad: 4 → -3, overwrote 4; should be 1" in sections
        assert "✗     1.0 it should be" in sections


async def test_wrong_gradients_are_marked_in_the_boxes(tmp_path: Path) -> None:
    async with running(tmp_path, "=") as ui:
        explorer = ui.explorer
        assert explorer.should is not None
        wrong = np.flatnonzero(explorer.should.off).tolist()
        assert wrong == [diagnosis(ui).findings[0].nodes[0]]
        assert explorer.grad_that_should_be(wrong[0]) == 1.0
        assert explorer.grad_that_should_be(int(explorer.graph.root)) is None
        assert len(explorer.off(explorer.view.boxes)) == 1
        await ui.press("F", "enter")
        await ui.stopped()
        canvas = ui.text_of(GraphCanvas)
        assert canvas.count(OFF) == 1
        assert "∇-3≠1" in canvas


async def test_a_right_script_is_sound_and_nothing_comes_up(tmp_path: Path) -> None:
    async with running(tmp_path, "+=") as ui:
        assert diagnosis(ui).verdict == "sound"
        assert not panel(ui).display
        assert "doctor: sound · F" in ui.status
        assert ui.explorer.is_off is None
        await ui.press("F")
        assert panel(ui).display
        assert "every gradient is as it should be" in ui.text_of(FindingsView)
        await ui.press("F")
        assert not panel(ui).display
        await ui.run_on()
        await examined(ui, 2)
        assert diagnosis(ui).n_updates == 2


async def test_a_finding_of_an_earlier_pass(tmp_path: Path) -> None:
    async with running(tmp_path, "=") as ui:
        first = ui.explorer.graph
        await ui.run_on()
        await examined(ui, 2)
        assert ui.explorer.graph is not first
        assert diagnosis(ui).findings[0].pass_number == 1
        await ui.press("F", "enter")
        assert ui.explorer.graph is first
        assert ui.explorer.should is not None
        assert ui.pane.caption.endswith("an earlier pass")


async def test_it_runs_on_to_the_next_finding(tmp_path: Path) -> None:
    async with running(tmp_path, "+=") as ui:
        await ui.press("D")
        await ui.until(lambda: isinstance(ui.stop, Ended))
        assert diagnosis(ui).passes == 6
        assert "the script is over" in ui.status or "exit status 0" in ui.status
    async with running(tmp_path, "=") as ui:
        await ui.press("D")
        await ui.until(lambda: isinstance(ui.stop, Ended))  # none that is new
        assert [f.kind for f in diagnosis(ui).findings] == ["overwritten"]


async def test_once_closed_it_stays_closed(tmp_path: Path) -> None:
    async with running(tmp_path, "=", SMALL) as ui:
        assert panel(ui).display
        await ui.press("F", "escape")
        assert not panel(ui).display
        assert ui.text_of(GraphCanvas).strip()
        await ui.run_on()
        await examined(ui, 2)
        assert not panel(ui).display


async def test_on_the_map_cells_are_marked(tmp_path: Path) -> None:
    text = BROKEN.replace("OP", "=")
    begin = text.index("a, b =")
    many = text[:begin] + (
        "w = [Scalar(0.1 * i - 0.5) for i in range(8)]\n"
        "def column(x):\n"
        "    return sum((each * x for each in w[1:]), w[0] * x)\n"
        "def model(xs):\n"
        "    out = Scalar(0.0)\n"
        "    for x in xs:\n"
        "        y = column(Scalar(x))\n"
        "        out = out + y * y + y * Scalar(3.0)\n"
        "    return out\n"
        "loss = model([0.5, -1.0, 2.0, 0.3])\n"
        "loss.backward()\n"
    )
    path = tmp_path / "map.py"
    path.write_text(many, encoding="utf-8")
    with ScriptProcess(path) as process:
        app = ScriptApp(process)
        async with app.run_test(size=LARGE, notifications=True) as pilot:
            ui = Script(app, pilot)
            await ui.until(lambda: ui.pane.explorer)
            await examined(ui)
            assert ui.pane.shows_map
            assert "✗" in ui.text_of(MapPanel)
            await ui.press("F", "F")
            assert ui.explorer.should is not None
            grid = ui.explorer.map.grid
            cells = grid.cell_of[np.flatnonzero(ui.explorer.should.off)]
            ui.app.query_one(MapPanel).select(int(cells[grid.column_of[cells] >= 0][0]))
            await ui.settle()
            assert "gradients wrong" in ui.text_of("#map-side")
            assert ", should be" in ui.text_of("#map-side")
            ui.app.query_one(MapPanel).see_through("change")
            await ui.settle()
            assert ui.app.query_one(MapPanel).lens_in_words() == (
                "change from the pass as it should be"
            )
            assert "change" in ui.text_of(MapPanel)


async def test_of_one_graph_of_our_own() -> None:
    x, w = Value(2.0, name="x"), Value(0.5, name="w")
    loss = (x * w).relu() ** 2
    loss.backward()
    app = GraphApp(DebugSession(Graph.from_value(loss)))
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        ui = Driven(app, pilot)
        await examined(ui)
        assert diagnosis(ui).verdict == "sound"
        assert not panel(ui).display
        await ui.press("F")
        assert panel(ui).display
    w.grad += 1.0
    graph = Graph.from_value(loss)
    app = GraphApp(DebugSession(graph))
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        ui = Driven(app, pilot)
        await ui.until(lambda: panel(ui).checkup)
        assert diagnosis(ui).verdict == "unverified"
        pane = app.query_one(DebuggerPane)
        assert pane.explorer is not None
        assert pane.explorer.should is None or pane.explorer.is_off is None


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_picture(
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("PATH", "")
    path = tmp_path / "script.py"
    path.write_text(BROKEN.replace("OP", "="), encoding="utf-8")

    async def run_before(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, ScriptApp)
        ui = Script(pilot.app, pilot)
        await ui.stopped()
        await examined(ui)
        await ui.press("F", "enter")
        await ui.stopped()

    with ScriptProcess(path) as process:
        assert snap_compare(ScriptApp(process), terminal_size=size, run_before=run_before)
