"""Damaged and crafted run files: right numbers, or one clear line, and soon."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from microgpt import RunFileError
from microgpt.runs import Run, RunRecorder, salvage, verify
from microgpt.runs.schema import checksum
from tests.microgpt.runs.crafted_files import CRAFTS, crafted
from tests.microgpt.runs.damaged_files import (
    LONGEST,
    RECORDED,
    Right,
    mutated,
    readings,
    timed,
)
from tests.microgpt.runs.test_run import without_checksums

MUTATED, CRAFTED = 200, 200
"""docs/make_reliability.py reads ten times as many, with commands."""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Right:
    return Right.recorded(tmp_path_factory.mktemp("right"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Right:
    """A run that holds nothing out, as all of an older microgpt."""
    return Right.recorded(tmp_path_factory.mktemp("plain"), validation=0)


def damaged(right: Right, folder: Path, sql: str) -> Path:
    """A copy of the file in which a statement has changed something."""
    path = folder / "damaged.run"
    path.write_bytes(right.path.read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(sql).rowcount >= 1
    return path


def try_mutated(right: Right, folder: Path, seed: int) -> tuple[int, int]:
    folder = folder / str(seed)
    folder.mkdir()
    path = folder / "mutated.run"
    path.write_bytes(mutated(right.path.read_bytes(), seed))
    good, refused, took = timed(path, right)
    assert took < LONGEST, seed
    return good, refused


def try_crafted(right: Right, folder: Path, seed: int) -> tuple[int, int]:
    name, path = crafted(right.path, folder, seed)
    good, refused, took = timed(path, None)
    assert took < LONGEST, (name, seed)
    return good, refused


def test_a_whole_file_is_read_in_every_way(right: Right) -> None:
    assert readings(right.path, right) == (7, 0)
    assert verify(right.path) == ()


def test_mutated_files_give_right_numbers_or_one_line(right: Right, tmp_path: Path) -> None:
    found = [try_mutated(right, tmp_path, seed) for seed in range(12)]
    assert sum(good for good, _ in found) > 10
    assert sum(refused for _, refused in found) > 10


def test_crafted_files_are_refused_or_do_no_harm(right: Right, tmp_path: Path) -> None:
    found = [try_crafted(right, tmp_path, seed) for seed in range(2 * len(CRAFTS))]
    assert sum(refused for _, refused in found) > 50


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_many_mutated_files(right: Right, tmp_path: Path, part: int) -> None:
    for seed in range(part, MUTATED, 4):
        try_mutated(right, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_many_crafted_files(right: Right, tmp_path: Path, part: int) -> None:
    for seed in range(part, CRAFTED, 4):
        try_crafted(right, tmp_path, seed)


# -- each part is refused by name, and the others are read -----------------------------------------


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE run SET training = replace(training, '42', '43')", "its configuration does not"),
        ("UPDATE run SET num_documents = 8", "its configuration does not have the checksum"),
        ("UPDATE run SET corpus = 'words'", "its configuration does not have the checksum"),
        ("UPDATE step SET loss = loss + 1e-12 WHERE step = 9", "step 9: its loss is not as it was"),
        ("UPDATE step SET lr = lr / 2 WHERE step = 50", "step 50: its loss is not as it was"),
        ("DELETE FROM step WHERE step = 50", "it holds steps to 49, and had them to 50"),
        ("DELETE FROM step WHERE step = 20", "step 20: its loss is not there"),
        ("UPDATE document SET text = 'avaa' WHERE place = 3", "step 4: its document is not as it"),
        ("DELETE FROM document WHERE place = 3", "step 4: its document is not there"),
        ("UPDATE sample SET text = text || 'a' WHERE number = 2", "sample 2 at step 50: it is not"),
        ("DELETE FROM sample WHERE number = 3", "2 of 3 samples are whole"),
        ("UPDATE keyframe SET m = v WHERE step = 16", "step 16: its keyframe does not have the"),
        ("DELETE FROM keyframe WHERE step = 16", "keyframes are whole"),
        ("UPDATE seal SET samples = 2", "what it says that it holds does not have the checksum"),
    ],
)
def test_a_damaged_part_is_told_by_name(right: Right, tmp_path: Path, sql: str, said: str) -> None:
    path = damaged(right, tmp_path, sql)
    if "UPDATE run" in sql:
        for opened in (Run, verify, lambda path: salvage(path, tmp_path / "out.run")):
            with pytest.raises(RunFileError, match=said):
                opened(path)
        return
    assert any(said in damage for damage in verify(path)), verify(path)
    with Run(path, "value") as run:
        if "50" not in sql and "seal" not in sql:
            assert run.at(2).result == right_result(right, 2)
    with pytest.raises(RunFileError), Run(path, "value") as run:
        RunRecorder.go_on(path, run.training(engine="value"))


def right_result(right: Right, step: int) -> object:
    with Run(right.path, "value") as run:
        return run.at(step).result


def test_a_row_of_another_run_is_refused(right: Right, tmp_path: Path) -> None:
    digest = checksum("another", "step", 9, 2.5, 0.05).hex()
    path = damaged(
        right, tmp_path, f"UPDATE step SET loss = 2.5, checksum = x'{digest}' WHERE step = 9"
    )
    assert any("step 9: its loss" in damage for damage in verify(path))


@pytest.mark.parametrize(
    ("old", "new"), [('"seed": 42', '"seed": 43'), ('"lr": 0.05', '"lr": 0.06'),
                     ('"beta1": 0.85', '"beta1": 0.95'), ('"num_steps": 60', '"num_steps": 61')]
)  # fmt: skip
def test_going_on_with_another_configuration_is_refused_without_checksums_too(
    right: Right, tmp_path: Path, old: str, new: str
) -> None:
    path = damaged(
        right, tmp_path, f"UPDATE run SET training = replace(training, '{old}', '{new}')"
    )
    path = without_checksums(path)
    with Run(path, "value") as run, pytest.raises(RunFileError, match="the file is damaged"):
        run.training(engine="value")


def test_a_state_that_does_not_come_out_as_its_keyframe(right: Right, tmp_path: Path) -> None:
    """The keyframe of the last step is whole, and of another step."""
    with Run(right.path, "value") as run:
        other = run.rows.keyframe(run.last_step)
    assert other is not None
    state = other.state.copy()
    state.m[3] += 1e-9
    encoded = replace(other, state=state).encoded()
    path = damaged(
        right, tmp_path,
        f"UPDATE keyframe SET m = x'{encoded.m.hex()}', checksum = x'{encoded.checksum.hex()}' "
        f"WHERE step = {RECORDED}",
    )  # fmt: skip
    with Run(path, "value") as run:
        assert run.at(RECORDED - 1).result == right_result(right, RECORDED - 1)
        with pytest.raises(RunFileError, match=f"step {RECORDED}: its state does not come out"):
            run.training(engine="value")


# -- files of before there were checksums ----------------------------------------------------------


def test_a_file_without_checksums_is_read_and_gone_on_with(plain: Right, tmp_path: Path) -> None:
    copy = tmp_path / "whole.run"
    copy.write_bytes(plain.path.read_bytes())
    path = without_checksums(copy)
    assert readings(path, plain) == (7, 0)
    with Run(path, "value") as run:
        assert run.seal is None
    assert verify(path) == ()


# -- salvage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("UPDATE step SET loss = 1.5 WHERE step IN (9, 11, 30)", (0, 50)),  # computed again
        ("DELETE FROM step WHERE step = 20", (0, 50)),
        ("DELETE FROM document WHERE place = 3", (0, 50)),  # from the corpus
        ("UPDATE keyframe SET m = v WHERE step = 16", (0, 50)),
        ("UPDATE keyframe SET data = m WHERE step = 0", (8, 50)),
        ("DELETE FROM step WHERE step = 50", (0, 50)),  # its keyframe is there
        ("DELETE FROM sample WHERE number = 3", (0, 50)),
    ],
)
def test_what_is_whole_is_salvaged(
    right: Right, plain: Right, tmp_path: Path, sql: str, kept: tuple[int, int], is_old: bool
) -> None:
    right = plain if is_old else right
    path = damaged(right, tmp_path, sql)
    if is_old:
        path = without_checksums(path)
    if is_old and "loss = 1.5" in sql:
        return  # nothing tells that it is damaged but its not coming out again
    out = tmp_path / "out.run"
    salvaged = salvage(path, out)
    assert (salvaged.first_step, salvaged.last_step) == kept
    assert is_old or salvaged.damages
    assert verify(out) == ()
    with Run(out, "value") as run:
        assert run.losses() == right.losses[kept[0] :]
        assert run.at(17).result == right.at[17].result
        training = run.training(engine="value")
    assert [result.loss for result in training.results(RECORDED + 2)] == right.next_losses
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE validation SET loss = 2.5 WHERE step = 9", "step 9: its validation loss is not"),
        ("DELETE FROM validation WHERE step = 9", "49 of 50 validation losses are whole"),
        ("UPDATE validation SET step = 59 WHERE step = 9", "step 59: its validation loss is not"),
    ],
)
def test_a_damaged_validation_loss_is_told_and_left_out(
    right: Right, tmp_path: Path, sql: str, said: str
) -> None:
    path = damaged(right, tmp_path, sql)
    assert any(said in damage for damage in verify(path))
    with Run(path, "value") as run, pytest.raises(RunFileError):
        run.rows.validations()
    with Run(path, "value") as run:
        with pytest.raises(RunFileError, match="validation"):
            run.losses()
        some = run.losses(as_far_as_whole=True)
        assert len(some) >= 8
        assert all(step.step == 9 or step == right.losses[step.step - 1] for step in some)
    with Run(path, "value") as run, pytest.raises(RunFileError, match="validation"):
        RunRecorder.go_on(path, run.training(engine="value"))
    out = tmp_path / "out.run"
    salvage(path, out)
    assert verify(out) == ()
    expected = [replace(step, validation=None) if step.step == 9 else step for step in right.losses]
    with Run(out, "value") as run:
        assert run.losses() == expected


def test_without_the_corpus_a_run_is_kept_to_its_first_lost_document(
    plain: Right, tmp_path: Path
) -> None:
    path = damaged(plain, tmp_path, "UPDATE document SET text = '' WHERE place = 5")
    corpus = plain.path.with_name("small.txt")
    content = corpus.read_text()
    corpus.write_text("other\n")
    try:
        salvaged = salvage(path, tmp_path / "out.run")
    finally:
        corpus.write_text(content)
    assert (salvaged.last_step, salvaged.left_out) == (5, "6 to 50")
    with Run(tmp_path / "out.run", "value") as run:
        assert run.losses() == plain.losses[:5]


def test_nothing_is_salvaged_without_a_keyframe_or_over_a_file(
    right: Right, tmp_path: Path
) -> None:
    path = damaged(right, tmp_path, "UPDATE keyframe SET data = m")
    with pytest.raises(RunFileError, match="no keyframe is whole"):
        salvage(path, tmp_path / "out.run")
    with pytest.raises(RunFileError, match=r"damaged.run' exists"):
        salvage(right.path, path)
    assert [file.name for file in tmp_path.iterdir()] == ["damaged.run"]


@pytest.mark.parametrize("seed", range(6))
def test_files_with_damaged_pages_are_salvaged(right: Right, tmp_path: Path, seed: int) -> None:
    """Whatever is kept is right."""
    import random

    rng = random.Random(seed)
    content = bytearray(right.path.read_bytes())
    page = 4096 * rng.randrange(2, len(content) // 4096)
    content[page : page + 100] = rng.randbytes(100)
    path, out = tmp_path / "damaged.run", tmp_path / "out.run"
    path.write_bytes(content)
    try:
        salvaged = salvage(path, out)
    except RunFileError:
        assert not out.exists()
        return
    assert verify(out) == ()
    with Run(out, "value") as run:
        assert run.losses() == right.losses[salvaged.first_step : salvaged.last_step]
