"""`microgpt.debug`: which front end it opens, and what it hands over."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from array import array
from importlib.metadata import EntryPoint

import pytest

import microgpt
from microgpt import DomainError, Graph, InputError, Value, frontends
from microgpt.debugger import DebugSession

opened: list[tuple[str, DebugSession, str]] = []


def textual(session: DebugSession, title: str) -> None:
    opened.append(("textual", session, title))


def prompt(session: DebugSession, title: str) -> None:
    opened.append(("prompt", session, title))


def other(session: DebugSession, title: str) -> None:
    opened.append(("other", session, title))


@pytest.fixture(autouse=True)
def _nothing_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened.clear()
    monkeypatch.delenv(frontends.VARIABLE, raising=False)


def install(monkeypatch: pytest.MonkeyPatch, *names: str, screen: bool = True) -> None:
    entries = [EntryPoint(name, f"{__name__}:{name}", frontends.GROUP) for name in names]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries)
    monkeypatch.setattr(frontends, "_is_a_screen", lambda: screen)


@pytest.mark.parametrize(
    ("installed", "screen", "taken"),
    [
        (("prompt", "textual"), True, "textual"),
        (("prompt", "textual"), False, "prompt"),
        (("prompt",), True, "prompt"),
        (("textual",), False, "textual"),
        (("other",), True, "other"),
    ],
)
def test_the_front_end_that_fits(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], screen: bool, taken: str
) -> None:
    install(monkeypatch, *installed, screen=screen)
    a = Value(2.0, name="a")
    loss = a * a
    loss.backward()
    microgpt.debug(loss)
    ((name, session, title),) = opened
    assert (name, title) == (taken, "")
    assert session.graph.grad.tolist() == [4.0, 1.0]


def test_one_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "prompt", "textual", "other")
    monkeypatch.setenv(frontends.VARIABLE, "other")
    graph = Graph.from_value(Value(1.0) * 2)
    microgpt.debug(graph)
    assert opened[0][0] == "other"
    assert opened[0][1].graph is graph
    monkeypatch.setenv(frontends.VARIABLE, "missing")
    with pytest.raises(InputError, match="=missing: there is other, prompt, textual"):
        microgpt.debug(graph)


def test_none_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with pytest.raises(InputError, match="no front end of the debugger is installed"):
        microgpt.debug(Value(1.0))


def test_an_error_is_looked_at_post_mortem(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "prompt")
    try:
        (Value(0.0, name="p") * 2).log()
    except DomainError as error:
        microgpt.debug(error)
    ((_, session, _),) = opened
    assert str(session.state.stop) == "post mortem"
    assert session.problem.startswith("log(0.0) has no finite real value")
    assert session.graph.names[0] == "p"


def test_only_values_and_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "prompt")
    with pytest.raises(TypeError, match="a Graph is taken of a Value, not of float"):
        microgpt.debug(1.0)  # type: ignore[arg-type]


def test_the_prompt_is_installed_and_reads_a_pipe() -> None:
    program = "import microgpt; a = microgpt.Value(2.0, name='a'); l = a * a; l.backward()\n"
    program += "microgpt.debug(l); print('and on')"
    run = subprocess.run(
        [sys.executable, "-c", program], input="watch a\ncontinue\nquit\n", capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "a: grad 2 + 2 × 1 = 4" in run.stdout
    assert run.stdout.endswith("and on\n")


def test_a_session_on_values_can_ask_their_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "prompt")
    loss = Value(2.0, name="a").exp()
    loss.backward()
    microgpt.debug(loss)
    microgpt.debug(Graph.from_value(loss))
    methods, without = (session.methods for _, session, _ in opened)
    assert without is None
    assert methods is not None
    assert methods.evaluate([1], [0.0]) == (array("d", [1.0]), array("d", [1.0]), [""])
