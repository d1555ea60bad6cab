"""`microgpt train`, through pipes and files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from microgpt import ModelConfig, StepLoss, Training, TrainingConfig, load_corpus
from microgpt.runs import Run
from tests.tui.cli.command import (
    DOCUMENTS,
    MICROGPT,
    TINY_MODEL,
    assert_error,
    environment,
    microgpt,
)
from tests.tui.cli.in_process import run_here
from tui.cli.step_log import StepLog

NAMES = Path(__file__).parents[4] / "shared" / "data" / "names.txt"
ANCHORS = {
    1: "0x1.aed80143a59ddp+1",
    2: "0x1.b64e9211a7f41p+1",
    10: "0x1.9c879a12fc478p+1",
    40: "0x1.6e2187dd0fb9cp+1",
}


def training(corpus: Path, num_steps: int) -> Training:
    """The run that the command does with `TINY_MODEL`."""
    model = ModelConfig(n_embd=4, n_head=2, block_size=6)
    return Training(load_corpus(str(corpus)), model, TrainingConfig(num_steps=num_steps))


def records(log: Path) -> list[dict[str, object]]:
    text = log.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_piped_output_is_plain_lines(corpus: Path) -> None:
    expected = training(corpus, 12)
    results = list(expected.results())
    samples = [expected.sample() for _ in range(10)]

    result = microgpt("train", "--data", corpus, *TINY_MODEL, "--steps", "12", "--samples", "10")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"num docs: {len(DOCUMENTS)}",
        f"vocab size: {len(set(''.join(DOCUMENTS))) + 1}",
        f"num params: {len(expected.state.data)}",
        *(f"step {r.step:4d} /   12 | loss {r.loss:.4f}" for r in results),
        *(f"sample {number:2d}: {text}" for number, text in enumerate(samples, start=1)),
    ]
    assert "step    1 /   12 | loss " in result.stdout
    assert "\nsample  1: " in result.stdout
    assert "\nsample 10: " in result.stdout


def test_lines_come_as_they_are_printed(corpus: Path, tmp_path: Path) -> None:
    log, steps = tmp_path / "log.jsonl", 200  # less text than a buffer holds
    with subprocess.Popen(
        [*MICROGPT, "train", "--data", corpus, "--steps", str(steps), "--log", log],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(4)]
        assert 1 <= len(records(log)) < steps
        process.kill()
    assert lines[0] == "num docs: 4\n"
    assert lines[3].startswith("step    1 /  200 | loss ")


def test_the_log_has_every_step_in_full_precision(corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("of an earlier run\n" * 100)
    result = microgpt("train", "--data", corpus, *TINY_MODEL, "--steps", "9", "--log", log)
    assert result.returncode == 0
    assert records(log) == [
        {"step": r.step, "loss": r.loss, "lr": r.lr, "doc": r.document}
        for r in training(corpus, 9).results()
    ]
    assert list(records(log)[0]) == ["step", "loss", "lr", "doc"]
    assert '"doc": "éva"}\n' in log.read_text(encoding="utf-8")


def test_stop_after_stays_on_the_longer_schedule(corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    arguments = ("train", "--data", corpus, *TINY_MODEL, "--steps", "30", "--log", log)
    result = microgpt(*arguments, "--stop-after", "6")
    short = records(log)
    assert result.stdout.count("step ") == 6
    assert "step    6 /   30 | " in result.stdout
    assert result.stdout.count("sample ") == 20
    microgpt(*arguments)
    assert short == records(log)[:6]


@pytest.mark.skipif(not NAMES.exists(), reason="the original names.txt is not here")
def test_the_anchors(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    result = microgpt("train", "--data", NAMES, "--stop-after", "40", "--log", log, "--samples=0")
    head, first = result.stdout.splitlines()[:3], result.stdout.splitlines()[3]
    assert head == ["num docs: 32033", "vocab size: 27", "num params: 4192"]
    assert first == "step    1 / 1000 | loss 3.3660"
    losses = {record["step"]: record["loss"] for record in records(log)}
    assert {step: float(losses[step]).hex() for step in ANCHORS} == ANCHORS  # type: ignore[arg-type]
    assert round(float(losses[3]), 4) == 3.1778  # type: ignore[arg-type]


def test_quiet_prints_only_the_samples(corpus: Path) -> None:
    arguments = ("train", "--data", corpus, *TINY_MODEL, "--steps", "3", "--samples", "2")
    loud, quiet = microgpt(*arguments), microgpt(*arguments, "--quiet")
    assert quiet.stdout.splitlines() == loud.stdout.splitlines()[-2:]
    assert (quiet.returncode, quiet.stderr) == (0, "")


def test_no_samples(corpus: Path) -> None:
    arguments = ("train", "--data", corpus, *TINY_MODEL, "--steps", "2", "--samples", "0")
    assert "sample" not in microgpt(*arguments).stdout
    assert microgpt(*arguments, "--quiet").stdout == ""


def test_temperature_0_is_greedy(corpus: Path) -> None:
    result = microgpt(
        *("train", "--data", corpus, *TINY_MODEL, "--steps", "40", "--lr", "0.05"),
        *("--temperature", "0", "--samples", "3", "--quiet"),
    )
    samples = {line.partition(": ")[2] for line in result.stdout.splitlines()}
    assert len(result.stdout.splitlines()) == 3
    assert len(samples) == 1


def test_a_reader_that_leaves_ends_it_quietly(corpus: Path) -> None:
    process = subprocess.Popen(
        [*MICROGPT, "train", "--data", str(corpus), *TINY_MODEL, "--steps", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )
    assert process.stdout
    assert process.stderr
    for _ in range(3):
        process.stdout.readline()
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141


def test_an_encoding_without_the_characters_gets_escapes(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("éééééé\n", encoding="utf-8")
    result = microgpt(
        *("train", "--data", corpus, *TINY_MODEL, "--steps", "30", "--lr", "0.1", "--quiet"),
        *("--temperature", "0", "--samples", "1"),
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(r"sample  1: \xe9\xe9")


# -- the log and the disk ------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_does_not_cost_the_run(corpus: Path) -> None:
    arguments = ("train", "--data", corpus, *TINY_MODEL, "--steps", "5", "--samples", "4")
    result = microgpt(*arguments, "--log", "/dev/full")
    assert_error(result, "'/dev/full'", "step 1", "No space left", "training goes on without it")
    assert result.stdout == microgpt(*arguments).stdout


def test_a_disk_that_fills_up_leaves_whole_lines(corpus: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    log, limit = tmp_path / "log.jsonl", 200
    program = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from tui.cli.main import main; sys.exit(main())"
    )
    arguments = ["train", "--data", str(corpus), *TINY_MODEL, "--steps", "9", "--log", str(log)]
    result = subprocess.run(
        [sys.executable, "-B", "-c", program, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        check=False,
    )
    assert resource
    written = records(log)
    assert_error(result, str(log), f"at step {len(written) + 1}", "File too large")
    assert 1 <= len(written) < 9
    assert "step    9 /    9 | " in result.stdout
    assert "sample 20: " in result.stdout


def result_of_step(step: int, loss: float = 1.5) -> StepLoss:
    return StepLoss(step, "éva", loss, 0.25)


def test_a_log_is_replaced_by_its_first_step_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("kept\n")
    with StepLog(str(path), "names") as log:
        assert path.read_text() == "kept\n"
        log.write(result_of_step(1))
        one = '{"step": 1, "loss": 1.5, "lr": 0.25, "doc": "éva"}\n'
        assert path.read_text(encoding="utf-8") == one
        log.write(result_of_step(2))
    assert path.read_text(encoding="utf-8") == one + one.replace(": 1,", ": 2,")


def test_a_log_takes_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with StepLog(str(path), "names") as log:
        log.write(result_of_step(1))
        with pytest.raises(ValueError, match="not JSON compliant"):
            log.write(result_of_step(2, loss=float("nan")))
    assert [record["step"] for record in records(path)] == [1]


# -- documents held out ----------------------------------------------------------------------------


def test_what_is_held_out_is_told_measured_logged_and_recorded(
    corpus: Path, tmp_path: Path
) -> None:
    run_file, log = tmp_path / "a.run", tmp_path / "log.jsonl"
    begin = ("train", *TINY_MODEL, "--data", corpus, "--steps", "30", "--validation", "2")
    result = run_here(*begin, "--run", run_file, "--log", log, "--samples", "0")
    assert (result.returncode, result.stderr) == (0, "")
    expected = Training(
        load_corpus(str(corpus)), training(corpus, 30).model, TrainingConfig(30, validation=2)
    )
    steps = [step for some in expected.losses() for step in some]
    measured = [step for step in steps if step.validation is not None]
    assert len(measured) > 5
    assert expected.validation
    assert f"held out: {expected.validation.in_words()}\n" in result.stdout
    assert f"num docs: {len(expected.documents)}\n" in result.stdout
    told = re.findall(r"step +(\d+) .* \| validation ([\d.]+)", result.stdout)
    assert told == [(str(step.step), f"{step.validation:.4f}") for step in measured]
    last = measured[-1]
    assert f"validation: loss {last.validation:.4f} after step {last.step}\n" in result.stdout
    logged = [(r["step"], r.get("validation")) for r in records(log)]
    assert logged == [(step.step, step.validation) for step in steps]
    with Run(run_file, "value") as run:
        assert run.losses() == steps
    listed = run_here("runs", run_file).stdout
    lowest = min(measured, key=lambda step: (step.validation, step.step))
    said = f"  validation loss {last.validation:.4f} after step {last.step}"
    if lowest != last:
        said += f", lowest {lowest.validation:.4f} after step {lowest.step}"
    assert f"{said}; 2 documents held out\n" in listed


def test_a_run_that_holds_out_goes_on_where_it_was_cut(corpus: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.run", tmp_path / "cut.run"
    begin = ("train", *TINY_MODEL, "--data", corpus, "--steps", "30", "--validation", "0.3",
             "--samples", "0", "--quiet")  # fmt: skip
    run_here(*begin, "--run", whole)
    run_here(*begin, "--run", cut, "--stop-after", "13")
    assert run_here("train", "--resume", cut, "--quiet").returncode == 0
    with Run(whole, "value") as a, Run(cut, "value") as b:
        assert a.losses() == b.losses()
        assert a.rows.validations() == b.rows.validations() != {}
    assert run_here("runs", cut, "--verify").returncode == 0
    refused = run_here("train", "--resume", cut, "--validation", "2")
    assert_error(refused, "so --validation cannot be given")


def test_with_nothing_held_out_nothing_is_said_of_it(corpus: Path) -> None:
    result = run_here("train", *TINY_MODEL, "--data", corpus, "--steps", "3", "--samples", "0")
    assert "held out" not in result.stdout
    assert "validation" not in result.stdout
