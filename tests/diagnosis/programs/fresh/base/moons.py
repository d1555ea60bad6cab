"""Two half moons and a small classifier, scalar by scalar, after the video everybody knows."""
import math
import random

rng = random.Random(41)


class Scalar:
    """A number that remembers where it came from."""

    def __init__(self, num, _prev=(), _op=""):
        self.num = num
        self.slope = 0.0
        self._prev = _prev
        self._op = _op
        self._pull = lambda: None

    def __repr__(self):
        return f"Scalar({self.num:.4f}, slope={self.slope:.4f})"

    def __add__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        out = Scalar(self.num + other.num, (self, other), "+")

        def _pull():
            self.slope += out.slope
            other.slope += 1.0 * out.slope
        out._pull = _pull
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        out = Scalar(self.num * other.num, (self, other), "*")

        def _pull():
            self.slope += other.num * out.slope
            other.slope += self.num * out.slope
        out._pull = _pull
        return out

    def tanh(self):
        t = math.tanh(self.num)
        out = Scalar(t, (self,), "tanh")

        def _pull():
            self.slope += (1 - t ** 2) * out.slope
        out._pull = _pull
        return out

    def relu(self):
        out = Scalar(self.num if self.num > 0 else 0.0, (self,), "relu")

        def _pull():
            self.slope += (out.num > 0) * out.slope
        out._pull = _pull
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)
        build(self)
        self.slope = 1.0
        for v in reversed(topo):
            v._pull()

    def __neg__(self): return self * -1
    def __sub__(self, other): return self + (-other)
    def __rsub__(self, other): return (-self) + other
    def __radd__(self, other): return self + other
    def __rmul__(self, other): return self * other


class Neuron:
    def __init__(self, nin, squash=True):
        self.w = [Scalar(rng.uniform(-1, 1)) for _ in range(nin)]
        self.b = Scalar(0.1)
        self.squash = squash

    def __call__(self, x):
        act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return act.tanh() if self.squash else act

    def parameters(self):
        return self.w + [self.b]


class Net:
    def __init__(self, nin, nhid):
        self.hidden = [Neuron(nin) for _ in range(nhid)]
        self.last = Neuron(nhid, squash=False)

    def __call__(self, x):
        return self.last([n(x) for n in self.hidden])

    def parameters(self):
        return [p for n in self.hidden + [self.last] for p in n.parameters()]


points = []
for i in range(8):
    a = math.pi * i / 7
    points.append(((math.cos(a), math.sin(a)), 1.0))
    points.append(((1 - math.cos(a), 0.4 - math.sin(a)), -1.0))

net = Net(2, 5)


def total_loss():
    hinge = [(1 - y * net(x)).relu() for x, y in points]
    data_loss = sum(hinge) * (1.0 / len(hinge))
    decay = 1e-3 * sum(p * p for p in net.parameters())
    return data_loss + decay


for step in range(7):
    loss = total_loss()
    for p in net.parameters():
        p.slope = 0.0
    loss.backward()
    rate = 0.3 - 0.02 * step
    for p in net.parameters():
        p.num -= rate * p.slope
    print(f"step {step} loss {loss.num:.6f}")
