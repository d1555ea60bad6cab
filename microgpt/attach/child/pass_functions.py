"""Hooking a function of the script that makes passes, wherever the script keeps it.

A method or a function may be known under many names, so it is not replaced: it gets other code,
which calls ours with the function as it was. While that runs it has its own code again, so that a
recursion goes its own way, as deep as it would.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

Hook = Callable[[FunctionType, "tuple[Any, ...]", "dict[str, Any]"], Any]
"""Is called in the place of a function: with the function as it was, and what it was given."""

PLACEHOLDER = 8.98846567431158e307
"""A number of the text below in whose place the hook is put."""
GENERATORS = 0x20 | 0x80 | 0x100 | 0x200
"""The flags of code that is a generator or a coroutine, whose call does not do its work."""

_TEXT = """
def outer():
    {variables}
    def function(*args, **keywords):
        {captured}
        return ({placeholder!r}).__call__(args, keywords)
"""


def looking_like(own: Any, hooked: Any) -> Any:
    """A hook with the names and texts of the function that it stands for."""
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__dict__"):
        setattr(hooked, name, getattr(own, name))
    return hooked


def functions_of_code(code: CodeType) -> list[FunctionType]:
    """The functions there are with this code."""
    return [
        thing
        for thing in gc.get_referrers(code)
        if isinstance(thing, FunctionType) and thing.__code__ is code
    ]


def hook_functions(code: CodeType, hook: Hook) -> bool:
    """Calls a hook in the place of all functions with this code; whether there is one."""
    if code.co_flags & GENERATORS:
        return False
    functions = functions_of_code(code)
    for function in functions:
        _hook(function, hook)
    return bool(functions)


def _hook(function: FunctionType, hook: Hook) -> None:
    own = function.__code__
    as_it_was = FunctionType(
        own, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    as_it_was.__kwdefaults__ = function.__kwdefaults__

    def called(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        function.__code__ = own
        try:
            return hook(as_it_was, args, keywords)
        finally:
            function.__code__ = hooked

    hooked = _calling(own, called)
    function.__code__ = hooked


def _calling(own: CodeType, called: Callable[..., Any]) -> CodeType:
    """Code that calls ours, with as many closure variables as a function's own."""
    names = own.co_freevars
    text = _TEXT.format(
        variables="; ".join(f"{name} = None" for name in names) or "pass",
        captured="; ".join(names) or "pass",
        placeholder=PLACEHOLDER,
    )
    module = compile(text, __file__, "exec")
    outer = _inner(module)
    code = _inner(outer)
    constants = tuple(called if each == PLACEHOLDER else each for each in code.co_consts)
    return code.replace(co_consts=constants, co_name=own.co_name)


def _inner(code: CodeType) -> CodeType:
    return next(each for each in code.co_consts if isinstance(each, CodeType))
