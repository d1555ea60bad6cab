"""Outcomes as lines of plain text, for a prompt, a script's transcript or a screen's console."""

from __future__ import annotations

import linecache
import math
from itertools import groupby, takewhile
from pathlib import Path as FilePath
from pathlib import PurePath

from microgpt.autograd.ops import OPS
from microgpt.debugger.anomalies import Anomaly
from microgpt.debugger.flow import Flow
from microgpt.debugger.gradient_checks import CheckedGradients
from microgpt.debugger.inspection import NodeView
from microgpt.debugger.outcome import Anomalies, Found, Health, Help, Note, Outcome, Shown, Stops
from microgpt.debugger.paths import Path
from microgpt.debugger.rounded_shares import cancellation
from microgpt.debugger.session import DebugSession
from microgpt.debugger.session_state import GradChange, State
from microgpt.debugger.source import Listing
from microgpt.debugger.stops import StopPoint
from microgpt.debugger.verbs import VERBS, Verb, find_verb
from microgpt.debugger.what_if import Move, WhatIf
from microgpt.debugger.why import Why
from microgpt.graph.debuggee import Ended, Stop
from microgpt.model.places import logit_name, position_name

PROMPT = "(microgpt) "
"""Stands before every verb, typed or echoed."""

MOST_FOUND = 20
MOST_CONSUMERS = 8
MUCH_CANCELLATION = 2.0


def number(value: float) -> str:
    """A number as people read it: six digits; JSON has them all."""
    return f"{value:.6g}"


def lines(session: DebugSession, outcome: Outcome) -> list[str]:
    """What to say about an outcome."""
    match outcome.answer:
        case None if outcome.verb == "quit":
            return []
        case None if outcome.verb == "where" and session.halt is not None:
            return [_halt(session.halt), *state_lines(session, outcome.state)]
        case None:
            return state_lines(session, outcome.state)
        case Shown(node=node):
            return node_lines(session.inspect(node))
        case Stops() as stops:
            return _stops(stops)
        case Found() as found:
            return _found(session, found)
        case Note(text=text):
            return [text]
        case Help(verb=verb):
            return _help(verb)
        case Listing() as listing:
            return _listing(listing)
        case Why() as why:
            return why_lines(why)
        case Flow() as flow:
            return flow_lines(flow)
        case Anomalies(found=found_wrong):
            return _anomalies(session, found_wrong)
        case Health(found=findings):
            return [f"{f.check}: {f.what}; see {f.name}" for f in findings] or ["all is well"]
        case CheckedGradients() as checked:
            return _checked(session, checked)
        case WhatIf() as what_if:
            return what_if_lines(what_if)
        case Stop() as halt:
            return [*halt_lines(halt), *state_lines(session, outcome.state)]
        case Ended(reason=reason):
            return [f"the script is over: {reason}"]


# -- where the script stands -----------------------------------------------------------------------


def halt_lines(halt: Stop) -> list[str]:
    """Where a script stands still, its traceback if it raised, and why there is no graph."""
    told = [*halt.traceback.splitlines(), _halt(halt)]
    if halt.graph is None:
        why = f": {halt.problem}" if halt.problem else ""
        told.append(f"  there is no graph of it, so the one before stays{why}")
    return told


def _halt(halt: Stop) -> str:
    """`train.py:14: backward 3, loss 0.25`."""
    place = f"{PurePath(halt.file).name}:{halt.line}"
    if halt.kind == "exception":
        return f"{place}: raised, after backward {halt.number}"
    return f"{place}: backward {halt.number}, loss {number(halt.loss)}"


# -- where the session stands ----------------------------------------------------------------------


def state_lines(session: DebugSession, state: State) -> list[str]:
    """The event, the node it visits, and what it changed."""
    graph = session.graph
    last = session.timeline.n_forward if state.phase == "forward" else graph.n_events - 1
    texts = ", ".join(f"{p.kind} {p.number}: {p.text}" for p in state.stop.points)
    said = {"start": "the start", "end": "the end"}.get(str(state.stop), "")
    head = f"{state.phase} {state.event} of {last}"
    if state.stop.reason == "post mortem":
        said = f"post mortem: {session.problem}"
    head += "".join(f", {words}" for words in (said, texts) if words)
    if state.node is None:
        return [head, "  nothing is computed yet"]
    view = session.inspect(state.node)
    if state.phase == "forward":
        told = [f"  {_computation(view)}"]
    elif state.event == 0:
        told = [f"  {_called(view)}: the pass begins"]
    else:
        told = [f"  {_called(view)}, adjoint {number(view.grad_now)}"]
    adjoint = view.grad_now
    told += [f"  {_change(change, adjoint)}" for change in state.changes]
    return [head, *told, *_source(view)]


def _change(change: GradChange, adjoint: float) -> str:
    if change.local is None:
        return f"{change.name}: grad {number(change.old)} → {number(change.new)}"
    product = f"{number(change.local)} × {number(adjoint)}"
    return f"{change.name}: grad {number(change.old)} + {product} = {number(change.new)}"


def _called(view: NodeView) -> str:
    """`#3772 mul in pos0/layer0/attn/q`."""
    name = f"#{view.id}" if view.name == f"#{view.id}" else f"{view.name} (#{view.id})"
    return f"{name} {view.op}" + (f" in {view.scope}" if view.scope else "")


def _computation(view: NodeView) -> str:
    operands = [f"{o.name} {number(o.data)}" for o in view.operands]
    if len(operands) > 1 and view.op in OPS:
        formula = f" {OPS[view.op].symbol} ".join(operands)
    else:
        exponent = [] if view.immediate is None else [number(view.immediate)]
        formula = f"{view.op}({', '.join(operands + exponent)})"
    return f"{_called(view)}: {formula} = {number(view.data)}"


def _source(view: NodeView) -> list[str]:
    if view.line is None:
        return []
    filename, line = view.line
    text = linecache.getline(filename, line).strip()
    return [f"  {PurePath(filename).name}:{line}" + (f"  {text}" if text else "")]


# -- a node ----------------------------------------------------------------------------------------


def node_lines(view: NodeView) -> list[str]:
    """A node's numbers and its operands'."""
    yet = "" if view.computed else "  (not computed yet)"
    told = [_called(view), f"  data  {view.data!r}{yet}"]
    if view.grad_final is None:
        told.append(f"  grad  {view.grad_now!r} as found: there is no backward pass")
    else:
        told.append(f"  grad  {view.grad_now!r} now, {view.grad_final!r} in the end")
    for slot, operand in enumerate(view.operands):
        gets = "" if operand.contribution is None else f" gets {number(operand.contribution)}"
        told.append(
            f"  operand {slot}  {operand.name} = {number(operand.data)}, "
            f"local {number(operand.local)},{gets}".rstrip(",")
        )
    return told + _source(view)


def _listing(listing: Listing) -> list[str]:
    width = len(str(listing.lines[-1].number)) if listing.lines else 1
    if not listing.lines:
        return [f"{listing.filename}:{listing.line}: the file cannot be read any more"]
    return [
        _path(listing.filename),
        *(
            f"{'→' if line.current else ' '} {line.number:>{width}}  {line.text}".rstrip()
            for line in listing.lines
        ),
    ]


def _path(filename: str) -> str:
    """A file's path from the current folder, if it lies in it."""
    path = PurePath(filename)
    here = FilePath.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename


def _found(session: DebugSession, found: Found) -> list[str]:
    n = len(found.nodes)
    told = [f"{n} {'node' if n == 1 else 'nodes'}"]
    for node in found.nodes[:MOST_FOUND]:
        view = session.inspect(node)
        grad = "" if view.grad_final is None else f", grad {number(view.grad_final)}"
        told.append(f"  {_called(view)}: data {number(view.data)}{grad}")
    if n > MOST_FOUND:
        told.append(f"  and {n - MOST_FOUND} more")
    return told


# -- breakpoints and watchpoints -------------------------------------------------------------------


def _stops(stops: Stops) -> list[str]:
    if not stops.points:
        return ["no breakpoints and no watchpoints" if not stops.done else f"none {stops.done}"]
    return [_stop(point, stops.done) for point in stops.points]


def _stop(point: StopPoint, done: str) -> str:
    told = f"{point.kind} {point.number}: {point.text}"
    if done in {"enabled", "disabled", "deleted"}:
        return f"{told}, {done}"
    if point.problem:
        return f"{told}, cannot stop here: {point.problem}"
    events = f"{point.n_moments} {'event' if point.n_moments == 1 else 'events'}"
    hits = f", {point.hits} {'hit' if point.hits == 1 else 'hits'}" if not done else ""
    return f"{told}, {events}{hits}{'' if point.enabled else ', disabled'}"


# -- asking why ------------------------------------------------------------------------------------


def why_lines(why: Why) -> list[str]:
    """A gradient's shares, as parts of it and in per cent."""
    told = [f"{why.name}: grad {number(why.gradient)}"]
    if why.given:
        told.append(f"  {number(why.given)} of it was there before any consumer added to it")
    groups = [
        ("by position of the loss",
         [(_position(s.position, s.label), s.share) for s in why.by_position]),
        ("by first head or block on the way to the loss",
         [(s.head, s.share) for s in why.by_head]),
        ("by consumer",
         [(f"{s.name} {s.op}" + (f" in {s.scope}" if s.scope else ""), s.share)
          for s in why.by_consumer]),
    ]  # fmt: skip
    total = why.gradient - why.given
    for title, rows in groups:
        if rows:
            told += _group(title, rows, total)
        elif why.by_consumer:
            told.append(f"  {title}: this graph has none")
    if why.paths:
        told.append("  heaviest paths to the loss")
        for path in why.paths:
            told.append(f"    {_share(path.share, total)}  {_way(path)}")
        told.append(f"    {_share(why.remainder, total)}  all other paths")
    return told


def _way(path: Path) -> str:
    """`pos1/layer0/attn/q mul ×2.18 → head0/scores mul ×-0.447, mul ×0.5 → …`."""
    parts, before = [], list[str]()
    for scope, steps in groupby(path.steps, key=lambda step: step.scope):
        factors = ", ".join(f"{step.op} ×{step.factor:.3g}" for step in steps)
        names = scope.split("/")
        pairs = zip(names, before, strict=False)
        shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        parts.append(f"{'/'.join(names[shared:]) or scope} {factors}".strip())
        before = names
    return " → ".join(parts)


def _position(position: int | None, label: str) -> str:
    if position is None:
        return "past the positions' losses"
    return position_name(position) + (f" ({label})" if label else "")


def _group(title: str, rows: list[tuple[str, float]], total: float) -> list[str]:
    ratio = cancellation(share for _, share in rows)
    cancels = f", which cancel: their sizes add up to {ratio:.3g} times it"
    told = [f"  {title}{cancels if ratio > MUCH_CANCELLATION else ''}"]
    told += [f"    {_share(share, total)}  {label}" for label, share in rows[:MOST_CONSUMERS]]
    if rest := rows[MOST_CONSUMERS:]:
        told.append(f"    {_share(sum(share for _, share in rest), total)}  {len(rest)} others")
    return told


def _share(share: float, total: float) -> str:
    per_cent = f"{100 * share / total:6.1f} %" if total else "       "
    return f"{number(share):>12} {per_cent}"


def flow_lines(flow: Flow) -> list[str]:
    """Where a node goes."""
    how = f"{flow.root} moves {number(flow.derivative)} times as much as it"
    told = [f"{flow.name}: {how}, and {flow.n_reached} nodes move with it"]
    if flow.by_position:
        told.append("  losses by position")
        told += [
            f"    {number(s.share):>12}  {_position(s.position, s.label)}" for s in flow.by_position
        ]
    if flow.logits:
        told.append("  logits that move most")
        told += [
            f"    {number(m.derivative):>12}  {logit_name(m.position, m.token)}"
            for m in flow.logits
        ]
    return told


# -- what is wrong ---------------------------------------------------------------------------------


def _anomalies(session: DebugSession, found: tuple[Anomaly, ...]) -> list[str]:
    told = []
    for anomaly in found:
        step = "" if anomaly.step is None else f" of step {anomaly.step}"
        told.append(f"{anomaly.where}{step}: {_called(session.inspect(anomaly.node))}")
        told.append(f"  {anomaly.what}")
        if anomaly.operands:
            operands = ", ".join(f"{name} = {number(data)}" for name, data in anomaly.operands)
            told.append(f"  operands: {operands}")
        told += _source(session.inspect(anomaly.node))
        if anomaly.moment is not None:
            phase = session.timeline.phase(anomaly.moment)
            told.append(f"  goto {phase} {session.timeline.event(anomaly.moment)}")
    return told or ["every number is in range: forward, backward, and in the update"]


def _checked(session: DebugSession, checked: CheckedGradients) -> list[str]:
    n = checked.n_checked
    told = [f"{n} {'gradient' if n == 1 else 'gradients'} checked, {checked.n_wrong} wrong"]
    if checked.n_unchecked:
        told[0] += f"; {checked.n_unchecked} could not be checked"
    if checked.trusted:
        ops = ", ".join(f"{op} ({n})" for op, n in checked.trusted)
        told.append(
            f"  not checked: local gradients of {ops}: ops that cannot be computed again; those "
            "before and after them are checked"
        )
    told += [
        f"  error {c.error:<9.3g} analytic {number(c.analytic)}, numeric {number(c.numeric)}, "
        f"step {c.step:.3g}: {_called(session.inspect(c.node))}"
        for c in checked.worst
    ]
    for node in checked.at_fault[:MOST_FOUND]:
        view = session.inspect(node)
        told += [f"  at fault, it seems: a local gradient of {_called(view)}", *_source(view)]
    return told


# -- what if ---------------------------------------------------------------------------------------


def what_if_lines(what_if: WhatIf) -> list[str]:
    """What edits do to the loss, the predictions, and what is watched."""
    told = [f"changed: {'; '.join(what_if.edits)}" if what_if.edits else "nothing is changed"]
    told.append(f"  loss {_move(what_if.loss)}  (unchanged: {number(what_if.original)})")
    for p in what_if.positions:
        likeliest = " → ".join(dict.fromkeys(p.likeliest)).strip()
        told.append(
            f"    {_position(p.position, p.label):<18}  loss {_move(p.loss)}, "
            f"p {_move(p.probability)}" + (f", likeliest {likeliest}" if likeliest else "")
        )
    told += [
        f"  {n.name}: data {_move(n.data)}, grad {_move(n.grad)}"
        for n in what_if.watched[:MOST_FOUND]
    ]
    if (more := len(what_if.watched) - MOST_FOUND) > 0:
        told.append(f"  and {more} more of the nodes watched")
    return told


def _move(move: Move) -> str:
    if move.before == move.after or (math.isnan(move.before) and math.isnan(move.after)):
        return number(move.before)
    return f"{number(move.before)} → {number(move.after)}"


# -- help ------------------------------------------------------------------------------------------


def _help(word: str) -> list[str]:
    if word:
        verb = find_verb(word)
        return [_signature(verb), f"  {verb.help}", f"  example: {verb.example}"]
    told: list[str] = []
    for group in dict.fromkeys(verb.group for verb in VERBS):
        told.append(group)
        for verb in VERBS:
            if verb.group == group:
                told.append(f"  {_signature(verb):<34}  {verb.help}")
                told.append(f"  {'':<34}  {verb.example}")
    told.append("a beginning of a verb that no other has is enough: goto is g, go or got")
    return told


def _signature(verb: Verb) -> str:
    short = f" ({', '.join(verb.short)})" if verb.short else ""
    return f"{verb.name}{short} {verb.usage}".rstrip()
