"""Keys as data: what a key is, those that several screens share, and how people are shown them.

Bindings, footer, help screen, palette and docs are made from these rows. The keys of a single mode
stand in its own file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One command."""

    keys: str  # key names as Textual writes them, separated by commas
    action: str
    title: str  # one or two words, for the footer
    tooltip: str  # a sentence, for the help screen and the palette
    in_footer: bool = True  # whether the footer has room for it
    display: str = ""  # how the key is written for people, where not as Textual writes it
    group: str = ""  # the word that keys share in the footer
    first: bool = False
    """Whether it is carried out before the next key is looked at: it opens a line, and what is
    typed next must get there, however fast it comes."""

    @property
    def written(self) -> str:
        """How the key is written for people.

        >>> Key("space", "app.pause", "Pause", "Pause training, or go on").written
        'space'
        """
        return self.display or self.keys.split(",", maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class KeySection:
    """Keys that work in the same places, under the title that they have in the help."""

    title: str
    keys: tuple[Key, ...]


COMMON_KEYS = (
    Key("question_mark", "app.help", "Help", "All keys", display="?"),
    Key("x", "app.export", "Export", "Write this view to an SVG file and say where"),
    Key("t", "app.switch_theme", "Theme", "Switch between the dark and the light theme",
        in_footer=False),
    Key("q,ctrl+q", "app.quit", "Quit", "Leave the program", display="q"),
)  # fmt: skip
"""Of every app."""

PAUSE_KEY = Key("space", "app.pause", "Pause", "Pause training, or go on")
TIME_KEYS = (
    Key("comma", "app.travel(-1)", "Past −", "Time travel: one step back", display=",",
        group="Time"),
    Key("full_stop", "app.travel(1)", "Past +", "Time travel: one step on", display=".",
        group="Time"),
    Key("less_than_sign", "app.travel(-10)", "Back 10", "Time travel: ten steps back",
        in_footer=False, display="<"),
    Key("greater_than_sign", "app.travel(10)", "On 10", "Time travel: ten steps on",
        in_footer=False, display=">"),
    Key("g", "app.go_to_step", "Go to", "Time travel: go to any recorded step", in_footer=False,
        first=True),
    Key("L", "app.live", "Live", "Time travel: back to the latest step", in_footer=False),
    Key("B", "app.branch", "Branch", "Train on from the past step shown, as a new run",
        in_footer=False),
)  # fmt: skip
"""With the one above, those of the app that trains, in all of its modes."""

LIVE_KEYS = (
    Key("n", "app.train_one", "Step", "Train one step, then pause"),
    Key("plus,equals_sign", "app.faster", "Faster", "More steps a second", display="+",
        group="Speed"),
    Key("minus", "app.slower", "Slower", "Fewer steps a second", display="-", group="Speed"),
)  # fmt: skip
"""Of its modes that have these letters to spare."""

GRAPH = KeySection("graph mode", (
    Key("s", "step('step')", "Next event", "On by one event; the first begins the backward pass",
        group="Event"),
    Key("S", "step('back')", "Previous", "Back by one event, with every number as it was",
        group="Event"),
    Key("n", "verb('next')", "Over", "On over the scope at hand", in_footer=False),
    Key("N", "verb('reverse-next')", "Back over", "Back to where the scope at hand began",
        in_footer=False),
    Key("o", "verb('finish')", "Out", "On until the scope around is done", in_footer=False),
    Key("O", "verb('reverse-finish')", "Back out", "Back to before the scope around was begun",
        in_footer=False),
    Key("c", "verb('continue')", "Continue", "On to the next breakpoint or watchpoint",
        group="Run"),
    Key("C", "verb('reverse-continue')", "Run back", "Back to the last breakpoint or watchpoint",
        group="Run"),
    Key("u", "line('until ')", "Until", "On to where a condition holds, to be typed", first=True,
        in_footer=False),
    Key("p", "play", "Play", "Step by itself, or stop that", in_footer=False),
    Key("home", "first_event", "First", "First event of the backward pass; again: of the forward",
        in_footer=False, display="Home"),
    Key("end", "verb('goto end')", "Last", "The last event, every gradient complete",
        in_footer=False, display="End"),
    Key("b", "on_selection('break')", "Break", "Breakpoint on the selected node or scope",
        in_footer=False),
    Key("w", "on_selection('watch')", "Watch", "Watchpoint on the selected node, matrix or scope",
        in_footer=False),
    Key("y", "why", "Why", "Why the selected node's gradient has its value"),
    Key("e", "edit", "Edit", "What if the selected node had another value", first=True,
        in_footer=False),
    Key("z", "zero", "Zero", "What if the selected node or scope gave 0", in_footer=False),
    Key("U", "line_now('undo')", "Undo", "Take the last what-if back", in_footer=False),
    Key("G", "on_selection('gradcheck')", "Check", "Compare the gradient with a central difference",
        in_footer=False),
    Key("slash", "line('search ')", "Search", "Find nodes by name, op or condition", first=True,
        in_footer=False, display="/"),
    Key("colon", "line", "Verb", "Type any of the debugger's verbs; help lists them", first=True,
        display=":"),
    Key("escape", "hide_console", "Hide", "Hide the console", in_footer=False, display="esc"),
    Key("enter", "open", "Open", "Look into the selected box", display="⏎", group="Box"),
    Key("backspace", "close", "Close", "Back out to the box around", display="⌫", group="Box"),
    Key("left", "select('left')", "Left", "Select the box to the left: towards operands",
        in_footer=False, display="←"),
    Key("right", "select('right')", "Right", "Select the box to the right: towards the loss",
        in_footer=False, display="→"),
    Key("up", "select('up')", "Up", "Select the box above", in_footer=False, display="↑"),
    Key("down", "select('down')", "Down", "Select the box below", in_footer=False, display="↓"),
    Key("shift+left", "pan(-1, 0)", "Pan left", "Move the window left; with the other arrows too",
        in_footer=False, display="⇧←"),
    Key("shift+right", "pan(1, 0)", "Pan right", "Move the window right", in_footer=False,
        display="⇧→"),
    Key("shift+up", "pan(0, -1)", "Pan up", "Move the window up", in_footer=False, display="⇧↑"),
    Key("shift+down", "pan(0, 1)", "Pan down", "Move the window down", in_footer=False,
        display="⇧↓"),
    Key("tab", "app.focus_next", "Next pane", "Between canvas, boxes and inspector",
        in_footer=False, display="tab"),
    Key("f", "find_visited", "Find visited", "Show the node that is being visited",
        in_footer=False),
))  # fmt: skip
"""Of the panes around a graph, whichever app shows them."""

SCRIPT = KeySection("script", (
    Key("space", "app.run_on", "Run on", "Let the script go on to its next stop"),
    Key("P", "app.stop_script", "Stop", "Stop the script at its next backward pass",
        in_footer=False),
    Key("i", "app.interrupt", "Interrupt", "Ctrl-C for the script", in_footer=False),
))  # fmt: skip
"""Of the app that runs anyone's script, beside those of the graph."""

ALONE = KeySection("program", COMMON_KEYS)
"""Of the apps without modes."""


def bindings_for(keys: Iterable[Key]) -> list[BindingType]:
    """Keys as Textual bindings."""
    keys = tuple(keys)
    groups = {name: Binding.Group(name, compact=True) for name in {key.group for key in keys}}
    return [
        Binding(
            key.keys,
            key.action,
            key.title,
            key.in_footer,
            key.written,
            tooltip=key.tooltip,
            priority=key.first,
            group=groups[key.group] if key.group else None,
        )
        for key in keys
    ]


def markdown_table(sections: Iterable[KeySection]) -> str:
    """Keys as the table that stands in the README."""
    rows = ["| mode | key | |", "|---|---|---|"]
    for section in sections:
        mode = section.title.removesuffix(" mode")
        rows += [f"| {mode} | `{key.written}` | {key.tooltip} |" for key in section.keys]
    return "\n".join(rows)
