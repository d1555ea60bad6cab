"""The two themes of the app."""

from typing import Any

from textual.app import App
from textual.color import Color
from textual.theme import Theme

MUTED, FAINT = "#7a8194", "#5a6172"
"""Greys that can be read on any background, for themes that bring none."""

DARK = Theme(
    name="microgpt-dark",
    primary="#56b4e9",
    secondary="#8fa3bf",
    accent="#e69f00",
    warning="#e69f00",
    error="#f07178",
    success="#5fb878",
    foreground="#d8dee9",
    background="#14171f",
    surface="#191d27",
    panel="#222836",
    dark=True,
    variables={"muted": "#6b7689", "faint": "#39414f", "footer-key-foreground": "#56b4e9"},
)

LIGHT = Theme(
    name="microgpt-light",
    primary="#0072b2",
    secondary="#51607a",
    accent="#b35c00",
    warning="#b35c00",
    error="#b3261e",
    success="#2e7d4f",
    foreground="#1f2430",
    background="#fbfbfd",
    surface="#f3f5f9",
    panel="#e6eaf2",
    dark=False,
    variables={"muted": "#8a93a6", "faint": "#c9cfdb", "footer-key-foreground": "#0072b2"},
)


def theme_color(app: App[Any], variable: str) -> str:
    """A colour of the current theme as `#rrggbb`, also where the theme names a terminal's own."""
    return Color.parse(app.theme_variables[variable]).hex6
