"""Functions of a script that make one node of lists of nodes are computed again in every pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.attach import ScriptProcess, Stop
from microgpt.debugger import DebugSession
from tests.diagnosis.diagnosed import diagnosed

PROGRAM = """
import math
class Node:
    def __init__(self, {data}, {parents}=(), rule=None):
        self.{data}, self.{parents}, self.rule, self.{grad} = {data}, {parents}, rule, 0.0
    def __mul__(self, other):
        def rule(g):
            self.{grad} += g * other.{data}
            other.{grad} += g * self.{data}
        return Node(self.{data} * other.{data}, (self, other), rule)
    def backward(self):
        order, seen = [], set()
        def enter(node):
            if node not in seen:
                seen.add(node)
                for each in node.{parents}:
                    enter(each)
                order.append(node)
        enter(self)
        self.{grad} = 1.0
        for node in reversed(order):
            if node.rule:
                node.rule(node.{grad})
def weighted(ws, xs, start):
    def rule(g):
        start.{grad} += g
        for w, x in zip(ws, xs):
            w.{grad} += {slope}
            x.{grad} += g * w.{data}
    total = start.{data} + sum(w.{data} * x.{data} for w, x in zip(ws, xs))
    return Node(total, (start, *ws, *xs), rule)
def model(ws, b):
    def squashed(x, by=2.0):
        t = math.tanh(by * x.{data})
        def rule(g):
            x.{grad} += g * by * (1 - t * t)
        return Node(t, (x,), rule)
    xs = [Node(0.5), Node(-0.25)]
    return squashed(weighted(ws, xs, b), by=1.5) * b
ws, b = [Node(0.3), Node(-0.7)], Node(0.2)
for step in range(4):
    loss = model(ws, b)
    loss.backward()
    for p in (*ws, b):
        p.{data} -= 0.1 * p.{grad}
        p.{grad} = 0.0
"""
NAMES = {
    "of other names": {"data": "v", "parents": "parents", "grad": "slope"},
    "in a list": {"data": "data", "parents": "kids", "grad": "grad"},
}


@pytest.mark.parametrize("names", NAMES)
def test_all_gradients_are_checked(names: str, tmp_path: Path) -> None:
    path = tmp_path / "fused.py"
    words = NAMES[names]
    path.write_text(PROGRAM.format(slope=f"g * x.{words['data']}", **words), encoding="utf-8")
    diagnosis = diagnosed(path)
    assert diagnosis.findings == ()
    assert diagnosis.verdict == "sound"
    assert diagnosis.passes == 4
    assert diagnosis.n_unchecked == 0


@pytest.mark.parametrize("names", NAMES)
def test_a_wrong_one_is_named_at_its_line(names: str, tmp_path: Path) -> None:
    path = tmp_path / "fused.py"
    words = NAMES[names]
    path.write_text(PROGRAM.format(slope=f"g * w.{words['data']}", **words), encoding="utf-8")
    finding = diagnosed(path).findings[0]
    assert (finding.kind, finding.certainty) == ("wrong-local", "certain")
    assert finding.op == "weighted"
    assert finding.place is not None
    assert "+= g * w." in path.read_text(encoding="utf-8").splitlines()[finding.place[1] - 1]


TRAINS = (
    PROGRAM.split("def weighted", maxsplit=1)[0]
    + """
calls = []
def step(w, by):
    calls.append("step")
    def rule(g):
        w.{grad} += g * 2 * by * w.{data}
    loss = Node(by * w.{data} ** 2, (w,), rule)
    loss.backward()
    w.{data} -= 0.1 * w.{grad}
    w.{grad} = 0.0
def two(w, by):
    calls.append("two")
    def rule(g):
        w.{grad} += g * by
    def of_half(g):
        half.{grad} += g
    half = Node(by * w.{data}, (w,), rule)
    return Node(half.{data} + 1, (half,), of_half)
w = Node(0.5)
for _ in range(3):
    step(w, 3.0)
for _ in range(3):
    two(w, 3.0).backward()
    w.{data} -= 0.1 * w.{grad}
    w.{grad} = 0.0
print(len(calls), w.{data}.hex())
"""
)


@pytest.mark.parametrize("names", NAMES)
def test_what_does_more_is_not_called_again(names: str, tmp_path: Path) -> None:
    """A function that trains, or that makes several nodes, would do all that once more."""
    path = tmp_path / "trains.py"
    path.write_text(TRAINS.format(**NAMES[names]), encoding="utf-8")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    with ScriptProcess(path) as script:
        for _ in range(6):
            stop = script.next_stop(60)
            assert isinstance(stop, Stop)
            DebugSession.at(stop, script).check_gradients()
            script.resume()
        assert not isinstance(script.next_stop(60), Stop)
        assert list(script.output.lines) == plain.stdout.splitlines()
    assert plain.stdout.startswith("6 ")
