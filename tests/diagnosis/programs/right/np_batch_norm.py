"""Arrays: features are normed over the batch, with a gain and an offset."""

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

    def normed(self):
        center = self.data - self.data.mean(axis=0)
        inverse = 1 / np.sqrt((center**2).mean(axis=0) + 1e-5)
        out = Value(center * inverse, (self,))

        def _backward():
            along = (out.grad * out.data).mean(axis=0)
            self.grad += inverse * (out.grad - out.grad.mean(axis=0) - out.data * along)

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


rng = np.random.default_rng(52)
x = Value(rng.normal(size=(6, 3)))
y = Value(x.data[:, :1] ** 2 - x.data[:, 1:2])
w1, gain, offset = Value(rng.normal(size=(3, 4))), Value(np.ones(4)), Value(np.zeros(4))
w2, b2 = Value(rng.normal(size=(4, 1))), Value(np.zeros(1))
params = [w1, gain, offset, w2, b2]
for step in range(5):
    h = (x @ w1).normed() * gain + offset
    miss = h.relu() @ w2 + b2 - y
    loss = (miss * miss).mean()
    for p in params:
        p.grad = np.zeros(p.data.shape)
    loss.backward()
    for p in params:
        p.data = p.data - 0.1 * p.grad
    print(step, f"{float(loss.data):.6f}")
