"""`microgpt map`: one training step on one page: who reads whom, and where the gradient flows."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import InputError, ModelSnapshot
from tui.cli.debug_script import is_script
from tui.cli.options.model_options import training_config_from
from tui.cli.options.number_options import WHOLE_FROM_0, WHOLE_FROM_1, add_number
from tui.cli.options.output_option import add_output_option
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import (
    TrainedModel,
    add_document_argument,
    add_trained_model_options,
    trained_model,
    trained_models,
    untrained_model,
)
from tui.cli.script_pass import graph_of_pass
from tui.cli.terminal.output import say
from viz.kinds import MAP

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph
    from viz.maps.lenses import Look
    from viz.maps.spans import Line
    from viz.maps.step_map import StepMap

_WITH_SCRIPTS = frozenset({"--pass", "--layer"})
GAP = 3
"""Between Maps that are printed side by side. Units: characters."""

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
  microgpt map emma --train 300 -o step.html
  microgpt map emma --steps 1,50,300 -o learning.svg
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
    add_output_option(group, MAP, or_else="printed if not given")
    add_trained_model_options(
        parser, several_steps="A,B,C: Maps of several steps on one scale, side by side in pictures"
    )
    return parser


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What is drawn."""

    looks: Sequence[Look]
    names: Sequence[str]  # of each Map
    title: str


def run(arguments: argparse.Namespace) -> int:
    """Computes and draws; gives the exit status.

    Raises:
        InputError: an option, the document, the script or the output cannot be used; nothing was
            written.
        GraphError: there is no such node, or two steps cannot be compared.
    """
    from viz.maps.export import check_map_output, write_maps  # noqa: PLC0415  # viz takes a while

    _check_lens(arguments)
    if arguments.output is not None:
        n_maps = len(arguments.several_steps or [None])
        check_map_output(arguments.output, n_maps, force=arguments.force)
    rest = arguments.rest or []
    if arguments.text is None and rest:  # a document may begin with a dash
        arguments.text = rest.pop(0)
    if is_script(arguments.text):
        drawing = _of_script(arguments, rest)
    else:
        if rest or arguments.pass_number is not None:
            stray = rest[0] if rest else f"--pass {arguments.pass_number}"
            raise InputError(f"{stray} is for a script, as train.py, and none is given")
        drawing = _of_document(arguments)
    if arguments.output is None:
        _print(drawing)
        return 0
    write_maps(drawing.looks, drawing.names, arguments.output, drawing.title, force=arguments.force)
    shown, n_maps = drawing.looks[0].map, len(drawing.looks)
    each = f"{n_maps} Maps, each of " if n_maps > 1 else ""
    say(
        f"wrote {arguments.output}: {each}{_count(len(shown.grid.labels), 'column')}, "
        f"{_count(len(shown.rows), 'row')}, {shown.n_cells} cells of {shown.n_nodes:,} nodes"
    )
    return 0


def _check_lens(arguments: argparse.Namespace) -> None:
    """Refuses what cannot go together, and settles which lens is meant."""
    from viz.maps.lenses import DEFAULT_LENS, LENSES  # noqa: PLC0415  # numpy

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


def _of_document(arguments: argparse.Namespace) -> _Drawing:
    """One step of a document, or several."""
    steps = arguments.several_steps
    if steps is not None and arguments.text is None:
        raise InputError("--steps: several steps are shown on one text: a TEXT is needed")
    untrained_model(arguments)
    other = _compared(arguments) if arguments.compare else None
    compared = f", compared with {arguments.compare}" if arguments.compare else ""
    if steps is None:
        only = trained_model(arguments)
        document = only.chosen_document(arguments.text)
        title = only.caption(document) + compared
        return _Drawing([_look_at(only, document, other, arguments)], [""], title)
    looks, names, source = [], [], ""
    for each in trained_models(arguments, steps):
        looks.append(_look_at(each, each.chosen_document(arguments.text), other, arguments))
        names.append(each.moment)
        source = each.source
    return _Drawing(looks, names, f"“{arguments.text}”{source}{compared}")


def _look_at(
    looked_at: TrainedModel,
    document: str,
    other: ModelSnapshot | None,
    arguments: argparse.Namespace,
) -> Look:
    """A document's Map by one model.

    Args:
        other: the model to compare with, for the lens change.
    """
    from viz.maps.captions import document_captions  # noqa: PLC0415
    from viz.maps.lenses import Question, look  # noqa: PLC0415
    from viz.maps.step_map import StepMap  # noqa: PLC0415

    model = looked_at.model
    tokens = model.tokenizer.encode(document)[: model.config.block_size + 1]
    labels = [model.tokenizer.label(token) for token in tokens]
    graph_of: Callable[[ModelSnapshot], Graph] = lambda model: model.graph(document)  # noqa: E731
    if _is_of_vectors(model, tokens, arguments):
        from viz.maps.vector_map import graph_by, vector_map  # noqa: PLC0415

        graph_of = lambda model: graph_by(model, document)  # noqa: E731
        step_map = vector_map(model, document, looked_at.step)
    else:
        graph = graph_of(model)
        step_map = StepMap.of(graph, document_captions(graph, labels), looked_at.step)
    question = Question(
        node=_asked_about(step_map.graph, arguments),
        updated=graph_of(looked_at.updated()) if arguments.lens == "update" else None,
        other=None if other is None else graph_of(other),
    )
    return look(_folded(step_map, arguments), arguments.lens, question)


def _is_of_vectors(
    model: ModelSnapshot, tokens: Sequence[int], arguments: argparse.Namespace
) -> bool:
    """Whether a step is so large that its Map is made of vectors: unless scalars are needed."""
    from microgpt.train.graph_cost import MOST_SCALARS, n_nodes  # noqa: PLC0415  # with viz

    is_page = arguments.output is not None and arguments.output.suffix.lower() == ".html"
    count = n_nodes(model.config, model.tokenizer.vocab_size, tokens)
    return count > MOST_SCALARS and arguments.lens != "why" and not is_page


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
        if other.train > (last := training_config_from(arguments).num_steps):
            raise InputError(f"--compare {spec}: must be at most {last}, the schedule (--steps)")
    return trained_model(other).model


# -- a script --------------------------------------------------------------------------------------


def _of_script(arguments: argparse.Namespace, script_arguments: list[str]) -> _Drawing:
    from viz.maps.lenses import Question, look  # noqa: PLC0415  # numpy
    from viz.maps.step_map import StepMap  # noqa: PLC0415

    if arguments.lens in {"update", "change"}:
        raise InputError(f"--lens {arguments.lens}: of a script's pass there is grad, value or why")
    graph, where = graph_of_pass(arguments, script_arguments, _WITH_SCRIPTS)
    node = _asked_about(graph, arguments)
    step_map = _folded(StepMap.of(graph), arguments)
    return _Drawing([look(step_map, arguments.lens, Question(node=node))], [""], where)


def _asked_about(graph: Graph, arguments: argparse.Namespace) -> int | None:
    """The node of --node."""
    if arguments.node is None:
        return None
    from microgpt.debugger.node_references import find_node  # noqa: PLC0415  # the debugger's import

    return find_node(graph, arguments.node)


def _folded(step_map: StepMap, arguments: argparse.Namespace) -> StepMap:
    """The Map with one layer open, but for JSON, which has all of it."""
    from viz.maps.folding import with_open_layer  # noqa: PLC0415  # numpy

    if arguments.output is not None and arguments.output.suffix.lower() == ".json":
        return step_map
    return with_open_layer(step_map, arguments.layer)


# -- printing --------------------------------------------------------------------------------------


def _print(drawing: _Drawing) -> None:
    """Maps beside each other where the window is wide enough, else one below the other."""
    from viz.maps.text import TextMap  # noqa: PLC0415

    width, n_maps = shutil.get_terminal_size((120, 40)).columns, len(drawing.looks)
    say(drawing.title)
    beside = TextMap(drawing.looks[0], (width + GAP) // n_maps - GAP)
    is_wide = beside.widths.has_numbers and len(beside.columns) == beside.n_columns
    texts = [
        TextMap(look, beside.width if is_wide else width, beside=drawing.looks)
        for look in drawing.looks
    ]
    blocks = [
        [*([name] if name else []), *map(_joined, text.lines())]
        for name, text in zip(drawing.names, texts, strict=True)
    ]
    if is_wide:
        for lines in zip_longest(*blocks, fillvalue=""):
            say((" " * GAP).join(line.ljust(beside.width) for line in lines).rstrip())
    else:
        for place, block in enumerate(blocks):
            for line in ([""] if place else []) + block:
                say(line)
    for told in texts[0].legend():
        say(_joined(told))


def _joined(line: Line) -> str:
    return "".join(span.text for span in line).rstrip()


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
