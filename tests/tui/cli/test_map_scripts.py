"""`microgpt map SCRIPT.py`: the examples, and a network of a class that is not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tui.cli.in_process import run_here

ROOT = Path(__file__).parents[3]

MLP = """
import random

class Number:
    def __init__(self, data, children=()):
        self.data, self.grad = data, 0.0
        self._prev, self._backward = set(children), lambda: None
    def __add__(self, other):
        out = Number(self.data + other.data, (self, other))
        def backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = backward
        return out
    def __mul__(self, other):
        out = Number(self.data * other.data, (self, other))
        def backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = backward
        return out
    def relu(self):
        out = Number(max(self.data, 0.0), (self,))
        def backward():
            self.grad += (out.data > 0) * out.grad
        out._backward = backward
        return out
    def backward(self):
        order, seen = [], set()
        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node._prev:
                    visit(child)
                order.append(node)
        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()

class Neuron:
    def __init__(self, n_in):
        self.w, self.b = [Number(rng.uniform(-1, 1)) for _ in range(n_in)], Number(0.1)
    def __call__(self, x):
        return sum((w * xi for w, xi in zip(self.w, x)), self.b).relu()

class Layer:
    def __init__(self, n_in, n_out):
        self.neurons = [Neuron(n_in) for _ in range(n_out)]
    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]

class MLP:
    def __init__(self, *sizes):
        self.layers = [Layer(*pair) for pair in zip(sizes, sizes[1:])]
    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

rng = random.Random(1)
model = MLP(2, 3, 3, 1)
for batch in (5, 7):
    scores = [model([Number(rng.random()), Number(rng.random())])[0] for _ in range(batch)]
    loss = scores[0]
    for score in scores[1:]:
        loss = loss + score
    loss.backward()
"""


def map_of(script: Path, folder: Path, *options: str) -> dict[str, Any]:
    path = folder / "map.json"
    result = run_here("map", script, *options, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


ATTENTION = [["attn_wq"], ["attn_wk"], ["attn_wv"], ["attn_wo"]]
REST = [["mlp_fc1"], ["mlp_fc2"], ["lm_head"]]


@pytest.mark.parametrize(
    ("example", "n_heads", "matrices"),
    [
        ("train2.py", 0, [["wte", "mlp_fc1"], ["lm_head"]]),
        ("train3.py", 1, [["wte", "wpe"], *ATTENTION, *REST]),
        ("train4.py", 4, [["wte", "wpe"], *ATTENTION, *REST]),
        ("train5.py", 4, [["wte", "wpe"], *ATTENTION, *REST]),
    ],
)
def test_the_examples(
    tmp_path: Path, example: str, n_heads: int, matrices: list[list[str]]
) -> None:
    read = map_of(ROOT / "examples" / example, tmp_path)
    n_columns = len(read["columns"])
    assert n_columns > 2
    assert {head["head"] for head in read["weights"]} == set(range(n_heads))
    assert len(read["weights"]) == n_heads * n_columns
    for head in read["weights"]:
        assert sum(head["weights"]) == pytest.approx(1)
    found = [[name.rpartition(".")[2] for name in row["matrices"]] for row in read["rows"]]
    assert [row for row in found if row] == matrices
    assert len(read["rows"]) < 25


@pytest.mark.parametrize(("pass_number", "n_columns"), [("1", 5), ("2", 7)])
def test_a_network_of_units_by_sample(tmp_path: Path, pass_number: str, n_columns: int) -> None:
    script = tmp_path / "mlp.py"
    script.write_text(MLP, encoding="utf-8")
    read = map_of(script, tmp_path, "--pass", pass_number)
    assert len(read["columns"]) == n_columns
    layers = [(row["name"], row["layer"]) for row in read["rows"] if row["layer"] is not None]
    assert layers == [("Layer", 0), ("Layer", 1), ("Layer", 2)]
    for row in read["rows"]:
        if row["layer"] is not None:
            units = f"model.layers[{row['layer']}].neurons"
            assert set(row["matrices"]) == {f"{units}.w", f"{units}.b"}
