"""An SVG has room for a wider font than the one it asks for first."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

from graphviz import Digraph

from microgpt import Value
from viz import draw
from viz.fonts import FONT, SHOWN, WIDEST, set_font
from viz.render import render

TEXT = "7,757 nodes, out grad 0.1722"


def boxed(text: str) -> Digraph:
    dot = Digraph()
    set_font(dot)
    dot.node("a", text, shape="box")
    return dot


def width_in(svg: bytes) -> float:
    """Width of the only box. Units: points."""
    polygon = ET.fromstring(svg).findall(".//{*}g[@class='node']/{*}polygon")[0]
    xs = [float(point.split(",")[0]) for point in polygon.attrib["points"].split()]
    return max(abs(a - b) for a, b in pairwise(xs))


def test_boxes_of_an_svg_have_room_for_the_widest_font() -> None:
    dot = boxed(TEXT)
    narrow = Digraph(body=[line.replace(FONT, "Arial") for line in dot.body])
    widest = Digraph(body=[line.replace(FONT, f'"{WIDEST}"') for line in dot.body])
    assert width_in(render(dot, "svg")) == width_in(render(widest, "svg"))
    assert width_in(render(dot, "svg")) > 1.1 * width_in(render(narrow, "svg"))


def test_an_svg_asks_for_the_usual_fonts_first_to_last() -> None:
    svg = render(draw(Value(2.0, name="a") * 3.0), "svg")
    assert set(re.findall('font-family="([^"]*)"', svg)) == {SHOWN}
    assert SHOWN.split(",")[0] == FONT
    assert SHOWN.endswith("sans-serif")


def test_a_text_about_fonts_stays_as_it_is() -> None:
    text = f'\n\tgraph [fontname={FONT}]\n font-family="{WIDEST}"'
    value = Value(2.0, name=text)
    drawn = "".join(ET.fromstring(render(draw(value), "svg")).itertext())
    assert rf'\n\tgraph [fontname={FONT}]\n font-family="{WIDEST}"' in drawn.replace("\xa0", " ")
