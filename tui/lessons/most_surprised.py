"""The lesson on the loss: which position of the document costs most."""

from __future__ import annotations

from microgpt.model.places import position_losses, position_of
from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict


def check(situation: Situation) -> TaskVerdict:
    """Done when a cell of the position with the largest loss is selected."""
    graph = situation.graph
    if graph is None or not position_losses(graph):
        return NOT_YET
    losses = {at: float(graph.data[node]) for at, node in position_losses(graph).items()}
    chosen = position_of(situation.selected)
    if chosen is None or chosen not in losses:
        return TaskVerdict(
            is_done=False, said="Select a cell of a column first, with the arrow keys."
        )
    if losses[chosen] < max(losses.values()):
        return TaskVerdict(
            is_done=False,
            said=f"Position {chosen} cost {losses[chosen]:.4g} nats; another cost more.",
        )
    return TaskVerdict(
        is_done=True,
        said=f"Position {chosen} cost {losses[chosen]:.4g} nats, more than any other. The loss of "
        "the step is the mean over positions, and each is -log of the probability that the right "
        "next letter had.",
    )


MOST_SURPRISED = Lesson(
    "surprise",
    "Where the model is surprised",
    "The model reads a name letter by letter, and pays for each letter that it did not expect. On "
    "the Map (2), each column is one position. Select any cell of the column whose position cost "
    "most, and answer with !",
    (
        "v changes what the Map shows; its values are what the forward pass has computed.",
        (
            "The lowest rows are the loss. Select their cells with the arrow keys: the pane beside "
            "the Map has the number."
        ),
    ),
    check,
    waits_for_answer=True,
)
