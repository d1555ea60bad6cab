"""Whatever a widget shows, no character of it is an order to the terminal."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class NoOrders(LineFilter):
    """Takes control characters out of lines.

    Texts are made `printable` where they come from, so that nothing of them is lost; this is for
    one that was forgotten. Such characters are zero cells wide: the line stays as wide as it was.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The segments, without them."""
        if not any(_ORDERS.search(text) for text, _, control in segments if not control):
            return segments
        return [
            Segment(text if control else _ORDERS.sub("", text), style, control)
            for text, style, control in segments
        ]
