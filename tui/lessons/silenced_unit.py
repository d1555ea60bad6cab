"""The lesson on what-ifs: a single hidden unit, silenced."""

from __future__ import annotations

from microgpt.model.places import block_of
from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict


def check(situation: Situation) -> TaskVerdict:
    """Done when one unit of the MLP gives 0 that gave more, and the loss is higher for it."""
    session = situation.session
    if session is None or not situation.edits:
        return NOT_YET
    if len(situation.edits) > 1:
        return TaskVerdict(
            is_done=False, said="More than one number is changed: U takes the last back."
        )
    now, before = session.graph, session.edit_stack.original.graph
    changed = [
        node
        for node in before.nodes_of("relu").tolist()
        if now.op(node) == "const" and now.data[node] == 0.0
    ] if len(now) == len(before) else []  # fmt: skip
    if len(changed) != 1:
        return TaskVerdict(
            is_done=False, said="Zero one relu of a position's mlp, no more and nothing else."
        )
    loss, was = float(now.data[now.root]), float(before.data[before.root])
    if before.data[changed[0]] == 0.0:
        return TaskVerdict(
            is_done=False, said="This unit gave 0 before: nothing has changed. U, and another."
        )
    if loss <= was:
        return TaskVerdict(
            is_done=False,
            said=f"The loss went from {was:.6g} down to {loss:.6g}: this document would do better "
            "without the unit. U, and another.",
        )
    place = block_of(before.scope(changed[0]))
    return TaskVerdict(
        is_done=True,
        said=f"One number of {len(now):,}, in {place}, and the loss goes from {was:.6g} to "
        f"{loss:.6g}. Everything that hangs on it was computed again. U takes it back.",
    )


SILENCED_UNIT = Lesson(
    "unit",
    "What one unit is worth",
    "What is a single hidden unit good for? Silence one: open the mlp of a position down to its "
    "relu, zero one unit that was not 0, and have the loss rise.",
    (
        (
            "On the Map, the row of the relu is in the mlp. Enter opens a cell into its scalars, "
            "and z zeroes the selected one."
        ),
        (
            "Most units are 0 already. Take a relu whose value is not; the console tells the loss "
            "before and after."
        ),
        (
            "If the loss falls, U takes the change back. A negative gradient says that the loss "
            "rises when the number gets smaller."
        ),
    ),
    check,
)
