"""`Drawn`: it has the parts that its kind says, and makes each of them once."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest

from microgpt import Graph
from tests.viz.computations import square_graph
from viz.attention_panels import AttentionPattern
from viz.dot import to_dot
from viz.drawn import Drawn
from viz.drawn_attention import drawn_attention, drawn_heatmaps
from viz.drawn_graph import drawn_dot, drawn_view
from viz.kinds import KINDS, PARTS, PICTURE, VIEW, DrawingKind
from viz.maps.drawn import drawn_map, drawn_maps
from viz.maps.lenses import look
from viz.maps.scale import Ends
from viz.maps.step_map import StepMap
from viz.maps.svg import ends_of, maps_svg
from viz.maps.svg_elements import short
from viz.view import scalars
from viz.views.export import drawn_view as drawn_of_view
from viz.views.subject import ViewSubject
from viz.views.table import DrawnView, Page
from viz.views.themes import LIGHT

PATTERN = AttentionPattern(("BOS", "a"), [[[[1.0], [0.25, 0.75]]]])


def every_kind(graph: Graph) -> list[Drawn]:
    seen, subject = look(StepMap.of(graph)), ViewSubject(given=graph)
    view = scalars(square_graph(), range(2), "y")
    return [
        drawn_dot(to_dot(view)),
        drawn_view(view),
        drawn_map(seen),
        drawn_maps([seen, seen], ["a", "b"]),
        drawn_attention(PATTERN),
        drawn_heatmaps(PATTERN, subject),
        drawn_of_view(DrawnView.of("nodes", [subject]), Page(LIGHT, "nodes")),
    ]


def test_it_has_the_parts_of_its_kind(emma_graph: Graph) -> None:
    drawn = every_kind(emma_graph)
    assert {each.kind for each in drawn} >= {*KINDS, PICTURE, VIEW}
    for each in drawn:
        has = {part for part in PARTS if getattr(each, part) is not None}
        assert has == set(each.kind.parts), each.kind.name


def test_a_part_is_made_once() -> None:
    made: list[str] = []

    def svg() -> str:
        made.append("svg")
        return "<svg/>"

    drawn = Drawn(kind=DrawingKind("a thing", ("svg",)), title="", svg=svg)
    assert [drawn.part("svg"), drawn.part("svg")] == ["<svg/>"] * 2
    assert made == ["svg"]


@pytest.mark.parametrize("change", [lambda ends: ends, lambda ends: ends.and_of(ends)])
def test_a_maps_own_ends_change_nothing(emma_graph: Graph, change: Callable[..., object]) -> None:
    seen = look(StepMap.of(emma_graph))
    own = change(ends_of(seen))
    assert maps_svg([seen], [""], "", ends=own) == maps_svg([seen], [""], "")


def test_the_ends_of_two_maps_are_the_further_ones(emma_graph: Graph) -> None:
    first, second = (ends_of(look(StepMap.of(graph))) for graph in (emma_graph, square_graph()))
    both = first.and_of(second)
    assert (both.cells, both.losses) == (first.cells, second.losses)
    assert first.cells > second.cells
    assert second.losses > first.losses


def test_further_ends_stand_in_the_legend_and_make_bands_narrower(emma_graph: Graph) -> None:
    seen = look(StepMap.of(emma_graph))
    own = ends_of(seen)
    doubled = Ends(*(2 * end for end in dataclasses.astuple(own)))
    svg, before = maps_svg([seen], [""], "", ends=doubled), maps_svg([seen], [""], "")
    for end in (doubled.bands, doubled.ribbons):
        assert f">= {short(end)}</text>" in svg
        assert f">= {short(end)}</text>" not in before

    def widths(text: str) -> list[float]:
        return [float(width) for width in re.findall(r'width="([\d.]+)"[^>]*data-from-row', text)]

    assert len(widths(svg)) == len(widths(before)) > 20
    assert all(now <= then for now, then in zip(widths(svg), widths(before), strict=True))
    assert sum(widths(svg)) < 0.8 * sum(widths(before))
