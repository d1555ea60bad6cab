"""The graph of a computation that an op without a finite result brought to its end.

The op that failed is the root: a node whose data is nan, whose operand says why. Everything made
before is there as well, so that one can walk up to the failure and look around.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from microgpt.autograd.collector import paused_collector
from microgpt.autograd.recording import recording
from microgpt.autograd.value import Value
from microgpt.errors import DomainError
from microgpt.graph.graph import Graph
from microgpt.model.transformer import forward
from microgpt.train.model_snapshot import ModelSnapshot


@dataclass(frozen=True, slots=True)
class Computed:
    """A document's graph, whole or as far as it came."""

    graph: Graph  # of all of it, or of what was made before an op failed
    problem: str = ""  # what the op that failed said, `""` if none did


def compute(model: ModelSnapshot, document: str) -> Computed:
    """The graph of a document, whether or not it can be computed to its end."""
    try:
        return Computed(model.graph(document))
    except DomainError as error:
        if error.node is None:
            raise
    return _until_it_fails(model, document)


def failed_graph(error: DomainError, kept: Iterable[Value] = ()) -> Graph:
    """The graph that ends with the op that failed.

    Args:
        error: what `Value` raised.
        kept: everything made before, as `recording` keeps it; what the op was computed from if
            not given.

    Raises:
        DomainError: the same again, if it is of no op on a Value.
    """
    if not isinstance(error.node, Value):
        raise error
    return Graph.from_value(error.node, also=kept)


def _until_it_fails(model: ModelSnapshot, document: str) -> Computed:
    tokens = model.tokenizer.encode(document)
    kept: list[Value] = []
    with paused_collector():
        parameters = model.parameters()
        try:
            with recording(calls_in_scopes=False, kept=kept):
                forward(tokens, parameters, model.config, model.tokenizer)
        except DomainError as error:
            return Computed(failed_graph(error, kept), str(error))
    raise AssertionError("the computation failed once and not the second time")
