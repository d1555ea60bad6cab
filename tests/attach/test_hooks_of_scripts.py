"""Scripts that trace or profile themselves, and classes that are first met within a pass.

What a script's own hook is called with has our watches' calls among the others while a pass is
looked at: Python gives a hook no way to be spared them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop
from microgpt.debugger import DebugSession

PROGRAM = """
import sys
calls = []
def hook(frame, event, arg):
    calls.append(frame.f_code.co_name)
class V:
    def __init__(self, x, kids=(), locs=()):
        self.x, self.kids, self.locs, self.dx = x, kids, locs, 0.0
    def __add__(self, o): return V(self.x + o.x, (self, o), (1.0, 1.0))
    def __mul__(self, o): return V(self.x * o.x, (self, o), (o.x, self.x))
def noted(x): return x
def order_of(loss):
    order, seen = [], set()
    def walk(v):
        if v not in seen:
            seen.add(v)
            for k in v.kids: walk(k)
            order.append(v)
    walk(loss)
    return order
def pull(loss):
    loss.dx = 1.0
    for i, v in enumerate(reversed(order_of(loss))):
        if i == 2:
            {middle}
        for k, l in zip(v.kids, v.locs): k.dx += l * v.dx
        noted(i)
def in_a_dict(loss):
    grads = {{loss: 1.0}}
    for i, v in enumerate(reversed(order_of(loss))):
        if i == 2:
            {middle}
        for k, l in zip(v.kids, v.locs): grads[k] = grads.get(k, 0.0) + l * grads[v]
        noted(i)
    for v, grad in grads.items(): found[id(v)] = grad
    return grads
found = {{}}
for turn in range(3):
    a, b, c = V(2.0), V(-3.0), V(0.5)
    d = a * b + c
    loss = d * d + a * d
    {call}
    for name in "abcd":
        v = globals()[name]
        print(name, float(found.get(id(v), v.dx)).hex())
{end}
"""
END = "print(sys.get{0}() is hook)\nsys.set{0}(None)\nprint(calls.count('noted'))"
A_CLASS = """class Late:
                def __init__(self, x, of=()): self.x, self.of = x, of
                def __add__(self, o): return Late(self.x + o.x, (self, o))
            late = Late(1.0) + Late(2.0)"""
MIDDLES = {
    "setprofile": ("sys.setprofile(hook)", END.format("profile")),
    "settrace": ("sys.settrace(hook)", END.format("trace")),
    "a class that is met": (A_CLASS, ""),
    "a class of the library": ("from fractions import Fraction; Fraction(1, 3) + 1", ""),
}


@pytest.mark.parametrize("call", ["pull(loss)", "in_a_dict(loss)"])
@pytest.mark.parametrize("middle", MIDDLES)
def test_what_happens_in_the_middle_of_a_pass(tmp_path: Path, middle: str, call: str) -> None:
    script = tmp_path / "script.py"
    text, end = MIDDLES[middle]
    script.write_text(PROGRAM.format(middle=text, call=call, end=end), encoding="utf-8")
    plain = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    stops = []
    with ScriptProcess(script) as process:
        while isinstance(stop := process.next_stop(60), Stop):
            stops.append(stop)
            process.resume()
        assert isinstance(stop, Ended)
        lines = list(process.output.lines)
    expected = plain.stdout.splitlines()
    assert lines == expected
    assert stop.status == 0
    gradients = {line.split()[0]: float.fromhex(line.split()[1]) for line in expected[:4]}
    is_hidden = middle == "setprofile" and call != "pull(loss)"
    # A script that profiles itself leaves us no way to see what its functions return.
    assert len(stops) == (0 if is_hidden else 3)
    assert ("while the script profiles itself" in stop.reason) == is_hidden
    for stop in stops:
        assert stop.graph is not None, stop.problem
        assert len(stop.graph) == 8
        for name, grad in gradients.items():
            assert float(stop.graph.grad[stop.graph.find(name)]) == grad


def test_a_class_with_no_room_for_a_note_runs_as_it_would(tmp_path: Path) -> None:
    path = tmp_path / "slots.py"
    path.write_text(NO_ROOM, encoding="utf-8")
    with ScriptProcess(path) as script:
        ended = script.next_stop(60)
        assert isinstance(ended, Ended)
        assert script.output.lines == ("6.0",)
    assert ended.status == 0
    assert "Boxed: its __slots__ leave its nodes no room for a note" in ended.reason


NO_ROOM = """
class Box:
    __slots__ = ("value", "sources")
    def __init__(self, value, sources=()):
        self.value, self.sources = value, sources
class Boxed(Box):
    __slots__ = ()
    def __add__(self, other):
        return Boxed(self.value + other.value, (self, other))
    def __mul__(self, other):
        return Boxed(self.value * other.value, (self, other))
print((Boxed(2.0) * Boxed(3.0)).value)
"""


def test_asking_its_methods_leaves_counts_and_lists_of_a_node_alone(tmp_path: Path) -> None:
    source = (Path(__file__).parent / "programs" / "counts_of_uses.py").read_text(encoding="utf-8")
    source = source.replace("self.used = 0", "self.used = 0\n        self.users = []")
    source = source.replace("each.used += 1", "each.used += 1\n        each.users.append(function)")
    path = tmp_path / "counts.py"
    path.write_text(f"{source}\nprint(a.used, len(a.users), d.used, len(d.users))\n")
    with ScriptProcess(path) as script:
        stop = script.next_stop(60)
        assert isinstance(stop, Stop)
        assert DebugSession.at(stop, script).check_gradients().n_checked == 8
        script.resume()
        assert isinstance(script.next_stop(60), Ended)
        assert script.output.lines[-1] == "2 2 3 3"
