"""The matrices of a step as they are shown: every number is the graph's or the training's own."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from microgpt import ModelSnapshot, Training
from microgpt.autograd.bindings import ParameterBinding
from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.train.graph_origin import GraphOrigin
from microgpt.train.unit_survey import survey_units
from tests.tui.small_run import small_training
from tui.training.shown_parameters import (
    ALL_KINDS,
    ShownParameters,
    of_step,
    with_what_ifs,
)
from tui.widgets import parameter_table
from tui.widgets.histogram import Histogram, histogram_lines
from tui.widgets.parameter_table import gauge, gauge_axis, gauge_place, sign_of
from tui.widgets.pooling import pooled


def trained(steps: int = 3) -> Training:
    training = small_training()
    for _ in training.losses(steps):
        pass
    return training


def origin_of(training: Training) -> GraphOrigin:
    """The step that comes next."""
    step = training.step + 1
    return GraphOrigin(
        ModelSnapshot.of(training), training.document_at(step), step, training.documents[:5],
        training.state.copy(), training.config,
    )  # fmt: skip


def flat(shown: ShownParameters, kind: str) -> list[float]:
    return np.concatenate([matrix.numbers[kind].ravel() for matrix in shown.matrices]).tolist()


def test_every_kind_is_what_the_training_computes() -> None:
    training = trained()
    origin = origin_of(training)
    shown = of_step(origin)
    graph = origin.model.graph(origin.document)
    for node, binding in graph.bindings.items():
        if isinstance(binding, ParameterBinding):
            matrix = shown.matrices[shown.find(binding.matrix)]
            at = binding.row, binding.col
            assert matrix.numbers["data"][at] == graph.data[node]
            assert matrix.numbers["gradient"][at] == graph.grad[node]
            assert matrix.entry(*at) == binding.name
            assert matrix.place_of(binding.name) == at
    assert flat(shown, "data") == training.state.data.tolist()
    for _ in training.losses(origin.step):
        pass
    after = training.state
    assert flat(shown, "moment m") == after.m.tolist()
    assert flat(shown, "moment v") == after.v.tolist()
    moved = np.array(after.data) - np.array(origin.state.data)
    assert flat(shown, "update") == moved.tolist()
    assert shown.kinds == ALL_KINDS
    for matrix in shown.matrices:
        sizes = [
            math.sqrt((matrix.numbers[kind] ** 2).sum() / matrix.numbers[kind].size)
            for kind in ("update", "data")
        ]
        assert matrix.ratio == pytest.approx(sizes[0] / sizes[1], rel=1e-12)


def test_of_a_text_of_ones_own_the_gradient_is_its_own_and_the_update_trainings() -> None:
    origin = origin_of(trained())
    pinned = origin.showing("noah")
    shown, usual = of_step(pinned), of_step(origin)
    assert flat(shown, "update") == flat(usual, "update")
    assert flat(shown, "gradient") == flat(of_step(replace(origin, document="noah")), "gradient")
    assert flat(shown, "gradient") != flat(usual, "gradient")
    assert shown.note == f"gradient of “noah”, update of “{origin.document}”"


def test_with_a_what_if_the_numbers_are_those_of_its_graph() -> None:
    origin = origin_of(trained())
    session = DebugSession(origin.model.graph(origin.document), origin)
    Console(session).execute("set layer0.mlp_fc1[3][2] = 0.5")
    shown = with_what_ifs(of_step(origin), session.graph)
    matrix = shown.matrices[shown.find("layer0.mlp_fc1[3][2]")]
    assert matrix.name == "layer0.mlp_fc1"
    assert matrix.numbers["data"][3, 2] == 0.5
    for node, binding in session.graph.bindings.items():
        if isinstance(binding, ParameterBinding) and binding.matrix == matrix.name:
            at = binding.row, binding.col
            assert matrix.numbers["gradient"][at] == session.graph.grad[node]
    assert shown.kinds == ("data", "gradient")
    assert matrix.ratio is None


# -- units that are off ------------------------------------------------------------------------


def test_a_unit_is_dead_if_the_relu_gives_0_wherever_it_is_looked_at() -> None:
    training = trained()
    shapes = training.model.shapes(training.tokenizer.vocab_size)
    at = dict(zip(shapes, np.cumsum([0, *(r * c for r, c in shapes.values())]), strict=False))
    first, columns = int(at["layer0.mlp_fc1"]), shapes["layer0.mlp_fc1"][1]
    for unit in (2, 7):
        begin = first + unit * columns
        training.state.data[begin : begin + columns] = array("d", [0.0] * columns)
    model = ModelSnapshot.of(training)
    documents = ("emma", "ava", "mia")
    units = survey_units(model, documents)
    assert {2, 7} <= set(units.dead(0))
    fired = np.zeros(shapes["layer0.mlp_fc1"][0], int)
    for document in documents:
        graph = model.graph(document)
        relus = graph.nodes_of("relu").reshape(-1, len(fired))
        fired += (graph.data[relus] > 0).sum(axis=0)
    assert units.fired[0].tolist() == fired.tolist()
    assert (units.n_positions, units.n_documents) == (5 + 4 + 4, 3)
    shown = replace(of_step(origin_of(training)), units=units)
    rows, columns_of = (shown.matrices[shown.find(f"layer0.mlp_fc{n}")] for n in (1, 2))
    assert shown.dead_units(rows) == (units.dead(0), False)
    assert shown.dead_units(columns_of) == (units.dead(0), True)
    assert shown.dead_units(shown.matrices[0]) == ((), False)


def test_powers_of_ten_stand_where_their_ratios_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for band, middle in (((1e-4, 1e-2), 1e-3), ((1e-5, 1e-1), 1e-2)):
        monkeypatch.setattr(parameter_table, "BAND", band)
        monkeypatch.setattr(parameter_table, "RULE_OF_THUMB", middle)
        told = [(each.start(), float(each[0])) for each in re.finditer(r"\S+", gauge_axis())]
        ratios = [parameter_table.GAUGE[0], band[0], middle, band[1], parameter_table.GAUGE[1]]
        assert told == [(gauge_place(ratio), ratio) for ratio in ratios]
        drawn = gauge(None)
        assert [drawn.index(sign) for sign in "[┼]"] == [at for at, _ in told[1:4]]


# -- fewer cells than numbers, and bins --------------------------------------------------------

MATRICES = array_shapes(min_dims=2, max_dims=2, max_side=20).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(allow_nan=True))
)


@given(MATRICES, st.integers(1, 25), st.integers(1, 25))
def test_a_pooled_cell_is_the_largest_number_of_its_block(
    numbers: np.ndarray, most_rows: int, most_columns: int
) -> None:
    found = pooled(numbers, most_rows, most_columns)
    rows, columns = found.shape
    assert rows <= most_rows
    assert columns <= most_columns
    for row in range(numbers.shape[0]):
        for column in range(numbers.shape[1]):
            cell = found.cell_of(row, column)
            place = found.place_of(*cell)
            assert found.cell_of(*place) == cell
            size, largest = abs(numbers[row, column]), abs(numbers[place])
            assert size <= largest or math.isnan(largest) or math.isinf(largest)
    if most_rows >= numbers.shape[0] and most_columns >= numbers.shape[1]:
        assert found.is_whole
        assert np.array_equal(found.of(numbers), numbers, equal_nan=True)


@given(MATRICES, st.integers(1, 40), st.booleans())
def test_every_number_is_in_one_bin_or_told_to_be_left_out(
    numbers: np.ndarray, n_bins: int, is_log: bool
) -> None:
    found = Histogram.of(numbers, n_bins, is_log=is_log)
    assert found.n_counted + found.n_zero + found.n_odd == numbers.size
    assert len(found.edges) == len(found.counts) + 1
    lines = histogram_lines(found, 40, 6)
    assert len(lines) <= 6
    assert all(len(line) <= 40 for line in lines)


def test_bars_are_as_high_as_their_counts_say() -> None:
    numbers = np.repeat(np.arange(5.0), [1, 3, 8, 16, 5])
    found = Histogram.of(numbers, 5, is_log=False)
    *bars, _ = histogram_lines(found, 5, 4)
    heights = [sum(" ▁▂▃▄▅▆▇█".index(line[column]) for line in bars) for column in range(5)]
    assert heights == [math.ceil(count * 8 * len(bars) / 16) for count in found.counts.tolist()]


def test_bins_are_those_of_numpy() -> None:
    numbers = np.random.default_rng(1).normal(size=(9, 30))
    counts, edges = np.histogram(numbers, 12)
    found = Histogram.of(numbers, 12, is_log=False)
    assert found.counts.tolist() == counts.tolist()
    assert found.edges.tolist() == edges.tolist()
    axis = histogram_lines(found, 36, 5)[-1]
    assert float(axis.split()[0]) == pytest.approx(numbers.min(), rel=1e-3)
    assert float(axis.split()[-1]) == pytest.approx(numbers.max(), rel=1e-3)


@given(st.floats(0, 10))
def test_a_ratio_stands_in_the_band_where_its_sign_says_so(ratio: float) -> None:
    drawn = gauge(ratio)
    place = drawn.index("●")
    low, high = gauge(None).index("["), gauge(None).index("]")
    sign = sign_of(ratio)
    assert sign == "·" if low < place < high else sign in "·▴▾"
    assert (place <= low) if sign == "▾" else (place >= low)
    assert (place >= high) if sign == "▴" else (place <= high)
