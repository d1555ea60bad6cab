"""Runs the commands of docs/debugger.md again and writes what they print below them.

    make docs-debugger

A block that begins with `$ microgpt` holds a command and its output; no output is typed by hand.
"""

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

from tui.cli.main import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "debugger.md"
BLOCK = re.compile(r"(?<=```console\n)\$ (microgpt [^\n]+)\n.*?(?=```)", re.DOTALL)


def output_of(command: str) -> str:
    """What a command prints on either stream, in order; paths are told from the checkout."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        main(shlex.split(command)[1:])
    return printed.getvalue().replace(f"{ROOT}{os.sep}", "")


def regenerated(page: str) -> str:
    """The page with the output of every command."""
    return BLOCK.sub(lambda match: f"$ {match[1]}\n{output_of(match[1])}", page)


if __name__ == "__main__":
    os.chdir(ROOT)
    PAGE.write_text(regenerated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
