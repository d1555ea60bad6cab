"""Passes that raise: what they had done until then can be stepped, in every followed style."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from microgpt.attach import Ended, ScriptProcess, Stop
from microgpt.debugger import DebugSession
from microgpt.debugger.verbs.where import halt_lines

STORED = """
class V:
    def __init__(self, x, kids=(), locs=()):
        self.x, self.kids, self.locs, self.dx = x, kids, locs, 0.0
    def __add__(self, o): return V(self.x + o.x, (self, o), (1.0, 1.0))
    def __mul__(self, o): return V(self.x * o.x, (self, o), (o.x, self.x))
"""
SORTED = """
def order_of(loss):
    order, seen = [], set()
    def walk(v):
        if v not in seen:
            seen.add(v)
            for k in v.kids: walk(k)
            order.append(v)
    walk(loss)
    return order
"""
LOOP = """
for v in reversed(order_of(loss)):
    for k, l in zip(v.kids, v.locs):
        k.dx += l * v.dx
        check(v)
"""
INDENTED = LOOP.replace("\n", "\n    ").rstrip() + "\n"
STYLES = {
    "function": (STORED + SORTED + "def pull(loss):\n    loss.dx = 1.0" + INDENTED, "pull(loss)"),
    "free code": (STORED + SORTED, "loss.dx = 1.0" + LOOP),
    "slots": (
        STORED.replace("class V:\n", "class V:\n    __slots__ = ('x', 'kids', 'locs', 'dx')\n")
        + SORTED + "def pull(loss):\n    loss.dx = 1.0" + INDENTED, "pull(loss)",
    ),
    "closures": (
        """
class V:
    def __init__(self, x, kids=()):
        self.x, self.kids, self.dx, self.back = x, kids, 0.0, None
    def __add__(self, o):
        r = V(self.x + o.x, (self, o))
        def back():
            self.dx += r.dx
            o.dx += r.dx
        r.back = back
        return r
    def __mul__(self, o):
        r = V(self.x * o.x, (self, o))
        def back():
            self.dx += o.x * r.dx
            o.dx += self.x * r.dx
        r.back = back
        return r
""" + SORTED + """
def pull(loss):
    loss.dx = 1.0
    for v in reversed(order_of(loss)):
        if v.back:
            v.back()
            check(v)
""", "pull(loss)",
    ),
    "a recursion": (
        STORED + """
def pull(v, adjoint):
    check(v)
    v.dx += adjoint
    for k, l in zip(v.kids, v.locs):
        pull(k, l * adjoint)
""", "pull(loss, 1.0)",
    ),
    "a wrong pass": (
        STORED + SORTED + "def pull(loss):\n    loss.dx = 1.0" + INDENTED.replace("+=", "="),
        "pull(loss)",
    ),
}  # fmt: skip
KNOWN = (
    STORED.replace("kids", "_children").replace("locs", "_local_grads").replace("dx", "grad")
    .replace("self.x", "self.data").replace("o.x", "o.data")
    + "    def backward(self):\n        loss = self\n        loss.grad = 1.0"
    + INDENTED.replace("\n", "\n    ").replace("kids", "_children").replace("locs", "_local_grads")
    .replace("dx", "grad")
)  # fmt: skip
STYLES["a known shape"] = (
    KNOWN + SORTED.replace("kids", "_children"), "loss.backward()"
)  # fmt: skip
SMALL = "a, b = V(2.0), V(3.0)\nloss = a * b + a\n"
REST = """
left = [0]
def check(v):
    left[0] -= 1
    if left[0] == 0:
        raise RuntimeError("enough")
for turn in range({turns}):
    left[0] = 4 if turn == {turns} - 1 else 99
    a, b, c = V(2.0), V(-3.0), V(0.5)
    d = a * b + c
    loss = d * d + a * d
    try:
{passes}
    finally:
        if turn == {turns} - 1:
            for name in "abcd": print(name, float(globals()[name].{grad}).hex())
"""


@pytest.mark.parametrize("turns", [1, 3])
@pytest.mark.parametrize("style", STYLES)
def test_a_pass_that_raises_has_what_it_did(tmp_path: Path, style: str, turns: int) -> None:
    head, passes = STYLES[style]
    script = tmp_path / "broken.py"
    inner = "\n".join("        " + line for line in passes.strip().splitlines())
    grad = "grad" if style == "a known shape" else "dx"
    script.write_text(head + REST.format(turns=turns, passes=inner, grad=grad), encoding="utf-8")
    plain = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    stops = []
    with ScriptProcess(script) as process:
        while isinstance(stop := process.next_stop(60), Stop):
            stops.append(stop)
            process.resume()
        assert isinstance(stop, Ended)
        assert stop.status == plain.returncode == 1
        assert process.output.lines == tuple((plain.stdout + plain.stderr).splitlines())
    assert [each.kind for each in stops] == ["backward"] * (turns - 1) + ["exception"]
    last = stops[-1]
    assert "RuntimeError: enough" in last.traceback
    graph = last.graph
    assert graph is not None, last.problem
    assert graph.backpropagated, graph.why_no_events
    assert graph.ledger is not None
    assert "the script raised during this pass" in halt_lines(last)[-1]
    for line in plain.stdout.splitlines():
        name, number = line.split()
        assert float(graph.grad[graph.find(name)]) == float.fromhex(number)
    assert 2 <= graph.n_events - 1 <= 4
    session = DebugSession(graph)
    grads = graph.grad_before.copy()
    session.goto("backward 0")
    for _ in range(graph.n_events):
        for change in session.state.changes:
            assert change.old == grads[change.node]
            grads[change.node] = change.new
        session.step()
    assert np.array_equal(grads, graph.grad)
    assert not np.array_equal(graph.true_pass.grad, graph.grad)


def test_an_exception_that_the_script_catches_is_no_stop(tmp_path: Path) -> None:
    head, passes = STYLES["function"]
    script = tmp_path / "caught.py"
    source = head + REST.format(turns=1, passes=f"        {passes}", grad="dx")
    source = source.replace("    finally:", "    except RuntimeError:\n        pass\n    finally:")
    script.write_text(source + "left[0] = 99\nloss = a * b + c\npull(loss)\n", encoding="utf-8")
    with ScriptProcess(script) as process:
        stop = process.next_stop(60)
        assert isinstance(stop, Stop)
        assert stop.kind == "backward"
        assert stop.graph is not None
        assert len(stop.graph) == 5
        assert stop.graph.grad_before[stop.graph.find("a")] != 0
        process.resume()
        ended = process.next_stop(60)
        assert isinstance(ended, Ended)
        assert (ended.status, ended.n_backwards) == (0, 1)


def test_a_pass_that_raises_at_its_first_visit_in_a_notebook(tmp_path: Path) -> None:
    head, passes = STYLES["function"]
    cells = [head.replace("+= l * v.dx", "+= l * v.dy"), SMALL, passes]
    notebook = tmp_path / "lesson.ipynb"
    notebook.write_text(
        json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": c} for c in cells]}),
        encoding="utf-8",
    )
    with ScriptProcess(notebook) as process:
        stop = process.next_stop(60)
        assert isinstance(stop, Stop)
    assert stop.kind == "exception"
    assert "has no attribute 'dy'" in stop.traceback
    graph = stop.graph
    assert graph is not None, stop.problem
    assert graph.n_events == 1
    assert graph.grad.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert halt_lines(stop)[-1] == (
        "  the script raised during this pass, which had made 0 visits until then"
    )
    assert halt_lines(stop)[-2].startswith("cell 1, line ")
