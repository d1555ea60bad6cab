"""What heads do, on attention made by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt.model.head_behaviours import (
    BEHAVIOURS,
    FIRST_COUNTED,
    HeadReport,
    WeightRows,
    survey,
)

NAMES = [["BOS", *name] for name in ("anna", "emma", "olivia", "ava", "hannah", "bob")]


def reading(tokens: list[str], read: dict[str, str], share: float = 1.0) -> list[list[float]]:
    """Attention that gives `share` to what a behaviour reads, where it can, the rest to all."""
    behaviour = next(it for it in BEHAVIOURS if it.name == read["name"])
    rows = []
    for position in range(len(tokens)):
        row = [(1 - share) / (position + 1)] * (position + 1)
        sources = behaviour.sources(tokens, position) if position >= FIRST_COUNTED else []
        if not sources:
            row, sources = [1 / (position + 1)] * (position + 1), []
        for source in sources:
            row[source] += share / len(sources)
        rows.append(row)
    return rows


def report(weights: list[WeightRows], documents: list[list[str]] = NAMES) -> HeadReport:
    found = survey(documents, [[[one]] for one in weights])
    assert found.n_documents == len(documents)
    return found.heads[0][0]


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda it: it.name)
def test_a_head_is_called_by_what_it_does(behaviour: object) -> None:
    name = behaviour.name  # type: ignore[attr-defined]
    for share in (1.0, 0.6):
        found = report([reading(tokens, {"name": name}, share) for tokens in NAMES])
        assert found.label == name
        assert found.score == pytest.approx(share)
        assert found.score_of(name) == found.score


def test_scores_by_hand() -> None:
    """Of b o b: position 2 reads 0.1 of BOS, 0.6 of b, 0.3 of o; position 3 all alike."""
    rows = [[1.0], [0.5, 0.5], [0.1, 0.6, 0.3], [0.25] * 4]
    found = report([rows], [["BOS", *"bob"]])
    by_name = {it.name: it for it in found.behaviours}
    previous = by_name["previous token"]
    assert previous.n_positions == 2
    assert previous.weight == pytest.approx((0.6 + 0.25) / 2)
    assert previous.uniform == pytest.approx((1 / 3 + 1 / 4) / 2)
    expected = (previous.weight - previous.uniform) / (1 - previous.uniform)
    assert previous.score == pytest.approx(expected)
    same = by_name["same letter"]  # the second b reads the first
    assert (same.n_positions, same.weight, same.uniform) == (1, 0.25, 0.25)
    assert same.score == 0
    assert by_name["vowels"].weight == pytest.approx((0.3 + 0.25) / 2)
    assert by_name["consonants"].weight == pytest.approx((0.6 + 0.5) / 2)
    entropy = -sum(w * math.log2(w) for w in (0.1, 0.6, 0.3))
    assert found.entropy == pytest.approx((entropy + 2) / 2)
    assert found.entropy_share == pytest.approx((entropy / math.log2(3) + 1) / 2)
    assert found.distance == pytest.approx(((2 * 0.1 + 0.6) + (3 + 2 + 1) / 4) / 2)


def test_a_head_that_reads_all_alike_is_broad() -> None:
    rows = [[[1 / (p + 1)] * (p + 1) for p in range(len(tokens))] for tokens in NAMES]
    found = report(rows)
    assert found.label == "broad"
    assert found.score == pytest.approx(1)
    for it in found.behaviours:
        assert it.score == pytest.approx(0)


def test_a_head_that_does_nothing_known_is_mixed() -> None:
    """Now the previous token, now the first, now itself."""
    rows = []
    for tokens in NAMES:
        rows.append([])
        for position in range(len(tokens)):
            row = [0.0] * (position + 1)
            row[(position - 1, 0, position)[position % 3] if position else 0] = 1.0
            rows[-1].append(row)
    found = report(rows)
    assert found.label == "mixed"
    assert found.score == max(it.score for it in found.behaviours)


def test_without_positions_there_is_no_data() -> None:
    found = report([[[1.0], [0.5, 0.5]]], [["BOS", "a"]])
    assert found.label == "no data"
    assert math.isnan(found.score)
    assert all(it.n_positions == 0 for it in found.behaviours)


def test_no_documents_no_heads() -> None:
    assert survey([], []).heads == ()


def test_heads_keep_their_places() -> None:
    attention = [
        [
            [reading(tokens, {"name": name}) for name in ("first token", "itself")],
            [reading(tokens, {"name": name}) for name in ("previous token", "vowels")],
        ]
        for tokens in NAMES
    ]
    found = survey(NAMES, attention)
    assert [[it.label for it in layer] for layer in found.heads] == [
        ["first token", "itself"],
        ["previous token", "vowels"],
    ]
    assert [(it.layer, it.head) for layer in found.heads for it in layer] == [
        (0, 0), (0, 1), (1, 0), (1, 1),
    ]  # fmt: skip


@given(st.lists(st.text("abe", min_size=2, max_size=6), min_size=1, max_size=4), st.randoms())
def test_scores_have_bounds(names: list[str], rng: object) -> None:
    """Never above 1; the weight of all behaviours is a share."""
    documents = [["BOS", *name] for name in names]
    weights = []
    for tokens in documents:
        rows = []
        for position in range(len(tokens)):
            parts = [rng.random() + 1e-9 for _ in range(position + 1)]  # type: ignore[attr-defined]
            rows.append([part / sum(parts) for part in parts])
        weights.append(rows)
    found = report(weights, documents)
    for it in found.behaviours:
        if it.n_positions:
            assert 0 <= it.weight <= 1 + 1e-9
            assert it.score <= 1 + 1e-9
    assert 0 <= found.entropy_share <= 1 + 1e-9
