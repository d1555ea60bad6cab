"""`Program`: the text of what was watched: lines to quote, and what its author says is meant."""

from __future__ import annotations

import ast
import io
import linecache
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from microgpt.diagnosis import op_lines
from microgpt.diagnosis.vocabulary import Vocabulary, called, vocabulary_of

ALLOWED = re.compile(r"#\s*microgpt:\s*ok\s+([\w,\s-]+)")


SourcePlace: TypeAlias = tuple[str, int]
"""A file and the number of a line."""


class Function(NamedTuple):
    """A function of a program."""

    file: str
    node: ast.FunctionDef

    def holds(self, file: str, line: int) -> bool:
        """Whether a line is in it."""
        return file == self.file and self.node.lineno <= line <= (self.node.end_lineno or 0)


@dataclass(eq=False)
class Program:
    """Files of a program, read when first asked for."""

    allowed: frozenset[str] = frozenset()  # kinds that are meant, wherever they are
    _lines: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _words: dict[str, Vocabulary] = field(default_factory=dict, repr=False)
    _trees: dict[str, ast.Module | None] = field(default_factory=dict, repr=False)
    _makers: dict[SourcePlace, bool] = field(default_factory=dict, repr=False)

    def lines(self, file: str) -> list[str]:
        """The lines of a file; none if it cannot be read."""
        if file not in self._lines:
            try:
                text = Path(file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError, ValueError):
                text = "".join(linecache.getlines(file))  # of a notebook's cell, if it is one
            # As Python counts them: a form feed ends no line.
            self._lines[file] = [line.removesuffix("\n") for line in io.StringIO(text)]
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

    def tree(self, file: str | None) -> ast.Module | None:
        """A file's syntax, None if it cannot be had."""
        if file is None:
            return None
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

    def function_around(self, file: str, line: int) -> ast.FunctionDef | None:
        """The innermost function that a line is in."""
        around = [
            node for node in ast.walk(self.tree(file) or ast.Module([], []))
            if isinstance(node, ast.FunctionDef) and Function(file, node).holds(file, line)
        ]  # fmt: skip
        return max(around, key=lambda node: node.lineno, default=None)

    def loop_around(self, file: str, line: int) -> ast.For | ast.While | None:
        """The outermost loop that a line is in."""
        for node in ast.walk(self.tree(file) or ast.Module([], [])):
            if isinstance(node, ast.For | ast.While) and line >= node.lineno:  # noqa: SIM102
                if line <= (node.end_lineno or node.lineno):
                    return node
        return None

    def only_computes(self, file: str, function: ast.FunctionDef) -> bool:
        """Whether a function makes no nodes and writes to no attribute or place in a list."""
        makers = self.vocabulary(file).makers
        return not any(
            (isinstance(n, ast.Call) and called(n) & makers)
            or (isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store))
            for n in ast.walk(function)
        )

    def line_of_result(self, file: str, line: int) -> int:
        """Where the function that begins at a line computes the number of what it gives."""
        function = self.function_at(file, line)
        return line if function is None else op_lines.line_of_result(function)

    def line_of_slopes(self, file: str, line: int, slot: int = 0) -> int:
        """Where it computes the local gradients that it gives along with it.

        Args:
            slot: of which operand.
        """
        function, tree = self.function_at(file, line), self.tree(file)
        if function is None or tree is None:
            return line
        return op_lines.line_of_slopes(tree, function, slot)

    def forgotten_operand(self, file: str, line: int) -> op_lines.ForgottenOperand | None:
        """Which operand the nodes of the function that begins at a line do not remember."""
        function = self.function_at(file, line)
        if function is None or not function.name.startswith("__"):
            return None  # a function may take plain data beside its nodes
        numbers, _, makers = self.vocabulary(file)
        return op_lines.forgotten_operand(function, numbers, makers)

    def pass_function(self, place: SourcePlace | None, files: Iterable[str]) -> Function | None:
        """The function that makes the pass which is called at a line, and its file.

        Args:
            place: where it is called.
            files: where it may be.
        """
        tree = self.tree(place[0]) if place is not None else None
        if place is None or tree is None:
            return None
        names = []
        for node in ast.walk(tree):
            begins, ends = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
            if isinstance(node, ast.Call) and begins <= place[1] <= ends:
                called = node.func
                names.append(called.attr if isinstance(called, ast.Attribute)
                             else getattr(called, "id", ""))  # fmt: skip
        for file in dict.fromkeys((place[0], *files)):
            found = self.tree(file)
            for function in ast.walk(found) if found is not None else ():
                if isinstance(function, ast.FunctionDef) and function.name in names:
                    return Function(file, function)
        return None

    def line_of_visits(self, place: SourcePlace | None, files: Iterable[str]) -> SourcePlace | None:
        """Where a pass goes through its nodes: what its last loop calls, else that loop."""
        found = self.pass_function(place, files)
        if found is None:
            return None
        loops = [n for n in ast.walk(found.node) if isinstance(n, ast.For | ast.While)]
        if not loops:
            return found.file, found.node.lineno
        last = max(loops, key=lambda loop: loop.lineno)
        for node in ast.walk(last):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                called = node.value.func
                if not (isinstance(called, ast.Attribute) and called.attr in FILLING):
                    return found.file, node.lineno
        return found.file, last.lineno

    def makes_of_numbers(self, file: str, line: int) -> bool:
        """Whether a line makes a node of the number that it reads from another."""
        if (file, line) not in self._makers:  # a line makes thousands of nodes
            self._makers[file, line] = self._makes_of_numbers(file, line)
        return self._makers[file, line]

    def _makes_of_numbers(self, file: str, line: int) -> bool:
        tree = self.tree(file)
        numbers, _, makers = self.vocabulary(file)
        for node in ast.walk(tree or ast.Module([], [])):
            if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or 0):
                reads = {
                    n.attr for each in node.args for n in ast.walk(each)
                    if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)
                }  # fmt: skip
                if called(node) & makers and reads & numbers:
                    return not self.in_op(file, node.lineno)
        return False

    def reads_gradients(self, file: str, line: int) -> bool:
        """Whether a line reads a gradient."""
        _, grads, _ = self.vocabulary(file)
        return any(
            isinstance(node, ast.Attribute) and node.attr in grads and node.lineno == line
            for node in ast.walk(self.tree(file) or ast.Module([], []))
        )

    def reads_of_numbers(self, file: str | None) -> list[int]:
        """Lines that take the number of a node to compute with, in no op, update or print."""
        tree = self.tree(file)
        if tree is None or file is None:
            return []
        numbers, grads, makers = self.vocabulary(file)
        found = set()
        for node in ast.walk(tree):
            if not isinstance(node, ast.Assign | ast.Return) or node.value is None:
                continue
            reads = [n for n in ast.walk(node.value) if isinstance(n, ast.Attribute)]
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            is_update = isinstance(target, ast.Attribute) or {n.attr for n in reads} & grads
            if is_update or self.in_op(file, node.lineno):
                continue
            aside = [
                part for part in ast.walk(node.value)
                if isinstance(part, ast.Compare)
                or (isinstance(part, ast.Call) and called(part) & SAYING)
                or (isinstance(part, ast.Call) and called(part) & makers
                    and len(part.args) + len(part.keywords) > 1)  # with what it was made of
            ]  # fmt: skip
            inside = {id(n) for part in aside for n in ast.walk(part)}
            found |= {
                n.lineno for n in reads if n.attr in numbers and id(n) not in inside
                and not _is_remembered(n, node.value)
            }  # fmt: skip
        return sorted(found)

    def in_op(self, file: str, line: int) -> bool:
        """Whether a line lies in a method of a class that defines arithmetic."""
        for each in ast.walk(self.tree(file) or ast.Module([], [])):
            if isinstance(each, ast.ClassDef) and each.name in self.vocabulary(file).makers:
                inside = each.lineno <= line <= (each.end_lineno or 0)
                if inside:
                    return True
        return False

    def vocabulary(self, file: str) -> Vocabulary:
        """What the program calls numbers, gradients, and what makes nodes."""
        if file not in self._words:
            self._words[file] = vocabulary_of(self.tree(file))
        return self._words[file]

    def line_of_seed(self, place: SourcePlace | None, files: Iterable[str]) -> SourcePlace | None:
        """Where a pass sets the root's gradient, else where its function begins.

        That is the call, where the number is given there.
        """
        found = self.pass_function(place, files)
        if found is None or place is None:
            return None
        for node in ast.walk(self.tree(place[0]) or ast.Module([], [])):
            if (
                isinstance(node, ast.Call)
                and node.lineno == place[1]
                and any(
                    not isinstance(each, ast.Name)
                    for each in (*node.args, *(k.value for k in node.keywords))
                )
            ):
                return place
        for node in ast.walk(found.node):
            targets = (node.targets if isinstance(node, ast.Assign)
                       else [node.target] if isinstance(node, ast.AugAssign) else [])  # fmt: skip
            if any(isinstance(target, ast.Attribute) for target in targets):
                return found.file, node.lineno  # type: ignore[attr-defined]
        return found.file, found.node.lineno

    def writes_of_numbers(self, file: str | None) -> list[int]:
        """Lines outside of ops that write to the number of a node, by an assignment or `out=`."""
        tree = self.tree(file)
        if tree is None or file is None:
            return []
        numbers, _, makers = self.vocabulary(file)
        inside = {
            id(n) for c in ast.walk(tree) if isinstance(c, ast.ClassDef) and c.name in makers
            for n in ast.walk(c)
        }  # fmt: skip
        found = []
        for node in ast.walk(tree):
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            elif isinstance(node, ast.Call):
                targets = [each.value for each in node.keywords if each.arg == "out"]
            if id(node) not in inside and any(_is_attribute_of(t, numbers) for t in targets):
                found.append(node.lineno)  # type: ignore[attr-defined]
        return sorted(set(found))


def _is_remembered(read: ast.Attribute, value: ast.expr) -> bool:
    """Whether the node whose number is read is itself in what is computed: as an operand."""
    held = {id(n.value) for n in ast.walk(value) if isinstance(n, ast.Attribute)}
    return isinstance(read.value, ast.Name) and any(
        isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        and n.id == read.value.id and id(n) not in held
        for n in ast.walk(value)
    )  # fmt: skip


def _is_attribute_of(target: ast.expr, names: frozenset[str]) -> bool:
    """Whether something is an attribute of one of these names, or a part of one."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return isinstance(target, ast.Attribute) and target.attr in names


SAYING = frozenset({"print", "round", "sorted", "max", "min", "argmax", "zeros_like", "ones_like"})
"""Functions whose arguments are looked at, and not computed with."""
FILLING = frozenset({"append", "extend", "insert", "add", "pop", "push", "clear", "remove"})
"""Methods of containers, which a loop that sorts calls."""
