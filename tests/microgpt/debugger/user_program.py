"""Somebody's program: a neuron and its loss, without scopes of its own."""

from __future__ import annotations

from microgpt import Graph, Value, recording


def neuron(x: list[Value], w: list[Value], b: Value) -> Value:
    total = b
    for xi, wi in zip(x, w, strict=True):
        total = total + xi * wi
    return total.relu()


def squared_error(prediction: Value, target: float) -> Value:
    return (prediction - target) ** 2


def graph() -> Graph:
    with recording():
        x = [Value(0.5, name="x0"), Value(-1.0, name="x1")]
        w = [Value(2.0, name="w0"), Value(-0.25, name="w1")]
        loss = squared_error(neuron(x, w, Value(0.125, name="b")), 1.0)
    loss.name = "loss"
    loss.backward()
    return Graph.from_value(loss)
