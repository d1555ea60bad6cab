"""What the modes share: the status line, the footer, keys from the table, frames handed on."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget

from tui.base.base_app import ExportJob
from tui.keys import Key, KeySection
from tui.selecting_app import SelectingApp
from tui.selection import Selection
from tui.training.run_frame import RunFrame
from tui.widgets.key_footer import KeyFooter
from tui.widgets.scrubber import Scrubber
from tui.widgets.status_bar import StatusBar


class ModeScreen(Screen[None]):
    """A mode: a body between the status line and the footer."""

    MODE: ClassVar[str]  # its name, in lower case
    SHORT: ClassVar[str] = ""  # its name on a tab where there is little room, if shorter
    TOOLTIP: ClassVar[str]  # of the key that opens it
    ON_SCREEN: ClassVar[str]  # what is to be seen there, pane by pane, for the help
    KEYS: ClassVar[tuple[Key, ...]]  # its own, which a mode also gives to Textual, as `BINDINGS`

    frame: RunFrame | None = None

    @property
    def run_app(self) -> SelectingApp:
        """The app, which a mode belongs to."""
        assert isinstance(self.app, SelectingApp)
        return self.app

    @property
    def selection(self) -> Selection:
        """What is selected, in all modes."""
        return self.run_app.selection

    def compose(self) -> ComposeResult:
        """Status line, what the app asks for, body, scrubber, footer."""
        yield StatusBar(self.MODE)
        yield from self.run_app.beside_modes()
        yield self.body()
        yield Scrubber()
        yield KeyFooter()

    def on_mount(self) -> None:
        """In another theme, what is on screen is drawn again in its colours."""
        self.app.theme_changed_signal.subscribe(self, self._recolor)

    def _recolor(self, _theme: Theme) -> None:
        if self.frame is not None:
            self.show_frame(self.frame)
        else:
            self.query_one(StatusBar).show(None)

    @classmethod
    def key_sections(cls) -> tuple[KeySection, ...]:
        """Its keys as the help shows them."""
        return (KeySection(f"{cls.MODE} mode", cls.KEYS),)

    @property
    def keys_by_owner(self) -> tuple[tuple[tuple[Key, ...], DOMNode], ...]:
        """Its keys, with what their actions belong to."""
        return ((self.KEYS, self),)

    @abstractmethod
    def body(self) -> Widget:
        """The mode's own widgets."""

    def show_frame(self, frame: RunFrame) -> None:
        """Shows training's latest state; called only while this is the mode on screen."""
        self.frame = frame
        if not self.query(StatusBar):
            return  # not composed yet; a frame comes again when it is
        self.show_status()
        self.query_one(Scrubber).show(frame)
        if frame.result is not None:
            self.show_result(frame)

    def show_status(self) -> None:
        """Says how training stands, and what is not as it was computed."""
        self.query_one(StatusBar).show(self.frame, self.run_app.at_hand.what_if)

    @abstractmethod
    def show_result(self, frame: RunFrame) -> None:
        """Shows a frame that has a step's result."""

    def number_at_hand(self) -> str:
        """The number that a person who copies means, with all its digits; `""` without one."""
        return ""

    @abstractmethod
    def export_job(self) -> ExportJob | None:
        """The file name's middle part and what writes the view; None if there is nothing yet.

        The writer runs off the UI thread and may use only what it has captured.
        """
