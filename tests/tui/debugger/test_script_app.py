"""`microgpt-tui run SCRIPT`: anyone's program, stopped at its backward passes and errors."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop
from tests.tui.debugger.walked import (
    BACK,
    FORWARD,
    goes_back_and_forward,
    here,
    stays_everywhere,
    walked,
)
from tests.tui.piloted import LARGE, SMALL, Driven
from tui.debugger.canvas import GraphCanvas
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.script_app import ScriptApp
from tui.dialogs.help import HelpScreen
from tui.doctor.doctor_panel import DoctorPanel
from tui.doctor.pass_doctor import Checkup
from tui.widgets.parameters_pane import ParametersPane

SCALAR = """\
class Scalar:
    def __init__(self, data, children=(), local_grads=()):
        self.data, self.grad = data, 0.0
        self._children, self._local_grads = children, local_grads

    def __add__(self, other):
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node._children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for child, local_grad in zip(node._children, node._local_grads):
                child.grad += local_grad * node.grad

"""
THREE_STEPS = """
w = Scalar(3.0)
for step in range(3):
    w.grad = 0.0
    loss = w * w + w
    loss.backward()
    print(f"step {step}: {loss.data}")
    w.data -= 0.1 * w.grad
"""
TWO_WEIGHTS = """
w = [Scalar(3.0), Scalar(-2.0)]
for step in range(4):
    loss = w[0] * w[0] + w[1] * w[1] * w[1]
    loss.backward()
    for x in w:
        x.data -= 0.01 * x.grad
        x.grad = 0.0
"""
ENDLESS = """
n = 0
while True:
    n += 1
    print("line", n)
"""
TOO_SMALL = """
a = Scalar(1.0) * Scalar(2.0)
assert a.data > 5, "too small"
"""


class Script(Driven):
    """The app on a script."""

    app: ScriptApp

    @property
    def pane(self) -> DebuggerPane:
        return self.app.query_one(DebuggerPane)

    @property
    def explorer(self) -> Explorer:
        assert self.pane.explorer is not None
        return self.pane.explorer

    @property
    def stop(self) -> Stop | Ended | None:
        return self.app._stop

    @property
    def status(self) -> str:
        return self.text_of("#script-status")

    async def stopped(self) -> None:
        """Until the script stands still or is over, and its boxes are drawn."""
        await self.until(lambda: self.stop)
        canvas = self.app.query_one(GraphCanvas)
        await self.until(
            lambda: (
                self.pane.explorer is None
                or (canvas.placed and canvas.placed.view is self.pane.explorer.view)
            )
        )
        await self.settle()

    async def run_on(self) -> None:
        await self.press("space")
        await self.stopped()


Running = Callable[..., AbstractAsyncContextManager[Script]]


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """The app on a script given as text, once it stands still or is over."""

    @asynccontextmanager
    async def run(text: str, size: tuple[int, int] = LARGE) -> AsyncIterator[Script]:
        path = tmp_path / "script.py"
        path.write_text(dedent(text), encoding="utf-8")
        with ScriptProcess(path) as process:
            app = ScriptApp(process)
            async with app.run_test(size=size, notifications=True) as pilot:
                ui = Script(app, pilot)
                await ui.stopped()
                yield ui
            assert process.next_stop(5.0) is not None, "the script outlived the app"

    return run


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_it_stops_after_each_backward_pass(running: Running, size: tuple[int, int]) -> None:
    async with running(SCALAR + THREE_STEPS, size) as ui:
        losses = []
        while isinstance(ui.stop, Stop):
            losses.append(ui.stop.loss)
            assert f"after backward {len(losses)}" in ui.status
            assert f"loss {ui.stop.loss:.6g}" in ui.status
            graph = ui.explorer.graph
            assert graph.data[graph.root] == ui.stop.loss
            assert graph.grad[graph.find("w")] == 2 * graph.data[graph.find("w")] + 1
            await ui.run_on()
        w, expected = 3.0, []
        for _ in range(3):
            expected.append(w * w + w)
            w -= 0.1 * (w + w + 1)
        assert losses == pytest.approx(expected)
        assert isinstance(ui.stop, Ended)
        assert ui.stop.status == 0
        assert "■" in ui.status


async def test_what_it_prints_is_in_a_pane_and_its_class_is_named(running: Running) -> None:
    async with running(SCALAR + THREE_STEPS) as ui:
        assert "Scalar" in ui.status
        await ui.run_on()
        await ui.until(lambda: "step 0: 12.0" in ui.text_of("#output"))


async def test_keys_of_the_graph_work_and_stops_stay_from_graph_to_graph(running: Running) -> None:
    async with running(SCALAR + THREE_STEPS) as ui:
        ui.explorer.reveal(ui.explorer.graph.find("w"))
        await ui.press("w", "home", "c")
        assert ui.explorer.state.stop.points[0].text == "w"
        await ui.run_on()
        assert [point.text for point in ui.explorer.session.stops.listed()] == ["w"]
        assert "◉ 1 w" in ui.text_of("#left StopsPanel")
        await ui.press("home", "c")
        assert ui.explorer.state.stop.points


async def test_the_passes_kept_are_come_back_to(running: Running) -> None:
    async with running(SCALAR + THREE_STEPS) as ui:
        stays_everywhere(ui)
        places = await walked(ui, "s", "s")
        await ui.until(lambda: ui.app.query_one(DoctorPanel).checkup)
        await ui.run_on()
        await ui.until(lambda: here(ui).stop[1] == 2)
        await ui.until(lambda: ui.app._doctor.stop_at(2))
        places += [here(ui), *(await walked(ui, "S"))[1:]]
        assert [place.stop[1] for place in places] == [1, 1, 1, 2, 2]
        await goes_back_and_forward(ui, places)
        assert "an earlier pass" not in ui.text_of("#middle")


RAISES = """
w = Scalar(3.0)
for step in range(3):
    loss = w * w + w
    assert step < 2, "too small"
    w.grad = 0.0
    loss.backward()
    w.data -= 0.1 * w.grad
"""


async def test_an_exception_is_another_place_than_the_pass_before_it(running: Running) -> None:
    async with running(SCALAR + RAISES) as ui:
        stays_everywhere(ui)
        places = await walked(ui, "s")
        for number in (1, 2):
            await ui.until(lambda number=number: ui.app._doctor.stop_at(number))
            await ui.run_on()
            await ui.settle()
            places.append(here(ui))
        assert [place.stop for place in places[1:]] == [
            ("backward", 1), ("backward", 2), ("exception", 2)
        ]  # fmt: skip
        crash = ui.explorer.graph
        await goes_back_and_forward(ui, places)
        assert ui.explorer.graph is crash


async def test_the_newest_pass_can_be_come_back_to_while_the_doctor_works(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(SCALAR + THREE_STEPS) as ui:
        stays_everywhere(ui)
        await walked(ui, "s")
        await ui.until(lambda: ui.app._doctor.stop_at(1))
        may_look, look = threading.Event(), ui.app._doctor.look

        def looks_late(stop: Stop) -> Checkup:
            may_look.wait(20)
            return look(stop)

        monkeypatch.setattr(ui.app._doctor, "look", looks_late)
        try:
            await ui.run_on()
            await ui.until(lambda: here(ui).stop[1] == 2)
            newest = here(ui)
            await ui.press(BACK)
            await ui.until(lambda: here(ui).stop[1] == 1)
            await ui.press(FORWARD)
            await ui.until(lambda: here(ui) == newest)
        finally:
            may_look.set()


async def test_an_exception_is_a_stop_with_what_was_computed(running: Running) -> None:
    async with running(
        SCALAR + "a = Scalar(1.0) * Scalar(2.0)\nassert a.data > 5, 'too small'\n"
    ) as ui:
        assert isinstance(ui.stop, Stop)
        assert ui.stop.kind == "exception"
        assert "raised at line" in ui.status
        assert any("too small" in notice for notice in ui.notices)
        assert 2.0 in ui.explorer.graph.data
        await ui.run_on()
        assert isinstance(ui.stop, Ended)
        assert ui.stop.status == 1
        assert "too small" in ui.text_of("#output")


async def test_a_script_that_never_calls_backward_says_so(running: Running) -> None:
    async with running(SCALAR + "print(Scalar(1.0).data)\n") as ui:
        assert isinstance(ui.stop, Ended)
        assert "backward" in ui.status
        assert any("backward" in notice for notice in ui.notices)
        await ui.press("s")
        assert ui.notices[-1] == "no graph is there yet"


async def test_a_script_without_such_a_class_says_so(running: Running) -> None:
    async with running("print('hello')\n") as ui:
        assert isinstance(ui.stop, Ended)
        assert "class" in ui.status
        assert "hello" in ui.text_of("#output")


async def test_a_script_that_prints_without_end_leaves_keys_alone_and_is_interrupted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "endless.py"
    path.write_text(SCALAR + ENDLESS, encoding="utf-8")
    with ScriptProcess(path) as process:
        app = ScriptApp(process)
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            ui = Script(app, pilot)
            await ui.until(lambda: "line" in ui.text_of("#output"))
            assert "running" in ui.status
            await ui.press("space")
            assert ui.notices[-1] == "it stops at its next backward pass"
            await ui.press("i")
            await ui.stopped()
            assert isinstance(ui.stop, Stop)
            assert "KeyboardInterrupt" in ui.stop.traceback
            await ui.press("q")
            assert app._exit


async def test_help_tells_of_both_the_script_and_the_graph(running: Running) -> None:
    async with running(SCALAR + THREE_STEPS) as ui:
        await ui.press("question_mark")
        assert isinstance(ui.app.screen, HelpScreen)
        assert "with your rights" in ui.text
        assert "Let what computes run on" in ui.text


async def test_what_moved_since_the_pass_before_stands_below_the_stops(running: Running) -> None:
    async with running(SCALAR + THREE_STEPS) as ui:
        assert not ui.app.screen.query_one("#left StopsPanel").display
        await ui.run_on()
        updates = ui.explorer.session.halt.updates
        moved = [leaf for leaf in updates.leaves if leaf.before != leaf.after]
        told = ui.text_of("#left StopsPanel")
        assert f"{len(moved)} of {len(updates.leaves)} moved" in told
        assert moved
        assert all(f"{leaf.name} {leaf.before:g} → {leaf.after:g}" in told for leaf in moved)
        assert "1 of 1 zeroed" in told


async def test_its_matrices_are_shown_with_what_moved_them(running: Running) -> None:
    async with running(SCALAR + TWO_WEIGHTS) as ui:
        for since in (0, 1, 2):
            await ui.press("6")
            await ui.until(lambda: ui.app.screen.query(ParametersPane))
            pane = ui.app.screen.query_one(ParametersPane)
            await ui.until(lambda pane=pane: pane.matrix)
            await ui.press("right")
            entry = ui.text_of("#entry")
            told = dict(re.findall(r"(?<=[▸ ])(data|gradient|update) +(\S+)", entry))
            node = ui.explorer.graph.find("w[1]")
            assert pane.entry == "w[1]"
            assert float(told["data"]) == ui.explorer.graph.data[node]
            assert float(told["gradient"]) == ui.explorer.graph.grad[node]
            updates = ui.explorer.session.halt.updates
            if not since:
                assert updates is None
                assert "update" not in told
                assert "of a program no updates" in " ".join(entry.replace("│", "").split())
            else:
                (leaf,) = (leaf for leaf in updates.leaves if leaf.name == "w[1]")
                assert float(told["update"]) == leaf.after - leaf.before
                await ui.press("v", "v")
                assert f"added since backward {since}" in ui.text_of("#matrix")
                line = ui.text_of("#parameter-table").splitlines()[2]
                assert float(re.search(r"([\d.]+) [▴▾·] ", line)[1]) == (
                    pytest.approx(pane.matrix.ratio, rel=1e-3)
                )
            await ui.press("escape")
            await ui.run_on()


async def test_what_comes_while_it_is_left_is_not_shown(running: Running) -> None:
    """Widgets go first: a stop, or what the doctor found, may come after them."""
    async with running(SCALAR + THREE_STEPS) as ui:
        stop, app = ui.stop, ui.app
        await ui.until(lambda: app.query_one(DoctorPanel).checkup)
        checkup = app.query_one(DoctorPanel).checkup
        await app.query_one(DebuggerPane).remove()
        app.post_message(ScriptApp.Examined(stop, checkup))
        app.post_message(ScriptApp.Stopped(stop, None))
        await ui.settle()
        assert not app.query(DebuggerPane)
