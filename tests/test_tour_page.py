"""docs/tour.md: what it shows is there, and it tells of as many lessons as there are."""

from __future__ import annotations

import re
from pathlib import Path

from tui.lessons import LESSONS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "tour.md").read_text(encoding="utf-8")


def test_each_picture_is_there_and_none_is_left_over() -> None:
    shown = re.findall(r"\]\(img/tour/([^)]+)\)", PAGE)
    assert len(shown) == len(set(shown)) >= 7
    assert sorted(shown) == sorted(path.name for path in (DOCS / "img" / "tour").iterdir())
    for link in re.findall(r"\]\(([a-z]+\.md)\)", PAGE):
        assert (DOCS / link).exists()


def test_it_counts_the_lessons() -> None:
    assert f"has {len(LESSONS)} lessons" in PAGE
