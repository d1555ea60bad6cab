"""The looks of views: light, dark, and for print, where sizes and signs must be told in grey."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.errors import InputError
from viz.maps.palette import RAMP
from viz.style import HAIRLINE, INK, NEGATIVE, PAPER, POSITIVE, Rgb, blend, rgb


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, each `#rrggbb`."""

    name: str
    paper: str
    ink: str
    muted: str
    hairline: str
    ramp: tuple[str, ...]  # of sizes, the smallest first; lightness changes one way
    signed: tuple[str, ...]  # of signed numbers, the most negative first; 0 is in the middle
    hues: tuple[str, ...]  # of things side by side
    none: str  # of what there is not: a source after its reader
    unknown: str  # of what is no number


def _signed(zero: str, positive: Rgb, negative: Rgb) -> tuple[str, ...]:
    steps = (1.0, 0.75, 0.5, 0.25)
    below = [blend(zero, negative, step) for step in steps]
    return (*below, zero, *[blend(zero, positive, step) for step in reversed(steps)])


LIGHT = Theme(
    "light", PAPER, INK, "#626a7d", HAIRLINE, RAMP, _signed("#fbfaf8", POSITIVE, NEGATIVE),
    ("#0072b2", "#d55e00", "#009e73", "#b35c9a", "#b8860b", "#3f7f9f", "#7a6a2f", "#5a4fa0"),
    "#f3f4f7", "#1f2430",
)  # fmt: skip
DARK = Theme(
    "dark", "#14171f", "#e3e8f1", "#98a2b6", "#3a4252",
    ("#1e222d", "#4a1d5c", "#8f2a5e", "#cf5048", "#f0a15c", "#fdf0d0"),
    _signed("#1e222d", rgb("#ffa24d"), rgb("#58b9f2")),
    ("#56b4e9", "#ff9f45", "#3fc79a", "#e08cc4", "#e6c34a", "#8fd0e8", "#c2b280", "#a79bf0"),
    "#191d27", "#ffffff",
)  # fmt: skip
PRINT = Theme(
    "print", "#ffffff", "#000000", "#4a4a4a", "#b8b8b8",
    ("#ffffff", "#dadada", "#b0b0b0", "#808080", "#484848", "#000000"),
    ("#ffffff", "#dcdcdc", "#bdbdbd", "#a3a3a3", "#8c8c8c", "#6e6e6e", "#4c4c4c", "#262626",
     "#000000"),
    ("#8a8a8a", "#000000", "#555555", "#b0b0b0", "#333333", "#9a9a9a", "#222222", "#777777"),
    "#ffffff", "#ff0000",
)  # fmt: skip
TERMINAL = Theme(
    "terminal", "", "", "", "",
    ("#7a8194", "#97863f", "#cf9a1a", "#e07b1f", "#d84f2a", "#c2185b"),
    ("#2f8fd0", "#7a8194", "#d55e00"), (), "", "",
)  # fmt: skip
"""On a background that is not known: no colour is very light or dark, and what tells is the hue."""
THEMES = {theme.name: theme for theme in (LIGHT, DARK, PRINT)}


def theme_called(name: str) -> Theme:
    """The theme of a name. Raises `InputError` with all names if there is none."""
    if name not in THEMES:
        raise InputError(f"no theme {name!r}; there are {', '.join(THEMES)}")
    return THEMES[name]
