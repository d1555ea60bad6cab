"""How long naming a node by its place takes in a graph of a million nodes."""

from __future__ import annotations

import random
import time

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import ModelSnapshot, Training, Value, load_corpus, scope
from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_name
from tests.benchmarks.million_nodes import DOCUMENT, MODEL
from tests.benchmarks.tables import report

FIRST_WITHIN, EACH_WITHIN = 0.3, 0.001
"""Units: seconds."""
NAMED = 2_000


def one_scope_of_a_million() -> Graph:
    """What takes the longest at first: nothing divides it, and ten outputs share one long sum."""
    x = [Value(float(k)) for k in range(10)]
    with scope("one"):
        total = x[0] * x[1]
        for k in range(500_000):
            total = total + x[k % 10] * x[(k + 3) % 10]
        outputs = [total * one for one in x]
    return Graph.from_value(sum(outputs[1:], outputs[0]))


def timed(graph: Graph, nodes: list[int]) -> list[float]:
    """How long each name takes, one after the other."""
    spent = []
    for node in nodes:
        started = time.perf_counter()
        place_name(graph, node)
        spent.append(time.perf_counter() - started)
    return spent


def test_names_of_a_million_nodes(benchmark: BenchmarkFixture) -> None:
    model = ModelSnapshot.of(Training(load_corpus("names"), MODEL, engine="value"))
    rows = []
    for title, graph in (
        ("the model", model.trace(DOCUMENT)),
        ("one scope", one_scope_of_a_million()),
    ):
        assert len(graph) > 1_000_000
        graph.edges_out_of(graph.root)  # as whoever opens a graph has done
        nodes = random.Random(5).sample(range(len(graph)), NAMED)
        first = timed(graph, nodes[:1])[0]
        timed(graph, nodes)  # into every scope
        each = sorted(timed(graph, nodes))
        times = (first, sum(each) / NAMED, each[NAMED * 99 // 100])
        rows.append((title, f"{len(graph):,}", *(f"{1000 * t:.3g} ms" for t in times)))
        assert first < FIRST_WITHIN
        assert each[NAMED * 99 // 100] < EACH_WITHIN
    header = ("graph", "nodes", "first name", "mean of others", "99 % within")
    benchmark.pedantic(timed, (graph, nodes), rounds=3)
    report(benchmark, "names by place", header, rows)
