"""The prompt in a real terminal: verbs, history, completion, ctrl-C, ctrl-D."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tui.cli.command import TINY_MODEL
from tests.tui.cli.terminal import Terminal

CTRL_C, CTRL_D, UP = b"\x03", b"\x04", b"\x1b[A"
FIRST = r"nothing is computed yet"


def prompt(corpus: Path, folder: Path) -> Terminal:
    return Terminal(
        "debug", "emma", "--data", corpus, *TINY_MODEL, XDG_STATE_HOME=str(folder), columns=120
    )


def test_a_session_at_the_prompt(corpus: Path, tmp_path: Path) -> None:
    with prompt(corpus, tmp_path) as terminal:
        terminal.wait_for(FIRST)
        assert "“emma”, untrained, seed 42: Graph(" in terminal.text
        terminal.type(b"step 2\r")
        terminal.wait_for("forward 2 of")
        terminal.type(b"\r")  # an empty line is the last one again
        terminal.wait_for("forward 4 of")
        terminal.type(b"nonsense\r")
        terminal.wait_for("error: no verb 'nonsense'")
        terminal.type(b"print layer0.attn_wq[0][")
        terminal.type(b"\t")
        terminal.wait_for(r"attn_wq\[0\]\[3\]")
        terminal.type(CTRL_C)
        terminal.type(b"sel\t")
        terminal.wait_for("lect")
        terminal.type(b"#3\r")  # a space is there already
        terminal.wait_for("forward 2 of")
        terminal.type(b"reverse-c\t")
        terminal.wait_for("reverse-continue")
        terminal.type(b"\r")
        terminal.wait_for("forward 0 of .*, the start")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
    history = (tmp_path / "microgpt-tui" / "debug_history").read_text(encoding="utf-8")
    assert re.findall(r"^\+(.*)$", history, re.MULTILINE) == [
        "step 2", "nonsense", "select #3", "reverse-continue",
    ]  # fmt: skip


@pytest.mark.slow
def test_lines_of_an_earlier_session_come_back(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "microgpt-tui"
    folder.mkdir()
    (folder / "debug_history").write_text("\n# then\n+step 7\n", encoding="utf-8")
    with prompt(corpus, tmp_path) as terminal:
        terminal.wait_for(FIRST)
        terminal.type(UP)
        terminal.wait_for("step 7")
        terminal.type(b"\r")
        terminal.wait_for("forward 7 of")
        terminal.type(b"quit\r")
        assert terminal.end() == 0


@pytest.mark.parametrize("arguments", [("-c", "step"), ("--json",)])
def test_no_prompt_where_verbs_come_from_elsewhere(
    corpus: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with Terminal("debug", "emma", "--data", corpus, *TINY_MODEL, *arguments) as terminal:
        terminal.type(b"step\n" + CTRL_D)
        terminal.wait_for("forward")
        assert terminal.end() == 0
    assert "help` lists the verbs" not in terminal.text
