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
    Key("q,ctrl+q", "app.quit", "Quit", "Leave the program", in_footer=False, display="q"),
)  # fmt: skip
"""Of every app."""

COPY_KEY = Key("Y", "app.copy", "Copy", "Copy the number at hand, with all its digits",
               in_footer=False)  # fmt: skip
"""Of the modes of a training."""

RUN_KEY = Key("space", "app.run_or_halt", "Run", "Let what computes run on, or halt it")
"""Of every app in which something runs: a training, or anyone's script."""

LIVE_KEYS = (
    Key("plus,equals_sign", "app.faster(1)", "Faster", "More training steps a second", display="+",
        group="Speed"),
    Key("minus", "app.faster(-1)", "Slower", "Fewer training steps a second", display="-",
        group="Speed"),
    Key("U", "app.undo", "Undo", "Take the last what-if back", in_footer=False),
)  # fmt: skip
"""Of the modes of a training in which nothing else moves."""

TIME_KEYS = (
    Key("comma", "app.travel(-1)", "Step −", "One training step back: a recorded one is shown",
        display=",", group="Step"),
    Key("full_stop", "app.travel(1)", "Step +",
        "One training step on; after the newest, one is trained", display=".", group="Step"),
    Key("less_than_sign", "app.travel(-10)", "Back 10", "Ten training steps back",
        in_footer=False, display="<"),
    Key("greater_than_sign", "app.travel(10)", "On 10",
        "Ten training steps on; after the newest, ten are trained", in_footer=False, display=">"),
    Key("g", "app.go_to_step", "Go to", "Go to any recorded step, by its number",
        in_footer=False, first=True),
    Key("L", "app.live", "Live", "Back to the newest step, and follow training", in_footer=False),
    Key("B", "app.branch", "Branch", "Train on from the past step shown, as a new run",
        in_footer=False),
    Key("R", "app.new_run", "New run", "Choose hyperparameters and a corpus, and begin another run",
        in_footer=False, first=True),
    Key("d", "app.pin", "Document", "Show a text of your own in every mode; again: let go",
        first=True),
)  # fmt: skip
"""With the one above, what the app that trains has in all of its modes."""

PLACE_KEYS = (
    Key("left_square_bracket", "app.been(-1)", "Been before",
        "Back to where you have been, with what was selected there", in_footer=False, display="["),
    Key("right_square_bracket", "app.been(1)", "Been after", "Forward again", in_footer=False,
        display="]"),
)  # fmt: skip
"""Of all apps over a run or a program."""

GUIDE_KEYS = (
    Key("J", "app.lesson(1)", "Next task", "The next lesson, or stop of the tour", in_footer=False),
    Key("K", "app.lesson(-1)", "Task before", "The lesson before, or stop of the tour",
        in_footer=False),
    Key("I", "app.hint", "Hint", "A hint for the lesson; again: a plainer one", in_footer=False),
    Key("exclamation_mark", "app.answer", "Answer", "Have the lesson look at what is selected",
        in_footer=False, display="!"),
    Key("Q", "app.guide", "Guide", "Put lesson or tour away; again: show it", in_footer=False),
)  # fmt: skip
"""Of the app that trains: what is asked of a person beside its modes."""

WALK = KeySection("walk along the passes", (
    Key("s", "step('step')", "Next event", "On by one event; the first begins the backward pass",
        group="Event"),
    Key("S", "step('back')", "Previous", "Back by one event, with every number as it was",
        group="Event"),
    Key("n", "complete('cell', 1)", "Next cell", "On to where the next cell of the Map is complete",
        group="Cell"),
    Key("N", "complete('cell', -1)", "Cell before", "Back to where the cell before was complete",
        group="Cell"),
    Key("o", "complete('column', 1)", "Column", "On to where the position at hand is complete",
        group="Column"),
    Key("O", "complete('column', -1)", "Column before",
        "Back to where the position before was complete", group="Column"),
    Key("c", "verb('continue')", "Continue", "On to the next breakpoint or watchpoint",
        in_footer=False),
    Key("C", "verb('reverse-continue')", "Run back", "Back to the last breakpoint or watchpoint",
        in_footer=False),
    Key("u", "line('until ')", "Until", "On to where a condition holds, to be typed", first=True,
        in_footer=False),
    Key("p", "play(1)", "Play", "On by itself, as the last of s, n, o went; again: stop"),
    Key("P", "play(-1)", "Play back", "The same backwards", in_footer=False),
    Key("plus,equals_sign", "faster(1)", "Faster", "Faster: the pass if it plays, else training",
        in_footer=False, display="+"),
    Key("minus", "faster(-1)", "Slower", "Slower: the pass if it plays, else training",
        in_footer=False, display="-"),
    Key("home", "first_event", "First", "First event of the backward pass; again: of the forward",
        in_footer=False, display="Home"),
    Key("end", "verb('goto end')", "Last", "The last event, every gradient complete",
        in_footer=False, display="End"),
    Key("b", "on_selection('break')", "Break", "Breakpoint on what is selected", in_footer=False),
    Key("w", "on_selection('watch')", "Watch", "Watchpoint on what is selected", in_footer=False),
    Key("y", "why", "Why", "Why the selected or visited node's grad has its value"),
    Key("e", "edit", "Edit", "What if the selected node had another value", first=True,
        in_footer=False),
    Key("z", "zero", "Zero", "What if what is selected gave 0", in_footer=False),
    Key("U", "undo", "Undo", "Take the last what-if back", in_footer=False),
    Key("G", "on_selection('gradcheck')", "Check", "Compare the gradient with a central difference",
        in_footer=False),
    Key("slash", "line('search ')", "Search", "Find nodes by name, op or condition", first=True,
        in_footer=False, display="/"),
    Key("colon", "line", "Verb", "Type any of the debugger's verbs; help lists them", first=True,
        display=":"),
    Key("escape", "leave", "Leave", "Hide the console; then select nothing", in_footer=False,
        display="esc"),
))  # fmt: skip
"""Of every pane that shows a graph at a moment of its passes, as a Map or as boxes."""

MAP = KeySection("on the Map", (
    Key("v", "lens", "View", "Gradients, values, the update, shares (why), or changes"),
    Key("left,h", "cell(0, -1)", "Cell left", "Select the cell to the left", in_footer=False,
        display="←"),
    Key("right,l", "cell(0, 1)", "Cell right", "Select the cell to the right", in_footer=False,
        display="→"),
    Key("up,k", "cell(-1, 0)", "Cell above", "Select the cell above: towards the embeddings",
        in_footer=False, display="↑"),
    Key("down,j", "cell(1, 0)", "Cell below", "Select the cell below: towards the loss",
        in_footer=False, display="↓"),
    Key("W", "widen", "Widen", "Each output of the selected column; again: no more",
        in_footer=False),
    Key("enter", "open_cell", "Open", "Open the selected cell: its scalars as boxes",
        display="⏎"),
))  # fmt: skip
"""Wherever the keys go to a Map."""

BOXES = KeySection("among boxes", (
    Key("enter", "open", "Open", "Look into the selected box", display="⏎", group="Box"),
    Key("backspace", "close", "Close", "Back out to the box around; at last to the Map",
        display="⌫", group="Box"),
    Key("left,h", "select('left')", "Left", "Select the box to the left: towards operands",
        in_footer=False, display="←"),
    Key("right,l", "select('right')", "Right", "Select the box to the right: towards the loss",
        in_footer=False, display="→"),
    Key("up,k", "select('up')", "Up", "Select the box above", in_footer=False, display="↑"),
    Key("down,j", "select('down')", "Down", "Select the box below", in_footer=False, display="↓"),
    Key("shift+left", "pan(-1, 0)", "Pan left", "Move the window left; with the other arrows too",
        in_footer=False, display="⇧←"),
    Key("shift+right", "pan(1, 0)", "Pan right", "Move the window right", in_footer=False,
        display="⇧→"),
    Key("shift+up", "pan(0, -1)", "Pan up", "Move the window up", in_footer=False, display="⇧↑"),
    Key("shift+down", "pan(0, 1)", "Pan down", "Move the window down", in_footer=False,
        display="⇧↓"),
    Key("H", "list", "List", "Boxes in place of the Map: as a list, and folded"),
    Key("tab", "app.focus_next", "Next pane", "Between canvas, list and inspector",
        in_footer=False, display="tab"),
    Key("f", "find_visited", "Find visited", "Show the node that is being visited",
        in_footer=False),
))  # fmt: skip
"""Of the panes around a graph's boxes, whichever app shows them."""

PARAMETERS = KeySection("among parameters", (
    Key("left,h", "entry(0, -1)", "Number left", "Select the number to the left", display="←",
        group="Number"),
    Key("right,l", "entry(0, 1)", "Number right", "Select the number to the right", display="→",
        group="Number"),
    Key("up,k", "entry(-1, 0)", "Number above", "Select the number above", display="↑",
        group="Number"),
    Key("down,j", "entry(1, 0)", "Number below", "Select the number below", display="↓",
        group="Number"),
    Key("pageup", "matrix(-1)", "Matrix −", "Show the matrix before", display="PgUp",
        group="Matrix"),
    Key("pagedown", "matrix(1)", "Matrix +", "Show the next matrix", display="PgDn",
        group="Matrix"),
    Key("v", "lens", "View", "Data, gradients, Adam's update, or its moments"),
    Key("W", "widen", "Widen", "All of a large matrix in the window, pooled; again: each number"),
    Key("enter", "open", "Open", "Show the selected number among the scalars of Graph mode",
        display="⏎"),
))  # fmt: skip
"""Wherever the keys go to a model's matrices."""

STEP = KeySection("the step shown", (
    Key("r", "newest", "Newest", "Leave walk, boxes and edits; follow training again",
        in_footer=False),
    Key("m", "mark", "Mark", "Compare others with this step; again: no more",
        in_footer=False),
))  # fmt: skip
"""Of the modes that show one training step as a graph."""

FINDINGS_KEY = Key(
    "F",
    "app.findings",
    "Findings",
    "The doctor's findings: ⏎ goes to one; again: hide",
    in_footer=False,
)
"""Of every app: a doctor looks at what it shows."""

NEXT_FINDING_KEY = Key(
    "D",
    "app.next_finding",
    "To finding",
    "Run on to the doctor's next finding, and halt there",
    in_footer=False,
)
"""Of every app in which something runs."""

SCRIPT = KeySection("script", (
    RUN_KEY,
    NEXT_FINDING_KEY,
    Key("i", "app.interrupt", "Interrupt", "Ctrl-C for the script", in_footer=False),
))  # fmt: skip
"""Of the app that runs anyone's script, beside those of the graph."""

RECORDING = KeySection("recording", (
    Key("comma", "app.travel(-1)", "Pass −", "One recorded pass back", display=",", group="Pass"),
    Key("full_stop", "app.travel(1)", "Pass +", "One recorded pass on", display=".", group="Pass"),
    Key("less_than_sign", "app.travel(-10)", "Back 10", "Ten passes back",
        in_footer=False, display="<"),
    Key("greater_than_sign", "app.travel(10)", "On 10", "Ten passes on",
        in_footer=False, display=">"),
    Key("g", "app.go_to_pass", "Go to", "Go to any recorded pass, by its number",
        in_footer=False, first=True),
    Key("m", "app.mark_pass", "Mark", "Compare others with this pass; again: no more"),
))  # fmt: skip
"""Of the app that shows a script's recorded passes, beside those of the graph."""

PARAMETERS_KEY = Key("6", "app.parameters", "Parameters",
                     "The program's matrices, and their gradients", in_footer=False)  # fmt: skip
"""Of the apps without modes: where modes have numbers, that of Parameters mode is the same."""

ALONE = KeySection("program", (FINDINGS_KEY, PARAMETERS_KEY, *PLACE_KEYS, *COMMON_KEYS))
"""Of the apps without modes."""

DIFFERENCE = KeySection("difference", (
    Key("v", "lens", "View", "The difference, A, or B"),
    *(key for key in MAP.keys if key.action.startswith("cell(")),
    Key("pagedown", "scroll_text(1)", "Text on", "Scroll the text below the Map", display="PgDn"),
    Key("pageup", "scroll_text(-1)", "Text back", "Scroll it back", display="PgUp",
        in_footer=False),
    Key("escape", "leave", "Leave", "Select nothing", in_footer=False, display="esc"),
    *COMMON_KEYS,
))  # fmt: skip
"""Of the screen of a difference."""


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
