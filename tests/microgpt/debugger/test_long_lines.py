"""Lines far longer than anybody means: one line for an answer, which repeats little of them."""

from __future__ import annotations

import pytest

from microgpt import MicrogptError, Value
from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.debugger.verbs import VERBS
from microgpt.errors import MOST_REPEATED, abridged, shortened
from microgpt.graph.graph import Graph

LONG = {
    "digits": "9" * 5000,
    "an id": "#" + "9" * 5000,
    "other digits": "٣" * 5000,
    "digits with underscores": "1_0" * 3000,
    "letters": "x" * 5000,
    "words": "word " * 1000,
    "an escape": "é\x1b[2J" * 900,
    "quotes": "'" + "q" * 5000 + "'",
    "an assignment": "a = " + "9" * 5000,
    "another": "9" * 5000 + " = 1",
    "a condition": "grad > " + "1" * 5000,
    "a comparison": "name == '" + "z" * 5000 + "'",
    "a pattern": "name ~ '" + "a" * 5000 + "'",
    "signs": "-" * 5000,
    "parentheses": "(" * 5000,
    "negations": "not " * 1500 + "a",
    "equals signs": "a=" * 2500,
    "a large exponent": "1e" + "9" * 5000,
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    loss = a * b + a
    loss.backward()
    return Graph.from_value(loss)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_every_verb_answers_in_short_lines(graph: Graph, text: str) -> None:
    for line in (text, *(f"{verb.name} {text}" for verb in VERBS if verb.name != "quit")):
        try:
            outcome = Console(DebugSession(graph)).execute(line)
        except MicrogptError as error:
            said = [str(error)]
            assert "\n" not in said[0]
        else:
            said = outcome.lines() if outcome else []
        assert all(len(told) < 3 * MOST_REPEATED for told in said), said


def test_what_is_short_is_repeated_whole(graph: Graph) -> None:
    text = "x" * MOST_REPEATED
    with pytest.raises(MicrogptError, match=text):
        Console(DebugSession(graph)).execute(f"print {text}")


def test_help_for_no_verb_is_an_error_at_once(graph: Graph) -> None:
    with pytest.raises(MicrogptError, match="no verb 'nothing'"):
        Console(DebugSession(graph)).execute("help nothing")


def test_what_is_left_out_is_counted() -> None:
    long = "".join(str(i) for i in range(1000))
    assert shortened(long) == f"{long[:100]}… (2,890 characters) …{long[-50:]}"
    assert abridged(f"no {long!r}; there is b", [f"print {long}"]) == (
        f"no {shortened(long)!r}; there is b"
    )
    quoted = "it's\n" * 100
    assert len(abridged(f"no {quoted!r} here", [quoted])) < 300
