"""An app over one run, with a guide beside its modes: the tour, or lessons."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from textual import on
from textual.message import Message
from textual.widget import Widget

from tui.base.thread_work import in_thread
from tui.doctored_app import DoctoredApp
from tui.lessons.guide import Guide, GuidePage
from tui.lessons.lesson import Lesson, Situation, TaskVerdict
from tui.lessons.tour import TOUR
from tui.widgets.guide_panel import GuidePanel

LOOK_EVERY = 0.2
"""So often it is looked whether what is asked for is done. Units: seconds."""
TOUR_KEYS = "J next · K back · Q put away"
LESSON_KEYS = "I hint · ! answer · J next · K back · Q hide"


class GuidedApp(DoctoredApp):
    """Looks at where the person stands, and says how it goes."""

    class Checked(Message):
        """A check that takes long is done."""

        def __init__(self, lesson: Lesson, verdict: TaskVerdict) -> None:
            super().__init__()
            self.lesson = lesson
            self.verdict = verdict

    _is_checking = False
    guide: Guide | None = None
    """What is asked for; set it before the app runs. Without one, the tour can be asked for."""
    shows_guide = True

    @abstractmethod
    def situation(self) -> Situation:
        """What is on screen, as far as lessons ask."""

    def on_mount(self) -> None:
        """Where the person stands changes by keys, clicks and training: it is looked at often."""
        self.set_interval(LOOK_EVERY, self.look)

    def beside_modes(self) -> Iterable[Widget]:
        """The guide's panel, hidden while there is nothing to be asked."""
        is_tour = self.guide is None or self.guide.what != "lesson"
        return (GuidePanel(self._page, TOUR_KEYS if is_tour else LESSON_KEYS),)

    @property
    def _page(self) -> GuidePage | None:
        return self.guide.page if self.guide is not None and self.shows_guide else None

    def look(self) -> None:
        """Whether what is asked for is done now."""
        if not self.screen_stack:
            return  # the app is being left
        guide = self.guide
        if guide is not None and self.shows_guide and not self.has_dialog:
            was_done = guide.is_done
            guide.look(self.situation())
            if guide.is_done and not was_done:
                self.lesson_done(guide.lesson.name)
        self.show_guide()

    def show_guide(self) -> None:
        """Shows what is to be read, in the mode on screen."""
        if not self.screen_stack:
            return  # the app is being left
        for panel in self.screen.query(GuidePanel):
            panel.show(self._page)

    def lesson_done(self, name: str) -> None:
        """A lesson is done for the first time."""

    def lesson_begins(self) -> None:
        """Another lesson is at hand."""

    # -- keys ------------------------------------------------------------------------------------

    def _has_guide(self) -> bool:
        if self.guide is None or not self.shows_guide:
            self.notify("Q shows the tour; `microgpt-tui learn` has lessons", timeout=3)
            return False
        return True

    def action_lesson(self, by: int) -> None:
        """Another lesson, or stop of the tour; past its last, the tour is over."""
        if not self._has_guide() or self.guide is None:
            return
        if self.guide.go(by):
            self.lesson_begins()
        elif by > 0 and self.guide.what != "lesson":
            self.shows_guide = False
        else:
            end = "first" if by < 0 else "last"
            self.notify(f"this is the {end} {self.guide.what}", timeout=2)
        self.show_guide()

    def action_hint(self) -> None:
        """A hint more."""
        if self._has_guide() and self.guide is not None:
            if not self.guide.hint():
                self.notify(f"a {self.guide.what} has no hints", timeout=2)
            self.show_guide()

    def action_answer(self) -> None:
        """Has the check look at what is selected."""
        guide = self.guide
        if not self._has_guide() or guide is None:
            return
        lesson, situation = guide.lesson, self.situation()
        if not lesson.is_slow:
            self._take(lesson, lesson.check(situation))
        elif not self._is_checking:
            self._is_checking = True
            running = TaskVerdict(is_done=False, said="one moment: it is run and looked at")
            guide.take(lesson, running)
            self.show_guide()
            self._check(lesson, situation)

    @in_thread("lesson")
    def _check(self, lesson: Lesson, situation: Situation) -> None:
        self.post_message(self.Checked(lesson, lesson.check(situation)))

    @on(Checked)
    def _take_checked(self, event: Checked) -> None:
        self._is_checking = False
        self._take(event.lesson, event.verdict)

    def _take(self, lesson: Lesson, verdict: TaskVerdict) -> None:
        guide = self.guide
        if guide is None:
            return
        was_done = lesson.name in guide.done
        guide.take(lesson, verdict)
        if verdict.is_done and not was_done:
            self.lesson_done(lesson.name)
        self.show_guide()

    def action_guide(self) -> None:
        """Puts the guide away, or shows it; the tour, where there is no other."""
        if self.guide is None:
            self.guide = Guide(TOUR, "tour stop")
            self.shows_guide = True
        else:
            self.shows_guide = not self.shows_guide
        self.show_guide()
