"""`microgpt debug TEXT`: the debugger on a document's graph. Imports numpy, so it comes late."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from microgpt import InputError, ModelSnapshot
from microgpt.debugger.post_mortem import compute
from microgpt.debugger.session import DebugSession
from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.train.graph_origin import GraphOrigin
from microgpt.train.region_graph import region_graph
from microgpt.train.step_vectors import StepVectors
from tui.cli.options.trained_model import trained_model, untrained_model
from tui.cli.terminal.output import notice
from tui.cli.verb_lines import carry_out


def debug_document(arguments: argparse.Namespace, lines: Iterable[str] | None) -> int:
    """Opens a session on a document and carries out verbs; gives the exit status.

    Args:
        arguments: as typed.
        lines: the verbs, None to read them from stdin.

    Raises:
        InputError: an option or the document cannot be used.
    """
    untrained_model(arguments)
    looked_at = trained_model(arguments, stop_where_it_fails=True)
    document = (
        looked_at.document if looked_at.problem else looked_at.chosen_document(arguments.text)
    )
    origin = GraphOrigin(
        looked_at.model, document, looked_at.state.step + 1, looked_at.documents, looked_at.state,
        looked_at.config,
    )  # fmt: skip
    if arguments.region is not None:
        session = DebugSession(_region(looked_at.model, document, arguments.region), origin)
    else:
        computed = compute(looked_at.model, document)
        session = DebugSession(computed.graph, origin, computed.problem or looked_at.problem)
    if looked_at.problem:
        notice(f"training failed: {looked_at.problem}")
    if lines is None and sys.stdin.isatty() and not arguments.json:
        from tui.cli.debug_prompt import open_session  # noqa: PLC0415  # slow to import

        open_session(session, looked_at.caption(document))
        return 0
    return carry_out(session, sys.stdin if lines is None else lines, as_json=arguments.json)


def _region(model: ModelSnapshot, document: str, typed: str) -> Graph:
    """The scopes of --region.

    Raises:
        InputError: there is no such scope, or they are too large; or a number is not finite.
    """
    vectors = StepVectors.of(model, document)
    if vectors is None:
        raise InputError(f"--region {typed}: a number of this step is not finite")
    try:
        return region_graph(vectors, [path.strip().strip("/") for path in typed.split(",")])
    except GraphError as error:
        raise InputError(f"--region {typed}: {error}") from error
