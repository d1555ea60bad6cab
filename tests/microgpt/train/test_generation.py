"""A document drawn letter by letter: the letters of `sample`, and the numbers of its graph."""

from __future__ import annotations

import math
import random

import pytest

from microgpt import Corpus, InputError, ModelConfig, ModelSnapshot, Training, TrainingConfig
from microgpt.model.sampling import drawing_weights
from microgpt.train.generation import Drawing, Generation, generate


@pytest.fixture(scope="module")
def model() -> ModelSnapshot:
    corpus = Corpus("small", ("emma", "ava", "mia", "noah", "liam"))
    training = Training(corpus, ModelConfig(8, 2, 2, 8), TrainingConfig(num_steps=60, lr=0.05))
    list(training.losses())
    return ModelSnapshot.of(training)


DRAWINGS = [
    Drawing(seed=7),
    Drawing("em", 1.0, seed=3),
    Drawing("", 2.0, 3, seed=5),
    Drawing("a", 0, seed=1),
    Drawing("", 30.0, seed=2),
]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_the_letters_are_those_of_sample(model: ModelSnapshot, drawing: Drawing) -> None:
    rng = random.Random(drawing.seed)
    expected = model.sample(rng, drawing.temperature, drawing.prompt, drawing.top_k)
    made = generate(model, drawing)
    assert made.text == expected
    assert made.text.startswith(drawing.prompt)
    assert made.tokens[:-1] == model.tokenizer.encode(expected)[: made.n_positions]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_each_letter_is_drawn_from_the_numbers_shown(
    model: ModelSnapshot, drawing: Drawing
) -> None:
    """With one number of the generator for each, as `choices` takes it."""
    made, rng = generate(model, drawing), random.Random(drawing.seed)
    for at in range(made.n_given, made.n_positions):
        by_token = {each.token: each for each in made.candidates(at)}
        weights = [by_token[token].probability for token in range(len(by_token))]
        assert sum(weights) == pytest.approx(1)
        assert rng.choices(range(len(weights)), weights=weights)[0] == made.tokens[at + 1]
        assert made.probability(at) == weights[made.tokens[at + 1]]


def test_the_numbers_are_those_of_a_pass_over_what_was_there(model: ModelSnapshot) -> None:
    """Position by position: what comes later changes nothing."""
    drawing = Drawing("m", 1.0, seed=11)
    made = generate(model, drawing)
    for at in range(made.n_positions):
        shorter = model.graph(made.text[:at])
        logits = shorter.data[shorter.outputs_of(shorter.scopes.find(f"pos{at}/lm_head"))].tolist()
        found = {each.token: each.logit for each in made.candidates(at)}
        assert [found[token] for token in range(len(logits))] == logits
        assert [each.logit for each in made.candidates(at)] == sorted(logits, reverse=True)
        expected = drawing_weights(logits, 1.0)
        for each in made.candidates(at):
            assert each.probability == pytest.approx(expected[each.token], rel=1e-12)


def test_attention_is_the_steps_own(model: ModelSnapshot) -> None:
    made = generate(model, Drawing("emma", seed=1))
    weights = model.computed(made.text).attention_weights()
    for at in range(made.n_positions):
        assert made.attention(at) == [[list(head[at]) for head in layer] for layer in weights]


def test_the_last_stage_of_the_lens_is_the_prediction(model: ModelSnapshot) -> None:
    made = generate(model, Drawing("emma", seed=1))
    for at in range(made.n_positions):
        stages = made.lens(at)
        assert [stage.name for stage in stages] == [
            "embed", "layer0/attn", "layer0/mlp", "layer1/attn", "layer1/mlp",
        ]  # fmt: skip
        found = {each.token: each.logit for each in made.candidates(at)}
        assert list(stages[-1].logits) == [found[token] for token in range(len(found))]
        assert len({stage.logits for stage in stages}) == len(stages)


def test_a_stage_of_the_lens_by_hand(model: ModelSnapshot) -> None:
    made = generate(model, Drawing("ava", seed=1))
    graph = made.graph
    stream = graph.data[graph.outputs_of(graph.scopes.find("pos1/embed"))].tolist()
    head = [[leaf.data for leaf in row] for row in model.parameters()["lm_head"]]
    expected = [sum(w * x for w, x in zip(row, stream, strict=True)) for row in head]
    assert made.lens(1)[0].logits == pytest.approx(expected, rel=1e-12)


def test_a_full_block_ends_without_bos(model: ModelSnapshot) -> None:
    made = next(
        made
        for seed in range(50)
        if len((made := generate(model, Drawing(temperature=1e6, seed=seed))).text) == 8
    )
    assert made.n_positions == 8
    assert made.label(8) == made.text[-1]


def test_how_likely_all_of_it_is(model: ModelSnapshot) -> None:
    made: Generation = generate(model, Drawing("e", 1.0, seed=4))
    parts = [made.probability(at) for at in range(1, made.n_positions)]
    assert made.log_probability == pytest.approx(math.log(math.prod(parts)))


@pytest.mark.parametrize(
    ("drawing", "told"),
    [
        (Drawing("emmaemma"), "at most 7 leave room"),
        (Drawing("x"), "'x'"),
        (Drawing(temperature=-1), "temperature is -1"),
        (Drawing(top_k=-2), "top-k is -2"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn(model: ModelSnapshot, drawing: Drawing, told: str) -> None:
    with pytest.raises(InputError, match=told):
        generate(model, drawing)
