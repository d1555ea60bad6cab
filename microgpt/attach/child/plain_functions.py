"""Which functions of a script only make a node, so that calling one again changes nothing.

A method of the nodes' class is an op. Any other function may be a layer that counts its calls, a
whole forward pass, or one that draws; and what it changes would be changed for the script. So its
source is read, and it is called again only if that shows that it does nothing of the kind.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

BUILTINS = frozenset(
    {"abs", "all", "any", "bool", "enumerate", "float", "int", "isinstance", "len", "list", "max",
     "min", "pow", "range", "reversed", "round", "sorted", "str", "sum", "tuple", "zip"}
)  # fmt: skip
"""What may be called of Python's own."""
MODULES = frozenset({"math", "cmath", "numpy"})
"""Any function directly in one of these may be, but for `WRITES`."""
WRITES = frozenset(
    {"copyto", "fill_diagonal", "place", "put", "putmask", "save", "savetxt", "seterr"}
)
"""numpy's that write."""
METHODS = frozenset(
    {"all", "any", "argmax", "argmin", "astype", "copy", "cumsum", "dot", "flatten", "get", "index",
     "items", "keys", "max", "mean", "min", "ravel", "reshape", "squeeze", "std", "sum", "swapaxes",
     "transpose", "values", "var"}
)  # fmt: skip
"""Of arrays, lists and dicts: they give something and change nothing."""
REFUSED = (
    "AsyncFor", "AsyncWith", "Await", "ClassDef", "Delete", "Global", "Import", "ImportFrom",
    "Nonlocal", "Try", "With", "Yield", "YieldFrom",
)  # fmt: skip
"""Parts of a source that do more than to compute, or may."""
DEEPEST = 4
"""A function that calls others so deep is not looked into."""


class PlainFunctions:
    """Those of one script.

    Args:
        types: the nodes' class and those derived from it, also those that are still to come.
    """

    def __init__(self, types: AbstractSet[type]) -> None:
        self._types = types
        self._known: dict[tuple[int, frozenset[str]], tuple[CodeType, bool]] = {}  # by id, nodes

    def is_plain(self, function: Any, nodes: frozenset[str]) -> bool:
        """Whether a function does nothing but to compute what it gives.

        Args:
            function: any of the script's.
            nodes: parameters that nodes are given for. These may list the new one, which is put
                back, and have methods of their class called, which are ops.
        """
        return isinstance(function, FunctionType) and self._is_plain(function, nodes, DEEPEST)

    def _is_plain(self, function: FunctionType, nodes: frozenset[str], deep: int) -> bool:
        code = function.__code__
        known = self._known.get((id(code), nodes))
        if known is None:
            self._known[id(code), nodes] = code, False  # one that calls itself is none
            known = code, self._reads_plain(function, nodes, deep)
            self._known[id(code), nodes] = known
        return known[1]

    def _reads_plain(self, function: FunctionType, nodes: frozenset[str], deep: int) -> bool:
        source = _Source.of(function, self._is_class)
        if source is None or source.stored & source.parameters:
            return False  # of what it makes its node is not what it was given
        return all(self._is_harmless(source, node, nodes | source.made, deep)
                   for node in source.parts)  # fmt: skip

    def _is_harmless(self, source: _Source, part: Any, nodes: AbstractSet[str], deep: int) -> bool:
        """Whether one part of a function's source changes nothing but variables of its own."""
        ast = source.ast
        if isinstance(part, (ast.Attribute, ast.Subscript)):
            is_own = getattr(part.value, "id", "") in source.made
            return isinstance(part.ctx, ast.Load) or (is_own and isinstance(part, ast.Attribute))
        if isinstance(part, ast.Call):
            says_where = any(word.arg in ("out", None) for word in part.keywords)
            return not says_where and self._is_harmless_call(source, part.func, nodes, deep)
        return not isinstance(part, tuple(getattr(ast, name) for name in REFUSED))

    def _is_harmless_call(
        self, source: _Source, called: Any, nodes: AbstractSet[str], deep: int
    ) -> bool:  # fmt: skip
        ast = source.ast
        if isinstance(called, ast.Attribute):
            meant, of = source.meant(called.value), called.value
            if isinstance(meant, ModuleType):
                return meant.__name__ in MODULES and called.attr not in WRITES
            if called.attr == "append":  # to a node's list of what was made of it
                of = getattr(of, "value", None)
                return isinstance(of, ast.Name) and of.id in nodes
            is_op = isinstance(of, ast.Name) and of.id in nodes and self._has(called.attr)
            return is_op or called.attr in METHODS
        meant = source.meant(called)
        if self._is_class(meant):
            return True
        if isinstance(meant, FunctionType):
            return deep > 0 and self._is_plain(meant, frozenset(), deep - 1)
        return getattr(called, "id", "") in BUILTINS and meant is getattr(builtins, called.id)

    def _is_class(self, thing: object) -> bool:
        return isinstance(thing, type) and thing in self._types

    def _has(self, method: str) -> bool:
        return any(method in vars(cls) for cls in self._types)


class _Source(NamedTuple):
    """What is read of a function."""

    ast: Any  # the module, which is imported only when it is needed
    function: Any
    parts: tuple[Any, ...]  # all but those of functions in it, which nothing there calls
    parameters: frozenset[str]
    stored: frozenset[str]  # variables that it sets
    made: frozenset[str]  # those that hold nodes which it has made
    cells: dict[str, Any]  # what it takes from calls around it

    @classmethod
    def of(cls, function: FunctionType, is_class: Callable[[object], bool]) -> _Source | None:
        """None if there is no source, or if another function with the same code may do otherwise.

        Args:
            is_class: whether something is the nodes' class.
        """
        import ast  # noqa: PLC0415

        code = function.__code__
        closure = function.__closure__ or ()
        try:
            cells = {name: cell.cell_contents for name, cell in zip(code.co_freevars, closure)}
        except ValueError:  # one is empty
            return None
        definition = _definition(ast, code)
        if (
            definition is None
            or definition.decorator_list
            or not all(map(is_class, cells.values()))
        ):
            return None
        parts = tuple(_own_parts(ast, definition))
        stores = [p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)]
        parameters = frozenset(code.co_varnames[: _n_parameters(code)])
        read = cls(ast, function, parts, parameters, frozenset(stores), frozenset(), cells)
        makes = [
            p.targets[0].id for p in parts
            if isinstance(p, ast.Assign) and isinstance(p.targets[0], ast.Name)
            and isinstance(p.value, ast.Call) and is_class(read.meant(p.value.func))
        ]  # fmt: skip
        made = frozenset(name for name in makes if makes.count(name) == stores.count(name))
        return read._replace(made=made)

    def meant(self, name: Any) -> Any:
        """What a name stands for that is no variable of the function's own; None for any other."""
        text = getattr(name, "id", None)
        if text is None or text in self.parameters or text in self.stored:
            return None
        if text in self.cells:
            return self.cells[text]
        return self.function.__globals__.get(text, getattr(builtins, text, None))


def _n_parameters(code: CodeType) -> int:
    starred = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # `*args`, `**keywords`
    return code.co_argcount + code.co_kwonlyargcount + starred


def _definition(ast: Any, code: CodeType) -> Any:
    """The source of a function, None if that cannot be read or is a lambda."""
    import linecache  # noqa: PLC0415  # as `ast`

    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        is_it = isinstance(node, ast.FunctionDef) and node.name == code.co_name
        if is_it and node.lineno == code.co_firstlineno:
            return node
    return None


def _own_parts(ast: Any, definition: Any) -> Iterator[Any]:
    waiting = list(definition.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        waiting += ast.iter_child_nodes(node)
