"""`microgpt map`: what it prints and writes, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tui.cli.command import TINY_MODEL, assert_error
from tests.tui.cli.in_process import run_here

SCRIPT = """
import random
class Value:
    def __init__(self, data, children=(), local_grads=()):
        self.data, self.grad = data, 0.0
        self._children, self._local_grads = children, local_grads
    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))
    def backward(self):
        order, seen = [], set()
        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._children:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            for child, local in zip(v._children, v._local_grads):
                child.grad += local * v.grad
model = {"w": [[Value(0.5), Value(0.25)]], "u": [[Value(2.0)]]}
def net(x):
    h = model["w"][0][0] * x + model["w"][0][1]
    return model["u"][0][0] * h
loss = net(Value(1.0)) + net(Value(2.0)) + net(Value(3.0))
loss.backward()
"""


@pytest.fixture
def model(corpus: Path) -> tuple[str | Path, ...]:
    return ("--data", corpus, *TINY_MODEL)


def test_it_prints_the_map(model: tuple[str, ...]) -> None:
    result = run_here("map", "emma", *model)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "“emma”, untrained, seed 42"
    assert lines[1].split() == ["reads", "BOS", "e", "m", "m", "a"]
    assert any(line.startswith("attn head0") for line in lines)


def test_it_writes_json(model: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    result = run_here("map", "emma", *model, "--train", "3", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"wrote {path}: 5 columns, ")
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["step"] == 3
    assert [column["token"] for column in read["columns"]] == ["BOS", "e", "m", "m", "a"]


def test_it_writes_a_page(model: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "step.html"
    result = run_here("map", "emma", *model, "--lens", "update", "--train", "3", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert '"lenses":[{"name":"update"' in text
    several = run_here("map", "emma", *model, "--steps", "1,2", "-o", tmp_path / "two.html")
    assert several.stdout.startswith(f"wrote {tmp_path / 'two.html'}: 2 Maps, each of 5 columns")


@pytest.mark.parametrize(
    "options",
    [
        ("--lens", "value"),
        ("--lens", "update"),
        ("--lens", "why", "--node", "layer0.attn_wq[1][2]"),
        ("--node", "layer0.attn_wq[1][2]"),
        ("--compare", "1"),
    ],
    ids=" ".join,
)
def test_every_lens(model: tuple[str, ...], options: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    result = run_here("map", "emma", *model, "--train", "4", *options, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    read = json.loads(path.read_text(encoding="utf-8"))
    assert any(cell["value"] != 0 for cell in read["cells"])


def test_a_recorded_step_is_compared_with_another(model: tuple[str, ...], tmp_path: Path) -> None:
    run, path = tmp_path / "r.run", tmp_path / "map.json"
    assert run_here("train", *model, "--steps", "6", "--run", run, "--quiet").returncode == 0
    result = run_here("map", "--run", run, "--step", "5", "--compare", "2", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    read = json.loads(path.read_text(encoding="utf-8"))
    assert (read["step"], read["lens"]) == (5, "change")
    other = run_here("map", "emma", *model, "--train", "3", "--compare", f"{run}:4", "-o", path)
    assert (other.returncode, other.stderr) == (0, "")


@pytest.mark.parametrize("options", [(), ("--train", "9"), ("--lens", "update")], ids=str)
def test_several_steps_of_one_training(
    model: tuple[str, ...], options: tuple[str, ...], tmp_path: Path
) -> None:
    """Each Map is the one that the step has alone."""
    path, alone = tmp_path / "maps.json", tmp_path / "map.json"
    result = run_here("map", "emma", *model, "--steps", "0,2,3", *options, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"wrote {path}: 3 Maps, each of 5 columns, ")
    maps = json.loads(path.read_text(encoding="utf-8"))["maps"]
    assert [each["step"] for each in maps] == [0, 2, 3]
    lens = options if "--lens" in options else ()
    for each in maps:
        options = ("--train", each["step"], *lens)
        assert run_here("map", "emma", *model, *options, "-o", alone).returncode == 0
        assert json.loads(alone.read_text(encoding="utf-8")) == each


def test_several_steps_of_a_recorded_run(model: tuple[str, ...], tmp_path: Path) -> None:
    run, path = tmp_path / "r.run", tmp_path / "maps.svg"
    assert run_here("train", *model, "--steps", "6", "--run", run, "--quiet").returncode == 0
    result = run_here("map", "emma", "--run", run, "--steps", "1,4,6", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    svg = path.read_text(encoding="utf-8")
    for name in ("step 1", "step 4", "step 6", "“emma” of r.run"):
        assert f">{name}</text>" in svg
    assert_error(
        run_here("map", "emma", "--run", run, "--steps", "1,9", "-o", tmp_path / "no.svg"), "9"
    )
    assert not (tmp_path / "no.svg").exists()


@pytest.mark.parametrize("columns", [100, 240])
def test_several_steps_are_printed(
    model: tuple[str, ...], columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side where the window is wide enough; the scale once, since it is the same."""
    monkeypatch.setenv("COLUMNS", str(columns))
    result = run_here("map", "emma", *model, "--steps", "0,2")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "“emma”, seed 42"
    heads = [line for line in lines if "attn head0" in line]
    assert len(heads) == (1 if columns == 240 else 2)
    assert sum(line.count("attn head0") for line in heads) == 2
    assert sum(line.startswith("scale") for line in lines) == 1
    assert max(map(len, lines)) <= columns
    names = [name for name in ("untrained", "after 2 steps") for line in lines if name in line]
    assert names == ["untrained", "after 2 steps"]


def test_the_pass_of_a_script_has_a_map(tmp_path: Path) -> None:
    script, path = tmp_path / "three.py", tmp_path / "map.json"
    script.write_text(SCRIPT, encoding="utf-8")
    result = run_here("map", script, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    read = json.loads(path.read_text(encoding="utf-8"))
    assert len(read["columns"]) == 3
    assert read["step"] is None
    assert {column["token"] for column in read["columns"]} == {None}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("emma", "--lens", "nope"), "--lens nope: must be one of grad, value, update, why"),
        (("emma", "--lens", "why"), "--lens why: needs --node NODE"),
        (("emma", "--lens", "value", "--node", "#1"), "--node #1: goes with the lens why"),
        (("emma", "--lens", "change"), "--lens change: needs --compare STEP"),
        (("emma", "--compare", "x"), "--compare x: must be a STEP, or RUN:STEP"),
        (("emma", "--lens", "value", "--compare", "0"), "--compare goes with the lens change"),
        (("emma", "--node", "#99999999"), "no node #99999999"),
        (("emma", "--pass", "2"), "--pass 2 is for a script"),
        (("emma", "-o", "map.bmp"), "suffix '.bmp'; it can be "),
        (("emma", "-o", "nowhere/map.json"), "there is no folder 'nowhere'"),
        ((), "a TEXT is needed"),
        (("emma", "--steps", "3,1"), "--steps 3,1: must be whole numbers, each larger"),
        (("emma", "--steps", "1,x"), "--steps 1,x: must be whole numbers"),
        (("emma", "--steps", "1,,2"), "--steps 1,,2: must be whole numbers"),
        (("emma", "--steps", "1,2000"), "--steps 1,2000: must be at most 1000, the length"),
        (("emma", "--steps", "1,5", "--train", "4"), "--steps 1,5: must be at most 4, --train"),
        (("emma", "--steps", "1,5", "--step", "4"), "--step 4: cannot be given with --steps 1,5"),
        (("--run", "x.run", "--steps", "1,5"), "several steps are shown on one text"),
        (("emma", "--lens", "update", "--train", "3", "--steps", "3"), "the schedule's last"),
    ],
    ids=str,
)
def test_what_it_refuses(
    model: tuple[str, ...], arguments: tuple[str, ...], said: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert_error(run_here("map", *arguments, *model), said)
    assert sorted(tmp_path.iterdir()) == before


def test_of_a_deep_model_one_layer_is_open(model: tuple[str, ...], tmp_path: Path) -> None:
    deep = (*model, "--n-layer", "3")
    rows = {}
    for layer in ("0", "2"):
        result = run_here("map", "emma", *deep, "--layer", layer)
        assert (result.returncode, result.stderr) == (0, "")
        rows[layer] = [line for line in result.stdout.splitlines() if "head0" in line]
        assert len(rows[layer]) == 1
    assert rows["0"] != rows["2"]
    path = tmp_path / "map.json"
    assert run_here("map", "emma", *deep, "-o", path).returncode == 0
    heads = json.loads(path.read_text(encoding="utf-8"))["weights"]
    assert {head["layer"] for head in heads} == {0, 1, 2}
    assert_error(run_here("map", "emma", *deep, "--layer", "7"), "7")


def test_a_script_that_has_no_such_pass(tmp_path: Path) -> None:
    script = tmp_path / "three.py"
    script.write_text(SCRIPT, encoding="utf-8")
    assert_error(run_here("map", script, "--pass", "9"), "there was no backward pass 9")
    assert_error(run_here("map", script, "--lens", "update"), "of a script's pass there is grad")
    assert_error(run_here("map", script, "--steps", "1,2"), "--steps 1,2 cannot be given with")
    assert_error(run_here("map", script, "--train", "9"), "--train cannot be given with")
