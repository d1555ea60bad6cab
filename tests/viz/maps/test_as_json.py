"""The Map as JSON: its schema, and every number read back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from microgpt import InputError
from tests.viz.computations import square_graph
from viz.maps.as_json import map_json, maps_json
from viz.maps.lenses import LENSES, Question, look
from viz.maps.step_map import StepMap


def test_every_number_comes_back(emma_map: StepMap) -> None:
    read = json.loads(map_json(look(emma_map)))
    assert list(read) == [
        "version", "step", "lens", "columns", "rows", "cells", "weights", "ribbons", "river",
    ]  # fmt: skip
    assert (read["version"], read["step"], read["lens"]) == (1, 0, "grad")
    assert [c["token"] for c in read["columns"]] == ["BOS", "e", "m", "m", "a"]
    graph = emma_map.graph
    for column, caption in zip(read["columns"], emma_map.captions, strict=True):
        assert column["loss"] == graph.data[caption.loss]
    assert [c["grad_norm"] for c in read["cells"]] == emma_map.grad_norm.tolist()
    assert [c["data_norm"] for c in read["cells"]] == emma_map.data_norm.tolist()
    assert [c["value"] for c in read["cells"]] == emma_map.grad_norm.tolist()
    nodes = [n for c in read["cells"] for start, stop in c["nodes"] for n in range(start, stop)]
    assert sorted(nodes) == list(range(len(graph)))
    for cell in read["cells"]:
        assert set(cell) == {
            "row", "column", "scope", "nodes", "value", "grad_norm", "data_norm", "first_event",
            "last_event", "first_write",
        }  # fmt: skip
    assert len(read["weights"]) == 20
    assert all(len(head["weights"]) == head["column"] + 1 for head in read["weights"])
    assert [r["grad_norm"] for r in read["ribbons"]] == [r.grad_norm for r in emma_map.ribbons]
    assert set(read["ribbons"][0]) == {"layer", "head", "from", "to", "grad_norm", "data_norm"}
    assert set(read["river"][0]) == {"column", "from_row", "to_row", "grad_norm", "data_norm"}


def test_several_maps_are_a_list_of_what_each_is_alone(emma_map: StepMap) -> None:
    looks = [look(emma_map), look(replace(emma_map, step=7), "value")]
    read = json.loads(maps_json(looks))
    assert list(read) == ["version", "maps"]
    assert read["version"] == 1
    assert read["maps"] == [json.loads(map_json(each)) for each in looks]


def test_without_a_pass_there_are_no_events() -> None:
    graph = square_graph()
    bare = replace(graph, backpropagated=False, grad=np.zeros(len(graph)))
    read = json.loads(map_json(look(StepMap.of(bare), "value")))
    assert {c["first_event"] for c in read["cells"]} == {None}
    assert {c["last_event"] for c in read["cells"]} == {None}
    assert {c["first_write"] for c in read["cells"]} == {None}


def test_numbers_that_are_not_finite_are_words() -> None:
    graph = square_graph()
    strange = replace(graph, data=np.array([np.nan, np.inf, -np.inf][: len(graph)]))
    text = map_json(look(StepMap.of(strange), "value"))
    assert '"nan"' in text or '"inf"' in text
    json.loads(text, parse_constant=pytest.fail)


def test_a_lens_that_is_none_is_refused(emma_map: StepMap) -> None:
    with pytest.raises(InputError, match="there are grad, value, update, why, change"):
        look(emma_map, "nope")
    for name in ("update", "why", "change"):
        with pytest.raises(InputError, match=name):
            look(emma_map, name)
    assert set(LENSES) == {"grad", "value", "update", "why", "change"}


def test_why_divides_a_gradient_along_every_cut(emma_map: StepMap) -> None:
    """What passes the cells of one row and of the rows around it adds up to the gradient."""
    graph = emma_map.graph
    node = graph.find("layer0.attn_wv[3][7]")
    seen = look(emma_map, "why", Question(node=node))
    names = [row.name for row in emma_map.rows]
    heads = [i for i, name in enumerate(names) if name.startswith("attn/head")]
    through = seen.numbers[np.isin(emma_map.grid.row_of, heads)].sum()
    assert through == pytest.approx(float(graph.grad[node]), rel=1e-9)


def test_change_against_itself_is_nothing(emma_map: StepMap) -> None:
    seen = look(emma_map, "change", Question(other=emma_map.graph))
    assert not seen.numbers.any()
