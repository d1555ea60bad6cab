"""Two half moons, told apart by a small tanh network with a hinge loss."""
import math
import random

random.seed(42)


class Num:
    """A number that remembers how it was made."""

    def __init__(self, data, prev=(), op=""):
        self.data = float(data)
        self.grad = 0.0
        self.prev = prev
        self.op = op
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Num) else Num(other)
        out = Num(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Num) else Num(other)
        out = Num(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Num(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Num(max(0.0, self.data), (self,), "relu")

        def _backward():
            self.grad += out.grad if out.data > 0 else 0.0

        out._backward = _backward
        return out

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        topo = []
        visited = set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v.prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


class Layer:
    def __init__(self, nin, nout, squash):
        self.w = [[Num(random.gauss(0, 1) / nin ** 0.5) for _ in range(nin)] for _ in range(nout)]
        self.b = [Num(0) for _ in range(nout)]
        self.squash = squash

    def __call__(self, x):
        outs = []
        for row, b in zip(self.w, self.b):
            act = b
            for wi, xi in zip(row, x):
                act = act + wi * xi
            outs.append(act.tanh() if self.squash else act)
        return outs

    def parameters(self):
        return [p for row in self.w for p in row] + self.b


class Net:
    def __init__(self, sizes):
        self.layers = []
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.layers.append(Layer(a, b, squash=i < len(sizes) - 2))

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x[0]

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]


def make_moons(n):
    points = []
    for i in range(n):
        angle = math.pi * random.random()
        if i % 2:
            points.append((math.cos(angle), math.sin(angle), 1))
        else:
            points.append((1 - math.cos(angle), 0.5 - math.sin(angle), -1))
    return points


data = make_moons(24)
net = Net([2, 6, 5, 1])
params = net.parameters()
velocity = [0.0] * len(params)

for epoch in range(20):
    total = Num(0)
    hits = 0
    for x1, x2, y in data:
        score = net([x1, x2])
        hits += (score.data > 0) == (y > 0)
        total = total + (1 - y * score).relu()
    penalty = sum((p * p for p in params), Num(0))
    loss = total * (1 / len(data)) + 0.001 * penalty
    for p in params:
        p.grad = 0.0
    loss.backward()
    for i, p in enumerate(params):
        velocity[i] = 0.8 * velocity[i] - 0.1 * p.grad
        p.data += velocity[i]
    if epoch % 5 == 0 or epoch == 19:
        print(f"epoch {epoch:2d}  loss {loss.data:.4f}  right {hits}/{len(data)}")
