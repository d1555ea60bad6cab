"""`microgpt train` on a real terminal: the progress bar, Ctrl-C and signals."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from microgpt.runs import Run, verify
from tests.tui.cli.command import MICROGPT, TINY_MODEL, environment
from tests.tui.cli.terminal import CTRL_C, Terminal

ENDLESS = ("--steps", "1000000")


def steps_logged(log: Path) -> int:
    """Number of the last step; every line is whole, every step there."""
    text = log.read_text(encoding="utf-8")
    assert text.endswith("\n")
    steps = [json.loads(line)["step"] for line in text.splitlines()]
    assert steps == list(range(1, len(steps) + 1))
    return len(steps)


def test_a_terminal_gets_a_progress_bar(corpus: Path) -> None:
    with Terminal(
        *("train", "--data", corpus, *TINY_MODEL, "--steps", "300", "--stop-after", "90"),
        *("--samples", "2"),
    ) as terminal:
        assert terminal.end() == 0
        plain = re.sub(r"\x1b\[[\d;]*m", "", terminal.text)
        frames = re.findall(
            r"step +(\d+) / +300 ([━╸╺ ]+) loss +(\S+) +(?:value|numpy|kernel)? +(\S+) steps/s",
            plain,
        )
        assert "num docs: 4\r\nvocab size: " in terminal.text
    assert len(frames) >= 2
    step, bar, loss, speed = frames[-1]
    assert (step, set(bar)) == ("90", {"━"})
    assert re.fullmatch(r"\d\.\d{4}", loss)
    assert float(speed) > 0
    assert " | loss " not in terminal.text  # no plain lines as well
    assert re.findall(r"sample +\d+: ", terminal.text) == ["sample  1: ", "sample  2: "]
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h")  # cursor is back


def test_the_bar_fits_a_narrow_terminal(corpus: Path) -> None:
    arguments = ("train", "--data", corpus, *TINY_MODEL, "--steps", "20", "--samples", "0")
    with Terminal(*arguments, columns=60) as terminal:
        assert terminal.end() == 0
    drawn = [re.sub(r"\x1b\[\S*?[A-Za-z]", "", line) for line in re.split(r"[\r\n]", terminal.text)]
    assert max(map(len, drawn)) <= 60
    assert any(re.search(r"step +20 / +20 .*━.* loss \d\.\d{4}", line) for line in drawn)


def test_a_dumb_terminal_gets_plain_lines(corpus: Path) -> None:
    arguments = ("train", "--data", corpus, *TINY_MODEL, "--steps", "3", "--samples", "0")
    with Terminal(*arguments, TERM="dumb") as terminal:
        assert terminal.end() == 0
        assert "step    3 /    3 | loss " in terminal.text
        assert "\x1b" not in terminal.text


def test_ctrl_c_finishes_the_step_and_draws_the_samples(corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with Terminal(
        *("train", "--data", corpus, *TINY_MODEL, *ENDLESS, "--samples", "3", "--log", log)
    ) as terminal:
        terminal.wait_for(r"step +\d\d+ / ")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
        assert f"stopped after step {steps_logged(log)} / 1000000 by Ctrl-C\r\n" in terminal.text
        assert re.findall(r"sample +\d+: ", terminal.text)[-1] == "sample  3: "
        assert "Traceback" not in terminal.text
        assert "\x1b[?25h" in terminal.text


def test_a_second_ctrl_c_ends_at_once(corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with Terminal(
        *("train", "--data", corpus, *TINY_MODEL, *ENDLESS, "--samples", "1000000", "--log", log)
    ) as terminal:
        terminal.wait_for(r"step +\d+ / ")
        terminal.type(CTRL_C)
        terminal.wait_for(r"sample 10: ")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text
    steps_logged(log)


def test_ctrl_c_during_samples_ends_at_once(corpus: Path) -> None:
    with Terminal(
        *("train", "--data", corpus, *TINY_MODEL, "--steps", "2", "--samples", "1000000")
    ) as terminal:
        terminal.wait_for(r"sample 10: ")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text
        assert "stopped" not in terminal.text


def test_impatience_does_not_wait_for_a_slow_step(corpus: Path) -> None:
    with Terminal(
        *("train", "--data", corpus, "--n-embd", "64", "--n-layer", "6", *ENDLESS)
    ) as terminal:
        terminal.wait_for(r"step +0 / ")
        while terminal.process.poll() is None:
            terminal.type(CTRL_C)
            time.sleep(0.005)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text
        assert "KeyboardInterrupt" not in terminal.text
        assert "sample" not in terminal.text


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")]
)
def test_signals_without_a_terminal(
    number: signal.Signals, name: str, corpus: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    few_samples = ("--samples", "2", "--log", str(log))
    process = subprocess.Popen(
        [*MICROGPT, "train", "--data", str(corpus), *TINY_MODEL, *ENDLESS, *few_samples],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )
    assert process.stdout
    while not process.stdout.readline().startswith("step    5 /"):
        pass
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err == f"stopped after step {steps_logged(log)} / 1000000 by {name}\n"
    assert re.findall(r"sample +\d+: ", out) == ["sample  1: ", "sample  2: "]


def test_ctrl_c_leaves_a_whole_run_of_what_was_held_out(corpus: Path, tmp_path: Path) -> None:
    run_file = tmp_path / "a.run"
    options = ("--validation", "1", "--samples", "0", "--run", str(run_file), "--steps", "10000")
    process = subprocess.Popen(
        [*MICROGPT, "train", "--data", str(corpus), *TINY_MODEL, "--engine", "value", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )
    assert process.stdout
    while " | validation " not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("/ 10000 by Ctrl-C\n")
    assert verify(run_file) == ()
    with Run(run_file, "value") as run:
        assert f"stopped after step {run.last_step} " in err
        assert next(iter(run.rows.validations())) == 100


def test_a_signal_that_is_ignored_stays_ignored(corpus: Path) -> None:
    """As in a script's background jobs, whose Ctrl-C is meant for the script."""
    train = (*MICROGPT, "train", "--data", str(corpus), *TINY_MODEL)
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *train, "--steps", "200", "--samples", "0"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )
    assert process.stdout
    while not process.stdout.readline().startswith("step    1 /"):
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "step  200 /  200 | " in out
