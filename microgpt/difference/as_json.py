"""A difference as JSON. Its field names are what other programs rely on.

Nodes are their ids; what a graph does not have is null. Floats that JSON has no word for become the
texts "nan", "inf" and "-inf" where it is written.
"""

from __future__ import annotations

from dataclasses import asdict

from microgpt.debugger.verbs.verb import Json
from microgpt.debugger.wording import file_and_line
from microgpt.difference.graph_difference import GraphDifference, Parting, Spread
from microgpt.difference.pass_difference import PassDifference
from microgpt.difference.run_difference import RunDifference
from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_name


def run_json(difference: RunDifference) -> Json:
    """Two runs."""
    parting = difference.parting
    return {
        "settings": [asdict(row) for row in difference.settings],
        "first_step": difference.first_step,
        "last_step": dict(zip("ab", difference.last_step, strict=True)),
        "step": None if parting is None else parting.step,
        "cause": None if parting is None else parting.cause,
        "update": None if parting is None else parting.update,
        "documents": None if parting is None else dict(zip("ab", parting.documents, strict=True)),
        "losses": None if parting is None else asdict(parting.losses),
        "graph": None if parting is None else graph_json(parting.graphs),
    }


def pass_json(difference: PassDifference) -> Json:
    """Two programs."""
    return {
        "pass": difference.number,
        "passes": difference.n_compared,
        "ended": dict(zip("ab", difference.ended, strict=True)),
        "graph": graph_json(difference.graphs),
    }


def graph_json(difference: GraphDifference) -> Json:
    """Two graphs."""
    a, b, alignment = difference.a, difference.b, difference.alignment
    return {
        "nodes": {"a": len(a), "b": len(b)},
        "pairs": len(alignment.paired),
        "only_in_a": len(alignment.only_in_a),
        "only_in_b": len(alignment.only_in_b),
        "first": _parting(difference, difference.first),
        "first_op": _parting(difference, difference.first_op),
        "values": _spread(difference.values),
        "gradients": _spread(difference.gradients),
        "root": {"a": float(a.data[a.root]), "b": float(b.data[b.root])},
    }


def _parting(difference: GraphDifference, parting: Parting | None) -> Json | None:
    if parting is None:
        return None
    a, b = difference.a, difference.b
    edge = None
    if parting.edge is not None:
        consumer, slot, other, other_slot = parting.edge
        mine, theirs = a.operands_of(consumer)[slot], b.operands_of(other)[other_slot]
        edge = {
            "slot": slot,
            "a": {
                "consumer": consumer, "local": mine.local, "contribution": mine.contribution,
                "adjoint": float(a.grad[consumer]),
            },
            "b": {
                "consumer": other, "local": theirs.local, "contribution": theirs.contribution,
                "adjoint": float(b.grad[other]),
            },
        }  # fmt: skip
    return {
        "how": parting.how,
        "a": _node(a, parting.a),
        "b": _node(b, parting.b),
        "operands": [
            {
                "slot": operand.slot, "a": _node(a, operand.a), "b": _node(b, operand.b),
                "is_same_node": operand.is_same_node, "differs": operand.differs,
            }
            for operand in parting.operands
        ],
        "instead": _node(a if parting.a is None else b, parting.instead),
        "brought_by": edge,
    }  # fmt: skip


def _node(graph: Graph, node: int | None) -> Json | None:
    if node is None:
        return None
    return {
        "id": node, "name": graph.name(node), "place": place_name(graph, node),
        "op": graph.op(node), "scope": graph.scope(node), "data": float(graph.data[node]),
        "grad": float(graph.grad[node]), "line": file_and_line(graph.line(node)),
    }  # fmt: skip


def _spread(spread: Spread) -> Json:
    return {"n": spread.n, "of": spread.of, "node": spread.node, "largest": spread.largest}
