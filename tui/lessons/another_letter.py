"""The lesson on tokens: another letter, another loss."""

from __future__ import annotations

from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict


def check(situation: Situation) -> TaskVerdict:
    """Done when the document has other letters, nothing else is changed, and it costs less."""
    session = situation.session
    if session is None or not situation.edits:
        return NOT_YET
    stack = session.edit_stack
    tokens = stack.tokens
    if not tokens or len(situation.edits) != len(tokens):
        return TaskVerdict(
            is_done=False, said="Change letters, and nothing else: U takes the last back."
        )
    now, before = stack.current.graph, stack.original.graph
    loss, was = float(now.data[now.root]), float(before.data[before.root])
    if loss >= was:
        return TaskVerdict(
            is_done=False,
            said=f"The loss went from {was:.4g} to {loss:.4g}: the model finds that less likely.",
        )
    said = ", ".join(f"‘{letter}’ at {position}" for position, letter in sorted(tokens.items()))
    return TaskVerdict(
        is_done=True,
        said=f"With {said} the loss is {loss:.4g} in place of {was:.4g}. To the model this is the "
        "more usual name; every number of the graph was computed again for it.",
    )


ANOTHER_LETTER = Lesson(
    "letter",
    "A likelier name",
    "The loss says how unlikely the model finds a document. Make this one likelier: change one of "
    "its letters so that the loss falls.",
    (
        "Press : and type  token 2 = a  to have position 2 read another letter. U takes it back.",
        (
            "Change a letter that was a surprise: the position with the largest loss has it to "
            "predict, so it is the letter that the next position reads."
        ),
        "The answer to  token  lists each position with its likeliest next letter.",
    ),
    check,
)
