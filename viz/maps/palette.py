"""The colours of a Map's picture: one ramp for sizes, a hue for each head, from light paper up."""

from __future__ import annotations

from viz.style import NEGATIVE, POSITIVE, blend, rgb

RAMP = ("#faf3e8", "#f6d9ae", "#efa35f", "#d9613b", "#a82a45", "#5e1150")
"""From the smallest size to the largest; readable in grey, too: each is darker than the last."""

HEADS = ("#0072b2", "#009e73", "#b35c9a", "#b8860b", "#d55e00", "#3f7f9f", "#7a6a2f", "#5a4fa0")
RIVER = "#f2c3a2"


def size_color(strength: float, sign: int = 0) -> str:
    """The colour of a size between 0 and 1; of a signed one orange or blue."""
    if sign:
        return blend("#ffffff", POSITIVE if sign > 0 else NEGATIVE, 0.08 + 0.92 * strength)
    at = min(max(strength, 0.0), 1.0) * (len(RAMP) - 1)
    place = min(int(at), len(RAMP) - 2)
    return blend(RAMP[place], rgb(RAMP[place + 1]), at - place)


def head_color(head: int) -> str:
    """The hue of a head, counted within its layer."""
    return HEADS[head % len(HEADS)]
