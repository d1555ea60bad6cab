"""The nodes of a document's computation, laid out as `microgpt.model.transformer` makes them.

`source_lines.py` holds it to that: every line here stands for one there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from microgpt.graph.arrays import Ints
from microgpt.model.parameters import RMSNORM_EPS, ModelConfig
from microgpt.replay.vectors.layout import NodeLayout

STAGES_OF_LOSS = 1 << 20
"""Above the stages of every position."""


class Blueprint:
    """The layout of one document, and the parameters that it reads."""

    def __init__(
        self,
        config: ModelConfig,
        tokens: Sequence[int],
        labels: Sequence[str],
        kept: Callable[[str], bool] | None = None,
    ) -> None:
        """Lays it out.

        Args:
            tokens: as many as are read, and one.
            labels: of every token of the vocabulary.
            kept: as of a `NodeLayout`.
        """
        n, vocab, p = config.n_embd, len(labels), len(tokens) - 1
        rows = np.concatenate((sorted(set(tokens[:-1])), vocab + np.arange(p)))
        embeddings = (rows[:, np.newaxis] * n + np.arange(n)).ravel()
        shapes = config.shapes(vocab)
        n_parameters = sum(rows * cols for rows, cols in shapes.values())
        others = np.arange((vocab + config.block_size) * n, n_parameters)
        self.read = np.concatenate((embeddings, others)).astype(np.int64)
        """Places in the flat parameters of those that are read, which are the first nodes."""
        node_of = np.zeros(n_parameters, np.int64)
        node_of[self.read] = np.arange(len(self.read))
        starts = np.cumsum([0, *(rows * cols for rows, cols in shapes.values())])
        self._matrices = {
            name: node_of[start : start + rows * cols].reshape(rows, cols)
            for (name, (rows, cols)), start in zip(shapes.items(), starts, strict=False)
        }
        self._config = config
        self._keys: list[list[Ints]] = [[] for _ in range(config.n_layer)]
        self._values: list[list[Ints]] = [[] for _ in range(config.n_layer)]
        self.layout = out = NodeLayout(len(self.read), kept)
        losses = []
        for pos, token, target in zip(count(), tokens[:-1], tokens[1:], strict=False):
            out.begin_stages()
            with out.scope(f"pos{pos}", f"{labels[token]} → {labels[target]}"):
                logits = self._position(token, pos)
                with out.scope("softmax"):
                    prob = self._softmax(logits, target)
                out.names[int(prob[0])] = f"p{pos}({labels[target]})"
                with out.scope("loss"):
                    losses.append(out.each("loss", "log", prob, None, ("mul", -1.0)))
        out.begin_stages(STAGES_OF_LOSS)
        with out.scope("loss"):
            self.root = int(out.sums("mean", np.stack(losses, axis=1), ("mul", 1 / p))[0])
        out.names[self.root] = "loss"
        out.close(0)

    def _position(self, token: int, pos: int) -> Ints:
        """The logits. Shape: `[token]`."""
        out, w = self.layout, self._matrices
        with out.scope("embed"):
            x = self._rmsnorm(out.each("sum", "add", w["wte"][token], w["wpe"][pos]))
        for layer in range(self._config.n_layer):
            with out.scope(f"layer{layer}"):
                with out.scope("attn"):
                    x = self._attention(x, layer)
                with out.scope("mlp"):
                    x = self._mlp(x, layer)
        with out.scope("lm_head"):
            return self._linear(x, w["lm_head"])

    def _linear(self, x: Ints, matrix: Ints) -> Ints:
        return self.layout.products("linear", matrix, np.broadcast_to(x, matrix.shape))

    def _rmsnorm(self, x: Ints) -> Ints:
        out, n = self.layout, len(x)
        (scale,) = out.products(
            "norm", x[np.newaxis], x[np.newaxis],
            ("mul", float(n) ** -1), ("add", RMSNORM_EPS), ("pow", -0.5),
        )  # fmt: skip
        return out.each("scaled", "mul", x, np.full(n, scale))

    def _softmax(self, scores: Ints, target: int | None = None) -> Ints:
        """Of the last one only the target's probability is computed from."""
        out, k = self.layout, len(scores)
        shift = out.largest(scores)
        exps = out.each("exp", "add", scores, np.repeat(shift, k), ("exp", np.nan))
        (normalizer,) = out.sums("total", exps[np.newaxis])
        if target is not None:
            exps = exps[target : target + 1]
        return out.divided("share", exps, normalizer)

    def _attention(self, x: Ints, layer: int) -> Ints:
        out, w, head_dim = self.layout, self._matrices, self._config.head_dim
        resid_pre = x
        with out.scope("norm"):
            x = self._rmsnorm(x)
        with out.scope("q"):
            q = self._linear(x, w[f"layer{layer}.attn_wq"])
        with out.scope("k"):
            self._keys[layer].append(self._linear(x, w[f"layer{layer}.attn_wk"]))
        with out.scope("v"):
            self._values[layer].append(self._linear(x, w[f"layer{layer}.attn_wv"]))
        heads = []
        for head in range(self._config.n_head):
            columns = slice(head * head_dim, (head + 1) * head_dim)
            keys = np.stack([k[columns] for k in self._keys[layer]])
            values = np.stack([v[columns] for v in self._values[layer]])
            with out.scope(f"head{head}"):
                with out.scope("scores"):
                    factor = ("mul", (head_dim**0.5) ** -1)
                    q_rows = np.broadcast_to(q[columns], keys.shape)
                    scores = out.products("dot", q_rows, keys, factor)
                with out.scope("softmax"):
                    weights = self._softmax(scores)
                with out.scope("mix"):
                    mixed = np.broadcast_to(weights, values.T.shape)
                    heads.append(out.products("dot", mixed, values.T))
        with out.scope("out"):
            x = self._linear(np.concatenate(heads), w[f"layer{layer}.attn_wo"])
        with out.scope("residual"):
            return out.each("sum", "add", x, resid_pre)

    def _mlp(self, x: Ints, layer: int) -> Ints:
        out, w = self.layout, self._matrices
        resid_mid = x
        with out.scope("norm"):
            x = self._rmsnorm(x)
        with out.scope("fc1"):
            x = self._linear(x, w[f"layer{layer}.mlp_fc1"])
        with out.scope("relu"):
            x = out.each("relu", "relu", x)
        with out.scope("fc2"):
            x = self._linear(x, w[f"layer{layer}.mlp_fc2"])
        with out.scope("residual"):
            return out.each("sum", "add", x, resid_mid)
