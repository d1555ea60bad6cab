"""Answering a question about the computation that the script stands still at."""

from __future__ import annotations

from array import array

from microgpt.attach.child.channel import Channel
from microgpt.attach.child.learner import Learner
from microgpt.attach.child.own_methods import OwnMethods
from microgpt.attach.child.reading import Methods, read_safely
from microgpt.attach.wire import Field


def answer(channel: Channel, learner: Learner, methods: Methods | None) -> None:
    """Computes nodes for operands that our process names, or asks them for shares.

    Args:
        channel: has the question, and takes the answer.
        learner: is not to watch meanwhile.
        methods: who answers.
    """
    kind, fields = channel.question()
    assert methods is not None  # who got no graph asks nothing about it
    if not isinstance(methods, OwnMethods):
        found = read_safely(lambda: methods.answer(kind, fields), learner)
        told: dict[str, Field] = {"problem": [found]} if isinstance(found, str) else found
        channel.send("evaluated", question=fields["question"], **told)
        return
    nodes, operands = map(int, fields["nodes"]), map(float, fields["operands"])
    learner.is_asleep = True
    computed = methods.evaluate(list(nodes), list(operands))
    learner.is_asleep = False
    channel.send(
        "evaluated", question=fields["question"], data=array("d", computed.data),
        local_grads=array("d", computed.local_grads), problems=list(computed.problems),
    )  # fmt: skip
