"""The code of a Jupyter notebook: its cells in order, as Python without magics."""

from __future__ import annotations

import ast
import json
import linecache
import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from microgpt.code_places import CELL
from microgpt.errors import InputError
from microgpt.files import read_whole

_MAGIC = re.compile(r"(?P<indent>\s*)(?:[%!?].*|[^#'\"]*\?{1,2}\s*)$")
_TIMED = re.compile(r"(?P<indent>\s*)%(?:time|prun)\s+(?P<code>[^-\s].*)$")
"""A magic that runs the Python behind it."""
_ASSIGNED = re.compile(r"(?P<target>\s*[\w, ]+=\s*)[%!].*$")
_RUNS_CELL = re.compile(r"%%(?:time|timeit|capture|prun)\b")
"""Magics of cells that run the Python below them."""
_NEWLINE = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook's code."""

    cells: tuple[tuple[str, str], ...]  # each code cell's name and source
    left_out: tuple[str, ...]  # places of the magics, as `cell 3, line 5: %timeit f()`

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """Reads a notebook of format 4.

        Raises:
            InputError: it is none.
        """
        try:
            content = json.loads(read_whole(path, "notebook").decode("utf-8"))
            cells = [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(
                f"{str(path)!r} is not a notebook: JSON with a list of cells is needed, "
                "as Jupyter writes it from format 4 on"
            ) from error
        found, left_out = [], []
        for number, source in enumerate(cells, 1):
            name = f"{CELL} {number}"
            text = source if isinstance(source, str) else "".join(source)
            python, magics = _without_magics(_NEWLINE.sub("\n", text))
            left_out += [f"{name}, line {line}: {magic}" for line, magic in magics]
            found.append((name, python))
            linecache.cache[name] = (len(python), None, StringIO(python).readlines(), name)
        return cls(tuple(found), tuple(left_out))


def _without_magics(source: str) -> tuple[str, list[tuple[int, str]]]:
    """The Python of a cell, with as many lines, and the magics with their lines."""
    lines = source.split("\n")  # as Python counts them, which knows no form feeds
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    magics = []
    if first is not None and lines[first].startswith("%%"):
        magics.append((first + 1, lines[first].strip()))
        if not _RUNS_CELL.match(lines[first]):
            return "", magics
        lines[first] = "pass"
        source = "\n".join(lines)
    if _is_python(source):
        return source, magics  # a line in a text may look like a magic
    for i, line in enumerate(lines):
        if match := _TIMED.match(line):
            lines[i] = match["indent"] + match["code"]
        elif match := _MAGIC.match(line):
            lines[i] = f"{match['indent']}pass"
        elif match := _ASSIGNED.match(line):
            lines[i] = match["target"] + "None"
        if lines[i] != line:
            magics.append((i + 1, line.strip()))
    return "\n".join(lines), magics


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
