"""Recorded passes come back as they were, and a file that is damaged or made up is refused."""

from __future__ import annotations

import hashlib
import json
import linecache
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph, RunFileError, Value, recording, scope
from microgpt.attach import ScriptProcess
from microgpt.debugger import DebugSession
from microgpt.debugger.verbs.updates import updates
from microgpt.graph.debuggee import Ended, LeafUpdate, LeafWrite, Stop, Updates
from microgpt.script_runs.graph_columns import FlatGraph
from microgpt.script_runs.pass_file import DIGEST, MAGIC, PassWriter, is_pass_file
from microgpt.script_runs.recorded_script import RecordedScript, record
from microgpt.script_runs.update_columns import FlatUpdates
from tests.microgpt.graph.random_dags import Dag, dags

PLENTY = 10**9
EXAMPLES = Path(__file__).parents[3] / "examples"


class Played:
    """A debuggee that gives what it was given."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self._stops: Iterator[Stop] = iter(
            [
                Stop("backward", number, float(graph.data[graph.root]), graph, "net.py", 7)
                for number, graph in enumerate(graphs, 1)
            ]
        )

    def run_on(self, count: int = 1) -> Stop | Ended:
        del count
        return next(self._stops, Ended(0, "exit status 0", 0))


def recorded(path: Path, graphs: Sequence[Graph], most: int = PLENTY) -> str:
    writer = PassWriter(path, "net.py", ["--lr", "0.1"])
    try:
        return record(Played(graphs), writer, most).ended
    finally:
        writer.close()


def read(path: Path) -> list[Stop]:
    with RecordedScript(path) as script:
        stops = []
        while isinstance(stop := script.run_on(), Stop):
            stops.append(stop)
        return stops


def small_graph(x: float = 1.5) -> Graph:
    with recording(), scope("net"):
        loss = (Value(x, name="x") * 2.0).exp() + 1.0
    loss.backward()
    return Graph.from_value(loss)


def assert_same(a: Graph, b: Graph) -> None:
    """All that a graph says of itself is equal, to the bit."""
    mine, other = FlatGraph.of(a), FlatGraph.of(b)
    assert mine.columns.keys() == other.columns.keys()
    for name, column in mine.columns.items():
        assert column.dtype == other.columns[name].dtype
        assert column.tobytes() == other.columns[name].tobytes(), name
    for name, told in mine.about.items():
        if name not in {"source_lines", "unused_lines", "scopes"}:
            assert told == other.about[name], name
    assert list(a.scopes) == list(b.scopes)
    assert [line for _, line in a.source_lines] == [line for _, line in b.source_lines]


@given(dag=dags)
def test_any_graph_comes_back(dag: Dag) -> None:
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    assert_same(FlatGraph.of(graph).graph({}), graph)


def test_passes_come_back_in_order(tmp_path: Path) -> None:
    graphs = [small_graph(x) for x in (1.0, 2.0, 3.0)]
    assert recorded(tmp_path / "a.run", graphs) == "exit status 0"
    stops = read(tmp_path / "a.run")
    assert [stop.number for stop in stops] == [1, 2, 3]
    for stop, graph in zip(stops, graphs, strict=True):
        assert stop.graph is not None
        assert stop.loss == graph.data[graph.root]
        assert_same(stop.graph, graph)
    with RecordedScript(tmp_path / "a.run", only=2) as script:
        found = script.run_on()
        assert isinstance(found, Stop)
        assert found.number == 2
        assert isinstance(end := script.run_on(), Ended)
        assert end.reason == "the recording ends with pass 3"


def test_a_wrong_pass_keeps_its_ledger(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    with ScriptProcess(EXAMPLES / "wrong_arrays.py") as script:
        stop = script.run_on()
        assert isinstance(stop, Stop)
        assert stop.graph is not None
        assert stop.graph.ledger is not None
        recorded(path, [stop.graph])
    (again,) = read(path)
    assert again.graph is not None
    for event in range(stop.graph.n_events):
        mine, other = stop.graph.event(event), again.graph.event(event)
        assert [(c.node, c.old, c.new, c.kind) for c in mine.changes] == [
            (c.node, c.old, c.new, c.kind) for c in other.changes
        ]


def test_what_was_done_between_two_passes_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    with ScriptProcess(EXAMPLES / "wrong_relu.py") as script:
        seen = [script.run_on(), script.run_on()]
    writer = PassWriter(path, "wrong_relu.py", [])
    assert all(writer.add(stop, PLENTY) for stop in seen)
    writer.close()
    first, second = read(path)
    assert first.updates is None
    mine = seen[1].updates
    assert mine.leaves
    assert mine.writes

    def plain(told: Updates) -> object:
        """Without files, which a recording calls by other names."""

        def line(at: tuple[str, int] | None) -> int | None:
            return at and at[1]

        rows = [
            replace(row, line=line(row.line), grad_line=line(row.grad_line), made=line(row.made))
            for row in (*told.leaves, *told.others)
        ]  # fmt: skip
        writes = [write._replace(line=line(write.line)) for write in told.writes]
        return rows, writes, told.since, told.rebound, told.n_shared, len(told.leaves)

    assert plain(second.updates) == plain(mine)
    session = DebugSession.at(second, Played([]))
    live = DebugSession.at(seen[1], Played([]))
    told = [updates(each).lines() for each in (session, live)]
    assert [line.split(" at ")[0] for line in told[0]] == [
        line.split(" at ")[0] for line in told[1]
    ]
    leaf = next(leaf for leaf in second.updates.leaves if leaf.line)
    assert linecache.getline(*leaf.line) == linecache.getline(
        *next(each.line for each in mine.leaves if each.name == leaf.name)
    )


NONSENSE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@st.composite
def some_updates(draw: st.DrawFn) -> Updates:
    lines = st.none() | st.tuples(st.sampled_from(["a.py", "b.py"]), st.integers(1, 9))
    numbers, names = st.floats(), st.sampled_from(["", "w[0]", "b"])
    rows = st.builds(
        LeafUpdate, st.none() | st.integers(0, 4), names, numbers, numbers, numbers, numbers,
        lines, lines, st.sampled_from(["", "requires_grad=False"]), lines,
    )  # fmt: skip
    leaves, others = draw(st.lists(rows, max_size=4)), draw(st.lists(rows, max_size=2))
    n = len(leaves) + len(others)
    writes = st.builds(
        LeafWrite, st.integers(0, max(0, n - 1)), st.booleans(), numbers,
        lines.filter(lambda line: line is not None),
    )  # fmt: skip
    return Updates(
        draw(st.integers(1, 9)), tuple(leaves), tuple(draw(st.lists(names, max_size=2))),
        draw(st.integers(0, 3)), tuple(draw(st.lists(writes, max_size=4 * bool(n)))), tuple(others),
    )  # fmt: skip


@given(some_updates())
def test_any_updates_come_back(moved: Updates) -> None:
    flat = FlatUpdates.of(moved)
    again = FlatUpdates(flat.columns, json.loads(json.dumps(flat.about))).updates({}, 5)
    assert repr(again) == repr(moved), "repr, since nan is no nan"


@given(some_updates(), st.data())
def test_made_up_updates_are_refused_or_are_some(moved: Updates, data: st.DataObject) -> None:
    flat = FlatUpdates.of(moved)
    name = data.draw(st.sampled_from([*flat.columns, *flat.about]))
    columns, about = dict(flat.columns), dict(flat.about)
    if name in about:
        about[name] = data.draw(NONSENSE)
    elif data.draw(st.booleans()) or not len(columns[name]):
        columns[name] = np.append(columns[name], columns[name][:1])
    else:
        column = columns[name].copy()
        numbers = st.integers(-(2**63), 2**63 - 1) if column.dtype.kind == "i" else st.floats()
        column[data.draw(st.integers(0, len(column) - 1))] = data.draw(numbers)
        columns[name] = column
    try:
        found = FlatUpdates(columns, about).updates({}, 5)
    except ValueError:
        return
    assert all(leaf.node is None or 0 <= leaf.node < 5 for leaf in found.leaves)
    rows = len(found.leaves) + len(found.others)
    assert all(0 <= write.leaf < rows for write in found.writes)


def test_lines_are_shown_as_they_were(tmp_path: Path) -> None:
    script = tmp_path / "net.py"
    script.write_text("from microgpt import Value\nloss = Value(2.0) * 3.0\nloss.backward()\n")
    with ScriptProcess(script) as running:
        stop = running.run_on()
        assert isinstance(stop, Stop)
        assert stop.graph is not None
        recorded(tmp_path / "a.run", [stop.graph])
    script.write_text("# quite another text\n" * 3)
    (again,) = read(tmp_path / "a.run")
    assert again.graph is not None
    place = again.graph.line(again.graph.root)
    assert place is not None
    import linecache

    assert place[0].endswith("/a.run:net.py")
    assert linecache.getline(*place) == "loss = Value(2.0) * 3.0\n"


def test_what_passes_share_is_stored_once(tmp_path: Path) -> None:
    graphs = [small_graph(), small_graph()]
    recorded(tmp_path / "one.run", graphs[:1])
    recorded(tmp_path / "two.run", graphs)
    one, two = ((tmp_path / name).stat().st_size for name in ("one.run", "two.run"))
    assert two - one < one / 2


def test_a_file_is_no_larger_than_its_budget(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    graphs = [small_graph(x) for x in range(1, 9)]
    recorded(tmp_path / "all.run", graphs)
    most = (tmp_path / "all.run").stat().st_size - 1
    ended = recorded(path, graphs, most)
    assert ended == f"the budget of {most / 1e6:g} MB was used up before pass 8"
    assert path.stat().st_size <= most
    assert [stop.number for stop in read(path)] == list(range(1, 8))


# -- files that are not whole ----------------------------------------------------------------------


def test_of_a_file_cut_anywhere_the_whole_passes_are_there(tmp_path: Path) -> None:
    graphs = [small_graph(x) for x in (1.0, 2.0)]
    recorded(tmp_path / "a.run", graphs)
    whole = (tmp_path / "a.run").read_bytes()
    cut = tmp_path / "cut.run"
    counts = set()
    for size in range(len(MAGIC), len(whole), 23):
        cut.write_bytes(whole[:size])
        stops = read(cut)
        counts.add(len(stops))
        for stop, graph in zip(stops, graphs, strict=False):
            assert stop.graph is not None
            assert_same(stop.graph, graph)
    assert counts == {0, 1}


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    graphs = [small_graph(x) for x in (1.0, 2.0)]
    recorded(tmp_path / "a.run", graphs)
    whole = (tmp_path / "a.run").read_bytes()
    rng, damaged, refused = random.Random(5), tmp_path / "damaged.run", 0
    for _ in range(200):
        changed = bytearray(whole)
        changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        damaged.write_bytes(changed)
        try:
            stops = read(damaged)
        except RunFileError:
            refused += 1
            continue
        for stop, graph in zip(stops, graphs, strict=False):  # a length that is cut is an end
            assert stop.graph is not None
            assert_same(stop.graph, graph)
    assert refused > 150


@given(data=st.data())
def test_made_up_columns_are_refused_or_are_a_graph(data: st.DataObject) -> None:
    flat = FlatGraph.of(small_graph())
    name = data.draw(st.sampled_from(sorted(flat.columns)))
    column = flat.columns[name].copy()
    if data.draw(st.booleans()):
        column = column[: data.draw(st.integers(0, len(column) - 1))]
    else:
        numbers = {"u": st.integers(0, 255), "i": st.integers(-(2**63), 2**63 - 1)}
        drawn = data.draw(numbers.get(column.dtype.kind, st.floats()))
        column[data.draw(st.integers(0, len(column) - 1))] = drawn
    try:
        graph = FlatGraph({**flat.columns, name: column}, flat.about).graph({})
    except ValueError:
        return
    for node in range(len(graph)):
        graph.operands_of(node), graph.consumers_of(node), graph.scope(node), graph.line(node)
        graph.places.of(node)


@given(name=st.sampled_from(sorted(FlatGraph.of(small_graph()).about)), nonsense=NONSENSE)
def test_made_up_texts_are_refused_or_are_a_graph(name: str, nonsense: Any) -> None:
    flat = FlatGraph.of(small_graph())
    try:
        graph = FlatGraph(flat.columns, {**flat.about, name: nonsense}).graph({})
    except ValueError:
        return
    assert len(graph) == len(flat.columns["data"])
    assert isinstance(graph.eps, float)
    assert 2.0**-53 <= graph.eps < 1


@pytest.mark.parametrize("eps", [None, [], "x", "0.5", True, 1, float("nan"), -5.0, 0.0, 1e9])
def test_a_rounding_that_cannot_be_is_refused(eps: Any) -> None:
    flat = FlatGraph.of(small_graph())
    with pytest.raises(ValueError, match="the rounding of its numbers cannot be"):
        FlatGraph(flat.columns, {**flat.about, "eps": eps}).graph({})


@pytest.mark.parametrize(("eps", "is_short"), [(2.0**-52, False), (2.0**-23, True)])
def test_the_rounding_of_short_floats_is_kept(eps: float, is_short: bool) -> None:
    flat = FlatGraph.of(replace(small_graph(), eps=eps))
    graph = FlatGraph(flat.columns, flat.about).graph({})
    assert (graph.eps, graph.has_short_floats) == (eps, is_short)


PASS = (
    b'{"number": 1, "loss": "1.0", "file": "a", "line": 1, "about": "", "columns": {}, "files": {}}'
)


def sealed(packed: bytes) -> bytes:
    """A record of a pass, as it is in a file, with the checksum that belongs to it."""
    digest = hashlib.blake2b(packed, digest_size=DIGEST).digest()
    return b"P" + len(packed).to_bytes(8, "little") + digest + packed


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no recording of a script"),
        (b"microgpt script run 9\n", "of another version"),
        (MAGIC + b"X" + bytes(28), "a record of no known kind"),
        (MAGIC + b"P" + bytes(28), "another checksum"),
        (MAGIC + sealed(b"x"), "cannot be unpacked"),
        (MAGIC + sealed(zlib.compress(b"[")), "is no JSON"),
        (MAGIC + sealed(zlib.compress(b"[1, 2]")), "not whole"),
        (MAGIC + sealed(zlib.compress(PASS.replace(b"{}", b'{"data": []}', 1))), "not whole"),
        (MAGIC + 2 * sealed(zlib.compress(PASS)), "not in order"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.run"
    path.write_bytes(content)
    with pytest.raises(RunFileError, match=why):
        RecordedScript(path)
    assert is_pass_file(path) == content.startswith(b"microgpt script run ")


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    recorded(tmp_path / "a.run", [small_graph()])
    before = (tmp_path / "a.run").read_bytes()
    with pytest.raises(RunFileError, match="is there already"):
        recorded(tmp_path / "a.run", [small_graph(2.0)])
    assert (tmp_path / "a.run").read_bytes() == before


def test_numbers_that_are_none_come_back(tmp_path: Path) -> None:
    loss = Value(float("nan")) * Value(float("inf"))
    loss.backward()
    recorded(tmp_path / "a.run", [Graph.from_value(loss)])
    (stop,) = read(tmp_path / "a.run")
    assert np.isnan(stop.loss)
    assert stop.graph is not None
    assert np.isinf(stop.graph.data[1])
