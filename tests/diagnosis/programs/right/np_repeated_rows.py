"""Arrays: a text reads the same row of a table several times."""

import numpy as np


class Array:
    def __init__(self, array, made_from=()):
        self.array = np.asarray(array, dtype=float)
        self.grad = np.zeros(self.array.shape)
        self.made_from = made_from
        self.pull = lambda: None

    def __add__(self, other):
        out = Array(self.array + other.array, (self, other))

        def pull():
            self.grad += summed(out.grad, self.array.shape)
            other.grad += summed(out.grad, other.array.shape)

        out.pull = pull
        return out

    def __sub__(self, other):
        out = Array(self.array - other.array, (self, other))

        def pull():
            self.grad += summed(out.grad, self.array.shape)
            other.grad -= summed(out.grad, other.array.shape)

        out.pull = pull
        return out

    def __mul__(self, other):
        out = Array(self.array * other.array, (self, other))

        def pull():
            self.grad += summed(other.array * out.grad, self.array.shape)
            other.grad += summed(self.array * out.grad, other.array.shape)

        out.pull = pull
        return out

    def __matmul__(self, other):
        out = Array(self.array @ other.array, (self, other))

        def pull():
            self.grad += out.grad @ other.array.T
            other.grad += self.array.T @ out.grad

        out.pull = pull
        return out

    def rows(self, index):
        out = Array(self.array[index], (self,))

        def pull():
            np.add.at(self.grad, index, out.grad)

        out.pull = pull
        return out

    def tanh(self):
        out = Array(np.tanh(self.array), (self,))

        def pull():
            self.grad += (1 - out.array**2) * out.grad

        out.pull = pull
        return out

    def mean(self):
        out = Array(self.array.mean(), (self,))

        def pull():
            self.grad += np.full(self.array.shape, out.grad / self.array.size)

        out.pull = pull
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for operand in node.made_from:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = np.ones(self.array.shape)
        for node in reversed(order):
            node.pull()


def summed(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and grad.shape[axis] > 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


rng = np.random.default_rng(54)
words = np.array([0, 1, 1, 3, 0, 1])
goal = Array(rng.normal(size=(6, 2)))
table, w = Array(rng.normal(size=(5, 3))), Array(rng.normal(size=(3, 2)))
for step in range(5):
    miss = (table.rows(words) @ w).tanh() - goal
    loss = (miss * miss).mean()
    for p in (table, w):
        p.grad = np.zeros_like(p.array)
    loss.backward()
    for p in (table, w):
        p.array -= 0.4 * p.grad
    print(step, f"{float(loss.array):.6f}")
