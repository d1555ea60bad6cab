"""`microgpt debug`: verbs from -c, a script and stdin, as a transcript and as JSON, and errors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from microgpt import (
    Corpus,
    Graph,
    ModelConfig,
    ModelSnapshot,
    Training,
    TrainingConfig,
    Value,
    load_corpus,
)
from microgpt.model.transformer import ForwardPass
from microgpt.runs import RunRecorder
from tests.tui.cli.command import MICROGPT, TINY_MODEL, assert_error, environment
from tests.tui.cli.in_process import run_here


@pytest.fixture
def model(corpus: Path) -> tuple[str | Path, ...]:
    return ("--data", corpus, *TINY_MODEL)


@pytest.fixture
def graph(corpus: Path) -> Graph:
    run = Training(load_corpus(str(corpus)), ModelConfig(n_embd=4, n_head=2, block_size=6))
    return ModelSnapshot.of(run).graph("emma")


def verbs(*lines: str) -> Iterator[str]:
    for line in lines:
        yield "-c"
        yield line


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -- the model as anyone finds it ------------------------------------------------------------------


def test_the_default_models_weight(names: Corpus, emma_pass: ForwardPass) -> None:
    """Against the `Value` itself; on the original corpus it is 0x1.1b518bd70e26ep-11."""
    result = run_here("debug", "emma", "--json", *verbs("print layer0.attn_wq[3][7]"))
    assert (result.returncode, result.stderr) == (0, "")
    (row,) = rows(result.stdout)
    leaf = next(v for v in leaves(emma_pass.loss) if v.name == "layer0.attn_wq[3][7]")
    assert float(row["node"]["grad_final"]).hex() == leaf.grad.hex()
    assert float(row["node"]["data"]).hex() == leaf.data.hex()


def leaves(root: Value) -> set[Value]:
    found, stack = {root}, [root]
    while stack:
        for operand in stack.pop()._children:
            if operand not in found:
                found.add(operand)
                stack.append(operand)
    return found


def test_watch_continue_why_tells_a_true_story(emma_pass: ForwardPass) -> None:
    """Every addition to the weight's grad, in the order and the floats of the pass on `Value`s."""
    name = "layer0.attn_wq[3][7]"
    result = run_here(
        "debug", "emma", "--json", *verbs(f"w {name}", "c", "c", "c", "c", "c", "why")
    )
    *moves, last, why = rows(result.stdout)[1:]
    leaf = next(v for v in leaves(emma_pass.loss) if v.name == name)
    consumers = [v for v in leaves(emma_pass.loss) if leaf in v._children]
    consumers.sort(key=lambda v: -v._number)  # later positions first
    expected, old = [], 0.0
    for consumer in consumers:
        slot = consumer._children.index(leaf)
        contribution = consumer._local_grads[slot] * consumer.grad
        if contribution:
            expected.append((old, contribution, old + contribution))
            old += contribution
    told = [
        (change["old"], change["contribution"], change["new"])
        for move in moves
        for change in move["changes"]
        if change["name"] == name
    ]
    assert told == expected
    assert old == leaf.grad
    assert last["stop"] == "end"
    assert why["verb"] == "why"


# -- where verbs come from -------------------------------------------------------------------------


def test_verbs_are_echoed_in_a_transcript(model: tuple[str, ...], graph: Graph) -> None:
    result = run_here("debug", "emma", *model, *verbs("s", "print #3", "# a comment", ""))
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith("(microgpt) ")] == [
        "(microgpt) s", "(microgpt) print #3",
    ]  # fmt: skip
    assert lines[1] == f"forward 1 of {len(graph.forward_order)}"
    assert f"  data  {float(graph.data[3])!r}" in lines


def test_scripts_and_verbs_keep_their_order(model: tuple[str, ...], tmp_path: Path) -> None:
    script = tmp_path / "verbs.txt"
    script.write_text("# from here\nstep 2\n\nback\n", encoding="utf-8")
    result = run_here(
        "debug", "emma", *model, "--json", "-c", "step 5", "--script", script, "-c", "s 3"
    )
    assert [(row["verb"], row["event"]) for row in rows(result.stdout)] == [
        ("step", 5), ("step", 7), ("back", 6), ("step", 9),
    ]  # fmt: skip


def test_verbs_come_from_a_pipe(model: tuple[str, ...]) -> None:
    result = subprocess.run(
        [*MICROGPT, "debug", "emma", *map(str, model), "--json"],
        input="step 3\nquit\nstep\n", capture_output=True, encoding="utf-8", env=environment(),
        timeout=60, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert [row["verb"] for row in rows(result.stdout)] == ["step", "quit"]


def test_a_reader_that_stops_reading_is_no_error(model: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [*MICROGPT, "debug", "emma", *map(str, model), "-c", "help"], stdin=subprocess.DEVNULL,
        stdout=writing, stderr=subprocess.PIPE, encoding="utf-8", env=environment(), timeout=60,
        check=False,
    )  # fmt: skip
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


# -- errors ----------------------------------------------------------------------------------------


def test_a_line_that_fails_does_not_stop_the_others(model: tuple[str, ...]) -> None:
    result = run_here("debug", "emma", *model, *verbs("nonsense", "print nothing", "step"))
    assert result.returncode == 2
    first, second = result.stderr.splitlines()
    assert first == "microgpt: error: no verb 'nonsense'; `help` lists them"
    assert second.startswith("microgpt: error: no node 'nothing'")
    assert "forward 1 of" in result.stdout
    as_json = run_here("debug", "emma", *model, "--json", *verbs("nonsense", "p nothing", "s"))
    assert (as_json.returncode, as_json.stderr) == (2, "")
    nonsense, nothing, step = rows(as_json.stdout)
    assert nonsense == {"verb": "nonsense", "error": "no verb 'nonsense'; `help` lists them"}
    assert list(nothing) == ["verb", "error"]
    assert nothing["verb"] == "print"
    assert step["event"] == 1


def test_a_bad_condition_is_one_line(model: tuple[str, ...]) -> None:
    result = run_here("debug", "emma", *model, *verbs("break __import__('os').system('x') == 1"))
    assert_error(result, "condition")


@pytest.mark.parametrize(
    ("arguments", "naming"),
    [
        ((), "a TEXT is needed"),
        (("emmz9",), "'9' (number 5"),
        (("emma", "--script", "nowhere.txt"), "cannot read script 'nowhere.txt'"),
        (("emma", "--step", "3"), "--step 3: needs --run"),
        (("emma", "--run", "nowhere.run"), "nowhere.run"),
        (("emma", "--train", "5000"), "--train 5000: must be at most 1000"),
    ],
)
def test_what_cannot_be_debugged(arguments: tuple[str, ...], naming: str) -> None:
    assert_error(run_here("debug", *arguments, *verbs("s")), naming)


def test_a_script_that_is_not_text(model: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    assert_error(run_here("debug", "emma", *model, "--script", tmp_path / "x"), "is not UTF-8")


# -- other models than the untrained one -----------------------------------------------------------


def test_a_recorded_step_and_its_update(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.run"
    config = TrainingConfig(num_steps=6, lr=1e-6)
    training = Training(load_corpus(str(corpus)), ModelConfig(4, 2, 1, 6), config)
    with RunRecorder.create(path, training) as recorder:
        for losses in training.losses():
            recorder.record(losses)
    again = Training(load_corpus(str(corpus)), ModelConfig(4, 2, 1, 6), config)
    results = again.results()
    for _ in range(3):
        next(results)
    before = again.state.copy()
    result = next(results)
    command = ("debug", "--run", path, "--step", "4", "--json")
    loss, health = rows(run_here(*command, *verbs("print loss", "health")).stdout)
    assert loss["node"]["data"] == result.loss
    sizes = {f["what"].split(":")[0]: f for f in health["health"] if f["check"] == "update size"}
    assert "step 4 moves it by" in sizes["lm_head"]["what"]
    place = [leaf.name for leaf in ModelSnapshot.of(again).parameters().flat].index("lm_head[0][0]")
    n = sum(leaf.name.startswith("lm_head") for leaf in ModelSnapshot.of(again).parameters().flat)
    moved = [again.state.data[i] - before.data[i] for i in range(place, place + n)]
    size = [before.data[i] for i in range(place, place + n)]
    ratio = (sum(x * x for x in moved) / sum(x * x for x in size)) ** 0.5
    assert sizes["lm_head"]["value"] == pytest.approx(ratio, rel=1e-9)


def test_what_if_with_means_of_the_corpus(model: tuple[str, ...]) -> None:
    result = run_here("debug", "emma", *model, "--json", *verbs("mean pos1/layer0/attn/out"))
    (row,) = rows(result.stdout)
    assert row["what_if"]["changes"] == ["mean pos1/layer0/attn/out"]
    assert row["what_if"]["loss"]["before"] != row["what_if"]["loss"]["after"]


def test_training_that_explodes_ends_in_the_debugger(model: tuple[str, ...]) -> None:
    """Post mortem at the op that failed, of the document and the step at which it did."""
    command = ("debug", "emma", *model, "--train", "50", "--lr", "1000")
    result = run_here(*command, "--json", *verbs("where", "anomalies", "back"))
    assert result.stderr.startswith("training failed: step ")
    assert len(result.stderr.splitlines()) == 1
    where, anomalies, back = rows(result.stdout)
    assert where["stop"] == "post mortem"
    assert where["node"]["op"] in {"log", "exp", "pow"}
    assert where["node"]["data"] == "nan"
    (first, *_) = anomalies["anomalies"]
    assert first["node"] == where["node"]["id"]
    step = int(result.stderr.split("step ")[1].split(":")[0])
    assert first["step"] == step
    assert back["event"] == where["event"] - 1
    assert "post mortem: " in run_here(*command, *verbs("where")).stdout


def test_training_that_goes_out_of_range_ends_where_that_begins(model: tuple[str, ...]) -> None:
    command = ("debug", "emma", *model, "--train", "5", "--lr", "1e200")
    result = run_here(*command, "--json", *verbs("where", "anomalies"))
    assert result.stderr.startswith("training failed: step 2: ")
    where, anomalies = rows(result.stdout)
    update, first, *_ = anomalies["anomalies"]
    assert (update["pass"], update["step"], first["pass"], first["step"]) == (
        "update", 1, "forward", 2,
    )  # fmt: skip
    assert (where["stop"], where["node"]["id"]) == ("post mortem", first["node"])
    assert abs(where["node"]["data"]) > 1e154
