"""A page holds the graph's numbers to the bit, and no label as markup.

What a browser makes of it is told in `test_in_browser.py`.
"""

from __future__ import annotations

import base64
import random
import re
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import viz
from microgpt import Graph, InputError
from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.verbs.why import Explainer
from microgpt.model.place_names import place_name
from microgpt.printable import printable
from tests.viz.computations import square_graph
from tests.viz.page.hostile import LABELS, hostile_graph
from tests.viz.page.read_page import ReadPage
from viz.maps.lenses import Look
from viz.page import page as page_module
from viz.page.page import page_html


def test_numbers_are_the_graphs_to_the_bit(emma_page: ReadPage, emma_graph: Graph) -> None:
    arrays = emma_page.arrays
    for name, expected in (
        ("data", emma_graph.data),
        ("grad", emma_graph.grad),
        ("local", emma_graph.local_grads),
        ("contribution", emma_graph.contributions),
    ):
        assert arrays[name].tobytes() == expected.tobytes()
    assert np.array_equal(arrays["visits"], emma_graph.visit_order)
    assert np.array_equal(emma_graph.edge_consumers - arrays["back"], emma_graph.operands)
    assert np.array_equal(arrays["arity"], np.diff(emma_graph.operand_start))


def test_each_sum_is_what_the_gradient_is_after_the_addition(
    emma_page: ReadPage, emma_graph: Graph
) -> None:
    sums = emma_page.arrays["sum"]
    for event in (1, *random.Random(0).sample(range(emma_graph.n_events), 200)):
        for change in emma_graph.event(event).changes:
            assert change.edge is not None
            edge = int(emma_graph.operand_start[change.edge.consumer]) + change.edge.slot
            assert sums[edge].tobytes() == np.float64(change.new).tobytes()


def test_nodes_are_called_as_everywhere(emma_page: ReadPage, emma_graph: Graph) -> None:
    told, arrays = emma_page.about["graph"], emma_page.arrays
    for node in random.Random(1).sample(range(len(emma_graph)), 500):
        phrase, scope = int(arrays["phrase"][node]), int(arrays["scope"][node])
        words = ""
        if phrase >= 0:
            branch = told["branches"][scope]
            words = told["paths"][scope] + told["phrases"][phrase]
            words += (f" at {branch}" if branch else "") + told["shared"][phrase]
        assert words == place_name(emma_graph, node)


def test_gradients_are_divided_as_why_does(emma_page: ReadPage, emma_graph: Graph) -> None:
    explainer = Explainer.of(Derivatives(emma_graph))
    arrays, (by_position, by_block) = emma_page.arrays, emma_page.about["graph"]["divisions"]
    n = len(emma_graph)
    positions = arrays["division.0"].reshape(-1, n)
    blocks = arrays["division.1"].reshape(-1, n)
    nodes = [emma_graph.find("layer0.attn_wq[3][7]"), emma_graph.find("wpe[1][2]")]
    for node in [*nodes, *random.Random(2).sample(range(n), 6)]:
        why = explainer.why(node, paths_told=1)
        told = {f"pos{share.position}": share.share for share in why.by_position}
        mine = {
            name.partition(" ")[0]: share
            for name, share in zip(by_position["names"], positions[:, node], strict=True)
        }
        for name, share in told.items():
            assert mine[name] == pytest.approx(share, abs=1e-12)
        of_block = dict(zip(by_block["names"], blocks[:, node], strict=True))
        for head in why.by_head:
            assert of_block[head.head] == pytest.approx(head.share, abs=1e-12)


def test_a_cell_opens_into_all_of_its_nodes(emma_page: ReadPage, emma_look: Look) -> None:
    told = emma_page.about["graph"]
    sizes = np.bincount(emma_look.map.grid.cell_of)
    for cell, tree in enumerate(told["treeOf"]):
        waiting = [told["trees"][tree]]
        assert _places(waiting[0]) == list(range(sizes[cell]))
        while waiting:
            part = waiting.pop()
            inner = part[2] if len(part) > 2 else []
            assert len(inner) <= 34
            if inner:
                assert sorted(place for each in inner for place in _places(each)) == _places(part)
            elif not emma_look.map.grid.parameters[cell]:  # rows of a matrix are shown as such
                assert len(_places(part)) <= 34
            waiting += inner


def _places(part: list[list[int]]) -> list[int]:
    spans = part[1]
    return [at for i in range(0, len(spans), 2) for at in range(spans[i], spans[i + 1])]


def test_the_map_is_the_one_of_the_other_renderers(emma_page: ReadPage, emma_look: Look) -> None:
    told, step_map = emma_page.about["map"], emma_look.map
    assert [column["token"] for column in told["columns"]] == ["BOS", "e", "m", "m", "a"]
    assert [lens["name"] for lens in told["lenses"]] == ["grad", "value"]
    assert told["cells"]["lastEvent"] == step_map.last_event.tolist()
    assert emma_page.arrays["map.data"].tobytes() == step_map.data_norm.tobytes()
    for strip in told["strips"]:
        weights = emma_page.arrays["data"][strip["nodes"]]
        assert weights.sum() == pytest.approx(1.0)


def test_it_is_one_file_of_at_most_3_mb_that_asks_for_nothing(emma_page: ReadPage) -> None:
    assert len(emma_page.html.encode()) <= 3_000_000
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', emma_page.html)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe-inline" not in policy[1]
    outside = re.findall(r'(?:src|href)=["\']?(?!data:)[^"\'\s>]+', emma_page.element("head"))
    assert outside == []
    script = emma_page.html.rpartition("<script>")[2].partition("</script>")[0]
    for content in (emma_page.element("style"), script):
        digest = base64.b64encode(sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]


def test_the_same_step_gives_the_same_bytes() -> None:
    assert viz.map(hostile_graph()).html() == viz.map(hostile_graph()).html()


def test_labels_are_data() -> None:
    read = ReadPage(viz.map(hostile_graph(), tokens=LABELS, title=LABELS[0]).html())
    assert read.html.count("<script") == 4
    assert "<img" not in read.html
    assert read.about["title"] == LABELS[0]
    assert set(map(printable, LABELS)) <= set(read.about["graph"]["names"])
    assert "\u202e" not in read.html
    assert any("tab\\there" in name for name in read.about["graph"]["names"])


def test_a_graph_without_a_pass_says_why() -> None:
    graph = replace(square_graph(), backpropagated=False, why_no_events="it was not called")
    read = ReadPage(viz.map(graph).html())
    assert read.about["graph"]["whyNoEvents"] == "it was not called"
    assert "sum" not in read.arrays


def test_a_notebook_shows_it_in_a_frame() -> None:
    shown = viz.map(square_graph()).html()._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert shown.count("<") == 2


def test_what_is_too_large_is_refused(emma_look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "MOST_NODES", 42_000)
    with pytest.raises(
        InputError, match="42,921 nodes are too many for a page, which holds 42,000"
    ):
        page_html(emma_look)


def test_a_page_to_walk_in_is_of_one_step(tmp_path: Path) -> None:
    from viz.maps.export import write_maps

    drawn = viz.map(square_graph())
    path = tmp_path / "s.html"
    write_maps([drawn.look] * 2, ["a", "b"], path, "")
    assert 'id="arrays"' not in path.read_text("utf-8")  # two Maps are a picture on a page
    drawn.save(path)
    assert path.read_text("utf-8") == drawn.html()
    assert 'id="arrays"' in drawn.html()


def test_the_engine_is_the_one_that_its_readme_names(emma_page: ReadPage) -> None:
    readme = files("viz.page").joinpath("vendor", "README.md").read_text("utf-8")
    assert sha256(emma_page.engine).hexdigest() in readme
    version = re.search(rb"Viz\.js ([\d.]+)", emma_page.engine)
    assert version
    assert f"version {version[1].decode()}" in readme
