"""`Evidence`: all that was seen of a program, over the passes that were watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.losses_around import losses_around
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.structure.algebra import Algebra
from microgpt.diagnosis.structure.distributions import Distributions
from microgpt.diagnosis.structure.text_model import TextModel
from microgpt.graph.arrays import Ints, frozen
from microgpt.graph.debuggee import LeafUpdate, LeafWrite, Stop, Updates


@dataclass(frozen=True)
class Interval:
    """From one watched pass to the next."""

    after: int  # place of the earlier pass in `Evidence.passes`
    updates: Updates
    who: tuple[
        int, ...
    ]  # which leaf each of `updates.leaves` and then `others` is, over all passes

    def rows(self) -> list[tuple[int, LeafUpdate]]:
        """Every leaf of the earlier graph, and who it is."""
        return list(zip(self.who, self.updates.leaves, strict=False))

    def writes_to(self, place: int) -> list[LeafWrite]:
        """What was written to one of the leaves, in order."""
        return self._writes.get(place, [])

    @cached_property
    def _writes(self) -> dict[int, list[LeafWrite]]:
        found: dict[int, list[LeafWrite]] = {}
        for write in self.updates.writes:
            found.setdefault(write.leaf, []).append(write)
        return found


@dataclass(frozen=True, eq=False)
class Evidence:
    """Passes, what came between them, and the program's text."""

    passes: tuple[PassEvidence, ...]
    program: Program = field(default_factory=Program)
    end: Stop | None = None  # the exception that it ended with, if it did
    was_cut_short: str = ""  # in words, if it was
    unseen: tuple[str, ...] = ()  # passes that could not be looked at, in words

    # -- who is who over the passes ----------------------------------------------------------------

    @cached_property
    def _identities(self) -> tuple[list[Ints], int]:
        """Who each leaf is, -1 for other nodes, of each pass; and how many there are."""
        found: list[Ints] = []
        by_name: dict[str, int] = {}
        n_known = 0
        for place, seen in enumerate(self.passes):
            graph = seen.graph
            is_leaf = np.zeros(len(graph), np.bool_)
            is_leaf[seen.leaves] = True
            who = np.full(len(graph), -1)
            updates = seen.updates
            if place and updates is not None:
                earlier = self.passes[place - 1].leaves
                for leaf, update in zip(earlier.tolist(), updates.leaves, strict=False):
                    if update.node is not None and update.node < len(who):
                        who[update.node] = found[-1][leaf]
            for leaf in np.flatnonzero(is_leaf & (who < 0)).tolist():
                name = graph.names.get(leaf, "")
                if name and place and name in by_name:
                    who[leaf] = by_name[name]
                else:
                    who[leaf] = n_known
                    n_known += 1
            by_name.update(
                (name, int(who[leaf])) for leaf, name in graph.names.items() if who[leaf] >= 0
            )
            found.append(frozen(who))
        return found, n_known

    def who(self, place: int) -> Ints:
        """Which leaf each leaf of a pass is, over all passes; -1 for nodes that are none."""
        return self._identities[0][place]

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """What came between each two passes."""
        found = []
        n_others = self._identities[1]
        for place, seen in enumerate(self.passes[1:], 1):
            if seen.updates is None or seen.updates.since != self.passes[place - 1].number:
                continue
            leaves = self.passes[place - 1].leaves
            if len(leaves) != len(seen.updates.leaves):
                continue
            who = self.who(place - 1)[leaves].tolist()
            others = list(range(n_others, n_others + len(seen.updates.others)))
            found.append(Interval(place - 1, seen.updates, (*who, *others)))
        return tuple(found)

    @cached_property
    def moved(self) -> frozenset[int]:
        """The leaves that an update moved, or wrote to."""
        found = set()
        for interval in self.intervals:
            found |= {who for who, leaf in interval.rows() if leaf.before != leaf.after}
            n = len(interval.updates.leaves)
            found |= {
                interval.who[w.leaf] for w in interval.updates.writes
                if not w.is_grad and 0 <= w.leaf < n
            }  # fmt: skip
        return frozenset(found)

    @cached_property
    def lasting(self) -> frozenset[int]:
        """The leaves that are in the graphs of several passes."""
        counts: dict[int, int] = {}
        for place in range(len(self.passes)):
            for who in set(self.who(place).tolist()) - {-1}:
                counts[who] = counts.get(who, 0) + 1
        return frozenset(who for who, n in counts.items() if n > 1)

    def parameters(self, place: int) -> NDArray[np.bool_]:
        """The leaves of a pass that are parameters. Shape: `[node]`.

        Those that an update moves; where none is seen, those that last; of a single pass those
        that have a name, else all that code outside of the class has made.
        """
        who, graph = self.who(place), self.passes[place].graph
        for chosen in (self.moved, self.lasting):
            if chosen:
                mask = np.isin(who, list(chosen)) & (who >= 0)
                if mask.any():
                    return mask
        is_leaf = who >= 0
        named = np.zeros(len(graph), np.bool_)
        named[[node for node in graph.names if is_leaf[node]]] = True
        if named.any():
            return named
        return is_leaf & ~np.isin(np.arange(len(graph)), graph.nodes_of("const"))

    # -- the model's structure ---------------------------------------------------------------------

    @cached_property
    def _models(self) -> dict[int, TextModel]:
        return {}

    def text_model(self, place: int) -> TextModel:
        """What a pass reads and scores."""
        if place not in self._models:
            algebra = Algebra(self.passes[place], self.parameters(place))
            self._models[place] = TextModel(algebra)
        return self._models[place]

    def algebra(self, place: int) -> Algebra:
        """What a pass computes, as sums and products."""
        return self.text_model(place).algebra

    @cached_property
    def _distributions(self) -> dict[int, Distributions]:
        return {}

    def distributions(self, place: int) -> Distributions:
        """The softmaxes of a pass."""
        if place not in self._distributions:
            self._distributions[place] = Distributions(self.algebra(place))
        return self._distributions[place]

    @cached_property
    def _losses_around(self) -> dict[int, tuple[float, float, float] | None]:
        return {}

    def losses_around(self, interval: Interval) -> tuple[float, float, float] | None:
        """A loss, and those of its data after the update, and after a tenth of it, if known."""
        place = interval.after
        if place not in self._losses_around:
            self._losses_around[place] = losses_around(
                self.passes[place], self.algebra(place), interval.updates.leaves,
                self.passes[place + 1],
            )  # fmt: skip
        return self._losses_around[place]

    # -- the two proofs that most kinds ask for ----------------------------------------------------

    def off_parameters(self, place: int) -> Ints:
        """The parameters of a pass whose gradient is another one than it should be."""
        return np.flatnonzero(self.passes[place].off & self.parameters(place))

    def wrong_passes(self) -> list[int]:
        """The passes that leave a parameter with another gradient than the true one.

        Those in which numbers have overflown tell nothing of their code.
        """
        return [
            place for place, seen in enumerate(self.passes)
            if seen.is_finite and len(self.off_parameters(place))
        ]  # fmt: skip

    def checked(self, place: int) -> tuple[int, int]:
        """How many gradients of a pass were compared, and how many could not be.

        Those of all nodes on a way from a parameter to the root.
        """
        seen = self.passes[place]
        on_way = seen.above(self.parameters(place)) & seen.leads_from
        unsure = np.zeros(len(seen.graph), np.bool_)
        for edge in seen.unknown_edges.tolist():
            unsure[seen.graph.operands[edge]] = True
        starts, operands = seen.graph.operand_start, seen.graph.operands
        for node in range(len(unsure) - 1, -1, -1):  # what lies below one is unsure, too
            if unsure[node]:
                unsure[operands[starts[node] : starts[node + 1]]] = True
        return int(np.count_nonzero(on_way & ~unsure)), int(np.count_nonzero(on_way & unsure))

    def name(self, place: int, node: int) -> str:
        """What to call a node of a pass."""
        return self.passes[place].graph.name(node)


def first_of(places: Sequence[int]) -> int | None:
    """The first, None of none."""
    return places[0] if places else None
