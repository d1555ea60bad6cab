"""Views into files: the suffix says what, and what cannot be written is said before."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from microgpt import InputError
from tests.viz.computations import small_snapshot, square_graph, tutorial_graph
from tui.cli.main import main
from viz import export, formats, output_file
from viz.boxes import Folding
from viz.dot import norm, to_dot
from viz.export import check_output, write_picture, write_view
from viz.formats import Format, suffixes
from viz.render import engine
from viz.view import folded, scalars
from viz.view_json import view_json


def test_each_suffix_is_its_own_kind_of_file(tmp_path: Path) -> None:
    dot = to_dot(scalars(tutorial_graph(), range(4), "L"))
    for suffix, begins in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".dot", b"digraph")):
        write_picture(dot, tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes().startswith(begins)
    assert (tmp_path / "a.dot").read_text(encoding="utf-8") == dot.source


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", r"suffix '\.gif'; it can be \.svg, \.png, \.pdf, \.dot, \.json$"),
        ("a", r"no suffix; it can be \.svg"),
        (".svg", "no suffix"),
        ("no/a.svg", "there is no folder '.*no'"),
        ("folder.svg", "is a folder"),
        (f"{'a' * 300}.svg", "File name too long"),
    ],
)
def test_an_output_that_cannot_be(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.svg").mkdir()
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
    path.write_text("old")
    denied = tmp_path if place == "folder" else path  # by hand, since root may anything
    monkeypatch.setattr(
        output_file.os, "access", lambda asked, _: asked != denied
    )  # root may anything
    with pytest.raises(InputError, match="may not be written to"):
        check_output(path)


def test_no_engine_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(export, "engine", asked.append)
    for suffix in (".svg", ".png", ".pdf", ".dot", ".json"):
        check_output(tmp_path / f"a{suffix}")
    assert asked == ["svg", "png", "pdf"]


def test_a_picture_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it can be \.svg, \.png, \.pdf, \.dot$"):
        write_picture(to_dot(scalars(square_graph(), [0], "x")), tmp_path / "a.json")
    assert ".json" not in suffixes(of_pictures=True)
    assert not list(tmp_path.iterdir())


def test_a_failure_to_draw_keeps_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")

    def fail(*_: object) -> bytes:
        raise InputError("dot failed")

    monkeypatch.setattr(export, "render", fail)
    with pytest.raises(InputError, match="dot failed"):
        write_picture(to_dot(scalars(square_graph(), [0], "x")), path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


GOLDEN = """\
{"title": "y", "caption": "x = 3",
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
    """A copy of the table with a format for any picture, and one for views of graphs only."""
    more = (
        Format(".lines", of_picture=lambda dot: b"\n".join(dot.source.encode().splitlines())),
        Format(".count", of_view=lambda view, caption: f"{caption} {len(view.boxes)}".encode()),
        Format(".xyz", "xyz", needs="a patched Graphviz"),
    )
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, *more))


@pytest.mark.usefixtures("with_more_formats")
def test_a_row_makes_a_format(tmp_path: Path) -> None:
    view = scalars(square_graph(), range(2), "y")
    write_view(view, tmp_path / "a.count", "x = 3")
    write_view(view, tmp_path / "a.lines", "x = 3")
    write_picture(to_dot(view), tmp_path / "b.LINES")
    assert (tmp_path / "a.count").read_text() == "x = 3 2"
    assert (tmp_path / "a.lines").read_text().startswith("digraph")
    assert (tmp_path / "b.LINES").read_text().startswith("digraph")


@pytest.mark.usefixtures("with_more_formats")
def test_errors_and_helps_offer_it(tmp_path: Path) -> None:
    every = r"it can be \.svg, \.png, \.pdf, \.dot, \.json, \.lines, \.count, \.xyz$"
    with pytest.raises(InputError, match=every):
        check_output(tmp_path / "a.gif")
    with pytest.raises(InputError, match=r"it can be \.svg, \.png, \.pdf, \.dot, \.lines, \.xyz$"):
        check_output(tmp_path / "a.count", of_picture=True)
    with pytest.raises(InputError, match=r"it can be svg, png, pdf, xyz$"):
        engine("gif")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main(["graph", "--help"])
    offered = ".svg, .png, .dot, .json, .lines, .count (or .pdf, with a system Graphviz) (or .xyz,"
    assert offered in " ".join(out.getvalue().split())
