"""Derivatives of inner nodes lie in a dict by number; only leaves keep theirs."""

from itertools import count
from typing import Any, NamedTuple


class History(NamedTuple):
    function: Any
    saved: tuple
    inputs: tuple


numbers = count(1)


class Product:
    @staticmethod
    def backward(saved, d_output):
        x, y = saved
        return y * d_output, x * d_output


class Sum:
    @staticmethod
    def backward(saved, d_output):
        return d_output, d_output


class Scalar:
    def __init__(self, data, history=None):
        self.unique_id = next(numbers)
        self.data = data
        self.history = history
        self.derivative = None

    def __add__(self, other):
        return Scalar(self.data + other.data, History(Sum, (), (self, other)))

    def __mul__(self, other):
        saved = (self.data, other.data)
        return Scalar(self.data * other.data, History(Product, saved, (self, other)))

    def accumulate_derivative(self, x):
        assert self.history is None
        if self.derivative is None:
            self.derivative = 0.0
        self.derivative += x

    def backward(self):
        backpropagate(self, 1.0)


def topological_sort(variable):
    order, seen = [], set()

    def visit(var):
        if var.unique_id in seen:
            return
        if var.history is not None:
            for each in var.history.inputs:
                visit(each)
        seen.add(var.unique_id)
        order.insert(0, var)

    visit(variable)
    return order


def backpropagate(variable, deriv):
    derivatives = {variable.unique_id: deriv}
    for var in topological_sort(variable):
        deriv = derivatives[var.unique_id]
        if var.history is None:
            var.accumulate_derivative(deriv)
            continue
        gradients = var.history.function.backward(var.history.saved, deriv)
        for each, d in zip(var.history.inputs, gradients):
            derivatives.setdefault(each.unique_id, 0.0)
            derivatives[each.unique_id] += d


a, b, c = Scalar(2.0), Scalar(-3.0), Scalar(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].derivative).hex())
