"""The `:` line: the debugger's verbs, typed, with a suggestion and a history."""

from __future__ import annotations

from collections.abc import Callable

from textual.binding import Binding
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input

MAX_HISTORY = 200

Completions = Callable[[str], tuple[int, list[str]]]
"""How many characters at a line's end are being completed, and what could stand there."""


class _FirstCompletion(Suggester):
    def __init__(self, completions: Completions) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completions = completions

    async def get_suggestion(self, value: str) -> str | None:
        being_typed, found = self._completions(value)
        if not found or not value:
            return None
        return value[: len(value) - being_typed] + found[0]


class CommandLine(Input):
    """Hidden until it is opened; gives lines, and keeps those that were given."""

    BINDINGS = [
        Binding("tab", "complete", "Complete", show=False),
        Binding("up", "recall(-1)", "Earlier line", show=False),
        Binding("down", "recall(1)", "Later line", show=False),
        Binding("escape", "leave", "Leave", show=False),
    ]

    class Given(Message):
        """A line was given."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self, completions: Completions) -> None:
        super().__init__(
            placeholder="a verb, such as: until abs(grad) > 0.1 — tab completes, esc leaves",
            suggester=_FirstCompletion(completions),
            select_on_focus=False,
        )
        self._completions = completions
        self._history: list[str] = []
        self._recalled = 0
        self._came_from: Widget | None = None
        self.display = False

    @property
    def is_open(self) -> bool:
        """Whether what is typed goes here."""
        return self.screen.focused is self  # `has_focus` waits for a message

    def open(self, text: str = "") -> None:
        """Shows the line with a beginning of it, for the person to go on."""
        if not self.is_open:
            self._came_from = self.screen.focused
        self.display = True
        self.value = text
        self.cursor_position = len(text)
        self._recalled = len(self._history)
        # At once, not `focus()`, which waits for a message: what is typed next belongs here.
        self.screen.set_focus(self, scroll_visible=False)

    def action_complete(self) -> None:
        """Takes what all completions have in common, or the suggestion if that is no more."""
        being_typed, found = self._completions(self.value)
        if not found:
            return
        start = self.value[: len(self.value) - being_typed]
        shared = _common_beginning(found)
        completed = start + (shared if len(shared) > being_typed else found[0])
        self.value = completed + (" " if len(found) == 1 and " " not in completed else "")
        self.cursor_position = len(self.value)

    def action_recall(self, by: int) -> None:
        """An earlier or a later line of the history."""
        place = self._recalled + by
        if 0 <= place <= len(self._history):
            self._recalled = place
            self.value = [*self._history, ""][place]
            self.cursor_position = len(self.value)

    def action_leave(self) -> None:
        """Hides the line; what is typed next belongs to where the person came from."""
        self.screen.set_focus(self._came_from, scroll_visible=False)
        self.display = False

    async def action_submit(self) -> None:
        """Gives the line; an empty one leaves."""
        line = self.value.strip().removeprefix(":").lstrip()  # typed again, out of habit
        if not line:
            self.action_leave()
            return
        if self._history[-1:] != [line]:
            self._history = [*self._history, line][-MAX_HISTORY:]
        self.open()
        self.post_message(self.Given(line))


def _common_beginning(words: list[str]) -> str:
    """What all words begin with.

    >>> _common_beginning(["reverse-next", "reverse-until"])
    'reverse-'
    """
    first, last = min(words), max(words)
    length = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    return first[:length]
