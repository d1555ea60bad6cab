"""Outcomes as plain objects for JSON. Field names are what other programs rely on.

Floats keep every bit; those that JSON has no word for are the texts "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeAlias

from microgpt.debugger.flow import Flow
from microgpt.debugger.gradient_checks import CheckedGradients
from microgpt.debugger.inspection import NodeView
from microgpt.debugger.outcome import Anomalies, Found, Health, Help, Note, Outcome, Shown, Stops
from microgpt.debugger.session import DebugSession
from microgpt.debugger.source import Listing
from microgpt.debugger.what_if import Move, WhatIf
from microgpt.debugger.why import Why
from microgpt.graph.debuggee import Ended, Stop

Json: TypeAlias = dict[str, Any]


def outcome_as_json(session: DebugSession, outcome: Outcome) -> str:
    """One object on one line."""
    return _line(_outcome(session, outcome))


def error_as_json(verb: str, error: str) -> str:
    """One object on one line, for a verb that could not be carried out."""
    return _line({"verb": verb, "error": error})


def _line(value: Json) -> str:
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    """The same with non-finite floats as texts."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
    return value


def _outcome(session: DebugSession, outcome: Outcome) -> Json:
    state, answer = outcome.state, outcome.answer
    node = answer.node if isinstance(answer, Shown | Why | Flow) else state.node
    view = None if node is None else session.inspect(node)
    return {
        "verb": outcome.verb,
        "stop": str(state.stop),
        "phase": state.phase,
        "event": state.event,
        "node": None if view is None else _node(view),
        "operands": [] if view is None else _operands(view),
        "changes": [
            {"node": c.node, "name": c.name, "old": c.old, "contribution": c.contribution,
             "new": c.new}
            for c in state.changes
        ],
        **_answer(session, outcome),
    }  # fmt: skip


def _node(view: NodeView) -> Json:
    return {
        "id": view.id,
        "name": view.name,
        "op": view.op,
        "scope": view.scope,
        "data": view.data,
        "grad_now": view.grad_now,
        "grad_final": view.grad_final,
        "line": None if view.line is None else f"{view.line[0]}:{view.line[1]}",
    }


def _operands(view: NodeView) -> list[Json]:
    return [
        {"id": o.id, "name": o.name, "data": o.data, "local": o.local,
         "contribution": o.contribution}
        for o in view.operands
    ]  # fmt: skip


def _answer(session: DebugSession, outcome: Outcome) -> Json:
    match outcome.answer:
        case Why() as why:
            return _why(why)
        case WhatIf() as what_if:
            return {"what_if": _what_if(what_if)}
        case Flow() as flow:
            return {"flow": _flow(flow)}
        case Stops(points=points):
            return {
                "stops": [
                    {"number": p.number, "kind": p.kind, "text": p.text, "enabled": p.enabled,
                     "hits": p.hits, "events": p.n_moments, "problem": p.problem}
                    for p in points
                ]
            }  # fmt: skip
        case Found(nodes=nodes):
            return {"found": [{"id": n, "name": session.graph.name(n)} for n in nodes]}
        case Listing() as listing:
            return {
                "source": {
                    "file": listing.filename,
                    "line": listing.line,
                    "lines": [{"number": line.number, "text": line.text} for line in listing.lines],
                }
            }
        case Anomalies(found=found):
            return {
                "anomalies": [
                    {"pass": a.where, "what": a.what, "node": a.node, "name": a.name, "op": a.op,
                     "scope": a.scope, "moment": a.moment,
                     "operands": [{"name": name, "data": data} for name, data in a.operands],
                     "line": None if a.line is None else f"{a.line[0]}:{a.line[1]}",
                     "step": a.step}
                    for a in found
                ]
            }  # fmt: skip
        case Health(found=findings):
            return {
                "health": [
                    {"check": f.check, "what": f.what, "value": f.value, "node": f.node,
                     "name": f.name}
                    for f in findings
                ]
            }  # fmt: skip
        case CheckedGradients() as checked:
            return {
                "worst": [
                    {"node": c.node, "analytic": c.analytic, "numeric": c.numeric,
                     "relative_error": c.error, "step": c.step}
                    for c in checked.worst
                ],
                "checked": checked.n_checked,
                "unchecked": checked.n_unchecked,
                "wrong": checked.n_wrong,
                "trusted": [{"op": op, "nodes": n} for op, n in checked.trusted],
                "at_fault": list(checked.at_fault),
            }  # fmt: skip
        case Note(text=text):
            return {"note": text}
        case Help(verb=verb):
            return {"help": verb}
        case Stop() as halt:
            return {"script": _halt(halt)}
        case Ended() as ended:
            return {
                "script": {
                    "stop": "end",
                    "number": ended.n_backwards,
                    "status": ended.status,
                    "reason": ended.reason,
                }
            }
        case None if outcome.verb == "where" and session.halt is not None:
            return {"script": _halt(session.halt)}
    return {}


def _halt(halt: Stop) -> Json:
    return {
        "stop": halt.kind,
        "number": halt.number,
        "loss": halt.loss,
        "line": f"{halt.file}:{halt.line}",
        "traceback": halt.traceback,
        "problem": halt.problem,
    }


def _why(why: Why) -> Json:
    paths = [
        {
            "label": "path",
            "share": path.share,
            "nodes": [
                {"id": s.node, "name": s.name, "op": s.op, "scope": s.scope, "factor": s.factor}
                for s in path.steps
            ],
        }
        for path in why.paths
    ]
    return {
        "shares": {
            "by_position": [{"position": s.position, "share": s.share} for s in why.by_position],
            "by_head": [{"head": s.head, "share": s.share} for s in why.by_head],
            "by_consumer": [
                {"node": s.node, "name": s.name, "share": s.share} for s in why.by_consumer
            ],
        },
        "paths": [*paths, {"label": "all other paths", "share": why.remainder, "nodes": []}],
    }


def _what_if(what_if: WhatIf) -> Json:
    return {
        "changes": list(what_if.edits),
        "original_loss": what_if.original,
        "loss": _move(what_if.loss),
        "positions": [
            {"position": p.position, "label": p.label, "loss": _move(p.loss),
             "probability": _move(p.probability), "likeliest": list(p.likeliest)}
            for p in what_if.positions
        ],
        "watched": [
            {"node": n.node, "name": n.name, "data": _move(n.data), "grad": _move(n.grad)}
            for n in what_if.watched
        ],
    }  # fmt: skip


def _move(move: Move) -> Json:
    return {"before": move.before, "after": move.after}


def _flow(flow: Flow) -> Json:
    return {
        "derivative": flow.derivative,
        "reached": flow.n_reached,
        "by_position": [{"position": s.position, "derivative": s.share} for s in flow.by_position],
        "logits": [
            {"id": m.node, "position": m.position, "token": m.token, "derivative": m.derivative}
            for m in flow.logits
        ],
    }
