"""`microgpt diff`: two runs, two scripts, what is printed and drawn, and how it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tui.cli.command import TINY_MODEL, assert_error
from tests.tui.cli.in_process import run_here
from tests.tui.cli.test_map import SCRIPT

EDITED = SCRIPT.replace("* x + model", "* x * x + model")
LINE = 1 + EDITED.splitlines().index(
    '    h = model["w"][0][0] * x * x + model["w"][0][1]'
)  # fmt: skip
TRAINING = SCRIPT + (
    'for step in range(3):\n    model["u"][0][0].data -= RATE * model["u"][0][0].grad\n'
    '    for p in (*model["w"][0], model["u"][0][0]):\n        p.grad = 0.0\n'
    "    loss = net(Value(1.0)) + net(Value(2.0))\n    loss.backward()\n"
)  # fmt: skip


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def record(folder: Path, corpus: Path, name: str, *options: str) -> Path:
    path = folder / name
    given = ("--data", str(corpus), *TINY_MODEL, "--steps", "4", "--samples", "0", *options)
    assert run_here("train", "--run", path, *given).returncode == 0
    return path


# -- runs ------------------------------------------------------------------------------------------


def test_runs_that_part(corpus: Path, tmp_path: Path) -> None:
    a = record(tmp_path, corpus, "a.run", "--lr", "0.01")
    b = record(tmp_path, corpus, "b.run", "--lr", "0.02")
    picture = tmp_path / "parted.svg"
    result = run_here("diff", a, b, "-o", picture)
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == [f"A  {a}", f"B  {b}"]
    assert lines[3].split() == ["lr", "0.01", "0.02"]
    assert lines[4].startswith("they part at step 2, “")
    assert lines[4].endswith("”: the update of step 1 left other parameters")
    assert lines[5].startswith("  first: wte[")
    assert lines[-1] == f"wrote {picture}: the Maps of A and B, and their difference"
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg ")
    for words in ("A: a.run", "B: b.run", "By how much B&#x27;s gradients"):
        assert words.replace("&#x27;", "'") in drawn.replace("&#x27;", "'").replace("&#39;", "'")


def test_the_json_has_the_numbers_of_the_lines_and_the_maps(corpus: Path, tmp_path: Path) -> None:
    a = record(tmp_path, corpus, "a.run", "--lr", "0.01")
    b = record(tmp_path, corpus, "b.run", "--lr", "0.02")
    result = run_here("diff", a, b, "--json")
    assert (result.returncode, result.stderr) == (1, "")
    (line,) = result.stdout.splitlines()
    told = json.loads(line)
    assert (told["version"], told["kind"], told["alike"]) == (1, "runs", False)
    assert told["settings"] == [{"name": "lr", "a": 0.01, "b": 0.02}]
    assert (told["step"], told["cause"], told["update"]) == (2, "update", 1)
    assert told["graph"]["first"]["a"]["op"] == "param"
    operands = told["graph"]["first_op"]["operands"]
    assert any(operand["differs"] for operand in operands)
    for operand in operands:
        assert operand["differs"] == (operand["a"]["data"] != operand["b"]["data"])
    maps = told["maps"]
    assert [maps[name]["lens"] for name in ("a", "b", "change")] == ["grad", "grad", "change"]
    cells = zip(*(maps[name]["cells"] for name in ("a", "b", "change")), strict=True)
    for mine, other, change in cells:
        assert change["value"] == other["value"] - mine["value"]
    # The first update of Adam is as large as the rate.
    first = told["graph"]["first"]
    assert abs(abs(first["a"]["data"] - first["b"]["data"]) - 0.01) < 1e-5


def test_equal_runs(corpus: Path, tmp_path: Path) -> None:
    a, b = record(tmp_path, corpus, "a.run"), record(tmp_path, corpus, "b.run")
    picture = tmp_path / "none.svg"
    result = run_here("diff", a, b, "-o", picture)
    assert (result.returncode, result.stderr) == (0, "")
    assert "alike: steps 1 to 4, every loss and parameter" in result.stdout.splitlines()
    assert not picture.exists()
    told = run_here("diff", a, b, "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["alike"] is True


# -- scripts ---------------------------------------------------------------------------------------


def test_an_edited_line_is_where_the_scripts_part(tmp_path: Path) -> None:
    a, b = write(tmp_path, "a.py", SCRIPT), write(tmp_path, "b.py", EDITED)
    picture = tmp_path / "parted.svg"
    result = run_here("diff", a, b, "-o", picture)
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[2] == "they part at pass 1"
    assert lines[3].endswith(" mul in net: only B computes it")
    assert any(line.lstrip().startswith(f"B  b.py:{LINE}  h = ") for line in lines[4:6])
    assert "; 3 nodes are only in B" in result.stdout  # one in each of three calls
    assert picture.exists()
    first = json.loads(run_here("diff", a, b, "--json").stdout)["graph"]["first"]
    assert first["b"]["line"] == f"{b}:{LINE}"


def test_an_edited_number_is_found(tmp_path: Path) -> None:
    a = write(tmp_path, "a.py", SCRIPT)
    b = write(tmp_path, "b.py", SCRIPT.replace("net(Value(2.0))", "net(Value(2.5))"))
    told = json.loads(run_here("diff", a, b, "--json").stdout)
    first = told["graph"]["first"]
    assert (first["how"], first["a"]["data"], first["b"]["data"]) == ("value", 2.0, 2.5)
    line = 1 + b.read_text(encoding="utf-8").splitlines().index(
        "loss = net(Value(1.0)) + net(Value(2.5)) + net(Value(3.0))"
    )
    assert first["b"]["line"] == f"{b}:{line}"


def test_a_pass_that_writes_for_adding(tmp_path: Path) -> None:
    a = write(tmp_path, "a.py", SCRIPT)
    wrong = SCRIPT.replace("child.grad += local", "child.grad = local")
    b = write(tmp_path, "b.py", wrong)
    result = run_here("diff", a, b)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[3].endswith(": another gradient in the backward pass")
    line = 1 + wrong.splitlines().index("                child.grad = local * v.grad")
    (written,) = [text for text in lines if text.startswith("    B replaced it, in event ")]
    assert written.endswith(f", b.py:{line}  child.grad = local * v.grad")


def test_scripts_part_at_a_later_pass(tmp_path: Path) -> None:
    a = write(tmp_path, "a.py", TRAINING.replace("RATE", "0.1"))
    b = write(tmp_path, "b.py", TRAINING.replace("RATE", "0.2"))
    result = run_here("diff", a, b)
    assert result.returncode == 1
    assert result.stdout.splitlines()[2] == "they part at pass 2"
    assert run_here("diff", a, b, "--passes", "1").returncode == 0
    third = run_here("diff", a, b, "--pass", "3")
    assert third.stdout.splitlines()[2] == "they part at pass 3"


def test_equal_scripts(tmp_path: Path) -> None:
    a = write(tmp_path, "a.py", TRAINING.replace("RATE", "0.1"))
    b = write(tmp_path, "b.py", TRAINING.replace("RATE", "0.1") + "# the end\n")
    result = run_here("diff", a, b)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[2].startswith("alike: 4 passes, ")


def test_a_script_with_a_pass_less(tmp_path: Path) -> None:
    a = write(tmp_path, "a.py", TRAINING.replace("RATE", "0.1"))
    b = write(tmp_path, "b.py", TRAINING.replace("RATE", "0.1").replace("range(3)", "range(2)"))
    result = run_here("diff", a, b)
    assert result.returncode == 1
    assert result.stdout.splitlines()[2].startswith("they part after pass 3: only one has another")
    assert result.stdout.splitlines()[3].startswith("  B ended: exit status 0")


# -- what cannot be compared -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "naming"),
    [
        (("emma", "olivia"), ("no file 'emma'", "a recorded run", "or a script")),
        (("a.py", "emma"), ("a.py is a script and emma is none",)),
        (("a.py", "missing.py"), ("no script 'missing.py'",)),
        (("a.py", "none.py"), ("there is no pass to compare: B: exit status 0",)),
        (("a.py", "broken.py"), ("there is no pass to compare: B: line 1: raised ZeroDivision",)),
        (("text.run", "text.run"), ("text.run",)),
        (("a.py", "a.py", "--pass", "1", "--passes", "2"), ("--pass 1 and --passes 2: one of",)),
        (("text.run", "text.run", "--passes", "2"), ("--passes 2 is for scripts",)),
        (("text.run", "text.run", "--", "x"), ("x is for scripts",)),
        (("a.py", "a.py", "-o", "x.gif"), ("x.gif",)),
        (("pipe", "text.run"), ("'pipe' is a pipe",)),
        (("/dev/zero", "text.run"), ("'/dev/zero' is a device",)),
        ((".", "text.run"), ("'.' is a folder",)),
        (("", "text.run"), ("no file ''",)),
    ],
)
def test_bad_input(
    arguments: tuple[str, ...],
    naming: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "a.py", SCRIPT)
    write(tmp_path, "none.py", "print(1)")
    write(tmp_path, "broken.py", "1 / 0")
    write(tmp_path, "text.run", "a text")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    assert_error(run_here("diff", *arguments), *naming)
    assert sorted(tmp_path.iterdir()) == before
