"""`microgpt attention`: the picture of who reads from whom, or one line saying why not."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from microgpt import ModelConfig, ModelSnapshot, Training, load_corpus
from tests.tui.cli.command import TINY_MODEL, assert_error, microgpt
from tests.tui.cli.in_process import run_here


@pytest.fixture
def model(corpus: Path) -> tuple[str | Path, ...]:
    return ("--data", corpus, *TINY_MODEL)


def weights_in(path: Path) -> dict[tuple[str, int, int], str]:
    """What the lines' tooltips say: panel, query and source position -> weight."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.search(
            r"(l\dh\d)s\d+:e -> .*\(position (\d+)\) reads .*\(position (\d+)\): ([\d.e-]+)", line
        ):
            found[match[1], int(match[2]), int(match[3])] = match[4]
    return found


@pytest.mark.parametrize("steps", [0, 5])
def test_every_weight_is_the_models(
    steps: int, model: tuple[str, ...], corpus: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.dot"
    options = ("--n-layer", "2", "--train", str(steps))
    result = run_here("attention", "emma", *model, *options, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote {path}: 5 positions, 4 heads in 2 layers\n"
    run = Training(
        load_corpus(str(corpus)), ModelConfig(n_embd=4, n_head=2, n_layer=2, block_size=6)
    )
    for _ in range(steps):
        next(run.results())
    computed = ModelSnapshot.of(run).computed("emma")
    expected = {
        (f"l{layer}h{head}", query, source): f"{weight.data!r}"
        for query, layers in enumerate(computed.attention)
        for layer, heads in enumerate(layers)
        for head, weights in enumerate(heads)
        for source, weight in enumerate(weights)
    }
    assert weights_in(path) == expected
    assert len(expected) == 4 * (1 + 2 + 3 + 4 + 5)


def test_the_picture(model: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    result = microgpt("attention", "éva l", *model, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote {path}: 6 positions, 2 heads in 1 layer\n"
    texts = ["".join(e.itertext()) for e in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    for token in ("BOS", "é", "v", "a", "␣", "l"):
        assert texts.count(token) == 4  # as source and as query of two heads
    for words in ("“éva l”, untrained, seed 42", "layer 0 · head 1", "source", "query", "→"):
        assert words in texts


def test_every_suffix(model: tuple[str, ...], tmp_path: Path) -> None:
    for suffix, begins in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".dot", b"digraph")):
        path = tmp_path / f"a{suffix}"
        assert run_here("attention", "mia", *model, "-o", path).returncode == 0
        assert path.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["", "-o", "a.svg"], "the document is empty"),
        (["emmaem", "-o", "a.svg"], "has 6 characters; with block_size 6 at most 5 fit"),
        (["emmä", "-o", "a.svg"], "character 'ä'"),
        (["emma", "-o", "a.gif"], "suffix '.gif'; it can be .svg, .png, .pdf, .html, "),
        (["emma", "-o", "no/a.svg"], "there is no folder 'no'"),
        (["emma"], "the following arguments are required: -o/--output"),
        (["emma", "-o", "a.svg", "--train", "1001"], "--train 1001: must be at most 1000"),
        (["emma", "-o", "a.svg", "--train", "-2"], "--train -2: must be at least 0"),
        (["emma", "-o", "a.svg", "--scope", "pos1"], "unrecognized arguments: --scope pos1"),
    ],
)
def test_what_cannot_be(
    arguments: list[str], words: str, model: tuple[str, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "a.svg").write_text("<svg>old</svg>")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    result = run_here("attention", *model, *arguments)
    assert_error(result, words)
    assert (tmp_path / "a.svg").read_text() == "<svg>old</svg>"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["attention", "graph"])
def test_of_a_script_it_is_said_what_takes_one(command: str, tmp_path: Path) -> None:
    result = run_here(command, "examples/train2.py", "-o", str(tmp_path / "a.svg"))
    assert result.returncode == 2
    assert "examples/train2.py is a script" in result.stderr
    assert "`microgpt map`, `view`" in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_examples_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained = ("train", "--run", "names.run", "--steps", "300", "--samples", "0", "--n-embd", "4")
    assert run_here(*trained).returncode == 0
    examples = run_here("attention", "--help").stdout.partition("examples:")[2].strip()
    for example in examples.replace("--train 100", "--train 2").splitlines():
        program, *arguments = shlex.split(example)
        assert program == "microgpt"
        result = run_here(*arguments)
        assert (result.returncode, result.stderr) == (0, "")
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [
        ".graphml",
        ".run",
        ".svg",
        ".svg",
    ]
