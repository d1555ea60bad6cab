"""The keys along the bottom, made anew only when they are others."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer


class KeyFooter(Footer):
    """Textual's footer, which makes all its widgets anew whenever the focus moves.

    That takes as long as showing a step, and after a dialog the step would wait for it.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._shown: list[tuple[str, str, bool, str]] | None = None

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Shows the keys that work now."""
        keys = [
            (active.binding.key, active.binding.description, active.enabled, active.tooltip)
            for active in screen.active_bindings.values()
            if active.binding.show
        ]
        if not screen.app.app_focus:
            return  # it is said again when the person comes back
        if keys != self._shown:
            self._shown = keys
            super().bindings_changed(screen)
