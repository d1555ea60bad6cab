"""Arrays: masks are drawn beside the graph and multiplied in."""

import numpy as np


class Value:
    def __init__(self, data, _prev=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros(self.data.shape)
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += summed(out.grad, self.data.shape)
            other.grad += summed(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __sub__(self, other):
        out = Value(self.data - other.data, (self, other))

        def _backward():
            self.grad += summed(out.grad, self.data.shape)
            other.grad -= summed(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += summed(other.data * out.grad, self.data.shape)
            other.grad += summed(self.data * out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Value(self.data @ other.data, (self, other))

        def _backward():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Value(np.maximum(self.data, 0), (self,))

        def _backward():
            self.grad += (self.data > 0) * out.grad

        out._backward = _backward
        return out

    def mean(self):
        out = Value(self.data.mean(), (self,))

        def _backward():
            self.grad += np.full(self.data.shape, out.grad / self.data.size)

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
        self.grad = np.ones(self.data.shape)
        for node in reversed(order):
            node._backward()


def summed(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and grad.shape[axis] > 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


rng, masks = np.random.default_rng(56), np.random.default_rng(7)
x = Value(rng.normal(size=(4, 3)))
y = Value(rng.normal(size=(4, 1)))
w1, w2 = Value(rng.normal(size=(3, 6)) * 0.7), Value(rng.normal(size=(6, 1)) * 0.7)
first = {id(p): np.zeros(p.data.shape) for p in (w1, w2)}
for step in range(6):
    kept = Value((masks.random((4, 6)) < 0.8) / 0.8)
    miss = ((x @ w1).relu() * kept) @ w2 - y
    loss = (miss * miss).mean()
    for p in (w1, w2):
        p.grad = np.zeros(p.data.shape)
    loss.backward()
    for p in (w1, w2):
        first[id(p)] = 0.5 * first[id(p)] + p.grad
        p.data = p.data - 0.05 * first[id(p)]
    print(step, f"{float(loss.data):.6f}")
