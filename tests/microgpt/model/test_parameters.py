"""The model's parameters: sizes, names, order of draws."""

from __future__ import annotations

import random

import pytest

from microgpt import InputError, ModelConfig, Tokenizer
from microgpt.autograd.bindings import ParameterBinding
from microgpt.model.parameters import Parameters

TOKENIZER = Tokenizer.of(["ab"])
SMALL = ModelConfig(n_embd=2, n_head=1, n_layer=2, block_size=4)


def test_shapes_and_their_order() -> None:
    assert list(SMALL.shapes(3).items()) == [
        ("wte", (3, 2)), ("wpe", (4, 2)), ("lm_head", (3, 2)),
        ("layer0.attn_wq", (2, 2)), ("layer0.attn_wk", (2, 2)),
        ("layer0.attn_wv", (2, 2)), ("layer0.attn_wo", (2, 2)),
        ("layer0.mlp_fc1", (8, 2)), ("layer0.mlp_fc2", (2, 8)),
        ("layer1.attn_wq", (2, 2)), ("layer1.attn_wk", (2, 2)),
        ("layer1.attn_wv", (2, 2)), ("layer1.attn_wo", (2, 2)),
        ("layer1.mlp_fc1", (8, 2)), ("layer1.mlp_fc2", (2, 8)),
    ]  # fmt: skip


def test_the_default_model_has_4192_parameters() -> None:
    shapes = ModelConfig().shapes(27)
    assert sum(rows * cols for rows, cols in shapes.values()) == 4192


def test_draws_are_in_order_row_by_row() -> None:
    parameters = Parameters.random(SMALL, TOKENIZER, random.Random(5))
    rng = random.Random(5)
    draws = [rng.gauss(0, 0.08) for _ in range(len(parameters))]
    assert [leaf.data for leaf in parameters.flat] == draws
    assert [leaf.data for leaf in parameters["wte"][1]] == draws[2:4]
    assert parameters["wpe"][0][0].data == draws[6]


def test_no_draw_is_wasted() -> None:
    rng, other = random.Random(5), random.Random(5)
    parameters = Parameters.random(SMALL, TOKENIZER, rng)
    for _ in range(len(parameters)):
        other.gauss(0, 0.08)
    assert rng.getstate() == other.getstate()


def test_flat_is_the_matrices_in_order_and_each_leaf_knows_its_place() -> None:
    parameters = Parameters.random(SMALL, TOKENIZER, random.Random(0))
    places = [
        (name, row, col)
        for name, (rows, cols) in SMALL.shapes(3).items()
        for row in range(rows)
        for col in range(cols)
    ]
    assert len(parameters) == len(places)
    for leaf, (name, row, col) in zip(parameters.flat, places, strict=True):
        assert leaf is parameters[name][row][col]
        token = ("a", "b", "BOS")[row] if name == "wte" else ""
        assert leaf._detail == ParameterBinding(name, row, col, token)
        assert (leaf._op, leaf.name) == ("param", f"{name}[{row}][{col}]")


def test_data_is_a_copy_that_makes_the_same_parameters() -> None:
    parameters = Parameters.random(SMALL, TOKENIZER, random.Random(0))
    data = parameters.data()
    first = parameters.flat[0].data
    parameters.flat[0].data = 99.0
    assert data[0] == first
    again = Parameters(SMALL, TOKENIZER, data)
    assert again.data() == data
    assert again.flat[0] is not parameters.flat[0]


@pytest.mark.parametrize("name", ["n_embd", "n_head", "n_layer", "block_size"])
@pytest.mark.parametrize("size", [0, -3])
def test_sizes_below_1_are_refused(name: str, size: int) -> None:
    with pytest.raises(InputError, match=f"^{name} is {size}; it must be at least 1$"):
        ModelConfig(**{name: size})


def test_n_head_must_divide_n_embd() -> None:
    with pytest.raises(InputError) as caught:
        ModelConfig(n_embd=12, n_head=5)
    assert str(caught.value) == (
        "n_embd 12 is not divisible by n_head 5; n_head can be 1, 2, 3, 4, 6, 12"
    )


@pytest.mark.parametrize(("n_embd", "n_head", "head_dim"), [(16, 4, 4), (6, 2, 3), (3, 3, 1)])
def test_head_dim(n_embd: int, n_head: int, head_dim: int) -> None:
    assert ModelConfig(n_embd=n_embd, n_head=n_head).head_dim == head_dim
