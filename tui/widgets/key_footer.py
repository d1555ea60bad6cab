"""The keys along the bottom, made anew only when they are others, and none of them cut."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey, KeyGroup

from tui.keys import COMMON_KEYS

HELP = COMMON_KEYS[0].keys
"""The key that is always shown: it tells all others."""
MORE = "… "
"""Stands before it where there are keys that have no room."""
MORE_ROOM = len(MORE)
CUT = "-cut"


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
        helps = [child for child in self.query(FooterKey) if child.key == HELP]
        for key in helps:
            key.styles.dock = "right"
        others = [child for child in self.children if child not in helps]
        ends = [child.region.right - self.region.x for child in others]
        left = [child.outer_size.width - MORE_ROOM * child.has_class(CUT) for child in helps]
        room = self.size.width - sum(left)
        is_cut = max(ends, default=0) > room
        left_for_keys = room - MORE_ROOM * is_cut
        for place, child in enumerate(others):
            # The keys of a group and its word are two, and stand together or not at all.
            is_group = isinstance(child, KeyGroup) and place + 1 < len(ends)
            child.visible = ends[place + is_group] <= left_for_keys
        for key in helps:
            if key.has_class(CUT) != is_cut:
                key.set_class(is_cut, CUT)
                written = key.key_display.removeprefix(MORE)
                key.key_display = f"{MORE}{written}" if is_cut else written
                key.refresh(layout=True)
