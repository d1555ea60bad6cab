"""The verb `run` on the `:` line of `microgpt-tui run`: it does what the space key does."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Static

from microgpt.attach import ScriptProcess
from tests.tui.piloted import LARGE, Piloted
from tui.debugger.command_line import CommandLine
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.script_app import ScriptApp

SCRIPT = """
from microgpt import Value
x = Value(4.0, name="x")
for step in range(1, 6):
    x.grad = 0
    (x * step).backward()
(x * 2 + -8.0).log().backward()
"""


async def test_run_and_the_space_key(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    with ScriptProcess(path) as script:
        app = ScriptApp(script)
        async with app.run_test(size=LARGE) as pilot:
            ui = Piloted(app, pilot)  # another app, same ways

            async def until_it_says(words: str) -> None:
                status = app.query_one("#script-status", Static)
                await ui.until(lambda: words in str(status.content))

            async def type_line(line: str) -> None:
                await ui.press("colon")
                app.query_one(CommandLine).value = line
                await ui.press("enter", "escape")

            def x_grad() -> float:
                explorer = app.query_one(DebuggerPane).explorer
                assert explorer is not None
                session = explorer.session
                assert session.stops.listed()[0].text == "x"
                return session.inspect(session.find("x")).grad_final or 0.0

            await until_it_says("after backward 1")
            await type_line("watch x")
            assert x_grad() == 1.0
            await type_line("run")
            await until_it_says("after backward 2")
            assert x_grad() == 2.0
            await ui.press("space")
            await until_it_says("after backward 3")
            assert x_grad() == 3.0
            await type_line("run 2")
            await until_it_says("after backward 5")
            assert x_grad() == 5.0
            await type_line("run 9")
            await until_it_says("raised at line 7")
            explorer = app.query_one(DebuggerPane).explorer
            assert explorer is not None
            assert explorer.state.stop.reason == "post mortem"
            await type_line("run")
            await until_it_says("exit status 1")
            await type_line("run")
            assert not script.is_running
