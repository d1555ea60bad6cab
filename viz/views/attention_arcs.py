"""Arcs from the selected position to what each head reads most, over the text on one line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from viz.maps.svg_elements import PLAIN, SMALL, cut, text_width, words, xml
from viz.views.attention_weights import AttentionHeads, HeadAttention
from viz.views.sheet import BOLD, full, thinned
from viz.views.themes import Theme

MOST_PITCH = 46.0
LEAST_PITCH = 15.0
"""Of characters that can be read beside each other."""
MOST_HEIGHT = 130.0
LINE_HEIGHT = 17.0
AROUND = 3
"""Characters told before and after a source of a long text."""


SMALL_WEIGHT = 0.05


def percent(weight: float) -> str:
    """A weight in per cent, with two digits at least.

    >>> percent(0.254), percent(0.0123), percent(0.00034)
    ('25%', '1.2%', '0.034%')
    """
    return f"{100 * weight:.0f}%" if weight >= 0.0995 else f"{100 * weight:.2g}%"


class ArcStrip:
    """Where it stands, and what is in it."""

    def __init__(self, shown: AttentionHeads, theme: Theme, left: float, width: float) -> None:
        self.shown, self.theme = shown, theme
        self.n = len(shown.tokens)
        self.pitch = min(width / self.n, MOST_PITCH)
        self.left, self.width = left, width
        self.arc_height = min(MOST_HEIGHT, 34 + self.pitch * self.n / 4)

    @property
    def height(self) -> float:
        """From its top to its bottom."""
        told = LINE_HEIGHT * len(self.shown.heads)
        if self._is_beside:
            return max(self.arc_height + 56, told + 50)
        return self.arc_height + 72 + told

    @property
    def _is_beside(self) -> bool:
        """Whether there is room for the words at the right of the arcs."""
        return self.pitch * self.n < self.width * 0.55

    @cached_property
    def _numbers(self) -> dict[tuple[int, int], int]:
        return {(head.layer, head.head): at for at, head in enumerate(self.shown.heads)}

    def color(self, head: HeadAttention) -> str:
        """The hue of a head."""
        hues = self.theme.hues
        return hues[self._numbers[head.layer, head.head] % len(hues)]

    def line_width(self, weight: float) -> float:
        """Of an arc."""
        return 0.6 + 5.4 * weight / self.largest

    @cached_property
    def largest(self) -> float:
        """The weight of the widest arc: 1, but of a text so long that all are small."""
        strongest = max(
            float(head.weights[self.shown.position].max(initial=0.0)) for head in self.shown.heads
        )
        return 1.0 if strongest > SMALL_WEIGHT else strongest or 1.0

    def x(self, position: int) -> float:
        """The middle of a position."""
        return self.left + (position + 0.5) * self.pitch

    def drawn(self, top: float) -> Iterator[str]:
        """Its elements."""
        shown, theme = self.shown, self.theme
        reader, token = shown.position, shown.tokens[shown.position]
        what = str(reader) if token == str(reader) else f"{reader} “{token}”"
        title = f"What position {what} reads"
        yield words(self.left, top + 12, title, theme.ink, PLAIN, extra=BOLD)
        base = top + 24 + self.arc_height
        for head in shown.heads:
            for source in reversed(head.strongest(reader, shown.top).tolist()):
                yield self._arc(head, source, base)
        yield from self._axis(base)
        left = self.left + (self.pitch * self.n + 50 if self._is_beside else 0)
        y = top + 52 if self._is_beside else base + 48
        for head in shown.heads:
            yield words(left, y, head.name, self.color(head), SMALL, extra=BOLD)
            told = ",   ".join(
                f"{self._in_text(source)} {percent(head.weights[reader, source])}"
                for source in head.strongest(reader, shown.top).tolist()
            )
            x = left + text_width("layer 00 · head 00", SMALL) + 10
            yield words(x, y, cut(told, self.left + self.width - x, SMALL), theme.ink)
            y += LINE_HEIGHT

    def _arc(self, head: HeadAttention, source: int, base: float) -> str:
        reader, weight = self.shown.position, float(head.weights[self.shown.position, source])
        start, end = self.x(reader), self.x(source)
        far = abs(start - end) / max(self.x(self.n - 1) - self.x(0), 1.0)
        lift = 12 + (self.arc_height - 14) * far**0.5
        # Heads side by side: where they read the same source their arcs would lie on each other.
        lift -= 2.5 * (self._numbers[head.layer, head.head] % 8)
        line = f'stroke="{self.color(head)}" stroke-width="{self.line_width(weight):.2f}"'
        if source == reader:
            shape = f"M{start - 4:.1f} {base:.1f}c-9 -24 17 -24 8 0"
        else:
            peak = base - lift * 4 / 3
            shape = (
                f"M{start:.1f} {base:.1f}C{start:.1f} {peak:.1f} {end:.1f} {peak:.1f} "
                f"{end:.1f} {base:.1f}"
            )
        tokens = self.shown.tokens
        told = (
            f"{head.name}: {reader} {tokens[reader]} reads {source} {tokens[source]}: "
            f"{full(weight)}"
        )
        return (
            f'<path d="{shape}" fill="none" stroke-linecap="round" stroke-opacity="0.8" {line}>'
            f"<title>{xml(told)}</title></path>"
        )

    def _axis(self, base: float) -> Iterator[str]:
        """The text under the arcs; of a long one the selected position, and numbers."""
        theme, tokens = self.theme, self.shown.tokens
        if self.pitch >= LEAST_PITCH:
            for position, token in enumerate(tokens):
                is_reader = position == self.shown.position
                yield words(self.x(position), base + 16, cut(token, self.pitch, PLAIN), theme.ink,
                            PLAIN, "middle", BOLD if is_reader else "")  # fmt: skip
            return
        right = self.x(self.n - 1)
        yield (
            f'<path d="M{self.left:.1f} {base:.1f}H{right:.1f}" stroke="{theme.hairline}" '
            'stroke-width="1"/>'
        )
        needed = text_width(str(self.n), SMALL) + 14
        for position in thinned(self.n, self.pitch, needed):
            x = self.x(position)
            yield f'<path d="M{x:.1f} {base:.1f}v4" stroke="{theme.hairline}"/>'
            yield words(x, base + 17, str(position), theme.muted, SMALL, "middle")

    def _in_text(self, source: int) -> str:
        """A source with what stands around it: `17 “ar[l]otte”`."""
        tokens = self.shown.tokens
        if tokens[source] == str(source):  # nothing else is known of it
            return str(source)
        if self.n <= 2 * AROUND + 1:
            return f"{source} {tokens[source]}"
        before = "".join(tokens[max(0, source - AROUND) : source])
        after = "".join(tokens[source + 1 : source + 1 + AROUND])
        return f"{source} {before}[{tokens[source]}]{after}"
