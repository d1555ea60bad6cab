"""Any step of a recorded run, to the bit; and what happens to damaged files."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from microgpt import Corpus, InputError, ModelSnapshot, RunFileError, StepResult, TrainingState
from microgpt.graph.graph import Graph
from microgpt.runs import Run, RunRecorder, copy_run, is_being_written, schema
from microgpt.runs.schema import SCHEMA_VERSION
from tests.microgpt.runs.conftest import CORPUS, STEPS, Recorded, small_training


def straight_run() -> tuple[list[StepResult], list[TrainingState]]:
    """Results and states of the run without a file; `states[n]` is after n updates."""
    training = small_training()
    results, states = [], [training.state.copy()]
    for result in training.results():
        results.append(result)
        states.append(training.state.copy())
    return results, states


def stored(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def changed(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(sql).rowcount == 1
    connection.close()


def without_checksums(path: Path) -> Path:
    """The file as an older microgpt would have written it."""
    old = path.with_name(f"old-{path.name}")
    tables = ("run", "document", "step", "keyframe", "sample")
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("ATTACH ? AS new", (str(path),))
        for statement in schema.statements(1):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
            connection.execute(
                f"INSERT INTO main.{table} SELECT {', '.join(columns)} FROM new.{table}"
            )
        (training,) = connection.execute("SELECT training FROM main.run").fetchone()
        config = json.loads(training)
        del config["validation"]
        connection.execute("UPDATE main.run SET training = ?", (json.dumps(config),))
    return old


# -- what a file gives back ------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["value", "replay", "kernel"])
def test_every_step_comes_back_to_the_bit(recorded: Recorded, engine: str) -> None:
    results, states = straight_run()
    with Run(recorded(), engine) as run:
        assert [(s.step, s.document, s.loss, s.lr) for s in run.losses()] == [
            (r.step, r.document, r.loss, r.lr) for r in results
        ]
        for step in (STEPS, 1, 31, 30, 32, 2, 7, 8, 9, STEPS - 1):
            there = run.at(step)
            assert there.result == results[step - 1], step
            assert there.before.data == states[step - 1].data, step
            assert there.after.data == states[step].data, step
            assert there.state == states[step], step


def test_step_0_is_the_untrained_model(recorded: Recorded) -> None:
    with Run(recorded(), "value") as run:
        there = run.at(0)
        assert there.result is None
        assert there.before.data == there.after.data == small_training().state.data
        with pytest.raises(InputError, match="step 0 has no document: give a text"):
            there.graph()
        assert len(there.graph("emma")) > 1000


def test_a_steps_graph_is_the_one_that_was_trained(recorded: Recorded) -> None:
    training = small_training()
    for _ in training.results(11):
        pass
    expected = ModelSnapshot.of(training).graph(training.document_at(12))
    with Run(recorded(), "value") as run:
        graph = run.at(12).graph()
        other = run.at(12).graph("noah")
    assert graph.data.tobytes() == expected.data.tobytes()
    assert graph.grad.tobytes() == expected.grad.tobytes()
    assert other.data.tobytes() == ModelSnapshot.of(training).graph("noah").data.tobytes()
    with pytest.raises(InputError, match="'z'"), Run(recorded(name="b.run"), "value") as run:
        run.at(12).graph("z")


@pytest.mark.parametrize("step", [-1, STEPS + 1])
def test_a_step_that_is_not_there(recorded: Recorded, step: int) -> None:
    with (
        Run(recorded(), "value") as run,
        pytest.raises(RunFileError, match=rf"small.run' has no step {step}: it holds 0 to {STEPS}"),
    ):
        run.at(step)


def test_a_clean_close_leaves_one_plain_file(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["small.run", "small.txt"]
    assert stored(path, "PRAGMA journal_mode") == [("delete",)]
    assert stored(path, "PRAGMA integrity_check") == [("ok",)]


def test_keyframes_are_thinned_to_the_budget(recorded: Recorded) -> None:
    many = stored(recorded(), "SELECT step FROM keyframe")
    path = recorded(name="thin.run", budget=4 * 12_000)
    few = stored(path, "SELECT step FROM keyframe")
    assert 2 <= len(few) < len(many)
    results, _ = straight_run()
    with Run(path, "value") as run:
        assert run.at(33).result == results[32]


def test_only_the_documents_used_are_stored(recorded: Recorded) -> None:
    assert len(stored(recorded(stop_after=3), "SELECT * FROM document")) == 3
    assert len(stored(recorded(name="all.run"), "SELECT * FROM document")) == len(CORPUS.documents)


# -- while it is written ---------------------------------------------------------------------------


def test_a_reader_follows_a_live_run(recorded: Recorded, tmp_path: Path, corpus_file: Path) -> None:
    del recorded  # only for its short intervals
    path, training = tmp_path / "live.run", small_training()
    with RunRecorder.create(path, training, corpus=str(corpus_file)) as recorder:
        with Run(path, "value") as run:
            assert (run.last_step, run.is_finished) == (0, False)
            assert is_being_written(path)
            for steps in training.losses(20):
                recorder.record(steps)
            recorder.commit()
            assert run.last_step == 20
            there = run.at(20)
            copy_run(path, tmp_path / "copy.run")
        assert there.state == training.state
        for steps in training.losses():
            recorder.record(steps)
    assert not is_being_written(path)
    with Run(tmp_path / "copy.run", "value") as copy:
        assert copy.last_step == 20
        assert copy.at(20).state == there.state
    with Run(path, "value") as run:
        assert run.is_finished


def test_the_last_reader_leaves_one_plain_file(tmp_path: Path, corpus_file: Path) -> None:
    path, training = tmp_path / "live.run", small_training()
    recorder = RunRecorder.create(path, training, corpus=str(corpus_file))
    readers = [Run(path, "value"), Run(path, "value")]
    recorder.record(next(training.losses()))
    recorder.close()
    assert [reader.last_step for reader in readers] == [training.step] * 2
    for reader in readers:
        assert path.with_name("live.run-wal").exists()
        reader.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["live.run", "small.txt"]


def test_a_reader_leaves_a_killed_writers_steps_alone(tmp_path: Path, corpus_file: Path) -> None:
    path, training = tmp_path / "live.run", small_training()
    with RunRecorder.create(path, training, corpus=str(corpus_file)) as recorder:
        recorder.record(next(training.losses()))
        recorder.commit()
        names = [path.name, path.name + "-wal", path.name + "-shm"]
        there = {name: path.with_name(name).read_bytes() for name in names}
    (tmp_path / "killed").mkdir()
    for name, content in there.items():
        (tmp_path / "killed" / name).write_bytes(content)
    wal = tmp_path / "killed" / "live.run-wal"
    with Run(tmp_path / "killed" / "live.run", "value") as run:
        assert run.last_step == training.step
    assert wal.read_bytes() == there["live.run-wal"]


def test_there_is_one_writer(tmp_path: Path, corpus_file: Path) -> None:
    path = tmp_path / "a.run"
    with RunRecorder.create(path, small_training(), corpus=str(corpus_file)):
        with Run(path, "value") as run:
            same = run.training()
        with pytest.raises(RunFileError, match="is being written by another process"):
            RunRecorder.go_on(path, same)
    RunRecorder.go_on(path, same).close()


def test_a_run_is_never_overwritten(recorded: Recorded) -> None:
    path = recorded()
    before = path.read_bytes()
    with pytest.raises(RunFileError, match=r"small.run' exists; --resume"):
        RunRecorder.create(path, small_training())
    assert path.read_bytes() == before


# -- going on --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stopped", [1, 8, 33])
def test_going_on_equals_the_run_without_a_stop(recorded: Recorded, stopped: int) -> None:
    results, states = straight_run()
    path = recorded(stopped)
    with Run(path, "value") as run:
        training = run.training(engine="value")
    assert training.step == stopped
    with RunRecorder.go_on(path, training) as recorder:
        for steps in training.losses(pause_every=recorder.interval):
            recorder.record(steps)
    straight = small_training()
    for _ in straight.results():
        pass
    assert [training.sample() for _ in range(5)] == [straight.sample() for _ in range(5)]
    with Run(path, "value") as run:
        assert [s.loss for s in run.losses()] == [r.loss for r in results]
        assert run.at(STEPS).state == states[STEPS]
        assert run.is_finished


def test_samples_are_kept_and_do_not_disturb_what_follows(recorded: Recorded) -> None:
    path = recorded(10)
    with Run(path, "value") as run:
        training = run.training(engine="value")
    with RunRecorder.go_on(path, training) as recorder:
        text = training.sample()
        recorder.record_sample(1, 0.5, text)
    with Run(path, "value") as run:
        assert run.samples() == [(10, text)]
        assert run.training(engine="value").sample() == text


def test_going_on_where_another_has_gone_on(recorded: Recorded) -> None:
    path = recorded(10)
    with Run(path, "value") as run:
        first, second = run.training(engine="value"), run.training(engine="value")
    with RunRecorder.go_on(path, first) as recorder:
        for steps in first.losses(12):
            recorder.record(steps)
    with pytest.raises(RunFileError, match="is at step 12, and what should go on at step 10"):
        RunRecorder.go_on(path, second)


def test_another_corpus_is_refused(recorded: Recorded, corpus_file: Path) -> None:
    with Run(recorded(), "value") as run:
        corpus_file.write_text("other\n")
        with pytest.raises(RunFileError, match=r"small.run' was recorded with another corpus"):
            run.training()
        with pytest.raises(RunFileError, match="7 documents, now 7 others"):
            run.training(Corpus("mine", tuple(reversed(CORPUS.documents))))
        assert run.training(CORPUS).step == STEPS
        corpus_file.unlink()
        with pytest.raises(InputError, match="cannot read corpus"):
            run.training()


# -- branches --------------------------------------------------------------------------------------


def test_a_branch_goes_its_own_way_from_its_parents_step(
    recorded: Recorded, tmp_path: Path
) -> None:
    with Run(recorded(), "value") as parent:
        other = replace(parent.info.config, lr=0.01, seed=3)
        training = parent.training(step=20, config=other, engine="value")
        state, run_id = parent.at(20).state, parent.info.run_id
    assert (training.config.lr, training.config.seed, training.state) == (0.01, 3, state)
    assert training.documents != small_training().documents
    with RunRecorder.create(tmp_path / "b.run", training, parent=(run_id, 20)) as recorder:
        for steps in training.losses(30):
            recorder.record(steps)
    with Run(tmp_path / "b.run", "value") as branch:
        assert (branch.info.parent_id, branch.info.parent_step) == (run_id, 20)
        assert (branch.first_step, branch.last_step) == (20, 30)
        assert branch.at(20).state == state
        assert branch.at(21).result.lr == training.config.lr_at(21)
        assert branch.at(30).state == training.state
        assert branch.at(21).result.document == training.document_at(21)
        with pytest.raises(RunFileError, match="holds 20 to 30"):
            branch.at(19)


def test_a_branch_with_nothing_changed_is_its_parent(recorded: Recorded) -> None:
    results, _ = straight_run()
    with Run(recorded(), "value") as parent:
        training = parent.training(step=20, engine="value")
    assert list(training.results()) == results[20:]


# -- files that cannot be trusted ------------------------------------------------------------------


def test_a_changed_keyframe(recorded: Recorded) -> None:
    path = recorded()
    changed(path, "UPDATE keyframe SET data = zeroblob(length(data)) WHERE step = 0")
    with Run(path, "value") as run:
        with pytest.raises(RunFileError, match=r"small.run', step 0: its keyframe does not have"):
            run.at(1)
        assert run.at(STEPS).result  # what is whole can still be seen


def test_a_changed_loss(recorded: Recorded) -> None:
    path = without_checksums(recorded())
    changed(path, "UPDATE step SET loss = 1.5 WHERE step = 3")
    with Run(path, "value") as run:
        for step in (3, 5):
            with pytest.raises(RunFileError, match=r"step 3: its loss comes out as .* as 1\.5"):
                run.at(step)


def test_a_changed_document(recorded: Recorded) -> None:
    path = without_checksums(recorded())
    changed(path, "UPDATE document SET text = 'aaaa' WHERE place = 1")
    with (
        Run(path, "value") as run,
        pytest.raises(RunFileError, match=r"step 2: its loss comes out as"),
    ):
        run.at(2)


def test_missing_rows(recorded: Recorded) -> None:
    path = recorded()
    changed(path, "DELETE FROM step WHERE step = 4")
    with Run(path, "value") as run:
        with pytest.raises(RunFileError, match="step 4: it is not in the file"):
            run.at(4)
        with pytest.raises(RunFileError, match="step 4: it is not in the file"):
            run.at(6)


def test_another_version(recorded: Recorded) -> None:
    path = recorded()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(RunFileError, match=f"of version {SCHEMA_VERSION + 1}; this microgpt reads"):
        Run(path)


def test_files_cut_short(recorded: Recorded, tmp_path: Path) -> None:
    whole = recorded().read_bytes()
    for length in (0, 50, 100, 4096, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / "cut.run"
        cut.write_bytes(whole[:length])
        with pytest.raises(RunFileError, match=r"cut.run' is (cut short|not a run file|damaged)"):
            Run(cut)


def test_foreign_files(tmp_path: Path) -> None:
    database = tmp_path / "other.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE run (id)")
    connection.close()
    text = tmp_path / "a.txt"
    text.write_text("emma\n" * 100)
    for path in (database, text, tmp_path / "empty"):
        path.touch()
        before = path.read_bytes()
        for opened in (Run, lambda p: RunRecorder.go_on(p, small_training())):
            with pytest.raises(RunFileError, match="is not a run file"):
                opened(path)
        assert path.read_bytes() == before


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"cannot read .*: No such file or directory"):
        Run(tmp_path / "none.run")
    with pytest.raises(RunFileError, match="is a folder: a run file is needed"):
        Run(tmp_path)
    with pytest.raises(RunFileError, match="cannot write"):
        RunRecorder.create(tmp_path / "no" / "a.run", small_training())


def test_random_damage_never_gives_wrong_numbers(recorded: Recorded, tmp_path: Path) -> None:
    import random

    results, _ = straight_run()
    whole, rng = recorded().read_bytes(), random.Random(1)
    refused = 0
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(20):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path = tmp_path / "damaged.run"
        path.write_bytes(content)
        step = rng.randint(1, STEPS)
        try:
            with Run(path, "value") as run:
                there = run.at(step)
        except RunFileError:
            refused += 1
        else:
            assert there.result is not None
            assert there.result.loss == results[step - 1].loss
    assert refused > 10


# -- disks -----------------------------------------------------------------------------------------


def test_a_full_disk_keeps_what_was_written(
    recorded: Recorded, tmp_path: Path, corpus_file: Path
) -> None:
    del recorded
    path, training = tmp_path / "full.run", small_training()
    recorder = RunRecorder.create(path, training, corpus=str(corpus_file))
    recorder._connection.execute("PRAGMA max_page_count = 12")  # then the disk is full, it says

    def train() -> None:
        for steps in training.losses(pause_every=recorder.interval):
            recorder.record(steps)

    with pytest.raises(RunFileError, match=r"cannot write .*full.run': database or disk is full"):
        train()
    recorder.abandon()
    with Run(path, "value") as run:
        assert run.last_step < training.step
        assert [s.loss for s in run.losses()] == [r.loss for r in straight_run()[0]][
            : run.last_step
        ]
        assert run.training(engine="value").step == run.last_step


def test_copies_do_not_overwrite(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded()
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(RunFileError, match=r"taken' exists"):
        copy_run(path, taken)
    with pytest.raises(RunFileError, match="cannot write"):
        copy_run(path, tmp_path / "no" / "copy.run")
    copy_run(path, tmp_path / "copy.run")

    with Run(tmp_path / "copy.run", "value") as run:
        assert run.is_finished
    assert taken.read_text() == "mine"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_a_graph_is_a_graph(recorded: Recorded) -> None:
    with Run(recorded(), "value") as run:
        assert isinstance(run.at(1).graph(), Graph)
