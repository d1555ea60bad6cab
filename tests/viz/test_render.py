"""Which program draws, and what its failures look like."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import graphviz
import pytest

import viz
from microgpt import InputError, Value
from viz import render as render_module
from viz.render import Picture, engine, render, use_available_engine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake engines are shell scripts")

TEXT = "digraph { a -> b }"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH; empty, so that there is no system `dot`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The package graphviz-pure is not installed."""
    monkeypatch.setattr(render_module.sysconfig, "get_path", lambda _: str(tmp_path / "none"))


def program(folder: Path, name: str, script: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


# -- which one ---------------------------------------------------------------------------------


def test_a_dot_on_path_is_used(path: Path) -> None:
    dot = program(path, "dot", 'echo "$@"; /bin/cat')
    assert engine() == str(dot)
    assert render(TEXT, "svg") == f"-Tsvg\n{TEXT}"
    assert render(graphviz.Digraph(body=["\ta -> é\n"]), "plain") == (
        "-Tplain\ndigraph {\n\ta -> é\n}\n"
    )


def test_without_it_the_package_draws(path: Path) -> None:
    assert Path(engine()).name.startswith("graphviz-pure")
    assert "<svg" in render(TEXT, "svg")
    assert render(TEXT, "plain").startswith("graph 1 ")


@pytest.mark.usefixtures("no_package")
def test_a_graphviz_pure_on_path_is_used_too(path: Path) -> None:
    pure = program(path, "graphviz-pure", "echo drawn")
    assert engine() == str(pure)


@pytest.mark.usefixtures("path", "no_package")
def test_without_any_it_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"no Graphviz engine: install .*graphviz-pure.* dot"):
        render(TEXT, "svg")
    with pytest.raises(InputError, match="no Graphviz engine"):
        viz.draw(Value(1.0) * 2)


# -- when it fails -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo one >&2; echo 'syntax error in line 1' >&2; exit 1",
         "dot failed: syntax error in line 1"),
        ("exit 3", "dot failed: no message"),
        ("exit 0", "dot failed: no message"),  # and drew nothing
        ("kill -9 $$", "dot failed: no message"),
        ("printf '\\377' >&2; exit 1", "dot failed: \N{REPLACEMENT CHARACTER}"),
    ],
)  # fmt: skip
def test_a_failing_engine_is_one_line(path: Path, script: str, message: str) -> None:
    program(path, "dot", script)
    with pytest.raises(InputError) as caught:
        render(TEXT, "svg")
    assert str(caught.value) == message


def test_an_engine_that_is_no_program(path: Path) -> None:
    (path / "dot").write_text("no program")
    (path / "dot").chmod(0o755)
    with pytest.raises(InputError, match=r"cannot run .*dot: Exec format error"):
        render(TEXT, "svg")


def test_text_that_is_no_dot(path: Path) -> None:
    with pytest.raises(InputError, match=r"graphviz-pure failed: .*syntax error"):
        render("digraph {", "svg")


def test_an_engine_that_takes_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_module, "TIMEOUT", 0.2)
    program(path, "dot", "exec /bin/sleep 60")
    with pytest.raises(InputError, match=r"dot took more than 0\.2 s: draw less"):
        render(TEXT, "svg")


# -- notebooks ---------------------------------------------------------------------------------


def square() -> Value:
    x = Value(3.0, name="x")
    y = x * x
    y.backward()
    return y


NOTEBOOK = """
import viz
from microgpt import Value
x = Value(3.0, name="x")
loss = x * x + x
loss.backward()
print(viz.draw(loss)._repr_image_svg_xml())
"""


def test_a_notebook_shows_a_drawing_without_dot_or_warnings() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        env={**os.environ, "PATH": "/nonexistent", "PYTHONIOENCODING": "utf-8"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    shown = done.stdout.decode()
    assert "<svg" in shown
    assert ">×</text>" in shown


@pytest.mark.usefixtures("path")
def test_a_drawing_is_a_digraph_in_every_way() -> None:
    picture = viz.draw(square())
    assert isinstance(picture, graphviz.Digraph)
    bundle = picture._repr_mimebundle_(include=["image/svg+xml", "image/png"])
    assert "<svg" in bundle["image/svg+xml"]
    assert bundle["image/png"].startswith(b"\x89PNG")
    with contextlib.redirect_stderr(io.StringIO()):
        assert b"<svg" in picture.pipe(format="svg")  # the package's own way
    with picture.subgraph(name="cluster_more") as more:
        more.node("z")
    assert "cluster_more" in picture.source
    assert picture.copy().source == picture.source


def test_a_picture_has_the_text_it_is_made_of() -> None:
    dot = graphviz.Digraph("name")
    dot.node("a")
    picture = Picture.of(dot)
    assert picture.source == dot.source
    dot.node("b")
    assert picture.source != dot.source


def test_the_graphviz_package_is_told_which_engine(path: Path) -> None:
    dot = program(path, "dot", "echo here")
    use_available_engine()
    try:
        assert graphviz.Digraph().pipe() == b"here\n"
        assert dot == graphviz.backend.dot_command.DOT_BINARY
    finally:
        os.environ["PATH"] = os.defpath
        use_available_engine()
