"""`SessionCore`: what a debugging session is, below the verbs that are carried out on it.

It keeps the graph at hand, where it comes from, the edits in force and the program that computes
graphs, and puts another graph under the walk when one of them gives one. It answers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from microgpt.debugger.checks.anomaly_searches import first_anomalies
from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.edit_stack import EditStack, GraphVersion
from microgpt.debugger.heaviest_paths import HeaviestPaths
from microgpt.debugger.inspection import NodeView, inspect
from microgpt.debugger.timeline import Timeline
from microgpt.debugger.walk import Walk
from microgpt.errors import GraphError, InputError
from microgpt.graph.debuggee import Debuggee, Ended, Stop
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.train.graph_cost import cost_in_words
from microgpt.train.graph_origin import GraphOrigin

if TYPE_CHECKING:
    from microgpt.debugger.session_state import State
    from microgpt.replay.editing import Edit


class SessionCore(Walk):
    """A walk through one graph, and what can be asked about it."""

    def __init__(
        self,
        graph: Graph,
        origin: GraphOrigin | None = None,
        problem: str = "",
        methods: OpEvaluator | None = None,
    ) -> None:
        """Stands before the first event; post mortem, at the op that failed or where it began.

        Args:
            origin: what the graph was computed from, for what-ifs about tokens and documents, and
                for what an update would do.
            problem: what the op that the graph ends with said when it failed; or what is wrong with
                the step that the graph is of.
            methods: for what-ifs and gradient checks of ops that the op table does not know.
        """
        super().__init__(graph)
        self.origin = origin  # what the graph was computed from, None if not known
        self.problem = problem  # of the op that failed, or of the step; `""` if all is well
        self.methods = methods  # computes nodes again as their own class does, where that helps
        self.debuggee: Debuggee | None = None  # what computes the graphs, None of this one alone
        self.halt: Stop | None = None  # where that program stands still with this graph
        self._begin()

    @classmethod
    def at(cls, halt: Stop, debuggee: Debuggee) -> Self:
        """A session where a program stands still, post mortem if it raised.

        Raises:
            GraphError: there is no graph.
        """
        if halt.graph is None:
            raise GraphError(halt.problem)
        session = cls(halt.graph, problem=halt.error, methods=halt.methods)
        session.halt, session.debuggee = halt, debuggee
        return session

    def _begin(self) -> None:
        """Stands where a graph that is new to the session is looked at first, without edits."""
        if self.problem:
            self.state = self._state(self._trouble(), "post mortem")
        else:
            self.state = self._state(0, "start")
        # Of the graph at hand. What would flow or change is asked of the pass as it should be.
        self.heaviest_paths = HeaviestPaths(Derivatives(self.graph.true_pass))
        self.edit_stack = EditStack(self.graph, self.origin, self.methods)  # the edits in force
        self._states_before: list[tuple[State, State]] = []

    def _trouble(self) -> int:
        """The moment at which the problem begins.

        That is the op that failed; of a graph computed to its end, the first anomaly's moment.
        """
        moments = (anomaly.moment for anomaly in first_anomalies(self.timeline, self.step_number))
        first = next((moment for moment in moments if moment is not None), None)
        if first is None or not self.graph.backpropagated:
            return self.timeline.n_forward
        return first

    @property
    def step_number(self) -> int | None:
        """The training step that the graph is of, counted from 1; None if it is of none."""
        return self.origin.step if self.origin else None

    def inspect(self, node: int) -> NodeView:
        """A node's numbers at this moment and in the end."""
        return inspect(self.timeline, node, self.state.moment)

    # -- the program that computes the graphs ----------------------------------------------------

    def run_on(self, count: int = 1) -> Stop | Ended:
        """Lets the program go on to its next stop, and goes to the start of the graph there.

        Breakpoints and watchpoints are found anew in that graph, edits are forgotten. Where there
        is no graph the session stays with the one that it has.

        Args:
            count: at which of its next stops to stand still; where it raises it does so before.

        Raises:
            InputError: no program computes this session's graphs, or it is over, or it runs on and
                the wait for it was broken off.
        """
        if self.debuggee is None:
            raise InputError(
                "no script is there to run on: this graph is all; microgpt debug SCRIPT.py has one"
            )
        halt = self.debuggee.run_on(count)
        if isinstance(halt, Stop) and halt.graph is not None:
            self.timeline = Timeline(halt.graph)
            self.stops.move_to(self.timeline)
            self.halt, self.problem, self.methods = halt, halt.error, halt.methods
            self._begin()
        return halt

    def check_whole(self, asked: str) -> None:
        """Raises `GraphError` in a region of a graph, with what the whole would cost.

        Args:
            asked: what cannot be answered there.
        """
        if (region := self.graph.region) is not None:
            raise GraphError(
                f"{asked} needs the whole step, {cost_in_words(region.n_whole)}; this is a region "
                f"of it, {', '.join(region.scopes)}"
            )

    # -- edits -----------------------------------------------------------------------------------

    def make_edits(self, text: str, edits: Sequence[Edit]) -> None:
        """Makes edits on top of the others, and stays at the node it visits if it can.

        Args:
            text: how they are told.
            edits: what is undone at once.

        Raises:
            GraphError, InputError, DomainError: they cannot be made, as in a region; all stays as
                it is.
        """
        self.check_whole(text)
        before, state_before = self.edit_stack.current, self.state
        self.edit_stack.push(text, edits)
        self._change_graph(before)
        self._states_before.append((state_before, self.state))

    def take_edit_back(self) -> None:
        """Takes the last edits back, and goes where it was made if nothing has moved since.

        Raises:
            GraphError: there is none.
        """
        before = self.edit_stack.current
        self.edit_stack.undo()
        state_before, state_after = self._states_before.pop()
        unmoved = self.state == state_after
        self._change_graph(before)
        if unmoved:
            self.state = state_before

    def _change_graph(self, before: GraphVersion) -> None:
        """Puts the current graph under the session, which stays at the node it visits if it can."""
        state, now = self.state, self.edit_stack.current
        self.timeline = Timeline(now.graph)
        self.heaviest_paths = HeaviestPaths(Derivatives(now.graph))
        self.stops.move_to(self.timeline)
        moment = min(state.moment, self.timeline.last)
        if state.node is not None and (state.phase, state.event) != ("backward", 0):
            node = before.id_in(now, state.node)
            with suppress(GraphError):  # it is a constant now
                if node is not None:
                    moment = self.timeline.moment_of(node, state.phase)
        self.state = self._state(moment, "edit")
