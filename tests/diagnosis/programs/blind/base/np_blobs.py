"""Three blobs of points, numpy tensors with broadcasting, layer norm, weight decay."""
import numpy as np

rng = np.random.default_rng(11)


def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1 and g.shape[i] != 1:
            g = g.sum(axis=i, keepdims=True)
    return g


class Tensor:
    def __init__(self, data, parents=(), name=""):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.name = name
        self.back = None

    def __add__(self, other):
        other = as_tensor(other)
        out = Tensor(self.data + other.data, (self, other), "add")

        def back(g):
            self.grad += unbroadcast(g, self.data.shape)
            other.grad += unbroadcast(g, other.data.shape)

        out.back = back
        return out

    def __mul__(self, other):
        other = as_tensor(other)
        out = Tensor(self.data * other.data, (self, other), "mul")

        def back(g):
            self.grad += unbroadcast(g * other.data, self.data.shape)
            other.grad += unbroadcast(g * self.data, other.data.shape)

        out.back = back
        return out

    def __truediv__(self, other):
        other = as_tensor(other)
        out = Tensor(self.data / other.data, (self, other), "div")

        def back(g):
            self.grad += unbroadcast(g / other.data, self.data.shape)
            other.grad += unbroadcast(-g * self.data / other.data ** 2, other.data.shape)

        out.back = back
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other), "matmul")

        def back(g):
            self.grad += g @ other.data.T
            other.grad += self.data.T @ g

        out.back = back
        return out

    def __sub__(self, other):
        return self + as_tensor(other) * -1.0

    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,), "relu")

        def back(g):
            self.grad += g * (self.data > 0)

        out.back = back
        return out

    def sqrt(self):
        out = Tensor(np.sqrt(self.data), (self,), "sqrt")

        def back(g):
            self.grad += g * 0.5 / out.data

        out.back = back
        return out

    def mean(self, axis):
        n = self.data.shape[axis]
        out = Tensor(self.data.mean(axis=axis, keepdims=True), (self,), "mean")

        def back(g):
            self.grad += np.broadcast_to(g / n, self.data.shape)

        out.back = back
        return out

    def cross_entropy(self, labels):
        z = self.data - self.data.max(axis=1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        n = len(labels)
        out = Tensor(-np.log(p[np.arange(n), labels]).mean(), (self,), "xent")

        def back(g):
            d = p.copy()
            d[np.arange(n), labels] -= 1
            self.grad += g * d / n

        out.back = back
        return out

    def backward(self):
        order, seen = [], set()

        def visit(t):
            if id(t) not in seen:
                seen.add(id(t))
                for q in t.parents:
                    visit(q)
                order.append(t)

        visit(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            if t.back is not None:
                t.back(t.grad)


def as_tensor(x):
    return x if isinstance(x, Tensor) else Tensor(x)


def layer_norm(x, gain, shift):
    centred = x - x.mean(1)
    var = (centred * centred).mean(1)
    return centred / (var + 1e-5).sqrt() * gain + shift


centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
labels = rng.integers(0, 3, size=90)
points = centres[labels] + rng.normal(scale=0.6, size=(90, 2))

W1 = Tensor(rng.normal(size=(2, 12)) * 0.7)
B1 = Tensor(np.zeros(12))
G = Tensor(np.ones(12))
S = Tensor(np.zeros(12))
W2 = Tensor(rng.normal(size=(12, 3)) * 0.3)
B2 = Tensor(np.zeros(3))
params = [W1, B1, G, S, W2, B2]

for step in range(40):
    pick = rng.permutation(90)[:32]
    x, y = Tensor(points[pick]), labels[pick]
    hidden = layer_norm(x @ W1 + B1, G, S).relu()
    loss = (hidden @ W2 + B2).cross_entropy(y)
    for p in params:
        p.grad = np.zeros_like(p.data)
    loss.backward()
    length = np.sqrt(sum((p.grad ** 2).sum() for p in params))
    if length > 0.3:
        for p in params:
            p.grad *= 0.3 / length
    for p in params:
        p.data = 0.999 * p.data - 0.4 * p.grad
    if step % 8 == 0:
        print(f"step {step}: loss {loss.data:.4f} norm {length:.3f}")
