"""The lesson on numbers out of range: where log(0) comes from."""

from __future__ import annotations

import numpy as np

from microgpt.graph.graph import Graph
from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict


def chain_of_zeros(graph: Graph) -> list[int]:
    """From the op that failed back along operands that are 0, to the node that made the first 0.

    Empty if the graph ends with no log of 0.
    """
    node = int(graph.root)
    chain: list[int] = []
    while True:
        zeros = [edge.operand for edge in graph.operands_of(node) if graph.data[edge.operand] == 0]
        if not zeros:
            return chain
        node = zeros[0]
        chain.append(node)


def check(situation: Situation) -> TaskVerdict:
    """Done at the exp that underflowed."""
    graph = situation.graph
    if graph is None or not np.isnan(graph.data[graph.root]):
        return NOT_YET
    chain, node = chain_of_zeros(graph), situation.node
    if not chain:
        return NOT_YET
    if node is None:
        return TaskVerdict(
            is_done=False, said="Select a single node first: Graph mode (3) shows them."
        )
    if node == chain[-1]:
        score = float(graph.data[graph.operands_of(node)[0].operand])
        return TaskVerdict(
            is_done=True,
            said=f"exp({score:.4g}) is less than the smallest double, so it is 0, and so is the "
            "probability: its log has no value. The learning rate of 0.3 has thrown the "
            "parameters so far that one logit lies hundreds above another.",
        )
    if node in chain:
        return TaskVerdict(
            is_done=False, said="This is 0 because one of its operands is: go on to that one."
        )
    if node == graph.root:
        return TaskVerdict(is_done=False, said="Here it failed. Its operand is 0: why is that?")
    return TaskVerdict(
        is_done=False, said=f"{graph.name(node)} is {graph.data[node]:.6g}: it is not to blame."
    )


WHY_IT_STOPPED = Lesson(
    "nan",
    "Why training stopped",
    "This run has a learning rate of 0.3, and after a few steps training stopped: a log had no "
    "finite value. It is not the log's fault. Find the node that was the first to become 0, stand "
    "at it or select it, and answer with !",
    (
        (
            "Graph mode (3) shows the node that failed. The arrow keys go to its operands, enter "
            "opens where they lie."
        ),
        "A probability is exp(score) * (sum of exps) ** -1. Which of the two is 0?",
        (
            "Press : and type  goto #1234  with the number of an operand: the inspector lists the "
            "operands of what is selected. Esc leaves the line."
        ),
    ),
    check,
    course="diverging",
    waits_for_answer=True,
)
