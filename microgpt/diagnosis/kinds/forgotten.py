"""Operands that an op computes with and does not remember: the graph ends there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding


def forgotten_operands(evidence: Evidence, *, with_share: bool) -> Iterator[Finding]:
    """Operands that are missing among those of their node.

    Args:
        with_share: those that the op gives a share, so that they are only never visited; else those
            that get nothing.
    """
    for seen in evidence.passes[:1]:
        graph = seen.graph
        if graph.maker_of is None:
            continue
        for maker, made in enumerate(graph.makers):
            arity = np.diff(graph.operand_start)
            nodes = np.flatnonzero((graph.maker_of == maker) & (arity > 0))
            if not len(nodes):
                continue
            found = evidence.program.forgotten_operand(made.file, made.line)
            if found is None or found.has_share != with_share:
                continue
            nodes = nodes[arity[nodes] < found.n_used]
            if not len(nodes):
                continue
            node = int(nodes[-1])
            op = graph.op(node)
            what = (
                f"{op} computes with the number of `{found.name}`, and the node that it makes does "
                f"not remember it: {len(nodes)} nodes are made so, "
                + ("and no pass can go on from it" if with_share else "and it gets nothing")
            )
            yield Finding(
                kind="never-visited" if with_share else "operand-skipped",
                certainty="certain" if found.is_surely_a_node else "likely", what=what,
                mend=f"put `{found.name}` among the operands of the node",
                place=(made.file, found.line), op=op, nodes=(node,), pass_number=seen.number,
                unless="" if found.is_surely_a_node else f"`{found.name}` is always a plain number",
            )  # fmt: skip
