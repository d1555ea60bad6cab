"""`Makers`: the functions of a script that made nodes and are no methods, found by their code."""

from __future__ import annotations

import sys
from types import CodeType, FunctionType
from typing import Any

from microgpt.attach.child.shapes import functions_of_code


class Makers:
    """Those that make nodes of one class."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[CodeType, Any]] = {}  # by id of code

    def beside(self, cls: type, code: CodeType) -> Any:
        """The function of the module that a class is of, None if there is none with this code."""
        found = getattr(sys.modules.get(cls.__module__), code.co_name, None)
        return found if getattr(found, "__code__", None) is code else None

    def anywhere(self, cls: type, code: CodeType) -> Any:
        """Any function with this code, None if there is none any more and none can be made."""
        known = self._found.get(id(code))
        if known is None:
            alive = next(iter(functions_of_code(code)), None)
            known = self._found[id(code)] = code, alive or _made_again(cls, code)
        return known[1]


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
