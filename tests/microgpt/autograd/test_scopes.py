"""Scopes: nesting, threads, the model's public list, and ranges of ids."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from microgpt import Corpus, GraphError, ModelConfig, ModelSnapshot, Training, Value, scope
from microgpt.autograd.scopes import current_scope
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange


def model_scopes(n_positions: int, n_layer: int, n_head: int) -> list[str]:
    """The public list of the model's scopes, in order of creation."""
    paths = []
    for p in range(n_positions):
        paths.append(f"pos{p}/embed")
        for i in range(n_layer):
            attn, mlp = f"pos{p}/layer{i}/attn", f"pos{p}/layer{i}/mlp"
            paths += [f"{attn}/{part}" for part in ("norm", "q", "k", "v")]
            for h in range(n_head):
                paths += [f"{attn}/head{h}/{part}" for part in ("scores", "softmax", "mix")]
            paths += [f"{attn}/out", f"{attn}/residual"]
            paths += [f"{mlp}/{part}" for part in ("norm", "fc1", "relu", "fc2", "residual")]
        paths += [f"pos{p}/lm_head", f"pos{p}/softmax", f"pos{p}/loss"]
    return [*paths, "loss"]


def leaf_scopes(graph: Graph) -> list[ScopeRange]:
    return [s for s in graph.scopes if not graph.scopes.children(s)]


# -- opening and closing ---------------------------------------------------------------------------


def test_nesting_and_what_is_current() -> None:
    assert current_scope() is None
    with scope("layer0") as outer:
        assert current_scope() is outer
        with scope("attn", "attention") as inner:
            made = Value(1.0)
            assert (inner.path, inner.label, inner.parent) == ("layer0/attn", "attention", outer)
        assert current_scope() is outer
    assert current_scope() is None
    assert made.scope == "layer0/attn"


def test_a_scope_closes_when_its_body_raises() -> None:
    with pytest.raises(ZeroDivisionError), scope("a"), scope("b"):
        _ = 1 / 0
    assert current_scope() is None


@pytest.mark.parametrize("name", ["", "a/b", "/"])
def test_a_name_is_one_part_of_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="one part of a path"):
        scope(name)


def test_threads_do_not_see_each_others_scopes() -> None:
    both_inside = threading.Barrier(2, timeout=10)
    paths: dict[str, list[str]] = {}

    def work(name: str) -> None:
        before = Value(0.0).scope
        with scope(name):
            both_inside.wait()
            inside = Value(0.0).scope
            both_inside.wait()
        paths[name] = [before, inside, Value(0.0).scope]

    with scope("main"):
        threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Value(0.0).scope == "main"
    assert paths == {"one": ["", "one", ""], "two": ["", "two", ""]}


# -- in a graph ------------------------------------------------------------------------------------


def test_repeated_names_are_numbered_within_their_parent() -> None:
    x = Value(1.0)
    for _ in range(2):
        with scope("block"):
            for _ in range(2):
                with scope("linear"):
                    x = x * 2
    graph = Graph.from_value(x)
    assert [s.path for s in graph.scopes] == [
        "", "block", "block/linear", "block/linear[1]",
        "block[1]", "block[1]/linear", "block[1]/linear[1]",
    ]  # fmt: skip
    assert graph.scopes.find("block[1]/linear").name == "linear"


def test_paths_are_unique_even_beside_a_name_that_looks_numbered() -> None:
    x = Value(1.0)
    for name in ("a", "a[1]", "a"):
        with scope(name):
            x = x * 2
    paths = [s.path for s in Graph.from_value(x).scopes]
    assert len(set(paths)) == len(paths)


def test_two_graphs_number_alike() -> None:
    def paths() -> list[str]:
        x = Value(1.0)
        for _ in range(2):
            with scope("linear"):
                x = x * 2
        return [s.path for s in Graph.from_value(x).scopes]

    assert paths() == paths() == ["", "linear", "linear[1]"]


def test_emma_has_the_136_leaf_scopes_of_the_public_list(emma_graph: Graph) -> None:
    paths = [s.path for s in leaf_scopes(emma_graph)]
    assert paths == model_scopes(n_positions=5, n_layer=1, n_head=4)
    assert len(paths) == 136


def test_other_sizes_have_the_public_list_too() -> None:
    run = Training(Corpus("small", ("ab", "ba")), ModelConfig(6, 3, 2, block_size=2))
    graph = ModelSnapshot.of(run).graph("ab")
    assert [s.path for s in leaf_scopes(graph)] == model_scopes(2, 2, 3)


def test_positions_say_what_is_read_and_expected(emma_graph: Graph) -> None:
    labels = [s.label for s in emma_graph.scopes if s.parent == 0]
    assert labels == ["BOS → e", "e → m", "m → m", "m → a", "a → BOS", ""]


def test_every_scope_is_a_contiguous_range_of_ids(emma_graph: Graph) -> None:
    """The range holds exactly the nodes whose own scope is this one or one inside it."""
    own_path = [emma_graph.scope(node) for node in range(len(emma_graph))]
    for s in list(emma_graph.scopes)[1:]:
        members = [
            node for node, path in enumerate(own_path) if f"{path}/".startswith(f"{s.path}/")
        ]
        assert members == list(range(s.start, s.stop)), s.path
        assert len(s) == len(members)


def test_parameters_lie_outside_all_scopes_and_before_them(emma_graph: Graph) -> None:
    first = emma_graph.scopes.find("pos0").start
    parameters = [node for node in range(len(emma_graph)) if emma_graph.op(node) == "param"]
    assert parameters == list(range(first))
    assert {emma_graph.scope(node) for node in parameters} == {""}


def test_the_root_scope_is_the_whole_graph(emma_graph: Graph) -> None:
    root = emma_graph.scopes[0]
    assert (root.path, root.parent, root.start, root.stop) == ("", -1, 0, len(emma_graph))


def test_children_follow_each_other_inside_their_parent(emma_graph: Graph) -> None:
    tree = emma_graph.scopes
    for parent in list(tree)[1:]:
        if children := tree.children(parent):
            bounds = [(child.start, child.stop) for child in children]
            assert all(a[1] == b[0] for a, b in pairwise(bounds))
            assert (bounds[0][0], bounds[-1][1]) == (parent.start, parent.stop)
            assert {child.parent for child in children} == {parent.index}


def test_find(emma_graph: Graph) -> None:
    tree = emma_graph.scopes
    assert tree.find("pos1/layer0/attn/head2/softmax").path == "pos1/layer0/attn/head2/softmax"
    assert tree.find("/pos1/") is tree.find("pos1")
    assert tree.find("") is tree[0]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("pos9", "no scope 'pos9': inside the graph there is pos0, pos1, pos2, pos3, pos4, loss"),
        ("pos1/layer0/moe", "inside pos1/layer0 there is attn, mlp"),
        ("pos1/embed/x", "inside pos1/embed there is nothing"),
    ],
)
def test_unknown_paths_list_what_there_is(emma_graph: Graph, path: str, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        emma_graph.scopes.find(path)
    assert str(caught.value).endswith(message)
