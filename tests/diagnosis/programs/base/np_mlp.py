"""A network of numpy arrays fitted to a plane wave: closures, broadcasting, momentum, decay."""

import numpy as np

rng = np.random.default_rng(12)


def unbroadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and grad.shape[axis] != 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


class Tensor:
    def __init__(self, data, _prev=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros(self.data.shape)
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad = self.grad + unbroadcast(out.grad, self.data.shape)
            other.grad = other.grad + unbroadcast(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __sub__(self, other):
        out = Tensor(self.data - other.data, (self, other))

        def _backward():
            self.grad = self.grad + unbroadcast(out.grad, self.data.shape)
            other.grad = other.grad - unbroadcast(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Tensor(self.data * other.data, (self, other))

        def _backward():
            self.grad = self.grad + unbroadcast(other.data * out.grad, self.data.shape)
            other.grad = other.grad + unbroadcast(self.data * out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def _backward():
            self.grad = self.grad + out.grad @ other.data.T
            other.grad = other.grad + self.data.T @ out.grad

        out._backward = _backward
        return out

    def tanh(self):
        out = Tensor(np.tanh(self.data), (self,))

        def _backward():
            self.grad = self.grad + (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,))

        def _backward():
            self.grad = self.grad + (self.data > 0) * out.grad

        out._backward = _backward
        return out

    def mean(self):
        out = Tensor(self.data.mean(), (self,))

        def _backward():
            self.grad = self.grad + np.full(self.data.shape, 1 / self.data.size) * out.grad

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


x = Tensor(rng.normal(size=(5, 3)))
y = Tensor(np.sin(x.data.sum(axis=1, keepdims=True)))
w1, b1 = Tensor(rng.normal(size=(3, 4)) * 0.6), Tensor(np.full(4, 0.2))
w2, b2 = Tensor(rng.normal(size=(4, 4)) * 0.6), Tensor(np.zeros((1, 4)))
w3, b3 = Tensor(rng.normal(size=(4, 1)) * 0.6), Tensor(np.zeros(1))
params = [w1, b1, w2, b2, w3, b3]


def model(inputs):
    first = (inputs @ w1 + b1).relu()
    second = (first @ w2 + b2).tanh()
    return second @ w3 + b3


def loss_of(inputs, wanted):
    diff = model(inputs) - wanted
    return (diff * diff).mean()


velocity = [np.zeros(p.data.shape) for p in params]
for step in range(6):
    loss = loss_of(x, y)
    for p in params:
        p.grad = np.zeros(p.data.shape)
    loss.backward()
    for i, p in enumerate(params):
        velocity[i] = 0.6 * velocity[i] + p.grad + 0.001 * p.data
        p.data = p.data - 0.1 * velocity[i]
    print(f"step {step}: loss {float(loss.data):.6f}")
