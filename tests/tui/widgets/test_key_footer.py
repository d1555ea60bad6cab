"""The footer: made anew for other keys, and not for the same ones."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static
from textual.widgets._footer import FooterKey

from tests.tui.piloted import Driven
from tui.widgets.key_footer import KeyFooter


class Pane(Static, can_focus=True):
    """A widget with a key of its own, or the same one as another."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "app.bell", "Ring")]


class OtherPane(Static, can_focus=True):
    """A widget with another key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("b", "app.bell", "Buzz")]


class FooterApp(App[None]):
    """Three panes above a footer."""

    def compose(self) -> ComposeResult:
        yield Pane(id="first")
        yield Pane(id="second")
        yield OtherPane(id="third")
        yield KeyFooter()


def keys(ui: Driven) -> list[FooterKey]:
    return list(ui.app.screen.query(FooterKey))


async def test_it_is_made_anew_only_for_other_keys() -> None:
    app = FooterApp()
    async with app.run_test() as pilot:
        ui = Driven(app, pilot)
        app.screen.query_one("#first").focus()
        await ui.until(lambda: [key.description for key in keys(ui)] == ["Ring"])
        (first,) = keys(ui)
        app.screen.query_one("#second").focus()
        await ui.settle()
        assert keys(ui) == [first]
        app.screen.query_one("#third").focus()
        await ui.until(lambda: [key.description for key in keys(ui)] == ["Buzz"])


async def test_what_changes_while_the_terminal_is_elsewhere_shows_on_return() -> None:
    app = FooterApp()
    async with app.run_test() as pilot:
        ui = Driven(app, pilot)
        app.screen.query_one("#first").focus()
        await ui.until(lambda: [key.description for key in keys(ui)] == ["Ring"])
        app.post_message(events.AppBlur())
        await ui.until(lambda: not app.app_focus)
        app.screen.query_one("#third").focus()
        await ui.settle()
        app.post_message(events.AppFocus())
        await ui.until(lambda: [key.description for key in keys(ui)] == ["Buzz"])
