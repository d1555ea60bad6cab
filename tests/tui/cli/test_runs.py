"""Run files on the command line: recording, going on, listing, copying, drawing from a step."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from microgpt.runs import Run, RunRecorder
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
