"""Beside the Map: the selected cell, or the one that is visited, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from rich.text import Text

from microgpt.code_places import place_called
from microgpt.debugger.session_state import GradChange
from microgpt.debugger.verbs.source import listing
from microgpt.errors import GraphError
from microgpt.model.place_names import named, spoken
from tui.debugger.explorer import Explorer
from tui.widgets.text_view import TextView
from viz.maps.lenses import Look
from viz.maps.moments import MapMoment
from viz.maps.step_map import StepMap
from viz.maps.words import Share, column_name, reading_in_words, words

MOST_WRONG = 4
"""So many gradients of a cell are told that should be others."""
BAR = 10
"""Of a share. Units: characters."""

OF_TOKENS = "Columns are positions, under the token that each reads"
OF_ANYTHING = "Columns are what is done alike side by side: positions or samples"
OF_ROWS = (
    "; rows are blocks, in the order of the forward pass. A cell is as strong as the gradient of "
    "what leaves it."
)
OF_HEADS = " In a head's cell each bar is a weight: how much is read of that column."
OF_KEYS = (
    "\n\nArrows select a cell; n walks the backward pass cell by cell, o column by column, s event "
    "by event, p plays; ⏎ opens a cell's scalars."
)


def introduction(step_map: StepMap) -> str:
    """How to read a Map, and how to begin."""
    has_tokens = any(caption.token is not None for caption in step_map.captions)
    columns = OF_TOKENS if has_tokens else OF_ANYTHING
    return f"{columns}{OF_ROWS}{OF_HEADS if step_map.weights else ''}{OF_KEYS}"


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens at the event at hand."""

    changes: tuple[GradChange, ...]  # what it does to gradients
    line: str  # that made the node visited, with its place; `""` where none is known

    @classmethod
    def of(cls, explorer: Explorer) -> Self:
        """Where a person stands."""
        line = ""
        if explorer.visited is not None:
            try:
                found = listing(explorer.graph, explorer.visited, 0)
            except GraphError:  # a leaf, or not recorded
                pass
            else:
                code = found.source[0].text.strip() if found.source else ""
                line = f"{place_called(found.filename, found.line)}\n→ {code}"
        return cls(explorer.state.changes, line)


class MapSide(TextView):
    """What there is to say of one cell."""

    def show(
        self,
        look: Look,
        selected: int,
        moment: MapMoment | None,
        here: Moment | None,
        wrong: Sequence[str] = (),
    ) -> None:
        """Shows the selected cell; without one the visited one, or how to begin.

        Args:
            here: what happens where the walk stands, None before it has begun.
            wrong: what is to be said of gradients in the cell that should be others.
        """
        cell = selected
        if cell < 0 and moment is not None:
            cell = moment.visited
        sections = [_event(here)] if here else []
        if cell < 0:
            self.show_sections(*sections, Text(introduction(look.map)))
            return
        if wrong:
            sections.append(Text("\n".join(wrong), "bold"))
        told = words(look, cell, moment)
        sections.append(Text("\n".join(filter(None, (told.place, told.scope, *told.lines)))))
        for title, shares in (
            ("reads", told.reads),
            ("gradient comes from", told.flows_in),
            ("gradient goes on to", told.flows_out),
        ):
            if shares:
                sections.append(Text("\n".join((title, *map(_share, shares)))))
        column = int(look.map.grid.column_of[cell])
        if column >= 0 and not told.reads and look.map.weights:
            title = f"{column_name(look.map, column)} reads"
            if reading := reading_in_words(look.map, column, moment):
                sections.append(Text("\n".join((title, *reading))))
        self.show_sections(*sections)


def wrong_in(explorer: Explorer, seen: Look, cell: int) -> list[str]:
    """Which gradients of a cell are others than they should be, in words."""
    if explorer.is_off is None or cell < 0:
        return []
    graph, mine = explorer.graph, seen.map.grid.cell_of == cell
    wrong = np.flatnonzero(mine & explorer.is_off)
    if not len(wrong):
        return []
    lines = [f"✗ {len(wrong)} of {np.count_nonzero(mine)} gradients wrong"]
    for node in wrong[:MOST_WRONG].tolist():
        should = explorer.grad_that_should_be(node)
        lines.append(f"{named(graph, node)}: {graph.grad[node]:.6g}, should be {should:.6g}")
    return lines


def _share(share: Share) -> str:
    length = max(1, round(BAR * share.part)) if share.part else 0
    return f"{share.number:>6} {'█' * length:<{BAR}} {share.name}"


def _event(here: Moment) -> Text:
    """What the event at hand does."""
    told = [f"{spoken(each.name, each.place)}  {_sum(each)}" for each in here.changes]
    lines = ["this event", *told] if told else []
    return Text("\n".join(filter(None, (*lines, here.line))))


def _sum(change: GradChange) -> str:
    """What an event did to one gradient."""
    if change.contribution is None:
        return f"{change.old:.4g} → {change.new:.4g} ({change.kind})"
    return f"{change.old:.4g} + {change.contribution:.4g} = {change.new:.4g}"
