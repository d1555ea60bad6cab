"""A new text in a `Static`, with a new layout of the screen only where its height asks for one.

`Static.update` lays the whole screen out anew, which costs a key more than all else that it does.
"""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


def show_text(static: Static, text: Text) -> None:
    """Shows a text in a widget as high as its text."""
    static.update(text, layout=False)
    width, height = static.size
    if not width or static.visual.get_height(static.styles.get_rules(), width) != height:
        static.refresh(layout=True)
