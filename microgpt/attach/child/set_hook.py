"""The hook in the place of `__setattr__` while it is learnt what the nodes of a class are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from types import FrameType
from typing import TYPE_CHECKING, Any

from microgpt.attach.child.anatomy import attributes, is_array, is_numeric, reader_of
from microgpt.attach.child.node_notes import NOTE, give_number
from microgpt.attach.child.recorded import Node

if TYPE_CHECKING:
    from typing import TypeAlias

NEAR = 6
"""So many calls out a node's `__init__` is looked for, which may call others to set attributes."""
Put: TypeAlias = "Callable[[Any, str, Any], None]"


def _is_initialised(node: Node, frame: FrameType | None) -> bool:
    """Whether a node's `__init__` is under way, in which its first attribute is set."""
    for _ in range(NEAR):
        if frame is None:
            return False
        code = frame.f_code
        is_init = code.co_name == "__init__" and code.co_argcount > 0
        if is_init and frame.f_locals.get(code.co_varnames[0]) is node:
            return True
        frame = frame.f_back
    return False


def _is_of_numpy(value: Any) -> bool:
    return is_array(value) or (is_numeric(value) and hasattr(value, "dtype"))


def noting_setattr(
    put: Put,
    watched: type,
    apart: Container[type],
    wrote: Callable[[Node, str, Any, FrameType, Put], None],
    made: Callable[[Node], None],
    other: Callable[[Node, str, Any], None],
    is_asleep: Callable[[], bool],
    failed: Callable[[Exception], None],
) -> Put:
    """A `__setattr__` that tells of numbers.

    Args:
        put: what really sets an attribute.
        watched: the base of ours that candidates have.
        apart: candidates that have it not.
        wrote: is told of a number that is written to a node, and puts it there.
        made: is told of a node that gets its first attribute.
        other: is told of a text, or of a number of a kind that is not followed, where there was a
            number or nothing.
        is_asleep: whether nothing is to be told, since we ourselves ask the script's code.
        failed: is told of an exception of ours; those of `put` are the script's.
    """
    getframe = sys._getframe

    def is_of_arrays(value: Any) -> bool:
        """Whether it is a node that holds an array: a gradient may be one."""
        is_watched = isinstance(value, watched) or value.__class__ in apart
        return is_watched and any(map(_is_of_numpy, attributes(value).values()))

    readers: dict[type, Callable[[Any, str, Any], Any]] = {}
    making: Any = None  # the node, while its first attributes are set
    n_put = 0  # attributes that were set
    raised: Exception | None = None  # what that raised, which is for the script

    def puts(node: Node, name: str, value: Any) -> None:
        nonlocal n_put, raised
        try:
            put(node, name, value)
        except Exception as error:
            raised = error
            raise
        n_put += 1

    def __setattr__(node: Node, name: str, value: Any) -> None:  # noqa: N807
        nonlocal making, raised
        n_before = n_put
        try:
            cls = node.__class__
            read = readers.get(cls)
            if read is None:
                read = readers[cls] = reader_of(cls)
            if read(node, NOTE, None) is None:
                puts(node, name, value)
                if node is not making and name != NOTE and not is_asleep():
                    making = node
                    made(node)
                    if not _is_initialised(node, getframe(1)):
                        give_number(node)  # made by `__new__` alone, so that nothing else will
            elif name == NOTE or is_asleep():
                puts(node, name, value)
            elif (
                value.__class__ is float
                or is_numeric(value)
                or value is None
                or is_of_arrays(value)
            ):
                making = None
                frame = getframe(1)
                while frame.f_code.co_name == "__setattr__" and frame.f_back is not None:
                    frame = frame.f_back
                if frame.f_code.co_name == "__init__":  # of a derived class, after that of its base
                    puts(node, name, value)
                else:
                    wrote(node, name, value, frame, puts)
            elif isinstance(value, str) or hasattr(value.__class__, "__float__"):
                before = attributes(node).get(name, "")
                puts(node, name, value)
                was_number = before is None or hasattr(before.__class__, "__float__")
                if was_number:  # else it is a label, say
                    other(node, name, value)
            else:
                puts(node, name, value)
        except Exception as error:
            if error is raised:
                raised = None
                raise
            failed(error)
            if n_put == n_before:
                put(node, name, value)

    return __setattr__
