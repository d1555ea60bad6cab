"""The `Graph` of a document, as `Graph.from_value` makes it of `Value`s, from whole arrays."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import op_code
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeTree
from microgpt.model.parameters import ModelConfig
from microgpt.replay.vectors import passes
from microgpt.replay.vectors.blueprint import Blueprint
from microgpt.replay.vectors.layout import NO_OPERAND, Largest, NodeLayout
from microgpt.replay.vectors.source_lines import Lines, lines_of_kinds
from microgpt.text.tokenizer import Tokenizer


def vector_graph(
    config: ModelConfig, tokenizer: Tokenizer, data: array[float], tokens: Sequence[int]
) -> Graph | None:
    """The graph of a document and its gradients.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        tokens: as many as are read, and one.

    Returns:
        None if the loss is not finite, or the model is not what is laid out here.
    """
    lines = lines_of_kinds()
    if lines is None:
        return None
    labels = [tokenizer.label(token) for token in range(tokenizer.vocab_size)]
    plan = Blueprint(config, tokens, labels)
    layout, root, n_read = plan.layout, plan.root, len(plan.read)
    with np.errstate(all="ignore"):  # what is not finite is looked for
        numbers = passes.forward(layout, np.frombuffer(data)[plan.read])
        if not math.isfinite(numbers[root]):
            return None
        locals_ = passes.local_grads(layout, numbers)
        order = passes.visits(layout, root)
        grad = passes.backward(layout, root, locals_, order)
    has_edge = layout.operands != NO_OPERAND
    op_codes = layout.op_codes.copy()
    op_codes[:n_read] = op_code("param")
    source_lines, line_of = _line_of(layout, lines, n_read)
    names, bindings = _parameters(config, tokenizer)
    read = plan.read.tolist()
    maxima = {step.node: tuple(step.inputs.tolist()) for _, step in layout.steps
              if isinstance(step, Largest)}  # fmt: skip
    inner_names = layout.names | {node: f"-max of {len(inputs)}" for node, inputs in maxima.items()}
    return Graph(
        op_codes=op_codes,
        immediate=np.where(op_codes == op_code("pow"), layout.numbers, np.nan),
        data=numbers,
        grad=grad,
        grad_before=np.zeros(layout.size),
        operand_start=np.concatenate(([0], np.cumsum(has_edge.sum(axis=1)))),
        operands=layout.operands[has_edge],
        local_grads=locals_[has_edge],
        visit_order=order,
        scopes=ScopeTree(layout.scopes),
        scope_of=layout.scope_of.copy(),
        source_lines=source_lines,
        line_of=line_of,
        names=MappingProxyType(
            {node: names[place] for node, place in enumerate(read)}
            | dict(sorted(inner_names.items()))
        ),
        bindings=MappingProxyType(
            {node: bindings[place] for node, place in enumerate(read)} | maxima
        ),
        root=root,
        backpropagated=True,
    )


def _line_of(
    layout: NodeLayout, lines: Lines, n_read: int
) -> tuple[tuple[tuple[str, int], ...], Ints]:
    """All lines, in the order in which they first make a node, and the place of each node's."""
    all_lines = list(dict.fromkeys(lines[kind] for kind in layout.kinds))
    line_of = np.full(layout.size, -1)
    of_kind = np.array([all_lines.index(lines[kind]) for kind in layout.kinds])
    line_of[n_read:] = of_kind[layout.kind_of[n_read:]]
    return tuple(all_lines), line_of


@lru_cache(maxsize=4)
def _parameters(
    config: ModelConfig, tokenizer: Tokenizer
) -> tuple[list[str], list[ParameterBinding]]:
    """Name and binding of every parameter, in the order of `Parameters.flat`."""
    labels = [tokenizer.label(token) for token in range(tokenizer.vocab_size)]
    bindings = [
        ParameterBinding(name, row, col, labels[row] if name == "wte" else "")
        for name, (rows, cols) in config.shapes(tokenizer.vocab_size).items()
        for row in range(rows)
        for col in range(cols)
    ]
    return [binding.name for binding in bindings], bindings
