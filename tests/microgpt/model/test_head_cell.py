"""One weight of a head, against the forward pass on `Value`s."""

from __future__ import annotations

import pytest

from microgpt import Corpus, GraphError, ModelConfig, ModelSnapshot, Training
from microgpt.model.head_cell import head_cell, head_matrix
from microgpt.train.head_survey import survey_heads


@pytest.fixture(scope="module")
def model() -> ModelSnapshot:
    training = Training(Corpus("small", ("emma", "ava", "noah")), ModelConfig(8, 2, 2, 8))
    training.state.data[:] = type(training.state.data)("d", [4 * x for x in training.state.data])
    return ModelSnapshot.of(training)


def test_a_cell_is_what_the_graph_computed(model: ModelSnapshot) -> None:
    graph, weights = model.graph("emma"), model.computed("emma").attention_weights()
    for layer in range(2):
        for head in range(2):
            for position in range(5):
                for source in range(position + 1):
                    cell = head_cell(graph, layer, head, position, source)
                    assert cell.weight == weights[layer][head][position][source]
                    assert cell.weight == graph.data[cell.node]
                    assert cell.weight_grad == graph.grad[cell.node]
                    assert cell.products == tuple(
                        a * b for a, b in zip(cell.q, cell.k, strict=True)
                    )
                    assert cell.total * cell.scale**-1 == cell.score, "to the bit"
                    assert cell.scores[source] == cell.score


def test_what_all_sources_carry_is_what_the_head_mixes(model: ModelSnapshot) -> None:
    graph = model.graph("emma")
    cells = [head_cell(graph, 1, 1, 4, source) for source in range(5)]
    mixed = graph.data[graph.outputs_of(graph.scopes.find("pos4/layer1/attn/head1/mix"))]
    sums = [sum(parts) for parts in zip(*(cell.carried for cell in cells), strict=True)]
    assert sums == pytest.approx(mixed.tolist(), rel=1e-12)


def test_what_it_adds_to_the_logits_is_what_they_lose_without_it(model: ModelSnapshot) -> None:
    """In the last layer, without the blocks that come after: what goes straight down."""
    graph, parameters = model.graph("emma"), model.parameters()
    cell = head_cell(graph, 1, 0, 3, 1)
    out = [[leaf.data for leaf in row] for row in parameters["layer1.attn_wo"]]
    lm_head = [[leaf.data for leaf in row] for row in parameters["lm_head"]]
    added = [sum(row[j] * cell.carried[j] for j in range(4)) for row in out]
    expected = [sum(w * x for w, x in zip(row, added, strict=True)) for row in lm_head]
    assert cell.logits == pytest.approx(expected, rel=1e-12)
    assert len(cell.logits) == model.tokenizer.vocab_size


def test_scores_and_weights_as_matrices(model: ModelSnapshot) -> None:
    graph = model.graph("ava")
    for part in ("scores", "softmax"):
        rows = head_matrix(graph, 0, 1, part, 4)
        assert [len(row) for row in rows] == [1, 2, 3, 4]
        scope = graph.scopes.find(f"pos2/layer0/attn/head1/{part}")
        assert all(scope.start <= node < scope.stop for node in rows[2])


@pytest.mark.parametrize("where", [(0, 0, 2, 3), (0, 2, 2, 1), (2, 0, 2, 1), (0, 0, 9, 1)])
def test_what_is_not_there_is_told(model: ModelSnapshot, where: tuple[int, int, int, int]) -> None:
    with pytest.raises(GraphError):
        head_cell(model.graph("ava"), *where)


def test_a_survey_measures_what_the_model_computes(model: ModelSnapshot) -> None:
    documents = ("emma", "ava", "noah")
    found = survey_heads(model, documents)
    assert found.n_documents == 3
    assert found.n_positions == 3 + 2 + 3
    distances = []
    for document in documents:
        weights = model.computed(document).attention_weights()[1][0]
        for position in range(2, len(document) + 1):
            row = weights[position]
            distances.append(sum(w * (position - s) for s, w in enumerate(row)))
    assert found.heads[1][0].distance == pytest.approx(sum(distances) / len(distances))


def test_a_survey_of_runaway_numbers_is_told(model: ModelSnapshot) -> None:
    broken = ModelSnapshot(model.config, model.tokenizer, model.data[:])
    broken.data[:] = type(broken.data)("d", [float("nan")] * len(broken.data))
    with pytest.raises(Exception, match="'emma' is not all finite"):
        survey_heads(broken, ("emma",))
