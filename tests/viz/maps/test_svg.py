"""A Map as SVG and PNG: golden, numbers read back, everything in the picture and large enough."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from microgpt import (
    Graph,
    InputError,
    ModelConfig,
    ModelSnapshot,
    Tokenizer,
    Training,
    Value,
    recording,
)
from microgpt.text.corpus import Corpus
from tests.viz.computations import square_graph
from tests.viz.maps.gpt_programs import Size, gpt_by_position
from tests.viz.maps.other_programs import mlp_by_sample
from viz.formats.png import ZOOM, svg_png
from viz.maps.captions import document_captions
from viz.maps.lenses import LENSES, Question, look
from viz.maps.scale import Scale
from viz.maps.step_map import StepMap
from viz.maps.svg import map_svg, maps_svg
from viz.maps.svg_elements import SMALL, short, text_width
from viz.maps.svg_layout import MOST_WIDTH, WIDTH

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parent.parent / "golden" / "map.svg"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def cells(root: ET.Element) -> list[ET.Element]:
    return [each for each in root.iter() if each.get("class") == "cell"]


@pytest.fixture(scope="module")
def emma(emma_map: StepMap) -> ET.Element:
    return parsed(map_svg(look(emma_map), "“emma”"))


def test_golden(names: Corpus) -> None:
    run = Training(names, model=ModelConfig(n_embd=4, n_head=2))
    assert map_svg(look(map_of(ModelSnapshot.of(run), "a")), "“a”") == GOLDEN.read_text("utf-8")


def test_every_number_of_a_cell_comes_back(emma_map: StepMap, emma: ET.Element) -> None:
    scale, grid = Scale(look(emma_map)), emma_map.grid
    shown = cells(emma)
    assert len(shown) == emma_map.n_cells
    for cell, element in enumerate(shown):
        assert int(element.get("data-row", "")) == grid.row_of[cell]
        assert int(element.get("data-column", "-1")) == grid.column_of[cell]
        assert float(element.get("data-value", "")) == scale.number(cell)
        if cell not in scale.probabilities and cell not in scale.losses:
            assert float(element.get("data-value", "")) == emma_map.grad_norm[cell]


def test_every_weight_comes_back(emma_map: StepMap, emma: ET.Element) -> None:
    found = {
        (int(cell.get("data-row", "")), int(cell.get("data-column", ""))): [
            (int(part.get("data-source", "")), float(part.get("data-weight", "")))
            for part in cell.iter()
            if part.get("data-source")
        ]
        for cell in cells(emma)
        if cell.find(f"{SVG}rect[@data-source]") is not None
    }
    assert found == {
        (head.row, head.column): list(zip(head.sources, head.weights, strict=True))
        for head in emma_map.weights
    }


def test_every_ribbon_comes_back(emma_map: StepMap, emma: ET.Element) -> None:
    found = {
        tuple(int(each.get(f"data-{key}", "")) for key in ("row", "from", "to")): tuple(
            float(each.get(f"data-{key}", "")) for key in ("grad", "brought")
        )
        for each in emma.iter(f"{SVG}path")
        if each.get("data-from")
    }  # fmt: skip
    assert found == {
        (ribbon.row, ribbon.source, ribbon.column): (ribbon.grad_norm, ribbon.data_norm)
        for ribbon in emma_map.ribbons
        if ribbon.source != ribbon.column
    }


def test_the_river_shows_what_goes_around_a_block(emma_map: StepMap, emma: ET.Element) -> None:
    bands = {
        (int(each.get("data-column", "")), int(each.get("data-from-row", "")),
         int(each.get("data-to-row", ""))): (float(each.get("data-size", "")), width_of(each))
        for each in emma.iter(f"{SVG}rect")
        if each.get("data-from-row")
    }  # fmt: skip
    skips = [current for current in emma_map.river if current.is_skip]
    assert skips
    for skip in skips:
        size, _ = bands[skip.column, skip.from_row, skip.to_row]
        assert size == skip.grad_norm
    widest = max(skip.grad_norm for skip in skips)
    most = max(width for size, width in bands.values() if size == widest)
    for skip in skips:
        size, width = bands[skip.column, skip.from_row, skip.to_row]
        assert width == pytest.approx(max(0.8, size / widest * most), abs=0.06)


def width_of(element: ET.Element) -> float:
    return float(element.get("width", ""))


def test_ribbons_of_one_reader_are_strong(emma_map: StepMap) -> None:
    for reader in (2, 4):
        root = parsed(map_svg(look(emma_map), reader=reader))
        strong = {
            each.get("data-to")
            for each in root.iter(f"{SVG}path")
            if each.get("data-from") and float(each.get("stroke-opacity", "")) > 0.5
        }
        assert strong == {str(reader)}


def assert_all_in_sight(root: ET.Element) -> None:
    """No text is outside of the picture or too small, and no shape is outside."""
    width, height = width_of(root), float(root.get("height", ""))
    for text in root.iter(f"{SVG}text"):
        size = float(text.get("font-size", ""))
        assert size >= SMALL
        x, y = float(text.get("x", "")), float(text.get("y", ""))
        assert size <= y <= height - 3
        if text.get("transform"):
            continue
        length = text_width(text.text or "", size)
        before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
        assert x - before * length >= 0, text.text
        assert x + (1 - before) * length <= width, text.text
    for rect in root.iter(f"{SVG}rect"):
        x, y = float(rect.get("x", "0")), float(rect.get("y", "0"))
        assert x >= 0
        assert y >= 0
        assert x + width_of(rect) <= width
        assert y + float(rect.get("height", "")) <= height


@pytest.mark.parametrize("lens", ["grad", "value", "why"])
def test_all_is_in_sight(emma_map: StepMap, lens: str) -> None:
    question = Question(node=emma_map.graph.find("layer0.attn_wq[3][7]"))
    root = parsed(map_svg(look(emma_map, lens, question), "“emma”"))
    assert (root.get("width"), root.get("height")) == ("1280", "720")
    assert_all_in_sight(root)


@pytest.fixture(scope="module")
def two_layers(names: Corpus) -> StepMap:
    """The Map of a long name by two untrained layers."""
    run = Training(names, model=ModelConfig(n_layer=2))
    return map_of(ModelSnapshot.of(run), "maximiliannn")


def map_of(model: ModelSnapshot, document: str) -> StepMap:
    graph = model.graph(document)
    labels = [model.tokenizer.label(token) for token in model.tokenizer.encode(document)]
    return StepMap.of(graph, document_captions(graph, labels))


def test_many_columns_and_layers_make_it_larger(two_layers: StepMap) -> None:
    root = parsed(map_svg(look(two_layers), "“maximiliannn” " * 20))
    assert width_of(root) > 1280
    assert float(root.get("height", "")) > 720
    assert_all_in_sight(root)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"layer 0", "layer 1"} <= set(texts)
    for text in root.iter(f"{SVG}text"):
        if text.get("transform"):
            assert float(text.get("x", "")) >= SMALL


def test_a_graph_of_any_program_has_a_picture() -> None:
    root = parsed(map_svg(look(StepMap.of(square_graph()))))
    assert_all_in_sight(root)
    assert len(cells(root)) == StepMap.of(square_graph()).n_cells


def test_odd_characters_are_escaped(emma_map: StepMap) -> None:
    odd = ["<b>", "&amp;", "\x00\x1b[31m", "'\"", "\ud800"]
    captions = [replace(c, token=t, target=t) for c, t in zip(emma_map.captions, odd, strict=True)]
    svg = map_svg(look(replace(emma_map, captions=tuple(captions))), '<&\x07"')
    root = parsed(svg)
    svg.encode()
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == r'<&\x07"'
    for shown in ("<b>", "&amp;", r"\x00\x1b[31m", "'\"", r"\ud800"):
        assert texts.count(shown) == 2


def test_numbers_that_are_not_finite_are_words(emma_map: StepMap) -> None:
    grad = emma_map.graph.grad.copy()
    grad[::7] = np.nan
    grad[1::7] = np.inf
    broken = StepMap.of(replace(emma_map.graph, grad=grad), emma_map.captions)
    root = parsed(map_svg(look(broken)))
    assert_all_in_sight(root)
    values = [float(cell.get("data-value", "")) for cell in cells(root)]
    assert any(map(math.isnan, values))


def test_nothing_is_printed_with_an_exponent(emma: ET.Element) -> None:
    for cell in cells(emma):
        for text in cell.iter(f"{SVG}text"):
            if abs(float(cell.get("data-value", ""))) >= 0.00005:
                assert re.fullmatch(r"−?\d*\.?\d+( %)?", text.text or "")
    assert (short(2.3e-7), short(-2.3e-7), short(0.0234)) == ("2e-7", "−2e-7", ".0234")


def test_several_maps_are_on_one_scale(emma_map: StepMap) -> None:
    grown = replace(emma_map.graph, grad=emma_map.graph.grad * 10)
    other = StepMap.of(grown, emma_map.captions, 2)
    root = parsed(maps_svg([look(emma_map), look(other)], ["step 1", "step 2"], "“emma”"))
    assert_all_in_sight(root)
    shown = cells(root)
    assert len(shown) == 2 * emma_map.n_cells
    fills: dict[float, set[str | None]] = {}
    for cell in shown:
        (rect, *_) = cell.iter(f"{SVG}rect")
        fills.setdefault(float(cell.get("data-value", "")), set()).add(rect.get("fill"))
    assert all(len(colors) == 1 for colors in fills.values())
    first, second = shown[0], shown[emma_map.n_cells]
    assert float(second.get("data-value", "")) == pytest.approx(
        10 * float(first.get("data-value", ""))
    )
    assert first.find(f"{SVG}rect").get("fill") != second.find(f"{SVG}rect").get("fill")  # type: ignore[union-attr]


def test_maps_that_differ_do_not_stand_side_by_side(emma_map: StepMap) -> None:
    with pytest.raises(InputError, match="alike in rows, columns and lens"):
        maps_svg([look(emma_map), look(StepMap.of(square_graph()))], ["a", "b"])
    with pytest.raises(InputError, match="alike"):
        maps_svg([look(emma_map), look(emma_map, "value")], ["a", "b"])
    with pytest.raises(InputError, match="0 Maps"):
        maps_svg([], [])


def test_the_same_map_gives_the_same_bytes(emma_map: StepMap) -> None:
    again = StepMap.of(emma_map.graph, emma_map.captions, emma_map.step)
    assert map_svg(look(emma_map), "“emma”") == map_svg(look(again), "“emma”")


def test_a_png_has_the_svgs_size(emma_map: StepMap) -> None:
    png = svg_png(map_svg(look(emma_map), "“emma”"))
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (1280 * ZOOM, 720 * ZOOM)


@pytest.mark.parametrize("weight", ["400", "600"])
def test_a_png_has_text_without_the_systems_fonts(weight: str) -> None:
    """Usual characters are not looked for in the system, so what is drawn is of this package."""
    sizes = [
        len(
            svg_png(
                f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40" '
                f'font-family="Helvetica,Arial,DejaVu Sans,sans-serif" font-weight="{weight}">'
                f'<text x="4" y="30" font-size="20">{text}</text></svg>'
            )
        )
        for text in ("", "“é → 0.023 × б”")
    ]
    assert sizes[1] > 3 * sizes[0]


def test_lenses_of_two_graphs_have_pictures(emma_map: StepMap) -> None:
    other = replace(emma_map.graph, grad=emma_map.graph.grad * 1.5)
    root = parsed(map_svg(look(emma_map, "change", Question(other=other))))
    assert_all_in_sight(root)
    assert set(LENSES) == {"grad", "value", "update", "why", "change"}
    negative = [c for c in cells(root) if float(c.get("data-value", "")) < -0.001]
    assert negative
    for cell in negative:
        texts = [text.text or "" for text in cell.iter(f"{SVG}text")]
        assert all(text.startswith("−") for text in texts)


def test_every_token_stands_over_its_column(emma: ET.Element, names: Corpus) -> None:
    tokenizer = Tokenizer.of(names.documents)
    labels = [tokenizer.label(token) for token in tokenizer.encode("emma")]
    texts = [text.text for text in emma.iter(f"{SVG}text") if text.get("font-size") == "16"]
    assert sorted(texts) == sorted([*labels[:-1], *labels[1:]])  # type: ignore[type-var]


# -- many columns ----------------------------------------------------------------------------------


def picture_of_program(program: Callable[[], Value]) -> tuple[StepMap, ET.Element]:
    with recording():
        loss = program()
    loss.backward()
    step_map = StepMap.of(Graph.from_value(loss))
    return step_map, parsed(map_svg(look(step_map)))


def shown_columns(root: ET.Element) -> set[int]:
    return {int(each.get("data-column", "-1")) for each in cells(root)} - {-1}


def test_eighty_samples_fit_a_page_as_bars() -> None:
    step_map, root = picture_of_program(lambda: mlp_by_sample(80))
    assert width_of(root) < 1.05 * WIDTH
    assert shown_columns(root) == set(range(80))
    scale = Scale(look(step_map))
    for cell in cells(root):
        if (column := int(cell.get("data-column", "-1"))) < 0:
            continue
        number = float(cell.get("data-value", ""))
        place = int(step_map.grid.at[int(cell.get("data-row", "")), column])
        assert number == scale.number(place)
        around, bar = cell.iter(f"{SVG}rect")
        height = float(around.get("height", ""))
        share = scale.size(place) if number else 0.0
        assert float(bar.get("height", "")) == pytest.approx(share * height, abs=0.06)
        assert not list(cell.iter(f"{SVG}text"))


@pytest.mark.slow
def test_what_is_too_wide_is_cut_and_says_so() -> None:
    step_map, root = picture_of_program(lambda: mlp_by_sample(300))
    assert width_of(root) <= MOST_WIDTH
    n_shown = len(shown_columns(root))
    assert shown_columns(root) == set(range(n_shown))
    assert n_shown > 100
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert f"… {len(step_map.grid.labels) - n_shown} more" in texts


def test_heads_keep_their_numbers_and_strips_where_columns_are_cut() -> None:
    tokens = tuple(position % 3 for position in range(31))
    step_map, root = picture_of_program(lambda: gpt_by_position(Size(tokens, n_layer=1)))
    assert width_of(root) <= MOST_WIDTH
    shown = shown_columns(root)
    assert shown == set(range(len(shown)))
    assert 16 < len(shown) < len(step_map.grid.labels)
    sources = [int(s.get("data-source", "")) for s in root.iter() if s.get("data-source")]
    readers = [int(r.get("data-to", "")) for r in root.iter() if r.get("data-to")]
    assert max(sources) == max(readers) == len(shown) - 1
    assert {f"… {30 - len(shown)} more"} < {text.text for text in root.iter(f"{SVG}text")}
