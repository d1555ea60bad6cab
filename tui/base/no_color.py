"""NO_COLOR: what Textual's own filter needs to take the colours out of any line."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class GiveStyle(LineFilter):
    """Gives a style to segments that have none.

    Textual's filter would end the app at one, and the loss plot's canvas makes one before it knows
    its size.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The segments, all with a style."""
        return [Segment(text, style or Style.null(), control) for text, style, control in segments]
