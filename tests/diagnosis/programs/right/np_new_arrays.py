"""Arrays: parameters are made anew in a dict, which the model is given."""

import numpy as np


class Value:
    def __init__(self, vals, _prev=()):
        self.vals = np.asarray(vals, dtype=float)
        self.sens = np.zeros(self.vals.shape)
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        out = Value(self.vals + other.vals, (self, other))

        def _backward():
            self.sens += summed(out.sens, self.vals.shape)
            other.sens += summed(out.sens, other.vals.shape)

        out._backward = _backward
        return out

    def __sub__(self, other):
        out = Value(self.vals - other.vals, (self, other))

        def _backward():
            self.sens += summed(out.sens, self.vals.shape)
            other.sens -= summed(out.sens, other.vals.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Value(self.vals * other.vals, (self, other))

        def _backward():
            self.sens += summed(other.vals * out.sens, self.vals.shape)
            other.sens += summed(self.vals * out.sens, other.vals.shape)

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Value(self.vals @ other.vals, (self, other))

        def _backward():
            self.sens += out.sens @ other.vals.T
            other.sens += self.vals.T @ out.sens

        out._backward = _backward
        return out

    def tanh(self):
        out = Value(np.tanh(self.vals), (self,))

        def _backward():
            self.sens += (1 - out.vals**2) * out.sens

        out._backward = _backward
        return out

    def mean(self):
        out = Value(self.vals.mean(), (self,))

        def _backward():
            self.sens += np.full(self.vals.shape, out.sens / self.vals.size)

        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for operand in node._prev:
                    visit(operand)
                order.append(node)

        visit(self)
        self.sens = np.ones(self.vals.shape)
        for node in reversed(order):
            node._backward()


def summed(sens, shape):
    while sens.ndim > len(shape):
        sens = sens.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and sens.shape[axis] > 1:
            sens = sens.sum(axis=axis, keepdims=True)
    return sens


rng = np.random.default_rng(55)
x = Value(rng.normal(size=(5, 2)))
y = Value(np.cos(x.vals.sum(axis=1, keepdims=True)))
weights = {"w": Value(rng.normal(size=(2, 3))), "b": Value(np.zeros(3))}
weights["v"] = Value(rng.normal(size=(3, 1)))


def loss_of(p):
    miss = (x @ p["w"] + p["b"]).tanh() @ p["v"] - y
    return (miss * miss).mean()


for step in range(6):
    loss = loss_of(weights)
    loss.backward()
    print(step, f"{float(loss.vals):.6f}")
    weights = {name: Value(p.vals - 0.2 * p.sens) for name, p in weights.items()}
