"""Classes of many builds: found by their shape, hooked without their noticing."""

from __future__ import annotations

import pytest

from microgpt.attach import StopRule
from microgpt.attach.child.shapes import SHAPES, shape_of
from tests.microgpt.attach.conftest import SCRIPTS, Attach, all_stops, next_stop

MICROGPT = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("def linear")[0]
CLOSURES = (SCRIPTS / "closures.py").read_text(encoding="utf-8").partition("def main()")[0]
USE = """
def use():
    for _ in range(2):
        a, b = {name}(2.0), {name}(3.0)
        c = a * b
        loss = c * c + a
        loss.backward()
use()
"""

ITERATIVE = MICROGPT.replace(
    MICROGPT[MICROGPT.index("        topo = []") :],
    """        counts = {}
        waiting = [self]
        while waiting:
            for child in waiting.pop()._children:
                if child not in counts:
                    counts[child] = 0
                    waiting.append(child)
                counts[child] += 1
        self.grad = 1
        ready = [self]
        while ready:
            node = ready.pop(0)
            grads = node._local_grads
            for i in reversed(range(len(grads))):
                child = node._children[i]
                child.grad += grads[i] * node.grad
                counts[child] -= 1
                if not counts[child]:
                    ready.append(child)
""",
)
DATACLASS = """
from dataclasses import dataclass, field
from typing import Callable

@dataclass(eq=False{slots})
class Node:
    data: float
    _prev: tuple = ()
    grad: float = 0.0
    _backward: Callable = field(default=lambda: None, repr=False)

    def __add__(self, other):
        out = Node(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Node(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def backward(self):
        order = []
        def visit(node):
            if node not in order:
                for operand in node._prev:
                    visit(operand)
                order.append(node)
        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()
"""
BUILDS = {
    "slots": (MICROGPT, "Value"),
    "no slots": (MICROGPT.replace("    __slots__ =", "    ignored ="), "Value"),
    "explicit object": (MICROGPT.replace("class Value:", "class Value(object):"), "Value"),
    "another name": (MICROGPT.replace("Value", "Number"), "Number"),
    "another order of visits": (ITERATIVE, "Value"),
    "keyword arguments": (
        MICROGPT.replace("children=(), local_grads", "*, children=(), local_grads")
        .replace("(self, other), (", "children=(self, other), local_grads=(")
        .replace("(self,), (", "children=(self,), local_grads=("),
        "Value",
    ),
    "variadic": (
        MICROGPT.replace("data, children=(), local_grads=()", "*given")
        .replace("self.data = data", "data, children, local_grads = (*given, (), ())[:3]")
        .replace("self.grad = 0\n", "self.grad = 0; self.data = data\n"),
        "Value",
    ),
    "watched attributes": (
        MICROGPT + "\n    def __setattr__(self, name, value):\n"
        "        assert name in Value.__slots__, name\n"
        "        object.__setattr__(self, name, value)\n",
        "Value",
    ),
    "an operator helper": (
        MICROGPT.replace(
            "return Value(self.data * other.data, (self, other), (other.data, self.data))",
            "return self._binary(self.data * other.data, other, (other.data, self.data))",
        )
        + "\n    def _binary(self, data, other, local_grads):\n"
        "        return Value(data, (self, other), local_grads)\n",
        "Value",
    ),
    "in two classes": (
        MICROGPT.replace("class Value:", "class Base:", 1)
        .replace("    __slots__ =", "    ignored =")
        .replace("    def __add__", "class Value(Base):\n    def __add__", 1),
        "Value",
    ),
    "derived": (MICROGPT + "\nclass Special(Value):\n    pass\nValue = Special\n", "Special"),
    "derived, with a backward of its own": (
        MICROGPT + "\nclass Special(Value):\n    def backward(self):\n"
        "        print('mine')\n        super().backward()\nValue = Special\n",
        "Special",
    ),
    "closures": (CLOSURES, "Scalar"),
    "closures, operands given as a set": (
        CLOSURES.replace("(self, other), ", "{self, other}, "), "Scalar",
    ),
    "closures, operands given as a list": (
        CLOSURES.replace("(self, other), ", "[self, other], "), "Scalar",
    ),
    "closures, operands assigned afterwards": (
        CLOSURES.replace('(self, other), "*")', '(), "*")\n        out._prev = {self, other}')
        .replace('(self, other), "+")', '(), "+")\n        out._prev = {self, other}'),
        "Scalar",
    ),
    "closures, operands kept in order": (CLOSURES.replace("set(_prev)", "_prev"), "Scalar"),
    "a dataclass": (DATACLASS.replace("{slots}", ""), "Node"),
    "a dataclass with slots": (DATACLASS.replace("{slots}", ", slots=True"), "Node"),
}  # fmt: skip


@pytest.mark.parametrize("build", BUILDS)
def test_a_class_is_followed_however_it_is_built(attach: Attach, build: str) -> None:
    source, name = BUILDS[build]
    process = attach(source + USE.format(name=name))
    stops, ended = all_stops(process)
    assert (len(stops), ended.status, ended.n_backwards) == (2, 0, 2), process.output.lines
    graph = stops[1].graph  # a decorated class is known only from its first backward on
    assert graph is not None
    assert graph.backpropagated, graph.why_no_events
    assert [graph.name(node) for node in range(5)] == ["a", "b", "c", "#3", "loss"]
    assert [graph.op(node) for node in range(5)] == ["input", "input", "mul", "mul", "add"]
    assert [[edge.operand for edge in graph.operands_of(node)] for node in (2, 3, 4)] == [
        [0, 1], [2, 2], [3, 0],
    ]  # fmt: skip
    assert graph.local_grads.tolist() == [3.0, 2.0, 6.0, 6.0, 1.0, 1.0]
    assert graph.grad.tolist() == [37.0, 24.0, 12.0, 1.0, 1.0]
    lines = process.path.read_text(encoding="utf-8").splitlines()
    for node, text in ((0, "a, b ="), (2, "c = "), (3, "loss = "), (4, "loss = ")):
        file, number = graph.line(node) or ("", 0)
        assert file == str(process.path)
        assert text in lines[number - 1]
    assert {graph.scope(node) for node in range(5)} == {"use"}


def test_constants_are_made_by_the_class_and_inputs_by_the_user(attach: Attach) -> None:
    process = attach(MICROGPT + "x = Value(2.0)\nloss = 3 * x ** 2 - 1\nloss.backward()\n")
    graph = next_stop(process).graph
    assert graph is not None
    assert [(graph.op(i), float(graph.data[i])) for i in range(len(graph))] == [
        ("input", 2.0), ("pow", 4.0), ("const", 3.0), ("mul", 12.0), ("const", -1.0), ("add", 11.0),
    ]  # fmt: skip
    assert graph.immediate[1] == 2.0


def test_ops_that_are_functions_outside_the_class(attach: Attach) -> None:
    process = attach(
        MICROGPT + "def cube(x):\n    return Value(x.data**3, (x,), (3 * x.data**2,))\n"
        "loss = cube(Value(2.0))\nloss.backward()\n"
    )
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.op(graph.root) == "cube"
    assert graph.grads_at(1)[0] == 12.0


def test_a_backward_inside_backward_is_one(attach: Attach) -> None:
    process = attach(MICROGPT + USE.format(name="Value"), stop=StopRule(every=2))
    assert [stop.number for stop in all_stops(process)[0]] == [2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (MICROGPT, SHAPES[0]),
        (CLOSURES, SHAPES[1]),
        ("class Function:\n    def backward(self): self.saved\n    def __mul__(a, b): pass", None),
        ("class Drawing:\n    def draw(self, v): v._children, v._local_grads", None),
        ("class Half:\n    def __mul__(a, b): a._children\n    def backward(self): pass", None),
    ],
)
def test_the_shape_of_a_class_is_in_its_code(source: str, expected: object) -> None:
    module = compile(source, "script", "exec")
    body = next(code for code in module.co_consts if hasattr(code, "co_code"))
    assert shape_of(body) == expected
