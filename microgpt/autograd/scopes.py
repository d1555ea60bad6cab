"""Scopes: a name for the place in the model where an op is created.

    with scope("layer0"), scope("attn"):
        q = linear(x, wq)              # every node made here lies in "layer0/attn"

A scope is entered once and its nodes have consecutive creation numbers, so that in a `Graph` a
scope is a contiguous range of ids. Each thread has its own current scope.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, NamedTuple, Protocol

from microgpt.printable import printable

if TYPE_CHECKING:
    from typing import Self


class CallPlace(NamedTuple):
    """The place in a program that a scope was entered from; in one function, in order of code."""

    filename: str
    line: int
    offset: (
        int  # of the bytecode instruction, which tells apart two calls on one line; or `BY_HAND`
    )
    inner: int  # the same within a comprehension there, 0 outside of any


BY_HAND = -1
"""The offset of a scope that was opened by hand: its name says more than its place."""


class Scope:
    """One entered scope: its name, its parent, and optionally a label for people.

    Two scopes entered under the same name are two objects; a `Graph` keeps them apart by numbering
    the later ones (`linear`, `linear[1]`).
    """

    __slots__ = ("_token", "label", "name", "parent", "place")

    def __init__(self, name: str, label: str = "", parent: Scope | None = None) -> None:
        if not name or "/" in name:
            raise ValueError(f"a scope's name is one part of a path, not {name!r}")
        self.name = printable(name)  # it will be shown, and typed
        self.label = printable(label)
        self.parent = parent
        self.place: CallPlace | None = None  # where it was entered; only recorded calls know
        self._token: Token[Scope | None] | None = None

    @property
    def path(self) -> str:
        """The names from the outermost scope down, joined by `/`."""
        return f"{self.parent.path}/{self.name}" if self.parent else self.name

    def __enter__(self) -> Self:
        if self._token is not None:
            raise RuntimeError(f"scope {self.path!r} is open already; scope() makes another")
        self.parent = _current.get()
        if observer is not None:
            observer.entered(self)
        self._token = _current.set(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
            if observer is not None:
                observer.left(self)

    def __repr__(self) -> str:
        return f"Scope({self.path!r})"


class Site:
    """A scope and the source line in it that made a node; only `recording` makes these."""

    __slots__ = ("filename", "line", "scope")

    def __init__(self, scope: Scope | None, filename: str, line: int) -> None:
        self.scope = scope
        self.filename = filename
        self.line = line

    @property
    def path(self) -> str:
        """The scope's path, `""` outside any."""
        return self.scope.path if self.scope else ""


class ScopeObserver(Protocol):
    """Is told of scopes as they are opened and closed by hand; only `recording` is one."""

    def entered(self, scope: Scope) -> None:
        """A scope is being opened; its parent is set, and may be set anew."""

    def left(self, scope: Scope) -> None:
        """A scope has been closed."""


observer: ScopeObserver | None = None
"""`microgpt.recording` puts itself here while a recording is open."""

_current: ContextVar[Scope | None] = ContextVar("microgpt_scope", default=None)

current_scope = _current.get
"""The innermost scope opened in this thread, or None. (A C function: `Value` calls it per node.)"""


def scope(name: str, label: str = "") -> Scope:
    """Opens a scope inside the current one, as a context manager.

    Args:
        name: one path part, such as `"layer0"`.
        label: what a person would call it, such as `"e → m"`; shown beside the name.

    >>> from microgpt import Value, scope
    >>> with scope("first"), scope("inner"):
    ...     c = Value(2.0) * 3
    >>> c.scope
    'first/inner'
    """
    return Scope(name, label)
