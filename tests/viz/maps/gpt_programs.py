"""Small GPTs in the styles that people write: flat, in functions, in classes, by position or all.

Each gives the loss of one pass; under `recording()` its scopes are its calls. None opens a scope
by hand, so that all there is to find columns, rows, layers and heads by is what it computes.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from microgpt import Value
from microgpt.autograd.bindings import parameter

Vector = list[Value]
Matrix = list[Vector]

N_VOCAB, N_EMBD = 3, 4
TOKENS = (0, 1, 2, 1, 0)


@dataclass(frozen=True)
class Size:
    """How large a GPT is, and what it reads; the last token is only a target."""

    tokens: tuple[int, ...] = TOKENS
    n_layer: int = 2
    n_head: int = 2

    @property
    def head_size(self) -> int:
        return N_EMBD // self.n_head

    @property
    def next_tokens(self) -> tuple[tuple[int, int], ...]:
        return tuple(itertools.pairwise(self.tokens))


SIZE = Size()


def matrices(**shapes: tuple[int, int]) -> dict[str, Matrix]:
    """Parameters by name, drawn in order."""
    rng = random.Random(1)
    return {
        name: [[parameter(rng.gauss(0, 0.5), name, i, j) for j in range(cols)] for i in range(rows)]
        for name, (rows, cols) in shapes.items()
    }


def gpt_matrices(size: Size) -> dict[str, Matrix]:
    """Of a GPT with a hidden layer as wide as its embedding."""
    square = (N_EMBD, N_EMBD)
    layers = {
        f"layer{i}.{name}": square for i in range(size.n_layer) for name in ("wq", "wk", "wv", "wo")
    }
    mlps = {f"layer{i}.{name}": square for i in range(size.n_layer) for name in ("fc1", "fc2")}
    ends = {
        "wte": (N_VOCAB, N_EMBD),
        "wpe": (len(size.tokens), N_EMBD),
        "lm_head": (N_VOCAB, N_EMBD),
    }
    return matrices(**ends, **layers, **mlps)


def total(terms: Sequence[Value]) -> Value:
    """Their sum, without a constant at its beginning."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def linear(x: Vector, w: Matrix) -> Vector:
    return [total([wi * xi for wi, xi in zip(row, x, strict=True)]) for row in w]


def softmax(logits: Vector) -> Vector:
    exps = [logit.exp() for logit in logits]
    scale = total(exps) ** -1
    return [e * scale for e in exps]


def rmsnorm(x: Vector) -> Vector:
    scale = (total([xi * xi for xi in x]) * (1 / len(x)) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


# -- a GPT -----------------------------------------------------------------------------------------


def flat_gpt(size: Size = SIZE) -> Value:
    """Everything in one function, position by position; not a call in it but of `Value`."""
    w = gpt_matrices(size)
    keys: list[Matrix] = [[] for _ in range(size.n_layer)]
    values: list[Matrix] = [[] for _ in range(size.n_layer)]
    loss = None
    for pos, (token, target) in enumerate(size.next_tokens):
        x = [t + p for t, p in zip(w["wte"][token], w["wpe"][pos], strict=True)]
        for i in range(size.n_layer):
            residual = x
            q, k, v = [], [], []
            for name, out in (("wq", q), ("wk", k), ("wv", v)):
                for row in w[f"layer{i}.{name}"]:
                    s = row[0] * x[0]
                    for j in range(1, N_EMBD):
                        s = s + row[j] * x[j]
                    out.append(s)
            keys[i].append(k)
            values[i].append(v)
            mixed = []
            for h in range(size.n_head):
                dims = range(h * size.head_size, (h + 1) * size.head_size)
                exps = []
                for key in keys[i]:
                    score = None
                    for d in dims:
                        product = q[d] * key[d]
                        score = product if score is None else score + product
                    exps.append((score * size.head_size**-0.5).exp())
                norm = exps[0]
                for e in exps[1:]:
                    norm = norm + e
                weights = [e / norm for e in exps]
                for d in dims:
                    s = weights[0] * values[i][0][d]
                    for weight, value in zip(weights[1:], values[i][1:], strict=True):
                        s = s + weight * value[d]
                    mixed.append(s)
            out = []
            for row in w[f"layer{i}.wo"]:
                s = row[0] * mixed[0]
                for j in range(1, N_EMBD):
                    s = s + row[j] * mixed[j]
                out.append(s)
            x = [a + b for a, b in zip(out, residual, strict=True)]
            hidden = []
            for row in w[f"layer{i}.fc1"]:
                s = row[0] * x[0]
                for j in range(1, N_EMBD):
                    s = s + row[j] * x[j]
                hidden.append(s.relu())
            out = []
            for row in w[f"layer{i}.fc2"]:
                s = row[0] * hidden[0]
                for j in range(1, N_EMBD):
                    s = s + row[j] * hidden[j]
                out.append(s)
            x = [a + b for a, b in zip(out, x, strict=True)]
        logits = []
        for row in w["lm_head"]:
            s = row[0] * x[0]
            for j in range(1, N_EMBD):
                s = s + row[j] * x[j]
            logits.append(s)
        exps = [logit.exp() for logit in logits]
        norm = exps[0] + exps[1] + exps[2]
        nll = -(exps[target] / norm).log()
        loss = nll if loss is None else loss + nll
    return loss * (1 / len(size.next_tokens))


def attend(size: Size, q: Vector, keys: Matrix, values: Matrix) -> Vector:
    """All heads in one loop, in a function that reads no parameters."""
    mixed = []
    for h in range(size.n_head):
        part = slice(h * size.head_size, (h + 1) * size.head_size)
        scores = [
            total([a * b for a, b in zip(q[part], k[part], strict=True)]) * size.head_size**-0.5
            for k in keys
        ]
        weights = softmax(scores)
        mixed += [
            total([a * v[d] for a, v in zip(weights, values, strict=True)])
            for d in range(part.start, part.stop)
        ]
    return mixed


def gpt_by_position(size: Size = SIZE) -> Value:
    """Functions, called for one position after the other, with a cache of keys and values."""
    w = gpt_matrices(size)
    keys: list[Matrix] = [[] for _ in range(size.n_layer)]
    values: list[Matrix] = [[] for _ in range(size.n_layer)]

    def forward(pos: int, token: int) -> Vector:
        x = [t + p for t, p in zip(w["wte"][token], w["wpe"][pos], strict=True)]
        for i in range(size.n_layer):
            residual, x = x, rmsnorm(x)
            q = linear(x, w[f"layer{i}.wq"])
            keys[i].append(linear(x, w[f"layer{i}.wk"]))
            values[i].append(linear(x, w[f"layer{i}.wv"]))
            x = linear(attend(size, q, keys[i], values[i]), w[f"layer{i}.wo"])
            x = [a + b for a, b in zip(x, residual, strict=True)]
            residual, x = x, rmsnorm(x)
            x = linear([h.relu() for h in linear(x, w[f"layer{i}.fc1"])], w[f"layer{i}.fc2"])
            x = [a + b for a, b in zip(x, residual, strict=True)]
        return linear(x, w["lm_head"])

    losses = [
        -softmax(forward(pos, token))[target].log()
        for pos, (token, target) in enumerate(size.next_tokens)
    ]
    return total(losses) * (1 / len(losses))


def gpt_all_positions(size: Size = SIZE) -> Value:
    """Functions that each take all positions."""
    w = gpt_matrices(size)

    def attention(xs: Matrix, i: int) -> Matrix:
        qs = [linear(x, w[f"layer{i}.wq"]) for x in xs]
        ks = [linear(x, w[f"layer{i}.wk"]) for x in xs]
        vs = [linear(x, w[f"layer{i}.wv"]) for x in xs]
        mixed = [attend(size, q, ks[: t + 1], vs[: t + 1]) for t, q in enumerate(qs)]
        return [linear(m, w[f"layer{i}.wo"]) for m in mixed]

    def mlp(xs: Matrix, i: int) -> Matrix:
        hidden = [[h.relu() for h in linear(x, w[f"layer{i}.fc1"])] for x in xs]
        return [linear(h, w[f"layer{i}.fc2"]) for h in hidden]

    def block(xs: Matrix, i: int) -> Matrix:
        xs = added(attention([rmsnorm(x) for x in xs], i), xs)
        return added(mlp([rmsnorm(x) for x in xs], i), xs)

    xs = [
        [t + p for t, p in zip(w["wte"][token], w["wpe"][pos], strict=True)]
        for pos, token in enumerate(size.tokens[:-1])
    ]
    for i in range(size.n_layer):
        xs = block(xs, i)
    probs = [softmax(linear(x, w["lm_head"])) for x in xs]
    losses = [-p[target].log() for p, target in zip(probs, size.tokens[1:], strict=True)]
    return total(losses) * (1 / len(losses))


def added(a: Matrix, b: Matrix) -> Matrix:
    return [[x + y for x, y in zip(u, v, strict=True)] for u, v in zip(a, b, strict=True)]


class Linear:
    """A matrix, called with a vector."""

    def __init__(self, w: Matrix) -> None:
        self.w = w

    def __call__(self, x: Vector) -> Vector:
        return linear(x, self.w)


class Head:
    """One head with matrices of its own, called with all positions."""

    def __init__(self, w: dict[str, Matrix], name: str) -> None:
        self.query, self.key, self.value = (Linear(w[f"{name}.{part}"]) for part in "qkv")

    def __call__(self, xs: Matrix) -> Matrix:
        ks, vs = [self.key(x) for x in xs], [self.value(x) for x in xs]
        out = []
        for t, x in enumerate(xs):
            q = self.query(x)
            weights = softmax(
                [total([a * b for a, b in zip(q, k, strict=True)]) for k in ks[: t + 1]]
            )
            columns = zip(*vs[: t + 1], strict=True)
            out.append([total([a * v for a, v in zip(weights, c, strict=True)]) for c in columns])
        return out


class Block:
    """Heads side by side, and a hidden layer."""

    def __init__(self, size: Size, w: dict[str, Matrix], name: str) -> None:
        self.heads = [Head(w, f"{name}.head{h}") for h in range(size.n_head)]
        self.proj = Linear(w[f"{name}.proj"])
        self.up, self.down = Linear(w[f"{name}.up"]), Linear(w[f"{name}.down"])

    def __call__(self, xs: Matrix) -> Matrix:
        normed = [rmsnorm(x) for x in xs]
        outs = [head(normed) for head in self.heads]
        mixed = [[value for out in outs for value in out[t]] for t in range(len(xs))]
        xs = added([self.proj(m) for m in mixed], xs)
        hidden = [[h.relu() for h in self.up(rmsnorm(x))] for x in xs]
        return added([self.down(h) for h in hidden], xs)


def gpt_of_classes(size: Size = SIZE) -> Value:
    """Classes in the manner of tensor libraries; each head has matrices of its own."""
    heads = {
        f"blocks{i}.head{h}.{part}": (size.head_size, N_EMBD)
        for i in range(size.n_layer) for h in range(size.n_head) for part in "qkv"
    }  # fmt: skip
    square = (N_EMBD, N_EMBD)
    others = {
        f"blocks{i}.{name}": square for i in range(size.n_layer) for name in ("proj", "up", "down")
    }
    w = matrices(wte=(N_VOCAB, N_EMBD), wpe=(len(size.tokens), N_EMBD), **heads, **others,
                 lm_head=(N_VOCAB, N_EMBD))  # fmt: skip
    blocks = [Block(size, w, f"blocks{i}") for i in range(size.n_layer)]
    head = Linear(w["lm_head"])
    xs = [
        [t + p for t, p in zip(w["wte"][token], w["wpe"][pos], strict=True)]
        for pos, token in enumerate(size.tokens[:-1])
    ]
    for block in blocks:
        xs = block(xs)
    losses = [
        -softmax(head(x))[target].log() for x, target in zip(xs, size.tokens[1:], strict=True)
    ]
    return total(losses) * (1 / len(losses))
