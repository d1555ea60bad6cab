"""Ops outside the op table, of classes that keep neither operands nor gradients in their nodes."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np

from microgpt.attach import ScriptProcess, Stop
from microgpt.debugger import DebugSession
from microgpt.debugger.verbs.gradcheck import CheckedGradients
from microgpt.graph.graph import Graph

PROGRAMS = Path(__file__).with_name("programs")
SUM = "loss = d * d + a * d"
RULES_IN_THE_PASS = """
import math, random
TAPE, NUMBERS = [], []
class V:
    def __init__(self, v, op="", args=()):
        self.v, self.i = v, len(TAPE)
        TAPE.append((op, args))
        NUMBERS.append(v)
    def __add__(self, o): return V(self.v + o.v, "add", (self.i, o.i))
    def __mul__(self, o): return V(self.v * o.v, "mul", (self.i, o.i))
    def sin(self): return V(math.sin(self.v), "sin", (self.i,))
    def cube(self): return V(self.v ** 3, "cube", (self.i,))
    def noisy(self): return V(self.v + random.random(), "noisy", (self.i,))
def grad(out):
    g = [0.0] * len(TAPE)
    g[out.i] = 1.0
    for i in reversed(range(len(TAPE))):
        op, args = TAPE[i]
        if op == "add": g[args[0]] += g[i]; g[args[1]] += g[i]
        elif op == "mul":
            g[args[0]] += g[i] * NUMBERS[args[1]]; g[args[1]] += g[i] * NUMBERS[args[0]]
        elif op == "sin": g[args[0]] += g[i] * math.cos(NUMBERS[args[0]])
        elif op == "cube": g[args[0]] += g[i] * 3 * NUMBERS[args[0]] ** 2
        elif op == "noisy": g[args[0]] += g[i]
    return g
a, b, c = V(2.0), V(-3.0), V(0.5)
d = a * b + c
loss = {loss}
grads = grad(loss)
for name in ("a", "b", "c", "d"):
    print(name, globals()[name].v.hex(), float(grads[globals()[name].i]).hex())
print("tape", len(TAPE))
"""


def attached(path: Path, source: str) -> tuple[Graph, CheckedGradients]:
    """A program's only graph, with its own gradients to the bit, and its gradcheck."""
    path.write_text(source, encoding="utf-8")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    with ScriptProcess(path) as script:
        stop = script.next_stop(60)
        assert isinstance(stop, Stop)
        graph = stop.graph
        assert graph is not None, stop.problem
        checked = DebugSession.at(stop, script).check_gradients()
        script.resume()
        assert not isinstance(script.next_stop(60), Stop)
        assert list(script.output.lines) == plain.stdout.splitlines()  # no longer a tape, too
    for line in plain.stdout.splitlines()[:4]:
        name, _, grad = line.split()
        assert float(graph.grad[graph.find(name)]).hex() == float.fromhex(grad).hex()
    return graph, checked


def local_of(graph: Graph, op: str) -> list[float]:
    return [edge.local for node in graph.nodes_of(op).tolist() for edge in graph.operands_of(node)]


def test_numbers_on_a_tape_are_the_local_gradients(tmp_path: Path) -> None:
    source = (PROGRAMS / "wengert_list.py").read_text(encoding="utf-8")
    source = source.replace(
        "\n\ndef grad(", "\n    def tanh(self):\n        t = math.tanh(self.value)\n"
        "        return Var(t, ((self.index, 1 - t * t),))\n\n\ndef grad("
    ).replace(SUM, "loss = (d * Var(0.1) + a * d.tanh()).tanh()")  # fmt: skip
    graph, checked = attached(tmp_path / "tape.py", "import math\n" + source)
    tanhs = [float(graph.data[node]) for node in graph.nodes_of("tanh").tolist()]
    assert local_of(graph, "tanh") == [1 - t * t for t in tanhs]
    assert graph.ledger is None
    assert "local gradients" not in graph.pass_note
    assert (checked.n_wrong, checked.trusted) == (0, ())


def test_functions_on_a_tape_give_the_local_gradients(tmp_path: Path) -> None:
    source = (PROGRAMS / "gradient_tape.py").read_text(encoding="utf-8")
    source = source.replace(
        "    def __mul__", "    def sin(self):\n        out = Tensor(math.sin(self.value))\n"
        "        Tape.current.records.append(\n"
        "            (out, (self,), lambda g: (g * math.cos(self.value),)))\n"
        "        return out\n\n    def __mul__"
    ).replace(SUM, "loss = d.sin() * d + a * d.sin()")  # fmt: skip
    graph, _ = attached(tmp_path / "tape.py", "import math\n" + source)
    assert local_of(graph, "sin") == [math.cos(-5.5)] * 2
    assert graph.ledger is None
    assert "local gradients" not in graph.pass_note


def test_rules_that_only_the_pass_knows_are_found_by_moving_operands(tmp_path: Path) -> None:
    source = RULES_IN_THE_PASS.replace("{loss}", "(d * c.sin()).cube()")
    graph, checked = attached(tmp_path / "rules.py", source)
    assert np.allclose(local_of(graph, "sin"), math.cos(0.5), rtol=1e-13, atol=0)
    (cubed,) = (graph.operands_of(node)[0] for node in graph.nodes_of("cube").tolist())
    assert math.isclose(cubed.local, 3 * float(graph.data[cubed.operand]) ** 2, rel_tol=1e-13)
    assert graph.ledger is None  # and as the pass itself had them, so that it can be stepped
    assert "2 are slopes of its methods" in graph.pass_note
    assert (checked.n_wrong, checked.trusted) == (0, ())


def test_a_local_gradient_that_nothing_tells_is_none_and_said(tmp_path: Path) -> None:
    source = RULES_IN_THE_PASS.replace("{loss}", "d.noisy().cube() + a.sin() + d.sin()")
    source = source.replace("import math, random", "import math, random\nrandom.seed(1)")
    graph, checked = attached(tmp_path / "noisy.py", source)
    assert np.isnan(local_of(graph, "noisy")).all()
    assert np.isfinite(local_of(graph, "sin")).all()
    assert "1 are not known" in graph.pass_note
    assert not (graph.local_grads == 0).any()
    assert checked.trusted == (("noisy", 1),)
