"""Where a person stands in lessons: on, back, hints, and what a check has said."""

from __future__ import annotations

from tui.lessons.guide import Guide
from tui.lessons.lesson import Lesson, Situation, TaskVerdict


def in_mode(name: str, mode: str, *, waits: bool = False) -> Lesson:
    def check(situation: Situation) -> TaskVerdict:
        right = situation.mode == mode
        return TaskVerdict(right, "right" if right else f"not {situation.mode}")

    return Lesson(name, name, "go there", ("one", "two"), check, waits_for_answer=waits)


def lessons(done: tuple[str, ...] = (), at: str = "") -> Guide:
    return Guide((in_mode("a", "map"), in_mode("b", "graph", waits=True)), "lesson", done, at)


def test_it_begins_with_the_first_that_is_not_done() -> None:
    assert lessons().lesson.name == "a"
    assert lessons(done=("a",)).lesson.name == "b"
    assert lessons(done=("a", "b")).lesson.name == "a"
    assert lessons(at="b").lesson.name == "b"


def test_what_a_check_says_is_on_the_page_and_what_is_done_stays_done() -> None:
    guide = lessons()
    assert guide.look(Situation(mode="train"))
    assert not guide.look(Situation(mode="train")), "nothing new"
    assert (guide.page.said, guide.page.is_done) == ("not train", False)
    assert guide.look(Situation(mode="map"))
    assert not guide.look(Situation(mode="train"))
    assert (guide.page.said, guide.page.is_done) == ("right", True)


def test_an_answer_is_looked_at_only_when_it_is_given() -> None:
    guide = lessons(at="b")
    assert not guide.look(Situation(mode="graph"))
    assert not guide.is_done
    guide.take(guide.lesson, guide.lesson.check(Situation(mode="graph")))
    assert guide.is_done


def test_a_verdict_on_a_lesson_that_was_left_counts_and_is_not_shown() -> None:
    guide = lessons()
    left = guide.lesson
    assert guide.go(1)
    assert not guide.take(left, left.check(Situation(mode="map")))
    assert list(guide.done) == ["a"]
    assert guide.page.said == ""


def test_hints_come_one_by_one_and_go_with_the_lesson() -> None:
    guide = lessons()
    hints = []
    for _ in range(4):
        hints.append(guide.page.hint)
        assert guide.hint()
    assert hints == ["", "hint 1 of 2: one", "hint 2 of 2: two", ""]
    assert guide.page.hint
    guide.go(1)
    assert guide.page.hint == ""


def test_it_ends_at_both_ends() -> None:
    guide = lessons()
    assert not guide.go(-1)
    assert guide.go(1)
    assert not guide.go(1)
    assert guide.page.title == "lesson 2 of 2 · b"
