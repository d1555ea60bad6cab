"""What heads did before, measured beside training."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from microgpt.runs import Run, RunRecorder
from microgpt.train.head_survey import survey_heads
from tests.tui.piloted import piloted
from tests.tui.small_run import small_training
from tui.training.head_watch import HeadWatch, stretches


async def test_what_heads_did_before_is_read_from_the_runs_file(tmp_path: Path) -> None:
    training, told = small_training(num_steps=40, lr=0.1), []
    with RunRecorder.create(tmp_path / "small.run", training, corpus="small") as recorder:
        for losses in training.losses():
            recorder.record(losses)
    async with piloted() as ui:  # a frame of any run will do
        await ui.train()
        frame = ui.frame
    with Run(tmp_path / "small.run") as run:
        recorded = run.at(40)
        frame = replace(
            frame, model=recorded.before, origin=run.origin(recorded), live_step=40, first_step=0
        )
        models = {step: run.at(step).before for step in range(1, 41)}
    watch = HeadWatch(tmp_path / "small.run", lambda: told.append(1))
    try:
        deadline = time.monotonic() + 15
        while True:
            found = watch.ask(frame)
            if found and all(found.course):
                break
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        watch.close()
    parts = stretches(0, 40)
    assert len(found.course) == len(parts) == 24
    documents = frame.origin.documents[:64]
    for part, survey in zip(parts[:-1], found.course, strict=False):
        assert survey.heads == survey_heads(models[part[len(part) // 2]], documents).heads
    assert found.survey.heads == survey_heads(models[40], documents).heads


async def test_while_training_runs_earlier_steps_are_measured_one_by_one(tmp_path: Path) -> None:
    training = small_training(num_steps=40, lr=0.1)
    with RunRecorder.create(tmp_path / "small.run", training, corpus="small") as recorder:
        for losses in training.losses():
            recorder.record(losses)
    async with piloted() as ui:
        await ui.train()
        frame = replace(ui.frame, live_step=40, first_step=0, status="running")
    told: list[int] = []
    watch = HeadWatch(tmp_path / "small.run", lambda: told.append(1))
    try:
        watch.ask(frame)
        deadline = time.monotonic() + 15
        while len(told) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)  # in which all others would be
    finally:
        watch.close()
    assert len(told) == 2, "the step shown, and one before"


def test_stretches_hold_all_steps_once() -> None:
    for first, live in ((0, 0), (0, 1), (0, 23), (5, 1000), (100, 125)):
        steps = [step for part in stretches(first, live) for step in part]
        assert steps == list(range(first + 1, live + 1))
