"""Lessons and the tour: what a person is asked to do beside the modes, and whether it is done.

To add a lesson, write a `Lesson` in a file of its own here and give it a row in `LESSONS`.
"""

from tui.lessons.added_twice import ADDED_TWICE
from tui.lessons.another_letter import ANOTHER_LETTER
from tui.lessons.broken_pass import BROKEN_PASS
from tui.lessons.complete_gradient import COMPLETE_GRADIENT
from tui.lessons.lesson import Lesson
from tui.lessons.looks_back import LOOKS_BACK
from tui.lessons.most_surprised import MOST_SURPRISED
from tui.lessons.silenced_unit import SILENCED_UNIT
from tui.lessons.why_it_stopped import WHY_IT_STOPPED

LESSONS: tuple[Lesson, ...] = (
    MOST_SURPRISED,
    ADDED_TWICE,
    COMPLETE_GRADIENT,
    LOOKS_BACK,
    SILENCED_UNIT,
    ANOTHER_LETTER,
    WHY_IT_STOPPED,
    BROKEN_PASS,
)
"""In the order in which they build on each other."""
