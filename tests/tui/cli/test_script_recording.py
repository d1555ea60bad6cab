"""`microgpt debug SCRIPT --run FILE`: recording passes, and every command on the recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.cli.command import assert_error
from tests.tui.cli.in_process import run_here
from tests.tui.cli.test_diff import TRAINING


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a script of four passes, and those recorded."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(TRAINING.replace("RATE", "0.1"), encoding="utf-8")
    result = run_here("debug", "net.py", "--run", "net.run")
    assert (result.returncode, result.stderr) == (0, "")
    first, second = result.stdout.splitlines()
    assert first == "recorded 4 passes of net.py in net.run, 0.0 MB"
    assert second == "  exit status 0; backward() was called 4 times"
    return tmp_path


def test_the_map_of_a_recorded_pass_is_the_scripts(folder: Path) -> None:
    for name in ("net.py", "net.run"):
        result = run_here("map", name, "--pass", "1", "-o", f"{name}.json")
        assert (result.returncode, result.stderr) == (0, "")
    assert (folder / "net.py.json").read_bytes() == (folder / "net.run.json").read_bytes()


def test_a_recording_is_compared_with_the_script_of_today(folder: Path) -> None:
    same = run_here("diff", "net.run", "net.py")
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.splitlines()[2].startswith("alike: 4 passes")
    assert run_here("diff", "net.run", "net.py", "--pass", "3").returncode == 0
    script = folder / "net.py"
    script.write_text(TRAINING.replace("RATE", "0.2"), encoding="utf-8")
    other = run_here("diff", "net.run", "net.py")
    assert other.returncode == 1
    lines = other.stdout.splitlines()
    assert lines[2] == "they part at pass 2"
    assert run_here("debug", "net.py", "--run", "new.run").returncode == 0
    again = run_here("diff", "net.run", "new.run")
    assert again.returncode == 1
    assert again.stdout.splitlines()[3] == lines[3]


def test_the_debugger_goes_from_pass_to_pass(folder: Path) -> None:
    del folder
    result = run_here("debug", "net.run", "-c", "run 2", "-c", "continue", "-c", "run 9")
    assert "net.run:net.py:" in result.stdout
    assert ": backward 3, loss " in result.stdout
    assert "the recording ends with pass 4" in result.stdout + result.stderr
    third = run_here("debug", "net.run", "--pass", "3", "-c", "where")
    assert ": backward 3, loss " in third.stdout


def test_recordings_are_listed(folder: Path) -> None:
    result = run_here("runs", "net.run")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert lines[:3] == [["net.run"], ["script", "net.py"], ["passes", "4, numbers 1 to 4"]]
    assert lines[3][0] == "loss"
    told = run_here("debug", "net.run", "--pass", "4", "-c", "where").stdout.splitlines()[0]
    last = float(lines[3][1].rpartition(" ")[2])
    assert abs(float(told.rpartition(" ")[2]) - last) < 1e-4
    assert folder.joinpath("net.run").stat().st_size < 10_000


def test_only_some_passes_are_recorded(folder: Path) -> None:
    result = run_here("debug", "net.py", "--run", "two.run", "--every", "2")
    assert result.stdout.startswith("recorded 2 passes of net.py in two.run")
    assert run_here("map", "two.run", "--pass", "4").returncode == 0
    assert_error(run_here("map", "two.run", "--pass", "3"), "two.run: there was no backward pass 3")
    assert folder.joinpath("two.run").exists()


@pytest.mark.parametrize(
    ("arguments", "naming"),
    [
        (("debug", "net.py", "--run", "net.run"), ("'net.run' is there already",)),
        (("debug", "none.py", "--run", "x.run"), ("none.py: no pass to record: exit status 0",)),
        (("debug", "net.py", "--run", "no/x.run"), ("cannot make 'no/x.run'",)),
        (("debug", "net.py", "--run", "x.run", "-c", "step"), ("carries out no verbs",)),
        (("debug", "net.py", "--run", "x.run", "--step", "3"), ("--step cannot be given",)),
        (("debug", "net.run", "--every", "2"), ("--every cannot be given with net.run",)),
        (("debug", "emma", "--budget", "3"), ("--budget is for a script",)),
        (("diagnose", "net.run"), ("net.run is recorded: the script itself",)),
        (("map", "net.run", "--", "x"), ("x is for a script, and net.run is recorded",)),
        (("map", "net.run", "--pass", "9"), ("the recording ends with pass 4",)),
        (("map", "other.run"), ("'other.run' is of another version",)),
    ],
)
def test_bad_input(folder: Path, arguments: tuple[str, ...], naming: tuple[str, ...]) -> None:
    (folder / "none.py").write_text("print(1)")
    (folder / "other.run").write_bytes(b"microgpt script run 9\n")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert_error(run_here(*arguments), *naming)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
