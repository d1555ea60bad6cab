"""A model of names: the two letters before give the probabilities of the next one.

Who wrote it: Bo, who had read microgpt the day before and wanted something that fits on a page.

What he sees: the loss falls from that of pure chance, about as he expected for so few names.

What puzzles him: after four rounds over the names it rises again, and then it goes up and down.
He blames Adam and halves the rate, and it goes up and down all the same.

How to try: read it first. Then

    python examples/find_the_bug/02_names.py
    microgpt debug examples/find_the_bug/02_names.py
    microgpt diagnose examples/find_the_bug/02_names.py
"""

import math
import random

random.seed(42)
names = ["ada", "ida", "ana", "nina", "dan", "ian", "dina", "nadia"]
letters = sorted(set("".join(names))) + ["."]  # the last one begins and ends a name
END = len(letters) - 1


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

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __radd__(self, other):
        return self + other

    def exp(self):
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (1 - t * t,))

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):
                child.grad += local_grad * v.grad


def matrix(rows, cols, std):
    return [[Value(random.gauss(0, std)) for _ in range(cols)] for _ in range(rows)]


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]


def softmax(logits):
    top = max(v.data for v in logits)
    exps = [(v + -top).exp() for v in logits]
    scale = sum(exps) ** -1
    return [e * scale for e in exps]


state = {"wte": matrix(END + 1, 3, 0.5), "fc": matrix(6, 6, 0.4), "head": matrix(END + 1, 6, 0.4)}
params = [p for mat in state.values() for row in mat for p in row]
m, v = [0.0] * len(params), [0.0] * len(params)
for p in params:
    p.grad = 0

total = 0.0
for step in range(48):
    tokens = [END, END] + [letters.index(ch) for ch in names[step % len(names)]] + [END]
    losses = []
    for before, last, target in zip(tokens, tokens[1:], tokens[2:]):
        x = state["wte"][before] + state["wte"][last]
        hidden = [h.tanh() for h in linear(x, state["fc"])]
        probs = softmax(linear(hidden, state["head"]))
        losses.append(probs[target].log() * -1)
    loss = sum(losses) * (1 / len(losses))
    loss.backward()

    for i, p in enumerate(params):
        m[i] = 0.9 * m[i] + 0.1 * p.grad
        v[i] = 0.95 * v[i] + 0.05 * p.grad**2
        m_hat = m[i] / (1 - 0.9 ** (step + 1))
        v_hat = v[i] / (1 - 0.95 ** (step + 1))
        p.data -= 0.06 * m_hat / (v_hat**0.5 + 1e-8)
    total += loss.data
    if step % len(names) == len(names) - 1:
        print(f"step {step + 1:2}: mean loss of all names {total / len(names):.4f}")
        total = 0.0
