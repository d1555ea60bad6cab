"""Small programs that are no GPTs: shared layers, a recurrent network, networks of units.

Each gives the loss of one pass, as those of `gpt_programs` do.
"""

from __future__ import annotations

import itertools

from microgpt import Value
from tests.viz.maps.gpt_programs import (
    N_EMBD,
    N_VOCAB,
    TOKENS,
    Vector,
    linear,
    matrices,
    softmax,
    total,
)


def shared_layers() -> Value:
    """One block, used three times over for each of four positions."""
    w = matrices(wte=(N_VOCAB, N_EMBD), up=(N_EMBD, N_EMBD), down=(N_EMBD, N_EMBD),
                 lm_head=(N_VOCAB, N_EMBD))  # fmt: skip

    def block(x: Vector) -> Vector:
        return linear([h.relu() for h in linear(x, w["up"])], w["down"])

    losses = []
    for token, target in itertools.pairwise(TOKENS):
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
    for token, target in itertools.pairwise(TOKENS):
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
            for i, (n_in, n_out) in enumerate(itertools.pairwise(sizes))
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
        batch = [
            [total([a * b for a, b in zip(row, x, strict=True)]).relu() for row in w[name]]
            for x in batch
        ]
    return total([(y[0] - 1) ** 2 for y in batch])


def linear_regression(n_samples: int = 5) -> Value:
    """Two named numbers that stand in no matrix."""
    slope, intercept = Value(0.5, name="slope"), Value(0.1, name="intercept")
    errors = [(slope * x + intercept - (2 * x + 1)) ** 2 for x in range(n_samples)]
    return total(errors) * (1 / n_samples)


def two_graphs() -> tuple[Value, Value]:
    """Two losses of two networks that share nothing; each is a graph of its own."""
    return mlp_by_sample(3), rnn()
