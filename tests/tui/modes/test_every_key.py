"""Every key of the table, pressed in every mode: it is answered, and nothing breaks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.tui.piloted import SMALL, piloted
from tests.tui.small_run import small_training
from tui.app import EVERYWHERE
from tui.modes import MODES
from tui.modes.mode_screen import ModeScreen

LEAVES = {"q", "ctrl+q"}


def keys_of(mode: type[ModeScreen]) -> list[str]:
    """Every key that does something there but those that leave the program, each once."""
    sections = (EVERYWHERE, *mode.key_sections())
    pressed = [press for part in sections for key in part.keys for press in key.keys.split(",")]
    return [press for press in dict.fromkeys(pressed) if press not in LEAVES]


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.MODE)
async def test_every_key_is_answered(mode: type[ModeScreen], tmp_path: Path) -> None:
    async with piloted(small_training("emma", "ava"), size=SMALL, folder=tmp_path) as ui:
        await ui.train(2)
        number = str(MODES.index(mode) + 1)
        for key in keys_of(mode):
            await ui.press(number)
            await ui.until(lambda: ui.app.screen.MODE == mode.MODE and ui.app.screen.is_mounted)
            began = time.perf_counter()
            await ui.press(key)
            assert time.perf_counter() - began < 5, key
            while ui.app.has_dialog:
                await ui.press("escape")
            if key in ("colon", "slash", "u", "e"):
                await ui.press("escape")
        assert ui.app._exception is None
