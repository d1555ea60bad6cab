"""`microgpt.debug(loss)` at a terminal: one graph, its panes, and the keys of any graph."""

from __future__ import annotations

import gc
import sys
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Footer

from microgpt import DomainError, Value
from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from tests.tui.piloted import LARGE, SMALL, Driven
from tui.base.app_runner import SWITCH_INTERVAL
from tui.debugger.canvas import GraphCanvas
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.graph_app import GraphApp, open_session
from tui.dialogs.help import HelpScreen


def neuron() -> Value:
    """`relu(x w + b)`, squared."""
    x, w, b = Value(2.0, name="x"), Value(0.5, name="w"), Value(0.25, name="b")
    loss = (x * w + b).relu() ** 2
    loss.name = "loss"
    loss.backward()
    return loss


@asynccontextmanager
async def debugging(
    session: DebugSession, title: str = "", size: tuple[int, int] = LARGE
) -> AsyncIterator[Driven]:
    app = GraphApp(session, title)
    async with app.run_test(size=size, notifications=True) as pilot:
        ui = Driven(app, pilot)
        await drawn(ui)
        yield ui


def explorer(ui: Driven) -> Explorer:
    found = ui.app.query_one(DebuggerPane).explorer
    assert found is not None
    return found


async def drawn(ui: Driven) -> None:
    """Until the canvas shows the boxes in sight."""

    def is_drawn() -> bool:
        placed = ui.app.query_one(GraphCanvas).placed
        return placed is not None and placed.view is explorer(ui).view

    await ui.until(is_drawn)
    await ui.settle()


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_it_opens_on_the_graph_it_was_given(size: tuple[int, int]) -> None:
    session = DebugSession(Graph.from_value(neuron()))
    async with debugging(session, "my neuron", size) as ui:
        assert "my neuron" in ui.text.splitlines()[0]
        assert f"the whole graph: {len(session.graph)} nodes" in ui.text_of("#middle")
        assert " loss " in ui.text_of(GraphCanvas)
        assert isinstance(ui.app.focused, GraphCanvas)
        assert not explorer(ui).stepping
        await ui.until(lambda: "Help" in ui.text_of(Footer))


async def test_without_a_title_the_graph_is_told() -> None:
    session = DebugSession(Graph.from_value(neuron()))
    async with debugging(session) as ui:
        assert repr(session.graph) in ui.text.splitlines()[0]


async def test_keys_walk_the_session_that_was_given() -> None:
    session = DebugSession(Graph.from_value(neuron()))
    async with debugging(session) as ui:
        await ui.press("home", "s")
        state = session.state
        assert (state.phase, state.event) == ("backward", 1)
        assert [(change.old, change.new) for change in state.changes] == [(0.0, 2.5)]
        assert "backward 1/4" in ui.text_of("#middle")
        assert "grad: 0 + 2.5 × 1 = 2.5" in ui.text_of("#inspector")
        await ui.press("S")
        assert session.state.event == 0


@pytest.mark.slow
async def test_a_what_if_is_computed_and_taken_back() -> None:
    session = DebugSession(Graph.from_value(neuron()))
    async with debugging(session) as ui:
        explorer(ui).reveal(session.graph.find("w"))
        await ui.press("z")
        await ui.until(lambda: session.graph.data[session.graph.find("loss")] == 0.0625)
        await ui.press("U")
        await ui.until(lambda: session.graph.data[session.graph.find("loss")] == 1.5625)


async def test_an_error_is_opened_post_mortem_at_the_op_that_failed() -> None:
    with pytest.raises(DomainError) as raised:
        (Value(0.0, name="p") * 3).log()
    assert raised.value.node is not None
    graph = Graph.from_value(raised.value.node)
    session = DebugSession(graph, problem=str(raised.value))
    async with debugging(session) as ui:
        assert explorer(ui).visited == graph.root
        assert "post mortem" in ui.text_of("#console")
        assert "log" in ui.text_of("#inspector")


async def test_help_lists_the_keys_of_a_graph_and_none_of_training() -> None:
    async with debugging(DebugSession(Graph.from_value(neuron()))) as ui:
        await ui.press("question_mark")
        assert isinstance(ui.app.screen, HelpScreen)
        assert "On by one event" in ui.text
        assert "Pause training" not in ui.text
        await ui.press("escape")
        assert not isinstance(ui.app.screen, HelpScreen)


async def test_the_boxes_in_sight_are_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with debugging(DebugSession(Graph.from_value(neuron())), "my neuron") as ui:
        await ui.press("x")
        app = ui.app
        assert isinstance(app, GraphApp)
        await ui.until(lambda: app.exported)
        assert app.exported is not None
        text = "".join(ET.parse(app.exported).getroot().itertext())
        assert "my neuron" in text
        assert "loss" in text


async def test_q_and_quit_leave() -> None:
    for keys in (["q"], ["colon", *"quit", "enter"]):
        app = GraphApp(DebugSession(Graph.from_value(neuron())))
        async with app.run_test(size=SMALL) as pilot:
            await Driven(app, pilot).press(*keys)
            assert app._exit


def test_the_program_that_called_goes_on_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def run(_: GraphApp) -> None:
        seen.append(sys.getswitchinterval())
        assert gc.get_freeze_count() > 0

    monkeypatch.setattr(GraphApp, "run", run)
    before = sys.getswitchinterval(), gc.get_threshold()
    open_session(DebugSession(Graph.from_value(neuron())), "")
    assert seen == [pytest.approx(SWITCH_INTERVAL)]
    assert (sys.getswitchinterval(), gc.get_threshold()) == before
    assert gc.get_freeze_count() == 0
