"""The laws of folding: every box is divided by its children, and every node can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import GraphError, ModelConfig, Value, scope
from microgpt.autograd.bindings import parameter
from microgpt.graph.graph import Graph
from tests.viz.computations import frozen, graphs, small_snapshot
from viz import boxes, partition
from viz.boxes import MAX_CHILDREN, Box, Folding


def every_box(folding: Folding) -> Iterator[Box]:
    """The whole graph's box and all below it."""
    waiting = [folding.root]
    while waiting:
        box = waiting.pop()
        yield box
        waiting.extend(folding.children(box))


def assert_laws(folding: Folding, max_children: int = MAX_CHILDREN) -> list[Box]:
    """Walks all boxes of a graph; gives them."""
    found = list(every_box(folding))
    keys = [box.key for box in found]
    assert len(set(keys)) == len(keys)
    for box in found:
        children = folding.children(box)
        if box.kind == "node":
            assert len(box) == 1
            assert children == ()
            continue
        assert len(box) >= 1
        assert len(children) <= max_children
        assert len(children) >= min(2, len(box)), box.key
        together = np.concatenate([child.ids for child in children])
        assert np.array_equal(np.sort(together), box.ids), box.key  # disjoint and complete
        for child in children:
            assert child.parent is box
            assert np.all(np.diff(child.ids) > 0)
    nodes = sorted(box.node for box in found if box.kind == "node")
    assert nodes == list(range(len(folding.graph)))
    return found


def assert_found(folding: Folding, some: list[Box]) -> None:
    """Every box is found by its key, and its nodes through it."""
    for box in some:
        assert folding.find(box.key) is box, box.key
        path = folding.path_to(int(box.ids[0]))
        assert box in path
        assert path[0] is folding.root
        assert path[-1].node == box.ids[0]


@given(graphs, st.sampled_from([3, 5, MAX_CHILDREN]))
def test_random_graphs(graph: Graph, max_children: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boxes, "MAX_CHILDREN", max_children)
        patch.setattr(partition, "LARGE_REGION", 2 * max_children)
        folding = Folding(graph)
        assert_found(folding, assert_laws(folding, max_children))


@pytest.mark.slow
def test_a_small_model() -> None:
    folding = Folding(small_snapshot().graph("ann"))
    found = assert_laws(folding)
    assert_found(folding, [box for box in found if box.kind != "node"])
    assert_found(folding, found[::7])


@pytest.mark.slow
def test_the_default_model(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    found = assert_laws(folding)
    assert_found(folding, [box for box in found if box.kind != "node"])
    assert_found(folding, found[::97])


def test_keys_are_those_of_every_graph_of_the_document() -> None:
    untrained, trained = small_snapshot().graph("ann"), small_snapshot(steps=3).graph("ann")
    assert not np.array_equal(untrained.data, trained.data)
    keys = [[box.key for box in every_box(Folding(g))] for g in (untrained, trained)]
    assert keys[0] == keys[1]


@pytest.mark.slow
def test_more_positions_than_a_box_may_have_children() -> None:
    model = ModelConfig(n_embd=2, n_head=1, block_size=48)
    folding = Folding(small_snapshot(model).graph("ann" * 15))
    assert_found(folding, [box for box in assert_laws(folding) if box.kind != "node"])
    labels = [child.label for child in folding.children(folding.root)]
    assert labels == ["wte", "wpe", "lm_head", "layer0", "pos0…7", "pos8…15", "pos16…23",
                      "pos24…31", "pos32…39", "pos40…45", "loss"]  # fmt: skip
    pos3 = folding.scope("pos3")
    assert [box.label for box in pos3.ancestors] == ["graph", "pos0…7"]
    assert pos3 is folding.find("pos3")
    assert (pos3.title, pos3.note) == ("pos3", "n → a")


def test_runs_of_runs() -> None:
    x = Value(0.0)
    for place in range(MAX_CHILDREN**2 + 50):
        with scope(f"call{place}"):
            x = (x + 1).relu()
    folding = Folding(frozen(x))
    assert_laws(folding)
    call = folding.scope("call1000")
    assert [box.label for box in call.ancestors[1:]] == ["call999…1035", "call999…1005"]
    assert folding.find("call1000") is call
    assert folding.find("call1000/inner") is call


def test_labels_titles_and_notes_in_the_default_model(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)

    def opened(key: str) -> list[tuple[str, str]]:
        return [(box.label, box.title) for box in folding.children(folding.find(key))]

    assert opened("")[3:6] == [("layer0", "layer0"), ("pos0", "pos0"), ("pos1", "pos1")]
    assert opened("@layer0")[0] == ("attn_wq", "layer0.attn_wq")
    assert opened("@layer0.attn_wq")[3] == ("attn_wq[3]", "layer0.attn_wq[3]")
    wte_row = folding.children(folding.find("@wte"))[0]
    assert (wte_row.label, wte_row.note) == ("wte[0]", "a")
    assert opened("@layer0.mlp_fc2[3]")[1] == (
        "layer0.mlp_fc2[3][8…15]", "layer0.mlp_fc2[3][8…15]")  # fmt: skip
    fc1 = "pos1/layer0/mlp/fc1"
    assert opened(fc1)[1] == ("fc1[8…15]", f"{fc1}[8…15]")
    assert opened(f"{fc1}|fc1[8…15]")[3] == ("fc1[11]", f"{fc1}[11]")
    fc2 = "pos1/layer0/mlp/fc2"
    assert opened(f"{fc2}|fc2[3]")[1] == ("terms 8…15", f"{fc2} terms 8…15")
    first = folding.find(f"{fc2}|fc2[3]|terms 8…15").ids[0]
    assert opened(f"{fc2}|fc2[3]|terms 8…15")[0] == (f"#{first}", f"#{first}")
    norm = folding.children(folding.find("pos1/layer0/mlp/norm"))
    assert [(box.kind, box.note) for box in norm[:3]] == [
        ("group", ""), ("node", "norm[0]"), ("node", "norm[1]")]  # fmt: skip
    assert norm[0].title == "pos1/layer0/mlp/norm pow"
    assert folding.root.title == "the whole graph"


def test_terms_keep_their_place_when_opened_again() -> None:
    x = [Value(float(i + 1)) for i in range(300)]
    with scope("sum"):
        total = x[0] * x[0]
        for value in x[1:]:
            total = total + value * value
    folding = Folding(frozen(total))
    assert_laws(folding)
    product = 300 + 2 * 20 - 1  # of x[20]; the first has no addition of its own
    labels = [box.label for box in folding.path_to(product)]
    assert labels == ["graph", "sum", "terms 18…35", "terms 19", "#339"]
    labels = [box.label for box in folding.children(folding.path_to(product)[2])]
    assert labels == [f"terms {place}" for place in range(18, 36)]


def test_code_without_scopes_folds() -> None:
    xs = [Value(0.1 * i, name=f"x{i}") for i in range(40)]
    loss = sum((x * x).relu() for x in xs) * 0.5
    folding = Folding(frozen(loss))
    assert_laws(folding)
    assert [box.label for box in folding.children(folding.root)][:2] == [
        "terms 0…6", "terms 7…13"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["chain", "sums in sums", "tree", "shared"])
def test_a_large_graph_without_scopes_opens_quickly(shape: str) -> None:
    value, w = Value(0.5), Value(0.999)
    if shape == "chain":
        for _ in range(60_000):
            value = value.relu()
    elif shape == "sums in sums":  # as a recurrent network: each state is a term of the next
        for _ in range(7_000):
            value = value * w + 1 + 2 + 3 + 4
    elif shape == "tree":
        row = [Value(0.1) for _ in range(1 << 15)]
        while len(row) > 1:
            row = [a * b for a, b in zip(row[::2], row[1::2], strict=True)]
        (value,) = row
    else:
        for _ in range(30_000):
            value = value * w + value
    graph = frozen(value)
    assert len(graph) > 60_000
    folding = Folding(graph)
    start = process_time()
    depths = [len(folding.path_to(node)) for node in range(0, len(graph), 5_000)]
    seconds = process_time() - start
    assert max(depths) <= 12
    assert seconds < 10  # 1 or less; a quadratic one takes minutes


# -- scopes as users open them ---------------------------------------------------------------------


def test_a_scope_inside_user_code() -> None:
    x = Value(2.0)
    with scope("outer"):
        y = x * 3
        with scope("inner"):
            z = y.relu() + y
        loss = z * z
    folding = Folding(frozen(loss))
    assert_laws(folding)
    assert [c.key for c in folding.children(folding.root)] == ["outer", "#0"]
    outer = folding.scope("outer")
    assert [box.key for box in folding.children(outer)] == ["outer/inner", "#1", "#2", "#5"]
    assert folding.scope("outer/inner/").title == "outer/inner"


def test_a_scope_left_and_entered_again_holds_only_its_own() -> None:
    again = scope("again")
    with again:
        a = Value(1.0) + 1
    between = a * 2
    with again:
        loss = between + 3
    graph = frozen(loss)
    folding = Folding(graph)
    assert_laws(folding)
    assert [graph.scope(int(node)) for node in folding.scope("again").ids] == ["again"] * 5
    assert between.scope == ""
    assert len(folding.scope("again")) == len(graph) - 2


def test_scopes_entered_twice_under_one_name() -> None:
    x = Value(2.0)
    for _ in range(3):
        with scope("linear"), scope("deep"):
            x = x * 2 + 1
    folding = Folding(frozen(x))
    assert_found(folding, assert_laws(folding))
    # A scope that holds nothing but another is shown as one with it.
    assert [(b.key, b.label) for b in folding.children(folding.root)][:-1] == [
        ("linear/deep", "linear/deep"),
        ("linear[1]/deep", "linear[1]/deep"),
        ("linear[2]/deep", "linear[2]/deep"),
    ]
    assert folding.scope("linear[1]") is folding.scope("linear[1]/deep")


def test_all_that_is_in_one_scope_is_the_whole_graph() -> None:
    with scope("model"), scope("step"):
        loss = Value(1.0) * 2 + 1
    folding = Folding(frozen(loss))
    assert_laws(folding)
    assert folding.scope("model") is folding.scope("model/step") is folding.root


def test_parameters_made_inside_a_scope_are_in_the_matrix_and_not_in_the_scope() -> None:
    with scope("model"):
        x = Value(2.0) * 3
        w = [[parameter(0.1 * i, "w", row, i) for i in range(3)] for row in range(2)]
        loss = sum(a * b for a, b in zip(*w, strict=True)) + x
    folding = Folding(frozen(loss))
    assert_found(folding, assert_laws(folding))
    matrix, *others = folding.children(folding.root)
    assert (matrix.key, matrix.kind, len(matrix)) == ("@w", "parameters", 6)
    assert [box.title for box in folding.children(matrix)] == ["w[0]", "w[1]"]
    assert sum(map(len, others)) == 11


def test_the_only_scope_beside_parameters_is_opened() -> None:
    w = parameter(2.0, "w", 0, 0)
    with scope("program"):
        with scope("square"):
            x = w * w
        with scope("double"):
            x = x * 2
    folding = Folding(frozen(x))
    assert_found(folding, assert_laws(folding))
    assert [(box.key, box.label) for box in folding.children(folding.root)] == [
        ("@w", "w"),
        ("program/square", "square"),
        ("program/double", "double"),
    ]


def test_an_empty_scope_is_no_box() -> None:
    x = Value(1.0)
    with scope("empty"), scope("below"):
        pass
    folding = Folding(frozen(x * 2))
    with pytest.raises(GraphError, match="no scope 'empty': this graph has no scopes"):
        folding.scope("empty")


def test_an_unknown_scope_names_the_valid_ones(emma_graph: Graph) -> None:
    with pytest.raises(GraphError, match="inside pos1 there is embed, layer0, lm_head, softmax"):
        Folding(emma_graph).scope("pos1/head0")


def test_many_own_nodes_beside_inner_scopes_are_one_box() -> None:
    with scope("outer"):
        x = [Value(float(i)) for i in range(17)]
        with scope("inner"):
            loss = sum(x[1:], x[0])
        for value in x:
            loss = loss * value
    with scope("other"):
        loss = loss + 1
    folding = Folding(frozen(loss))
    assert_found(folding, assert_laws(folding))
    outer = folding.scope("outer")
    assert [box.label for box in folding.children(outer)] == ["inner", "own nodes"]
    own = folding.children(outer)[1]
    assert len(own) == MAX_CHILDREN
    assert own.title == "outer own nodes"


def test_a_matrix_called_as_the_layer_it_is_in() -> None:
    w = [parameter(0.1, name, 0, i) for name in ("w", "w.bias", "v.bias") for i in range(2)]
    folding = Folding(frozen(sum(w[1:], w[0])))
    assert_found(folding, assert_laws(folding))
    keys = [box.key for box in folding.children(folding.root)]
    assert keys[:3] == ["@w", "@w.bias", "@v"]


def test_what_is_not_there() -> None:
    graph = frozen(Value(1.0) * 2)
    folding = Folding(graph)
    for node in (3, -1):
        with pytest.raises(GraphError, match=r"the graph has #0 to #2"):
            folding.path_to(node)
    assert folding.find("pos9/attn") is folding.root
    assert folding.find("#99") is folding.root
    assert folding.find("#²") is folding.root
    with pytest.raises(GraphError, match="not one"):
        _ = folding.root.node


def test_find_gives_the_nearest_box_there_is(emma_graph: Graph) -> None:
    folding = Folding(emma_graph)
    assert folding.find("pos1/layer0/attn/head9").key == "pos1/layer0/attn"
    assert folding.find("pos12/layer0").key == ""
    assert folding.find("pos1/layer0/mlp/fc1|fc1[0…7]|fc1[99]").label == "fc1[0…7]"


def test_a_leaf_alone() -> None:
    folding = Folding(frozen(Value(3.0)))
    assert_laws(folding)
    assert [box.key for box in folding.path_to(0)] == ["", "#0"]
