"""The screen as an SVG."""

from __future__ import annotations

from textual.app import App


def screenshot(app: App[object], title: str) -> str:
    """What is on screen, so that it stays in its columns in whatever shows it.

    Textual gives every text its length instead, which browsers heed and many other programs do not:
    those drop the spaces a text begins with.
    """
    svg: str = app.export_screenshot(title=title)
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
