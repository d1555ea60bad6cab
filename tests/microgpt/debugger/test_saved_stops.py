"""Breakpoints kept under a name: what comes back, on the same graph and on another, and damage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from microgpt import Graph, InputError
from microgpt.debugger import Console, DebugSession, saved_stops
from tests.microgpt.debugger import user_program


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "microgpt-tui" / "sessions"


def test_what_is_saved_comes_back(tiny_graph: Graph, folder: Path) -> None:
    session = DebugSession(tiny_graph)
    session.break_at('op == "relu" and data > 0.01')
    session.watch("layer0.attn_wq[1]")
    session.break_at("#3000")
    session.stops.enable(2, enabled=False)
    session.continue_()
    Console(session).execute("save mine")
    assert [path.name for path in folder.iterdir()] == ["mine.json"]
    assert saved_stops.saved_names() == ("mine",)
    other = DebugSession(tiny_graph)
    other.break_at("exp")
    Console(other).execute("load mine")

    def told(session: DebugSession) -> list[object]:
        return [(p.kind, p.text, p.enabled, p.n_moments) for p in session.stops.listed()]

    assert told(other) == told(session)
    assert [point.hits for point in other.stops.listed()] == [0, 0, 0]


def test_what_means_nothing_in_another_graph_stays_and_says_so(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    session.watch("layer0.attn_wq")
    session.break_at("relu")
    Console(session).execute("save mine")
    other = DebugSession(user_program.graph())
    Console(other).execute("load mine")
    watch, relu = other.stops.listed()
    assert "no node 'layer0.attn_wq'" in watch.problem
    assert (watch.n_moments, relu.n_moments, relu.problem) == (0, 2, "")
    assert str(other.continue_().stop) == "breakpoint 2"


def test_saving_again_replaces(tiny_graph: Graph) -> None:
    console = Console(DebugSession(tiny_graph))
    console.execute("b relu")
    console.execute("save mine")
    console.execute("d")
    console.execute("save mine")
    assert saved_stops.load("mine") == ()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a b", "a\0", "C:x"])
def test_names_that_cannot_be_files(name: str, folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be a session's name"):
        saved_stops.save(name, ())
    assert not folder.exists()


def test_names_that_are_not_there() -> None:
    saved_stops.save("one", ())
    saved_stops.save("two", ())
    with pytest.raises(InputError, match="no session 'three' is saved; there is one, two"):
        saved_stops.load("three")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not a saved session"),
        ("[]", "is not a saved session"),
        ('{"version": 1}', "is not a saved session"),
        ('{"version": 1, "stops": [{"kind": "x", "text": "", "enabled": true}]}', "is not a saved"),
        ('{"version": 1, "stops": [{"kind": "breakpoint", "text": 3, "enabled": 1}]}', "is not a"),
        ('{"version": 2, "stops": []}', "is of version '2'; this program reads 1"),
    ],
)
def test_damaged_files(content: str, says: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(says)):
        saved_stops.load("mine")


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot write"):
        saved_stops.save("mine", ())
    with pytest.raises(InputError):
        saved_stops.load("mine")


def test_the_file_is_plain_json(tiny_graph: Graph, folder: Path) -> None:
    session = DebugSession(tiny_graph)
    session.break_at('name == "wte[0][0]"')
    path = saved_stops.save("mine", session.stops.listed())
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "version": 1,
        "stops": [{"kind": "breakpoint", "text": 'name == "wte[0][0]"', "enabled": True}],
    }
