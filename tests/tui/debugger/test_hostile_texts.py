"""What a program's texts hold (lines, its name, its output) is shown, and orders nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.attach import ScriptProcess
from tests.tui.debugger.test_script_app import SCALAR, Script
from tests.tui.piloted import LARGE, SMALL
from tui.debugger.script_app import ScriptApp

PROGRAM = (
    SCALAR.replace("local_grads=()):", "local_grads=(), label=''):").replace(
        "self.data, self.grad = data, 0.0", "self.data, self.grad, self.label = data, 0.0, label"
    )
    + """
a, b, c = Scalar(2.0, label="we\tig\x1b[31mht"), Scalar(3.0, label="\u202et"), Scalar(0.5)
for i in range(3):
    print("out\\x1b[31mput\\x07\\ttab\\x0b")
    loss = a * b + c * a  # \x1b[31m\x9b31m\ttab
    loss.backward()
raise ValueError("er\\x1b[31mror\\x07")
"""
)


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_no_text_of_a_program_reaches_the_terminal_raw(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "sc\tri\x1b[31mpt.py"
    path.write_text(PROGRAM, encoding="utf-8")
    with ScriptProcess(path) as process:
        app = ScriptApp(process)
        app._folder = tmp_path
        async with app.run_test(size=size, notifications=True) as pilot:
            ui = Script(app, pilot)
            seen = ""

            def check() -> None:
                nonlocal seen
                for line in ui.text.split("\n"):
                    assert line.isprintable(), ui.text
                seen += ui.text

            await ui.stopped()
            check()
            for keys in (
                ("s", "s", "s"), ("enter",), ("right", "enter"), ("colon", *"why #0", "enter"),
                ("colon", *"print #1", "enter"), ("colon", *"print #2", "enter"),
                ("colon", *"list", "enter"), ("slash", *"label", "enter"), ("l",),
                ("down", "right"), ("l",), ("D",), ("o",), ("escape",), ("x",),
                ("colon", *"health", "enter"),
            ):  # fmt: skip
                await ui.press(*("space" if key == " " else key for key in keys))
                check()
            await ui.press("escape")
            for _ in range(3):
                await ui.run_on()
                check()
            for written in (r"sc\tri\x1b[31mpt.py", r"out\x1b[31mput\x07 "):
                assert written in seen, written
