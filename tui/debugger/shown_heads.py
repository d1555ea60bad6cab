"""The heads of one text under one model, as Attention mode shows them. Knows no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.model.head_numbers import HeadNumbers
from microgpt.train.graph_origin import GraphOrigin
from tui.debugger.marked import Marked
from tui.debugger.step_at_hand import OpenedStep
from tui.training.run_frame import RunFrame
from tui.widgets.heatmap import HeadMatrix, HeadNumberKind
from viz.attention_panels import AttentionPattern, Weights


@dataclass(frozen=True)
class ShownHeads:
    """What is shown; all but the weights needs the graph."""

    origin: GraphOrigin
    tokens: tuple[str, ...]  # labels of the tokens read. Shape: `[position]`.
    attention: Sequence[Sequence[Weights]]  # Shape: `[n_layer][n_head][position][source]`.
    moment: str  # which model it is, in words: `"step 3"`, `"untrained"`
    numbers: HeadNumbers | None = None  # None where only the weights are known
    without: HeadNumbers | None = None  # the same without the what-ifs in force, if there are any

    @classmethod
    def of_frame(cls, frame: RunFrame) -> ShownHeads | None:
        """The weights that a step computed; None where it has no result."""
        result, origin = frame.result, frame.origin
        if result is None or origin is None or result.document != origin.document:
            return None
        tokens = tuple(frame.labels[: len(result.position_losses)])
        return cls(origin, tokens, result.attention, f"step {result.step}")

    @classmethod
    def of_graph(cls, origin: GraphOrigin, graph: Graph) -> ShownHeads:
        """All numbers of a step.

        Raises:
            GraphError: the graph is not of the model.
        """
        numbers, config = HeadNumbers.of(graph), origin.model.config
        attention = numbers.attention(config.n_layer, config.n_head)
        moment = f"step {origin.step}" if origin.state.step else "untrained"
        return cls(origin, origin.labels[: numbers.n_positions], attention, moment, numbers)

    @classmethod
    def of_edited(cls, step: OpenedStep) -> ShownHeads:
        """A step with what-ifs in force."""
        stack, origin = step.explorer.session.edit_stack, step.origin
        without = HeadNumbers.of(stack.original.graph)
        current = stack.current
        numbers = HeadNumbers(current.graph, stack.original.graph, current.ids)
        labels, tokenizer, config = list(origin.labels), origin.model.tokenizer, origin.model.config
        for position, character in stack.tokens.items():
            labels[position] = tokenizer.label(tokenizer.encode(character)[1])  # behind BOS
        attention = numbers.attention(config.n_layer, config.n_head)
        tokens = tuple(labels[: numbers.n_positions])
        return cls(origin, tokens, attention, f"step {origin.step}, what-if", numbers, without)

    @property
    def pattern(self) -> AttentionPattern:
        """For pictures."""
        return AttentionPattern(self.tokens, self.attention)

    @cached_property
    def losses(self) -> tuple[float, float] | None:
        """Without the what-ifs in force and with them; None without any. Units: nats."""
        if self.numbers is None or self.without is None:
            return None
        before, after = self.without.graph, self.numbers.graph
        return float(before.data[before.root]), float(after.data[after.root])

    def matrix(
        self, kind: HeadNumberKind, layer: int, head: int, marked: Marked | None
    ) -> HeadMatrix:
        """One head's numbers of a kind.

        Raises:
            GraphError: what is compared with has no such head.
        """
        if kind == "change" and marked is not None:
            return self._change(layer, head, marked)
        without = self.without
        if kind == "scores" and self.numbers is not None:
            before = without.scores(layer, head) if without else None
            return HeadMatrix(self.tokens, self.numbers.scores(layer, head), kind, before)
        if kind == "gradient" and self.numbers is not None:
            before = without.weight_grads(layer, head) if without else None
            return HeadMatrix(self.tokens, self.numbers.weight_grads(layer, head), kind, before)
        before = without.weights(layer, head) if without else None
        return HeadMatrix(self.tokens, self.attention[layer][head], "weights", before)

    def _change(self, layer: int, head: int, marked: Marked) -> HeadMatrix:
        """Position by position, as far as both texts go."""
        try:
            other = HeadNumbers.of(marked.graph).weights(layer, head)
        except GraphError as error:
            raise GraphError(f"{marked.name} has no layer {layer} head {head}: {error}") from None
        own = self.attention[layer][head]
        rows = [
            [now - was for now, was in zip(row[: at + 1], other[at], strict=True)]
            if at < len(other)
            else []
            for at, row in enumerate(own)
        ]
        return HeadMatrix(self.tokens, rows, "change")
