"""The command `microgpt-tui learn`: lessons on the real model."""

from __future__ import annotations

from collections.abc import Sequence

from microgpt import InputError
from tui.base.app_runner import check_terminal, run_app
from tui.cli.options.parser import CommandParser
from tui.cli.terminal.output import say

_DESCRIPTION = """\
Lessons on the real model: each is a task that the program checks, beside the
modes that you solve it in. I gives a hint, ! answers, J and K go to the next
lesson and the one before. What you have done is kept.
"""
_EXAMPLES = """\
examples:
  microgpt-tui learn
  microgpt-tui learn --list
  microgpt-tui learn twice      # begins with that lesson
"""


def run(argv: Sequence[str]) -> int:
    """Runs the lessons; gives the exit status.

    Raises:
        InputError: there is no such lesson, the progress cannot be read, or there is no terminal.
    """
    parser = CommandParser(prog="microgpt-tui learn", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("lesson", nargs="?", default="", metavar="LESSON",
                        help="begin with it; see --list")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list the lessons, and which are done")
    parser.add_argument("--forget", action="store_true", help="forget which are done")
    arguments = parser.parse_args(argv)
    from tui.lessons import LESSONS  # noqa: PLC0415  # numpy; --help need not wait
    from tui.lessons.progress import LessonProgress, load, save  # noqa: PLC0415

    names = [lesson.name for lesson in LESSONS]
    if arguments.lesson and arguments.lesson not in names:
        raise InputError(f"no lesson {arguments.lesson!r}; there are {', '.join(names)}")
    if arguments.forget:
        save(LessonProgress(has_seen_tour=True))
        say("forgotten")
        return 0
    progress = load()
    if arguments.list:
        for lesson in LESSONS:
            mark = "✓" if lesson.name in progress.done else " "
            say(f"{mark} {lesson.name:<10} {lesson.title}")
        return 0
    check_terminal("microgpt-tui learn --list")
    from tui.learn_app import LearnApp  # noqa: PLC0415  # textual takes a while, too

    return run_app(LearnApp(progress, arguments.lesson))
