"""What if a number were another: edits, and what they do to loss, predictions and what is watched.

`microgpt.replay.editing` computes the edited graphs, `EditStack` keeps them, and `SessionCore` puts
them under the walk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from microgpt.debugger.edit_stack import GraphVersion, mean_outputs, outputs_in
from microgpt.debugger.node_references import entries_of
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.arguments import assignment_of
from microgpt.debugger.verbs.verb import WHAT_IF, Answer, Json, Verb
from microgpt.debugger.wording import MOST_TOLD, number, position_called
from microgpt.errors import InputError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_patterns import ANY
from microgpt.model.place_names import place_name, spoken
from microgpt.model.places import logits_at, position_label, position_losses, position_number
from microgpt.train.graph_origin import GraphOrigin

if TYPE_CHECKING:
    from microgpt.replay.editing import Edit

Replacement: TypeAlias = Literal["zero", "mean", "other"]
"""What a scope's outputs can be replaced by."""


@dataclass(frozen=True, slots=True)
class BeforeAndAfter:
    """A number before and after."""

    before: float
    after: float

    def __str__(self) -> str:
        """`0.5 → 0.25`, or the number if it did not move."""
        if self.before == self.after or (math.isnan(self.before) and math.isnan(self.after)):
            return number(self.before)
        return f"{number(self.before)} → {number(self.after)}"

    def as_json(self) -> Json:
        """Both."""
        return {"before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class PositionMove:
    """What becomes of one position's prediction."""

    position: int  # of the prediction
    label: str  # after the edit, `e → m`
    loss: BeforeAndAfter  # -log p(next token). Units: nats
    probability: BeforeAndAfter  # of the next token
    likeliest: tuple[str, str]
    """The token with the largest logit, before and after; `""` if unknown."""


@dataclass(frozen=True, slots=True)
class NodeMove:
    """What becomes of a watched node."""

    node: int
    name: str  # or `#id`
    place: str  # what it is in its scope, in words; `""` if it has a name, or lies in no scope
    data: BeforeAndAfter
    grad: BeforeAndAfter


@dataclass(frozen=True, slots=True)
class WhatIf(Answer):
    """What edits do."""

    edits: tuple[str, ...]  # all those in force now, in order, as they are told
    original: float  # the root's value without any
    loss: BeforeAndAfter  # the root's value before the last verb and after it
    positions: tuple[PositionMove, ...]  # each one's prediction; none if the graph has none
    watched: tuple[NodeMove, ...]  # the nodes of watchpoints that moved

    def lines(self) -> list[str]:
        """The edits, then the loss, each prediction and what is watched, before and after."""
        told = [f"changed: {'; '.join(self.edits)}" if self.edits else "nothing is changed"]
        told.append(f"  loss {self.loss}  (unchanged: {number(self.original)})")
        for p in self.positions:
            likeliest = " → ".join(dict.fromkeys(p.likeliest)).strip()
            told.append(
                f"    {position_called(p.position, p.label):<18}  loss {p.loss}, "
                f"p {p.probability}" + (f", likeliest {likeliest}" if likeliest else "")
            )
        told += [
            f"  {spoken(n.name, n.place)}: data {n.data}, grad {n.grad}"
            for n in self.watched[:MOST_TOLD]
        ]
        if (more := len(self.watched) - MOST_TOLD) > 0:
            told.append(f"  and {more} more of the nodes watched")
        return told

    def as_json(self) -> Json:
        """The same numbers, to the last bit."""
        return {
            "what_if": {
                "changes": list(self.edits),
                "original_loss": self.original,
                "loss": self.loss.as_json(),
                "positions": [
                    {"position": p.position, "label": p.label, "loss": p.loss.as_json(),
                     "probability": p.probability.as_json(), "likeliest": list(p.likeliest)}
                    for p in self.positions
                ],
                "watched": [
                    {"node": n.node, "name": n.name, "place": n.place,
                     "data": n.data.as_json(), "grad": n.grad.as_json()}
                    for n in self.watched
                ],
            }
        }  # fmt: skip


# -- edits -----------------------------------------------------------------------------------------
# What makes them imports numba, which takes longer than all else at the start: each does so late.


def set_node(session: SessionCore, reference: str, value: float) -> WhatIf:
    """Makes a node a constant of this value and computes everything downstream again.

    Args:
        reference: the node, as for `find`.
        value: a leaf's, or what an inner node is pinned to.

    Raises:
        GraphError: there is no such node.
        InputError: the value is not finite.
        DomainError: an op has no finite result then.
    """
    if not math.isfinite(value):
        raise InputError(f"a node can be set to a finite number, not to {value}")
    from microgpt.replay.editing import SetNode  # noqa: PLC0415  # numba

    node = session.edit_stack.original_id(session.find(reference))
    return _after(session, f"set {reference} = {value!r}", SetNode(node, value))


def set_token(session: SessionCore, position: int, character: str) -> WhatIf:
    """Lets another character be read at a position, and predicted at the one before.

    Raises:
        InputError: there is no such position or token, or the graph is not of the model.
    """
    if position == 0:
        raise InputError("pos0 reads BOS, as in every document: name a position from 1")
    from microgpt.replay.editing import SetToken  # noqa: PLC0415  # numba

    return _after(session, f"token {position} = {character}", SetToken(position, character))


def replace_outputs(session: SessionCore, scope: str, by: Replacement, other: str = "") -> WhatIf:
    """Replaces what a scope gives to the rest; what several give, and `undo` takes it back at once.

    Args:
        scope: its path, or a pattern of several: `pos*/layer0/attn/head2`. To be zeroed also a
            matrix that the graph reads, or a row of one: `layer0.attn_wq[3]`.
        by: `"zero"`; `"mean"` of the first documents at that position; `"other"` for its values in
            another document.
        other: that document.

    Raises:
        GraphError: there is no such scope.
        InputError: there is no document to take values from, or it lacks the position.
    """
    from microgpt.replay.editing import SetNode, SetScope  # noqa: PLC0415  # numba

    if by == "zero" and len(entries := entries_of(session.graph, scope.strip())):
        nodes = map(session.edit_stack.original_id, entries.tolist())
        return _after(session, f"zero {scope.strip()}", *(SetNode(node, 0.0) for node in nodes))
    paths = [found.path for found in session.graph.scopes.find_all(scope)]
    told, graph = scope.strip("/"), session.edit_stack.original.graph
    if ANY in told and len(paths) > 1:
        told += f" ({len(paths)} scopes)"
    if by == "zero":
        return _after(session, f"zero {told}", *map(SetScope, paths))
    if by == "mean":
        means = mean_outputs(session.origin, graph, paths)
        return _after(session, f"mean {told}", *map(SetScope, paths, means))
    numbers = outputs_in(session.origin, graph, paths, other)
    return _after(session, f"patch {told} from {other}", *map(SetScope, paths, numbers))


def undo(session: SessionCore) -> WhatIf:
    """Takes the last edit back. Raises `GraphError` if there is none."""
    before = session.edit_stack.current
    session.take_edit_back()
    return compare(session, before)


def edits(session: SessionCore) -> WhatIf:
    """All edits in force, against the graph without any."""
    return compare(session, session.edit_stack.original)


def _after(session: SessionCore, text: str, *edits: Edit) -> WhatIf:
    before = session.edit_stack.current
    session.make_edits(text, edits)
    return compare(session, before)


# -- what they do ----------------------------------------------------------------------------------


def compare(session: SessionCore, before: GraphVersion) -> WhatIf:
    """What the edits in force do, compared with what stood there before the last verb."""
    stack = session.edit_stack
    original, after = stack.original.graph, stack.current.graph
    return WhatIf(
        stack.texts,
        float(original.data[original.root]),
        BeforeAndAfter(float(before.graph.data[before.graph.root]), float(after.data[after.root])),
        _positions(before.graph, after, stack.origin),
        tuple(_watched(before, stack.current, session.stops.all_watched())),
    )


def _watched(before: GraphVersion, after: GraphVersion, nodes: Ints) -> Iterator[NodeMove]:
    """Those of some nodes of the graph after whose data or grad moved."""
    for node in nodes.tolist():
        was = after.id_in(before, node)
        if was is None:
            continue
        data = BeforeAndAfter(float(before.graph.data[was]), float(after.graph.data[node]))
        grad = BeforeAndAfter(float(before.graph.grad[was]), float(after.graph.grad[node]))
        if data.before != data.after or grad.before != grad.after:
            graph = after.graph
            yield NodeMove(node, graph.name(node), place_name(graph, node), data, grad)


def _positions(before: Graph, after: Graph, origin: GraphOrigin | None) -> tuple[PositionMove, ...]:
    losses_before, losses_after = position_losses(before), position_losses(after)
    moves = []
    for position, node in losses_after.items():
        loss = BeforeAndAfter(float(before.data[losses_before[position]]), float(after.data[node]))
        moves.append(
            PositionMove(
                position,
                position_label(after, position),
                loss,
                BeforeAndAfter(math.exp(-loss.before), math.exp(-loss.after)),
                (_likeliest(before, position, origin), _likeliest(after, position, origin)),
            )
        )
    return tuple(moves)


def _likeliest(graph: Graph, position: int, origin: GraphOrigin | None) -> str:
    if origin is None:
        return ""
    logits = logits_at(graph, position)
    return origin.model.tokenizer.label(int(graph.data[logits].argmax()))


# -- what is typed ---------------------------------------------------------------------------------


def _set(session: SessionCore, argument: str) -> WhatIf:
    reference, value = assignment_of(argument, "set layer0.attn_wq[3][7] = 0.5")
    try:
        plain = float(value)
    except ValueError:
        raise InputError(f"{value!r} is no number to set {reference} to") from None
    return set_node(session, reference, plain)


def _token(session: SessionCore, argument: str) -> WhatIf:
    position, character = assignment_of(argument, "token 2 = a")
    position = position_number(position)
    if not position.isdecimal():
        raise InputError(f"{position!r} is no position: a whole number, as in: token 2 = a")
    return set_token(session, int(position), character)


def _patch(session: SessionCore, argument: str) -> WhatIf:
    scope, word, document = argument.partition(" from ")
    if not word or not document.strip():
        raise InputError(
            "patch needs SCOPE from DOCUMENT, as in: patch pos1/layer0/attn from olivia"
        )
    return replace_outputs(session, scope.strip(), "other", document.strip())


ROWS = (
    Verb("set", ("e",), WHAT_IF, "NODE = VALUE", "what if a node, a parameter say, had this value",
         "set layer0.attn_wq[3][7] = 0.5", "node", _set, needs_whole=True),
    Verb("token", (), WHAT_IF, "POSITION = CHARACTER",
         "what if another character were read at a position",
         "token 2 = a", "", _token, needs_whole=True),
    Verb("zero", ("z",), WHAT_IF, "SCOPE|MATRIX",
         "what if a scope gave zeros to the rest, or a matrix or a row of one were zeros",
         "zero pos1/layer0/attn/head2/mix", "scope",
         lambda session, scope: replace_outputs(session, scope, "zero"),
         needs_whole=True),
    Verb("mean", (), WHAT_IF, "SCOPE",
         "what if a scope gave its mean over the first 64 documents at its position",
         "mean pos1/layer0/attn/head2/mix", "scope",
         lambda session, scope: replace_outputs(session, scope, "mean"),
         needs_whole=True),
    Verb("patch", (), WHAT_IF, "SCOPE from DOCUMENT",
         "what if a scope gave what it gives in another document at the same position",
         "patch pos1/layer0/attn/head2/mix from olivia", "scope", _patch, needs_whole=True),
    Verb("undo", ("U",), WHAT_IF, "", "take the last change back", "undo", "",
         lambda session, _: undo(session)),
    Verb("changes", (), WHAT_IF, "", "list the changes in force, and what they do together",
         "changes", "", lambda session, _: edits(session)),
)  # fmt: skip
