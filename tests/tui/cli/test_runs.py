"""Run files on the command line: recording, going on, listing, copying, drawing from a step."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from microgpt.runs import Run, RunRecorder
from tests.microgpt.runs.test_run import without_checksums
from tests.tui.cli.command import MICROGPT, TINY_MODEL, assert_error, environment
from tests.tui.cli.in_process import run_here
from tests.tui.cli.test_train import training

STEPS = 40
RUN = ("train", *TINY_MODEL, "--steps", str(STEPS), "--engine", "value", "--quiet")


@pytest.fixture
def run_file(corpus: Path, tmp_path: Path) -> Path:
    """A run of all its steps."""
    path = tmp_path / "a.run"
    assert run_here(*RUN, "--data", corpus, "--run", path, "--samples", "0").returncode == 0
    return path


def losses(path: Path) -> list[float]:
    with Run(path, "value") as run:
        return [step.loss for step in run.losses()]


def test_stopping_and_going_on_is_the_run_without_a_stop(corpus: Path, tmp_path: Path) -> None:
    straight, log = tmp_path / "straight.jsonl", tmp_path / "two.jsonl"
    whole = run_here(*RUN, "--data", corpus, "--log", straight)
    path = tmp_path / "a.run"
    run_here(*RUN, "--data", corpus, "--run", path, "--stop-after", "17", "--log", log)
    result = run_here("train", "--resume", path, "--quiet", "--engine", "value", "--log", log)
    assert (result.returncode, result.stdout) == (0, whole.stdout)
    assert log.read_text() == straight.read_text()
    again = run_here("train", "--resume", path)
    assert (again.returncode, again.stdout) == (
        0, f"{path} is finished: step {STEPS} / {STEPS}\n",
    )  # fmt: skip


def test_a_killed_run_goes_on_to_the_same_floats(corpus: Path, tmp_path: Path) -> None:
    """Killed as soon as a step is in the file, again and again; each time some are lost."""
    steps, path = 4_000, tmp_path / "a.run"
    begin = ["train", *TINY_MODEL, "--steps", str(steps), "--engine", "value", "--quiet"]
    arguments = [*begin, "--data", str(corpus), "--run", str(path)]
    reached = 0
    for _ in range(3):
        with subprocess.Popen(
            [*MICROGPT, *arguments], stdout=subprocess.DEVNULL, env=environment()
        ) as process:
            while not path.exists() or not _is_further(path, reached):
                assert process.poll() is None
            process.kill()
        assert process.returncode == -signal.SIGKILL
        got = losses(path)
        assert reached < len(got) < steps
        reached = len(got)
        arguments = ["train", "--resume", str(path), "--engine", "value", "--quiet"]
    result = run_here(*arguments, "--stop-after", str(reached + 5), "--samples", "0")
    assert result.returncode == 0
    expected = training(corpus, steps).results(reached + 5)
    assert losses(path) == [step.loss for step in expected]


def _is_further(path: Path, step: int) -> bool:
    from microgpt import RunFileError

    try:
        with Run(path, "value") as run:
            return run.last_step > step
    except RunFileError:  # its first transaction is not done
        return False


@pytest.mark.parametrize("drawn", [0, 1, 3])
def test_samples_that_a_kill_has_cost_are_drawn(corpus: Path, tmp_path: Path, drawn: int) -> None:
    """The run stands at its end, and only some of its samples are there."""
    whole = run_here(*RUN, "--data", corpus, "--samples", "5", "--temperature", "0.8")
    path, live = tmp_path / "a.run", training(corpus, STEPS)
    with RunRecorder.create(path, live, corpus=str(corpus)) as recorder:
        recorder.ask_samples(5, 0.8)
        for steps in live.losses():
            recorder.record(steps)
        for number in range(1, drawn + 1):
            recorder.record_sample(number, 0.8, live.sample(0.8))
    resume = ("train", "--resume", path, "--quiet", "--engine", "value")
    rest = run_here(*resume)
    assert (rest.returncode, rest.stderr) == (0, "")
    assert rest.stdout.splitlines() == whole.stdout.splitlines()[drawn:]
    with Run(path, "value") as run:
        samples = [text for _, text in run.samples()]
    assert [f"sample {n:2d}: {text}" for n, text in enumerate(samples, 1)] == (
        whole.stdout.splitlines()
    )
    assert "is finished" in run_here(*resume).stdout


def test_a_run_goes_on_to_the_samples_that_were_asked_for(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    begin = (*RUN, "--data", corpus, "--samples", "3", "--temperature", "0")
    whole = run_here(*begin)
    run_here(*begin, "--run", path, "--stop-after", "9")
    rest = run_here("train", "--resume", path, "--quiet", "--engine", "value")
    assert rest.stdout == whole.stdout


def test_verifying_and_salvaging(run_file: Path, corpus: Path, tmp_path: Path) -> None:
    whole = run_here("runs", run_file, "--verify")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout == f"{run_file} is whole: steps 0 to {STEPS}\n"
    expected = losses(run_file)
    with closing(sqlite3.connect(run_file)) as connection, connection:
        connection.execute("UPDATE step SET loss = 1.5 WHERE step = 4")
    refused = run_here("runs", run_file, corpus, "--verify")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "step 4: its loss is not as it was recorded" in refused.stderr
    assert "corpus.txt' is not a run file" in refused.stderr
    assert_error(run_here("train", "--resume", run_file, "--stop-after", "40"), "step 4")

    out = tmp_path / "out.run"
    salvaged = run_here("runs", run_file, "--salvage", out)
    assert (salvaged.returncode, salvaged.stderr) == (0, "")
    assert salvaged.stdout.splitlines() == [
        "damaged: step 4: its loss is not as it was recorded",
        "computed again: the losses of 1 steps, the first 4",
        f"kept in {out}: steps 0 to {STEPS}",
    ]
    assert losses(out) == expected
    assert_error(run_here("runs", run_file, "--salvage", out), "exists")
    assert_error(run_here("runs", run_file, out, "--salvage", tmp_path / "b"), "one FILE at a time")


def test_a_file_of_an_older_microgpt_vouches_for_little(run_file: Path) -> None:
    old = without_checksums(run_file)
    vouches = "of keyframes alone: begun by an older microgpt, it vouches for nothing else"
    assert f"  checksums  {vouches}\n" in run_here("runs", old).stdout
    assert "checksums" not in run_here("runs", run_file).stdout
    assert vouches in run_here("runs", old, "--verify").stdout


def test_listing(run_file: Path, corpus: Path) -> None:
    result = run_here("runs", run_file, corpus)
    assert_error(result, "corpus.txt' is not a run file")
    lines = result.stdout.splitlines()
    assert lines[0] == str(run_file)
    assert f"  corpus     {corpus}, 4 documents" in lines
    assert "  model      n_embd 4, n_head 2, n_layer 1, block_size 6" in lines
    assert f"  steps      {STEPS} / {STEPS}, finished" in lines
    assert f"  last loss  {losses(run_file)[-1]:.4f}" in lines


def test_a_live_run_is_listed_copied_and_has_one_writer(corpus: Path, tmp_path: Path) -> None:
    live, copy, live_run = tmp_path / "live.run", tmp_path / "copy.run", training(corpus, STEPS)
    with RunRecorder.create(live, live_run, corpus=str(corpus)) as recorder:
        for steps in live_run.losses(9):
            recorder.record(steps)
        recorder.commit()
        listed = run_here("runs", live, "--copy", copy)
        assert f"  steps      9 / {STEPS}, being written\n" in listed.stdout
        assert "  size       0.0 MB" not in listed.stdout, "what is not in the one file counts, too"
        for command in (("--resume", live), ("--run", live, "--data", corpus)):
            refused = run_here("train", *command, "--samples", "0")
            assert_error(refused, "live.run' is being written by another process")
    assert f"  steps      9 / {STEPS}, not finished\n" in run_here("runs", copy).stdout
    assert not [file.name for file in tmp_path.iterdir() if "run-" in file.name]


def test_step_0_and_others_to_draw_from(run_file: Path, corpus: Path) -> None:
    run = training(corpus, STEPS)
    for step in (0, 3, STEPS):
        if step:
            list(run.results(step))
        state = run.rng.getstate()
        expected = "".join(f"sample {n:2d}: {run.sample()}\n" for n in range(1, 4))
        run.rng.setstate(state)
        drawn = run_here("sample", "--run", run_file, "--step", str(step), "--count", "3")
        assert drawn.stdout == expected
    assert_error(run_here("sample", "--run", run_file, "--step", str(STEPS + 1)), "no step 41")


def test_a_prompt_begins_every_sample(run_file: Path) -> None:
    drawn = run_here("sample", "--run", run_file, "--prompt", "em", "--count", "4", "--seed", "5")
    texts = [line.partition(": ")[2] for line in drawn.stdout.splitlines()]
    assert len(texts) == 4
    assert all(text.startswith("em") for text in texts)
    assert_error(run_here("sample", "--run", run_file, "--prompt", "#"), "--prompt", "'#'")


def test_exported_weights_are_the_steps_own(run_file: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    for path in (one, two):
        assert run_here(
            "export-weights", "--run", run_file, "--step", "7", "-o", path
        ).returncode == 0  # fmt: skip
    with Run(run_file, "value") as run:
        model = run.at(7).after
    matrices = load_file(one)
    shapes = model.config.shapes(model.tokenizer.vocab_size)
    assert {name: matrix.shape for name, matrix in matrices.items()} == shapes
    flat = [number for name in shapes for number in matrices[name].ravel().tolist()]
    assert flat == list(model.data)
    assert one.read_bytes() == two.read_bytes(), "the same step gives the same bytes"
    header = json.loads(one.read_bytes()[8 : 8 + int.from_bytes(one.read_bytes()[:8], "little")])
    described = json.loads(header["__metadata__"]["microgpt"])
    assert described["origin"] == "step 7 of a.run"
    assert_error(
        run_here("export-weights", "--run", run_file, "-o", tmp_path / "a.bin"), ".safetensors"
    )
