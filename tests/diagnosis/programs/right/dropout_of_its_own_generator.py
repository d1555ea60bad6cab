"""Units are left out by masks drawn beside the graph, and the rest scaled."""

import random


class Value:
    def __init__(self, data, _ins=()):
        self.data = data
        self.grad = 0.0
        self._ins = _ins
        self._pull = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _pull():
            self.grad += out.grad
            other.grad += out.grad

        out._pull = _pull
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _pull():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._pull = _pull
        return out

    def __pow__(self, n):
        out = Value(self.data**n, (self,))

        def _pull():
            self.grad += n * self.data ** (n - 1) * out.grad

        out._pull = _pull
        return out

    def relu(self):
        out = Value(max(self.data, 0.0), (self,))

        def _pull():
            self.grad += (1.0 if self.data > 0 else 0.0) * out.grad

        out._pull = _pull
        return out

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._ins:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._pull()


random.seed(12)
masks = random.Random(99)
w1 = [[Value(random.gauss(0, 0.8)) for _ in range(2)] for _ in range(6)]
w2 = [Value(random.gauss(0, 0.8)) for _ in range(6)]
params = [p for row in w1 for p in row] + w2
data = [((0.5, -0.3), 0.9), ((-0.7, 0.2), -0.1), ((0.3, 0.8), 0.6)]


def network(x, keep):
    hidden = [(r[0] * x[0] + r[1] * x[1] + 0.1).relu() for r in w1]
    if keep < 1.0:
        hidden = [h * (float(masks.random() < keep) / keep) for h in hidden]
    return sum((w * h for w, h in zip(w2, hidden)), Value(0.0))


def loss_of(keep):
    return sum(((network(x, keep) - y) ** 2 for x, y in data), Value(0.0)) * (1 / 3)


for step in range(8):
    loss = loss_of(0.75)
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.1 * p.grad
    print(f"{step} {loss.data:.5f} without dropout {loss_of(1.0).data:.5f}")
