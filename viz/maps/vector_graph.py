"""The graph of vectors that the Map of a large step is summed over.

Its nodes are the numbers that one cell reads of another, and its edges bring each of them what it
gets from there: of a matrix product one edge for each number that goes in, not one for each
product. What is summed over edges between cells comes to the same as over all scalars of the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from microgpt.autograd.ops import OPS, op_code
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange, ScopeTree
from microgpt.train.engines.vectors.backward import input_grad, rmsnorm_back
from microgpt.train.engines.vectors.forward import Norm
from microgpt.train.step_vectors import StepVectors

MEAN = "mean"
"""The place of the mean loss."""
VECTOR = "vector"
"""The op of a node that stands for all that one place of a position reads."""
NO_EVENTS = "of a step this large there are vectors, and the scalars of a region"


@dataclass(frozen=True, eq=False)
class VectorGraph:
    """The graph, and where its nodes lie."""

    graph: Graph
    place_of: Ints  # of each node, its place in `places`. Shape: `[node]`
    column_of: Ints  # of each node, -1 of parameters and of the mean. Shape: `[node]`
    places: tuple[str, ...]  # paths without their position; matrices as they are called
    losses: Ints  # the node of each position's loss. Shape: `[position]`
    probabilities: Ints  # and of the probability of what came


def graph_of_vectors(vectors: StepVectors) -> VectorGraph:
    """The vectors of a step as a graph."""
    return _Maker(vectors).made()


@dataclass(eq=False)
class _Maker:
    vectors: StepVectors
    places: dict[str, int] = field(default_factory=dict)
    size: int = 0
    blocks: list[tuple[int, Ints, Floats, Floats, int]] = field(default_factory=list)
    """Place, columns, numbers, gradients and op code of each."""
    edges: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    read_by: dict[str, tuple[Ints, Floats]] = field(default_factory=dict)
    """Of each matrix the entries that are read, and their gradients."""
    """Consumers, operands and local gradients."""

    # -- nodes and edges ---------------------------------------------------------------------------

    def _nodes(
        self, place: str, data: Floats, grad: Floats, op: str = "input", columns: Ints | None = None
    ) -> Ints:
        """Makes a node of each number; a row is a column of the Map. Shape: as `data`."""
        number = self.places.setdefault(place, len(self.places))
        if columns is None:
            columns = np.arange(len(data))
        rows = np.broadcast_to(columns.reshape(-1, *[1] * (data.ndim - 1)), data.shape)
        code = len(OPS) if op == VECTOR else op_code(op)
        self.blocks.append((number, rows.ravel(), data.ravel(), grad.ravel(), code))
        ids = self.size + np.arange(data.size).reshape(data.shape)
        self.size += data.size
        return ids

    def _vector(self, place: str) -> Ints:
        """The nodes of what a place computes. Shape: `[position][k]`."""
        found = self.vectors.at_place(place)
        return self._nodes(place, found.data, found.grad)

    def _reads(self, place: str, operands: Ints, shares: Floats) -> Ints:
        """What a place reads at each position, and how much it gives back.

        Returns:
            The node at each position that stands for that. Shape: `[position]`.
        """
        at = self._nodes(place, np.zeros(len(operands)), np.ones(len(operands)), VECTOR)
        self._edges(np.broadcast_to(at[:, np.newaxis], operands.shape), operands, shares)
        return at

    def _edges(self, consumers: Ints, operands: Ints, local_grads: Floats) -> None:
        self.edges.append((consumers.ravel(), operands.ravel(), local_grads.ravel()))

    def _parameters(self) -> None:
        """Those that are read, each with an edge to where that happens first."""
        vectors, model = self.vectors, self.vectors.model
        config, p = model.config, vectors.n_positions
        flat, start = np.frombuffer(model.data), 0
        for name, (rows, cols) in config.shapes(model.tokenizer.vocab_size).items():
            end = start + rows * cols
            data = flat[start:end].reshape(rows, cols)
            grad = vectors.parameter_grads[start:end].reshape(rows, cols)
            read = np.arange(rows)
            if name == "wte":
                read = np.unique(vectors.tokens[:-1])
            elif name == "wpe":
                read = np.arange(p)
            outside = np.full(len(read), -1)
            ids = self._nodes(name, data[read], grad[read], "param", outside)
            self.read_by[name] = ids, grad[read]
            start = end

    def _reads_matrix(self, name: str, place: str) -> None:
        """Lets the parameters of a matrix be read, which makes them outputs of their cell."""
        ids, grads = self.read_by[name]
        at = self._nodes(place, np.zeros(1), np.ones(1), VECTOR)
        self._edges(np.broadcast_to(at, ids.shape), ids, grads)

    # -- the model ---------------------------------------------------------------------------------

    def made(self) -> VectorGraph:
        """Lays out all of it."""
        vectors = self.vectors
        self._parameters()
        self._reads_matrix("wte", "embed")
        self._reads_matrix("wpe", "embed")
        x = self._vector("embed")
        for layer in range(vectors.model.config.n_layer):
            x = self._attention(layer, x)
            x = self._mlp(layer, x)
        self._reads_matrix("lm_head", "lm_head")
        self._reads("lm_head", x, vectors.grads.layers[-1].out)
        logits = self._vector("lm_head")
        self._reads("softmax", logits, vectors.grads.logits)
        probabilities = self._vector("softmax")
        self._reads("loss", probabilities, vectors.at_place("softmax").grad)
        losses = self._vector("loss")
        root = self._nodes(
            MEAN, np.array([vectors.passed.loss]), np.ones(1), VECTOR, np.array([-1])
        )
        shares = np.full(len(losses), 1 / len(losses))
        self._edges(np.broadcast_to(root, losses.shape), losses, shares)
        return VectorGraph(
            self._graph(int(root[0])),
            self._of_nodes([block[0] for block in self.blocks]),
            np.concatenate([block[1] for block in self.blocks]),
            tuple(self.places),
            losses[:, 0],
            probabilities[:, 0],
        )

    def _norm(self, place: str, x: Ints, norm: Norm, out_grads: Floats) -> Ints:
        self._reads(place, x, rmsnorm_back(norm, out_grads, np.zeros_like(out_grads)))
        return self._vector(place)

    def _sum(self, place: str, added: Ints, x: Ints) -> Ints:
        """The stream behind a branch."""
        found = self.vectors.at_place(place)
        ids = self._nodes(place, found.data, found.grad, "add")
        for operands in (added, x):
            self._edges(ids, operands, np.ones(ids.shape))
        return ids

    def _attention(self, layer: int, x: Ints) -> Ints:
        vectors, here = self.vectors, f"layer{layer}/attn"
        done, grads = vectors.passed.layers[layer], vectors.grads.layers[layer]
        n, matrices = vectors.model.config.n_embd, vectors.matrices
        normed = self._norm(f"{here}/norm", x, done.attn_norm, grads.attn_norm)
        qkv = []
        for at, part in enumerate("qkv"):
            own = slice(at * n, (at + 1) * n)
            share = input_grad(grads.qkv[:, own], matrices.qkv[layer][own])
            self._reads_matrix(f"layer{layer}.attn_w{part}", f"{here}/{part}")
            self._reads(f"{here}/{part}", normed, share)
            qkv.append(self._vector(f"{here}/{part}"))
        mixed = [self._head(layer, head, *qkv) for head in range(vectors.model.config.n_head)]
        self._reads_matrix(f"layer{layer}.attn_wo", f"{here}/out")
        self._reads(f"{here}/out", np.concatenate(mixed, axis=1), grads.mixed)
        return self._sum(f"{here}/residual", self._vector(f"{here}/out"), x)

    def _head(self, layer: int, head: int, q: Ints, k: Ints, v: Ints) -> Ints:
        """A head's outputs: it reads its query, and keys and values of all sources."""
        vectors, place = self.vectors, f"layer{layer}/attn/head{head}"
        done, grads = vectors.passed.layers[layer], vectors.grads.layers[layer]
        head_dim, p = vectors.model.config.head_dim, vectors.n_positions
        own = slice(head * head_dim, (head + 1) * head_dim)
        reader, source = np.tril_indices(p)
        at = self._reads(f"{place}/scores", q[:, own], grads.qkv[:, own])
        score_grads = (head_dim**0.5) ** -1 * grads.scores[head][reader, source]
        shares = score_grads[:, np.newaxis] * done.q[:, head, :].T[reader]
        keys = k[source, own]
        self._edges(np.broadcast_to(at[reader, np.newaxis], keys.shape), keys, shares)
        weights = done.softmax.out[head][reader, source]
        weight_ids = self._nodes(
            f"{place}/softmax", weights, grads.weights[head][reader, source], columns=reader
        )
        values, out_grads = done.v[:, head, :].T[source], grads.mixed[:, own][reader]
        brought = self._nodes(
            f"{place}/mix", weights[:, np.newaxis] * values, out_grads, "mul", reader
        )
        both = np.stack(
            (np.broadcast_to(weight_ids[:, np.newaxis], brought.shape), v[source, own]), axis=-1
        )
        slopes = np.stack((values, np.broadcast_to(weights[:, np.newaxis], values.shape)), axis=-1)
        self._edges(np.broadcast_to(brought[..., np.newaxis], both.shape), both, slopes)
        return self._vector(f"{place}/mix")

    def _mlp(self, layer: int, x: Ints) -> Ints:
        vectors, here = self.vectors, f"layer{layer}/mlp"
        done, grads = vectors.passed.layers[layer], vectors.grads.layers[layer]
        normed = self._norm(f"{here}/norm", x, done.mlp_norm, grads.mlp_norm)
        self._reads_matrix(f"layer{layer}.mlp_fc1", f"{here}/fc1")
        self._reads(f"{here}/fc1", normed, grads.mlp_norm)
        self._reads(f"{here}/relu", self._vector(f"{here}/fc1"), grads.before_relu)
        hidden = self._vector(f"{here}/relu")
        self._reads_matrix(f"layer{layer}.mlp_fc2", f"{here}/fc2")
        self._reads(f"{here}/fc2", hidden, grads.hidden)
        return self._sum(f"{here}/residual", self._vector(f"{here}/fc2"), x)

    # -- the graph ---------------------------------------------------------------------------------

    def _of_nodes(self, of_blocks: list[int]) -> Ints:
        """Of each node what its block has."""
        return np.repeat(of_blocks, [len(block[1]) for block in self.blocks])

    def _graph(self, root: int) -> Graph:
        consumers, operands, local_grads = (
            np.concatenate([edges[part] for edges in self.edges]) for part in range(3)
        )
        order = np.argsort(consumers, kind="stable")
        counts = np.bincount(consumers, minlength=self.size)
        return Graph(
            op_codes=self._of_nodes([block[4] for block in self.blocks]).astype(np.uint8),
            immediate=np.full(self.size, np.nan),
            data=np.concatenate([block[2] for block in self.blocks]),
            grad=np.concatenate([block[3] for block in self.blocks]),
            grad_before=np.zeros(self.size),
            operand_start=np.concatenate(([0], np.cumsum(counts))),
            operands=operands[order],
            local_grads=local_grads[order],
            visit_order=np.empty(0, np.int64),
            scopes=ScopeTree([ScopeRange(0, "", "", -1, 0, self.size)]),
            scope_of=np.zeros(self.size, np.int64),
            source_lines=(),
            line_of=np.full(self.size, -1),
            names=MappingProxyType({root: "loss"}),
            bindings=MappingProxyType({}),
            root=root,
            backpropagated=False,
            why_no_events=NO_EVENTS,
            op_names=(*OPS, VECTOR),
        )
