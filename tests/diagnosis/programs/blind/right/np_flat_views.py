"""All parameters are parts of one long vector, and so are their gradients."""
import numpy as np
g = np.random.default_rng(15)

class Part:
    def __init__(self, data, grad=None):
        self.data = data
        self.grad = np.zeros_like(data) if grad is None else grad
        self.parents = ()
        self.rule = None

    def then(self, data, parents, rule):
        out = Part(data)
        out.parents, out.rule = (self,) + parents, rule
        return out

def affine(x, w, b):
    def rule(up):
        x.grad += up @ w.data.T
        w.grad += x.data.T @ up
        b.grad += up.sum(axis=0)
    return x.then(x.data @ w.data + b.data, (w, b), rule)

def elu(x):
    low = np.exp(np.minimum(x.data, 0.0)) - 1
    y = np.where(x.data > 0, x.data, low)
    def rule(up):
        x.grad += up * np.where(x.data > 0, 1.0, low + 1)
    return x.then(y, (), rule)

def half_square(x, y):
    d = x.data - y
    def rule(up):
        x.grad += up * d / len(d)
    return x.then(np.array(0.5 * (d ** 2).sum() / len(d)), (), rule)

def backward(root):
    order, seen = [], []
    def go(t):
        if any(t is s for s in seen): return
        seen.append(t)
        for q in t.parents: go(q)
        order.append(t)
    go(root)
    root.grad[...] = 1.0
    for t in reversed(order):
        if t.rule is not None: t.rule(t.grad)

shapes = [(3, 8), (8,), (8, 2), (2,)]
sizes = [int(np.prod(s)) for s in shapes]
values, slopes = np.zeros(sum(sizes)), np.zeros(sum(sizes))
values[:] = g.normal(size=values.size) * 0.4
parts, at = [], 0
for shape, n in zip(shapes, sizes):
    parts.append(Part(values[at:at + n].reshape(shape), slopes[at:at + n].reshape(shape)))
    at += n
W1, B1, W2, B2 = parts
X = g.normal(size=(30, 3))
Y = np.stack([X[:, 0] * X[:, 1], np.abs(X[:, 2])], axis=1)
velocity = np.zeros_like(values)
for it in range(60):
    slopes[:] = 0.0
    loss = half_square(affine(elu(affine(Part(X), W1, B1)), W2, B2), Y)
    backward(loss)
    velocity *= 0.8
    velocity -= 0.1 * slopes
    values += velocity
    if it % 12 == 0: print(it, round(float(loss.data), 4))
