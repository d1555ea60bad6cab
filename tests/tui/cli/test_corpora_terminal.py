"""`microgpt corpora fetch` on a real terminal: the progress bar and Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus_server import CorpusServer
from tests.tui.cli.terminal import CTRL_C, Terminal

BEGUN = r"0\.0/1\.0 kB ━╺"


@pytest.fixture
def env(cache: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(cache.parent), "http_proxy": "", "all_proxy": ""}


def test_a_terminal_gets_a_progress_bar(
    server: CorpusServer, cache: Path, env: dict[str, str]
) -> None:
    with Terminal("corpora", "fetch", "--url", server.url("good"), **env) as terminal:
        assert terminal.end() == 0
        assert "21/21 bytes ━━━━" in terminal.text
        assert terminal.text.endswith("same as the original: no\r\n")
        assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h") == 1
    assert (cache / "original.txt").exists()


def test_a_dumb_terminal_gets_none(server: CorpusServer, env: dict[str, str]) -> None:
    env |= {"TERM": "dumb"}
    with Terminal("corpora", "fetch", "--url", server.url("good"), **env) as terminal:
        assert terminal.end() == 0
        assert "bytes" not in terminal.text
        assert "\x1b" not in terminal.text


def test_ctrl_c_leaves_what_was_there(
    server: CorpusServer, cache: Path, env: dict[str, str]
) -> None:
    cache.mkdir(parents=True)
    (cache / "original.txt").write_text("of an earlier fetch\n")
    with Terminal("corpora", "fetch", "--url", server.url("stalled"), **env) as terminal:
        terminal.wait_for(BEGUN)
        terminal.type(CTRL_C)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text
        assert "error" not in terminal.text
        assert "\x1b[?25h" in terminal.text  # the cursor is back
    assert (cache / "original.txt").read_text() == "of an earlier fetch\n"
    assert [path.name for path in cache.iterdir()] == ["original.txt"]


def test_ctrl_c_before_an_answer(server: CorpusServer, cache: Path, env: dict[str, str]) -> None:
    with Terminal("corpora", "fetch", "--url", server.url("silent"), **env) as terminal:
        terminal.wait_for(r"0/\? bytes")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text
    assert not cache.exists()
