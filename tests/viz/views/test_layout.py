"""Where things stand in pictures of views: nothing unnamed, covered or far from the rest."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.viz.views.test_numbers import NODE
from viz.views.attention_weights import AttentionHeads
from viz.views.color_scale import ColorScale
from viz.views.embedding_points import EmbeddingPoints
from viz.views.heaviest_ways import HeaviestWays
from viz.views.subject import ViewSubject
from viz.views.table import Choices, DrawnView, Page
from viz.views.themes import LIGHT
from viz.views.training_course_picture import LINE, _apart

SVG = "{http://www.w3.org/2000/svg}"


def picture(name: str, subjects: list[ViewSubject], choices: Choices | None = None) -> ET.Element:
    return ET.fromstring(DrawnView.of(name, subjects, choices or Choices()).svg(Page(LIGHT, "a")))


def number(element: ET.Element, name: str) -> float:
    return float(element.attrib[name])


def test_each_weight_of_a_short_text_stands_in_its_cell(subject: ViewSubject) -> None:
    shown = AttentionHeads.of([subject], Choices())
    root = picture("attention", [subject])
    told = {}
    for group in root.iter(f"{SVG}rect"):
        title = group.findtext(f"{SVG}title", "")
        found = re.match(r"(layer \d+ · head \d+): (\d+) \S+ reads (\d+)", title)
        if found and found.groups() not in told:  # the first one is the weight
            told[found.groups()] = group
    percents = [
        (number(text, "x"), number(text, "y"), text.text or "")
        for text in root.iter(f"{SVG}text")
        if re.fullmatch(r"[\d.<]+%", text.text or "")
    ]
    n = 0
    for head in shown.heads:
        for reader in range(len(shown.tokens)):
            for source in range(reader + 1):
                cell = told[head.name, str(reader), str(source)]
                x, y, side = number(cell, "x"), number(cell, "y"), number(cell, "width")
                (text,) = (t for a, b, t in percents if x < a < x + side and y < b < y + side)
                weight = float(head.weights[reader, source])
                assert math.isclose(float(text.strip("<%")) / 100, weight, abs_tol=0.006)
                assert cell.attrib["fill"] == ColorScale(LIGHT, 1.0).color(weight)
                n += 1
    assert n == len(percents) - 3  # those of the legend


def test_every_curve_is_named_at_its_end(moments: list[ViewSubject]) -> None:
    root = picture("training", moments)
    subject = moments[-1]
    named = [
        text for text in root.iter(f"{SVG}text") if re.match(r"(mean|\S+ → \S+)  ", text.text or "")
    ]
    assert len(named) == 1 + len(subject.tokens) - 1
    heights = sorted(number(text, "y") for text in named)
    assert min(np.diff(heights)) >= LINE - 0.11


@given(st.lists(st.floats(0, 300), max_size=22).map(sorted))
def test_labels_are_moved_apart_and_no_further(places: list[float]) -> None:
    moved = _apart(places, 14.0, 0.0, 300.0)
    assert all(b - a >= 14.0 - 1e-9 for a, b in pairwise(moved))
    assert all(-1e-9 <= place <= 300.0 for place in moved)
    if all(b - a >= 14.0 for a, b in pairwise(places)):
        assert moved == places


def test_embeddings_fill_their_frame_and_keep_distances(subject: ViewSubject) -> None:
    shown = EmbeddingPoints.of([subject], Choices())
    root = picture("embeddings", [subject])
    circles = [(number(c, "cx"), number(c, "cy")) for c in root.iter(f"{SVG}circle")]
    levels = {title.text: None for title in root.iter(f"{SVG}title")}
    assert len(circles) == len(shown.labels) <= len(levels)
    frame = max(
        (r for r in root.iter(f"{SVG}rect") if r.attrib["fill"] == "none"),
        key=lambda r: number(r, "width"),
    )
    left, top = number(frame, "x"), number(frame, "y")
    right, bottom = left + number(frame, "width"), top + number(frame, "height")
    xs, ys = np.array(circles).T
    for least, most, first, last in (
        (xs.min(), xs.max(), left, right),
        (ys.min(), ys.max(), top, bottom),
    ):
        assert first + 5 <= least
        assert most <= last - 5
    assert max((np.ptp(xs) + 88) / (right - left), (np.ptp(ys) + 88) / (bottom - top)) > 0.99
    # One scale for both axes: how far points are apart is what it is in the plane.
    ours = math.dist((xs.min(), ys.min()), (xs.max(), ys.max()))
    theirs = math.dist(shown.points.min(axis=0), shown.points.max(axis=0))
    assert math.isclose(np.ptp(xs) / np.ptp(shown.points[:, 0]), ours / theirs, rel_tol=1e-3)


def test_no_line_crosses_a_factor(subject: ViewSubject) -> None:
    choices = Choices(node=NODE, top=4)
    shown = HeaviestWays.of([subject], choices)
    root = picture("paths", [subject], choices)
    parts = list(root.iter())
    factors = [place for place, part in enumerate(parts) if (part.text or "").startswith("×")]
    assert len(factors) == len(shown.ways)
    last_line = max(place for place, part in enumerate(parts) if part.tag == f"{SVG}path")
    for place in factors:
        paper, text = parts[place - 1], parts[place]
        assert paper.attrib["fill"] == LIGHT.paper
        assert number(paper, "x") < number(text, "x")
        assert number(paper, "y") < number(text, "y") < number(paper, "y") + number(paper, "height")
        assert place > last_line  # drawn after all lines
    assert not [part.text for part in parts if "-" in (part.text or "") and "%" in part.text]


def test_rows_of_embeddings_are_named_by_their_tokens(subject: ViewSubject) -> None:
    root = picture("parameters", [subject])
    named = [
        text.text for text in root.iter(f"{SVG}text") if text.attrib.get("text-anchor") == "end"
    ]
    assert named.count("a") == 2  # of wte and lm_head
    assert "0" in named  # of the others
