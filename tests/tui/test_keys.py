"""The key table: complete, without clashes, and the only place that keys are written down."""

from __future__ import annotations

import pytest
from textual.actions import parse
from textual.binding import Binding

from tui.app import MicrogptApp
from tui.debugger.graph_app import DebuggerApp
from tui.debugger.pane import DebuggerPane
from tui.debugger.script_app import ScriptApp
from tui.dialogs.help import HelpScreen
from tui.key_bindings import bindings_for
from tui.keys import ALONE, EVERYWHERE, GRAPH, KEYS, MODES, SCRIPT, STEPS, Key, keys_of, shown
from tui.modes.graph_mode import GraphScreen

ASKED_FOR = {
    "train": {"1", "2", "3", "space", "n", "plus", "minus", "question_mark", "x"},
    "graph": {"1", "2", "3", "space", "question_mark", "x", "enter", "backspace", "s", "S"}
    | {"home", "end", "left", "right", "up", "down", "n", "N", "o", "O", "c", "C", "u", "b", "w"}
    | {"y", "e", "z", "U", "G", "slash", "p", "colon"},
    "attention": {"1", "2", "3", "space", "question_mark", "x", "h", "l", "j", "k"},
}


APPS = {ALONE: DebuggerApp, SCRIPT: ScriptApp}
OWNERS = [
    (EVERYWHERE, MicrogptApp),
    *{**MicrogptApp.MODES, GRAPH: DebuggerPane, STEPS: GraphScreen}.items(),
]
"""Whose bindings a mode's keys are."""


def presses(mode: str) -> list[str]:
    """Every key name that does something in a mode, as often as the table has it."""
    steps = keys_of(STEPS) if mode == GRAPH else ()
    keys = keys_of(EVERYWHERE) + keys_of(mode) + steps
    return [press for key in keys for press in key.keys.split(",")]


@pytest.mark.parametrize("mode", MODES)
def test_no_key_does_two_things(mode: str) -> None:
    found = presses(mode)
    assert sorted(found) == sorted(set(found))


def test_no_key_does_two_things_around_a_script() -> None:
    keys = keys_of(ALONE) + keys_of(SCRIPT) + keys_of(GRAPH)
    found = [press for key in keys for press in key.keys.split(",")]
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("mode", MODES)
def test_all_keys_asked_for_are_there(mode: str) -> None:
    assert ASKED_FOR[mode] <= set(presses(mode))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.keys)
def test_the_action_exists_where_the_key_works(key: Key) -> None:
    owner, name, arguments = parse(key.action)
    for mode in key.modes:
        has_it = APPS.get(mode, MicrogptApp) if owner == "app" else dict(OWNERS)[mode]
        assert callable(getattr(has_it, f"action_{name}"))
    if name == "mode":
        assert arguments[0] in MicrogptApp.MODES


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.keys)
def test_modes_are_known_and_words_are_said(key: Key) -> None:
    assert set(key.modes) <= {EVERYWHERE, *MODES, STEPS, SCRIPT, ALONE}
    assert key.title
    assert len(key.title) <= 13, "the help screen's column"
    assert key.tooltip
    assert len(shown(key)) <= 9, "the help screen's column"


@pytest.mark.parametrize("mode", MODES)
def test_titles_tell_the_commands_of_a_mode_apart(mode: str) -> None:
    titles = [key.title for key in keys_of(EVERYWHERE) + keys_of(mode)]
    assert sorted(titles) == sorted(set(titles))


def described(bindings: list[object]) -> list[tuple[str, str, str, bool]]:
    found = [binding for binding in bindings if isinstance(binding, Binding)]
    assert len(found) == len(bindings)
    return [(b.key, b.action, b.tooltip, b.show) for b in found]


@pytest.mark.parametrize(("mode", "owner"), OWNERS)
def test_bindings_are_the_table(mode: str, owner: type) -> None:
    assert described(owner.BINDINGS) == described(bindings_for(mode))
    assert described(owner.BINDINGS) == [
        (key.keys, key.action, key.tooltip, key.in_footer) for key in keys_of(mode)
    ]


@pytest.mark.parametrize("mode", [EVERYWHERE, *MODES])
def test_the_help_screen_has_a_row_for_every_key(mode: str) -> None:
    table = HelpScreen._table(mode)
    rows = [tuple(str(cell) for cell in column._cells) for column in table.columns]
    keys = keys_of(mode)
    assert rows == [
        tuple(shown(key) for key in keys),
        tuple(key.title for key in keys),
        tuple(key.tooltip for key in keys),
    ]
