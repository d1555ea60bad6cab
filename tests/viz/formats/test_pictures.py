"""SVG, PNG and PDF: what readers find in them, and what they refuse."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from microgpt import Graph, InputError
from tests.viz.computations import square_graph
from tests.viz.page.hostile import LABELS, hostile_graph
from viz.boxes import Folding
from viz.drawn import Drawn
from viz.drawn_graph import drawn_view
from viz.formats import format_named
from viz.formats import pdf as pdf_module
from viz.formats import png as png_module
from viz.formats.png import svg_size
from viz.maps.drawn import drawn_map
from viz.maps.lenses import look
from viz.maps.step_map import StepMap
from viz.view import folded, scalars

SVG = "{http://www.w3.org/2000/svg}"


def written(drawn: Drawn, suffix: str) -> bytes:
    row = format_named(f"a{suffix}")
    assert row is not None
    return row.content(drawn)


@pytest.fixture(scope="module")
def softmax(emma_graph: Graph) -> Drawn:
    folding = Folding(emma_graph)
    view = folded(folding, folding.scope("pos2/layer0/attn/head0/softmax"))
    return drawn_view(view, "“emma”")


def test_an_svg_says_what_it_is_and_all_its_digits(emma_graph: Graph, softmax: Drawn) -> None:
    root = ET.fromstring(written(softmax, ".svg"))
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert root[0].text == "pos2/layer0/attn/head0/softmax, “emma”"
    assert (root[1].text or "").startswith("A computation, left to right")
    titles = [each.text or "" for each in root.iter(f"{SVG}title")]
    folding = Folding(emma_graph)
    for node in folding.scope("pos2/layer0/attn/head0/softmax").ids.tolist():
        data, grad = float(emma_graph.data[node]), float(emma_graph.grad[node])
        assert any(f"data {data!r}, grad {grad!r}" in title for title in titles)
    assert not any("xlink" in name for each in root.iter() for name in each.attrib)
    assert not {"a", f"{SVG}a"} & {each.tag for each in root.iter()}
    assert not any(title.startswith("b0") for title in titles)  # names of DOT text


def test_pillow_reads_a_png_of_twice_the_size(softmax: Drawn) -> None:
    picture = Image.open(io.BytesIO(written(softmax, ".png")))
    picture.load()
    width, height = svg_size(softmax.part("svg"))
    assert picture.size == pytest.approx((2 * width, 2 * height), abs=2)
    colors = picture.convert("RGB").getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 50  # it is no blank page


def test_a_pdfs_text_is_text(emma_graph: Graph, softmax: Drawn) -> None:
    file = pypdf.PdfReader(io.BytesIO(written(softmax, ".pdf")))
    assert file.metadata is not None
    assert file.metadata.title == softmax.title
    (page,) = file.pages
    text = page.extract_text()
    assert "softmax[1] exp · #20811" in text
    assert "pos2/layer0/attn/head0/softmax" in text
    width, height = svg_size(softmax.part("svg"))
    assert float(page.mediabox.width) / float(page.mediabox.height) == pytest.approx(
        width / height, rel=0.01
    )
    assert not page.images
    of_map = drawn_map(look(StepMap.of(emma_graph)), "“emma” → letters")
    text = pypdf.PdfReader(io.BytesIO(written(of_map, ".pdf"))).pages[0].extract_text()
    assert "“emma” → letters" in text
    assert "attn head0" in text


@pytest.mark.parametrize(
    "suffix", [".svg", pytest.param(".png", marks=pytest.mark.slow), ".pdf", ".html"]
)
def test_odd_labels(suffix: str) -> None:
    graph = hostile_graph()
    for drawn in (
        drawn_view(scalars(graph, range(len(graph)), LABELS[0]), LABELS[1]),
        drawn_map(look(StepMap.of(graph)), LABELS[3]),
    ):
        content = written(drawn, suffix)
        if suffix == ".svg":
            root = ET.fromstring(content)
            assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in {"script", "img"}]
        elif suffix == ".png":
            Image.open(io.BytesIO(content)).load()
        elif suffix == ".pdf":
            text = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
            assert "\x00" not in text
            assert r"\u05d0\u05d1\u05d2" in text  # without glyphs they are told by codes
            assert drawn.kind.name == "a Map" or "\\U0001f98a emoji" in text


def test_what_is_too_large(softmax: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_module, "MOST_PIXELS", 1_000_000)
    with pytest.raises(InputError, match=r"a PNG of .* pixels is too large .*: \.svg, \.pdf and"):
        written(softmax, ".png")
    monkeypatch.setattr(pdf_module, "MOST_POINTS", 400)
    with pytest.raises(InputError, match=r"a PDF of .* points is too large .*: \.svg and \.html"):
        written(softmax, ".pdf")


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viz.export import write_view

    monkeypatch.setattr(png_module, "MOST_PIXELS", 10)
    with pytest.raises(InputError):
        write_view(scalars(square_graph(), range(2), "y"), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
