"""The key table: complete, without clashes, and the only place that keys are written down."""

from __future__ import annotations

import pytest
from textual.actions import parse
from textual.binding import Binding

from tui.app import EVERYWHERE, MicrogptApp
from tui.debugger.graph_app import GraphApp
from tui.debugger.graph_pane import GraphPane
from tui.debugger.map_panel import MapPanel
from tui.debugger.script_app import ScriptApp
from tui.debugger.walk_pane import WalkPane
from tui.dialogs.help import HelpScreen
from tui.difference.difference_app import DifferenceApp
from tui.keys import (
    ALONE,
    BOXES,
    DIFFERENCE,
    MAP,
    PARAMETERS,
    SCRIPT,
    STEP,
    WALK,
    Key,
    KeySection,
    bindings_for,
)
from tui.modes import MODES
from tui.modes.mode_screen import ModeScreen
from tui.modes.step_mode import StepScreen
from tui.widgets.parameters_pane import ParametersPane

EVERY_MODE = {*"123456dxBDFRY", "space", "comma", "full_stop", "question_mark", "plus", "minus"} | {
    "left_square_bracket",
    "right_square_bracket",
}
EVERY_WALK = {*"sSnNoOcCupPbwyezUG", "home", "end", "slash", "colon", "escape", "r", "m"}
ASKED_FOR = {
    "train": EVERY_MODE | {"left", "right", "enter", "v", "tilde", "M"},
    "map": EVERY_MODE | EVERY_WALK | {"left", "right", "up", "down", "enter", "v"},
    "graph": EVERY_MODE | EVERY_WALK | {"left", "right", "up", "down", "enter", "backspace", "H"},
    "attention": EVERY_MODE | {"left", "right", "up", "down", "enter", "backspace", *"vzemM"},
    "generate": EVERY_MODE
    | {"left", "right", "up", "down", "enter", "backspace", "T", "a", "A"}
    | {"left_parenthesis", "right_parenthesis", "left_curly_bracket", "right_curly_bracket"},
    "parameters": EVERY_MODE
    | {"left", "right", "up", "down", "enter", "pageup", "pagedown", *"vW"},
}

OWNERS: dict[KeySection, type] = {
    EVERYWHERE: MicrogptApp,
    **{section: mode for mode in MODES for section in mode.key_sections()},
    WALK: WalkPane,
    MAP: MapPanel,
    BOXES: GraphPane,
    PARAMETERS: ParametersPane,
    STEP: StepScreen,
    SCRIPT: ScriptApp,
    ALONE: GraphApp,
    DIFFERENCE: DifferenceApp,
}
"""Whose bindings the keys of a section are."""

KEYS = [(section, key) for section in OWNERS for key in section.keys]
EACH_KEY = pytest.mark.parametrize(
    ("section", "key"), KEYS, ids=[f"{section.title}: {key.keys}" for section, key in KEYS]
)


def presses(*sections: KeySection) -> list[str]:
    """Every key name that does something where all of these work, as often as they have it."""
    return [press for part in sections for key in part.keys for press in key.keys.split(",")]


@pytest.mark.parametrize("mode", MODES)
def test_no_key_does_two_things(mode: type[ModeScreen]) -> None:
    found = presses(EVERYWHERE, *mode.key_sections())
    assert sorted(found) == sorted(set(found))


def test_no_key_does_two_things_around_a_script() -> None:
    found = presses(ALONE, SCRIPT, WALK, BOXES)
    assert sorted(found) == sorted(set(found))


def test_a_key_means_one_thing_in_all_modes() -> None:
    """Where two modes have a key, its action has one name, apart from whose it is."""
    meanings: dict[str, set[str]] = {}
    for mode in MODES:
        for section in mode.key_sections():
            for key in section.keys:
                for press in key.keys.split(","):
                    name = parse(key.action)[1]
                    meanings.setdefault(press, set()).add(SAME.get(name, name))
    assert {press: names for press, names in meanings.items() if len(names) > 1} == {}


SAME = {
    "cell": "select",
    "head": "select",
    "position": "select",
    "letter": "select",
    "entry": "select",
    "document_position": "select",
    "candidate": "select",
    "open_cell": "open",
    "choose": "open",
}
"""Actions of one meaning: what is beside the selection is selected, what is selected is opened,
or chosen to go on from."""


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.MODE != "train"])
def test_letters_move_as_arrows_do(mode: type[ModeScreen]) -> None:
    """Those of vi, wherever all four arrows are."""
    for section in mode.key_sections():
        for key in section.keys:
            pressed = key.keys.split(",")
            for arrow, letter in (("left", "h"), ("down", "j"), ("up", "k"), ("right", "l")):
                assert (arrow in pressed) is (letter in pressed)


def test_all_modes_are_asked_for() -> None:
    assert list(ASKED_FOR) == [mode.MODE for mode in MODES]


@pytest.mark.parametrize("mode", MODES)
def test_all_keys_asked_for_are_there(mode: type[ModeScreen]) -> None:
    assert ASKED_FOR[mode.MODE] <= set(presses(EVERYWHERE, *mode.key_sections()))


@EACH_KEY
def test_the_action_exists_where_the_key_works(section: KeySection, key: Key) -> None:
    owner, name, arguments = parse(key.action)
    app = OWNERS[section] if section in (SCRIPT, ALONE) else MicrogptApp
    has_it = app if owner == "app" else OWNERS[section]
    assert callable(getattr(has_it, f"action_{name}"))
    if name == "mode":
        assert arguments[0] in MicrogptApp.MODES


@EACH_KEY
def test_words_are_said(section: KeySection, key: Key) -> None:
    assert section.title
    assert key.title
    assert len(key.title) <= 13, "the help screen's column"
    assert key.tooltip
    assert len(key.written) <= 9, "the help screen's column"


@pytest.mark.parametrize("mode", MODES)
def test_titles_tell_the_commands_of_a_mode_apart(mode: type[ModeScreen]) -> None:
    sections = (EVERYWHERE, *mode.key_sections())
    titles = [key.title for section in sections for key in section.keys]
    assert sorted(titles) == sorted(set(titles))


def described(bindings: list[object]) -> list[tuple[str, str, str, bool]]:
    found = [binding for binding in bindings if isinstance(binding, Binding)]
    assert len(found) == len(bindings)
    return [(b.key, b.action, b.tooltip, b.show) for b in found]


@pytest.mark.parametrize(
    ("section", "owner"),
    [(section, owner) for section, owner in OWNERS.items() if section is not SCRIPT],
    ids=lambda it: getattr(it, "title", ""),
)
def test_bindings_are_the_table(section: KeySection, owner: type) -> None:
    assert described(owner.BINDINGS) == described(bindings_for(section.keys))
    assert described(owner.BINDINGS) == [
        (key.keys, key.action, key.tooltip, key.in_footer) for key in section.keys
    ]


def test_a_script_has_its_keys_beside_those_of_every_app() -> None:
    both = (*ALONE.keys, *SCRIPT.keys)
    assert described(ScriptApp.BINDINGS) == described(bindings_for(both))


@pytest.mark.parametrize("section", OWNERS, ids=lambda section: section.title)
def test_the_help_screen_has_a_row_for_every_key(section: KeySection) -> None:
    table = HelpScreen._table(section)
    assert table.title == section.title
    rows = [tuple(str(cell) for cell in column._cells) for column in table.columns]
    assert rows == [
        tuple(key.written for key in section.keys),
        tuple(key.title for key in section.keys),
        tuple(key.tooltip for key in section.keys),
    ]
