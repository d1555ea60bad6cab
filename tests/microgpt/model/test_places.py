"""The model's vocabulary against the scopes of a real document, so that both stay in step."""

from __future__ import annotations

import re

import pytest

from microgpt import Corpus, Graph, ModelConfig, ModelSnapshot, Training, Value, scope
from microgpt.model import places

N = 5  # positions of BOS, e, m, m, a


@pytest.fixture(scope="module")
def emma() -> Graph:
    corpus = Corpus("names", ("emma", "olivia"))
    return ModelSnapshot.of(Training(corpus, ModelConfig(n_embd=8, n_head=2, n_layer=2))).graph(
        "emma"
    )


def test_every_scope_but_the_losses_mean_belongs_to_a_position(emma: Graph) -> None:
    outside = [s.path for s in emma.scopes if s.path and places.position_of(s.path) is None]
    assert outside == ["loss"]
    for position in range(N):
        path = places.position_name(position)
        assert emma.scopes.find(path).path == path
        assert places.position_of(path) == position
        assert places.position_number(path) == str(position)


def test_every_position_has_the_same_places(emma: Graph) -> None:
    there = [
        {places.at_any_position(s.path) for s in emma.scopes if places.position_of(s.path) == p}
        - {places.position_name(p)}
        for p in range(N)
    ]
    assert there == [there[0]] * N
    assert {"embed", "layer1/attn/q", "layer0/attn/head1/softmax", "lm_head"} <= there[0]


def test_labels_are_the_token_read_and_the_one_predicted(emma: Graph) -> None:
    labels = [places.position_label(emma, position) for position in range(N)]
    assert labels == ["BOS → e", "e → m", "m → m", "m → a", "a → BOS"]


def test_the_losses_add_up_to_the_documents(emma: Graph) -> None:
    losses = places.position_losses(emma)
    assert list(losses) == list(range(N))
    total = 0.0
    for node in losses.values():
        total += float(emma.data[node])
    assert total * (1 / N) == emma.data[emma.root]


def test_each_position_has_a_logit_for_each_token(emma: Graph) -> None:
    found = dict(places.position_logits(emma))
    assert list(found) == list(range(N))
    rows = {emma.names[leaf].split("[")[1] for leaf in emma.nodes_of("param").tolist()
            if places.matrix_of(emma, leaf) == "lm_head"}  # fmt: skip
    for position, nodes in found.items():
        assert len(nodes) == len(rows)
        assert nodes.tolist() == places.logits_at(emma, position).tolist()
    assert places.logit_name(3, 1) == f"{emma.scope(int(found[3][1]))}[1]"


def test_blocks_are_all_between_the_norms_and_the_residuals(emma: Graph) -> None:
    blocks = {s.path: places.block_of(s.path) for s in emma.scopes}
    assert list(dict.fromkeys(block for block in blocks.values() if block)) == [
        "layer0/head0", "layer0/head1", "layer0/attn", "layer0/mlp",
        "layer1/head0", "layer1/head1", "layer1/attn", "layer1/mlp",
    ]  # fmt: skip
    between = {places.at_any_position(path) for path, block in blocks.items() if not block}
    inner = {path for path in between if path.startswith("layer0/")}
    assert inner == {f"layer0/{name}" for name in (
        "attn", "attn/norm", "attn/q", "attn/k", "attn/v", "attn/residual", "mlp", "mlp/residual",
    )}  # fmt: skip


def test_the_residual_stream_runs_through_all_layers(emma: Graph) -> None:
    stream = places.residual_stream(emma)
    assert list(stream) == ["embed", "layer0/mlp/residual", "layer1/mlp/residual"]
    assert {len(scopes) for scopes in stream.values()} == {N}


def test_softmaxes_are_where_exps_are(emma: Graph) -> None:
    assert {scope.path for scope in places.softmaxes(emma)} == {
        emma.scope(node) for node in emma.nodes_of("exp").tolist()
    }


def test_every_parameter_is_of_the_matrix_it_is_named_after(emma: Graph) -> None:
    for node in emma.nodes_of("param").tolist():
        matrix = places.matrix_of(emma, node)
        assert re.fullmatch(re.escape(matrix) + r"\[\d+\]\[\d+\]", emma.names[node])
    assert places.matrix_of(emma, emma.root) == ""


def test_of_another_graph_nothing_is_found() -> None:
    with scope("pos"), scope("layers"):
        loss = Value(2.0, name="w").exp() * 3
    graph = Graph.from_value(loss)
    assert places.position_losses(graph) == places.residual_stream(graph) == {}
    assert [*places.position_logits(graph), *places.softmaxes(graph)] == []
    for path in (s.path for s in graph.scopes):
        assert (places.position_of(path), places.block_of(path)) == (None, "")
        assert places.at_any_position(path) == path
