"""Every key of the app, once. Bindings, footer, help screen, palette and docs read this table."""

from __future__ import annotations

from dataclasses import dataclass

EVERYWHERE, TRAIN, MAP, GRAPH, ATTENTION = "everywhere", "train", "map", "graph", "attention"
MODES = (TRAIN, MAP, GRAPH, ATTENTION)
"""Of the app that trains."""
STEPS = "graph of training"
"""Of Graph mode, beside those of any graph."""
SCRIPT = "script"
"""Of the app that runs anyone's script, beside those of the graph."""
ALONE = "program"
"""Of the apps without modes."""


@dataclass(frozen=True, slots=True)
class Key:
    """One command.

    Attributes:
        keys: key names as Textual writes them, separated by commas.
        action: the action it runs.
        title: one or two words, for the footer.
        tooltip: a sentence, for the help screen and the palette.
        modes: where it works; `EVERYWHERE` for all modes of the app that trains.
        in_footer: whether the footer has room for it.
        display: how the key is written for people.
        group: the word that keys share in the footer, or "".
        first: whether it is carried out before the next key is looked at: it opens a line, and what
            is typed next must get there, however fast it comes.
    """

    keys: str
    action: str
    title: str
    tooltip: str
    modes: tuple[str, ...] = (EVERYWHERE,)
    in_footer: bool = True
    display: str = ""
    group: str = ""
    first: bool = False


LIVE = (TRAIN, ATTENTION)
ANY = (EVERYWHERE, ALONE)

KEYS = (
    Key("1", "app.mode('train')", "Train", "Train mode: loss, document, samples", in_footer=False),
    Key("2", "app.mode('map')", "Map", "Map mode: the step as one grid of cells", in_footer=False),
    Key("3", "app.mode('graph')", "Graph", "Graph mode: the current step's graph", in_footer=False),
    Key("4", "app.mode('attention')", "Attention", "Attention mode: heads as heatmaps",
        in_footer=False),
    Key("space", "app.pause", "Pause", "Pause training, or go on"),
    Key("n", "app.train_one", "Step", "Train one step, then pause", LIVE),
    Key("plus,equals_sign", "app.faster", "Faster", "More steps a second", LIVE, display="+",
        group="Speed"),
    Key("minus", "app.slower", "Slower", "Fewer steps a second", LIVE, display="-",
        group="Speed"),
    Key("n", "complete_cell(1)", "Next cell", "On to where the next cell is complete", (MAP,),
        group="Cell"),
    Key("N", "complete_cell(-1)", "Cell before", "Back to where the cell before was complete",
        (MAP,), group="Cell"),
    Key("o", "complete_column(1)", "Column", "On to where the position at hand is complete",
        (MAP,), group="Column"),
    Key("O", "complete_column(-1)", "Column before", "Back to where the one before was complete",
        (MAP,), group="Column"),
    Key("s", "step(1)", "Next event", "On by one event; the first begins the backward pass",
        (MAP,), group="Event"),
    Key("S", "step(-1)", "Previous", "Back by one event, with every number as it was", (MAP,),
        group="Event"),
    Key("p", "play(1)", "Play", "From cell to cell by itself, or stop that", (MAP,)),
    Key("P", "play(-1)", "Play back", "The same backwards", (MAP,), in_footer=False),
    Key("plus,equals_sign", "play_speed(1)", "Faster", "Play faster", (MAP,), in_footer=False,
        display="+"),
    Key("minus", "play_speed(-1)", "Slower", "Play slower", (MAP,), in_footer=False, display="-"),
    Key("home", "ends(False)", "First", "First event of the backward pass; again: of the forward",
        (MAP,), in_footer=False, display="Home"),
    Key("end", "ends(True)", "Last", "The last event, every gradient complete", (MAP,),
        in_footer=False, display="End"),
    Key("v", "lens", "Lens", "Look at gradients, values, or what the update changes", (MAP,)),
    Key("left", "cell(0, -1)", "Left", "Select the cell to the left", (MAP,), in_footer=False,
        display="←"),
    Key("right", "cell(0, 1)", "Right", "Select the cell to the right", (MAP,), in_footer=False,
        display="→"),
    Key("up", "cell(-1, 0)", "Up", "Select the cell above: towards the embeddings", (MAP,),
        in_footer=False, display="↑"),
    Key("down", "cell(1, 0)", "Down", "Select the cell below: towards the loss", (MAP,),
        in_footer=False, display="↓"),
    Key("escape", "no_cell", "None", "Select no cell: heads show all their weights", (MAP,),
        in_footer=False, display="esc"),
    Key("enter", "open", "Open", "Open the selected cell's scalars in Graph mode", (MAP,),
        display="⏎"),
    Key("r", "newest", "Newest", "Leave the walk and follow training again", (MAP,),
        in_footer=False),
    Key("s", "step('step')", "Next event", "On by one event; the first begins the backward pass",
        (GRAPH,), group="Event"),
    Key("S", "step('back')", "Previous", "Back by one event, with every number as it was", (GRAPH,),
        group="Event"),
    Key("n", "verb('next')", "Over", "On over the scope at hand", (GRAPH,), in_footer=False),
    Key("N", "verb('reverse-next')", "Back over", "Back to where the scope at hand began",
        (GRAPH,), in_footer=False),
    Key("o", "verb('finish')", "Out", "On until the scope around is done", (GRAPH,),
        in_footer=False),
    Key("O", "verb('reverse-finish')", "Back out", "Back to before the scope around was begun",
        (GRAPH,), in_footer=False),
    Key("c", "verb('continue')", "Continue", "On to the next breakpoint or watchpoint", (GRAPH,),
        group="Run"),
    Key("C", "verb('reverse-continue')", "Run back", "Back to the last breakpoint or watchpoint",
        (GRAPH,), group="Run"),
    Key("u", "line('until ')", "Until", "On to where a condition holds, to be typed", (GRAPH,),
        first=True,
        in_footer=False),
    Key("p", "play", "Play", "Step by itself, or stop that", (GRAPH,), in_footer=False),
    Key("home", "first_event", "First", "First event of the backward pass; again: of the forward",
        (GRAPH,), in_footer=False, display="Home"),
    Key("end", "verb('goto end')", "Last", "The last event, every gradient complete",
        (GRAPH,), in_footer=False, display="End"),
    Key("b", "on_selection('break')", "Break", "Breakpoint on the selected node or scope",
        (GRAPH,), in_footer=False),
    Key("w", "on_selection('watch')", "Watch", "Watchpoint on the selected node, matrix or scope",
        (GRAPH,), in_footer=False),
    Key("y", "why", "Why", "Why the selected node's gradient has its value", (GRAPH,)),
    Key("e", "edit", "Edit", "What if the selected node had another value", (GRAPH,),
        first=True,
        in_footer=False),
    Key("z", "zero", "Zero", "What if the selected node or scope gave 0", (GRAPH,),
        in_footer=False),
    Key("U", "line_now('undo')", "Undo", "Take the last what-if back", (GRAPH,), in_footer=False),
    Key("G", "on_selection('gradcheck')", "Check", "Compare the gradient with a central difference",
        (GRAPH,), in_footer=False),
    Key("slash", "line('search ')", "Search", "Find nodes by name, op or condition", (GRAPH,),
        first=True,
        in_footer=False, display="/"),
    Key("colon", "line", "Verb", "Type any of the debugger's verbs; help lists them", (GRAPH,),
        first=True,
        display=":"),
    Key("escape", "hide_console", "Hide", "Hide the console", (GRAPH,), in_footer=False,
        display="esc"),
    Key("enter", "open", "Open", "Look into the selected box", (GRAPH,), display="⏎",
        group="Box"),
    Key("backspace", "close", "Close", "Back out to the box around", (GRAPH,), display="⌫",
        group="Box"),
    Key("left", "select('left')", "Left", "Select the box to the left: towards operands",
        (GRAPH,), in_footer=False, display="←"),
    Key("right", "select('right')", "Right", "Select the box to the right: towards the loss",
        (GRAPH,), in_footer=False, display="→"),
    Key("up", "select('up')", "Up", "Select the box above", (GRAPH,), in_footer=False, display="↑"),
    Key("down", "select('down')", "Down", "Select the box below", (GRAPH,), in_footer=False,
        display="↓"),
    Key("shift+left", "pan(-1, 0)", "Pan left", "Move the window left; with the other arrows too",
        (GRAPH,), in_footer=False, display="⇧←"),
    Key("shift+right", "pan(1, 0)", "Pan right", "Move the window right", (GRAPH,),
        in_footer=False, display="⇧→"),
    Key("shift+up", "pan(0, -1)", "Pan up", "Move the window up", (GRAPH,), in_footer=False,
        display="⇧↑"),
    Key("shift+down", "pan(0, 1)", "Pan down", "Move the window down", (GRAPH,), in_footer=False,
        display="⇧↓"),
    Key("tab", "app.focus_next", "Next pane", "Between canvas, boxes and inspector", (GRAPH,),
        in_footer=False, display="tab"),
    Key("f", "find_visited", "Find visited", "Show the node that is being visited", (GRAPH,),
        in_footer=False),
    Key("r", "newest", "Newest", "Graph of the newest step, from the top", (STEPS,),
        in_footer=False),
    Key("h,left", "head(-1)", "Head −", "Previous head", (ATTENTION,), display="h",
        group="Head"),
    Key("l,right", "head(1)", "Head +", "Next head", (ATTENTION,), display="l", group="Head"),
    Key("j,down", "position(1)", "Position +", "Next query position", (ATTENTION,), display="j",
        group="Position"),
    Key("k,up", "position(-1)", "Position −", "Previous query position", (ATTENTION,),
        display="k", group="Position"),
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
    Key("space", "app.run_on", "Run on", "Let the script go on to its next stop", (SCRIPT,)),
    Key("P", "app.stop_script", "Stop", "Stop the script at its next backward pass", (SCRIPT,),
        in_footer=False),
    Key("i", "app.interrupt", "Interrupt", "Ctrl-C for the script", (SCRIPT,), in_footer=False),
    Key("question_mark", "app.help", "Help", "All keys", ANY, display="?"),
    Key("x", "app.export", "Export", "Write this view to an SVG file and say where", ANY),
    Key("t", "app.switch_theme", "Theme", "Switch between the dark and the light theme", ANY,
        in_footer=False),
    Key("q,ctrl+q", "app.quit", "Quit", "Leave the program", ANY, display="q"),
)  # fmt: skip


def keys_of(mode: str) -> tuple[Key, ...]:
    """The keys that work in one mode only or in some; `EVERYWHERE` for those that always do."""
    return tuple(key for key in KEYS if mode in key.modes)


def shown(key: Key) -> str:
    """How a key is written for people.

    >>> shown(KEYS[3])
    'space'
    """
    return key.display or key.keys.split(",", maxsplit=1)[0]


def markdown_table() -> str:
    """All keys as the table that stands in the README."""
    rows = ["| mode | key | |", "|---|---|---|"]
    for mode in (EVERYWHERE, TRAIN, MAP, GRAPH, STEPS, ATTENTION, SCRIPT):
        rows += [f"| {mode} | `{shown(key)}` | {key.tooltip} |" for key in keys_of(mode)]
    return "\n".join(rows)
