"""Dropout by masks that are drawn once for a pass, from a generator of their own."""
import math
import random

main, coin = random.Random(100), random.Random(200)


class Value:
    __slots__ = ("data", "grad", "_children", "_local")

    def __init__(self, data, children=(), local=()):
        self.data, self.grad, self._children, self._local = data, 0.0, children, local

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        if isinstance(other, float):
            return Value(self.data * other, (self,), (other,))
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for c in v._children:
                    build(c)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for c, l in zip(v._children, v._local):
                c.grad += l * v.grad


H = 10
w1 = [[Value(main.gauss(0, 0.7)) for _ in range(2)] for _ in range(H)]
b1 = [Value(main.uniform(0, 0.5)) for _ in range(H)]
w2 = [Value(main.gauss(0, 0.4)) for _ in range(H)]
b2 = Value(0.0)
params = [p for r in w1 for p in r] + b1 + w2 + [b2]
points = [(main.uniform(-1, 1), main.uniform(-1, 1)) for _ in range(24)]
train, test = points[:18], points[18:]


def predict(x, y, mask):
    out = b2
    for (a, b), c, o, keep in zip(w1, b1, w2, mask):
        h = (a * x + b * y + c).relu()
        out = out + o * (h * keep)
    return out


def loss_on(pts, mask):
    s = Value(0.0)
    for x, y in pts:
        d = predict(x, y, mask) + Value(-(x * x + y))
        s = s + d * d
    return s * (1.0 / len(pts))


for epoch in range(40):
    mask = [1.25 if coin.random() < 0.8 else 0.0 for _ in range(H)]
    loss = loss_on(train, mask)
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.1 * p.grad
    if epoch % 10 == 9:
        print(epoch, f"with mask {loss.data:.4f}, without {loss_on(test, [1.0] * H).data:.4f}")
