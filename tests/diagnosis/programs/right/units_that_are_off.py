"""Some relus are off for some points, one for all of them."""


class Value:
    def __init__(self, data, _prev=()):
        self.data = data
        self.grad = 0.0
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Value(self.data**n, (self,))

        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Value(max(self.data, 0.0), (self,))

        def _backward():
            self.grad += (1.0 if self.data > 0 else 0.0) * out.grad

        out._backward = _backward
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
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


w = [[Value(0.8), Value(0.3)], [Value(-0.6), Value(0.5)], [Value(-0.7), Value(-0.9)]]
b = [Value(0.1), Value(0.2), Value(-2.0)]
v = [Value(0.5), Value(-0.4), Value(0.9)]
params = [p for row in w for p in row] + b + v
data = [((0.5, 0.2), 1.0), ((-0.6, 0.4), -0.5), ((0.1, -0.3), 0.2)]


def loss_of():
    total = Value(0.0)
    for x, y in data:
        h = [(r[0] * x[0] + r[1] * x[1] + bi).relu() for r, bi in zip(w, b)]
        total = total + (sum((vi * hi for vi, hi in zip(v, h)), Value(0.0)) - y) ** 2
    return total


for step in range(5):
    loss = loss_of()
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.1 * p.grad
    print(step, f"{loss.data:.6f}")
