"""`Program`: the text of what was watched: lines to quote, and what its author says is meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ALLOWED = re.compile(r"#\s*microgpt:\s*ok\s+([\w,\s-]+)")


@dataclass(eq=False)
class Program:
    """Files of a program, read when first asked for."""

    allowed: frozenset[str] = frozenset()  # kinds that are meant, wherever they are
    _lines: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _trees: dict[str, ast.Module | None] = field(default_factory=dict, repr=False)

    def lines(self, file: str) -> list[str]:
        """The lines of a file; none if it cannot be read."""
        if file not in self._lines:
            try:
                text = Path(file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError, ValueError):
                text = ""
            self._lines[file] = text.splitlines()
        return self._lines[file]

    def text(self, file: str | None, line: int | None) -> str:
        """One line, stripped; `""` if there is none."""
        if file is None or line is None:
            return ""
        lines = self.lines(file)
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def is_meant(self, kind: str, file: str | None, line: int | None) -> bool:
        """Whether the author says, on the line or the one above it, that a kind is meant."""
        if kind in self.allowed:
            return True
        if file is None or line is None:
            return False
        lines = self.lines(file)
        for text in (lines[n - 1] for n in (line, line - 1) if 0 < n <= len(lines)):
            for match in ALLOWED.finditer(text):
                if kind in re.split(r"[,\s]+", match[1]):
                    return True
        return False

    def tree(self, file: str) -> ast.Module | None:
        """A file's syntax, None if it cannot be had."""
        if file not in self._trees:
            try:
                self._trees[file] = ast.parse("\n".join(self.lines(file)))
            except (SyntaxError, ValueError, RecursionError):
                self._trees[file] = None
        return self._trees[file]

    def function_at(self, file: str, line: int) -> ast.FunctionDef | None:
        """The function that begins at a line, a decorator's included."""
        tree = self.tree(file)
        if tree is None:
            return None
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                begins = {node.lineno, *(d.lineno for d in node.decorator_list)}
                if line in begins:
                    return node
        return None

    def line_of_result(self, file: str, line: int) -> int:
        """Where the function that begins at a line computes the number of what it gives."""
        return _line_of_argument(self.function_at(file, line), first=True) or line

    def line_of_slopes(self, file: str, line: int) -> int:
        """Where it computes the local gradients that it gives along with it."""
        return _line_of_argument(self.function_at(file, line), first=False) or line

    def line_of_order(self, file: str) -> tuple[str, int] | None:
        """Where a pass goes through its nodes: the last loop of the function that makes it.

        Where that function walks the graph itself, the line on which it does.
        """
        for function in self._passes(file):
            loops = [node for node in ast.walk(function) if isinstance(node, ast.For | ast.While)]
            walks = [
                node for node in ast.walk(function)
                if isinstance(node, ast.FunctionDef) and node is not function
            ]  # fmt: skip
            if walks:
                return file, walks[0].lineno
            if loops:
                return file, max(loop.lineno for loop in loops)
            return file, function.lineno
        return None

    def _passes(self, file: str) -> list[ast.FunctionDef]:
        """Functions that by their name and their loops make passes."""
        tree = self.tree(file)
        if tree is None:
            return []
        return [
            node for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and "back" in node.name.strip("_")[:8]
            and any(isinstance(part, ast.For | ast.While) for part in ast.walk(node))
        ]  # fmt: skip

    def line_that_rebinds(self, file: str, name: str) -> tuple[str, int] | None:
        """The last line that gives a name, or a place in what it begins with, another object."""
        tree, root = self.tree(file), re.split(r"[.\[]", name)[0]
        if tree is None:
            return None
        inside = {id(n) for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in ast.walk(c)}
        found = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and id(node) not in inside
            and any(root in {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
                    for target in node.targets)
        ]  # fmt: skip
        return (file, max(found)) if found else None

    def line_of_seed(self, file: str) -> tuple[str, int] | None:
        """Where a pass sets the root's gradient, else where its function begins; by its name."""
        for function in self._passes(file):
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and any(
                    isinstance(t, ast.Attribute) and "grad" in t.attr for t in node.targets
                ):
                    return file, node.lineno
            return file, function.lineno
        return None

    def writes_of_numbers(self, file: str) -> list[int]:
        """Lines outside of classes that write to an attribute called `data`, or the like."""
        tree = self.tree(file)
        if tree is None:
            return []
        inside = {id(n) for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in ast.walk(c)}
        found = []
        for node in ast.walk(tree):
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            if id(node) not in inside and any(
                isinstance(t, ast.Attribute) and t.attr in NUMBERS for t in targets
            ):
                found.append(node.lineno)  # type: ignore[attr-defined]
        return sorted(found)


NUMBERS = frozenset({"data", "value", "val", "v", "x", "num", "number", "item"})


def _line_of_argument(function: ast.FunctionDef | None, *, first: bool) -> int | None:
    """Of the call that makes what a function returns: the line of its first or last argument."""
    if function is None:
        return None
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    made = [value for value in returned if isinstance(value, ast.Call)]
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if any(isinstance(t, ast.Name) and t.id in names for t in node.targets):
                made.append(node.value)
    for call in made or calls:
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not arguments:
            continue
        wanted = arguments[0] if first else arguments[-1]
        if isinstance(wanted, ast.Name):  # computed before, on a line of its own
            at = _assigned(function, wanted.id)
            if at is not None:
                return at
        return wanted.lineno
    return None


def _assigned(function: ast.FunctionDef, name: str) -> int | None:
    for node in ast.walk(function):
        targets: Iterable[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = (node.target,)
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return getattr(node, "lineno", None)
    return None
