"""Where numba cannot be imported, programs run uncompiled: slow, but right."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["numba"] = None  # importing it fails
import math, warnings
warnings.simplefilter("error")
from microgpt import DomainError, EngineUnavailableError, Graph, ModelConfig, ModelSnapshot
from microgpt import Training, Value, load_corpus
from microgpt.replay import loops
from microgpt.replay.document_graph import document_graph
from microgpt.replay.model_program import ModelProgram, Replay
from microgpt.replay.graph_program import GraphProgram
from microgpt.replay.trace import Trace
from tests.microgpt.replay.same import assert_same

assert not loops.IS_COMPILED
config = ModelConfig(n_embd=2, n_head=1, block_size=3)
model = ModelSnapshot.of(Training(load_corpus("names"), config))
graph = model.trace("al")
assert_same(GraphProgram.of(graph).run().graph(), graph)
leaf, inner = graph.find("layer0.attn_wq[1][0]"), graph.find("p1(l)")
run = GraphProgram.of(graph).run({leaf: 0.5, inner: 0.25})
assert run.root != graph.data[graph.root] and run.grad[inner] != 0

replay = Replay(ModelProgram(Trace.of(config, 27, 3), config, 27))
replay.forward(model.data, model.tokenizer.encode("al"))
replay.backward()
assert_same(document_graph(replay, config, model.tokenizer), graph)

x = Value(2.0)
graph = Graph.from_value((x - x).exp() + x.relu() + (x * x + 1).log() * x**0.5)
for number, error in ((math.inf, ""), (math.nan, ""), (-1.0, "pow(-1.0, 0.5)"), (0.0, "pow(0.0")):
    try:
        GraphProgram.of(graph).run({0: number})
    except DomainError as caught:
        assert error and str(caught).startswith(error), caught
    else:
        assert not error
try:
    GraphProgram.of(Graph.from_value(Value(1.0).exp())).run({0: 1000.0})
except DomainError as caught:
    assert str(caught).startswith("exp(1000.0) has no finite real value")
else:
    raise AssertionError

try:
    Training(load_corpus("names"), engine="replay")
except EngineUnavailableError as error:
    assert "the replay engine needs numba" in str(error)
else:
    raise AssertionError
"""


def test_programs_run_uncompiled() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
