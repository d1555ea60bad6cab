"""Every row of the table of views: what is promised of any view."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from microgpt import InputError, ModelConfig, ModelSnapshot, Training, Value
from microgpt.graph.graph import Graph
from microgpt.text.corpus import Corpus
from tests.viz.golden import assert_golden
from tests.viz.views.conftest import subject_after
from viz.maps.svg_elements import SMALL, text_width
from viz.views.export import view_json, write_drawn
from viz.views.subject import ViewSubject
from viz.views.table import VIEWS, Choices, DrawnView, Page, shared_largest
from viz.views.themes import LIGHT, THEMES

SVG = "{http://www.w3.org/2000/svg}"
NODE = "layer0.attn_wq[3][7]"


def drawn(name: str, subjects: list[ViewSubject]) -> DrawnView:
    kind = VIEWS[name]
    if kind.needs != "steps":
        subjects = subjects[-1:]
    return DrawnView.of(name, subjects, Choices(node=NODE if "node" in kind.takes else None))


@pytest.fixture(scope="module")
def views(moments: list[ViewSubject]) -> Mapping[str, DrawnView]:
    return {name: drawn(name, moments) for name in VIEWS}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_has_a_title_a_description_and_text(
    name: str, theme: str, views: Mapping[str, DrawnView]
) -> None:
    svg = views[name].svg(Page(THEMES[theme], "“emma” & <others>"))
    root = ET.fromstring(svg)
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "“emma” & <others>"
    assert root[1].tag == f"{SVG}desc"
    assert len(root[1].text or "") > 40
    texts = list(root.iter(f"{SVG}text"))
    assert len(texts) > 5
    assert min(float(text.get("font-size", "0")) for text in texts) >= SMALL
    background = next(root.iter(f"{SVG}rect"))
    assert background.get("fill") == THEMES[theme].paper


@pytest.mark.parametrize("name", VIEWS)
def test_everything_lies_in_the_picture(name: str, views: Mapping[str, DrawnView]) -> None:
    root = ET.fromstring(views[name].svg(Page(LIGHT, "emma")))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for element in root.iter():
        if element.tag in {f"{SVG}rect", f"{SVG}text", f"{SVG}image"} and element.get("x"):
            x, y = float(element.get("x", "")), float(element.get("y", ""))
            assert -1 <= x <= width
            assert -1 <= y <= height
            assert x + float(element.get("width", "0")) <= width + 1
            assert y + float(element.get("height", "0")) <= height + 1
        if element.tag == f"{SVG}text" and not element.get("transform"):
            room = text_width(element.text or "", float(element.get("font-size", "")))
            part = {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")]
            left = float(element.get("x", "")) - part * room
            assert left >= -1, element.text
            assert left + room <= width + 1, element.text


@pytest.mark.parametrize("name", VIEWS)
def test_the_same_input_gives_the_same_bytes(name: str, names: Corpus) -> None:
    first, second = (
        drawn(name, [subject_after(names, steps) for steps in (0, 3)]) for _ in range(2)
    )
    page = Page(LIGHT, "emma")
    assert first.svg(page) == second.svg(page)
    assert view_json(first) == view_json(second)


@pytest.mark.parametrize("name", VIEWS)
def test_as_json(name: str, views: Mapping[str, DrawnView]) -> None:
    read = json.loads(view_json(views[name]))
    assert (read["version"], read["view"]) == (1, name)


def test_pixels_are_in_a_png_too(views: Mapping[str, DrawnView], tmp_path: Path) -> None:
    write_drawn(views["nodes"], Page(LIGHT, "emma"), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [name for name, kind in VIEWS.items() if kind.parts.lines])
def test_lines_fit(name: str, views: Mapping[str, DrawnView]) -> None:
    lines = views[name].lines(100)
    assert lines
    assert max(map(len, lines)) <= 120  # sentences below a table may be a little longer
    assert not any("\n" in line for line in lines)


ONE_LAYOUT = [n for n, kind in VIEWS.items() if kind.needs != "steps" and n != "paths"]
"""Other paths are other pictures."""


@pytest.mark.parametrize("name", ONE_LAYOUT)
def test_pictures_that_share_scales_have_one_layout(name: str, moments: list[ViewSubject]) -> None:
    views = [drawn(name, [subject]) for subject in moments]
    largest = shared_largest(views)
    assert largest == {key: max(view.largest[key] for view in views) for key in views[0].largest}
    sizes = set()
    for view in views:
        root = ET.fromstring(view.svg(Page(LIGHT, "emma", largest)))
        sizes.add((root.get("width"), root.get("height")))
    assert len(sizes) == 1


def test_an_unknown_view_names_all() -> None:
    with pytest.raises(InputError, match=f"no view 'lenz'; there are {', '.join(VIEWS)}"):
        DrawnView.of("lenz", [])


def test_a_choice_that_a_view_does_not_know(subject: ViewSubject) -> None:
    with pytest.raises(InputError, match="--head: view lens has no such choice; it takes --pos"):
        DrawnView.of("lens", [subject], Choices(head=1))


@pytest.mark.parametrize("name", [n for n, kind in VIEWS.items() if kind.needs == "graph"])
def test_a_view_of_any_graph(name: str) -> None:
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    loss = (a * b + a).exp()
    loss.backward()
    subject = ViewSubject(given=Graph.from_value(loss))
    if name == "attention":
        with pytest.raises(InputError, match="no attention"):
            DrawnView.of(name, [subject])
        return
    choices = Choices(node="a" if name == "paths" else None)
    ET.fromstring(DrawnView.of(name, [subject], choices).svg(Page(LIGHT, "small")))


@pytest.mark.parametrize("name", [n for n, kind in VIEWS.items() if kind.needs != "graph"])
def test_a_view_that_needs_more_says_so(name: str) -> None:
    a = Value(2.0)
    loss = a * a
    loss.backward()
    with pytest.raises(InputError, match="needs"):
        DrawnView.of(name, [ViewSubject(given=Graph.from_value(loss))])


def test_hostile_labels_stay_text(names: Corpus) -> None:
    subject = subject_after(names, 0)
    hostile = ViewSubject(given=subject.graph, labels=["<b>", '"x"', "a\tb", "שלום", "👩‍👩", "&"])
    svg = DrawnView.of("attention", [hostile]).svg(Page(LIGHT, "<script>"))
    root = ET.fromstring(svg)
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"<b>", '"x"', "<script>"} <= texts
    assert not re.search(r"<script|<b>", svg)


def test_a_graph_that_would_be_too_large_is_told_of(names: Corpus) -> None:
    model = ModelSnapshot.of(Training(names, ModelConfig(block_size=1001)))
    subject = ViewSubject("emma" * 250, model)
    with pytest.raises(InputError, match=r"is a graph of 55,\d+,\d+ nodes; .* so \d+ characters"):
        DrawnView.of("nodes", [subject])


def test_golden(names: Corpus) -> None:
    model = ModelSnapshot.of(Training(names, ModelConfig(n_embd=4, n_head=2)))
    view = DrawnView.of("lens", [ViewSubject("a", model)])
    assert_golden("lens.svg", view.svg(Page(LIGHT, "“a”")))
