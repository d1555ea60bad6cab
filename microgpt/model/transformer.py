"""The transformer of microgpt on `Value`s, one position at a time, in its exact order of floats.

Float addition is not associative and a scope is a contiguous run of creation numbers, so the order
of every line below is part of the result. It trains nothing and keeps nothing between documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from microgpt.autograd.bindings import negative_max
from microgpt.autograd.scopes import scope
from microgpt.autograd.value import Value
from microgpt.model.parameters import RMSNORM_EPS, Matrix, ModelConfig, Parameters
from microgpt.text.tokenizer import Tokenizer

Vector = list[Value]
AttentionWeights: TypeAlias = tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]


@dataclass(slots=True)
class KeyValueCache:
    """Keys and values of the positions so far. Shape of each: `[n_layer][position][n_embd]`."""

    keys: list[list[Vector]]
    values: list[list[Vector]]

    @classmethod
    def empty(cls, n_layer: int) -> KeyValueCache:
        """The cache before the first position."""
        return cls([[] for _ in range(n_layer)], [[] for _ in range(n_layer)])


@dataclass(slots=True)
class ForwardPass:
    """A document's way through the model, every number still a `Value`."""

    loss: Value  # mean of `losses`; the root of the graph
    losses: Vector  # -log p(next token) at each position. Units: nats. Shape: `[position]`.
    probs: list[Vector]  # of the next token. Shape: `[position][vocab]`.
    attention: list[list[list[Vector]]]
    """Attention weights. Shape: `[position][n_layer][n_head][source]`."""

    def attention_weights(self) -> AttentionWeights:
        """The attention weights as plain numbers. Shape: `[n_layer][n_head][position][source]`."""
        n_layer, n_head = len(self.attention[0]), len(self.attention[0][0])
        return tuple(
            tuple(
                tuple(tuple(w.data for w in position[layer][head]) for position in self.attention)
                for head in range(n_head)
            )
            for layer in range(n_layer)
        )


def total(terms: Iterable[Value]) -> Value:
    """The sum from left to right, starting with a constant 0 as `sum()` does."""
    partial: Value | int = 0
    for term in terms:
        partial = partial + term
    assert isinstance(partial, Value)
    return partial


def dot(a: Iterable[Value], b: Iterable[Value]) -> Value:
    """The sum of the products, each added as soon as it is made, starting with a constant 0."""
    partial: Value | int = 0
    for x, y in zip(a, b, strict=True):
        partial = partial + x * y
    assert isinstance(partial, Value)
    return partial


def linear(x: Vector, weights: Matrix) -> Vector:
    """weights @ x. Shape: x `[cols]`, weights `[rows][cols]`, result `[rows]`."""
    return [dot(row, x) for row in weights]


def softmax(scores: Sequence[Value]) -> Vector:
    """exp(score) over their sum, the largest score subtracted first as a plain number."""
    shift = negative_max(scores)
    exps = [(score + shift).exp() for score in scores]
    normalizer = total(exps)
    return [e / normalizer for e in exps]


def rmsnorm(x: Vector) -> Vector:
    """x over its root mean square; no learnt gain. Source: Zhang and Sennrich 2019, eq. 4."""
    mean_square = dot(x, x) / len(x)
    scale = (mean_square + RMSNORM_EPS) ** -0.5
    return [xi * scale for xi in x]


def gpt(
    token_id: int,
    pos_id: int,
    cache: KeyValueCache,
    parameters: Parameters,
    config: ModelConfig,
) -> tuple[Vector, list[list[Vector]]]:
    """Runs one position; the caller has opened its scope.

    Args:
        token_id: the token read at this position.
        pos_id: the position; the cache holds exactly the positions before it.
        cache: gets this position's keys and values.

    Returns:
        Logits `[vocab]` and attention weights `[n_layer][n_head][source]`.
    """
    with scope("embed"):
        token_row, position_row = parameters["wte"][token_id], parameters["wpe"][pos_id]
        x = rmsnorm([t + p for t, p in zip(token_row, position_row, strict=True)])
    attention = []
    for layer in range(config.n_layer):
        with scope(f"layer{layer}"):
            with scope("attn"):
                x, weights = _attention(x, layer, cache, parameters, config)
            with scope("mlp"):
                x = _mlp(x, layer, parameters)
        attention.append(weights)
    with scope("lm_head"):
        logits = linear(x, parameters["lm_head"])
    return logits, attention


def _attention(
    x: Vector, layer: int, cache: KeyValueCache, parameters: Parameters, config: ModelConfig
) -> tuple[Vector, list[Vector]]:
    resid_pre = x
    with scope("norm"):
        x = rmsnorm(x)
    with scope("q"):
        q = linear(x, parameters[f"layer{layer}.attn_wq"])
    with scope("k"):
        cache.keys[layer].append(linear(x, parameters[f"layer{layer}.attn_wk"]))
    with scope("v"):
        cache.values[layer].append(linear(x, parameters[f"layer{layer}.attn_wv"]))
    heads: Vector = []
    weights_of_heads = []
    head_dim = config.head_dim
    for head in range(config.n_head):
        columns = slice(head * head_dim, (head + 1) * head_dim)
        head_q = q[columns]
        head_keys = [k[columns] for k in cache.keys[layer]]
        head_values = [v[columns] for v in cache.values[layer]]
        with scope(f"head{head}"):
            with scope("scores"):
                scores = [dot(head_q, k) / head_dim**0.5 for k in head_keys]
            with scope("softmax"):
                weights = softmax(scores)
            with scope("mix"):
                heads += [dot(weights, column) for column in zip(*head_values, strict=True)]
        weights_of_heads.append(weights)
    with scope("out"):
        x = linear(heads, parameters[f"layer{layer}.attn_wo"])
    with scope("residual"):
        resid_mid = [a + b for a, b in zip(x, resid_pre, strict=True)]
    return resid_mid, weights_of_heads


def _mlp(x: Vector, layer: int, parameters: Parameters) -> Vector:
    resid_mid = x
    with scope("norm"):
        x = rmsnorm(x)
    with scope("fc1"):
        x = linear(x, parameters[f"layer{layer}.mlp_fc1"])
    with scope("relu"):
        x = [xi.relu() for xi in x]
    with scope("fc2"):
        x = linear(x, parameters[f"layer{layer}.mlp_fc2"])
    with scope("residual"):
        return [a + b for a, b in zip(x, resid_mid, strict=True)]


def forward(
    tokens: Sequence[int], parameters: Parameters, config: ModelConfig, tokenizer: Tokenizer
) -> ForwardPass:
    """The whole document: each position predicts the token after it.

    Args:
        tokens: BOS, the document, BOS; what lies past block_size positions is not read.
        tokenizer: gives the scopes of the positions their labels, such as `e → m`.
    """
    n = min(config.block_size, len(tokens) - 1)
    cache = KeyValueCache.empty(config.n_layer)
    losses, all_probs, all_attention = [], [], []
    for pos_id in range(n):
        token_id, target_id = tokens[pos_id], tokens[pos_id + 1]
        with scope(f"pos{pos_id}", f"{tokenizer.label(token_id)} → {tokenizer.label(target_id)}"):
            logits, attention = gpt(token_id, pos_id, cache, parameters, config)
            with scope("softmax"):
                probs = softmax(logits)
            with scope("loss"):
                losses.append(-probs[target_id].log())
        for i, prob in enumerate(probs):
            prob.name = f"p{pos_id}({tokenizer.label(i)})"
        all_probs.append(probs)
        all_attention.append(attention)
    with scope("loss"):
        loss = total(losses) * (1 / n)
    loss.name = "loss"
    return ForwardPass(loss, losses, all_probs, all_attention)
