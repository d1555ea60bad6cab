"""The lesson on watchpoints: when a parameter's gradient is complete."""

from __future__ import annotations

from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict


def check(situation: Situation) -> TaskVerdict:
    """Done where a watchpoint stands at the last of several additions to a parameter's gradient."""
    graph, session = situation.graph, situation.session
    if graph is None or session is None or not situation.is_walking:
        return NOT_YET
    if not any(point.kind == "watchpoint" for point in session.stops.listed()):
        return NOT_YET
    state = session.state
    if not any(point.kind == "watchpoint" for point in state.stop.points):
        return TaskVerdict(
            is_done=False, said="A watchpoint is set; nothing that it watches changes here."
        )
    wanted = [change for change in state.changes if graph.op(change.node) == "param"]
    if not wanted:
        return TaskVerdict(is_done=False, said="What is watched here is no parameter.")
    change = wanted[-1]
    edges = graph.edges_out_of(change.node)
    last = max(int(graph.event_of[consumer]) for consumer in graph.edge_consumers[edges])
    if len(edges) < 2:
        return TaskVerdict(
            is_done=False,
            said=f"{change.name} is used only once: its gradient is no sum. Take another.",
        )
    if state.event != last:
        return TaskVerdict(
            is_done=False,
            said=f"{change.name} has {change.new:.4g} so far; more is added to it later.",
        )
    return TaskVerdict(
        is_done=True,
        said=f"{change.name}: {len(edges)} shares, and with this one the gradient is complete: "
        f"{change.new:.4g}. Now only may an optimizer use it.",
    )


COMPLETE_GRADIENT = Lesson(
    "complete",
    "When a gradient is complete",
    "All positions use the same parameters, so each of these gathers shares during the whole "
    "backward pass. Watch the gradient of lm_head[0][0], and stand at the event at which its last "
    "share comes.",
    (
        "Press : and type  watch lm_head[0][0]  to set a watchpoint on it.",
        "c goes on to the next change, C back to the one before. S and s go by single events.",
        "Press End, then C: the last change is the first one met on the way back.",
    ),
    check,
)
