"""The `Graph` of a document from a replay's arrays, as `Graph.from_value` makes it of `Value`s."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange, ScopeTree
from microgpt.model.parameters import ModelConfig, Parameters
from microgpt.replay import loops
from microgpt.replay.model_program import ModelProgram, Replay
from microgpt.text.tokenizer import Tokenizer


def document_graph(replay: Replay, config: ModelConfig, tokenizer: Tokenizer) -> Graph:
    """The whole graph of the document that a replay has run forward and backward."""
    program, trace, code = replay.program, replay.program.trace, replay.code
    cells = _cells_used(program, config, replay.tokens)
    node_of = np.zeros(len(replay.data), np.int64)
    node_of[cells] = np.arange(len(cells))
    n_read = int(np.searchsorted(cells, program.n_parameters))
    op_codes = trace.op_codes[cells]
    arity = np.array([op.arity for op in OPS.values()])[op_codes]
    edges = np.concatenate(([0], np.cumsum(arity)))
    operands, local_grads = np.zeros(edges[-1], np.int64), np.zeros(edges[-1])
    by_row = code.op[cells] == loops.RECORDED
    one, two = (arity > 0) & ~by_row, (arity > 1) & ~by_row
    operands[edges[:-1][one]] = node_of[code.a[cells[one]]]
    operands[edges[:-1][two] + 1] = node_of[code.b[cells[two]]]
    for node in np.flatnonzero(by_row):
        a, b = code.a[cells[node]], code.b[cells[node]]
        operands[edges[node] : edges[node + 1]] = node_of[code.lists[a:b]]
    loops.local_grads(code, cells, edges, replay.data, local_grads)
    immediate = np.full(len(cells), np.nan)
    pows = code.op[cells] == loops.POW
    immediate[pows] = code.exponents[code.b[cells[pows]]]
    immediate[by_row] = [program.immediates[cell] for cell in cells[by_row].tolist()]
    scopes, scope_of = _scopes(program, replay.tokens, tokenizer, cells, node_of)
    names, bindings = _parameters(config, tokenizer)
    read = cells[:n_read].tolist()
    return Graph(
        op_codes=op_codes,
        immediate=immediate,
        data=replay.data[cells],
        grad=replay.grad[cells],
        grad_before=np.zeros(len(cells)),
        operand_start=edges,
        operands=operands,
        local_grads=local_grads,
        visit_order=node_of[_ids_of(program.backward_runs(replay.tokens))],
        scopes=scopes,
        scope_of=scope_of,
        source_lines=tuple(zip(trace.files.tolist(), trace.lines.tolist(), strict=True)),
        line_of=trace.line_of[cells].astype(np.int64),
        names=MappingProxyType(
            {node: names[cell] for node, cell in enumerate(read)}
            | _names(program, replay.tokens, tokenizer, node_of)
        ),
        bindings=MappingProxyType(
            {node: bindings[cell] for node, cell in enumerate(read)}
            | {
                int(node_of[cell]): tuple(node_of[code.lists[code.a[cell] : code.b[cell]]].tolist())
                for cell in cells[code.op[cells] == loops.MAX]
            }
        ),
        root=len(cells) - 1,
        backpropagated=True,
    )


def _cells_used(program: ModelProgram, config: ModelConfig, tokens: tuple[int, ...]) -> Ints:
    """The cells that the loss is computed from, in order: a Graph has no others."""
    n, n_embd, vocab_size = len(tokens) - 1, config.n_embd, program.exps.shape[1]
    token_rows = np.unique(tokens[:-1])[:, np.newaxis] * n_embd + np.arange(n_embd)
    position_rows = vocab_size * n_embd + np.arange(n * n_embd)
    others = np.arange((vocab_size + config.block_size) * n_embd, program.stops[n - 1])
    return np.concatenate((token_rows.ravel(), position_rows, others, program.mean_of(n)))


def _ids_of(runs: loops.Runs) -> Ints:
    """The cells that the runs of a backward pass visit, in order."""
    first = runs[:, 1].astype(np.int64)
    counts = first - runs[:, 2] + 1
    ends = np.cumsum(counts)
    ids: Ints = np.repeat(first + ends - counts, counts) - np.arange(ends[-1])
    return ids


def _scopes(
    program: ModelProgram,
    tokens: tuple[int, ...],
    tokenizer: Tokenizer,
    cells: Ints,
    node_of: Ints,
) -> tuple[ScopeTree, Ints]:
    """The tree of those scopes that the document has, and the place in it of each node's."""
    trace, n = program.trace, len(tokens) - 1
    loss = int(np.searchsorted(trace.scope_starts, program.stops[n - 1]))  # the last scope's place
    places = [*range(1, loss), len(trace.scopes) - 1]
    starts = node_of[trace.scope_starts[places]].tolist()
    stops = (node_of[trace.scope_stops[places] - 1] + 1).tolist()
    paths = trace.scopes[places].tolist()
    parents = trace.scope_parents[places].tolist()
    characters = [tokenizer.label(token) for token in tokens]
    labels = {f"pos{p}": f"{characters[p]} → {characters[p + 1]}" for p in range(n)}
    ranges = [ScopeRange(0, "", "", -1, 0, len(cells))]
    for path, parent, start, stop in zip(paths, parents, starts, stops, strict=True):
        ranges.append(ScopeRange(len(ranges), path, labels.get(path, ""), parent, start, stop))
    return ScopeTree(ranges), np.minimum(trace.scope_of[cells].astype(np.int64), loss)


def _names(
    program: ModelProgram, tokens: tuple[int, ...], tokenizer: Tokenizer, node_of: Ints
) -> dict[int, str]:
    """Names of the nodes after the parameters; a probability's is the target's."""
    targets = {
        int(cell): f"p{position}({tokenizer.label(tokens[position + 1])})"
        for position, cell in enumerate(program.target_probs[: len(tokens) - 1])
    }
    return {
        int(node_of[cell]): targets.get(cell, name)
        for cell, name in zip(
            program.trace.named.tolist(), program.trace.names.tolist(), strict=True
        )
        if node_of[cell]
    }


@lru_cache(maxsize=4)
def _parameters(
    config: ModelConfig, tokenizer: Tokenizer
) -> tuple[list[str], list[ParameterBinding]]:
    """Name and binding of every parameter, in the order of `Parameters.flat`."""
    zeros = [0.0] * sum(r * c for r, c in config.shapes(tokenizer.vocab_size).values())
    leaves = Parameters(config, tokenizer, zeros).flat
    bindings = [leaf._detail for leaf in leaves if isinstance(leaf._detail, ParameterBinding)]
    return [leaf.name for leaf in leaves], bindings
