"""How every command ends: a status, and on trouble one line on stderr instead of a traceback.

Only what a user can cause is caught here. Any other exception is a defect and keeps its traceback.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence

from microgpt.errors import MicrogptError, abridged
from tui.cli.terminal.output import discard_stdout, flush_stderr, make_streams_usable, print_error

EXIT_ERROR = 2
EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_BROKEN_PIPE = 128 + 13  # SIGPIPE, which Windows does not have


def exit_status(program: str, run: Callable[[], int], typed: Sequence[str]) -> int:
    """Runs a whole command and gives the status to exit with.

    A `MicrogptError` becomes one line and status 2. Ctrl-C becomes status 130, a closed output
    pipe (`... | head`) status 141, both without a word.

    Args:
        program: begins the error line, `"microgpt"`.
        run: the command, from parsing its arguments to its last output.
        typed: its arguments, which an error repeats in part only.
    """
    make_streams_usable()
    try:
        try:
            status = run()
        except SystemExit as stop:  # argparse after --help, or a second Ctrl-C
            status = stop.code if isinstance(stop.code, int) else 0
        sys.stdout.flush()
    except MicrogptError as error:
        print_error(abridged(str(error), typed), program)
        status = EXIT_ERROR
    except MemoryError:
        print_error("there is not enough memory for that: smaller sizes are needed", program)
        status = EXIT_ERROR
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        status = EXIT_BROKEN_PIPE
    except OSError as error:
        if error.filename is not None:  # not a failed write to stdout, so a defect
            raise
        discard_stdout()
        print_error(f"cannot write the output: {error.strerror or error}", program)
        status = EXIT_ERROR
    flush_stderr()
    return status
