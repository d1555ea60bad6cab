"""Dropout with a generator of its own, inverted scaling, switched off when the network is tried out."""
import numpy as np

init = np.random.RandomState(1)
drops = np.random.RandomState(2)


class Array:
    def __init__(self, data, parents=(), vjp=None):
        self.data, self.parents, self.vjp = np.asarray(data, float), parents, vjp
        self.gradient = np.zeros_like(self.data)

    def __add__(self, o): return Array(self.data + o.data, (self, o), lambda g: (g, fit(g, o.data.shape)))
    def __matmul__(self, o): return Array(self.data @ o.data, (self, o), lambda g: (g @ o.data.T, self.data.T @ g))

    def relu(self):
        on = self.data > 0
        return Array(self.data * on, (self,), lambda g: (g * on,))

    def dropout(self, rate):
        keep = (drops.rand(*self.data.shape) > rate) / (1 - rate)
        return Array(self.data * keep, (self,), lambda g: (g * keep,))

    def logistic_loss(self, y):
        z = self.data[:, 0]
        value = (np.logaddexp(0, z) - y * z).mean()
        return Array(value, (self,), lambda g: (g * ((1 / (1 + np.exp(-z)) - y) / len(y))[:, None],))


def fit(g, shape):
    return g if g.shape == shape else g.sum(axis=0)


def backward(top):
    seen, order, stack = set(), [], [(top, iter(top.parents))]
    seen.add(id(top))
    while stack:
        node, rest = stack[-1]
        for p in rest:
            if id(p) not in seen:
                seen.add(id(p))
                stack.append((p, iter(p.parents)))
                break
        else:
            order.append(node)
            stack.pop()
    top.gradient = np.ones_like(top.data)
    for node in reversed(order):
        if node.vjp:
            for p, g in zip(node.parents, node.vjp(node.gradient)):
                p.gradient = p.gradient + g


x = init.randn(40, 4)
y = (x[:, 0] * x[:, 1] > 0).astype(float)
V, a = Array(init.randn(4, 16) * 0.7), Array(init.randn(16) * 0.1)
U, b = Array(init.randn(16, 1) * 0.3), Array([0.0])
params = (V, a, U, b)


def network(inputs, training):
    h = (Array(inputs) @ V + a).relu()
    if training:
        h = h.dropout(0.3)
    return h @ U + b


for t in range(7):
    loss = network(x, True).logistic_loss(y)
    for p in params:
        p.gradient = np.zeros_like(p.data)
    backward(loss)
    for p in params:
        p.data = p.data - 0.5 * p.gradient
    right = ((network(x, False).data[:, 0] > 0) == (y > 0)).mean()
    print(f"step {t} right {right:.3f} loss {float(loss.data):.6f}")
