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
from types import CodeType, FrameType, FunctionType
from typing import Any

from microgpt.attach.child.node_notes import NOTE, More, Origins, next_note
from microgpt.attach.child.op_names import told_op
from microgpt.autograd.scopes import Site

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
    try:
        attach_maker = attach_arguments = None
        attach_frame = attach_getframe(1)
        attach_code = attach_frame.f_code
        attach_part = attach_is_part(id(attach_code))
        if attach_part is not False:
            attach_far = attach_far_maker(attach_frame)
            if attach_far is not None:
                attach_frame = attach_far
                attach_part = attach_is_part(id(attach_far.f_code))
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
                attach_code, attach_arguments = attach_arguments_of(attach_maker)
        {notes_others}
        if attach_frame is None:
            attach_origin = attach_origin_of(attach_code, None, None)
        else:
            attach_origins = attach_recent.get(attach_frame)
            if attach_origins is None:
                if len(attach_recent) == attach_max_recent:
                    attach_recent.clear()
                attach_origins = attach_recent[attach_frame] = {{}}
            attach_origin = attach_origins.get(attach_frame.f_lasti)
            if attach_origin is None or attach_origin[0] is not attach_code:
                attach_origin = attach_origin_of(attach_code, attach_frame, attach_origins)
        attach_number = attach_next_note() | attach_origin[1]{operands}
        if attach_arguments is None{no_operands}:
            {set_note}attach_number{done}
        else:
            {set_note}attach_more(attach_number, attach_arguments, {more}){done}
    except attach_exception as attach_error:
        attach_failed(attach_error)
"""
_NOTE_OTHERS = """else:
            attach_arguments = attach_given_to(attach_frame)"""
_NOTE_OTHERS_OF = """else:
            attach_listed = attach_getattr({self}, "{listed_in}", None)
            if attach_listed.__class__ in attach_sequences and attach_listed:
                attach_arguments = attach_given_to(attach_frame)"""
_OPERANDS = """
        attach_arity = 0
        attach_operands = None"""
_NOTE_OPERANDS = """
        if {given}.__class__ in attach_sequences and {given}:
            attach_arity = len({given})
            if {given}.__class__ is tuple and attach_arity < 3:
                attach_operands = {given}[0]
            else:
                attach_operands = attach_in_order({given}, attach_maker or attach_frame)
                attach_arity = 3"""


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
    origins: Origins,
    arguments_of: Callable[[FrameType], tuple[CodeType, Any]],
    given_to: Callable[[FrameType], Any],
    in_order: Callable[[Any, FrameType], tuple[Any, ...]] | None,
    failed: Callable[[Exception], None],
    *,
    notes_all: bool = False,
    listed_in: str = "",
) -> Any:
    """The hook to put in the place of a class's `__init__`.

    Args:
        cls: the class.
        is_part: for the `id()` of a code object: None if it is not the class's own, else whether it
            merely helps to make a node, as `__init__` or a `_unary` does, and is not an op.
        site_of: scope and line that a frame is at.
        origins: gets where nodes are made.
        arguments_of: is called with the frame of a method that makes a node, other than
            `CALLED_WITH_OPERANDS`. Gives the code that the node is said to be made by, and what
            that was called with.
        given_to: is called with the frame of any other code that makes a node, if all is noted or
            if the node has operands. Gives what it was called with, None if that is no node.
        in_order: is called with a container that a node was made from, and with the frame that made
            it; gives the operands in call order. None where operands need no noting.
        failed: is told of an exception of ours, which is none of the script's.
        notes_all: whether what those methods are called with is noted, too.
        listed_in: the attribute with a sequence of a node's operands, `""` if there is none to be
            read before all is noted.
    """
    init = cls.__init__
    if init is object.__init__:
        init = _no_init  # which would refuse what `__new__` has taken

    def origin_of(
        code: CodeType, frame: FrameType | None, known: dict[int, tuple[CodeType, int]] | None
    ) -> tuple[CodeType, int]:
        """The origin of nodes that a code makes, called by a frame at where it is."""
        is_maker = frame is not None and frame.f_code is code and is_part(id(code)) is None
        called = told_op(frame) if is_maker and frame is not None else ""
        found = (code, origins.add(code, None if frame is None else site_of(frame), called))
        if frame is not None and known is not None:
            known[frame.f_lasti] = found
        return found

    namespace: dict[str, Any] = {
        "attach_init": init,
        "attach_next_note": next_note,
        "attach_getframe": sys._getframe,
        "attach_is_part": is_part,
        "attach_arguments_of": arguments_of,
        "attach_given_to": given_to,
        "attach_called_with_operands": frozenset() if notes_all else CALLED_WITH_OPERANDS,
        "attach_far_maker": partial(_far_maker, is_part),
        "attach_in_order": in_order,
        "attach_getattr": getattr,
        "attach_sequences": frozenset({tuple, list, set, frozenset}),
        "attach_recent": {},
        "attach_max_recent": MAX_RECENT,
        "attach_origin_of": origin_of,
        "attach_more": More,
        "attach_set_note": _setter(cls, NOTE),
        "attach_exception": Exception,
        "attach_failed": failed,
    }
    code = init.__code__ if isinstance(init, FunctionType) else None
    is_plain = cls.__setattr__ is object.__setattr__
    exec(_hook_code(code, is_plain, bool(in_order), notes_all, listed_in), namespace)  # noqa: S102  # text of our own
    hook = namespace["__init__"]
    hook.__defaults__ = getattr(init, "__defaults__", None)
    hook.__kwdefaults__ = getattr(init, "__kwdefaults__", None)
    return hook


@cache
def _hook_code(
    code: CodeType | None, is_plain: bool, notes_operands: bool, notes_all: bool, listed_in: str
) -> CodeType:
    """What defines the hook.

    Args:
        code: of the class's own `__init__`, if that is a function.
        is_plain: whether the class leaves `__setattr__` as it is.
        notes_operands: whether operands need noting.
        notes_all: whether what is given to code that is not the class's own is noted.
        listed_in: else it is noted of nodes with something in this attribute, if that is one.
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
        each = _NOTE_OPERANDS.replace("{given}", "attach_given").replace(
            "\n        ", "\n            "
        )
        note_each = [
            "\n        for attach_given in (*attach_args, *attach_keywords.values()):",
            each,
        ]
    of_made = _NOTE_OTHERS_OF.format(self=self, listed_in=listed_in) if listed_in else ""
    words = {
        "self": self,
        "parameters": "".join(f", {text}" for text in parameters),
        "arguments": "".join(f", {text}" for text in arguments),
        "notes_others": _NOTE_OTHERS if notes_all else of_made,
        "done": "" if is_plain else ")",
        "operands": _OPERANDS + "".join(note_each) if notes_operands else "",
        "no_operands": " and not attach_arity" if notes_operands else "",
        "more": "attach_arity, attach_operands" if notes_operands else "0, None",
        # A class that watches over its attributes is not to see this.
        "set_note": f"{self}.{NOTE} = " if is_plain else f"attach_set_note({self}, ",
    }
    return compile(_TEXT.format(**words), __file__, "exec")
