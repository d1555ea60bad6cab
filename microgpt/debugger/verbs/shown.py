"""`print` and `select`: a node's numbers, now and in the end, and its operands'."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.inspection import NodeView
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.arguments import node_of
from microgpt.debugger.verbs.verb import LOOK, Answer, Json, Verb
from microgpt.debugger.wording import called, made_at, number
from microgpt.model.place_names import spoken


@dataclass(frozen=True, slots=True)
class Shown(Answer):
    """A node as it is at the moment."""

    view: NodeView

    @property
    def about(self) -> int:
        """The node."""
        return self.view.id

    def lines(self) -> list[str]:
        """Its numbers, its operands' with what they gain, and its source line."""
        view = self.view
        yet = "" if view.computed else "  (not computed yet)"
        told = [
            called(view.told_id, view.name, view.place, view.op, view.scope),
            f"  data  {view.data!r}{yet}",
        ]
        if view.grad_final is None:
            told.append(f"  grad  {view.grad_now!r} as found: there is no backward pass")
        else:
            told.append(f"  grad  {view.grad_now!r} now, {view.grad_final!r} in the end")
        for slot, operand in enumerate(view.operands):
            name = spoken(operand.name, operand.place)
            gets = "" if operand.contribution is None else f" gets {number(operand.contribution)}"
            told.append(
                f"  operand {slot}  {name} = {number(operand.data)}, "
                f"local {number(operand.local)},{gets}".rstrip(",")
            )
        return told + made_at(view.line)

    def as_json(self) -> Json:
        """Nothing more: every outcome has the node that it is about."""
        return {}


def _print(session: SessionCore, argument: str) -> Shown:
    return Shown(session.inspect(node_of(session, argument)))


def _select(session: SessionCore, argument: str) -> Shown:
    node = session.find(argument)
    session.select(node)
    return Shown(session.inspect(node))


ROWS = (
    Verb("print", ("p",), LOOK, "[NODE]", "a node's data and grad, now and in the end",
         "print layer0.attn_wq[3][7]", "node", _print),
    Verb("select", (), LOOK, "NODE", "make a node the one that verbs without a NODE are about",
         "select pos1/layer0/attn/q[3]", "node", _select),
)  # fmt: skip
