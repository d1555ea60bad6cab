"""`viz.graph` and `viz.attention`: what a notebook gets of them, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import viz
from microgpt import Graph, GraphError, InputError, Value
from tests.viz.computations import square_graph
from viz.drawn_graph import drawn_view
from viz.films.frames import drawing
from viz.page import size
from viz.shown import FRAME_HEIGHT
from viz.view import neighbourhood


def test_a_value_is_shown_scalar_by_scalar() -> None:
    x = Value(3.0, name="x")
    y = x * x
    y.backward()
    shown = viz.graph(y, caption="a square")
    bundle = shown._repr_mimebundle_(include=None, exclude=None)
    assert bundle.keys() == {"image/svg+xml", "text/plain"}
    assert "a square</text>" in bundle["image/svg+xml"]
    assert "data 3.0, grad 6.0" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == str(shown) == "#1: 2 nodes, 2 edges, a square"
    assert repr(shown) == "<a graph: #1: 2 nodes, 2 edges, a square>"


def test_as_html_one_too_large_for_a_page_is_its_picture(
    emma_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked_in = viz.graph(emma_graph).html()
    monkeypatch.setattr(size, "MOST_NODES", len(emma_graph) - 1)
    picture = viz.graph(emma_graph).html()
    assert "<svg" in picture
    assert len(picture) < len(walked_in) / 10


def test_parts_of_a_large_one(emma_graph: Graph) -> None:
    assert "the whole graph" in viz.graph(emma_graph).drawn.title
    assert viz.graph(emma_graph, scope="pos1/layer0").drawn.title == "pos1/layer0"
    weight = "layer0.attn_wq[1][2]"
    around = viz.graph(emma_graph, around=weight, hops=1)
    expected = drawn_view(neighbourhood(emma_graph, emma_graph.find(weight), 1))
    assert around.drawn.svg() == expected.svg()
    with pytest.raises(GraphError, match="no scope 'pos9'"):
        viz.graph(emma_graph, scope="pos9")


def test_attention_of_any_graph(emma_graph: Graph, tmp_path: Path) -> None:
    shown = viz.attention(emma_graph, tokens=["BOS", *"emma", "BOS"], title="“emma”")
    shown.save(tmp_path / "a.json")
    read = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert read["tokens"] == ["BOS", *"emma"]
    assert [(head["layer"], head["head"]) for head in read["heads"]] == [(0, h) for h in range(4)]
    scope = emma_graph.scopes.find("pos3/layer0/attn/head2/softmax")
    weights = [float(emma_graph.data[node]) for node in emma_graph.outputs_of(scope)]
    assert read["heads"][2]["weights"][3] == weights
    plain = viz.attention(emma_graph)
    assert "position 0" in plain.drawn.part("svg")


def test_without_attention_it_says_so() -> None:
    with pytest.raises(InputError, match=r"there is no attention in this computation.*viz\.map"):
        viz.attention(square_graph())


def test_the_interactive_form_is_a_page_in_a_frame(tmp_path: Path) -> None:
    graph = square_graph()
    page = viz.graph(graph, caption="x = 3").html()
    assert page.startswith("<!DOCTYPE html>")
    assert page == viz.map(graph, title="x = 3").html()  # one steps through the pass in it
    viz.graph(graph, caption="x = 3").save(tmp_path / "step.html")
    assert (tmp_path / "step.html").read_text("utf-8") == page
    frame = page._repr_html_()
    assert frame.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert f'height="{FRAME_HEIGHT}"' in frame


def test_a_part_of_a_graph_is_a_picture_on_a_page(emma_graph: Graph) -> None:
    for shown in (
        viz.graph(emma_graph, scope="pos1/layer0/attn"),
        viz.graph(emma_graph, 1),
        viz.graph(emma_graph, around="layer0.attn_wq[3][7]"),
    ):
        page = shown.html()
        assert drawing(shown.drawn.part("svg")) in page
        assert 'id="arrays"' not in page


def test_another_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("mine")
    shown = viz.graph(square_graph())
    with pytest.raises(InputError, match="--force overwrites it"):
        shown.save(path)
    shown.save(path, force=True)
    assert path.read_text("utf-8") == shown.drawn.part("svg")
