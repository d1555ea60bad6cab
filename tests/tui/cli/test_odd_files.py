"""Every option that names a file, given something else: one line at once, and nothing done."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tui.cli.command import TINY_MODEL, assert_error
from tests.tui.cli.in_process import run_here
from tui.main import main as microgpt_tui

AT_ONCE = 5.0
"""Far more than any of these takes. Units: seconds."""


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, str]:
    """What is no plain file, by what it is."""
    pipe, folder = tmp_path / "pipe.x", tmp_path / "folder.x"
    os.mkfifo(pipe)
    folder.mkdir()
    return {
        "a pipe": str(pipe),
        "a device": "/dev/zero",
        "a folder": str(folder),
        "nothing": "",
        "a long name": "x" * 300 + ".x",
        "no UTF-8": os.fsdecode(bytes(tmp_path) + b"/\xff\xfe.x"),
    }


READ = {
    "data": lambda name: ("train", "--data", name or "./", "--samples", "0"),
    "run of sample": lambda name: ("sample", "--run", name),
    "run of graph": lambda name: ("graph", "--run", name, "-o", "out.svg"),
    "resume": lambda name: ("train", "--resume", name),
    "runs": lambda name: ("runs", name),
    "verify": lambda name: ("runs", name, "--verify"),
    "salvage": lambda name: ("runs", name, "--salvage", "out.run"),
    "copy": lambda name: ("runs", name, "--copy", "out.run"),
    "script of verbs": lambda name: ("debug", "emma", "--script", name),
    "corpora": lambda name: ("corpora", "--data", name or "./"),
}
WRITTEN = {
    "run": lambda name, data: ("train", *TINY_MODEL, "--data", data, "--run", name),
    "picture": lambda name, data: ("attention", "emma", *TINY_MODEL, "--data", data, "-o", name),
    "weights": lambda name, data: (
        "export-weights",
        *TINY_MODEL,
        "--train",
        "0",
        "--data",
        data,
        "-o",
        name,
    ),
}


@pytest.mark.parametrize(
    "what", ["a pipe", "a device", "a folder", "nothing", "a long name", "no UTF-8"]
)
@pytest.mark.parametrize("option", READ)
def test_what_cannot_be_read_is_told_at_once(
    option: str, what: str, odd: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    result = run_here(*READ[option](odd[what]))
    assert_error(result)
    assert time.monotonic() - began < AT_ONCE
    assert not list(tmp_path.glob("out.*"))


@pytest.mark.parametrize("what", ["a pipe", "a folder", "nothing", "a long name"])
@pytest.mark.parametrize("option", WRITTEN)
def test_what_cannot_be_written_is_told_and_left_alone(
    option: str, what: str, odd: dict[str, str], corpus: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    name = odd[what]
    suffix = {"picture": ".svg", "weights": ".safetensors", "run": ".x"}[option]
    if name and what != "a long name":
        there = Path(name).rename(Path(name).with_suffix(suffix))
        name = str(there)
    before = sorted(tmp_path.iterdir())
    assert_error(run_here(*WRITTEN[option](name, str(corpus))))
    assert sorted(tmp_path.iterdir()) == before


def test_a_log_to_a_pipe_that_nobody_reads(odd: dict[str, str], corpus: Path) -> None:
    log = ("train", *TINY_MODEL, "--data", corpus, "--steps", "2", "--samples", "0", "--log")
    assert_error(run_here(*log, odd["a pipe"]), "nobody reads that pipe")
    assert_error(run_here(*log, odd["a folder"]), "it is a folder, not a file")
    assert_error(run_here(*log, ""), "cannot write log ''")


def test_a_pipe_that_somebody_writes_is_a_corpus(tmp_path: Path) -> None:
    """As in `--data <(head -20 names.txt)`."""
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("emma\nava\n" * 20_000))
    writer.start()
    while not writer.is_alive():  # it waits for a reader then
        time.sleep(0.01)
    time.sleep(0.1)
    result = run_here("corpora", "--data", pipe)
    writer.join()
    assert result.returncode == 0
    assert "40,000" in result.stdout or "40000" in result.stdout


def test_a_pipe_without_end_and_a_file_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("microgpt.files.read_whole.__defaults__", (1_000_000,))
    large = tmp_path / "large.txt"
    large.touch()
    os.truncate(large, 1 << 40)
    assert_error(run_here("corpora", "--data", large), "it has more than 1 MB")
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)

    def write_without_end() -> None:
        file = os.open(pipe, os.O_WRONLY)
        with suppress(BrokenPipeError):
            while True:
                os.write(file, b"emma\n" * 1000)
        os.close(file)

    writer = threading.Thread(target=write_without_end)
    writer.start()
    time.sleep(0.1)
    assert_error(run_here("corpora", "--data", pipe), "it has more than 1 MB")
    writer.join()


@pytest.mark.parametrize(
    "sizes",
    [
        ("--n-embd", "10000000"),
        ("--n-embd", "1000000000000000000000", "--n-head", "3"),
        ("--n-layer", "1000000000"),
        ("--block-size", "900000000"),
        ("--block-size", "1000000"),
    ],
)
@pytest.mark.parametrize("command", [("train",), ("graph", "emma", "-o", "a.svg"), ("sample",)])
def test_sizes_that_memory_cannot_hold(
    command: tuple[str, ...], sizes: tuple[str, ...], tmp_path: Path, corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    assert_error(run_here(*command, *sizes, "--data", corpus))
    assert time.monotonic() - began < AT_ONCE


@pytest.mark.parametrize("name", ["", "/dev/zero", "."])
def test_the_app_tells_them_before_it_opens(
    name: str, corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.main.check_terminal", lambda _: None)
    for words in ([name], ["--run", name, "--data", str(corpus)], ["--data", name or "./"]):
        assert microgpt_tui(words) == 2
        said = capsys.readouterr().err
        assert said.startswith("microgpt-tui: error: ")
        assert len(said.splitlines()) == 1
