"""On which line of the model each kind of node is made, from a trace of a very small model.

The same trace shows whether the model still is what `blueprint.py` lays out: someone may change
the model, or an op.
"""

from __future__ import annotations

import operator
import threading

import numpy as np

from microgpt.autograd.ops import OPS, op_code
from microgpt.autograd.recording import recording
from microgpt.autograd.value import Value
from microgpt.graph.graph import Graph
from microgpt.model import transformer
from microgpt.model.parameters import ModelConfig, Parameters
from microgpt.replay.vectors.blueprint import Blueprint
from microgpt.replay.vectors.layout import NO_OPERAND
from microgpt.text.tokenizer import Tokenizer

SMALLEST = ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=2)
"""It has every kind of node: heads of two numbers, and sums of two sources."""
TOKENS = (1, 0, 1)

Lines = dict[tuple[str, str, int], tuple[str, int]]
"""File and line of each kind of node."""


_lock = threading.Lock()
_known: list[tuple[list[object], Lines | None]] = []
"""The lines, and what they were looked up for."""


def lines_of_kinds() -> Lines | None:
    """The lines, None if the model is not what is laid out; looked up again if it was changed."""
    parts = [*vars(Value).values(), *vars(transformer).values(), *OPS.values()]
    with _lock:
        if not _known or not _are_the_same(_known[0][0], parts):
            _known[:] = [(parts, _looked_up())]
        return _known[0][1]


def _are_the_same(some: list[object], others: list[object]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


def _looked_up() -> Lines | None:
    tokenizer = Tokenizer("a")
    zeros = [0.0] * sum(r * c for r, c in SMALLEST.shapes(tokenizer.vocab_size).values())
    parameters = Parameters(SMALLEST, tokenizer, zeros)
    with recording(calls_in_scopes=False):
        loss = transformer.forward(TOKENS, parameters, SMALLEST, tokenizer).loss
    return _lines(loss, tokenizer)


def _lines(loss: Value, tokenizer: Tokenizer) -> Lines | None:
    graph = Graph.from_value(loss)
    labels = [tokenizer.label(token) for token in range(tokenizer.vocab_size)]
    plan = Blueprint(SMALLEST, TOKENS, labels)
    layout, n_read = plan.layout, len(plan.read)
    paths = [(s.path, s.label, s.start, s.stop) for s in graph.scopes]
    if len(layout.op_codes) != len(graph) or paths != [
        (s.path, s.label, s.start, s.stop) for s in layout.scopes
    ]:
        return None
    numbers = layout.numbers[n_read:]
    recorded = np.where(graph.op_codes == op_code("const"), graph.data, graph.immediate)
    if not (
        (layout.op_codes[n_read:] == graph.op_codes[n_read:]).all()
        and (layout.operands[layout.operands != NO_OPERAND] == graph.operands).all()
        and (
            (numbers == recorded[n_read:]) | (np.isnan(numbers) & np.isnan(recorded[n_read:]))
        ).all()
    ):
        return None
    names = {kind: name for name, kind in layout.kinds.items()}
    lines: Lines = {}
    for kind, line in zip(
        layout.kind_of[n_read:].tolist(), graph.line_of[n_read:].tolist(), strict=True
    ):
        if lines.setdefault(names[kind], graph.source_lines[line]) != graph.source_lines[line]:
            return None
    return lines
