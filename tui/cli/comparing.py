"""Comparing what two names stand for, recorded runs or scripts: for `diff` and for its screen."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microgpt.errors import InputError
from microgpt.files import is_file
from tui.cli.debug_script import is_recording, is_script
from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.script_recording import opened_script

if TYPE_CHECKING:
    from microgpt.difference.graph_difference import GraphDifference
    from microgpt.difference.run_difference import RunParting
    from microgpt.runs import Run
    from viz.maps.difference import ComparedMaps

MOST_PASSES = 10
_RUN_BEGINS = b"SQLite format 3\0"


def add_compared(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Adds what is compared, and the options of it; gives their group."""
    parser.add_argument("a", metavar="A", help="a recorded run, or a script, as train.py")
    parser.add_argument(
        "b", metavar="B",
        help="another of the same kind; arguments after -- are for both scripts",
    )  # fmt: skip
    group = parser.add_argument_group("what to compare and to show")
    add_number(
        group, "--pass", WHOLE_FROM_1, "only this backward pass of the scripts", dest="pass_number"
    )
    add_number(
        group, "--passes", WHOLE_FROM_1,
        f"so many passes of the scripts at most, until they part (default {MOST_PASSES})",
    )  # fmt: skip
    return group


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it."""

    is_alike: bool
    lines: list[str]
    json: dict[str, Any]
    maps: Callable[[], ComparedMaps] | None  # None if there are no graphs
    what: str  # they are of: "step 2, “olivia”"


def compare(arguments: argparse.Namespace) -> Compared:
    """Compares.

    Raises:
        InputError: what is given cannot be compared, or an option does not go with it.
        RunFileError: a run cannot be read.
        GraphError: two computations have nothing in common.
    """
    scripts = [_is_script(name) for name in (arguments.a, arguments.b)]
    if scripts[0] != scripts[1]:
        script, other = (
            (arguments.a, arguments.b) if scripts[0] else (arguments.b, arguments.a)
        )  # fmt: skip
        raise InputError(
            f"{script} is a script and {other} is none: two recorded runs or two scripts are needed"
        )
    return _scripts(arguments) if all(scripts) else _runs(arguments)


def _is_script(name: str) -> bool:
    """Whether it is a script; a recorded run in another folder is a file's path, too."""
    if is_recording(name):
        return True
    if not is_script(name) or name.endswith(".run"):
        return False
    if not is_file(name):
        return True
    try:
        with Path(name).open("rb") as file:
            return file.read(len(_RUN_BEGINS)) != _RUN_BEGINS
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}") from None


# -- runs ------------------------------------------------------------------------------------------


def _runs(arguments: argparse.Namespace) -> Compared:
    for option, given in (("--pass", arguments.pass_number), ("--passes", arguments.passes)):
        if given is not None:
            raise InputError(f"{option} {given} is for scripts, as train.py, and none is given")
    if arguments.rest:
        raise InputError(f"{arguments.rest[0]} is for scripts, as train.py, and none is given")
    for name in (arguments.a, arguments.b):
        if not name or not Path(name).exists():
            raise InputError(
                f"no file {name!r}: a recorded run (microgpt train --run FILE) or a script, as "
                "train.py, is needed"
            )
    from microgpt.difference.as_json import run_json  # noqa: PLC0415  # numpy
    from microgpt.difference.lines import run_lines  # noqa: PLC0415  # likewise
    from microgpt.difference.run_difference import RunDifference  # noqa: PLC0415  # likewise
    from microgpt.runs import Run  # noqa: PLC0415  # SQLite

    with ExitStack() as stack:
        a, b = (stack.enter_context(Run(name)) for name in (arguments.a, arguments.b))
        difference = RunDifference.of(a, b)
        told, parting = run_json(difference), difference.parting
        maps = None if parting is None else lambda: _maps_of_step(a, b, parting)
    return Compared(
        parting is None,
        run_lines(difference),
        {"kind": "runs", **told},
        maps,
        "" if parting is None else f"step {parting.step}",
    )


def _maps_of_step(a: Run, b: Run, parting: RunParting) -> ComparedMaps:
    from viz.maps.captions import document_captions  # noqa: PLC0415  # numpy
    from viz.maps.difference import ComparedMaps  # noqa: PLC0415  # likewise

    graphs = parting.graphs
    captions = []
    for of, graph, document in zip(
        (a, b), (graphs.a, graphs.b), parting.documents, strict=True
    ):  # fmt: skip
        tokens = of.tokenizer.encode(document)[: of.info.model.block_size + 1]
        captions.append(document_captions(graph, [of.tokenizer.label(token) for token in tokens]))
    return ComparedMaps.of(graphs, (captions[0], captions[1]), parting.step)


# -- scripts ---------------------------------------------------------------------------------------


def _scripts(arguments: argparse.Namespace) -> Compared:
    if arguments.pass_number is not None and arguments.passes is not None:
        raise InputError(
            f"--pass {arguments.pass_number} and --passes {arguments.passes}: one of them"
        )
    from microgpt.attach import StopRule  # noqa: PLC0415  # numpy
    from microgpt.difference.as_json import pass_json  # noqa: PLC0415  # likewise
    from microgpt.difference.lines import pass_lines  # noqa: PLC0415  # likewise
    from microgpt.difference.pass_difference import PassDifference  # noqa: PLC0415  # likewise

    rule = StopRule(only=arguments.pass_number or 0)
    most = 1 if arguments.pass_number else arguments.passes or MOST_PASSES
    rest = arguments.rest or []
    with ExitStack() as stack:
        a = opened_script(arguments.a, [] if is_recording(arguments.a) else rest, rule)
        stack.enter_context(a)
        b = opened_script(arguments.b, [] if is_recording(arguments.b) else rest, rule)
        stack.enter_context(b)
        difference = PassDifference.of(a, b, most)
    return Compared(
        difference.is_alike,
        pass_lines(difference),
        {"kind": "scripts", **pass_json(difference)},
        lambda: _maps_of_pass(difference.graphs),
        f"pass {difference.number}",
    )


def _maps_of_pass(graphs: GraphDifference) -> ComparedMaps:
    from viz.maps.difference import ComparedMaps  # noqa: PLC0415  # numpy

    return ComparedMaps.of(graphs)
