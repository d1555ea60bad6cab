"""Arrays: a causal mask of minus ten thousand, which exp makes 0."""

import numpy as np


class Tensor:
    def __init__(self, data, _prev=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros(self.data.shape)
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad += summed(out.grad, self.data.shape)
            other.grad += summed(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __sub__(self, other):
        out = Tensor(self.data - other.data, (self, other))

        def _backward():
            self.grad += summed(out.grad, self.data.shape)
            other.grad -= summed(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Tensor(self.data * other.data, (self, other))

        def _backward():
            self.grad += summed(other.data * out.grad, self.data.shape)
            other.grad += summed(self.data * out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def _backward():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out._backward = _backward
        return out

    def softmax(self):
        e = np.exp(self.data - self.data.max(axis=-1, keepdims=True))
        out = Tensor(e / e.sum(axis=-1, keepdims=True), (self,))

        def _backward():
            self.grad += out.data * (out.grad - (out.grad * out.data).sum(axis=-1, keepdims=True))

        out._backward = _backward
        return out

    def log(self):
        out = Tensor(np.log(self.data), (self,))

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def sum(self):
        out = Tensor(self.data.sum(), (self,))

        def _backward():
            self.grad += np.full(self.data.shape, out.grad)

        out._backward = _backward
        return out

    def turn(self):
        out = Tensor(self.data.T, (self,))

        def _backward():
            self.grad += out.grad.T

        out._backward = _backward
        return out

    def rows(self, index):
        out = Tensor(self.data[index], (self,))

        def _backward():
            np.add.at(self.grad, index, out.grad)

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


gen = np.random.default_rng(53)
text = np.array([0, 2, 1, 3, 0])
emb, pos = Tensor(gen.normal(size=(4, 3))), Tensor(gen.normal(size=(4, 3)) * 0.5)
wq, wk, wv = (Tensor(gen.normal(size=(3, 3)) * 0.6) for _ in range(3))
head = Tensor(gen.normal(size=(3, 4)) * 0.6)
params = [emb, pos, wq, wk, wv, head]
mask = Tensor(np.triu(np.full((4, 4), -1e4), k=1))
wanted = Tensor(np.eye(4)[text[1:]] * -0.25)
for step in range(5):
    x = emb.rows(text[:-1]) + pos
    scores = (x @ wq) @ (x @ wk).turn() * Tensor(3**-0.5) + mask
    x = x + scores.softmax() @ (x @ wv)
    loss = ((x @ head).softmax().log() * wanted).sum()
    for p in params:
        p.grad[...] = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.3 * p.grad
    print(step, f"{float(loss.data):.6f}")
