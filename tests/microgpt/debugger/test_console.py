"""Verbs from line to transcript: golden texts, parsing, completion, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt import Graph, MicrogptError
from microgpt.debugger import Console, DebugSession
from microgpt.debugger.console import PROMPT
from microgpt.debugger.verbs import VERBS, find_verb, parse, typed_verb
from tests.microgpt.debugger import user_program

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])  # paths of sources are told from there


def told(session: DebugSession, line: str) -> list[str]:
    outcome = Console(session).execute(line)
    return outcome.lines() if outcome else []


def transcript_of(session: DebugSession, lines: list[str]) -> str:
    text = []
    for line in lines:
        text.append(f"{PROMPT}{line}")
        try:
            text += told(session, line)
        except MicrogptError as error:
            text.append(f"error: {error}")
    return "\n".join(text) + "\n"


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.txt")))
def test_golden_transcripts(name: str, tiny_graph: Graph) -> None:
    """Each is its own script: the lines after the prompt."""
    golden = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    lines = [line.removeprefix(PROMPT) for line in golden.splitlines() if line.startswith(PROMPT)]
    graph = tiny_graph if name.startswith("model") else user_program.graph()
    assert transcript_of(DebugSession(graph), lines) == golden


# -- the table -------------------------------------------------------------------------------------


def test_every_example_parses_and_is_of_its_own_verb() -> None:
    for verb in VERBS:
        line = parse(verb.example)
        assert line is not None
        assert line.verb is verb


def test_words_are_told_apart() -> None:
    words = [word for verb in VERBS for word in (verb.name, *verb.short)]
    assert len(words) == len(set(words))
    for verb in VERBS:
        assert find_verb(verb.name) is verb
        assert verb.help
        assert verb.help[0].islower()
        assert len(verb.group) > 0


@pytest.mark.parametrize(
    ("line", "verb", "argument"),
    [
        ("s", "step", ""),
        ("  step   12 ", "step", "12"),
        ("c", "continue", ""),
        ("cont", "continue", ""),
        ("S", "back", ""),
        ("N", "reverse-next", ""),
        ("O", "reverse-finish", ""),
        ("C", "reverse-continue", ""),
        ("rc", "reverse-continue", ""),
        ("reverse-step", "back", ""),
        ("go end", "goto", "end"),
        ('u op == "exp" and data > 1', "until", 'op == "exp" and data > 1'),
        ("/wte[0]", "search", "wte[0]"),
        ("/ wte[0]", "search", "wte[0]"),
        ("watc layer0.attn_wq", "watch", "layer0.attn_wq"),
        ("p #12", "print", "#12"),
        ("U", "undo", ""),
        ("?", "help", ""),
    ],
)
def test_lines_are_understood(line: str, verb: str, argument: str) -> None:
    understood = parse(line)
    assert understood is not None
    assert (understood.verb.name, understood.argument) == (verb, argument)


@pytest.mark.parametrize("line", ["", "   ", "# a comment", "  #step"])
def test_lines_that_say_nothing(line: str, tiny_graph: Graph) -> None:
    assert parse(line) is None
    assert Console(DebugSession(tiny_graph)).execute(line) is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("foo", "no verb 'foo'; `help` lists them"),
        ("reverse-s", "no verb 'reverse-s'"),  # short forms have no beginnings of their own
        ("re", "'re' could be reverse-next, reverse-finish, reverse-until, reverse-continue"),
        ("until", "until needs CONDITION, as in: until op =="),
        ("next 3", "next takes no argument, and '3' was given"),
        ("step x", "'x' is no count"),
        ("step 0", "'0' is no count"),
        ("step -1", "'-1' is no count"),
        ("step 99999999999999999999", "is no count"),
        ("print", "nothing is visited yet"),
        ("why", "nothing is visited yet"),
        ("delete x", "'x' is no breakpoint's number"),
        ("delete 3", "no breakpoint or watchpoint 3; there is none"),
        ("set wte[0][0]", "sets nothing; write it as: set layer0.attn_wq[3][7] = 0.5"),
        ("set wte[0][0] = x", "'x' is no number"),
        ("set wte[0][0] = nan", "finite number"),
        ("set nothing = 1", "no node 'nothing'"),
        ("token 2 = a", "in the graph of a document only"),
        ("token x = a", "'x' is no position"),
        ("patch pos1/loss", "patch needs SCOPE from DOCUMENT"),
        ("patch pos1/loss from mia", "there are no other documents"),
        ("undo", "nothing to undo"),
        ("help foo", "no verb 'foo'"),
        ("list wte[0][0]", "no source line is known for wte[0][0]"),
        ("save ../x", "cannot be a session's name"),
    ],
)
def test_what_cannot_be_done_changes_nothing(line: str, says: str, tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    before = session.state
    with pytest.raises(MicrogptError) as caught:
        told(session, line)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert session.state == before
    assert len(session.stops) == 0


@pytest.mark.parametrize(("line", "verb"), [("p x", "print"), ("foo x", "foo"), ("c", "continue")])
def test_what_to_call_a_line_that_failed(line: str, verb: str) -> None:
    assert typed_verb(line) == verb


# -- completion ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "replaced", "among"),
    [
        ("", 0, "step"),
        ("reverse-c", 9, "reverse-continue"),
        ("print layer0.attn_wq[3][", 18, "layer0.attn_wq[3][1]"),
        ("watch layer0.at", 9, "layer0.attn_wq"),
        ("finish pos1/layer0/at", 14, "pos1/layer0/attn/head1/softmax"),
        ("until abs(gr", 2, "grad"),
        ("until gr", 2, "grad"),
        ('until grad > 1 and scope within "pos1/layer1/m', 13, "pos1/layer1/mlp/fc1"),
        ("break re", 2, "relu"),
        ("help rev", 3, "reverse-next"),
        ("goto en", 2, "end"),
    ],
)
def test_completions(tiny_graph: Graph, line: str, replaced: int, among: str) -> None:
    found = Console(DebugSession(tiny_graph)).completions(line)
    assert found[0] == replaced
    assert among in found[1]
    typed = line[len(line) - replaced :]
    assert all(word.startswith(typed) for word in found[1])


@pytest.mark.parametrize("line", ["nonsense x", "next x", "print nothing", "until grad > 12"])
def test_nothing_to_complete(tiny_graph: Graph, line: str) -> None:
    assert Console(DebugSession(tiny_graph)).completions(line)[1] == []


def test_numbers_of_breakpoints_are_completed(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    session.break_at("relu")
    session.watch("wte")
    assert Console(session).completions("delete ") == (0, ["1", "2"])
