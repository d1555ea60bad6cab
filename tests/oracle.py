"""microgpt in its straightforward form: what every engine is compared with, and as slow as it is.

Written from the definition of the numbers alone and importing nothing from `microgpt`, so that a
slip there cannot hide here. Recursive backward pass with a visited set, sums that start with a
node for 0, nothing recorded, no care for speed.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


class Scalar:
    """The article's Value."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        local_grad = exponent * self.data ** (exponent - 1)
        return Scalar(self.data**exponent, (self,), (local_grad,))

    def log(self):
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def exp(self):
        return Scalar(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self):
        return Scalar(max(0, self.data), (self,), (float(self.data > 0),))

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

    def order(self) -> list[Scalar]:
        """All that this was computed from, leaves too, in depth-first post-order."""
        order: list[Scalar] = []
        visited: set[Scalar] = set()

        def visit(node: Scalar) -> None:
            if node not in visited:
                visited.add(node)
                for child in node._children:
                    visit(child)
                order.append(node)

        with deep_recursion():
            visit(self)
        return order

    def backward(self) -> None:
        self.grad = 1
        for node in reversed(self.order()):
            for child, local_grad in zip(node._children, node._local_grads, strict=True):
                child.grad += local_grad * node.grad


@contextmanager
def deep_recursion() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 200_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@dataclass(frozen=True)
class Settings:
    """Every hyperparameter, by default as in the anchors."""

    seed: int = 42
    n_embd: int = 16
    n_head: int = 4
    n_layer: int = 1
    block_size: int = 16
    num_steps: int = 1000
    lr: float = 0.01
    beta1: float = 0.85
    beta2: float = 0.99
    eps: float = 1e-8


@dataclass(frozen=True)
class OracleStep:
    """One step: `grads` are those before the update, in the order of the parameters."""

    document: str
    loss: float
    position_losses: list[float]
    grads: list[float]


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(scores):
    largest = max(score.data for score in scores)
    exps = [(score - largest).exp() for score in scores]
    total = sum(exps)
    return [e / total for e in exps]


def rmsnorm(x):
    ms = sum(xi * xi for xi in x) / len(x)
    scale = (ms + 1e-5) ** -0.5
    return [xi * scale for xi in x]


class Oracle:
    """A run of the straightforward form."""

    def __init__(self, documents: Sequence[str], settings: Settings | None = None) -> None:
        self.settings = s = settings or Settings()
        self.rng = random.Random(s.seed)
        self.documents = list(documents)
        self.rng.shuffle(self.documents)
        self.chars = sorted(set("".join(self.documents)))
        self.bos = len(self.chars)
        self.vocab_size = self.bos + 1
        self.matrices: dict[str, list[list[Scalar]]] = {}
        self._draw("wte", self.vocab_size, s.n_embd)
        self._draw("wpe", s.block_size, s.n_embd)
        self._draw("lm_head", self.vocab_size, s.n_embd)
        for layer in range(s.n_layer):
            for name in ("attn_wq", "attn_wk", "attn_wv", "attn_wo"):
                self._draw(f"layer{layer}.{name}", s.n_embd, s.n_embd)
            self._draw(f"layer{layer}.mlp_fc1", 4 * s.n_embd, s.n_embd)
            self._draw(f"layer{layer}.mlp_fc2", s.n_embd, 4 * s.n_embd)
        self.flat = [p for matrix in self.matrices.values() for row in matrix for p in row]
        self.m = [0.0] * len(self.flat)
        self.v = [0.0] * len(self.flat)
        self.steps_done = 0

    def _draw(self, name: str, rows: int, cols: int) -> None:
        gauss = self.rng.gauss
        self.matrices[name] = [[Scalar(gauss(0, 0.08)) for _ in range(cols)] for _ in range(rows)]

    def parameters(self) -> list[float]:
        return [p.data for p in self.flat]

    def gpt(self, token_id, pos_id, keys, values):
        w, n_head = self.matrices, self.settings.n_head
        head_dim = self.settings.n_embd // n_head
        x = [t + p for t, p in zip(w["wte"][token_id], w["wpe"][pos_id], strict=True)]
        x = rmsnorm(x)
        for layer in range(self.settings.n_layer):
            residual = x
            x = rmsnorm(x)
            q = linear(x, w[f"layer{layer}.attn_wq"])
            keys[layer].append(linear(x, w[f"layer{layer}.attn_wk"]))
            values[layer].append(linear(x, w[f"layer{layer}.attn_wv"]))
            mixed = []
            for head in range(n_head):
                here = slice(head * head_dim, (head + 1) * head_dim)
                q_h = q[here]
                k_h = [k[here] for k in keys[layer]]
                v_h = [v[here] for v in values[layer]]
                scores = [
                    sum(q_h[j] * k_h[t][j] for j in range(head_dim)) / head_dim**0.5
                    for t in range(len(k_h))
                ]
                weights = softmax(scores)
                mixed += [
                    sum(weights[t] * v_h[t][j] for t in range(len(v_h))) for j in range(head_dim)
                ]
            x = linear(mixed, w[f"layer{layer}.attn_wo"])
            x = [a + b for a, b in zip(x, residual, strict=True)]
            residual = x
            x = rmsnorm(x)
            x = linear(x, w[f"layer{layer}.mlp_fc1"])
            x = [xi.relu() for xi in x]
            x = linear(x, w[f"layer{layer}.mlp_fc2"])
            x = [a + b for a, b in zip(x, residual, strict=True)]
        return linear(x, w["lm_head"])

    def _empty_cache(self):
        layers = range(self.settings.n_layer)
        return [[] for _ in layers], [[] for _ in layers]

    def forward(self, document: str) -> tuple[Scalar, list[Scalar]]:
        """The loss, and the losses by position that it is the mean of."""
        tokens = [self.bos, *map(self.chars.index, document), self.bos]
        n = min(self.settings.block_size, len(tokens) - 1)
        keys, values = self._empty_cache()
        losses = []
        for pos_id in range(n):
            probs = softmax(self.gpt(tokens[pos_id], pos_id, keys, values))
            losses.append(-probs[tokens[pos_id + 1]].log())
        return (1 / n) * sum(losses), losses

    def step(self) -> OracleStep:
        document = self.documents[self.steps_done % len(self.documents)]
        loss, losses = self.forward(document)
        loss.backward()
        grads = [float(p.grad) for p in self.flat]
        self._adam()
        self.steps_done += 1
        return OracleStep(document, loss.data, [each.data for each in losses], grads)

    def _adam(self) -> None:
        s, done = self.settings, self.steps_done
        lr_t = s.lr * (1 - done / s.num_steps)
        for i, p in enumerate(self.flat):
            self.m[i] = s.beta1 * self.m[i] + (1 - s.beta1) * p.grad
            self.v[i] = s.beta2 * self.v[i] + (1 - s.beta2) * p.grad**2
            m_hat = self.m[i] / (1 - s.beta1 ** (done + 1))
            v_hat = self.v[i] / (1 - s.beta2 ** (done + 1))
            p.data -= lr_t * m_hat / (v_hat**0.5 + s.eps)
            p.grad = 0

    def sample(self, temperature: float = 0.5) -> str:
        keys, values = self._empty_cache()
        token_id, text = self.bos, ""
        for pos_id in range(self.settings.block_size):
            logits = self.gpt(token_id, pos_id, keys, values)
            probs = softmax([logit / temperature for logit in logits])
            weights = [p.data for p in probs]
            token_id = self.rng.choices(range(self.vocab_size), weights=weights)[0]
            if token_id == self.bos:
                break
            text += self.chars[token_id]
        return text
