"""Where the order of a pass goes wrong, by its text: what sorts nodes, and what goes through them.

What is wrong is known by then, from the pass as it was: a node was visited twice, too early or
never. The text is only asked which of its lines can bring that about.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from microgpt.diagnosis.program import FILLING, Program, SourcePlace
from microgpt.diagnosis.vocabulary import called, names_in

PUTTING = frozenset({"append", "insert", "extend", "appendleft"})
MOST_FUNCTIONS = 6
"""So many functions that a pass calls by their names are looked at."""


class OrderLines:
    """The text of one pass.

    Args:
        program: that it is in.
        place: the line that calls it.
        files: where it may be.
    """

    def __init__(self, program: Program, place: SourcePlace | None, files: Iterable[str]) -> None:
        found = program.pass_function(place, files)
        self.file = found.file if found is not None else ""
        self._own = found.node if found is not None else None
        self._functions: list[ast.FunctionDef] = []
        if found is not None:
            self._functions = list(_called_functions(program.tree(found.file), found.node))
        self._numbers = program.vocabulary(self.file).numbers
        self._loop = _visiting(self._own) if self._own is not None else None

    def _nodes(self) -> Iterator[ast.AST]:
        seen: set[int] = set()
        for function in self._functions:
            for node in ast.walk(function):
                if id(node) not in seen:
                    seen.add(id(node))
                    yield node

    @property
    def visited_twice(self) -> SourcePlace | None:
        """Where nodes get into the order again."""
        loop = self._loop
        if isinstance(loop, ast.For) and _adds_lists(loop.iter):
            return self.file, loop.lineno
        if loop is not None and (again := _calls_again(loop)) is not None:
            return self.file, again
        puts = self._puts()
        checks = self._checks()
        if not puts:
            return None
        alone = [put for put in puts if not self._is_guarded(put)]
        if checks and not self._marks():
            return self.file, checks[0].lineno
        odd = [c for c in checks if _has_more(c, self._functions)]
        if odd:
            return self.file, odd[0].lineno
        if alone:
            return self.file, alone[-1].lineno
        return None

    @property
    def visited_early(self) -> SourcePlace | None:
        """Where nodes get into the order before what they were used for, or are taken too soon."""
        for node in self._nodes():
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            takes = node.func.attr in {"pop", "popleft"} and bool(node.args)
            if takes and self._loop is not None and _holds(self._loop, node):
                return self.file, node.lineno
        early = [put for put in self._puts() if self._comes_before_operands(put)]
        if early:
            return self.file, early[0].lineno
        loop = self._loop
        if isinstance(loop, ast.For) and self._puts() and not _turns(loop.iter):
            return self.file, loop.lineno
        return None

    @property
    def never_visited(self) -> SourcePlace | None:
        """Where nodes are left out: a part of the order, of the operands, or a condition."""
        loop = self._loop
        for check in self._checks():
            if isinstance(check.left, ast.Attribute) and check.left.attr in self._numbers:
                return self.file, check.lineno  # nodes are told apart by their numbers
        if isinstance(loop, ast.For) and _takes_part(loop.iter):
            return self.file, loop.lineno
        if isinstance(loop, ast.While) and any(
            isinstance(n, ast.Constant) for n in ast.walk(loop.test)
        ):
            return self.file, loop.lineno
        for node in self._nodes():
            if isinstance(node, ast.For | ast.comprehension) and _takes_part(node.iter):
                return self.file, node.iter.lineno
        odd = [c for c in self._checks() if _has_more(c, self._functions)]
        if odd:
            return self.file, odd[0].lineno
        return None

    # -- parts of the text -------------------------------------------------------------------------

    def _puts(self) -> list[ast.Call]:
        """What fills the lists that the last loop goes through."""
        loop = self._loop
        head = loop.iter if isinstance(loop, ast.For) else loop
        wanted = names_in(head) if head is not None else set()
        found = [
            node for node in self._nodes()
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and node.func.attr in PUTTING and isinstance(node.func.value, ast.Name)
        ]  # fmt: skip
        own = [put for put in found if put.func.value.id in wanted]  # type: ignore[attr-defined]
        outside = [put for put in own or found if loop is None or not _holds(loop, put)]
        return sorted(outside, key=lambda put: put.lineno)

    def _checks(self) -> list[ast.Compare]:
        """Questions whether a node was seen."""
        return [
            node for node in self._nodes()
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
        ]  # fmt: skip

    def _marks(self) -> bool:
        """Whether what was seen is noted in what the questions ask."""
        asked = set().union(*(names_in(c.comparators[0]) for c in self._checks()))
        for node in self._nodes():
            is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_method and node.func.attr in FILLING and names_in(node.func.value) & asked:  # type: ignore[attr-defined]
                return True
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Subscript) and names_in(t.value) & asked for t in node.targets
            ):
                return True
        return False

    def _is_guarded(self, put: ast.Call) -> bool:
        """Whether a node is put only if it was not seen: in the question's branch, or after it."""
        checks = {id(c) for c in self._checks()}
        own = _innermost(self._functions, put)
        for function in self._functions:
            for node in ast.walk(function):
                if not isinstance(node, ast.If):
                    continue
                if not any(id(each) in checks for each in ast.walk(node.test)):
                    continue
                if _holds(node, put):
                    return True
                leaves = any(isinstance(s, ast.Return | ast.Continue) for s in node.body)
                is_before = leaves and node.lineno < put.lineno and own is not None
                if is_before and _innermost(self._functions, node) is own:
                    return True
        return False

    def _comes_before_operands(self, put: ast.Call) -> bool:
        """Whether a node is put before its operands are gone to, in the function that does both."""
        function = _innermost(self._functions, put)
        if function is None:
            return False
        calls = [
            node for node in ast.walk(function)
            if isinstance(node, ast.Call) and function.name in called(node)
        ]  # fmt: skip
        is_reversed = isinstance(self._loop, ast.For) and _turns(self._loop.iter)
        puts_first = put.func.attr in {"insert", "appendleft"}  # type: ignore[attr-defined]
        before = bool(calls) and put.lineno < min(c.lineno for c in calls)
        return before and (is_reversed or puts_first or isinstance(self._loop, ast.For))


def _called_functions(tree: ast.Module | None, own: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """A function, and those of its file that it calls by a bare name or of itself, once each."""
    by_name = {n.name: n for n in ast.walk(tree or own) if isinstance(n, ast.FunctionDef)}
    waiting, seen = [own], {own.name}
    for _ in range(MOST_FUNCTIONS):
        if not waiting:
            return
        function = waiting.pop(0)
        yield function
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            to = node.func
            is_own = isinstance(to, ast.Attribute) and isinstance(to.value, ast.Name) and (
                to.value.id in {"self", "cls"}
            )  # fmt: skip
            name = to.id if isinstance(to, ast.Name) else to.attr if is_own else ""  # type: ignore[attr-defined]
            if name in by_name and name not in seen and not name.startswith("__"):
                seen.add(name)
                waiting.append(by_name[name])


def _visiting(function: ast.FunctionDef) -> ast.For | ast.While | None:
    """The last loop of a pass that is in no function inside of it, and in no other loop."""
    inner = {
        id(n) for f in ast.walk(function) if isinstance(f, ast.FunctionDef) and f is not function
        for n in ast.walk(f)
    }  # fmt: skip
    loops = [
        n for n in ast.walk(function) if isinstance(n, ast.For | ast.While) and id(n) not in inner
    ]
    nested = {id(n) for loop in loops for n in ast.walk(loop) if n is not loop}
    outer = [loop for loop in loops if id(loop) not in nested]
    return max(outer, key=lambda loop: loop.lineno, default=None)


def _calls_again(loop: ast.For | ast.While) -> int | None:
    """The line of a loop's last statement that says what one before it says."""
    told: dict[str, int] = {}
    for node in ast.walk(loop):
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if isinstance(node, ast.Expr | ast.AugAssign) and (
            is_call or not isinstance(node, ast.Expr)
        ):
            text = ast.unparse(node)
            if text in told and node.lineno > told[text]:
                return node.lineno
            told.setdefault(text, node.lineno)
    return None


def _holds(around: ast.AST, node: ast.AST) -> bool:
    return any(each is node for each in ast.walk(around))


def _innermost(functions: list[ast.FunctionDef], node: ast.AST) -> ast.FunctionDef | None:
    """The innermost function that something is in."""
    inside = [
        f for each in functions for f in ast.walk(each)
        if isinstance(f, ast.FunctionDef) and _holds(f, node)
    ]  # fmt: skip
    return max(inside, key=lambda f: f.lineno, default=None)


def _adds_lists(head: ast.expr) -> bool:
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Mult)
               for n in ast.walk(head))  # fmt: skip


def _turns(head: ast.expr) -> bool:
    """Whether a loop goes through its list from the end."""
    return any(
        (isinstance(n, ast.Call) and called(n) & {"reversed", "sorted"})
        or (isinstance(n, ast.Slice) and n.step is not None)
        for n in ast.walk(head)
    )


def _takes_part(head: ast.expr) -> bool:
    """Whether a loop goes through a part of something: a slice with an end."""
    return any(
        isinstance(n, ast.Slice) and (n.lower is not None or n.upper is not None)
        for n in ast.walk(head)
    )


def _has_more(check: ast.Compare, functions: list[ast.FunctionDef]) -> bool:
    """Whether a question whether a node was seen asks for something else as well."""
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.BoolOp) and any(each is check for each in node.values):
                return True
    return False
