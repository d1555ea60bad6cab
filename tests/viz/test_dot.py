"""DOT text: golden, the same in every process, and true to the graph whatever its names."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import viz
from microgpt import GraphError, ModelConfig, Value, scope
from microgpt.graph.graph import Graph
from microgpt.printable import printable
from tests.viz.computations import (
    foreign_graph,
    frozen,
    small_snapshot,
    square_graph,
    tutorial_graph,
)
from tests.viz.golden import assert_golden
from viz.boxes import Folding
from viz.dot import LARGER, SOME_BUNDLES, norm, plain, to_dot
from viz.formats.png import svg_png
from viz.render import render
from viz.style import gradient_color, op_style, short_number
from viz.view import MAX_DRAWN, View, folded, neighbourhood, scalars

TINY_MODEL = ModelConfig(n_embd=2, n_head=1, n_layer=1, block_size=4)


def whole(graph: Graph) -> View:
    return scalars(graph, range(len(graph)), graph.name(graph.root))


def test_an_op_of_a_foreign_class_is_drawn_under_its_own_name() -> None:
    svg = render(to_dot(whole(foreign_graph())), "svg")
    assert "tanh" in texts(svg)
    assert any(tip.startswith("#1 = tanh, data 0.964") for tip in tips(svg))


def texts(svg: str) -> list[str]:
    """Every piece of text in an SVG."""
    root = ET.fromstring(svg)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


def tips(svg: str) -> list[str]:
    """Every title in an SVG, which a browser shows as a tooltip."""
    name = "{http://www.w3.org/2000/svg}title"
    return [e.text or "" for e in ET.fromstring(svg).iter(name)]


# -- golden ------------------------------------------------------------------------------------


def test_the_tutorials_graph() -> None:
    assert_golden("tutorial.dot", to_dot(whole(tutorial_graph()), "c = a * b; L = c + a").source)


def test_a_square() -> None:
    assert_golden("square.dot", to_dot(whole(square_graph())).source)


def test_the_overview_of_a_tiny_model() -> None:
    # With parameters that are no draws: sums of their floats are the same on every machine.
    snapshot = small_snapshot(TINY_MODEL)
    numbers = type(snapshot.data)("d", ((i % 5 - 2) / 8 for i in range(len(snapshot.data))))
    graph = type(snapshot)(snapshot.config, snapshot.tokenizer, numbers).graph("an")
    source = to_dot(folded(Folding(graph)), 'document "an"').source
    # The numbers' last digits hang on the machine's exp and log, their places do not.
    assert_golden("overview.dot", re.sub(r"-?\d+\.?\d*e-\d\d|-?\d+\.\d{3,}", "N", source))


PROGRAM = """
import sys
from tests.viz.computations import small_snapshot
from viz.boxes import Folding
from viz.dot import to_dot
from viz.view import folded, neighbourhood

graph = small_snapshot().graph("ann")
folding = Folding(graph)
for view in (folded(folding), folded(folding, folding.scope("pos1/layer0/attn"), 2),
             neighbourhood(graph, graph.root, 3)):
    sys.stdout.buffer.write(to_dot(view, "caption").source.encode())
"""


@pytest.mark.slow
def test_the_same_bytes_in_every_process() -> None:
    written = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    ]
    assert len(written[0]) > 10_000
    assert written[0] == written[1]


# -- what is shown -----------------------------------------------------------------------------


def test_a_scalar_shows_its_value_and_gradient() -> None:
    graph = tutorial_graph()
    svg = render(to_dot(whole(graph)), "svg")
    shown = texts(svg)
    for node in range(len(graph)):
        assert graph.name(node) in shown
        assert f"data {short_number(float(graph.data[node]))}" in shown
        assert f"grad {short_number(float(graph.grad[node]))}" in shown
        assert any(tip.startswith(f"{graph.name(node)} = {graph.op(node)}, data "
                                  f"{float(graph.data[node])!r}") for tip in tips(svg))  # fmt: skip
    assert op_style("mul").glyph in shown
    assert "contribution 2.0 = local gradient 2.0 × adjoint 1.0" in tips(svg)


def test_a_gradients_colour_is_its_sign_and_size() -> None:
    graph = tutorial_graph()
    source = to_dot(whole(graph)).source
    largest = float(np.abs(graph.grad).max())
    for node in range(len(graph)):
        row = next(line for line in source.splitlines() if f"<B>{graph.name(node)}</B>" in line)
        grad = float(graph.grad[node])
        assert f'BGCOLOR="{gradient_color(grad, largest)}">' in row.partition("grad ")[0][-120:]


def test_parallel_edges_are_both_drawn() -> None:
    source = to_dot(whole(square_graph())).source
    assert len(re.findall(r"b0 -> b1op", source)) == 2


def test_a_part_shows_its_size_and_its_gradients() -> None:
    graph = small_snapshot(steps=2).graph("ann")
    view = folded(Folding(graph))
    svg = render(to_dot(view), "svg")
    shown = texts(svg)
    for box in view.inside:
        size = float(np.linalg.norm(graph.grad[view.outputs_of(box)]))
        assert f"{len(box):,} nodes · out grad {short_number(size)}" in shown
    largest = max(bundle.magnitude for bundle in view.bundles)
    labels = Counter(
        f"{bundle.count:,} · {short_number(bundle.magnitude)}"
        for bundle in view.bundles
        if len(view.bundles) <= SOME_BUNDLES or bundle.magnitude >= LARGER * largest
    )
    assert 0 < len(labels) < len(view.bundles)  # the smaller ones' numbers are in tooltips
    assert Counter(text for text in shown if re.fullmatch(r"[\d,]+ · \d[\d.e-]*", text)) == labels
    assert "edges: how many · sum of |contribution|, where it is large \xa0\xa0" in shown
    source = to_dot(view).source
    for bundle in view.bundles:
        assert f"sum of |contribution| {bundle.magnitude!r}, net {bundle.net!r}" in source


def test_all_of_a_few_bundles_are_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    view = folded(Folding(small_snapshot(steps=2).graph("ann")))
    monkeypatch.setattr("viz.dot.SOME_BUNDLES", len(view.bundles))
    shown = texts(render(to_dot(view), "svg"))
    for bundle in view.bundles:
        assert f"{bundle.count:,} · {short_number(bundle.magnitude)}" in shown


def test_bundles_beside_single_scalars_are_not_labelled() -> None:
    folding = Folding(small_snapshot(steps=2).graph("ann"))
    view = folded(folding, folding.scope("pos1/layer0/attn/head0/softmax"))
    assert view.is_scalar
    assert any(bundle.slot < 0 for bundle in view.bundles)
    source = to_dot(view).source
    assert not re.search(r"->.*[ \[]label=", source)
    assert "sum of |contribution|" in source  # in tooltips


def test_a_bundle_that_is_no_number_is_labelled() -> None:
    view = folded(Folding(small_snapshot(steps=2).graph("ann")))
    first, *others = view.bundles
    view.__dict__["bundles"] = (replace(first, magnitude=math.nan), *others)
    assert f"{first.count:,} · nan" in texts(render(to_dot(view), "svg"))


def test_what_is_cut_off_is_said() -> None:
    graph = tutorial_graph()
    source = to_dot(neighbourhood(graph, graph.find("L"), 0)).source
    assert "<B>+ L</B>" in source  # none of its operands in sight: no circle, but its op
    source = to_dot(scalars(graph, [0, 3], "a and L")).source
    assert "b0 -> b1op" in source
    assert 'b1more [label="…"' in source  # c is not in the picture
    assert "more" not in to_dot(whole(graph)).source


def test_the_marked_node_stands_out() -> None:
    graph = tutorial_graph()
    lines = to_dot(neighbourhood(graph, 0, 1)).source.splitlines()
    borders = [line.partition('BORDER="')[2][0] for line in lines if "<B>" in line]
    assert borders == ["3", "1", "1"]


def test_parts_of_parts_are_called_by_their_full_names() -> None:
    graph = small_snapshot().graph("ann")
    source = to_dot(folded(Folding(graph), depth=2)).source
    assert "<B>pos0/embed</B>" in source
    assert "<B>pos1/embed</B>" in source


def tops(view: View) -> dict[str, float]:
    """How high Graphviz puts what the DOT text names."""
    rows = [line.split() for line in render(to_dot(view), "plain").splitlines()]
    return {row[1]: float(row[3]) for row in rows if row[0] == "node"}


def test_alike_parts_stand_in_order(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    for path in ("pos4/lm_head", "pos1/layer0/mlp/fc1", "pos2/layer0/attn"):
        view = folded(folding, folding.scope(path))
        alike = [f"b{place}" for place, box in enumerate(view.inside) if box.label[-2:-1].isdigit()
                 or box.label.startswith("head")]  # fmt: skip
        assert len(alike) >= 4
        top = tops(view)
        assert sorted(alike, key=lambda name: -top[name]) == alike


def test_the_terms_of_a_sum_stand_in_order(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    view = folded(folding, folding.find("pos1/layer0/mlp/fc1|fc1[0…7]|fc1[3]"))
    top = tops(view)
    products = [f"b{place}op" for place, box in enumerate(view.inside)
                if emma_graph.op(box.node) == "mul"]  # fmt: skip
    assert len(products) == 16
    assert sorted(products, key=lambda name: -top[name]) == products


# -- any name ----------------------------------------------------------------------------------

ODD = ["<", ">", "&", '"', "\\", "|", "{x}", "a\\lb", "\\N", "&lt;", "&amp;", "<b>bold</b>", "é",
       "愛", "🦜", "'", "%", "layout=nop2", "a\nb", "\ttab", "\x00", "\x1b[0m", "\ud800", " ",
       "-->", "]]>", "\u202e"]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_any_name_is_shown_as_it_is(name: str) -> None:
    x = Value(2.0, name=f"x{name}")
    with scope(f"s{name.replace('/', '|')}"), scope("inner", name):
        y = x * 3
    y.name = f"y{name}"
    with scope("t"):
        z = y * y
    graph = frozen(z)
    folding = Folding(graph)
    for view, label in (
        (whole(graph), f"x{name}"),
        (folded(folding), f"x{name}"),
        (folded(folding, folding.scope("t")), f"y{name}"),
        (folded(folding, folding.find("#0")), f"x{name}"),
    ):
        shown = " ".join(map(normal, texts(render(to_dot(view, f"caption {name}"), "svg"))))
        assert normal(printable(label)) in shown
        assert normal(printable(f"caption {name}")) in shown


def normal(text: str) -> str:
    """Spaces are one kind, and those at the ends are lost."""
    return " ".join(text.replace("\xa0", " ").split())


def test_escaping() -> None:
    assert plain(r"a\l & <b>") == r"a\\l &amp; &lt;b>"
    assert plain("a\nb\x00") == r"a\\nb\\x00"
    assert printable("愛 é 🦜") == "愛 é 🦜"


# -- every kind --------------------------------------------------------------------------------


def kinds(graph: Graph) -> dict[str, View]:
    folding = Folding(graph)
    return {
        "overview": folded(folding),
        "two deep": folded(folding, depth=2),
        "position": folded(folding, folding.scope("pos1")),
        "matrix": folded(folding, folding.find("@lm_head")),
        "row": folded(folding, folding.find("@lm_head[1]")),
        "head": folded(folding, folding.scope("pos1/layer0/attn/head1")),
        "softmax": folded(folding, folding.scope("pos1/layer0/attn/head1/softmax")),
        "output": folded(folding, folding.find("pos1/layer0/mlp/fc1|fc1[6…11]|fc1[7]")),
        "one node": folded(folding, folding.path_to(graph.root)[-1]),
        "around": neighbourhood(graph, graph.find("layer0.attn_wq[0][1]"), 2),
    }


KINDS = list(kinds(small_snapshot().graph("ann")))


@pytest.fixture(scope="module")
def views() -> dict[str, View]:
    return kinds(small_snapshot(steps=3).graph("ann"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_view_is_drawn(views: dict[str, View], kind: str) -> None:
    view, graph = views[kind], views[kind].graph
    dot = to_dot(view, "caption")
    shown = texts(render(dot, "svg"))
    assert view.title in shown
    assert "caption" in shown
    for box in view.inside:
        if box.kind == "node":
            assert f"data {short_number(float(graph.data[box.node]))}" in shown
            assert f"grad {short_number(float(graph.grad[box.node]))}" in shown
    for box in view.around:
        expected = (f"data {short_number(float(graph.data[box.node]))}" if box.kind == "node"
                    else f"{len(box):,} nodes")  # fmt: skip
        assert expected in shown
    assert svg_png(render(dot)).startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.slow
def test_as_many_as_may_be_drawn_are_drawn_in_time(emma_graph: Graph) -> None:
    graph = emma_graph
    view = scalars(graph, range(len(graph) - MAX_DRAWN, len(graph)), "the last")
    assert len(texts(render(to_dot(view), "svg"))) > 3 * MAX_DRAWN
    with pytest.raises(GraphError, match="1,501 nodes; at most 1,500"):
        scalars(graph, range(MAX_DRAWN + 1), "one more")


# -- norm --------------------------------------------------------------------------------------


def test_norm() -> None:
    assert norm(np.array([3.0, -4.0])) == pytest.approx(5.0)
    assert norm(np.array([])) == norm(np.zeros(3)) == 0.0
    assert norm(np.array([1e200, -1e200])) == pytest.approx(2**0.5 * 1e200)
    assert norm(np.array([1e-200, 1e-200])) == pytest.approx(2**0.5 * 1e-200)
    assert norm(np.array([1.0, np.inf])) == np.inf
    assert np.isnan(norm(np.array([1.0, np.nan])))


# -- draw --------------------------------------------------------------------------------------


def test_draw_shows_small_graphs_whole_and_large_ones_folded() -> None:
    a = Value(2.0, name="a")
    loss = a * a + a
    loss.backward()
    source = viz.draw(loss, caption="mine").source
    assert "<B>a</B>" in source
    assert "mine" in source
    assert "3 nodes, 4 edges" in source
    graph = small_snapshot().graph("ann")
    assert viz.draw(graph).source == to_dot(folded(Folding(graph))).source
    assert viz.draw(graph, depth=2).source == to_dot(folded(Folding(graph), depth=2)).source
    with pytest.raises(GraphError, match="depth 0: it must be at least 1"):
        viz.draw(graph, depth=0)


def test_draw_without_a_backward_pass() -> None:
    assert "grad 0" in viz.draw(Value(2.0) * 3).source


def test_many_bundles_are_not_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    view = folded(Folding(small_snapshot().graph("ann")))
    label = f'label="{view.bundles[0].count} · '
    assert label in to_dot(view).source
    monkeypatch.setattr("viz.dot.MANY_BUNDLES", len(view.bundles) - 1)
    source = to_dot(view).source
    assert label not in source
    assert "wider is a larger sum" in source
    assert f"{view.bundles[0].count} edges, sum of |contribution| " in source  # the tooltip stays
