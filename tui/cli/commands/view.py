"""`microgpt view`: predictions, parameters and more of one training step, a picture a question."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from microgpt import InputError, TrainingState
from tui.cli.debug_script import is_script
from tui.cli.options.model_options import training_config_from
from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.options.output_option import add_output_option
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    trained_models,
    untrained_model,
)
from tui.cli.options.view_choices import add_view_choices, view_choices
from tui.cli.script_pass import graph_of_pass
from tui.cli.terminal.output import say, say_colored, shows_colors
from tui.cli.view_subject import shortened, view_subject
from viz.kinds import VIEW
from viz.views.table import VIEWS, Choices, DrawnView, Page, ViewKind, view_kind

if TYPE_CHECKING:
    from viz.views.subject import ViewSubject

_WITH_SCRIPTS = frozenset({"--pass", "--layer", "--head", "--position", "--top"})
QUICK = 20
"""Characters of a text whose view takes less time than training does."""
MOST_MOMENTS = 40
"""Of a training that is looked at as a whole, unless others are asked for."""

_DESCRIPTION = """\
Draws one view of a training step. Each answers a question:

{views}

Without -o it is printed, if it is not a picture only.
"""
_EXAMPLES = """\
examples:
  microgpt view lens emma --train 300
  microgpt view attention emma --train 300 --position 3 -o attention.svg
  microgpt view scores emma --train 300 --head 2 --theme dark -o scores.png
  microgpt view paths emma --train 300 --node 'layer0.attn_wq[3][7]' -o way.svg
  microgpt view training emma --train 300 -o course.svg
  microgpt view parameters --run names.run --step 300 -o parameters.json
  microgpt view nodes train.py --by scope
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    width = max(map(len, VIEWS))
    views = "\n".join(f"  {name.ljust(width)}  {kind.question}" for name, kind in VIEWS.items())
    parser = subparsers.add_parser(
        "view",
        help="draw attention, predictions, parameters and more of one step",
        description=_DESCRIPTION.format(views=views),
        epilog=_EXAMPLES,
    )
    parser.add_argument("view", metavar="NAME", help=f"one of {', '.join(VIEWS)}")
    add_document_argument(parser, "TEXT|SCRIPT", "; or a script, as train.py [-- ARGS]")
    parser.keep_rest("rest")
    group = parser.add_argument_group("what to show")
    add_view_choices(group)
    add_number(
        group, "--pass", WHOLE_FROM_1, "which backward pass of a script (default 1)",
        dest="pass_number",
    )  # fmt: skip
    group.add_argument(
        "--theme", default="light", metavar="THEME", help="light (default), dark or print"
    )
    add_output_option(group, VIEW, or_else="printed if not given")
    add_trained_model_options(
        parser, several_steps="A,B,C: the moments of a view that shows several"
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Computes and draws; gives the exit status.

    Raises:
        InputError: an option, the document, the script or the output cannot be used; nothing was
            written.
        GraphError: there is no such node.
    """
    from viz.views.export import check_view_output, write_drawn  # noqa: PLC0415  # viz takes a while
    from viz.views.themes import theme_called  # noqa: PLC0415

    kind = view_kind(arguments.view)
    choices = view_choices(arguments)
    kind.check(choices)
    theme = theme_called(arguments.theme)
    if arguments.output is not None:
        check_view_output(arguments.output, force=arguments.force)
    elif kind.parts.lines is None:
        raise InputError(f"view {kind.name} is a picture only: give -o FILE")
    subjects, title = _subjects(kind, arguments, choices)
    view = DrawnView.of(kind.name, subjects, choices)
    if arguments.output is None:
        say(title)
        _print(view, shutil.get_terminal_size((120, 40)).columns)
        return 0
    write_drawn(view, Page(theme, title), arguments.output, force=arguments.force)
    say(f"wrote {arguments.output}: view {kind.name} of {title}")
    return 0


def _print(view: DrawnView, width: int) -> None:
    if shows_colors():
        for pieces in view.colored(width) or []:
            say_colored(pieces)
    else:
        for line in view.lines(width) or []:
            say(line)


def _subjects(
    kind: ViewKind, arguments: argparse.Namespace, choices: Choices
) -> tuple[list[ViewSubject], str]:
    """What the view is of, and that in words; mistakes in choices are found before training."""
    from viz.views.subject import ViewSubject  # noqa: PLC0415  # numpy

    rest = arguments.rest or []
    if arguments.text is None and rest:  # a document may begin with a dash
        arguments.text = rest.pop(0)
    if is_script(arguments.text):
        if kind.needs != "graph":
            raise InputError(
                f"view {kind.name} is of microgpt's own model; of a script there are "
                f"{', '.join(name for name, row in VIEWS.items() if row.needs == 'graph')}"
            )
        graph, where = graph_of_pass(arguments, rest, _WITH_SCRIPTS)
        return [ViewSubject(given=graph)], where
    if rest or arguments.pass_number is not None:
        stray = rest[0] if rest else f"--pass {arguments.pass_number}"
        raise InputError(f"{stray} is for a script, as train.py, and none is given")
    if kind.needs == "steps":
        return _several(arguments)
    if arguments.several_steps is not None:
        steps = ",".join(map(str, arguments.several_steps))
        raise InputError(f"--steps {steps}: view {kind.name} shows one step")
    untrained = untrained_model(arguments)
    if untrained is not None and len(arguments.text) <= QUICK:
        state = TrainingState.untrained(untrained.data)
        config = training_config_from(arguments)
        DrawnView.of(kind.name, [ViewSubject(arguments.text, untrained, state, config)], choices)
    looked_at = trained_model(arguments)
    document = looked_at.chosen_document(arguments.text)
    return [view_subject(looked_at, document)], looked_at.caption(shortened(document))


def _several(arguments: argparse.Namespace) -> tuple[list[ViewSubject], str]:
    """Several moments of one training, on one text."""
    if arguments.text is None:
        raise InputError("a view of several steps is of one text: a TEXT is needed")
    untrained_model(arguments)
    steps = arguments.several_steps or _evenly(arguments)
    models = [*trained_models(arguments, steps)]
    document = models[-1].chosen_document(arguments.text)
    title = f"“{shortened(document)}”, steps {steps[0]} to {steps[-1]}{models[-1].source}"
    return [view_subject(model, document) for model in models], title


def _evenly(arguments: argparse.Namespace) -> tuple[int, ...]:
    """Moments at even distances, from the beginning to where the training is looked at."""
    if arguments.run_file is not None:
        from microgpt.runs import Run  # noqa: PLC0415  # numpy and SQLite

        with Run(arguments.run_file, arguments.engine) as run:
            first, last = run.first_step, run.last_step
    else:
        steps = training_config_from(arguments).num_steps
        first, last = 0, steps if arguments.train is None else arguments.train
    count = min(MOST_MOMENTS, last - first)
    return tuple(
        sorted(
            {first + round(place * (last - first) / max(count, 1)) for place in range(count + 1)}
        )
    )
