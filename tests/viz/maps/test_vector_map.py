"""The Map of a step from its vectors is the Map of its scalars."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from microgpt import Corpus, InputError, ModelConfig, Training, TrainingConfig
from microgpt.train.model_snapshot import ModelSnapshot
from tests.tui.cli.command import assert_error
from tests.tui.cli.in_process import run_here
from viz.maps.captions import document_captions
from viz.maps.folding import fitted, with_open_layer
from viz.maps.lenses import Question, look
from viz.maps.step_map import StepMap
from viz.maps.svg import map_svg
from viz.maps.text import TextMap
from viz.maps.vector_map import graph_by, vector_map

CORPUS = Corpus("small", ("emma", "ava", "mia", "olivia", "noah"))
DOCUMENT = "olivia"
LARGE = ("--n-embd", "64", "--n-layer", "4", "--block-size", "64", "--data", "verse")
LINE = "and the sea is calm tonight the tide is full and fair and so i"


def trained(config: ModelConfig, steps: int = 9) -> ModelSnapshot:
    training = Training(CORPUS, config, TrainingConfig(20, lr=0.05))
    for _ in training.losses(steps):
        pass
    return ModelSnapshot.of(training)


def of_scalars(model: ModelSnapshot, document: str = DOCUMENT) -> StepMap:
    graph = model.graph(document)
    labels = [model.tokenizer.label(token) for token in model.tokenizer.encode(document)]
    return StepMap.of(graph, document_captions(graph, labels), 3)


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(n_embd=8, n_head=2, n_layer=2, block_size=8),
        ModelConfig(n_embd=6, n_head=3, n_layer=1, block_size=8),
        ModelConfig(n_embd=4, n_head=1, n_layer=3, block_size=7),
    ],
    ids=lambda config: f"{config.n_layer} layers",
)
def test_it_is_the_map_of_the_scalars(config: ModelConfig) -> None:
    model = trained(config)
    scalars, vectors = of_scalars(model), vector_map(model, DOCUMENT, 3)
    for field in ("rows", "labels", "scopes", "parameters", "heads", "node_ranges"):
        assert getattr(vectors.grid, field) == getattr(scalars.grid, field), field
    assert np.array_equal(vectors.grid.row_of, scalars.grid.row_of)
    assert np.array_equal(vectors.grid.column_of, scalars.grid.column_of)
    assert np.array_equal(vectors.grad_norm, scalars.grad_norm)
    assert np.array_equal(vectors.data_norm, scalars.data_norm)
    assert (vectors.n_nodes, len(vectors.graph) < len(scalars.graph)) == (len(scalars.graph), True)

    assert [(w.row, w.head, w.column, w.sources, w.weights) for w in vectors.weights] == [
        (w.row, w.head, w.column, w.sources, w.weights) for w in scalars.weights
    ]
    for flows in ("ribbons", "river"):
        mine, theirs = getattr(vectors, flows), getattr(scalars, flows)
        assert len(mine) == len(theirs) > 10
        for one, other in zip(mine, theirs, strict=True):
            sizes = (other.grad_norm, other.data_norm)
            assert (one.grad_norm, one.data_norm) == pytest.approx(sizes, rel=1e-12, abs=1e-15)
            assert type(one)(**{**_fields(one), **_sizes(other)}) == other


def _fields(flow: object) -> dict[str, object]:
    return {name: getattr(flow, name) for name in flow.__slots__}  # type: ignore[attr-defined]


def _sizes(flow: object) -> dict[str, object]:
    return {name: getattr(flow, name) for name in ("grad_norm", "data_norm")}


@pytest.mark.parametrize("lens", ["grad", "value", "update", "change"])
def test_through_every_lens_that_needs_no_scalars(lens: str) -> None:
    config = ModelConfig(n_embd=8, n_head=2, n_layer=2, block_size=8)
    model, other = trained(config), trained(config, 12)
    scalars, vectors = of_scalars(model), vector_map(model, DOCUMENT, 3)
    questions = (
        Question(updated=other.graph(DOCUMENT), other=other.graph(DOCUMENT)),
        Question(updated=graph_by(other, DOCUMENT), other=graph_by(other, DOCUMENT)),
    )
    numbers = [
        look(each, lens, question).numbers
        for each, question in zip((scalars, vectors), questions, strict=True)
    ]
    assert np.array_equal(numbers[0], numbers[1])


@pytest.mark.parametrize(
    "fold", [lambda m: m, lambda m: with_open_layer(m, 1), lambda m: fitted(m, 9)]
)
def test_it_is_drawn_alike_folded_or_not(fold: object) -> None:
    model = trained(ModelConfig(n_embd=4, n_head=2, n_layer=3, block_size=8))
    drawn = [
        look(fold(each))  # type: ignore[operator]
        for each in (of_scalars(model), vector_map(model, DOCUMENT, 3))
    ]
    lines = [
        ["".join(span.text for span in line) for line in TextMap(each, 120).lines()]
        for each in drawn
    ]
    assert lines[0] == lines[1]
    assert drawn[0].map.grid.node_ranges == drawn[1].map.grid.node_ranges
    pictures = [
        re.sub(r"\d+\.\d+(e-\d+)?", lambda found: f"{float(found[0]):.9g}", map_svg(each))
        for each in drawn
    ]
    assert pictures[0] == pictures[1]


def test_it_walks_no_pass() -> None:
    made = vector_map(trained(ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=8)), DOCUMENT)
    assert not made.graph.backpropagated
    assert set(made.last_event.tolist()) == {-1}


def test_numbers_that_are_not_finite() -> None:
    model = trained(ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=8))
    data = model.data[:]
    data[-1] = float("inf")
    with pytest.raises(InputError, match="a number of the step on 'olivia' is not finite"):
        vector_map(ModelSnapshot(model.config, model.tokenizer, data), DOCUMENT)


# -- steps of 28 million nodes ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_step_of_28_million_nodes_opens(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    result = run_here("map", LINE, *LARGE, "-o", path)
    assert result.returncode == 0, result.stderr
    assert "63 columns" in result.stdout
    assert "cells of 27,992,141 nodes" in result.stdout
    drawn = json.loads(path.read_text(encoding="utf-8"))
    counted = sum(stop - start for cell in drawn["cells"] for start, stop in cell["nodes"])
    assert counted == 27_992_141
    scope = "pos40/layer2/attn/head3"
    cell = next(cell for cell in drawn["cells"] if cell["scope"] == scope)
    asked = ("-c", "goto end", "-c", f"print {scope}/mix[0]", "--json")
    told = run_here("debug", LINE, *LARGE, "--region", scope, *asked)
    assert told.returncode == 0, told.stderr
    node = json.loads(told.stdout.splitlines()[-1])["node"]
    ((start, stop),) = cell["nodes"]
    assert start <= node["id"] < stop
    assert node["grad_final"] ** 2 < cell["grad_norm"] ** 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("map", LINE, *LARGE, "--lens", "why", "--node", "wte[0][0]"),
        ("map", LINE, *LARGE, "-o", "a.html"),
        ("debug", LINE, *LARGE, "-c", "where"),
        ("graph", LINE, *LARGE, "-o", "a.svg"),
        ("diagnose", LINE, *LARGE),
    ],
    ids=lambda words: words[0],
)
def test_what_needs_all_of_it_says_what_it_would_cost(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_error(
        run_here(*words), "27,992,141 nodes in about 11.8 GB of memory and 50 s", "--region"
    )
    assert list(tmp_path.iterdir()) == []
