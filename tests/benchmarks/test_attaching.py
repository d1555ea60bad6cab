"""What attaching costs a step of plain Python: while it is looked at, and while it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from microgpt.attach import ScriptProcess, Stop, StopRule
from tests.benchmarks.tables import report

STEPS = 8
LOOKED_AT, NOT_LOOKED_AT = 5.0, 1.2
"""At most so many times as long as without us."""
STYLES = {
    "of a known shape": {"d": "data", "g": "grad", "k": "_children", "l": "_local_grads",
                         "b": "backward"},
    "of other names": {"d": "x", "g": "dx", "k": "kids", "l": "locs", "b": "pull"},
}  # fmt: skip
PROGRAM = """
import random, time
random.seed(1)
class Number:
    def __init__(self, data, operands=(), local=()):
        self.{d} = data
        self.{g} = 0.0
        self.{k} = operands
        self.{l} = local
    def __add__(self, other):
        return Number(self.{d} + other.{d}, (self, other), (1.0, 1.0))
    def __mul__(self, other):
        return Number(self.{d} * other.{d}, (self, other), (other.{d}, self.{d}))
    def {b}(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, is_done = stack.pop()
            if is_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                for operand in node.{k}:
                    stack.append((operand, False))
        self.{g} = 1.0
        for node in reversed(order):
            for operand, local in zip(node.{k}, node.{l}):
                operand.{g} += local * node.{g}
weights = [[Number(random.gauss(0, 0.1)) for _ in range(100)] for _ in range(100)]
for step in range({steps}):
    start = time.process_time()
    x = [Number(0.1) for _ in range(100)]
    for layer in range(5):
        y = []
        for row in weights:
            total = row[0] * x[0]
            for w, z in zip(row[1:], x[1:]):
                total = total + w * z
            y.append(total)
        x = y
    loss = x[0]
    for z in x[1:]:
        loss = loss + z
    loss.{b}()
    print(time.process_time() - start, flush=True)
    for row in weights:
        for w in row:
            w.{g} = 0.0
"""


def seconds(lines: list[str] | tuple[str, ...]) -> float:
    """The fastest step but for the first two, in which a class is learnt. Units: seconds of CPU."""
    return min(map(float, lines[2:]))


@pytest.mark.parametrize("style", STYLES)
def test_a_step_of_100_000_nodes(style: str, tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    """Forward, backward and recording, in the script's own process."""
    path = tmp_path / "step.py"
    path.write_text(PROGRAM.format(steps=STEPS, **STYLES[style]))
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    base = seconds(plain.stdout.splitlines())
    found = {}
    for what, rule in {"looked at": StopRule(), "not looked at": StopRule(only=1 << 20)}.items():
        with ScriptProcess(path, stop=rule) as script:
            while isinstance(stop := script.next_stop(), Stop):
                assert stop.graph is not None
                assert len(stop.graph) > 100_000
                assert stop.graph.ledger is None
                script.resume()
            found[what] = seconds(script.output.lines) / base
    rows = [[style, what, f"{times:.2f}"] for what, times in found.items()]
    report(benchmark, "attaching", ["class", "step", "times as long"], rows)
    assert found["looked at"] <= LOOKED_AT
    assert found["not looked at"] <= NOT_LOOKED_AT
