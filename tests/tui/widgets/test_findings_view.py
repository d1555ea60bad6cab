"""Findings in a list: whatever comes first, the screen or they."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import OptionList

from tests.tui.piloted import Driven
from tui.widgets.findings_view import FindingsList, FindingsView, ShownFinding

FOUND = ShownFinding("wrong local gradient", "certain", ":3", "w[0]", "y = w * x", ("told",), "")


class FindingsApp(App[None]):
    """The view alone, which has heard of its findings before it is there."""

    def compose(self) -> ComposeResult:
        view = FindingsView()
        view.show([FOUND], "nothing")
        yield view


async def test_what_comes_before_the_screen_is_shown_with_it() -> None:
    app = FindingsApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await Driven(app, pilot).settle()
        assert app.query_one(FindingsView).findings == (FOUND,)
        assert app.query_one(OptionList).option_count == 1


async def test_pages_before_it_is_laid_out_are_none() -> None:
    app = FindingsApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await Driven(app, pilot).settle()
        view, listed = app.query_one(FindingsView), app.query_one(FindingsList)
        view.display = False
        await Driven(app, pilot).settle()
        view.show([FOUND, FOUND], "nothing")  # drawn once it is displayed
        listed.action_page_down()
        listed.action_page_up()
        assert listed.highlighted == 0
        view.display = True
        await Driven(app, pilot).settle()
        listed.action_page_down()
        assert listed.highlighted == 1
