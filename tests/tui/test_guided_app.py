"""The tour and the lessons beside the modes: played with keys, on real runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tui import learn_command, main
from tui.learn_app import LearnApp
from tui.lessons import LESSONS
from tui.lessons.added_twice import first_added_again
from tui.lessons.guide import Guide
from tui.lessons.looks_back import weight_on_letter_before
from tui.lessons.progress import LessonProgress, load, progress_file, save
from tui.lessons.tour import TOUR
from tui.lessons.why_it_stopped import chain_of_zeros
from tui.widgets.guide_panel import GuidePanel


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def panel(ui: Piloted) -> GuidePanel:
    return ui.app.screen.query_one(GuidePanel)


# -- the tour --------------------------------------------------------------------------------------


async def test_the_tour_is_gone_through_and_put_away() -> None:
    async with piloted() as ui:
        assert not panel(ui).display
        await ui.press("Q")
        assert "stop 1 of 5" in ui.text
        await ui.train()
        await ui.until(lambda: panel(ui).has_class("-done"))
        await ui.press("J")
        assert "stop 2 of 5" in ui.text
        await ui.map()
        await ui.until(lambda: panel(ui).has_class("-done"))
        await ui.press("J")
        await ui.press("n")
        await ui.until(lambda: panel(ui).has_class("-done"))
        assert ui.app.guide
        assert list(ui.app.guide.done) == ["watch", "map", "walk"]
        await ui.press("J", "J")
        assert "stop 5 of 5" in ui.text
        await ui.press("J")
        assert not panel(ui).display
        await ui.press("1")
        await ui.until(lambda: not panel(ui).display)


async def test_without_a_guide_its_keys_say_so() -> None:
    async with piloted() as ui:
        await ui.press("I", "J", "exclamation_mark")
        assert len(ui.notices) == 3
        assert all("Q shows the tour" in notice for notice in ui.notices)


def test_the_tour_is_shown_once(state: Path) -> None:
    assert main._is_first_start()
    assert not main._is_first_start()
    assert load().has_seen_tour
    progress_file().write_text("{")
    assert not main._is_first_start(), "where nobody knows, it is not forced on people"
    assert progress_file().read_text() == "{"


def test_what_was_learned_is_kept_beside_it() -> None:
    save(LessonProgress(done=("twice",)))
    assert main._is_first_start()
    assert load() == LessonProgress(done=("twice",), has_seen_tour=True)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("stop", range(len(TOUR)))
async def test_a_stop_is_read_whole(size: tuple[int, int], stop: int) -> None:
    async with piloted(size=size) as ui:
        ui.app.guide = Guide(TOUR, "tour stop", at=TOUR[stop].name)
        ui.app.show_guide()
        await ui.settle()
        shown = " ".join(ui.text_of(GuidePanel).replace("│", " ").split())
        assert " ".join(TOUR[stop].task.split()) in shown


# -- lessons ---------------------------------------------------------------------------------------


@asynccontextmanager
async def learning(at: str, size: tuple[int, int] = SMALL) -> AsyncIterator[Piloted]:
    app = LearnApp(LessonProgress(), at)
    async with app.run_test(size=size, notifications=True) as pilot:
        ui = Piloted(app, pilot)
        await ui.until(lambda: app.frame and app.frame.status in ("finished", "failed"))
        yield ui


@pytest.mark.slow
async def test_the_first_addition_to_what_is_there_is_found_with_keys() -> None:
    async with learning("twice") as ui:
        await ui.press("3")
        await ui.until(lambda: ui.app.situation().session)
        graph = ui.app.situation().graph
        assert graph
        wanted = first_added_again(graph)
        assert wanted
        for _ in range(wanted):
            await ui.press("s")
            assert load().done == ()
        await ui.until(lambda: "begins at 0" in panel(ui).render().plain)
        await ui.press("s")
        await ui.until(lambda: panel(ui).has_class("-done"))
        assert load().done == ("twice",)
        assert f"Event {wanted}" in ui.text


@pytest.mark.slow
async def test_the_head_that_looks_back_is_an_answer() -> None:
    async with learning("back") as ui:
        origin = ui.app.situation().origin
        assert origin
        weights = weight_on_letter_before(origin)
        assert weights is not None
        best = int(weights[0].argmax())
        assert best > 0, "the head that is selected first is no answer"
        await ui.press("exclamation_mark")
        assert "Go to Attention mode" in ui.text
        screen = await ui.attention()
        await ui.press("exclamation_mark")
        assert "another head" in ui.text
        for _ in range(best):
            await ui.press("right")
        assert screen.head == (0, best)
        assert not panel(ui).has_class("-done"), "an answer is given, not met"
        await ui.press("exclamation_mark")
        assert panel(ui).has_class("-done")
        assert load().done == ("back",)


@pytest.mark.slow
async def test_a_unit_is_silenced_with_the_key_for_it() -> None:
    async with learning("unit") as ui:
        await ui.press("3")
        await ui.until(lambda: ui.app.situation().session)
        graph = ui.app.situation().graph
        assert graph
        units = [unit for unit in graph.nodes_of("relu").tolist() if graph.data[unit] > 0]
        falling = {unit for unit in units if graph.grad[unit] < -1e-3}
        unit = min(falling)  # with less of it the loss rises
        pane = ui.graph_screen.pane
        ui.explorer.reveal(unit)
        pane.show()
        await ui.press("z")
        await ui.until(lambda: panel(ui).has_class("-done"))
        assert load().done == ("unit",)
        await ui.press("U")
        await ui.until(lambda: not ui.app.situation().edits)
        assert panel(ui).has_class("-done"), "what is done stays done"


@pytest.mark.slow
async def test_the_run_that_stopped_is_gone_over_to_and_explained() -> None:
    async with learning("letter") as ui:
        assert ui.app.frame
        assert ui.app.frame.status == "finished"
        await ui.press("J")
        await ui.until(lambda: ui.app.frame and ui.app.frame.status == "failed")
        await ui.press("3")
        await ui.until(lambda: ui.app.situation().session)
        graph = ui.app.situation().graph
        assert graph
        await ui.press("exclamation_mark")
        assert "Here it failed" in ui.text
        for node in chain_of_zeros(graph):
            ui.graph_screen.pane.run_line(f"goto #{node}")
            await ui.press("exclamation_mark")
        assert panel(ui).has_class("-done"), ui.text
        await ui.press("K")
        await ui.until(lambda: ui.app.frame and ui.app.frame.status == "finished")


@pytest.mark.slow
async def test_a_program_is_written_for_its_lesson_and_looked_at(tmp_path: Path) -> None:
    app = LearnApp(LessonProgress(), "mend", tmp_path)
    file = tmp_path / "microgpt-lesson.py"
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        ui = Piloted(app, pilot)
        await ui.until(file.exists)
        await ui.press("exclamation_mark")
        assert "one moment" in ui.text
        await ui.until(lambda: "Still ill" in ui.text)
        file.write_text(file.read_text().replace(".grad = other", ".grad += other"))
        file.write_text(file.read_text().replace(".grad = self", ".grad += self"))
        await ui.press("K", "J")
        assert "+= self" in file.read_text(), "what was begun stays"
        await ui.press("exclamation_mark")
        await ui.until(lambda: panel(ui).has_class("-done"))
        assert load().done == ("mend",)


def test_lessons_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    save(LessonProgress(done=(LESSONS[1].name,)))
    assert learn_command.run(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "✓" if place == 1 else lesson.name for place, lesson in enumerate(LESSONS)
    ]
    assert learn_command.run(["--forget"]) == 0
    assert load() == LessonProgress(has_seen_tour=True)


def test_no_such_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["learn", "quantum"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert all(lesson.name in told for lesson in LESSONS)
