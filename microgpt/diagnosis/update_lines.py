"""Parameters and their updates, looked for in a program's text."""

from __future__ import annotations

import ast

from microgpt.diagnosis.program import Function, Program, SourcePlace
from microgpt.diagnosis.vocabulary import called, names_in


def line_that_rebinds(program: Program, file: str | None) -> SourcePlace | None:
    """The last line outside of classes' ops that makes new objects of numbers and gradients.

    An assignment to a name, an attribute or a place in a list whose value is made of a node's
    number less something, or of a node less its gradient.
    """
    tree = program.tree(file)
    if tree is None or file is None:
        return None
    numbers, grads, makers = program.vocabulary(file)
    found = []
    looped = {  # assignments to the variable of the loop that they are in
        id(node)
        for loop in ast.walk(tree) if isinstance(loop, ast.For)
        for node in ast.walk(loop) if isinstance(node, ast.Assign)
        if names_in(node.targets[0]) & names_in(loop.target)
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or program.in_op(file, node.lineno):
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Attribute) and target.attr in numbers:
            continue
        reads = {n.attr for n in ast.walk(value) if isinstance(n, ast.Attribute)}
        calls = [n for n in ast.walk(value) if isinstance(n, ast.Call)
                 and called(n) & makers]  # fmt: skip
        made = any(
            isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub | ast.Add)
            and {n.attr for n in ast.walk(part) if isinstance(n, ast.Attribute)} & numbers
            for call in calls for each in call.args for part in ast.walk(each)
        )  # fmt: skip
        steps = isinstance(value, ast.BinOp) and not calls and bool(reads & grads)
        is_own = isinstance(target, ast.Name) and target.id in names_in(value)
        steps |= isinstance(value, ast.BinOp) and id(node) in looped
        if made or (steps and is_own):
            at = value if isinstance(value, ast.ListComp) else node
            line = next((call.lineno for call in calls), at.lineno)
            found.append(line)
    return (file, max(found)) if found else None


def line_that_scales_in_vain(program: Program, place: SourcePlace) -> SourcePlace | None:
    """Where gradients are scaled and then zeroed, before the pass is called that makes new ones.

    With no update in between, which would have used them.

    Args:
        place: the line that calls the pass.
    """
    file, line = place
    tree = program.tree(file)
    if tree is None:
        return None
    numbers, grads, _ = program.vocabulary(file)
    blocks = [
        body for node in ast.walk(tree) if isinstance(body := getattr(node, "body", None), list)
    ]
    for block in blocks:
        at = next((i for i, s in enumerate(block) if s.lineno <= line <= (s.end_lineno or 0)), None)
        if at is None or any(isinstance(s, ast.FunctionDef | ast.ClassDef) for s in block[:at]):
            continue
        found = None
        for statement in block[:at]:
            if _writes_to(statement, numbers):
                found = None
            for write in _writes_to(statement, grads):
                if isinstance(write, ast.Assign) and isinstance(write.value, ast.Constant):
                    # A seed of 1 zeroes nothing.
                    if not write.value.value and found is not None:
                        return file, found
                elif _is_scaled(write, grads):
                    found = write.lineno
    return None


def _writes_to(statement: ast.stmt, names: frozenset[str]) -> list[ast.Assign | ast.AugAssign]:
    """Assignments in a statement to attributes of some names."""
    return [
        node for node in ast.walk(statement)
        if isinstance(node, ast.Assign | ast.AugAssign)
        and all(isinstance(t, ast.Attribute) and t.attr in names
                for t in (node.targets if isinstance(node, ast.Assign) else [node.target]))
    ]  # fmt: skip


def _is_scaled(write: ast.Assign | ast.AugAssign, grads: frozenset[str]) -> bool:
    """Whether a gradient is made of itself."""
    if isinstance(write, ast.AugAssign):
        return isinstance(write.op, ast.Mult | ast.Div)
    return any(isinstance(n, ast.Attribute) and n.attr in grads for n in ast.walk(write.value))


def line_that_updates_within(program: Program, function: Function) -> int | None:
    """Where a pass moves nodes' numbers in the loop in which it visits nodes, if it does.

    Args:
        function: that makes the pass.
    """
    numbers, grads, _ = program.vocabulary(function.file)
    for loop in ast.walk(function.node):
        if not isinstance(loop, ast.For | ast.While):
            continue
        visits = any(
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            for node in ast.walk(loop)
        )
        for write in _writes_to(loop, numbers):
            adds = [w for w in _writes_to(loop, grads)
                    if isinstance(w, ast.AugAssign) and isinstance(w.op, ast.Add)]  # fmt: skip
            if isinstance(write, ast.AugAssign) and (visits or adds):
                return write.lineno
    return None


def line_that_names(program: Program, made: SourcePlace, name: str) -> SourcePlace | None:
    """Where a parameter gets its name, if a function makes it and others: `carry = fresh(3, 3)`.

    Args:
        made: the line that makes its nodes.
        name: of one of them, as `carry[0][1]`.
    """
    file, line = made
    function = program.function_around(file, line)
    if function is None or (function.args.args[:1] and function.args.args[0].arg == "self"):
        return None
    root = name.partition("[")[0].partition(".")[0]
    for node in ast.walk(program.tree(file) or ast.Module([], [])):
        named: list[tuple[ast.AST, ast.expr]] = []
        if isinstance(node, ast.Assign):
            named = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.Dict):
            named = [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key]
        for target, value in named:
            keys = {n.value for n in ast.walk(target) if isinstance(n, ast.Constant)}
            if root in names_in(target) | keys and _calls(value, function.name):
                return file, value.lineno
    return None


def _calls(value: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Call) and name in called(n) for n in ast.walk(value))


def plain_numbers(program: Program, file: str) -> list[float]:
    """The numbers with a decimal point that a file has, each once, the smallest first."""
    return sorted(
        {node.value for node in ast.walk(program.tree(file) or ast.Module([], []))
         if isinstance(node, ast.Constant) and isinstance(node.value, float)}
    )  # fmt: skip


def keeps_moments(program: Program, file: str, line: int) -> bool:
    """Whether the loop around a line keeps two numbers or more for each parameter."""
    for node in ast.walk(program.tree(file) or ast.Module([], [])):
        if not isinstance(node, ast.For | ast.While | ast.FunctionDef):
            continue
        if not node.lineno <= line <= (node.end_lineno or 0):
            continue
        targets = [
            target
            for each in ast.walk(node) if isinstance(each, ast.Assign | ast.AugAssign)
            for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
            if each.lineno != line
        ]  # fmt: skip
        targets = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        kept = {ast.unparse(t.value) for t in targets if isinstance(t, ast.Subscript)}
        kept |= {ast.unparse(t) for t in targets if isinstance(t, ast.Attribute)}
        kept |= {
            each.target.id for each in ast.walk(node)
            if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name)
        }  # fmt: skip
        if len(kept) >= 2:
            return True
    return False


def line_that_repeats(program: Program, file: str, line: int) -> int | None:
    """Where a list is repeated that holds what is made on a line, or a node: `[Value(0)] * 3`.

    Args:
        line: that makes nodes, itself or in a function that the list calls.
    """
    around = program.function_around(file, line)
    own = {around.name} if around is not None else set()
    makers = program.vocabulary(file).makers | own
    for node in ast.walk(program.tree(file) or ast.Module([], [])):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            continue
        is_here = node.lineno <= line <= (node.end_lineno or 0)
        for side in (node.left, node.right):
            if not isinstance(side, ast.List):
                continue
            names = [called(n) for n in ast.walk(side) if isinstance(n, ast.Call)]
            if any(each & (makers if is_here else own) for each in names):
                return side.elts[0].lineno
    return None
