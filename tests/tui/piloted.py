"""The app under a Pilot: keys and clicks go in, and what is on screen can be asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.widget import Widget

from microgpt import Training
from microgpt.runs import Run, RunRecorder
from tests.tui.small_run import small_training
from tui.app import MicrogptApp
from tui.base.app_runner import SWITCH_INTERVAL
from tui.debugger.canvas import GraphCanvas
from tui.debugger.explorer import Explorer
from tui.modes.attention_mode import AttentionScreen
from tui.modes.generate_mode import GenerateScreen
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.modes.mode_screen import ModeScreen
from tui.modes.parameters_mode import ParametersScreen
from tui.training.run_frame import RunFrame

LARGE, SMALL = (120, 40), (80, 24)
SOON = 15.0
"""Units: seconds. Far more than anything here takes; what hangs fails after it."""
ROUNDS = 3
"""A key goes from the app to the widget with the focus, up to the screen, and to other widgets."""


@dataclass
class Driven:
    """Any app and its pilot."""

    app: App[None]
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        """Presses keys, each when what the one before set off has been done.

        A Pilot's own `press` waits for an idle processor instead, up to a second for each key while
        a thread trains.
        """
        for key in keys:
            self.app.simulate_key(key)
            await self.settle()

    async def settle(self) -> None:
        """Until every widget has done what it has been told so far."""
        for _ in range(ROUNDS):
            await self.pilot.pause(0)

    async def until(self, holds: Callable[[], object]) -> None:
        """Lets the app go on until something holds, or raises what ended the app."""
        deadline = time.monotonic() + SOON
        while not holds():
            if self.app._exception:
                raise self.app._exception
            assert time.monotonic() < deadline, f"not within {SOON} s; on screen:\n{self.text}"
            await self.pilot.pause(0.01)

    # -- what is on screen ---------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The characters on screen."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def text_of(self, selector: str | type[Widget]) -> str:
        """The characters on screen inside one widget."""
        region = self.app.screen.query_one(selector).region
        lines = self.text.splitlines()[region.y : region.bottom]
        return "\n".join(line[region.x : region.right] for line in lines)

    @property
    def notices(self) -> list[str]:
        """What has been said in the corner of the screen."""
        return [notification.message for notification in self.app._notifications]


@dataclass
class Piloted(Driven):
    """The app that trains, and its pilot."""

    app: MicrogptApp

    @property
    def mode(self) -> ModeScreen:
        assert isinstance(self.app.screen, ModeScreen)
        return self.app.screen

    @property
    def frame(self) -> RunFrame:
        """What the mode on screen shows."""
        assert self.mode.frame
        return self.mode.frame

    @property
    def step(self) -> int:
        """The step on screen, 0 before the first."""
        frame = self.mode.frame
        return frame.result.step if frame and frame.result else 0

    # -- modes ---------------------------------------------------------------------------------

    async def train(self, steps: int = 1) -> None:
        """Some steps with the key for one, until the last is on screen."""
        before = self.step
        for _ in range(steps):
            await self.press("full_stop")
        await self.until(lambda: self.step == before + steps)

    async def graph(self) -> GraphScreen:
        """Graph mode, with the boxes of the step on screen there and drawn."""
        await self.press("3")
        await self.until(lambda: self.graph_screen.explorer)
        if self.graph_screen.pane.shows_map:
            await self.press("H")
        await self.drawn()
        return self.graph_screen

    async def map(self) -> MapScreen:
        """Map mode, with the Map of the step on screen there."""
        await self.press("2")
        screen = self.app.screen
        assert isinstance(screen, MapScreen)
        await self.until(lambda: screen.step and screen.step.origin.step == max(1, self.step))
        await self.settle()
        return screen

    async def attention(self) -> AttentionScreen:
        """Attention mode, with a step on screen and its first position selected."""
        await self.press("4")
        await self.until(lambda: self.step)
        screen = self.app.screen
        assert isinstance(screen, AttentionScreen)
        await self.until(lambda: screen.shown)
        screen.action_position(-len(screen.shown.tokens if screen.shown else ()))
        await self.settle()
        return screen

    async def generate(self) -> GenerateScreen:
        """Generate mode, with a document drawn from the model on screen."""
        await self.press("5")
        screen = self.app.screen
        assert isinstance(screen, GenerateScreen)
        await self.until(lambda: screen.is_up_to_date)
        await self.settle()
        return screen

    async def parameters(self) -> ParametersScreen:
        """Parameters mode, with the matrices of the step on screen and their units there."""
        await self.press("6")
        screen = self.app.screen
        assert isinstance(screen, ParametersScreen)
        await self.until(lambda: screen.frame)

        def is_there() -> bool:
            origin, shown = self.frame.origin or self.frame.upcoming, screen.pane.shown
            return bool(origin and shown and shown.key == origin.key and shown.units)

        await self.until(is_there)
        await self.settle()
        return screen

    @property
    def graph_screen(self) -> GraphScreen:
        assert isinstance(self.app.screen, GraphScreen)
        return self.app.screen

    @property
    def explorer(self) -> Explorer:
        assert self.graph_screen.explorer
        return self.graph_screen.explorer

    @property
    def canvas(self) -> GraphCanvas:
        return self.app.screen.query_one(GraphCanvas)

    async def drawn(self) -> None:
        """Until the canvas shows the boxes that the explorer has in sight."""

        def is_drawn() -> bool:
            screen = self.graph_screen
            placed = self.canvas.placed
            explorer = screen.explorer
            if explorer is None or placed is None or placed.view.graph is not explorer.graph:
                return False
            return placed.view.focus.key == explorer.focus.key  # of one graph layouts are kept

        await self.until(is_drawn)
        await self.settle()

    async def click_box(self, key: str) -> None:
        """A click in the middle of a box's upper border."""
        assert self.canvas.placed
        placed = self.canvas.placed.of(key)
        assert placed
        self.canvas.reveal(key)
        await self.settle()
        scrolled = self.canvas.scroll_offset
        at = (placed.x + placed.width // 2 - int(scrolled.x), placed.y - int(scrolled.y))
        assert await self.pilot.click(GraphCanvas, offset=at)
        await self.settle()


@asynccontextmanager
async def piloted(
    source: Training | Run | None = None,
    *,
    size: tuple[int, int] = SMALL,
    paused: bool = True,
    speed: float = 10.0,
    folder: Path | None = None,
    recorder: RunRecorder | None = None,
) -> AsyncIterator[Piloted]:
    """The app on a small run, paused before its first step unless told otherwise.

    Args:
        speed: one of `tui.training_session.SPEEDS`. A restless thread makes every wait long.
    """
    app = MicrogptApp(
        source or small_training(), folder, recorder,
        paused=paused, speed=0.0 if paused else speed,
    )  # fmt: skip
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)  # as the command does
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Piloted(app, pilot)
    finally:
        sys.setswitchinterval(before)
