"""The command `microgpt-tui`: options first, so that a mistake in them costs no screen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import microgpt
from microgpt import InputError, Training
from microgpt.errors import MicrogptError
from tui.base.app_runner import check_terminal, run_app
from tui.cli.options.inside import check_inside
from tui.cli.options.model_options import (
    add_corpus_and_model_options,
    add_engine_option,
    add_validation_option,
    given_corpus_and_model_options,
    training_from,
)
from tui.cli.options.number_options import PORTS, add_number
from tui.cli.options.parser import CommandParser
from tui.cli.terminal.exit_status import exit_status
from tui.debugger import script_command
from tui.difference import difference_command
from tui.learn_command import run as learn

if TYPE_CHECKING:
    from microgpt.runs import Run
    from tui.app import MicrogptApp

_DESCRIPTION = """\
Watch microgpt train, open its computation graph down to single scalars, step
through backprop and back, and look at its attention heads. Press ? for the keys.
"""
_EXAMPLES = """\
examples:
  microgpt-tui
  microgpt-tui --data ./my-names.txt --n-layer 2
  microgpt-tui --run names.run
  microgpt-tui names.run
  microgpt-tui diff slow.run fast.run # where they part; see diff --help
  microgpt-tui --web                  # in a browser of this machine
  microgpt-tui learn                  # lessons on the real model; see learn --help
  microgpt-tui run my_micrograd.py    # the debugger on your own program; see run --help
"""

HOST, PORT = "127.0.0.1", 8000

SPEED = 20.0
"""To begin with: as fast as one can watch, and the whole run in under a minute. Steps a second."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the app with these arguments, the process's own by default; gives the exit status."""
    typed = sys.argv[1:] if argv is None else argv
    return exit_status("microgpt-tui", lambda: _run(typed), typed)


def _run(argv: Sequence[str]) -> int:
    if argv[:1] == ["run"]:
        return script_command.run(argv[1:])
    if argv[:1] == ["diff"]:
        return difference_command.run(argv[1:])
    if argv[:1] == ["learn"]:
        return learn(argv[1:])
    parser = CommandParser(prog="microgpt-tui", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument(
        "--version", action="version", version=f"microgpt-tui {microgpt.__version__}"
    )
    parser.add_argument(
        "recorded", nargs="?", type=Path, metavar="FILE",
        help="a recorded run to look at, also while another process writes it",
    )  # fmt: skip
    parser.add_argument("--paused", action="store_true", help="do not train until asked to")
    parser.add_argument(
        "--run", dest="run_file", type=Path, metavar="FILE",
        help="record the run in a new file; else it is gone when the program ends",
    )  # fmt: skip
    web = parser.add_argument_group("in a browser")
    web.add_argument("--web", action="store_true", help="serve the app to browsers of this machine")
    web.add_argument("--host", metavar="ADDRESS", help=f"serve it at ADDRESS (default {HOST})")
    add_number(web, "--port", PORTS, f"serve it at PORT (default {PORT})")
    parser.add_argument("--served", action="store_true", help=argparse.SUPPRESS)  # by --web
    add_engine_option(parser)
    add_corpus_and_model_options(parser)
    add_validation_option(parser)
    arguments = parser.parse_args(argv)
    if arguments.web or arguments.served:
        _check_files(arguments)
    elif arguments.host is not None or arguments.port is not None:
        raise InputError(f"--{'host' if arguments.host else 'port'} needs --web")
    source = _source(arguments)
    if arguments.web:
        from tui.web import serve  # noqa: PLC0415  # aiohttp

        if not isinstance(source, Training):
            source.close()  # it can be read; each tab opens it anew
        return serve(argv, arguments.host or HOST, arguments.port or PORT)
    if not arguments.served:
        check_terminal("microgpt train")
    app = _app(source, arguments)
    app.kept_in = Path.cwd() if arguments.served else None
    return run_app(app)


def _check_files(arguments: argparse.Namespace) -> None:
    """Of a browser's app no file lies elsewhere, and none is written by each of its tabs."""
    if arguments.run_file is not None:
        raise InputError("--run cannot be given with --web: each tab has a run of its own")
    for path in (arguments.recorded, arguments.data):
        if path is not None:
            check_inside(Path(path), Path.cwd())


def _source(arguments: argparse.Namespace) -> Training | Run:
    """What is to be shown. Nothing has been written and no screen opened when this goes wrong."""
    if arguments.recorded is None:
        return training_from(arguments)
    from microgpt.runs import Run  # noqa: PLC0415  # numpy; --help need not wait

    others = given_corpus_and_model_options(arguments)
    if arguments.run_file is not None:
        others = ("--run", *others)
    if others:
        raise InputError(f"{arguments.recorded} is a recorded run: {others[0]} cannot be given")
    return Run(arguments.recorded, arguments.engine)


def _app(source: Training | Run, arguments: argparse.Namespace) -> MicrogptApp:
    from microgpt.runs import RunRecorder  # noqa: PLC0415  # numpy, likewise
    from tui.app import MicrogptApp  # noqa: PLC0415  # textual takes a while, too

    recorder = None
    if arguments.run_file is not None and isinstance(source, Training):
        recorder = RunRecorder.create(arguments.run_file, source, corpus=arguments.data)
    app = MicrogptApp(source, recorder=recorder, paused=arguments.paused, speed=SPEED)
    if _is_first_start():
        from tui.lessons.guide import Guide  # noqa: PLC0415  # once
        from tui.lessons.tour import TOUR  # noqa: PLC0415

        app.guide = Guide(TOUR, "tour stop")
    return app


def _is_first_start() -> bool:
    """Whether the tour has never been shown; from now on it has."""
    from tui.lessons.progress import load, save  # noqa: PLC0415  # platformdirs

    try:
        progress = load()
        if progress.has_seen_tour:
            return False
        save(replace(progress, has_seen_tour=True))
    except MicrogptError:
        return False  # nobody can say; and what cannot be kept would be shown each time
    return True


if __name__ == "__main__":
    sys.exit(main())
