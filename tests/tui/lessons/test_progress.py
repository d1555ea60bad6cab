"""What is kept of the lessons: as it was, atomically, and never another's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.errors import InputError
from tui.lessons.progress import LessonProgress, load, progress_file, save


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_nothing_is_done_before_there_is_a_file() -> None:
    assert load() == LessonProgress()
    assert not progress_file().exists()


def test_it_is_as_it_was_kept() -> None:
    progress = LessonProgress(has_seen_tour=True).with_done("twice").with_done("back")
    save(progress)
    assert load() == progress
    assert [path.name for path in progress_file().parent.iterdir()] == ["learned.json"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "delete it"),
        ("[]", "delete it"),
        ('{"version": 1, "done": "twice", "tour": true}', "delete it"),
        ('{"version": 1, "done": [3], "tour": true}', "delete it"),
        ('{"version": 7, "done": [], "tour": true}', "version '7'"),
    ],
)
def test_what_is_no_progress_is_said_in_a_line_and_stays(content: str, told: str) -> None:
    progress_file().parent.mkdir(parents=True)
    progress_file().write_text(content)
    with pytest.raises(InputError, match=told) as caught:
        load()
    assert "\n" not in str(caught.value)
    assert progress_file().read_text() == content


def test_where_nothing_can_be_written(state: Path) -> None:
    state.write_text("a file")
    with pytest.raises(InputError, match="cannot write"):
        save(LessonProgress())
