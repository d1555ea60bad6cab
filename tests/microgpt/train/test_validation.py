"""Documents held out: which they are, that nothing else changes, and their loss to the bit."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Corpus, InputError, ModelConfig, ModelSnapshot, Training, TrainingConfig
from microgpt.model.transformer import forward
from microgpt.train import validation
from microgpt.train.hyperparameters import HYPERPARAMETERS, PRESETS
from microgpt.train.validation import Validation, held_out_count, held_out_places, in_training_order
from tests.microgpt.runs.conftest import CORPUS, MODEL

CONFIG = TrainingConfig(num_steps=12, lr=0.05, validation=3)


@given(st.integers(2, 60), st.data(), st.integers())
def test_every_document_is_on_one_side(n: int, data: st.DataObject, seed: int) -> None:
    count = data.draw(st.integers(0, n - 1))
    documents = [str(place) for place in range(n)]
    trained_on, held_out = in_training_order(documents, count, random.Random(seed))
    assert sorted((*trained_on, *held_out), key=int) == documents
    assert len(held_out) == count
    assert held_out == tuple(documents[place] for place in held_out_places(n, count))


@given(st.integers(1, 60), st.integers())
def test_with_nothing_held_out_the_order_is_the_shuffled_corpus(n: int, seed: int) -> None:
    documents = [str(place) for place in range(n)]
    rng, plain = random.Random(seed), random.Random(seed)
    trained_on, held_out = in_training_order(documents, 0, rng)
    plain.shuffle(documents)
    assert (trained_on, held_out) == (tuple(documents), ())
    assert rng.getstate() == plain.getstate()


def test_what_is_held_out_does_not_depend_on_the_seed_nor_the_parameters_on_it() -> None:
    plain = Training(CORPUS, MODEL, replace(CONFIG, validation=0))
    training = Training(CORPUS, MODEL, CONFIG)
    other = Training(CORPUS, MODEL, replace(CONFIG, seed=7))
    assert training.state == plain.state
    assert training.rng.getstate() == plain.rng.getstate()
    assert training.tokenizer == plain.tokenizer
    assert training.validation
    assert other.validation
    assert training.validation.held_out == other.validation.held_out
    assert plain.validation is None
    # The order is the same, too: those held out are passed over.
    kept = [text for text in plain.documents if text not in training.validation.held_out]
    assert list(training.documents) == kept
    assert not set(other.documents) & set(other.validation.held_out)


@pytest.mark.parametrize("engine", ["value", "numpy", "kernel"])
def test_its_loss_is_the_mean_of_forward_passes_on_values(engine: str) -> None:
    training = Training(CORPUS, MODEL, CONFIG, engine)  # type: ignore[arg-type]
    assert training.validation
    n = training.validation.n_measured
    assert n == 3
    for steps in training.losses():
        measured = steps[-1].validation
        assert measured is not None
        total = 0.0
        for text in training.validation.held_out:
            tokens = training.tokenizer.encode(text)
            parameters = ModelSnapshot.of(training).parameters()
            total += forward(tokens, parameters, MODEL, training.tokenizer).loss.data
        assert measured.hex() == (total / n).hex()
        if training.step == 3:
            break


def test_it_is_measured_where_it_is_due_and_training_is_as_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(validation, "MOST_POINTS", 3)
    config = replace(CONFIG, num_steps=13)
    training = Training(CORPUS, MODEL, config, "numpy")
    assert training.validation
    assert training.validation.interval == 5
    steps = [step for some in training.losses() for step in some]
    assert [step.step for step in steps if step.validation is not None] == [5, 10, 13]
    # Nothing of what is trained depends on whether the loss of the others is measured.
    again = Training(CORPUS, MODEL, config, "numpy")
    again.validation = None
    assert [step.loss for some in again.losses() for step in some] == [step.loss for step in steps]
    results = Training(CORPUS, MODEL, config, "value")
    found = [(r.loss, results.validation_loss()) for r in results.results()]
    assert found == [(step.loss, step.validation) for step in steps]


@pytest.mark.parametrize(
    ("model", "num_steps", "count", "expected"),
    [
        (ModelConfig(), 1000, 3, (3, 10)),
        (ModelConfig(), 1000, 100_000, (200, 50)),
        (ModelConfig(n_embd=64, n_layer=4, block_size=64), 1000, 1000, (9, 50)),
        (ModelConfig(), 10, 3, (3, 1)),
    ],
)
def test_measuring_takes_a_small_share(
    model: ModelConfig, num_steps: int, count: int, expected: tuple[int, int]
) -> None:
    config = TrainingConfig(num_steps=num_steps)
    tokenizer = Training(CORPUS, MODEL).tokenizer
    plan = Validation.planned(("emma",) * count, model, config, tokenizer)
    assert (plan.n_measured, plan.interval) == expected
    passes = num_steps // plan.interval * plan.n_measured
    work = 5 * model.num_parameters(tokenizer.vocab_size)
    assert passes * work <= (validation.SHARE * num_steps * work + validation.FREE_WORK) * 1.01


def test_a_loss_that_is_not_finite_is_not_measured() -> None:
    training = Training(CORPUS, MODEL, CONFIG)
    assert training.validation
    for place in range(len(training.state.data)):
        training.state.data[place] = float("nan")
    assert training.validation.loss(ModelSnapshot.of(training)) is None


@pytest.mark.parametrize("count", [7, 8, 100])
def test_some_document_is_left_to_train_on(count: int) -> None:
    with pytest.raises(
        InputError, match="the corpus has 7 documents, so at most 6 can be held out"
    ):
        Training(CORPUS, MODEL, replace(CONFIG, validation=count))
    with pytest.raises(InputError, match="validation is -1"):
        replace(CONFIG, validation=-1)
    with pytest.raises(InputError, match="the corpus has 7 documents, so at most 6"):
        held_out_count(count, 7)
    with pytest.raises(InputError, match="the corpus has 1 document, so at most 0"):
        held_out_count(0.5, len(Corpus("one", ("a",)).documents))


def test_presets_name_hyperparameters_and_make_configurations() -> None:
    fields = {row.field: row for row in HYPERPARAMETERS}
    for preset in PRESETS.values():
        assert preset.fields.keys() <= fields.keys()
        ModelConfig(**{f: int(preset.value(fields[f])) for f in ("n_embd", "n_head", "n_layer")})
        steps = int(preset.value(fields["num_steps"]))
        TrainingConfig(lr=preset.value(fields["lr"]), num_steps=steps)
    article = PRESETS["article"]
    assert {article.value(row) - row.default for row in HYPERPARAMETERS} == {0}
