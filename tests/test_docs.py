"""What the README says is true: its keys, its pictures, its tree. Its code: `tests/docs`."""

import re
import runpy
from pathlib import Path

from tui.app import MicrogptApp
from tui.debugger.graph_app import GraphApp
from tui.debugger.recording_app import RecordingApp
from tui.debugger.script_app import ScriptApp
from tui.difference.difference_app import DifferenceApp

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_keys_are_those_of_the_apps() -> None:
    """If not: `make docs-keys` writes them again."""
    make = runpy.run_path(str(ROOT / "docs" / "make_keys.py"))
    page = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    assert make["page"]() == page
    for section in make["SECTIONS"]:
        rows = page.partition(f"## {section.title}\n")[2].partition("\n## ")[0]
        for key in section.keys:
            assert f"| `{key.written}` | {key.tooltip} |" in rows
    assert make["with_short_table"](README) == README
    short = README.partition("<!-- keys: begin -->\n")[2].partition("\n<!-- keys: end -->")[0]
    assert short == make["short_table"]()
    assert len(short.splitlines()) == 2 + 10


def test_every_app_has_its_keys_on_their_page() -> None:
    listed = set(runpy.run_path(str(ROOT / "docs" / "make_keys.py"))["SECTIONS"])
    for app in (MicrogptApp, GraphApp, ScriptApp, RecordingApp, DifferenceApp):
        for section in app.KEY_SECTIONS:
            missing = set(section.keys) - {key for other in listed for key in other.keys}
            assert not missing, (app, section.title)


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 6
    for picture in pictures:
        assert (ROOT / picture).read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_every_file_it_names_is_there() -> None:
    for package in ("microgpt", "viz", "tui"):
        tree = README.partition(f"\n{package}/")[2].partition("\n```")[0]
        tree = re.split(r"\n(?=[a-z])", tree)[0]
        names = re.findall(r"(?:^|\s{2,})([a-z_]+\.py|[a-z]+/)\s", tree)
        assert names
        for name in names:
            assert (ROOT / package / name).exists(), name


def test_the_tables_of_the_performance_page_can_be_written_again() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    tables = dict(
        re.findall(r"<!-- ([a-z0-9, ]+): begin -->\n(\|.*?\|)\n<!-- \1: end -->", page, re.DOTALL)
    )
    marked = set(re.findall(r"<!-- ([a-z0-9, ]+): begin -->", page))
    assert len(tables) >= 15
    assert set(tables) <= marked
    for path in (ROOT / "tests" / "benchmarks").glob("test_*.py"):
        for name in re.findall(
            r'\breport\(\s*benchmark, "([^"]+)"', path.read_text(encoding="utf-8")
        ):
            assert name in marked, path
    with_tables = runpy.run_path(str(ROOT / "docs" / "make_performance.py"))["with_tables"]
    assert with_tables(page, tables) == page
    assert "| new |" in with_tables(page, {"sizes": "| new |"})


def test_where_to_add_something_is_there() -> None:
    assert "(CONTRIBUTING.md)" in README
    rows = re.findall(r"^\| (?:a|an) .*\|$", CONTRIBUTING, re.MULTILINE)
    assert len(rows) >= 12
    for row in rows:
        assert re.search(r"`tests/[\w/]*test_\w+\.py` \|$", row), row
        for table, path in re.findall(r"`([A-Z]+)` in `([\w/]+\.py)`", row):
            text = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^{table}\b.* = [({{]", text, re.MULTILINE), (table, path)
    for path in re.findall(r"`((?:microgpt|viz|tui|tests|examples)/[\w/.]*)`", CONTRIBUTING):
        assert (ROOT / path).exists(), path
