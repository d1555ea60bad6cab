"""Where the session stands, and the script that it debugs: the answer of moves and of `where`."""

from __future__ import annotations

from dataclasses import dataclass, field

from microgpt.autograd.ops import OPS
from microgpt.code_places import place_called
from microgpt.debugger.inspection import NodeView, inspect
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.session_state import GradChange, State
from microgpt.debugger.timeline import Timeline
from microgpt.debugger.verbs.verb import LOOK, Answer, Json, Verb
from microgpt.debugger.wording import called, made_at, number
from microgpt.graph.debuggee import Stop
from microgpt.model.place_names import spoken


@dataclass(frozen=True, slots=True)
class Standing(Answer):
    """The event, the node it visits, and what it changed."""

    timeline: Timeline = field(repr=False)
    state: State
    problem: str  # of the op that failed, or of the step; `""` if all is well
    halt: Stop | None = None  # where the script stands, if that is asked too

    @classmethod
    def of(cls, session: SessionCore, halt: Stop | None = None) -> Standing:
        """Where a session stands now."""
        return cls(session.timeline, session.state, session.problem, halt)

    def lines(self) -> list[str]:
        """Where the script stands, the event, what it computes or adds, and the source line."""
        state = self.state
        told = [_halted(self.halt)] if self.halt else []
        told.append(self._head())
        if state.node is None:
            region = self.timeline.graph.region
            apart = [] if region is None else [f"  {region.in_words}; events are counted in it"]
            return [*told, "  nothing is computed yet", *apart]
        view = inspect(self.timeline, state.node, state.moment)
        name = called(view.told_id, view.name, view.place, view.op, view.scope)
        if state.phase == "forward":
            told.append(f"  {name}: {_formula(view)} = {number(view.data)}")
        elif state.event == 0:
            told.append(f"  {name}: the pass begins")
        else:
            graph = self.timeline.graph
            nth = int(graph.visit_numbers[state.event - 1])
            again = f", visit {nth}" if nth > 1 else ""
            told.append(f"  {name}, adjoint {number(graph.adjoints[state.event - 1])}{again}")
        told += [f"  {_changed(change, self._adjoint(view))}" for change in state.changes]
        return told + made_at(view.line)

    def as_json(self) -> Json:
        """Only the script's place: every outcome has the session's."""
        return {"script": halt_as_json(self.halt)} if self.halt else {}

    def _adjoint(self, view: NodeView) -> float:
        """What the node visited passes on."""
        if self.state.phase == "forward" or self.state.event == 0:
            return view.grad_now
        return float(self.timeline.graph.adjoints[self.state.event - 1])

    def _head(self) -> str:
        state = self.state
        forward = state.phase == "forward"
        last = self.timeline.n_forward if forward else self.timeline.graph.n_events - 1
        said = {"start": "the start", "end": "the end"}.get(str(state.stop), "")
        if state.stop.reason == "post mortem":
            said = f"post mortem: {self.problem}"
        points = ", ".join(f"{p.kind} {p.number}: {p.text}" for p in state.stop.points)
        head = f"{state.phase} {state.event} of {last}"
        return head + "".join(f", {words}" for words in (said, points) if words)


def _formula(view: NodeView) -> str:
    operands = [f"{spoken(o.name, o.place)} {number(o.data)}" for o in view.operands]
    if len(operands) > 1 and view.op in OPS:
        return f" {OPS[view.op].symbol} ".join(operands)
    exponent = [] if view.immediate is None else [number(view.immediate)]
    return f"{view.op}({', '.join(operands + exponent)})"


def _changed(change: GradChange, adjoint: float) -> str:
    name = spoken(change.name, change.place)
    at = place_called(*change.line) if change.line else ""
    if change.kind != "added":
        told = f"{name}: grad {number(change.old)} → {number(change.new)} ({change.kind})"
        return f"{told} at {at}" if at else told
    if change.local is None or change.contribution is None:
        return f"{name}: grad {number(change.old)} → {number(change.new)}"
    product = f"{number(change.local)} × {number(adjoint)}"
    if change.local * adjoint != change.contribution and change.contribution == change.contribution:
        product = number(change.contribution)  # something else was added
    return f"{name}: grad {number(change.old)} + {product} = {number(change.new)}"


# -- the script ------------------------------------------------------------------------------------


def halt_lines(halt: Stop) -> list[str]:
    """Where a script stands still, its traceback if it raised, and why there is no graph."""
    told = [*halt.traceback.splitlines(), _halted(halt)]
    if halt.graph is None:
        why = f": {halt.problem}" if halt.problem else ""
        told.append(f"  there is no graph of it, so the one before stays{why}")
    elif halt.graph.pass_note:
        told.append(f"  {halt.graph.pass_note}")
    return told


def _halted(halt: Stop) -> str:
    """`train.py:14: backward 3, loss 0.25`."""
    place = place_called(halt.file, halt.line)
    if halt.kind == "exception":
        return f"{place}: raised, after backward {halt.number}"
    return f"{place}: backward {halt.number}, loss {number(halt.loss)}"


def halt_as_json(halt: Stop) -> Json:
    """Where a script stands still."""
    return {
        "stop": halt.kind,
        "number": halt.number,
        "loss": halt.loss,
        "line": f"{halt.file}:{halt.line}",
        "traceback": halt.traceback,
        "problem": halt.problem,
        "note": halt.graph.pass_note if halt.graph else "",
    }


ROWS = (
    Verb("where", (), LOOK, "", "where the session stands", "where", "",
         lambda session, _: Standing.of(session, session.halt)),
)  # fmt: skip
