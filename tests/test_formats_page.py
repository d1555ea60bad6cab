"""`docs/formats.md` says of every format and every kind of drawing what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from microgpt import ModelConfig, ModelSnapshot, Training, load_corpus
from viz.films.formats import FILM_FORMATS
from viz.formats import EXTRA, FORMATS
from viz.kinds import ATTENTION, GRAPH, MAP, MAPS, PICTURE, VIEW
from viz.views.export import view_json
from viz.views.subject import ViewSubject
from viz.views.table import VIEWS, Choices, DrawnView

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
COLUMNS = (GRAPH, MAP, MAPS, ATTENTION, VIEW, PICTURE)


def test_the_table_is_the_tables() -> None:
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `.")]
    shown = {cells[0].strip().strip("`"): [cell.strip() for cell in cells[2:]] for cells in rows}
    assert shown == {
        row.suffix: ["yes" if row.holds(kind) else "no" for kind in COLUMNS] for row in FORMATS
    }


def test_films_and_what_has_to_be_installed() -> None:
    for row in FILM_FORMATS:
        assert f"(`{row.suffix}`)" in PAGE
    assert f"microgpt-tui[{EXTRA}]" in PAGE


@pytest.fixture(scope="module")
def subjects() -> list[ViewSubject]:
    training = Training(load_corpus("names"), ModelConfig(n_embd=4, n_head=2, block_size=6))
    found = []
    for step in range(3):
        state = training.state.copy()
        model = ModelSnapshot.of(training)
        found.append(ViewSubject("mia", model, state, training.config, step, f"step {step}"))
        for _ in training.losses(step + 1):
            pass
    return found


def keys_in(found: Any) -> set[str]:
    """The names of all fields, at any depth."""
    if isinstance(found, list):
        return set().union(*map(keys_in, found))
    if isinstance(found, dict):
        return set(found).union(*map(keys_in, found.values()))
    return set()


@pytest.mark.parametrize("name", VIEWS)
def test_the_fields_of_each_view_are_told(name: str, subjects: list[ViewSubject]) -> None:
    row = re.search(rf"\| `{name}` \| (.*) \|", PAGE.partition("| view | fields")[2])
    assert row is not None
    choices = Choices(node="layer0.attn_wq[0][0]") if "node" in VIEWS[name].takes else None
    read = json.loads(view_json(DrawnView.of(name, subjects, choices)))
    assert (read.pop("version"), read.pop("view")) == (1, name)
    assert set(re.findall(r"`(\w+)`", row[1])) >= keys_in(read)
    told = re.findall(r"`(\w+)`", re.sub(r": .*?(?=; `|$)|\(.*?\)", "", row[1]))
    assert set(told) == set(read)
