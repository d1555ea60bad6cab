"""One weight of a head, against the forward pass on `Value`s."""

from __future__ import annotations

import pytest

from microgpt import Corpus, GraphError, ModelConfig, ModelSnapshot, Training
from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.model.head_numbers import HeadNumbers
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
                    cell = HeadNumbers.of(graph).cell(layer, head, position, source)
                    assert cell.weight == weights[layer][head][position][source]
                    nodes = graph.outputs_of(
                        graph.scopes.find(f"pos{position}/layer{layer}/attn/head{head}/softmax")
                    )
                    assert cell.weight == graph.data[nodes[source]]
                    assert cell.weight_grad == graph.grad[nodes[source]]
                    assert cell.products == tuple(
                        a * b for a, b in zip(cell.q, cell.k, strict=True)
                    )
                    assert cell.total * cell.scale**-1 == cell.score, "to the bit"
                    assert cell.scores[source] == cell.score


def test_what_all_sources_carry_is_what_the_head_mixes(model: ModelSnapshot) -> None:
    graph = model.graph("emma")
    cells = [HeadNumbers.of(graph).cell(1, 1, 4, source) for source in range(5)]
    mixed = graph.data[graph.outputs_of(graph.scopes.find("pos4/layer1/attn/head1/mix"))]
    sums = [sum(parts) for parts in zip(*(cell.carried for cell in cells), strict=True)]
    assert sums == pytest.approx(mixed.tolist(), rel=1e-12)


def test_what_it_adds_to_the_logits_is_what_they_lose_without_it(model: ModelSnapshot) -> None:
    """In the last layer, without the blocks that come after: what goes straight down."""
    graph, parameters = model.graph("emma"), model.parameters()
    cell = HeadNumbers.of(graph).cell(1, 0, 3, 1)
    out = [[leaf.data for leaf in row] for row in parameters["layer1.attn_wo"]]
    lm_head = [[leaf.data for leaf in row] for row in parameters["lm_head"]]
    added = [sum(row[j] * cell.carried[j] for j in range(4)) for row in out]
    expected = [sum(w * x for w, x in zip(row, added, strict=True)) for row in lm_head]
    assert cell.logits == pytest.approx(expected, rel=1e-12)
    assert len(cell.logits) == model.tokenizer.vocab_size


def test_scores_weights_and_gradients_as_matrices(model: ModelSnapshot) -> None:
    numbers = HeadNumbers.of(model.graph("ava"))
    cells = [[numbers.cell(0, 1, p, s) for s in range(p + 1)] for p in range(4)]
    for rows, name in (
        (numbers.weights(0, 1), "weight"),
        (numbers.scores(0, 1), "score"),
        (numbers.weight_grads(0, 1), "weight_grad"),
    ):
        assert [list(row) for row in rows] == [[getattr(c, name) for c in row] for row in cells]
    assert numbers.attention(2, 2)[0][1] == numbers.weights(0, 1)


def test_a_head_that_a_what_if_cuts_off_is_still_there(model: ModelSnapshot) -> None:
    graph = model.graph("emma")
    session = DebugSession(graph)
    Console(session).execute("zero pos*/layer0/attn/head1")
    stack = session.edit_stack
    numbers = HeadNumbers(stack.current.graph, graph, stack.current.ids)
    was = HeadNumbers.of(graph)
    assert numbers.weights(0, 1) == was.weights(0, 1)
    assert numbers.weights(1, 0) != was.weights(1, 0)
    assert {grad for row in numbers.weight_grads(0, 1) for grad in row} == {0.0}
    assert numbers.cell(0, 1, 4, 2).weight == was.cell(0, 1, 4, 2).weight


@pytest.mark.parametrize("where", [(0, 0, 2, 3), (0, 2, 2, 1), (2, 0, 2, 1), (0, 0, 9, 1)])
def test_what_is_not_there_is_told(model: ModelSnapshot, where: tuple[int, int, int, int]) -> None:
    with pytest.raises(GraphError):
        HeadNumbers.of(model.graph("ava")).cell(*where)


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
