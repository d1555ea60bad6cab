"""The hook around a Value-like class's `__init__`, which notes where each node comes from.

It runs for every node while recording, and is to take less time than the class's own code. So its
text is made for each class: with the parameters of that class's own `__init__`, which are passed on
several times as quickly as `*args` and `**keywords`, and with nothing called that can be spelled
out. That halves the time of a step while recording.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, partial
from itertools import count
from types import CodeType, FrameType, FunctionType
from typing import Any

from microgpt.autograd.scopes import Site

SLOTS = ("arguments", "arity", "first", "maker", "number", "operands", "site")
"""What is noted of a node, each in a slot of that name after `_attach_`: the code that made it and,
unless its operands say it all, what that was called with, its creation number, and the user's line.
Of one or two operands, how many there are and which is the first: that says it all, and keeps no
tuple alive; of more, all of them."""

CALLED_WITH_OPERANDS = frozenset({"__add__", "__mul__"})
"""Nine nodes in ten are made by these methods, so what they are called with is not noted."""

FAR = 3
"""So many calls out."""

MAX_RECENT = 8
"""So many calls' sites are at hand; more would keep more calls alive that have returned."""

CO_VARARGS, CO_VARKEYWORDS = 0x04, 0x08
"""The flags of code that takes `*args` or `**keywords`, as in `inspect`, which imports too much."""

_TEXT = """
def __init__({self}{parameters}):
    attach_init({self}{arguments})
    {set_number}attach_next_number(){done}
    attach_maker = None
    attach_frame = attach_getframe(1)
    attach_code = attach_frame.f_code
    attach_part = attach_is_part(id(attach_code)){far}
    if attach_part is not None:
        attach_maker = attach_frame
        attach_frame = attach_frame.f_back
        while attach_frame is not None:
            attach_outer = attach_is_part(id(attach_frame.f_code))
            if attach_outer is None:
                break
            if attach_part:
                attach_maker = attach_frame
                attach_part = attach_outer
            attach_frame = attach_frame.f_back
        attach_code = attach_maker.f_code
        if attach_code.co_name not in attach_called_with_operands:
            attach_code = attach_note_arguments({self}, attach_maker)
    {set_maker}attach_code{done}
    if attach_frame is not None:
        attach_sites = attach_recent.get(attach_frame)
        if attach_sites is None:
            if len(attach_recent) == attach_max_recent:
                attach_recent.clear()
            attach_sites = attach_recent[attach_frame] = {{}}
        attach_at = attach_frame.f_lasti
        attach_site = attach_sites.get(attach_at)
        if attach_site is None:
            attach_site = attach_sites[attach_at] = attach_site_of(attach_frame)
        {set_site}attach_site{done}
"""
_FAR_MAKER = """
    if attach_part is not False:
        attach_far = attach_far_maker(attach_frame)
        if attach_far is not None:
            attach_frame = attach_far
            attach_part = attach_is_part(id(attach_far.f_code))"""
_NOTE_OPERANDS = """
    if {given}.__class__ in attach_sequences and {given}:
        if {given}.__class__ is tuple and len({given}) < 3:
            {set_arity}len({given}){done}
            {set_first}{given}[0]{done}
        else:
            attach_note_operands({self}, {given}, attach_maker or attach_frame)
"""
next_number = count().__next__


def _no_init(*_: Any, **__: Any) -> None:
    """Does what `object.__init__` does."""


def _far_maker(is_part: Callable[[int], bool | None], frame: FrameType) -> FrameType | None:
    """The method of the class that a call which makes a node was made by, a few calls out."""
    at = frame.f_back
    for _ in range(FAR):
        if at is None:
            return None
        if is_part(id(at.f_code)) is False:
            return at
        at = at.f_back
    return None


def _setter(cls: Any, name: str) -> Any:
    slot = getattr(cls, name, None)
    return slot.__set__ if slot is not None else lambda node, v: object.__setattr__(node, name, v)


def hooked_init(
    cls: Any,
    is_part: Callable[[int], bool | None],
    site_of: Callable[[FrameType], Site],
    note_arguments: Callable[[Any, FrameType], CodeType],
    note_operands: Callable[[Any, Any, FrameType], None] | None,
    *,
    notes_all: bool = False,
) -> Any:
    """The hook to put in the place of a class's `__init__`.

    Args:
        cls: the class.
        is_part: for the `id()` of a code object: None if it is not the class's own, else whether it
            merely helps to make a node, as `__init__` or a `_unary` does, and is not an op.
        site_of: scope and line that a frame is at.
        note_arguments: is called with a node that another method made than `CALLED_WITH_OPERANDS`,
            and the frame of that. Gives the code that the node is said to be made by.
        note_operands: is called with a node, with a container that it was made from, and with the
            frame that made it. None where operands need no noting.
        notes_all: whether what those methods are called with is noted, too, and makers are looked
            for further out, behind calls that are not the class's own: `Function.apply`.
    """
    init = cls.__init__
    if init is object.__init__:
        init = _no_init  # which would refuse what `__new__` has taken
    namespace: dict[str, Any] = {
        "attach_init": init,
        "attach_next_number": next_number,
        "attach_getframe": sys._getframe,
        "attach_is_part": is_part,
        "attach_note_arguments": note_arguments,
        "attach_called_with_operands": frozenset() if notes_all else CALLED_WITH_OPERANDS,
        "attach_far_maker": partial(_far_maker, is_part),
        "attach_note_operands": note_operands,
        "attach_sequences": frozenset({tuple, list, set, frozenset}),
        "attach_recent": {},
        "attach_max_recent": MAX_RECENT,
        "attach_site_of": site_of,
        **{f"attach_set_{slot}": _setter(cls, f"_attach_{slot}") for slot in SLOTS},
    }
    code = init.__code__ if isinstance(init, FunctionType) else None
    is_plain = cls.__setattr__ is object.__setattr__
    exec(_hook_code(code, is_plain, bool(note_operands), notes_all), namespace)  # noqa: S102  # text of our own
    hook = namespace["__init__"]
    hook.__defaults__ = getattr(init, "__defaults__", None)
    hook.__kwdefaults__ = getattr(init, "__kwdefaults__", None)
    return hook


@cache
def _hook_code(
    code: CodeType | None, is_plain: bool, notes_operands: bool, looks_far: bool
) -> CodeType:
    """What defines the hook.

    Args:
        code: of the class's own `__init__`, if that is a function.
        is_plain: whether the class leaves `__setattr__` as it is.
        notes_operands: whether operands need noting.
        looks_far: whether makers are looked for behind other calls.
    """
    if code is not None and not code.co_flags & (CO_VARARGS | CO_VARKEYWORDS):
        n_positional = code.co_argcount
        self, *names = code.co_varnames[:n_positional]
        keywords = code.co_varnames[n_positional : n_positional + code.co_kwonlyargcount]
        parameters = [*names, *(["*", *keywords] if keywords else [])]
        arguments = [*names, *(f"{name}={name}" for name in keywords)]
        note_each = [_NOTE_OPERANDS.replace("{given}", name) for name in (*names, *keywords)]
    else:
        self = "attach_self"
        parameters = arguments = ["*attach_args", "**attach_keywords"]
        each = _NOTE_OPERANDS.replace("{given}", "attach_given").replace("\n    ", "\n        ")
        note_each = ["\n    for attach_given in (*attach_args, *attach_keywords.values()):", each]
    words = {
        "self": self,
        "parameters": "".join(f", {text}" for text in parameters),
        "arguments": "".join(f", {text}" for text in arguments),
        "done": "" if is_plain else ")",
        "far": _FAR_MAKER if looks_far else "",
    }
    for slot in SLOTS:
        # A class that watches over its attributes is not to see these.
        setter = f"{self}._attach_{slot} = " if is_plain else f"attach_set_{slot}({self}, "
        words[f"set_{slot}"] = setter
    text = (_TEXT + ("".join(note_each) if notes_operands else "")).format(**words)
    return compile(text, __file__, "exec")
