"""The installed command in a real terminal: quick keys, whole sessions, every way to end."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from xml.etree import ElementTree as ET

import pytest

from tests.tui.terminal import MICROGPT_TUI, Terminal, below_the_first_row

SMALL = ("--n-embd", "8", "--n-head", "2", "--block-size", "8")
PROMPT = 0.25
"""Units: seconds. Not a benchmark: until the first of what a key is for is drawn."""
TRIES = 4
"""Rounds of keys of which one must be prompt, for machines that are busy with something else."""
SLOW_STEPS = ("--n-embd", "40", "--n-layer", "2", "--engine", "value")
"""A model whose steps take seconds."""

MARKS = {"1": b"fresh samples", "2": b"view: ", "3": b"inspector", "4": b"all heads"}
"""What only this mode's screen says."""
LEFT, RIGHT, HOME = "\x1b[D", "\x1b[C", "\x1b[H"


def in_mode(key: str) -> Callable[[bytes], bool]:
    return lambda written: MARKS[key] in written


def slow_one_in_twenty(delays: list[float]) -> float:
    """The 95th percentile."""
    return sorted(delays)[int(0.95 * (len(delays) - 1))]


@pytest.mark.slow
def test_stepping_is_prompt_while_training_runs() -> None:
    """The default model on the engine that leaves the keys the least time."""
    with Terminal("--engine", "value") as terminal:
        terminal.until(re.compile(rb"step ([2-9]|\d\d+)/").search)
        terminal.type("3")
        terminal.until_text("view: grad")
        terminal.type("H")
        terminal.until_text("the whole graph")
        terminal.type(HOME)  # from here on only the status line follows training
        terminal.until_text("event 0")
        for _ in range(TRIES):
            delays = []
            for key in [*"ssssss", *"SSS", LEFT, RIGHT, *"ssssss", *"SSS"]:
                time.sleep(0.1)
                delays.append(terminal.delay(key, below_the_first_row))
            if slow_one_in_twenty(delays) < PROMPT:
                break
        assert slow_one_in_twenty(delays) < PROMPT, delays


@pytest.mark.slow
def test_no_key_waits_for_a_step() -> None:
    with Terminal(*SLOW_STEPS) as terminal:
        terminal.until_text("step 1/")
        began = time.monotonic()
        terminal.until_text("step 2/")
        a_step = time.monotonic() - began
        delays = [terminal.delay(key, in_mode(key)) for key in "414141"]
        assert median(delays) < a_step / 3, (delays, a_step)
        began = time.monotonic()
        terminal.type("q")
        assert terminal.exit_status() == 0
        assert time.monotonic() - began < max(2.0, a_step)
        terminal.assert_restored()


@pytest.mark.slow
def test_a_step_typed_at_once_is_gone_to() -> None:
    with Terminal("--engine", "value") as terminal:
        terminal.until(re.compile(rb"step ([4-9]|\d\d+)/").search)
        for step in (2, 3, 1):  # the later ones find a dialog that has been open before
            since = len(terminal.written)
            terminal.type(f"g{step}\r")
            terminal.until_text(f"◆ step {step} · L: live", since)


def test_start_pause_graph_step_export_quit(tmp_path: Path) -> None:
    with Terminal(*SMALL, size=(80, 24), folder=tmp_path) as terminal:
        terminal.until(re.compile("▶ ([3-9]|\\d\\d+)/".encode()).search)
        terminal.type(" ")
        terminal.until_text("‖ ")
        terminal.type("3")
        terminal.until_text("view: grad")
        terminal.type("H")
        terminal.until_text("the whole graph")
        terminal.type("\x1b[H")
        terminal.until_text("event 0")
        terminal.type("sss")
        terminal.until_text("event 3")
        since = len(terminal.written)
        terminal.type("S")
        terminal.until_text("event 2", since)
        terminal.type("x")
        terminal.until_text("exported")
        terminal.type("q")
        assert terminal.exit_status() == 0
        terminal.assert_restored()
    (picture,) = tmp_path.iterdir()
    assert picture.name.startswith("microgpt-graph-step")
    ET.parse(picture)


@pytest.mark.slow
def test_the_map_goes_on_with_training_and_is_walked_and_edited() -> None:
    """Its step changes while nobody walks; then it stays, with a what-if that every mode says."""
    with Terminal(*SMALL) as terminal:
        terminal.until_text("running")
        terminal.type("2")
        for _ in range(2):  # a step of its own each time
            since = len(terminal.written)
            terminal.until(re.compile(rb"step \d+ ").search, since)
        terminal.type("nnnn")
        terminal.until_text("cell 3/")
        terminal.type("\x1b[A")
        terminal.type("z")
        terminal.until_text("✎")
        since = len(terminal.written)
        terminal.type("1")
        terminal.until_text("✎ step ", since)
        terminal.until_text(": zero ", since)
        terminal.type("q")
        assert terminal.exit_status() == 0
        terminal.assert_restored()


@pytest.mark.slow
def test_ctrl_c_does_not_lose_the_run() -> None:
    """It copies in many terminal programs; here it says which key quits."""
    with Terminal(*SMALL) as terminal:
        terminal.until_text("running")
        terminal.type("\x03")
        time.sleep(0.3)
        assert terminal.is_running
        terminal.type("q")
        assert terminal.exit_status() == 0
        terminal.assert_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_with_the_terminal_restored(number: signal.Signals) -> None:
    with Terminal(*SMALL) as terminal:
        terminal.until_text("running")
        terminal.until_text("step 2")
        terminal.signal(number)
        assert terminal.exit_status() == 128 + number
        terminal.assert_restored()
        assert b"Traceback" not in terminal.written


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, None])
def test_it_does_not_outlive_its_terminal(number: signal.Signals | None) -> None:
    """Also where no signal tells that the window was closed."""
    with Terminal(*SMALL) as terminal:
        terminal.until_text("running")
        terminal.until_text("step 2")
        terminal.hang_up()
        if number is not None:
            terminal.signal(number)
        assert terminal.exit_status() == 128 + signal.SIGHUP


def test_a_resized_window_is_drawn_anew() -> None:
    with Terminal(*SMALL, size=(80, 24)) as terminal:
        terminal.until_text("▶")
        assert b"gradient norm" not in terminal.written, "there is no room for it"
        terminal.resize(120, 40)
        terminal.until_text("gradient norm")
        terminal.type("q")
        assert terminal.exit_status() == 0


# -- what is refused before there is a screen ------------------------------------------------------


def refused(*arguments: str) -> str:
    """The one line on stderr of a command that does not start."""
    done = subprocess.run(
        [*MICROGPT_TUI, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert all(line.startswith("usage: microgpt-tui") for line in rest)
    assert len(rest) <= 1
    assert first.startswith("microgpt-tui: error: ")
    return first


def test_without_a_terminal_it_says_what_to_use() -> None:
    assert "needs a terminal" in refused()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--steps", "0"), "--steps 0"),
        (("--steps", "many"), "many"),
        (("--data", "no-such-corpus"), "no-such-corpus"),
        (("--data", "./no/such/file.txt"), "./no/such/file.txt"),
        (("--n-embd", "10", "--n-head", "4"), "--n-head"),
        (("--lr", "nan"), "nan"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
def test_bad_input_costs_one_line(arguments: tuple[str, ...], named: str) -> None:
    assert named in refused(*arguments)


def test_bad_input_costs_no_screen_in_a_terminal_either() -> None:
    with Terminal("--steps", "0") as terminal:
        assert terminal.exit_status() == 2
        assert b"--steps 0" in terminal.written
        assert b"\x1b[?1049h" not in terminal.written


@pytest.mark.parametrize("stdout_is_piped", [True, False])
def test_an_output_that_is_piped_is_no_terminal(stdout_is_piped: bool) -> None:
    """Nor is one with stderr in a file, where the screen would go."""
    control, own = pty.openpty()
    try:
        done = subprocess.run(
            MICROGPT_TUI, stdin=own, stdout=subprocess.PIPE if stdout_is_piped else own,
            stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(control)
        os.close(own)
    assert (done.returncode, done.stdout) == (2, "" if stdout_is_piped else None)
    assert done.stderr.startswith("microgpt-tui: error: ")
    assert len(done.stderr.splitlines()) == 1
