"""`microgpt diagnose` in a terminal: broken off, and run again when the program changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis.fault import BASES
from tests.tui.cli.terminal import CTRL_C, Terminal

RIGHT = (BASES / "xor_closures.py").read_text(encoding="utf-8")
BROKEN = RIGHT.replace("        for v in reversed(topo):", "        for v in topo:")


def test_ctrl_c_tells_what_is_known_so_far(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(
        RIGHT.replace("    loss.backward()\n", "    loss.backward()\n    wait(step)\n").replace(
            "for step in range(6):",
            "def wait(step):\n    import time\n    time.sleep(step and 600)\n\n\n"
            "for step in range(6):",
        ),
        encoding="utf-8",
    )
    with Terminal("diagnose", path) as terminal:
        terminal.wait_for("watching: 2 passes in 2 s")
        terminal.type(CTRL_C)
        terminal.wait_for("not checked: it was broken off")
        assert "unverified: nothing wrong was found in 2 passes" in terminal.text
        assert terminal.end() == 2


@pytest.mark.slow
def test_what_a_change_mends_and_breaks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(BROKEN, encoding="utf-8")
    assert BROKEN != RIGHT
    line = BROKEN.splitlines().index("        for v in topo:") + 1
    with Terminal("diagnose", "--watch", path) as terminal:
        terminal.wait_for("watching for changes")
        assert "visited-early (certain)" in terminal.text
        path.write_text(RIGHT, encoding="utf-8")
        terminal.wait_for(f"mended: visited-early at line {line}")
        path.write_text(BROKEN, encoding="utf-8")
        terminal.wait_for(f"broken: visited-early at line {line}")
        path.write_text("for step in\n", encoding="utf-8")
        terminal.wait_for("(?s)SyntaxError.*watching for changes")
        path.write_text(RIGHT, encoding="utf-8")
        terminal.wait_for(r"(?s)(sound: .*watching for changes.*){2}")
        terminal.type(CTRL_C)
        assert terminal.end() == 0
