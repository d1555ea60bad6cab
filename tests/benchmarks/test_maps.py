"""How long a Map takes from its Graph: of the model's own step, and of other people's programs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import Graph, ModelSnapshot, Training, Value, recording
from microgpt.text.corpus import Corpus
from tests.viz.maps.gpt_programs import (
    Size,
    flat_gpt,
    gpt_all_positions,
    gpt_by_position,
    gpt_of_classes,
)
from viz.maps.step_map import StepMap

ROUNDS = 9
SIZE = Size(tuple(position % 3 for position in range(33)), n_layer=6)


def best(graph: Graph, rounds: int) -> float:
    """The shortest of some times of this process, whatever else runs. Units: seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        StepMap.of(graph)
        times.append(time.process_time() - start)
    return min(times)


def test_the_map_of_a_step(names: Corpus, benchmark: BenchmarkFixture) -> None:
    """Its rows are scopes, so nothing has to be looked for node by node."""
    graph = ModelSnapshot.of(Training(names)).graph("emma")
    assert best(graph, ROUNDS) < 0.005
    benchmark.pedantic(StepMap.of, (graph,), rounds=ROUNDS)


@pytest.mark.parametrize("program", [flat_gpt, gpt_by_position, gpt_all_positions, gpt_of_classes])
def test_the_map_of_a_program(
    program: Callable[[Size], Value], benchmark: BenchmarkFixture
) -> None:
    """Of about 100,000 nodes, in code that names no part of itself."""
    with recording():
        loss = program(SIZE)
    loss.backward()
    graph = Graph.from_value(loss)
    assert len(graph) > 90_000
    assert best(graph, 3) < 1.0
    benchmark.pedantic(StepMap.of, (graph,), rounds=3)
