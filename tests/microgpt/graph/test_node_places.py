"""Places of nodes, against the same asked of every node by plain walks over the edges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Value, scope
from microgpt.graph.graph import Graph
from microgpt.graph.node_places import MOST_EDGES, Place
from tests.microgpt.graph.random_dags import ROWS, Row, built


def place(graph: Graph, node: int) -> Place:
    found = graph.places.of(node)
    assert found is not None
    return found


def phrases(graph: Graph, path: str) -> dict[str, list[str]]:
    """Of each op of a scope, what its nodes are called, in order."""
    found: dict[str, list[str]] = {}
    there = graph.scopes.find(path)
    for node in range(there.start, there.stop):
        found.setdefault(graph.op(node), []).append(place(graph, node).phrase(there.name))
    return found


def outputs_led_to(graph: Graph, node: int, path: str) -> set[int]:
    """The outputs of a scope that a node leads to inside it, the slow way."""
    there = graph.scopes.find(path)
    outputs = set(graph.outputs_of(there).tolist())
    waiting, reached, seen = [node], set[int](), {node}
    while waiting:
        at = waiting.pop()
        if at in outputs:
            reached.add(at)
            continue
        onwards = {edge.consumer for edge in graph.consumers_of(at)} - seen
        onwards = {consumer for consumer in onwards if there.start <= consumer < there.stop}
        seen |= onwards
        waiting += onwards
    return reached


def test_terms_are_the_columns_of_the_matrix(emma_graph: Graph) -> None:
    graph = emma_graph
    there = graph.scopes.find("pos1/layer0/attn/q")
    terms = 0
    for node in range(there.start, there.stop):
        found = place(graph, node)
        if graph.op(node) != "mul":
            continue
        weight = graph.name(graph.operands_of(node)[0].operand)
        assert weight == f"layer0.attn_wq[{found.output}][{found.term}]"
        assert found.part == "term"
        terms += 1
    assert terms == 16 * 16


def test_a_matrix_product(emma_graph: Graph) -> None:
    found = phrases(emma_graph, "pos1/layer0/attn/head0/scores")
    assert found["mul"][:5] == [f"scores[0] term {t}" for t in range(4)] + ["scores[0]"]
    assert found["add"][:4] == [*(f"scores[0] sum to {t}" for t in range(3)), "scores[0] sum"]
    assert found["const"][:2] == ["scores[0] start", "scores[0] const"]


def test_what_several_outputs_use_says_so(emma_graph: Graph) -> None:
    found = phrases(emma_graph, "pos1/layer0/attn/norm")
    assert found["pow"] == ["norm pow, shared by all 16"]
    assert found["add"][3] == "norm sum to 3, shared by all 16"
    assert found["mul"][0] == "norm term 0, shared by all 16"
    assert found["mul"][-1] == "norm[15]"
    embed = phrases(emma_graph, "pos1/embed")
    assert embed["add"][3] == "embed[3] add, shared by all 16"  # its own output, and the norm's sum


def test_an_only_output_needs_no_number(emma_graph: Graph) -> None:
    assert phrases(emma_graph, "pos1/loss") == {
        "log": ["loss log"], "const": ["loss const"], "mul": ["loss"],
    }  # fmt: skip
    softmax = phrases(emma_graph, "pos1/softmax")
    assert softmax["exp"] == [f"softmax term {t}" for t in range(27)]
    assert softmax["add"][:2] == ["softmax term 0 add", "softmax term 1 add"]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x, b: sum((w * x for w in b), Value(0.5)).relu(), {
            "input": "start", "mul": "term 0 | term 1 | term 2", "add": "sum to 0 | sum to 1 | sum",
            "relu": "",
        }),
        (lambda x, b: b[0] * x + b[1] * x + b[2] * x, {
            "mul": "term 0 | term 1 | term 2", "add": "sum to 1 | ",
        }),
        (lambda x, b: b[0] * x + b[1] * x, {"mul": "mul | mul", "add": ""}),
        (lambda x, b: b[0] * x + (b[1] * x + b[2] * x), {
            "mul": "term 2 | term 0 | term 1", "add": "sum to 1 | ",
        }),
        (lambda x, b: b[0] * x + (b[1] * x).exp() + b[2] * x, {
            "mul": "term 0 | term 1 mul | term 2", "exp": "term 1", "add": "sum to 1 | ",
        }),
    ],
    ids=["from a bias", "from a term", "too short", "the other way round", "inside a term"],
)  # fmt: skip
def test_terms_of_a_sum(
    build: Callable[[Value, list[Value]], Value], expected: dict[str, str]
) -> None:
    x, weights = Value(2.0), [Value(3.0 + k) for k in range(3)]
    with scope("f"):
        loss = build(x, weights)
    found = phrases(Graph.from_value(loss), "f")
    assert {op: " | ".join(f"{p} ".partition(" ")[2].strip() for p in said)
            for op, said in found.items()} == expected  # fmt: skip


def test_nodes_outside_any_scope_have_none(emma_graph: Graph) -> None:
    assert emma_graph.places.of(0) is None
    x = Value(2.0)
    assert Graph.from_value(x * x).places.of(1) is None


def test_a_node_used_by_too_many_to_follow_is_not_counted() -> None:
    x = Value(2.0)
    with scope("f"):
        shared = x.exp()
        outputs = [shared * shared for _ in range(MOST_EDGES)]
    graph = Graph.from_value(sum(outputs, Value(0.0)))
    found = place(graph, graph.scopes.find("f").start)
    assert (found.n_users, found.n_outputs) == (None, MOST_EDGES)
    assert found.phrase("f") == "f exp, shared by several"


@given(st.lists(ROWS, min_size=1, max_size=30), st.lists(st.integers(0, 40), max_size=3))
def test_users_are_the_outputs_that_a_walk_comes_to(rows: list[Row], used: list[int]) -> None:
    with scope("f"):
        dag = built(rows)
    loss = dag.root
    for pick in used:
        loss = loss + dag.nodes[pick % len(dag.nodes)]
    graph = Graph.from_value(loss)
    if not any(there.path for there in graph.scopes):
        return
    there = graph.scopes.find("f")
    outputs = graph.outputs_of(there).tolist()
    for node in range(there.start, there.stop):
        found = graph.places.of(node)
        if found is None:
            continue
        reached = outputs_led_to(graph, node, "f")
        assert found.n_users == len(reached)
        assert found.n_outputs == len(outputs)
        assert (found.part == "output") is (node in outputs)
        if len(reached) == 1:
            assert found.output is not None
            assert {outputs[found.output]} == reached
        elif found.output is not None:
            assert outputs[found.output] in reached


def test_every_term_of_a_sum_is_named_once() -> None:
    """Also where it is far longer than any walk is: terms are found by doubling steps."""
    x = Value(2.0)
    with scope("f"):
        loss = sum((x * k for k in range(1, 5001)), Value(0.0))
    graph = Graph.from_value(loss)
    terms = [place(graph, node) for node in graph.nodes_of("mul").tolist()]
    assert [found.term for found in terms] == list(range(5000))
    assert {found.part for found in terms} == {"term"}
