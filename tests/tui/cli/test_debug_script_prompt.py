"""A script at the prompt: ctrl-C while it runs, and that it ends with the debugger."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.tui.cli.terminal import CTRL_C, Terminal

WAITING = """
import os, pathlib, sys, time
from microgpt import Value

x = Value(2.0, name="x")
(x * 3.0).backward()
print("process", os.getpid(), flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
x.grad = 0
(x * 5.0).backward()
(x * 7.0).backward()
"""


@pytest.mark.slow
def test_ctrl_c_gives_the_prompt_back_and_loses_nothing(tmp_path: Path) -> None:
    script, go = tmp_path / "script.py", tmp_path / "go"
    script.write_text(WAITING)
    with Terminal(
        "debug", script, "--every", "3", "--", go, columns=120, XDG_STATE_HOME=str(tmp_path)
    ) as terminal:
        terminal.wait_for(r"process \d+")  # waited for before there is a prompt, so it is to end
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert_over(terminal)
    with Terminal(
        "debug",
        script,
        "--",
        go,
        columns=120,
        XDG_STATE_HOME=str(tmp_path),
        PROMPT_TOOLKIT_NO_CPR="1",
    ) as terminal:
        terminal.wait_for("nothing is computed yet")
        assert "script.py:6: backward 1, loss 6" in terminal.text
        terminal.type(b"watch x\r")
        terminal.wait_for("watchpoint 1: x, 1 event")
        terminal.type(b"run\r")
        terminal.wait_for(r"process \d+")  # its own output
        terminal.type(CTRL_C)
        terminal.wait_for("the script still runs, and will stop at its next backward")
        terminal.type(b"continue\r")
        terminal.wait_for(r"grad 0 \+ 3 × 1 = 3")
        go.touch()
        terminal.type(b"run\r")
        terminal.wait_for("script.py:11: backward 2, loss 10")
        terminal.type(b"continue\r")
        terminal.wait_for(r"grad 0 \+ 5 × 1 = 5")
        terminal.type(b"quit\r")
        assert terminal.end() == 0
    assert_over(terminal)


def assert_over(terminal: Terminal) -> None:
    found = re.search(r"process (\d+)", terminal.text)
    assert found
    with pytest.raises(ProcessLookupError):
        os.kill(int(found[1]), 0)
