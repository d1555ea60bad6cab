"""A text drawn line by line: wrapping, scrolling, and selecting with the mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.text import Text
from textual.app import App, ComposeResult

from tests.tui.piloted import Driven
from tui.widgets.text_view import RULE, TextView

HEIGHT = 6
NUMBERED = Text("\n".join(f"line {number}" for number in range(20)))


class TextApp(App[None]):
    """The text alone, as wide as the terminal."""

    CSS = f"TextView {{ height: {HEIGHT}; scrollbar-size: 1 1; overflow: hidden scroll; }}"

    def compose(self) -> ComposeResult:
        yield TextView()


@asynccontextmanager
async def text_of(*sections: Text, width: int = 21) -> AsyncIterator[tuple[Driven, TextView]]:
    """A view of these sections, with a window one cell narrower than the terminal."""
    app = TextApp()
    async with app.run_test(size=(width, 12)) as pilot:
        view = app.query_one(TextView)
        view.show_sections(*sections)
        view.focus()
        ui = Driven(app, pilot)
        await ui.settle()
        yield ui, view


def shown(view: TextView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(HEIGHT)]


async def test_sections_are_wrapped_and_ruled_off_and_empty_ones_left_out() -> None:
    async with text_of(Text("one two three four five\n\n"), Text(), Text("six")) as (_, view):
        assert [section.plain for section in view.sections] == ["one two three four five", "six"]
        assert shown(view) == ["one two three four", "five", "", RULE * 20, "six", ""]


async def test_another_width_wraps_elsewhere() -> None:
    async with text_of(Text("one two three four five")) as (ui, view):
        await ui.pilot.resize_terminal(11, 12)
        await ui.settle()
        assert shown(view)[:3] == ["one two", "three four", "five"]
        await ui.pilot.resize_terminal(40, 12)
        await ui.settle()
        assert shown(view)[:2] == ["one two three four five", ""]


async def test_it_scrolls_as_far_as_there_is_text() -> None:
    async with text_of(NUMBERED) as (ui, view):
        await ui.press("down", "down")
        await ui.until(lambda: shown(view)[0] == "line 2")
        for _ in range(5):
            await ui.press("pagedown")
        await ui.until(lambda: shown(view)[-1] == "line 19")
        view.show_sections(Text("short"))
        await ui.settle()
        assert shown(view) == ["short", "", "", "", "", ""]


async def test_the_mouse_selects_text_across_lines_and_scrolled_ones() -> None:
    async with text_of(NUMBERED) as (ui, view):
        view.scroll_to(y=3, animate=False, force=True)
        await ui.settle()
        before = [view.render_line(y) for y in range(3)]
        await ui.pilot.mouse_down(TextView, offset=(2, 0))
        await ui.pilot.hover(TextView, offset=(3, 1))
        await ui.pilot.mouse_up(TextView, offset=(3, 1))
        await ui.settle()
        assert ui.app.screen.get_selected_text() == "ne 3\nline"
        after = [view.render_line(y) for y in range(3)]
        assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


async def test_wide_characters_are_selected_whole() -> None:
    async with text_of(Text("名前と値")) as (ui, view):
        await ui.pilot.mouse_down(TextView, offset=(2, 0))
        await ui.pilot.hover(TextView, offset=(4, 0))
        await ui.pilot.mouse_up(TextView, offset=(4, 0))
        await ui.settle()
        assert ui.app.screen.get_selected_text() == "前と"
        assert [segment.text for segment in view.render_line(0)][:3] == ["名", "前と", "値"]
