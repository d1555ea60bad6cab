"""The attention picture: golden text, widths by weight, and labels as they are."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Training, load_corpus
from tests.viz.golden import assert_golden
from viz.attention_panels import AttentionPattern, attention_dot, line_style
from viz.render import render

PATTERN = AttentionPattern(("BOS", "a"), [[[[1.0], [0.25, 0.75]], [[1.0], [0.5, 0.5]]]])


def test_a_small_pattern() -> None:
    assert_golden("attention.dot", attention_dot(PATTERN, 'document "a"').source)


def test_a_panel_for_each_layer_and_head_side_by_side() -> None:
    pattern = AttentionPattern(("BOS", "a"), [[[[1.0], [0.5, 0.5]]] * 3] * 2)
    source = attention_dot(pattern).source
    assert re.findall(r'label="(layer \d · head \d)"', source) == [
        f"layer {layer} · head {head}" for layer in range(2) for head in range(3)]  # fmt: skip
    places = re.findall(r'l(\d)h(\d)s0 \[.* pos="([\d.-]+),([\d.-]+)!"', source)
    assert len({(x, y) for *_, x, y in places}) == 6
    by_layer = [{float(y) for layer, _, _, y in places if layer == str(n)} for n in (0, 1)]
    assert min(by_layer[0]) > max(by_layer[1])  # layers go down


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_weight_is_a_wider_and_more_opaque_line(a: float, b: float) -> None:
    thin, wide = (line_style(weight) for weight in sorted((a, b)))
    assert float(thin["penwidth"]) <= float(wide["penwidth"])
    assert int(thin["color"][-2:], 16) <= int(wide["color"][-2:], 16)
    if abs(a - b) > 0.01:
        assert thin != wide


@pytest.mark.parametrize("weight", [float("nan"), -1.0, 2.0, float("inf")])
def test_a_weight_that_is_none_is_still_a_line(weight: float) -> None:
    style = line_style(weight)
    assert 0 < float(style["penwidth"]) <= 8
    assert re.fullmatch(r"#[0-9a-f]{8}", style["color"])


def test_of_a_training_step() -> None:
    run = Training(load_corpus("names"))
    result = next(run.results())
    labels = [run.tokenizer.label(token_id) for token_id in result.tokens]
    pattern = AttentionPattern.of(result, labels)
    assert pattern.tokens == tuple(labels[:-1])  # the last is only a target
    svg = render(attention_dot(pattern))
    last = len(labels) - 2
    weight = result.attention[0][2][last][1]
    tip = f"{labels[last]} (position {last}) reads {labels[1]} (position 1): {weight!r}"
    titles = [each.text for each in ET.fromstring(svg).iter() if each.tag.endswith("}title")]
    assert tip in titles


@pytest.mark.parametrize(
    "token", ["<", ">", "&", '"', "\\", "|", "{", "é", "愛", "<b>", "\x1b", "␣"]
)
def test_any_character_may_be_a_token(token: str) -> None:
    pattern = AttentionPattern(("BOS", token), PATTERN.weights)
    svg = ET.fromstring(render(attention_dot(pattern, f"of {token}"), "svg"))
    texts = ["".join(element.itertext()) for element in svg.iter() if element.tag.endswith("}text")]
    shown = "\\x1b" if token == "\x1b" else token
    assert texts.count(shown) == 4  # two heads, two sides
    assert f"of {shown}" in texts
