"""Small programs in the styles that people write: flat, in functions, in classes, by sample.

Each gives the loss of one pass; under `recording()` its scopes are its calls. None opens a scope
by hand, so that all there is to find columns, rows, layers and heads by is what it computes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from microgpt import Value
from microgpt.autograd.bindings import parameter

Vector = list[Value]
Matrix = list[Vector]

TOKENS = (0, 1, 2, 1, 0)
N_VOCAB, N_EMBD, N_HEAD, N_LAYER = 3, 4, 2, 2
HEAD_SIZE = N_EMBD // N_HEAD


def matrices(**shapes: tuple[int, int]) -> dict[str, Matrix]:
    """Parameters by name, drawn in order."""
    rng = random.Random(1)
    return {
        name: [[parameter(rng.gauss(0, 0.5), name, i, j) for j in range(cols)] for i in range(rows)]
        for name, (rows, cols) in shapes.items()
    }


def gpt_matrices(n_layer: int = N_LAYER) -> dict[str, Matrix]:
    """Of a GPT with a hidden layer as wide as its embedding."""
    square = (N_EMBD, N_EMBD)
    layers = {
        f"layer{i}.{name}": square for i in range(n_layer) for name in ("wq", "wk", "wv", "wo")
    }
    mlps = {f"layer{i}.{name}": square for i in range(n_layer) for name in ("fc1", "fc2")}
    ends = {"wte": (N_VOCAB, N_EMBD), "wpe": (len(TOKENS), N_EMBD), "lm_head": (N_VOCAB, N_EMBD)}
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


def flat_gpt() -> Value:
    """Everything in one function, position by position; not a call in it but of `Value`."""
    w = gpt_matrices()
    keys: list[Matrix] = [[] for _ in range(N_LAYER)]
    values: list[Matrix] = [[] for _ in range(N_LAYER)]
    loss = None
    for pos in range(len(TOKENS) - 1):
        x = [t + p for t, p in zip(w["wte"][TOKENS[pos]], w["wpe"][pos], strict=True)]
        for i in range(N_LAYER):
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
            for h in range(N_HEAD):
                dims = range(h * HEAD_SIZE, (h + 1) * HEAD_SIZE)
                exps = []
                for key in keys[i]:
                    score = None
                    for d in dims:
                        product = q[d] * key[d]
                        score = product if score is None else score + product
                    exps.append((score * HEAD_SIZE**-0.5).exp())
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
        nll = -(exps[TOKENS[pos + 1]] / norm).log()
        loss = nll if loss is None else loss + nll
    return loss * (1 / (len(TOKENS) - 1))


def attend(q: Vector, keys: Matrix, values: Matrix) -> Vector:
    """All heads in one loop, in a function that reads no parameters."""
    mixed = []
    for h in range(N_HEAD):
        part = slice(h * HEAD_SIZE, (h + 1) * HEAD_SIZE)
        scores = [
            total([a * b for a, b in zip(q[part], k[part], strict=True)]) * HEAD_SIZE**-0.5
            for k in keys
        ]
        weights = softmax(scores)
        for d in range(part.start, part.stop):
            mixed.append(total([a * v[d] for a, v in zip(weights, values, strict=True)]))
    return mixed


def gpt_by_position() -> Value:
    """Functions, called for one position after the other, with a cache of keys and values."""
    w = gpt_matrices()
    keys: list[Matrix] = [[] for _ in range(N_LAYER)]
    values: list[Matrix] = [[] for _ in range(N_LAYER)]

    def forward(pos: int) -> Vector:
        x = [t + p for t, p in zip(w["wte"][TOKENS[pos]], w["wpe"][pos], strict=True)]
        for i in range(N_LAYER):
            residual, x = x, rmsnorm(x)
            q = linear(x, w[f"layer{i}.wq"])
            keys[i].append(linear(x, w[f"layer{i}.wk"]))
            values[i].append(linear(x, w[f"layer{i}.wv"]))
            x = linear(attend(q, keys[i], values[i]), w[f"layer{i}.wo"])
            x = [a + b for a, b in zip(x, residual, strict=True)]
            residual, x = x, rmsnorm(x)
            x = linear([h.relu() for h in linear(x, w[f"layer{i}.fc1"])], w[f"layer{i}.fc2"])
            x = [a + b for a, b in zip(x, residual, strict=True)]
        return linear(x, w["lm_head"])

    losses = []
    for pos in range(len(TOKENS) - 1):
        losses.append(-softmax(forward(pos))[TOKENS[pos + 1]].log())
    return total(losses) * (1 / len(losses))


def gpt_all_positions() -> Value:
    """Functions that each take all positions."""
    w = gpt_matrices()

    def attention(xs: Matrix, i: int) -> Matrix:
        qs = [linear(x, w[f"layer{i}.wq"]) for x in xs]
        ks = [linear(x, w[f"layer{i}.wk"]) for x in xs]
        vs = [linear(x, w[f"layer{i}.wv"]) for x in xs]
        mixed = [attend(q, ks[: t + 1], vs[: t + 1]) for t, q in enumerate(qs)]
        return [linear(m, w[f"layer{i}.wo"]) for m in mixed]

    def mlp(xs: Matrix, i: int) -> Matrix:
        hidden = [[h.relu() for h in linear(x, w[f"layer{i}.fc1"])] for x in xs]
        return [linear(h, w[f"layer{i}.fc2"]) for h in hidden]

    def block(xs: Matrix, i: int) -> Matrix:
        xs = added(attention([rmsnorm(x) for x in xs], i), xs)
        return added(mlp([rmsnorm(x) for x in xs], i), xs)

    xs = [
        [t + p for t, p in zip(w["wte"][token], w["wpe"][pos], strict=True)]
        for pos, token in enumerate(TOKENS[:-1])
    ]
    for i in range(N_LAYER):
        xs = block(xs, i)
    probs = [softmax(linear(x, w["lm_head"])) for x in xs]
    losses = [-p[target].log() for p, target in zip(probs, TOKENS[1:], strict=True)]
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

    def __init__(self, w: dict[str, Matrix], name: str) -> None:
        self.heads = [Head(w, f"{name}.head{h}") for h in range(N_HEAD)]
        self.proj = Linear(w[f"{name}.proj"])
        self.up, self.down = Linear(w[f"{name}.up"]), Linear(w[f"{name}.down"])

    def __call__(self, xs: Matrix) -> Matrix:
        normed = [rmsnorm(x) for x in xs]
        outs = [head(normed) for head in self.heads]
        mixed = [[value for out in outs for value in out[t]] for t in range(len(xs))]
        xs = added([self.proj(m) for m in mixed], xs)
        hidden = [[h.relu() for h in self.up(rmsnorm(x))] for x in xs]
        return added([self.down(h) for h in hidden], xs)


def gpt_of_classes() -> Value:
    """Classes in the manner of tensor libraries; each head has matrices of its own."""
    heads = {
        f"blocks{i}.head{h}.{part}": (HEAD_SIZE, N_EMBD)
        for i in range(N_LAYER) for h in range(N_HEAD) for part in "qkv"
    }  # fmt: skip
    square = (N_EMBD, N_EMBD)
    others = {
        f"blocks{i}.{name}": square for i in range(N_LAYER) for name in ("proj", "up", "down")
    }
    w = matrices(wte=(N_VOCAB, N_EMBD), wpe=(len(TOKENS), N_EMBD), **heads, **others,
                 lm_head=(N_VOCAB, N_EMBD))  # fmt: skip
    blocks = [Block(w, f"blocks{i}") for i in range(N_LAYER)]
    head = Linear(w["lm_head"])
    xs = [
        [t + p for t, p in zip(w["wte"][token], w["wpe"][pos], strict=True)]
        for pos, token in enumerate(TOKENS[:-1])
    ]
    for block in blocks:
        xs = block(xs)
    losses = [-softmax(head(x))[target].log() for x, target in zip(xs, TOKENS[1:], strict=True)]
    return total(losses) * (1 / len(losses))


# -- other programs --------------------------------------------------------------------------------


def shared_layers() -> Value:
    """One block, used three times over for each of four positions."""
    w = matrices(wte=(N_VOCAB, N_EMBD), up=(N_EMBD, N_EMBD), down=(N_EMBD, N_EMBD),
                 lm_head=(N_VOCAB, N_EMBD))  # fmt: skip

    def block(x: Vector) -> Vector:
        return linear([h.relu() for h in linear(x, w["up"])], w["down"])

    losses = []
    for token, target in zip(TOKENS, TOKENS[1:], strict=False):
        x = linear(w["wte"][token], w["up"])
        for _ in range(3):
            x = [a + b for a, b in zip(x, block(x), strict=True)]
        losses.append(-softmax(linear(x, w["lm_head"]))[target].log())
    return total(losses)


def rnn() -> Value:
    """A recurrent network, in flat code: each step reads the state of the one before."""
    w = matrices(wte=(N_VOCAB, N_EMBD), wxh=(N_EMBD, N_EMBD), whh=(N_EMBD, N_EMBD),
                 why=(N_VOCAB, N_EMBD))  # fmt: skip
    state = [Value(0.0) for _ in range(N_EMBD)]
    losses = []
    for token, target in zip(TOKENS, TOKENS[1:], strict=False):
        x = w["wte"][token]
        from_input = [total([a * b for a, b in zip(row, x, strict=True)]) for row in w["wxh"]]
        from_state = [total([a * b for a, b in zip(row, state, strict=True)]) for row in w["whh"]]
        state = [(a + b).relu() for a, b in zip(from_input, from_state, strict=True)]
        logits = [total([a * b for a, b in zip(row, state, strict=True)]) for row in w["why"]]
        exps = [logit.exp() for logit in logits]
        losses.append(-(exps[target] / total(exps)).log())
    return total(losses)


class Neuron:
    """A unit with its weights: a row of its layer's matrix."""

    def __init__(self, weights: Vector, bias: Value) -> None:
        self.weights, self.bias = weights, bias

    def __call__(self, x: Vector) -> Value:
        return total([*(w * xi for w, xi in zip(self.weights, x, strict=True)), self.bias]).relu()


class Layer:
    """Units side by side."""

    def __init__(self, name: str, n_in: int, n_out: int) -> None:
        w = matrices(**{name: (n_out, n_in), f"{name}_bias": (n_out, 1)})
        self.neurons = [
            Neuron(row, bias) for row, (bias,) in zip(w[name], w[f"{name}_bias"], strict=True)
        ]

    def __call__(self, x: Vector) -> Vector:
        return [neuron(x) for neuron in self.neurons]


class Mlp:
    """Layers one after the other."""

    def __init__(self, *sizes: int) -> None:
        self.layers = [
            Layer(f"layer{i}", n_in, n_out)
            for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False))
        ]

    def __call__(self, x: Vector) -> Vector:
        for layer in self.layers:
            x = layer(x)
        return x


def mlp_by_sample(n_samples: int = 6) -> Value:
    """Samples go through the network one after the other; large weights cost."""
    model = Mlp(2, 3, 3, 1)
    losses = []
    for sample in range(n_samples):
        x = [Value(0.1 * sample), Value(0.2 - 0.1 * sample)]
        losses.append((model(x)[0] - sample % 2) ** 2)
    weights = [w for layer in model.layers for unit in layer.neurons for w in unit.weights]
    return total(losses) * (1 / n_samples) + 1e-4 * total([w * w for w in weights])


def mlp_by_layer(n_samples: int = 6) -> Value:
    """All samples go through a layer before any goes through the next; flat code."""
    w = matrices(first=(3, 2), second=(3, 3), last=(1, 3))
    batch = [[Value(0.1 * sample), Value(0.2)] for sample in range(n_samples)]
    for name in ("first", "second", "last"):
        outputs = []
        for x in batch:
            outputs.append(
                [total([a * b for a, b in zip(row, x, strict=True)]).relu() for row in w[name]]
            )
        batch = outputs
    return total([(y[0] - 1) ** 2 for y in batch])


def linear_regression(n_samples: int = 5) -> Value:
    """Two named numbers that stand in no matrix."""
    slope, intercept = Value(0.5, name="slope"), Value(0.1, name="intercept")
    errors = [(slope * x + intercept - (2 * x + 1)) ** 2 for x in range(n_samples)]
    return total(errors) * (1 / n_samples)


def two_graphs() -> tuple[Value, Value]:
    """Two losses of two networks that share nothing; each is a graph of its own."""
    return mlp_by_sample(3), rnn()
