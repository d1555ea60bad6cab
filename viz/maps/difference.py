"""Two graphs' Maps and their difference: three pictures on one page, or three Maps as data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from microgpt.difference.graph_difference import GraphDifference
from viz.drawn import Drawn
from viz.kinds import DIFFERENCE
from viz.maps.lenses import Look, Question, look
from viz.maps.step_map import Caption, StepMap
from viz.maps.svg import ends_of, maps_svg

CHANGE = "By how much B's gradients are larger than A's, at B's nodes; bands and ribbons are B's"

_OPENED = re.compile(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"[^>]*>')


@dataclass(frozen=True, eq=False)
class ComparedMaps:
    """The Map of A and of B by their gradients, and B's by how much larger those are than A's."""

    a: Look
    b: Look
    change: Look

    @classmethod
    def of(
        cls,
        difference: GraphDifference,
        captions: tuple[Sequence[Caption], Sequence[Caption]] = ((), ()),
        step: int | None = None,
    ) -> ComparedMaps:
        """The Maps of two graphs; where A has a cell's nodes not, its gradient there counts as 0.

        Args:
            captions: of A's columns and of B's, if there is something to say of them.
            step: the training step that both are of.
        """
        maps = [
            StepMap.of(graph, said, step)
            for graph, said in zip((difference.a, difference.b), captions, strict=True)
        ]
        grads_of_a = difference.alignment.at_places_of_b(difference.a.grad)
        question = Question(other=replace(difference.b, grad=grads_of_a))
        return cls(look(maps[0]), look(maps[1]), look(maps[1], "change", question))

    @property
    def are_alike(self) -> bool:
        """Whether both have the same rows and as many columns, so that they fit side by side."""
        a, b = self.a.map, self.b.map
        return a.rows == b.rows and len(a.grid.labels) == len(b.grid.labels)

    def svg(self, names: tuple[str, str], title: str) -> str:
        """A and B on one scale, side by side if they are alike, and the difference below.

        Args:
            names: what A and B are called.
            title: what they are of.
        """
        ends = ends_of(self.a).and_of(ends_of(self.b))
        if self.are_alike:
            pictures = [maps_svg([self.a, self.b], names, title, ends=ends)]
        else:
            pictures = [
                maps_svg([each], [name], title, ends=ends)
                for each, name in zip((self.a, self.b), names, strict=True)
            ]
        return _stacked([*pictures, maps_svg([self.change], [""], CHANGE)])

    def as_json(self) -> dict[str, Any]:
        """The three Maps, each as `microgpt map -o FILE.json` has it."""
        from viz.maps.as_json import map_json  # noqa: PLC0415  # the debugger takes 100 ms

        three = {"a": self.a, "b": self.b, "change": self.change}
        return {name: json.loads(map_json(each)) for name, each in three.items()}


def drawn_difference(
    maps: ComparedMaps, names: tuple[str, str], title: str, as_json: Callable[[], str]
) -> Drawn:
    """Two Maps and their difference, to be written.

    Args:
        as_json: all that is to be told of the difference, as JSON.
    """
    return Drawn(
        kind=DIFFERENCE, title=title, svg=lambda: maps.svg(names, title), json=as_json
    )  # fmt: skip


def _stacked(pictures: Sequence[str]) -> str:
    """SVG pictures one below the other; the first one's title is the whole one's."""
    parts, top, widest = [], 0.0, 0.0
    opened = [_OPENED.match(picture) for picture in pictures]
    for place, (picture, begin) in enumerate(zip(pictures, opened, strict=True)):
        assert begin is not None
        inside = picture[begin.end() : picture.rindex("</svg>")]
        parts.append(inside if not place else f'<g transform="translate(0 {top:g})">{inside}</g>')
        widest, top = max(widest, float(begin[1])), top + float(begin[2])
    assert opened[0] is not None
    sizes = f'width="{widest:g}" height="{top:g}" viewBox="0 0 {widest:g} {top:g}"'
    kept = re.sub(r' (?:width|height|viewBox)="[^"]*"', "", opened[0][0]).removesuffix(">")
    return f"{kept} {sizes}>{''.join(parts)}</svg>\n"
