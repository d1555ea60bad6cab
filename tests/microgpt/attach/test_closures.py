"""Scripts in the style of micrograd: operands in a set, and gradients in closures."""

from __future__ import annotations

import math

from microgpt.graph.graph import Graph
from tests.microgpt.attach.conftest import SCRIPTS, Attach, all_stops, next_stop

MLP = """
    import random
    from micrograd.nn import MLP
    from micrograd.engine import Value

    random.seed(1337)
    model = MLP(2, [4, 4, 1])
    points = [(0.1, 0.9, 1), (0.8, -0.4, -1), (-0.5, 0.3, 1)]
    for step in range(3):
        scores = [model([Value(x), Value(y)]) for x, y, _ in points]
        losses = [(1 + -label * score).relu() for (_, _, label), score in zip(points, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        print(loss.data.hex(), *(float(p.grad).hex() for p in model.parameters()))
        for p in model.parameters():
            p.data -= 0.1 * p.grad
"""


def locals_of(graph: Graph, node: int) -> list[float]:
    return [edge.local for edge in graph.operands_of(node)]


def test_an_mlp_on_real_micrograd_to_the_bit(attach: Attach) -> None:
    process = attach(MLP)
    stops, ended = all_stops(process)
    assert process.class_names == ("micrograd.engine.Value",)
    assert (len(stops), ended.status) == (3, 0)
    for stop, line in zip(stops, process.output.lines, strict=True):
        loss, *grads = [float.fromhex(text) for text in line.split()]
        graph = stop.graph
        assert graph is not None
        assert graph.backpropagated, graph.why_no_events
        names = [
            f"model.layers[{layer}].neurons[{i}].{part}"
            for layer, width in enumerate((4, 4, 1))
            for i in range(width)
            for part in [f"w[{j}]" for j in range(2 if layer == 0 else 4)] + ["b"]
        ]
        nodes = [graph.find(name) for name in names]
        assert graph.data[graph.root] == stop.loss == loss
        assert graph.grad[nodes].tolist() == grads
        assert graph.grads_at(graph.n_events - 1)[nodes].tolist() == grads


def test_operands_are_in_call_order_and_a_square_has_two(attach: Attach) -> None:
    graph = next_stop(attach(MLP)).graph
    assert graph is not None
    for node in map(int, graph.forward_order):
        data = [float(graph.data[edge.operand]) for edge in graph.operands_of(node)]
        match graph.op(node):
            case "add":
                assert sum(data) == graph.data[node]
                assert locals_of(graph, node) == [1.0, 1.0]
            case "mul":
                assert data[0] * data[1] == graph.data[node]
                assert locals_of(graph, node) == data[::-1]
            case "relu":
                assert locals_of(graph, node) == [float(graph.data[node] > 0)]
            case op:
                raise AssertionError(op)
    weight = graph.find("model.layers[2].neurons[0].w[3]")
    squares = [e.consumer for e in graph.consumers_of(weight)
               if {o.operand for o in graph.operands_of(e.consumer)} == {weight}]  # fmt: skip
    assert len(squares) == 2  # two edges from the weight
    assert squares[0] == squares[1]


def test_nodes_know_their_line_and_the_calls_they_were_made_in(attach: Attach) -> None:
    process = attach(MLP)
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.line(graph.root) == (str(process.path), 12)
    assert graph.line(graph.find("losses[1]")) == (str(process.path), 10)
    paths = {graph.scope(node) for node in range(len(graph))}
    assert "MLP.__call__[2]/Layer.__call__[1]/Neuron.__call__[3]" in paths
    neuron = graph.scopes.find("MLP.__call__/Layer.__call__/Neuron.__call__")
    assert {graph.op(node) for node in range(neuron.start, neuron.stop)} == {"add", "mul", "relu"}


def test_ops_that_only_the_class_knows(attach: Attach) -> None:
    process = attach(SCRIPTS / "closures.py")
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.backpropagated, graph.why_no_events
    process.resume()
    all_stops(process)
    for line in process.output.lines:
        name, data, grad = line.split()
        assert float(graph.data[graph.find(name)]).hex() == data
        assert float(graph.grad[graph.find(name)]).hex() == grad
    ops = {name: graph.op(graph.find(name)) for name in ("power", "ratio", "squashed", "loss")}
    assert ops == {"power": "pow2", "ratio": "truediv", "squashed": "tanh", "loss": "add"}
    a, b = 1.3, 0.7
    assert locals_of(graph, graph.find("power")) == [b * a ** (b - 1), a**b * math.log(a)]
    # Two slots, one operand: each slot has the derivative that belongs to it.
    assert locals_of(graph, graph.find("own_power")) == [a * a ** (a - 1), a**a * math.log(a)]
    assert graph.op_names[-1] not in graph.op_names[:-1]
    assert {"sigmoid", "sub"} < set(graph.op_names)
