"""`StepVectors`: what one step computes, place by place, as vectors: no node for a single number.

A place is the path of a scope without its position, as `layer0/attn/q`. The numbers are those of
the nodes that others read there, to the bit, and so are their gradients.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats
from microgpt.train.engines.vectors.backward import LayerGrads, VectorGrads
from microgpt.train.engines.vectors.both_passes import both_passes
from microgpt.train.engines.vectors.forward import (
    LayerPass,
    ModelMatrices,
    VectorPass,
    matrix_output,
)
from microgpt.train.engines.vectors.sums import sum_of_products
from microgpt.train.model_snapshot import ModelSnapshot

_IN_HEAD = re.compile(r"attn/head(\d+)/(\w+)")


@dataclass(frozen=True, eq=False)
class PlaceVectors:
    """What all positions computed at one place."""

    data: Floats  # Shape: `[position][k]`.
    grad: Floats  # of the mean loss. Shape: `[position][k]`.
    is_by_source: bool = False  # whether a position has only as many numbers as it has sources

    def at(self, position: int) -> tuple[Floats, Floats]:
        """Numbers and gradients of one position. Shape: `[k]` both."""
        end = position + 1 if self.is_by_source else self.data.shape[1]
        return self.data[position, :end], self.grad[position, :end]


@dataclass(frozen=True, eq=False)
class StepVectors:
    """One document's forward and backward pass."""

    model: ModelSnapshot
    tokens: tuple[int, ...]  # as many as are read, and one
    passed: VectorPass
    grads: VectorGrads
    parameter_grads: Floats  # in the order of `Parameters.flat`

    @classmethod
    def of(cls, model: ModelSnapshot, document: str) -> StepVectors | None:
        """Computes a document's; None if a number is not finite."""
        config, vocab_size = model.config, model.tokenizer.vocab_size
        tokens: Sequence[int] = model.tokenizer.encode(document)[: config.block_size + 1]
        done = both_passes(config, vocab_size, model.data, tokens)
        return None if done is None else cls(model, tuple(tokens), *done)

    @property
    def n_positions(self) -> int:
        """How many tokens are read."""
        return len(self.tokens) - 1

    @cached_property
    def matrices(self) -> ModelMatrices:
        """The model's."""
        model = self.model
        flat = np.frombuffer(model.data)
        return ModelMatrices.of(flat, model.config, model.tokenizer.vocab_size)

    @cached_property
    def _known(self) -> dict[str, PlaceVectors]:
        return {}

    def at_place(self, place: str) -> PlaceVectors:
        """What is computed at a place that has no places inside.

        Raises:
            KeyError: the model has no such place.
        """
        if place not in self._known:
            self._known[place] = self._found(place)
        return self._known[place]

    def _found(self, place: str) -> PlaceVectors:
        passed, grads = self.passed, self.grads
        match place.split("/"):
            case ["embed"]:
                return PlaceVectors(passed.embedding.out, grads.embedding)
            case ["lm_head"]:
                logits = matrix_output(passed.stream, self.matrices.lm_head)
                return PlaceVectors(logits, grads.logits)
            case ["softmax"]:
                return PlaceVectors(passed.target_probs[:, None], grads.target_probs[:, None])
            case ["loss"]:
                share = np.full((self.n_positions, 1), 1 / self.n_positions)
                return PlaceVectors(passed.losses[:, None], share)
            case [layer, *inside] if re.fullmatch(r"layer\d+", layer):
                number = int(layer.removeprefix("layer"))
                return self._in_layer(number, "/".join(inside))
        raise KeyError(place)

    def _in_layer(self, layer: int, place: str) -> PlaceVectors:
        done, grads = self.passed.layers[layer], self.grads.layers[layer]
        if match := _IN_HEAD.fullmatch(place):
            return self._in_head(done, grads, int(match[1]), match[2])
        matrices, n = self.matrices, self.model.config.n_embd
        after = (*(other.attn_norm.x for other in self.passed.layers[1:]), self.passed.stream)
        found: dict[str, Callable[[], tuple[Floats, Floats]]] = {
            "attn/norm": lambda: (done.attn_norm.out, grads.attn_norm),
            "attn/q": lambda: (_by_position(done.q), grads.qkv[:, :n]),
            "attn/k": lambda: (_by_position(done.k), grads.qkv[:, n : 2 * n]),
            "attn/v": lambda: (_by_position(done.v), grads.qkv[:, 2 * n :]),
            "attn/out": lambda: (matrix_output(done.mixed, matrices.wo[layer]), grads.middle),
            "attn/residual": lambda: (done.mlp_norm.x, grads.middle),
            "mlp/norm": lambda: (done.mlp_norm.out, grads.mlp_norm),
            "mlp/fc1": lambda: (
                matrix_output(done.mlp_norm.out, matrices.fc1[layer]), grads.before_relu,
            ),
            "mlp/relu": lambda: (done.hidden, grads.hidden),
            "mlp/fc2": lambda: (matrix_output(done.hidden, matrices.fc2[layer]), grads.out),
            "mlp/residual": lambda: (after[layer], grads.out),
        }  # fmt: skip
        return PlaceVectors(*found[place]())

    def _in_head(self, done: LayerPass, grads: LayerGrads, head: int, part: str) -> PlaceVectors:
        head_dim = self.model.config.head_dim
        if part == "scores":
            q, k = done.q[:, head, :], done.k[:, head, :]
            scores = sum_of_products(q[:, :, np.newaxis], k[:, np.newaxis, :])
            scores *= (head_dim**0.5) ** -1
            return PlaceVectors(scores, grads.scores[head], is_by_source=True)
        if part == "softmax":
            return PlaceVectors(done.softmax.out[head], grads.weights[head], is_by_source=True)
        if part == "mix":
            own = slice(head * head_dim, (head + 1) * head_dim)
            return PlaceVectors(done.mixed[:, own], grads.mixed[:, own])
        raise KeyError(part)


def _by_position(x: Floats) -> Floats:
    """Shape: `[head_dim][head][position]` gives `[position][n_embd]`."""
    return np.ascontiguousarray(x.transpose(2, 1, 0)).reshape(x.shape[2], -1)
