"""`docs/gallery.md` shows each view once, and is what its program writes."""

from __future__ import annotations

import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

from tui.cli.main import command_parser
from viz.views.table import VIEWS

DOCS = Path(__file__).parents[1] / "docs"
MADE = runpy.run_path(str(DOCS / "make_gallery.py"))
PICTURES = MADE["PICTURES"]


def test_the_page_is_the_programs() -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == MADE["page"]()


def test_each_view_is_shown_once() -> None:
    words = [picture.command.split() for picture in PICTURES]
    assert sorted(each[2] for each in words if each[1] == "view") == sorted(VIEWS)
    assert {each[1] for each in words} == {"map", "graph", "attention", "view"}
    names = [picture.name for picture in PICTURES]
    assert len(set(names)) == len(names)


def test_each_picture_is_there_with_two_sentences() -> None:
    folder = DOCS / "img" / "gallery"
    assert {path.name for path in folder.iterdir()} == {picture.file for picture in PICTURES}
    for picture in PICTURES:
        assert len(re.findall(r"\.(?= |$)", picture.how)) == 2, picture.name
        command_parser(picture.command.split()[1])  # there is one
        if picture.suffix == ".svg":
            root = ET.parse(folder / picture.file).getroot()
            assert root[0].tag.endswith("}title")
            assert root[1].tag.endswith("}desc")
