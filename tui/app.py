"""The Textual app: three modes over one training session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from textual import on, work
from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen

from microgpt import Training
from microgpt.errors import MicrogptError
from tui.keys import EVERYWHERE, KEYS, TRAIN
from tui.screens.attention import AttentionScreen
from tui.screens.graph import GraphScreen
from tui.screens.help import HelpScreen
from tui.screens.mode_screen import ModeScreen, bindings_for
from tui.screens.train import TrainScreen
from tui.themes import DARK, FAINT, LIGHT, MUTED
from tui.training_session import Frame, TrainingSession

FRAMES_A_SECOND = 10
"""At most this often training is drawn: more cannot be read, and drawing takes time from it."""


class MicrogptApp(App[None]):
    """Trains in the background and shows it in three modes.

    Attributes:
        session: the training session.
        exported: path of the last exported view, None before the first.
    """

    TITLE = "microgpt-tui"
    CSS_PATH = "app.tcss"
    MODES = {"train": TrainScreen, "graph": GraphScreen, "attention": AttentionScreen}
    DEFAULT_MODE = TRAIN
    BINDINGS = bindings_for(EVERYWHERE)
    ENABLE_COMMAND_PALETTE = True

    class FrameReady(Message):
        """Training has something new to show."""

    class Exported(Message):
        """A view was written, or could not be."""

        def __init__(self, path: Path, problem: str = "") -> None:
            super().__init__()
            self.path = path
            self.problem = problem

    def __init__(
        self, training: Training, folder: Path | None = None, *, paused: bool = False
    ) -> None:
        """Shows `training`, which the app's session will drive; exports go to `folder`."""
        super().__init__()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.session = TrainingSession(training, self._announce, paused=paused)
        self.exported: Path | None = None
        self._folder = folder or Path()
        self._frame: Frame | None = None
        self._next_frame_at = 0.0
        self._taken: set[Path] = set()

    def on_mount(self) -> None:
        """The training thread starts with the screen."""
        self.session.start()

    def on_unmount(self) -> None:
        """No thread outlives the app."""
        self.session.close()

    def _announce(self) -> None:
        self.post_message(self.FrameReady())

    @on(FrameReady)
    def _take_frame_in_time(self) -> None:
        if (wait := self._next_frame_at - time.monotonic()) > 0:
            self.set_timer(wait, self._take_frame)
        else:
            self._take_frame()

    def _take_frame(self) -> None:
        self._next_frame_at = time.monotonic() + 1 / FRAMES_A_SECOND
        before, self._frame = self._frame, self.session.take_frame()
        if self._frame.problem and not (before and before.problem):
            self.notify(
                self._frame.problem, title="training stopped", severity="error", timeout=30,
                markup=False,
            )  # fmt: skip
        self._show_frame()

    def _show_frame(self) -> None:
        mode = self._mode_screen
        if mode is not None and self._frame is not None and mode.is_mounted:
            mode.show_frame(self._frame)

    @property
    def _mode_screen(self) -> ModeScreen | None:
        """The mode on screen, which may lie under the help or the palette."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ModeScreen):
                return screen
        return None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the app's styles need and themes from elsewhere do not have."""
        return {"muted": MUTED, "faint": FAINT}

    # -- commands ------------------------------------------------------------------------------

    async def action_mode(self, mode: str) -> None:
        """Switches to a mode and shows where training stands there."""
        if self.current_mode != mode:
            await self.switch_mode(mode)
            self.call_after_refresh(self._show_frame)

    def action_pause(self) -> None:
        """Pauses training, or goes on."""
        self.session.toggle()

    def action_train_one(self) -> None:
        """Trains one step and stays paused."""
        self.session.train_steps()

    def action_faster(self) -> None:
        """Raises the speed limit."""
        self.session.change_speed(1)

    def action_slower(self) -> None:
        """Lowers the speed limit."""
        self.session.change_speed(-1)

    def action_switch_theme(self) -> None:
        """Dark to light and back."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_help(self) -> None:
        """Shows all keys."""
        self.push_screen(HelpScreen())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The palette: every key of the table that works here, and Textual's own commands."""
        mode = self.current_mode
        for key in KEYS:
            if EVERYWHERE in key.modes or mode in key.modes:
                yield SystemCommand(key.title, key.tooltip, self._runner(key.action))
        yield SystemCommand("Choose a theme", "Any of Textual's themes", self.action_change_theme)

    def _runner(self, action: str) -> Callable[[], None]:
        namespace = self if action.startswith("app.") else self._mode_screen

        def run() -> None:
            self.call_later(self.run_action, action, namespace)

        return run

    # -- export --------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Writes the current view to an SVG file in the working folder."""
        job = self._mode_screen.export_job() if self._mode_screen else None
        if job is None:
            self.notify("nothing to export before the first step", severity="warning")
            return
        name, write = job
        path = self._unused_path(f"microgpt-{name}")
        self._taken.add(path)
        self._write(path, write)

    def _unused_path(self, stem: str) -> Path:
        """A path that no file has and that no export still being written will have."""
        path, number = self._folder / f"{stem}.svg", 2
        while path in self._taken or path.exists():
            path, number = self._folder / f"{stem}-{number}.svg", number + 1
        return path

    @work(thread=True)
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
