"""Functions of a script that make one node of lists of nodes are computed again in every pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.attach import ScriptProcess, Stop
from microgpt.debugger import DebugSession
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import Watching
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


BODIES = {
    "counts its calls in a layer": """
class Layer:
    def __init__(self):
        self.calls, self.out = 0, None
    def __call__(self, w):
        self.calls += 1
        self.out = Node(w.{data} * 3, (w,), lambda g: add(w, 3 * g))
        return self.out
layer = Layer()
made, told = layer, lambda: (layer.calls, layer.out.{grad})
""",
    "draws": """
def noisy(w):
    x = random.random()
    return Node(w.{data} * x, (w,), lambda g: add(w, x * g))
made, told = noisy, random.random
""",
    "trains": """
done = collections.deque()
def step(w):
    loss = Node(w.{data} ** 2, (w,), lambda g: add(w, 2 * w.{data} * g))
    done.append(loss)
    return loss
made, told = step, lambda: len(done)
""",
    "counts by a dict": """
table = {{"calls": 0}}
def counted(w):
    table["calls"] += 1
    return Node(w.{data} * 3, (w,), lambda g: add(w, 3 * g))
made, told = counted, lambda: table["calls"]
""",
    "tells": """
def told_of(w):
    print("made")
    return Node(w.{data} * 3, (w,), lambda g: add(w, 3 * g))
made, told = told_of, str
""",
    "calls what counts": """
calls = collections.Counter()
def count():
    calls["n"] += 1
    return 3
def counted(w):
    by = count()
    return Node(w.{data} * by, (w,), lambda g: add(w, by * g))
made, told = counted, lambda: calls["n"]
""",
    "reads on": """
numbers = iter(range(1, 100))
def read(w, more):
    for by in more:
        break
    return Node(w.{data} * by, (w,), lambda g: add(w, by * g))
made, told = lambda w: read(w, numbers), lambda: next(numbers)
""",
}
SETS_ABOUT = "import collections, random\n" + PROGRAM.split("def weighted", maxsplit=1)[0]
LOOP = """
def add(node, share):
    node.{grad} += share
{body}
w = Node(0.5)
for _ in range(4):
    loss = made(w) * w
    loss.backward()
    w.{data} -= 0.1 * w.{grad}
    print(w.{data}.hex(), told())
    w.{grad} = 0.0
"""


def ran_alike(path: Path, source: str) -> None:
    """A program prints the same if each of its passes is looked at and checked."""
    path.write_text(source, encoding="utf-8")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    with ScriptProcess(path) as script:
        while isinstance(stop := script.next_stop(60), Stop):
            DebugSession.at(stop, script).check_gradients()
            script.resume()
        assert list(script.output.lines) == plain.stdout.splitlines()
    watching = Watching(Program(frozenset()))
    with ScriptProcess(path) as script:
        watching.watch(script)
        assert list(script.output.lines) == plain.stdout.splitlines()


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("what", BODIES)
def test_what_does_more_is_not_called_again(what: str, names: str, tmp_path: Path) -> None:
    words = NAMES[names]
    source = SETS_ABOUT + "random.seed(7)\n" + LOOP.replace("{body}", BODIES[what])
    ran_alike(tmp_path / "more.py", source.format(**words))


OTHERS = {
    "another closure": """
def scaler(by):
    def scaled(x):
        return Node(x.{data} * by, (x,), lambda g: add(x, by * g))
    return scaled
double, half = scaler(2.0), scaler(0.5)
def made(w):
    return double(half(w))
""",
    "a rebound parameter": """
def scale(x, percent):
    percent = percent / 100
    return Node(x.{data} * percent, (x,), lambda g: add(x, percent * g))
def made(w):
    return scale(w, 50)
""",
    "a node made inside": """
def made(w):
    half = w * Node(0.5)
    return Node(half.{data} ** 2, (half,), lambda g: add(half, 2 * half.{data} * g))
""",
}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("what", OTHERS)
def test_a_right_function_is_not_suspected(what: str, names: str, tmp_path: Path) -> None:
    """What would be computed by another function, of other numbers or nodes, is unchecked."""
    path = tmp_path / "other.py"
    loop = LOOP.replace("made(w) * w", "made(w) * Node(2.0)")
    if what == "another closure":  # at 0 one that multiplies by another number gives the same
        loop = loop.replace("w = Node(0.5)", "w = Node(0.0)")
    source = SETS_ABOUT + loop.replace("{body}", OTHERS[what] + "told = str")
    path.write_text(source.format(**NAMES[names]), encoding="utf-8")
    diagnosis = diagnosed(path)
    assert not [each for each in diagnosis.findings if each.certainty != "note"]
    assert diagnosis.n_unchecked > 0
