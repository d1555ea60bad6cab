"""`microgpt map`: one training step on one page: who reads whom, and where the gradient flows."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import InputError, ModelSnapshot
from tui.cli.debug_script import is_script
from tui.cli.options.number_options import WHOLE_FROM_0, WHOLE_FROM_1, add_number
from tui.cli.options.parser import CommandParser, Subparsers, given_options
from tui.cli.options.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    untrained_model,
)
from tui.cli.terminal.output import say

if TYPE_CHECKING:
    from viz.map.lenses import Look
    from viz.map.step_map import StepMap

_DESCRIPTION = """\
Draws one training step on one page: columns are positions under their tokens,
rows are blocks in the order of the forward pass, and a cell is as strong as
the gradient of what leaves it. Heads show whom they read. Without -o it is
printed.

Or the pass of a script: a name that ends in .py, or the path of a file. Its
columns and rows are found in what it computes.
"""
_EXAMPLES = """\
examples:
  microgpt map emma --train 300
  microgpt map emma --train 300 -o map.svg
  microgpt map --run names.run --step 300 --compare 200 -o grown.svg
  microgpt map emma --lens why --node 'layer0.attn_wq[3][7]'
  microgpt map train.py --pass 10 -o pass10.json -- --lr 0.1
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "map",
        help="draw one training step as a map of positions and blocks",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_document_argument(parser, "TEXT|SCRIPT", "; or a script, as train.py [-- ARGS]")
    parser.keep_rest("rest")
    group = parser.add_argument_group("what to show")
    group.add_argument(
        "--lens", metavar="LENS", help="grad (default), value, update, why, or change"
    )
    group.add_argument("--node", metavar="NODE", help="whose gradient the lens why divides")
    group.add_argument(
        "--compare", metavar="STEP|RUN:STEP",
        help="another step, or one of another recorded run; the lens is change then",
    )  # fmt: skip
    add_number(
        group, "--pass", WHOLE_FROM_1, "which backward pass of a script (default 1)",
        dest="pass_number",
    )  # fmt: skip
    add_number(
        group, "--layer", WHOLE_FROM_0,
        "from three layers on, the one whose rows are shown: others are a row each; not in JSON",
    )  # fmt: skip
    group.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="what to write: .svg, .png, .json; printed if not given",
    )  # fmt: skip
    add_trained_model_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Computes and draws; gives the exit status.

    Raises:
        InputError: an option, the document, the script or the output cannot be used; nothing was
            written.
        GraphError: there is no such node, or two steps cannot be compared.
    """
    from viz.map.export import check_map_output, write_map  # noqa: PLC0415  # viz takes a while

    _check_lens(arguments)
    if arguments.output is not None:
        check_map_output(arguments.output)
    rest = arguments.rest or []
    if arguments.text is None and rest:  # a document may begin with a dash
        arguments.text = rest.pop(0)
    if is_script(arguments.text):
        look, title = _of_script(arguments, rest)
    else:
        if rest or arguments.pass_number is not None:
            stray = rest[0] if rest else f"--pass {arguments.pass_number}"
            raise InputError(f"{stray} is for a script, as train.py, and none is given")
        look, title = _of_document(arguments)
    if arguments.output is None:
        _print(look, title)
        return 0
    write_map(look, arguments.output, title)
    rows, columns = len(look.map.rows), len(look.map.grid.labels)
    say(
        f"wrote {arguments.output}: {_count(columns, 'column')}, {_count(rows, 'row')}, "
        f"{look.map.n_cells} cells of {len(look.map.graph):,} nodes"
    )
    return 0


def _check_lens(arguments: argparse.Namespace) -> None:
    """Refuses what cannot go together, and settles which lens is meant."""
    from viz.map.lenses import DEFAULT_LENS, LENSES  # noqa: PLC0415  # numpy

    if arguments.compare is not None:
        if arguments.lens not in {None, "change"}:
            raise InputError(f"--compare goes with the lens change, not with {arguments.lens}")
        arguments.lens = "change"
    if arguments.lens is None:
        arguments.lens = DEFAULT_LENS if arguments.node is None else "why"
    if arguments.lens not in LENSES:
        raise InputError(f"--lens {arguments.lens}: must be one of {', '.join(LENSES)}")
    if (arguments.lens == "why") != (arguments.node is not None):
        raise InputError(
            "--lens why: needs --node NODE, whose gradient is divided"
            if arguments.node is None
            else f"--node {arguments.node}: goes with the lens why, not with {arguments.lens}"
        )
    if arguments.lens == "change" and arguments.compare is None:
        raise InputError("--lens change: needs --compare STEP or --compare RUN:STEP")


# -- a document ------------------------------------------------------------------------------------


def _of_document(arguments: argparse.Namespace) -> tuple[Look, str]:
    from microgpt.debugger.node_references import find_node  # noqa: PLC0415  # numpy
    from viz.map.captions import document_captions  # noqa: PLC0415
    from viz.map.lenses import Question, look  # noqa: PLC0415
    from viz.map.step_map import StepMap  # noqa: PLC0415

    untrained_model(arguments)
    looked_at = trained_model(arguments)
    document = looked_at.chosen_document(arguments.text)
    model = looked_at.model
    graph = model.graph(document)
    tokens = model.tokenizer.encode(document)[: model.config.block_size + 1]
    labels = [model.tokenizer.label(token) for token in tokens]
    step_map = _folded(
        StepMap.of(graph, document_captions(graph, labels), looked_at.step), arguments
    )
    compared = f", compared with {arguments.compare}" if arguments.compare else ""
    question = Question(
        node=None if arguments.node is None else find_node(graph, arguments.node),
        updated=looked_at.updated().graph(document) if arguments.lens == "update" else None,
        other=_compared(arguments).graph(document) if arguments.compare else None,
    )
    return look(step_map, arguments.lens, question), looked_at.caption(document) + compared


def _compared(arguments: argparse.Namespace) -> ModelSnapshot:
    """The model of the other step."""
    spec: str = arguments.compare
    run_file, colon, step = spec.rpartition(":")
    if not step.isdecimal() or (colon and not run_file):
        raise InputError(f"--compare {spec}: must be a STEP, or RUN:STEP with a recorded run")
    other = argparse.Namespace(**vars(arguments))
    if colon or arguments.run_file is not None:
        other.run_file, other.step = Path(run_file) if colon else arguments.run_file, int(step)
        other.given, other.train = (), None
    else:
        other.train = int(step)
    return trained_model(other).model


# -- a script --------------------------------------------------------------------------------------


def _of_script(arguments: argparse.Namespace, script_arguments: list[str]) -> tuple[Look, str]:
    from microgpt.attach import ScriptProcess, Stop, StopRule  # noqa: PLC0415  # numpy
    from microgpt.debugger.node_references import find_node  # noqa: PLC0415
    from viz.map.lenses import Question, look  # noqa: PLC0415
    from viz.map.step_map import StepMap  # noqa: PLC0415

    for option in given_options(arguments):
        if option not in {"--pass", "--layer"}:
            raise InputError(
                f"{option} cannot be given with {arguments.text}: a script has its own model; its "
                "own arguments follow after --"
            )
    if arguments.lens in {"update", "change"}:
        raise InputError(f"--lens {arguments.lens}: of a script's pass there is grad, value or why")
    wanted = arguments.pass_number or 1
    rule = StopRule(every=wanted)
    with ScriptProcess(arguments.text, script_arguments, rule, output="stderr") as script:
        stop = script.run_on()
    if not isinstance(stop, Stop):
        raise InputError(f"{arguments.text}: there was no backward pass {wanted}: {stop.reason}")
    if stop.graph is None:
        raise InputError(
            f"{arguments.text}: backward pass {stop.number} gives no graph: {stop.problem}"
        )
    graph = stop.graph
    node = None if arguments.node is None else find_node(graph, arguments.node)
    where = f"{Path(arguments.text).name}, {stop.kind} {stop.number}"
    step_map = _folded(StepMap.of(graph), arguments)
    return look(step_map, arguments.lens, Question(node=node)), where


def _folded(step_map: StepMap, arguments: argparse.Namespace) -> StepMap:
    """The Map with one layer open, but for JSON, which has all of it."""
    from viz.map.folding import with_open_layer  # noqa: PLC0415  # numpy

    if arguments.output is not None and arguments.output.suffix.lower() == ".json":
        return step_map
    return with_open_layer(step_map, arguments.layer)


# -- printing --------------------------------------------------------------------------------------


def _print(look: Look, title: str) -> None:
    from viz.map.text import TextMap  # noqa: PLC0415

    say(title)
    for line in TextMap(look, shutil.get_terminal_size((120, 40)).columns).lines():
        say("".join(span.text for span in line).rstrip())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
