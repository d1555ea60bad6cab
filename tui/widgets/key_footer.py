"""The keys along the bottom, made anew only when they are others, and none of them cut."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer

from tui.keys import COMMON_KEYS

HELP = COMMON_KEYS[0].keys
"""The key that is always shown: it tells all others."""


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

    async def recompose(self) -> None:
        """Leaves out what has no room once the widths are known."""
        await super().recompose()
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        """Another width has room for more keys, or fewer."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        helps = [child for child in self.children if getattr(child, "key", "") == HELP]
        for child in helps:
            child.styles.dock = "right"
        room = self.size.width - sum(child.outer_size.width for child in helps)
        for child in self.children:
            child.visible = child in helps or child.region.right - self.region.x <= room
