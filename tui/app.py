"""The Textual app `microgpt-tui`: a run in its modes, their keys, and the palette.

What is done with the run is told in `tui.run_app`, and how it looks in `tui.modes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from textual.app import SystemCommand
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import Screen

from tui.base.base_app import ExportJob
from tui.dialogs.help import HelpScreen
from tui.guided_app import GuidedApp
from tui.keys import (
    COMMON_KEYS,
    COPY_KEY,
    FINDINGS_KEY,
    GUIDE_KEYS,
    NEXT_FINDING_KEY,
    PLACE_KEYS,
    RUN_KEY,
    TIME_KEYS,
    Key,
    KeySection,
    bindings_for,
)
from tui.lessons.lesson import Situation
from tui.modes import MODES
from tui.modes.attention_mode import AttentionScreen
from tui.modes.generate_mode import GenerateScreen
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.modes.mode_screen import ModeScreen
from tui.modes.step_mode import StepScreen

MODE_KEYS = tuple(
    Key(str(number), f"app.mode('{mode.MODE}')", mode.MODE.title(), mode.TOOLTIP, in_footer=False)
    for number, mode in enumerate(MODES, start=1)
)
DOCTOR_KEYS = (FINDINGS_KEY, NEXT_FINDING_KEY)
EVERYWHERE = KeySection(
    "everywhere",
    (
        *MODE_KEYS,
        RUN_KEY,
        *TIME_KEYS,
        *PLACE_KEYS,
        *DOCTOR_KEYS,
        *GUIDE_KEYS,
        COPY_KEY,
        *COMMON_KEYS,
    ),
)


class MicrogptApp(GuidedApp):
    """Trains in the background and shows it in the modes."""

    INTRODUCTION = (
        "A GPT is trained while you watch. Every number on screen is read from its computation "
        "graph. Boxes open down to single scalars; backprop goes on and back one event at a time. "
        "The mouse works too: click to select, click again to open, wheel to scroll."
    )
    KEY_SECTIONS = (
        EVERYWHERE,
        *dict.fromkeys(section for mode in MODES for section in mode.key_sections()),
    )
    MODES = {mode.MODE: mode for mode in MODES}
    DEFAULT_MODE = next(iter(MODES))
    BINDINGS = bindings_for(EVERYWHERE.keys)
    ENABLE_COMMAND_PALETTE = True

    def show_run(self) -> None:
        """Shows the run in the mode on screen, and what is asked for beside it."""
        self.show_guide()
        mode, frame = self._mode_screen, self.frame
        self.note_place()
        if mode is not None and frame is not None and mode.is_mounted:
            mode.show_frame(frame)

    @property
    def text_at_hand(self) -> str:
        """The document drawn, where one is on screen."""
        mode = self._mode_screen
        return mode.made.text if isinstance(mode, GenerateScreen) and mode.made else ""

    @property
    def _mode_screen(self) -> ModeScreen | None:
        """The mode on screen, which may lie under the help or the palette."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ModeScreen):
                return screen
        return None

    def export_job(self) -> ExportJob | None:
        """The mode's."""
        mode = self._mode_screen
        return mode.export_job() if mode else None

    def action_copy(self) -> None:
        """Copies the number at hand, by the terminal's own means."""
        mode = self._mode_screen
        told = mode.number_at_hand() if mode is not None else ""
        if told:
            self.copy_to_clipboard(told)
            self.notify(told, title="copied", timeout=2, markup=False)
        else:
            self.notify("select a number first", timeout=2)

    def action_help(self) -> None:
        """What is on screen, then its keys, then all others."""
        mode = self._mode_screen
        if mode is None:
            super().action_help()
            return
        sections = dict.fromkeys((*mode.key_sections(), *self.KEY_SECTIONS))
        on_screen = (f"on screen: {mode.MODE} mode", mode.ON_SCREEN)
        self.open_dialog(HelpScreen(self.INTRODUCTION, tuple(sections), on_screen))

    def situation(self) -> Situation:
        """What is on screen, as far as lessons ask."""
        mode, step = self._mode_screen, self.at_hand.step
        explorer = step.explorer if step else None
        selected, node = "", None
        if isinstance(mode, StepScreen):
            with suppress(NoMatches):  # panes that are not whole yet, or not any more
                explorer = mode.explorer or explorer
                selected, node = mode.pane.reference(), mode.pane.selected_node()
        return Situation(
            mode.MODE if mode else "",
            explorer.session if explorer else None,
            explorer is not None and explorer.stepping,
            self.frame,
            selected,
            node,
            mode.head if isinstance(mode, AttentionScreen) else None,
        )

    # -- commands ------------------------------------------------------------------------------

    async def action_mode(self, mode: str) -> None:
        """Switches to a mode and shows where training stands there."""
        if self.has_dialog:  # it came before that was there, and would be left behind
            return
        shown = self._mode_screen
        chosen = shown.cell_to_open if isinstance(shown, MapScreen) else ""
        if mode == GraphScreen.MODE and chosen:
            await self.action_open_scope(chosen)
        elif self.current_mode != mode:
            await self.switch_mode(mode)
            self.call_after_refresh(self.show_run)

    async def action_open_scope(self, path: str) -> None:
        """Opens a scope of the step on the Map as scalars in Graph mode; closing it comes back."""
        await self.switch_mode(GraphScreen.MODE)
        graph_mode = self._mode_screen
        if isinstance(graph_mode, GraphScreen):
            graph_mode.call_after_refresh(graph_mode.open_from_map, path)
        self.call_after_refresh(self.show_run)

    async def action_open_position(self, position: int) -> None:
        """Selects the loss of a position of the document on the Map."""
        await self.go_to(self.selection.with_position(position), mode=MapScreen.MODE)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The palette: every key that works here, and Textual's own commands."""
        mode = self._mode_screen
        for keys, owner in (
            ((*MODE_KEYS, RUN_KEY), self),
            *(mode.keys_by_owner if mode else ()),
            ((*TIME_KEYS, *PLACE_KEYS, *DOCTOR_KEYS, *GUIDE_KEYS, COPY_KEY, *COMMON_KEYS), self),
        ):
            for key in keys:
                run = partial(self._run_key, key.action, owner)
                yield SystemCommand(key.title, key.tooltip, run)
        yield SystemCommand("Choose a theme", "Any of Textual's themes", self.action_change_theme)

    def _run_key(self, action: str, owner: DOMNode) -> None:
        self.call_later(self.run_action, action, owner)
