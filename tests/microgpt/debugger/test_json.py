"""Outcomes as JSON: the fields that other programs rely on, and floats to the last bit."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from microgpt import Graph, Value
from microgpt.debugger import Console, DebugSession
from microgpt.debugger.outcome import error_as_json
from microgpt.debugger.verbs import VERBS
from microgpt.model.place_names import place_name

ALWAYS = ["verb", "stop", "phase", "event", "node", "operands", "changes"]


def no_constants(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def objects(graph: Graph, *lines: str) -> list[dict[str, Any]]:
    console = Console(DebugSession(graph))
    found = []
    for line in lines:
        outcome = console.execute(line)
        assert outcome is not None
        text = outcome.as_json()
        assert "\n" not in text
        found.append(json.loads(text, parse_constant=no_constants))
    return found


def test_the_fields_of_a_move(tiny_graph: Graph) -> None:
    watch, move = objects(tiny_graph, "w layer0.attn_wv[1][2]", "c")
    assert list(move) == ALWAYS
    assert watch["node"] is None
    assert (move["verb"], move["stop"], move["phase"]) == ("continue", "watchpoint 1", "backward")
    node = int(tiny_graph.visit_order[move["event"] - 1])
    assert move["node"] == {
        "id": node,
        "name": f"#{node}",
        "place": "layer0/attn/v[1] term 2 at 3 a",
        "op": "mul",
        "scope": "pos3/layer0/attn/v",
        "data": tiny_graph.data[node],
        "grad_now": tiny_graph.grad[node],
        "grad_final": tiny_graph.grad[node],
        "line": "{}:{}".format(*tiny_graph.line(node) or ()),
    }
    event = tiny_graph.event(move["event"])
    assert move["operands"] == [
        {
            "id": e.operand,
            "name": tiny_graph.name(e.operand),
            "place": place_name(tiny_graph, e.operand),
            "data": tiny_graph.data[e.operand],
            "local": e.local,
            "contribution": e.contribution,
        }
        for e in tiny_graph.operands_of(node)
    ]
    assert move["changes"] == [
        {
            "node": c.edge.operand,
            "name": tiny_graph.name(c.edge.operand),
            "place": place_name(tiny_graph, c.edge.operand),
            "old": c.old,
            "contribution": c.edge.contribution,
            "new": c.new,
            "kind": "added",
            "line": None,
        }
        for c in event.changes
    ]


def test_the_fields_of_why(tiny_graph: Graph) -> None:
    (why,) = objects(tiny_graph, "why layer0.attn_wv[1][2]")
    assert list(why) == [*ALWAYS, "shares", "paths"]
    assert why["node"]["name"] == "layer0.attn_wv[1][2]"
    gradient = why["node"]["grad_final"]
    assert list(why["shares"]) == ["by_position", "by_head", "by_consumer"]
    assert {tuple(row) for row in why["shares"]["by_position"]} == {("position", "share")}
    assert {tuple(row) for row in why["shares"]["by_head"]} == {("head", "share")}
    for rows in (*why["shares"].values(), why["paths"]):
        shares = [row["share"] for row in rows]
        assert abs(math.fsum(shares) - gradient) <= 1e-12 * math.fsum(map(abs, shares))
    assert why["paths"][-1]["label"] == "all other paths"
    assert [node["name"] for node in why["paths"][0]["nodes"]][-1] == "loss"


def test_the_fields_of_gradcheck(tiny_graph: Graph) -> None:
    (check,) = objects(tiny_graph, "gradcheck layer0.attn_wv[1]")
    assert len(check["worst"]) == 4
    assert {*check["worst"][0]} >= {"node", "analytic", "numeric", "relative_error"}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("flow wte[0][0]", "flow"),
        ("breakpoints", "stops"),
        ("search relu", "found"),
        ("list #3000", "source"),
        ("health", "health"),
        ("anomalies", "anomalies"),
        ("zero pos1/layer0/attn/head0/mix", "what_if"),
        ("changes", "what_if"),
        ("help", "help"),
    ],
)
def test_other_answers_have_a_field_of_their_own(tiny_graph: Graph, line: str, field: str) -> None:
    (answer,) = objects(tiny_graph, line)
    assert list(answer) == [*ALWAYS, field]


def test_verbs_are_called_by_their_full_names(tiny_graph: Graph) -> None:
    names = [row["verb"] for row in objects(tiny_graph, "s", "S", "rc", "info", "/wte")]
    assert names == ["step", "back", "reverse-continue", "breakpoints", "search"]
    assert {*names} <= {verb.name for verb in VERBS}


def test_floats_keep_every_bit_and_strange_ones_are_texts() -> None:
    a = Value(0.1 + 0.2, name="a")
    loss = a * math.inf * 0.0 + a * -math.inf
    loss.backward()
    rows = objects(Graph.from_value(loss), "p a", "s", "p #2")
    assert rows[0]["node"]["data"] == 0.1 + 0.2
    assert rows[0]["node"]["grad_final"] == "nan"
    assert rows[1]["node"]["data"] == "inf"
    assert [operand["data"] for operand in rows[1]["operands"]] == [0.1 + 0.2, "inf"]


def test_errors() -> None:
    assert json.loads(error_as_json("print", "no node 'x'")) == {
        "verb": "print",
        "error": "no node 'x'",
    }


def test_what_is_found_is_told_with_its_place(tiny_graph: Graph) -> None:
    (answer,) = objects(tiny_graph, "search relu")
    assert answer["found"]
    for found in answer["found"]:
        assert found["place"] == place_name(tiny_graph, found["id"]) != ""
    (answer,) = objects(tiny_graph, "health")
    for found in answer["health"]:
        assert found["place"] == place_name(tiny_graph, found["node"])
