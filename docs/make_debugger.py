"""Runs the commands of docs/debugger.md and docs/diagnosis.md and writes what they print there.

    make docs-debugger

A block that begins with `$ microgpt` holds a command and its output; no output is typed by hand.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs" / "debugger.md", ROOT / "docs" / "diagnosis.md")
BLOCK = re.compile(r"(?<=```console\n)\$ (microgpt [^\n]+)\n.*?(?=```)", re.DOTALL)


def output_of(command: str) -> str:
    """What a command prints on either stream, in order; paths are told from the checkout."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", *shlex.split(command)[1:]],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", check=False,
    )  # fmt: skip
    return done.stdout.replace(f"{ROOT}{os.sep}", "")


def regenerated(page: str) -> str:
    """The page with the output of every command."""
    return BLOCK.sub(lambda match: f"$ {match[1]}\n{output_of(match[1])}", page)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(regenerated(page.read_text(encoding="utf-8")), encoding="utf-8")
