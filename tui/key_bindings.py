"""The key table as Textual bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui.keys import keys_of, shown


def bindings_for(mode: str) -> list[BindingType]:
    """Textual bindings of a mode's keys, or of `EVERYWHERE`'s."""
    keys = keys_of(mode)
    groups = {name: Binding.Group(name, compact=True) for name in {key.group for key in keys}}
    return [
        Binding(
            key.keys,
            key.action,
            key.title,
            key.in_footer,
            shown(key),
            tooltip=key.tooltip,
            priority=key.first,
            group=groups[key.group] if key.group else None,
        )
        for key in keys
    ]
