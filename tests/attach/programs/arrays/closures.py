"""A network of matrices: closures that add to numpy arrays, operands in `_prev`."""

import numpy as np


def unbroadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


class Tensor:
    def __init__(self, data, _prev=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad += unbroadcast(out.grad, self.data.shape)
            other.grad += unbroadcast(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Tensor(self.data * other.data, (self, other))

        def _backward():
            self.grad += unbroadcast(other.data * out.grad, self.data.shape)
            other.grad += unbroadcast(self.data * out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def _backward():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out._backward = _backward
        return out

    def tanh(self):
        out = Tensor(np.tanh(self.data), (self,))

        def _backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,))

        def _backward():
            self.grad += (self.data > 0) * out.grad

        out._backward = _backward
        return out

    def mean(self):
        out = Tensor(self.data.mean(), (self,))

        def _backward():
            self.grad += out.grad / self.data.size * np.ones_like(self.data)

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
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node._backward()


rng = np.random.default_rng(1)
x = Tensor(rng.normal(size=(4, 3)))
y = Tensor(rng.normal(size=(4, 1)))
w1, b1 = Tensor(rng.normal(size=(3, 5))), Tensor(np.full(5, 0.1))
w2, b2 = Tensor(rng.normal(size=(5, 1))), Tensor(np.zeros(1))
for step in range(2):
    hidden = (x @ w1 + b1).relu()
    out = (hidden @ w2 + b2).tanh()
    minus = Tensor(-1.0)
    diff = out + y * minus
    loss = (diff * diff).mean()
    for p in (x, y, w1, b1, w2, b2):
        p.grad = np.zeros_like(p.data)
    loss.backward()
    for name in ("x", "w1", "b1", "w2", "b2", "hidden", "loss"):
        tensor = globals()[name]
        for at in np.ndindex(tensor.data.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(tensor.data[at]).hex(), float(tensor.grad[at]).hex())
    for p in (w1, b1, w2, b2):
        p.data -= 0.1 * p.grad
