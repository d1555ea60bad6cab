"""Views into files: the suffix says what, and what cannot be written is said before."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import pytest

from microgpt import InputError
from tests.viz.computations import small_snapshot, square_graph, tutorial_graph
from tui.cli.main import main
from viz import drawn_graph, formats, output_file, render
from viz.boxes import Folding
from viz.dot import norm, to_dot
from viz.export import check_output, write_picture, write_view
from viz.formats import Format
from viz.kinds import GRAPH, MAP, MAPS, VIEW
from viz.view import folded, scalars
from viz.view_json import view_json


def test_each_suffix_is_its_own_kind_of_file(tmp_path: Path) -> None:
    dot = to_dot(scalars(tutorial_graph(), range(4), "L"))
    for suffix, begins in (
        (".svg", b"<?xml"), (".png", b"\x89PNG"), (".dot", b"digraph"), (".pdf", b"%PDF"),
        (".html", b"<!DOCTYPE html>"),
    ):  # fmt: skip
        write_picture(dot, tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes().startswith(begins)
    assert (tmp_path / "a.dot").read_text(encoding="utf-8") == dot.source


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", r"suffix '\.gif'; it can be \.svg, \.png, \.pdf, \.html, \.dot$"),
        ("a", r"no suffix; it can be \.svg"),
        (".svg", "no suffix"),
        ("no/a.svg", "there is no folder '.*no'"),
        ("folder.svg", "is a folder"),
        ("pipe.svg", "is a pipe"),
        (f"{'a' * 300}.svg", "File name too long"),
    ],
)
def test_an_output_that_cannot_be(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.svg").mkdir()
    os.mkfifo(tmp_path / "pipe.svg")
    with pytest.raises(InputError, match=message) as caught:
        check_output(tmp_path / name)
    assert repr(str(tmp_path / name)) in str(caught.value)


def test_a_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="there is no folder"):
        check_output(tmp_path / "file" / "a.svg")


@pytest.mark.parametrize("place", ["folder", "file"])
def test_what_may_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = tmp_path / "a.svg"
    path.write_text("<svg>old</svg>")
    denied = tmp_path if place == "folder" else path  # by hand, since root may anything
    monkeypatch.setattr(
        output_file.os, "access", lambda asked, _: asked != denied
    )  # root may anything
    with pytest.raises(InputError, match="may not be written to"):
        check_output(path)


def test_no_engine_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise InputError("no engine")

    monkeypatch.setattr(render, "engine", none)
    for suffix in (".svg", ".png", ".pdf", ".html"):
        with pytest.raises(InputError, match="no engine"):
            check_output(tmp_path / f"a{suffix}", GRAPH)
        check_output(tmp_path / f"a{suffix}", MAP)  # which is laid out by itself
    for suffix in (".dot", ".json", ".graphml", ".mmd", ".explorer.json"):
        check_output(tmp_path / f"a{suffix}", GRAPH)


def test_a_missing_package_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"\.pdf needs svglib, .*pip install .*\[pictures\]"):
        check_output(tmp_path / "a.pdf", MAP)
    check_output(tmp_path / "a.png", MAP)


def test_what_cannot_hold_it_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"a view cannot be \.mmd, which holds a graph \(microgpt graph\), a Map .*, "
        r"attention .*; it can be \.svg, \.png, \.pdf, \.html, \.json$",
    ):
        check_output(tmp_path / "a.mmd", VIEW)
    for kind in (VIEW, MAPS):  # of the two suffixes it is the first that is asked for
        with pytest.raises(InputError, match=rf"{kind.name} cannot be \.explorer\.json"):
            check_output(tmp_path / "a.explorer.json", kind)
    with pytest.raises(InputError, match=r"a picture cannot be \.json, which holds a graph"):
        write_picture(to_dot(scalars(square_graph(), [0], "x")), tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


# -- what is in its place --------------------------------------------------------------------------

OTHERS = {
    ".svg": b"#!/bin/sh\n", ".png": b"<svg/>", ".pdf": b"\x89PNG", ".html": b"dear diary",
    ".explorer.json": b'{"name": "x"}', ".json": b'{"name": "my package"}', ".dot": b"a dot",
    ".graphml": b"<xml/>", ".mmd": b"notes",
}  # fmt: skip


@pytest.mark.parametrize("suffix", OTHERS)
def test_another_kind_of_file_is_not_replaced(tmp_path: Path, suffix: str) -> None:
    path, view = tmp_path / f"a{suffix}", scalars(square_graph(), range(2), "y")
    path.write_bytes(OTHERS[suffix])
    with pytest.raises(InputError, match=r"a file is there .* --force overwrites it$"):
        write_view(view, path)
    assert path.read_bytes() == OTHERS[suffix]
    write_view(view, path, force=True)
    first = path.read_bytes()
    assert first != OTHERS[suffix]
    write_view(view, path)  # its own kind is replaced, by the same bytes
    assert path.read_bytes() == first
    path.write_bytes(b"")
    write_view(view, path)  # and so is an empty file
    assert path.read_bytes() == first


def test_a_failure_to_draw_keeps_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.svg"
    path.write_text("<svg>old</svg>")

    def fail(*_: object) -> bytes:
        raise InputError("dot failed")

    monkeypatch.setattr(drawn_graph, "render", fail)
    with pytest.raises(InputError, match="dot failed"):
        write_picture(to_dot(scalars(square_graph(), [0], "x")), path)
    assert path.read_text() == "<svg>old</svg>"
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


GOLDEN = """\
{"version": 1, "title": "y", "caption": "x = 3",
"nodes": [
{"key": "#0", "label": "x", "kind": "node", "nodes": 1, "around": false, "id": 0, \
"place": "", "op": "input", "scope": "", "data": 3.0, "grad": 6.0},
{"key": "#1", "label": "y", "kind": "node", "nodes": 1, "around": false, "id": 1, \
"place": "", "op": "mul", "scope": "", "data": 9.0, "grad": 1.0}
],
"edges": [
{"source": "#0", "target": "#1", "slot": 0, "count": 1, "magnitude": 3.0, "net": 3.0},
{"source": "#0", "target": "#1", "slot": 1, "count": 1, "magnitude": 3.0, "net": 3.0}
]}
"""


def test_json_of_a_square() -> None:
    assert view_json(scalars(square_graph(), range(2), "y"), "x = 3") == GOLDEN


def test_json_says_what_the_graph_says(tmp_path: Path) -> None:
    graph = small_snapshot(steps=2).graph("ann")
    folding = Folding(graph)
    view = folded(folding, folding.scope("pos1"))
    write_view(view, tmp_path / "a.json", 'document "ann"')
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (found["title"], found["caption"]) == ("pos1 a → n", 'document "ann"')
    boxes = {box.key: box for box in view.boxes}
    assert [row["key"] for row in found["nodes"]] == list(boxes)
    for row in found["nodes"]:
        box = boxes[row["key"]]
        assert (row["nodes"], row["around"]) == (len(box), box in view.around)
        if box.kind == "node":
            assert row["data"] == float(graph.data[box.node])  # to the last bit
        else:
            assert row["grad_norm"] == norm(graph.grad[view.outputs_of(box)])
    assert [(e["source"], e["target"], e["count"], e["magnitude"]) for e in found["edges"]] == [
        (b.source, b.target, b.count, b.magnitude) for b in view.bundles
    ]


# -- the table of formats ------------------------------------------------------------------------


@pytest.fixture
def with_more_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the table with formats made of a picture, of DOT text and of a network."""
    more = (
        Format(".lines", "lines", ("dot",), lambda drawn: drawn.part("dot").encode(), (b"",)),
        Format(
            ".count", "a count", ("network",),
            lambda drawn: f"{drawn.title} {len(drawn.part('network').nodes)}".encode(), (b"",),
        ),
    )  # fmt: skip
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, *more))


@pytest.mark.usefixtures("with_more_formats")
def test_a_row_makes_a_format(tmp_path: Path) -> None:
    view = scalars(square_graph(), range(2), "y")
    write_view(view, tmp_path / "a.count", "x = 3")
    write_view(view, tmp_path / "a.lines", "x = 3")
    write_picture(to_dot(view), tmp_path / "b.LINES")
    assert (tmp_path / "a.count").read_text() == "y, x = 3 2"
    assert (tmp_path / "a.lines").read_text().startswith("digraph")
    assert (tmp_path / "b.LINES").read_text().startswith("digraph")


@pytest.mark.usefixtures("with_more_formats")
def test_errors_and_helps_offer_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.dot, \.graphml, \.mmd, \.lines, \.count$"):
        check_output(tmp_path / "a.gif", GRAPH)
    with pytest.raises(InputError, match=r"a picture cannot be \.count.*\.dot, \.lines$"):
        check_output(tmp_path / "a.count")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main(["graph", "--help"])
    assert ".dot, .graphml, .mmd, .lines, .count" in " ".join(out.getvalue().split())
