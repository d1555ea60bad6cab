"""Two Maps and their difference: its numbers against sums over pairs, and the page they are on."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from microgpt import Corpus, ModelConfig, ModelSnapshot
from microgpt.difference.graph_difference import GraphDifference
from microgpt.train.training_start import TrainingStart
from viz.maps.difference import CHANGE, ComparedMaps

CORPUS = Corpus("small", ("emma", "ava", "mia"))


def compared(n_layer: int, seed: int) -> tuple[GraphDifference, ComparedMaps]:
    models = (1, 42), (n_layer, seed)
    graphs = [
        ModelSnapshot.of(
            TrainingStart.drawn(
                CORPUS, ModelConfig(n_embd=4, n_head=2, n_layer=layers, block_size=6), drawn
            )
        ).graph("emma")
        for layers, drawn in models
    ]
    difference = GraphDifference.of(*graphs)
    return difference, ComparedMaps.of(difference)


@pytest.mark.parametrize(("n_layer", "seed"), [(1, 7), (2, 42)])
def test_the_change_is_over_the_pairs(n_layer: int, seed: int) -> None:
    difference, maps = compared(n_layer, seed)
    step_map, of_b = maps.b.map, difference.alignment.of_b
    outputs, cells = step_map.outputs, step_map.grid.cell_of
    for cell in range(step_map.n_cells):
        inside = [node for node in outputs.tolist() if cells[node] == cell]
        mine = [float(difference.b.grad[node]) for node in inside]
        other = [float(difference.a.grad[of_b[node]]) for node in inside if of_b[node] >= 0]
        change = np.sqrt(sum(x * x for x in mine)) - np.sqrt(sum(x * x for x in other))
        assert maps.change.numbers[cell] == pytest.approx(change, rel=1e-9, abs=1e-15)
    assert maps.are_alike == (n_layer == 1)


@pytest.mark.parametrize(("n_layer", "n_pictures"), [(1, 2), (2, 3)])
def test_the_page(n_layer: int, n_pictures: int) -> None:
    _, maps = compared(n_layer, 7)
    text = maps.svg(("A: one", "B: other"), "one & other")
    page = ET.fromstring(text)
    svg = "{http://www.w3.org/2000/svg}"
    assert page.findtext(f"{svg}title") == "one & other"
    below = page.findall(f"{svg}g[@transform]")
    assert len(below) == n_pictures - 1
    papers = [page.find(f"{svg}rect"), *(part.find(f"{svg}rect") for part in below)]
    heights = [float(paper.attrib["height"]) for paper in papers if paper is not None]
    assert sum(heights) == float(page.attrib["height"])
    assert below[-1].attrib["transform"] == f"translate(0 {sum(heights[:-1]):g})"
    words = [element.text for element in page.iter(f"{svg}text")]
    assert {"A: one", "B: other", CHANGE} <= set(words)
    assert maps.svg(("A: one", "B: other"), "one & other") == text
