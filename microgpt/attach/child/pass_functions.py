"""Hooking a function of the script that makes passes, wherever the script keeps it.

A method or a function may be known under many names, so it is not replaced: it gets other code,
which calls ours with the function as it was. While that runs it has its own code again, so that a
recursion goes its own way, as deep as it would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, TypeVar

from microgpt.attach.child.code_words import LIBRARY
from microgpt.attach.child.found_gradients import fills_containers
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.child.shapes import functions_of, functions_of_code

T = TypeVar("T")
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


def hook_functions(code: CodeType, hook: Hook) -> list[Callable[[], None]]:
    """Calls a hook in the place of all functions with this code. Gives what undoes each."""
    if code.co_flags & GENERATORS:
        return []
    return [_hook(function, hook) for function in functions_of_code(code)]


def looking_like(function: FunctionType, other: T) -> T:
    """Gives another function the name and the rest of what can be seen of this one."""
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__dict__"):
        setattr(other, name, getattr(function, name))
    return other


def hook_method(cls: Any, name: str, own: FunctionType, other: Any) -> Callable[[], None]:
    """Puts another function in the place of a class's own method. Gives what undoes that."""
    other = looking_like(own, other)

    def unhook() -> None:
        if vars(cls).get(name) is other:
            setattr(cls, name, own)

    setattr(cls, name, other)
    return unhook


class PassFunctions:
    """Functions that may have gradients when they return: they fill containers, given a node."""

    def __init__(self) -> None:
        self.is_on = False
        self._unhook: dict[int, Callable[[], None]] = {}  # by `id()` of the function

    def hold(self, hook: Hook) -> None:
        """Hooks those there are now; those that are hooked already stay."""
        self.is_on = True
        for function in _functions_of_the_program():
            code = function.__code__
            if id(function) in self._unhook or code.co_flags & GENERATORS:
                continue
            is_ours = code.co_filename.startswith(OWN_FOLDER) or code.co_name[:2] == "__"
            if code.co_argcount and not is_ours and fills_containers(code):
                self._unhook[id(function)] = _hook(function, hook)

    def let_go(self) -> None:
        """Gives all of them their own code back."""
        self.is_on = False
        for unhook in self._unhook.values():
            unhook()
        self._unhook.clear()


def _functions_of_the_program() -> Iterator[FunctionType]:
    """The functions and methods of modules that are not the standard library's."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if getattr(module, "__name__", "") != "__main__" and (
            not isinstance(file, str) or file.startswith((LIBRARY, OWN_FOLDER))
        ):
            continue
        for thing in list(vars(module).values()):
            if isinstance(thing, FunctionType):
                yield thing
            elif isinstance(thing, type) and thing.__module__ == getattr(module, "__name__", ""):
                yield from functions_of(thing)


def _hook(function: FunctionType, hook: Hook) -> Callable[[], None]:
    """Calls a hook in the place of a function. Gives what undoes that."""
    own = function.__code__
    is_hooked = True
    as_it_was = FunctionType(
        own, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    as_it_was.__kwdefaults__ = function.__kwdefaults__

    def called(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        function.__code__ = own
        try:
            return hook(as_it_was, args, keywords)
        finally:
            if is_hooked:
                function.__code__ = hooked

    def unhook() -> None:
        nonlocal is_hooked
        is_hooked = False
        if function.__code__ is hooked:
            function.__code__ = own

    hooked = _calling(own, called)
    function.__code__ = hooked
    return unhook


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
