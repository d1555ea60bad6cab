"""What views show are the Graph's numbers: read back from models, from tooltips, from pixels."""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import InputError, ModelConfig, ModelSnapshot, Training, Value
from microgpt.graph.graph import Graph
from microgpt.text.corpus import Corpus
from tests.viz.views.conftest import SIZE
from viz.maps.step_map import StepMap
from viz.style import short_number
from viz.views.all_nodes import BRAILLE, DOTS, AllNodes, nodes_lines
from viz.views.attention_weights import AttentionHeads
from viz.views.color_scale import LEVELS, ColorScale
from viz.views.embedding_points import EmbeddingPoints
from viz.views.heatmap import indexed_png
from viz.views.heaviest_ways import HeaviestWays
from viz.views.logit_lens import LogitLens
from viz.views.parameter_matrices import ParameterMatrices
from viz.views.residual_writes import ResidualWrites
from viz.views.score_terms import ScoreTerms
from viz.views.subject import ViewSubject
from viz.views.table import Choices, DrawnView, Page
from viz.views.themes import DARK, LIGHT, PRINT, TERMINAL, THEMES
from viz.views.training_course import TrainingCourse

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
NODE = "layer0.attn_wq[3][7]"


def titles(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}title")]


def svg_of(name: str, subjects: Sequence[ViewSubject], choices: Choices | None = None) -> str:
    return DrawnView.of(name, subjects, choices).svg(Page(LIGHT, "emma"))


# -- attention -------------------------------------------------------------------------------------


def softmax_nodes(graph: Graph, layer: int, head: int, position: int) -> list[int]:
    scope = graph.scopes.find(f"pos{position}/layer{layer}/attn/head{head}/softmax")
    return [int(node) for node in graph.outputs_of(scope)]


def test_tooltips_of_attention_tell_every_weight_and_gradient(subject: ViewSubject) -> None:
    pattern = re.compile(
        rf"layer (\d) · head (\d): (\d+) \S+ reads (\d+) \S+: weight ({NUMBER}), grad ({NUMBER})"
    )
    found = {
        tuple(map(int, match.groups()[:4])): (float(match[5]), float(match[6]))
        for title in titles(svg_of("attention", [subject]))
        if (match := pattern.fullmatch(title))
    }
    graph = subject.graph
    expected = {
        (layer, head, position, source): (float(graph.data[node]), float(graph.grad[node]))
        for layer in range(SIZE.n_layer)
        for head in range(SIZE.n_head)
        for position in range(5)
        for source, node in enumerate(softmax_nodes(graph, layer, head, position))
    }
    assert found == expected


def test_attention_of_any_graph_is_that_of_the_model(subject: ViewSubject) -> None:
    of_model = AttentionHeads.of([subject], Choices())
    of_graph = AttentionHeads.of([ViewSubject(given=subject.graph)], Choices())
    for one, other in zip(of_model.heads, of_graph.heads, strict=True):
        assert (one.layer, one.head) == (other.layer, other.head)
        assert one.weights.tolist() == other.weights.tolist()
        assert one.grads.tolist() == other.grads.tolist()


def test_arcs_go_to_the_strongest_sources(subject: ViewSubject) -> None:
    shown = AttentionHeads.of([subject], Choices(position=3, top=2))
    for head in shown.heads:
        strongest = head.strongest(3, 2).tolist()
        assert sorted(head.weights[3])[-2:] == sorted(head.weights[3, strongest])
    svg = svg_of("attention", [subject], Choices(position=3, top=2))
    arcs = re.findall(rf"<title>layer \d · head \d: 3 \S+ reads (\d+) \S+: {NUMBER}</title>", svg)
    assert len(arcs) == 2 * len(shown.heads)


@pytest.fixture(scope="module")
def long_subject(names: Corpus) -> ViewSubject:
    size = ModelConfig(n_embd=8, n_head=2, n_layer=1, block_size=301)
    return ViewSubject("charlotte" * 33, ModelSnapshot.of(Training(names, size)))


def pixels(svg: str) -> list[np.ndarray]:
    """The pictures in a picture, as places in their palettes."""
    found = []
    for data in re.findall(r'href="data:image/png;base64,([^"]+)"', svg):
        png = base64.b64decode(data)
        width, height = struct.unpack(">II", png[16:24])
        start = png.index(b"IDAT")
        (length,) = struct.unpack(">I", png[start - 4 : start])
        rows = np.frombuffer(zlib.decompress(png[start + 4 : start + 4 + length]), np.uint8)
        found.append(rows.reshape(height, width + 1)[:, 1:])
    return found


def test_a_long_text_is_pixels_and_its_strongest_sources_are_told(
    long_subject: ViewSubject,
) -> None:
    shown = AttentionHeads.of([long_subject], Choices())
    svg = svg_of("attention", [long_subject])
    weights = pixels(svg)[::2]
    for head, picture in zip(shown.heads, weights, strict=True):
        n = len(head.weights)
        assert picture.shape == (n, n)
        above = np.triu(np.ones((n, n), bool), 1)
        assert (picture[above] == LEVELS + 2).all()  # not read
        row = head.weights[200, :201]
        order = np.argsort(row, kind="stable")
        assert (np.diff(picture[200, :201][order].astype(int)) >= 0).all()  # darker, the larger
    told = next(title for title in titles(svg) if title.startswith("200 "))
    for source, weight in re.findall(rf"(\d+) \S+ ({NUMBER})", told.partition("reads ")[2]):
        assert float(weight) in {head.weights[200, int(source)] for head in shown.heads}
    assert len(svg) < 1_000_000


def test_labels_of_a_long_text_thin_out(long_subject: ViewSubject) -> None:
    texts = [
        e.text or "" for e in ET.fromstring(svg_of("attention", [long_subject])).iter(f"{SVG}text")
    ]
    numbers = {text for text in texts if text.isdecimal()}
    assert {"0", "100", "200"} <= numbers
    assert "101" not in numbers


def test_terms_scores_and_weights_are_the_graphs(subject: ViewSubject) -> None:
    shown = ScoreTerms.of([subject], Choices(layer=1, head=1, position=3))
    graph = subject.graph
    scope = graph.scopes.find("pos3/layer1/attn/head1/scores")
    scores = graph.outputs_of(scope)
    assert shown.scores.tolist() == graph.data[scores].tolist()
    nodes = softmax_nodes(graph, 1, 1, 3)
    assert shown.weights.tolist() == graph.data[nodes].tolist()
    assert shown.grads.tolist() == graph.grad[nodes].tolist()
    products = [
        float(graph.data[node])
        for node in range(scope.start, scope.stop)
        if graph.op(node) == "mul" and node not in set(scores.tolist())
    ]
    assert shown.terms.ravel().tolist() == products
    found = [
        float(match[1])
        for title in titles(svg_of("scores", [subject], Choices(layer=1, head=1, position=3)))
        if (match := re.search(rf"^q\[\d\] × k.* = ({NUMBER})$", title))
    ]
    assert found == products


def test_the_strongest_of_many_sources(subject: ViewSubject) -> None:
    shown = ScoreTerms.of([subject], Choices(top=2))
    weights = subject.passed.layers[0].weights[0, 4]
    assert sorted(shown.weights) == sorted(weights)[-2:]
    assert list(shown.sources) == sorted(shown.sources)
    assert shown.n_sources == 5


# -- the stream ------------------------------------------------------------------------------------


def test_the_last_row_of_the_lens_is_the_models_prediction(subject: ViewSubject) -> None:
    lens = LogitLens.of([subject], Choices())
    graph = subject.graph
    assert lens.blocks == ("embed", "layer0/attn", "layer0/mlp", "layer1/attn", "layer1/mlp")
    for position in range(5):
        prob = next(node for node, name in graph.names.items() if name.startswith(f"p{position}("))
        assert lens.target_probs[-1, position] == graph.data[prob]
    assert np.allclose(lens.probs.sum(axis=-1), 1)
    tops = [
        title for title in titles(svg_of("lens", [subject])) if title.startswith("after layer1/mlp")
    ]
    for position, told in enumerate(tops):
        match = re.search(rf"has ({NUMBER}), rank (\d+)", told)
        assert match is not None
        assert float(match[1]) == lens.target_probs[-1, position]
        assert int(match[2]) == 1 + (lens.probs[-1, position] > float(match[1])).sum()


def test_the_parts_of_blocks_make_the_logit(subject: ViewSubject) -> None:
    shown = ResidualWrites.of([subject], Choices())
    graph = subject.graph
    tokens = subject.needed_model("").tokenizer.encode("emma")
    for position in range(5):
        logits = graph.outputs_of(graph.scopes.find(f"pos{position}/lm_head"))
        logit = float(graph.data[logits[tokens[position + 1]]])
        assert math.isclose(shown.logit_parts[:, position].sum(), logit, abs_tol=1e-12)
    assert shown.stream[0].tolist() == shown.written[0].tolist()
    assert np.allclose(shown.written.cumsum(axis=0), shown.stream, atol=1e-12)
    after = graph.outputs_of(graph.scopes.find("pos2/layer1/mlp/residual"))
    assert shown.stream[-1, 2].tolist() == graph.data[after].tolist()
    assert shown.grads[-1, 2].tolist() == graph.grad[after].tolist()


def test_one_position_is_a_part_of_all(subject: ViewSubject) -> None:
    every, one = (ResidualWrites.of([subject], Choices(position=p)) for p in (None, 2))
    assert one.written[:, 0].tolist() == every.written[:, 2].tolist()
    assert (one.tokens, one.targets) == (("m",), ("m",))
    with pytest.raises(InputError, match="--position 5: this text has positions 0 to 4"):
        ResidualWrites.of([subject], Choices(position=5))


# -- parameters ------------------------------------------------------------------------------------


def test_parameters_are_the_models(subject: ViewSubject) -> None:
    shown = ParameterMatrices.of([subject], Choices())
    model = subject.needed_model("")
    flat = np.concatenate([matrix.data.ravel() for matrix in shown.matrices])
    assert flat.tolist() == model.data.tolist()
    moved = np.concatenate([(m.data + m.update).ravel() for m in shown.matrices])
    assert np.allclose(moved, subject.stepped.data, rtol=0, atol=1e-15)
    one = svg_of("parameters", [subject], Choices(matrix="layer1.attn_wk"))
    matrix = next(matrix for matrix in shown.matrices if matrix.name == "layer1.attn_wk")
    for what, numbers in (("data", matrix.data), ("gradient", matrix.grads)):
        found = {
            (int(match[1]), int(match[2])): float(match[3])
            for title in titles(one)
            if (
                match := re.fullmatch(
                    rf"layer1\.attn_wk\[(\d+)\]\[(\d+)\]: {what} ({NUMBER})", title
                )
            )
        }
        assert found == {
            (row, column): numbers[row, column] for row in range(8) for column in range(8)
        }


def test_components_are_orthogonal_and_have_a_sign(subject: ViewSubject) -> None:
    shown = EmbeddingPoints.of([subject], Choices())
    rows = ParameterMatrices.of([subject], Choices(matrix="wte")).matrices[0].data
    assert np.allclose(shown.axes @ shown.axes.T, np.eye(2), atol=1e-12)
    assert np.allclose(shown.points, (rows - rows.mean(axis=0)) @ shown.axes.T)
    for axis in shown.axes:
        assert axis[np.abs(axis).argmax()] > 0
    variances = shown.points.var(axis=0) / rows.var(axis=0).sum()
    assert np.allclose(variances, shown.parts)
    assert variances[0] >= variances[1]


def test_components_of_several_moments_point_one_way(moments: list[ViewSubject]) -> None:
    first = EmbeddingPoints.of(moments[:1], Choices())
    for subject in moments[1:]:
        later = EmbeddingPoints.of([moments[0], subject], Choices())
        assert ((later.axes * first.axes).sum(axis=1) >= 0).all()


# -- training, paths -------------------------------------------------------------------------------


def test_losses_and_gradients_over_training(moments: list[ViewSubject]) -> None:
    shown = TrainingCourse.of(moments, Choices())
    assert shown.steps == (0, 5, 20)
    for place, subject in enumerate(moments):
        graph = subject.graph
        assert shown.losses[place] == graph.data[graph.root]
        assert math.isclose(shown.position_losses[place].mean(), shown.losses[place])
        step_map = StepMap.of(graph)
        for row in range(len(step_map.rows)):
            cells = step_map.grad_norm[step_map.grid.row_of == row]
            assert math.isclose(shown.grad_norms[row, place], math.hypot(*cells))
    with pytest.raises(InputError, match="needs several moments"):
        TrainingCourse.of(moments[:1], Choices())


def test_a_path_is_the_product_of_its_factors(subject: ViewSubject) -> None:
    shown = HeaviestWays.of([subject], Choices(node=NODE, top=4))
    assert len(shown.paths) == 4
    for path in shown.paths:
        factors = [step.factor for step in path.steps]
        assert math.isclose(math.prod(factors), path.share, rel_tol=1e-12)
        assert path.steps[-1].node == subject.graph.root
    for way in shown.ways:
        assert shown.level_of[way.start] < shown.level_of[way.end]
    total = sum(path.share for path in shown.paths) + shown.rest
    assert math.isclose(total, subject.graph.grad[shown.node], rel_tol=1e-12)


def test_paths_need_a_node(subject: ViewSubject) -> None:
    with pytest.raises(InputError, match="view paths needs --node"):
        DrawnView.of("paths", [subject])


# -- all nodes -------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A chain of sums and products of earlier nodes."""
    nodes = [Value(draw(st.floats(-2, 2))) for _ in range(3)]
    for _ in range(draw(st.integers(1, 40))):
        a, b = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        nodes.append(a * b if draw(st.booleans()) else a + b)
    loss = nodes[-1]
    loss.backward()
    return Graph.from_value(loss)


@given(graphs(), st.sampled_from(["creation", "scope"]))
def test_every_edge_is_counted_once(graph: Graph, by: str) -> None:
    shown = AllNodes.of([ViewSubject(given=graph)], Choices(by=by))
    assert shown.counts.sum() == shown.block_counts.sum() == graph.n_edges
    assert [band.start for band in shown.bands] == [0, *(b.stop for b in shown.bands[:-1])]
    assert shown.bands[-1].stop == len(graph)
    total = math.hypot(*graph.contributions.tolist())
    assert math.isclose(math.hypot(*shown.norms.ravel().tolist()), total, abs_tol=1e-12)
    if by == "creation":  # few enough nodes for a square each
        assert shown.counts[graph.edge_consumers, graph.operands].all()
        assert (shown.operands < shown.consumers).all()


@pytest.mark.parametrize("by", ["creation", "scope"])
def test_braille_dots_are_where_edges_are(by: str, subject: ViewSubject) -> None:
    shown = AllNodes.of([subject], Choices(by=by))
    lines = nodes_lines(shown, 60)[:-1]
    room = max(line.index(next(c for c in line if ord(c) >= BRAILLE)) for line in lines if line)
    side = 2 * (60 - room)
    found = np.zeros((4 * len(lines), side), int)
    for y, line in enumerate(lines):
        for x, char in enumerate(line[room:]):
            bits = (DOTS & (ord(char) - BRAILLE)) > 0
            found[4 * y : 4 * y + 4, 2 * x : 2 * x + 2] = bits
    assert (found[:side] > 0).tolist() == (shown.dots(side) > 0).tolist()


def test_by_scope_bands_are_the_maps_rows(subject: ViewSubject) -> None:
    shown = AllNodes.of([subject], Choices(by="scope"))
    names = [band.name for band in shown.bands]
    assert names[:3] == ["parameters", "embed", "0 attn norm"]
    assert len(names) == len(set(names))
    with pytest.raises(InputError, match="--by size: must be one of creation, scope"):
        AllNodes.of([subject], Choices(by="size"))


# -- colours ---------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.booleans(), st.booleans())
def test_a_larger_number_has_no_weaker_colour(
    numbers: list[float], is_signed: bool, is_log: bool
) -> None:
    array = np.array(numbers)
    scale = ColorScale(LIGHT, float(np.abs(array).max()), is_signed, is_log)
    levels = scale.levels(array)
    assert ((levels >= 0) & (levels <= LEVELS)).all()
    by = array if is_signed else np.abs(array)
    assert (np.diff(levels[np.argsort(by, kind="stable")]) >= 0).all()


def test_what_is_no_number_has_a_colour_of_its_own() -> None:
    scale = ColorScale(LIGHT, 1.0)
    assert scale.levels(np.array([math.nan, math.inf, 0.0])).tolist() == [-1, LEVELS, 0]
    assert scale.color(math.nan) == LIGHT.unknown


@pytest.mark.parametrize("theme", THEMES)
def test_a_ramp_changes_lightness_one_way(theme: str) -> None:
    def light(color: str) -> float:
        red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for is_signed in (False, True) if THEMES[theme] is PRINT else (False,):
        lights = [light(color) for color in ColorScale(THEMES[theme], 1.0, is_signed).colors]
        assert lights == sorted(lights, reverse=THEMES[theme] is not DARK)


def test_pixels_come_back() -> None:
    places = np.arange(12, dtype=np.uint8).reshape(3, 4)
    png = indexed_png(places, [f"#{level:02x}0000" for level in range(12)])
    svg = f'<image href="data:image/png;base64,{base64.b64encode(png).decode()}"/>'
    assert pixels(svg)[0].tolist() == places.tolist()


def test_in_a_terminal_the_heaviest_edge_has_the_strongest_colour(subject: ViewSubject) -> None:
    shown = AllNodes.of([subject], Choices())
    *lines, _, legend = DrawnView.of("nodes", [subject]).colored(80) or []
    colors = ColorScale(TERMINAL, 1.0).colors
    found = {color for line in lines for text, color in line if text.strip(chr(BRAILLE))}
    assert colors[-1] in found
    assert found <= {"", *colors}
    largest = np.abs(shown.contributions).max()
    assert [text for text, color in legend if color == colors[-1]] == [short_number(largest)]
