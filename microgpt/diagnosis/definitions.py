"""Where a program gives the names of a line their value: which line a person would change."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator

from microgpt.diagnosis.program import Program, SourcePlace
from microgpt.diagnosis.vocabulary import names_in

CUT = re.compile(r"\[(\.\.\., |:, )?(1:|:-1)\]|len\([^()]*\) - 1\b|\[\w+ [-+] 1\]")
"""What takes all but the first or the last of a text, or the next."""
MOST_HOPS = 8
"""So often a name is followed to another."""


class Definitions:
    """Of one file of a program."""

    def __init__(self, program: Program, file: str) -> None:
        self.file = file
        self.tree = program.tree(file) or ast.Module([], [])

    def function_around(self, line: int) -> ast.FunctionDef | ast.Module:
        """The innermost function that a line lies in, else the file."""
        found: ast.FunctionDef | ast.Module = self.tree
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.FunctionDef)
                and node.lineno <= line <= (node.end_lineno or 0)
                and (isinstance(found, ast.Module) or node.lineno >= found.lineno)
            ):
                found = node
        return found

    def statement_at(self, line: int) -> ast.stmt | None:
        """The innermost statement that a line belongs to; of a loop its head."""
        found: ast.stmt | None = None
        for node in ast.walk(self.function_around(line)):
            if not isinstance(node, ast.stmt) or isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            is_at = node.lineno <= line <= max(end, node.lineno)
            if is_at and (found is None or node.lineno >= found.lineno):
                found = node
        return found

    def definition(self, name: str, line: int) -> tuple[int, ast.expr | None] | None:
        """The last line up to another that gives a name its value, and the value.

        None as the value where a loop takes it out of something that is not told apart. Names of
        the file come after those of the function.
        """
        function = self.function_around(line)
        best: tuple[int, ast.expr | None] | None = None
        for target, value, at, end in _bindings(function):
            if target == name and at <= line and (best is None or at >= best[0]):
                if at == line and isinstance(value, ast.expr) and end >= line and name in names_in(
                    value
                ):  # fmt: skip
                    continue
                best = (at, value)
        if best is None and isinstance(function, ast.FunctionDef):
            if name in _arguments(function):
                return None
            for target, value, at, _ in _bindings(self.tree):
                if target == name and (best is None or at >= best[0]):
                    best = (at, value)
        return best

    def follow(self, name: str, line: int, made: Container[SourcePlace] = ()) -> SourcePlace | None:
        """The line where a name's value is made: other names, and arguments, are followed.

        Args:
            made: lines that make nodes; what they define is no index.
        """
        at = line
        for _ in range(MOST_HOPS):
            defined = self.definition(name, at)
            if defined is None:
                passed = self._passed(name, at)
                if passed is None:
                    return None
                at, given = passed
                if not isinstance(given, ast.Name):
                    return self.file, at
                name = given.id
                continue
            at, value = defined
            if not isinstance(value, ast.Name):
                return None if (self.file, at) in made else (self.file, at)
            name = value.id
        return self.file, at

    def _passed(self, name: str, line: int) -> tuple[int, ast.expr] | None:
        """What the first call of the function around a line gives for an argument, and where."""
        function = self.function_around(line)
        if not isinstance(function, ast.FunctionDef) or name not in _arguments(function):
            return None
        place = _arguments(function).index(name)
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            is_method = isinstance(called, ast.Attribute)
            own = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if own != function.name:
                continue
            for keyword in node.keywords:
                if keyword.arg == name:
                    return node.lineno, keyword.value
            shift = 1 if is_method and _arguments(function)[:1] == ["self"] else 0
            if 0 <= place - shift < len(node.args):
                return node.lineno, node.args[place - shift]
        return None

    def calls_argument(self, line: int) -> list[ast.Name]:
        """The names that stand alone as an argument, or before a method, of a call on a line."""
        statement = self.statement_at(line)
        found = []
        for node in ast.walk(statement) if statement is not None else ():
            if isinstance(node, ast.Call):
                around = [node.func.value] if isinstance(node.func, ast.Attribute) else []
                found += [a for a in (*node.args, *around) if isinstance(a, ast.Name)]
        return found

    def indexing(self, line: int) -> list[str]:
        """The names that a statement's square brackets hold, in order."""
        statement = self.statement_at(line)
        found: list[str] = []
        for node in ast.walk(statement) if statement is not None else ():
            if isinstance(node, ast.Subscript):
                found += [n.id for n in ast.walk(node.slice) if isinstance(n, ast.Name)]
        return list(dict.fromkeys(found))

    def picks_directly(self, line: int) -> bool:
        """Whether a statement takes a place that another index, or a reckoning, says: `p[t[i]]`."""
        statement = self.statement_at(line)
        return any(
            isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Subscript | ast.BinOp)
            and any(isinstance(part, ast.Name) for part in ast.walk(node.slice))
            for node in (ast.walk(statement) if statement is not None else ())
        )  # fmt: skip

    def names(self, line: int) -> list[str]:
        """The names in what a statement computes, in order."""
        statement = self.statement_at(line)
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            return []
        return [node.id for node in ast.walk(value) if isinstance(node, ast.Name)]

    def readings_of(self, name: str) -> list[int]:
        """The lines that take a place of something called so: `name[i]`, `model["name"][i]`."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                held = node.value
                own = (held.id if isinstance(held, ast.Name) else held.attr
                       if isinstance(held, ast.Attribute) else held.slice.value
                       if isinstance(held, ast.Subscript) and isinstance(held.slice, ast.Constant)
                       else None)  # fmt: skip
                if own == name:
                    found.append(node.lineno)
        return found

    def is_plain(self, line: int, name: str) -> bool:
        """Whether a line gives a name nothing but a number, or numbers to count through."""
        for target, value, at, _ in _bindings(self.function_around(line)):
            if target == name and at == line:
                return isinstance(value, ast.Constant)
        return False

    def cuts(self, line: int) -> bool:
        """Whether a statement, or a loop around it, takes all but one of something, or the next."""
        statement = self.statement_at(line)
        own = [statement] if statement is not None else []
        for each in (*own, *self.loops_around(line)):
            head = each.iter if isinstance(each, ast.For) else each
            if CUT.search(ast.unparse(head)):
                return True
        return False

    def part_taken(self, function: ast.FunctionDef | ast.Module, lines: list[int]) -> int | None:
        """The line, of some or of a loop's head or a return beside them, that takes a fixed part.

        That is `xs[-1]`, `xs[:-1]`, or a condition in the loop that holds them.
        """
        heads: list[tuple[int, ast.AST]] = []
        for node in ast.walk(function):
            line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
            if isinstance(node, ast.For) and any(line < at <= end for at in lines):
                heads.append((line, node.iter))
            elif isinstance(node, ast.If) and any(line < at <= end for at in lines):
                return line
            elif (
                isinstance(node, ast.Return | ast.Assign | ast.AugAssign)
                and node.value is not None
                and isinstance(node, ast.Return) != lines_in(node, lines)
            ):
                heads.append((line, node.value))
        for line, head in sorted(heads, key=lambda pair: -pair[0]):
            for node in ast.walk(head):
                if isinstance(node, ast.Subscript) and any(map(_is_fixed, ast.walk(node.slice))):
                    return line
        return None

    def loop_of(self, name: str, line: int) -> ast.For | None:
        """The innermost loop around a line that gives a name its values."""
        for loop in reversed(self.loops_around(line)):
            if name in names_in(loop.target):
                return loop
        return None

    def leaves_unused(self, loop: ast.For, name: str) -> bool:
        """Whether a loop takes a value beside another that its body never speaks of."""
        spoken = {name for statement in loop.body for name in names_in(statement)}
        return bool(names_in(loop.target) - spoken - {name})

    def loops_around(self, line: int) -> list[ast.For]:
        """The loops whose body holds a line, the innermost last."""
        return [
            node for node in ast.walk(self.function_around(line))
            if isinstance(node, ast.For) and node.lineno < line <= (node.end_lineno or 0)
        ]  # fmt: skip


def lines_in(node: ast.stmt, lines: list[int]) -> bool:
    """Whether a statement has one of some lines."""
    return any(node.lineno <= at <= (node.end_lineno or 0) for at in lines)


def _is_fixed(node: ast.AST) -> bool:
    """Whether a part of an index is an end that is written as a number."""
    return isinstance(node, ast.UnaryOp) or (
        isinstance(node, ast.Slice)
        and any(isinstance(end, ast.Constant | ast.UnaryOp) for end in (node.lower, node.upper))
    )


def _arguments(function: ast.FunctionDef) -> list[str]:
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args)]


def _bindings(
    function: ast.FunctionDef | ast.Module,
) -> Iterator[tuple[str, ast.expr | None, int, int]]:
    """Each name that a function, or a file outside of any, gives a value: the value, and lines."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        waiting += ast.iter_child_nodes(node)
        line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((n, v, line, end) for n, v in _pairs(target, node.value))
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from ((n, v, line, end) for n, v in _pairs(node.target, node.value))
        elif isinstance(node, ast.For | ast.comprehension):
            line = getattr(node, "lineno", node.iter.lineno)
            for name, value in _taken(node.target, node.iter):
                yield name, value, line, line


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        for place, each in enumerate(target.elts):
            part = value.elts[place] if same else value  # type: ignore[attr-defined]
            yield from _pairs(each, part)


def _taken(target: ast.expr, source: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a loop takes its items to, each with what it goes through."""
    called = getattr(source.func, "id", "") if isinstance(source, ast.Call) else ""
    if isinstance(source, ast.Call) and called == "enumerate" and isinstance(target, ast.Tuple):
        yield from _taken(target.elts[0], ast.Constant(0))
        yield from _taken(target.elts[1], source.args[0])
    elif isinstance(source, ast.Call) and called == "zip" and isinstance(target, ast.Tuple):
        for each, part in zip(target.elts, source.args, strict=False):
            yield from _taken(each, part)
    else:
        for name, _ in _pairs(target, source):
            yield name, source
