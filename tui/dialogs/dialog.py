"""What every dialog is: it closes once, whatever was typed after that."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypeVar

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.events import Click, Mount
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Lies over a mode until a key closes it.

    Keys may come faster than screens go: then some wait in its queue when it is closed already.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Closes it with a result; does nothing if it is not what lies on top (any more)."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Form(Dialog[Result]):
    """A dialog with lines to type into; enter in any of them answers.

    Its result is None if the person thought better of it.
    """

    BINDINGS = [("escape", "dismiss(None)", "Back")]

    @on(Input.Submitted)
    def _take_answer(self, event: Input.Submitted) -> None:
        if self.is_active:
            self.answer(event)

    @abstractmethod
    def answer(self, event: Input.Submitted) -> None:
        """Closes it with what was typed, or says what is wrong with that."""

    def say(self, problem: str) -> None:
        """Shows what is wrong in place of the keys."""
        self.query_one("#dialog-keys", Static).update(problem)


class _CarefulList(CommandList):
    """A list of commands in which a click may hit a line that is not there any more."""

    async def _on_click(self, event: Click) -> None:
        """Textual asks for the option that was drawn there; a search may have ended since."""
        place = event.style.meta.get("option")
        if place is not None and place >= self.option_count:
            event.prevent_default().stop()


class Palette(CommandPalette):
    """Textual's palette of commands, which closes as a `Dialog` does.

    It cannot be derived from that: Textual reads what styles a screen has from one base.
    """

    def on_mount(self, event: Mount) -> None:
        """Makes its list careful: Textual does not ask of which class that is to be."""
        if len(self.app.screen_stack) < 2:  # the app is being left, and nothing lies beneath it
            event.prevent_default()
        for commands in self.query(CommandList):
            commands.__class__ = _CarefulList

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """As `Dialog.dismiss`; and it looks for nothing more."""
        if not self.is_active:
            return AwaitComplete()
        if not self.is_mounted:  # a key came sooner: Textual looks at what lies beneath it then
            self.call_later(self.dismiss, result)
            return AwaitComplete()
        self._cancel_gather_commands()
        return super().dismiss(result)

    @on(Input.Changed)
    @on(Input.Submitted)
    @on(CommandList.OptionSelected)
    def _answer_while_it_is_there(self, event: Message) -> None:
        if not self.is_active or not self.query(CommandList):
            event.prevent_default()

    def _watch__list_visible(self) -> None:
        """While it is taken away a search may still end."""
        if self.query(CommandList):
            super()._watch__list_visible()

    def _action_cursor_down(self) -> None:
        """As of all keys of the list: it may not be there yet, or not any more."""
        if self.query(CommandList):
            super()._action_cursor_down()

    def _action_command_list(self, action: str) -> None:
        """Pages of a list that has not been laid out yet are none, nor of one taken away."""
        if not self.query(CommandList):
            return
        try:
            super()._action_command_list(action)
        except KeyError:
            if action not in {"page_up", "page_down"}:
                raise


def is_dialog(screen: Screen[object]) -> bool:
    """Whether a screen lies over what is shown."""
    return isinstance(screen, Dialog | Palette)
