"""`microgpt graph`: the picture of a document's computation, or one line saying why not."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from microgpt import ModelConfig, ModelSnapshot, Training, TrainingConfig, load_corpus
from microgpt.graph.graph import Graph
from tests.tui.cli.command import MICROGPT, TINY_MODEL, assert_error, environment, microgpt
from tests.tui.cli.in_process import run_here
from tui.cli.commands.graph import unused_picture
from viz.boxes import Folding
from viz.dot import to_dot
from viz.films.frames import drawing
from viz.view import folded, neighbourhood


def graph_of(corpus: Path, text: str, steps: int = 0, num_steps: int = 1000) -> Graph:
    """What the command computes with `TINY_MODEL`."""
    run = Training(
        load_corpus(str(corpus)),
        ModelConfig(n_embd=4, n_head=2, block_size=6),
        TrainingConfig(num_steps=num_steps),
    )
    for _ in range(steps):
        next(run.results())
    return ModelSnapshot.of(run).graph(text)


@pytest.fixture
def model(corpus: Path) -> tuple[str | Path, ...]:
    return ("--data", corpus, *TINY_MODEL)


def svg_texts(path: Path) -> list[str]:
    return ["".join(e.itertext()) for e in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


# -- pictures ----------------------------------------------------------------------------------


def test_the_overview_is_the_default(model: tuple[str, ...], tmp_path: Path, corpus: Path) -> None:
    path = tmp_path / "emma.svg"
    result = microgpt("graph", "emma", *model, "-o", path)
    graph = graph_of(corpus, "emma")
    assert (result.returncode, result.stderr) == (0, "")
    view = folded(Folding(graph))
    assert result.stdout == (
        f"wrote {path}: the whole graph, {len(view.inside)} boxes of {len(graph):,} nodes, "
        f"{len(view.bundles)} bundles\n"
    )
    shown = svg_texts(path)
    assert {"the whole graph", "“emma”, untrained, seed 42"} <= set(shown)
    for box in view.inside:
        assert any(text.removeprefix("θ ") == box.label for text in shown)


def test_a_whole_graph_as_html_is_the_page_of_its_map(
    model: tuple[str, ...], tmp_path: Path, corpus: Path
) -> None:
    page, same = tmp_path / "step.html", tmp_path / "same.html"
    result = run_here("graph", "emma", *model, "--train", "2", "-o", page)
    n_nodes = len(graph_of(corpus, "emma", 2))
    assert result.stdout == f"wrote {page}: a page to walk in, of {n_nodes:,} nodes\n"
    run_here("map", "emma", *model, "--train", "2", "-o", same)
    assert page.read_bytes() == same.read_bytes()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--picture"], "bundles\n"),
        (["--scope", "pos1/layer0"], "; without --scope, --depth and --around, the page to walk"),
        (["--depth", "1"], "the page to walk in\n"),
        (["--around", "#9"], "the page to walk in\n"),
    ],
)
def test_a_picture_as_html_is_on_a_page(
    model: tuple[str, ...], tmp_path: Path, options: list[str], told: str
) -> None:
    page, picture = tmp_path / "a.html", tmp_path / "a.svg"
    result = run_here("graph", "emma", *model, *options, "-o", page)
    assert told in result.stdout
    run_here("graph", "emma", *model, *options, "-o", picture)
    assert drawing(picture.read_text("utf-8")) in page.read_text("utf-8")


def test_a_scope(model: tuple[str, ...], tmp_path: Path, corpus: Path) -> None:
    path = tmp_path / "attn.dot"
    result = run_here("graph", "emma", *model, "--scope", "pos1/layer0/attn", "-o", path)
    folding = Folding(graph_of(corpus, "emma"))
    view = folded(folding, folding.scope("pos1/layer0/attn"))
    assert result.stdout == (
        f"wrote {path}: pos1/layer0/attn, {len(view.inside)} boxes of {len(view.focus)} nodes "
        f"and {len(view.around)} boxes around, {len(view.bundles)} bundles\n"
    )
    assert path.read_text() == to_dot(view, "“emma”, untrained, seed 42").source


def test_depth_opens_further(model: tuple[str, ...], tmp_path: Path, corpus: Path) -> None:
    path = tmp_path / "deep.dot"
    result = run_here("graph", "emma", *model, "--depth", "2", "-o", path)
    assert result.returncode == 0
    view = folded(Folding(graph_of(corpus, "emma")), depth=2)
    assert path.read_text() == to_dot(view, "“emma”, untrained, seed 42").source


@pytest.mark.parametrize("node", ["layer0.attn_wq[3][2]", "#100", "100"])
def test_around_a_node(node: str, model: tuple[str, ...], tmp_path: Path, corpus: Path) -> None:
    graph = graph_of(corpus, "mia")
    for options, hops in (((), 2), (("--hops", "1"), 1), (("--hops", "0"), 0)):
        path = tmp_path / "around.dot"
        result = run_here("graph", "mia", *model, "--around", node, *options, "-o", path)
        view = neighbourhood(graph, graph.find(node), hops)
        assert path.read_text() == to_dot(view, "“mia”, untrained, seed 42").source
        nodes = "1 node" if len(view.inside) == 1 else f"{len(view.inside)} nodes"
        bundles = "1 bundle" if len(view.bundles) == 1 else f"{len(view.bundles)} bundles"
        assert result.stdout.endswith(
            f" around {graph.name(graph.find(node))}, {nodes}, {bundles}\n"
        )


def test_after_training(model: tuple[str, ...], tmp_path: Path, corpus: Path) -> None:
    path = tmp_path / "loss.json"
    result = run_here(
        "graph", "emma", *model, "--steps", "20", "--train", "7", "--scope", "loss", "-o", path
    )
    assert (result.returncode, result.stderr) == (0, "")  # no progress through a pipe
    graph = graph_of(corpus, "emma", steps=7, num_steps=20)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["caption"] == "“emma”, after 7 steps, seed 42"
    shown = {row["id"]: row for row in found["nodes"] if row["kind"] == "node"}
    assert shown[graph.root]["data"] == float(graph.data[graph.root])  # to the last bit
    assert shown[graph.root]["data"] != graph_of(corpus, "emma").data[graph.root]


def test_every_suffix(model: tuple[str, ...], tmp_path: Path) -> None:
    for suffix, begins in (
        (".svg", b"<?xml"), (".png", b"\x89PNG"), (".dot", b"digraph"), (".json", b'{"version"')
    ):  # fmt: skip
        path = tmp_path / f"a{suffix}"
        assert run_here("graph", "mia", *model, "-o", path).returncode == 0
        assert path.read_bytes().startswith(begins)


def test_a_long_document_in_full(model: tuple[str, ...], tmp_path: Path) -> None:
    result = run_here("graph", "emmae", *model, "--scope", "pos5", "-o", tmp_path / "a.dot")
    assert result.stdout.startswith(f"wrote {tmp_path / 'a.dot'}: pos5 e → BOS, 5 boxes of")


def test_odd_characters_of_a_document(model: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    assert run_here("graph", "éva l", *model, "-o", path).returncode == 0
    assert {"“éva l”, untrained, seed 42", " BOS → é", " a → ␣"} <= set(svg_texts(path))


def test_the_default_model(tmp_path: Path) -> None:
    result = run_here("graph", "emma", "--scope", "pos1/layer0/attn", "-o", tmp_path / "a.svg")
    assert "pos1/layer0/attn, 10 boxes of 2,398 nodes and" in result.stdout


# -- what cannot be ----------------------------------------------------------------------------

BAD = [
    (["", "-o", "a.svg"], "the document is empty"),
    (["emma é", "-o", "a.svg"], "'emma é' has 6 characters; with block_size 6 at most 5 fit"),
    (["emmä", "-o", "a.svg"], "character 'ä' (number 4 of 'emmä')"),
    (["emma", "-o", "a.gif"], "suffix '.gif'; it can be .svg, .png, .pdf, .html, "),
    (["emma", "-o", "a"], "no suffix; it can be .svg"),
    (["emma", "-o", "no/a.svg"], "there is no folder 'no'"),
    (["emma", "-o", "folder.svg"], "output 'folder.svg' is a folder"),
    (["-o", "a.svg"], "a TEXT is needed, or a recorded run"),
    (["emma", "-o", "a.svg", "--scope", "pos1/attn"],
     "no scope 'pos1/attn': inside pos1 there is embed, layer0, lm_head, softmax, loss"),
    (["emma", "-o", "a.svg", "--scope", "pos9"], "inside the graph there is pos0, pos1"),
    (["emma", "-o", "a.svg", "--around", "#9999999"], "no node #9999999: the ids of this graph"),
    (["emma", "-o", "a.svg", "--around", "nope[1]"], "no node 'nope[1]'"),
    (["emma", "-o", "a.svg", "--around", "layer0.attn_wq[3][99]"], "layer0.attn_wq"),
    (["emma", "-o", "a.svg", "--around", ""], "no node ''"),
    (["emma", "-o", "a.svg", "--around", "1", "--hops", "99"], "99 hops around"),
    (["emma", "-o", "a.svg", "--around", "1", "--hops", "-1"], "--hops -1: must be at least 0"),
    (["emma", "-o", "a.svg", "--around", "1", "--scope", "pos1"],
     "--around 1: cannot be combined with --scope"),
    (["emma", "-o", "a.svg", "--around", "1", "--depth", "2"],
     "--around 1: cannot be combined with --depth"),
    (["emma", "-o", "a.svg", "--hops", "1"], "--hops 1: needs --around"),
    (["emma", "-o", "a.svg", "--depth", "0"], "--depth 0: must be at least 1"),
    (["emma", "-o", "a.svg", "--depth", "two"], "--depth two: must be a whole number"),
    (["emma", "-o", "a.svg", "--depth", "50"], "depth 50 would draw more than 1,500 boxes"),
    (["emma", "-o", "a.svg", "--train", "-1"], "--train -1: must be at least 0"),
    (["emma", "-o", "a.svg", "--train", "1001"], "--train 1001: must be at most 1000"),
    (["emma", "-o", "a.svg", "--train", "6", "--steps", "5"], "--train 6: must be at most 5"),
    (["emma", "-o", "a.svg", "--n-head", "3"], "--n-embd 4 is not divisible by --n-head 3"),
    (["emma", "-o", "a.svg", "--data", "nams"], "no corpus 'nams'"),
    (["emma", "-o", "a.svg", "extra"], "unrecognized arguments: extra"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda case: repr(case)[:60])
def test_what_cannot_be(
    arguments: list[str], words: str, model: tuple[str, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "a.svg").write_text("<svg>old</svg>")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    result = run_here("graph", *model, *arguments)
    assert_error(result, words)
    assert result.stdout == ""
    assert (tmp_path / "a.svg").read_text() == "<svg>old</svg>"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "options",
    [["--scope", "pos9"], ["--around", "nope"], ["--depth", "50"], ["-o", "a.gif"]],
)
def test_it_is_said_before_any_training(
    options: list[str], model: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object) -> None:
        pytest.fail("trained first")

    monkeypatch.setattr(Training, "results", train)
    output = [] if "-o" in options else ["-o", str(tmp_path / "a.svg")]
    assert_error(run_here("graph", "emma", *model, "--train", "9", *output, *options))


def test_numbers_that_grow_past_floats_name_the_step(
    model: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "a.svg"
    result = run_here("graph", "emma", *model, "--lr", "1e200", "--train", "9", "-o", path)
    assert_error(result, "step 2: the loss of ")
    assert not path.exists()


def test_a_failing_engine(model: tuple[str, ...], tmp_path: Path) -> None:
    dot = tmp_path / "bin" / "dot"
    dot.parent.mkdir()
    dot.write_text("#!/bin/sh\necho 'out of paper' >&2\nexit 1\n")
    dot.chmod(0o755)
    path = tmp_path / "a.svg"
    path.write_text("<svg>old</svg>")
    result = microgpt("graph", "mia", *model, "-o", path, env={"PATH": str(dot.parent)})
    assert_error(result, "dot failed: out of paper")
    assert path.read_text() == "<svg>old</svg>"


# -- terminals ---------------------------------------------------------------------------------


def on_a_terminal(*arguments: str | Path) -> tuple[subprocess.Popen[bytes], int]:
    """The command with only stderr on a terminal, and the terminal's other side."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [*MICROGPT, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=slave,
        env=environment(),
    )
    os.close(slave)
    return process, master


def all_of(terminal: int, until: bytes | None = None) -> bytes:
    said = b""
    while until is None or until not in said:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # what Linux says once the other side is closed
            break
        if not data:
            break
        said += data
    return said


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_training_shows_its_progress_on_a_terminal(model: tuple[str, ...], tmp_path: Path) -> None:
    process, terminal = on_a_terminal(
        "graph", "mia", *model, "--train", "40", "-o", tmp_path / "a.dot"
    )
    with process:
        said = all_of(terminal).decode()
        assert process.stdout
        assert process.stdout.read().startswith(b"wrote ")
    os.close(terminal)
    assert process.returncode == 0
    assert "training" in said
    assert "100%" in said


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_ctrl_c_while_training_writes_nothing(model: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    process, terminal = on_a_terminal(
        "graph", "mia", *model, "--steps", "1000000", "--train", "1000000", "-o", path
    )
    with process:
        said = all_of(terminal, until=b"training")
        process.send_signal(signal.SIGINT)
        said += all_of(terminal)
    os.close(terminal)
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert not path.exists()


# -- help --------------------------------------------------------------------------------------


def test_help_has_an_example_for_each() -> None:
    text = run_here("graph", "--help").stdout
    for words in ("microgpt graph emma -o emma.svg", "--scope pos1/layer0/attn", "--around '"):
        assert words in text.partition("examples:")[2]


def test_the_examples_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    monkeypatch.chdir(tmp_path)
    assert (
        run_here(
            "train", "--run", "names.run", "--steps", "300", "--samples", "0", "--n-embd", "4"
        ).returncode
        == 0
    )
    examples = run_here("graph", "--help").stdout.partition("examples:")[2].strip().splitlines()
    for example in examples:
        program, *arguments = shlex.split(example)
        assert program == "microgpt"
        result = run_here(*arguments)
        assert (result.returncode, result.stderr) == (0, "")
    assert len(list(tmp_path.iterdir())) - 1 == len(examples) >= 4


def test_finite_numbers_only_in_json(model: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert run_here("graph", "mia", *model, "--scope", "loss", "-o", path).returncode == 0
    for row in json.loads(path.read_text(encoding="utf-8"))["nodes"]:
        assert math.isfinite(row.get("grad", 0.0))


def test_without_a_file_one_of_a_good_name_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: tuple[str, ...]
) -> None:
    """Beside those that are there, of which none is lost."""
    monkeypatch.chdir(tmp_path)
    told = [run_here("graph", "emma", *model).stdout for _ in range(2)]
    assert told[0].startswith("wrote graph-emma.svg: ")
    assert told[1].startswith("wrote graph-emma-2.svg: ")
    assert (tmp_path / "graph-emma.svg").read_bytes().count(b"</svg>") == 1
    assert unused_picture("graph-../a/b c") == Path("graph-abc.svg")
