"""`microgpt view`: each view from the command line, or one line saying why not."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from microgpt import ModelConfig, ModelSnapshot, Training, load_corpus
from tests.test_imports import ROOT
from tests.tui.cli.command import TINY_MODEL, assert_error, microgpt
from tests.tui.cli.in_process import run_here
from viz.views.table import VIEWS


@pytest.fixture
def model(corpus: Path) -> tuple[str | Path, ...]:
    return ("--data", corpus, *TINY_MODEL)


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("suffix", [".svg", ".json"])
def test_every_view(name: str, suffix: str, model: tuple[str | Path, ...], tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    node = ("--node", "layer0.attn_wq[1][2]") if "node" in VIEWS[name].takes else ()
    result = run_here("view", name, "emma", *model, "--train", "3", *node, "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    what = "steps 0 to 3" if VIEWS[name].needs == "steps" else "after 3 steps"
    assert result.stdout == f"wrote {path}: view {name} of “emma”, {what}, seed 42\n"
    text = path.read_text(encoding="utf-8")
    assert json.loads(text)["view"] == name if suffix == ".json" else text.startswith("<svg")


def test_printed(model: tuple[str | Path, ...]) -> None:
    result = run_here("view", "lens", "emma", *model)
    assert (result.returncode, result.stderr) == (0, "")
    first, *lines = result.stdout.splitlines()
    assert first == "“emma”, untrained, seed 42"
    assert lines[0].split() == ["BOS", "e", "m", "m", "a"]
    assert lines[-2].split() == ["comes", "next", "e", "m", "m", "a", "BOS"]


def test_the_numbers_are_those_of_the_model(
    model: tuple[str | Path, ...], corpus: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    run_here("view", "attention", "emma", *model, "--train", "5", "-o", path)
    run = Training(load_corpus(str(corpus)), ModelConfig(n_embd=4, n_head=2, block_size=6))
    for _ in range(5):
        next(run.results())
    expected = ModelSnapshot.of(run).computed("emma").attention_weights()
    heads = json.loads(path.read_text())["heads"]
    assert [head["weights"] for head in heads] == [
        [list(row) for row in head] for head in expected[0]
    ]


def test_attention_of_a_long_text_is_the_view(corpus: Path, tmp_path: Path) -> None:
    model = ("--data", corpus, *TINY_MODEL[:-1], "60")
    short, view = tmp_path / "a.svg", tmp_path / "b.svg"
    result = run_here("attention", "emma" * 12, *model, "-o", short)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote {short}: 49 positions, 2 heads in 1 layer\n"
    assert run_here("view", "attention", "emma" * 12, *model, "-o", view).returncode == 0
    assert short.read_bytes() == view.read_bytes()
    assert "“emmaemmaemmaemmaemmaemmaemmaemmaemmaemma… (48 characters)”, untr" in view.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lenz", "emma"], "no view 'lenz'; there are attention, scores"),
        (["lens", "emma", "--head", "1"], "--head: view lens has no such choice; it takes"),
        (["lens", "emma", "--position", "5"], "--position 5: this text has positions 0 to 4"),
        (["lens", "emma", "--theme", "pink"], "no theme 'pink'; there are light, dark, print"),
        (["lens", "emma", "-o", "a.gif"], "suffix '.gif'; it can be .svg"),
        (["lens", "emma", "-o", "no/a.svg"], "there is no folder 'no'"),
        (["lens", "emma", "--steps", "1,2"], "--steps 1,2: view lens shows one step"),
        (["lens", "emmä"], "character 'ä'"),
        (["lens"], "a TEXT is needed, or a recorded run"),
        (["lens", "emma", "--pass", "2"], "--pass 2 is for a script"),
        (["attention", "emma", "--layer", "1"], "--layer 1: there are layers 0 to 0"),
        (["scores", "emma", "--head", "2"], "--head 2: there are heads 0 to 1"),
        (["scores", "emma", "--top", "0"], "--top 0: must be at least 1"),
        (["parameters", "emma", "--matrix", "wqe"], "--matrix wqe: there are wte, wpe, lm_head"),
        (["nodes", "emma", "--by", "size"], "--by size: must be one of creation, scope"),
        (["paths", "emma"], "view paths needs --node NODE"),
        (["paths", "emma", "--node", "x"], "no node 'x'"),
        (["training", "emma", "--train", "0"], "view training needs several moments"),
        (["training"], "a view of several steps is of one text"),
        (["training", "emma", "--steps", "3,9", "--train", "5"], "must be at most 5, --train"),
    ],
)
def test_what_cannot_be(
    arguments: list[str], words: str, model: tuple[str, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert_error(run_here("view", *arguments, *model), words)
    assert sorted(tmp_path.iterdir()) == before


def test_mistakes_are_found_before_training(
    model: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object) -> None:
        raise AssertionError("trained before it was looked at what was asked for")

    monkeypatch.setattr("tui.cli.options.trained_model._train", train)
    result = run_here("view", "scores", "emma", *model, "--train", "9", "--head", "2")
    assert_error(result, "--head 2: there are heads 0 to 1")


def test_a_script(tmp_path: Path) -> None:
    script = tmp_path / "small.py"
    script.write_text(
        "from microgpt import Value\n"
        "a, b = Value(2.0, name='a'), Value(3.0, name='b')\n"
        "loss = (a * b + a) * b\n"
        "loss.backward()\n"
    )
    out = tmp_path / "nodes.json"
    result = microgpt("view", "nodes", script, "-o", out)
    assert (result.returncode, result.stderr) == (0, "")
    read = json.loads(out.read_text())
    assert (read["nodes"], read["edges"]) == (5, 6)
    result = microgpt("view", "paths", script, "--node", "b")
    assert re.search(r"^path 1: 8 of it", result.stdout, re.MULTILINE)
    assert_error(microgpt("view", "lens", script), "of a script there are attention, paths, nodes")


@pytest.mark.slow
def test_the_examples_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "train2.py", "train.py")
    trained = ("train", "--run", "names.run", "--steps", "300", "--samples", "0", "--n-embd", "4")
    assert run_here(*trained).returncode == 0
    examples = run_here("view", "--help").stdout.partition("examples:")[2].strip()
    for example in examples.replace("--train 300", "--train 2").splitlines():
        program, *arguments = shlex.split(example)
        assert program == "microgpt"
        result = microgpt(*arguments)
        assert (result.returncode, "Traceback" in result.stderr) == (0, False)
    assert sorted({file.suffix for file in tmp_path.iterdir()}) == [
        ".json", ".png", ".py", ".run", ".svg"
    ]  # fmt: skip
