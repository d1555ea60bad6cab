"""`docs/formats.md` says of every format and every kind of drawing what is so."""

from __future__ import annotations

from pathlib import Path

from viz.films.formats import FILM_FORMATS
from viz.formats import EXTRA, FORMATS
from viz.kinds import ATTENTION, GRAPH, MAP, MAPS, PICTURE, VIEW

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
