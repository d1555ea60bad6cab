"""The code blocks of the pages, and the marks that stand before them.

A mark is a comment in the line above a block: `<!-- check: with names.run, train.py -->` names
files that have to be there, `<!-- check: ends with "TEXT" -->` what a failing program ends with,
and `<!-- check: not run, it installs -->` why nobody runs it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
LANGUAGES = ("sh", "console", "python", "")
"""One without a name is a drawing."""
FENCE = re.compile(r"```(\w*)$")
MARK = re.compile(r'<!-- check: (?:with (.+)|ends with "(.+)"|not run, (.+)) -->$')


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: Path
    line: int  # of its first line, from 1
    language: str
    text: str
    needs: tuple[str, ...] = ()  # files
    ends_with: str = ""
    not_run: str = ""  # why

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """What is typed, line by line; a line that ends in a backslash goes on."""
        typed = self.text
        if self.language == "console":
            typed = "".join(line[2:] for line in typed.splitlines(True) if line.startswith("$ "))
        joined = re.sub(r"\\\n\s*", "", typed)
        return [line for line in map(without_comment, joined.splitlines()) if line]

    @property
    def printed(self) -> list[str]:
        """What each command of a console prints."""
        return [
            part.partition("\n")[2] for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        ]


def without_comment(line: str) -> str:
    """A command without what is told about it.

    >>> without_comment("microgpt debug -c 'why #3'   # a question")
    "microgpt debug -c 'why #3'"
    """
    for found in re.finditer(r"(?:^|\s)#\s", line):
        before = line[: found.start()].rstrip()
        try:
            shlex.split(before)
        except ValueError:  # within quotes
            continue
        return before
    return line.rstrip()


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order.

    Raises:
        ValueError: a mark or a block's language is not known.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        if not (begin := FENCE.match(lines[at])):
            at += 1
            continue
        end = lines.index("```", at + 1)
        before = lines[at - 1] if at else ""
        mark = MARK.match(before)
        if before.startswith("<!-- check") and not mark:
            raise ValueError(f"{page.name}:{at}: no such mark: {before}")
        if begin[1] not in LANGUAGES:
            raise ValueError(f"{page.name}:{at + 1}: a block in {begin[1]}, which nobody runs")
        needs, ends_with, not_run = mark.groups("") if mark else ("", "", "")
        yield Block(
            page, at + 2, begin[1], "\n".join([*lines[at + 1 : end], ""]),
            tuple(needs.split(", ")) if needs else (), ends_with, not_run,
        )  # fmt: skip
        at = end + 1


ALL = [block for page in PAGES for block in blocks_of(page)]
