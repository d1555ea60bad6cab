"""How things look, for pictures and terminal alike: ops by their rows, one scale for gradients.

Colours are from the Okabe-Ito palette, which readers with colour-blindness can tell apart. Sign is
orange (positive) against blue (negative); strength is how far a colour is from the background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from microgpt.autograd.ops import OPS

if TYPE_CHECKING:  # numpy comes with it, which a screen without graphs can do without
    from microgpt.graph.graph import Graph

POSITIVE = (213, 94, 0)
NEGATIVE = (0, 114, 178)
UNSIGNED = (86, 96, 117)
NOT_A_NUMBER = (31, 36, 48)
DECADES = 4
"""A gradient this many powers of ten below the largest in view has the background's colour."""

INK = "#1f2430"
MUTED = "#7a8194"
PAPER = "#ffffff"
HAIRLINE = "#b4bac8"

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class OpStyle:
    """The look of an op's nodes."""

    glyph: str  # one or a few characters that stand for the op
    color: str  # accent, `#rrggbb`, readable on dark and light backgrounds
    shape: str  # Graphviz shape of the op's own mark


_OTHER_COLOR = "#7a8194"

_OTHER_GLYPHS = {
    "neg": "−",
    "sub": "−",
    "div": "÷",
    "truediv": "÷",
    "pow2": "^",
    "sqrt": "√",
    "sigmoid": "σ",
}
MAX_GLYPH = 4
"""A longer one does not fit into an op's circle. Units: characters."""


def op_style(name: str) -> OpStyle:
    """Style of an op, also of one that only a program's own class has.

    >>> op_style("mul").glyph, op_style("sigmoid").glyph, op_style("softplus").glyph
    ('×', 'σ', 'soft')
    """
    if row := OPS.get(name):
        return OpStyle(row.symbol, row.color, "circle" if row.arity else "box")
    return OpStyle(_OTHER_GLYPHS.get(name, name[:MAX_GLYPH]), _OTHER_COLOR, "circle")


def glyph_of(graph: Graph, node: int) -> str:
    """What stands for a node's op, with its immediate if it has one: `^2`."""
    op = graph.op(node)
    immediate = f"{graph.immediate[node]:g}" if op in OPS and OPS[op].immediate else ""
    return op_style(op).glyph + immediate


EIGHTHS = " ▁▂▃▄▅▆▇█"
"""A bar in a line of text, by how many eighths of the line it is high."""
SCOPE_GLYPH, PARAMETERS_GLYPH = "▸", OPS["param"].symbol


def short_number(x: float) -> str:
    """A float in at most 10 characters, with 4 significant digits.

    >>> short_number(0.12345), short_number(-3.2e-7), short_number(0.0), short_number(1234567.0)
    ('0.1235', '-3.2e-07', '0', '1.235e+06')
    """
    text = f"{x:.4g}"
    return text if len(text) <= MAX_NUMBER else f"{x:.3g}"  # -1.235e-300 is one too long


MAX_NUMBER = 10
"""Units: characters."""


def strength(magnitude: float, largest: float) -> float:
    """0 to 1: where a magnitude lies on a logarithmic scale of `DECADES` up to the largest.

    >>> strength(1.0, 1.0), strength(0.01, 1.0), strength(1e-9, 1.0)
    (1.0, 0.5, 0.0)
    """
    if not math.isfinite(magnitude):
        return 1.0
    if magnitude <= 0 or not largest > 0 or math.isinf(largest):
        return 0.0
    # Not the log of the quotient, which may be 0 for the smallest floats.
    return min(1.0, max(0.0, 1 + (math.log10(magnitude) - math.log10(largest)) / DECADES))


def gradient_color(grad: float, largest: float, background: str = PAPER) -> str:
    """Colour of a gradient by sign and magnitude, as `#rrggbb`; nan has one of its own.

    Args:
        grad: the gradient.
        largest: the largest magnitude in view, which gets the full colour.
        background: what a gradient of 0 looks like.
    """
    if math.isnan(grad):
        return blend(background, NOT_A_NUMBER, 1.0)
    return blend(background, POSITIVE if grad > 0 else NEGATIVE, strength(abs(grad), largest))


def magnitude_color(magnitude: float, largest: float, background: str = PAPER) -> str:
    """Colour of a size that has no sign, such as a root mean square, on the same scale."""
    color = NOT_A_NUMBER if math.isnan(magnitude) else UNSIGNED
    return blend(background, color, strength(magnitude, largest))


def blend(background: str, color: Rgb, amount: float) -> str:
    """The colour `amount` of the way from the background, as `#rrggbb`."""
    base = rgb(background)
    mixed = (round(b + (c - b) * amount) for b, c in zip(base, color, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def rgb(color: str) -> Rgb:
    """The channels of `#rrggbb`."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def ink_on(color: str) -> str:
    """Black or white, whichever reads better on a colour."""
    red, green, blue = rgb(color)
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else PAPER
