"""A class that keeps operands in its nodes and its rules on a tape: asking it adds no rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from microgpt.attach import Ended, ScriptProcess, Stop

SCRIPT = """
rules = []

class Var:
    def __init__(self, number, sources=()):
        self.number, self.slope, self.sources = number, 0.0, sources

    def __add__(self, other):
        out = Var(self.number + other.number, (self, other))
        def rule():
            self.slope += out.slope
            other.slope += out.slope
        rules.append(rule)
        return out

    def __mul__(self, other):
        out = Var(self.number * other.number, (self, other))
        def rule():
            self.slope += other.number * out.slope
            other.slope += self.number * out.slope
        rules.append(rule)
        return out

    def backward(self):
        self.slope = 1.0
        for rule in reversed(rules):
            rule()
        rules.clear()

a, b = Var(1.5), Var(-0.5)
for step in range(3):
    loss = a * b + a * a
    a.slope = b.slope = 0.0
    loss.backward()
    assert (a.slope, b.slope) == (b.number + 2 * a.number, a.number), "another gradient"
    a.number -= 0.1 * a.slope
"""


def test_the_script_goes_on_as_it_would(tmp_path: Path) -> None:
    path = tmp_path / "taped.py"
    path.write_text(SCRIPT, encoding="utf-8")
    n_stops = 0
    with ScriptProcess(path) as script:
        while isinstance(stop := script.run_on(), Stop):
            assert stop.kind == "backward", stop.traceback
            assert stop.graph is not None
            assert stop.methods is not None
            nodes = stop.graph.forward_order
            operands = stop.graph.data[stop.graph.operands[stop.graph.edges_into(nodes)]]
            again = stop.methods.evaluate(nodes.tolist(), operands.tolist())
            np.testing.assert_array_equal(again.data, stop.graph.data[nodes])
            n_stops += 1
    assert n_stops == 3
    assert isinstance(stop, Ended)
    assert stop.status == 0
