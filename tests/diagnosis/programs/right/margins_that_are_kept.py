"""A loss that is exactly 0 where the margin is kept, for some steps for all points."""


class Bit:
    def __init__(self, data, _prev=()):
        self.data = data
        self.grad = 0.0
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Bit) else Bit(other)
        out = Bit(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Bit) else Bit(other)
        out = Bit(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Bit(self.data**n, (self,))

        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Bit(max(self.data, 0.0), (self,))

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


w, b = [Bit(0.1), Bit(-0.1)], Bit(0.0)
points = [((1.0, 0.3), 1.0), ((0.8, -0.4), 1.0), ((-0.9, 0.2), -1.0), ((-1.1, -0.5), -1.0)]
for step in range(7):
    loss = Bit(0.0)
    for x, side in points:
        loss = loss + (1.0 + (w[0] * x[0] + w[1] * x[1] + b) * -side).relu()
    for p in [*w, b]:
        p.grad = 0.0
    loss.backward()
    for p in [*w, b]:
        p.data -= 0.15 * p.grad
    print(step, f"{loss.data:.6f}")
