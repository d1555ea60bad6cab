"""A script in the style of microgpt, under its name: a class with stored local gradients, a loop.

Prints the hex floats of every step: the loss, then data and grad of each parameter.
"""

import math
import random
import sys


class Value:
    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def exp(self):
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self):
        return Value(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def backward(self):
        topo = []
        visited = set()

        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._children:
                    build_topo(child)
                topo.append(v)

        build_topo(self)
        self.grad = 1
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads, strict=True):
                child.grad += local_grad * v.grad


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits):
    largest = max(value.data for value in logits)
    exps = [(value - largest).exp() for value in logits]
    total = sum(exps)
    return [e / total for e in exps]


def model(token, state_dict):
    x = state_dict["wte"][token]
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    x = [xi * scale for xi in x]
    hidden = [h.relu() for h in linear(x, state_dict["layer0.fc1"])]
    return softmax(linear(hidden, state_dict["layer0.fc2"]))


def train(num_steps):
    rng = random.Random(1)

    def matrix(n_out, n_in):
        return [[Value(rng.gauss(0, 0.5)) for _ in range(n_in)] for _ in range(n_out)]

    state_dict = {"wte": matrix(3, 4), "layer0.fc1": matrix(6, 4), "layer0.fc2": matrix(3, 6)}
    params = [p for mat in state_dict.values() for row in mat for p in row]
    for step in range(num_steps):
        losses = [-model(token, state_dict)[(token + 1) % 3].log() for token in range(3)]
        loss = (1 / len(losses)) * sum(losses)
        loss.backward()
        print(loss.data.hex(), *(f"{p.data.hex()} {float(p.grad).hex()}" for p in params))
        for p in params:
            p.data -= 0.1 * (1 - step / num_steps) * p.grad
            p.grad = 0


if __name__ == "__main__":
    train(int(sys.argv[1]))
