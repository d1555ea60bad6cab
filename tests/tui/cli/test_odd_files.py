"""Every option that names a file, given something else: one line at once, and nothing done."""

from __future__ import annotations

import argparse
import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tui.cli.command import TINY_MODEL, assert_error
from tests.tui.cli.in_process import run_here
from tui.cli.main import command_parser
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


TEXT = {"graph", "map", "attention", "debug", "diagnose"}  # commands that take one first
WRITES = ("-o", "--run of train", "--log", "--copy", "--salvage")
SUFFIXES = {"export-weights": ".safetensors", "train": ".x", "runs": ".x"}  # else of a picture


def options_of_files() -> list[tuple[str, str]]:
    """Command and option, or name of the argument, of everything that names a file."""
    (commands,) = (
        action for action in command_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )  # fmt: skip
    return [
        (command, action.option_strings[0] if action.option_strings else action.dest)
        for command, parser in commands.choices.items()
        for action in parser._actions
        if action.type is Path or re.search("FILE|PATH|SCRIPT|RUN|OUT", str(action.metavar))
    ]


def writes(command: str, option: str) -> bool:
    return option in WRITES or f"{option} of {command}" in WRITES


def command_line(command: str, option: str, name: str, data: str) -> tuple[str, ...]:
    """A command that would go well, but for what an option names."""
    model = (*TINY_MODEL, "--data", data)
    if option == "files":
        return (command, name)
    if command == "runs":
        return (command, "whole.run", option, name)
    if option == "text":
        view = ("residual",) if command == "view" else ()
        return (command, *view, name if name.endswith(".py") else f"{name}.py")
    if command == "film":
        film = ("whole.run", "-o", name) if option == "-o" else (name, "-o", "out.svg")
        return (command, *film)
    if command == "diff":
        return (command, "whole.run", "whole.run", option, name)
    if command == "corpora":
        return (command, option, name or "./")
    first = (command, "emma") if command in TEXT else (command,)
    if command == "view":
        first = (command, "residual", "emma")
    if command == "train":
        first = (*first, "--steps", "2", "--samples", "0", "--engine", "value")
    out = {"graph": ("-o", "out.svg"), "attention": ("-o", "out.svg"),
           "export-weights": ("-o", "out.safetensors")}.get(command, ())  # fmt: skip
    if option == "-o":
        weights = ("--train", "0") if command == "export-weights" else ()
        return (*first, *model, *weights, option, name)
    if option == "--data":
        return (*first, *out, option, name or "./")
    if option == "--compare":
        return (*first, "--run", "whole.run", *out, option, f"{name}:1")
    if option == "--python":
        return (command, "script.py", option, name)
    if option in ("--run", "--resume") and command != "train":
        return (*first, *out, option, name)
    return (*first, *(() if option == "--resume" else model), *out, option, name)


@pytest.fixture
def beside(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run, a script and a corpus in the folder at hand; gives the corpus."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text("1 / 0\n")
    run = ("train", *TINY_MODEL, "--data", corpus, "--steps", "2", "--samples", "0", "--quiet")
    assert run_here(*run, "--engine", "value", "--run", "whole.run").returncode == 0
    return str(corpus)


@pytest.mark.parametrize(("command", "option"), options_of_files(), ids=" ".join)
def test_what_is_no_file_is_told_at_once(
    command: str, option: str, odd: dict[str, str], beside: str, tmp_path: Path
) -> None:
    for what, name in odd.items():
        written = writes(command, option)
        if (written and what in {"a device", "no UTF-8"}) or (what, option) == ("nothing", "text"):
            continue  # the one can be written to, the other be a name; an empty text is a text
        if (written or option == "text") and what in {"a pipe", "a folder"}:
            suffix = ".py" if option == "text" else SUFFIXES.get(command, ".svg")
            name = str(Path(name).rename(Path(name).with_suffix(suffix)))  # noqa: PLW2901
        before = sorted(tmp_path.iterdir())
        began = time.monotonic()
        result = run_here(*command_line(command, option, name, beside))
        assert_error(result)
        assert time.monotonic() - began < AT_ONCE, what
        assert sorted(tmp_path.iterdir()) == before, what


def test_every_option_of_a_file_is_found() -> None:
    found = options_of_files()
    assert len(found) >= 30
    assert {("train", "--log"), ("debug", "--script"), ("runs", "files"), ("map", "text")} <= {
        *found
    }
    assert [pair for pair in found if writes(*pair)] == [
        ("train", "--log"), ("train", "--run"), ("graph", "-o"), ("map", "-o"),
        ("attention", "-o"), ("film", "-o"), ("view", "-o"), ("diff", "-o"),
        ("runs", "--copy"), ("runs", "--salvage"), ("export-weights", "-o"),
    ]  # fmt: skip


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
