"""Text in a number of cells: never wider, and what differs goes on looking different."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.cell_text import elided, set_left, set_right, told_apart

TEXTS = st.text("ab漢 …~1", max_size=30)


@given(TEXTS, st.integers(0, 30))
def test_no_text_is_wider_than_its_room(text: str, width: int) -> None:
    assert cell_len(elided(text, width)) <= width
    assert cell_len(set_left(text, width)) == width
    assert cell_len(set_right(text, width)) == width


@given(TEXTS, st.integers(0, 30))
def test_a_text_that_fits_stays(text: str, width: int) -> None:
    assert (elided(text, width) == text) or cell_len(text) > width


@given(st.lists(TEXTS, max_size=30), st.integers(0, 30))
def test_different_texts_look_different(texts: list[str], width: int) -> None:
    cut = told_apart(texts, width)
    assert len(cut) == len(texts)
    for text, shown in zip(texts, cut, strict=True):
        assert all((text == t) is (shown == s) for t, s in zip(texts, cut, strict=True))
        assert cell_len(shown) <= max(width, len("~30"))
