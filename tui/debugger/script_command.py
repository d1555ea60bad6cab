"""The command `microgpt-tui run`: a script in the debugger."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from microgpt import InputError
from tui.base.app_runner import check_terminal, run_app
from tui.cli.debug_script import is_recording
from tui.cli.options.parser import CommandParser, given_options
from tui.cli.options.script_options import add_python_option, add_stop_options, stop_rule_from

_DESCRIPTION = """\
Runs a Python script, unmodified, and shows the graph of each backward pass over
scalars of its own: any class of numbers that remember what they were made of,
whatever it is called. Where the script raises, it stands still, too.

The script runs in a process of its own with your rights: it can do all that
you can. Only run what you would run with python.
"""
_EXAMPLES = """\
examples:
  microgpt-tui run train.py
  microgpt-tui run --when 'loss > 10' train.py --steps 100
  microgpt-tui run --every 50 demo.py
  microgpt-tui run mine.run           # recorded by microgpt debug train.py --run
"""


def run(argv: Sequence[str]) -> int:
    """Runs the app on a script; gives the exit status.

    Raises:
        InputError: an option or the script cannot be used, or there is no terminal.
    """
    parser = CommandParser(prog="microgpt-tui run", description=_DESCRIPTION, epilog=_EXAMPLES)
    add_stop_options(parser)
    add_python_option(parser)
    parser.add_argument(
        "script",
        type=Path,
        metavar="SCRIPT",
        help="a Python file, a notebook, or a script's recorded passes",
    )
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="what the script itself gets"
    )
    arguments = parser.parse_args(argv)
    rule = stop_rule_from(arguments)
    check_terminal("microgpt debug SCRIPT.py")
    if is_recording(str(arguments.script)):
        return _show_recording(arguments)
    from microgpt.attach import ScriptProcess  # noqa: PLC0415  # numpy; --help need not wait
    from tui.debugger.script_app import ScriptApp  # noqa: PLC0415  # textual takes a while, too

    with ScriptProcess(
        arguments.script, arguments.arguments, rule, python=arguments.python
    ) as script:
        return run_app(ScriptApp(script))


def _show_recording(arguments: argparse.Namespace) -> int:
    from microgpt.script_runs.recorded_script import RecordedScript  # noqa: PLC0415  # numpy
    from tui.debugger.recording_app import RecordingApp  # noqa: PLC0415  # textual takes a while

    name = arguments.script
    stray = [*given_options(arguments), *arguments.arguments]
    if stray:
        raise InputError(f"{stray[0]} cannot be given with {name}, which is recorded")
    with RecordedScript(name) as recording:
        if not recording.losses:
            raise InputError(f"{name}: no pass is recorded")
        return run_app(RecordingApp(recording))
