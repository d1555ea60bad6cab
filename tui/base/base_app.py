"""What every app of this project has: its themes, its help, and views written as SVG files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ClassVar, TypeAlias

from textual import on
from textual.app import App, ScreenStackError
from textual.errors import NoWidget
from textual.events import Event, InputEvent, MouseEvent
from textual.filter import LineFilter
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.theme import ThemeProvider

from microgpt.errors import MicrogptError
from microgpt.printable import one_line, printable
from tui.base.no_color import GiveStyle
from tui.base.no_orders import NoOrders
from tui.base.thread_work import in_thread
from tui.cli.options.inside import check_inside
from tui.dialogs.dialog import Dialog, Palette, Result, is_dialog
from tui.dialogs.help import HelpScreen
from tui.keys import KeySection
from tui.themes import DARK, FAINT, LIGHT, MUTED

ExportJob: TypeAlias = tuple[str, Callable[[Path], None]]
"""The file name's middle part, and what writes the view; it runs off the UI thread."""


class BaseApp(App[None]):
    """An app that exports what it shows and tells its keys."""

    TITLE = "microgpt-tui"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]
    CSS_PATH = Path(__file__).with_name("app.tcss")  # wherever the app's own module lies
    INTRODUCTION: ClassVar[str]  # what it is, for the help
    KEY_SECTIONS: ClassVar[tuple[KeySection, ...]]
    kept_in: Path | None = None
    """Where a person may be a stranger: the folder outside of which they may name no file."""

    class Exported(Message):
        """A view was written, or could not be."""

        def __init__(self, path: Path, problem: str = "") -> None:
            super().__init__()
            self.path = path
            self.problem = problem

    def __init__(self, folder: Path | None = None) -> None:
        """Exports go to `folder`, or to where the program was started."""
        super().__init__()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.exported: Path | None = None  # the last view written
        # One of each: lines remember what each filter made of them.
        self._give_style, self._no_orders = GiveStyle(), NoOrders()
        self._folder = folder or Path()
        self._taken: set[Path] = set()

    async def on_event(self, event: Event) -> None:
        """Keys and clicks that come when the app is left already, or what they hit, are dropped."""
        if isinstance(event, InputEvent) and (self._exit or self._hits_nothing(event)):
            return
        try:
            await super().on_event(event)
        except ScreenStackError:
            if self._screen_stack:
                raise

    def _hits_nothing(self, event: InputEvent) -> bool:
        """Whether the mouse is on a widget that was removed since it was drawn, such as a notice.

        Textual looks for what holds it, or has it drawn, and finds nothing.
        """
        if not isinstance(event, MouseEvent) or not self._screen_stack:
            return False
        try:
            widget, _ = self.screen.get_widget_at(int(event.x), int(event.y))
        except NoWidget:
            return False
        return not widget.is_attached

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the app's styles need and themes from elsewhere do not have."""
        return {"muted": MUTED, "faint": FAINT}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What lines go through before they are written."""
        filters = (*super().get_line_filters(), self._no_orders)
        return (self._give_style, *filters) if self.no_color else filters

    def notify(  # noqa: D102  # Textual's
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        super().notify(
            "\n".join(map(printable, message.splitlines())),
            title=one_line(title), severity=severity, timeout=timeout, markup=markup,
        )  # fmt: skip

    def action_switch_theme(self) -> None:
        """Dark to light and back."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_help(self) -> None:
        """Shows all keys."""
        self.open_dialog(HelpScreen(self.INTRODUCTION, self.KEY_SECTIONS))

    def action_command_palette(self) -> None:
        """Shows the palette."""
        if self.use_command_palette:
            # Without an id, as Textual gives it: one that was closed may not be gone yet.
            self.open_dialog(Palette())

    def search_themes(self) -> None:
        """Shows a palette of themes."""
        self.open_dialog(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    @property
    def has_dialog(self) -> bool:
        """Whether a dialog lies over what is shown."""
        return is_dialog(self.screen)

    def open_dialog(
        self,
        dialog: Dialog[Result] | Palette,
        answered: Callable[[Result | None], None]
        | Callable[[Result | None], Awaitable[None]]
        | None = None,
    ) -> None:
        """Shows a dialog, unless there is one: a key pressed twice opens no second.

        Args:
            answered: takes its result when it is closed.
        """
        if not self.has_dialog:
            self.push_screen(dialog, answered)

    # -- export --------------------------------------------------------------------------------

    @abstractmethod
    def export_job(self) -> ExportJob | None:
        """What would write the view on screen, None if there is none yet."""

    def check_path(self, path: Path) -> None:
        """Whether the person may name a file.

        Raises:
            InputError: it lies outside the folder that they are kept in.
        """
        if self.kept_in is not None:
            check_inside(path, self.kept_in)

    def action_export(self) -> None:
        """Writes the current view to an SVG file in the working folder."""
        job = self.export_job()
        if job is None:
            self.notify("nothing to export yet", severity="warning")
            return
        name, write = job
        path = self.unused_path(f"microgpt-{name}", "svg")
        self._taken.add(path)
        self._write(path, write)

    def unused_path(self, stem: str, suffix: str) -> Path:
        """A path that no file has and that no export still being written will have."""
        path, number = self._folder / f"{stem}.{suffix}", 2
        while path in self._taken or path.exists():
            path, number = self._folder / f"{stem}-{number}.{suffix}", number + 1
        return path

    @in_thread()
    def _write(self, path: Path, write: Callable[[Path], None]) -> None:
        try:
            write(path)
        except MicrogptError as error:
            self.post_message(self.Exported(path, str(error)))
        else:
            self.post_message(self.Exported(path))

    @on(Exported)
    def _say_exported(self, event: Exported) -> None:
        self._taken.discard(event.path)
        if event.problem:
            self.notify(event.problem, title="not exported", severity="error", markup=False)
            return
        self.exported = event.path
        self.notify(str(event.path.resolve()), title="exported", markup=False)
