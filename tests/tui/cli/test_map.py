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
    assert_error(run_here("map", script, "--train", "9"), "--train cannot be given with")
