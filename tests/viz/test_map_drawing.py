"""`viz.map`: a Map in one call, for notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import viz
from microgpt import Graph, GraphError, InputError, Tokenizer, Value
from microgpt.text.corpus import Corpus
from tests.viz.computations import square_graph
from viz.maps.lenses import Question, look
from viz.maps.step_map import StepMap
from viz.maps.svg import map_svg


def test_a_notebook_shows_the_picture(emma_graph: Graph, names: Corpus) -> None:
    tokenizer = Tokenizer.of(names.documents)
    tokens = [tokenizer.label(token) for token in tokenizer.encode("emma")]
    drawn = viz.map(emma_graph, "value", tokens=tokens, step=0, title="“emma”")
    assert [caption.token for caption in drawn.look.map.captions] == ["BOS", "e", "m", "m", "a"]
    bundle = drawn._repr_mimebundle_()
    assert bundle == {"image/svg+xml": map_svg(drawn.look, "“emma”"), "text/plain": str(drawn)}
    lines = str(drawn).splitlines()
    assert lines[0] == "“emma”"
    assert lines[1].split() == ["reads", *tokens[:-1]]
    assert lines[-1].strip() == drawn.look.lens.what


def test_a_value_is_enough() -> None:
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    loss = a * b + a
    loss.backward()
    drawn = viz.map(loss)
    assert drawn.look.lens.name == "grad"
    assert drawn._repr_mimebundle_()["image/svg+xml"].startswith("<svg")


def test_why_takes_a_node_by_id_or_name(emma_graph: Graph) -> None:
    name = "layer0.attn_wq[1][2]"
    node = emma_graph.find(name)
    expected = look(StepMap.of(emma_graph), "why", Question(node)).numbers.tolist()
    for reference in (node, name):
        drawn = viz.map(emma_graph, "why", node=reference)
        assert drawn.look.numbers.tolist() == expected


def test_it_is_saved_by_suffix(tmp_path: Path) -> None:
    drawn = viz.map(square_graph())
    drawn.save(tmp_path / "m.json")
    drawn.save(str(tmp_path / "m.svg"))
    assert json.loads((tmp_path / "m.json").read_text())["lens"] == "grad"
    assert (tmp_path / "m.svg").read_text("utf-8") == drawn.drawn.svg()
    with pytest.raises(InputError, match=r"suffix '\.bmp'"):
        drawn.save(tmp_path / "m.bmp")


def test_what_it_refuses() -> None:
    graph = square_graph()
    with pytest.raises(InputError, match="no lens 'nope'; there are grad"):
        viz.map(graph, "nope")
    with pytest.raises(InputError, match="needs a node"):
        viz.map(graph, "why")
    with pytest.raises(GraphError, match="no node"):
        viz.map(graph, "why", node="nowhere")
    with pytest.raises(InputError, match="no layer 3"):
        viz.map(graph, layer=3)
