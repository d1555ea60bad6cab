"""Beside the Map: the selected cell, or the one that is visited, in words and numbers."""

from __future__ import annotations

from rich.text import Text

from microgpt.debugger.session_state import GradChange
from tui.widgets.text_view import TextView
from viz.map.lenses import Look
from viz.map.moments import MapMoment
from viz.map.words import Share, column_name, reading_in_words, words

BAR = 10
"""Of a share. Units: characters."""

INTRODUCTION = (
    "Columns are positions, under the token that each reads; rows are blocks, in the order of the "
    "forward pass. A cell is as strong as the gradient of what leaves it. In a head's cell each "
    "bar is a weight: how much is read of that position.\n\n"
    "Arrows select a cell, and its column's reading is drawn; s walks the backward pass event by "
    "event, n cell by cell, o position by position, p plays; ⏎ opens a cell's scalars."
)


class MapSide(TextView):
    """What there is to say of one cell."""

    def show(
        self,
        look: Look,
        selected: int,
        moment: MapMoment | None,
        changes: tuple[GradChange, ...],
    ) -> None:
        """Shows the selected cell; without one the visited one, or how to begin.

        Args:
            changes: what the event at hand did to gradients.
        """
        cell = selected
        if cell < 0 and moment is not None:
            cell = moment.visited
        sections = [_event(changes)]
        if cell < 0:
            self.show_sections(*sections, Text(INTRODUCTION))
            return
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
            sections.append(Text("\n".join((title, *reading_in_words(look.map, column)))))
        self.show_sections(*sections)


def _share(share: Share) -> str:
    return f"{share.number:>6} {'█' * max(1, round(BAR * share.part)):<{BAR}} {share.name}"


def _event(changes: tuple[GradChange, ...]) -> Text:
    """What the event at hand does."""
    told = [
        f"{change.name}  {change.old:.4g} → {change.new:.4g} ({change.kind})"
        if change.contribution is None
        else f"{change.name}  {change.old:.4g} + {change.contribution:.4g} = {change.new:.4g}"
        for change in changes
    ]
    return Text("\n".join(("this event", *told))) if told else Text()
