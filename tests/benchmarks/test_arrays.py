"""How long a pass over numpy arrays takes to be a Graph of its elements, near the most edges."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt.attach import ScriptProcess, Stop
from microgpt.attach.tensor_edges import MAX_EDGES
from tests.benchmarks.tables import report

LONGEST = 30
"""Units: seconds."""
CLASS = Path(__file__).parents[1] / "attach" / "programs" / "arrays" / "closures.py"
SCRIPTS = {
    "a matrix product": """
x, w = Tensor(rng.normal(size=(95, 100))), Tensor(rng.normal(size=(100, 100)))
loss = ((x @ w).tanh()).mean()
""",
    "elementwise": """
x, w = Tensor(rng.normal(size=(500, 500))), Tensor(rng.normal(size=(500, 500)))
loss = ((x * w + x).tanh().relu()).mean()
""",
    "many ops": """
x = Tensor(rng.normal(size=(8, 20)))
for _ in range(150):
    w = Tensor(rng.normal(size=(20, 20)) / 5)
    b = Tensor(rng.normal(size=20))
    x = (x @ w + b).tanh()
loss = x.mean()
""",
}


def test_two_million_edges_in_half_a_minute(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    head = CLASS.read_text(encoding="utf-8").partition("rng = ")[0]
    rows = []

    def measure() -> None:
        for name, lines in SCRIPTS.items():
            script = tmp_path / "arrays.py"
            text = f"{head}rng = np.random.default_rng(1)\n{lines}loss.backward()\n"
            script.write_text(text, encoding="utf-8")
            start = perf_counter()
            with ScriptProcess(script) as process:
                stop = process.next_stop(4 * LONGEST)
                seconds = perf_counter() - start
            assert isinstance(stop, Stop)
            assert stop.graph is not None
            assert stop.graph.backpropagated, stop.graph.why_no_events
            assert stop.graph.ledger is None
            rows.append([name, f"{stop.graph.n_edges:,}", f"{seconds:.1f} s"])
            assert seconds < LONGEST
            assert stop.graph.n_edges > MAX_EDGES / 20

    benchmark.pedantic(measure, rounds=1)
    report(benchmark, "arrays", ["pass", "edges", "from start to stop"], rows)
