"""`debug(loss)` anywhere in a program opens the debugger on that computation, like `breakpoint()`.

Front ends are found through the entry point group `microgpt.frontends`, so that nothing here knows
a screen. Each is a function of a `DebugSession` and a title. `textual` is taken where there is a
terminal to draw on, `prompt` everywhere else; MICROGPT_FRONTEND names another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from microgpt.autograd.value import Value
from microgpt.errors import DomainError, InputError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from microgpt.debugger.session import DebugSession
    from microgpt.graph.graph import Graph

FrontEnd: TypeAlias = "Callable[[DebugSession, str], None]"

GROUP = "microgpt.frontends"
VARIABLE = "MICROGPT_FRONTEND"
SCREEN, PROMPT = "textual", "prompt"


def debug(root: Value | Graph | DomainError) -> None:
    """Opens the debugger on a computation, and returns when the user leaves it.

    Values made inside `microgpt.recording()` show their source lines.

    Args:
        root: usually the loss. Without a `backward()` before, only the forward pass can be seen.
            Or the error of an op that failed: the session stands there, post mortem.

    Raises:
        InputError: no front end is installed, or none of the name in MICROGPT_FRONTEND.
    """
    # All of these import numpy, which a program that is never stopped here can do without.
    from microgpt.attach.evaluators import methods_of  # noqa: PLC0415
    from microgpt.debugger.post_mortem import failed_graph  # noqa: PLC0415
    from microgpt.debugger.session import DebugSession  # noqa: PLC0415
    from microgpt.graph.graph import Graph  # noqa: PLC0415

    open_session = front_end()
    if isinstance(root, DomainError):
        session = DebugSession(failed_graph(root), problem=str(root))
    elif isinstance(root, Graph):
        session = DebugSession(root)
    else:
        session = DebugSession(Graph.from_value(root), methods=methods_of(root))
    open_session(session, "")


def front_end() -> FrontEnd:
    """The front end for the terminal at hand.

    Raises:
        InputError: as `debug` does.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415  # slow to import

    installed = {entry.name: entry for entry in entry_points(group=GROUP)}
    chosen: FrontEnd = _chosen(installed).load()
    return chosen


def _chosen(installed: dict[str, EntryPoint]) -> EntryPoint:
    if not installed:
        raise InputError(f"no front end of the debugger is installed (entry points {GROUP!r})")
    if name := os.environ.get(VARIABLE):
        if name not in installed:
            raise InputError(f"{VARIABLE}={name}: there is {', '.join(sorted(installed))}")
        return installed[name]
    order = (SCREEN, PROMPT) if _is_a_screen() else (PROMPT, SCREEN)
    return next(
        (installed[name] for name in order if name in installed), next(iter(installed.values()))
    )


def _is_a_screen() -> bool:
    dumb = os.environ.get("TERM", "dumb") in {"dumb", "unknown"}
    # A screen may be drawn on stderr, as Textual does: with that in a file it would stay empty.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and not dumb
