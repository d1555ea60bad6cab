"""What calls were given that make nodes: told whole, and not gone through once for each node."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop
from microgpt.graph.graph import Graph

COUNTED = """
import sys


class Counting(type):
    checks = 0

    def __instancecheck__(cls, thing):
        Counting.checks += 1
        return type.__instancecheck__(cls, thing)


class Value(metaclass=Counting):
    def __init__(self, data, kids=()):
        self.data, self.grad, self.kids = data, 0.0, {container}(kids)
        self.back = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def back():
            self.grad += out.grad
            other.grad += out.grad
        out.back = back
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out.back = back
        return out

    def backward(self):
        order, seen, waiting = [], set(), [(self, False)]
        while waiting:
            node, is_done = waiting.pop()
            if is_done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                waiting += [(node, True), *((kid, False) for kid in node.kids)]
        self.grad = 1.0
        for node in reversed(order):
            node.back()


class Parameter(Value):  # whose checks are counted: those of the class itself Python leaves out
    pass


def loss_of(parameters, xs):
    total = Value(0.0)
    for parameter, x in zip(parameters, xs):
        total = total + parameter * Value(x)
    return total


n = int(sys.argv[1])
parameters = [Parameter(0.1 * i) for i in range(n)]
for _ in range(2):
    loss = loss_of(parameters, [1.0] * n)
    loss.backward()
    for parameter in parameters:
        parameter.data -= 0.01 * parameter.grad
        parameter.grad = 0.0
print(Counting.checks)
"""
LISTED = """
class Cell:
    def __init__(self, level):
        self.level, self.feeds, self.pull = level, [], None

    def tell(self, weight, cell):
        self.feeds.append((weight, cell))

    def rate(self):
        if self.pull is None:
            self.pull = sum(weight * cell.rate() for weight, cell in self.feeds)
        return self.pull

    def __add__(self, other):
        cell = Cell(self.level + other.level)
        self.tell(1.0, cell)
        other.tell(1.0, cell)
        return cell


def to_the_fourth(x):
    for _ in range(2):
        square = Cell(x.level * x.level)
        x.tell(2 * x.level, square)
        x = square
    return x


def summed(cells):
    cell = Cell(sum(each.level for each in cells))
    for each in cells:
        each.tell(1.0, cell)
    return cell


a, b = Cell(1.5), Cell(-0.5)
loss = summed([to_the_fourth(a), b]) + a
loss.pull = 1.0
print(a.rate(), b.rate())
"""


def graphs_of(path: Path, *arguments: str) -> tuple[list[Graph], tuple[str, ...]]:
    graphs = []
    with ScriptProcess(path, arguments) as script:
        while isinstance(stop := script.next_stop(60), Stop):
            assert stop.graph is not None, stop.problem
            graphs.append(stop.graph)
            script.resume()
        assert isinstance(stop, Ended)
        assert stop.status == 0, stop.reason
        return graphs, script.output.lines


@pytest.mark.parametrize("container", ["tuple", "set"])
def test_arguments_are_not_gone_through_for_each_node(tmp_path: Path, container: str) -> None:
    path = tmp_path / "many.py"
    path.write_text(COUNTED.replace("{container}", container), encoding="utf-8")
    checks = []
    for n in (100, 400):
        graphs, lines = graphs_of(path, str(n))
        assert [len(graph) for graph in graphs] == [4 * n + 1] * 2
        checks.append(int(lines[-1]))
    assert checks[1] < 5 * checks[0]  # four times as many nodes, given to a call as large


def test_functions_of_nodes_that_list_their_consumers_make_results(tmp_path: Path) -> None:
    path = tmp_path / "listed.py"
    path.write_text(LISTED, encoding="utf-8")
    (graph,), lines = graphs_of(path)
    ops = [graph.op(node) for node in graph.forward_order.tolist()]
    assert ops == ["to_the_fourth", "to_the_fourth", "summed", "add"]
    loss, a = graph.root, graph.find("a")
    summed, again = (edge.operand for edge in graph.operands_of(loss))
    assert again == a
    fourth, b = (edge.operand for edge in graph.operands_of(summed))
    (square,) = (edge.operand for edge in graph.operands_of(fourth))
    assert [edge.operand for edge in graph.operands_of(square)] == [a]
    assert lines == (f"{graph.grad[a]} {graph.grad[b]}",) == ("14.5 1.0",)
