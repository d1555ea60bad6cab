"""Coordinates from Graphviz, in the caller's units and the caller's order."""

from __future__ import annotations

import pytest

from viz.placement import Units, place

CELLS = Units(0.1, 0.2)
SIZES = [(20, 4), (14, 4), (16, 6), (10, 4)]
EDGES = [(0, 1), (1, 2), (0, 1), (0, 3), (0, 2)]


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_heads_lie_beyond_tails_and_boxes_do_not_overlap(rankdir: str) -> None:
    placed = place(SIZES, EDGES, CELLS, rankdir=rankdir, gap_beside=1, gap_between=5)
    axis = 0 if rankdir == "LR" else 1
    for tail, head in EDGES:
        gap = placed.centers[head][axis] - placed.centers[tail][axis]
        assert gap >= 5 + (SIZES[tail][axis] + SIZES[head][axis]) / 2 - 0.5
    for a in range(4):
        for b in range(a):
            apart = [
                abs(placed.centers[a][d] - placed.centers[b][d]) - (SIZES[a][d] + SIZES[b][d]) / 2
                for d in (0, 1)
            ]
            assert max(apart) > 0
    for (x, y), (width, height) in zip(placed.centers, SIZES, strict=True):
        assert width / 2 - 0.1 <= x <= placed.width - width / 2 + 0.1
        assert height / 2 - 0.1 <= y <= placed.height - height / 2 + 0.1


def test_curves_run_from_tail_to_head_in_the_order_given() -> None:
    placed = place(SIZES, EDGES, CELLS, rankdir="LR", gap_beside=1, gap_between=5)
    assert len(placed.curves) == len(EDGES)
    assert placed.curves[0] != placed.curves[2]  # parallel edges are apart
    for (tail, head), curve in zip(EDGES, placed.curves, strict=True):
        assert len(curve) % 3 == 1
        for (x, y), box in ((curve[0], tail), (curve[-1], head)):
            center, size = placed.centers[box], SIZES[box]
            assert abs(x - center[0]) <= size[0] / 2 + 0.5
            assert abs(y - center[1]) <= size[1] / 2 + 0.5


def test_a_box_alone() -> None:
    placed = place([(10, 4)], [], CELLS, rankdir="LR", gap_beside=1, gap_between=5)
    assert placed.centers == ((5.0, 2.0),)
    assert placed.curves == ()
