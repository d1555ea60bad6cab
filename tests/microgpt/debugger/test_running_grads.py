"""Gradients kept up to date while someone moves: those of the real pass, whatever the way there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Value
from microgpt.debugger import running_grads
from microgpt.debugger.running_grads import RunningGrads
from microgpt.errors import GraphError
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from tests.microgpt.graph.random_dags import Dag, dags


def bits(grads: Floats) -> bytes:
    """Of every float, but that there is only one nan."""
    return np.where(np.isnan(grads), np.nan, grads).tobytes()


@given(
    dag=dags,
    ways=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    before=st.sampled_from([0.0, 0.25]),
    near=st.sampled_from([0, 2, running_grads.NEAR]),
    kept=st.sampled_from([1, 3, running_grads.KEPT]),
)
def test_any_way_through_the_events_gives_the_floats_of_the_pass(
    dag: Dag, ways: list[float], before: float, near: int, kept: int
) -> None:
    for node in dag.nodes:
        node.grad = before
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    grads = RunningGrads(graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_grads, "NEAR", near)
        patch.setattr(running_grads, "KEPT", kept)
        for way in ways:
            event = round(way * (graph.n_events - 1))
            assert bits(grads.at(event)) == bits(graph.grads_at(event))


def test_leaps_and_steps_through_emma(emma_graph: Graph) -> None:
    grads = RunningGrads(emma_graph)
    last = emma_graph.n_events - 1
    for event in (last, last - 1, 0, 1, 2, last // 2, last // 2 - 900, last // 2 + 900, last, 0):
        assert bits(grads.at(event)) == bits(emma_graph.grads_at(event))
    assert bits(grads.at(last)) == bits(emma_graph.grad)


@pytest.mark.parametrize("event", [-1, 3])
def test_an_event_that_is_not_there_is_refused_and_changes_nothing(event: int) -> None:
    x = Value(3.0)
    loss = x * x + x
    loss.backward()
    grads = RunningGrads(Graph.from_value(loss))
    assert grads.at(2).tolist() == [7.0, 1.0, 1.0]
    with pytest.raises(GraphError, match="events 0 to 2"):
        grads.at(event)
    assert grads.at(1).tolist() == [1.0, 1.0, 1.0]
