"""The graph of one backward pass of a script, for commands that draw it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import InputError
from tui.cli.options.parser import given_options
from tui.cli.script_recording import opened_script

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph


def graph_of_pass(
    arguments: argparse.Namespace, script_arguments: list[str], known: frozenset[str]
) -> tuple[Graph, str]:
    """The graph of the pass asked for, and in words which that is.

    Args:
        known: the options that go with a script.

    Raises:
        InputError: the script or an option cannot be used, or there is no such pass.
    """
    from microgpt.attach import Stop, StopRule  # noqa: PLC0415  # numpy

    for option in given_options(arguments):
        if option not in known:
            raise InputError(
                f"{option} cannot be given with {arguments.text}: a script has its own model; its "
                "own arguments follow after --"
            )
    wanted = arguments.pass_number or 1
    rule = StopRule(only=wanted)
    with opened_script(arguments.text, script_arguments, rule) as script:
        stop = script.run_on()
    if not isinstance(stop, Stop):
        raise InputError(f"{arguments.text}: there was no backward pass {wanted}: {stop.reason}")
    if stop.graph is None and stop.error:
        from microgpt.code_places import line_called  # noqa: PLC0415

        raise InputError(
            f"{arguments.text}: {line_called(stop.file, stop.line)}: raised {stop.error}"
        )
    if stop.graph is None:
        raise InputError(
            f"{arguments.text}: backward pass {stop.number} gives no graph: {stop.problem}"
        )
    return stop.graph, f"{Path(arguments.text).name}, {stop.kind} {stop.number}"
