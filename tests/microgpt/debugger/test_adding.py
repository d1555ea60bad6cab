"""A verb, a health check and an anomaly are added by a function and a row, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from microgpt import Graph, InputError
from microgpt.debugger import Console, DebugSession, GraphOrigin, verbs
from microgpt.debugger.checks import anomaly_searches, health_checks
from microgpt.debugger.checks.anomaly_searches import Anomaly
from microgpt.debugger.checks.health_checks import HealthFinding
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.timeline import Timeline
from microgpt.debugger.verbs.verb import LOOK, Answer, Verb


def said(graph: Graph, line: str) -> tuple[list[str], dict[str, Any]]:
    """What a line gives as text and as JSON."""
    outcome = Console(DebugSession(graph)).execute(line)
    assert outcome is not None
    return outcome.lines(), json.loads(outcome.as_json())


@dataclass(frozen=True, slots=True)
class Consumers(Answer):
    node: int
    n: int

    @property
    def about(self) -> int:
        return self.node

    def lines(self) -> list[str]:
        return [f"{self.n} consumers"]

    def as_json(self) -> dict[str, Any]:
        return {"consumers": self.n}


def _consumers(session: SessionCore, argument: str) -> Consumers:
    node = session.find(argument)
    return Consumers(node, len(session.graph.consumers_of(node)))


ROW = Verb(
    "uses",
    ("consumers",),
    LOOK,
    "NODE",
    "how many use a node",
    "uses wte[0][1]",
    "node",
    _consumers,
)


def test_a_verb(tiny_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no verb 'uses'"):
        said(tiny_graph, ROW.example)
    monkeypatch.setattr(verbs, "VERBS", (*verbs.VERBS, ROW))
    node = tiny_graph.find("wte[0][1]")
    n = len(tiny_graph.consumers_of(node))
    for line in (ROW.example, "us wte[0][1]"):
        text, row = said(tiny_graph, line)
        assert text == [f"{n} consumers"]
        assert (row["verb"], row["node"]["id"], row["consumers"]) == ("uses", node, n)
    assert said(tiny_graph, "help uses")[0] == [
        "uses (consumers) NODE", "  how many use a node", "  example: uses wte[0][1]",
    ]  # fmt: skip
    assert any(line.startswith("  uses (consumers) NODE") for line in said(tiny_graph, "help")[0])
    console = Console(DebugSession(tiny_graph))
    assert console.completions("us") == (2, ["uses"])
    assert "wte[0][1]" in console.completions("uses wte[0]")[1]
    with pytest.raises(InputError, match="uses needs NODE, as in: uses wte"):
        console.execute("uses")


@pytest.mark.slow
def test_a_health_check(tiny_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    def large_losses(graph: Graph, origin: GraphOrigin | None) -> Iterator[HealthFinding]:
        assert origin is None
        loss = float(graph.data[graph.root])
        yield HealthFinding("large loss", f"the loss is {loss:.3g}", loss, graph.root, "loss")

    text, row = said(tiny_graph, "health")
    monkeypatch.setattr(health_checks, "CHECKS", (*health_checks.CHECKS, large_losses))
    text_after, row_after = said(tiny_graph, "health")
    loss = float(tiny_graph.data[tiny_graph.root])
    assert text[-1].endswith(" are as they should be")
    assert text_after[:-2] == text[:-1]
    assert text_after[-2] == f"large loss: the loss is {loss:.3g}; see loss"
    assert row_after["health"][-1] == {
        "check": "large loss", "what": f"the loss is {loss:.3g}", "value": loss,
        "node": tiny_graph.root, "name": "loss", "place": "",
    }  # fmt: skip
    assert row_after["health"][:-1] == row["health"]


def test_an_anomaly(tiny_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    def first_negative(timeline: Timeline, step: int | None) -> Iterator[Anomaly]:
        graph = timeline.graph
        node = int(np.argmax((graph.data < 0) & (np.diff(graph.operand_start) > 0)))
        moment = timeline.moment_of(node, "forward")
        yield Anomaly("forward", "it is negative", node, graph.name(node), graph.op(node),
                      graph.scope(node), moment, timeline.event(moment), (), graph.line(node),
                      step)  # fmt: skip

    assert said(tiny_graph, "anomalies")[1]["anomalies"] == []
    monkeypatch.setattr(anomaly_searches, "SEARCHES", (first_negative,))
    text, row = said(tiny_graph, "anomalies")
    assert text[1] == "  it is negative"
    (told,) = row["anomalies"]
    assert tiny_graph.data[told["node"]] < 0
    session = DebugSession(tiny_graph)
    Console(session).execute(text[-1])
    assert session.state.node == told["node"]
