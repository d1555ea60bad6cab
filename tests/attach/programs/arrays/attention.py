"""One block of attention over batches: einsum-free, with indexing, reshapes and in-place sums."""

import numpy as np


class T:
    def __init__(self, data, children=(), name=""):
        self.data = data if isinstance(data, np.ndarray) else np.array(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data, dtype=np.float64)
        self._prev = children
        self._backward = lambda: None
        self.name = name

    @staticmethod
    def reduce(grad, shape):
        while grad.ndim > len(shape):
            grad = grad.sum(axis=0)
        for i, n in enumerate(shape):
            if n == 1 and grad.shape[i] != 1:
                grad = grad.sum(axis=i, keepdims=True)
        return grad

    def __add__(self, other):
        other = other if isinstance(other, T) else T(other)
        out = T(self.data + other.data, (self, other))

        def _backward():
            self.grad += T.reduce(out.grad, self.data.shape)
            other.grad += T.reduce(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, T) else T(other)
        out = T(self.data * other.data, (self, other))

        def _backward():
            self.grad += T.reduce(out.grad * other.data, self.data.shape)
            other.grad += T.reduce(out.grad * self.data, other.data.shape)

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = T(self.data @ other.data, (self, other))

        def _backward():
            self.grad += T.reduce(out.grad @ other.data.swapaxes(-1, -2), self.data.shape)
            other.grad += T.reduce(self.data.swapaxes(-1, -2) @ out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __getitem__(self, index):
        out = T(self.data[index], (self,))

        def _backward():
            np.add.at(self.grad, index, out.grad)

        out._backward = _backward
        return out

    def reshape(self, *shape):
        out = T(self.data.reshape(*shape), (self,))

        def _backward():
            grad = self.grad
            grad += out.grad.reshape(self.data.shape)

        out._backward = _backward
        return out

    def transpose(self, *axes):
        out = T(self.data.transpose(*axes), (self,))

        def _backward():
            self.grad += out.grad.transpose(*np.argsort(axes))

        out._backward = _backward
        return out

    def softmax(self):
        e = np.exp(self.data - self.data.max(axis=-1, keepdims=True))
        out = T(e / e.sum(axis=-1, keepdims=True), (self,))

        def _backward():
            dot = (out.grad * out.data).sum(axis=-1, keepdims=True)
            self.grad += out.data * (out.grad - dot)

        out._backward = _backward
        return out

    def log(self):
        out = T(np.log(self.data), (self,))

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def sum(self):
        out = T(self.data.sum(), (self,))

        def _backward():
            np.add(self.grad, out.grad, out=self.grad)

        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()

        def visit(t):
            if t not in seen:
                seen.add(t)
                for each in t._prev:
                    visit(each)
                order.append(t)

        visit(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            t._backward()


B, S, C, H, V = 2, 4, 6, 2, 5
rng = np.random.default_rng(7)
wte, wpe = T(rng.normal(size=(V, C))), T(rng.normal(size=(S, C)))
wq, wk, wv, head = (T(rng.normal(size=(C, n)) * 0.4) for n in (C, C, C, V))
tokens = np.array([[0, 1, 1, 2], [3, 1, 4, 4]])
targets = np.array([[1, 1, 2, 3], [1, 4, 4, 0]])
mask = np.where(np.tril(np.ones((S, S))) > 0, 0.0, -1e9)

x = wte[tokens] + wpe


def heads(t):
    return t.reshape(B, S, H, C // H).transpose(0, 2, 1, 3)


q, k, v = heads(x @ wq), heads(x @ wk), heads(x @ wv)
scores = (q @ k.transpose(0, 1, 3, 2)) * (1 / np.sqrt(C // H)) + mask
weights = scores.softmax()
y = (weights @ v).transpose(0, 2, 1, 3).reshape(B, S, C)
x = x + y
probs = (x @ head).softmax()
chosen = probs[np.arange(B)[:, None], np.arange(S)[None, :], targets]
loss = chosen.log().sum() * (-1.0 / (B * S))
loss.backward()
for name in ("wte", "wpe", "wq", "wk", "wv", "head", "weights", "probs", "loss"):
    t = globals()[name]
    for at in np.ndindex(t.data.shape):
        index = "".join(f"[{i}]" for i in at)
        print(name + index, float(t.data[at]).hex(), float(t.grad[at]).hex())
