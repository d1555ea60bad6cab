"""GraphML, Model Explorer's JSON, Mermaid and DOT: read back by others, and equal to the graph."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
from typing import Any

import networkx as nx
import pytest

from microgpt import Graph, InputError, Value
from microgpt.printable import printable
from tests.viz.computations import frozen, small_snapshot, square_graph
from tests.viz.page.hostile import LABELS, hostile_graph
from viz.attention_panels import AttentionPattern
from viz.boxes import Folding
from viz.drawn import Drawn
from viz.drawn_attention import drawn_attention
from viz.drawn_graph import drawn_view
from viz.formats import FORMATS, Format, format_named
from viz.formats import mermaid as mermaid_module
from viz.formats import model_explorer as explorer_module
from viz.maps.drawn import drawn_map
from viz.maps.lenses import look
from viz.maps.step_map import StepMap
from viz.render import render
from viz.view import folded, scalars

PATTERN = AttentionPattern(("BOS", "a"), [[[[1.0], [0.25, 0.75]], [[1.0], [0.5, 0.5]]]])


def written(drawn: Drawn, suffix: str) -> bytes:
    row = format_named(f"a{suffix}")
    assert row is not None
    return row.content(drawn)


def graphml_of(drawn: Drawn) -> Any:
    return nx.read_graphml(io.BytesIO(written(drawn, ".graphml")), force_multigraph=True)


# -- GraphML ---------------------------------------------------------------------------------------


def test_networkx_reads_every_number_of_a_view(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    view = folded(folding, folding.scope("pos2/layer0/attn/head0/softmax"))
    read = graphml_of(drawn_view(view, "“emma”"))
    assert list(read.nodes) == [box.key for box in view.boxes]
    for box in view.boxes:
        about = read.nodes[box.key]
        if box.kind == "node":
            assert about["op"] == emma_graph.op(box.node)
            assert about["data"] == float(emma_graph.data[box.node])  # to the last bit
            assert about["grad"] == float(emma_graph.grad[box.node])
    assert sorted(
        (source, target, about["count"], about["magnitude"], about["net"])
        for source, target, about in read.edges(data=True)
    ) == sorted((b.source, b.target, b.count, b.magnitude, b.net) for b in view.bundles)


def test_parallel_edges_and_numbers_that_are_none() -> None:
    read = graphml_of(drawn_view(scalars(square_graph(), range(2), "y")))
    assert [about["slot"] for *_, about in read.edges(data=True)] == [0, 1]
    x = Value(float("inf"), name="x")
    y = x * float("nan")
    read = graphml_of(drawn_view(scalars(frozen(y), range(3), "y")))
    found = [about["data"] for _, about in read.nodes(data=True)]
    assert math.inf in found
    assert sum(map(math.isnan, found)) == 2


def test_a_maps_cells_and_what_flows_between_them(emma_graph: Graph) -> None:
    step_map = StepMap.of(emma_graph)
    read = graphml_of(drawn_map(look(step_map), "“emma”"))
    assert len(read) == step_map.n_cells
    for cell in range(step_map.n_cells):
        about = read.nodes[str(cell)]
        assert about["grad_norm"] == float(step_map.grad_norm[cell])
        assert about["column"] == int(step_map.grid.column_of[cell])
        assert about["row"] == step_map.rows[int(step_map.grid.row_of[cell])].name
    crossing = step_map.crossing
    assert sum(about["count"] for *_, about in read.edges(data=True)) == len(crossing)
    expected: dict[tuple[str, str], float] = {}
    cell_of = step_map.grid.cell_of
    for edge in crossing.tolist():
        ends = (
            str(cell_of[emma_graph.operands[edge]]),
            str(cell_of[emma_graph.edge_consumers[edge]]),
        )
        expected[ends] = expected.get(ends, 0.0) + float(emma_graph.contributions[edge])
    assert {(s, t): about["net"] for s, t, about in read.edges(data=True)} == expected


def test_attention_is_a_network_of_positions() -> None:
    read = graphml_of(drawn_attention(PATTERN))
    assert [about["label"] for _, about in read.nodes(data=True)] == ["0 BOS", "1 a"]
    weights = {(s, t, a["head"]): a["weight"] for s, t, a in read.edges(data=True)}
    assert weights[("0", "1", 0)] == 0.25
    assert weights[("1", "1", 1)] == 0.5
    assert len(weights) == 6


# -- Model Explorer --------------------------------------------------------------------------------

# Its published classes (`graph_builder.py`): the fields of each, which of them must be there.
NODE = {
    "id": str, "label": str, "namespace": str, "subgraphIds": list, "attrs": list,
    "incomingEdges": list, "outputsMetadata": list, "inputsMetadata": list, "style": dict,
    "config": dict,
}  # fmt: skip
SCHEMA: dict[str, tuple[dict[str, type], set[str]]] = {
    "GraphCollection": ({"label": str, "graphs": list, "graphSorting": str}, {"label", "graphs"}),
    "Graph": (
        {"id": str, "nodes": list, "groupNodeAttributes": dict, "groupNodeConfigs": list,
         "nodeLabelsToHide": list, "tasksData": dict, "layoutConfigs": dict},
        {"id", "nodes"},
    ),
    "GraphNode": (NODE, {"id", "label", "namespace"}),
    "IncomingEdge": (
        {"sourceNodeId": str, "sourceNodeOutputId": str, "targetNodeInputId": str},
        {"sourceNodeId"},
    ),
    "KeyValue": ({"key": str, "value": str}, {"key", "value"}),
    "MetadataItem": ({"id": str, "attrs": list}, {"id"}),
}  # fmt: skip


def check(kind: str, found: dict[str, Any]) -> None:
    fields, needed = SCHEMA[kind]
    assert found.keys() <= fields.keys(), (kind, found.keys())
    assert needed <= found.keys(), kind
    for name, value in found.items():
        assert type(value) is fields[name], (kind, name, value)


def explored(drawn: Drawn) -> list[dict[str, Any]]:
    """The nodes, all that they hold checked against the schema."""
    collection = json.loads(written(drawn, ".explorer.json"))
    check("GraphCollection", collection)
    (graph,) = collection["graphs"]
    check("Graph", graph)
    ids = {node["id"] for node in graph["nodes"]}
    assert len(ids) == len(graph["nodes"])
    for node in graph["nodes"]:
        check("GraphNode", node)
        for each in node["attrs"]:
            check("KeyValue", each)
        for edge in node.get("incomingEdges", []):
            check("IncomingEdge", edge)
            assert edge["sourceNodeId"] in ids
        for item in node.get("inputsMetadata", []):
            check("MetadataItem", item)
            for each in item["attrs"]:
                check("KeyValue", each)
    nodes: list[dict[str, Any]] = graph["nodes"]
    return nodes


def test_model_explorer_gets_each_scalar_under_its_scope(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    focus = folding.scope("pos1/layer0/attn/head2")
    nodes = explored(drawn_view(folded(folding, focus)))
    assert [int(node["id"]) for node in nodes] == focus.ids.tolist()
    inside = set(focus.ids.tolist())
    for node in nodes:
        number = int(node["id"])
        assert node["namespace"] == emma_graph.scope(number)
        about = {each["key"]: each["value"] for each in node["attrs"]}
        assert float(about["data"]) == float(emma_graph.data[number])
        assert float(about["grad"]) == float(emma_graph.grad[number])
        operands = [e for e in emma_graph.operands_of(number) if e.operand in inside]
        edges = node.get("incomingEdges", [])
        assert [int(edge["sourceNodeId"]) for edge in edges] == [e.operand for e in operands]
        told = [float(item["attrs"][0]["value"]) for item in node.get("inputsMetadata", [])]
        assert told == [e.local for e in operands]


def test_parameters_lie_under_their_matrix() -> None:
    graph = small_snapshot().graph("an")
    nodes = explored(drawn_view(folded(Folding(graph))))
    assert len(nodes) == len(graph)
    node = next(each for each in nodes if each["label"].startswith("layer0.attn_wq[1][2]"))
    assert node["namespace"] == "parameters/layer0.attn_wq"
    labels = {each["label"] for each in nodes if each["namespace"] == "pos1/layer0/attn/q"}
    assert "q[1] term 2" in {label.removeprefix("attn/") for label in labels}


def test_maps_and_attention_in_model_explorer(emma_graph: Graph) -> None:
    cells = explored(drawn_map(look(StepMap.of(emma_graph))))
    assert {node["namespace"] for node in cells} >= {"", "0 BOS → e"}
    assert len(explored(drawn_attention(PATTERN))) == 2


def test_too_many_for_it(emma_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_module, "MOST_NODES", 40_000)
    with pytest.raises(InputError, match=r"42,921 nodes are too many for Model Explorer.*--scope"):
        written(drawn_view(folded(Folding(emma_graph))), ".explorer.json")


# -- Mermaid ---------------------------------------------------------------------------------------


def test_a_square_in_mermaid() -> None:
    drawn = drawn_view(scalars(square_graph(), range(2), "y"), "x = 3")
    assert written(drawn, ".mmd").decode() == (
        '---\ntitle: "y, x = 3"\n---\nflowchart LR\n  n0["x"]\n  n1["y"]\n'
        '  n0 -->|"3"| n1\n  n0 -->|"3"| n1\n'
    )


def test_a_maps_columns_are_frames_in_mermaid(
    emma_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = written(drawn_map(look(StepMap.of(emma_graph))), ".mmd").decode()
    assert text.count("subgraph ") == text.count("\n  end\n") == 5
    assert '["0 BOS → e"]' in text


def test_too_much_for_mermaid(emma_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    view = folded(Folding(emma_graph))
    monkeypatch.setattr(mermaid_module, "MOST_EDGES", 34)
    drawn = dataclasses.replace(drawn_view(view), smaller=lambda: "--depth 1 has 10 and 35")
    with pytest.raises(
        InputError, match=r"^35 edges .* too many for Mermaid, .* 34 .*; --depth 1 has 10 and 35$"
    ):
        written(drawn, ".mmd")


# -- odd labels ------------------------------------------------------------------------------------


def hostile_drawn() -> list[Drawn]:
    graph = hostile_graph()
    whole = scalars(graph, range(len(graph)), LABELS[0])
    tokens = AttentionPattern(LABELS[:2], PATTERN.weights)
    return [
        drawn_view(whole, LABELS[1]),
        drawn_map(look(StepMap.of(graph)), LABELS[2]),
        drawn_attention(tokens, LABELS[3]),
    ]


@pytest.mark.parametrize("which", range(3))
def test_odd_labels_stay_labels(which: int) -> None:
    drawn = hostile_drawn()[which]
    names = {printable(label) for label in LABELS}
    read = graphml_of(drawn)
    shown = " ".join(about["label"] for _, about in read.nodes(data=True))
    explorer = " ".join(node["label"] for node in explored(drawn))
    if which != 1:  # a Map shows scopes and numbers
        assert sum(name in shown for name in names) >= 2
        assert sum(name in explorer for name in names) >= 2
    text = written(drawn, ".mmd").decode()
    for line in text.splitlines()[4:]:
        assert re.fullmatch(
            r'  (  )?n\d+\["[^"<>`]*"\]|  n\d+ -->(\|"[^"<>`]*"\|)? n\d+|  end'
            r'|  subgraph s\d+ \["[^"<>`]*"\]',
            line,
        ), line
    assert render(written(drawn, ".dot").decode()).count("<script") == 0


@pytest.mark.parametrize(
    ("which", "row"),
    [
        pytest.param(
            which, row, id=f"{row.suffix} {which}",
            marks=[pytest.mark.slow] if row.suffix == ".png" else [],
        )
        for which in range(3)
        for row in FORMATS
    ],
)  # fmt: skip
def test_the_same_bytes_again(which: int, row: Format) -> None:
    first, again = hostile_drawn()[which], hostile_drawn()[which]
    if row.holds(first.kind):
        assert row.content(first) == row.content(again)
