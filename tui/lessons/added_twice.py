"""The lesson on accumulation: a gradient is a sum over all the ways a number was used."""

from __future__ import annotations

from microgpt.graph.graph import Graph
from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict


def first_added_again(graph: Graph) -> int | None:
    """The first backward event that adds to a gradient which another addition has begun.

    None if no event does: no number is used twice.
    """
    begun: set[int] = set()
    for event in range(1, graph.n_events):
        for edge in graph.operands_of(int(graph.visit_order[event - 1])):
            if edge.operand in begun:
                return event
            begun.add(edge.operand)
    return None


def check(situation: Situation) -> TaskVerdict:
    """Done at the first event that adds to a gradient for the second time."""
    graph, session = situation.graph, situation.session
    if graph is None or session is None or not graph.backpropagated or not situation.is_walking:
        return NOT_YET
    state = session.state
    if state.phase != "backward":
        return TaskVerdict(
            is_done=False, said="This is the forward pass: there are no gradients yet."
        )
    wanted = first_added_again(graph)
    if state.event == wanted:
        again = next(change for change in state.changes if change.old)
        return TaskVerdict(
            is_done=True,
            said=f"Event {state.event}: {again.name} had {again.old:.4g} already, of its other "
            f"consumer, and {again.contribution:.4g} comes to it: {again.new:.4g}. That is the "
            "whole of `grad += local * adjoint`.",
        )
    if wanted is not None and state.event > wanted:
        return TaskVerdict(
            is_done=False, said=f"Event {state.event} is too late: it happened before."
        )
    return TaskVerdict(
        is_done=False,
        said=f"Event {state.event} adds to nothing that is there: each gradient here begins at 0.",
    )


ADDED_TWICE = Lesson(
    "twice",
    "A gradient is a sum",
    "The backward pass visits one node after another, and gives each operand its share. In Graph "
    "mode (3), walk from the loss to the first event at which a share is added to a gradient that "
    "is not 0 any more.",
    (
        "s goes on by one event, S back by one. The inspector writes out every addition.",
        (
            "A number gets two shares if two nodes were computed from it. In a softmax, an exp is "
            "used for its own probability, and in the sum that all are divided by."
        ),
        "It is one of the first ten events, inside the last position's softmax.",
    ),
    check,
)
