"""What a script did to its leaves between the pass before and this one: moved, zeroed, replaced."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from microgpt.code_places import place_called
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import LOOK, Answer, Json, Verb
from microgpt.debugger.wording import MOST_TOLD, counted, file_and_line, number
from microgpt.errors import GraphError
from microgpt.graph.debuggee import LeafUpdate, Updates


@dataclass(frozen=True, slots=True)
class UpdatesTold(Answer):
    """The updates before the graph at hand."""

    updates: Updates

    @property
    def moved(self) -> list[LeafUpdate]:
        """The leaves that moved, the farthest first."""
        moved = (leaf for leaf in self.updates.leaves if leaf.before != leaf.after)
        return sorted(moved, key=lambda leaf: -abs(leaf.after - leaf.before))

    @property
    def with_gradient(self) -> list[LeafUpdate]:
        """Those whose gradient was not 0 after the pass before."""
        return [leaf for leaf in self.updates.leaves if leaf.grad != 0]

    @property
    def zeroed(self) -> list[LeafUpdate]:
        """Of these, those whose gradient is 0 again."""
        return [leaf for leaf in self.with_gradient if leaf.grad_now == 0]

    def lines(self) -> list[str]:
        """Who moved, by how much and where; whose gradients are 0 again; what is new or shared."""
        updates = self.updates
        leaves = updates.leaves
        moved = self.moved
        told = [
            f"since backward {updates.since}: {len(moved)} of {counted(len(leaves), 'leaf')} moved"
            .replace("leafs", "leaves")
        ]  # fmt: skip
        told += [f"  {_told(leaf)}" for leaf in moved[:MOST_TOLD]]
        if len(moved) > MOST_TOLD:
            told.append(f"  … {len(moved) - MOST_TOLD} more")
        zeroed = self.zeroed
        if had := self.with_gradient:
            told.append(
                f"  gradients: {len(zeroed)} of {len(had)} that were not 0 are 0 again"
                + _at(Counter(leaf.grad_line for leaf in zeroed).most_common(1))
            )
        if updates.rebound:
            names = ", ".join(updates.rebound[:MOST_TOLD])
            told.append(f"  other objects stand now for: {names}")
        if updates.n_shared:
            told.append(
                f"  the graph contains {counted(updates.n_shared, 'node')} of that pass's graph "
                "that were computed then"
            )
        return told

    def as_json(self) -> Json:
        """The same, every leaf that has moved or whose gradient was written."""
        updates = self.updates
        return {
            "updates": {
                "since": updates.since,
                "leaves": len(updates.leaves),
                "moved": [
                    {
                        "node": leaf.node,
                        "name": leaf.name,
                        "before": leaf.before,
                        "after": leaf.after,
                        "grad": leaf.grad,
                        "line": file_and_line(leaf.line),
                    }
                    for leaf in updates.leaves
                    if leaf.before != leaf.after
                ],
                "zeroed": len(self.zeroed),
                "not_zeroed": len(self.with_gradient) - len(self.zeroed),
                "rebound": list(updates.rebound),
                "shared": updates.n_shared,
            }
        }


def _told(leaf: LeafUpdate) -> str:
    name = leaf.name or ("a leaf" if leaf.node is None else f"#{leaf.node}")
    moved = leaf.after - leaf.before
    told = f"{name}: {number(leaf.before)} → {number(leaf.after)}, moved {number(moved)}"
    if leaf.grad:
        told += f", {number(moved / leaf.grad)} × its gradient {number(leaf.grad)}"
    if leaf.node is None:
        told += ", and is not in this graph"
    return told + _at([(leaf.line, 1)])


def _at(lines: list[tuple[tuple[str, int] | None, int]]) -> str:
    """` at train.py:12`, if the line was seen."""
    line = lines[0][0] if lines else None
    return f" at {place_called(*line)}" if line else ""


def updates(session: SessionCore) -> UpdatesTold:
    """What the script did to its leaves since the pass that was stopped at before.

    Raises:
        GraphError: there was none, or the graph is no script's.
    """
    if session.halt is None:
        raise GraphError("no script computes this graph: it has no pass before")
    if session.halt.updates is None:
        raise GraphError("this is the first pass that was stopped at: `run` goes to the next one")
    return UpdatesTold(session.halt.updates)


ROWS = (
    Verb("updates", (), LOOK, "", "what the script did to its leaves since the pass before",
         "updates", "", lambda session, _: updates(session)),
)  # fmt: skip
