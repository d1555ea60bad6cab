"""A recurrent net carries its state from text to text as numbers."""

import math
import random


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

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def _backward():
            self.grad += (1.0 - out.data**2) * out.grad

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


random.seed(30)
w_in, w_state, lean = [Value(random.uniform(-1, 1)) for _ in range(3)]
w_out = Value(0.5)
signal = [0.1, 0.5, -0.3, 0.8, 0.2, -0.6, 0.4, 0.9]
state = Value(0.0)
for chunk in range(4):
    loss = Value(0.0)
    state = Value(state.data)
    for now, then in zip(signal[chunk * 2 :], signal[chunk * 2 + 1 : chunk * 2 + 3]):
        state = (w_in * now + w_state * state + lean).tanh()
        loss = loss + (w_out * state - then) ** 2
    for p in (w_in, w_state, lean, w_out):
        p.grad = 0.0
    loss.backward()
    for p in (w_in, w_state, lean, w_out):
        p.data -= 0.2 * p.grad
    print(chunk, f"{loss.data:.6f}")
