"""`Makers`: the functions of a script that made nodes and are no methods, found by their code."""

from __future__ import annotations

import sys
from collections.abc import Set as AbstractSet
from types import CodeType, FunctionType
from typing import Any

from microgpt.attach.child.calls_around import CallsAround
from microgpt.attach.child.plain_functions import PlainFunctions
from microgpt.attach.child.recorded import Arguments
from microgpt.attach.child.shapes import functions_of_code


class Makers:
    """Those that make nodes of one class.

    Args:
        types: it, and those derived from it, also those that are still to come.
        calls: what is known of calls that made nodes.
    """

    def __init__(self, types: AbstractSet[type], calls: CallsAround) -> None:
        self._types, self._calls = types, calls
        self._plain = PlainFunctions(types)
        self._found: dict[int, tuple[CodeType, Any]] = {}  # by id of code

    def found(self, cls: type, code: CodeType, given: Arguments | None, *, is_op: bool) -> Any:
        """The function with a code, to be called again; or in words why it cannot be.

        Args:
            cls: the class of the node that it made.
            code: its own.
            given: what it was called with, if that was noted.
            is_op: whether it is an operator of the class. What any other function does besides
                would be done to the script once more.
        """
        function = _beside(cls, code)
        if function is None and (is_op or given is not None):
            function = self._anywhere(cls, code)
        if function is None:
            return "it was made by no method of its class"
        if is_op or self._only_makes(function, code, given):
            return function
        return "the function that made it may do more"

    def _only_makes(self, function: Any, code: CodeType, given: Arguments | None) -> bool:
        names = code.co_varnames[: code.co_argcount]
        nodes = frozenset(names)  # if nothing was noted, it is called with operands
        if given is not None:
            if any(map(_is_iterator, given.all())):
                return False
            bound = {**dict(zip(names, given.positional)), **given.keywords}
            nodes = frozenset(
                n for n, each in bound.items() if isinstance(each, tuple(self._types))
            )
        return self._calls.may_be_op(code) and self._plain.is_plain(function, nodes)

    def _anywhere(self, cls: type, code: CodeType) -> Any:
        known = self._found.get(id(code))
        if known is None:
            alive = next(iter(functions_of_code(code)), None)
            known = self._found[id(code)] = code, alive or _made_again(cls, code)
        return known[1]


def _beside(cls: type, code: CodeType) -> Any:
    """The function of the module that a class is of, None if there is none with this code."""
    found = getattr(sys.modules.get(cls.__module__), code.co_name, None)
    return found if getattr(found, "__code__", None) is code else None


def _made_again(cls: type, code: CodeType) -> Any:
    """A function that was made in a call which is over, None if it read variables of that call.

    Args:
        cls: the class whose nodes it makes.
        code: of the function, which is to be of the same file.
    """
    module = sys.modules.get(cls.__module__)
    if code.co_freevars or code.co_filename != getattr(module, "__file__", None):
        return None
    return FunctionType(code, vars(module))


def _is_iterator(thing: object) -> bool:
    return hasattr(type(thing), "__next__")
